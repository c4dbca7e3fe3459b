//! What must not be left half-done when Ctrl-C comes: a token that Xero has just rotated and that is not stored yet, a connection of which one half is stored.

use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard};

static SECTION: RwLock<()> = RwLock::const_new(());
/// Each such section is a few calls; what takes longer is not going to end.
const LIMIT: Duration = Duration::from_secs(60);

/// Until this is dropped, Ctrl-C waits.
pub async fn section() -> RwLockReadGuard<'static, ()> {
    SECTION.read().await
}

/// Waits until nothing is half-done, and lets nothing of the kind begin any more.
pub async fn settled() {
    if let Ok(all) = tokio::time::timeout(LIMIT, SECTION.write()).await {
        std::mem::forget(all);
    }
}
