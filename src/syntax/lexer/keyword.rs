//! The words that are no names.

use crate::token::Kind;

const WORDS: [(&[u8], Kind); 10] = [
    (b"if", Kind::If),
    (b"then", Kind::Then),
    (b"else", Kind::Else),
    (b"assert", Kind::Assert),
    (b"with", Kind::With),
    (b"let", Kind::Let),
    (b"in", Kind::In),
    (b"rec", Kind::Rec),
    (b"inherit", Kind::Inherit),
    (b"or", Kind::OrWord),
];

/// What words are multiplied with so that the first four bits tell all of [`WORDS`] apart; found by trying.
const FACTOR: u64 = 0xcd61_3e30_d8f1_6adf;

/// Each word as [`first_bytes`] gives it, where [`place`] tells.
static PLACES: [(u64, Kind); 16] = {
    let mut places = [(0, Kind::Id); 16];
    let mut n = 0;
    while n < WORDS.len() {
        let (word, kind) = WORDS[n];
        let mut bytes = 0;
        let mut at = word.len();
        while at > 0 {
            at -= 1;
            bytes = bytes << 8 | word[at] as u64;
        }
        assert!(places[place(bytes)].0 == 0, "two words have one place");
        places[place(bytes)] = (bytes, kind);
        n += 1;
    }
    places
};

const fn place(bytes: u64) -> usize {
    (bytes.wrapping_mul(FACTOR) >> 60) as usize
}

/// Returns the first eight bytes of the word, with zeros behind a shorter one, as a little-endian number.
#[inline(always)]
fn first_bytes(text: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    match text.get(start..).and_then(<[u8]>::first_chunk::<8>) {
        // No branch, as lengths are all the same to a processor's guess; a word has a byte at least.
        Some(eight) => u64::from_le_bytes(*eight) & u64::MAX >> (64 - 8 * length.min(8)),
        None => text[start..end]
            .iter()
            .rev()
            .fold(0, |bytes, &byte| bytes << 8 | u64::from(byte)),
    }
}

/// Returns the kind of the word that stands from `start` to `end`. It holds no byte of value zero.
#[inline(always)]
pub(super) fn keyword(text: &[u8], start: usize, end: usize) -> Kind {
    // No keyword has eight bytes, so the first eight tell it from any longer word.
    let bytes = first_bytes(text, start, end);
    let (word, kind) = PLACES[place(bytes)];
    if word == bytes { kind } else { Kind::Id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_keywords_are_told() {
        for (word, kind) in WORDS {
            for before in [&b""[..], b"x"] {
                for after in [&b""[..], b" ", b"\0", b"'", b" and much more of a text"] {
                    let text = [before, word, after].concat();
                    let (start, end) = (before.len(), before.len() + word.len());
                    assert_eq!(keyword(&text, start, end), kind, "{word:?}");
                    assert_eq!(keyword(&text, start, end - 1), Kind::Id, "{word:?} without its end");
                }
            }
            let longer = [word, b"inherit"].concat();
            assert_eq!(keyword(&longer, 0, longer.len()), Kind::Id, "{longer:?}");
            assert_eq!(keyword(&longer, 0, word.len() + 1), Kind::Id, "{longer:?}");
        }
    }
}
