//! Which bytes names, numbers, paths and URIs are made of, and how long runs of them are.
//!
//! Runs are measured sixteen bytes at a time and without a branch for each byte: where a word ends is what a processor
//! guesses worst.

use wide::u8x16;

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

/// Bytes that are looked at together, and what is told of them: all bits of those of which it holds.
type Bytes = u8x16;

/// How many bytes are looked at together.
const BLOCK: usize = 16;

/// Which bytes are this one.
#[inline(always)]
fn are(bytes: Bytes, byte: u8) -> Bytes {
    bytes.simd_eq(Bytes::splat(byte))
}

/// Which bytes are from the first to the last.
#[inline(always)]
fn within(bytes: Bytes, first: u8, last: u8) -> Bytes {
    let from_first = bytes - Bytes::splat(first);
    from_first.simd_eq(from_first.min(Bytes::splat(last - first)))
}

/// Which bytes are letters or digits.
#[inline(always)]
fn alphanumeric(bytes: Bytes) -> Bytes {
    within(bytes | Bytes::splat(0x20), b'a', b'z') | within(bytes, b'0', b'9')
}

/// Returns the end of the run of bytes that begins at `start`. Which belong to it is told of many at once, and of one.
#[inline(always)]
fn run_end(text: &[u8], start: usize, belong: impl Fn(Bytes) -> Bytes, belongs: impl Fn(u8) -> bool) -> usize {
    let mut at = start;
    while let Some(block) = text.get(at..at + BLOCK).and_then(<[u8]>::first_chunk) {
        let run = belong(Bytes::new(*block)).to_bitmask().trailing_ones() as usize;
        at += run;
        if run < BLOCK {
            return at;
        }
    }
    last_run_end(text, at, belong, belongs)
}

/// Returns the same near the end of the text, of whose last bytes some were looked at before.
#[inline(never)]
fn last_run_end(text: &[u8], at: usize, belong: impl Fn(Bytes) -> Bytes, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    match text.last_chunk() {
        Some(block) if !rest.is_empty() => {
            let seen = BLOCK - rest.len();
            at + (belong(Bytes::new(*block)).to_bitmask() >> seen).trailing_ones() as usize
        }
        _ => at + rest.iter().take_while(|&&byte| belongs(byte)).count(),
    }
}

/// Returns the end of the bytes from `start` on that a name may go on with.
#[inline(always)]
pub fn name_end(text: &[u8], start: usize) -> usize {
    let names = |bytes| alphanumeric(bytes) | are(bytes, b'_') | are(bytes, b'-') | are(bytes, b'\'');
    run_end(text, start, names, is_name)
}

/// Returns the end of the bytes from `start` on that a part of a path may hold.
#[inline(always)]
pub fn path_end(text: &[u8], start: usize) -> usize {
    let paths = |bytes| alphanumeric(bytes) | are(bytes, b'_') | are(bytes, b'-') | are(bytes, b'.') | are(bytes, b'+');
    run_end(text, start, paths, is_path)
}

/// Returns the end of the bytes from `start` on that stand for themselves between quotes.
#[inline(always)]
pub fn plain_end(text: &[u8], start: usize) -> usize {
    let plain = |bytes| !(are(bytes, b'"') | are(bytes, b'\\') | are(bytes, b'$') | are(bytes, b'\r') | are(bytes, 0));
    run_end(text, start, plain, |byte| {
        !matches!(byte, b'"' | b'\\' | b'$' | b'\r' | 0)
    })
}

/// Returns the end of the bytes from `start` on that stand for themselves in an indented string.
#[inline(always)]
pub fn indented_end(text: &[u8], start: usize) -> usize {
    let plain = |bytes| !(are(bytes, b'\'') | are(bytes, b'$') | are(bytes, 0));
    run_end(text, start, plain, |byte| !matches!(byte, b'\'' | b'$' | 0))
}

/// Returns the end of the spaces from `start` on.
#[inline(always)]
pub fn spaces_end(text: &[u8], start: usize) -> usize {
    run_end(text, start, |bytes| are(bytes, b' '), |byte| byte == b' ')
}

/// Returns where the next line feed from `start` on is, or the end of the text.
#[inline(always)]
pub fn line_end(text: &[u8], start: usize) -> usize {
    run_end(text, start, |bytes| !are(bytes, b'\n'), |byte| byte != b'\n')
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
                    let plain = !matches!(byte, b'"' | b'\\' | b'$' | b'\r' | 0);
                    assert_eq!(plain_end(&text, 1), end(plain), "{byte} at {before}");
                    let indented = !matches!(byte, b'\'' | b'$' | 0);
                    assert_eq!(indented_end(&text, 1), end(indented), "{byte} at {before}");
                    assert_eq!(line_end(&text, 1), end(byte != b'\n'), "{byte} at {before}");
                    let spaces = [&vec![b' '; before + 1][..], &[byte], &vec![b'z'; after]].concat();
                    let of_spaces = before + 1 + usize::from(byte == b' ');
                    assert_eq!(spaces_end(&spaces, 1), of_spaces, "{byte} at {before}");
                }
            }
        }
    }
}
