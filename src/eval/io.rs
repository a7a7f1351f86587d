//! What evaluation wants from the world, as one trait that the room `flake` implements.
//!
//! The evaluator never opens a file itself. All paths are absolute, canonical byte strings; a path
//! below the store directory is first looked for among what this evaluation put into its own
//! in-memory store, and asked for here only then.

use crate::heap::Val;
use std::rc::Rc;
use std::sync::Arc;

/// What kind of file a path names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A regular file that may be executed.
    Executable,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, socket or pipe.
    Unknown,
}

impl FileType {
    /// Returns the name that `readFileType` gives.
    pub fn name(self) -> &'static str {
        match self {
            FileType::Regular | FileType::Executable => "regular",
            FileType::Directory => "directory",
            FileType::Symlink => "symlink",
            FileType::Unknown => "unknown",
        }
    }
}

/// Why a path could not be read. The texts are whole messages, worded as Nix does.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IoError {
    /// There is no such file.
    #[error("path '{0}' does not exist")]
    NotFound(String),
    /// Evaluation is not allowed to read it.
    #[error("{0}")]
    Forbidden(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Something to fetch for a builtin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchRequest {
    /// `builtins.fetchurl`: a file's bytes.
    Url {
        /// The address.
        url: String,
        /// The store path's name.
        name: String,
        /// The expected hash of the flat file, in any of Nix's forms.
        hash: Option<store::Hash>,
    },
    /// `builtins.fetchTarball`: the tree inside an archive.
    Tarball {
        /// The address.
        url: String,
        /// The store path's name.
        name: String,
        /// The expected hash of the unpacked tree.
        hash: Option<store::Hash>,
    },
    /// `fetchTree`, `fetchGit`, `fetchMercurial`: a tree, by the attributes of its reference.
    Tree {
        /// The reference's attributes.
        attrs: Vec<(String, FetchAttr)>,
        /// The store path's name.
        name: Option<String>,
        /// Which builtin asks, for messages.
        caller: &'static str,
    },
    /// A node of a flake that the world has locked ([`crate::Evaluator::call_flake`]).
    Node {
        /// The flake's number.
        flake: u32,
        /// The node's index in its graph.
        node: u32,
    },
}

/// A value in a tree reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchAttr {
    /// A string.
    String(String),
    /// An integer.
    Int(u64),
    /// A Boolean.
    Bool(bool),
}

/// What was fetched: a store path that can be read from now on, and the attributes of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// Where it is mounted.
    pub path: store::StorePath,
    /// What `fetchTree` adds to `outPath`: `rev`, `lastModified`, `narHash` and so on.
    pub attrs: Vec<(String, FetchAttr)>,
}

/// A derivation to be built so that evaluation can read its outputs.
pub struct Build<'b> {
    /// The derivations and texts of the evaluation.
    pub store: &'b store::VirtualStore,
    /// The derivation.
    pub drv: &'b store::StorePath,
    /// The names of the outputs that are needed.
    pub outputs: &'b [String],
    /// The sources that the derivation and its inputs need, each as a NAR.
    pub sources: &'b [(store::StorePath, Vec<u8>)],
}

/// The entries of a folder, sorted by name. A file that may be executed can count as regular here.
pub type Listing = Rc<[(Vec<u8>, FileType)]>;

/// A function that returns the outputs of the flake that a reference names.
pub type FlakeCaller = Rc<dyn Fn(&mut crate::Evaluator, &str) -> crate::error::Eval<Val>>;

/// The world of an evaluation.
pub trait EvalIo {
    /// Returns a file's content; follows symbolic links.
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError>;
    /// Returns what a path names without following a last symbolic link; `None` if nothing.
    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError>;
    /// Returns a folder's entries, sorted by name.
    fn read_dir(&mut self, path: &[u8]) -> Result<Listing, IoError>;
    /// Returns why nothing is at a path, as a whole message, if there is more to say than that: for
    /// instance that the file is there, but Git does not track it.
    fn explain_absence(&mut self, path: &[u8]) -> Option<String> {
        let _ = path;
        None
    }
    /// Returns where a symbolic link points.
    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError>;
    /// Returns an environment variable as `getEnv` shows it: empty if unset or in pure evaluation.
    fn env(&mut self, name: &str) -> String;
    /// Returns the folder that relative entries of a search path start from: an absolute path.
    fn current_dir(&mut self) -> Vec<u8> {
        b"/".to_vec()
    }
    /// Returns the time in seconds since 1970.
    fn current_time(&mut self) -> i64;
    /// Returns the milliseconds since some fixed moment, for limits and the profile.
    fn elapsed_millis(&mut self) -> u64;
    /// Whether the user wants the run to end; asked often.
    fn interrupted(&mut self) -> bool {
        false
    }
    /// Fetches something, or says why not.
    fn fetch(&mut self, request: &FetchRequest) -> Result<Fetched, IoError>;
    /// Whether what lies at a path stays what it is as long as the evaluator is there, and nobody takes down who reads it: what
    /// was found once need not be asked for in later trials.
    fn is_fixed(&self, path: &[u8]) -> bool {
        let _ = path;
        false
    }
    /// Takes note that a node of a flake is used as an input, and with it perhaps all that this one leads to.
    fn uses_node(&mut self, flake: u32, node: u32) {
        let _ = (flake, node);
    }
    /// Takes note that an attribute of the source of the flake under test, such as `rev`, is read.
    fn reads_attribute(&mut self, name: &str) {
        let _ = name;
    }
    /// Returns what calls flakes (`getFlake`), if this world can. It is not part of the world itself,
    /// so that it may evaluate.
    fn flakes(&mut self) -> Option<FlakeCaller> {
        None
    }
    /// Builds outputs of a derivation of this evaluation so that their files can be read, or says
    /// why not (import from derivation).
    fn realise(
        &mut self,
        store: &store::VirtualStore,
        drv: &store::StorePath,
        outputs: &[String],
    ) -> Result<(), IoError>;
    /// Whether this world builds derivations at all, so that it is worth gathering their sources.
    fn can_build(&self) -> bool {
        false
    }
    /// Does what [`EvalIo::realise`] does, in a world that builds.
    fn build(&mut self, build: &Build<'_>) -> Result<(), IoError> {
        self.realise(build.store, build.drv, build.outputs)
    }
    /// Returns what a store path that only the world knows points to, which becomes the context of
    /// what is read from it; nothing if that is not known.
    fn references(&mut self, path: &store::StorePath) -> Vec<store::StorePath> {
        let _ = path;
        Vec::new()
    }
    /// Returns the attributes of a flake reference (`parseFlakeRef`), or what is wrong with it.
    fn parse_flake_ref(&mut self, reference: &str) -> Result<Vec<(String, FetchAttr)>, IoError> {
        Err(IoError::Other(format!(
            "flake reference '{reference}' cannot be parsed in this evaluation"
        )))
    }
    /// Returns the text of a flake reference given by its attributes (`flakeRefToString`), or what is
    /// wrong with them.
    fn flake_ref_to_string(&mut self, attrs: &[(String, FetchAttr)]) -> Result<String, IoError> {
        let _ = attrs;
        Err(IoError::Other(
            "flake references cannot be written in this evaluation".into(),
        ))
    }
    /// Takes a message that evaluation prints: `trace`, `warn`, and Nix's own warnings, as a whole
    /// line without the end of line.
    fn message(&mut self, text: &[u8]);
}
