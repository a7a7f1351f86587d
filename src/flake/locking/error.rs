//! Why a flake could not be locked.

use crate::error::RefError;
use crate::fetch::FetchError;
use crate::flake_nix::FlakeNixError;
use crate::lock::LockError;
use crate::registry::RegistryError;
use crate::tree::TreeError;
use syntax::SyntaxError;

/// A flake that could not be locked.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct LockingError {
    /// What went wrong.
    pub kind: Box<LockingErrorKind>,
    /// What was being done, innermost first, in the words of Nix's traces.
    pub trace: Vec<String>,
}

/// What went wrong while locking.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockingErrorKind {
    /// An input could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A flake ID could not be resolved.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The metadata of a flake is wrong.
    #[error(transparent)]
    FlakeNix(#[from] FlakeNixError),
    /// A `flake.nix` cannot be parsed.
    #[error("{}", .0.message)]
    Syntax(Box<SyntaxError>),
    /// A lock file is wrong, or the lock that was computed.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A reference is wrong.
    #[error(transparent)]
    Reference(#[from] RefError),
    /// There is no `flake.nix` where the reference leads.
    #[error("{}", .hint.clone().unwrap_or_else(|| format!("path '{path}' does not exist")))]
    NoFlakeNix {
        /// Where it was looked for.
        path: String,
        /// What else there is to say, such as that it is not tracked by Git.
        hint: Option<String>,
    },
    /// A `flake.nix` is too long to be an honest one: reading it would take a hundred times its
    /// length in memory.
    #[error("'{path}' is too long: it has {len} bytes")]
    FlakeNixTooLong {
        /// Where it is.
        path: String,
        /// Its length in bytes.
        len: usize,
    },
    /// A folder or a relative path leads out of its tree.
    #[error("the path '{0}' leads out of the source tree that it is in")]
    LeadsOut(String),
    /// Flakes have each other as inputs.
    #[error("found circular import of flake '{0}'")]
    Circular(String),
    /// An input that is not locked would have to be fetched in pure evaluation.
    #[error("cannot update unlocked flake input '{0}' in pure mode")]
    UnlockedInPureMode(String),
    /// The lock would have to change and may not.
    #[error("flake '{flake}' requires lock file changes but they're not allowed due to '--no-update-lock-file'")]
    ChangesNotAllowed {
        /// The flake.
        flake: String,
    },
    /// Inputs of inputs are nested deeper than any honest lock has them.
    #[error("the inputs of the flake are nested too deeply")]
    TooDeep,
}

impl<E: Into<LockingErrorKind>> From<E> for LockingError {
    fn from(error: E) -> LockingError {
        LockingError {
            kind: Box::new(error.into()),
            trace: Vec::new(),
        }
    }
}

impl LockingError {
    /// Adds what was being done.
    pub(super) fn during(mut self, what: String) -> LockingError {
        self.trace.push(what);
        self
    }
}

impl LockingError {
    /// Returns Nix's message, with places as `file:line:column` where Nix has them inside.
    pub fn message(&self, sources: &diag::SourceMap) -> String {
        match self.kind.as_ref() {
            LockingErrorKind::FlakeNix(error) => error.message(sources),
            LockingErrorKind::Syntax(error) => error.text(|pos| match sources.locate(pos) {
                Some((file, line, column)) => format!("{}:{line}:{column}", file.origin.display()),
                None => "«none»:0".to_owned(),
            }),
            _ => self.to_string(),
        }
    }

    /// Whether the machine is to blame and not the flake: the network, the disk, or a missing
    /// program.
    pub fn is_of_the_machine(&self) -> bool {
        match self.kind.as_ref() {
            LockingErrorKind::Fetch(error) => error.is_of_the_machine(),
            LockingErrorKind::Tree(TreeError::Fs(error)) => error.is_of_the_machine(),
            _ => false,
        }
    }

    /// Returns the lock file that is wrong, with the line and column where that is known.
    pub fn lock_file(&self) -> Option<(&str, Option<(u32, u32)>)> {
        match self.kind.as_ref() {
            LockingErrorKind::Lock(error) if !error.file.is_empty() => Some((&error.file, error.place)),
            _ => None,
        }
    }

    /// Returns the input that was worked on, by its name in the flake that was to be locked.
    pub fn input(&self) -> Option<&str> {
        let start = "while updating the flake input '";
        let path = self.trace.iter().rev().find_map(|step| step.strip_prefix(start))?;
        path.split(['/', '\'']).next()
    }

    /// Returns where in a `flake.nix` the error is, if it is in one.
    pub fn pos(&self) -> Option<diag::Pos> {
        let pos = match self.kind.as_ref() {
            LockingErrorKind::FlakeNix(error) => error.pos,
            LockingErrorKind::Syntax(error) => error.pos,
            _ => diag::Pos::NONE,
        };
        pos.is_some().then_some(pos)
    }
}
