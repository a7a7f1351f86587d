//! Outputs as `switch-to-configuration` writes them.

use super::*;
use proptest::prelude::*;

#[test]
fn codes_have_meanings() {
    let table = [
        (0, Exit::Done, true),
        (1, Exit::Refused, false),
        (2, Exit::ActivationFailed, true),
        (3, Exit::ReloadFailed, true),
        (4, Exit::UnitFailed, true),
        (11, Exit::Locked, false),
        (100, Exit::RebootNeeded, false),
        (137, Exit::Other(137), false),
    ];
    for (code, exit, switched) in table {
        assert_eq!(
            (Exit::of(code), Exit::of(code).has_switched()),
            (exit, switched),
            "{code}"
        );
    }
}

#[test]
fn a_switch_tells_its_units() {
    let said = Said::read(
        b"stopping the following units: a.service, b.service\n\
          NOT restarting the following changed units: kept.service\n\
          activating the configuration...\n\
          reloading user units for alice...\n\
          stopping the following user units: u.service\n\
          restarting sysinit-reactivation.target\n\
          reloading the following units: r.service\n\
          restarting the following units: s.service\n\
          starting the following units: a.service\n\
          the following new units were started: n.service\n\
          warning: the following units failed: f.service, g.service\n",
    );
    assert_eq!(
        (said.stops.len(), said.skips, said.reloads.clone()),
        (2, vec!["kept.service".to_owned()], vec!["r.service".to_owned()])
    );
    assert_eq!(said.failed, ["f.service", "g.service"]);
    let said = Said::read(b"would stop the following units: a.service, gone.service\nwould NOT stop the following changed units: k.service\nwould reload the following units: r.service\nwould restart the following units: s.service\nwould start the following units: a.service, new.service\n");
    assert_eq!(said.all_restarts(), ["a.service", "s.service"]);
    assert_eq!(said.all_stops(), ["gone.service"]);
    assert_eq!(
        (said.skips, said.reloads),
        (vec!["k.service".to_owned()], vec!["r.service".to_owned()])
    );
}

#[test]
fn what_ends_a_switch_is_told() {
    let said = Said::read(b"activating the configuration...\nmv: cannot stat '/srv/www-old': No such file or directory\nActivation script snippet 'migrate' failed (1)\nFailed to run activate script\n");
    assert_eq!(said.snippets, ["migrate"]);
    let said = Said::read(b"move the data first: /var/lib/data-moved is not there\nPre-switch check 'data-moved' failed\nPre-switch checks failed\n");
    let check = said.check.expect("a check has failed");
    assert_eq!(check.name, "data-moved");
    assert_eq!(
        check.said.as_deref(),
        Some("move the data first: /var/lib/data-moved is not there")
    );
    let said = Said::read(
        b"Checking switch inhibitors...\n\nThere are changes to critical components of the system:\n\n\
          dbus-implementation : dbus -> broker\n\nSwitching into this system is not recommended.\n\
          Pre-switch check 'switchInhibitors' failed\nPre-switch checks failed\n",
    );
    assert_eq!(said.inhibitors, ["dbus-implementation"]);
}

#[test]
fn a_full_disk_is_told_with_its_file() {
    let check = |line: &str, file: &str| {
        let said = Said::read(format!("{line}\nFailed to install bootloader\n").as_bytes());
        assert_eq!(
            (said.full.as_deref(), said.boot_loader_failed),
            (Some(file), true),
            "{line}"
        );
    };
    check(
        "cp: error writing '/boot/kernels/x.tmp': No space left on device",
        "/boot/kernels/x.tmp",
    );
    check(
        "cannot copy /nix/store/x-kernel to /boot/kernels/x.tmp: No space left on device",
        "/boot/kernels/x.tmp",
    );
    check(
        "OSError: [Errno 28] No space left on device: '/efi/EFI/nixos/x.efi'",
        "/efi/EFI/nixos/x.efi",
    );
    check("No space left on device", "");
}

#[test]
fn a_shell_is_in_the_snippet_that_it_reads() {
    let script = b"systemConfig=x\n#### Activation script snippet etc:\nsetup-etc\n\
                   #### Activation script snippet wait:\nuntil false; do sleep 1; done\n#### Activation script snippet last:\nx\n";
    let end_of = |text: &str| {
        let whole = std::str::from_utf8(script).unwrap();
        (whole.find(text).unwrap() + text.len()) as u64
    };
    let check = |read: u64, expected: Option<&str>| {
        assert_eq!(snippet_at(script, read).as_deref(), expected, "{read}");
    };
    check(0, None);
    check(end_of("systemConfig=x\n"), None);
    check(end_of("setup-etc\n"), Some("etc"));
    check(end_of("sleep 1; done\n"), Some("wait"));
    check(u64::MAX, Some("last"));
    let dry = b"#### Activation script snippet users does not support dry activation.\n";
    assert_eq!(snippet_at(dry, 1000), None);
}

proptest! {
    #[test]
    fn any_output_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), at: u64,
                          text in "(stopping the following units: |Pre-switch check '|' failed|[a-z, :']|\n| -> |No space left on device|/boot/x){0,40}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let said = Said::read(bytes);
            prop_assert!(said.stops.len() <= MOST_NAMES);
            for text in said.stops.iter().chain(&said.last).chain(&said.full) {
                prop_assert!(diag::clean_line(text) == text.as_str());
            }
            let _ = snippet_at(bytes, at);
        }
    }
}
