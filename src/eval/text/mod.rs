//! Pure functions on byte strings that builtins are made of: no values, no heap, no IO.

mod grisu;
pub mod json;
pub mod number;
pub mod path;
pub mod print;
pub mod regex;
pub mod replace;
pub mod toml;
pub mod version;
pub mod xml;
