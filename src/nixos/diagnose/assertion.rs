//! Finds where an assertion or a warning of a configuration is written, by its text.

use super::attr_path::option_steps;
use super::definitions::from_root;
use super::tree::{Tree, with_tree};
use super::viewpoint::{Viewpoint, inputs_of};
use diag::{Diagnostic, Origin, Span};
use eval::Evaluator;
use syntax::ast::{ExprKind, ExprRef};
use syntax::walk::each_expr;

/// Least bytes of fixed text by which a message is recognised.
const LEAST_TEXT: usize = 12;

/// Returns the string literal in the user's files whose text a message has.
fn locate_message(ev: &mut Evaluator, message: &str, view: &Viewpoint<'_>) -> Option<Span> {
    in_own_files(ev, view, |tree| literal(tree, message.trim()))
}

/// Returns the path that a message is about, and where the user's files name it: one that does not
/// exist, that must not be read, or that stands where something else is wanted.
pub(super) fn named_path(ev: &mut Evaluator, message: &str, view: &Viewpoint<'_>) -> Option<(Vec<u8>, Span)> {
    let path = path_in(message, view)?;
    let path = path.as_slice();
    let span = in_own_files(ev, view, |tree| {
        let mut found = None;
        each_expr(tree.root, |expr| {
            let is_named = |own: &[u8]| own == path || path.strip_prefix(own) == Some(b"/default.nix");
            if matches!(expr.kind, ExprKind::Path(own) if is_named(own)) && expr.span.start.is_some() {
                found = Some(expr.span);
            }
        });
        found
    })?;
    Some((path.to_vec(), span))
}

/// Returns the whole path that a message is about.
fn path_in(message: &str, view: &Viewpoint<'_>) -> Option<Vec<u8>> {
    let between = |start: &str, end: &str| Some(message.split_once(start)?.1.split_once(end)?.0);
    let told = between("path '", "' does not exist")
        .or_else(|| between("opening file '", "': No such file or directory"))
        .or_else(|| between("path '", "' is forbidden in pure"));
    let found = || message.split_once(" but found a path: ").map(|(_, path)| path.trim());
    if let Some(path) = told.or_else(found) {
        return Some(path.as_bytes().to_vec());
    }
    // Of a file in a repository Git's own path is told, which starts at the repository's root.
    let (path, rest) = message.strip_prefix("Path '")?.split_once('\'')?;
    let of_git = rest.starts_with(" in the repository ") || rest.starts_with(" does not exist in Git repository ");
    of_git.then(|| [view.root, b"/", path.as_bytes()].concat())
}

/// Returns what `look` finds in the first of the user's files that has it, the file read last first.
pub(super) fn in_own_files(
    ev: &mut Evaluator,
    view: &Viewpoint<'_>,
    look: impl Fn(&Tree<'_>) -> Option<Span>,
) -> Option<Span> {
    for id in ev.texts().to_vec().into_iter().rev() {
        let origin = &ev.sources.file(id).origin;
        if matches!(origin, Origin::File(_)) && view.is_own(origin) {
            let found = with_tree(ev, id, &look);
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

fn literal(tree: &Tree<'_>, message: &str) -> Option<Span> {
    let mut best: Option<(usize, Span)> = None;
    each_expr(tree.root, |expr| {
        if let Some(fixed) = matches(expr, message)
            && best.is_none_or(|(most, _)| fixed > most)
            && expr.span.start.is_some()
        {
            best = Some((fixed, expr.span));
        }
    });
    let (_, span) = best?;
    let (start, end) = (tree.offset(span.start), tree.offset(span.end));
    let line = tree.text[start..end]
        .iter()
        .position(|&b| b == b'\n')
        .map_or(end, |n| start + n);
    Some(Span::new(span.start, tree.pos(line.max(start + 1))))
}

/// Returns how many bytes of fixed text a string has, if a message can be its value.
fn matches(expr: ExprRef<'_>, message: &str) -> Option<usize> {
    match &expr.kind {
        ExprKind::Str(text) => (text.trim_ascii() == message.as_bytes() && !message.is_empty()).then_some(text.len()),
        ExprKind::Concat {
            force_string: true,
            parts,
        } => {
            let mut rest = message;
            let mut fixed = 0;
            for (_, part) in *parts {
                let ExprKind::Str(text) = part.kind else { continue };
                let text = std::str::from_utf8(text).ok()?;
                let text = if fixed == 0 { text.trim_start() } else { text };
                let text = text.trim_end_matches('\n');
                rest = &rest[rest.find(text)? + text.len()..];
                fixed += text.len();
            }
            (fixed >= LEAST_TEXT).then_some(fixed)
        }
        _ => None,
    }
}

/// Returns the diagnostic of an assertion that does not hold: the definition that it is about, if its
/// message names an option that the user defines, and the assertion itself, if it is the user's.
pub fn failed_assertion(ev: &mut Evaluator, message: &str, view: &Viewpoint<'_>) -> Diagnostic {
    told(
        ev,
        Diagnostic::error(""),
        message,
        ["this assertion does not hold", "asserted here"],
        view,
    )
}

/// Returns the diagnostic of a warning of the configuration, placed as that of an assertion.
pub fn configuration_warning(ev: &mut Evaluator, message: &str, view: &Viewpoint<'_>) -> Diagnostic {
    let mut diagnostic = told(
        ev,
        Diagnostic::warning(""),
        message,
        ["this warns", "the warning is made here"],
        view,
    );
    if let Some((_, new)) = message.split_once(" has been renamed to `")
        && let Some((new, _)) = new.split_once('\'')
    {
        diagnostic = diagnostic.hint(format!("write `{new}`"));
    }
    diagnostic
}

/// Returns a diagnostic with a message of the configuration, its places marked: the definitions that
/// the message names and the message itself; `words` say of the latter what it is, alone or beside others.
fn told(
    ev: &mut Evaluator,
    diagnostic: Diagnostic,
    message: &str,
    words: [&str; 2],
    view: &Viewpoint<'_>,
) -> Diagnostic {
    let inputs = inputs_of(ev, view);
    let view = &Viewpoint {
        inputs: &inputs,
        ..*view
    };
    let mut diagnostic = Diagnostic {
        message: view.shorten(message.trim()).into_owned(),
        ..diagnostic
    };
    let written = locate_message(ev, message, view);
    for option in options_in(message) {
        let steps = option_steps(&option);
        for id in ev.texts().to_vec().into_iter().rev() {
            if !view.is_own(&ev.sources.file(id).origin) {
                continue;
            }
            let found = with_tree(ev, id, |tree| from_root(tree, &steps));
            let whole = found.into_iter().find(|found| !found.guessed);
            if let Some(found) = whole
                && !diagnostic.labels.iter().any(|label| label.span == found.binding)
            {
                diagnostic = if diagnostic.labels.is_empty() {
                    diagnostic.at(found.binding, "it is about this definition")
                } else {
                    diagnostic.also(found.binding, "and about this one")
                };
            }
        }
    }
    match (written, diagnostic.labels.is_empty()) {
        (Some(span), true) => diagnostic.at(span, words[0]),
        (Some(span), false) => diagnostic.also(span, words[1]),
        (None, _) => diagnostic,
    }
}

/// Returns what looks like the path of an option in a text: at least three names, or two in quotes.
fn options_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    for word in text.split(|c: char| !is_part(c)) {
        let word = word.trim_matches(['.', '-']);
        let names = word.split('.').count();
        let plain = word
            .split('.')
            .all(|n| n.starts_with(|c: char| c.is_ascii_alphabetic()));
        if names >= 2 && plain && word.len() >= 5 && !found.iter().any(|f| f == word) && found.len() < 4 {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_seen_in_messages() {
        let check = |text: &str, options: &[&str]| assert_eq!(options_in(text), options, "{text}");
        check(
            "Set boot.loader.grub.devices or `boot.loader.efi'.",
            &["boot.loader.grub.devices", "boot.loader.efi"],
        );
        check("users.users.alice: no 26.05, e.g. nothing.", &["users.users.alice"]);
        check("", &[]);
    }
}
