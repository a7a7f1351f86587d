//! Reading Git repositories without running Git.
//!
//! Objects and the index are read with gitoxide's `gix-odb` and `gix-index`, references by hand.
//! That is safe by construction where running `git` would have to be made safe: no hooks, no
//! filters, no file-system monitor, no helper and no configuration of the repository is ever looked
//! at, so none can run. It is also faster than starting processes. Only fetching from a remote runs
//! `git` (see `fetch`), into a bare repository of the cache.
//!
//! What is not read: references kept as reftable (a clear error), and filters: a work tree's file
//! whose time or length differs from the index is compared with its blob byte by byte, as with
//! `core.autocrlf=false`. Index and objects are read by gitoxide directly, not through `sys`; the
//! index's own state is looked at through `sys` first, so that a recorded run notices a change.

mod objects;
mod refs;
mod revision;
mod submodules;
mod work_tree;

pub use objects::{Commit, Objects, TreeEntry, TreeMode};
pub use refs::Repository;
pub use revision::RevisionError;
pub use submodules::{Submodule, parse_gitmodules, resolve_submodule_url};
pub use work_tree::WorkTree;

/// The id of a Git object, SHA-1 or SHA-256.
pub type Oid = gix_hash::ObjectId;

/// A Git repository that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is no repository at the path.
    #[error("opening Git repository {path:?}: {why}")]
    NotARepository {
        /// The path.
        path: String,
        /// Why it is none.
        why: String,
    },
    /// A reference does not exist.
    #[error("resolving Git reference '{name}': reference not found in {repository:?}")]
    NoSuchRef {
        /// The reference.
        name: String,
        /// The repository.
        repository: String,
    },
    /// A reference or a file beside it is not as Git writes it.
    #[error("in Git repository {repository:?}: {what}")]
    Broken {
        /// The repository.
        repository: String,
        /// What is wrong.
        what: String,
    },
    /// An object is not there, as in a shallow or partial clone.
    #[error("Git object '{0}' is missing")]
    Missing(Oid),
    /// An object is damaged or of another kind than expected.
    #[error("Git object '{id}' is not {expected}")]
    BadObject {
        /// The object.
        id: Oid,
        /// What it should be.
        expected: &'static str,
    },
    /// The object database or the index cannot be read.
    #[error("reading Git repository {repository:?}: {why}")]
    Read {
        /// The repository.
        repository: String,
        /// Gitoxide's words.
        why: String,
    },
    /// The disk failed.
    #[error(transparent)]
    Fs(#[from] sys::FsError),
}

/// Returns the object id of a revision.
pub fn oid_of(rev: &crate::rev::Rev) -> Option<Oid> {
    Oid::try_from(rev.digest()).ok()
}

/// Returns the revision of an object id.
pub fn rev_of(id: &Oid) -> crate::rev::Rev {
    crate::rev::Rev::from_digest(id.as_bytes()).expect("an object id is SHA-1 or SHA-256")
}
