//! Which bytes names, numbers, paths and URIs are made of, and how long runs of them are.
//!
//! Runs are measured sixteen bytes at a time and without a branch for each byte: where a word ends is what a processor
//! guesses worst.

use wide::i8x16;

const NAME: u8 = 1;
const PATH: u8 = 2;
const URI: u8 = 4;

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

/// How many bytes are looked at together.
const BLOCK: usize = 16;

/// Which bytes are letters or digits: all bits of those.
#[inline(always)]
fn alphanumeric(bytes: i8x16) -> i8x16 {
    let within = |bytes: i8x16, first: u8, last: u8| bytes.simd_gt(all(first - 1)) & all(last + 1).simd_gt(bytes);
    within(bytes | all(0x20), b'a', b'z') | within(bytes, b'0', b'9')
}

/// Returns bytes that are all this one, which is below 128.
#[inline(always)]
fn all(byte: u8) -> i8x16 {
    i8x16::splat(byte as i8)
}

/// Returns the end of the run of bytes that begins at `start`. Which belong to it is told of many, by all of their bits,
/// and of one.
#[inline(always)]
fn run_end(text: &[u8], start: usize, belong: impl Fn(i8x16) -> i8x16, belongs: impl Fn(u8) -> bool) -> usize {
    let mut at = start;
    while let Some(block) = text.get(at..at + BLOCK) {
        let bytes = i8x16::new(std::array::from_fn(|n| block[n] as i8));
        let run = belong(bytes).to_bitmask().trailing_ones() as usize;
        at += run;
        if run < BLOCK {
            return at;
        }
    }
    last_run_end(text, at, belongs)
}

/// Returns the same near the end of the text.
#[cold]
#[inline(never)]
fn last_run_end(text: &[u8], start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|&&byte| belongs(byte)).count()
}

/// Returns the end of the bytes from `start` on that a name may go on with.
#[inline(always)]
pub fn name_end(text: &[u8], start: usize) -> usize {
    let names = |bytes: i8x16| {
        let marks = [b'_', b'-', b'\''].map(|mark| bytes.simd_eq(all(mark)));
        alphanumeric(bytes) | marks[0] | marks[1] | marks[2]
    };
    run_end(text, start, names, is_name)
}

/// Returns the end of the bytes from `start` on that a part of a path may hold.
#[inline(always)]
pub fn path_end(text: &[u8], start: usize) -> usize {
    let paths = |bytes: i8x16| {
        let marks = [b'_', b'-', b'.', b'+'].map(|mark| bytes.simd_eq(all(mark)));
        alphanumeric(bytes) | marks[0] | marks[1] | marks[2] | marks[3]
    };
    run_end(text, start, paths, is_path)
}

/// Returns the end of the bytes from `start` on that stand for themselves between quotes.
#[inline(always)]
pub fn plain_end(text: &[u8], start: usize) -> usize {
    let plain = |bytes: i8x16| {
        let marks = [b'"', b'\\', b'$', 0].map(|mark| bytes.simd_eq(all(mark)));
        !(marks[0] | marks[1] | marks[2] | marks[3])
    };
    run_end(text, start, plain, |byte| !matches!(byte, b'"' | b'\\' | b'$' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_at_the_first_byte_of_another_kind() {
        for byte in 0..=u8::MAX {
            for before in [0, 1, 7, 15, 16, 17, 40] {
                for after in [0, 1, 20] {
                    let text = [&vec![b'a'; before + 1][..], &[byte], &vec![b'z'; after]].concat();
                    let end = |goes_on: bool| if goes_on { text.len() } else { before + 1 };
                    assert_eq!(name_end(&text, 1), end(is_name(byte)), "{byte} at {before}");
                    assert_eq!(path_end(&text, 1), end(is_path(byte)), "{byte} at {before}");
                    let plain = !matches!(byte, b'"' | b'\\' | b'$' | 0);
                    assert_eq!(plain_end(&text, 1), end(plain), "{byte} at {before}");
                }
            }
        }
    }
}
