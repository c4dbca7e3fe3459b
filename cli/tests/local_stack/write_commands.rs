//! `sync`, `retry`, `link`, `unlink`, `enable`, `disable`, `history`: what changes something.

use local_stack::company::Choices;

use crate::harness::Ground;

#[tokio::test]
async fn a_chosen_part_is_synchronised_and_nothing_else() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let ran = ground
        .run(&["sync", "--yes", "--only", "links", "--json"])
        .await
        .exits(1)
        .json();
    let ended = |id: u64| {
        let all = ran["contacts"].as_array().unwrap().iter();
        let mut of = all.filter(|ended| ended["contact"] == id);
        of.next().cloned().unwrap_or_default()
    };
    assert_eq!(ended(1001)["outcome"], "link");
    assert_eq!(ended(1008), serde_json::Value::Null, "it would be created");
    // It needs a code, and no code is generated before every reference is known: a choice does not read them all.
    assert_eq!(ended(1006)["outcome"], "put-off");
    assert!(
        ended(1006)["sentence"]
            .as_str()
            .unwrap()
            .contains("contact-sync sync, without a choice")
    );
    let created = ground
        .stack
        .xero
        .core()
        .call_count(fake_xero::CallKind::Create);
    assert_eq!(created, 0);
    let ran = ground.run(&["sync", "--yes", "--contact", "1001"]).await;
    ran.exits(0)
        .says("1001 Aire Valley Plumbing Ltd: unchanged");
    // A whole one brings round what was put off.
    let ran = ground
        .run(&["sync", "--yes", "--json"])
        .await
        .exits(1)
        .json();
    let of_1006 = ran["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|ended| ended["contact"] == 1006);
    assert_eq!(of_1006.unwrap()["outcome"], "link");
}

#[tokio::test]
async fn an_edit_is_carried_over_and_its_history_kept() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground.edit(1008, |contact| {
        "+441130000000".clone_into(&mut contact.phone)
    });
    ground
        .run(&["sync", "--yes", "--contact", "1008"])
        .await
        .exits(0)
        .says("1008 Hollin Bank Farm: updated");
    let history = ground
        .run(&["history", "1008", "--json"])
        .await
        .exits(0)
        .json();
    let history = &history["history"];
    let events: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["Created", "Updated"]);
    let change = &history[1]["changes"];
    assert_eq!(
        change.as_array().unwrap().len(),
        1,
        "no more than the change itself: {change}"
    );
    assert_eq!(change[0]["field"], "phone");
    assert_eq!(change[0]["after"], "+441130000000");
    assert_eq!(change[0]["before"], "+441134960008");
    ground
        .run(&["history", "1008"])
        .await
        .exits(0)
        .says("created in Xero")
        .says("changed");
    ground
        .run(&["history", "1201"])
        .await
        .exits(0)
        .says("nothing is kept of the last 400 days");
}

#[tokio::test]
async fn a_mended_problem_clears_on_retry() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground.edit_in_xero("Ribblehead Tea Rooms", "AccountNumber", "RIBB21");
    ground
        .run(&["retry", "1021"])
        .await
        .exits(0)
        .says("1021 Ribblehead Tea Rooms: linked");
    ground
        .run(&["retry", "--code", "NameTakenInXero"])
        .await
        .exits(0)
        .says("nothing to do");
    let ran = ground
        .run(&["retry", "--all", "--json"])
        .await
        .exits(1)
        .json();
    assert_eq!(ran["contacts"].as_array().unwrap().len(), 21);
}

#[tokio::test]
async fn dead_letters_are_queued_again_and_those_without_a_contact_stay() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let queue = ground.stack.outputs().sync_dead_letter_queue.clone();
    for body in [
        r#"{"contact_id":1001,"reason":"put off 9 times"}"#,
        r#"{"contact_id":1003}"#,
        "nonsense",
    ] {
        let input = serde_json::json!({"QueueUrl": queue, "MessageBody": body});
        ground
            .stack
            .aws()
            .aws("AmazonSQS.SendMessage", &input)
            .await
            .unwrap();
    }
    let ran = ground.run(&["retry", "--dead-letters"]).await.exits(1);
    ran.says("1001 was given up: put off 9 times")
        .says("1001 Aire Valley Plumbing Ltd: linked")
        .says("1003 Calderbrook Nurseries: linked")
        .says("they name no contact: 1 letter");
    // The one that was left is in sight again after a while; the others are gone.
    assert_eq!(ground.stack.messages_in(&queue).await.unwrap(), 1);
}

#[tokio::test]
async fn a_persons_word_links_what_the_match_table_would_not() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    // Two Xero contacts fit 1017: one by its number, one by its name.
    let by_number = ground.xero_contact("Netherby Hall Estates");
    let id = by_number.id.to_string();
    // The one of its name has no number, and Xero would not give it one that the other has.
    let by_name = ground.xero_contact("Netherby Hall Hotel").id.to_string();
    ground
        .run(&["link", "1017", &by_name, "--yes"])
        .await
        .exits(2)
        .says("\"Netherby Hall Hotel\" (no account number) cannot get it")
        .says(&format!(
            "NETH17 of BigChange contact 1017 is the account number of \"Netherby Hall Estates\" ({id})"
        ))
        .says(&format!("contact-sync link 1017 {id}"))
        .says("take the number away from it in Xero");
    ground
        .run(&["link", "1017", &id])
        .await
        .exits(2)
        .says("give --yes");
    let ran = ground.run(&["link", "1017", &id, "--yes"]).await.exits(0);
    ran.says(
        "\"Netherby Hall Hotel\" will be linked to the Xero contact \"Netherby Hall Estates\"",
    )
    .says("1017 Netherby Hall Hotel: linked");
    ground.run(&["problems", "1017"]).await.exits(0);
    ground
        .run(&["history", "1017"])
        .await
        .says("chosen by a person")
        .says("linked");
    assert_eq!(
        ground.xero_contact("Netherby Hall Estates").name(),
        by_number.name(),
        "it keeps its name"
    );
    ground
        .run(&["link", "1017", &id, "--yes"])
        .await
        .exits(0)
        .says("already");

    for (contact, xero, says) in [
        // Linked to another BigChange contact.
        (
            "1020",
            id.clone(),
            "linked to BigChange contact 1017: contact-sync unlink 1017 first",
        ),
        (
            "1017",
            ground.xero_contact("Hollin Bank Farm").id.to_string(),
            "contact-sync unlink 1017 first",
        ),
        (
            "1021",
            ground.xero_contact("Ribblehead Tea Rooms").id.to_string(),
            "has account reference RIBB21, but its Xero contact has account number RTR-009",
        ),
        (
            "1020",
            ground.xero_contact("Quernmore Textiles").id.to_string(),
            "is archived",
        ),
        (
            "1021",
            uuid::Uuid::from_u128(5).to_string(),
            "has no contact",
        ),
        ("1201", id.clone(), "does not take part"),
        ("1109", id.clone(), "is a site of contact 1001"),
        ("999999", id.clone(), "BigChange has no contact 999999"),
    ] {
        let ran = ground.run(&["link", contact, &xero, "--yes"]).await;
        ran.exits(2).says(says);
    }
}

#[tokio::test]
async fn a_likely_duplicate_is_shown_beside_its_namesake_until_a_person_says_which_it_is() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    // Before anything was created: side by side, and not ready.
    ground
        .run(&["check"])
        .await
        .exits(1)
        .says("1061 Addingham Plastering Limited")
        .says("likely the same: same name but for Limited")
        .says("Not ready yet");
    let plan = ground.run(&["plan", "--json"]).await.exits(0).json();
    let row = |id: u64| {
        let rows = plan["contacts"].as_array().unwrap().iter();
        let mut of = rows.filter(|row| row["contact"] == id);
        of.next().cloned().unwrap_or_default()
    };
    assert_eq!(row(1061)["code"], "PossibleDuplicate");
    assert_eq!(row(1061)["candidates"][0]["name"], "Addingham Plastering");
    // What is only possibly the same is shown too, and created.
    assert_eq!(row(1072)["outcome"], "create");
    let possible = &row(1072)["candidates"][0];
    assert_eq!(possible["name"], "Malhem Masonry");
    assert_eq!(possible["likeness"], "possibly the same");

    ground.run(&["sync", "--yes"]).await.exits(1);
    // Whose its namesake is, is known once that one is linked.
    ground.run(&["retry", "1071"]).await.exits(1);
    ground
        .run(&["problems", "1071"])
        .await
        .exits(1)
        .says("Fellside Lettings (account number FELLSIDE0001)")
        .says("linked to BigChange contact 1006");
    ground
        .run(&["link", "1061", "--new", "--yes"])
        .await
        .exits(0)
        .says("none of these Xero contacts")
        .says("1061 Addingham Plastering Limited: created");
    ground
        .run(&["history", "1061"])
        .await
        .exits(0)
        .says("another customer");
    let xero_id = ground.xero_contact("Elslack Aerials").id.to_string();
    ground
        .run(&["link", "1065", &xero_id, "--yes"])
        .await
        .exits(0)
        .says("1065 R Elslack t/a Elslack Aerials: linked");
    // Not held, so that there is nothing to be said.
    ground
        .run(&["link", "1001", "--new", "--yes"])
        .await
        .exits(2);

    ground
        .run(&["set", "HoldLikelyDuplicates=false", "--yes"])
        .await
        .exits(0);
    let check = ground.run(&["check", "--json"]).await.exits(1).json();
    assert_eq!(check["ready"], false);
    let beside = check["beside_likely"].as_array().unwrap();
    let is_1062 = |row: &&serde_json::Value| row["contact"] == 1062;
    let beside = beside.iter().find(is_1062).unwrap();
    assert_eq!(
        beside["candidates"][0]["name"],
        "Burnsall and Sons Removals Ltd"
    );
}

#[tokio::test]
async fn an_unlinked_contact_is_not_linked_to_the_same_one_again_by_itself() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    let xero = ground.xero_contact("Hollin Bank Farm");
    // A contact that was woken may still be worked.
    ground.stack.drain().await.unwrap();
    ground.stack.reset_calls();
    ground
        .run(&["unlink", "1008"])
        .await
        .exits(2)
        .says("give --yes");
    let ran = ground.run(&["unlink", "1008", "--yes"]).await.exits(0);
    ran.says("is not linked to that one again unless you say so")
        .says("The account reference HOLLIN0001 stays in both")
        .says("held as UnlinkedByPerson")
        .says("contact-sync link 1008 --new")
        .says("contact-sync plan --contact 1008");
    // Nothing is done before a person has looked.
    let calls = ground.stack.calls();
    assert_eq!(calls.bigchange_writes, 0);
    let clock_only = calls
        .xero
        .keys()
        .all(|kind| *kind == fake_xero::CallKind::Other);
    assert!(clock_only, "{:?}", calls.xero);
    ground
        .run(&["plan", "--contact", "1008"])
        .await
        .exits(0)
        .says("UnlinkedByPerson");
    ground.stack.sweep().await.unwrap();
    ground.stack.settle().await.unwrap();
    ground
        .run(&["problems", "1008"])
        .await
        .exits(1)
        .says("UnlinkedByPerson");
    ground
        .run(&["unlink", "1008", "--yes"])
        .await
        .exits(2)
        .says("is not linked");
    let now = ground.xero_contact("Hollin Bank Farm");
    assert_eq!(now.text("AccountNumber"), xero.text("AccountNumber"));
    // A person can take it back.
    let id = xero.id.to_string();
    ground
        .run(&["link", "1008", &id, "--yes"])
        .await
        .exits(0)
        .says("1008 Hollin Bank Farm: linked");
    ground
        .run(&["history", "1008"])
        .await
        .says("unlinked by a person")
        .says("chosen by a person");
}

#[tokio::test]
async fn an_unlinked_contact_becomes_a_new_customer_once_nothing_stands_in_the_way() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground.stack.drain().await.unwrap();
    // One that the synchronisation created keeps our number in Xero.
    ground.run(&["unlink", "1008", "--yes"]).await.exits(0);
    ground
        .run(&["link", "1008", "--new", "--yes"])
        .await
        .exits(2)
        .says("create the new customer in Xero by hand");
    let old = ground.xero_contact("Aire Valley Plumbing Ltd");
    ground.run(&["unlink", "1001", "--yes"]).await.exits(0);
    ground
        .run(&["sync", "--yes", "--contact", "1001"])
        .await
        .exits(1)
        .says("UnlinkedByPerson")
        .says("--new");
    let new = ["link", "1001", "--new", "--yes"];
    ground
        .run(&new)
        .await
        .exits(2)
        .says("has the name and the account reference of BigChange contact 1001");
    ground.edit(1001, |contact| {
        contact.name = "Quayside Lanterns".to_owned()
    });
    ground
        .run(&new)
        .await
        .exits(2)
        .says("has the account reference of BigChange contact 1001")
        .says("Financials → Terms");
    ground.edit(1001, |contact| {
        contact.account_reference = "QUAY1".to_owned()
    });
    ground
        .run(&["link", "1001", "--new"])
        .await
        .exits(2)
        .says("--yes");
    ground
        .run(&new)
        .await
        .exits(0)
        .says("1001 Quayside Lanterns: created");
    let now = ground.xero_contact("Aire Valley Plumbing Ltd");
    assert_eq!(now.text("AccountNumber"), old.text("AccountNumber"));
}

#[tokio::test]
async fn the_switch_is_turned_and_told_and_no_deployment_turns_it_back() {
    let mut ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["status"]).await.says("contact-sync, off");
    ground.run(&["enable"]).await.exits(2).says("give --yes");
    ground
        .run(&["enable", "--yes"])
        .await
        .exits(0)
        .says("is on.");
    ground
        .run(&["enable", "--yes"])
        .await
        .exits(0)
        .says("on already");
    ground.stack.deploy(Choices::AUTHORISED).await.unwrap();
    ground.run(&["status"]).await.says("contact-sync, on since");
    ground
        .run(&["disable", "--yes"])
        .await
        .exits(0)
        .says("is off.");
    ground
        .run(&["status"])
        .await
        .says("contact-sync, off since");
}

#[tokio::test]
async fn settings_are_set_and_everything_else_stays_as_it_was_deployed() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground
        .run(&["set", "MatchByName=perhaps", "--yes"])
        .await
        .exits(2)
        .says("nothing was changed: MatchByName is \"perhaps\": it takes true or false");
    ground
        .run(&["set", "LogRetentionDays=31", "--yes"])
        .await
        .exits(2)
        .says("it takes 7, 14, 30,");
    ground
        .run(&["set", "NoSuch=1", "--yes"])
        .await
        .exits(2)
        .says("the stack has no setting");
    ground
        .run(&["set", "CreateInXero=True", "--yes"])
        .await
        .exits(0);
    ground
        .run(&["set", "MatchByName=false", "HistoryDays=0", "--yes"])
        .await
        .exits(0)
        .says("is updated");
    let environment = ground
        .stack
        .environment_of(local_stack::Function::SyncContact)
        .await
        .unwrap();
    for (name, value) in [
        ("MATCH_BY_NAME", "false"),
        ("HISTORY_DAYS", "0"),
        ("CREATE_IN_XERO", "true"),
        ("GENERATE_ACCOUNT_REF", "true"),
        ("UPDATE_IN_XERO", "true"),
    ] {
        assert!(
            environment
                .iter()
                .any(|(known, set)| known.as_str() == name && set.as_str() == value),
            "{name} is not {value}"
        );
    }
}

#[tokio::test]
async fn it_is_not_switched_on_without_connections() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    ground
        .run(&["enable", "--yes"])
        .await
        .exits(2)
        .says("contact-sync connect xero");
}

#[tokio::test]
async fn whose_value_stays_is_said_of_a_contact_that_changed_in_both() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground
        .run(&["set", "OnConflict=hold", "--yes"])
        .await
        .exits(0);
    ground
        .run(&["keep", "1105", "--xero", "--yes"])
        .await
        .exits(2)
        .says("is not held for having been changed in both systems");
    ground.edit_in_xero("Embsay Electrical", "EmailAddress", "ledger@embsay.example");
    ground.edit(1105, |c| c.email = "office@embsay.example".to_owned());
    ground
        .run(&["sync", "--yes", "--contact", "1105"])
        .await
        .exits(1);
    ground
        .run(&["problems", "1105"])
        .await
        .exits(1)
        .says("ChangedInBoth")
        .says("office@embsay.example")
        .says("ledger@embsay.example");
    ground.run(&["keep", "1105", "--yes"]).await.exits(2);
    ground
        .run(&["keep", "1105", "--xero"])
        .await
        .exits(2)
        .says("give --yes");
    ground
        .run(&["keep", "1105", "--xero", "--yes"])
        .await
        .exits(0)
        .says("Xero's values stay there")
        .says("1105 Embsay Electrical");
    ground
        .run(&["history", "1105"])
        .await
        .says("whose values stay, said by a person");
    let stays = ground.xero_contact("Embsay Electrical");
    assert_eq!(stays.text("EmailAddress"), "ledger@embsay.example");
}

#[tokio::test]
async fn check_and_plan_find_links_that_are_no_longer_true_and_count_alike() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground.edit_in_xero("Hollin Bank Farm", "ContactStatus", "ARCHIVED");
    ground.edit_in_xero("Embsay Electrical", "AccountNumber", "EMB-NEW");
    let check = ground.run(&["check", "--json"]).await.exits(1).json();
    let plan = ground.run(&["plan", "--json"]).await.exits(0).json();
    let held = check["contacts"].as_array().unwrap();
    let code_of = |id: u64| {
        let row = held.iter().find(|row| row["contact"] == id);
        row.map_or("", |row| row["code"].as_str().unwrap())
    };
    assert_eq!(code_of(1008), "ArchivedInXero");
    assert_eq!(code_of(1105), "AccountReferenceChanged");
    let planned = plan["totals"].as_array().unwrap().iter();
    let problems = planned
        .clone()
        .find(|total| total["outcome"] == "problem")
        .unwrap();
    assert_eq!(problems["contacts"], held.len());
    let recorded = check["recorded"]["problems"].as_u64().unwrap();
    assert_eq!(recorded + 2, u64::try_from(held.len()).unwrap());
    assert_eq!(plan["recorded"], check["recorded"]);
    ground
        .run(&["plan"])
        .await
        .says("2 of those here are not recorded yet");
    // A person who asks for one of them has it looked at.
    ground
        .run(&["sync", "--yes", "--contact", "1008"])
        .await
        .exits(1);
    ground
        .run(&["problems", "1008"])
        .await
        .exits(1)
        .says("ArchivedInXero");
}
