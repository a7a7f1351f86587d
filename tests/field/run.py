#!/usr/bin/env python3
"""Runs cfgcheck on the public flakes of fleets.tsv and makes the tables of docs/field.md.

    tests/field/run.py --clones DIR --nixpkgs DIR --work DIR --cfgcheck PROGRAM [--only WORD] [STEP ...]

The folder of clones has a bare clone `OWNER+NAME` of each flake and of what inputs can be had. Nothing of
a flake is built or run: cfgcheck evaluates it, without a network. The steps are `lint`, `check`, `list`,
`docs`, `explain`, `diff`, `prop` and `tables`; all of them, if none is named. Answers are kept in the folder of work.
"""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import inputs  # noqa: E402

HERE = Path(__file__).parent
STEPS = ["lint", "check", "list", "docs", "explain", "diff", "prop", "tables"]
# A host that needs more than this is told as such by cfgcheck itself.
LIMITS = ["--max-memory", "6GiB", "--max-time", "4min"]
# The toggles of a fleet, in the time that a pull request would give them.
PROP = ["--laws", "toggles", "--max-memory", "6GiB", "--max-time", "120s"]
# Longest time for a command, in seconds. One that needs more is a finding about cfgcheck.
PATIENCE = 1500


def fleets(only):
    """Returns the (repository, commit, day, options) of fleets.tsv whose names have the word."""
    for line in (HERE / "fleets.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            repository, commit, day, *options = line.split("\t")
            if not only or any(word.lower() in repository.lower() for word in only):
                yield repository, commit, day, " ".join(options).split()


def checkout(repository, commit, clones, into):
    """Checks a commit out and returns how many of its files the clone lacks; empty ones stand in for
    them, as they must be there to be tracked."""
    if not (into / ".git").is_dir():
        subprocess.run(["git", "clone", "-qsn", clones[repository.lower()], into], check=True)
    git = ["git", "-C", str(into)]
    subprocess.run([*git, "update-ref", "--no-deref", "HEAD", commit], check=True)
    subprocess.run([*git, "read-tree", "HEAD"], check=True)
    subprocess.run([*git, "checkout-index", "-aqf"], stderr=subprocess.DEVNULL)
    lacking = subprocess.run([*git, "ls-files", "-z", "--deleted"], capture_output=True).stdout.split(b"\0")[:-1]
    for name in lacking:
        at = os.path.join(os.fsencode(into), name)
        os.makedirs(os.path.dirname(at), exist_ok=True)
        open(at, "wb").close()
    return len(lacking)


def run(args, name, command):
    """Runs cfgcheck and keeps its answer, its messages, and a line on how it went."""
    out = args.out / name
    out.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with open(f"{out}.out", "wb") as stdout, open(f"{out}.err", "wb") as stderr:
        child = subprocess.Popen(
            [args.cfgcheck, *command],
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, "XDG_CACHE_HOME": str(args.cache), "NO_COLOR": "1", "CI": "1"},
        )
        code, peak = wait(child, began)
    seconds = round(time.monotonic() - began, 2)
    Path(f"{out}.run").write_text(json.dumps({"code": code, "seconds": seconds, "peak_mib": peak}))
    note = "" if code in (0, 1) else "   <-- look at this"
    print(f"{name}: exit {code}, {seconds} s{note}", flush=True)
    return code


def wait(child, began):
    """Returns how a program ended, and how many MiB it had at most."""
    while True:
        pid, status, used = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, used.ru_maxrss // 1024
        if time.monotonic() - began > PATIENCE:
            child.kill()
            os.wait4(child.pid, 0)
            return "timeout", 0
        time.sleep(0.005)


def judge(args, repository, commit, day, options, have):
    slug = repository.replace("/", "+")
    tree = args.work / "trees" / slug
    lacking = checkout(repository, commit, have, tree)
    kinds, mounts = inputs.fill(tree / "flake.lock", args.clones, args.trees, args.nixpkgs)
    for folder, onto in mounts:
        if not any(onto.iterdir()):
            subprocess.run(["mount", "--bind", folder, onto], check=True)
    had = collections.Counter(kind for kind, _ in kinds.values())
    missing = sorted({what for kind, what in kinds.values() if kind == "missing"})
    (args.out / slug).mkdir(parents=True, exist_ok=True)
    (args.out / slug / "inputs.json").write_text(json.dumps({"lacking": lacking, **had, "missing": missing}))
    flake = str(tree)
    offline = ["--offline", "--trust", *options]
    json_of = lambda step: f"json={args.out / slug / step}.json"
    # Ages are judged on the day of the commit: how old a repository is by now is not its fault.
    today = ["--as-of", day]
    if "lint" in args.steps:
        run(args, f"{slug}/lint", ["lint", flake, *today, "--output", "text=-", "--output", json_of("lint")])
    if "check" in args.steps:
        run(args, f"{slug}/check", ["check", flake, *offline, *today, *LIMITS, "--output", "text=-", "--output", json_of("check")])
    if "list" in args.steps:
        run(args, f"{slug}/list-inputs", ["list", "inputs", flake, *today])
        for what in ("hosts", "modules", "options"):
            run(args, f"{slug}/list-{what}", ["list", what, "--flake", flake, *offline])
    if "docs" in args.steps:
        run(args, f"{slug}/docs", ["docs", "--output", "-", flake, *offline])
    if "explain" in args.steps:
        for host in hosts(args.out / slug / "check.json")[:3]:
            for option in ("networking.hostName", "environment.systemPackages", "services.openssh.settings"):
                run(args, f"{slug}/explain-{host}-{option}", ["explain", "option", host, option, "--flake", flake, *offline])
    if "prop" in args.steps:
        run(args, f"{slug}/prop", ["prop", flake, *offline, *today, *PROP, "--output", "text=-", "--output", json_of("prop")])
    if "diff" in args.steps:
        run(args, f"{slug}/diff", ["diff", f"git+file://{flake}?rev={parent(tree)}", flake, *offline])


def hosts(path):
    """Returns the hosts that a check found."""
    return sorted({case["host"] for case in (report(path) or {}).get("cases", []) if case.get("host")})


def parent(tree):
    """Returns the commit five before the checked out one."""
    return subprocess.run(["git", "-C", tree, "rev-parse", "HEAD~5"], capture_output=True, text=True).stdout.strip()


def report(path):
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def tables(args):
    """Prints the tables of docs/field.md."""
    rules = collections.defaultdict(collections.Counter)
    crashes = []
    print("| repository | commit | day | Nix files | lint | check | inputs | hosts | cases | findings |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for repository, commit, day, _options in fleets(args.only):
        slug = repository.replace("/", "+")
        out = args.out / slug
        had = report(out / "inputs.json")
        if had is None:
            continue
        cases = (report(out / "check.json") or report(out / "lint.json") or {}).get("cases", [])
        seen, outcomes = set(), collections.Counter()
        for case in cases:
            outcomes[case["outcome"]["is"]] += 1
            if case["outcome"]["is"] == "crashed":
                crashes.append(f"{repository}: {case['name']}")
            for finding in case.get("findings", []):
                at = finding.get("location") or {}
                seen.add((finding["rule"], finding["message"], at.get("file"), at.get("line"), finding.get("option")))
        for rule, *_ in seen:
            rules[rule][repository] += 1
        nix = subprocess.run(["git", "-C", args.work / "trees" / slug, "ls-files", "*.nix"], capture_output=True).stdout
        given = ", ".join(f"{had[kind]} {name}" for kind, name in KINDS.items() if had.get(kind))
        given += f", {len(had['missing'])} missing" if had["missing"] else ""
        print(
            f"| {repository} | `{commit[:12]}` | {day} | {len(nix.splitlines())} | {time_of(out / 'lint.run')} | {time_of(out / 'check.run')} | {given.lstrip(', ')} | {how_hosts_went(cases)} "
            f"| {', '.join(f'{outcomes[each]} {each}' for each in OUTCOMES if outcomes[each])} | {len(seen)} |"
        )
    print("\n| rule | findings | repositories |\n| --- | --- | --- |")
    for rule, where in sorted(rules.items()):
        print(f"| `{rule}` | {sum(where.values())} | {len(where)} |")
    print(f"\ncrashes: {len(crashes)}", *crashes, sep="\n")


KINDS = {"exact": "exact", "nixpkgs": "nixpkgs", "stand-in": "stand-ins", "incomplete": "incomplete"}
OUTCOMES = ["passed", "failed", "errored", "skipped", "crashed"]


def time_of(path):
    """Returns how long a command ran, in words."""
    went = report(path)
    return f"{went['seconds']} s" if went else ""


def how_hosts_went(cases):
    """Returns how many hosts evaluate, how many do not but have options that rules judged, and the rest."""
    whole, part, none = set(), set(), set()
    for case in cases:
        if host := case.get("host"):
            outcome = case["outcome"]["is"]
            if case["name"].endswith("evaluates"):
                (whole if outcome == "passed" else none).add(host)
            elif case["name"] == "firewall-disabled" and outcome in ("passed", "failed"):
                part.add(host)
    words = [(whole, "evaluate"), ((none - whole) & part, "in part"), (none - whole - part, "not")]
    return ", ".join(f"{len(hosts)} {word}" for hosts, word in words if hosts) or "none seen"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--nixpkgs", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cfgcheck", default="cfgcheck")
    parser.add_argument("--only", action="append")
    parser.add_argument("steps", nargs="*")
    args = parser.parse_args()
    args.steps = args.steps or STEPS
    if wrong := set(args.steps) - set(STEPS):
        parser.error(f"no such step: {', '.join(sorted(wrong))}")
    if "FIELD_MOUNTS" not in os.environ and args.steps != ["tables"]:
        # nixpkgs is mounted below each of the hashes that lock files know it by, for this run only.
        os.environ["FIELD_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv])
    args.cache = args.work / "cache"
    args.trees = args.cache / "cfgcheck/flake/trees"
    args.trees.mkdir(parents=True, exist_ok=True)
    args.out = args.work / "out"
    have = inputs.clones(args.clones)
    args.nixpkgs = inputs.complete(args.nixpkgs, args.work / "nixpkgs")
    if args.steps != ["tables"]:
        for repository, commit, day, options in fleets(args.only):
            judge(args, repository, commit, day, options, have)
    if "tables" in args.steps:
        tables(args)


if __name__ == "__main__":
    main()
