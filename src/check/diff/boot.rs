//! The kernel, the boot loader, file systems, and the need to boot anew.

use super::accounts::elements;
use super::answers::{Boot, FileSystem, Kernel, ManagerFacts};
use report::diff::{Action, Change, Fact, Manager, Presence, Section, UnitChange};
use std::collections::{BTreeMap, BTreeSet};

fn facts(section: Section, changes: Vec<Change>) -> Vec<Fact> {
    changes.into_iter().map(|change| Fact { section, change }).collect()
}

/// Adds what differs of a thing that has a name and a path: another name, or the same made anew.
fn thing(
    changes: &mut Vec<Change>,
    what: &str,
    old: (&Option<String>, &Option<String>),
    new: (&Option<String>, &Option<String>),
) {
    if old.0 != new.0 {
        changes.push(Change::value(what, old.0.clone(), new.0.clone()));
    } else if old.1 != new.1 {
        changes.push(Change::rebuilt(what));
    }
}

fn set(list: &[String]) -> BTreeSet<String> {
    list.iter().cloned().collect()
}

/// Returns what differs of the kernel.
pub(super) fn kernel(old: &Kernel, new: &Kernel) -> Vec<Fact> {
    let mut changes = Vec::new();
    thing(&mut changes, "kernel", (&old.name, &old.path), (&new.name, &new.path));
    elements(&mut changes, "parameters", &set(&old.parameters), &set(&new.parameters));
    elements(&mut changes, "modules", &old.modules, &new.modules);
    elements(
        &mut changes,
        "modules in the initrd",
        &old.initrd_modules,
        &new.initrd_modules,
    );
    elements(&mut changes, "blacklisted modules", &old.blacklist, &new.blacklist);
    elements(&mut changes, "packages of modules", &old.extra, &new.extra);
    facts(Section::Kernel, changes)
}

/// Returns what differs of the boot loader.
pub(super) fn loader(old: &Boot, new: &Boot) -> Vec<Fact> {
    let mut changes = Vec::new();
    if old.loader != new.loader {
        changes.push(Change::value("boot loader", old.loader.clone(), new.loader.clone()));
    }
    if old.timeout != new.timeout {
        let seconds = |boot: &Boot| boot.timeout.map(|seconds| format!("{seconds} s"));
        changes.push(Change::value("timeout", seconds(old), seconds(new)));
    }
    facts(Section::Boot, changes)
}

/// Returns what differs of systemd, which a switch executes anew.
pub(super) fn manager(old: &ManagerFacts, new: &ManagerFacts) -> Vec<Fact> {
    let mut changes = Vec::new();
    thing(&mut changes, "systemd", (&old.name, &old.path), (&new.name, &new.path));
    facts(Section::System, changes)
}

/// Returns why a host has to be booted anew: what runs since the boot differs, or a switch is refused.
pub(super) fn reboot(kernels: (&Kernel, &Kernel), managers: (&ManagerFacts, &ManagerFacts)) -> Vec<Change> {
    let (old, new) = kernels;
    let mut reasons = Vec::new();
    thing(&mut reasons, "kernel", (&old.name, &old.path), (&new.name, &new.path));
    if reasons.is_empty() && old.tree != new.tree {
        reasons.push(Change::rebuilt("kernel modules"));
    }
    if old.initrd != new.initrd {
        reasons.push(match (&old.initrd, &new.initrd) {
            (None, _) => Change::value("initrd", None, Some("there is one now".into())),
            (_, None) => Change::value("initrd", Some("there was one".into()), None),
            _ => Change::rebuilt("initrd"),
        });
    }
    elements(
        &mut reasons,
        "kernel parameters",
        &set(&old.parameters),
        &set(&new.parameters),
    );
    let (old, new) = managers;
    if old.interface != new.interface {
        let text = |facts: &ManagerFacts| facts.interface.as_ref().map(ToString::to_string);
        reasons.push(Change::value(
            "interface of systemd, so that a switch ends with 100",
            text(old),
            text(new),
        ));
    }
    for (name, value) in &old.inhibitors {
        let other = new.inhibitors.get(name).filter(|other| *other != value);
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some(other) = other {
            let name = format!("{name}, which inhibits a switch");
            reasons.push(Change::value(name, Some(text(value)), Some(text(other))));
        }
    }
    reasons
}

fn described(fs: &FileSystem) -> String {
    let device = match (&fs.device, &fs.label) {
        (_, Some(label)) => format!("label {label}"),
        (Some(device), None) => device.clone(),
        (None, None) => "none".into(),
    };
    let mut text = format!("{device}, {}", fs.kind);
    if !fs.options.is_empty() {
        text.push_str(&format!(" ({})", fs.options.join(",")));
    }
    text
}

/// Returns what differs of file systems and swap devices, and what a switch does with their mounts.
pub(super) fn file_systems(
    old: &BTreeMap<String, FileSystem>,
    new: &BTreeMap<String, FileSystem>,
) -> (Vec<Fact>, Vec<UnitChange>) {
    let mut changes = Vec::new();
    let mut units = Vec::new();
    let points: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for point in points {
        let (before, after) = (old.get(point), new.get(point));
        if before == after {
            continue;
        }
        changes.push(Change::value(point, before.map(described), after.map(described)));
        let is_root = point == "/" || point == "/nix";
        let (action, presence) = match (before, after) {
            (Some(before), Some(after)) => {
                let same = before.device == after.device && before.label == after.label && before.kind == after.kind;
                let action = match (same, is_root, before.options == after.options) {
                    (true, _, _) | (_, true, false) => Action::Reload,
                    (false, true, true) => Action::Keep,
                    (false, false, _) => Action::Restart,
                };
                (action, Presence::Changed)
            }
            (None, _) => (Action::Start, Presence::Added),
            (_, None) => (Action::Stop, Presence::Removed),
        };
        let is_late = after
            .or(before)
            .is_some_and(|fs| fs.options.iter().any(|option| option == "noauto"));
        units.push(UnitChange {
            action: if is_late && action == Action::Start {
                Action::Nothing
            } else {
                action
            },
            manager: Manager::System,
            unit: mount_unit(point),
            presence,
            if_running: is_late,
            settings: Vec::new(),
        });
    }
    (facts(Section::FileSystems, changes), units)
}

/// Returns what differs of the swap devices.
pub(super) fn swaps(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Vec<Fact> {
    let mut changes = Vec::new();
    elements(&mut changes, "swap devices", old, new);
    facts(Section::FileSystems, changes)
}

/// Returns the name of the unit that mounts a folder, as `systemd-escape --path` makes it.
fn mount_unit(point: &str) -> String {
    let trimmed = point.trim_matches('/');
    if trimmed.is_empty() {
        return "-.mount".into();
    }
    let mut name = String::new();
    for (index, byte) in trimmed.bytes().enumerate() {
        match byte {
            b'/' => name.push('-'),
            b'.' if index == 0 => name.push_str("\\x2e"),
            byte if byte.is_ascii_alphanumeric() || b":_.".contains(&byte) => name.push(char::from(byte)),
            byte => name.push_str(&format!("\\x{byte:02x}")),
        }
    }
    format!("{name}.mount")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_units() {
        for (point, unit) in [
            ("/", "-.mount"),
            ("/nix", "nix.mount"),
            ("/srv/data", "srv-data.mount"),
            ("/my-disk/", "my\\x2ddisk.mount"),
            ("/.snapshots", "\\x2esnapshots.mount"),
            ("/a b", "a\\x20b.mount"),
        ] {
            assert_eq!(mount_unit(point), unit);
        }
    }

    #[test]
    fn a_reboot_has_reasons() {
        let text = |text: &str| Some(text.to_owned());
        let kernel = |name: &str, path: &str, initrd: &str, parameters: &[&str]| Kernel {
            name: text(name),
            path: text(path),
            tree: text(path),
            initrd: text(initrd),
            parameters: parameters.iter().map(|p| (*p).to_owned()).collect(),
            ..Kernel::default()
        };
        let none = ManagerFacts::default();
        let names = |old: &Kernel, new: &Kernel| -> Vec<String> {
            reboot((old, new), (&none, &none)).into_iter().map(|c| c.name).collect()
        };
        let old = kernel("linux-6.1", "/1", "/i", &["quiet"]);
        assert_eq!(names(&old, &old), [""; 0]);
        assert_eq!(
            names(&old, &kernel("linux-6.2", "/2", "/j", &["quiet"])),
            ["kernel", "initrd"]
        );
        assert_eq!(
            names(&old, &kernel("linux-6.1", "/1", "/i", &["debug"])),
            ["kernel parameters"]
        );
        assert_eq!(names(&old, &kernel("linux-6.1", "/2", "/i", &["quiet"])), ["kernel"]);
        assert_eq!(names(&Kernel::default(), &Kernel::default()), [""; 0]);

        let inhibited = |version: &str| ManagerFacts {
            inhibitors: BTreeMap::from([("dbus".to_owned(), version.into())]),
            ..ManagerFacts::default()
        };
        let reasons = reboot((&old, &old), (&inhibited("a"), &inhibited("b")));
        assert_eq!(
            reasons,
            [Change::value("dbus, which inhibits a switch", text("a"), text("b"))]
        );
        // An inhibitor that only one side has does not.
        assert_eq!(reboot((&old, &old), (&none, &inhibited("b"))), []);
    }

    #[test]
    fn mounts_follow_their_file_systems() {
        let fs = |device: &str, options: &[&str]| FileSystem {
            device: Some(device.into()),
            label: None,
            kind: "ext4".into(),
            options: options.iter().map(|o| (*o).to_owned()).collect(),
        };
        let check = |point: &str, old: Option<FileSystem>, new: Option<FileSystem>, expected: Action| {
            let map = |fs: Option<FileSystem>| fs.into_iter().map(|fs| (point.to_owned(), fs)).collect();
            let (facts, units) = file_systems(&map(old), &map(new));
            assert_eq!((facts.len(), units[0].action), (1, expected), "{point}");
        };
        let a = || Some(fs("/dev/a", &["ro"]));
        check("/data", None, a(), Action::Start);
        check("/data", a(), None, Action::Stop);
        check("/data", a(), Some(fs("/dev/b", &["ro"])), Action::Restart);
        check("/data", a(), Some(fs("/dev/a", &["rw"])), Action::Reload);
        check("/", a(), Some(fs("/dev/b", &["ro"])), Action::Keep);
        check("/", a(), Some(fs("/dev/a", &["rw"])), Action::Reload);
        check("/usb", None, Some(fs("/dev/a", &["noauto"])), Action::Nothing);
    }
}
