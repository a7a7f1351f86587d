//! NixOS as cfgcheck sees it: what a flake offers, one system of it judged, and what its module
//! system's messages mean.

pub mod diagnose;
mod judge;
mod targets;

pub use judge::{Judged, Warning, judge};
pub use targets::{Kind, Target, discover};
