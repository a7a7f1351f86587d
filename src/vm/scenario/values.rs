//! The values of steps that are more than text: checked when read, then proof.

use std::fmt;
use std::time::Duration;

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
                        <$type>::try_from(text).map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

from_text!(Time, "a length of time such as `90s`");
from_text!(UnitName, "the name of a unit such as `nginx.service`");
from_text!(GuestPath, "an absolute path in the machine");
from_text!(ArtifactName, "a name such as `login-screen`");

/// A length of time, written as `500ms`, `90s`, `10min` or `1h`; at most a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Time(pub Duration);

impl TryFrom<&str> for Time {
    type Error = String;

    fn try_from(text: &str) -> Result<Time, String> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let scale = match text[end..].trim() {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        let milliseconds = text[..end].parse::<u64>().ok().and_then(|n| n.checked_mul(scale));
        milliseconds
            .filter(|ms| (1..=86_400_000).contains(ms))
            .map(|ms| Time(Duration::from_millis(ms)))
            .ok_or_else(|| {
                format!("`{text}` is no length of time up to a day; one looks like `90s`, `10min` or `500ms`")
            })
    }
}

/// The full name of a unit, such as `wiki.service`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UnitName(String);

/// What units are, by the ends of their names.
const KINDS: [&str; 11] = [
    "automount",
    "device",
    "mount",
    "path",
    "scope",
    "service",
    "slice",
    "socket",
    "swap",
    "target",
    "timer",
];

impl TryFrom<&str> for UnitName {
    type Error = String;

    fn try_from(text: &str) -> Result<UnitName, String> {
        // As systemd allows; a name that begins with `-` could be taken for an option.
        let letters = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"@:_.\\-".contains(&b));
        let kind = text.rsplit_once('.').filter(|(name, _)| !name.is_empty());
        let known = kind.is_some_and(|(_, kind)| KINDS.contains(&kind));
        if text.len() > 255 || !letters || text.starts_with('-') && text != "-.mount" || !known {
            return Err(format!("`{text}` is no name of a unit; one looks like `nginx.service`"));
        }
        Ok(UnitName(text.to_owned()))
    }
}

impl UnitName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An absolute path in a machine.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GuestPath(String);

impl TryFrom<&str> for GuestPath {
    type Error = String;

    fn try_from(text: &str) -> Result<GuestPath, String> {
        match text.starts_with('/') && text.len() <= 4096 && !text.contains('\0') {
            true => Ok(GuestPath(text.to_owned())),
            false => Err(format!("`{text}` is no absolute path")),
        }
    }
}

impl GuestPath {
    /// Returns the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that is fit for a file's: small and capital letters, digits, `-`, `_` and `.`, and no `.` at its beginning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ArtifactName(String);

impl TryFrom<&str> for ArtifactName {
    type Error = String;

    fn try_from(text: &str) -> Result<ArtifactName, String> {
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        match letters && !text.is_empty() && !text.starts_with(['.', '-']) && text.len() <= 100 {
            true => Ok(ArtifactName(text.to_owned())),
            false => Err(format!(
                "`{text}` is no name; one has letters, digits, `-`, `_` and `.`"
            )),
        }
    }
}

impl ArtifactName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
