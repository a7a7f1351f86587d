//! TOML 1.0 as `fromTOML` reads it.
//!
//! Nix reads TOML with the library toml11, version 4. What it accepts, and the layout and words of its messages, are
//! kept here as far as they matter: the first error of a document is told as toml11 tells it, further ones are not
//! looked for. Unlike toml11, this reader limits how deeply values may be nested.

mod insert;
mod parser;
mod report;
mod scalar;

use std::collections::BTreeMap;

use insert::{Content, Node};

/// The deepest nesting of tables and lists: more is refused, so that no document overflows the stack.
pub const DEPTH_LIMIT: usize = 400;

/// Why a document cannot be read: what follows `while parsing TOML: ` in Nix's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TomlError {
    /// The text is not TOML; several lines, the last one with its newline.
    #[error("{0}")]
    Syntax(String),
    /// There is a date or a time, and timestamps are not enabled.
    #[error("Dates and times are not supported")]
    Timestamp,
    /// A string or key contains NUL; each one is shown as `␀`.
    #[error("error: input string '{0}' cannot be represented as Nix string because it contains null bytes")]
    Nul(String),
    /// Values are nested more deeply than [`DEPTH_LIMIT`].
    #[error("values are nested too deeply")]
    TooDeep,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Toml {
    /// A string without NUL.
    String(String),
    /// An integer.
    Integer(i64),
    /// A float; may be infinite or NaN.
    Float(f64),
    /// `true` or `false`
    Bool(bool),
    /// A date, a time or both, as Nix's experimental feature `parse-toml-timestamps` writes it: `T` as delimiter, and
    /// fractions of a second with 3, 6 or 9 digits or none.
    Timestamp(String),
    /// An array, also an array of tables.
    List(Vec<Toml>),
    /// A table, by key.
    Table(BTreeMap<String, Toml>),
}

/// Reads a document; the result is its root table.
///
/// `timestamps` says whether dates and times are values or errors (Nix's experimental feature
/// `parse-toml-timestamps`).
///
/// # Errors
/// See [`TomlError`].
pub fn parse(text: &[u8], timestamps: bool) -> Result<BTreeMap<String, Toml>, TomlError> {
    let root = parser::document(text)?;
    root.into_iter()
        .map(|(key, node)| Ok((checked(key)?, value(node, timestamps)?)))
        .collect()
}

fn value(node: Node, timestamps: bool) -> Result<Toml, TomlError> {
    Ok(match node.content {
        Content::Table { entries, .. } => Toml::Table(
            entries
                .into_iter()
                .map(|(key, node)| Ok((checked(key)?, value(node, timestamps)?)))
                .collect::<Result<_, TomlError>>()?,
        ),
        Content::List { items, .. } => Toml::List(
            items
                .into_iter()
                .map(|item| value(item, timestamps))
                .collect::<Result<_, _>>()?,
        ),
        Content::Scalar(Toml::Timestamp(_)) if !timestamps => return Err(TomlError::Timestamp),
        Content::Scalar(Toml::String(text)) => Toml::String(checked(text)?),
        Content::Scalar(scalar) => scalar,
    })
}

fn checked(text: String) -> Result<String, TomlError> {
    if text.contains('\0') {
        Err(TomlError::Nul(text.replace('\0', "␀")))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
