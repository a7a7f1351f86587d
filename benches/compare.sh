#!/bin/sh
# Compares two evaluators that speak nix-instantiate's command line: user CPU time and peak memory.
#
#   benches/compare.sh [-n RUNS] OURS ORACLE EXPRESSION...
#
# OURS and ORACLE are commands (words are split, so `chroot DIR nix-instantiate` works); cfgcheck
# stands in for nix-instantiate if it is called by a link of that name. Each EXPRESSION is one
# argument with what follows `--eval --strict --json`: a file and its --arg options. Both run in
# turn, so that a busy machine disturbs both alike. Prints the medians of user CPU seconds, the
# largest peaks in MiB, and ours divided by the oracle's; "differs" if the outputs are not equal.
# If the two see the files at different paths, give EXPRESSION as `OURS-PART ::: ORACLE-PART`.
# Needs GNU time (its path may be given in TIME) and awk.
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
shift 2

time=${TIME:-$(command -v gtime || command -v time || echo /usr/bin/time)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure NAME COMMAND ARGUMENTS: runs once, appends "user peak" to NAME.times, keeps the output.
measure() {
    name=$1
    # shellcheck disable=SC2086 # Both are lists of words, possibly quoted ones.
    if ! eval "set -- $2 --eval --strict --json $3"; then
        return 1
    fi
    if "$time" -o "$work/one" -f '%U %M' "$@" >"$work/$name.out" 2>"$work/$name.err"; then
        tail -n 1 "$work/one" >>"$work/$name.times"
    else
        echo "failed: $*" >&2
        tail -n 3 "$work/$name.err" >&2
        return 1
    fi
}

# median NAME: the median of the first column. peak NAME: the largest of the second, in MiB.
median() {
    sort -n "$work/$1.times" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
peak() {
    awk '$2 > most { most = $2 } END { printf "%.0f\n", most / 1024 }' "$work/$1.times"
}

status=0
for expression in "$@"; do
    mine=${expression%% ::: *}
    theirs=${expression##* ::: }
    : >"$work/ours.times"
    : >"$work/oracle.times"
    i=0
    while [ "$i" -lt "$runs" ]; do
        measure ours "$ours" "$mine" || exit 1
        measure oracle "$oracle" "$theirs" || exit 1
        i=$((i + 1))
    done
    same=equal
    if ! cmp -s "$work/ours.out" "$work/oracle.out"; then
        same=differs
        status=1
    fi
    echo "$(median ours) $(median oracle) $(peak ours) $(peak oracle)" | awk -v same="$same" -v what="$mine" '{
        printf "%s\n  %s  user %.2f s, oracle %.2f s, ratio %.2f  peak %d MiB, oracle %d MiB, ratio %.2f\n",
            what, same, $1, $2, ($2 > 0 ? $1 / $2 : 0), $3, $4, ($4 > 0 ? $3 / $4 : 0)
    }'
done
exit "$status"
