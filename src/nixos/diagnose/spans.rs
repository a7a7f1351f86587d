//! From the place where something starts, which is all that an error knows, to all of its text.
//!
//! The file is parsed again, and what the tree has at that place is what is meant: a name that is
//! bound, an operator, or an expression.

use super::attr_path::{is_name_byte, written};
use super::tree::{Tree, with_tree};
use diag::{Pos, Span};
use eval::Evaluator;
use syntax::ast::{BindingValue, ExprKind, ExprRef};
use syntax::walk::each_expr;

/// Which of the expressions that start at one place is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aim<'n> {
    /// The largest whose own place it is: a call with its arguments, a selection with its path.
    Whole,
    /// The smallest: a variable.
    Smallest,
    /// The name that is looked for in a set, which is not there.
    Selected(&'n str),
}

/// Returns the span of what starts at a place, cut at the end of its first line.
pub(super) fn span_at(ev: &mut Evaluator, pos: Pos, aim: Aim<'_>) -> Span {
    let Some((file, offset)) = ev.sources.lookup(pos) else {
        return Span::new(pos, pos);
    };
    let end = with_tree(ev, file, |tree| {
        first_line(tree.text, offset as usize, end_at(tree, pos, aim))
    });
    match end {
        Ok(span) => Span::new(
            pos.offset((span.0 - offset as usize) as u32),
            pos.offset((span.1 - offset as usize) as u32),
        ),
        Err(()) => Span::new(pos, pos.offset(1)),
    }
}

/// Cuts a range at the end of the line on which it starts; an error if nothing of it is left.
fn first_line(text: &[u8], offset: usize, range: Option<(usize, usize)>) -> Result<(usize, usize), ()> {
    let (start, end) = range.ok_or(())?;
    let (start, end) = (start.min(text.len()), end.min(text.len()));
    let line = text[start..]
        .iter()
        .position(|b| matches!(b, b'\n' | b'\r'))
        .map_or(text.len(), |n| start + n);
    let mut end = end.min(line);
    while end > start && text[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    if end > start && start >= offset {
        Ok((start, end))
    } else {
        Err(())
    }
}

fn end_at(tree: &Tree<'_>, pos: Pos, aim: Aim<'_>) -> Option<(usize, usize)> {
    let start = tree.offset(pos);
    let mut found: Vec<ExprRef<'_>> = Vec::new();
    let mut operator = false;
    let mut name = false;
    each_expr(tree.root, |expr| {
        match &expr.kind {
            ExprKind::Attrs(set) | ExprKind::Let { bindings: set, .. } => {
                name |= set.attrs.iter().any(|b| b.pos == pos) || set.dynamic.iter().any(|b| b.pos == pos);
            }
            ExprKind::Lambda(lambda) => {
                name |= lambda
                    .formals
                    .iter()
                    .flat_map(|f| f.formals)
                    .any(|formal| formal.pos == pos);
            }
            _ => {}
        }
        if !expr.span.start.is_some() {
            return;
        }
        if expr.span.start == pos {
            found.push(expr);
        } else if expr.pos == pos {
            operator = true;
        }
    });
    if name {
        return written(tree.text, start).last().map(|last| (start, last.range.end));
    }
    let length = |expr: &&ExprRef<'_>| expr.span.end.0 - expr.span.start.0;
    let smallest = found.iter().min_by_key(length).copied();
    let whole = found.iter().filter(|expr| expr.pos == pos).max_by_key(length).copied();
    let chosen = match aim {
        Aim::Selected(name) => {
            let selections = found.iter().filter(|expr| matches!(expr.kind, ExprKind::Select { .. }));
            if let Some(range) = selections
                .max_by_key(length)
                .and_then(|select| selected(tree, select, name))
            {
                return Some(range);
            }
            whole.or(smallest)
        }
        Aim::Smallest => smallest,
        Aim::Whole => whole.or(smallest),
    };
    if chosen.is_none() || (operator && whole.is_none() && aim == Aim::Whole) {
        return operator_at(tree.text, start).or_else(|| chosen.map(|expr| (start, tree.offset(expr.span.end))));
    }
    let chosen = chosen?;
    let end = match &chosen.kind {
        ExprKind::Assert { condition, .. } | ExprKind::If { condition, .. } => condition.span.end,
        ExprKind::With { scope, .. } => scope.span.end,
        _ => chosen.span.end,
    };
    Some((start, tree.offset(end)))
}

/// Returns where a name stands in the path of a selection.
fn selected(tree: &Tree<'_>, select: ExprRef<'_>, name: &str) -> Option<(usize, usize)> {
    let ExprKind::Select { subject, .. } = &select.kind else {
        return None;
    };
    let mut at = tree.offset(subject.span.end);
    // The dot may stand behind a parenthesis, which is part of neither.
    while tree.text.get(at).is_some_and(|&b| b != b'.') && at < tree.offset(select.span.end) {
        at += 1;
    }
    at += 1;
    while tree.text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    let names = written(tree.text, at);
    let own = names.iter().find(|w| w.name.as_deref() == Some(name.as_bytes()));
    own.or_else(|| names.iter().find(|w| w.name.is_none()))
        .map(|w| (w.range.start, w.range.end))
}

const OPERATORS: [&[u8]; 10] = [b"==", b"!=", b"<=", b">=", b"&&", b"||", b"->", b"//", b"++", b"|>"];

fn operator_at(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let rest = text.get(start..)?;
    if OPERATORS.iter().any(|op| rest.starts_with(op)) {
        return Some((start, start + 2));
    }
    // In a text that could not be parsed, a path is likely that of a binding.
    if let Some(last) = written(text, start).last() {
        return Some((start, last.range.end));
    }
    let word = rest.iter().take_while(|&&b| is_name_byte(b)).count();
    (!rest.is_empty()).then_some((start, start + word.max(1)))
}

/// Returns the span of a formal of a function of a file, and of the file's outermost one first.
pub(super) fn formal(tree: &Tree<'_>, name: &[u8]) -> Option<Span> {
    let symbol = tree.symbols.find(name)?;
    let mut starts: Vec<Pos> = Vec::new();
    each_expr(tree.root, |expr| {
        if let ExprKind::Lambda(lambda) = &expr.kind {
            let formals = lambda.formals.iter().flat_map(|f| f.formals);
            starts.extend(formals.filter(|formal| formal.name == symbol).map(|formal| formal.pos));
        }
    });
    let start = starts.into_iter().min()?;
    Some(Span::new(start, start.offset(name.len() as u32)))
}

/// Returns the span of a binding of this name in the set that a module is, whatever stands around it.
pub(super) fn top_binding(tree: &Tree<'_>, name: &[u8]) -> Option<Span> {
    let symbol = tree.symbols.find(name)?;
    let mut expr = tree.root;
    loop {
        expr = match &expr.kind {
            ExprKind::Lambda(lambda) => lambda.body,
            ExprKind::Let { body, .. } | ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => body,
            ExprKind::Attrs(set) => {
                let binding = set.attrs.iter().find(|b| b.name == symbol)?;
                let inherited = !matches!(binding.value, BindingValue::Plain(_));
                let names = written(tree.text, tree.offset(binding.pos));
                let end = if inherited { names.first() } else { names.last() }?.range.end;
                return Some(Span::new(binding.pos, tree.pos(end)));
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::evaluator;
    use diag::Origin;

    #[test]
    fn what_starts_at_a_place_is_marked_whole() {
        let check = |text: &str, at: &str, aim: Aim<'_>, expected: &str| {
            let mut ev = evaluator(&[]);
            let (_, base) = ev.sources.add(Origin::String, text.as_bytes().into());
            let start = text.find(at).unwrap();
            let span = span_at(&mut ev, base.offset(start as u32), aim);
            let found = &text[(span.start.0 - base.0) as usize..(span.end.0 - base.0) as usize];
            assert_eq!(found, expected, "{text}");
        };
        check("{ a.b.c = 1; }", "a.b", Aim::Whole, "a.b.c");
        check("{ inherit (x) foo bar; }", "foo", Aim::Whole, "foo");
        check("{ pkgs, lib ? 1 }: x", "lib", Aim::Whole, "lib");
        check("1 + f x", "+", Aim::Whole, "+");
        check("a // b", "//", Aim::Whole, "//");
        check("a.b.c d", "a.b", Aim::Selected("b"), "b");
        check("(f x).b.c", "(", Aim::Selected("c"), "c");
        check("a.${x} d", "a.", Aim::Selected("b"), "${x}");
        check("throw \"no\"", "throw", Aim::Whole, "throw \"no\"");
        check("foo bar", "foo", Aim::Smallest, "foo");
        check("f {\n  a = 1;\n}", "f", Aim::Whole, "f {");
        check("assert a == b; c", "assert", Aim::Whole, "assert a == b");
        check("\"x${a.b}\"", "a.b", Aim::Whole, "a.b");
        check("a = = 1", "= =", Aim::Whole, "=");
    }
}
