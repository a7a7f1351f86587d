//! The values of settings that are more than text: checked when read, then proof.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

/// The version of the settings' format that this cfgcheck reads: 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Version;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version number")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Version, E> {
                let wrong = format!("this cfgcheck reads version 1 of its settings, and this is version {number}");
                if number == 1 {
                    Ok(Version)
                } else {
                    Err(E::custom(wrong))
                }
            }
        }

        deserializer.deserialize_u64(Number)
    }
}

/// Reads a value from text. A visitor, as only errors inside of one are told with their exact place.
macro_rules! from_text {
    ($type:ty, $expecting:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        <$type>::try_from(text.to_string()).map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

pub(crate) use from_text;

from_text!(Pattern, "a pattern of names");
from_text!(System, "a system such as `x86_64-linux`");
from_text!(Bytes, "an amount of memory such as `8GiB`");
from_text!(Time, "a length of time such as `10min`");

/// A pattern of names: `*` stands for any characters, `?` for one; all else for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pattern(String);

/// Most characters of a pattern; matching takes at most its length times the name's.
const MOST_PATTERN: usize = 256;

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Pattern, String> {
        match text.chars().count() {
            0 => Err("a pattern is empty; `*` matches everything".into()),
            count if count > MOST_PATTERN => Err(format!("a pattern is longer than {MOST_PATTERN} characters")),
            _ => Ok(Pattern(text)),
        }
    }
}

impl Pattern {
    /// Returns the pattern that matches everything.
    pub fn any() -> Pattern {
        Pattern("*".into())
    }

    /// Whether the pattern stands for the whole name.
    pub fn matches(&self, name: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let name: Vec<char> = name.chars().collect();
        let (mut p, mut n) = (0, 0);
        // Where the last star is, and how much of the name it has taken so far.
        let mut star: Option<(usize, usize)> = None;
        while n < name.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, n));
                    p += 1;
                }
                Some(&c) if c == '?' || c == name[n] => {
                    p += 1;
                    n += 1;
                }
                _ => match star {
                    Some((at, taken)) => {
                        star = Some((at, taken + 1));
                        p = at + 1;
                        n = taken + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|&c| c == '*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A system as Nix names it: `CPU-KERNEL`, such as `x86_64-linux`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct System(String);

impl TryFrom<String> for System {
    type Error = String;

    fn try_from(text: String) -> Result<System, String> {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        match text.split_once('-') {
            Some((cpu, kernel)) if part(cpu) && part(kernel) && text.len() <= 64 => Ok(System(text)),
            _ => Err(format!("`{text}` is no system; one looks like `x86_64-linux`")),
        }
    }
}

impl System {
    /// Returns the system's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Splits `8GiB` into its number and unit; spaces between them are fine.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

/// An amount of memory, written as `512MiB` or `8GiB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bytes(pub u64);

impl TryFrom<String> for Bytes {
    type Error = String;

    fn try_from(text: String) -> Result<Bytes, String> {
        let read = |text: &str| {
            let (number, unit) = number_and_unit(text)?;
            let scale = match unit {
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                "TiB" => 1 << 40,
                _ => return None,
            };
            number.checked_mul(scale).filter(|&bytes| bytes > 0)
        };
        let wrong = || format!("`{text}` is no amount of memory; one looks like `512MiB` or `8GiB`");
        read(&text).map(Bytes).ok_or_else(wrong)
    }
}

/// A length of time, written as `90s`, `10min` or `1h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Time(pub Duration);

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Time, String> {
        let read = |text: &str| {
            let (number, unit) = number_and_unit(text)?;
            let scale = match unit {
                "s" => 1,
                "min" => 60,
                "h" => 3600,
                _ => return None,
            };
            number.checked_mul(scale).filter(|&seconds| seconds > 0)
        };
        let wrong = || format!("`{text}` is no length of time; one looks like `90s`, `10min` or `1h`");
        read(&text)
            .map(|seconds| Time(Duration::from_secs(seconds)))
            .ok_or_else(wrong)
    }
}

/// Returns a map from patterns as a list of its entries in the order of the file, for serde's `deserialize_with`.
pub fn in_order<'de, D, T>(deserializer: D) -> Result<Vec<(Pattern, T)>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct InOrder<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
        type Value = Vec<(Pattern, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from patterns of host names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries: Vec<(Pattern, T)> = Vec::new();
            while let Some(pattern) = map.next_key::<Pattern>()? {
                if entries.iter().any(|(known, _)| *known == pattern) {
                    return Err(de::Error::custom(format!("the pattern `{pattern}` is there twice")));
                }
                entries.push((pattern, map.next_value()?));
            }
            Ok(entries)
        }
    }

    deserializer.deserialize_map(InOrder(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_whole_names() {
        let check = |pattern: &str, name: &str, expected: bool| {
            let pattern = Pattern::try_from(pattern.to_string()).unwrap();
            assert_eq!(pattern.matches(name), expected, "{pattern} {name}");
        };
        check("*", "", true);
        check("web", "web", true);
        check("web", "webs", false);
        check("web-*", "web-1", true);
        check("web-*", "web", false);
        check("*-db-*", "a-db-db-b", true);
        check("w?b", "wéb", true);
        check("w?b", "wb", false);
        check("a*b*c", "abbbc", true);
        check("a*b*c", "abbb", false);
        check("[a]", "a", false);
    }

    #[test]
    fn values_are_read_or_refused() {
        let bytes = |text: &str| Bytes::try_from(text.to_string()).ok().map(|bytes| bytes.0);
        assert_eq!(
            [bytes("8GiB"), bytes("512 MiB"), bytes("1KiB")],
            [Some(8 << 30), Some(512 << 20), Some(1024)]
        );
        assert_eq!(
            [
                bytes("8"),
                bytes("8GB"),
                bytes("0GiB"),
                bytes("99999999TiB"),
                bytes("-1GiB")
            ],
            [None; 5]
        );
        let time = |text: &str| Time::try_from(text.to_string()).ok().map(|time| time.0.as_secs());
        assert_eq!(
            [time("90s"), time("10min"), time("1h")],
            [Some(90), Some(600), Some(3600)]
        );
        assert_eq!([time("10"), time("1d"), time("0s"), time("")], [None; 4]);
        let system = |text: &str| System::try_from(text.to_string()).is_ok();
        assert!(system("x86_64-linux") && system("aarch64-darwin"));
        assert!(!system("linux") && !system("X86-linux") && !system("-") && !system("a-b-c"));
    }

    proptest! {
        #[test]
        fn a_name_with_a_star_put_in_matches(name in "[a-c*?]{0,12}", at in 0usize..12) {
            let mut pattern = name.clone();
            pattern.insert(at.min(name.len()), '*');
            prop_assert!(Pattern(pattern).matches(&name));
        }

        #[test]
        fn no_value_panics(text in any::<String>()) {
            let _ = (Bytes::try_from(text.clone()), Time::try_from(text.clone()), System::try_from(text));
        }
    }
}
