//! Secrets whose value a run has met, and how they look where a text quotes or escapes them.

use std::collections::BTreeSet;
use std::ops::Range;

/// Fewest characters of a value that is looked for everywhere; shorter ones are in many innocent words.
const LEAST: usize = 6;

/// Fewest characters of a value of lower-case letters only, which may be a word.
const LEAST_WORD: usize = 9;

/// Most values that are kept (10,000).
const MOST: usize = 10_000;

/// Values that stand for a secret in examples, or that settings of many names have.
const COMMON: [&str; 14] = [
    "changeme",
    "password",
    "disabled",
    "required",
    "optional",
    "credentials",
    "passphrase",
    "localhost",
    "undefined",
    "prohibit-password",
    "without-password",
    "forced-commands-only",
    "yescrypt",
    "sha512crypt",
];

/// The values, the longest first where one is part of another.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    values: BTreeSet<Longest>,
}

/// A text ordered by length, the longest first.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Longest(String);

impl Ord for Longest {
    fn cmp(&self, other: &Longest) -> std::cmp::Ordering {
        (other.0.len(), &self.0).cmp(&(self.0.len(), &other.0))
    }
}

impl PartialOrd for Longest {
    fn partial_cmp(&self, other: &Longest) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Known {
    /// Learns a value and each of its lines, if it can be told apart from other text.
    pub(super) fn learn(&mut self, value: &str) {
        let whole = value.trim();
        let lines = whole.lines().map(str::trim).filter(|_| whole.contains('\n'));
        for text in std::iter::once(whole).chain(lines) {
            if !distinct(text) || self.values.len() >= MOST {
                continue;
            }
            for form in forms(text) {
                self.values.insert(Longest(form));
            }
        }
    }

    /// Learns what others know.
    pub(super) fn join(&mut self, others: &Known) {
        let room = MOST.saturating_sub(self.values.len());
        let new: Vec<Longest> = others.values.difference(&self.values).take(room).cloned().collect();
        self.values.extend(new);
    }

    /// Returns where the values stand in a text, in order and apart from each other.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for Longest(value) in &self.values {
            for (at, _) in text.match_indices(value.as_str()) {
                found.push(at..at + value.len());
            }
        }
        found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        // Two that overlap are one, so that no end of either is told.
        let mut apart: Vec<Range<usize>> = Vec::new();
        for range in found {
            match apart.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    }
}

/// Whether a value can be looked for without hiding what is no secret.
fn distinct(value: &str) -> bool {
    let length = value.chars().count();
    let word = value.chars().all(|c| c.is_lowercase() || c == '-' || c == '_');
    let one_letter = value
        .chars()
        .next()
        .is_some_and(|first| value.chars().all(|c| c == first));
    length >= if word { LEAST_WORD } else { LEAST }
        && !one_letter
        && !COMMON.contains(&value.to_lowercase().as_str())
        && !value.contains("${")
        && value.chars().any(char::is_alphanumeric)
}

/// Returns a value as it is and as it looks in a Nix, JSON, shell or address literal.
fn forms(value: &str) -> BTreeSet<String> {
    let nix = value.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${");
    let address: String = value
        .bytes()
        .map(|byte| match byte {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    [
        value.to_owned(),
        nix.replace('\n', "\\n"),
        nix.replace('\t', "\\t").replace('\n', "\\n"),
        value.replace('\'', "'\\''"),
        value.replace('\n', " "),
        diag::clean(value).into_owned(),
        diag::clean_line(value).into_owned(),
        address,
        base64(value.as_bytes()),
    ]
    .into()
}

/// Returns bytes in base64 with padding, as `Authorization: Basic` and secrets of clusters have them.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_and_short_values_are_not_looked_for() {
        for value in [
            "",
            "abc",
            "hunter",
            "password",
            "changeme",
            "aaaaaaaa",
            "ab-cd-ef",
            "${x}abcdef",
            "------",
        ] {
            assert!(!distinct(value), "{value}");
        }
        for value in ["hunter2", "Tr0ub4dor&3", "correct horse", "correcthorse", "geheim wort"] {
            assert!(distinct(value), "{value}");
        }
    }

    #[test]
    fn overlapping_values_are_masked_together() {
        let mut known = Known::default();
        known.learn("abc123def");
        known.learn("def456ghi");
        assert_eq!(known.find("x abc123def456ghi y"), vec![Range { start: 2, end: 17 }]);
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let check = |text: &str, expected: &str| assert_eq!(base64(text.as_bytes()), expected);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foob", "Zm9vYg==");
    }
}
