#!/usr/bin/env bash
# Runs the evaluator, and programs made of it, under one of LLVM's sanitizers: tests/sanitizers.sh address|thread
#
# address  wrong uses of memory: the tests of the rooms eval, syntax and store, the check of the fleet in this repository,
#          and the tests with a corpus where CFGCHECK_CORPUS and CFGCHECK_EXPECTED name one. The heap tells the sanitizer
#          what it has given back (src/eval/heap/poison.rs).
# thread   races: the tests of runs with helpers, and helpers that check the fleet in this repository, and that in
#          CFGCHECK_FLEET if it names a flake (benches/fleet.py writes some).
#
# Needs a nightly toolchain, for thread with the source of the standard library (rustup component add rust-src), and
# cargo-nextest. Takes tens of minutes, most of them to build everything anew below target/sanitizers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

which=${1:-}
triple=$(rustc +nightly -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/sanitizers/$which CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
# No program of ours ends with 66, which is not told from a finding otherwise.
options=halt_on_error=1:exitcode=66
program=$CARGO_TARGET_DIR/$triple/debug/cfgcheck

# Tells the end of the report only: findings in what is checked are no matter here.
checks() {
  local code=0
  "$program" check --no-cache --offline "$@" | tail -n 2 || code=$?
  if [ "$code" -gt 1 ]; then
    echo "sanitizers.sh: check $* ended with $code" >&2
    return 1
  fi
}

case $which in
  address)
    export RUSTFLAGS="-Zsanitizer=address --cfg poisoned_heap"
    # Arenas stay on purpose. Frames that the sanitizer keeps elsewhere would hide how much of the stack is used.
    export ASAN_OPTIONS=$options:detect_leaks=0:detect_stack_use_after_return=0
    tests() { cargo +nightly nextest run --target "$triple" "$@"; }
    # Frames are larger than the stack allows in the tests that measure it.
    tests -p cfgcheck-eval -p cfgcheck-syntax -p cfgcheck-store -E 'not (binary(syntax) & test(/^deep::/))'
    # Random edits take long, and evaluate nothing else than the others.
    tests -p cfgcheck --test corpus -E 'binary(corpus) - test(/no_edit/)'
    checks .
    ;;
  thread)
    # A smaller heap, as the sanitizer takes most of the address space.
    export RUSTFLAGS="-Zsanitizer=thread --cfg small_heap" TSAN_OPTIONS=$options
    # With a test that runs the program, so that it is built as well.
    parts=(-p cfgcheck --bin cfgcheck --test fleet)
    cargo +nightly nextest run -Zbuild-std --target "$triple" "${parts[@]}" \
      -E 'test(/helpers_come_to/) | test(/whoever_judges_it/)'
    checks --jobs 3 .
    if [ -n "${CFGCHECK_FLEET:-}" ]; then checks --jobs 2 --trust "$CFGCHECK_FLEET"; fi
    ;;
  *)
    echo "usage: tests/sanitizers.sh address|thread" >&2
    exit 2
    ;;
esac
