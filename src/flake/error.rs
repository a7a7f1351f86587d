//! What can be wrong with a reference to a flake or another input, in Nix's words.

use crate::url::BadUrl;

/// A reference, or its attributes, cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefError {
    /// The text is not a URL, or not one that its scheme takes. A flake reference is then tried as a path.
    #[error(transparent)]
    BadUrl(#[from] BadUrl),
    /// The text is neither a flake ID, nor a URL, nor a path.
    #[error("invalid flakeref '{0}'")]
    Invalid(String),
    /// A fragment stands where none may.
    #[error("unexpected fragment '{fragment}' in flake reference '{reference}'")]
    UnexpectedFragment {
        /// What stands behind the `#`.
        fragment: String,
        /// The whole reference.
        reference: String,
    },
    /// No fetcher takes this URL.
    #[error("input '{0}' is unsupported")]
    Unsupported(String),
    /// `file+git` where `git+file` is meant.
    #[error("input '{0}' is unsupported; did you mean 'git+file' instead of 'file+git'?")]
    FilePlusGit(String),
    /// An input in attribute form has no `type`.
    #[error("'type' attribute to specify input scheme is required but not provided")]
    NoType,
    /// The fetcher does not know this attribute.
    #[error("input attribute '{name}' not supported by scheme '{scheme}'")]
    UnsupportedAttr {
        /// The attribute.
        name: String,
        /// The fetcher.
        scheme: String,
    },
    /// An attribute must be a string.
    #[error("input attribute '{name}' is not a string {attrs}")]
    AttrNotString {
        /// The attribute.
        name: String,
        /// All attributes, as JSON.
        attrs: String,
    },
    /// An attribute must be an integer.
    #[error("input attribute '{name}' is not an integer")]
    AttrNotInt {
        /// The attribute.
        name: String,
    },
    /// An attribute must be a boolean.
    #[error("input attribute '{name}' is not a Boolean")]
    AttrNotBool {
        /// The attribute.
        name: String,
    },
    /// An attribute must be there.
    #[error("input attribute '{name}' is missing")]
    AttrMissing {
        /// The attribute.
        name: String,
    },
    /// A hash or revision cannot be read; the text is the whole message.
    #[error("{0}")]
    BadHash(String),
    /// `narHash` is of another algorithm.
    #[error("narHash must use SHA-256")]
    NarHashNotSha256,
    /// A `path:` URL names a host.
    #[error("path URL '{url}' should not have an authority ('{authority}')")]
    PathAuthority {
        /// The URL.
        url: String,
        /// The host.
        authority: String,
    },
    /// A parameter of a `path:` URL has a wrong value.
    #[error("path URL '{url}' has invalid parameter '{name}'")]
    PathBadParameter {
        /// The URL.
        url: String,
        /// The parameter.
        name: String,
    },
    /// A `path:` URL has a parameter that it does not take.
    #[error("path URL '{url}' has unsupported parameter '{name}'")]
    PathUnknownParameter {
        /// The URL.
        url: String,
        /// The parameter.
        name: String,
    },
    /// A feature that Nix keeps behind an experimental feature, and that is not supported here.
    #[error("experimental Nix feature '{0}' is disabled; add '--extra-experimental-features {0}' to enable it")]
    ExperimentalFeature(&'static str),
    /// An input of an unknown type cannot be shown as a URL.
    #[error("cannot show unsupported input '{0}'")]
    CannotShow(String),
    /// A revision or branch was to be set on an input that has none.
    #[error("don't know how to set {what} of input '{input}' to '{value}'")]
    CannotSet {
        /// `branch/tag name` or `revision`.
        what: &'static str,
        /// The input.
        input: String,
        /// The value.
        value: String,
    },
    /// A Git input got a revision without a branch.
    #[error("Git input '{0}' has a commit hash but no branch/tag name")]
    RevWithoutRef(String),
    /// An element of an input path such as `a/b` is not a flake ID.
    #[error("invalid flake input attribute path element '{0}'")]
    BadInputPath(String),
    /// The path is not in or below a folder with a `flake.nix`.
    #[error("path {0:?} is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)")]
    NotPartOfFlake(String),
    /// The search upward ended at the root of the file system.
    #[error("could not find a flake.nix file")]
    NoFlakeFound,
    /// A file was named where a folder is meant.
    #[error("path {0:?} is not a flake (because it's not a directory)")]
    NotDirectory(String),
    /// There is no `flake.nix` in the folder.
    #[error("path {0:?} is not a flake (because it doesn't contain a 'flake.nix' file)")]
    NoFlakeNix(String),
    /// A `dir` parameter and a path below the repository's root contradict each other.
    #[error("flake URL '{0}' has an inconsistent 'dir' parameter")]
    InconsistentDir(String),
    /// The path cannot be looked at.
    #[error("getting status of '{path}': {why}")]
    Stat {
        /// The path.
        path: String,
        /// The system's words.
        why: String,
    },
}
