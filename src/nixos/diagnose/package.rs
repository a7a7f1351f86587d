//! Finds where the user's files ask for a package that nixpkgs refuses.
//!
//! The message says where the package is written, which is in nixpkgs, and the trace leads through
//! lists of packages, whose elements it does not name. The name is looked for in the text.

use super::assertion::in_own_files;
use super::hints::refused;
use super::tree::{Tree, each_expr};
use super::viewpoint::Viewpoint;
use diag::Span;
use eval::Evaluator;
use syntax::ast::{AttrName, ExprKind};

/// Returns the place where the package is taken out of a set of packages, else where it is named.
pub(super) fn asked_for(ev: &mut Evaluator, message: &str, view: &Viewpoint<'_>) -> Option<Span> {
    let (_, name) = refused(message)?;
    in_own_files(ev, view, |tree| selection(tree, name)).or_else(|| in_own_files(ev, view, |tree| variable(tree, name)))
}

/// Returns the selection of a name (`pkgs.NAME`).
fn selection(tree: &Tree<'_>, name: &str) -> Option<Span> {
    let symbol = tree.symbols.find(name.as_bytes())?;
    let mut found = None;
    each_expr(tree.root, |expr| {
        if let ExprKind::Select { path, .. } = &expr.kind
            && matches!(path.last(), Some(AttrName::Static(last)) if *last == symbol)
            && expr.span.start.is_some()
        {
            found = Some(expr.span);
        }
    });
    found
}

/// Returns the variable of a name (`with pkgs; [ NAME ]`).
fn variable(tree: &Tree<'_>, name: &str) -> Option<Span> {
    let symbol = tree.symbols.find(name.as_bytes())?;
    let mut found = None;
    each_expr(tree.root, |expr| {
        if matches!(expr.kind, ExprKind::Var(own) if own == symbol) && expr.span.start.is_some() {
            found = Some(expr.span);
        }
    });
    found
}
