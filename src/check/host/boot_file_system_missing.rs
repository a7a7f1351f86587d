//! Nothing is mounted where the boot loader belongs.

use super::reading::{Host, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "boot-file-system-missing",
    stage: Stage::Policy,
    level: Level::Error,
    title: "The partition that the firmware starts from is mounted",
    why: "The boot loader is written to the EFI system partition. If that is not mounted where NixOS expects it, the \
          boot loader lands on the root file system, where the firmware does not look: the machine goes on to start \
          what was installed last, or nothing.",
    fix: "Mount it at `boot.loader.efi.efiSysMountPoint`, which is `/boot` unless something else is said.",
    wrong: "boot.loader.systemd-boot.enable = true;\nfileSystems.\"/\" = { … };",
    right: "boot.loader.systemd-boot.enable = true;\nfileSystems.\"/\" = { … };\nfileSystems.\"/boot\" = {\n  \
            device = \"/dev/disk/by-label/ESP\";\n  fsType = \"vfat\";\n};",
};

/// Boot loaders that the firmware starts from the EFI system partition: the options by which one is chosen,
/// all of them, and its name.
const LOADERS: [(&[&[&str]], &str); 4] = [
    (&[&["boot", "loader", "systemd-boot", "enable"]], "systemd-boot"),
    (&[&["boot", "lanzaboote", "enable"]], "lanzaboote"),
    (
        &[
            &["boot", "loader", "limine", "enable"],
            &["boot", "loader", "limine", "efiSupport"],
        ],
        "limine",
    ),
    (
        &[
            &["boot", "loader", "grub", "enable"],
            &["boot", "loader", "grub", "efiSupport"],
        ],
        "GRUB",
    ),
];

const MOUNT_POINT: &[&str] = &["boot", "loader", "efi", "efiSysMountPoint"];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    if host.is_on(&["boot", "isContainer"])? {
        return Ok(Vec::new());
    }
    let mount = host.text(MOUNT_POINT)?.unwrap_or_else(|| "/boot".into());
    let mounted: Vec<String> = host
        .entries(&["fileSystems"])?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let is_mounted = |point: &str| {
        let point = point.trim_end_matches('/');
        mounted.iter().any(|mounted| mounted.trim_end_matches('/') == point)
    };
    // A host without any file system is not one that starts from a disk.
    if !is_mounted("/") {
        return Ok(Vec::new());
    }
    for (options, name) in LOADERS {
        let mut chosen = true;
        for option in options {
            chosen = chosen && host.is_on(option)?;
        }
        if !chosen {
            continue;
        }
        let copies = if name == "GRUB" { copies(host)? } else { Vec::new() };
        let wanted = if copies.is_empty() { vec![mount.clone()] } else { copies };
        let Some(missing) = wanted.iter().find(|point| !is_mounted(point)) else {
            continue;
        };
        let place = host.place(options[0])?;
        let diagnostic = RULE
            .found(format!("{name} is installed into {missing}, and no file system is mounted there"))
            .at(place, "")
            .hint(format!(
                "mount the EFI system partition: `fileSystems.\"{missing}\" = {{ device = \"/dev/disk/by-label/ESP\"; fsType = \"vfat\"; }};`"
            ));
        return Ok(vec![
            Found::new(diagnostic).option(format!("fileSystems.\"{missing}\"")),
        ]);
    }
    Ok(Vec::new())
}

/// Returns where GRUB is installed, once for each disk that it is told of.
fn copies(host: &mut Host<'_>) -> Result<Vec<String>, Stop> {
    let mut points = Vec::new();
    for &cell in host.elements(&["boot", "loader", "grub", "mirroredBoots"])? {
        let point = host.used(cell, &["efiSysMountPoint"])?.and_then(text_of);
        let point = match point {
            Some(point) => Some(point),
            None => host.used(cell, &["path"])?.and_then(text_of),
        };
        points.extend(point);
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_boot_loader_without_its_partition_is_told() {
        let told = |name: &str, mount: &str| {
            format!("host.nix:1:3: {name} is installed into {mount}, and no file system is mounted there")
        };
        let root = "fileSystems.\"/\".device = \"/dev/disk/by-label/root\";";
        let with = |text: &str| format!("{{ {text} {root} }}");
        let boot = "boot.loader.systemd-boot.enable = true;";
        check(super::run, &with(boot), &[&told("systemd-boot", "/boot")]);
        check(
            super::run,
            &with(&format!("{boot} fileSystems.\"/boot\".device = \"/dev/x\";")),
            &[],
        );
        let efi =
            format!("{boot} boot.loader.efi.efiSysMountPoint = \"/efi\"; fileSystems.\"/boot\".device = \"/dev/x\";");
        check(super::run, &with(&efi), &[&told("systemd-boot", "/efi")]);
        check(super::run, &with(&format!("{boot} boot.isContainer = true;")), &[]);
        check(super::run, &format!("{{ {boot} }}"), &[]);
        let grub = "boot.loader.grub.enable = true;";
        check(super::run, &with(grub), &[]);
        check(
            super::run,
            &with(&format!("{grub} boot.loader.grub.efiSupport = true;")),
            &[&told("GRUB", "/boot")],
        );
        let mirrored =
            "boot.loader.grub.efiSupport = true; boot.loader.grub.mirroredBoots = [ { efiSysMountPoint = \"/b\"; } ];";
        check(super::run, &with(&format!("{grub} {mirrored}")), &[&told("GRUB", "/b")]);
        let mounted = "fileSystems.\"/b\".device = \"/dev/x\";";
        check(super::run, &with(&format!("{grub} {mirrored} {mounted}")), &[]);
        let by_path = mirrored.replace("efiSysMountPoint =", "efiSysMountPoint = null; path =");
        check(super::run, &with(&format!("{grub} {by_path} {mounted}")), &[]);
    }
}
