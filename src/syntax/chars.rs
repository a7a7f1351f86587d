//! Which bytes names, numbers, paths and URIs are made of.

const NAME: u8 = 1;
const PATH: u8 = 2;
const URI: u8 = 4;
const SPACE: u8 = 8;

const fn class(byte: u8) -> u8 {
    let mut class = 0;
    if byte.is_ascii_alphanumeric() {
        class |= NAME | PATH | URI;
    }
    match byte {
        b'_' => class |= NAME | PATH | URI,
        b'-' => class |= NAME | PATH | URI,
        b'\'' => class |= NAME | URI,
        b'.' | b'+' => class |= PATH | URI,
        b'%' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'$' | b',' | b'!' | b'~' | b'*' => class |= URI,
        b' ' | b'\t' | b'\r' | b'\n' => class |= SPACE,
        _ => {}
    }
    class
}

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class(byte as u8);
        byte += 1;
    }
    table
};

/// Whether a name may go on with this byte.
#[inline(always)]
pub fn is_name(byte: u8) -> bool {
    CLASSES[byte as usize] & NAME != 0
}

/// Whether a part of a path may hold this byte.
#[inline(always)]
pub fn is_path(byte: u8) -> bool {
    CLASSES[byte as usize] & PATH != 0
}

/// Whether a URI may hold this byte after its colon.
#[inline(always)]
pub fn is_uri(byte: u8) -> bool {
    CLASSES[byte as usize] & URI != 0
}

/// Whether this byte is blank to the lexer.
#[inline(always)]
pub fn is_space(byte: u8) -> bool {
    CLASSES[byte as usize] & SPACE != 0
}
