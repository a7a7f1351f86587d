//! How a flake's inputs are to move: the key `inputs` of `cfgcheck.yaml`.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::from_text;
use super::values::{Pattern, in_order};

/// How the inputs of the flake are to move, by patterns of their names. The first pattern that matches
/// counts; what it leaves out, and an input that none matches, is told by the input's own reference.
///
/// An input is named with its class (`hyprland: pinned`), or with a map of `class` and `max-age`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Inputs(
    #[serde(deserialize_with = "in_order")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "std::collections::BTreeMap<Pattern, InputPolicy>")
    )]
    Vec<(Pattern, InputPolicy)>,
);

impl Inputs {
    /// Returns what is said about an input.
    pub fn of(&self, name: &str) -> InputPolicy {
        let found = self.0.iter().find(|(pattern, _)| pattern.matches(name));
        found.map(|(_, policy)| *policy).unwrap_or_default()
    }

    /// Returns the patterns in the order of the file.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter().map(|(pattern, _)| pattern)
    }
}

/// How an input is to move.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InputPolicy {
    /// Its class.
    pub class: Option<Class>,
    /// How old it may get.
    pub max_age: Option<MaxAge>,
}

/// How an input is to move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The branch of a supported release.
    Stable,
    /// A branch that always moves, such as `nixos-unstable`.
    Rolling,
    /// One revision or tag, which flake.nix names.
    Pinned,
    /// The newest commit of the default branch, or of another one.
    Latest,
}

impl Class {
    /// Returns the word for it in settings and reports, such as `stable`.
    pub fn name(self) -> &'static str {
        match self {
            Class::Stable => "stable",
            Class::Rolling => "rolling",
            Class::Pinned => "pinned",
            Class::Latest => "latest",
        }
    }
}

/// How old an input may get: a number of days or weeks such as `30d` or `8w`, or `none` for any age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MaxAge {
    /// At most this number of days.
    Days(u32),
    /// Any age.
    Any,
}

from_text!(MaxAge, "an age such as `30d`, `8w` or `none`");

impl TryFrom<String> for MaxAge {
    type Error = String;

    fn try_from(text: String) -> Result<MaxAge, String> {
        if text == "none" {
            return Ok(MaxAge::Any);
        }
        let wrong = || format!("`{text}` is no age; one looks like `30d`, `8w` or `none`");
        let scale = match text.chars().last() {
            Some('d') => 1,
            Some('w') => 7,
            _ => return Err(wrong()),
        };
        let digits = &text[..text.len() - 1];
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number: Option<u32> = plain.then(|| digits.parse().ok()).flatten();
        let days = number.and_then(|n| n.checked_mul(scale)).filter(|days| *days > 0);
        days.map(MaxAge::Days).ok_or_else(wrong)
    }
}

/// The long form of a policy.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Long {
    /// How the input is to move.
    #[serde(default)]
    class: Option<Class>,
    /// How old it may get. By default 30 days for stable and rolling inputs, a year for the latest
    /// ones, and any age for pinned ones.
    #[serde(default)]
    max_age: Option<MaxAge>,
}

impl<'de> Deserialize<'de> for InputPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InputPolicy, D::Error> {
        struct ShortOrLong;

        impl<'de> Visitor<'de> for ShortOrLong {
            type Value = InputPolicy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a class such as `pinned`, or a map of `class` and `max-age`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<InputPolicy, E> {
                let class = Class::deserialize(de::value::StrDeserializer::new(text))?;
                Ok(InputPolicy {
                    class: Some(class),
                    max_age: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<InputPolicy, A::Error> {
                let Long { class, max_age } = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(InputPolicy { class, max_age })
            }
        }

        deserializer.deserialize_any(ShortOrLong)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for InputPolicy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "InputPolicy".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let short = generator.subschema_for::<Class>();
        let long = generator.subschema_for::<Long>();
        schemars::json_schema!({
            "description": "How an input is to move: its class, or a map of `class` and `max-age`.",
            "anyOf": [short, long],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Inputs, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_input_is_named_in_short_or_at_length() {
        let inputs =
            read("hyprland: pinned\n'nixpkgs*': { class: rolling, max-age: 2w }\n'*': { max-age: none }").unwrap();
        let of = |name: &str| {
            let policy = inputs.of(name);
            (policy.class, policy.max_age)
        };
        assert_eq!(of("hyprland"), (Some(Class::Pinned), None));
        assert_eq!(of("nixpkgs-unstable"), (Some(Class::Rolling), Some(MaxAge::Days(14))));
        assert_eq!(of("disko"), (None, Some(MaxAge::Any)));
        assert_eq!(Inputs::default().of("disko"), InputPolicy::default());
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (text, message) in [
            ("a: loose", "unknown variant `loose`"),
            ("a: { max-age: 30 }", "`30` is no age"),
            ("a: { max-age: 0d }", "`0d` is no age"),
            ("a: { max-age: 5m }", "`5m` is no age"),
            ("a: { max-age: '+5d' }", "`+5d` is no age"),
            ("a: { age: 5d }", "unknown field `age`"),
            ("a: [1]", "expected a class such as `pinned`"),
            ("[a]", "a map from patterns"),
            ("a: pinned\na: latest", "the pattern `a` is there twice"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_age_panics(text in "[0-9dwé+-]{0,12}|none") {
            let _ = MaxAge::try_from(text);
        }
    }
}
