//! The algorithm of `replaceStrings`.

/// Replaces, from left to right, each occurrence of a pattern in `subject`, and appends the result to `out`.
///
/// At each place the first pattern of `from` that starts there wins. `replacement(i, out)` appends what the `i`-th
/// pattern is replaced with; it is called once for each occurrence, so that the caller can evaluate lazily, and its
/// error ends the work. An empty pattern matches before each byte, which is then copied, and once at the very end.
///
/// # Errors
/// Whatever `replacement` returns.
pub fn replace<P: AsRef<[u8]>, E>(
    from: &[P],
    subject: &[u8],
    out: &mut Vec<u8>,
    mut replacement: impl FnMut(usize, &mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let starts = FirstBytes::of(from);
    let mut place = 0;
    while place <= subject.len() {
        if let Some(starts) = &starts {
            // No pattern is empty: copy up to the next byte that any of them starts with.
            let plain = subject[place..].iter().position(|&byte| starts.contains(byte));
            let end = plain.map_or(subject.len(), |length| place + length);
            out.extend_from_slice(&subject[place..end]);
            place = end;
            if place == subject.len() {
                break;
            }
        }
        let rest = &subject[place..];
        let found = from.iter().position(|pattern| rest.starts_with(pattern.as_ref()));
        let mut step = 1;
        let mut keep = true;
        if let Some(index) = found {
            replacement(index, out)?;
            let length = from[index].as_ref().len();
            if length > 0 {
                step = length;
                keep = false;
            }
        }
        if keep && let Some(&byte) = rest.first() {
            out.push(byte);
        }
        place += step;
    }
    Ok(())
}

/// The set of bytes that patterns start with.
struct FirstBytes([bool; 256]);

impl FirstBytes {
    /// The set, or `None` when a pattern is empty and so starts everywhere.
    fn of<P: AsRef<[u8]>>(patterns: &[P]) -> Option<FirstBytes> {
        let mut set = [false; 256];
        for pattern in patterns {
            set[usize::from(*pattern.as_ref().first()?)] = true;
        }
        Some(FirstBytes(set))
    }

    fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replaced(from: &[&str], to: &[&str], subject: &str) -> String {
        let mut out = Vec::new();
        let done: Result<(), ()> = replace(from, subject.as_bytes(), &mut out, |index, out| {
            out.extend_from_slice(to[index].as_bytes());
            Ok(())
        });
        assert_eq!(done, Ok(()));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn replaces() {
        for (from, to, subject, expected) in [
            (&["oo", "a"][..], &["a", "i"][..], "foobar", "fabir"),
            (&["o"], &["a"], "foobar", "faabar"),
            (&["o"], &["oo"], "foo", "foooo"),
            (&["a", "ab"], &["1", "2"], "abab", "1b1b"),
            (&["ab", "a"], &["1", "2"], "abaab", "121"),
            (&[], &[], "abc", "abc"),
            (&["x"], &["y"], "", ""),
            (&["aaa"], &["x"], "aa", "aa"),
        ] {
            assert_eq!(replaced(from, to, subject), expected);
        }
    }

    #[test]
    fn an_empty_pattern_matches_between_bytes_and_at_the_end() {
        assert_eq!(replaced(&[""], &["X"], "abc"), "XaXbXcX");
        assert_eq!(replaced(&["", "a"], &["X", "Y"], "abc"), "XaXbXcX");
        assert_eq!(replaced(&["a", ""], &["X", "_"], "abc"), "X_b_c_");
        assert_eq!(replaced(&["-", ""], &["1", "2"], "-a"), "12a2");
        assert_eq!(replaced(&[""], &["X"], ""), "X");
    }

    #[test]
    fn an_error_ends_the_work() {
        let mut calls = 0;
        let done = replace(&["a"], b"aaa", &mut Vec::new(), |_, _| {
            calls += 1;
            Err("no")
        });
        assert_eq!((done, calls), (Err("no"), 1));
    }

    proptest! {
        #[test]
        fn replacing_with_itself_changes_nothing(from in proptest::collection::vec("[ab]{1,3}", 0..4), subject in "[abc]{0,20}") {
            let from: Vec<&str> = from.iter().map(String::as_str).collect();
            prop_assert_eq!(replaced(&from, &from, &subject), subject);
        }
    }
}
