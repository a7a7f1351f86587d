//! Places of options in source texts, for what is no error.

use super::assertion::in_own_files;
use super::attr_path::{Step, written};
use super::definitions::{Found, declarations, definitions};
use super::message::{self, Kind};
use super::options::file_of;
use super::tree::{Tree, find_file, with_tree};
use super::viewpoint::Viewpoint;
use crate::option_path::shown;
use diag::{Pos, Span};
use eval::{EvalError, Evaluator};
use syntax::ast::{BindingValue, ExprKind, ExprRef};
use syntax::walk::each_expr;

/// Whether an error says that nothing defines the option at this path.
pub(crate) fn is_undefined(error: &EvalError, path: &[impl AsRef<str>]) -> bool {
    let message = message::read(&error.message);
    message.is_some_and(|message| message.kind == Kind::NoValue && message.option == shown(path))
}

/// Whether an error says that something is defined that is no option.
pub(crate) fn is_missing_option(error: &EvalError) -> bool {
    message::read(&error.message).is_some_and(|message| matches!(message.kind, Kind::Missing(_)))
}

/// Returns the span of the attribute path that starts at a line and column (in bytes) of a file, as
/// `unsafeGetAttrPos` gives them.
pub(crate) fn name_at(ev: &Evaluator, file: &str, line: i64, column: i64) -> Option<Span> {
    let id = find_file(ev, file.as_bytes())?;
    let file = ev.sources.file(id);
    let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?);
    // Looked for line by line, as the file's own table answers only the other question.
    let lines = file.text.split_inclusive(|&b| b == b'\n');
    let before: usize = lines.take(line.checked_sub(1)?).map(<[u8]>::len).sum();
    let start = before + column.checked_sub(1)?;
    let last = written(&file.text, start).pop()?;
    Some(Span::new(
        file.base.offset(u32::try_from(start).ok()?),
        file.base.offset(u32::try_from(last.range.end).ok()?),
    ))
}

/// Returns the binding that starts at a position: from its path to its value's end if that is on the
/// same line, else its path.
pub fn binding_at(ev: &mut Evaluator, pos: Pos) -> Option<Span> {
    let (file, _) = ev.sources.lookup(pos)?;
    with_tree(ev, file, |tree| {
        let start = tree.offset(pos);
        let path_end = written(tree.text, start).last()?.range.end;
        let end = value_at(tree, pos).map(|value| tree.offset(value.span.end));
        let one_line = |end: &usize| *end > path_end && !tree.text[start..*end].contains(&b'\n');
        Some(Span::new(pos, tree.pos(end.filter(one_line).unwrap_or(path_end))))
    })
}

/// Returns the binding that a position inside its value belongs to, the innermost one, as `binding_at` does.
pub(crate) fn binding_around(ev: &mut Evaluator, pos: Pos) -> Option<Span> {
    let (file, _) = ev.sources.lookup(pos)?;
    let innermost = with_tree(ev, file, |tree| {
        let mut found: Option<(Span, Pos)> = None;
        each_expr(tree.root, |expr| {
            let (ExprKind::Attrs(set) | ExprKind::Let { bindings: set, .. }) = &expr.kind else {
                return;
            };
            for binding in set.attrs {
                let BindingValue::Plain(value) = binding.value else {
                    continue;
                };
                let around = value.span.start <= pos && pos < value.span.end;
                if around && found.is_none_or(|(known, _)| known.start <= value.span.start) {
                    found = Some((value.span, binding.pos));
                }
            }
        });
        found.map(|(_, pos)| pos)
    });
    binding_at(ev, innermost?)
}

/// Returns what is written in the binding that starts at a position, from its path to its value's end.
pub fn binding_text(ev: &mut Evaluator, pos: Pos) -> Option<Vec<u8>> {
    let (file, _) = ev.sources.lookup(pos)?;
    with_tree(ev, file, |tree| {
        let value = value_at(tree, pos)?;
        tree.text
            .get(tree.offset(pos)..tree.offset(value.span.end))
            .map(<[u8]>::to_vec)
    })
}

/// Returns where a string is written in the value of the binding that starts at a position: the binding inside of the
/// value whose string it is, else the string alone, as an element of a list.
pub fn string_in(ev: &mut Evaluator, pos: Pos, text: &str) -> Option<Span> {
    let (file, _) = ev.sources.lookup(pos)?;
    let literal = with_tree(ev, file, |tree| {
        let value = value_at(tree, pos)?;
        let (start, end) = (tree.offset(value.span.start), tree.offset(value.span.end));
        let quoted = format!("\"{text}\"");
        let at = tree
            .text
            .get(start..end)?
            .windows(quoted.len())
            .position(|part| part == quoted.as_bytes())?;
        Some(Span::new(tree.pos(start + at), tree.pos(start + at + quoted.len())))
    })?;
    let around = binding_around(ev, literal.start);
    Some(around.filter(|around| around.start > pos).unwrap_or(literal))
}

/// Returns the value of the binding that starts at a position: of `a.b = 1` that of `b`.
fn value_at<'t>(tree: &Tree<'t>, pos: Pos) -> Option<ExprRef<'t>> {
    let mut value: Option<ExprRef<'t>> = None;
    each_expr(tree.root, |expr| {
        let (ExprKind::Attrs(set) | ExprKind::Let { bindings: set, .. }) = &expr.kind else {
            return;
        };
        let plain = set
            .attrs
            .iter()
            .filter(|binding| binding.pos == pos)
            .filter_map(|b| match b.value {
                BindingValue::Plain(value) => Some(value),
                _ => None,
            });
        let computed = set.dynamic.iter().filter(|binding| binding.pos == pos).map(|b| b.value);
        // The sets of the names on the way have no place of their own, or a wider one.
        for own in plain.chain(computed).filter(|own| own.span.start.is_some()) {
            if value.is_none_or(|known| known.span.start <= own.span.start) {
                value = Some(own);
            }
        }
    });
    value
}

/// Returns the binding of an option in a module's file, by the file's text.
pub(crate) fn defined_in(ev: &mut Evaluator, file: &str, path: &[impl AsRef<str>]) -> Option<Span> {
    let file = file_of(ev, file)?;
    let found = with_tree(ev, file, |tree| definitions(tree, &steps(path)));
    found
        .into_iter()
        .find(|found| is_whole(found, path.len()))
        .map(|found| found.binding)
}

/// Returns the declaration of an option in a module's file, by the file's text.
pub(crate) fn declared_in(ev: &mut Evaluator, file: &str, path: &[impl AsRef<str>]) -> Option<Span> {
    let file = file_of(ev, file)?;
    let found = with_tree(ev, file, |tree| declarations(tree, &steps(path)));
    let found = found.into_iter().find(|found| is_whole(found, path.len() + 1))?;
    Some(Span::new(found.binding.start, found.name.end))
}

/// Whether all names lead to a binding, and not only the last of them.
fn is_whole(found: &Found, names: usize) -> bool {
    found.matched == names
}

fn steps(path: &[impl AsRef<str>]) -> Vec<Step> {
    let step = |name: &str| Step::Name(name.as_bytes().to_vec());
    path.iter().map(|name| step(name.as_ref())).collect()
}

/// Returns the path literal by which a module is imported, in the file where a position lies; the
/// position itself if the path is not written out there.
pub(crate) fn import_of(ev: &mut Evaluator, pos: Pos, path: &str) -> Option<Span> {
    let (file, _) = ev.sources.lookup(pos)?;
    let written = with_tree(ev, file, |tree| path_literal(tree, path));
    written.or_else(|| binding_at(ev, pos))
}

/// Returns the literal of a path in the user's own files.
pub(crate) fn path_in_own_files(ev: &mut Evaluator, path: &str, view: &Viewpoint<'_>) -> Option<Span> {
    in_own_files(ev, view, |tree| path_literal(tree, path))
}

fn path_literal(tree: &Tree<'_>, path: &str) -> Option<Span> {
    let mut found = None;
    each_expr(tree.root, |expr| {
        if matches!(expr.kind, ExprKind::Path(own) if own == path.as_bytes()) && expr.span.start.is_some() {
            found = found.or(Some(expr.span));
        }
    });
    found
}
