//! All laws about the library, each with its documentation; one file holds one law or a few close ones.

mod apply;
mod arguments;
mod asking;
mod bounds;
#[cfg(test)]
mod broken;
mod composed;
mod conditions;
mod conflicts;
mod containers;
mod described;
mod disabled;
mod facts;
mod files;
mod imports;
mod insides;
mod joined;
pub mod known;
mod lists;
mod merges;
mod options;
#[cfg(test)]
mod page;
mod priorities;
mod properties;
mod refused;
mod renames;
mod sets;
mod shapes;
mod table;
#[cfg(test)]
mod tests;
mod unknown;
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
        facts::LAWS,
        properties::LAWS,
        shapes::LAWS,
        files::LAWS,
        arguments::LAWS,
        unknown::LAWS,
        renames::LAWS,
        containers::LAWS,
        refused::LAWS,
        described::LAWS,
        insides::LAWS,
        joined::LAWS,
        bounds::LAWS,
        options::LAWS,
        composed::LAWS,
        crate::model::LAWS,
    ]
    .concat()
});
