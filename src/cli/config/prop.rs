//! How `cfgcheck prop` tries the flake: the key `prop` of `cfgcheck.yaml`.

use super::{PathPattern, Pattern, values};
use clap::ValueEnum;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use std::fmt;
use std::num::NonZeroU64;

/// How `cfgcheck prop` tries the flake. Options of the command line win, each over the setting of its name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of settings of `cfgcheck prop`"
)]
pub struct Prop {
    /// Which laws are tried; without it, `own` and `toggles`.
    pub laws: Vec<Kind>,
    /// Patterns of the hosts that laws are tried on; without it, all that are judged.
    pub hosts: Vec<Pattern>,
    /// The files and folders of the flake whose options are tried; they may have `*`, `?` and `**` in them. Without
    /// it, all.
    pub modules: Vec<PathPattern>,
    /// Cases of each law on each option and host; without it 100, and of toggles each alone and 10 sets.
    pub cases: Option<NonZeroU64>,
    /// Longest time of the whole run, such as `60s`; what has had fewer cases by then is told.
    pub max_time: Option<values::Time>,
    /// Where the cases come from: a number, or `random` for new ones on each run; without it 0.
    pub seed: Option<Seed>,
}

/// A kind of laws.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// About each option that the flake's own modules declare: its type, its merging, its `apply`.
    Own,
    /// About each host, with `enable` options switched on and off.
    Toggles,
    /// About the library: its types, its properties, its `evalModules`.
    Lib,
    /// All of them.
    All,
}

/// Where cases come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seed {
    /// From this number.
    Fixed(u64),
    /// From a number that is drawn, and told.
    Random,
}

/// What is said of a text that is no seed.
const NO_SEED: &str = "write a number up to 18446744073709551615, or `random`";

impl std::str::FromStr for Seed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Seed, &'static str> {
        match text {
            "random" => Ok(Seed::Random),
            _ => text.parse().map(Seed::Fixed).map_err(|_| NO_SEED),
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seed, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Seed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or `random`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Seed, E> {
                Ok(Seed::Fixed(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Seed, E> {
                u64::try_from(number).map(Seed::Fixed).map_err(|_| E::custom(NO_SEED))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seed, E> {
                match text.parse() {
                    Ok(seed) => Ok(seed),
                    Err(_) if text.parse::<i64>().is_err() => Err(E::unknown_variant(text, &["random"])),
                    Err(wrong) => Err(E::custom(wrong)),
                }
            }
        }

        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Seed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seed".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Where cases come from: a number, or `random`.",
            "oneOf": [{ "type": "integer", "minimum": 0, "maximum": u64::MAX }, { "const": "random" }]
        })
    }
}
