# Needs Rust, Python 3.10 or newer, and make. Everything else is installed into this folder: Python tools into .venv, the rest into target.

# The machine's own processor, so that what was built can run here; `make build ARCH=arm64` builds for the other one where Rust has its target.
ARCH ?= $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
KEEP ?=
MINUTES ?= 10
SEEDS ?= 300

TOOLS := tests/tools
BLOAT_VERSION := 0.12.1
BLOAT := target/tools/cargo-bloat-$(BLOAT_VERSION)/bin/cargo-bloat
# sam wants a region even to read a file, asks a registry for its newest version, and would write below the home directory.
SAM := AWS_DEFAULT_REGION=eu-west-2 SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR=$(CURDIR)/target/sam .venv/bin/sam

.DEFAULT_GOAL := help
.PHONY: help demo test build lint lint-template bench soak planted mutants venv venv-test browser cargo clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Run the whole bundle here with a sample company and show what happened (KEEP=1 leaves it running)
	@cargo run --locked --package local-stack --bin demo -- $(if $(KEEP),--keep)

test: build lint-template browser venv-test ## Everything that CI runs after its checks: template, unit tests, whole-bundle scenarios, runtime emulator
	cargo test --locked --workspace

build: cargo venv ## Build target/lambda/{poll,sync-contact,refresh-token}/bootstrap (ARCH=x86_64 or arm64)
	@sh $(TOOLS)/build.sh $(ARCH)

lint: cargo lint-template ## Check format, clippy and the template
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings

lint-template: venv ## Check template.yaml with sam and cfn-lint
	@mkdir -p target/sam
	@echo "Checking template.yaml ..."
	@$(SAM) validate --lint --template template.yaml
	@.venv/bin/cfn-lint template.yaml

bench: build $(BLOAT) ## Measure calls, time, memory, size and the bill, and write docs/BENCHMARKS.md (half an hour)
	@CARGO_BLOAT=$(CURDIR)/$(BLOAT) cargo run --locked --profile soak --package benchmarks

$(BLOAT): | cargo
	@echo "Building cargo-bloat $(BLOAT_VERSION) (once, about a minute) ..."
	@cargo install --quiet --locked --debug --root $(@D)/.. --target-dir target/tools/build --version $(BLOAT_VERSION) cargo-bloat
	@rm -rf target/tools/build

soak: cargo ## Run the simulation with random seeds (MINUTES=10)
	@cargo run --locked --profile soak --package simulation -- --minutes $(MINUTES)

planted: cargo ## Show that the simulation finds bugs: plants each in turn at the boundaries of the product (SEEDS=300; five minutes)
	@cargo run --locked --profile soak --package simulation -- --all-planted --seeds $(SEEDS)

mutants: cargo ## Change the rules in one place at a time and list what the tables do not notice (an hour)
	@.ci/mutants

clean: ## Remove everything that was built or installed here
	rm -rf target .venv

browser:
	@sh $(TOOLS)/browser.sh

venv:
	@sh $(TOOLS)/venv.sh

venv-test: venv
	@sh $(TOOLS)/venv.sh test

cargo:
	@command -v cargo >/dev/null || { echo "make: Rust is missing (no cargo): install it from rustup.rs" >&2; exit 1; }
	@need=$$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml); have=$$(rustc --version | cut -d ' ' -f 2); \
	[ "$$(printf '%s\n' "$$need" "$$have" | sort -V | head -n 1)" = "$$need" ] || \
		{ echo "make: Rust $$have is too old: $$need or newer is needed (rustup update)" >&2; exit 1; }
