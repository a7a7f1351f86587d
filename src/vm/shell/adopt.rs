//! Taking over the store paths of a disk that comes with a machine, by its shell.

use super::{Shell, quoted};
use crate::guest::GuestError;
use crate::link::Wait;

/// Copies what is missing in the store from the disk whose device is `$1`, and says how many paths that were. In a mount
/// namespace of its own, where the store can be written to.
const SCRIPT: &str = r#"
set -eu
folder=/run/cfgcheck/delta
mkdir -p $folder
mount -t ext4 -o ro "$1" $folder
if mountpoint -q /nix/store; then mount -o remount,rw,bind /nix/store; fi
count=0
for path in $folder/*-*; do
  name=${path##*/}
  if [ ! -e "/nix/store/$name" ]; then
    cp -a "$path" "/nix/store/.$name.part"
    mv "/nix/store/.$name.part" "/nix/store/$name"
    count=$((count + 1))
  fi
done
if [ -e $folder/registration ] && command -v nix-store >/dev/null; then nix-store --load-db <$folder/registration; fi
umount $folder
echo $count
"#;

impl Shell {
    /// Copies what is missing in the guest's store from the disk with a serial number, makes the system's Nix know of it, and
    /// returns how many paths that were.
    pub fn adopt(&mut self, serial: &str, wait: &mut Wait<'_>) -> Result<u32, GuestError> {
        let device = quoted(&format!("/dev/disk/by-id/virtio-{serial}"));
        let script = format!("exec unshare --mount bash -c {} adopt {device}", quoted(SCRIPT));
        let said = self.question(&script, 4 << 10, wait)?;
        let said = String::from_utf8_lossy(&said);
        let count = said.lines().next_back().and_then(|line| line.trim().parse().ok());
        count.ok_or_else(|| super::refused(&said))
    }
}
