//! What `cfgcheck.yaml` says to rules: their levels, waivers, and what single rules need to know.

mod closure;
mod inputs;
mod layout;
mod paths;
mod policies;
#[cfg(feature = "schema")]
mod schema;
pub mod values;

pub use closure::{Budget, Closure, Growth};
pub use inputs::{Class, InputPolicy, Inputs, MaxAge};
pub use layout::Layout;
pub use paths::PathPattern;
pub use policies::Policies;
pub(crate) use values::from_text;
pub use values::{Bytes, Pattern, System, Time, Version};
