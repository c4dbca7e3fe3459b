//! How long it takes to decide, and to find who is like a new customer, in the build that is
//! deployed: `cargo bench -p rules --bench deciding`.

#![allow(missing_docs, reason = "the macros define what has none")]

#[path = "../tests/organisation/mod.rs"]
mod organisation;
mod population;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rules::MatchIndex;

use crate::organisation::{Party, parties};
use crate::population::Population;

fn deciding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deciding");
    for contacts in [1_000, 10_000, 100_000] {
        let population = Population::of(contacts);
        group.throughput(Throughput::Elements(contacts as u64));
        group.sample_size(20);
        group.bench_function(BenchmarkId::from_parameter(contacts), |bencher| {
            bencher.iter(|| black_box(&population).decide_all());
        });
    }
    group.finish();
}

/// How many new customers are compared with each organisation.
const NEW: usize = 1_000;

fn comparing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("comparing");
    for contacts in [5_000, 20_000, 50_000] {
        let parties = parties(contacts + NEW, 1);
        let (known, new) = parties.split_at(contacts);
        group.throughput(Throughput::Elements(NEW as u64));
        group.sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(contacts), |bencher| {
            bencher.iter(|| compare(black_box(known), black_box(new)));
        });
    }
    group.finish();
}

/// What a worker that was just started does: takes the organisation in, then compares.
fn compare(known: &[Party], new: &[Party]) -> usize {
    let mut index = MatchIndex::default();
    for (at, party) in known.iter().enumerate() {
        index.insert(at, party.compared());
    }
    let contact = |at: usize| known.get(at).map(Party::compared);
    let alike = new
        .iter()
        .map(|customer| index.alike(customer.compared(), contact));
    alike.filter(|alike| !alike.is_empty()).count()
}

criterion_group!(benches, deciding, comparing);
criterion_main!(benches);
