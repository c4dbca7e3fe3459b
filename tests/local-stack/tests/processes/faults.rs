//! The same run again and again, each time with another of its calls disturbed.

use std::time::Instant;

use anyhow::Context;
use futures::{StreamExt, stream};
use local_stack::Function;
use local_stack::gate::{Call, Order, System, Treatment};
use serde_json::Value;

use crate::world::{Ground, Run, Snapshot, World};

/// Runs at once. The stand-in for AWS is one process, which is what there is to wait for.
const AT_ONCE: usize = 4;
/// How many failures are told.
const MAX_TOLD: usize = 10;
/// Calls that are made at once may meet each other and then be repeated, so that one run has a call more than another; the last ones may not be there to be disturbed.
const MAX_UNREACHED: usize = 2;

/// A function and what it is to work at.
pub(crate) trait Case {
    /// The function.
    const FUNCTION: Function;

    /// Where it runs.
    fn ground(&self) -> &Ground;

    /// What each run begins with.
    fn snapshot(&self) -> &Snapshot;

    /// What it is given.
    fn event(&self) -> Value;

    /// Readies a world for a run.
    async fn prepare(&self, _world: &World<'_>) -> anyhow::Result<()> {
        Ok(())
    }

    /// Lets the work come to an end after a run, disturbed or not, and checks that end.
    async fn check(&self, world: &World<'_>, run: &Run) -> anyhow::Result<()>;
}

/// Kills the function at each of its calls: before each, and after each that may have changed something. To be killed after a read is to be killed before the next call.
pub(crate) async fn kills<C: Case>(case: &C) {
    let calls = undisturbed_calls(case).await;
    let orders = calls.iter().flat_map(|call| {
        let before = Some(Order::KillBefore(call.number));
        let after = call.mutates.then_some(Order::KillAfter(call.number));
        before.into_iter().chain(after)
    });
    carry_out(case, calls.len(), orders.collect()).await;
}

/// Loses the answer of each call that may have changed something; and once more, together with the answers to what the AWS client tries again by itself.
pub(crate) async fn lost_answers<C: Case>(case: &C) {
    let calls = undisturbed_calls(case).await;
    let writes = calls.iter().filter(|call| call.mutates);
    let orders = writes.flat_map(|call| {
        let once = Some(Order::LoseAnswer(call.number));
        let always = (call.system == System::Aws).then_some(Order::LoseEveryAnswer(call.number));
        once.into_iter().chain(always)
    });
    carry_out(case, calls.len(), orders.collect()).await;
}

async fn undisturbed_calls<C: Case>(case: &C) -> Vec<Call> {
    match run(case, None).await {
        Ok(run) => run.calls,
        Err(error) => panic!("{} undisturbed{error:#}", C::FUNCTION.crate_name()),
    }
}

/// One run in a world of its own. An error begins with the name of the call that was disturbed.
async fn run<C: Case>(case: &C, order: Option<Order>) -> anyhow::Result<Run> {
    let world = case.ground().world(case.snapshot()).await?;
    case.prepare(&world).await?;
    let treatment = Treatment {
        order,
        jitter: None,
    };
    let run = world.run(C::FUNCTION, &case.event(), treatment).await?;
    let disturbed = order.and_then(|order| run.calls.get(order.number() - 1));
    let name = disturbed.map_or("", |call| &call.name);
    let checked = case.check(&world, &run).await;
    checked.with_context(|| format!(" ({name}); by its log: [{}]", run.troubles))?;
    Ok(run)
}

#[expect(
    clippy::print_stderr,
    reason = "what was covered is for the person who ran the tests"
)]
async fn carry_out<C: Case>(case: &C, calls: usize, orders: Vec<Order>) {
    let began = Instant::now();
    let name = C::FUNCTION.crate_name();
    let mut results: Vec<_> = stream::iter(&orders)
        .map(|order| async move { (*order, run(case, Some(*order)).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    results.sort_by_key(|(order, _)| order.number());
    let mut carried_out = Vec::new();
    let mut failures = Vec::new();
    for (order, result) in results {
        match result {
            Ok(run) if run.order_was_carried_out => carried_out.push(order),
            Ok(_) => {}
            Err(error) => failures.push(format!("{name} {}{error:#}", words(order))),
        }
    }
    eprintln!(
        "{name}: {calls} calls; {}; in {:.0} s",
        counted(&carried_out),
        began.elapsed().as_secs_f64()
    );
    let (failed, of) = (failures.len(), orders.len());
    failures.truncate(MAX_TOLD);
    assert!(
        failures.is_empty(),
        "{failed} of {of} failed, among them:\n{}",
        failures.join("\n")
    );
    let unreached = of - carried_out.len();
    assert!(
        unreached <= MAX_UNREACHED,
        "{unreached} of {of} orders were about calls that were not made"
    );
}

fn words(order: Order) -> String {
    match order {
        Order::KillBefore(number) => format!("killed before call {number}"),
        Order::KillAfter(number) => format!("killed after call {number}"),
        Order::LoseAnswer(number) => format!("without the answer of call {number}"),
        Order::LoseEveryAnswer(number) => format!("without any answer of call {number}"),
    }
}

fn counted(orders: &[Order]) -> String {
    let mut counts = [
        ("killed before a call", 0),
        ("killed after a call", 0),
        ("one answer lost", 0),
        ("every answer of a call lost", 0),
    ];
    for order in orders {
        let kind = match order {
            Order::KillBefore(_) => 0,
            Order::KillAfter(_) => 1,
            Order::LoseAnswer(_) => 2,
            Order::LoseEveryAnswer(_) => 3,
        };
        counts[kind].1 += 1;
    }
    let counts = counts.iter().filter(|(_, times)| *times > 0);
    let counts: Vec<String> = counts
        .map(|(kind, times)| format!("{kind} {times} times"))
        .collect();
    counts.join(", ")
}
