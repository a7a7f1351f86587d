//! The board: the same for aarch64, with the boot loader of boards.

use crate::bootloader::Entry;
use crate::builder::Builder;
use crate::image::Image;
use crate::machine::{Machine, Processor};

/// Where the kernel lists how programs of other processors are run.
const EMULATOR: &str = "/proc/sys/fs/binfmt_misc/qemu-aarch64";

#[test]
fn machine_board_boots() {
    if cfg!(not(target_arch = "aarch64")) {
        let emulator = std::fs::read_to_string(EMULATOR).unwrap_or_default();
        assert!(
            emulator.starts_with("enabled") && emulator.contains("flags: F") || emulator.contains("F\n"),
            "this machine cannot build for aarch64: {EMULATOR} is not there with the flag F. \
             Install qemu-user-static, in a place that may register it with the kernel."
        );
    }
    let builder = Builder::new("board", "aarch64-linux");
    let system = builder.build("a");
    let image = Image::new(&builder, &[&system]);
    let mut machine = Machine::boot(Processor::Arm, &image, &Entry::of_system(&builder, &system));
    machine.is_well();
    assert_eq!(machine.succeed("uname -nm"), "board aarch64\n");
    assert_eq!(machine.succeed("readlink /run/current-system"), format!("{system}\n"));
    assert_eq!(machine.succeed("systemctl is-active sshd"), "active\n");
    assert!(machine.succeed("id alice").contains("uid=1000(alice)"));
    machine.succeed("systemctl cat report.timer");
    machine.succeed(&format!("{system}/bin/switch-to-configuration boot"));
    machine.power_off();

    let default = Entry::of_extlinux(&image);
    assert!(
        default.options.contains(&format!("init={system}/init")),
        "{}",
        default.options
    );
}
