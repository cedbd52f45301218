#!/usr/bin/env bash
# Everything that must hold before a change is taken: `tests/run.sh`, or `tests/run.sh quick` for
# the part that is worth waiting for while editing (format, lints, tests).
#
# Needs Rust (rustup's stable toolchain) and a C compiler, and installs what else is missing. A step
# that fails does not keep the others from running; the table at the end says which it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH" # where rustup puts it

case "${1:-all}" in
    all | quick) wanted=${1:-all} ;;
    *)
        echo "usage: tests/run.sh [quick]" >&2
        exit 2
        ;;
esac

# Small artefacts, and the same ones for every step: no step sets flags of its own for the
# dependencies, so they are checked once and built once.
export CARGO_INCREMENTAL=0
export CARGO_PROFILE_DEV_DEBUG=${CARGO_PROFILE_DEV_DEBUG:-line-tables-only}
# The same cases of every property each time, so that a change is judged by what it changes. `cargo test`
# draws others every time, and keeps those that fail.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20261120}
if [ -z "${CI:-}" ] && [ -t 1 ]; then
    export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-always}
fi

table=()  # one line a step
failed=() # the headlines of those that failed

# step HEADLINE COMMAND…: runs the command under a numbered headline and notes how it went.
step() {
    local headline=$1 started=$SECONDS outcome=ok
    shift
    printf '\n== %d. %s\n\n' "$((${#table[@]} + 1))" "$headline"
    if ! "$@"; then
        outcome=FAILED
        failed+=("$headline")
    fi
    table+=("$(printf '%-6s %5d s  %s' "$outcome" "$((SECONDS - started))" "$headline")")
}

# absent HEADLINE PATH: notes that there is nothing to do yet.
absent() {
    printf '\n== %d. %s\n\nno %s here yet\n' "$((${#table[@]} + 1))" "$1" "$2"
    table+=("$(printf '%-6s %5d s  %s' absent 0 "$1")")
}

tools() {
    local missing=0 program component
    for program in cargo rustc; do
        command -v "$program" || { echo "$program is missing: install Rust with rustup"; missing=1; }
    done
    command -v cc || { echo "a C compiler (cc) is missing: cargo links with it"; missing=1; }
    for component in fmt:rustfmt clippy:clippy; do
        cargo "${component%:*}" --version || rustup component add "${component#*:}" || missing=1
    done
    rustc --version
    return "$missing"
}

# What the tests of `redis` start: without it they fail, and say so.
redis_server() {
    if ! command -v redis-server; then
        local install="apt-get install -y -qq redis-server" sudo=""
        [ "$(id -u)" = 0 ] || sudo=sudo
        command -v apt-get >/dev/null || { echo "redis-server is missing: install it"; return 1; }
        { $sudo apt-get update -qq && $sudo $install; } >/dev/null 2>&1 || { echo "failed: $install"; return 1; }
    fi
    redis-server --version
}

# The features of the manifest, one a line. All optional dependencies are named `dep:…`, so there
# are no others.
features() {
    sed -n '/^\[features\]/,/^\[[a-z]*depend/s/^\([A-Za-z0-9_-]*\) *=.*/\1/p' Cargo.toml | grep -v '^default$'
}

# Each feature must build alone, without a warning. The crate is its own dev-dependency with every
# feature on; `--lib` keeps that out (cargo's resolver adds the features of dev-dependencies only
# when it builds tests, examples or benches). Clippy instead of check: `-D warnings` reaches this
# crate only, so the dependencies are those of the lint step.
each_feature() {
    local feature wrong=0 names
    names=$(features) && [ -n "$names" ] || { echo "no features found in Cargo.toml"; return 1; }
    for feature in "" $names; do
        printf -- '-- %s\n' "${feature:-no feature}"
        cargo clippy --quiet --lib --no-default-features --features "$feature" -- -D warnings || wrong=1
    done
    return "$wrong"
}

docs() {
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features
}

# A folder of its own: the `cfg` reaches every dependency.
loom() {
    local log=target/loom/models.log
    mkdir -p target/loom
    RUSTFLAGS="--cfg buttress_loom" \
        cargo test --lib --release --target-dir target/loom loom 2>&1 | tee "$log" || return 1
    grep -q '^test result: ok\. [1-9]' "$log" || { echo "no model ran"; return 1; }
}

peers() {
    cargo check --manifest-path benches/peers/Cargo.toml --target-dir target/peers
}

# What fuzzes shares its models with the properties. It is run by hand, on a nightly compiler.
fuzz() {
    command -v c++ >/dev/null || { echo "no C++ compiler, which libFuzzer is built with: not checked"; return 0; }
    cargo check --quiet --manifest-path tests/fuzz/Cargo.toml --target-dir target
}

# report: the table, and how it all ended.
report() {
    printf '\n== In short\n\n'
    printf '%s\n' "${table[@]}"
    printf '%6s %5d s  in all\n' "" "$SECONDS"
    if [ ${#failed[@]} -gt 0 ]; then
        echo
        printf 'failed: %s\n' "${failed[@]}"
        exit 1
    fi
    exit 0
}

step "tools" tools
[ ${#failed[@]} -eq 0 ] || report # without tools nothing else means anything
step "redis-server" redis_server
step "format: cargo fmt" cargo fmt --all --check
step "lints: cargo clippy" cargo clippy --all-targets --all-features -- -D warnings
step "tests: cargo test" cargo test --no-fail-fast
[ "$wanted" = all ] || report
step "docs: cargo doc" docs
step "features, each alone" each_feature
if [ -d tests/loom ]; then
    step "loom models" loom
else
    absent "loom models" tests/loom
fi
if [ -f benches/peers/Cargo.toml ]; then
    step "peers still build" peers
else
    absent "peers still build" benches/peers
fi
if [ -f tests/fuzz/Cargo.toml ]; then
    step "fuzz targets still build" fuzz
else
    absent "fuzz targets still build" tests/fuzz
fi
report
