//! Two hosts were given the same disk.

use super::{Fact, Shared};
use crate::host::{Found, Host, Stop, devices};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "disk-device-shared",
    stage: Stage::Policy,
    level: Level::Error,
    title: "A disk belongs to one host",
    why: "Names in `/dev/disk/by-id`, `by-uuid` and `by-partuuid` are those of one disk. A host that was copied from \
          another one and kept them waits for a disk that it does not have, and does not start. Configurations with one \
          host name, or with one file of disks, are taken for one machine.",
    fix: "Correct the name on one of the hosts: `ls -l /dev/disk/by-id` on the machine shows its own.",
    wrong: "# hosts/web.nix and hosts/mail.nix\nfileSystems.\"/srv\".device = \"/dev/disk/by-id/virtio-data-0042\";",
    right: "# hosts/web.nix\nfileSystems.\"/srv\".device = \"/dev/disk/by-id/virtio-data-0042\";\n# hosts/mail.nix\n\
            fileSystems.\"/srv\".device = \"/dev/disk/by-id/virtio-data-0043\";",
};

/// Folders whose names are those of one disk in the world.
const UNIQUE: [&str; 3] = ["/dev/disk/by-id/", "/dev/disk/by-uuid/", "/dev/disk/by-partuuid/"];

/// Returns the disks of a host that have a name of their own.
pub(super) fn facts(host: &mut Host<'_>) -> Result<Vec<Fact>, Stop> {
    let mut facts = Vec::new();
    for device in devices(host)? {
        // The serial number of an EFI system partition has 32 bits, and images share it.
        let is_short = device.device.rsplit('/').next().is_some_and(|name| name.len() < 10);
        if !UNIQUE.iter().any(|folder| device.device.starts_with(folder)) || is_short {
            continue;
        }
        let place = host.quick_place(&device.path())?;
        // Subvolumes of one disk are one fact.
        if !facts.iter().any(|fact: &Fact| fact.value == device.device) {
            facts.push(Fact {
                value: device.device,
                option: device.option,
                place,
            });
        }
    }
    Ok(facts)
}

/// Returns the finding on a disk that another host has.
pub(super) fn found(host: &mut Host<'_>, shared: &Shared<'_>) -> Result<Found, Stop> {
    let path: Vec<&str> = shared.fact.option.iter().map(String::as_str).collect();
    let place = host.place(&path)?;
    let diagnostic = RULE
        .found(format!(
            "`{}` is also the disk of the host `{}`: the name belongs to one disk",
            shared.fact.value, shared.other
        ))
        .at(place, "")
        .hint("correct the name on one of them");
    Ok(Found::new(diagnostic).option(crate::host::shown(&path)))
}
