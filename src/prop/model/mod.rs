//! The reference model: what the module system makes of modules, once more in plain Rust.

mod check;
mod equal;

pub use check::accepts;
pub use equal::same;

use crate::Ground;

/// Which library's semantics are modelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edition {
    /// That of nixpkgs 26.11.
    Current,
    /// That of nixpkgs 20.09 and before.
    Of2020,
}

impl Edition {
    /// Returns the edition of a library; `None` if it is one of the years between, which are not modelled.
    pub fn of(ground: &Ground) -> Option<Edition> {
        if ground.has_type("attrListOf") {
            Some(Edition::Current)
        } else if !ground.has_type("anything") {
            Some(Edition::Of2020)
        } else {
            None
        }
    }
}
