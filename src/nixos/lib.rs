//! NixOS as cfgcheck sees it: what a flake offers, one system of it judged, and what its module
//! system's messages mean.

mod contributed;
mod definition;
mod definitions;
pub mod diagnose;
mod explained;
#[cfg(test)]
mod fixture;
mod judge;
mod listed;
mod modules;
mod option;
mod option_path;
mod printed;
mod reference;
mod system;
mod targets;
mod tree;
#[cfg(test)]
mod trials;
mod walk;

pub use contributed::Contribution;
pub use definition::{Definition, Order, Owner, Priority, Standing};
pub use explained::{Asked, DeclaredAs, DefinedAs, Explained, Told};
pub use judge::{Judged, Warning, failed_assertions, judge, made_of};
pub use listed::ListedModule;
pub use modules::Module;
pub use option::{Declared, Said};
pub use option_path::{OptionPath, OptionPathError};
pub use printed::printed;
pub use reference::{OwnOption, Reference, ReferenceEntry, function_at, function_pos};
pub use system::{Reading, System};
pub use targets::{Kind, Target, discover};
pub use tree::OptionTree;
