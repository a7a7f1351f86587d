//! What is refused before anything is changed, each with its message.

use super::machine::{Fault, Machine, NEW, OLD};
use super::{deploy_order, is_new};
use crate::order::Action;
use crate::state::Outcome;
use std::path::Path;
use sys::{Fs, Mode};

fn write(fs: &dyn Fs, path: &str, text: &str) {
    let path = Path::new(path);
    fs.create_dir_all(path.parent().expect("a folder"))
        .expect("it can be made");
    fs.write(path, text.as_bytes(), Mode::Plain).expect("it can be written");
}

fn remove(fs: &dyn Fs, path: &str) {
    fs.remove_file(Path::new(path)).expect("it is there");
}

/// Changes something of a machine.
type Change = fn(&Machine);

#[test]
fn each_reason_has_its_message() {
    let cases: [(Change, Action, &str); 14] = [
        (
            |m| m.host().fs.remove_dir_all(Path::new(NEW)).expect("it is there"),
            Action::Switch,
            "is not in the store of this machine",
        ),
        (
            |m| remove(m.host().fs, &format!("{NEW}/nixos-version")),
            Action::Switch,
            "is no NixOS system: it has no `nixos-version`",
        ),
        (
            |m| remove(m.host().fs, &format!("{NEW}/activate")),
            Action::Switch,
            "is no NixOS system: it has no `activate`",
        ),
        (
            |m| remove(m.host().fs, &format!("{NEW}/bin/switch-to-configuration")),
            Action::Switch,
            "cannot be switched to: `system.switch.enable` is off",
        ),
        (
            |m| write(m.host().fs, &format!("{NEW}/system"), "aarch64-linux"),
            Action::Switch,
            "is for aarch64-linux, and this machine runs x86_64-linux",
        ),
        (
            |m| write(m.host().fs, &format!("{NEW}/etc/hostname"), "db\n"),
            Action::Switch,
            "is the system of `db`, and this machine is `web`",
        ),
        (
            |m| write(m.host().fs, &format!("{NEW}/init-interface-version"), "systemd-2"),
            Action::Switch,
            "the interface of init differs, which takes a reboot",
        ),
        (
            |m| write(m.host().fs, "/run/nixos/start-list", "web.service\n"),
            Action::Switch,
            "a switch was interrupted before, which left /run/nixos/start-list behind",
        ),
        (
            |m| remove(m.host().fs, "/nix/var/nix/profiles/system"),
            Action::Switch,
            "the machine has no profile of the system",
        ),
        (
            |m| write(m.host().fs, "/boot/loader/entries/old.conf", "title NixOS\n"),
            Action::Switch,
            "what the machine would boot cannot be read from its boot loader's files",
        ),
        (
            |m| remove(m.host().fs, &format!("{OLD}/bin/switch-to-configuration")),
            Action::Switch,
            "has no program to go back by",
        ),
        (
            |m| m.has_room("/", 1 << 20),
            Action::Switch,
            "the root disk is full: 1024 KiB are left",
        ),
        (
            |m| m.has_room("/boot", 100 << 10),
            Action::Switch,
            "/boot is full: 100 KiB are left, and the kernel with its initial RAM disk needs 1024",
        ),
        (
            |m| m.has_room("/boot", 100 << 10),
            Action::Reboot,
            "/boot is full: 100 KiB are left",
        ),
    ];
    for (change, action, message) in cases {
        let machine = Machine::new(Fault::None, None);
        change(&machine);
        let outcome = deploy_order(&machine, Machine::order(action));
        let Outcome::Refused(reasons) = &outcome else {
            panic!("{message}: {outcome:?}")
        };
        assert!(
            matches!(&reasons[..], [reason] if reason.contains(message)),
            "{message}: {reasons:?}"
        );
        // Nothing is changed: neither what runs, nor what was set to go back.
        assert_eq!(machine.link("/run/current-system"), OLD, "{message}");
        assert!(machine.timers().is_empty(), "{message}");
    }
}

#[test]
fn another_interface_of_init_can_be_staged_and_rebooted_into() {
    for action in [Action::Boot, Action::Reboot] {
        let machine = Machine::new(Fault::None, None);
        write(machine.host().fs, &format!("{NEW}/init-interface-version"), "systemd-2");
        let outcome = super::quietly(|| deploy_order(&machine, Machine::order(action)));
        match action {
            Action::Boot => assert_eq!(outcome, Outcome::RebootPending),
            _ => assert!(is_new(&machine, &outcome, "init")),
        }
    }
}
