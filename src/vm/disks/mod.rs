//! The disks of a machine under test: those that a host's own file systems need, or one in their place.

use agent::Mount;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A file system that a host mounts, as its configuration says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSystem {
    /// Where it is mounted.
    pub mount_point: String,
    /// What is mounted; nothing for some kinds that need no device.
    pub device: Option<String>,
    /// Its kind, such as `ext4`.
    pub fs_type: String,
    /// The options of the mount.
    #[serde(default)]
    pub options: Vec<String>,
}

/// What the configuration of one generation says about its disks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    /// The file systems.
    pub file_systems: Vec<FileSystem>,
    /// The devices of swap space.
    pub swap: Vec<String>,
    /// Names of encrypted devices that are opened at boot.
    pub encrypted: Vec<String>,
    /// The devices that a boot loader is written to beside its files.
    #[serde(default)]
    pub boot_devices: Vec<String>,
    /// Whether the system is activated by nixos-init in its own initial RAM disk, without which it does not start.
    #[serde(default)]
    pub nixos_init: bool,
}

impl Layout {
    /// Returns the file systems that lie in memory, which need no disk.
    pub fn in_memory(&self) -> impl Iterator<Item = &FileSystem> {
        let is_in_memory = |system: &&FileSystem| system.fs_type == "tmpfs" && system.mount_point != "/";
        self.file_systems.iter().filter(is_in_memory)
    }

    /// Returns the file systems that lie on disks.
    fn on_disks(&self) -> impl Iterator<Item = &FileSystem> {
        self.file_systems.iter().filter(|system| {
            let is_bind = system
                .options
                .iter()
                .any(|option| option == "bind" || option == "rbind");
            let needs_disk = system.mount_point == "/" || !WITHOUT_DISK.contains(&system.fs_type.as_str());
            needs_disk && !is_bind
        })
    }
}

/// What is on a disk before the machine starts first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Content {
    /// The root of the generations: their closures in an ext4 file system.
    Root,
    /// An empty ext4 file system.
    Ext4,
    /// An empty FAT file system.
    Vfat,
    /// Swap space.
    Swap,
}

/// A disk, and the names by which a host finds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Disk {
    /// What is on it.
    pub content: Content,
    /// The label of its file system.
    pub label: Option<String>,
    /// The identifier of its file system.
    pub uuid: Option<String>,
    /// The serial number of the disk itself.
    pub serial: Option<String>,
    /// The label of the partition that has the file system.
    pub partition_label: Option<String>,
    /// The identifier of that partition.
    pub partition_uuid: Option<String>,
}

impl Disk {
    /// Whether the file system is in a partition, and not on the whole disk.
    pub fn has_partitions(&self) -> bool {
        self.partition_label.is_some() || self.partition_uuid.is_some()
    }
}

/// How a host is booted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Its own stage 1, with disks that are made to match its file systems.
    AsIs,
    /// Stage 1 is ours, which mounts the root; everything else is its own.
    OwnStage1,
    /// With an overriding module, applied to both generations alike, that puts one disk in the place of its own.
    Variant,
}

impl Mode {
    /// Returns its name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Mode::AsIs => "as-is",
            Mode::OwnStage1 => "own-stage-1",
            Mode::Variant => "variant",
        }
    }
}

/// Why the disks of a host cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unmatched {
    /// There is no root file system.
    #[error("it has no root file system")]
    NoRoot,
    /// An encrypted device, to which there is no key here.
    #[error("`{0}` is encrypted")]
    Encrypted(String),
    /// A kind of file system that is not made here.
    #[error("{mount_point} is {kind}, which cannot be made here")]
    Kind {
        /// Where it is mounted.
        mount_point: String,
        /// The kind.
        kind: String,
    },
    /// A device with a name that no disk made here can have.
    #[error("no disk made here can be found as {0}")]
    Device(String),
    /// A device that a boot loader is written to.
    #[error("a boot loader is written to {0}, which has no counterpart here")]
    BootLoader(String),
    /// The initial RAM disk is needed, and is not to be used.
    #[error("nixos-init activates it in its own initial RAM disk, which a stage 1 of ours does not have")]
    NixosInit,
    /// The generations want different things of one disk.
    #[error("the two generations do not find {0} in the same place")]
    Differ(String),
}

/// Kinds that need no disk.
const WITHOUT_DISK: [&str; 12] = [
    "tmpfs", "ramfs", "none", "overlay", "proc", "sysfs", "devpts", "devtmpfs", "bpf", "debugfs", "tracefs", "efivarfs",
];

/// Names of devices that say nothing of the machine that they are in.
const STABLE: [&str; 6] = [
    "/dev/disk/by-label/",
    "/dev/disk/by-uuid/",
    "/dev/disk/by-partlabel/",
    "/dev/disk/by-partuuid/",
    "/dev/mapper/",
    "/dev/md/",
];

/// Folders that boot partitions are mounted on, on NixOS and by systemd's rules.
const BOOT: [&str; 4] = ["/boot", "/efi", "/boot/efi", "/boot/EFI"];

/// The disk of a machine whose root is ours to choose, as the overriding module has it.
pub fn variant() -> Vec<Disk> {
    vec![Disk {
        content: Content::Root,
        label: Some("cfgcheck-root".into()),
        uuid: None,
        serial: Some("root".into()),
        partition_label: None,
        partition_uuid: None,
    }]
}

/// Returns the disks on which two generations find all file systems that they mount; the root comes first.
pub fn matching(base: &Layout, head: &Layout) -> Result<Vec<Disk>, Unmatched> {
    let [mut disks, others] = [of(base)?, of(head)?];
    let root = |disks: &[Disk]| disks.iter().find(|disk| disk.content == Content::Root).cloned();
    if root(&disks) != root(&others) {
        return Err(Unmatched::Differ("/".into()));
    }
    disks.extend(others);
    disks.sort();
    disks.dedup();
    let mut names = BTreeSet::new();
    for disk in &disks {
        let own = [
            ("label", &disk.label),
            ("uuid", &disk.uuid),
            ("serial", &disk.serial),
            ("partlabel", &disk.partition_label),
            ("partuuid", &disk.partition_uuid),
        ];
        for (kind, name) in own {
            if let Some(name) = name
                && !names.insert((kind, name.clone()))
            {
                return Err(Unmatched::Differ(name.clone()));
            }
        }
    }
    Ok(disks)
}

/// Whether two generations find all file systems that they mount on disks that were made by scripts of their own, whose names
/// are others here.
pub fn scripted(base: &Layout, head: &Layout) -> Result<(), Unmatched> {
    for layout in [base, head] {
        openable(layout)?;
        if !layout.file_systems.iter().any(|system| system.mount_point == "/") {
            return Err(Unmatched::NoRoot);
        }
        let devices = layout.on_disks().filter_map(|system| system.device.as_deref());
        for device in devices.chain(layout.swap.iter().map(String::as_str)) {
            // A path in the machine is a file on one of them, and a name without a slash that of a dataset.
            let is_stable = STABLE.iter().any(|prefix| device.starts_with(prefix)) || !device.starts_with("/dev/");
            if !is_stable {
                return Err(Unmatched::Device(device.to_owned()));
            }
        }
    }
    Ok(())
}

/// Whether there is nothing on the disks of a generation that cannot be had here.
fn openable(layout: &Layout) -> Result<(), Unmatched> {
    if let Some(name) = layout.encrypted.first() {
        return Err(Unmatched::Encrypted(name.clone()));
    }
    match layout.boot_devices.first() {
        Some(device) => Err(Unmatched::BootLoader(device.clone())),
        None => Ok(()),
    }
}

/// Returns the disks of one generation.
fn of(layout: &Layout) -> Result<Vec<Disk>, Unmatched> {
    openable(layout)?;
    let mut disks = Vec::new();
    for system in layout.on_disks() {
        disks.push(disk(system)?);
    }
    for device in &layout.swap {
        disks.push(named(Content::Swap, device)?);
    }
    if !disks.iter().any(|disk| disk.content == Content::Root) {
        return Err(Unmatched::NoRoot);
    }
    Ok(disks)
}

/// Returns the disk that a file system lies on.
fn disk(system: &FileSystem) -> Result<Disk, Unmatched> {
    let content = match (system.mount_point.as_str(), system.fs_type.as_str()) {
        ("/", "ext4" | "auto") => Content::Root,
        (_, "ext4") if system.mount_point != "/nix" && system.mount_point != "/nix/store" => Content::Ext4,
        (_, "vfat") => Content::Vfat,
        (_, kind) => {
            return Err(Unmatched::Kind {
                mount_point: system.mount_point.clone(),
                kind: kind.to_owned(),
            });
        }
    };
    named(content, system.device.as_deref().unwrap_or_default())
}

/// Returns what a machine with these disks mounts without its own stage 1: the root, and where boot loaders have their
/// files, each after the folder that it lies in.
pub fn mounts(layout: &Layout, disks: &[Disk]) -> Vec<Mount> {
    let of_root = disks.iter().position(|disk| disk.content == Content::Root);
    let root = of_root.map(|number| mount(disks, number, "/"));
    let others = BOOT.iter().filter_map(|folder| {
        let system = layout.on_disks().find(|system| system.mount_point == *folder)?;
        let wanted = disk(system).ok()?;
        let number = disks.iter().position(|disk| *disk == wanted)?;
        Some(mount(disks, number, folder))
    });
    root.into_iter().chain(others).collect()
}

/// Returns how a disk is mounted. Guests name disks in the order in which they have them.
fn mount(disks: &[Disk], number: usize, target: &str) -> Mount {
    let letter = ('a'..='z').nth(number).unwrap_or('z');
    let partition = if disks[number].has_partitions() { "1" } else { "" };
    let kind = match disks[number].content {
        Content::Vfat => "vfat",
        Content::Root | Content::Ext4 | Content::Swap => "ext4",
    };
    Mount {
        source: format!("/dev/vd{letter}{partition}"),
        target: target.to_owned(),
        kind: kind.into(),
        options: String::new(),
    }
}

/// Returns a disk that is found as a device.
fn named(content: Content, device: &str) -> Result<Disk, Unmatched> {
    let mut disk = Disk {
        content,
        label: None,
        uuid: None,
        serial: None,
        partition_label: None,
        partition_uuid: None,
    };
    let plain = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (!name.is_empty() && name.len() <= 36 && name.chars().all(fits)).then(|| name.to_owned())
    };
    let after = |prefix: &str| device.strip_prefix(prefix).and_then(plain);
    if let Some(label) = after("/dev/disk/by-label/") {
        // ext4 has room for 16 bytes, FAT for 11.
        let most = if content == Content::Vfat { 11 } else { 16 };
        disk.label = Some(label).filter(|label| label.len() <= most);
    } else if let Some(uuid) = after("/dev/disk/by-uuid/") {
        disk.uuid = Some(uuid);
    } else if let Some(serial) = after("/dev/disk/by-id/virtio-") {
        // VIRTIO_BLK_ID_BYTES of the virtio specification.
        disk.serial = Some(serial).filter(|serial| serial.len() <= 20);
    } else if let Some(label) = after("/dev/disk/by-partlabel/") {
        disk.partition_label = Some(label);
    } else if let Some(uuid) = after("/dev/disk/by-partuuid/") {
        disk.partition_uuid = Some(uuid);
    }
    if disk.label.is_none() && disk.uuid.is_none() && disk.serial.is_none() && !disk.has_partitions() {
        return Err(Unmatched::Device(device.to_owned()));
    }
    Ok(disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(mount_point: &str, device: &str, fs_type: &str) -> FileSystem {
        FileSystem {
            mount_point: mount_point.into(),
            device: Some(device.into()),
            fs_type: fs_type.into(),
            options: vec!["defaults".into()],
        }
    }

    fn layout(file_systems: &[(&str, &str, &str)]) -> Layout {
        Layout {
            file_systems: file_systems
                .iter()
                .map(|(at, device, kind)| system(at, device, kind))
                .collect(),
            ..Layout::default()
        }
    }

    /// What is found on the disks, one letter for the content and the name: `R label`.
    fn told(found: Result<Vec<Disk>, Unmatched>) -> String {
        match found {
            Err(why) => why.to_string(),
            Ok(disks) => {
                let disks = disks.iter().map(|disk| {
                    let name = disk.label.as_ref().or(disk.uuid.as_ref()).or(disk.serial.as_ref());
                    let name = name.or(disk.partition_label.as_ref());
                    format!("{:?}={}", disk.content, name.map_or("", String::as_str))
                });
                disks.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn disks_match_what_hosts_mount() {
        let root = ("/", "/dev/disk/by-label/root", "ext4");
        for (systems, expected) in [
            (&[root][..], "Root=root"),
            (&[root, ("/boot", "tmpfs", "tmpfs")], "Root=root"),
            (
                &[root, ("/boot", "/dev/disk/by-uuid/12AB-34CD", "vfat")],
                "Root=root Vfat=12AB-34CD",
            ),
            (
                &[root, ("/srv", "/dev/disk/by-id/virtio-data", "ext4")],
                "Root=root Ext4=data",
            ),
            (
                &[
                    ("/", "/dev/disk/by-partlabel/disk-main-root", "ext4"),
                    ("/boot", "/dev/disk/by-partlabel/disk-main-ESP", "vfat"),
                ],
                "Root=disk-main-root Vfat=disk-main-ESP",
            ),
            (&[("/", "tank/root", "zfs")], "/ is zfs, which cannot be made here"),
            (&[("/", "tmpfs", "tmpfs")], "/ is tmpfs, which cannot be made here"),
            (
                &[root, ("/nix", "/dev/disk/by-label/nix", "ext4")],
                "/nix is ext4, which cannot be made here",
            ),
            (
                &[("/", "/dev/mapper/root", "ext4")],
                "no disk made here can be found as /dev/mapper/root",
            ),
            (
                &[("/", "/dev/disk/by-label/a,b", "ext4")],
                "no disk made here can be found as /dev/disk/by-label/a,b",
            ),
            (
                &[root, ("/boot", "/dev/disk/by-label/a-long-name-of-it", "vfat")],
                "no disk made here can be found as /dev/disk/by-label/a-long-name-of-it",
            ),
            (
                &[("/srv", "/dev/disk/by-label/srv", "ext4")],
                "it has no root file system",
            ),
        ] {
            let layout = layout(systems);
            assert_eq!(told(matching(&layout, &layout)), expected, "{systems:?}");
        }
    }

    #[test]
    fn both_generations_count() {
        let base = layout(&[("/", "/dev/disk/by-label/root", "ext4")]);
        let mut head = layout(&[
            ("/", "/dev/disk/by-label/root", "ext4"),
            ("/srv", "/dev/disk/by-label/srv", "ext4"),
        ]);
        assert_eq!(told(matching(&base, &head)), "Root=root Ext4=srv");
        head.swap.push("/dev/disk/by-label/srv".into());
        assert_eq!(
            told(matching(&base, &head)),
            "the two generations do not find srv in the same place"
        );
        head.encrypted.push("crypt".into());
        assert_eq!(told(matching(&base, &head)), "`crypt` is encrypted");
        head.encrypted.clear();
        head.boot_devices.push("/dev/sda".into());
        assert_eq!(
            told(matching(&base, &head)),
            "a boot loader is written to /dev/sda, which has no counterpart here"
        );
        let moved = layout(&[("/", "/dev/disk/by-label/other", "ext4")]);
        assert_eq!(
            told(matching(&base, &moved)),
            "the two generations do not find / in the same place"
        );
    }

    #[test]
    fn boot_partitions_are_mounted_where_the_host_has_them() {
        let layout = layout(&[
            ("/srv", "/dev/disk/by-label/srv", "ext4"),
            ("/boot/efi", "/dev/disk/by-partlabel/ESP", "vfat"),
            ("/", "/dev/disk/by-label/root", "ext4"),
            ("/srv/card", "/dev/disk/by-label/CARD", "vfat"),
        ]);
        let disks = matching(&layout, &layout).expect("they can be made");
        let mounts: Vec<String> = mounts(&layout, &disks)
            .iter()
            .map(|mount| format!("{} {} {}", mount.source, mount.target, mount.kind))
            .collect();
        assert_eq!(mounts, ["/dev/vda / ext4", "/dev/vdc1 /boot/efi vfat"]);
    }

    #[test]
    fn scripts_make_what_has_a_name_of_its_own() {
        for (systems, expected) in [
            (&[("/", "/dev/disk/by-partlabel/disk-main-root", "btrfs")][..], "yes"),
            (&[("/", "tank/root", "zfs")], "yes"),
            (&[("/", "/dev/mapper/pool-root", "xfs")], "yes"),
            (
                &[("/", "/dev/sda1", "ext4")],
                "no disk made here can be found as /dev/sda1",
            ),
            (&[("/srv", "/dev/md/data", "ext4")], "it has no root file system"),
        ] {
            let layout = layout(systems);
            let said = scripted(&layout, &layout).map_or_else(|why| why.to_string(), |()| "yes".into());
            assert_eq!(said, expected, "{systems:?}");
        }
    }

    #[test]
    fn binds_need_no_disk() {
        let mut layout = layout(&[
            ("/", "/dev/disk/by-label/root", "ext4"),
            ("/var/lib", "/persist/var/lib", "none"),
        ]);
        layout.file_systems[1].options.push("bind".into());
        layout.file_systems[1].fs_type = "auto".into();
        assert_eq!(told(matching(&layout, &layout)), "Root=root");
    }
}
