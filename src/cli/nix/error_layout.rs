//! An evaluation error in Nix's layout (`showErrorInfo` in Nix's `error.cc`), without colour.

use diag::{Pos, SourceMap};
use eval::{EvalError, Trace};
use std::fmt::Write;

/// Frames shown without `--show-trace`; a frame with a place counts twice.
const SHORT_TRACE: usize = 3;
/// Repeated frames that are still shown.
const FEW_REPEATED: usize = 5;

/// Returns an error as Nix prints it, without the last end of line.
pub fn render(error: &EvalError, sources: &SourceMap, show_trace: bool) -> String {
    let mut body = String::new();
    // Calls are collected by Nix only when the whole trace is wanted.
    let traces: Vec<&Trace> = error
        .traces
        .iter()
        .rev()
        .filter(|t| !t.text.is_empty() && (show_trace || !t.call))
        .collect();
    // A frame with an empty text is not shown, but it does make the error one with a trace.
    let has_frames = error.traces.iter().any(|t| show_trace || !t.call);
    if has_frames {
        let mut seen: Vec<&Trace> = Vec::new();
        let mut skipped: Vec<&Trace> = Vec::new();
        let mut count = 0;
        let mut truncated = false;
        for trace in traces {
            if !show_trace && count > SHORT_TRACE {
                truncated = true;
            }
            if truncated && !trace.always {
                continue;
            }
            if seen.iter().any(|s| s.pos == trace.pos && s.text == trace.text) {
                skipped.push(trace);
                continue;
            }
            seen.push(trace);
            push_skipped(&mut body, &mut skipped, &mut count, sources);
            count += 1;
            push_trace(&mut body, trace, &mut count, sources);
        }
        push_skipped(&mut body, &mut skipped, &mut count, sources);
        if truncated {
            body.push_str("\n(stack trace truncated; use '--show-trace' to show the full, detailed trace)\n");
        }
        body.push_str("\nerror: ");
    }
    body.push_str(&error.message);
    body.push('\n');
    push_place(&mut body, "", error.pos, sources);
    if !error.suggestions.is_empty() {
        body.push_str(&eval::did_you_mean(&error.suggestions));
        body.push('\n');
    }
    indent("error: ", body.trim_end())
}

/// Returns a text with `first` before its first line and as many spaces before the others; lines
/// lose what is blank at their end.
fn indent(first: &str, text: &str) -> String {
    let rest = " ".repeat(first.len());
    let lines: Vec<String> = text
        .split('\n')
        .enumerate()
        .map(|(i, line)| {
            format!("{}{line}", if i == 0 { first } else { &rest })
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n")
}

fn push_trace(out: &mut String, trace: &Trace, count: &mut usize, sources: &SourceMap) {
    let _ = writeln!(out, "\n… {}", trace.text);
    if push_place(out, "  ", trace.pos, sources) {
        *count += 1;
    }
}

fn push_skipped(out: &mut String, skipped: &mut Vec<&Trace>, count: &mut usize, sources: &SourceMap) {
    if skipped.len() <= FEW_REPEATED {
        for trace in skipped.iter() {
            push_trace(out, trace, count, sources);
        }
    } else {
        let _ = writeln!(out, "\n({} duplicate frames omitted)", skipped.len());
    }
    skipped.clear();
}

/// Appends a place with the lines around it; tells whether there is one.
fn push_place(out: &mut String, indent: &str, pos: Pos, sources: &SourceMap) -> bool {
    let Some((file, line, column)) = sources.locate(pos) else {
        return false;
    };
    let _ = write!(out, "{indent}at {}:{line}:{column}:", file.origin.display());
    for number in [line.wrapping_sub(1), line, line + 1] {
        if number == 0 {
            continue;
        }
        if let Some(text) = file.line_text(number) {
            let _ = write!(out, "\n {number:5}| {}", String::from_utf8_lossy(text));
            if number == line {
                let _ = write!(out, "\n      |{}^", " ".repeat(column as usize));
            }
        }
    }
    out.push('\n');
    true
}
