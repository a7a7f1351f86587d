#!/usr/bin/env bash
# Gets the real pre-commit: tests/pre-commit.sh DIR
#
# Prints the path of the program, for CFGCHECK_PRE_COMMIT. It is installed from PyPI into an environment of its own in DIR, and
# is kept there. Needs Python 3 with venv, and the network once.
set -euo pipefail

version=4.7.0
dir=$(realpath -m "${1:?a folder to keep it in}")
program=$dir/$version/bin/pre-commit
if [ ! -x "$program" ]; then
  rm -rf "${dir:?}/$version"
  python3 -m venv "$dir/$version" >&2
  "$dir/$version/bin/pip" install --quiet --disable-pip-version-check "pre-commit==$version" >&2
fi
printf '%s\n' "$program"
