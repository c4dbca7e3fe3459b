//! What a poll is asked for.

use rules::AskedBy;
use serde_json::Value;

/// What a poll is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What changed since the last poll.
    Changes,
    /// Every contact.
    Full,
}

impl Mode {
    /// Reads an event: `{"mode":"full"}`, or the same within `detail` as EventBridge wraps it, asks
    /// for a full sweep. Any other event is a poll for changes, since a schedule's own events say
    /// nothing of a mode; a mode that is unknown is told in the log.
    #[must_use]
    pub fn from_event(event: &Value) -> Self {
        let mode = event
            .get("mode")
            .or_else(|| event.get("detail")?.get("mode"));
        match mode {
            Some(Value::String(mode)) if mode.eq_ignore_ascii_case("full") => Self::Full,
            None | Some(Value::Null) => Self::Changes,
            Some(Value::String(mode)) if mode.eq_ignore_ascii_case("changes") => Self::Changes,
            Some(_) => {
                tracing::warn!(
                    "the event asks for an unknown mode, so only changes are polled; \"mode\" takes \"full\" or \"changes\""
                );
                Self::Changes
            }
        }
    }
}

/// Who asks for a poll. Only an event that carries `"scheduled":true`, plainly or within `detail`,
/// is one of the template's own schedules and heeds the switch; whoever invokes the function
/// otherwise is a person. (The schedules of version 0.1 carry nothing. They run for some seconds
/// more while a stack is upgraded, and only where `SyncEnabled` was true, so that the switch is
/// on.)
#[must_use]
pub fn asked_by(event: &Value) -> AskedBy {
    let scheduled = event
        .get("scheduled")
        .or_else(|| event.get("detail")?.get("scheduled"));
    if scheduled == Some(&Value::Bool(true)) {
        AskedBy::Schedule
    } else {
        AskedBy::Person
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn full_is_asked_for_plainly_or_within_detail() {
        for event in [
            json!({"mode": "full"}),
            json!({"mode": "FULL"}),
            json!({"source": "aws.events", "detail": {"mode": "full"}}),
        ] {
            assert_eq!(Mode::from_event(&event), Mode::Full, "{event}");
        }
    }

    #[test]
    fn only_an_event_that_says_scheduled_is_the_schedules() {
        for (event, by) in [
            (json!({"scheduled": true}), AskedBy::Schedule),
            (
                json!({"mode": "full", "scheduled": true}),
                AskedBy::Schedule,
            ),
            (json!({"detail": {"scheduled": true}}), AskedBy::Schedule),
            (json!({"scheduled": false}), AskedBy::Person),
            (json!({"scheduled": "true"}), AskedBy::Person),
            (json!({"mode": "full"}), AskedBy::Person),
            (
                json!({"source": "aws.events", "detail": {}}),
                AskedBy::Person,
            ),
            (json!(null), AskedBy::Person),
            (json!([true]), AskedBy::Person),
        ] {
            assert_eq!(asked_by(&event), by, "{event}");
        }
    }

    #[test]
    fn any_other_event_is_a_poll_for_changes() {
        for event in [
            json!(null),
            json!({}),
            json!([1]),
            json!("full"),
            json!({"detail": {}}),
            json!({"detail": "full"}),
            json!({"mode": "everything"}),
            json!({"mode": 1}),
            json!({"mode": null}),
        ] {
            assert_eq!(Mode::from_event(&event), Mode::Changes, "{event}");
        }
    }
}
