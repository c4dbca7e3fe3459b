//! A simulation that cannot fail proves nothing: planted bugs are found.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and tells what was found"
)]

use simulation::{Invariant, Planted, simulate_planted};

/// So many seeds are tried with each bug. The bugs below are found in at least one seed of twenty, so
/// that a change of the product, which changes what happens in a seed, does not hide them; `make planted`
/// tries the rarer ones too.
const SEEDS: u64 = 100;

/// The promise that a bug breaks in the first seed that finds it.
fn found(planted: Planted) -> Option<Invariant> {
    (1..=SEEDS).find_map(|seed| {
        let failure = simulate_planted(seed, false, Some(planted)).err()?;
        Some(failure.violation.invariant)
    })
}

#[test]
fn each_planted_bug_breaks_a_promise() {
    for planted in [
        Planted::CodeNotExclusive,
        Planted::CreateByName,
        Planted::CursorBeforeQueue,
        Planted::NameInLog,
        Planted::PauseNotRead,
        Planted::RefreshTokenDropped,
        Planted::RefusalIgnored,
        Planted::ReservationNotExclusive,
        Planted::SettingsChangeNoSweep,
        Planted::SiteContactCreated,
        Planted::SyncedBeforeXero,
    ] {
        let name = planted.name();
        let broken = found(planted).expect(&name);
        eprintln!("{name}: {broken}");
    }
}

#[test]
fn a_planted_bug_breaks_the_promise_that_it_is_about() {
    for (planted, promise) in [
        (Planted::NameInLog, Invariant::NothingPersonal),
        (Planted::CreateByName, Invariant::NothingForeign),
    ] {
        assert_eq!(found(planted), Some(promise), "{}", planted.name());
    }
}
