//! Events and items of the table of any shape.

use poll::{Mode, PollError, Report};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use store::{Expect, Key, Table, TableError, Write};
use time::Duration;

use crate::world::{RETAIL, World, not_in_xero};

fn any_event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ ]?(full|FULL|Full|changes|Changes|fuller)[ ]?".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let field = proptest::sample::select(vec!["mode", "detail", "Mode", "source", "Records"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..5).prop_map(|fields| {
                let fields: Map<String, Value> = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect();
                fields.into()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn only_an_event_that_says_so_asks_for_a_full_sweep(event in any_event()) {
        let asked = event.get("mode").unwrap_or(&event["detail"]["mode"]);
        let is_full = asked.as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("full"));
        prop_assert_eq!(Mode::from_event(&event) == Mode::Full, is_full);
    }
}

/// A poll that cannot do without the item says which it is; once it is removed, the next poll goes
/// on where that one stopped.
#[tokio::test]
async fn an_item_that_this_program_did_not_write_is_named_and_moves_no_cursor() {
    let strange = json!({
        "since": "zqmark", "due": 7, "link": "zqmark", "name": ["zqmark"], "changed_since": {"zqmark": 1}, "until": "zqmark", "settings": 1,
        "complete": "zqmark", "pending": "zqmark", "holder": 1, "at_least": -1,
    });
    let mut stopped = Vec::new();
    for (kind, sort) in [
        ("deferred", "1"),
        ("problem", "1"),
        ("contact", "1"),
        ("cursor", "10"),
        ("state-sweep", "only"),
        ("state-sweep-request", "only"),
        ("state-look", "only"),
        ("state-pause", "only"),
        ("state-day-limit", "only"),
        ("state-dead-connection", "only"),
        ("state-references-read", "only"),
        ("lease", "poll"),
    ] {
        let world = World::swept().await;
        world.hold(2, "Acme Ltd", not_in_xero()).await;
        world.edit(3, |contact| contact.name.push('!'));
        let key = Key::new(format!("{}#{kind}", world.records().tenant()), sort);
        let write = Write::Put {
            key: key.clone(),
            expect: Expect::Any,
            body: strange.clone(),
            expires_at_unix_seconds: None,
        };
        world.table.write(vec![write]).await.unwrap();
        for mode in [Mode::Changes, Mode::Full] {
            let before = world.cursor(RETAIL).await;
            match world.poll(mode).await {
                Ok(Report::Done(_)) => {}
                Ok(other) => panic!("{kind}: {other:?}"),
                Err(error) => {
                    let told = format!("{error} {error:?}");
                    assert!(
                        told.contains(&format!("the {kind} record {sort}")),
                        "{told}"
                    );
                    assert!(!told.contains("zqmark"), "{told}");
                    assert!(is_refused(&error), "{told}");
                    stopped.push(kind);
                    assert_eq!(world.cursor(RETAIL).await, before, "{kind}");
                }
            }
        }
        let removal = Write::Delete {
            key,
            expect: Expect::Any,
        };
        world.table.write(vec![removal]).await.unwrap();
        world.queue.take();
        // A lease that a failed poll could not give back runs out.
        world.pass(Duration::minutes(20));
        world.edit(3, |contact| contact.name.push('!'));
        assert!(world.polled().await.1.contains(&3), "{kind}");
    }
    stopped.dedup();
    assert!(stopped.len() >= 10, "{stopped:?}");
}

fn is_refused(error: &PollError) -> bool {
    use runtime::OpenError;
    matches!(
        error,
        PollError::Table(TableError::Refused(_))
            | PollError::Open(OpenError::Table(TableError::Refused(_)))
    )
}
