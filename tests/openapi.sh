#!/usr/bin/env bash
# Gets GitHub's own description of its REST interface: tests/openapi.sh DIR
#
# Prints the path of the description, for CFGCHECK_OPENAPI. It is one file of the npm package @octokit/openapi, of 13 MB, and
# is kept in DIR. Needs npm, and the network once.
set -euo pipefail

version=23.0.2
dir=$(realpath -m "${1:?a folder to keep it in}")
file=$dir/api.github.com-$version.json
if [ ! -s "$file" ]; then
  mkdir -p "$dir"
  work=$(mktemp -d "$dir/get.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "@octokit/openapi@$version" >&2)
  # The archive has the descriptions of all versions of GitHub Enterprise, with all references written out: 400 MB.
  tar -xzf "$work"/*.tgz -C "$work" package/generated/api.github.com.json
  mv "$work/package/generated/api.github.com.json" "$file"
fi
printf '%s\n' "$file"
