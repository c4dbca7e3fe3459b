//! `plan`, `check`, `status`, `problems`: what only looks.

use std::collections::BTreeMap;

use local_stack::company::{COMPETING, Choices};
use rules::Notice;
use serde_json::Value;

use crate::harness::Ground;

fn by_id(rows: &Value) -> BTreeMap<String, Value> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (row["contact"].to_string(), row.clone()))
        .collect()
}

/// The planned changes, without those that a notice names as not written: BigChange refuses a contact reference only when it is written.
fn changes_made(planned: &Value, notices: &[Notice]) -> Vec<Value> {
    let refused = notices
        .iter()
        .any(|notice| notice.code() == "ContactReferenceNotWritten");
    let changes = planned["changes"].as_array().unwrap().iter();
    changes
        .filter(|change| !(refused && change["field"] == "contact reference"))
        .cloned()
        .collect()
}

/// The account reference that BigChange has once the plan is carried out.
fn reference_after(planned: &Value) -> &str {
    let mut changes = planned["changes"].as_array().unwrap().iter();
    let change = changes
        .find(|change| change["system"] == "BigChange" && change["field"] == "account reference");
    let after = change.map_or(&planned["reference"], |change| &change["after"]);
    after.as_str().unwrap()
}

/// Everything outside the tool that could be changed.
async fn world(ground: &Ground) -> (Vec<String>, Vec<String>, u64, usize) {
    let outputs = ground.stack.outputs();
    let mut versions = Vec::new();
    for secret in [
        &outputs.big_change_secret,
        &outputs.xero_app_secret,
        &outputs.xero_token_secret,
    ] {
        versions.extend(ground.versions(secret).await);
    }
    let queued = ground.stack.messages_in(&outputs.sync_queue).await.unwrap();
    let contacts = ground.stack.xero.core().contacts().count();
    (ground.table().await, versions, queued, contacts)
}

#[tokio::test]
async fn nothing_that_looks_writes_anything_anywhere_at_first() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    look_and_compare(&ground).await;
}

#[tokio::test]
async fn nothing_that_looks_writes_anything_anywhere_later() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    // A contact that was woken may still be worked.
    ground.stack.drain().await.unwrap();
    // Something of every kind is left to do: an update, a rename, a link, a create, a problem that clears.
    ground.edit(1008, |contact| {
        "+441130000000".clone_into(&mut contact.phone)
    });
    ground.edit(1001, |contact| {
        "Aire Valley Heating Ltd".clone_into(&mut contact.name)
    });
    ground.edit(1030, |contact| {
        "ZET30".clone_into(&mut contact.account_reference)
    });
    ground.edit(1031, |contact| {
        "Fox and Hounds Inn".clone_into(&mut contact.name)
    });
    ground.edit_in_xero("Ribblehead Tea Rooms", "AccountNumber", "RIBB21");
    let plan = ground.run(&["plan", "--json"]).await.exits(0).json();
    let outcome = |id: &str| by_id(&plan["contacts"])[id]["outcome"].clone();
    assert_eq!(outcome("1008"), "update");
    assert_eq!(outcome("1001"), "update");
    assert_eq!(outcome("1021"), "link");
    assert_eq!(outcome("1031"), "create");
    look_and_compare(&ground).await;
}

async fn look_and_compare(ground: &Ground) {
    let before = world(ground).await;
    let company = ground.stack.bigchange.core().dump();
    ground.stack.reset_calls();
    for command in [
        ["plan"].as_slice(),
        &["plan", "--contact", "1008"],
        &["plan", "--format", "html"],
        &["plan", "--format", "csv", "--only", "creates,links"],
        &["check"],
        &["check", "--format", "html"],
        &["status"],
        &["problems"],
        &["history", "1008"],
    ] {
        let ran = ground.run(command).await;
        // Nothing was polled yet, so there are no records to ask for problems.
        assert!(ran.code < 2, "{command:?}: {}", ran.err);
        assert_eq!(world(ground).await, before, "{command:?}");
    }
    let calls = ground.stack.calls();
    assert_eq!(calls.bigchange_writes, 0);
    for action in calls.bigchange.keys() {
        let reads = [
            "ping",
            "ContactGroups",
            "ContactListByGroupPaged",
            "ContactDetail",
            "ContactNotes",
        ];
        assert!(reads.contains(&action.as_str()), "{action}");
    }
    for (kind, count) in &calls.xero {
        use fake_xero::CallKind::{Connections, List, Organisation, Other, Single};
        assert!(
            matches!(kind, Connections | List | Organisation | Single | Other),
            "{count} of {kind:?}"
        );
    }
    assert_eq!(ground.stack.bigchange.core().dump(), company);
}

#[tokio::test]
async fn what_a_plan_says_is_what_then_happens() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let planned = ground.run(&["plan", "--json"]).await.exits(0).json();
    let rows = by_id(&planned["contacts"]);
    let counts: BTreeMap<&str, u64> = planned["totals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|total| {
            (
                total["outcome"].as_str().unwrap(),
                total["contacts"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        counts,
        BTreeMap::from([
            ("create", 17),
            ("link", 19),
            ("problem", 22),
            ("left-alone", 7)
        ]),
        "the sample company"
    );

    let done = ground
        .run(&["sync", "--yes", "--json"])
        .await
        .exits(1)
        .json();
    let done = done["contacts"].as_array().unwrap();
    assert_eq!(done.len(), rows.len());
    // The event source hands ten contacts at a time to workers that run side by side: of two that want one reference either may be first, and the other meets
    // its reservation or already its link. One of them it is, as planned.
    let outcome = |contacts: &[Value], of: u64| {
        let contact = contacts.iter().find(|contact| contact["contact"] == of);
        contact.unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    let competing = |contacts: &[Value]| COMPETING.map(|id| outcome(contacts, id));
    assert_eq!(
        competing(planned["contacts"].as_array().unwrap()),
        ["create", "problem"],
        "the older one first"
    );
    let mut ended = competing(done);
    ended.sort_unstable();
    assert_eq!(ended, ["create", "problem"]);
    for id in COMPETING {
        let held = done.iter().find(|ended| ended["contact"] == id).unwrap();
        if held["outcome"] == "problem" {
            let code = held["detail"].as_str().unwrap();
            assert!(
                ["DuplicateAccountReference", "LinkedToAnotherContact"].contains(&code),
                "{held}"
            );
        }
    }
    let records = ground.stack.remembered().await.unwrap();
    for ended in done {
        let id = ended["contact"].as_u64().unwrap();
        let row = &rows[&id.to_string()];
        if COMPETING.contains(&id) && ended["outcome"] != row["outcome"] {
            continue;
        }
        assert_eq!(ended["outcome"], row["outcome"], "{id}: {row}");
        if row["outcome"] == "problem" && !COMPETING.contains(&id) {
            assert_eq!(ended["detail"], row["code"], "{id}");
            assert_eq!(ended["sentence"], row["sentence"], "{id}");
        }
        let contact = rules::ContactId::try_from(id).unwrap();
        let record = records.contacts.get(&contact).map(|record| &record.value);
        if let Some((record, link)) =
            record.and_then(|record| Some((record, record.link.as_ref()?)))
        {
            assert_eq!(
                reference_after(row),
                link.account_reference.as_str(),
                "{id}"
            );
            // Field by field, as the history has it.
            let history = ground
                .run(&["history", &id.to_string(), "--json"])
                .await
                .exits(0)
                .json();
            assert_eq!(
                history["history"][0]["changes"],
                Value::Array(changes_made(row, &record.notices)),
                "{id}"
            );
        }
    }
    // Then nothing is left to plan.
    let planned = ground
        .run(&["plan", "--json", "--only", "creates,links,updates"])
        .await
        .exits(0)
        .json();
    assert_eq!(planned["contacts"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_plan_shows_parts_and_single_contacts_in_every_format() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let ran = ground.run(&["plan", "--only", "creates"]).await.exits(0);
    let ran = ran
        .says("1008 Hollin Bank Farm")
        .says("Xero account number: – → HOLLIN0001")
        .says("call");
    assert!(!ran.out.contains("NameTakenInXero"), "{}", ran.out);
    let ran = ground
        .run(&["plan", "--contact", "1008", "--json"])
        .await
        .exits(0)
        .json();
    assert_eq!(ran["contacts"].as_array().unwrap().len(), 1);
    let ran = ground
        .run(&["plan", "--format", "csv", "--only", "problems"])
        .await
        .exits(0);
    let mut lines = ran.out.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("\u{feff}\"contact_id\",\"name\",\"group\",\"outcome\",\"problem\""),
        "{}",
        ran.out
    );
    assert_eq!(lines.count(), 22, "{}", ran.out);
    let ran = ground.run(&["plan", "--format", "html"]).await.exits(0);
    assert!(ran.out.starts_with("<!DOCTYPE html>"), "{}", &ran.out[..60]);
    assert!(ran.out.contains("HOLLIN0001"));
    let ran = ground.run(&["plan", "--contact", "999999"]).await.exits(2);
    ran.says("BigChange has no contact 999999");
}

#[tokio::test]
async fn a_check_looks_at_both_sides_and_lists_strays_and_cures() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    // A person changes an account number in Xero and archives a contact: the synchronisation sees that by its hourly look.
    ground.edit_in_xero("Hollin Bank Farm", "AccountNumber", "ELSEWHERE1");
    ground.edit_in_xero("Fellside Lettings", "ContactStatus", "ARCHIVED");
    let ran = ground.run(&["check", "--json"]).await.exits(1).json();
    let codes = |id: &str| by_id(&ran["contacts"])[id]["code"].clone();
    assert_eq!(codes("1008"), "AccountReferenceChanged");
    assert_eq!(codes("1006"), "ArchivedInXero");
    assert_eq!(ran["ready"], false);
    let strays: BTreeMap<&str, u64> = ran["mixed_groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mixed| {
            (
                mixed["group"].as_str().unwrap(),
                mixed["strays"][0]["contact"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        strays,
        BTreeMap::from([("Sites", 1211), ("Trade accounts", 1109)])
    );
    let text = ground.run(&["check"]).await.exits(1);
    text.says("✗ Every contact is in the right kind of group: 63 of 65")
        .says("Out of place in the group Trade accounts:")
        .says("Not ready yet: 23 contacts out of line");
    // A plan, which is what would happen, knows of it too.
    let plan = ground
        .run(&["plan", "--json", "--contact", "1008"])
        .await
        .json();
    assert_eq!(plan["contacts"][0]["code"], "AccountReferenceChanged");
}

#[tokio::test]
async fn status_tells_how_it_stands_and_what_needs_attention() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground
        .run(&["status"])
        .await
        .exits(0)
        .says("Healthy.")
        .says("none yet");
    ground.run(&["sync", "--yes"]).await.exits(1);
    let status = ground.run(&["status", "--json"]).await.exits(1).json();
    assert_eq!(
        status["organisation"],
        "Harewell Facilities (sample company)"
    );
    assert_eq!(status["linked"], 17);
    assert_eq!(status["problems"], 41);
    assert!(
        status["last_poll_seconds_ago"].as_i64().unwrap() < 120,
        "{status}"
    );
    assert!(
        status["xero_calls_left_today"].as_u64().unwrap() > 4_000,
        "{status}"
    );
    ground
        .run(&["status"])
        .await
        .exits(1)
        .says("NotInXero")
        .says("CreateInXero=true");

    // A message that nobody can work ends as a dead letter.
    ground.stack.send("not a message of ours").await.unwrap();
    ground.stack.drain().await.unwrap();
    ground
        .run(&["status"])
        .await
        .exits(1)
        .says("1 dead letter")
        .says("retry --dead-letters");

    // Xero's limit is used up, and a worker meets it.
    use fake_xero::{Fault, FaultKind, RateLimitProblem};
    ground.stack.xero.core().inject(
        Fault::next_call(FaultKind::RateLimit {
            problem: RateLimitProblem::Day,
            retry_after_seconds: Some(3_600),
        })
        .on("GET", "/Contacts"),
    );
    ground.run(&["retry", "1008", "--no-wait"]).await.exits(0);
    ground.stack.drain().await.unwrap();
    ground
        .run(&["status"])
        .await
        .says("Paused")
        .says("its limit of calls is reached (of the day)");
    ground
        .run(&["plan"])
        .await
        .exits(2)
        .says("Xero is left alone until");

    // A dead connection: Xero takes no token any more. The pause is over once somebody has waited, so it is taken away here.
    let pause = format!("{}#state-pause", ground.tenant());
    let key = serde_json::json!({"pk": {"S": pause}, "sk": {"S": "only"}});
    let input = serde_json::json!({"TableName": ground.stack.outputs().table, "Key": key});
    let aws = ground.stack.aws();
    aws.aws("DynamoDB_20120810.DeleteItem", &input)
        .await
        .unwrap();
    ground.stack.xero.core().revoke_refresh_tokens();
    ground.stack.xero.core().revoke_access_tokens();
    let ran = ground.run(&["status"]).await.exits(1);
    ran.says("Xero no longer accepts this connection")
        .says("contact-sync connect xero");
}

#[tokio::test]
async fn problems_are_listed_told_in_full_and_exported() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    let ran = ground.run(&["problems"]).await.exits(1);
    ran.says("1021 Ribblehead Tea Rooms")
        .says("NameTakenInXero")
        .says("22 open problems");
    let ran = ground.run(&["problems", "1021"]).await.exits(1);
    ran.says("What to do: If they are the same customer")
        .says("contact-sync retry 1021");
    ground
        .run(&["problems", "1008"])
        .await
        .exits(0)
        .says("has no open problem");
    let ran = ground
        .run(&["problems", "--code", "ambiguousmatch", "--json"])
        .await
        .exits(1)
        .json();
    assert_eq!(ran["problems"].as_array().unwrap().len(), 1);
    ground
        .run(&["problems", "--code", "Nonsense"])
        .await
        .exits(2)
        .says("possible values: ParentInSiteGroup");
    let folder = std::env::temp_dir().join(format!("contact-sync-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("problems.csv");
    let ran = ground
        .run(&[
            "problems",
            "--format",
            "csv",
            "--output",
            file.to_str().unwrap(),
        ])
        .await;
    assert!(ran.exits(1).out.is_empty(), "it goes to the file");
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 23);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it holds personal data");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_contact_that_an_archived_one_was_merged_into_is_told_by_its_name() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let (old, kept) = ("Ribblehead Tea Rooms", "Hollin Bank Farm");
    ground.run(&["sync", "--yes"]).await.exits(1);
    let survivor = ground.xero_contact(kept).id.to_string();
    ground.edit_in_xero(old, "AccountNumber", "RIBB21");
    ground.edit_in_xero(old, "MergedToContactID", &survivor);
    ground.edit_in_xero(old, "ContactStatus", "ARCHIVED");
    ground.run(&["retry", "1021"]).await.exits(1);
    let name = "which was merged into \"Hollin Bank Farm\" (account number HOLLIN0001)";
    ground.run(&["problems", "1021"]).await.exits(1).says(name);
    for command in [
        &["plan", "--json"][..],
        &["plan", "--contact", "1021", "--json"],
    ] {
        let plan = ground.run(command).await.exits(0).json();
        let row = &by_id(&plan["contacts"])["1021"];
        assert_eq!(row["code"], "ArchivedInXero");
        assert!(row["sentence"].as_str().unwrap().contains(name), "{row}");
    }
}
