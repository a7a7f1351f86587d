//! NixOS as cfgcheck sees it: what a flake offers, one system of it judged, and what its module
//! system's messages mean.

mod definition;
mod definitions;
pub mod diagnose;
#[cfg(test)]
mod fixture;
mod judge;
mod modules;
mod option;
mod option_path;
mod printed;
mod system;
mod targets;
mod walk;

pub use definition::{Definition, Order, Owner, Priority, Standing};
pub use judge::{Judged, Warning, judge};
pub use modules::Module;
pub use option::Declared;
pub use option_path::{OptionPath, OptionPathError};
pub use system::{Reading, System};
pub use targets::{Kind, Target, discover};
