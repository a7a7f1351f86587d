//! Scenes: modules with options and definitions, as cases are drawn.

mod def;
mod simple;
mod simpler;
mod ty;
mod within;
mod written;

pub use def::Def;
pub use simple::{Lit, Merging, Phrase, Row, Simple};
pub use ty::{Coercion, Custom, Pattern, Ty};
pub use written::{evaluated, options};

use std::sync::Arc;

/// The modules of a case, in the order in which they are imported.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scene {
    /// The modules.
    pub modules: Vec<Module>,
    /// Numbers by which the law varies the scene: a rotation, a place to split at. Smaller is simpler.
    pub choices: Vec<u32>,
}

/// A module.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Module {
    /// What messages call it (`_file`), such as `a.nix`; empty if it does not say.
    pub file: String,
    /// By what it is known when it is imported twice or disabled (`key`); empty if it does not say.
    pub key: String,
    /// Modules that it imports.
    pub imports: Vec<Module>,
    /// Keys of modules that it disables. Libraries of before 2023 know only those that begin with `/`.
    pub disabled: Vec<String>,
    /// Options that it declares.
    pub options: Vec<Decl>,
    /// What it defines: a set, or a property of one; `None` for nothing.
    pub config: Option<Def>,
    /// The type of what no option takes.
    pub freeform: Option<Ty>,
}

/// The declaration of an option.
#[derive(Clone, PartialEq, Debug)]
pub struct Decl {
    /// Its path.
    pub path: Vec<String>,
    /// Its type; `None` if the declaration names none.
    pub ty: Option<Ty>,
    /// Its default.
    pub default: Option<Def>,
    /// What is done with its merged value.
    pub apply: Option<Apply>,
    /// Whether it may be defined once only.
    pub read_only: bool,
}

/// What `apply` does with a merged value.
#[derive(Clone, PartialEq, Debug)]
pub enum Apply {
    /// Wraps it: `x: { applied = x; }`, so that it shows how often it was done.
    Wrap,
    /// What the option of the user's module does, word for word.
    Nix(Arc<str>),
}

impl Decl {
    /// Returns the declaration of an option of this type at a path of one name.
    pub fn new(name: impl Into<String>, ty: Ty) -> Decl {
        Decl {
            path: vec![name.into()],
            ty: Some(ty),
            default: None,
            apply: None,
            read_only: false,
        }
    }
}

impl Module {
    /// Returns a module that defines one option.
    pub fn defines(file: &str, path: &[String], value: Def) -> Module {
        Module {
            file: file.into(),
            config: Some(Def::at(path, value)),
            ..Module::default()
        }
    }

    /// Returns a module that declares options.
    pub fn declares(file: &str, options: Vec<Decl>) -> Module {
        Module {
            file: file.into(),
            options,
            ..Module::default()
        }
    }
}
