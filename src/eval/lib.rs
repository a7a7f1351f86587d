//! The Nix language: from a syntax tree to values.

pub mod text;
