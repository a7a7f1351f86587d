//! An option explained for a person.

use super::super::wrapped;
use super::Failure;
use diag::clean;
use nixos::{DefinedAs, Explained, Said, Standing, System, Told};
use std::fmt::Write;

/// Returns the whole text; `failure` is that of a value that fails, `all` asks for every definition.
pub(super) fn write(
    system: &System,
    explained: &Explained,
    failure: Option<&Failure>,
    all: bool,
    width: usize,
) -> String {
    let mut out = String::new();
    let platform = system.platform().map(|p| format!(" ({p})")).unwrap_or_default();
    let _ = writeln!(out, "{} of {}{platform}\n", explained.path, system.name());
    match &explained.value {
        Told::Value(value) => block(&mut out, value, 2),
        Told::Undefined => out.push_str("  it has no value\n"),
        Told::Failed(_) => block(&mut out, failure.map_or("", |failure| failure.drawn.as_str()), 2),
    }
    out.push('\n');
    let declared = &explained.declared;
    if declared.path != explained.path {
        field(&mut out, "option", &declared.path.to_string(), width);
    }
    field(
        &mut out,
        "type",
        declared.kind.as_deref().unwrap_or("unspecified"),
        width,
    );
    for place in &declared.places {
        field(&mut out, "declared in", place, width);
    }
    for (name, text) in [
        ("default", declared.default.as_ref().map(Said::text)),
        ("example", declared.example.as_ref().map(Said::text)),
        ("description", declared.description.as_deref()),
    ] {
        if let Some(text) = text {
            field(&mut out, name, text, width);
        }
    }
    if declared.read_only {
        field(&mut out, "read-only", "it may be defined only once", width);
    }
    let _ = writeln!(out, "\n{}", explained.why());
    let (shown, left_out) = chosen(explained, all);
    for defined in shown {
        definition(&mut out, defined);
    }
    if !explained.complete {
        out.push_str("\n  the modules cannot be listed, so that definitions that lost are not known\n");
    }
    if left_out > 0 {
        let _ = writeln!(out, "\n  … and {left_out} more in inputs; --all shows them");
    }
    clean(&out).into_owned()
}

/// Most definitions of inputs that are shown unless all are asked for.
const MOST_OF_INPUTS: usize = 12;

/// Returns the definitions to show and how many are left out: without `all`, those of inputs that have
/// no effect, and most of a long list of them.
fn chosen(explained: &Explained, all: bool) -> (Vec<&DefinedAs>, usize) {
    let mut of_inputs = 0;
    let is_shown = |defined: &&DefinedAs| {
        let found = &defined.definition;
        if all || found.is_own() || found.is_default {
            return true;
        }
        of_inputs += usize::from(found.standing != Standing::Inactive);
        found.standing != Standing::Inactive && of_inputs <= MOST_OF_INPUTS
    };
    let shown: Vec<&DefinedAs> = explained.definitions.iter().filter(is_shown).collect();
    let left_out = explained.definitions.len() - shown.len();
    (shown, left_out)
}

/// Columns of the names of fields.
const NAMES: usize = 13;

/// Writes a field with its text, which is wrapped unless it has a form of its own.
fn field(out: &mut String, name: &str, text: &str, width: usize) {
    let mut label = format!("{name:<NAMES$}");
    for line in text.lines() {
        let is_code = line.starts_with([' ', '`', '-', '*', '#']) || line.len() + NAMES <= width;
        let lines = if is_code {
            vec![line.to_owned()]
        } else {
            wrapped(line, width.saturating_sub(NAMES).max(20))
        };
        for line in lines {
            let _ = writeln!(out, "{}", format!("{label}{line}").trim_end());
            label = " ".repeat(NAMES);
        }
    }
}

fn definition(out: &mut String, defined: &DefinedAs) {
    let found = &defined.definition;
    let standing = match found.standing {
        Standing::Won => "counts",
        Standing::Overridden => "overridden",
        Standing::Inactive => "not active",
        Standing::Unknown => "unknown",
    };
    let mut weight = match found.is_default {
        true => format!("default ({})", found.priority.0),
        false => found.priority.to_string(),
    };
    if let Some(order) = found.order.word() {
        let _ = write!(weight, ", {order}");
    }
    let _ = write!(out, "\n  {standing:<11} {weight:<16} {}", defined.whereabouts());
    let mut notes: Vec<String> = Vec::new();
    if found.guessed && found.is_placed() {
        notes.push("made here by a function".into());
    }
    match found.standing {
        Standing::Inactive => notes.push("its `mkIf` does not hold".into()),
        Standing::Unknown => notes.push("its `mkIf` cannot be evaluated".into()),
        _ => {}
    }
    if !notes.is_empty() {
        let _ = write!(out, "  ({})", notes.join(", "));
    }
    out.push('\n');
    block(out, &defined.value, 4);
}

/// Most lines of a value that are shown.
const MOST_LINES: usize = 60;

fn block(out: &mut String, text: &str, indent: usize) {
    let lines: Vec<&str> = text.lines().collect();
    for line in lines.iter().take(MOST_LINES) {
        let _ = writeln!(out, "{}", format!("{:indent$}{line}", "").trim_end());
    }
    if lines.len() > MOST_LINES {
        let _ = writeln!(out, "{:indent$}… {} more lines", "", lines.len() - MOST_LINES);
    }
}
