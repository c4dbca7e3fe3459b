//! How long it takes to decide, in the build that is deployed: `cargo bench -p rules --bench
//! deciding`.

#![allow(missing_docs, reason = "the macros define what has none")]

mod population;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

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

criterion_group!(benches, deciding);
criterion_main!(benches);
