//! What stands in a policy file.
//!
//! `docs/policy.schema.json` is made of these types and their comments, which editors show: write
//! them for people who know neither Rust nor Nix.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::option_path::OptionPath;
use super::tree::Tree;
use crate::Level;
use crate::settings::{Pattern, from_text};

/// A file with several policies.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map with `policies`")]
pub struct Several {
    /// The policies of this file.
    pub policies: Vec<Policy>,
}

/// What tells a file with several policies from one that is a policy itself.
#[derive(Deserialize)]
#[serde(expecting = "a policy, or a map with `policies`")]
pub struct Peek {
    /// The key of a file with several.
    #[serde(default)]
    pub policies: Option<IgnoredAny>,
}

/// A policy: which hosts it is for, what it asks of their options, and examples that show it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a policy")]
pub struct Policy {
    /// The policy's name in reports, waivers and settings: small letters, digits and `-`, such as `time-zone-utc`.
    pub id: PolicyId,
    /// What it asks for, in one sentence without a full stop: findings begin with it.
    pub title: Words,
    /// How bad it is when it is broken; `error` fails a run. Without it: `error`.
    #[serde(default = "error")]
    pub severity: Level,
    /// Why it matters; shown with each finding.
    pub why: Words,
    /// What to do about a finding; shown with each finding.
    pub fix: Words,
    /// The hosts that it is for. Without it: all NixOS hosts.
    #[serde(default)]
    pub hosts: Hosts,
    /// Conditions on options: the policy is for a host only if all of them hold there.
    #[serde(default, deserialize_with = "entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<OptionPath, Checks>"))]
    pub when: Vec<(OptionPath, Checks)>,
    /// What must hold, by the path of an option: a plain value means `equals`.
    #[serde(default, deserialize_with = "entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<OptionPath, Checks>"))]
    pub assert: Vec<(OptionPath, Checks)>,
    /// Names for options that the expressions of `cel` use.
    #[serde(default, deserialize_with = "entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<Name, OptionPath>"))]
    pub options: Vec<(Name, OptionPath)>,
    /// Expressions of the Common Expression Language that must be true: one, or a list.
    #[serde(default, deserialize_with = "one_or_several")]
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::OneOrSeveral<Expression>"))]
    pub cel: Vec<Expression>,
    /// Values of options and what the policy says of them; `cfgcheck check --policies-only` tries each.
    #[serde(default)]
    pub examples: Vec<Example>,
}

fn error() -> Level {
    Level::Error
}

/// The hosts that a policy is for: those that fit all that is said here.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "a map that selects hosts")]
pub struct Hosts {
    /// Patterns of host names. Without it: all.
    pub include: Vec<Pattern>,
    /// Patterns of host names that are left out.
    pub exclude: Vec<Pattern>,
    /// Tags of which a host must have one; `cfgcheck.yaml` gives hosts their tags.
    pub tags: Vec<Pattern>,
    /// Patterns of systems, such as `x86_64-linux` or `*-darwin`. Without it: all.
    pub systems: Vec<Pattern>,
    /// The kinds of configurations. Without it: `nixos`.
    pub kinds: Vec<Kind>,
}

impl Default for Hosts {
    fn default() -> Hosts {
        Hosts {
            include: vec![Pattern::any()],
            exclude: Vec::new(),
            tags: Vec::new(),
            systems: vec![Pattern::any()],
            kinds: vec![Kind::Nixos],
        }
    }
}

/// A kind of configurations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A NixOS host.
    Nixos,
    /// A home of home-manager.
    Home,
    /// A host of nix-darwin.
    Darwin,
}

/// What must hold for a value: a plain value or a list that it must equal, or a map of assertions.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Checks(pub CheckMap);

/// Assertions on a value, all of which must hold.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckMap {
    /// The value is this one. A text also equals a path written alike, and a package of this name.
    #[serde(deserialize_with = "present")]
    pub equals: Option<Literal>,
    /// The value is not this one.
    #[serde(deserialize_with = "present")]
    pub not_equals: Option<Literal>,
    /// The value is one of these.
    #[serde(rename = "in", deserialize_with = "present")]
    pub among: Option<Vec<Literal>>,
    /// The value is none of these.
    #[serde(deserialize_with = "present")]
    pub not_in: Option<Vec<Literal>>,
    /// This regular expression is found in the text; `^` and `$` stand for its begin and end.
    #[serde(deserialize_with = "present")]
    pub matches: Option<String>,
    /// This regular expression is not found in the text.
    #[serde(deserialize_with = "present")]
    pub not_matches: Option<String>,
    /// `true`: there is no such option, it has no value, or its value is null. `false`: the opposite.
    #[serde(deserialize_with = "present")]
    pub absent: Option<bool>,
    /// `true`: there is such an option, and its value is not null. `false`: the opposite.
    #[serde(deserialize_with = "present")]
    pub defined: Option<bool>,
    /// Each element of the list, or each name of the attribute set, is one of these.
    #[serde(deserialize_with = "present")]
    pub subset_of: Option<Vec<Literal>>,
    /// The list has this element (a list: all of these), the attribute set these names, the text this part.
    #[serde(deserialize_with = "present")]
    pub contains: Option<Literal>,
    /// The list has no such element (a list: none of these), the attribute set no such name, the text no such part.
    #[serde(deserialize_with = "present")]
    pub not_contains: Option<Literal>,
    /// The number is this one or larger.
    #[serde(deserialize_with = "present")]
    pub at_least: Option<Number>,
    /// The number is this one or smaller.
    #[serde(deserialize_with = "present")]
    pub at_most: Option<Number>,
    /// Assertions on the number of elements, attributes or characters.
    #[serde(deserialize_with = "present")]
    pub length: Option<Box<Checks>>,
    /// Assertions that hold for every element of the list, or every value of the attribute set.
    #[serde(deserialize_with = "present")]
    pub every: Option<Box<Checks>>,
    /// Assertions that hold together for at least one element of the list, or value of the attribute set.
    #[serde(deserialize_with = "present")]
    pub any: Option<Box<Checks>>,
    /// Inside of `every` and `any`: only elements for which these hold are looked at.
    #[serde(rename = "where", deserialize_with = "present")]
    pub only: Option<Box<Checks>>,
    /// Assertions that hold for every name of the attribute set.
    #[serde(deserialize_with = "present")]
    pub names: Option<Box<Checks>>,
    /// Assertions on attributes of the value, by their paths.
    #[serde(deserialize_with = "entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<OptionPath, Checks>"))]
    pub attributes: Vec<(OptionPath, Checks)>,
}

/// An expression that must be true.
#[derive(Clone, PartialEq, Debug)]
pub struct Expression {
    /// The expression.
    pub expression: String,
    /// What is said if it is not true.
    pub message: Option<String>,
    /// Whether it stands in a map, under `expression`.
    pub in_map: bool,
}

/// An expression with what is said if it is not true.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an expression, or a map with `expression` and `message`"
)]
pub struct ExpressionMap {
    /// The expression; it is true where the policy holds.
    pub expression: String,
    /// What is said if it is not true. Without it: the expression.
    #[serde(default)]
    pub message: Option<String>,
}

/// An example: one of `pass`, `fail` and `skip` with values of options.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an example: a map with `pass`, `fail` or `skip`")]
pub struct Example {
    /// Values with which the policy holds.
    #[serde(default, deserialize_with = "some_entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<OptionPath, Literal>"))]
    pub pass: Option<Vec<(OptionPath, Literal)>>,
    /// Values with which the policy is broken.
    #[serde(default, deserialize_with = "some_entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<OptionPath, Literal>"))]
    pub fail: Option<Vec<(OptionPath, Literal)>>,
    /// Values with which the policy is not for the host, by its `when`.
    #[serde(default, deserialize_with = "some_entries")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<OptionPath, Literal>"))]
    pub skip: Option<Vec<(OptionPath, Literal)>>,
    /// The host of the example, for expressions that use `host`.
    #[serde(default)]
    pub host: ExampleHost,
}

/// The host of an example.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "a map that describes a host")]
pub struct ExampleHost {
    /// Its name. Without it: `example`.
    pub name: String,
    /// Its system. Without it: `x86_64-linux`.
    pub system: String,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Default for ExampleHost {
    fn default() -> ExampleHost {
        ExampleHost {
            name: "example".into(),
            system: "x86_64-linux".into(),
            tags: Vec::new(),
        }
    }
}

/// The name of a policy, such as `time-zone-utc`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PolicyId(String);

from_text!(PolicyId, "a name such as `time-zone-utc`");

impl TryFrom<String> for PolicyId {
    type Error = String;

    fn try_from(text: String) -> Result<PolicyId, String> {
        let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if text.len() <= 64 && text.split('-').all(word) && text.starts_with(|c: char| c.is_ascii_lowercase()) {
            Ok(PolicyId(text))
        } else {
            Err(format!(
                "`{text}` is no name of a policy; one has small letters, digits and `-`, such as `time-zone-utc`"
            ))
        }
    }
}

impl PolicyId {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Words for people: not empty, and in one paragraph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words(String);

from_text!(Words, "a text");

impl TryFrom<String> for Words {
    type Error = String;

    fn try_from(text: String) -> Result<Words, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Err("there must be some words here".into());
        }
        Ok(Words(text))
    }
}

impl Words {
    /// Returns the words, with single spaces between them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an option in expressions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(String);

from_text!(Name, "a name for expressions, such as `firewall`");

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Name, String> {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if text == HOST {
            Err(format!("`{HOST}` is always the host itself in expressions"))
        } else if !plain || !text.starts_with(|c: char| c.is_ascii_alphabetic()) || WORDS_OF_CEL.contains(&&*text) {
            Err(format!(
                "`{text}` cannot be a name in expressions; one has letters, digits and `_`, such as `firewall`"
            ))
        } else {
            Ok(Name(text))
        }
    }
}

/// The name of the host in expressions.
pub const HOST: &str = "host";

/// Words that the language of expressions keeps for itself (the specification's `RESERVED` and literals).
const WORDS_OF_CEL: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

impl Name {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        match AnyValue::read(deserializer, "a number")? {
            Tree::Int(int) => Ok(Number(int as f64)),
            Tree::Float(float) => Ok(Number(float)),
            // Never made: other kinds are refused where they stand.
            _ => Err(de::Error::custom("expected a number")),
        }
    }
}

/// A value written in YAML.
#[derive(Clone, PartialEq, Debug)]
pub struct Literal(pub Tree);

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Literal, D::Error> {
        AnyValue::read(deserializer, "a value").map(Literal)
    }
}

impl<'de> Deserialize<'de> for Checks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Checks, D::Error> {
        struct ValueOrMap;

        impl<'de> Visitor<'de> for ValueOrMap {
            type Value = Checks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a map of assertions")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Checks, E> {
                AnyValue("").visit_bool(value).map(equals)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Checks, E> {
                AnyValue("").visit_i64(value).map(equals)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Checks, E> {
                AnyValue("").visit_u64(value).map(equals)
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Checks, E> {
                AnyValue("").visit_f64(value).map(equals)
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Checks, E> {
                AnyValue("").visit_str(value).map(equals)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Checks, E> {
                Ok(equals(Tree::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Checks, A::Error> {
                AnyValue("").visit_seq(seq).map(equals)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Checks, A::Error> {
                CheckMap::deserialize(MapAccessDeserializer::new(map)).map(Checks)
            }
        }

        deserializer.deserialize_any(ValueOrMap)
    }
}

fn equals(value: Tree) -> Checks {
    Checks(CheckMap {
        equals: Some(Literal(value)),
        ..CheckMap::default()
    })
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expression, D::Error> {
        struct TextOrMap;

        impl<'de> Visitor<'de> for TextOrMap {
            type Value = Expression;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression, or a map with `expression` and `message`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Expression, E> {
                Ok(Expression {
                    expression: text.into(),
                    message: None,
                    in_map: false,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expression, A::Error> {
                let map = ExpressionMap::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Expression {
                    expression: map.expression,
                    message: map.message,
                    in_map: true,
                })
            }
        }

        deserializer.deserialize_any(TextOrMap)
    }
}

/// Reads any value; the words say what is expected, and numbers alone if these are `a number`.
struct AnyValue(&'static str);

impl AnyValue {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, expected: &'static str) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(AnyValue(expected))
    }

    /// Refuses what is no number where one is expected.
    fn any<E: de::Error>(&self, value: Tree, found: de::Unexpected<'_>) -> Result<Tree, E> {
        if self.0 == "a number" {
            return Err(E::invalid_type(found, self));
        }
        Ok(value)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Tree, E> {
        self.any(Tree::Bool(value), de::Unexpected::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Tree, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(Tree::Int(value)),
            Err(_) => too_large(value),
        }
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Tree, E> {
        too_large(value)
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Tree, E> {
        too_large(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Tree, E> {
        self.any(Tree::Text(value.into()), de::Unexpected::Str(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Tree, E> {
        self.any(Tree::Null, de::Unexpected::Unit)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        self.any::<A::Error>(Tree::Null, de::Unexpected::Seq)?;
        let mut elements = Vec::new();
        while let Some(Literal(element)) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Tree::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        self.any::<A::Error>(Tree::Null, de::Unexpected::Map)?;
        let mut attributes = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if attributes.contains_key(&name) {
                return Err(de::Error::custom(format!("`{name}` is there twice")));
            }
            let Literal(value) = map.next_value()?;
            attributes.insert(name, value);
        }
        Ok(Tree::Attrs(attributes))
    }
}

fn too_large<E: de::Error>(number: impl fmt::Display) -> Result<Tree, E> {
    let most = i64::MAX;
    Err(E::custom(format!(
        "{number} is too large; Nix has numbers up to {most}"
    )))
}

/// Reads a value that may be null as one that is there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a map as a list of its entries in the order of the file; no key may be there twice.
fn entries<'de, D, K, T>(deserializer: D) -> Result<Vec<(K, T)>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + PartialEq + Shown,
    T: Deserialize<'de>,
{
    struct Entries<K, T>(std::marker::PhantomData<(K, T)>);

    impl<'de, K: Deserialize<'de> + PartialEq + Shown, T: Deserialize<'de>> Visitor<'de> for Entries<K, T> {
        type Value = Vec<(K, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from ")?;
            f.write_str(K::EXPECTED)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries: Vec<(K, T)> = Vec::new();
            while let Some(key) = map.next_key::<K>()? {
                if entries.iter().any(|(known, _)| *known == key) {
                    return Err(de::Error::custom(format!("`{}` is there twice", key.shown())));
                }
                entries.push((key, map.next_value()?));
            }
            Ok(entries)
        }
    }

    deserializer.deserialize_any(Entries(std::marker::PhantomData))
}

/// Reads a map that is there, also if it is empty.
fn some_entries<'de, D, T>(deserializer: D) -> Result<Option<Vec<(OptionPath, T)>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    entries(deserializer).map(Some)
}

/// A key of a map, for messages.
trait Shown {
    /// What keys of this kind are, in the plural.
    const EXPECTED: &'static str;

    /// Returns the key as it is written.
    fn shown(&self) -> String;
}

impl Shown for OptionPath {
    const EXPECTED: &'static str = "paths of options";

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for Name {
    const EXPECTED: &'static str = "names to paths of options";

    fn shown(&self) -> String {
        self.0.clone()
    }
}

/// Reads one thing or a list of them as a list.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Expression>, D::Error> {
    struct OneOrSeveral;

    impl<'de> Visitor<'de> for OneOrSeveral {
        type Value = Vec<Expression>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an expression, or a list of expressions")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![Expression {
                expression: text.into(),
                message: None,
                in_map: false,
            }])
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Ok(vec![Expression::deserialize(MapAccessDeserializer::new(map))?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(expression) = seq.next_element()? {
                all.push(expression);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_any(OneOrSeveral)
}
