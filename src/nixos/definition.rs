//! Definitions: what the modules say an option is, with priority and place.

use crate::diagnose::Viewpoint;
use diag::{SourceMap, Span};
use eval::Ref;
use std::fmt;

/// How much a definition weighs: the lower the number, the stronger it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Priority(pub i64);

impl Priority {
    /// That of a definition without a word on it.
    pub const PLAIN: Priority = Priority(100);
    /// That of an option's default.
    pub const OPTION_DEFAULT: Priority = Priority(1500);

    /// Returns the word by which modules give this priority: `mkForce`, or `mkOverride 30`.
    pub fn word(self) -> String {
        match self.0 {
            10 => "mkVMOverride".into(),
            50 => "mkForce".into(),
            60 => "mkImageMediaOverride".into(),
            100 => "plain".into(),
            1000 => "mkDefault".into(),
            1500 => "mkOptionDefault".into(),
            other => format!("mkOverride {other}"),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            10 | 50 | 60 | 100 | 1000 | 1500 => write!(f, "{} ({})", self.word(), self.0),
            _ => f.write_str(&self.word()),
        }
    }
}

/// Where a definition stands among those that count; the lower the number, the earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Order(pub i64);

impl Order {
    /// That of a definition without a word on it.
    pub const PLAIN: Order = Order(1000);

    /// Returns the word by which modules give this order, `mkBefore` or `mkOrder 30`; `None` for the
    /// usual one.
    pub fn word(self) -> Option<String> {
        match self.0 {
            500 => Some("mkBefore".into()),
            1000 => None,
            1500 => Some("mkAfter".into()),
            other => Some(format!("mkOrder {other}")),
        }
    }
}

/// What became of a definition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is part of the value.
    Won,
    /// One with a stronger priority took its place.
    Overridden,
    /// Its `mkIf` does not hold.
    Inactive,
    /// Its `mkIf` cannot be evaluated, or what it is part of is nothing that can be looked into.
    Unknown,
}

/// Whose file something stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The user's own flake.
    Own,
    /// This input of it.
    Input(String),
    /// Neither: the module has no file, or one that is no input's.
    Elsewhere,
}

impl Owner {
    /// Returns whose a span is.
    pub(crate) fn of(sources: &SourceMap, view: &Viewpoint<'_>, span: Span) -> Owner {
        if view.owns(sources, span.start) {
            return Owner::Own;
        }
        match view.input_of(sources, span.start) {
            Some(input) => Owner::Input(input.to_owned()),
            None => Owner::Elsewhere,
        }
    }

    /// Returns whose a file is, by its path.
    pub(crate) fn of_file(file: &str, view: &Viewpoint<'_>) -> Owner {
        if view.owns_file(file) {
            return Owner::Own;
        }
        match view.input_of_path(file.as_bytes()) {
            Some(input) => Owner::Input(input.to_owned()),
            None => Owner::Elsewhere,
        }
    }
}

/// One definition of an option, or of an attribute below one.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The file, as the module system calls it; a module without one is `<unknown-file>`.
    pub file: String,
    /// The binding: from its path to its value's end, or only its path if that takes several lines.
    /// Empty (`Pos::NONE`) if it is not known where it is written.
    pub span: Span,
    /// Whether the span is that of something around it, or was found by the text of the file, because
    /// the attribute has no place of its own there: it was made by a function.
    pub guessed: bool,
    /// Whose file it is written in.
    pub owner: Owner,
    /// The cell of the value, without conditions and priorities.
    pub value: Ref,
    /// Its priority.
    pub priority: Priority,
    /// Its place in the order of merging.
    pub order: Order,
    /// What became of it.
    pub standing: Standing,
    /// Whether it is the default that the option's declaration gives.
    pub is_default: bool,
}

impl Definition {
    /// Whether it is part of the value.
    pub fn won(&self) -> bool {
        self.standing == Standing::Won
    }

    /// Whether it is written in the user's own files.
    pub fn is_own(&self) -> bool {
        self.owner == Owner::Own
    }

    /// Whether it is known where it is written.
    pub fn is_placed(&self) -> bool {
        self.span.start.is_some()
    }
}
