//! Where things stand in the text of a lock file, for messages that point at them.

use super::json::{Json, Kind};
use std::collections::HashMap;
use std::ops::Range;

/// The text of a lock file as nested names, each with the bytes that it and its value take.
#[derive(Debug, Clone)]
pub struct Outline {
    root: Names,
}

/// The members of an object; of repeated ones the last, as in Nix.
type Names = HashMap<String, Member>;

#[derive(Debug, Clone)]
struct Member {
    range: Range<usize>,
    inner: Names,
}

impl Outline {
    /// Returns the outline of a text, or `None` if it is not JSON.
    pub fn of(text: &[u8]) -> Option<Outline> {
        let text = std::str::from_utf8(text).ok()?;
        let json = Json::parse(text).ok()?;
        Some(Outline { root: names(json) })
    }

    /// Returns the bytes of a member, from the quote before its name to the end of its value. Of an
    /// object or a list, whose value may be long, only the name is meant.
    pub fn member(&self, path: &[&str]) -> Option<Range<usize>> {
        let (last, above) = path.split_last()?;
        let mut at = &self.root;
        for name in above {
            at = &at.get(*name)?.inner;
        }
        at.get(*last).map(|member| member.range.clone())
    }
}

/// Returns the members of a value. JSON is read only so deep that this may recurse.
fn names(json: Json) -> Names {
    let Kind::Object(members) = json.kind else {
        return Names::new();
    };
    let named = members.into_iter().map(|member| {
        let end = match member.value.kind {
            Kind::Object(_) | Kind::Array(_) => member.key_end,
            _ => member.value.end,
        };
        let range = member.key_at..end;
        let inner = names(member.value);
        (member.key, Member { range, inner })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_path() {
        let text = r#"{"nodes": {"a": {"locked": {"rev": "12", "rev": "345"}, "at": [1]}}}"#;
        let outline = Outline::of(text.as_bytes()).unwrap();
        let member = |path: &[&str]| outline.member(path).map(|range| &text[range]);
        assert_eq!(member(&["nodes", "a", "locked", "rev"]), Some("\"rev\": \"345\""));
        assert_eq!(member(&["nodes", "a", "locked"]), Some("\"locked\""));
        assert_eq!(member(&["nodes", "a", "at"]), Some("\"at\""));
        assert_eq!(member(&["nodes", "b", "locked"]), None);
        assert_eq!(member(&["nodes", "a", "at", "0"]), None);
        assert_eq!(member(&[]), None);
        assert!(Outline::of(b"{\"a\": }").is_none() && Outline::of(b"\xff").is_none());
    }

    proptest::proptest! {
        #[test]
        fn a_range_is_always_one_of_the_text(text in "\\{(\"(a|\\\\u0061|é)\": ?(1|\"é\\\\n\"|\\{\\}|\\[2\\])){0,2}\\}", name in "a|é|b") {
            if let Some(range) = Outline::of(text.as_bytes()).and_then(|outline| outline.member(&[&name])) {
                proptest::prop_assert!(text.get(range).is_some());
            }
        }
    }
}
