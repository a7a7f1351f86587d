#!/usr/bin/env bash
# Holds the action, the workflows and the template for GitLab against their checkers: tests/actionlint.sh DIR
#
# The checkers are actionlint, with ShellCheck on each script, and check-jsonschema, which has the schemas of GitHub and GitLab.
# What is not installed is kept in DIR. Needs Python with its module venv, ShellCheck, and the network once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

schemas=0.39.0
dir=$(realpath -m "${1:?a folder to keep the checkers in}")
if ! command -v shellcheck >/dev/null; then
  echo "actionlint.sh: ShellCheck is missing" >&2
  exit 3
fi
# Other versions are installed anew.
want=$dir/$(cat tests/actionlint.txt - <<<"$schemas" | sha256sum | cut -c1-16)
if [ ! -e "$want/done" ]; then
  rm -rf "$want"
  python3 -m venv "$want"
  pip=("$want/bin/pip" install --quiet --disable-pip-version-check --only-binary :all:)
  "${pip[@]}" --require-hashes --no-deps --requirement tests/actionlint.txt
  "${pip[@]}" "check-jsonschema==$schemas"
  touch "$want/done"
fi
actionlint=$(command -v actionlint || printf '%s\n' "$want/bin/actionlint")

failed=
workflows=(.github/workflows/*.yml docs/workflows/*.yml)
for workflow in "${workflows[@]}"; do
  # The scripts of releases are those of dist, which writes them.
  if [ "$workflow" = .github/workflows/release.yml ]; then flags=(-shellcheck=); else flags=(); fi
  "$actionlint" "${flags[@]}" "$workflow" || failed=yes
done

# actionlint knows no actions: as the workflow that an action would be, it has the same steps, inputs and outputs.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$want/bin/python" - "$work" <<'PYTHON'
import pathlib, sys
from ruamel.yaml import YAML

yaml = YAML()
yaml.width = 1000
work = pathlib.Path(sys.argv[1])
action = yaml.load(pathlib.Path("action.yml"))
inputs = {
    name: {"type": "string", "default": given["default"]} for name, given in action["inputs"].items()
}
workflow = {
    "on": {"workflow_call": {"inputs": inputs}},
    "permissions": {},
    "jobs": {
        "action": {
            "runs-on": "ubuntu-24.04",
            "outputs": {name: output["value"] for name, output in action["outputs"].items()},
            "steps": action["runs"]["steps"],
        }
    },
}
yaml.dump(workflow, work / "action.yml")
for name, job in yaml.load(pathlib.Path("docs/gitlab-ci.yml")).items():
    if "script" in job:
        lines = [*job.get("before_script", []), *job["script"]]
        names = [*yaml.load(pathlib.Path("docs/gitlab-ci.yml"))["variables"], *job.get("variables", {})]
        given = "".join(f"{variable}=${{{variable}:?}}\n" for variable in names)
        (work / f"gitlab-{name}.sh").write_text("\n".join(["#!/bin/bash", "set -eo pipefail", given, *lines]) + "\n")
PYTHON
"$actionlint" "$work/action.yml" || failed=yes
shellcheck "$work"/gitlab-*.sh || failed=yes

schema() { "$want/bin/check-jsonschema" --quiet --builtin-schema "vendor.$1" "${@:2}" || failed=yes; }
schema github-actions action.yml
schema github-workflows "${workflows[@]}"
schema gitlab-ci docs/gitlab-ci.yml

if [ -n "$failed" ]; then exit 1; fi
echo "actionlint.sh: $((${#workflows[@]} + 2)) files, nothing found"
