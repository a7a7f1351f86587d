#!/bin/sh
# Compares how many small merge cases a second are judged by `cfgcheck prop`'s engine and evaluated by Nix.
#
#   benches/throughput.sh [-n RUNS] OURS ORACLE LIB [CASES [SEED]]
#
# OURS is the program of src/prop/examples/throughput.rs:
#   cargo build --release -p cfgcheck-prop --example throughput
# ORACLE is nix-instantiate (words are split, so `chroot DIR nix-instantiate` works), LIB the folder of nixpkgs's
# `lib`, which both see under this path. OURS first chooses CASES cases of SEED: small ones that do not end Nix. Then it
# draws each of them by its number and judges it; the same cases are written as one Nix expression, in the folder that
# TMPDIR names, which ORACLE must see too. Both run in turn, so that a busy machine disturbs both alike. Prints the
# medians of user CPU and wall time, cases a second, and ours divided by the oracle's; once with all of its time, and
# once without what it takes to read the expression, as in OURS nothing is read. Needs GNU time (its path may be given
# in TIME) and awk.
set -eu

runs=3
if [ "${1-}" = -n ]; then
    runs=$2
    shift 2
fi
if [ $# -lt 3 ]; then
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
ours=$1
oracle=$2
lib=$3
cases=${4:-20000}
seed=${5:-1}

time=${TIME:-$(command -v gtime || command -v time || echo /usr/bin/time)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
"$ours" choose "$lib" --cases "$cases" --seed "$seed" >"$work/cases"
"$ours" write "$lib" --seed "$seed" <"$work/cases" >"$work/cases.nix"

# measure NAME COMMAND…: runs once, and appends its user and wall time to NAME.times. What it says on standard error, such
# as the library's warnings, is kept apart.
measure() {
    name=$1
    shift
    "$time" -o "$work/one" -f '%U %e' "$@" >"$work/$name.out" 2>"$work/$name.said" ||
        { cat "$work/$name.said" >&2; exit 1; }
    tail -n 1 "$work/one" >>"$work/$name.times"
}

for _ in $(seq "$runs"); do
    measure ours "$ours" judge "$lib" --seed "$seed" <"$work/cases"
    # shellcheck disable=SC2086 # A list of words.
    measure oracle $oracle --eval --strict "$work/cases.nix"
    # shellcheck disable=SC2086
    measure reading $oracle --parse "$work/cases.nix"
done

# median NAME COLUMN
median() {
    sort -n -k "$2" "$work/$1.times" | awk -v c="$2" '{ v[NR] = $c } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

printf 'ours:   %s\noracle: %s hold\n\n' "$(cat "$work/ours.out")" "$(cat "$work/oracle.out")"
printf '%-24s %8s %8s %10s %6s\n' '' user wall cases/s ratio
for column in 1 2; do
    awk -v column="$column" -v cases="$cases" -v ours="$(median ours "$column")" \
        -v oracle="$(median oracle "$column")" -v reading="$(median reading "$column")" '
        function row(name, time, ratio) {
            printf "%-24s %8s %8s %10.0f %6s\n", name, column == 1 ? time : "", column == 2 ? time : "", cases / time, ratio
        }
        BEGIN {
            row("ours", ours, "")
            row("oracle", oracle, sprintf("%.2f", oracle / ours))
            row("oracle without reading", oracle - reading, sprintf("%.2f", (oracle - reading) / ours))
        }'
done
