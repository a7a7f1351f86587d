//! The written form of derivations: a subset of the ATerm notation (Nix's manual, protocols, "Derivation ATerm Format").

pub(crate) mod print;

pub use print::PrintError;
