//! The sample company from the first look to later edits.

use local_stack::play::{Act, Play};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_rules_has_its_outcome_and_unchanged_contacts_cost_nothing() {
    let mut play = Play::start().await.expect("the local stack starts");
    as_expected("the first look", play.look_first().await);
    as_expected("authorised", play.authorise().await);
    as_expected("a second poll", play.poll_unchanged().await);
    as_expected("a second full sweep", play.sweep_unchanged().await);
    as_expected("one phone edited", play.edit_one_phone().await);
    as_expected("refused in BigChange", play.refuse_in_bigchange().await);
    as_expected("many edits", play.edit_many().await);
}

fn as_expected(act: &str, result: anyhow::Result<Act>) {
    let failures = result.map(|act| act.failures);
    match failures {
        Ok(failures) if failures.is_empty() => {}
        Ok(failures) => panic!("{act}:\n{}", failures.join("\n")),
        Err(error) => panic!("{act}: {error:#}"),
    }
}
