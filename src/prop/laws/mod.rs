//! All laws about the library, each with its documentation; one file holds one law or a few close ones.

mod apply;
mod asking;
#[cfg(test)]
mod broken;
mod conditions;
mod conflicts;
mod disabled;
mod imports;
pub mod known;
mod lists;
mod merges;
mod priorities;
mod sets;
mod table;
#[cfg(test)]
mod tests;
mod values;

use crate::Law;
use std::sync::LazyLock;

/// Returns every law about the library.
pub fn all() -> &'static [Law] {
    &ALL
}

static ALL: LazyLock<Vec<Law>> = LazyLock::new(|| {
    [
        imports::LAWS,
        merges::LAWS,
        conditions::LAWS,
        priorities::LAWS,
        conflicts::LAWS,
        lists::LAWS,
        sets::LAWS,
        values::LAWS,
        apply::LAWS,
        disabled::LAWS,
        &[crate::model::LAW],
    ]
    .concat()
});
