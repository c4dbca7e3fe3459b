//! What every table must do. Each fact uses a partition of its own.

use serde_json::{Value, json};
use store::{
    Expect, Item, Key, MAX_BODY_BYTES, MAX_ITEMS, MAX_PARTITION_BYTES, MAX_SORT_BYTES, MAX_WRITES,
    Table, TableError, Write,
};

/// Holds a table to what happens where two write at once.
pub(crate) async fn races(table: &dyn Table) {
    of_two_writers_of_a_new_item_one_wins(table).await;
    of_two_writers_of_the_same_version_one_wins(table).await;
    of_two_overlapping_transactions_none_is_lost(table).await;
}

/// Holds a table to all the facts of one writer.
pub(crate) async fn run(table: &dyn Table) {
    an_item_comes_back_as_it_was_written(table).await;
    every_kind_of_json_comes_back(table).await;
    a_whole_float_comes_back_as_an_equal_integer(table).await;
    the_version_counts_up_with_every_write(table).await;
    a_put_that_expects_absence_conflicts_with_an_item(table).await;
    a_put_that_expects_a_version_conflicts_with_any_other(table).await;
    a_put_that_expects_anything_always_succeeds(table).await;
    a_put_replaces_the_whole_body(table).await;
    removing_what_is_absent_succeeds_whatever_was_expected(table).await;
    a_removal_that_expects_something_else_conflicts(table).await;
    a_removed_item_begins_at_version_one_again(table).await;
    a_transaction_writes_all_or_nothing(table).await;
    a_check_alone_passes_or_conflicts(table).await;
    a_check_holds_up_a_transaction(table).await;
    every_kind_of_write_holds_to_what_it_expects(table).await;
    an_empty_list_of_writes_succeeds(table).await;
    as_many_writes_as_allowed_succeed_and_one_more_is_refused(table).await;
    two_writes_to_one_key_are_refused(table).await;
    a_body_that_is_no_object_is_refused(table).await;
    a_body_as_large_as_allowed_comes_back_and_a_larger_one_is_refused(table).await;
    empty_and_overlong_keys_are_refused(table).await;
    any_text_can_be_a_key(table).await;
    more_keys_than_one_read_takes_are_refused(table).await;
    many_items_are_read_at_once_and_absent_ones_left_out(table).await;
    large_items_are_read_at_once(table).await;
    a_query_is_ordered_by_bytes_and_bounded_by_its_prefix(table).await;
    a_query_stays_in_its_partition(table).await;
    a_query_reads_past_one_page(table).await;
    no_error_shows_what_an_item_holds(table).await;
}

async fn an_item_comes_back_as_it_was_written(table: &dyn Table) {
    let key = Key::new("comes back", "1");
    let body = json!({"name": "x", "groups": [1, 2], "address": {"town": "y"}});
    let write = put(&key, Expect::Absent, body.clone());
    table.write(vec![write]).await.unwrap();
    let item = Item {
        key: key.clone(),
        version: 1,
        body,
    };
    assert_eq!(read(table, &key).await, Some(item));
    assert_eq!(read(table, &Key::new("comes back", "2")).await, None);
}

async fn every_kind_of_json_comes_back(table: &dyn Table) {
    let body = json!({
        "null": null,
        "true": true,
        "false": false,
        "empty text": "",
        "unicode": "Łódź 東京 🏗️ \u{0} \u{feff}\n\"\\",
        "Schlüssel 東京": 1,
        "": "an empty name",
        "largest u64": u64::MAX,
        "past 2^53": 9_007_199_254_740_993_u64,
        "least i64": i64::MIN,
        "zero": 0,
        "float": 0.1,
        "small float": 1.5e-12,
        "negative float": -123_456.789,
        "empty list": [],
        "empty map": {},
        "mixed": [null, 1, "a", [[]], {"a": [{"b": null}]}],
    });
    let key = Key::new("json", "東京 🏗️");
    let write = put(&key, Expect::Absent, body.clone());
    table.write(vec![write]).await.unwrap();
    assert_eq!(read(table, &key).await.unwrap().body, body);
    assert_eq!(table.query("json", "東").await.unwrap()[0].body, body);
}

async fn a_whole_float_comes_back_as_an_equal_integer(table: &dyn Table) {
    let key = Key::new("whole float", "1");
    let write = put(&key, Expect::Absent, json!({"n": 3.0}));
    table.write(vec![write]).await.unwrap();
    assert_eq!(read(table, &key).await.unwrap().body, json!({"n": 3}));
}

async fn the_version_counts_up_with_every_write(table: &dyn Table) {
    let key = Key::new("versions", "1");
    for (expect, version) in [
        (Expect::Absent, 1),
        (Expect::Version(1), 2),
        (Expect::Any, 3),
        (Expect::Version(3), 4),
    ] {
        let write = put(&key, expect, json!({}));
        table.write(vec![write]).await.unwrap();
        assert_eq!(version_of(table, &key).await, Some(version));
    }
}

async fn a_put_that_expects_absence_conflicts_with_an_item(table: &dyn Table) {
    let key = Key::new("absence", "1");
    let first = put(&key, Expect::Absent, json!({"by": "first"}));
    table.write(vec![first]).await.unwrap();
    let second = put(&key, Expect::Absent, json!({"by": "second"}));
    assert_eq!(table.write(vec![second]).await, Err(TableError::Conflict));
    let item = read(table, &key).await.unwrap();
    assert_eq!((item.version, item.body), (1, json!({"by": "first"})));
}

async fn a_put_that_expects_a_version_conflicts_with_any_other(table: &dyn Table) {
    let key = Key::new("put version", "1");
    let write = |expect| vec![put(&key, expect, json!({}))];
    assert_eq!(
        table.write(write(Expect::Version(1))).await,
        Err(TableError::Conflict),
        "absent"
    );
    table.write(write(Expect::Absent)).await.unwrap();
    for other in [0, 2, u64::MAX] {
        assert_eq!(
            table.write(write(Expect::Version(other))).await,
            Err(TableError::Conflict),
            "{other}"
        );
    }
    assert_eq!(version_of(table, &key).await, Some(1));
}

async fn a_put_that_expects_anything_always_succeeds(table: &dyn Table) {
    let key = Key::new("anything", "1");
    for n in 1..=3 {
        let write = put(&key, Expect::Any, json!({ "n": n }));
        table.write(vec![write]).await.unwrap();
        let item = read(table, &key).await.unwrap();
        assert_eq!((item.version, item.body), (n, json!({ "n": n })));
    }
    let other = Key::new("anything", "2");
    let both = [&key, &other].map(|key| put(key, Expect::Any, json!({})));
    table.write(both.to_vec()).await.unwrap();
    assert_eq!(version_of(table, &key).await, Some(4));
    assert_eq!(version_of(table, &other).await, Some(1));
}

async fn a_put_replaces_the_whole_body(table: &dyn Table) {
    for expect in [Expect::Version(1), Expect::Any] {
        let key = Key::new("replaces", format!("{expect:?}"));
        let first = put(&key, Expect::Absent, json!({"old": {"a": 1}}));
        table.write(vec![first]).await.unwrap();
        let second = put(&key, expect, json!({"new": 2}));
        table.write(vec![second]).await.unwrap();
        assert_eq!(read(table, &key).await.unwrap().body, json!({"new": 2}));
    }
}

async fn removing_what_is_absent_succeeds_whatever_was_expected(table: &dyn Table) {
    for expect in [Expect::Absent, Expect::Version(7), Expect::Any] {
        let [one, two] = ["1", "2"].map(|sort| delete(&Key::new("remove absent", sort), expect));
        table.write(vec![one.clone()]).await.unwrap();
        table.write(vec![one, two]).await.unwrap();
    }
    assert_eq!(table.query("remove absent", "").await.unwrap(), []);
}

async fn a_removal_that_expects_something_else_conflicts(table: &dyn Table) {
    let key = Key::new("remove", "1");
    let other = Key::new("remove", "2");
    table
        .write(vec![put(&key, Expect::Absent, json!({}))])
        .await
        .unwrap();
    for expect in [Expect::Absent, Expect::Version(2)] {
        let alone = vec![delete(&key, expect)];
        assert_eq!(table.write(alone.clone()).await, Err(TableError::Conflict));
        let together = [alone, vec![put(&other, Expect::Absent, json!({}))]].concat();
        assert_eq!(table.write(together).await, Err(TableError::Conflict));
    }
    assert_eq!(version_of(table, &key).await, Some(1));
    assert_eq!(version_of(table, &other).await, None);

    table
        .write(vec![delete(&key, Expect::Version(1))])
        .await
        .unwrap();
    assert_eq!(version_of(table, &key).await, None);
    table
        .write(vec![put(&key, Expect::Absent, json!({}))])
        .await
        .unwrap();
    table.write(vec![delete(&key, Expect::Any)]).await.unwrap();
    assert_eq!(version_of(table, &key).await, None);
}

async fn a_removed_item_begins_at_version_one_again(table: &dyn Table) {
    let key = Key::new("again", "1");
    table
        .write(vec![put(&key, Expect::Absent, json!({}))])
        .await
        .unwrap();
    table
        .write(vec![put(&key, Expect::Version(1), json!({}))])
        .await
        .unwrap();
    table
        .write(vec![delete(&key, Expect::Version(2))])
        .await
        .unwrap();
    table
        .write(vec![put(&key, Expect::Absent, json!({}))])
        .await
        .unwrap();
    assert_eq!(version_of(table, &key).await, Some(1));
}

async fn of_two_writers_of_a_new_item_one_wins(table: &dyn Table) {
    for round in 0..50 {
        let key = Key::new("new race", format!("{round:03}"));
        let [a, b] = ["a", "b"].map(|by| put(&key, Expect::Absent, json!({ "by": by })));
        let (a, b) = tokio::join!(table.write(vec![a]), table.write(vec![b]));
        let winner = winner(&a, &b);
        let item = read(table, &key).await.unwrap();
        assert_eq!((item.version, item.body), (1, json!({ "by": winner })));
    }
}

async fn of_two_writers_of_the_same_version_one_wins(table: &dyn Table) {
    let key = Key::new("version race", "1");
    table
        .write(vec![put(&key, Expect::Absent, json!({}))])
        .await
        .unwrap();
    for version in 1..=50 {
        let [a, b] = ["a", "b"].map(|by| put(&key, Expect::Version(version), json!({ "by": by })));
        let (a, b) = tokio::join!(table.write(vec![a]), table.write(vec![b]));
        let winner = winner(&a, &b);
        let item = read(table, &key).await.unwrap();
        assert_eq!(
            (item.version, item.body),
            (version + 1, json!({ "by": winner }))
        );
    }
}

/// Two counters, each counted up by one transaction of both writers: whoever conflicts reads again.
async fn of_two_overlapping_transactions_none_is_lost(table: &dyn Table) {
    let keys = ["1", "2"].map(|sort| Key::new("transaction race", sort));
    let new = keys
        .clone()
        .map(|key| put(&key, Expect::Absent, json!({"n": 0})));
    table.write(new.to_vec()).await.unwrap();
    let count = async || {
        let mut done = 0;
        let mut attempts = 0;
        while done < 20 {
            attempts += 1;
            assert!(attempts < 1000, "conflicts without end");
            let items = table.get_many(&keys).await.unwrap();
            let writes = items
                .into_iter()
                .map(|item| {
                    let n = item.body["n"].as_u64().unwrap() + 1;
                    put(&item.key, Expect::Version(item.version), json!({ "n": n }))
                })
                .collect();
            match table.write(writes).await {
                Ok(()) => done += 1,
                Err(TableError::Conflict) => {}
                Err(other) => panic!("{other}"),
            }
        }
    };
    tokio::join!(count(), count());
    for key in &keys {
        let item = read(table, key).await.unwrap();
        assert_eq!((item.version, item.body), (41, json!({"n": 40})));
    }
}

async fn a_transaction_writes_all_or_nothing(table: &dyn Table) {
    let [taken, free, gone] = ["taken", "free", "gone"].map(|sort| Key::new("all", sort));
    let both = [&taken, &gone].map(|key| put(key, Expect::Absent, json!({})));
    table.write(both.to_vec()).await.unwrap();

    let failing = vec![
        put(&free, Expect::Absent, json!({})),
        delete(&gone, Expect::Version(1)),
        put(&taken, Expect::Absent, json!({})),
    ];
    assert_eq!(table.write(failing).await, Err(TableError::Conflict));
    assert_eq!(version_of(table, &free).await, None);
    assert_eq!(version_of(table, &gone).await, Some(1));

    let passing = vec![
        put(&free, Expect::Absent, json!({})),
        delete(&gone, Expect::Version(1)),
        put(&taken, Expect::Version(1), json!({})),
    ];
    table.write(passing).await.unwrap();
    assert_eq!(version_of(table, &free).await, Some(1));
    assert_eq!(version_of(table, &gone).await, None);
    assert_eq!(version_of(table, &taken).await, Some(2));
}

async fn a_check_alone_passes_or_conflicts(table: &dyn Table) {
    let [there, absent] = ["there", "absent"].map(|sort| Key::new("check", sort));
    table
        .write(vec![put(&there, Expect::Absent, json!({}))])
        .await
        .unwrap();
    for (key, expect, expected) in [
        (&there, Expect::Version(1), Ok(())),
        (&there, Expect::Version(2), Err(TableError::Conflict)),
        (&there, Expect::Absent, Err(TableError::Conflict)),
        (&there, Expect::Any, Ok(())),
        (&absent, Expect::Absent, Ok(())),
        (&absent, Expect::Version(1), Err(TableError::Conflict)),
        (&absent, Expect::Any, Ok(())),
    ] {
        let result = table.write(vec![check(key, expect)]).await;
        assert_eq!(result, expected, "{} {expect:?}", key.sort_key);
    }
    assert_eq!(version_of(table, &there).await, Some(1));
    assert_eq!(version_of(table, &absent).await, None);
}

async fn a_check_holds_up_a_transaction(table: &dyn Table) {
    let [lease, item] = ["lease", "item"].map(|sort| Key::new("held up", sort));
    table
        .write(vec![put(&lease, Expect::Absent, json!({}))])
        .await
        .unwrap();
    let write = |version| {
        vec![
            check(&lease, Expect::Version(version)),
            put(&item, Expect::Any, json!({})),
        ]
    };
    assert_eq!(table.write(write(2)).await, Err(TableError::Conflict));
    assert_eq!(version_of(table, &item).await, None);
    table.write(write(1)).await.unwrap();
    assert_eq!(version_of(table, &item).await, Some(1));
}

/// Each kind of write, with each expectation, over an item and over none, alone and within a transaction whose other write must then be done or not.
async fn every_kind_of_write_holds_to_what_it_expects(table: &dyn Table) {
    /// The version that an item has, where there is one.
    const VERSION: u64 = 2;
    let mut number = 0;
    for kind in ["put", "delete", "check"] {
        for is_there in [false, true] {
            for expect in [
                Expect::Absent,
                Expect::Version(VERSION),
                Expect::Version(VERSION + 1),
                Expect::Any,
            ] {
                for is_alone in [false, true] {
                    number += 1;
                    let case = format!("{kind} {is_there} {expect:?} {is_alone}");
                    let key = Key::new("every kind", format!("{number}"));
                    let other = Key::new("every kind", format!("{number} other"));
                    for _ in 0..if is_there { VERSION } else { 0 } {
                        let write = put(&key, Expect::Any, json!({}));
                        table.write(vec![write]).await.unwrap();
                    }
                    let mut writes = vec![match kind {
                        "put" => put(&key, expect, json!({})),
                        "delete" => delete(&key, expect),
                        _ => check(&key, expect),
                    }];
                    if !is_alone {
                        writes.push(put(&other, Expect::Absent, json!({})));
                    }
                    let passes = match expect {
                        Expect::Absent => !is_there,
                        Expect::Version(version) => is_there && version == VERSION,
                        Expect::Any => true,
                    } || (kind == "delete" && !is_there);
                    let before = is_there.then_some(VERSION);
                    let after = match kind {
                        "put" if passes => Some(before.unwrap_or(0) + 1),
                        "delete" if passes => None,
                        _ => before,
                    };

                    let expected = if passes {
                        Ok(())
                    } else {
                        Err(TableError::Conflict)
                    };
                    assert_eq!(table.write(writes).await, expected, "{case}");
                    assert_eq!(version_of(table, &key).await, after, "{case}");
                    let other_is_there = version_of(table, &other).await.is_some();
                    assert_eq!(other_is_there, passes && !is_alone, "{case}");
                }
            }
        }
    }
}

async fn an_empty_list_of_writes_succeeds(table: &dyn Table) {
    assert_eq!(table.write(Vec::new()).await, Ok(()));
    assert_eq!(table.get_many(&[]).await, Ok(Vec::new()));
}

async fn as_many_writes_as_allowed_succeed_and_one_more_is_refused(table: &dyn Table) {
    let writes = |count: usize| -> Vec<Write> {
        keys("many writes", count)
            .iter()
            .map(|key| put(key, Expect::Absent, json!({})))
            .collect()
    };
    assert_refused(table.write(writes(MAX_WRITES + 1)).await);
    table.write(writes(MAX_WRITES)).await.unwrap();
    assert_eq!(
        table.query("many writes", "").await.unwrap().len(),
        MAX_WRITES
    );
}

async fn two_writes_to_one_key_are_refused(table: &dyn Table) {
    let key = Key::new("twice", "1");
    let twice = vec![
        put(&key, Expect::Absent, json!({})),
        delete(&key, Expect::Any),
    ];
    assert_refused(table.write(twice).await);
    assert_eq!(version_of(table, &key).await, None);
}

async fn a_body_that_is_no_object_is_refused(table: &dyn Table) {
    for body in [json!(null), json!([1]), json!("text"), json!(1)] {
        let write = put(&Key::new("no object", "1"), Expect::Absent, body);
        assert_refused(table.write(vec![write]).await);
    }
}

async fn a_body_as_large_as_allowed_comes_back_and_a_larger_one_is_refused(table: &dyn Table) {
    let around = json!({"text": ""}).to_string().len();
    let body = |bytes: usize| json!({"text": "x".repeat(bytes - around)});
    let key = Key::new("large", "1");
    let too_large = put(&key, Expect::Absent, body(MAX_BODY_BYTES + 1));
    assert_refused(table.write(vec![too_large]).await);
    let largest = put(&key, Expect::Absent, body(MAX_BODY_BYTES));
    table.write(vec![largest]).await.unwrap();
    assert_eq!(read(table, &key).await.unwrap().body, body(MAX_BODY_BYTES));
}

async fn empty_and_overlong_keys_are_refused(table: &dyn Table) {
    for key in [
        Key::new("", "1"),
        Key::new("p", ""),
        Key::new("p".repeat(MAX_PARTITION_BYTES + 1), "1"),
        Key::new("p", "s".repeat(MAX_SORT_BYTES + 1)),
    ] {
        assert_refused(
            table
                .write(vec![put(&key, Expect::Absent, json!({}))])
                .await,
        );
        assert_refused(table.get_many(&[key]).await.map(drop));
    }
    assert_refused(table.query("", "1").await.map(drop));

    let longest = Key::new("p".repeat(MAX_PARTITION_BYTES), "s".repeat(MAX_SORT_BYTES));
    table
        .write(vec![put(&longest, Expect::Absent, json!({}))])
        .await
        .unwrap();
    assert_eq!(version_of(table, &longest).await, Some(1));
}

/// Keys hold what people entered as an account reference.
async fn any_text_can_be_a_key(table: &dyn Table) {
    let texts = [
        "\u{0}",
        "a\u{0}b",
        " ",
        "a b",
        "A",
        "a",
        "é",
        "e\u{301}",
        "\u{202e}abc",
        "\u{200b}",
        "🏗️",
        "\"",
        "'",
        "\\",
        "%",
        "_",
        "*",
        ":v",
        "#n",
        "a\nb",
        "null",
    ];
    let keys: Vec<Key> = texts
        .iter()
        .map(|text| Key::new("any text", *text))
        .collect();
    for key in &keys {
        let write = put(key, Expect::Absent, json!({"sort": key.sort_key}));
        table.write(vec![write]).await.unwrap();
    }
    let mut found = table.query("any text", "").await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    let mut read = table.get_many(&keys).await.unwrap();
    read.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, read);
    assert_eq!(found.len(), texts.len(), "no two of them are the same key");
    for item in found {
        assert_eq!(item.body, json!({"sort": item.key.sort_key}));
        assert_eq!(
            table.query("any text", &item.key.sort_key).await.unwrap()[0].key,
            item.key
        );
    }
}

async fn more_keys_than_one_read_takes_are_refused(table: &dyn Table) {
    let keys = keys("too many", MAX_ITEMS + 1);
    assert_refused(table.get_many(&keys).await.map(drop));
}

async fn many_items_are_read_at_once_and_absent_ones_left_out(table: &dyn Table) {
    let keys = keys("many", 250);
    write_all(table, &keys, |n| json!({ "n": n })).await;
    let mut asked = keys.clone();
    asked.push(Key::new("many", "absent"));
    asked.push(keys[0].clone());
    let mut items = table.get_many(&asked).await.unwrap();
    items.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(
        items.len(),
        250,
        "a key that was asked for twice is read once"
    );
    for (n, item) in items.iter().enumerate() {
        assert_eq!((&item.key, &item.body), (&keys[n], &json!({ "n": n })));
    }
}

/// 100 items of 200 KB are more than the 16 MB that DynamoDB reads in one call.
async fn large_items_are_read_at_once(table: &dyn Table) {
    let keys = keys("large many", 100);
    write_all(table, &keys, |_| json!({"text": "x".repeat(200_000)})).await;
    assert_eq!(table.get_many(&keys).await.unwrap().len(), 100);
}

async fn a_query_is_ordered_by_bytes_and_bounded_by_its_prefix(table: &dyn Table) {
    let ordered = [
        "a", "a#1", "a#10", "a#2", "a~", "aé", "a東", "a🏗️", "b", "é",
    ];
    for sort in [
        "b", "a#2", "é", "a🏗️", "a#10", "a~", "a", "a東", "a#1", "aé",
    ] {
        let write = put(&Key::new("order", sort), Expect::Absent, json!({}));
        table.write(vec![write]).await.unwrap();
    }
    for (prefix, expected) in [
        ("", &ordered[..]),
        ("a", &ordered[..8]),
        ("a#", &ordered[1..4]),
        ("a#1", &ordered[1..3]),
        ("a東", &ordered[6..7]),
        ("A", &[]),
        ("c", &[]),
    ] {
        let items = table.query("order", prefix).await.unwrap();
        let sorts: Vec<&str> = items
            .iter()
            .map(|item| item.key.sort_key.as_str())
            .collect();
        assert_eq!(sorts, expected, "prefix {prefix:?}");
    }
}

async fn a_query_stays_in_its_partition(table: &dyn Table) {
    for partition in ["island", "island#1", "islan", "Island"] {
        let write = put(
            &Key::new(partition, "1"),
            Expect::Absent,
            json!({"in": partition}),
        );
        table.write(vec![write]).await.unwrap();
    }
    let items = table.query("island", "").await.unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].body, json!({"in": "island"}));
    assert_eq!(table.query("nowhere", "").await.unwrap(), []);
}

/// DynamoDB answers at most 1 MB of items a call.
async fn a_query_reads_past_one_page(table: &dyn Table) {
    let keys = keys("pages", 60);
    write_all(table, &keys, |_| json!({"text": "x".repeat(50_000)})).await;
    let items = table.query("pages", "").await.unwrap();
    let found: Vec<&Key> = items.iter().map(|item| &item.key).collect();
    assert_eq!(found, keys.iter().collect::<Vec<_>>());
}

async fn no_error_shows_what_an_item_holds(table: &dyn Table) {
    let marker = "confidential";
    let key = Key::new(marker, marker);
    let body = json!({ marker: marker, "text": "x".repeat(MAX_BODY_BYTES) });
    let writes = vec![put(&key, Expect::Version(9), json!({ marker: marker }))];
    let errors = [
        table.write(writes.clone()).await,
        table.write([writes.clone(), writes].concat()).await,
        table.write(vec![put(&key, Expect::Absent, body)]).await,
        table
            .write(vec![put(&key, Expect::Absent, json!(marker))])
            .await,
        table.get_many(&[Key::new(marker, "")]).await.map(drop),
        table.query(&marker.repeat(1000), marker).await.map(drop),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(marker), "{error}");
    }
}

fn put(key: &Key, expect: Expect, body: Value) -> Write {
    Write::Put {
        key: key.clone(),
        expect,
        body,
        expires_at_unix_seconds: None,
    }
}

fn delete(key: &Key, expect: Expect) -> Write {
    Write::Delete {
        key: key.clone(),
        expect,
    }
}

fn check(key: &Key, expect: Expect) -> Write {
    Write::Check {
        key: key.clone(),
        expect,
    }
}

/// Keys in ascending order.
fn keys(partition: &str, count: usize) -> Vec<Key> {
    (0..count)
        .map(|n| Key::new(partition, format!("{n:05}")))
        .collect()
}

/// Ten at a time, because a transaction takes 4 MB.
async fn write_all(table: &dyn Table, keys: &[Key], body: impl Fn(usize) -> Value) {
    let writes: Vec<Write> = keys
        .iter()
        .enumerate()
        .map(|(n, key)| put(key, Expect::Absent, body(n)))
        .collect();
    for chunk in writes.chunks(10) {
        table.write(chunk.to_vec()).await.unwrap();
    }
}

async fn read(table: &dyn Table, key: &Key) -> Option<Item> {
    let mut items = table.get_many(std::slice::from_ref(key)).await.unwrap();
    assert!(items.len() <= 1);
    items.pop()
}

async fn version_of(table: &dyn Table, key: &Key) -> Option<u64> {
    read(table, key).await.map(|item| item.version)
}

fn winner(a: &Result<(), TableError>, b: &Result<(), TableError>) -> &'static str {
    match (a, b) {
        (Ok(()), Err(TableError::Conflict)) => "a",
        (Err(TableError::Conflict), Ok(())) => "b",
        _ => panic!("one must win and one conflict, not {a:?} and {b:?}"),
    }
}

fn assert_refused(result: Result<(), TableError>) {
    assert!(matches!(result, Err(TableError::Refused(_))), "{result:?}");
}
