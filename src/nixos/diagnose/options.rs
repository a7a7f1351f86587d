//! Diagnostics of the module system's messages: each definition that a message names is marked where
//! it is written.

use super::attr_path::{Step, option_steps};
use super::definitions::{Found, anywhere, declarations, definitions, from_root};
use super::message::{Definition, Kind, Message};
use super::spans::top_binding;
use super::tree::{find_file, with_tree};
use super::viewpoint::Viewpoint;
use diag::{Diagnostic, FileId, Origin, Span};
use eval::Evaluator;

/// A definition with the place where it is written.
struct Placed {
    span: Span,
    own: bool,
    text: String,
}

/// Most bytes of a value that are repeated in a label.
const SHORT_VALUE: usize = 48;

/// Most bytes of a type that are repeated in a label.
const SHORT_TYPE: usize = 30;

/// Returns the diagnostic of a message, with its definitions marked; frames and hints come later.
pub(super) fn describe(ev: &mut Evaluator, text: &str, message: &Message, view: &Viewpoint<'_>) -> Diagnostic {
    let first = text.trim_start_matches('\n').lines().next().unwrap_or_default();
    let title = match first.split_once(" Definition values:") {
        Some((title, _)) => title.strip_suffix(" TypeError:").unwrap_or(title),
        None => first,
    };
    let title = view.shorten(title);
    let title = title
        .trim_end_matches([':', '.'])
        .replace(". Try setting the option", "");
    // Advice in the first line is a hint of ours.
    let title = match (&message.kind, title.split_once(". This is caused by")) {
        (Kind::Unsupported(_), Some((short, _))) => short.to_owned(),
        _ => title,
    };
    let mut diagnostic = Diagnostic::error(title);
    let steps = option_steps(&message.option);
    let mut placed: Vec<Placed> = Vec::new();
    let mut unnamed: Vec<&Definition> = Vec::new();
    let mut elsewhere: Vec<String> = Vec::new();
    let mut named: Vec<FileId> = Vec::new();
    for (n, definition) in message.definitions.iter().enumerate() {
        let Some(file) = file_of(ev, &definition.file) else {
            unnamed.push(definition);
            continue;
        };
        // Of several bindings in a file each belongs to one of the definitions from there.
        let before = named.iter().filter(|&&other| other == file).count();
        let later = message.definitions[n + 1..]
            .iter()
            .filter(|d| d.file == definition.file)
            .count();
        named.push(file);
        let found = find(ev, file, message, &steps);
        let own = view.is_own(&ev.sources.file(file).origin);
        // The module system calls modules after the file with the call of `nixosSystem`; such a
        // module may be written in another file.
        if found.iter().all(|found| !found.of_module)
            && let Some((span, true)) = unnamed_definition(ev, &steps, &[], definition, view)
        {
            let text = match &message.kind {
                Kind::NotOfType(expected) => not_of(expected),
                Kind::Missing(_) => "no such option".into(),
                _ => value_text(definition, placed.len()),
            };
            placed.push(Placed { span, own: true, text });
            continue;
        }
        let count = found.len();
        let mine: Vec<Found> = if before + later == 0 {
            found
        } else if let Some(one) = of_value(ev, file, &steps, definition) {
            vec![one]
        } else {
            found.into_iter().skip(before).take(1).collect()
        };
        if mine.is_empty() {
            elsewhere.push(said(definition, view));
        }
        for found in mine {
            let span = if matches!(message.kind, Kind::Missing(_)) {
                found.name
            } else {
                found.binding
            };
            let text = label(
                message,
                definition,
                placed.len(),
                count > 1 && before + later == 0,
                &found,
            );
            placed.push(Placed { span, own, text });
        }
    }
    for definition in unnamed {
        if definition.file.starts_with('/') {
            elsewhere.push(said(definition, view));
            continue;
        }
        match unnamed_definition(ev, &steps, &named, definition, view) {
            Some((span, sure)) => {
                let mut text = value_text(definition, placed.len());
                if !sure {
                    text = format!("perhaps {text}");
                }
                placed.push(Placed { span, own: true, text });
            }
            None => elsewhere.push(said(definition, view)),
        }
    }
    // The user's own definitions come first; they are what can be changed.
    placed.sort_by_key(|p| !p.own);
    for (n, p) in placed.into_iter().enumerate() {
        diagnostic = if n == 0 {
            diagnostic.at(p.span, p.text)
        } else {
            diagnostic.also(p.span, p.text)
        };
    }
    for text in elsewhere {
        diagnostic = diagnostic.note(text);
    }
    if let Kind::NotOfType(_) | Kind::NoValue | Kind::ReadOnly = message.kind {
        diagnostic = declared(ev, diagnostic, &steps, view);
    }
    if let Kind::Declared(files) = &message.kind {
        for other in files {
            match file_of(ev, other) {
                Some(file) => {
                    let found = with_tree(ev, file, |tree| declarations(tree, &steps));
                    match found.into_iter().next() {
                        Some(found) => diagnostic = diagnostic.also(found.binding, "first declared here"),
                        None => diagnostic = diagnostic.note(format!("first declared in `{}'", view.shorten(other))),
                    }
                }
                None => diagnostic = diagnostic.note(format!("first declared in `{}'", view.shorten(other))),
            }
        }
    }
    diagnostic
}

fn find(ev: &mut Evaluator, file: FileId, message: &Message, steps: &[Step]) -> Vec<Found> {
    with_tree(ev, file, |tree| match &message.kind {
        Kind::Unsupported(attribute) => match top_binding(tree, attribute.as_bytes()) {
            Some(span) => vec![Found {
                binding: span,
                name: span,
                value: None,
                matched: 0,
                guessed: false,
                of_module: true,
            }],
            None => Vec::new(),
        },
        Kind::Declared(_) => declarations(tree, steps),
        _ => definitions(tree, steps),
    })
}

/// Returns the one binding of an option, or of what a submodule writes of it, with the value that a
/// definition has.
fn of_value(ev: &mut Evaluator, file: FileId, steps: &[Step], definition: &Definition) -> Option<Found> {
    let value = definition.value.as_deref()?.as_bytes();
    let text = ev.sources.file(file).text.clone();
    with_tree(ev, file, |tree| {
        let has_value = |found: &Found| {
            let written = found.value.map(|span| tree.offset(span.start)..tree.offset(span.end));
            written
                .and_then(|range| text.get(range))
                .is_some_and(|written| written == value)
        };
        let endings = (0..steps.len()).map(|skipped| from_root(tree, &steps[skipped..]));
        let mut same = endings.flatten().filter(has_value);
        let one = same.next()?;
        same.all(|other| other.binding == one.binding).then_some(one)
    })
}

/// Returns the text whose module a message names: a file, a folder's `default.nix`, or the file
/// inside which (`via option …`) or as whose part (`flake.nix#nixosModules.x`) a module is written.
pub(super) fn file_of(ev: &Evaluator, name: &str) -> Option<FileId> {
    let name = name.split(", via option ").next().unwrap_or(name);
    let mut tries = vec![name.to_owned()];
    if let Some((file, _)) = name.split_once('#') {
        tries.push(file.to_owned());
    }
    tries.iter().filter(|path| path.starts_with('/')).find_map(|path| {
        let path = path.trim_end_matches('/');
        let inside = format!("{path}/default.nix");
        let flake = format!("{path}/flake.nix");
        [path, &inside, &flake]
            .into_iter()
            .find_map(|p| find_file(ev, p.as_bytes()))
    })
}

/// Looks through the user's files for a definition whose module has no file name. The second part
/// tells whether there is only one place that it can be.
fn unnamed_definition(
    ev: &mut Evaluator,
    steps: &[Step],
    named: &[FileId],
    definition: &Definition,
    view: &Viewpoint<'_>,
) -> Option<(Span, bool)> {
    let Some(Step::Name(last)) = steps.iter().rev().find(|step| matches!(step, Step::Name(_))) else {
        return None;
    };
    let mut found: Vec<(Span, bool)> = Vec::new();
    let mut seen: Vec<std::sync::Arc<[u8]>> = Vec::new();
    for id in ev.texts().to_vec().into_iter().rev() {
        let file = ev.sources.file(id);
        let Origin::File(path) = &file.origin else { continue };
        if named.contains(&id) || !view.is_own(&file.origin) || seen.contains(path) || !holds(&file.text, last) {
            continue;
        }
        seen.push(path.clone());
        let text = file.text.clone();
        let base = file.base;
        for one in with_tree(ev, id, |tree| anywhere(tree, steps)) {
            let written = one
                .value
                .map(|v| &text[(v.start.0 - base.0) as usize..(v.end.0 - base.0) as usize]);
            let same = definition
                .value
                .as_ref()
                .is_some_and(|value| written == Some(value.as_bytes()));
            found.push((one.binding, same));
        }
    }
    let same: Vec<Span> = found.iter().filter(|(_, same)| *same).map(|(span, _)| *span).collect();
    match (same.as_slice(), found.as_slice()) {
        ([only], _) => Some((*only, true)),
        ([], [(only, _)]) => Some((*only, true)),
        ([first, ..], _) | ([], [(first, _), ..]) => Some((*first, false)),
        ([], []) => None,
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    !word.is_empty() && text.windows(word.len()).any(|window| window == word)
}

/// Marks the declaration of an option in the user's files.
fn declared(ev: &mut Evaluator, diagnostic: Diagnostic, steps: &[Step], view: &Viewpoint<'_>) -> Diagnostic {
    let names: Vec<&[u8]> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Name(name) => Some(name.as_slice()),
            _ => None,
        })
        .collect();
    for id in ev.texts().to_vec().into_iter().rev() {
        let file = ev.sources.file(id);
        if !view.is_own(&file.origin) || !holds(&file.text, b"options") || !names.iter().all(|n| holds(&file.text, n)) {
            continue;
        }
        let found = with_tree(ev, id, |tree| declarations(tree, steps));
        if let Some(found) = found.into_iter().find(|found| found.matched == steps.len() + 1) {
            let path = Span::new(found.binding.start, found.name.end);
            return diagnostic.also(path, "the option is declared here");
        }
    }
    diagnostic
}

fn label(message: &Message, definition: &Definition, n: usize, several: bool, found: &Found) -> String {
    match &message.kind {
        Kind::Missing(_) => "no such option".into(),
        Kind::Unsupported(_) => "this has to be in `config`".into(),
        Kind::Declared(_) => "declared again here".into(),
        Kind::NotOfType(expected) => match short_value(definition) {
            _ if several => format!("part of the value that is not of type `{expected}'"),
            Some(value) if found.value.is_none() || found.guessed => {
                format!("this is `{value}`, {}", not_of(expected).trim_start_matches("this is "))
            }
            _ => not_of(expected),
        },
        _ if several => "a part of a definition".into(),
        _ => value_text(definition, n),
    }
}

/// Returns what is said of a value of a wrong type; a long type stands in the message already.
fn not_of(expected: &str) -> String {
    if expected.len() <= SHORT_TYPE {
        format!("this is not of type `{expected}'")
    } else {
        "this is not of that type".into()
    }
}

fn value_text(definition: &Definition, n: usize) -> String {
    match (short_value(definition), n) {
        (Some(value), 0) => format!("defined as `{value}` here"),
        (Some(value), _) => format!("also defined here, as `{value}`"),
        (None, 0) => "defined here".into(),
        (None, _) => "also defined here".into(),
    }
}

fn short_value(definition: &Definition) -> Option<&str> {
    definition
        .value
        .as_deref()
        .filter(|value| !value.contains('\n') && value.len() <= SHORT_VALUE)
}

/// Returns a definition whose place is not known, in words.
fn said(definition: &Definition, view: &Viewpoint<'_>) -> String {
    let file = match definition.file.as_str() {
        "<unknown-file>" => "a module without a file name".to_owned(),
        file => format!("`{}'", view.shorten(file)),
    };
    match &definition.value {
        Some(value) if short_value(definition).is_some() => format!("defined in {file} as `{value}`"),
        Some(value) => format!("defined in {file} as\n{value}"),
        None => format!("defined in {file}"),
    }
}
