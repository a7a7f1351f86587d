//! Rules, policies, and what keeps a finding from counting.
//!
//! A rule makes cases with findings ([`report::Case`]); a [`Gate`] lets them through: it knows the
//! levels, the comments that allow something, the waivers and the baseline.

mod allow;
pub mod baseline;
pub mod closure;
mod day;
pub mod diff;
pub mod fleet;
mod gate;
pub mod host;
mod level;
pub mod lock;
pub mod outputs;
pub mod policy;
mod rule;
mod rules;
pub mod settings;
pub mod source;
pub mod waiver;

pub use day::Day;
pub use gate::{Gate, Sources};
pub use level::Level;
pub use rule::Rule;
pub use rules::{rule, rules};
pub use waiver::Waiver;
