//! The values of a fleet's file that are more than text: checked where they stand, so that a mistake is told at its place.

use super::selector::Selector;
use super::settings::HostSettings;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Longest of these texts.
const MOST: usize = 1024;

/// A text that is read by its type.
struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err = String>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! text {
    ($(#[$doc:meta] $name:ident: $check:expr;)*) => {$(
        #[$doc]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<$name, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(text)?;
                Ok($name(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                deserializer.deserialize_str(Text(PhantomData))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

text! {
    /// Where SSH leads to: `[USER@]HOST`, or a name of its configuration.
    Destination: destination;
    /// The same with `{host}` for a host's name.
    Template: template;
    /// The name of a tag.
    Tag: tag;
    /// A program: a name or a path.
    Program: program;
    /// A port: `HOST:PORT`.
    Address: address;
    /// A line that is not empty.
    Words: words;
}

impl Template {
    /// Returns where SSH leads to a host of this name, or why there is no such place.
    pub fn of(&self, host: &str) -> Result<Destination, String> {
        self.0.replace(HOST, host).parse()
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Selector, D::Error> {
        deserializer.deserialize_str(Text(PhantomData))
    }
}

/// What stands for a host's name.
const HOST: &str = "{host}";

fn is_short_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MOST && !text.chars().any(char::is_control)
}

/// What no shell, no program's options and no address of a store could take for something else.
fn destination(text: &str) -> Result<(), String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "-_.@:[]%".contains(c);
    let is_one =
        is_short_line(text) && text.chars().all(letter) && !text.starts_with(['-', '@']) && !text.ends_with('@');
    match is_one {
        true => Ok(()),
        false => Err(format!(
            "`{}` is no place that SSH leads to, such as `root@web.example.org`",
            diag::clean_line(text)
        )),
    }
}

fn template(text: &str) -> Result<(), String> {
    if !text.contains(HOST) {
        return Err(format!("a target for all hosts has `{HOST}` where their names go"));
    }
    destination(&text.replace(HOST, "host"))
}

fn tag(text: &str) -> Result<(), String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !text.is_empty() && text.len() <= MOST && text.chars().all(letter) {
        true => Ok(()),
        false => Err(format!(
            "`{}` is no tag: it is of letters, digits, `-`, `_` and `.`, and `@` stands only where it is used",
            diag::clean_line(text)
        )),
    }
}

fn program(text: &str) -> Result<(), String> {
    match is_short_line(text) && !text.starts_with('-') {
        true => Ok(()),
        false => Err(format!("`{}` is no program", diag::clean_line(text))),
    }
}

fn address(text: &str) -> Result<(), String> {
    let port = text
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .map(|(_, port)| port);
    let is_port = port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    match is_port && is_short_line(text) {
        true => Ok(()),
        false => Err(format!("`{}` is no HOST:PORT", diag::clean_line(text))),
    }
}

fn words(text: &str) -> Result<(), String> {
    match is_short_line(text) {
        true => Ok(()),
        false => Err("this is to be a line that is not empty".into()),
    }
}

/// A number in a range.
struct Number {
    from: u64,
    to: u64,
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from {} to {}", self.from, self.to)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        match (self.from..=self.to).contains(&number) {
            true => Ok(number),
            false => Err(E::custom(format!("this is a number from {} to {}", self.from, self.to))),
        }
    }
}

/// Reads what time limits are multiplied with.
pub(super) fn patience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_u64(Number { from: 1, to: 1000 }).map(Some)
}

/// Reads how many hosts are deployed to at the same time.
pub(super) fn at_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let number = deserializer.deserialize_u64(Number { from: 1, to: 1000 })?;
    Ok(usize::try_from(number).ok())
}

/// Reads what is said of hosts, each of which may be there once, and may say nothing.
pub(super) fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, HostSettings>, D::Error> {
    struct Hosts;

    impl<'de> Visitor<'de> for Hosts {
        type Value = BTreeMap<String, HostSettings>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("hosts by their names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut hosts = BTreeMap::new();
            while let Some(name) = map.next_key_seed(Name(&hosts))? {
                let settings: Option<HostSettings> = map.next_value()?;
                hosts.insert(name, settings.unwrap_or_default());
            }
            Ok(hosts)
        }
    }

    /// The name of a host that was not there before.
    struct Name<'n>(&'n BTreeMap<String, HostSettings>);

    impl<'de> DeserializeSeed<'de> for Name<'_> {
        type Value = String;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
            deserializer.deserialize_str(self)
        }
    }

    impl Visitor<'_> for Name<'_> {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a host")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
            match self.0.contains_key(name) {
                true => Err(E::custom(format!(
                    "the host `{}` is there twice",
                    diag::clean_line(name)
                ))),
                false => Ok(name.to_owned()),
            }
        }
    }

    deserializer.deserialize_map(Hosts)
}
