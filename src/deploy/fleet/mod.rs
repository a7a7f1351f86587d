//! Several hosts that are deployed to in one run: which ones, how each is reached, in which order, and when no more are begun.
//!
//! All of it is data that can be printed before anything is done. Who carries it out asks a [`Rollout`] which host comes next.

mod host;
mod read;
mod rollout;
mod selector;
mod settings;
mod values;
mod waves;

pub use host::Host;
pub use read::{Known, systems};
pub use rollout::{Limits, Rollout};
pub use selector::{Selector, select};
pub use settings::{Defaults, Fleet, HealthSettings, HostSettings};
pub use waves::{Wave, Waves};

/// The file's name, beside `flake.nix`.
pub const FILE: &str = "deploy.yaml";

#[cfg(test)]
mod tests;
