//! From an evaluation error to a diagnostic at the user's own line.
//!
//! Nix tells where an error was raised, which is often deep inside nixpkgs, and its module system
//! names files only. Here the error is looked at from the user's flake: the line there comes first,
//! then how one gets from it to the error, then what can be done. The wording of the message stays
//! Nix's, since that is what people search for.

mod assertion;
mod attr_path;
mod chain;
mod cycle;
mod definitions;
mod hints;
mod message;
mod options;
mod package;
mod places;
mod semicolon;
mod spans;
mod tree;
mod viewpoint;

#[cfg(test)]
mod golden;

pub use assertion::{configuration_warning, failed_assertion};
pub(crate) use places::{
    binding_around, declared_in, defined_in, import_of, is_missing_option, is_undefined, name_at, path_in_own_files,
};
pub use places::{binding_at, binding_text, string_in};
pub use semicolon::before_binding;
pub use viewpoint::{Viewpoint, inputs_of};

use chain::{argument_of, is_call_site, option_of};
use diag::{Diagnostic, Pos, Span};
use eval::{ErrorKind, EvalError, Evaluator};
use message::{Kind, Message};
use spans::{Aim, span_at};

/// What an error means for the user.
pub struct Diagnosis {
    /// The error with the places to look at. Its first primary label is the place for reports.
    pub diagnostic: Diagnostic,
    /// The path of the option that it is about.
    pub option: Option<String>,
}

/// Returns what an error means; `root` is the folder (or store path) of the user's own flake.
pub fn diagnose(ev: &mut Evaluator, error: &EvalError, root: &[u8]) -> Diagnosis {
    diagnose_from(
        ev,
        error,
        &Viewpoint {
            root,
            ..Viewpoint::default()
        },
    )
}

/// Returns what an error means, with inputs called by their names.
pub fn diagnose_from(ev: &mut Evaluator, error: &EvalError, view: &Viewpoint<'_>) -> Diagnosis {
    let inputs = viewpoint::inputs_of(ev, view);
    let view = &Viewpoint {
        inputs: &inputs,
        ..*view
    };
    let message = message::read(&error.message);
    let mut told = None;
    let failed = message::assertions(&error.message);
    let mut diagnostic = match &message {
        Some(message) => options::describe(ev, &error.message, message, view),
        None if !failed.is_empty() => assertions(ev, &failed, view),
        None => plain(ev, error, view),
    };
    let placed = diagnostic
        .labels
        .iter()
        .any(|l| l.primary && view.owns(&ev.sources, l.span.start));
    if !placed {
        told = lead_in(ev, &mut diagnostic, error, message.as_ref(), view);
    }
    if message.is_none() && failed.is_empty() && !view.owns(&ev.sources, error.pos) {
        raised(ev, &mut diagnostic, error.pos, view);
    }
    if error.kind == ErrorKind::InfiniteRecursion {
        cycle::tell(ev, &mut diagnostic, error, view);
    }
    hints::give(ev, &mut diagnostic, error, message.as_ref(), view);
    let chain = chain::chain(ev, error, view, told);
    diagnostic.frames = chain.frames;
    // A slip of the text needs no story of how the file came to be read.
    let is_slip = matches!(error.kind, ErrorKind::Parse | ErrorKind::UndefinedVariable) && told.is_none();
    if chain.left_out > 0 && !view.show_trace && !is_slip {
        let steps = if chain.left_out == 1 {
            "1 more step".into()
        } else {
            format!("{} more steps", chain.left_out)
        };
        diagnostic = diagnostic.note(format!("{steps} inside inputs; --show-trace shows all"));
    }
    let of_package = match hints::refused(&error.message) {
        Some(_) => package::option_around(ev, diagnostic.span()),
        None => None,
    };
    let option = message
        .map(|message| message.option)
        .filter(|option| !option.is_empty())
        .or(of_package)
        .or_else(|| error.traces.iter().find_map(|t| option_of(&t.text)).map(str::to_owned));
    Diagnosis { diagnostic, option }
}

/// What the module system complains about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Complaint {
    /// Nothing defines this option, and it has no default.
    NoValue(String),
    /// An option was removed; its author says what to do instead.
    Removed,
    /// Something else about an option, its definitions or a module.
    Other,
}

/// Returns what the module system complains about; `None` if the error is not one of its own.
pub fn complaint(error: &EvalError) -> Option<Complaint> {
    message::read(&error.message).map(|message| match message.kind {
        Kind::NoValue => Complaint::NoValue(message.option),
        Kind::Removed(_) => Complaint::Removed,
        _ => Complaint::Other,
    })
}

/// Returns a diagnostic that has a place in the user's files: if it has none, the definition of what
/// was evaluated becomes it.
pub fn or_at(ev: &mut Evaluator, mut diagnostic: Diagnostic, pos: Pos, view: &Viewpoint<'_>) -> Diagnostic {
    let inputs = viewpoint::inputs_of(ev, view);
    let view = &Viewpoint {
        inputs: &inputs,
        ..*view
    };
    let placed = diagnostic.labels.iter().any(|l| view.owns(&ev.sources, l.span.start));
    if !placed && view.owns(&ev.sources, pos) {
        let span = span_at(ev, pos, Aim::Whole);
        put_first(&mut diagnostic, span, "while evaluating this".into());
    }
    diagnostic
}

/// Returns the expression that stands at a position, such as the call that is made there.
pub fn expression_at(ev: &mut Evaluator, pos: Pos) -> Span {
    span_at(ev, pos, Aim::Whole)
}

/// Returns where a `flake.nix` says what an input is.
pub fn input_reference(ev: &mut Evaluator, flake_nix: &[u8], input: &str) -> Option<Span> {
    let file = tree::find_file(ev, flake_nix)?;
    let step = |name: &str| attr_path::Step::Name(name.as_bytes().to_vec());
    let steps = [step("inputs"), step(input), step("url")];
    tree::with_tree(ev, file, |tree| {
        let found = definitions::from_root(tree, &steps).into_iter().next();
        let found = found.or_else(|| definitions::from_root(tree, &steps[..2]).into_iter().next());
        found.map(|found| found.binding)
    })
}

/// Returns the diagnostic of an error that is not one of the module system's.
fn plain(ev: &mut Evaluator, error: &EvalError, view: &Viewpoint<'_>) -> Diagnostic {
    let text = view.shorten(error.message.trim()).into_owned();
    let text = hints::short_message(&text).unwrap_or(text);
    let diagnostic = Diagnostic::error(text);
    if let Some((path, span)) = assertion::named_path(ev, &error.message, view) {
        let text = if error.message.contains("is not tracked by Git") {
            "Git does not track this file"
        } else if error.message.contains("' is forbidden in pure") {
            "this is outside of the flake"
        } else if error.message.contains(" but found a path: ") {
            "this is a path"
        } else if path.ends_with(b".nix") {
            "there is no such file"
        } else {
            "this does not exist"
        };
        return diagnostic.at(span, text);
    }
    if let Some(span) = package::asked_for(ev, &error.message, view) {
        return diagnostic.at(span, "the package is asked for here");
    }
    if let Some(span) = semicolon::missing_behind(ev, error, view) {
        let found = span_at(ev, error.pos, Aim::Smallest);
        return diagnostic
            .at(span, "`;` is missing behind this")
            .also(found, "so this comes unexpected");
    }
    if let Some(span) = no_module(ev, error, view) {
        return diagnostic.at(
            span,
            "this is neither a set of definitions nor a function that returns one",
        );
    }
    if !error.pos.is_some() {
        return diagnostic;
    }
    if view.owns(&ev.sources, error.pos) {
        let span = span_at(ev, error.pos, aim(error));
        let text = match error.kind {
            ErrorKind::Thrown => "thrown here",
            ErrorKind::Abort => "aborted here",
            ErrorKind::Assertion => "this does not hold",
            _ => "",
        };
        let mut diagnostic = diagnostic.at(span, text);
        if let Some(first) = previous(ev, &error.message) {
            diagnostic = diagnostic.also(first, "first defined here");
        }
        if error.message.contains("' called with") && error.message.contains(" argument '") {
            let call = error
                .traces
                .iter()
                .find(|t| is_call_site(&t.text) && view.owns(&ev.sources, t.pos));
            // Nix names the function only; what is wrong is more often the call.
            if let Some(pos) = call.map(|t| t.pos) {
                let call = span_at(ev, pos, Aim::Whole);
                diagnostic
                    .labels
                    .iter_mut()
                    .for_each(|label| label.text = "the function".into());
                put_first(&mut diagnostic, call, "called here".into());
            }
        }
        return diagnostic;
    }
    diagnostic
}

/// Returns what stands in a file of the user that "does not look like a module".
fn no_module(ev: &mut Evaluator, error: &EvalError, view: &Viewpoint<'_>) -> Option<Span> {
    let rest = error.message.strip_prefix("module ")?;
    let (file, _) = rest.split_once(") does not look like a module")?.0.split_once(" (")?;
    let file = options::file_of(ev, file)?;
    if !view.is_own(&ev.sources.file(file).origin) {
        return None;
    }
    let start = tree::with_tree(ev, file, |tree| tree.root.span.start);
    start.is_some().then(|| span_at(ev, start, Aim::Whole))
}

/// Returns the place that "attribute 'x' already defined at FILE:LINE:COLUMN" names.
fn previous(ev: &mut Evaluator, message: &str) -> Option<Span> {
    let (_, place) = message.split_once("' already defined at ")?;
    let mut parts = place.trim().rsplitn(3, ':');
    let column: i64 = parts.next()?.parse().ok()?;
    let line: i64 = parts.next()?.parse().ok()?;
    places::name_at(ev, parts.next()?, line, column)
}

/// Returns the diagnostic of assertions that do not hold, with each told apart.
fn assertions(ev: &mut Evaluator, failed: &[String], view: &Viewpoint<'_>) -> Diagnostic {
    if let [only] = failed {
        return failed_assertion(ev, only, view);
    }
    let mut diagnostic = Diagnostic::error(format!("Failed assertions:\n- {}", failed.join("\n- ")));
    for message in failed {
        let one = failed_assertion(ev, message, view);
        diagnostic.labels.extend(one.labels);
    }
    diagnostic
}

/// Which of the expressions at an error's place it is about.
fn aim(error: &EvalError) -> Aim<'_> {
    if error.kind == ErrorKind::UndefinedVariable {
        return Aim::Smallest;
    }
    let missing = error
        .message
        .strip_prefix("attribute '")
        .and_then(|rest| rest.split_once("' missing"));
    match missing {
        Some((name, _)) => Aim::Selected(name),
        None => Aim::Whole,
    }
}

/// Marks the step in the user's files from which the error is reached, and returns its place.
fn lead_in(
    ev: &mut Evaluator,
    diagnostic: &mut Diagnostic,
    error: &EvalError,
    message: Option<&Message>,
    view: &Viewpoint<'_>,
) -> Option<Pos> {
    if let Some((span, text)) = argument(ev, error, view) {
        put_first(diagnostic, span, text);
        return None;
    }
    let own: Vec<_> = error
        .traces
        .iter()
        .filter(|trace| view.owns(&ev.sources, trace.pos))
        .collect();
    // A call inside another file says more than the file's own function.
    let trace = own
        .iter()
        .find(|trace| !trace.call || is_call_site(&trace.text))
        .or(own.first())?;
    let text = match (&message.map(|m| &m.kind), trace.text.as_str()) {
        (Some(Kind::NoValue), _) => "needed here".to_owned(),
        _ if error.kind == ErrorKind::InfiniteRecursion => "needed again here".to_owned(),
        (_, "while calling the 'throw' builtin") => "thrown here".to_owned(),
        (_, "while calling the 'abort' builtin") => "aborted here".to_owned(),
        (_, text) if is_call_site(text) => "called from here".to_owned(),
        (_, text) if text.starts_with("while calling the '") => "called from here".to_owned(),
        (_, text) => view.shorten(text.trim_end_matches(':')).into_owned(),
    };
    let pos = trace.pos;
    let span = span_at(ev, pos, Aim::Whole);
    put_first(diagnostic, span, text);
    Some(pos)
}

/// Makes a label the primary one; those before it then only explain.
fn put_first(diagnostic: &mut Diagnostic, span: Span, text: String) {
    diagnostic.labels.iter_mut().for_each(|label| label.primary = false);
    diagnostic.labels.insert(
        0,
        diag::Label {
            span,
            text,
            primary: true,
        },
    );
}

/// Returns the formal of a module that asks for an argument that nothing gives.
fn argument(ev: &mut Evaluator, error: &EvalError, view: &Viewpoint<'_>) -> Option<(Span, String)> {
    let (name, file) = missing_argument(error)?;
    let file = options::file_of(ev, file)?;
    if !view.is_own(&ev.sources.file(file).origin) {
        return None;
    }
    let span = tree::with_tree(ev, file, |tree| spans::formal(tree, name.as_bytes()))?;
    Some((span, "the module asks for this argument".into()))
}

/// Returns the module argument that an error is about, and the file of the module.
fn missing_argument(error: &EvalError) -> Option<(&str, &str)> {
    let wanted = error.message.strip_prefix("attribute '")?.strip_suffix("' missing")?;
    error
        .traces
        .iter()
        .filter_map(|trace| argument_of(&trace.text))
        .find(|(name, _)| *name == wanted)
}

/// Says where in an input the error was raised.
fn raised(ev: &mut Evaluator, diagnostic: &mut Diagnostic, pos: Pos, view: &Viewpoint<'_>) {
    let Some(place) = view.place(&ev.sources, pos) else {
        return;
    };
    if diagnostic.labels.is_empty() {
        let span = span_at(ev, pos, Aim::Whole);
        diagnostic.labels.push(diag::Label {
            span,
            text: String::new(),
            primary: true,
        });
        return;
    }
    let text = match view.input_of(&ev.sources, pos) {
        Some(input) => {
            let place = place.strip_prefix(&format!("<{input}>/")).unwrap_or(&place).to_owned();
            format!("raised in {input}: {place}")
        }
        None => format!("raised at {place}"),
    };
    diagnostic.notes.push(text);
}
