//! The crate decides and does nothing else: neither what it depends on nor what it takes from the
//! standard library can reach the world outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand};

/// Async runtimes, HTTP, TLS and sockets, AWS, randomness, clocks. A trailing `*` stands for any
/// ending.
const FORBIDDEN: [&str; 44] = [
    "tokio*",
    "async-*",
    "smol*",
    "futures*",
    "mio",
    "polling",
    "executor*",
    "embassy*",
    "glommio",
    "monoio",
    "hyper*",
    "reqwest",
    "ureq",
    "isahc",
    "curl*",
    "attohttpc",
    "surf",
    "awc",
    "actix*",
    "axum*",
    "tower*",
    "warp",
    "tonic",
    "h2",
    "h3",
    "quinn*",
    "http",
    "http-body*",
    "rustls*",
    "native-tls",
    "openssl*",
    "socket2",
    "aws-*",
    "aws_*",
    "lambda*",
    "rusoto*",
    "rand",
    "rand_*",
    "getrandom",
    "fastrand",
    "oorandom",
    "chrono",
    "time",
    "web-time",
];

/// What of the standard library would be input, output, a clock or chance.
const FORBIDDEN_STD: [&str; 14] = [
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::time",
    "std::os",
    "std::random",
    "RandomState",
    "SystemTime",
    "Instant",
    "async fn",
    "println!",
];

#[test]
fn the_dependencies_reach_no_runtime_no_network_no_clock_and_no_randomness() {
    let reached = reached_from_rules(&metadata_of_a_package_that_uses_only_rules());
    assert!(
        reached.contains("uuid") && reached.contains("serde_core"),
        "the walk found its way: {reached:?}"
    );
    let forbidden: Vec<_> = reached.iter().filter(|name| is_forbidden(name)).collect();
    assert!(forbidden.is_empty(), "reached: {forbidden:?}");
}

#[test]
fn the_list_of_what_is_forbidden_catches_what_it_is_meant_for() {
    let caught = [
        "tokio",
        "tokio-util",
        "async-std",
        "smol",
        "futures",
        "futures-core",
        "hyper",
        "hyper-util",
        "reqwest",
        "http",
        "aws-config",
        "aws-sdk-sqs",
        "lambda_runtime",
        "rand",
        "rand_core",
        "getrandom",
        "chrono",
        "time",
    ];
    for name in caught {
        assert!(is_forbidden(name), "{name}");
    }
    for name in ["serde", "uuid", "sha2", "thiserror", "httparse"] {
        assert!(!is_forbidden(name), "{name}");
    }
}

#[test]
fn the_sources_take_no_input_output_clock_or_chance_from_the_standard_library() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    let mut left = vec![sources];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for name in FORBIDDEN_STD {
            assert!(!text.contains(name), "{name} in {}", path.display());
        }
        read += 1;
    }
    assert!(read > 5, "the sources were found");
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
}

/// Cargo resolves a workspace's features for all its members together, and others of this workspace
/// do ask `uuid` for randomness. So the question is put for a package outside the workspace that
/// depends on this crate alone, at the versions of the workspace's lock file.
fn metadata_of_a_package_that_uses_only_rules() -> Metadata {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uses-only-rules");
    fs::create_dir_all(package.join("src")).unwrap();
    fs::write(package.join("src/lib.rs"), "").unwrap();
    let manifest = format!(
        "[package]\nname = \"uses-only-rules\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nrules = {{ path = {:?} }}\n\n[workspace]\n",
        rules.display().to_string()
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(rules.join("../../Cargo.lock"), package.join("Cargo.lock")).unwrap();
    MetadataCommand::new()
        .manifest_path(package.join("Cargo.toml"))
        .features(CargoOpt::SomeFeatures(Vec::new()))
        // Where it is deployed; on Linux these packages are there already, for this test was built
        // with them.
        .other_options([
            "--filter-platform".to_owned(),
            format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
        ])
        .exec()
        .unwrap()
}

/// The names of everything that this crate is built with or from, tests aside.
fn reached_from_rules(metadata: &Metadata) -> BTreeSet<String> {
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.to_string()))
        .collect();
    let nodes: BTreeMap<_, _> = metadata
        .resolve
        .as_ref()
        .unwrap()
        .nodes
        .iter()
        .map(|node| (&node.id, node))
        .collect();
    let rules = names.iter().find(|(_, name)| *name == "rules").unwrap().0;
    let mut reached = BTreeSet::new();
    let mut to_visit = vec![*rules];
    while let Some(id) = to_visit.pop() {
        if !reached.insert(id) {
            continue;
        }
        let outside_tests = nodes[id].deps.iter().filter(|dependency| {
            let mut kinds = dependency.dep_kinds.iter();
            kinds.any(|kind| kind.kind != DependencyKind::Development)
        });
        to_visit.extend(outside_tests.map(|dependency| &dependency.pkg));
    }
    reached.into_iter().map(|id| names[id].clone()).collect()
}
