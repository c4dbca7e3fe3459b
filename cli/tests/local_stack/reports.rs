//! Reports that can be worked with: the same order in every form, links to Xero, the admin's words.

use local_stack::company::Choices;
use serde_json::{Value, json};

use crate::harness::Ground;

const PAGES: &str = "https://go.xero.com/app/";

/// What stands between two texts, wherever that is.
fn all_between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(start).skip(1);
    parts
        .map(|part| part.split(end).next().unwrap_or_default())
        .collect()
}

/// The header and the rows of a spreadsheet.
fn read_csv(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = text.strip_prefix('\u{feff}').expect("a byte-order mark");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header = owned(reader.headers().unwrap());
    let rows = reader.records().map(|record| owned(&record.unwrap()));
    (header, rows.collect())
}

fn column<'a>(header: &[String], row: &'a [String], name: &str) -> &'a str {
    let at = header.iter().position(|column| column == name);
    &row[at.unwrap_or_else(|| panic!("{name} in {header:?}"))]
}

#[tokio::test]
async fn every_form_shows_the_same_order_and_what_xero_has() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground.stack.drain().await.unwrap();
    let name = "Hollin Bank Farm";
    let in_xero = ground.xero_contact(name).id;
    ground.edit_in_xero(name, "Name", "Hollin Bank Farm (North)");

    let plan = ground.run(&["plan", "--json"]).await.exits(0).json();
    let rows = plan["contacts"].as_array().unwrap();
    let ids: Vec<String> = rows.iter().map(|row| row["contact"].to_string()).collect();
    let outcomes: Vec<&str> = rows
        .iter()
        .map(|row| row["outcome"].as_str().unwrap())
        .collect();
    let mut parts = outcomes.clone();
    parts.dedup();
    let expected = [
        "problem",
        "link",
        "update",
        "put-off",
        "unchanged",
        "left-alone",
    ];
    let expected = expected.into_iter().filter(|part| outcomes.contains(part));
    assert_eq!(
        parts,
        expected.collect::<Vec<_>>(),
        "the most harmful first"
    );
    let row = rows.iter().find(|row| row["contact"] == 1008).unwrap();
    assert_eq!(row["xero"], "Hollin Bank Farm (North)");
    assert_eq!(row["xero_account_number"], row["reference"]);
    assert_eq!(row["differs"], json!(["name"]));
    let page = format!("{PAGES}!Fake1/contacts/contact/{in_xero}");
    assert_eq!(row["xero_page"], page.as_str());
    for row in rows {
        let is_linked = row["xero_id"] != "";
        assert_eq!(row["xero_page"] != "", is_linked, "{row}");
        for candidate in row["candidates"].as_array().unwrap() {
            let id = candidate["id"].as_str().unwrap();
            let page = format!("{PAGES}!Fake1/contacts/contact/{id}");
            assert_eq!(candidate["page"], page.as_str());
        }
    }

    let html = ground.run(&["plan", "--format", "html"]).await.exits(0).out;
    assert_eq!(all_between(&html, "<bdi class=\"i\">", "</bdi>"), ids);
    assert!(html.contains(&format!("<a href=\"{page}\"")));
    let differs = rows.iter().filter(|row| {
        let mut differs = row["differs"].as_array().unwrap().iter();
        differs.any(|field| field == "name")
    });
    let marks = all_between(&html, "from the name in BigChange", "<");
    assert_eq!(marks.len(), differs.count(), "each one that differs");

    let text = ground.run(&["plan", "--format", "csv"]).await.exits(0).out;
    let (header, rows) = read_csv(&text);
    let in_csv: Vec<&str> = rows
        .iter()
        .map(|row| column(&header, row, "contact_id"))
        .collect();
    assert_eq!(in_csv, ids);
    let row = &rows[in_csv.iter().position(|&id| id == "1008").unwrap()];
    assert_eq!(column(&header, row, "xero_page"), page);
    assert_eq!(column(&header, row, "differs_from_bigchange"), "name");

    // On a terminal a sign marks it; a plan of one contact asks Xero for that one.
    let ran = ground.run(&["plan", "--contact", "1008"]).await.exits(0);
    ran.says("≠").says("differs from what BigChange has");
    let ran = ground.run(&["check"]).await.exits(1);
    ran.says("Under another name or account number in Xero")
        .says("≠ Hollin Bank Farm (North)");
}

#[tokio::test]
async fn without_a_short_code_there_is_no_link_and_a_hostile_one_leads_nowhere() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    for short_code in [None, Some("\"><script>"), Some("//evil.example")] {
        let short_code = short_code.map(str::to_owned);
        ground.stack.xero.core().config_mut().short_code = short_code.clone();
        for command in ["plan", "check", "problems"] {
            let html = ground.run(&[command, "--format", "html"]).await.out;
            let links = all_between(&html, "<a href=\"", "\"");
            assert!(links.is_empty(), "{command} {short_code:?}: {links:?}");
            assert!(!html.contains("evil.example") && html.contains(", id <code>"));
        }
        let told = ground.run(&["problems", "--json"]).await.exits(1).json();
        for problem in told["problems"].as_array().unwrap() {
            for candidate in problem["candidates"].as_array().unwrap() {
                assert_eq!(candidate["page"], "");
            }
        }
    }
    ground.stack.xero.core().config_mut().short_code = Some("!23vhN".to_owned());
    let ran = ground.run(&["problems", "1021"]).await.exits(1);
    ran.says("https://go.xero.com/app/!23vhN/contacts/contact/");
}

#[tokio::test]
async fn who_has_no_terminal_reads_no_parameter_and_every_group_by_its_name() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    for command in ["plan", "check", "problems"] {
        for format in ["html", "csv"] {
            let told = ground.run(&[command, "--format", format]).await.out;
            for parameter in ["InXero=", "GenerateAccountRef", "GroupIds", "HoldLikely"] {
                assert!(!told.contains(parameter), "{command} {format}: {parameter}");
            }
            assert!(told.contains("let the synchronisation create contacts"));
            if format == "html" {
                assert!(told.contains("Trade accounts ("), "{command}: by its name");
            }
        }
    }
    // Whoever deploys it is told the parameter, after the words.
    let ran = ground.run(&["problems"]).await.exits(1);
    let out = ran.out.replace(['\n', '│', '┆'], " ");
    let words: Vec<&str> = out.split_whitespace().collect();
    assert!(words.contains(&"CreateInXero=true)."), "{}", ran.out);
}

#[tokio::test]
async fn a_spreadsheet_begins_with_its_mark_and_has_candidates_and_seconds() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    for command in ["plan", "check", "problems"] {
        let text = ground.run(&[command, "--format", "csv"]).await.out;
        let (header, rows) = read_csv(&text);
        let of = |code: &str| {
            let mut rows = rows.iter();
            let row = rows.find(|row| column(&header, row, "problem") == code);
            row.unwrap_or_else(|| panic!("{command}: {code}"))
        };
        let candidates = column(&header, of("NameTakenInXero"), "candidates");
        assert!(candidates.contains(PAGES), "{command}: {candidates}");
        for row in &rows {
            for cell in row {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{command}: {cell}");
            }
        }
        if command == "problems" {
            let seen = column(&header, of("NameTakenInXero"), "first_seen_uk_time");
            let shape: String = seen
                .chars()
                .map(|c| if c.is_ascii_digit() { '0' } else { c })
                .collect();
            assert_eq!(shape, "0000-00-00 00:00:00", "{seen}");
        }
    }
    let told: Value = ground.run(&["problems", "--json"]).await.json();
    let seen = told["problems"][0]["first_seen"].as_str().unwrap();
    assert!(seen.ends_with('Z'), "programs get UTC: {seen}");
}
