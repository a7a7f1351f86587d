//! Nix's own command line, when the binary is called as `nix-instantiate`: so that other people's
//! test suites run against this evaluator unchanged. Layout and wording are Nix's here.

mod args;
mod error_layout;
mod instantiate;

pub use args::{apply as apply_settings, read_config, search_path_entry, split_nix_path};
pub use error_layout::render as render_error;
pub use instantiate::main;
