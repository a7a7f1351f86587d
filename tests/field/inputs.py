"""Fills cfgcheck's cache of fetched trees from clones, so that real lock files work without a network.

Each locked input of a flake is looked for in the folder of clones. Where the clone has the locked
revision, its tree is written and its NAR hash is compared with the lock's: it is the very input.
Otherwise the clone's HEAD stands in. nixpkgs is too big to clone: one given folder stands in for all.
What was done is returned for each input, since a check is worth only what its inputs are.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

NIX32 = "0123456789abcdfghijklmnpqrsvwxyz"
# Other names of projects that have moved: what a clone of one name lacks, that of another can have.
MOVED = {
    "astro/microvm.nix": "microvm-nix/microvm.nix",
    "cachix/pre-commit-hooks.nix": "cachix/git-hooks.nix",
    "danth/stylix": "nix-community/stylix",
    "lnl7/nix-darwin": "nix-darwin/nix-darwin",
    "mic92/nix-index-database": "nix-community/nix-index-database",
    "numtide/srvos": "nix-community/srvos",
    "t184256/nix-on-droid": "nix-community/nix-on-droid",
    "zhaofengli/colmena": "nix-community/colmena",
    "clan/clan-core": "clan-lol/clan-core",
    "denful/den": "vic/den",
    "denful/flake-file": "vic/flake-file",
    "denful/import-tree": "vic/import-tree",
    "tinted-theming/tinted-zed": "tinted-theming/base16-zed",
}
FORGES = r"(?:github\.com|gitlab\.com|git\.clan\.lol|codeberg\.org|api\.flakehub\.com/f/pinned)"
EMPTY_LOCK = {"nodes": {"root": {}}, "root": "root"}


def nix32(digest):
    """Returns a digest in Nix's base 32."""
    length = (len(digest) * 8 - 1) // 5 + 1
    out = []
    for n in range(length - 1, -1, -1):
        bit = n * 5
        byte, shift = bit // 8, bit % 8
        value = digest[byte] >> shift
        if byte + 1 < len(digest):
            value |= digest[byte + 1] << (8 - shift)
        out.append(NIX32[value & 31])
    return "".join(out)


def sri_digest(sri):
    """Returns the bytes of an SRI sha256."""
    import base64

    return base64.b64decode(sri.removeprefix("sha256-"))


def nar_digest(path):
    """Returns the sha256 of a folder's NAR."""
    sha = hashlib.sha256()

    def text(data):
        sha.update(len(data).to_bytes(8, "little") + data + b"\0" * (-len(data) % 8))

    def node(at):
        text(b"(")
        text(b"type")
        if os.path.islink(at):
            text(b"symlink")
            text(b"target")
            text(os.readlink(at))
        elif os.path.isdir(at):
            text(b"directory")
            for name in sorted(os.listdir(at)):
                text(b"entry")
                text(b"(")
                text(b"name")
                text(name)
                text(b"node")
                node(at + b"/" + name)
                text(b")")
        else:
            text(b"regular")
            if os.stat(at).st_mode & 0o100:
                text(b"executable")
                text(b"")
            text(b"contents")
            text(Path(os.fsdecode(at)).read_bytes())
        text(b")")

    text(b"nix-archive-1")
    node(os.fsencode(path))
    return sha.digest()


def git(repo, *args, **more):
    return subprocess.run(["git", f"--git-dir={repo}", *args], capture_output=True, **more)


def clones(folder):
    """Returns the bare clones below a folder by `owner/name` in small letters."""
    found = {}
    for each in Path(folder).iterdir():
        owner, plus, name = each.name.partition("+")
        where = next((at for at in (each / "repo", each) if (at / "HEAD").is_file()), None)
        if plus and where:
            found[f"{owner}/{name}".lower()] = where
    return found


def project(locked):
    """Returns the `owner/name` of a locked input in small letters, or nothing."""
    if locked.get("owner"):
        name = f"{locked['owner']}/{locked['repo']}".lower()
    else:
        found = re.search(rf"{FORGES}[/:](?:api/v1/repos/)?([^/]+/[^/?]+?)(\.git)?/?((archive|\d+\.)[^?]*)?(\?.*)?$", locked.get("url", ""))
        if not found:
            return None
        name = found[1].lower()
    return name


def is_nixpkgs(locked):
    if (project(locked) or "").endswith("/nixpkgs"):
        return True
    url = locked.get("url", "")
    return bool(re.search(r"channels\.nixos\.org|nixos\.org/channels|releases\.nixos\.org|flakehub\.com/f/(pinned/)?nixos/nixpkgs|/nixpkgs(\.git)?$", url, re.I))


def write_tree(repo, rev, into, archive):
    """Writes the tree of a revision; returns how many files the clone lacks."""
    into.mkdir(parents=True)
    if archive:
        tar = git(repo, "archive", "--format=tar", rev)
        if tar.returncode == 0:
            subprocess.run(["tar", "-x", "--no-same-owner", "-C", into], input=tar.stdout, check=True)
            return 0
    lacking = 0
    for line in git(repo, "ls-tree", "-rz", rev).stdout.split(b"\0"):
        if not line:
            continue
        meta, name = line.split(b"\t", 1)
        mode, kind, blob = meta.decode().split()
        at = os.path.join(os.fsencode(into), name)
        if kind == "commit":
            os.makedirs(at, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(at), exist_ok=True)
        read = git(repo, "cat-file", "blob", blob)
        lacking += read.returncode != 0
        if mode == "120000":
            os.symlink(read.stdout, at)
        else:
            with open(at, "wb") as file:
                file.write(read.stdout)
            os.chmod(at, 0o755 if mode == "100755" else 0o644)
    return lacking


def fill(lock_file, clone_folder, trees, nixpkgs):
    """Puts what can be had of a lock's inputs into `trees`; returns {node: what it is}, and the folders
    that nixpkgs is to be mounted on."""
    try:
        lock = json.loads(lock_file.read_bytes())
    except (FileNotFoundError, ValueError):
        lock = EMPTY_LOCK
    have = clones(clone_folder)
    kinds, mounts = {}, []
    for name, node in lock["nodes"].items():
        locked = node.get("locked")
        if not locked or "narHash" not in locked:
            continue
        key = nix32(sri_digest(locked["narHash"]))
        tree, note = trees / key, trees.parent / "notes" / key
        if is_nixpkgs(locked):
            tree.mkdir(parents=True, exist_ok=True)
            mounts.append((nixpkgs, tree))
            kinds[name] = ("nixpkgs", project(locked) or locked.get("url"))
            continue
        if not note.exists():
            name = project(locked) or ""
            repos = [have[each] for each in (name, MOVED.get(name)) if each in have]
            if not repos:
                kinds[name] = ("missing", project(locked) or locked.get("url", "?"))
                continue
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(put(repos, locked, tree))
        kinds[name] = (note.read_text(), project(locked))
    return kinds, mounts


def put(repos, locked, tree):
    """Writes one input's tree and returns what it is: `exact`, `incomplete` (the clone lacks a file of
    it), or a `stand-in`: the last commit before the time of the lock."""
    draft = tree.with_name(tree.name + ".draft")
    in_url = re.search(r"archive/([0-9a-f]{40})", locked.get("url", ""))
    rev = locked.get("rev") or (in_url[1] if in_url else "HEAD")
    kind = "stand-in"
    for repo in repos:
        if git(repo, "cat-file", "-e", f"{rev}^{{commit}}").returncode != 0:
            continue
        for archive in (True, False):
            shutil.rmtree(draft, ignore_errors=True)
            write_tree(repo, rev, draft, archive)
            if nar_digest(draft) == sri_digest(locked["narHash"]):
                draft.rename(tree)
                return "exact"
        kind = "incomplete"
    if kind == "stand-in":
        before = f"--before=@{locked.get('lastModified', 0) + 1}"
        near = [(git(repo, "log", "-1", "--format=%ct %H", before, "HEAD").stdout.decode().split(), repo) for repo in repos]
        near = max(((int(found[0]), found[1], repo) for found, repo in near if found), default=(0, "HEAD", repos[0]))
        shutil.rmtree(draft, ignore_errors=True)
        write_tree(near[2], near[1], draft, True)
    draft.rename(tree)
    return kind


STUBS = """# Stands in for a file that is too big for a clone: packages without dependencies.
{ lib, callPackage, ... }: self:
lib.genAttrs (lib.splitString "\\n" (lib.fileContents ./hackage-names.txt)) (
  name:
  callPackage (
    { mkDerivation, ... }:
    mkDerivation {
      pname = name;
      version = "0";
      sha256 = lib.fakeSha256;
      license = lib.licenses.bsd3;
      postInstall = "";
    }
  ) { }
)
"""


def complete(nixpkgs, into):
    """Makes a nixpkgs of hard links, with a stand-in for its list of Haskell packages if it lacks that."""
    haskell = Path("pkgs/development/haskell-modules")
    if (nixpkgs / haskell / "hackage-packages.nix").stat().st_size > 1_000_000:
        return nixpkgs
    if into.exists():
        return into
    draft = into.with_name(into.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    subprocess.run(["cp", "-al", nixpkgs, draft], check=True)
    names = set()
    for at in (nixpkgs / "pkgs").rglob("*.nix"):
        text = at.read_text(errors="replace")
        if "askell" in text or haskell.as_posix() in at.as_posix():
            names.update(re.findall(r"\b(?:super|self|hp?|(?:buildH|[hH])askellPackages|hpkgs|haskell\.packages\.\w+)\.([A-Za-z_][\w'-]*)", text))
            names.update(re.findall(r"(?<![\w.])([A-Z][A-Za-z0-9]+)(?![\w.])", text))
        if "cabal2nix" in text or "libraryHaskellDepends" in text or "executableHaskellDepends" in text:
            names.update(re.findall(r"^\s*([A-Za-z][\w'-]*),?$", text, re.M))
    # Of these names the other packages are meant, not Haskell's.
    other = r"lib|stdenv|pkgs|mkDerivation|(fetch|build|make|write|run|call|symlink|substitute|remove|apply|auto|wrap|gen)([A-Z].*|git|zip|url)|.*(Hook|Wrapper|Packages|Platform)"
    names = {name for name in names if not re.fullmatch(other, name)}
    names = sorted(name for name in names if re.fullmatch(r"[A-Za-z_][\w'-]*", name))
    for name, text in (("hackage-names.txt", "\n".join(names) + "\n"), ("hackage-packages.nix", STUBS)):
        (draft / haskell / name).unlink(missing_ok=True)
        (draft / haskell / name).write_text(text)
    draft.rename(into)
    return into
