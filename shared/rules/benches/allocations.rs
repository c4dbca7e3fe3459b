//! How much is allocated to decide, as JSON: `cargo bench -p rules --bench allocations`.

#![allow(
    clippy::print_stdout,
    reason = "what it prints is read by `make bench`"
)]

mod population;

use crate::population::Population;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    for contacts in [1_000, 10_000, 100_000] {
        let population = Population::of(contacts);
        let profiler = dhat::Profiler::builder().testing().build();
        let plans = population.decide_all();
        let stats = dhat::HeapStats::get();
        drop(profiler);
        println!(
            r#"{{"contacts":{contacts},"plans":{plans},"allocations":{},"bytes":{},"peak_bytes":{}}}"#,
            stats.total_blocks, stats.total_bytes, stats.max_bytes
        );
    }
}
