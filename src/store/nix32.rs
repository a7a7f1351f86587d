//! Nix's own base 32.
//!
//! It differs from RFC 4648 in two ways that matter: the alphabet leaves out `e`, `o`, `t` and `u`, and the digits are
//! written from the last five bits of the input to the first. A digit that would reach past the last byte is cut, so
//! the first digit of a text may have only some of the 32 values. The alphabet and the digit order are those of the
//! "Nix32" entry in Nix's manual (protocols, store path).

/// The 32 digits, by value.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

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

/// Returns the number of digits that `bytes` bytes take.
pub const fn encoded_len(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// Appends the digits of `bytes` to `out`.
pub fn encode_into(bytes: &[u8], out: &mut String) {
    for place in (0..encoded_len(bytes.len())).rev() {
        let (byte, shift) = (place * 5 / 8, place * 5 % 8);
        let low = u16::from(bytes[byte]);
        let high = u16::from(bytes.get(byte + 1).copied().unwrap_or(0));
        let digit = ((high << 8 | low) >> shift) & 0x1f;
        out.push(char::from(ALPHABET[usize::from(digit)]));
    }
}

/// Returns the digits of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(encoded_len(bytes.len()));
    encode_into(bytes, &mut out);
    out
}

/// Returns the bytes that `text` stands for, or the first byte from the end that is no digit.
///
/// The result may be one byte longer than the text was meant to hold: that happens exactly when the first digit has
/// bits that fit in no byte, and the caller sees it as a wrong length, as in Nix.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, u8> {
    let mut bytes = Vec::with_capacity((text.len() * 5).div_ceil(8));
    for (place, &character) in text.iter().rev().enumerate() {
        let digit = VALUES[usize::from(character)];
        if digit == NO_DIGIT {
            return Err(character);
        }
        let (byte, shift) = (place * 5 / 8, place * 5 % 8);
        let spread = u16::from(digit) << shift;
        if bytes.len() <= byte {
            bytes.resize(byte + 1, 0);
        }
        bytes[byte] |= spread as u8;
        let carried = (spread >> 8) as u8;
        if carried != 0 {
            bytes.resize(byte + 2, 0);
            bytes[byte + 1] |= carried;
        }
    }
    Ok(bytes)
}

/// Returns whether `character` is one of the 32 digits.
pub const fn is_digit(character: u8) -> bool {
    VALUES[character as usize] != NO_DIGIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_digits() {
        for (bytes, text) in [
            (&b""[..], ""),
            (&[0x1f], "0z"),
            (&[0xff], "7z"),
            (&[0, 1], "0080"),
            (&[0xff; 5], "zzzzzzzz"),
        ] {
            assert_eq!(encode(bytes), text, "{bytes:?}");
            assert_eq!(decode(text.as_bytes()), Ok(bytes.to_vec()), "{text}");
        }
    }

    #[test]
    fn letters_left_out_are_no_digits() {
        for letter in *b"eotuEA-/" {
            assert_eq!(decode(&[b'0', letter]), Err(letter));
            assert!(!is_digit(letter));
        }
    }

    #[test]
    fn bits_past_the_last_byte_lengthen() {
        assert_eq!(decode(b"8z").map(|bytes| bytes.len()), Ok(2));
    }

    proptest! {
        #[test]
        fn encoding_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decode(text.as_bytes()), Ok(bytes));
        }

        #[test]
        fn decoding_never_panics(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&text);
        }
    }
}
