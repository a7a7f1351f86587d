//! The written form of derivations: a subset of the ATerm notation (Nix's manual, protocols, "Derivation ATerm Format").

mod parse;
pub(crate) mod print;

pub use parse::AtermError;
pub use print::PrintError;
