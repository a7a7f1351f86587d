#!/usr/bin/env python3
"""Measures whole runs of cfgcheck beside a real Nix, row by row, and prints a Markdown table.

    benches/suite.py --ours PROGRAM --oracle COMMAND --corpus FOLDER [-n RUNS] [--row NAME]...

PROGRAM is cfgcheck, COMMAND is `nix` (words are split: `chroot DIR nix`, which is then given copies of what it is to see). FOLDER
holds `nixpkgs-2611`, and `corepkgs` beside its `nix-lib`; both programs see it under that path. They run in turn, so that a busy machine
disturbs both alike. The table has medians of user CPU and wall time and of peak memory, ours divided by the oracle's, and what is
aimed at. The peak is that of the largest process, as the kernel tells no sum of several. `--row` picks rows; `--help` names them.
"""

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Callable

HERE = pathlib.Path(__file__).resolve().parent


@dataclass
class Row:
    """One line of the table: a command of ours, the oracle's if there is one, and what is done before each run of ours."""

    what: str
    target: str
    ours: list[str]
    oracle: list[str] | None = None
    before: Callable[[], None] = field(default=lambda: None)


class Suite:
    """The programs, and a folder that both see under the same path."""

    def __init__(self, args: argparse.Namespace, folder: pathlib.Path):
        self.folder = folder
        self.corpus = pathlib.Path(args.corpus).resolve()
        self.program = str(pathlib.Path(args.ours).resolve())
        # Under this name cfgcheck takes the command line of nix-instantiate.
        self.link = folder / "nix-instantiate"
        self.link.symlink_to(self.program)
        self.nix = args.oracle.split()
        self.root = pathlib.Path(self.nix[1]) if self.nix[0] == "chroot" else None

    def oracle_sees(self, path: pathlib.Path) -> None:
        """Copies a file or folder to where the oracle finds it under the same path."""
        if self.root is None:
            return
        copy = self.root / path.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(path, copy)

    def expression(self, what: str, target: str, file: str, *args: str) -> Row:
        """A row that evaluates a file of this repository."""
        path = self.folder / file
        shutil.copy(HERE / "suite" / file, path)
        self.oracle_sees(path)
        line = ["--eval", "--strict", "--json", str(path), *args]
        instantiate = [*self.nix[:-1], str(pathlib.PurePath(self.nix[-1]).with_name("nix-instantiate"))]
        return Row(what, target, [str(self.link), *line], [*instantiate, *line])

    def nixpkgs(self) -> str:
        """Returns the address of nixpkgs in a Git repository: an input that is fetched once, as those of users are."""
        folder = self.folder / "nixpkgs"
        if not folder.exists():
            shutil.copytree(self.corpus / "nixpkgs-2611", folder, symlinks=True)
            subprocess.run(["git", "-C", str(folder), "init", "-q"], check=True)
            commit(folder)
            self.oracle_sees(folder)
        return f"git+file://{folder}"

    def fleet(self, name: str, hosts: int, *options: str) -> pathlib.Path:
        """Makes a flake of hosts, locked by the oracle."""
        folder = self.folder / name
        if not folder.exists():
            program = [sys.executable, str(HERE / "fleet.py"), str(hosts), self.nixpkgs(), str(folder)]
            subprocess.run([*program, *options], check=True)
            self.oracle_sees(folder)
            subprocess.run([*self.nix, "flake", "lock", f"path:{folder}"], check=True, stderr=subprocess.DEVNULL)
            if self.root is not None:
                shutil.copy(self.root / folder.relative_to("/") / "flake.lock", folder)
            commit(folder)
        return folder

    def check(self, what: str, target: str, fleet: pathlib.Path, *options: str, beside: bool = True) -> Row:
        """A row that checks such a flake."""
        ours = [self.program, "check", "--trust", "--jobs", "2", *options, str(fleet)]
        # What the oracle keeps of an evaluation would answer the next run.
        cache = ["--option", "eval-cache", "false"]
        return Row(what, target, ours, [*self.nix, "flake", "check", "--no-build", *cache, f"path:{fleet}"] if beside else None)


def commit(folder: pathlib.Path) -> None:
    git = ["git", "-C", str(folder), "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "a change"], check=True)



def host(suite: Suite) -> Row:
    return suite.expression("one NixOS host", "0.6 of user, 0.8 of peak", "host.nix", "--arg", "nixpkgs", str(suite.corpus / "nixpkgs-2611"))


def packages(suite: Suite) -> Row:
    return suite.expression("a package set", "0.6 of user", "packages.nix", "--arg", "corepkgs", str(suite.corpus / "corepkgs"))


def hosts(suite: Suite) -> Row:
    return suite.expression("40 hosts that call a package set each", "0.25 of user", "hosts.nix", "--arg", "corepkgs", str(suite.corpus / "corepkgs"))


def version(suite: Suite) -> Row:
    return Row("start: `--version`", "below 5 ms", [suite.program, "--version"], [*suite.nix, "--version"])


def number(suite: Suite) -> Row:
    line = ["eval", "--expr", "1"]
    return Row("start: `eval --expr 1`", "below 5 ms", [suite.program, *line], [*suite.nix, *line])


def cold(suite: Suite) -> Row:
    return suite.check("eight hosts as a flake, nothing kept", "0.25 of wall, 0.6 of peak", suite.fleet("eight", 8, "--one-system"), "--no-cache")


def hundred(suite: Suite) -> Row:
    fleet = suite.fleet("hundred", 100)
    target = "wall of 12.5 times that of eight, below 4 GiB"
    return suite.check("100 hosts of two architectures, nothing kept", target, fleet, "--no-cache", beside=False)


def kept(suite: Suite) -> tuple[pathlib.Path, list[str]]:
    """A fleet of eight hosts whose results are kept."""
    fleet = suite.fleet("kept", 8, "--one-system")
    options = ["--cache", str(suite.folder / "cache")]
    run(suite.check("", "", fleet, *options).ours)
    return fleet, options


def unchanged(suite: Suite) -> Row:
    fleet, options = kept(suite)
    return suite.check("eight hosts, nothing changed", "below 0.2 s of wall", fleet, *options)


def changed(suite: Suite) -> Row:
    fleet, options = kept(suite)
    row = suite.check("eight hosts, one changed", "1.3 times one host alone", fleet, *options)
    rounds = iter(range(1, 1000))

    def change() -> None:
        module = fleet / "hosts" / "h003.nix"
        module.write_text(module.read_text().replace("{", f"{{ users.users.u{next(rounds)}.isNormalUser = true;", 1))
        commit(fleet)
        suite.oracle_sees(module)

    row.before = change
    return row


def parse(suite: Suite) -> Row:
    """A row that reads files and no more: each is made a function that nobody calls, so that its text is read and its names are bound."""
    nixpkgs, folder = suite.corpus / "nixpkgs-2611", suite.folder / "parse"
    folder.mkdir()
    parts = ["lib", "nixos", "pkgs/top-level", "pkgs/build-support", "pkgs/stdenv"]
    files = sorted(path for part in parts for path in (nixpkgs / part).rglob("*.nix") if path.is_file())
    for number, path in enumerate(files):
        (folder / f"{number}.nix").write_bytes(b"_: " + path.read_bytes())
    size = sum(path.stat().st_size for path in files) / 1e6
    imports = f"builtins.foldl' (n: file: builtins.seq (import file) (n + 1)) 0 (builtins.genList (n: ./. + \"/${{toString n}}.nix\") {len(files)})"
    (folder / "default.nix").write_text(imports)
    suite.oracle_sees(folder)
    line = ["--eval", str(folder)]
    instantiate = [*suite.nix[:-1], str(pathlib.PurePath(suite.nix[-1]).with_name("nix-instantiate"))]
    return Row(f"{len(files)} files of {size:.0f} MB are read", "0.2 of user", [str(suite.link), *line], [*instantiate, *line])


ROWS = [host, packages, hosts, parse, version, number, cold, hundred, unchanged, changed]


def run(command: list[str]) -> tuple[float, float, float]:
    """Runs a command and returns its user CPU seconds, wall seconds and peak memory in MiB."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            said.seek(0)
            sys.exit(f"{' '.join(command)} ends with {child.returncode}:\n{said.read()[-2000:].decode(errors='replace')}")
    return usage.ru_utime, wall, usage.ru_maxrss / 1024


def cells(ours: list[float], oracle: list[float] | None) -> list[str]:
    # A child's peak is never told as less than what this script had when it started it.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def peak(value: float) -> str:
        return f"{value:.0f} MiB" if value > floor else f"below {floor:.0f} MiB"

    def shown(of: list[float]) -> list[str]:
        return [f"{of[0]:.2f} s", f"{of[1]:.2f} s" if of[1] >= 0.1 else f"{of[1] * 1000:.0f} ms", peak(of[2])]

    if oracle is None:
        return [*shown(ours), *[""] * 6]
    ratios = [f"{mine / theirs:.2f}" if theirs > 0 else "" for mine, theirs in zip(ours, oracle)]
    ratios[2] = ratios[2] if min(ours[2], oracle[2]) > floor else ""
    return [*shown(ours), *shown(oracle), *ratios]


def main() -> None:
    names = [row.__name__ for row in ROWS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--row", action="append", choices=names)
    parser.add_argument("-n", type=int, default=5, dest="runs")
    args = parser.parse_args()
    head = ["", *(f"{who} {what}" for who in ["ours,", "Nix,", "of Nix's"] for what in ["user", "wall", "peak"]), "target"]
    print("|", " | ".join(head), "|\n|", " | ".join("---" for _ in head), "|", flush=True)
    with tempfile.TemporaryDirectory(prefix="suite-", dir="/tmp") as temporary:
        suite = Suite(args, pathlib.Path(temporary))
        try:
            for make in ROWS:
                if args.row and make.__name__ not in args.row:
                    continue
                row = make(suite)
                ours, oracle = [], []
                for _ in range(args.runs):
                    row.before()
                    ours.append(run(row.ours))
                    if row.oracle:
                        oracle.append(run(row.oracle))
                medians = [[statistics.median(column) for column in zip(*runs)] for runs in (ours, oracle) if runs]
                line = cells(medians[0], medians[1] if row.oracle else None)
                print("|", " | ".join([row.what, *line, row.target]), "|", flush=True)
        finally:
            if suite.root is not None:
                shutil.rmtree(suite.root / temporary.lstrip("/"), ignore_errors=True)


main()
