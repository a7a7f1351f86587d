//! Flakes: references, lock files, fetching, and what a hostile flake may not do.
//!
//! The pure parts come first: [`FlakeRef`] and [`Input`] (what to fetch), [`Lock`](lock::Lock)
//! (what was fetched), `flake.nix` read as data, and the locking in memory that compares them.
//! Fetchers turn an input into a tree; the trust policy decides which inputs a flake may name.

pub mod attrs;
mod error;
pub mod fetch;
pub mod flake_nix;
mod flakeref;
pub mod flakes;
pub mod git;
pub mod input;
pub mod lock;
pub mod locking;
pub mod reads;
mod refname;
mod registry;
mod rev;
pub mod tree;
pub mod trust;
pub mod url;
pub mod world;

pub use attrs::{Attr, Attrs};
pub use error::RefError;
pub use flakeref::{FlakeRef, Place, Reading, parse_input_path};
pub use input::{Input, Scheme};
pub use refname::is_legal_ref_name;
pub use registry::{Lookup, Registries, Registry, RegistryEntry, RegistryError};
pub use rev::{NarHash, Rev};

#[cfg(test)]
mod flakeref_tests;
