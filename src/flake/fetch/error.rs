//! Why an input could not be fetched.

use super::archive::ArchiveError;
use super::http::HttpError;
use crate::error::RefError;
use crate::git::GitError;
use crate::input::Input;
use crate::rev::{NarHash, Rev};
use crate::tree::TreeError;
use crate::trust::Refused;

/// An input that could not be fetched. Nix shows the kind's message with the trace
/// `while fetching the input '…'`.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct FetchError {
    /// The input, as messages name it.
    pub input: String,
    /// What went wrong.
    pub kind: Box<FetchErrorKind>,
}

impl FetchError {
    pub(crate) fn new(input: &Input, kind: FetchErrorKind) -> FetchError {
        FetchError {
            input: input.display(),
            kind: Box::new(kind),
        }
    }
}

impl FetchError {
    /// Whether the machine is to blame and not the input: the network, the disk, or a missing
    /// program.
    pub fn is_of_the_machine(&self) -> bool {
        match self.kind.as_ref() {
            FetchErrorKind::Http(HttpError::Status { status, .. }) => *status == 429 || *status >= 500,
            FetchErrorKind::Http(HttpError::Failed { .. } | HttpError::Resolve { .. })
            | FetchErrorKind::Offline(_)
            | FetchErrorKind::RunGit { .. } => true,
            FetchErrorKind::Fs(error) => error.is_of_the_machine(),
            FetchErrorKind::Tree(TreeError::Fs(error)) => error.is_of_the_machine(),
            _ => false,
        }
    }
}

/// What went wrong while fetching, in Nix's words where it has some.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// The trust policy does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The input's attributes are wrong.
    #[error(transparent)]
    Reference(#[from] RefError),
    /// The tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The download failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The download is not an archive that can be unpacked.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The disk failed.
    #[error(transparent)]
    Fs(#[from] sys::FsError),
    /// No fetcher knows the type.
    #[error("cannot fetch unsupported input '{0}'")]
    Unsupported(String),
    /// Mercurial is not supported.
    #[error("fetching Mercurial repositories is not supported")]
    Mercurial,
    /// A flake ID was not resolved by a registry before.
    #[error("indirect input '{0}' cannot be fetched directly")]
    Indirect(String),
    /// A relative path has no flake that it would be relative to.
    #[error("cannot fetch input '{0}' because it uses a relative path")]
    RelativePath(String),
    /// Nothing is at a path.
    #[error("path '{0}' does not exist")]
    NoSuchPath(String),
    /// The network is needed and may not be used.
    #[error("'{0}' is not in the cache and cannot be fetched with --offline")]
    Offline(String),
    /// The tree is another one than was locked.
    #[error("NAR hash mismatch in input '{input}', expected '{expected}' but got '{found}'")]
    NarHashMismatch {
        /// The input.
        input: String,
        /// The hash that the reference demands.
        expected: Box<NarHash>,
        /// The hash of what was fetched.
        found: Box<NarHash>,
    },
    /// The time of change is another one than was demanded.
    #[error(
        "'lastModified' attribute mismatch in input '{input}', expected {expected}, got {}",
        .found.map_or(-1, |time| time as i64)
    )]
    LastModifiedMismatch {
        /// The input.
        input: String,
        /// The time that the reference demands.
        expected: u64,
        /// The time of what was fetched.
        found: Option<u64>,
    },
    /// The revision is another one than was demanded.
    #[error("'rev' attribute mismatch in input '{input}', expected {expected}")]
    RevMismatch {
        /// The input.
        input: String,
        /// The revision that the reference demands.
        expected: Rev,
    },
    /// Another attribute differs from a lock's.
    #[error("mismatch in field '{field}' of input '{input}', got '{found}'")]
    FieldMismatch {
        /// The attribute.
        field: String,
        /// The locked attributes.
        input: String,
        /// The attributes that were found.
        found: String,
    },
    /// A clone has not the whole history, and the input does not say that this is fine.
    #[error(
        "'{0}' is a shallow Git repository, but shallow repositories are only allowed when `shallow = true;` is specified"
    )]
    Shallow(String),
    /// The revision is not in the repository.
    #[error(
        "Cannot find Git revision '{rev}' in ref '{git_ref}' of repository '{repository}'! Please make sure that the \
         rev exists on the ref you've specified or add allRefs = true; to fetchGit."
    )]
    NoSuchRev {
        /// The revision.
        rev: Box<Rev>,
        /// The branch.
        git_ref: String,
        /// The repository.
        repository: String,
    },
    /// `exportIgnore` and `submodules` together, which Nix does not support either.
    #[error("exportIgnore and submodules are not supported together yet")]
    ExportIgnoreAndSubmodules,
    /// Something that Nix can do and this cannot.
    #[error("{0} is not supported")]
    NotSupported(&'static str),
    /// `git` could not be run, or failed.
    #[error("running git for '{url}': {why}")]
    RunGit {
        /// The repository.
        url: String,
        /// Its words.
        why: String,
    },
    /// A forge's answer is not understood.
    #[error("unexpected response received from '{url}': {why}")]
    ForgeAnswer {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// A `file:` URL of an archive names something else; the text is the whole message.
    #[error("{0}")]
    LocalArchive(String),
    /// A server's `Link` header is not a tarball's.
    #[error("tarball 'Link' headers that redirect to non-tarball URLs are not supported")]
    LinkNotTarball,
    /// Submodules lead to each other.
    #[error("submodules are nested too deeply")]
    SubmodulesTooDeep,
}
