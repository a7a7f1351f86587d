//! The faults that the default scenarios find, in the words of the fleet's twins.

use std::time::Duration;

use super::scripted::{Scripted, generation, timed_out};
use super::*;
use crate::finding::Blame;
use crate::guest::GuestError;

#[test]
fn a_change_without_a_fault_is_switched_to_and_back_and_booted() {
    let shown = by_default(Scripted::default());
    assert_eq!((shown.played.outcome.clone(), lines(&shown)), (Outcome::Passed, vec![]));
    let expected = [
        "start base",
        "head dry-activate",
        "head test",
        "profile head",
        "head boot",
        "base test",
        "stop Orderly",
        "start head",
    ];
    assert_eq!(shown.log, expected);
    let names: Vec<&str> = shown
        .played
        .artifacts
        .iter()
        .map(|artifact| artifact.name.as_str())
        .collect();
    for name in [
        "console.log",
        "journal.log",
        "units-before.txt",
        "units-switch.txt",
        "measured-head.txt",
    ] {
        assert!(names.contains(&name), "{name} {names:?}");
    }
}

#[test]
fn unit_failed() {
    let fails = |world: &mut scripted::World| {
        world.unit("wiki.service", "failed failed");
        world.journal.insert(
            "wiki.service".into(),
            "/nix/store/x-wiki-start: line 2: cd: /srv/wiki: No such file or directory\n",
        );
        Ok((4, "warning: the following units failed: wiki.service\n".to_owned()))
    };
    let guest = Scripted::default()
        .switch("head test", fails)
        .switch("base test", |world| {
            world.unit("wiki.service", "failed failed gone");
            Ok((0, String::new()))
        });
    only(
        &by_default(guest),
        Outcome::Failed,
        "error unit-failed: after the switch wiki.service has failed, which was not there before \
         (switch-to-configuration exits 4) | its journal ends with: cd: /srv/wiki: No such file or directory | \
         Unit(\"wiki.service\")",
    );
}

#[test]
fn a_unit_that_ran_or_was_there_is_told_so() {
    let fails = |world: &mut scripted::World| {
        world.unit("greeter.service", "failed failed");
        world.unit("wiki.service", "activating auto-restart");
        Ok((4, String::new()))
    };
    let mut guest = Scripted::default()
        .switch("head test", fails)
        .switch("base test", |world| {
            world.unit("greeter.service", "active running");
            world.units.remove("wiki.service");
            Ok((0, String::new()))
        });
    let unit = format!("{}/etc/systemd/system/wiki.service", generation("base").toplevel);
    guest.world.files.insert(unit, Vec::new());
    let found = lines(&by_default(guest));
    assert_eq!(
        found,
        [
            "error unit-failed: after the switch greeter.service has failed, which ran before (switch-to-configuration exits 4) |  | Unit(\"greeter.service\")",
            "error unit-failed: after the switch wiki.service fails again and again, which did not run before (switch-to-configuration exits 4) |  | Unit(\"wiki.service\")",
        ]
    );
}

#[test]
fn unit_failed_later() {
    let guest = Scripted::default().switch("head test", |world| {
        world.unit("wiki.service", "active running");
        world.later(Duration::from_secs(5), |world| {
            world.unit("wiki.service", "failed failed");
            world
                .journal
                .insert("wiki.service".into(), "the database does not answer");
        });
        Ok((0, String::new()))
    });
    let guest = guest.switch("base test", |world| {
        world.units.remove("wiki.service");
        Ok((0, String::new()))
    });
    only(
        &by_default(guest),
        Outcome::Failed,
        "error unit-failed: wiki.service failed after the switch had succeeded (switch-to-configuration exits 0) | \
         its journal ends with: the database does not answer | Unit(\"wiki.service\")",
    );
}

#[test]
fn what_had_failed_before_does_not_blame_the_change() {
    let mut guest = Scripted::default().switch("head test", |_| Ok((4, String::new())));
    guest.world.unit("old.service", "failed failed");
    guest.world.system = "degraded";
    let shown = by_default(guest);
    assert_eq!((shown.played.outcome.clone(), lines(&shown)), (Outcome::Passed, vec![]));
}

#[test]
fn rollback_failed() {
    let guest = Scripted::default().switch("base test", |world| {
        world.unit("greeter.service", "failed failed");
        world.journal.insert(
            "greeter.service".into(),
            "the data is of release 2, and this is release 1",
        );
        Ok((4, String::new()))
    });
    let guest = guest.booting("head", |world| {
        world.unit("greeter.service", "active running");
        Ok(())
    });
    only(
        &by_default(guest),
        Outcome::Failed,
        "error rollback-failed: after the rollback greeter.service has failed, which ran before the switch | \
         its journal ends with: the data is of release 2, and this is release 1 | Unit(\"greeter.service\")",
    );
}

#[test]
fn a_unit_that_does_not_come_back_fails_the_rollback() {
    let guest = Scripted::default().switch("base test", |world| {
        world.unit("greeter.service", "inactive dead");
        Ok((0, String::new()))
    });
    only(
        &by_default(guest),
        Outcome::Failed,
        "error rollback-failed: after the rollback greeter.service does not run, which ran before the switch |  | \
         Unit(\"greeter.service\")",
    );
}

#[test]
fn activation_failed() {
    let output = "mv: cannot stat '/srv/www-old'\nActivation script snippet 'migrate' failed (1)\nFailed to run activate script\n";
    let guest = Scripted::default().refuse("head test", 2, output);
    only(
        &by_default(guest),
        Outcome::Failed,
        "error activation-failed: the activation script `migrate` fails (switch-to-configuration exits 2) | \
         let it succeed also when there is nothing to do: it runs at each boot and at each switch | \
         ActivationScript(\"migrate\")",
    );
    // A 4 hides a 2.
    let guest = Scripted::default().refuse("head test", 4, output);
    let found = lines(&by_default(guest));
    assert!(
        found[0].contains("`migrate` fails (switch-to-configuration exits 4)"),
        "{found:?}"
    );
}

#[test]
fn activation_timed_out() {
    let mut guest = Scripted::default().switch("head test", |_| Err(timed_out()));
    let script = "x\n#### Activation script snippet backup-disk:\nuntil false; do sleep 1; done\n";
    let file = format!("{}/activate", generation("head").toplevel);
    guest.world.files.insert(file, script.as_bytes().to_vec());
    guest.world.answers.insert("fdinfo", [(0, "76\n10\n")].into());
    only(
        &by_default(guest),
        Outcome::Failed,
        "error activation-timed-out: the activation script `backup-disk` still runs when the time for the switch is up | \
         wait in a unit, with an end: `serviceConfig.TimeoutStartSec` | ActivationScript(\"backup-disk\")",
    );
}

#[test]
fn boot_hangs() {
    let jobs = "12 share.service start running\n7 multi-user.target start waiting\n";
    let guest = Scripted::default().switch("head test", move |world| {
        world.jobs = jobs.to_owned();
        Err(timed_out())
    });
    let guest = guest.booting("head", move |world| {
        world.system = "starting";
        world.jobs = jobs.to_owned();
        Ok(())
    });
    only(
        &by_default(guest),
        Outcome::Failed,
        "error boot-timed-out: multi-user.target is not reached: the job of share.service still waits when the time for \
         the boot is up | give the unit an end (`TimeoutStartSec`), or start it without making others wait | \
         Unit(\"share.service\")",
    );
}

#[test]
fn a_switch_that_waits_for_a_unit_is_ended_and_told() {
    let guest = Scripted::default().switch("head test", |world| {
        world.jobs = "12 share.service start running\n".to_owned();
        Err(timed_out())
    });
    let found = lines(&by_default(guest));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("error switch-timed-out: the switch still waits for share.service when its time is up"),
        "{found:?}"
    );
}

#[test]
fn boot_partition_full() {
    let output = "cp: error writing '/boot/kernels/x.tmp': No space left on device\nFailed to install bootloader\n";
    let mut guest = Scripted::default().refuse("head boot", 1, output);
    guest.world.answers.insert("findmnt", [(0, "/boot\n")].into());
    let program = format!("{}/bin/switch-to-configuration", generation("head").toplevel);
    guest
        .world
        .files
        .insert(program, b"INSTALL_BOOTLOADER=/nix/store/x-install-grub\n".to_vec());
    let shown = by_default(guest);
    only(
        &shown,
        Outcome::Failed,
        "error boot-partition-full: the boot loader cannot be installed: no space is left on /boot | \
         make the partition larger, or keep fewer generations: `boot.loader.grub.configurationLimit` | \
         FileSystem(\"/boot\")",
    );
    assert!(
        !shown.log.contains(&"stop Orderly".to_owned()),
        "a restart would show nothing: {:?}",
        shown.log
    );
}

#[test]
fn init_interface_changed() {
    let said =
        "Warning: the new NixOS configuration has an ‘init’ that is\nincompatible with the current configuration.\n";
    let guest = Scripted::default()
        .refuse("head dry-activate", 100, said)
        .refuse("head test", 100, said);
    let shown = by_default(guest);
    only(
        &shown,
        Outcome::Passed,
        "warning reboot-needed: the interface version of init changes: the switch is refused \
         (switch-to-configuration exits 100) | make it the default and reboot: `nixos-rebuild boot` | Systemd",
    );
    assert_eq!(
        shown.log.last().map(String::as_str),
        Some("start head"),
        "it is tried by a restart"
    );
    assert!(
        !shown.log.contains(&"base test".to_owned()),
        "there is nothing to roll back"
    );
}

#[test]
fn switch_inhibited() {
    let said =
        "dbus-implementation : dbus -> broker\nPre-switch check 'switchInhibitors' failed\nPre-switch checks failed\n";
    only(
        &by_default(Scripted::default().refuse("head test", 1, said)),
        Outcome::Passed,
        "warning switch-inhibited: the switch is inhibited by `dbus-implementation` (switch-to-configuration exits 1) | \
         make it the default and reboot: `nixos-rebuild boot` | Inhibitor(\"dbus-implementation\")",
    );
}

#[test]
fn pre_switch_check_failed() {
    let said = "move the data first: /var/lib/data-moved is not there\nPre-switch check 'data-moved' failed\nPre-switch checks failed\n";
    let guest = Scripted::default()
        .refuse("head dry-activate", 1, said)
        .refuse("head test", 1, said)
        .refuse("head boot", 1, said);
    only(
        &by_default(guest),
        Outcome::Failed,
        "error pre-switch-check-failed: the check `data-moved` fails before the switch (switch-to-configuration exits 1) | \
         it says: move the data first: /var/lib/data-moved is not there | PreSwitchCheck(\"data-moved\")",
    );
}

#[test]
fn locked_and_unknown_codes() {
    let found = lines(&by_default(Scripted::default().refuse(
        "head test",
        11,
        "Could not acquire lock\n",
    )));
    assert!(
        found[0].starts_with(
            "error switch-locked: another switch runs, and holds the lock (switch-to-configuration exits 11)"
        ),
        "{found:?}"
    );
    let mut guest = Scripted::default().refuse("head test", 11, "Could not acquire lock\n");
    guest
        .world
        .answers
        .insert("/proc/locks", [(0, "0::/system.slice/upgrade.service\n")].into());
    only(
        &by_default(guest),
        Outcome::Failed,
        "error switch-locked: upgrade.service holds the lock of switches (switch-to-configuration exits 11) | \
         wait until it has ended, or stop it | Standing(\"upgrade.service\")",
    );
    let found = lines(&by_default(Scripted::default().refuse("head test", 77, "What?\n")));
    assert!(found[0].starts_with("error switch-failed: `switch-to-configuration test` fails (switch-to-configuration exits 77) | it says: What?"), "{found:?}");
}

#[test]
fn a_switch_that_is_killed_is_told_with_what_it_leaves() {
    let mut guest = Scripted::default().refuse("head test", 137, "Killed\n");
    guest
        .world
        .answers
        .insert("-list", [(0, "start basic.target\nstart guard.service\n")].into());
    let shown = by_default(guest);
    assert_eq!(
        lines(&shown),
        [
            "error switch-interrupted: `switch-to-configuration test` is killed before its end (signal 9) | \
             it was about to start guard.service | Unit(\"guard.service\")",
            "warning switch-leftovers: an interrupted switch leaves work to the rollback: it will start guard.service | \
             remove `/run/nixos/*-list` before going back | Host",
        ]
    );
    assert!(shown.log.contains(&"base test".to_owned()), "{:?}", shown.log);
    // What it has just started of the change may have done it; what it starts in any switch has not.
    let others = |answer: &'static str| {
        let mut guest = Scripted::default().refuse("head test", 137, "Killed\n");
        guest.world.unit("guard.service", "active exited");
        guest.world.unit("mail.service", "active exited");
        guest.world.answers.insert("readlink -f \"$base", [(0, answer)].into());
        by_default(guest)
    };
    for (answer, told) in [
        (
            "",
            "let it run apart from what it restarts, as `nixos-rebuild` does | Host",
        ),
        (
            "guard.service\n",
            "it had just started guard.service | Unit(\"guard.service\")",
        ),
        (
            "guard.service\nmail.service\n",
            "it had just started guard.service, mail.service | Host",
        ),
        (
            "\x1b[2J\n",
            "let it run apart from what it restarts, as `nixos-rebuild` does | Host",
        ),
    ] {
        only(
            &others(answer),
            Outcome::Failed,
            &format!(
                "error switch-interrupted: `switch-to-configuration test` is killed before its end (signal 9) | {told}"
            ),
        );
    }
}

#[test]
fn network_lost() {
    let guest = Scripted::default().switch("head test", |world| {
        world.reachable = false;
        Ok((0, String::new()))
    });
    let guest = guest.switch("base test", |world| {
        world.reachable = true;
        Ok((0, String::new()))
    });
    let guest = guest.booting("head", |world| {
        world.reachable = false;
        Ok(())
    });
    only(
        &by_default(guest),
        Outcome::Failed,
        "error network-lost: the machine could be reached before the switch and cannot be reached after it | \
         compare the address with that of the gateway; a switch that nobody can confirm is rolled back | Addresses",
    );
}

#[test]
fn a_slow_machine_may_take_its_addresses_slowly() {
    let slow = Settings {
        factor: 8.0,
        ..Settings::default()
    };
    let comes_up = || {
        Scripted::default().booting("head", |world| {
            world.reachable = false;
            world.later(Duration::from_secs(80), |world| world.reachable = true);
            Ok(())
        })
    };
    let play = |settings: &Settings| {
        let shown = play_with(
            &thorough(),
            &generation("base"),
            &generation("head"),
            settings,
            comes_up(),
        );
        shown.played.found.iter().map(|found| found.rule).collect::<Vec<_>>()
    };
    assert_eq!(play(&slow), Vec::<&str>::new());
    assert_eq!(play(&Settings::default()), ["network-lost"]);
}

#[test]
fn a_machine_that_was_not_reachable_is_not_judged_by_that() {
    let mut guest = Scripted::default();
    guest.world.reachable = false;
    let shown = by_default(guest);
    assert_eq!((shown.played.outcome.clone(), lines(&shown)), (Outcome::Passed, vec![]));
}

/// Does all that the default scenarios do, to a head with other parameters of the kernel.
fn with_parameters(parameters: &str, guest: Scripted) -> Shown {
    let scenario = thorough();
    let mut head = generation("head");
    head.parameters = parameters.to_owned();
    play_with(&scenario, &generation("base"), &head, &Settings::default(), guest)
}

#[test]
fn kernel_changed() {
    only(
        &with_parameters("console=ttyS0 log_buf_len=4M", Scripted::default()),
        Outcome::Passed,
        "note reboot-needed: the parameters of the kernel change: the switch succeeds, and they count after a reboot only | \
         plan a reboot | KernelParameters { added: [\"log_buf_len=4M\"], culprit: None }",
    );
}

#[test]
fn kernel_panics() {
    let guest = Scripted::default().booting("head", |world| {
        world.console.extend_from_slice(b"Kernel command line: panic=-1 rdinit=/init-of-another-machine\ncheck access for rdinit=/init-of-another-machine failed: -2, ignoring\nKernel panic - not syncing: VFS\n");
        Err(GuestError::Panicked {
            line: "Kernel panic - not syncing: VFS".into(),
        })
    });
    only(
        &with_parameters("console=ttyS0 panic=-1 rdinit=/init-of-another-machine", guest),
        Outcome::Failed,
        "error kernel-panicked: the machine does not come back after the reboot: the kernel panics | \
         boot into it in a virtual machine before it is made the default | \
         KernelParameters { added: [\"panic=-1\", \"rdinit=/init-of-another-machine\"], culprit: Some(\"rdinit=/init-of-another-machine\") }",
    );
    // QEMU may be gone before anybody has seen the line.
    let guest = Scripted::default().booting("head", |world| {
        world
            .console
            .extend_from_slice(b"[    1.2] Kernel panic - not syncing: VFS\n");
        Err(GuestError::Off {
            why: "QEMU ended".into(),
        })
    });
    let shown = with_parameters("panic=-1 rdinit=/x", guest);
    assert_eq!(shown.played.found[0].rule, "kernel-panicked");
}

#[test]
fn a_new_kernel_or_initrd_is_told_once() {
    let scenario = thorough();
    let mut head = generation("head");
    head.initrd = "/store/other".into();
    let play_head = |head: &Generation| {
        let shown = play_with(
            &scenario,
            &generation("base"),
            head,
            &Settings::default(),
            Scripted::default(),
        );
        shown
            .played
            .found
            .iter()
            .map(|found| found.blame.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(play_head(&head), [Blame::Initrd]);
    head.kernel = "/store/other".into();
    assert_eq!(play_head(&head), [Blame::Kernel]);
}

#[test]
fn a_base_that_does_not_run_is_not_judged() {
    let guest = Scripted::default().booting("base", |_| {
        Err(GuestError::Panicked {
            line: "Kernel panic - not syncing: VFS".into(),
        })
    });
    let shown = by_default(guest);
    assert_eq!(shown.played.outcome, Outcome::Errored);
    let found = lines(&shown);
    assert!(
        found[0].starts_with("error vm-unjudged: this could not be tried: what runs today does not run here: the machine does not boot: the kernel panics"),
        "{found:?}"
    );
    let mut guest = Scripted::default();
    guest.world.system = "starting";
    assert_eq!(by_default(guest).played.outcome, Outcome::Errored);
}

#[test]
fn a_machine_that_breaks_is_judged_by_who_touched_it() {
    for (error, rule) in [
        (GuestError::Off { why: "gone".into() }, "machine-off"),
        (
            GuestError::Panicked {
                line: "Kernel panic".into(),
            },
            "kernel-panicked",
        ),
        (GuestError::Agent { why: "it lies".into() }, "vm-unjudged"),
        (
            GuestError::Host {
                why: "the disk is full".into(),
            },
            "vm-unjudged",
        ),
    ] {
        let outcome = if rule == "vm-unjudged" {
            Outcome::Errored
        } else {
            Outcome::Failed
        };
        let given = error.clone();
        let shown = by_default(Scripted::default().switch("head test", move |_| Err(given.clone())));
        assert_eq!(
            (shown.played.outcome.clone(), shown.played.found[0].rule),
            (outcome, rule),
            "{error}"
        );
        // Before the switch nothing is the change's fault.
        let shown = by_default(Scripted::default().switch("head dry-activate", move |_| Err(error.clone())));
        assert_eq!(
            (shown.played.outcome.clone(), shown.played.found[0].rule),
            (Outcome::Errored, "vm-unjudged")
        );
    }
}

#[test]
fn a_boot_loader_that_starts_something_else_is_told() {
    let guest = Scripted::default().switch("base test", |world| {
        world.default = "base";
        Ok((0, String::new()))
    });
    let found = lines(&by_default(guest));
    assert!(
        found[0].starts_with("error boot-default-wrong: the boot loader starts the base, and not the head"),
        "{found:?}"
    );
}

#[test]
fn a_machine_that_does_not_go_down_is_told_and_restarted() {
    let guest = Scripted {
        stop: Some(timed_out()),
        ..Scripted::default()
    };
    let shown = by_default(guest);
    assert!(
        lines(&shown)[0].starts_with("error shutdown-timed-out: the machine is not off"),
        "{:?}",
        lines(&shown)
    );
    assert_eq!(
        shown.log[shown.log.len() - 3..],
        ["stop Orderly", "stop PowerLoss", "start head"]
    );
}

#[test]
fn an_emergency_is_told() {
    let guest = Scripted::default().booting("head", |world| {
        world.system = "maintenance";
        Ok(())
    });
    let found = lines(&by_default(guest));
    assert!(
        found[0].starts_with("error boot-failed: the boot after the restart ends in the shell for emergencies"),
        "{found:?}"
    );
}

#[test]
fn file_systems_that_go_or_move_are_told() {
    let mut guest = Scripted::default();
    let mut fstab = |name: &'static str, text: &str| {
        let file = format!("{}/etc/fstab", generation(name).toplevel);
        guest.world.files.insert(file, text.as_bytes().to_vec());
    };
    fstab(
        "base",
        "/dev/a / ext4 x 0 1\n/dev/b /data ext4 x 0 2\n/dev/c /old ext4 x 0 2\n# /dev/x /x ext4 x\n",
    );
    fstab(
        "head",
        "/dev/a / ext4 y 0 1\n/dev/d /data ext4 x 0 2\n/dev/n /new ext4 x 0 2\n/dev/s none swap x\n",
    );
    let shown = by_default(guest);
    let blames: Vec<_> = shown
        .played
        .found
        .iter()
        .map(|found| (found.rule, found.blame.clone()))
        .collect();
    let expected = ["/data", "/old"].map(|folder| ("fstab-changed", Blame::FileSystem(folder.into())));
    assert_eq!(blames, expected);
    assert_eq!(shown.played.properties.get("mounts").map(String::as_str), Some("/new"));
}

#[test]
fn budgets_are_kept() {
    let scenario = thorough();
    let settings = Settings {
        budgets: Budgets {
            boot_time: Some(Duration::from_secs(10)),
            unit_time: Some(Duration::from_secs(2)),
            memory: Some(100 << 20),
            closure_size: Some(1 << 30),
            restarts: Some(0),
            keep_running: vec!["greeter*".into()],
        },
        sizes: Some(Sizes {
            base: 1 << 30,
            head: 2 << 30,
        }),
        ..Settings::default()
    };
    let dry = "would stop the following units: greeter.service\nwould start the following units: greeter.service\n";
    let make = || {
        let mut guest = Scripted::default().refuse("head dry-activate", 0, dry);
        guest.world.files.insert(
            "/proc/meminfo".into(),
            b"MemTotal: 500000 kB\nMemAvailable: 300000 kB\n".to_vec(),
        );
        guest
    };
    let shown = play_with(&scenario, &generation("base"), &generation("head"), &settings, make());
    let rules: Vec<&str> = shown.played.found.iter().map(|found| found.rule).collect();
    let expected = [
        "unit-interrupted",
        "restarts-exceeded",
        "boot-slow",
        "unit-slow",
        "memory-exceeded",
        "closure-exceeded",
    ];
    assert_eq!(rules, expected, "{:?}", lines(&shown));
    assert_eq!(
        shown.played.properties.get("restarts").map(String::as_str),
        Some("greeter.service")
    );
    // On a slow machine, times are longer.
    let slow = Settings {
        factor: 4.0,
        ..settings
    };
    let shown = play_with(&scenario, &generation("base"), &generation("head"), &slow, make());
    assert!(
        shown.played.found.iter().all(|found| !found.rule.ends_with("slow")),
        "{:?}",
        lines(&shown)
    );
}
