//! Search, filters and orders.

use anyhow::{Context, Result, bail};
use fantoccini::Locator;
use serde_json::json;

use crate::browser::{Browser, DESK, sentence};
use crate::support;

#[tokio::test]
async fn filters_by_outcome_and_problem_narrow_the_list_and_say_how_many() -> Result<()> {
    let browser = Browser::open(&support::plan_report(120), DESK).await?;
    let (all, said) = browser.shown().await?;
    assert_eq!(said, sentence(all, all));
    assert_eq!(
        browser
            .run("return document.getElementById('count').getAttribute('aria-live')")
            .await?,
        json!("polite")
    );

    for outcome in browser
        .list("return Array.from(document.querySelectorAll('.toggle'), e => e.dataset.outcome)")
        .await?
    {
        let toggle = format!(".toggle[data-outcome='{outcome}']");
        let of_it = browser
            .number(&format!(
                "return document.querySelectorAll(\".row[data-o='{outcome}']\").length"
            ))
            .await?;
        assert!(of_it > 0, "{outcome} is offered only where there is one");
        browser.click(&toggle).await?;
        assert_eq!(
            browser.shown().await?,
            (of_it, sentence(of_it, all)),
            "{outcome}"
        );
        assert_eq!(
            browser
                .run(&format!(
                    "return document.querySelector(\"{toggle}\").getAttribute('aria-pressed')"
                ))
                .await?,
            json!("true")
        );
        let others = format!(
            "return document.querySelectorAll(\".row:not([hidden]):not([data-o='{outcome}'])\").length"
        );
        assert_eq!(browser.number(&others).await?, 0);
        browser.click(&toggle).await?;
        assert_eq!(browser.shown().await?.0, all);
    }

    let codes = browser.list("return Array.from(document.getElementById('problem').options, e => e.value).filter(Boolean)").await?;
    let code = codes.first().context("the sample has a problem")?;
    browser
        .client
        .find(Locator::Id("problem"))
        .await?
        .select_by_value(code)
        .await?;
    let of_it = browser
        .number(&format!(
            "return document.querySelectorAll(\".row[data-c='{code}']\").length"
        ))
        .await?;
    assert!(of_it > 0, "the first one stands for all its cures");
    assert_eq!(browser.shown().await?, (of_it, sentence(of_it, all)));

    // A reload keeps it; the button takes it away.
    browser.client.refresh().await?;
    browser.until("return document.readyState === 'complete' && document.documentElement.classList.contains('js')").await?;
    assert_eq!(
        browser.shown().await?,
        (of_it, sentence(of_it, all)),
        "after a reload"
    );
    browser.click("#clear").await?;
    assert_eq!(browser.shown().await?.0, all);

    // The to-do list leads to its contacts.
    browser.click("[data-show]").await?;
    let of_cure = "return document.querySelectorAll('.row[data-t=\"' + document.querySelector('[data-show]').dataset.show + '\"]').length";
    let of_cure = browser.number(of_cure).await?;
    assert!(of_cure > 0 && of_cure < of_it, "{of_cure} of {of_it}");
    assert_eq!(
        browser.shown().await?,
        (of_cure, sentence(of_cure, all)),
        "from the to-do list"
    );

    // Nothing fits: said, with a way back.
    browser.search("no contact is called this").await?;
    assert_eq!(browser.shown().await?, (0, sentence(0, all)));
    browser.click("#empty button").await?;
    assert_eq!(browser.shown().await?.0, all);
    browser.close().await
}

/// The number in a text: 1,234 is 1234.
fn number_in(text: &str) -> Result<u64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().with_context(|| text.to_owned())
}

#[tokio::test]
async fn each_number_beside_a_filter_is_that_of_the_rows_it_shows() -> Result<()> {
    for html in [
        support::plan_report(120),
        support::check_report(),
        support::part_of_a_plan(120),
    ] {
        let browser = Browser::open(&html, DESK).await?;
        let all = browser.shown().await?.0;
        // Each line of the to-do list leads to as many contacts as it counts.
        let counts = browser
            .list("return Array.from(document.querySelectorAll('.todo .big'), e => e.firstChild.data)")
            .await?;
        assert!(counts.len() > 1, "one problem has two cures: {counts:?}");
        for (at, told) in counts.iter().enumerate() {
            browser
                .run(&format!(
                    "document.querySelectorAll('[data-show]')[{at}].click()"
                ))
                .await?;
            let told = number_in(told)?;
            assert_eq!(browser.shown().await?, (told, sentence(told, all)));
            let chosen = "const s = document.getElementById('problem'); return s.options[s.selectedIndex].textContent";
            let chosen = browser.text(chosen).await?;
            assert!(chosen.ends_with(&format!("({told})")), "{chosen}: {told}");
        }
        browser.click("#clear").await?;

        // So does each filter, alone and on top of others.
        let filters = "return Array.from(document.querySelectorAll('.toggle:not([hidden])'), e => e.dataset.outcome)";
        let outcomes = browser.list(filters).await?;
        let problems = browser
            .list("return Array.from(document.getElementById('problem').options, e => e.value)")
            .await?;
        for words in ["", "customer 1"] {
            browser.search(words).await?;
            for problem in &problems {
                let choose = format!(
                    "const s = document.getElementById('problem'); s.value = {}; s.dispatchEvent(new Event('change')); \
                     const told = s.options[s.selectedIndex].textContent.match(/\\(([\\d,]+)\\)$/); return told ? told[1] : ''",
                    json!(problem)
                );
                let told = browser.text(&choose).await?;
                let shown = browser.shown().await?.0;
                if !problem.is_empty() {
                    assert_eq!(number_in(&told)?, shown, "{problem} {words}");
                }
                for outcome in &outcomes {
                    let toggle = format!(".toggle[data-outcome='{outcome}']");
                    let told =
                        format!("return document.querySelector(\"{toggle} .num\").textContent");
                    let told = number_in(&browser.text(&told).await?)?;
                    browser.click(&toggle).await?;
                    let shown = browser.shown().await?.0;
                    assert_eq!(shown, told, "{outcome} {problem} {words}");
                    browser.click(&toggle).await?;
                }
            }
        }
        browser.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn search_finds_by_name_number_and_reference() -> Result<()> {
    let browser = Browser::open(&support::plan_report(120), DESK).await?;
    browser.search("ZEBRA sohne").await?;
    assert_eq!(
        browser.names().await?,
        ["Zebra & Söhne \"Ltd\""],
        "by name, whatever the case and the accents"
    );

    let first = "const row = Array.from(document.querySelectorAll('.row')).filter(e => e.querySelector('.r'))[5];";
    let name = browser
        .text(&format!(
            "{first} return row.querySelector('.n').textContent"
        ))
        .await?;
    for part in [".i", ".r"] {
        let words = browser
            .text(&format!(
                "{first} return row.querySelector('{part}').textContent"
            ))
            .await?;
        browser.search(&words).await?;
        let names = browser.names().await?;
        assert!(names.contains(&name), "{words} finds {name}: {names:?}");
        let fits = "return Array.from(document.querySelectorAll('.row:not([hidden])')).every(e => e.textContent.toLowerCase().includes(arguments[0].toLowerCase()))";
        assert_eq!(
            browser.client.execute(fits, vec![json!(words)]).await?,
            json!(true),
            "{words} finds nothing else"
        );
    }

    // What a reference becomes stands among the changes, not where it would be taken for what is
    // there; and it is found.
    let becomes = "const row = Array.from(document.querySelectorAll('.o-create')).at(-1); \
        return [row.querySelector('.n').textContent, row.querySelector('.a').textContent, row.querySelectorAll('.r').length]";
    let becomes = browser.list(becomes).await?;
    let [name, reference, shown] = becomes.as_slice() else {
        bail!("{becomes:?}");
    };
    assert_eq!(shown, "0", "{name} has no account reference yet");
    browser.search(reference).await?;
    assert_eq!(
        browser.names().await?,
        std::slice::from_ref(name),
        "{reference}"
    );

    browser.search("<script>").await?;
    assert_eq!(browser.names().await?, ["<script>window.hacked=1</script>"]);
    browser.search("").await?;
    assert!(browser.names().await?.len() >= 120);
    browser.close().await
}

#[tokio::test]
async fn sorting_reorders() -> Result<()> {
    let browser = Browser::open(&support::plan_report(60), DESK).await?;
    let sort = browser.client.find(Locator::Id("sort")).await?;
    let part = |class: &str| {
        format!(
            "return Array.from(document.querySelectorAll('.row'), e => (e.querySelector('{class}') || {{ textContent: '' }}).textContent)"
        )
    };

    let at_first = browser.list(&part(".i")).await?;
    let outcomes = "return Array.from(document.querySelectorAll('.row'), e => e.dataset.o)";
    let mut outcomes = browser.list(outcomes).await?;
    outcomes.dedup();
    assert_eq!(
        outcomes,
        [
            "problem",
            "create",
            "link",
            "update",
            "put-off",
            "unchanged",
            "left-alone"
        ],
        "the most harmful at first, each outcome together"
    );
    let legend = "return Array.from(document.querySelectorAll('.toggle'), e => e.dataset.outcome)";
    assert_eq!(browser.list(legend).await?, outcomes, "so do the filters");
    // Of the sample's problems those with an even number can lead to a double.
    let problems =
        "return Array.from(document.querySelectorAll('.o-problem .i'), e => e.textContent)";
    let problems: Vec<u64> = browser
        .list(problems)
        .await?
        .iter()
        .map(|number| number.parse())
        .collect::<Result<_, _>>()?;
    let mut expected = problems.clone();
    expected.sort_by_key(|number| (number % 2, *number));
    assert_eq!(problems, expected, "what risks a double first");

    sort.select_by_value("number").await?;
    let numbers = browser.list(&part(".i")).await?;
    let mut by_number: Vec<u64> = numbers
        .iter()
        .map(|number| number.parse())
        .collect::<Result<_, _>>()?;
    by_number.sort_unstable();
    assert_eq!(
        numbers,
        by_number.iter().map(u64::to_string).collect::<Vec<_>>(),
        "by number, as numbers"
    );

    sort.select_by_value("name").await?;
    let names = browser.list(&part(".n")).await?;
    assert!(
        names.iter().position(|name| name == "Customer 20")
            < names.iter().position(|name| name == "Customer 30")
    );
    assert!(
        names.iter().position(|name| name == "Customer 30")
            < names.iter().position(|name| name.starts_with("Zebra"))
    );
    let in_order = "const c = new Intl.Collator('en-GB', { numeric: true }); return arguments[0].every((n, i, a) => i === 0 || c.compare(a[i - 1], n) <= 0)";
    assert_eq!(
        browser.client.execute(in_order, vec![json!(names)]).await?,
        json!(true),
        "{names:?}"
    );

    sort.select_by_value("reference").await?;
    let references = browser.list(&part(".r")).await?;
    let blank = references
        .iter()
        .position(String::is_empty)
        .unwrap_or(references.len());
    assert!(
        references.iter().skip(blank).all(String::is_empty),
        "those without a reference are last: {references:?}"
    );
    let filled: Vec<&String> = references.iter().take(blank).collect();
    assert_eq!(
        browser
            .client
            .execute(in_order, vec![json!(filled)])
            .await?,
        json!(true),
        "{references:?}"
    );

    // A reload keeps the order, and the first one can be had again.
    browser.client.refresh().await?;
    browser
        .until("return document.documentElement.classList.contains('js')")
        .await?;
    assert_eq!(browser.list(&part(".r")).await?, references);
    let sort = browser.client.find(Locator::Id("sort")).await?;
    sort.select_by_value("harm").await?;
    assert_eq!(browser.list(&part(".i")).await?, at_first);
    browser.close().await
}
