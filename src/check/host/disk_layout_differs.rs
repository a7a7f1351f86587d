//! A file system is on a partition that the layout of the disks does not make.

use super::reading::{Host, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;
use std::collections::BTreeSet;

/// The rule.
pub const RULE: Rule = Rule {
    id: "disk-layout-differs",
    stage: Stage::Policy,
    level: Level::Error,
    title: "File systems are on partitions that the layout of the disks makes",
    why: "disko makes the partitions when the machine is installed, and `fileSystems` mounts them when it starts. A \
          partition that only the second knows is not there on a machine that was just installed, and it does not \
          start.",
    fix: "Add the partition to `disko.devices`, whose mount points become file systems by themselves, or remove the \
          file system.",
    wrong: "disko.devices.disk.main.content.partitions.root = { … };\nfileSystems.\"/srv\".device = \"/dev/disk/by-partlabel/disk-main-data\";",
    right: "disko.devices.disk.main.content.partitions = {\n  root = { … };\n  data.content = { type = \"filesystem\"; format = \"ext4\"; \
            mountpoint = \"/srv\"; };\n};",
};

const BY_LABEL: &str = "/dev/disk/by-partlabel/";

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let disks = host.entries(&["disko", "devices", "disk"])?;
    let mut names = Vec::new();
    let mut labels: BTreeSet<String> = BTreeSet::new();
    for (name, cell) in disks {
        let name = host.used(cell, &["name"])?.and_then(text_of).unwrap_or(name);
        let Some(partitions) = host.used(cell, &["content", "partitions"])? else {
            continue;
        };
        for (partition, cell) in host.entries_of(partitions) {
            let label = host.used(cell, &["label"])?.and_then(text_of);
            labels.insert(label.unwrap_or_else(|| format!("disk-{name}-{partition}")));
        }
        names.push(name);
    }
    let mut found = Vec::new();
    for (mount, cell) in host.entries(&["fileSystems"])? {
        let device = host.used(cell, &["device"])?.and_then(text_of).unwrap_or_default();
        let Some(label) = device.strip_prefix(BY_LABEL) else {
            continue;
        };
        // The label of a disk that disko knows nothing of says nothing.
        let is_of_layout = names.iter().any(|name| label.starts_with(&format!("disk-{name}-")));
        if !is_of_layout || labels.contains(label) {
            continue;
        }
        let path = ["fileSystems", &mount, "device"];
        let place = host.place(&path)?;
        let diagnostic = RULE
            .found(format!(
                "`{mount}` is on the partition `{label}`, which disko.devices does not make"
            ))
            .at(place, "")
            .hint("add the partition to disko.devices, or remove the file system");
        found.push(Found::new(diagnostic).option(super::reading::shown(&path)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_partition_that_the_layout_lacks_is_told() {
        let with = |label: &str, disks: &str| {
            format!(
                "{{ fileSystems.\"/srv\".device = \"/dev/disk/by-partlabel/{label}\"; disko.devices.disk = {{ {disks} }}; }}"
            )
        };
        let disk = "main.content = { type = \"gpt\"; partitions = { root = { }; old.label = \"boot\"; }; };";
        let told = "host.nix:1:3: `/srv` is on the partition `disk-main-data`, which disko.devices does not make";
        check(super::run, &with("disk-main-data", disk), &[told]);
        check(super::run, &with("disk-main-root", disk), &[]);
        check(super::run, &with("disk-other-data", disk), &[]);
        check(super::run, &with("data", disk), &[]);
        check(super::run, &with("disk-main-data", ""), &[]);
        check(
            super::run,
            "{ fileSystems.\"/srv\".device = \"/dev/disk/by-partlabel/disk-main-data\"; }",
            &[],
        );
    }
}
