# Makes the disks of a host by its own scripts, and puts its system on them. The root that this runs on is left behind.
# Arguments: the system, the script that makes file systems, the one that mounts them, where they are mounted, the devices.
set -euo pipefail
system=$1 format=$2 mount=$3 root=$4
shift 4
export PATH=$system/sw/bin

# What a running NixOS has and programs rely on: /etc, modules that load themselves, and udev. What else of the activation
# fails here has nothing to do with disks.
ln -sfn "$system" /run/booted-system
mkdir -p /run/lock
"$system/activate" || echo "the activation ends with $?"
"$system/systemd/lib/systemd/systemd-udevd" --daemon
udevadm trigger --type=subsystems --action=add
udevadm trigger --type=devices --action=add
udevadm settle --timeout=120

# The names that the host knows its disks by.
letters=(b c d e f g h i j k l m n o p q r s t u v w x y z)
number=0
for device; do
  disk=/dev/vd${letters[number]}
  if [ "$(readlink -f "$device")" != "$disk" ]; then
    mkdir -p "$(dirname "$device")"
    ln -sfn "$disk" "$device"
  fi
  number=$((number + 1))
done

echo "making file systems" && "$format" || exit 90
echo "mounting them" && "$mount" || exit 91
udevadm settle --timeout=120

mkdir -p "$root/nix/store"
xargs -a /cfgcheck/closure cp -a -t "$root/nix/store"
cp -a /cfgcheck/root/. "$root"
findmnt --raw --noheadings --output TARGET,SOURCE,FSTYPE --submounts "$root" > /cfgcheck/mounts
swapoff -a
umount -R "$root"
sync
