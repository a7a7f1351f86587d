#!/usr/bin/env python3
"""Counts the instructions that cfgcheck takes for inputs of its own, and compares them with those on record.

    benches/instructions.py PROGRAM [--renew]

PROGRAM is a development build, as tests have it. Counting is by valgrind and does not depend on how busy the machine is, where the
repository lies, or what the environment and the home folder hold. It does on the compiler and the processor, which are on record as
well: counts of others are told, and not judged. `--renew` writes the record anew. Ends with 1 if a count is more than 5 % from the
one on record: more is a loss, less is to be put on record.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
FREE = 0.05
# What the fleet of this repository consists of: the rest of it grows with every change and would be read as well.
FLEET = ["flake.nix", "flake.lock", "cfgcheck.yaml", "checks", "fixtures/inputs", "hosts", "lib", "modules", "secrets"]
CASES = {
    "start": ["eval", "--expr", "1"],
    "made": ["eval", "--json", "--file", "made.nix"],
    "host": ["eval", "path:.#nixosConfigurations.container.config.system.build.toplevel.drvPath"],
    "lint": ["lint", "."],
}


def lay_out(folder: pathlib.Path) -> None:
    """Copies the inputs to a folder outside any repository, so that neither Git nor a path's length counts."""
    (folder / "home").mkdir()
    shutil.copy(HERE / "made.nix", folder)
    for name in FLEET:
        source, target = HERE.parent / name, folder / "fleet" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy(source, target)


def count(program: pathlib.Path, args: list[str], folder: pathlib.Path) -> int:
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    cwd = folder / "fleet" if args[-1].startswith(("path:", ".")) else folder
    environment = {"HOME": str(folder / "home"), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    ran = subprocess.run([*tool, str(program), *args], cwd=cwd, env=environment, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([0-9,]+)", ran.stderr)
    if ran.returncode != 0 or not found:
        sys.exit(f"{' '.join(args)} ends with {ran.returncode}:\n{ran.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def built_for() -> str:
    said = subprocess.run(["rustc", "--version", "--verbose"], capture_output=True, text=True, check=True).stdout
    return f"{said.splitlines()[0]}, {re.search('host: (.*)', said)[1]}"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="instructions-", dir="/tmp") as temporary:
        folder = pathlib.Path(temporary)
        lay_out(folder)
        # The path it is called by is on its stack.
        program = folder / "cfgcheck"
        program.symlink_to(pathlib.Path(sys.argv[1]).resolve())
        counts = {name: count(program, args, folder) for name, args in CASES.items()}
    compiler = built_for()
    if "--renew" in sys.argv[2:]:
        RECORD.write_text(json.dumps({"compiler": compiler, "instructions": counts}, indent=2) + "\n")
    record = json.loads(RECORD.read_text())
    wrong = []
    for name, now in counts.items():
        change = now / record["instructions"][name] - 1
        print(f"{name:8} {now:>15,}  {change:+.2%}")
        if abs(change) > FREE:
            wrong.append(name)
    if record["compiler"] != compiler:
        print(f"not judged: the counts on record are of {record['compiler']}, and this is {compiler}")
        return 0
    if wrong:
        print(f"more than {FREE:.0%} from the record: {', '.join(wrong)}; if that is meant, `--renew` writes it anew")
        return 1
    return 0


sys.exit(main())
