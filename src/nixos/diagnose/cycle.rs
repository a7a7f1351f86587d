//! Names the cycle of an infinite recursion.
//!
//! The trace of such an error leads from the value that was asked for to the place that needs a value
//! already under way. The options on that way, from the one needed again to the innermost, are the
//! cycle; which one is needed again is what the place itself names.

use super::chain::option_of;
use super::spans::{Aim, span_at};
use super::viewpoint::Viewpoint;
use diag::{Diagnostic, Pos};
use eval::{EvalError, Evaluator};

/// Most options of a cycle that are named.
const MOST: usize = 8;

/// Adds the cycle to the notes, as far as it can be told.
pub(super) fn tell(ev: &mut Evaluator, diagnostic: &mut Diagnostic, error: &EvalError, view: &Viewpoint<'_>) {
    let mut options: Vec<&str> = Vec::new();
    for option in error.traces.iter().filter_map(|trace| option_of(&trace.text)) {
        if options.last() != Some(&option) && !is_inner(option) {
            options.push(option);
        }
    }
    if options.is_empty() {
        return;
    }
    let again = needed_again(ev, error, view, &options);
    match again {
        Some(0) => {
            diagnostic
                .notes
                .push(format!("the value of `{}` needs itself", options[0]));
        }
        Some(last) => {
            let mut way: Vec<&str> = options[..=last].iter().rev().take(MOST).copied().collect();
            way.push(options[last]);
            let way: Vec<String> = way.iter().map(|option| format!("`{option}`")).collect();
            diagnostic.notes.push(format!("the cycle: {}", way.join(" needs ")));
        }
        None => {
            let way: Vec<String> = options
                .iter()
                .take(MOST)
                .rev()
                .map(|option| format!("`{option}`"))
                .collect();
            diagnostic
                .notes
                .push(format!("the options on the way: {}", way.join(", then ")));
        }
    }
}

/// Whether an option belongs to the module system itself.
fn is_inner(option: &str) -> bool {
    option.starts_with("_module.")
}

/// Returns which of the options is needed again: the nearest one whose path ends in what is written
/// at the innermost place of the user's.
fn needed_again(ev: &mut Evaluator, error: &EvalError, view: &Viewpoint<'_>, options: &[&str]) -> Option<usize> {
    if let Some(at) = (1..options.len()).find(|&at| options[..at].contains(&options[at])) {
        return Some(at);
    }
    let places = std::iter::once(error.pos).chain(error.traces.iter().map(|trace| trace.pos));
    let pos: Pos = places.filter(|&pos| view.owns(&ev.sources, pos)).take(1).next()?;
    let span = span_at(ev, pos, Aim::Whole);
    let (file, start) = ev.sources.lookup(span.start)?;
    let (_, end) = ev.sources.lookup(span.end)?;
    let text = String::from_utf8_lossy(&ev.sources.file(file).text[start as usize..end as usize]).into_owned();
    let path = text.split_once('.').map_or("", |(_, path)| path);
    let path = path
        .split(|c: char| c.is_whitespace() || "(){}[];".contains(c))
        .next()
        .filter(|p| !p.is_empty())?;
    let ends = |option: &&str| {
        **option == *path || option.ends_with(&format!(".{path}")) || path.starts_with(&format!("{option}."))
    };
    options.iter().position(ends)
}
