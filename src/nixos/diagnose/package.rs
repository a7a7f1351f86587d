//! Finds where the user's files ask for a package that nixpkgs refuses.
//!
//! The message says where the package is written, which is in nixpkgs, and the trace leads through
//! lists of packages, whose elements it does not name, to any option that is made of them. The name is
//! looked for in the text, and the option is the one that is defined there.

use super::assertion::in_own_files;
use super::hints::refused;
use super::tree::{Tree, with_tree};
use super::viewpoint::Viewpoint;
use diag::Span;
use eval::Evaluator;
use syntax::Symbol;
use syntax::ast::{AttrName, BindingValue, ExprKind, ExprRef};
use syntax::walk::{children, each_expr};

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

/// Returns the option in whose definition a place is, as far as the text tells.
pub(super) fn option_around(ev: &mut Evaluator, span: Span) -> Option<String> {
    let (file, _) = ev.sources.lookup(span.start)?;
    with_tree(ev, file, |tree| around(tree, span))
}

/// Most names of an option's path; a bound against files made to be hostile.
const MOST_NAMES: usize = 32;

fn around(tree: &Tree<'_>, span: Span) -> Option<String> {
    let mut open: Vec<(ExprRef<'_>, Vec<Symbol>)> = vec![(tree.root, Vec::new())];
    while let Some((expr, path)) = open.pop() {
        if expr.span == span {
            let names = path
                .iter()
                .map(|&name| String::from_utf8_lossy(tree.symbols.bytes(name)).into_owned());
            let names: Vec<String> = names.skip_while(|name| name == "config").collect();
            return (names.len() > 1).then(|| names.join("."));
        }
        match &expr.kind {
            ExprKind::Attrs(bindings) if path.len() < MOST_NAMES => {
                for binding in bindings.attrs {
                    if let BindingValue::Plain(value) = binding.value {
                        open.push((value, [&path[..], &[binding.name]].concat()));
                    }
                }
            }
            ExprKind::Attrs(_) => {}
            // What a variable is for is not told where it is bound.
            ExprKind::Let { body, .. } => open.push((body, path)),
            _ => {
                let mut inner = Vec::new();
                children(expr, &mut inner);
                open.extend(inner.into_iter().map(|expr| (expr, path.clone())));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::evaluator;
    use diag::Origin;

    #[test]
    fn the_option_around_a_package_is_told() {
        let check = |text: &str, option: Option<&str>| {
            let mut ev = evaluator(&[]);
            let (_, base) = ev
                .sources
                .add(Origin::File(b"/a.nix".as_slice().into()), text.as_bytes().into());
            let at = text.find("pkgs.x").unwrap() as u32;
            let span = Span::new(base.offset(at), base.offset(at + 6));
            assert_eq!(option_around(&mut ev, span).as_deref(), option, "{text}");
        };
        check(
            "{ environment.systemPackages = [ pkgs.x ]; }",
            Some("environment.systemPackages"),
        );
        check(
            "{ pkgs, ... }: { config = lib.mkIf true { services.a = { package = pkgs.x; }; }; }",
            Some("services.a.package"),
        );
        check("{ pkgs, ... }: let y = pkgs.x; in { a.b = y; }", None);
        check("pkgs.x", None);
    }
}
