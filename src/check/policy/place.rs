//! Where something stands in a YAML text.
//!
//! The YAML reader tells a place only with an error. So a place is found by reading the text once
//! more up to it, and raising an error there: slow, but only mistakes need places.

use std::fmt;

use diag::{Pos, Span};
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A step of the way to something in a YAML text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// To the value of this key; the last one of several, if they are equal.
    Key(String),
    /// To the element with this index; a value that is no list is its own first element.
    Index(usize),
    /// To the key itself, as the last step.
    Name(String),
}

/// A way to something in a YAML text.
pub type Way = Vec<Step>;

/// Returns a way with one more step.
pub fn step(way: &[Step], next: Step) -> Way {
    way.iter().cloned().chain([next]).collect()
}

/// Returns the byte offset of what a way leads to.
pub fn find(text: &str, way: &[Step]) -> Option<usize> {
    let deserializer = serde_yaml::Deserializer::from_str(text);
    let error = Seek(way).deserialize(deserializer).err()?;
    if !error.to_string().contains(HERE) {
        return None;
    }
    let location = error.location()?;
    let mut start = 0;
    for (i, line) in text.split_inclusive('\n').enumerate() {
        if i + 1 == location.line() {
            let column: usize = line
                .chars()
                .take(location.column().saturating_sub(1))
                .map(char::len_utf8)
                .sum();
            return Some(start + column);
        }
        start += line.len();
    }
    Some(text.len())
}

/// Returns the span of the word or line that begins at an offset.
pub fn span_at(base: Pos, text: &str, at: usize) -> Span {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let word = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].find(quote).map_or(line.len(), |end| end + 2),
        Some('[' | '{') => 1,
        _ => {
            let end = [": ", " #", ", "].iter().filter_map(|stop| line.find(stop)).min();
            end.unwrap_or(line.len())
        }
    };
    let word = line
        .get(..word)
        .unwrap_or(line)
        .trim_end_matches([':', ']', '}', ',', ' ']);
    let start = base.offset(at as u32);
    Span::new(start, start.offset(word.len().max(1).min(rest.len()) as u32))
}

/// Returns the span of a part of a text value that stands at an offset of the file: `part` are byte
/// offsets in the value. Blanks may be laid out otherwise in the file than in the value; if more is
/// different, the span is that of the whole value.
pub fn span_inside(base: Pos, text: &str, at: usize, value: &str, part: std::ops::Range<usize>) -> Span {
    match aligned(text, at, value, part) {
        Some((from, to)) => Span::new(
            base.offset(from as u32),
            base.offset(to.max(from + 1).min(text.len()) as u32),
        ),
        None => span_at(base, text, at),
    }
}

/// Returns where in the file a part of a value stands.
fn aligned(text: &str, at: usize, value: &str, part: std::ops::Range<usize>) -> Option<(usize, usize)> {
    let rest = text.get(at..)?;
    // The header of a block (`|`, `>-`) or the opening quote is no part of the value.
    let skipped = match rest.chars().next()? {
        '|' | '>' => rest.find('\n')? + 1,
        '"' | '\'' => 1,
        _ => 0,
    };
    let mut place = at + skipped;
    let mut from = None;
    for (offset, c) in value.char_indices() {
        if c.is_whitespace() {
            continue;
        }
        let rest = text.get(place..)?;
        let found = rest.chars().find(|c| !c.is_whitespace())?;
        place += rest.len() - rest.trim_start().len();
        if found != c {
            return None;
        }
        if from.is_none() && offset >= part.start {
            from = Some(place);
        }
        if from.is_some() && offset + c.len_utf8() >= part.end {
            return Some((
                from?,
                if offset >= part.end {
                    from?
                } else {
                    place + c.len_utf8()
                },
            ));
        }
        place += c.len_utf8();
    }
    // What is missing at the end is missed after the last character.
    Some((from.unwrap_or(place), place))
}

/// What the error says by which a place is told.
const HERE: &str = "cfgcheck: this is the place";

struct Seek<'w>(&'w [Step]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Raises the error if this is the place.
fn here<E: de::Error>(way: &[Step]) -> Result<(), E> {
    match way {
        [] | [Step::Index(0)] => Err(E::custom(HERE)),
        _ => Ok(()),
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        here(self.0)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        here(self.0)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        here(self.0)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        here(self.0)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        here(self.0)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        here(self.0)
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        here(self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let [Step::Index(index), rest @ ..] = self.0 else {
            here::<A::Error>(self.0)?;
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let mut at = 0;
        loop {
            let more = if at == *index {
                seq.next_element_seed(Seek(rest))?.is_some()
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
            at += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // A map where a list may stand is the list's only element.
        let way = match self.0 {
            [Step::Index(0), rest @ ..] if !rest.is_empty() => rest,
            way => way,
        };
        here::<A::Error>(way)?;
        while let Some(found) = map.next_key_seed(SeekKey(way))? {
            match way {
                [Step::Key(_), rest @ ..] if found => map.next_value_seed(Seek(rest))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        here(self.0)
    }
}

/// Reads a key and tells whether the way leads through it.
struct SeekKey<'w>(&'w [Step]);

impl<'de> DeserializeSeed<'de> for SeekKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for SeekKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        match self.0.first() {
            Some(Step::Key(wanted)) => Ok(wanted == key),
            Some(Step::Name(wanted)) if wanted == key => Err(E::custom(HERE)),
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[test]
    fn places_are_found() {
        let text = "a: 1\nb:\n  - x\n  - { c: [y, z] }\n'q': |\n  one\n  two\nm: { n: 1 }\n";
        let check = |way: &[Step], begin: &str| {
            let at = find(text, way).unwrap_or_else(|| panic!("{way:?}"));
            assert!(text[at..].starts_with(begin), "{way:?}: {}", &text[at..]);
        };
        check(&[], "a: 1");
        check(&[key("a")], "1");
        check(&[key("a"), Step::Index(0)], "1");
        check(&[key("b"), Step::Index(0)], "x");
        check(&[key("b"), Step::Index(1), Step::Name("c".into())], "c:");
        check(&[key("b"), Step::Index(1), key("c"), Step::Index(1)], "z]");
        check(&[Step::Name("q".into())], "'q'");
        check(&[key("q")], "|\n");
        check(&[key("m"), Step::Index(0), key("n")], "1 }");
        assert_eq!(find(text, &[key("x")]), None);
        assert_eq!(find(text, &[key("b"), Step::Index(7)]), None);
    }

    #[test]
    fn parts_of_values_are_found() {
        let check = |text: &str, part: &str, found: &str| {
            let value: String =
                serde_yaml::from_str::<std::collections::BTreeMap<String, String>>(text).unwrap()["a"].clone();
            let at = find(text, &[key("a")]).unwrap();
            let from = value.find(part).unwrap();
            let span = span_inside(Pos(1), text, at, &value, from..from + part.len());
            assert_eq!(
                &text[span.start.0 as usize - 1..span.end.0 as usize - 1],
                found,
                "{text}"
            );
        };
        check("a: one two\n", "two", "two");
        check("a: 'one two'\n", "two", "two");
        check("a: \"one two\"\n", "two", "two");
        check("a: |\n  one\n  two three\n", "three", "three");
        check("a: >-\n  one\n  two\n\n  three\n", "two", "two");
        check("a: one\n  two\n", "two", "two");
        // Something is written otherwise than it is: all of it is marked.
        check("a: \"o\\x6ee two\"\n", "two", "\"o\\x6ee two\"");
        check("a: 'it''s two'\n", "two", "'it'");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z\\-:\\[\\]{}&*!| \n#'\"é>]{0,60}", value in "[a-z é]{0,9}", at in 0usize..70, from in 0usize..9) {
            let _ = find(&text, &[key("a"), Step::Index(1)]);
            span_at(Pos(1), &text, at);
            span_inside(Pos(1), &text, at, &value, from..from + 2);
        }
    }
}
