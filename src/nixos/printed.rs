//! Values as a person reads them: in Nix's own syntax, cut to size.

use eval::error::Eval;
use eval::show::ShowOptions;
use eval::{Evaluator, Ref};

/// How much of a value is shown.
const SHOWN: ShowOptions = ShowOptions {
    force: true,
    derivation_paths: true,
    track_repeated: false,
    max_depth: 6,
    max_attrs: 100,
    max_items: 100,
    max_string: 2000,
    indent: 2,
};

/// Returns a value as text. What fails inside it is told in its place.
pub(crate) fn printed(ev: &mut Evaluator, cell: Ref) -> Eval<String> {
    let value = ev.force(cell, diag::Pos::NONE)?;
    let shown = ev.show_with(value, SHOWN)?;
    Ok(String::from_utf8_lossy(&shown).into_owned())
}
