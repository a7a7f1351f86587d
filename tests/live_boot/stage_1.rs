//! The server with systemd in the first stage: it boots as real NixOS does by default.

use crate::bootloader::Entry;
use crate::builder::Builder;
use crate::image::Image;
use crate::machine::{Machine, Processor};

#[test]
fn machine_server_boots_by_systemd() {
    let builder = Builder::new("server", "x86_64-linux");
    let system = builder.build("systemd-stage-1");
    let start = |file: &str| {
        let mut bytes = std::fs::read(builder.outside(&format!("{system}/{file}"))).expect("the system has it");
        bytes.truncate(4);
        bytes
    };
    assert_eq!(start("init"), b"\x7fELF", "init is systemd itself");
    assert_eq!(
        start("prepare-root"),
        b"#!/n",
        "and a script prepares the root file system"
    );
    let image = Image::new(&builder, &[&system]);

    let mut machine = Machine::boot(Processor::X86, &image, &Entry::of_system(&builder, &system));
    machine.is_well();
    assert_eq!(
        machine.succeed("readlink /run/current-system /run/booted-system"),
        format!("{system}\n{system}\n")
    );
    let went =
        machine.succeed("journalctl -b -o cat --no-pager -u initrd-nixos-activation -u initrd-find-nixos-closure");
    for line in [
        "Finished initrd-find-nixos-closure.service",
        "running activation script...",
    ] {
        assert!(went.contains(line), "{line} is not in:\n{went}");
    }
    // It is the service manager of the first stage that goes on, by the name that it knows itself by.
    assert_eq!(
        machine.succeed("systemctl show -P InitRDTimestampMonotonic | grep -c '^[1-9]'"),
        "1\n"
    );
    assert!(machine.run("touch /nix/store/x").1.contains("Read-only file system"));
    let done = machine.succeed(&format!("{system}/bin/switch-to-configuration test"));
    assert!(!done.contains("restarting systemd"), "{done}");
    machine.is_well();
    machine.power_off();
}
