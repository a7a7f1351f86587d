#!/usr/bin/env bash
# Makes an oracle: a Debian sid root with Nix 2.34, to compare with. As root: tests/oracle.sh DIR
#
# Prints the command in front of which the tests put `nix-instantiate`, so that this works:
#   CFGCHECK_ORACLE="$(tests/oracle.sh DIR)" tests/run oracle
# DIR is kept and used again. The tests' files are shown in it as /lang. Ends with 3 where the Nix in it is
# not the version whose answers the golden tables hold: good for building, but no oracle.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${1:?usage: tests/oracle.sh DIR}
mirror=${CFGCHECK_DEBIAN_MIRROR:-}
files=$repository/src/eval/tests/lang/files

{
  if [ "$(id -u)" != 0 ]; then
    echo "oracle.sh: only root can make a root folder"
    exit 1
  fi
  if ! command -v debootstrap >/dev/null; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap
  fi
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  # Some packages fail to configure inside containers; all that matters is that Nix is there and runs.
  if [ ! -x "$dir/usr/bin/nix-instantiate" ]; then
    debootstrap --variant=minbase --include=nix-bin sid "$dir" ${mirror:+"$mirror"} || true
  fi
  mkdir -p "$dir/proc" "$dir/dev/pts" "$dir/lang" "$dir/etc/nix"
  mountpoint -q "$dir/proc" || mount -t proc proc "$dir/proc"
  # Devices of its own: deleting the folder must never reach those of the machine.
  for node in null:3 zero:5 full:7 random:8 urandom:9; do
    [ -c "$dir/dev/${node%:*}" ] || mknod -m 666 "$dir/dev/${node%:*}" c 1 "${node#*:}"
  done
  [ -c "$dir/dev/tty" ] || mknod -m 666 "$dir/dev/tty" c 5 0
  # Builds want a terminal of their own.
  mountpoint -q "$dir/dev/pts" || mount -t devpts -o newinstance,ptmxmode=0666 devpts "$dir/dev/pts"
  ln -sfn pts/ptmx "$dir/dev/ptmx"
  ln -sfn /proc/self/fd "$dir/dev/fd"
  # A copy rather than a mount: it is small, and nothing has to be undone.
  mountpoint -q "$dir/lang" || cp -R "$files/." "$dir/lang/"
  printf 'build-users-group =\nsubstituters =\nexperimental-features = nix-command flakes\n' >"$dir/etc/nix/nix.conf"
  version=$(chroot "$dir" nix-instantiate --version)
  echo "oracle.sh: $version"
  case $version in
    *" 2.34."*) ;;
    *)
      echo "oracle.sh: the golden tables are the answers of Nix 2.34"
      other=3
      ;;
  esac
} >&2
echo "chroot $dir"
exit "${other:-0}"
