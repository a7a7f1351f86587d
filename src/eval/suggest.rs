//! "Did you mean …?": names that are near to one that is not there.
//!
//! Distance, limits and wording are Nix's, so that errors can be compared with its own.

use crate::evaluator::Evaluator;
use syntax::Symbol;

/// How many names are suggested at most.
const LIMIT: usize = 5;
/// The largest distance of a name that is suggested.
const FAR: usize = 2;

impl Evaluator {
    /// Returns the names of `among` that are near to `name`: nearest first, else by their bytes.
    pub fn near_names(&self, name: Symbol, among: &[Symbol]) -> Vec<String> {
        let wanted = self.symbols.bytes(name);
        let mut near: Vec<(usize, &[u8])> = among
            .iter()
            .map(|&other| self.symbols.bytes(other))
            .filter_map(|other| Some((distance_up_to(FAR, wanted, other)?, other)))
            .collect();
        near.sort_unstable();
        near.dedup();
        near.truncate(LIMIT);
        near.into_iter()
            .map(|(_, other)| String::from_utf8_lossy(other).into_owned())
            .collect()
    }
}

/// Returns how many bytes must be inserted, deleted or replaced to make `b` of `a` (the Levenshtein
/// distance), or `None` if those are more than `most`.
fn distance_up_to(most: usize, a: &[u8], b: &[u8]) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
        // No later row has a smaller minimum.
        if row.iter().all(|&d| d > most) {
            return None;
        }
    }
    row.last().copied().filter(|&d| d <= most)
}

/// Returns the line that suggests names, or nothing if there is none: "Did you mean one of a, b or c?".
pub fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("Did you mean {only}?"),
        [all @ .., last] => format!("Did you mean one of {} or {last}?", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distances() {
        for (a, b, distance) in [
            ("", "", Some(0)),
            ("abc", "abc", Some(0)),
            ("abc", "abd", Some(1)),
            ("abc", "ab", Some(1)),
            ("ab", "ba", Some(2)),
            ("", "ab", Some(2)),
            ("", "abc", None),
            ("kitten", "sitting", None),
            ("écoute", "ecoute", Some(2)),
        ] {
            assert_eq!(distance_up_to(2, a.as_bytes(), b.as_bytes()), distance, "{a} {b}");
            assert_eq!(distance_up_to(2, b.as_bytes(), a.as_bytes()), distance, "{b} {a}");
        }
    }

    #[test]
    fn the_line_names_one_or_several() {
        let line = |names: &[&str]| did_you_mean(&names.iter().map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(line(&[]), "");
        assert_eq!(line(&["a"]), "Did you mean a?");
        assert_eq!(line(&["a", "b"]), "Did you mean one of a or b?");
        assert_eq!(line(&["a", "b", "c"]), "Did you mean one of a, b or c?");
    }

    proptest! {
        #[test]
        fn one_edit_is_distance_one(text in "[a-c]{1,12}", at in any::<prop::sample::Index>()) {
            let mut edited = text.clone().into_bytes();
            edited.remove(at.index(text.len()));
            prop_assert_eq!(distance_up_to(2, text.as_bytes(), &edited), Some(1));
        }
    }
}
