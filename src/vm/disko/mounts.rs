//! Where the file systems of a new root are, as the machine that made them tells it. It is not believed more than needed: only
//! disks that it has count.

use agent::Mount;

/// What is mounted to find the boot loader's files and the kernel: the root, boot partitions, and the store.
const WANTED: [&str; 7] = ["/", "/boot", "/efi", "/boot/efi", "/boot/EFI", "/nix", "/nix/store"];

/// Reads lines of target, source and kind, each file system after the one that it lies in. The disks of the machine that says it
/// come one later than they are to be. An error is the device of a root that lies on no disk.
pub fn read(list: &str, folder: &str, disks: usize) -> Result<Vec<Mount>, String> {
    let mut mounts = Vec::new();
    for line in list.lines() {
        let mut words = line.split_whitespace();
        let (Some(target), Some(source), Some(kind)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let target = match target.strip_prefix(folder.trim_end_matches('/')) {
            Some("") => "/",
            Some(below) if below.starts_with('/') => below,
            _ => continue,
        };
        if !WANTED.contains(&target) {
            continue;
        }
        // A subvolume of btrfs stands in brackets behind its device.
        let (device, subvolume) = match source.split_once('[') {
            Some((device, rest)) => (device, rest.strip_suffix(']')),
            None => (source, None),
        };
        let Some(source) = earlier(device, disks) else {
            if target == "/" {
                return Err(diag::clean_line(device).into_owned());
            }
            continue;
        };
        mounts.push(Mount {
            source,
            target: target.to_owned(),
            kind: kind.to_owned(),
            options: match (kind, subvolume) {
                ("btrfs", Some(subvolume)) => format!("subvol={subvolume}"),
                _ => String::new(),
            },
        });
    }
    match mounts.first() {
        Some(first) if first.target == "/" => Ok(mounts),
        _ => Err("nothing".into()),
    }
}

/// Returns the name of a disk, or of a part of it, in a machine that has one disk less before it.
fn earlier(device: &str, disks: usize) -> Option<String> {
    let mut rest = device.strip_prefix("/dev/vd")?.chars();
    let letter = rest.next().filter(char::is_ascii_lowercase)?;
    let part = rest.as_str();
    let number = usize::try_from(u32::from(letter).checked_sub(u32::from('b'))?).ok()?;
    let before = ('a'..='z').nth(number)?;
    let is_part = part.bytes().all(|byte| byte.is_ascii_digit());
    (number < disks && is_part).then(|| format!("/dev/vd{before}{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &str) -> String {
        match read(list, "/mnt", 2) {
            Err(why) => format!("no: {why}"),
            Ok(mounts) => {
                let mounts = mounts.iter().map(|mount| {
                    let Mount {
                        source,
                        target,
                        kind,
                        options,
                    } = mount;
                    format!("{source} {target} {kind} {options}")
                });
                mounts.collect::<Vec<_>>().join("; ")
            }
        }
    }

    #[test]
    fn disks_are_named_as_they_will_be() {
        for (list, expected) in [
            (
                "/mnt /dev/vdb2 ext4\n/mnt/boot /dev/vdb1 vfat\n/mnt/srv /dev/vdc1 ext4\n",
                "/dev/vda2 / ext4 ; /dev/vda1 /boot vfat ",
            ),
            (
                "/mnt /dev/vdb2[/root] btrfs\n/mnt/nix /dev/vdb2[/nix] btrfs\n",
                "/dev/vda2 / btrfs subvol=/root; /dev/vda2 /nix btrfs subvol=/nix",
            ),
            ("/mnt /dev/mapper/crypt ext4\n", "no: /dev/mapper/crypt"),
            (
                "/mnt /dev/vdb2 ext4\n/mnt/boot /dev/mapper/x vfat\n",
                "/dev/vda2 / ext4 ",
            ),
            // A machine that lies names disks that it does not have, or folders elsewhere.
            ("/mnt /dev/vda ext4\n", "no: /dev/vda"),
            ("/mnt /dev/vdd ext4\n", "no: /dev/vdd"),
            ("/mnt /dev/vdb/../sda ext4\n", "no: /dev/vdb/../sda"),
            ("/mnt /dev/vdé ext4\n", "no: /dev/vdé"),
            ("/etc /dev/vdb ext4\n/mnt2 /dev/vdb ext4\n", "no: nothing"),
            ("", "no: nothing"),
        ] {
            assert_eq!(told(list), expected, "{list}");
        }
    }
}
