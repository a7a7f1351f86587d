//! All laws, each with its documentation; one file holds one law or a few close ones.

mod apply;
mod asking;
#[cfg(test)]
mod broken;
mod conditions;
mod conflicts;
mod imports;
pub mod known;
mod lists;
mod merges;
mod priorities;
#[cfg(test)]
mod tests;

use crate::Law;

/// Returns every law, those about the library first.
pub fn all() -> &'static [Law] {
    ALL
}

static ALL: &[Law] = &[
    imports::ORDER,
    imports::TWICE,
    merges::FLAT,
    conditions::FALSE,
    priorities::ORDER,
    apply::ONCE,
    conflicts::NAMED,
    lists::UNION,
    lists::ORDER,
    crate::model::LAW,
];
