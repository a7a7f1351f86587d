//! The way to an error, without the steps that only say how nixpkgs works inside.
//!
//! What stays: steps in the user's own files, the options and definitions that were evaluated, module
//! arguments, derivations, and what code says itself (`addErrorContext`).

use super::spans::{Aim, span_at};
use super::viewpoint::Viewpoint;
use diag::{Frame, Pos, Span};
use eval::{EvalError, Evaluator, Trace};

/// The frames to show, outermost first, and what was left out.
pub(super) struct Chain {
    /// The frames, outermost first.
    pub frames: Vec<Frame>,
    /// How many frames in files that are not the user's were left out.
    pub left_out: usize,
}

/// Most of a user's own places whose spans are looked up; further ones are marked at their start.
const MOST_SPANS: usize = 24;

/// Returns the frames of an error that a person needs, or all of them if asked for.
pub(super) fn chain(ev: &mut Evaluator, error: &EvalError, view: &Viewpoint<'_>, told: Option<Pos>) -> Chain {
    let mut frames: Vec<Frame> = Vec::new();
    let mut left_out = 0;
    let mut spans = 0;
    for trace in &error.traces {
        let own = view.owns(&ev.sources, trace.pos);
        let passed_over = Some(trace.pos) == told || !is_worth_telling(trace, view, own);
        if passed_over && !view.show_trace {
            let foreign = trace.pos.is_some() && !own;
            left_out += usize::from(foreign);
            continue;
        }
        let text = match trace.text.as_str() {
            text if is_call_site(text) => "called here".to_owned(),
            text if !view.show_trace && text.starts_with("while evaluating derivation '") => {
                // Where its name stands, in the second line, is seldom asked for.
                text.lines().next().unwrap_or(text).to_owned()
            }
            text => view.shorten(text.trim_end_matches(':')).into_owned(),
        };
        if !view.show_trace
            && frames
                .iter()
                .any(|frame| frame.text == text && frame.span.start == trace.pos)
        {
            continue;
        }
        let span = match own && spans < MOST_SPANS {
            true => {
                spans += 1;
                span_at(ev, trace.pos, Aim::Whole)
            }
            false => Span::new(trace.pos, trace.pos.offset(1)),
        };
        frames.push(Frame { text, span });
    }
    frames.reverse();
    Chain { frames, left_out }
}

/// Beginnings of frames that name something of the configuration, wherever they are.
const SPEAKING: [&str; 8] = [
    "while evaluating the option `",
    "while evaluating the option ‘",
    "while evaluating the module argument `",
    "while evaluating the module argument ‘",
    "while evaluating derivation '",
    "while building '",
    "while importing ",
    "while updating ",
];

fn is_worth_telling(trace: &Trace, view: &Viewpoint<'_>, own: bool) -> bool {
    let text = trace.text.as_str();
    // A hint says it in short.
    if text.starts_with("if you get an infinite recursion here") || text.starts_with("noting that argument `") {
        return false;
    }
    if let Some(file) = definitions_of(text) {
        // Which input's file defines an option too is seldom what one looks for.
        return view.shorten(file) != file && !view.shorten(file).starts_with('<');
    }
    if SPEAKING.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    if own {
        return !trace.call || is_call_site(text);
    }
    trace.always && !trace.pos.is_some()
}

/// Whether a frame tells of the call that the frame before it is inside.
pub(super) fn is_call_site(text: &str) -> bool {
    text == "from call site"
}

/// Returns the file of "while evaluating definitions from `file':".
fn definitions_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("while evaluating definitions from ")?;
    let rest = rest.strip_prefix(['`', '‘'])?.trim_end_matches(':');
    rest.strip_suffix('\'').or_else(|| rest.strip_suffix('’'))
}

/// Returns the option of "while evaluating the option `option':".
pub(super) fn option_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("while evaluating the option ")?;
    let rest = rest.strip_prefix(['`', '‘'])?.trim_end_matches(':');
    rest.strip_suffix('\'').or_else(|| rest.strip_suffix('’'))
}

/// Returns the argument and the file of "while evaluating the module argument `name' in "file":".
pub(super) fn argument_of(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("while evaluating the module argument ")?;
    let rest = rest.strip_prefix(['`', '‘'])?.trim_end_matches(':');
    let (name, file) = rest.split_once("' in \"").or_else(|| rest.split_once("’ in \""))?;
    Some((name, file.strip_suffix('"')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_module_system_are_read() {
        assert_eq!(option_of("while evaluating the option `a.b':"), Some("a.b"));
        assert_eq!(option_of("while evaluating the option ‘a’:"), Some("a"));
        assert_eq!(option_of("while evaluating the attribute 'a'"), None);
        assert_eq!(
            definitions_of("while evaluating definitions from `/a.nix':"),
            Some("/a.nix")
        );
        assert_eq!(
            argument_of("while evaluating the module argument `x' in \"/a.nix\":"),
            Some(("x", "/a.nix"))
        );
        assert_eq!(argument_of("while evaluating the module argument `x'"), None);
    }
}
