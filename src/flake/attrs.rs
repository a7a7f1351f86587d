//! The attributes of an input: a small map of strings, integers and booleans.
//!
//! This is the form in which lock files hold an input, in which `builtins.parseFlakeRef` returns
//! one, and in which two inputs are compared.

use crate::error::RefError;
use std::collections::BTreeMap;

/// One attribute's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attr {
    /// An integer; never negative.
    Int(u64),
    /// A string.
    Str(String),
    /// A boolean.
    Bool(bool),
}

impl From<&str> for Attr {
    fn from(text: &str) -> Attr {
        Attr::Str(text.to_owned())
    }
}

impl From<String> for Attr {
    fn from(text: String) -> Attr {
        Attr::Str(text)
    }
}

impl From<u64> for Attr {
    fn from(number: u64) -> Attr {
        Attr::Int(number)
    }
}

impl From<bool> for Attr {
    fn from(truth: bool) -> Attr {
        Attr::Bool(truth)
    }
}

/// Attributes by name, in the byte order of the names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Attrs(pub BTreeMap<String, Attr>);

impl Attrs {
    /// Returns no attributes.
    pub fn new() -> Attrs {
        Attrs::default()
    }

    /// Sets an attribute, replacing what was there.
    pub fn set(&mut self, name: &str, value: impl Into<Attr>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Removes an attribute, if it is there.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether there is an attribute of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the string of this name; an error if it is something else.
    pub fn str(&self, name: &str) -> Result<Option<&str>, RefError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Attr::Str(text)) => Ok(Some(text)),
            Some(_) => Err(RefError::AttrNotString {
                name: name.to_owned(),
                attrs: self.to_json().to_string(),
            }),
        }
    }

    /// Returns the string of this name, which must be there.
    pub fn required_str(&self, name: &str) -> Result<&str, RefError> {
        self.str(name)?
            .ok_or_else(|| RefError::AttrMissing { name: name.to_owned() })
    }

    /// Returns the integer of this name; an error if it is something else.
    pub fn int(&self, name: &str) -> Result<Option<u64>, RefError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Attr::Int(number)) => Ok(Some(*number)),
            Some(_) => Err(RefError::AttrNotInt { name: name.to_owned() }),
        }
    }

    /// Returns the boolean of this name; an error if it is something else.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, RefError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Attr::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(RefError::AttrNotBool { name: name.to_owned() }),
        }
    }

    /// Returns the attributes as a JSON object, sorted by name.
    pub fn to_json(&self) -> serde_json::Value {
        let value = |attr: &Attr| match attr {
            Attr::Int(number) => serde_json::Value::from(*number),
            Attr::Str(text) => serde_json::Value::from(text.as_str()),
            Attr::Bool(truth) => serde_json::Value::from(*truth),
        };
        serde_json::Value::Object(self.0.iter().map(|(name, attr)| (name.clone(), value(attr))).collect())
    }

    /// Returns the attributes as query parameters: booleans are `1` and `0`.
    pub fn to_query(&self) -> BTreeMap<String, String> {
        let value = |attr: &Attr| match attr {
            Attr::Int(number) => number.to_string(),
            Attr::Str(text) => text.clone(),
            Attr::Bool(truth) => (if *truth { "1" } else { "0" }).to_owned(),
        };
        self.0.iter().map(|(name, attr)| (name.clone(), value(attr))).collect()
    }
}

impl<N: Into<String>> FromIterator<(N, Attr)> for Attrs {
    fn from_iter<I: IntoIterator<Item = (N, Attr)>>(items: I) -> Attrs {
        Attrs(items.into_iter().map(|(name, attr)| (name.into(), attr)).collect())
    }
}
