#!/bin/sh
# Builds the three functions for AWS Lambda into target/lambda/<function>/bootstrap: build.sh x86_64|arm64
set -eu
cd "$(dirname "$0")/../.."

# Amazon Linux 2023, on which the functions run, has this glibc. A binary linked against the build machine's own could need a newer one.
glibc=2.34
functions="poll sync-contact refresh-token"

fail() {
    echo "make: $1" >&2
    exit 1
}

case "$1" in
x86_64) target=x86_64-unknown-linux-gnu ;;
arm64) target=aarch64-unknown-linux-gnu ;;
*) fail "ARCH is '$1': it takes x86_64 or arm64" ;;
esac

command -v cargo >/dev/null || fail "Rust is missing (no cargo): install it from rustup.rs"
libraries=$(rustc --print target-libdir --target "$target") || fail "rustc does not work: see above"
[ -d "$libraries" ] || fail "Rust's standard library for $target is missing: run rustup target add $target"
echo "Fetching the crates ..."
cargo fetch --locked --quiet || fail "the crates could not be downloaded; is there a network to a crate registry? cargo says why above"

output=${CARGO_TARGET_DIR:-target}
mkdir -p "$output"
output=$(cd "$output" && pwd)
# The linker's caches stay in the checkout too.
export PATH="$PWD/.venv/bin:$PATH" ZIG_GLOBAL_CACHE_DIR="$output/zig" CARGO_ZIGBUILD_CACHE_DIR="$output/zig"

echo "Building the functions for $1 ..."
packages=
for function in $functions; do packages="$packages --package $function"; done
# shellcheck disable=SC2086 # one word each
cargo zigbuild --locked --release --bins --target "$target.$glibc" $packages

for function in $functions; do
    mkdir -p "target/lambda/$function"
    built="$output/$target/release/$function"
    bootstrap="target/lambda/$function/bootstrap"
    cmp -s "$built" "$bootstrap" || install -m 755 "$built" "$bootstrap"
done
.venv/bin/python tests/tools/check_bundle.py --arch "$1" --glibc "$glibc"
