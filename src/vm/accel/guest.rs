//! The smallest guest there is: a few instructions that count down and then end the machine.
//!
//! It needs no kernel and no firmware, so that a probe takes a tenth of a second and the same guest runs on any machine.

use crate::Processor;

/// The port of the device that ends an x86 machine: QEMU's `isa-debug-exit`.
const PORT: u8 = 0xf4;
/// What the x86 guest writes to it.
const WORD: u8 = 1;
/// Where the ARM guest lies: in the memory of the machine `virt`, behind the device tree that QEMU puts at its start.
const ADDRESS: &str = "0x41000000";

/// Returns the program of a guest that goes round so many times.
pub fn image(processor: Processor, rounds: u32) -> Vec<u8> {
    match processor {
        Processor::X86 => rom(rounds),
        Processor::Arm => program(rounds),
    }
}

/// Returns QEMU's arguments for a guest whose program is in this file.
pub fn arguments(processor: Processor, file: &str) -> Vec<String> {
    let (machine, memory, device) = match processor {
        Processor::X86 => ("pc", "16", format!("isa-debug-exit,iobase={PORT:#x},iosize=0x01")),
        Processor::Arm => (
            "virt",
            "64",
            format!("loader,file={},addr={ADDRESS},cpu-num=0,force-raw=on", doubled(file)),
        ),
    };
    let mut arguments = vec!["-machine", machine, "-m", memory, "-device", &device];
    if processor == Processor::X86 {
        arguments.extend(["-bios", file]);
    }
    arguments.extend(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
    arguments.into_iter().map(str::to_owned).collect()
}

/// Returns the code that QEMU ends with when the guest has run to its end.
pub fn code(processor: Processor) -> i32 {
    match processor {
        // docs/system of QEMU, `isa-debug-exit`: the word that was written, twice, plus one.
        Processor::X86 => i32::from(WORD) * 2 + 1,
        Processor::Arm => 0,
    }
}

/// Returns a text as the value of an option of QEMU, in which a comma is written twice.
fn doubled(text: &str) -> String {
    text.replace(',', ",,")
}

/// Size of the ROM: that of the last segment below one megabyte, and of the last one below four gigabytes.
const ROM: usize = 1 << 16;
/// Where in it the program lies.
const PROGRAM: usize = 0xff00;
/// Where in it an x86 processor begins after a reset (Intel SDM volume 3, "First Instruction Executed").
const RESET: usize = 0xfff0;

/// Returns a ROM for a PC: in real mode, `ecx` counts down while the stack is written and read back.
fn rom(rounds: u32) -> Vec<u8> {
    let mut rom = vec![0xf4; ROM]; // hlt
    let mut code = vec![0x66, 0xb9]; // mov ecx, rounds
    code.extend(rounds.to_le_bytes());
    code.extend([
        0x50, // round: push ax
        0x58, // pop ax
        0x66, 0x49, // dec ecx
        0x75, 0xfa, // jnz round
        0xb0, WORD, // mov al, WORD
        0xe6, PORT, // out PORT, al
        0xf4, // end: hlt
        0xeb, 0xfd, // jmp end
    ]);
    rom[PROGRAM..PROGRAM + code.len()].copy_from_slice(&code);
    // jmp PROGRAM, from the instruction after this one, modulo the segment.
    let distance = (PROGRAM as u16).wrapping_sub(RESET as u16 + 3).to_le_bytes();
    rom[RESET..RESET + 3].copy_from_slice(&[0xe9, distance[0], distance[1]]);
    rom
}

/// Returns a program for ARM: `w1` counts down, and then the machine is switched off by the call SYSTEM_OFF (Arm DEN0022,
/// Power State Coordination Interface). Memory is left alone: before it is mapped, access to it is emulated step by step.
fn program(rounds: u32) -> Vec<u8> {
    let (low, high) = (rounds & 0xffff, rounds >> 16);
    let code = [
        0x5280_0001 | low << 5,  // movz w1, low
        0x72a0_0001 | high << 5, // movk w1, high, lsl 16
        0x7100_0421,             // round: subs w1, w1, 1
        0x54ff_ffe1,             // b.ne round
        0x5280_0100,             // movz w0, 0x0008
        0x72b0_8000,             // movk w0, 0x8400, lsl 16
        0xd400_0002,             // hvc 0
        0x1400_0000,             // end: b end
    ];
    code.into_iter().flat_map(u32::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rom_begins_at_the_reset_and_has_the_rounds_in_it() {
        let rom = image(Processor::X86, 0x0102_0304);
        assert_eq!(rom.len(), ROM);
        let distance = i16::from_le_bytes([rom[RESET + 1], rom[RESET + 2]]);
        assert_eq!(rom[RESET], 0xe9);
        assert_eq!(RESET as isize + 3 + isize::from(distance), PROGRAM as isize);
        assert_eq!(rom[PROGRAM..PROGRAM + 6], [0x66, 0xb9, 4, 3, 2, 1]);
        let program = image(Processor::Arm, 0x0102_0304);
        assert_eq!(program[..8], [0x81, 0x60, 0x80, 0x52, 0x41, 0x20, 0xa0, 0x72]);
    }

    #[test]
    fn a_comma_in_the_path_is_no_end_of_it() {
        let arguments = arguments(Processor::Arm, "/a,b");
        assert!(arguments.contains(&"loader,file=/a,,b,addr=0x41000000,cpu-num=0,force-raw=on".to_owned()));
        assert!(super::arguments(Processor::X86, "/a,b").contains(&"/a,b".to_owned()));
    }
}
