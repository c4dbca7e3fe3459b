//! A typing mistake never looks like good news; and what is asked before something is written.

use local_stack::company::Choices;

use crate::harness::{Ground, ran};

#[tokio::test]
async fn a_contact_that_does_not_exist_is_no_good_news() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    for command in [
        &["problems", "9999"][..],
        &["sync", "--contact", "9999", "--yes"],
        &["sync", "--contact", "1001,9999", "--yes"],
        &["retry", "9999"],
        &["history", "9999"],
        &["plan", "--contact", "9999"],
        &["forget", "9999", "--yes"],
    ] {
        let ran = ground.run(command).await.exits(2);
        ran.says("BigChange has no contact 9999");
    }
    ground.run(&["unlink", "9999", "--yes"]).await.exits(2);
    // One that BigChange has, and of which nothing is stored, has no problem.
    ground
        .run(&["problems", "1001"])
        .await
        .exits(0)
        .says("no open problem");
    // That nobody answers is not said to be a mistake.
    {
        let mut core = ground.stack.bigchange.core();
        core.credentials.password = "another".to_owned();
    }
    ground
        .run(&["history", "9999"])
        .await
        .exits(2)
        .says("BigChange cannot be asked for it now");
}

#[tokio::test]
async fn link_takes_an_address_and_says_what_an_id_looks_like() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground
        .run(&["link", "1017", "Netherby", "--yes"])
        .await
        .exits(2)
        .says("5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77");
    ground
        .run(&["link", "1017"])
        .await
        .exits(2)
        .says("<XERO-CONTACT|--new>");
    ground
        .run(&[
            "link",
            "1017",
            "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77",
            "--new",
        ])
        .await
        .exits(2);
    ground.run(&["sync", "--yes"]).await.exits(1);
    let estates = ground.xero_contact("Netherby Hall Estates").id;
    let address = format!("https://go.xero.com/app/!abC12/contacts/contact/{estates}");
    ground
        .run(&["link", "1017", &address, "--yes"])
        .await
        .exits(0)
        .says("1 linked");
}

#[tokio::test]
async fn sync_asks_before_it_writes_and_not_where_it_would_write_nothing() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let before = ground.table().await;
    ground
        .run(&["sync"])
        .await
        .exits(2)
        .says("to create in Xero")
        // By name, although it is only possibly the same customer.
        .says("1072 ")
        .says("Malhem Masonry")
        .says("possibly the same")
        .says("Nothing is written before you say yes")
        .says("--yes");
    ground
        .run(&["sync", "--only", "creates"])
        .await
        .exits(2)
        .says("--yes");
    ground
        .run(&["sync", "--contact", "1008"])
        .await
        .exits(2)
        .says("could not be decided about now: 1");
    assert_eq!(ground.table().await, before, "nothing was written");
    ground.run(&["sync", "--yes"]).await.exits(1);
    // Linked and unchanged: there is nothing to ask.
    ground
        .run(&["sync", "--contact", "1008"])
        .await
        .exits(0)
        .says("unchanged");
}

#[tokio::test]
async fn groups_are_listed_before_and_after_the_deployment() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    let listed = ground.run(&["groups", "--json"]).await.exits(1).json();
    let group = |id: u64| {
        let mut groups = listed["groups"].as_array().unwrap().iter();
        groups.find(|group| group["id"] == id).unwrap().clone()
    };
    assert_eq!(group(101)["setting"], "AccountGroupIds");
    assert_eq!(group(103)["setting"], "SiteGroupIds");
    assert!(group(104)["setting"].is_null());
    assert!(group(101)["parents"].as_u64().unwrap() > 10);
    ground
        .run(&["groups"])
        .await
        .says("102 Trade accounts (AccountGroupIds): mixed: site contacts do not belong here");
    // Before there is a stack.
    let mut alone = tokio::process::Command::new(env!("CARGO_BIN_EXE_contact-sync"));
    let output = alone
        .env_clear()
        .envs([
            ("BIGCHANGE_USERNAME", "fake-user"),
            ("BIGCHANGE_PASSWORD", "fake-password"),
            ("BIGCHANGE_KEY", "fake-key"),
        ])
        .args(["groups", "--bigchange-url", &ground.stack.bigchange.url()])
        .stdin(std::process::Stdio::null())
        .output();
    ran(output.await.unwrap())
        .exits(0)
        .says("101")
        .says("AccountGroupIds");
    // An id that is none.
    ground
        .run(&["set", "AccountGroupIds=101,999", "--yes"])
        .await
        .exits(2)
        .says("no contact group 999")
        .says("101 ");
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_named_wherever_groups_matter() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    // Where BigChange cannot be asked, the setting is taken unseen.
    let password = {
        let mut core = ground.stack.bigchange.core();
        std::mem::replace(&mut core.credentials.password, "another".to_owned())
    };
    let ids = ["set", "AccountGroupIds=998", "SiteGroupIds=999", "--yes"];
    ground.run(&ids).await.exits(0);
    ground.stack.bigchange.core().credentials.password = password;
    ground
        .run(&["groups"])
        .await
        .exits(1)
        .says("998 (AccountGroupIds): missing")
        .says("999 (SiteGroupIds): missing");
    ground
        .run(&["check"])
        .await
        .exits(1)
        .says("BigChange has no contact group 998 (AccountGroupIds), 999 (SiteGroupIds)")
        .says("101 Customers")
        .says("Not ready yet");
    // Where BigChange refuses them all, nothing can be counted, but what there is is told.
    let refused = "The group does not exist".to_owned();
    ground.stack.bigchange.core().behaviour.refused_groups =
        [(998, refused.clone()), (999, refused)].into();
    for command in [&["check"][..], &["plan"], &["sync", "--yes"]] {
        ground
            .run(command)
            .await
            .exits(2)
            .says("BigChange has no contact group 998 (AccountGroupIds)")
            .says("101 Customers");
    }
}

#[tokio::test]
async fn status_tells_news_once() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground.run(&["status"]).await.exits(1);
    ground.run(&["status", "--only-new"]).await.exits(1);
    for _ in 0..2 {
        ground.run(&["status", "--only-new"]).await.exits(0);
    }
    // One more is held.
    ground.edit(1008, |contact| contact.name = "x".repeat(300));
    ground.run(&["sync", "--yes", "--contact", "1008"]).await;
    let again = ground.run(&["status", "--only-new"]).await;
    let held = again.says("held by a problem");
    assert!(held.code <= 1, "{}", held.err);
}

#[tokio::test]
async fn notices_are_told_where_outcomes_are() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.edit(1008, |contact| {
        "no address".clone_into(&mut contact.email);
        "HOLL1".clone_into(&mut contact.account_reference);
    });
    let plan = ["plan", "--contact", "1008", "--json"];
    let notice = |plan: serde_json::Value| {
        let notice = &plan["contacts"][0]["notices"][0];
        notice.as_str().unwrap_or_default().to_owned()
    };
    let planned = notice(ground.run(&plan).await.exits(0).json());
    assert!(planned.contains("will not be sent to Xero"), "{planned}");
    ground
        .run(&["sync", "--yes", "--contact", "1008"])
        .await
        .says("Good to know: The email was not sent");
    let done = notice(ground.run(&plan).await.exits(0).json());
    assert!(done.contains("was not sent to Xero"), "{done}");
    ground
        .run(&["problems", "--notices"])
        .await
        .exits(0)
        .says("1008")
        .says("The email was not sent");
    let csv = ["problems", "--notices", "--format", "csv"];
    let ran = ground.run(&csv).await.exits(0);
    assert!(
        ran.out
            .contains("\"contact_id\",\"name\",\"notice\",\"sentence\""),
        "{}",
        ran.out
    );
    ran.says("\"1008\",\"Hollin Bank Farm\",\"FieldLeftOut\",\"The email was not sent");
    let folder = std::env::temp_dir().join(format!("notices-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("notices.html");
    let name = file.to_str().unwrap();
    let html = [
        "problems",
        "--notices",
        "--format",
        "html",
        "--output",
        name,
    ];
    ground.run(&html).await.exits(0).says("Written to");
    let page = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    for part in ["Hollin Bank Farm", "The email was not sent", "go.xero.com"] {
        assert!(page.contains(part), "{part}");
    }
    ground.run(&["status"]).await.says("problems --notices");
    ground.run(&["check"]).await.says("Good to know of");
}

#[tokio::test]
async fn before_anything_is_connected_the_tool_says_so() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    for command in [&["check"][..], &["plan"], &["sync", "--yes"], &["status"]] {
        let ran = ground.run(command).await;
        let said = format!("{}{}", ran.out, ran.err);
        assert!(
            said.contains("connected yet: contact-sync connect"),
            "{command:?}: {said}"
        );
        for idiom in ["has run out", "text in quotes"] {
            assert!(!said.contains(idiom), "{command:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_command_that_is_named_has_the_local_stack_that_was_given() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    let local = format!("contact-sync --local={}", ground.stack.aws().endpoint());
    for (command, names) in [
        (&["status"][..], "problems)"),
        (&["problems", "1017"], "retry 1017"),
        (&["check"], "check --format html"),
    ] {
        let output = ground.command(command).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(&format!("{local} {names}")), "{said}");
        assert!(!said.contains(&format!("{local} --local")), "{said}");
    }
    // What is for others names no stack of this machine.
    for format in ["csv", "html", "json"] {
        let command = ["problems", "--format", format];
        let output = ground.command(&command).output().await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains("--local"), "{format}");
    }
}
