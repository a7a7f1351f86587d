//! Nix's own command line, when the binary is called as `nix-instantiate`: so that other people's
//! test suites run against this evaluator unchanged. Layout and wording are Nix's here.

mod args;
mod error_layout;
mod instantiate;

pub use instantiate::main;
