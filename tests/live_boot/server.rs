//! The server: boots, is switched in all ways that a switch can end, is rolled back, and boots its new default.

use crate::bootloader::Entry;
use crate::builder::Builder;
use crate::image::Image;
use crate::machine::{Machine, Processor};

/// The systems of `tests/boot`.
struct Systems {
    a: String,
    b: String,
    failing_unit: String,
    failing_activation: String,
    failing_check: String,
    inhibited: String,
    other_init: String,
}

#[test]
fn live_server_boots_switches_and_rolls_back() {
    let builder = Builder::new("server", "x86_64-linux");
    let systems = Systems {
        a: builder.build("a"),
        b: builder.build("b"),
        failing_unit: builder.build("failing-unit"),
        failing_activation: builder.build("failing-activation"),
        failing_check: builder.build("failing-check"),
        inhibited: builder.build("inhibited"),
        other_init: builder.build("other-init"),
    };
    contract(&builder, &systems.b);
    let all = [
        &systems.a,
        &systems.b,
        &systems.failing_unit,
        &systems.failing_activation,
        &systems.failing_check,
        &systems.inhibited,
        &systems.other_init,
    ];
    let image = Image::new(&builder, &all.map(String::as_str));

    let mut machine = Machine::boot(Processor::X86, &image, &Entry::of_system(&builder, &systems.a));
    first_boot(&mut machine, &systems.a);
    switch_to_b(&mut machine, &systems);
    refused(&mut machine, &systems);
    failed(&mut machine, &systems);
    rolled_back(&mut machine, &systems);
    new_default(&mut machine, &systems);
    machine.power_off();

    let default = Entry::of_systemd_boot(&image);
    assert!(
        default.options.contains(&format!("init={}/init", systems.b)),
        "{}",
        default.options
    );
    let mut machine = Machine::boot(Processor::X86, &image, &default);
    machine.is_well();
    assert_eq!(
        machine.succeed("readlink /run/current-system /run/booted-system"),
        format!("{0}\n{0}\n", systems.b)
    );
    assert_eq!(
        machine.succeed("cat /run/test-kept"),
        "new\n",
        "what a switch leaves alone is new after a boot"
    );
    machine.power_off();
}

/// Asserts what everything that handles systems relies on.
fn contract(builder: &Builder, system: &str) {
    let present = [
        "init",
        "activate",
        "dry-activate",
        "bin/switch-to-configuration",
        "etc/systemd/system",
        "sw/bin",
        "systemd",
        "kernel",
        "initrd",
        "kernel-params",
        "kernel-modules",
        "firmware",
        "boot.json",
        "specialisation/quiet",
        "nixos-version",
        "system",
        "init-interface-version",
        "switch-inhibitors",
    ];
    for name in present {
        let mut path = system.to_owned();
        for part in name.split('/') {
            path = format!("{path}/{part}");
            let outside = builder.outside(&path);
            assert!(outside.exists(), "{name} is missing: {}", outside.display());
            // Below a link, the names are those of what it leads to.
            let root = builder.outside("/");
            path = format!(
                "/{}",
                outside.strip_prefix(&root).expect("it lies in the root").display()
            );
        }
    }
    let of_nixpkgs = |path: &String| path.ends_with("-switch-to-configuration-of-nixpkgs");
    assert_eq!(
        builder.closure(&[system]).iter().any(of_nixpkgs),
        builder.switches_with_nixpkgs(),
        "the program that was asked for switches the system"
    );
    let text = std::fs::read_to_string(builder.outside(&format!("{system}/boot.json"))).expect("there is a bootspec");
    let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let entry = &document["org.nixos.bootspec.v1"];
    assert_eq!(entry["toplevel"], system);
    assert_eq!(entry["init"], format!("{system}/init"));
    assert_eq!(entry["system"], "x86_64-linux");
    let child = &document["org.nixos.specialisation.v1"]["quiet"]["org.nixos.bootspec.v1"];
    let parameters = child["kernelParams"].as_array().expect("a list of parameters");
    assert!(parameters.contains(&"quiet".into()), "{child:#}");
}

fn first_boot(machine: &mut Machine, a: &str) {
    machine.is_well();
    assert_eq!(
        machine.succeed("readlink /run/current-system /run/booted-system"),
        format!("{a}\n{a}\n")
    );
    assert_eq!(machine.succeed("uname -n"), "server\n");
    for unit in [
        "sshd",
        "nginx",
        "postgresql",
        "firewall",
        "dbus",
        "systemd-networkd",
        "home-manager-alice",
    ] {
        assert_eq!(
            machine.succeed(&format!("systemctl is-active {unit}")),
            "active\n",
            "{unit}"
        );
    }
    machine.succeed("systemctl is-active nix-daemon.socket");
    let alice = machine.succeed("id alice");
    assert!(
        alice.contains("uid=1000(alice) gid=100(users)") && alice.contains("(wheel)"),
        "{alice}"
    );
    assert_eq!(
        machine.succeed("stat -c '%U %a' /home/alice /etc/shadow /root"),
        "alice 700\nroot 640\nroot 700\n"
    );
    assert_eq!(
        machine.succeed("stat -Lc '%a %U:%G' /run/wrappers/bin/sudo"),
        "4510 root:wheel\n"
    );
    assert_eq!(
        machine.succeed("/run/wrappers/bin/sudo -n -u postgres id -un"),
        "postgres\n"
    );
    // By the bit of the program, as she is nobody special herself.
    assert_eq!(
        machine.succeed("/run/wrappers/bin/sudo -n -u alice /run/wrappers/bin/sudo -n id -un"),
        "root\n"
    );
    machine.succeed("test -L /etc/static && test -e /etc/NIXOS && test -x /bin/sh && test -x /usr/bin/env");
    assert!(machine.run("touch /nix/store/x").1.contains("Read-only file system"));
    machine.succeed("exec 3<>/dev/tcp/127.0.0.1/22; read -r line <&3; [[ $line == SSH-2.0-* ]]");
    machine.succeed("curl --silent --insecure --output /dev/null https://127.0.0.1/");
    machine.succeed("iptables -C INPUT -j nixos-fw");
    machine.succeed("setpriv --reuid postgres --regid postgres --clear-groups psql -h /run/postgresql -tAc 'SELECT 1'");
    // The guest's own Nix knows what is in its store.
    machine.succeed(
        "nix-store --load-db < /nix/registration && nix-store --check-validity $(readlink /run/current-system)",
    );
}

/// Waits until a service of alice's says a word: systemd does not wait for it.
fn user_says(machine: &mut Machine, service: &str, word: &str) {
    let says = format!("grep -qx {word} /run/user/1000/{service}");
    machine.succeed(&format!(
        "for ((tries = 0; tries < 300; tries++)); do if {says}; then break; fi; sleep 0.2; done; {says}"
    ));
}

fn switch_to_b(machine: &mut Machine, systems: &Systems) {
    // A user's units are switched while the user is there.
    machine.succeed("loginctl enable-linger alice; systemctl start user@1000");
    user_says(machine, "test-user", "old");
    machine.succeed(
        "cd /home/alice; mkdir -p .local/share/systemd/user; \
         printf '[Service]\\nExecStart=/run/current-system/sw/bin/sleep infinity\\n' \
         > .local/share/systemd/user/test-taken.service; chown -R alice .local; \
         alice='setpriv --reuid alice --regid users --clear-groups env XDG_RUNTIME_DIR=/run/user/1000'; \
         $alice systemctl --user daemon-reload && $alice systemctl --user start test-taken",
    );

    let switch = format!("{}/bin/switch-to-configuration", systems.b);
    let planned = machine.succeed(&format!("{switch} dry-activate"));
    for line in [
        "would stop the following units: test-changed.service, test-removed.service\n",
        "would NOT stop the following changed units: test-kept.service\n",
        "would activate the configuration...\n",
        "would reload the following units: test-reloaded.service\n",
        "would restart the following units: test-restarted.service\n",
        "would start the following units: test-changed.service\n",
    ] {
        assert!(planned.contains(line), "{line}is not in:\n{planned}");
    }
    assert_eq!(
        machine.succeed("readlink /run/current-system"),
        format!("{}\n", systems.a),
        "nothing was done"
    );
    assert_eq!(machine.run("id carol").0, 1);

    let before = "systemctl show -p ActiveEnterTimestampMonotonic test-constant test-kept";
    let untouched = machine.succeed(before);
    let done = machine.succeed(&format!("{switch} test"));
    for line in [
        "stopping the following units: test-changed.service, test-removed.service\n",
        "NOT restarting the following changed units: test-kept.service\n",
        "activating the configuration...\n",
        "reloading user units for alice...\n",
        "stopping the following user units: test-user.service\n",
        "starting the following user units: test-user.service\n",
        "restarting the following user units: nixos-activation.service\n",
        "restarting (post-activation) the following user units: test-taken.service\n",
        "restarting sysinit-reactivation.target\n",
        "reloading the following units: test-reloaded.service\n",
        "restarting the following units: test-restarted.service\n",
        "starting the following units: test-changed.service\n",
    ] {
        assert!(done.contains(line), "{line}is not in:\n{done}");
    }
    assert!(
        done.contains("the following new units were started: ") && done.contains("test-added.service"),
        "{done}"
    );
    machine.is_well();
    assert_eq!(
        machine.succeed("readlink /run/current-system"),
        format!("{}\n", systems.b)
    );
    assert_eq!(
        machine.succeed("readlink /run/booted-system"),
        format!("{}\n", systems.a)
    );
    let words = machine.succeed("cd /run; grep . test-added test-changed test-kept test-reloaded test-restarted");
    assert_eq!(
        words,
        "test-added:always\ntest-changed:new\ntest-kept:old\ntest-reloaded:reloaded\ntest-restarted:new\n"
    );
    assert_eq!(machine.run("systemctl is-active test-removed").1, "inactive\n");
    assert_eq!(machine.succeed(before), untouched, "what has not changed runs on");
    user_says(machine, "test-user", "new");
    user_says(machine, "test-taken", "taken");
    assert_eq!(machine.succeed("cat /etc/test/only-b"), "here\n");
    assert!(machine.succeed("id carol").starts_with("uid=1001(carol)"));
    machine.succeed("! ls /run/nixos/*-list");
}

/// What ends before anything is changed.
fn refused(machine: &mut Machine, systems: &Systems) {
    let held = format!(
        "exec 8>> /run/nixos/switch-to-configuration.lock; flock -n 8; {}/bin/switch-to-configuration test 8>&-",
        systems.a
    );
    let (code, output) = machine.run(&held);
    assert_eq!(
        (code, output.contains("Could not acquire lock")),
        (11, true),
        "{output}"
    );

    let (code, output) = machine.run(&format!("{}/bin/switch-to-configuration check", systems.failing_check));
    assert_eq!(
        (code, output.contains("Pre-switch check 'test-failing' failed")),
        (1, true),
        "{output}"
    );
    machine.succeed(&format!("{}/bin/switch-to-configuration check", systems.a));

    let (code, output) = machine.run(&format!("{}/bin/switch-to-configuration test", systems.inhibited));
    assert_eq!((code, output.contains("test : 1 -> 2")), (1, true), "{output}");

    let (code, output) = machine.run(&format!("{}/bin/switch-to-configuration test", systems.other_init));
    assert_eq!(
        (code, output.contains("incompatible with the current configuration")),
        (100, true),
        "{output}"
    );

    assert_eq!(
        machine
            .run(&format!("{}/bin/switch-to-configuration nonsense", systems.a))
            .0,
        1
    );
    assert_eq!(
        machine.succeed("readlink /run/current-system"),
        format!("{}\n", systems.b),
        "nothing was done"
    );
}

/// What ends badly after it has begun.
fn failed(machine: &mut Machine, systems: &Systems) {
    let (code, output) = machine.run(&format!("{}/bin/switch-to-configuration test", systems.failing_unit));
    assert_eq!(code, 4, "{output}");
    for line in [
        "Failed to restart test-restarted.service\n",
        "warning: the following units failed: test-failing.service, test-restarted.service\n",
    ] {
        assert!(output.contains(line), "{line}is not in:\n{output}");
    }
    assert_eq!(machine.wait_until_up(), "degraded");

    let (code, output) = machine.run(&format!(
        "{}/bin/switch-to-configuration test",
        systems.failing_activation
    ));
    assert_eq!(
        (code, output.contains("Failed to run activate script")),
        (2, true),
        "{output}"
    );
    for line in [
        "Activation script snippet 'test-failing' failed (1)\n",
        "WARN: restarting or reloading systemd units from the activation script is deprecated",
        "restarting the following units: test-constant.service\n",
    ] {
        assert!(output.contains(line), "{line} is not in:\n{output}");
    }
    // It goes on all the same, as the real one does.
    assert_eq!(
        machine.succeed("readlink /run/current-system"),
        format!("{}\n", systems.failing_activation)
    );
}

fn rolled_back(machine: &mut Machine, systems: &Systems) {
    machine.succeed(&format!("{}/bin/switch-to-configuration test", systems.a));
    machine.is_well();
    assert_eq!(
        machine.succeed("readlink /run/current-system"),
        format!("{}\n", systems.a)
    );
    assert_eq!(
        machine.succeed("cat /run/test-changed /run/test-restarted"),
        "old\nold\n"
    );
    user_says(machine, "test-user", "old");
    assert_eq!(machine.succeed("systemctl is-active test-removed"), "active\n");
    assert_eq!(machine.run("systemctl is-active test-added").1, "inactive\n");
    assert_eq!(
        machine.run("id carol").0,
        1,
        "users of the other configuration are gone"
    );
    assert_eq!(
        machine.run("cat /etc/test/only-b").0,
        1,
        "files of the other configuration are gone"
    );
}

fn new_default(machine: &mut Machine, systems: &Systems) {
    machine.succeed(&format!(
        "nix-env --profile /nix/var/nix/profiles/system --set {}",
        systems.b
    ));
    machine.succeed(&format!("{}/bin/switch-to-configuration boot", systems.b));
    assert_eq!(
        machine.succeed("readlink /run/current-system"),
        format!("{}\n", systems.a),
        "only for the next boot"
    );
    let entries = machine.succeed("cd /boot/loader/entries; LC_ALL=C ls");
    assert_eq!(
        entries,
        "nixos-generation-1.conf\nnixos-generation-2-specialisation-quiet.conf\nnixos-generation-2.conf\n"
    );
    assert!(
        machine
            .succeed("cat /boot/loader/loader.conf")
            .contains("default nixos-generation-2.conf\n")
    );
    machine.succeed("test -s /boot/EFI/BOOT/BOOTX64.EFI");
}
