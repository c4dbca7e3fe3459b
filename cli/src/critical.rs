//! What must not be left half-done when Ctrl-C comes: a token that Xero has just rotated and that is not stored yet, a connection of which one half is stored, a sweep
//! that is half queued and holds the poll's lease.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard};

static SECTION: RwLock<()> = RwLock::const_new(());
static GOES_ON: Mutex<Option<&str>> = Mutex::new(None);
/// Most such sections are a few calls; the longest, a full sweep's reading, takes as long as the deployed poll may. What takes longer is not going to end.
const LIMIT: Duration = Duration::from_secs(300);

/// Until this is dropped, Ctrl-C waits.
pub async fn section() -> RwLockReadGuard<'static, ()> {
    SECTION.read().await
}

/// Whether somebody is in such a section.
#[must_use]
pub fn is_busy() -> bool {
    SECTION.try_write().is_err()
}

/// From now on, whoever ends this tool is told that something goes on without it.
pub fn goes_on(what: &'static str) {
    *GOES_ON.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
}

/// What goes on without this tool.
#[must_use]
pub fn what_goes_on() -> Option<&'static str> {
    *GOES_ON.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until nothing is half-done, and lets nothing of the kind begin any more.
pub async fn settled() {
    if let Ok(all) = tokio::time::timeout(LIMIT, SECTION.write()).await {
        std::mem::forget(all);
    }
}
