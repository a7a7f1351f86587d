//! What can be wrong with the metadata in `flake.nix`.

use crate::error::RefError;
use diag::{Pos, SourceMap};

/// A `flake.nix` whose metadata cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct FlakeNixError {
    /// What is wrong.
    pub kind: FlakeNixErrorKind,
    /// Where; `Pos::NONE` if it has no place in the file.
    pub pos: Pos,
    /// The attributes around it, innermost first, each with its place.
    pub trace: Vec<(String, Pos)>,
}

/// What is wrong with the metadata, in Nix's words but for the place at the end of most messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlakeNixErrorKind {
    /// The file is not `{ … }`.
    #[error("file '{file}' must be an attribute set")]
    NotASet {
        /// The file.
        file: String,
    },
    /// A value has another type, or would have to be evaluated ("a thunk").
    #[error("expected {expected} but got {found}")]
    WrongType {
        /// The type that is expected.
        expected: &'static str,
        /// The type that is there.
        found: &'static str,
    },
    /// There are no `outputs`.
    #[error("flake '{flake}' lacks attribute 'outputs'")]
    NoOutputs {
        /// The flake.
        flake: String,
    },
    /// The outermost set has a name that flakes do not.
    #[error("flake '{flake}' has an unsupported attribute '{name}'")]
    UnsupportedAttr {
        /// The flake.
        flake: String,
        /// The name.
        name: String,
    },
    /// An input without `type` has attributes besides `url`.
    #[error("unexpected flake input attribute '{0}'")]
    UnexpectedAttr(String),
    /// An input both refers and follows.
    #[error("flake input has both a flake reference and a follows attribute")]
    ReferenceAndFollows,
    /// `self` among the inputs of an input.
    #[error("'self' input attribute not allowed")]
    SelfNotAllowed,
    /// `inputs.self` has an attribute that cannot be set there.
    #[error("flake 'self' attribute '{0}' is not supported")]
    SelfAttr(String),
    /// An attribute of an input is a negative number.
    #[error("negative value given for flake input attribute {name}: {value}")]
    NegativeAttr {
        /// The attribute.
        name: String,
        /// Its value.
        value: i64,
    },
    /// An attribute of an input has a type that none may have.
    #[error("flake input attribute '{name}' is {found} while a string, Boolean, or integer is expected")]
    AttrType {
        /// The attribute.
        name: String,
        /// Its type.
        found: &'static str,
    },
    /// A value of `nixConfig` has a type that none may have.
    #[error("flake configuration setting '{name}' is {found}")]
    Setting {
        /// The setting.
        name: String,
        /// Its type.
        found: &'static str,
    },
    /// A list in `nixConfig` has an item that is not a string.
    #[error("list element in flake configuration setting '{0}' is a list while a string is expected")]
    SettingItem(String),
    /// Inputs of inputs are nested deeper than any flake has them.
    #[error("flake inputs are nested too deeply")]
    TooDeep,
    /// A reference, or the path of a `follows`, cannot be read.
    #[error(transparent)]
    Reference(#[from] RefError),
}

impl FlakeNixErrorKind {
    /// Whether Nix puts the place into the message, and what stands before it.
    fn place_prefix(&self) -> Option<&'static str> {
        match self {
            FlakeNixErrorKind::WrongType { .. } | FlakeNixErrorKind::SelfNotAllowed => Some(" at "),
            FlakeNixErrorKind::UnsupportedAttr { .. }
            | FlakeNixErrorKind::UnexpectedAttr(_)
            | FlakeNixErrorKind::ReferenceAndFollows => Some(", at "),
            _ => None,
        }
    }
}

impl FlakeNixError {
    pub(super) fn new(kind: FlakeNixErrorKind, pos: Pos) -> FlakeNixError {
        FlakeNixError {
            kind,
            pos,
            trace: Vec::new(),
        }
    }

    /// Returns Nix's message with the place inside, as `file:line:column`.
    pub fn message(&self, sources: &SourceMap) -> String {
        let place = self.kind.place_prefix().and_then(|prefix| {
            let (file, line, column) = sources.locate(self.pos)?;
            Some(format!("{prefix}{}:{line}:{column}", file.origin.display()))
        });
        format!("{}{}", self.kind, place.unwrap_or_default())
    }
}

/// Puts a place to an error about a reference.
pub(super) trait At<T> {
    fn at(self, pos: Pos) -> Result<T, FlakeNixError>;
}

impl<T> At<T> for Result<T, RefError> {
    fn at(self, pos: Pos) -> Result<T, FlakeNixError> {
        self.map_err(|error| FlakeNixError::new(error.into(), pos))
    }
}

/// Notes that an error happened inside an attribute.
pub(super) fn within<T>(name: &str, pos: Pos, result: Result<T, FlakeNixError>) -> Result<T, FlakeNixError> {
    result.map_err(|mut error| {
        error.trace.push((name.to_owned(), pos));
        error
    })
}
