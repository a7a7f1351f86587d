//! Scripts of the activation that fail, or do not end, while the machine boots.

use super::scripted::{Scripted, World, generation, timed_out};
use super::*;
use crate::guest::GuestError;

const FAILS: &[u8] = b"\r\nrunning activation script...\r\nmv: cannot stat '/srv/old'\r\nActivation script snippet 'migrate' failed (1)\r\nstarting systemd...\r\n";

const REBOOT: &str = "steps:\n- boot: base\n- switch_to: { generation: head, action: boot }\n- reboot\n";

fn writes(bytes: &'static [u8]) -> impl FnMut(&mut World) -> Result<(), GuestError> {
    move |world| {
        world.console.extend_from_slice(bytes);
        Ok(())
    }
}

fn told(after: &str) -> String {
    format!(
        "error activation-failed: the activation script `migrate` fails in {after} | let it succeed also where nothing is there \
         yet: at a boot it runs before all services | ActivationScript(\"migrate\")"
    )
}

#[test]
fn a_script_that_fails_at_the_boot_is_told() {
    let guest = || Scripted::default().booting("head", writes(FAILS));
    only(
        &written(REBOOT, guest()),
        Outcome::Failed,
        &told("the boot after the restart"),
    );
    only(
        &written("steps:\n- boot: head\n", guest()),
        Outcome::Failed,
        &told("the boot"),
    );
}

#[test]
fn a_script_that_fails_in_the_initial_ram_disk_is_told() {
    let mut guest = Scripted::default();
    let answers = [(0, ""), (0, "Activation script snippet 'migrate' failed (1)\n")];
    let services = "_SYSTEMD_UNIT=initrd-nixos-activation.service";
    guest.world.answers.insert(services, answers.into_iter().collect());
    only(
        &written(REBOOT, guest),
        Outcome::Failed,
        &told("the boot after the restart"),
    );
}

#[test]
fn a_script_that_fails_whenever_the_machine_boots_is_not_to_blame() {
    let guest = Scripted::default()
        .booting("base", writes(FAILS))
        .booting("head", writes(FAILS));
    let shown = written(REBOOT, guest);
    assert_eq!((shown.played.outcome.clone(), lines(&shown)), (Outcome::Passed, vec![]));
}

#[test]
fn what_an_earlier_boot_has_written_is_not_of_this_one() {
    let fine = b"running activation script...\r\nstarting systemd...\r\n";
    let mut guest = Scripted::default().booting("head", writes(fine));
    guest.world.console.extend_from_slice(FAILS);
    let shown = written(REBOOT, guest);
    assert_eq!((shown.played.outcome.clone(), lines(&shown)), (Outcome::Passed, vec![]));
}

#[test]
fn a_script_that_does_not_end_at_the_boot_is_told() {
    let found = |after: &str| {
        format!(
            "error activation-timed-out: the activation script `wait` still runs when the time for {after} is up | wait in a unit, \
             with an end: `serviceConfig.TimeoutStartSec` | ActivationScript(\"wait\")"
        )
    };
    let activate = format!("{}/activate", generation("head").toplevel);
    let script = b"#### Activation script snippet wait:\nsleep infinity\n";
    let hanging = |below: &str| {
        let mut guest = Scripted::default().booting("head", |_| Err(timed_out()));
        guest.world.files.insert(format!("{below}{activate}"), script.to_vec());
        guest
    };
    let mut guest = hanging("");
    guest
        .world
        .answers
        .insert("sw/bin/bash", [(0, "40\n")].into_iter().collect());
    only(
        &written(REBOOT, guest),
        Outcome::Failed,
        &found("the boot after the restart"),
    );
    // The root's own programs are not those of the initial RAM disk.
    let mut guest = hanging("/sysroot");
    guest
        .world
        .answers
        .insert("chroot /sysroot", [(0, "40\n")].into_iter().collect());
    guest
        .world
        .answers
        .insert("sw/bin/bash", [(127, "")].into_iter().collect());
    only(
        &written(REBOOT, guest),
        Outcome::Failed,
        &found("the boot after the restart"),
    );
    // Nothing reads a script.
    let guest = hanging("");
    let lines = lines(&written(REBOOT, guest));
    assert!(
        lines[0].starts_with("error boot-timed-out: the machine does not come back"),
        "{lines:?}"
    );
}
