//! A disk is named by the order in which the kernel finds it.

use super::disks::devices;
use super::reading::{Host, shown};
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "disk-device-unstable",
    stage: Stage::Policy,
    level: Level::Warning,
    title: "Disks are named by what they are",
    why: "`/dev/sda` is the first disk that the kernel found this time. With another disk, another cable or another \
          kernel it is a different one, and the host mounts, or makes swap of, what it should not. The one virtual \
          disk of a virtual machine is not told.",
    fix: "Name the disk by its identity: `ls -l /dev/disk/by-*` shows the names that stay.",
    wrong: "fileSystems.\"/srv\".device = \"/dev/sdb1\";",
    right: "fileSystems.\"/srv\".device = \"/dev/disk/by-label/srv\";",
};

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let mut found = Vec::new();
    for device in devices(host)?.iter().filter(|device| is_unstable(&device.device)) {
        let place = host.place(&device.path())?;
        let diagnostic = RULE
            .found(format!("`{}` may be another disk after the next start", device.device))
            .at(place, "")
            .hint("name it by what it is: /dev/disk/by-id, by-uuid, by-label or by-partlabel");
        found.push(Found::new(diagnostic).option(shown(&device.path())));
    }
    Ok(found)
}

/// Whether a device's name is given by the order in which disks are found.
fn is_unstable(device: &str) -> bool {
    let Some(name) = device.strip_prefix("/dev/") else {
        return false;
    };
    let letters = |prefix: &str| {
        let rest = name
            .strip_prefix(prefix)?
            .strip_prefix(|c: char| c.is_ascii_lowercase())?;
        rest.chars().all(|c| c.is_ascii_alphanumeric()).then_some(())
    };
    // A virtual machine mostly has one disk of the kind, and it is `vda`.
    let virtual_disk = letters("vd").is_some() && !name.starts_with("vda");
    let number = name.strip_prefix("nvme").and_then(|rest| rest.split_once('n'));
    let nvme = number.is_some_and(|(controller, _)| controller.parse::<u32>().is_ok_and(|n| n > 0));
    letters("sd").is_some() || letters("hd").is_some() || virtual_disk || nvme
}

#[cfg(test)]
mod tests {
    use super::is_unstable;
    use crate::host::fixture::check;

    #[test]
    fn devices_by_their_order_are_told() {
        let told = |place: &str, device: &str| format!("{place}: `{device}` may be another disk after the next start");
        let check = |text: &str, found: &[&str]| check(super::run, text, found);
        check(
            "{ fileSystems.\"/srv\".device = \"/dev/sdb1\"; }",
            &[&told("host.nix:1:3", "/dev/sdb1")],
        );
        check(
            "{ fileSystems.\"/srv\" = {\n  device = \"/dev/sdb1\";\n}; }",
            &[&told("host.nix:2:3", "/dev/sdb1")],
        );
        check(
            "{ swapDevices = [ { device = \"/dev/sda2\"; } ]; }",
            &[&told("host.nix:1:3", "/dev/sda2")],
        );
        check(
            "{ boot.initrd.luks.devices.x.device = \"/dev/sda2\"; }",
            &[&told("host.nix:1:3", "/dev/sda2")],
        );
        check("{ fileSystems.\"/srv\".device = \"/dev/disk/by-label/srv\"; }", &[]);
        check("{ fileSystems.\"/tmp\".device = \"tmpfs\"; }", &[]);
        check("{ }", &[]);
    }

    #[test]
    fn names_that_depend_on_the_order_are_known() {
        for (device, unstable) in [
            ("/dev/sda", true),
            ("/dev/sdb1", true),
            ("/dev/sdaa3", true),
            ("/dev/hda1", true),
            ("/dev/vda1", false),
            ("/dev/vdb", true),
            ("/dev/nvme0n1p2", false),
            ("/dev/nvme1n1p2", true),
            ("/dev/sd", false),
            ("/dev/sda/x", false),
            ("/dev/mapper/root", false),
            ("/dev/md0", false),
            ("/dev/mmcblk0p1", false),
            ("sda", false),
            ("", false),
        ] {
            assert_eq!(is_unstable(device), unstable, "{device}");
        }
    }
}
