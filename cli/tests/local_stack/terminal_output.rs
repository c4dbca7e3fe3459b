//! How the tool behaves: help, outputs, exit codes, errors.

use std::process::Stdio;

use local_stack::company::Choices;
use tokio::io::AsyncBufReadExt as _;

use crate::harness::{Ground, ran};

/// Where nothing listens.
async fn run_alone(arguments: &[&str]) -> crate::harness::Ran {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_contact-sync"));
    let output = command
        .env_clear()
        .current_dir("/")
        // Where this runs on a machine of AWS, its own role must not be found.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    ran(output.await.unwrap())
}

#[tokio::test]
async fn every_command_explains_itself_and_most_by_example() {
    let help = run_alone(&["--help"]).await.exits(0);
    let help = help.says("Exit codes:").says("Examples:");
    let commands: Vec<String> = help
        .out
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    assert_eq!(
        commands,
        [
            "connect",
            "check",
            "plan",
            "sync",
            "status",
            "problems",
            "retry",
            "link",
            "unlink",
            "keep",
            "enable",
            "disable",
            "disconnect",
            "set",
            "history",
            "forget",
            "groups",
            "completions",
            "help"
        ]
    );
    for command in commands.iter().filter(|command| *command != "help") {
        let help = run_alone(&[command, "--help"]).await.exits(0);
        help.says("Usage: contact-sync");
    }
    for command in [
        "check",
        "plan",
        "sync",
        "problems",
        "retry",
        "link",
        "unlink",
        "keep",
        "history",
        "completions",
    ] {
        run_alone(&[command, "--help"]).await.says("Example");
    }
}

#[tokio::test]
async fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run_alone(&["completions", shell]).await.exits(0);
        assert!(ran.out.contains("dead-letters"), "{shell}");
    }
}

#[tokio::test]
async fn errors_say_what_to_do_next() {
    run_alone(&["--local", "status"])
        .await
        .exits(2)
        .says("make demo KEEP=1");
    run_alone(&["status"])
        .await
        .exits(2)
        .says("which stack?")
        .says("CONTACT_SYNC_STACK");
    run_alone(&["--stack", "x", "status"])
        .await
        .exits(2)
        .says("--region");
    // Where nothing answers, in a line or two and not in the SDK's own words.
    let ran = run_alone(&["--stack", "x", "--region", "eu-west-2", "status"]).await;
    let ran = ran.exits(2).says("aws sts get-caller-identity");
    assert!(
        ran.err.len() < 500 && !ran.err.contains("DispatchFailure"),
        "{}",
        ran.err
    );
    run_alone(&["retry"]).await.exits(2).says("--dead-letters");
    run_alone(&["plan", "--contact", "zero"])
        .await
        .exits(2)
        .says("--contact");
    let ran = run_alone(&["--local=http://127.0.0.1:1", "status"])
        .await
        .exits(2);
    ran.says("is it still running (make demo KEEP=1)?");
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let ran = ground
        .run(&["--stack", "mistyped", "status"])
        .await
        .exits(2);
    ran.says("there is no stack mistyped").says("--stack");
    for command in [
        ["plan"].as_slice(),
        &["check"],
        &["sync", "--yes"],
        &["problems"],
        &["history", "1"],
        &["retry", "--all"],
    ] {
        ground
            .run(command)
            .await
            .exits(2)
            .says("contact-sync connect xero");
    }
}

#[tokio::test]
async fn nothing_but_text_and_json_goes_to_what_is_no_terminal() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let mut is_coloured = false;
    for command in [
        ["plan"].as_slice(),
        &["check"],
        &["sync", "--yes"],
        &["status"],
        &["problems"],
        &["problems", "1021"],
        &["history", "1008"],
    ] {
        let plain = ground.run(command).await;
        assert!(plain.code < 2, "{command:?}: {}", plain.err);
        assert!(
            !plain.out.contains('\u{1b}') && !plain.err.contains('\u{1b}'),
            "{command:?}"
        );
        // Whatever a terminal-less environment claims, NO_COLOR is heeded.
        let forced = [("CLICOLOR_FORCE", "1"), ("TERM", "xterm-256color")];
        let coloured = ground.run_with(command, &forced).await;
        is_coloured |= coloured.out.contains('\u{1b}');
        let variables = [
            ("CLICOLOR_FORCE", "1"),
            ("NO_COLOR", "1"),
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
        ];
        let plain = ground.run_with(command, &variables).await;
        assert!(!plain.out.contains('\u{1b}'), "{command:?}");
        let mut as_json = command.to_vec();
        as_json.push("--json");
        ground.run(&as_json).await.json();
    }
    assert!(is_coloured, "there is colour to be dropped");
}

#[tokio::test]
async fn no_secret_and_with_verbose_no_personal_data_is_logged() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let ran = ground
        .run(&["-vv", "plan", "--only", "unchanged"])
        .await
        .exits(0);
    let token = ground
        .secret(&ground.stack.outputs().xero_token_secret)
        .await;
    let company = ground.stack.bigchange.core().dump();
    let mut secrets = vec![
        token["access_token"].as_str().unwrap().to_owned(),
        token["refresh_token"].as_str().unwrap().to_owned(),
    ];
    for contact in company.contacts {
        secrets.extend(
            [contact.name, contact.email, contact.phone]
                .into_iter()
                .filter(|text| text.len() > 5),
        );
    }
    for secret in secrets {
        assert!(!ran.err.contains(&secret), "{secret} is in the log");
    }
    assert!(
        ran.err.contains("INFO"),
        "it logs when asked to: {}",
        ran.err
    );
}

#[tokio::test]
async fn a_reader_that_has_read_enough_is_no_failure() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let mut child = ground
        .command(&["plan", "--format", "html"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    ran(output).exits(0);
}

/// Ctrl-C.
async fn interrupt(child: &tokio::process::Child) {
    let pid = child.id().unwrap().to_string();
    let killed = tokio::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(killed.await.unwrap().success());
}

/// Waits until BigChange has been asked this. It answers later, where it is slow.
async fn until_called(ground: &Ground, action: &str) {
    let is_it = |call: &fake_bigchange::Call| call.action.eq_ignore_ascii_case(action);
    for _ in 0..600 {
        if ground.stack.bigchange.core().calls().iter().any(is_it) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("BigChange is not asked for {action}");
}

#[tokio::test]
async fn ctrl_c_in_the_middle_of_a_sweep_waits_for_its_end_and_a_second_does_not() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let latency = std::time::Duration::from_secs(3);
    ground.stack.bigchange.set_latency(latency);
    let child = ground.command(&["sync", "--yes"]).spawn().unwrap();
    until_called(&ground, "ContactListByGroupPaged").await;
    interrupt(&child).await;
    let output = child.wait_with_output().await.unwrap();
    ran(output)
        .exits(130)
        .says("Ctrl-C once more ends it at once")
        .says("what is queued goes on without this tool");
    // Everything is queued, and its lease is given back: the next need not wait for its end.
    ground
        .stack
        .bigchange
        .set_latency(std::time::Duration::ZERO);
    ground.stack.settle().await.unwrap();
    let began = std::time::Instant::now();
    ground.run(&["sync", "--yes", "--no-wait"]).await.exits(0);
    assert!(began.elapsed() < std::time::Duration::from_secs(60));
    ground.stack.drain().await.unwrap();
    let records = ground.stack.remembered().await.unwrap();
    assert!(records.contacts.len() > 20, "{}", records.contacts.len());

    ground.stack.reset_calls();
    ground.stack.bigchange.set_latency(latency * 10);
    let mut child = ground.command(&["sync", "--yes"]).spawn().unwrap();
    until_called(&ground, "ContactListByGroupPaged").await;
    interrupt(&child).await;
    // Not before the first has been taken, or the system makes one of two.
    let mut said = String::new();
    let mut lines = tokio::io::BufReader::new(child.stderr.take().unwrap());
    while !said.contains("Ctrl-C once more") {
        assert_ne!(lines.read_line(&mut said).await.unwrap(), 0, "{said}");
    }
    let began = std::time::Instant::now();
    interrupt(&child).await;
    let output = child.wait_with_output().await.unwrap();
    assert!(began.elapsed() < latency, "at once");
    ran(output).exits(130);
}

#[tokio::test]
async fn ctrl_c_ends_it_at_once_and_the_work_goes_on() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    // Known from now on, so that only a worker asks for it.
    ground
        .run(&["sync", "--yes", "--contact", "1008"])
        .await
        .exits(1);
    ground.stack.reset_calls();
    // The functions cannot get on, so the tool would follow for long.
    let mut command = ground.command(&["sync", "--yes", "--contact", "1008"]);
    ground
        .stack
        .bigchange
        .set_latency(std::time::Duration::from_secs(3));
    let child = command.spawn().unwrap();
    // A worker asks for the contact: so it is queued, and the tool follows along.
    until_called(&ground, "ContactDetail").await;
    interrupt(&child).await;
    let began = std::time::Instant::now();
    let output = child.wait_with_output().await.unwrap();
    assert!(
        began.elapsed() < std::time::Duration::from_secs(2),
        "at once"
    );
    ran(output)
        .exits(130)
        .says("what is queued goes on without this tool");
    ground
        .stack
        .bigchange
        .set_latency(std::time::Duration::ZERO);
    ground.stack.drain().await.unwrap();
    let records = ground.stack.remembered().await.unwrap();
    let contact = rules::ContactId::try_from(1008).unwrap();
    let is_known = records.contacts.contains_key(&contact)
        || records.deferred.contains_key(&contact)
        || records.problems.contains_key(&contact);
    assert!(is_known, "the functions worked it");
}
