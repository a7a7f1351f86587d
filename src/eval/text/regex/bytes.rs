//! Sets of bytes, and the names that bracket expressions may use for them.
//!
//! Everything is as the "C" locale has it, because that is what Nix matches in: no byte above 127 is in any class.

/// A set of byte values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    /// Every byte but NUL: what `.` matches.
    pub(super) const ANY: ByteSet = ByteSet([!1, !0, !0, !0]);

    pub(super) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    #[inline]
    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    pub(super) fn complement(self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    pub(super) fn union(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// The only byte of the set, if it has exactly one.
    pub(super) fn single(&self) -> Option<u8> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        let word = self.0.iter().position(|&word| word != 0)?;
        (count == 1).then(|| (word as u32 * 64 + self.0[word].trailing_zeros()) as u8)
    }

    /// The set of one byte.
    pub(super) fn only(byte: u8) -> ByteSet {
        let mut set = ByteSet::default();
        set.insert(byte);
        set
    }

    /// The bytes that `belongs` is true of.
    pub(super) fn of(belongs: impl Fn(u8) -> bool) -> ByteSet {
        let mut set = ByteSet::default();
        (0..=255)
            .filter(|&byte| belongs(byte))
            .for_each(|byte| set.insert(byte));
        set
    }
}

/// The bytes of a character class such as `alpha`, or `None` for a name that is none. Case does not matter.
///
/// `d`, `s` and `w` are names too, as libstdc++ has it.
pub(super) fn class(name: &[u8]) -> Option<ByteSet> {
    let lower = name.to_ascii_lowercase();
    let belongs: fn(u8) -> bool = match lower.as_slice() {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" | b"d" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
        b"punct" => |byte| byte.is_ascii_punctuation(),
        // `is_ascii_whitespace` leaves out the vertical tab.
        b"space" | b"s" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        b"w" => |byte| byte.is_ascii_alphanumeric() || byte == b'_',
        _ => return None,
    };
    Some(ByteSet::of(belongs))
}

/// The byte that a collating symbol such as `hyphen` names, or `None` for a name that is none.
///
/// The names are those of the POSIX portable character set. Letters name themselves; digits and punctuation do not.
pub(super) fn collating_symbol(name: &[u8]) -> Option<u8> {
    if let [letter] = name
        && letter.is_ascii_alphabetic()
    {
        return Some(*letter);
    }
    let named = |first: u8, names: &[&str]| {
        names
            .iter()
            .position(|known| known.as_bytes() == name)
            .map(|index| first + index as u8)
    };
    named(0, &CONTROLS)
        .or_else(|| named(b' ', &SPACE_TO_AT))
        .or_else(|| named(b'[', &AFTER_UPPER))
        .or_else(|| named(b'{', &AFTER_LOWER))
}

const CONTROLS: [&str; 32] = [
    "NUL",
    "SOH",
    "STX",
    "ETX",
    "EOT",
    "ENQ",
    "ACK",
    "alert",
    "backspace",
    "tab",
    "newline",
    "vertical-tab",
    "form-feed",
    "carriage-return",
    "SO",
    "SI",
    "DLE",
    "DC1",
    "DC2",
    "DC3",
    "DC4",
    "NAK",
    "SYN",
    "ETB",
    "CAN",
    "EM",
    "SUB",
    "ESC",
    "IS4",
    "IS3",
    "IS2",
    "IS1",
];
const SPACE_TO_AT: [&str; 33] = [
    "space",
    "exclamation-mark",
    "quotation-mark",
    "number-sign",
    "dollar-sign",
    "percent-sign",
    "ampersand",
    "apostrophe",
    "left-parenthesis",
    "right-parenthesis",
    "asterisk",
    "plus-sign",
    "comma",
    "hyphen",
    "period",
    "slash",
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "colon",
    "semicolon",
    "less-than-sign",
    "equals-sign",
    "greater-than-sign",
    "question-mark",
    "commercial-at",
];
const AFTER_UPPER: [&str; 6] = [
    "left-square-bracket",
    "backslash",
    "right-square-bracket",
    "circumflex",
    "underscore",
    "grave-accent",
];
const AFTER_LOWER: [&str; 5] = [
    "left-curly-bracket",
    "vertical-line",
    "right-curly-bracket",
    "tilde",
    "DEL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, byte) in [
            ("NUL", Some(0)),
            ("IS1", Some(31)),
            ("space", Some(b' ')),
            ("hyphen", Some(b'-')),
            ("nine", Some(b'9')),
            ("commercial-at", Some(b'@')),
            ("Q", Some(b'Q')),
            ("grave-accent", Some(b'`')),
            ("q", Some(b'q')),
            ("tilde", Some(b'~')),
            ("DEL", Some(127)),
            ("-", None),
            ("0", None),
            ("ch", None),
            ("", None),
        ] {
            assert_eq!(collating_symbol(name.as_bytes()), byte, "{name}");
        }
    }

    #[test]
    fn classes() {
        for (name, members, strangers) in [
            ("space", " \t\n\u{b}\u{c}\r", "a"),
            ("W", "aZ0_", "- "),
            ("DIGIT", "09", "a"),
            ("punct", "!_~", "a "),
            ("print", " a~", "\t\u{7f}"),
            ("graph", "a~", " "),
            ("cntrl", "\u{1}\u{7f}", " "),
        ] {
            let set = class(name.as_bytes()).unwrap();
            assert!(members.bytes().all(|byte| set.contains(byte)), "{name}");
            assert!(!strangers.bytes().any(|byte| set.contains(byte)), "{name}");
            assert!(!(128..=255).any(|byte| set.contains(byte)), "{name}");
        }
        assert_eq!(class(b"word"), None);
        assert_eq!(ByteSet::of(|byte| byte == 7).single(), Some(7));
        assert_eq!(ByteSet::ANY.single(), None);
    }
}
