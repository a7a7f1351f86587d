//! What can be wrong with a lock file.

use crate::error::RefError;

/// A lock file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct LockError {
    /// What is wrong, in Nix's words where it has some.
    pub kind: LockErrorKind,
    /// The name of the file, as messages show it; empty for a lock that was computed.
    pub file: String,
    /// One-based line and column (in bytes), where the error has a place in the file.
    pub place: Option<(u32, u32)>,
}

/// What is wrong with a lock file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockErrorKind {
    /// The file is not JSON.
    #[error("Could not parse '{path}': {why}")]
    Syntax {
        /// The file.
        path: String,
        /// What stands there and what should.
        why: String,
    },
    /// A value has the wrong type or is not there.
    #[error("lock file '{path}' is broken: {what}")]
    Shape {
        /// The file.
        path: String,
        /// What is expected where.
        what: String,
    },
    /// The version is older than 5 or newer than 7.
    #[error("lock file '{path}' has unsupported version {version}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        version: u64,
    },
    /// An input names a node that is not there.
    #[error("lock file references missing node '{0}'")]
    MissingNode(String),
    /// A node names the root as its input.
    #[error("lock file contains cycle to root node")]
    CycleToRoot,
    /// A node lacks `locked` or `original`.
    #[error("attribute '{0}' missing in lock file")]
    MissingAttr(&'static str),
    /// An attribute of an input is neither a string, nor a number, nor a boolean.
    #[error("unsupported input attribute type in lock file")]
    AttrType,
    /// The attributes are not a reference.
    #[error(transparent)]
    Reference(#[from] RefError),
    /// A node is not locked.
    #[error("Lock file contains unlocked input '{0}'. Use '--allow-dirty-locks' to accept this lock file.")]
    Unlocked(String),
    /// Inputs follow each other in a circle.
    #[error("follow cycle detected: [{}]", .0.join(" -> "))]
    FollowCycle(Vec<String>),
    /// An input follows one that is not there.
    #[error("input '{input}' follows a non-existent input '{target}'")]
    FollowsMissing {
        /// The path of the input.
        input: String,
        /// The path that it follows.
        target: String,
    },
    /// The graph is too big or too deep to be an honest one.
    #[error("lock file '{path}' has {what}")]
    TooLarge {
        /// The file.
        path: String,
        /// What there is too much of.
        what: &'static str,
    },
}

impl LockErrorKind {
    /// Returns the error without a place.
    pub(crate) fn placeless(self) -> LockError {
        LockError {
            kind: self,
            file: String::new(),
            place: None,
        }
    }
}
