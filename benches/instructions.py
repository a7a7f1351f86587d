#!/usr/bin/env python3
"""Counts the instructions that cfgcheck takes for inputs of its own, and compares them with those on record.

    benches/instructions.py PROGRAM [--renew]

PROGRAM is a development build, as tests have it. Counting is by valgrind and does not depend on how busy the machine is; it does
on the compiler, whose version is on record as well: counts of another one are told, and not judged. `--renew` writes them anew.
Ends with 1 if a count is more than 5 % from the one on record: more is a loss, less is to be put on record.
"""

import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
FREE = 0.05
CASES = {
    "start": ["eval", "--expr", "1"],
    "made": ["eval", "--json", "--file", "benches/made.nix"],
    "host": ["eval", ".#nixosConfigurations.container.config.system.build.toplevel.drvPath"],
    "lint": ["lint", "."],
}


def count(program: str, args: list[str]) -> int:
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    ran = subprocess.run([*tool, program, *args], cwd=HERE.parent, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([0-9,]+)", ran.stderr)
    if ran.returncode != 0 or not found:
        sys.exit(f"{' '.join(args)} ends with {ran.returncode}:\n{ran.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def main() -> int:
    program = str(pathlib.Path(sys.argv[1]).resolve())
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    counts = {name: count(program, args) for name, args in CASES.items()}
    if "--renew" in sys.argv[2:]:
        RECORD.write_text(json.dumps({"compiler": compiler, "instructions": counts}, indent=2) + "\n")
    record = json.loads(RECORD.read_text())
    wrong = []
    for name, now in counts.items():
        before = record["instructions"][name]
        print(f"{name:8} {now:>15,}  {now / before - 1:+.1%}")
        if abs(now / before - 1) > FREE:
            wrong.append(name)
    if record["compiler"] != compiler:
        print(f"not judged: the counts on record are of {record['compiler']}, and this is {compiler}")
        return 0
    if wrong:
        print(f"more than {FREE:.0%} from the record: {', '.join(wrong)}; if that is meant, `--renew` writes it anew")
        return 1
    return 0


sys.exit(main())
