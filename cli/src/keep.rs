//! `keep`: whose values stay where a contact was changed in both systems.

use std::collections::BTreeSet;

use rules::Side;
use runtime::manual_match;

use crate::ExitStatus;
use crate::args::KeepArguments;
use crate::dry_run::fresh_token;
use crate::follow::queue_and_follow;
use crate::link_parts::{remembering, told};
use crate::tool::{Tool, names};
use crate::ui::one_line;

/// Runs it.
///
/// # Errors
/// One line that says what stands in the way.
pub async fn run(tool: &Tool, arguments: &KeepArguments) -> anyhow::Result<ExitStatus> {
    tool.check_clock().await?;
    fresh_token(tool).await?;
    let id = arguments.contact;
    let records = tool.records().await?;
    let held = manual_match::held_units(&records, id).await;
    let held = held.map_err(|error| told(id, error))?;
    let (side, what) = if arguments.xero {
        (
            Side::Xero,
            "Xero's values stay there; BigChange's are not sent until they change again",
        )
    } else {
        (
            Side::BigChange,
            "BigChange's values are sent to Xero; what stands there is kept in the history",
        )
    };
    let name = names(&records, &BTreeSet::from([id])).await?;
    let name = name.get(&id);
    let name = name.map_or_else(String::new, |name| format!(" \"{}\"", one_line(name)));
    let list = held.iter().map(|conflict| {
        format!(
            "  {}: \"{}\" in BigChange, \"{}\" in Xero\n",
            conflict.unit.field().label(),
            one_line(&conflict.in_bigchange),
            one_line(&conflict.in_xero)
        )
    });
    tool.ui.tell(format!(
        "BigChange contact {id}{name} was changed in both systems:\n{}{what}.",
        list.collect::<String>(),
    ));
    if !arguments.confirm.yes && !tool.ui.confirm("Is that right?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let kept = manual_match::keep(&records, id, side, &held, remembering(tool)).await;
    kept.map_err(|error| told(id, error))?;
    queue_and_follow(tool, &BTreeSet::from([id]), arguments.follow).await
}
