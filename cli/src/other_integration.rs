//! Whether BigChange's own integration synchronises contacts too: both at once make doubles.

use rules::{ContactId, shows_another_integration};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use crate::tool::Tool;

/// So many contacts are asked for their notes: a call each, and where the other integration is on,
/// it fails at more than one of them.
const MAX_CONTACTS: usize = 20;
/// An error that is older may be of a time when it was on.
const FRESH: Duration = Duration::days(30);

/// What to do where fresh errors of BigChange's own integration stand on one of these contacts, the
/// first of which are asked. That nobody answers is no sign of it.
pub(crate) async fn warning(tool: &Tool, contacts: &[ContactId]) -> Option<String> {
    let bigchange = tool.real_parts().bigchange().await.ok()?;
    let since = OffsetDateTime::now_utc() - FRESH;
    let since = since
        .format(format_description!("[year]-[month]-[day]"))
        .ok()?;
    for contact in contacts.iter().take(MAX_CONTACTS) {
        let notes = bigchange.notes(*contact).await.ok()?;
        if shows_another_integration(&notes, &since) {
            return Some(format!(
                "BigChange's own integration seems to be on: it left a note of type \"Integration Error\" on contact {contact} within the last 30 days. Only one of the two may synchronise contacts, for both together create doubles: switch contacts off in BigChange's integration with Xero (its invoices can stay on), or do not enable this one"
            ));
        }
    }
    None
}
