//! Contact groups of BigChange that cannot be read while others can.

use std::collections::BTreeMap;

use rules::{GroupId, Settings};
use runtime::records::{GroupFaultRecord, Records};
use store::TableError;
use time::{Duration, OffsetDateTime};

use crate::time_text::moment;

/// A fault that passes by itself is told after this.
const PASSES_WITHIN: Duration = Duration::minutes(15);

/// The configured groups that could not be read when they were last asked for.
///
/// # Errors
/// As the store says.
pub async fn failing(
    records: &Records,
    settings: &Settings,
) -> Result<BTreeMap<GroupId, GroupFaultRecord>, TableError> {
    let stored = records.list::<GroupFaultRecord>("").await?;
    let groups = stored.into_iter().filter_map(|stored| {
        let group: GroupId = stored.sort_key.parse().ok()?;
        let both = [&settings.account_groups, &settings.site_groups];
        let is_configured = both.iter().any(|groups| groups.contains(&group));
        is_configured.then_some((group, stored.value))
    });
    Ok(groups.collect())
}

/// Whether a person should do something about it.
#[must_use]
pub fn needs_attention(fault: &GroupFaultRecord, now: OffsetDateTime) -> bool {
    fault.fault.is_lasting() || now - fault.since > PASSES_WITHIN
}

/// What is wrong with a group, since when, and the cure.
#[must_use]
pub fn describe(group: GroupId, fault: &GroupFaultRecord) -> String {
    let words = match &fault.words {
        Some(words) => format!(" BigChange says: {words}."),
        None => String::new(),
    };
    format!(
        "{}{words} It has been so since {}; the other groups go on, and no change in this one is lost. {}",
        fault.fault.sentence(group),
        moment(fault.since),
        fault.fault.cure()
    )
}

#[cfg(test)]
mod tests {
    use rules::GroupFault;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_line_names_the_group_since_when_and_the_cure() -> Result<(), rules::InvalidId> {
        let since = datetime!(2026-11-02 10:00 UTC);
        let mut fault = GroupFaultRecord {
            since,
            fault: GroupFault::Refused,
            words: Some("The group is locked".to_owned()),
            missed_sweep: true,
            tried_whole_at: None,
        };
        let line = describe("10".parse()?, &fault);
        for part in [
            "contact group 10",
            "The group is locked",
            "2026",
            fault.fault.cure(),
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(needs_attention(&fault, since));
        fault.fault = GroupFault::NoAnswer;
        assert!(!needs_attention(&fault, since + Duration::minutes(15)));
        assert!(needs_attention(&fault, since + Duration::minutes(16)));
        Ok(())
    }
}
