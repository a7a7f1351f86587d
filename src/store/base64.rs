//! Base 64 as Nix reads and writes it.
//!
//! Writing is RFC 4648 with padding. Reading is laxer than any strict decoder: it stops at the first `=`, skips line
//! feeds, and drops left-over bits, so hashes without padding are accepted. Since the length of what comes out is what
//! is judged afterwards, these liberties are part of which hashes Nix accepts, and a stricter library would not do.

/// The 64 digits, by value (RFC 4648, table 1).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Marks a byte that is no digit in [`VALUES`].
const NO_DIGIT: u8 = 0xff;

/// The value of each byte as a digit, or [`NO_DIGIT`].
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Returns the number of characters, padding included, that `bytes` bytes take.
pub const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Appends the padded base 64 of `bytes` to `out`.
pub fn encode_into(bytes: &[u8], out: &mut String) {
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= group.len() {
                let digit = bits >> (18 - 6 * place) & 0x3f;
                out.push(char::from(ALPHABET[digit as usize]));
            } else {
                out.push('=');
            }
        }
    }
}

/// Returns the bytes that `text` stands for, or the first byte that is no digit.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, u8> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4) * 3);
    let (mut pending, mut bits) = (0u32, 0u32);
    for &character in text {
        match character {
            b'=' => break,
            b'\n' => continue,
            _ => {}
        }
        let digit = VALUES[usize::from(character)];
        if digit == NO_DIGIT {
            return Err(character);
        }
        pending = pending << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((pending >> bits) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(bytes: &[u8]) -> String {
        let mut out = String::new();
        encode_into(bytes, &mut out);
        out
    }

    #[test]
    fn rfc_4648_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(text.len(), encoded_len(bytes.len()));
            assert_eq!(decode(text.as_bytes()), Ok(bytes.as_bytes().to_vec()));
        }
    }

    #[test]
    fn reading_is_lax() {
        for text in ["Zm9vYg", "Zm9v\nYg==", "Zm9vYh=", "Zm9vYg==junk!"] {
            assert_eq!(decode(text.as_bytes()), Ok(b"foob".to_vec()), "{text}");
        }
        assert_eq!(decode(b"Zm 9"), Err(b' '));
    }

    proptest! {
        #[test]
        fn encoding_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decode(text.as_bytes()), Ok(bytes));
        }
    }
}
