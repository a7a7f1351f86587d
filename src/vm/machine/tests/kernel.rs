//! A kernel of a few instructions for an x86 machine: it says something on the serial line, and then ends the machine or waits.

/// What it does in the end.
#[derive(Clone, Copy)]
pub enum Then {
    Wait,
    PowerOff,
    Reset,
}

/// Where the program lies in the file, which the boot loader loads to a segment of its own.
const PROGRAM: usize = 0x280;
/// Where its text lies.
const TEXT: usize = 0x2c0;

/// Returns a kernel as the boot protocol of Linux has it (Documentation/arch/x86/boot.rst), version 2.02.
pub fn kernel(text: &str, then: Then) -> Vec<u8> {
    let mut file = vec![0; 0x410];
    file[0x1f1] = 1; // one sector of 512 bytes after the first
    file[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
    file[0x200..0x202].copy_from_slice(&[0xeb, (PROGRAM - 0x202) as u8]); // jmp PROGRAM
    file[0x202..0x208].copy_from_slice(b"HdrS\x02\x02");
    file[0x211] = 1; // the rest is loaded high
    let mut code = vec![0xfc, 0xbe]; // cld; mov si, TEXT
    code.extend((TEXT as u16).to_le_bytes());
    code.extend([
        0xba, 0xf8, 0x03, // mov dx, 0x3f8
        0xac, // next: lodsb
        0x84, 0xc0, // test al, al
        0x74, 0x03, // jz said
        0xee, // out dx, al
        0xeb, 0xf8, // jmp next
    ]);
    match then {
        Then::Wait => {}
        // said: mov dx, 0x604; mov ax, 0x2000; out dx, ax (ACPI's PM1a_CNT of this machine, S5)
        Then::PowerOff => code.extend([0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef]),
        // said: mov al, 0xfe; out 0x64, al (the keyboard's controller pulls the reset line)
        Then::Reset => code.extend([0xb0, 0xfe, 0xe6, 0x64]),
    }
    code.extend([0xf4, 0xeb, 0xfd]); // wait: hlt; jmp wait
    file[PROGRAM..PROGRAM + code.len()].copy_from_slice(&code);
    file[TEXT..TEXT + text.len()].copy_from_slice(text.as_bytes());
    file
}
