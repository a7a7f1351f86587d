//! Patterns of paths: which files of a flake are meant.

use std::fmt;

use super::values::{Pattern, from_text};

/// Most parts of a pattern; matching takes at most their number times that of a path's parts.
const MOST_PARTS: usize = 64;

/// A pattern of paths below the flake's folder: a path that it fits is meant with all below it.
///
/// In a part `*` stands for any characters and `?` for one; `**` alone stands for any parts, also none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathPattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Part {
    /// `**`
    Any,
    One(Pattern),
}

from_text!(
    PathPattern,
    "a path below the flake's folder, such as `fixtures` or `hosts/*/old`"
);

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<PathPattern, String> {
        let inner = text.strip_prefix("./").unwrap_or(&text);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        if text.starts_with('/') {
            return Err(format!(
                "`{text}` begins with `/`; paths are seen from the flake's folder"
            ));
        }
        let parts: Vec<&str> = inner.split('/').collect();
        if parts.contains(&"..") {
            return Err(format!("`{text}` leads out of the flake's folder"));
        }
        if parts.iter().any(|part| part.is_empty() || *part == ".") {
            return Err(format!("`{text}` is no path below the flake's folder"));
        }
        if parts.len() > MOST_PARTS {
            return Err(format!("a path has more than {MOST_PARTS} parts"));
        }
        if parts.iter().all(|part| *part == "**") {
            return Err(format!("`{text}` would leave out everything"));
        }
        let part = |part: &&str| match *part {
            "**" => Ok(Part::Any),
            one => Pattern::try_from(one.to_owned()).map(Part::One),
        };
        let parts = parts.iter().map(part).collect::<Result<_, _>>()?;
        Ok(PathPattern { text, parts })
    }
}

impl PathPattern {
    /// Whether a path, or a folder above it, fits the pattern.
    pub fn covers(&self, path: &str) -> bool {
        // How many parts of the pattern may be used up by the parts of the path so far.
        let mut used = vec![false; self.parts.len() + 1];
        used[0] = true;
        self.skip_any(&mut used);
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let mut next = vec![false; used.len()];
            for (at, own) in self.parts.iter().enumerate().filter(|(at, _)| used[*at]) {
                match own {
                    Part::Any => next[at] = true,
                    Part::One(pattern) => next[at + 1] |= pattern.matches(part),
                }
            }
            self.skip_any(&mut next);
            if next[self.parts.len()] {
                return true;
            }
            used = next;
        }
        false
    }

    /// Lets each `**` stand for no parts.
    fn skip_any(&self, used: &mut [bool]) {
        for (at, own) in self.parts.iter().enumerate() {
            if used[at] && *own == Part::Any {
                used[at + 1] = true;
            }
        }
    }

    /// Returns the folder or file below which everything is that the pattern covers: what it has
    /// before its first part that is not a plain name.
    pub fn root(&self) -> String {
        let plain = |part: &Part| match part {
            Part::One(pattern) if !pattern.to_string().contains(['*', '?']) => Some(pattern.to_string()),
            _ => None,
        };
        self.parts.iter().map_while(plain).collect::<Vec<_>>().join("/")
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::try_from(text.to_owned()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_pattern_covers_what_it_fits_and_all_below() {
        let check = |text: &str, path: &str, expected: bool| {
            assert_eq!(pattern(text).covers(path), expected, "{text} {path}");
        };
        check("fixtures/fleets", "fixtures/fleets/healthy/flake.nix", true);
        check("fixtures/fleets/", "fixtures/fleets", true);
        check("./fixtures/fleets", "fixtures/fleets/a", true);
        check("fixtures/fleets", "fixtures/fleets-of-mine/a", false);
        check("fixtures/fleets", "fixtures", false);
        check("fixtures/fleets", "old/fixtures/fleets/a", false);
        check("hosts/*/old", "hosts/web/old/a.nix", true);
        check("hosts/*/old", "hosts/web/x/old", false);
        check("*.nix", "flake.nix", true);
        check("*.nix", "hosts/web.nix", false);
        check("**/*.nix", "hosts/web/disks.nix", true);
        check("**/*.nix", "flake.nix", true);
        check("a/**/z", "a/z", true);
        check("a/**/z", "a/b/c/z/d", true);
        check("a/**/z", "a/b/c", false);
        check("a/**", "a/b", true);
        check("a?", "ab", true);
        check("a", "", false);
    }

    #[test]
    fn the_plain_beginning_of_a_pattern_is_its_root() {
        let check = |text: &str, root: &str| assert_eq!(pattern(text).root(), root, "{text}");
        check("fixtures/fleets", "fixtures/fleets");
        check("hosts/*/old", "hosts");
        check("**/old", "");
        check("*.nix", "");
    }

    #[test]
    fn what_is_no_path_of_the_flake_is_refused() {
        for text in ["", "/etc", "..", "a/../b", "a//b", ".", "**", "**/**", "./"] {
            assert!(PathPattern::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(PathPattern::try_from("a/".repeat(200)).is_err());
    }

    proptest! {
        #[test]
        fn a_path_without_patterns_covers_itself_and_what_is_below(path in "[a-c]{1,3}(/[a-c]{1,3}){0,4}", below in "[a-c]{1,3}") {
            let inner = format!("{path}/{below}");
            prop_assert!(pattern(&path).covers(&path));
            prop_assert!(pattern(&path).covers(&inner));
            prop_assert!(!pattern(&inner).covers(&path));
        }

        #[test]
        fn no_pattern_panics(text in "[ab*?./]{0,20}", path in "[ab./]{0,20}") {
            if let Ok(pattern) = PathPattern::try_from(text) {
                pattern.covers(&path);
                pattern.root();
            }
        }
    }
}
