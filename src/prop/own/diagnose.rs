//! What is said when a law about an option is broken.

use super::laws::chosen;
use super::subject::Subject;
use crate::run::Found;
use crate::{Def, Law, Scene};
use diag::{Diagnostic, Span};
use eval::Evaluator;

/// Returns what is said of a broken law: at the function that breaks it, else where the option is declared.
pub fn diagnose(ev: &mut Evaluator, subject: &Subject, law: &Law, found: &Found) -> Diagnostic {
    let known = &subject.known;
    let merge = known.shape.merge.as_ref();
    let name = merge.map_or(known.shape.name.as_str(), |function| function.of.as_str());
    let crash = found.broken.answers.iter().find_map(|answer| answer.as_ref().err());
    let why = crash.map_or("", |refusal| refusal.message.lines().next().unwrap_or_default());
    let (message, label, hint) = match law.id {
        "merge-order-dependent" => (
            format!("the value of the type `{name}` depends on the order in which modules are imported"),
            String::new(),
            "refuse definitions that differ: `lib.mergeEqualOption`",
        ),
        "merge-ignores-priority" => (
            format!(
                "the type `{name}` ignores `{}` inside of a definition",
                property(&chosen(&found.scene))
            ),
            String::new(),
            "make it of types that know priorities: `lib.types.attrsOf lib.types.anything`",
        ),
        "merge-ignores-condition" => (
            format!(
                "the type `{name}` ignores `{}` inside of a definition",
                property(&chosen(&found.scene))
            ),
            String::new(),
            "make it of types that know conditions: `lib.types.attrsOf lib.types.anything`",
        ),
        "merge-ignores-mkmerge" => (
            format!("the type `{name}` ignores `lib.mkMerge` inside of a definition"),
            String::new(),
            "make it of types that know properties: `lib.types.attrsOf lib.types.anything`",
        ),
        "definition-ignores-property" => (
            format!(
                "a property around a definition of `{}` does not mean what it says",
                subject.option
            ),
            String::new(),
            "look for what changes `lib.modules` or the type",
        ),
        "type-check-crashes" => (
            format!(
                "the check of the type `{}` crashes on a value instead of refusing it",
                known.shape.name
            ),
            why.to_owned(),
            "ask for the kind of value first, as `lib.isString value && …` does",
        ),
        "apply-crashes" => (
            format!(
                "the `apply` of `{}` crashes on a value that its type accepts",
                subject.option
            ),
            why.to_owned(),
            "let the type refuse the value, or `apply` take it",
        ),
        _ => (
            format!(
                "a value that the type of `{}` accepts crashes when it is merged",
                subject.option
            ),
            why.to_owned(),
            "let the type refuse the value, or take it here",
        ),
    };
    let place = match crash {
        Some(refusal) if !refusal.is_said() => refusal.place_in(&known.texts).map(|pos| Span::new(pos, pos.offset(1))),
        _ => merge.map(|function| function.span),
    };
    let declared = subject.span.start.is_some().then_some(subject.span);
    let mut diagnostic = Diagnostic::new(law.severity, message).rule(law.id).hint(hint);
    let (place, label) = match (place, declared) {
        (Some(place), _) => (place, label),
        (None, Some(declared)) => (declared, label),
        (None, None) => return with_lines(diagnostic, subject, found),
    };
    diagnostic = diagnostic.at(one_line(ev, place), label);
    if let Some(declared) = declared.filter(|declared| *declared != place) {
        diagnostic = diagnostic.also(declared, "the option is declared here");
    }
    with_lines(diagnostic, subject, found)
}

/// Adds what came out.
fn with_lines(diagnostic: Diagnostic, subject: &Subject, found: &Found) -> Diagnostic {
    let first = diagnostic.note(format!("found for the option `{}`", subject.key));
    found
        .broken
        .lines
        .iter()
        .fold(first, |diagnostic, line| diagnostic.note(line.clone()))
}

/// Returns a span that ends where its first line does.
fn one_line(ev: &Evaluator, span: Span) -> Span {
    let Some((id, offset)) = ev.sources.lookup(span.start) else {
        return span;
    };
    let file = ev.sources.file(id);
    let rest = file.text.get(offset as usize..).unwrap_or_default();
    let line = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let end = span.start.offset(u32::try_from(line).unwrap_or(u32::MAX));
    Span::new(span.start, span.end.min(end).max(span.start))
}

/// Returns the first property inside the definitions of a scene, as it is written.
fn property(scene: &Scene) -> &'static str {
    fn of(definition: &Def) -> Option<&'static str> {
        match definition {
            Def::Override(Def::DEFAULT, _) => Some("lib.mkDefault"),
            Def::Override(..) => Some("lib.mkForce"),
            Def::If(false, _) => Some("lib.mkIf false"),
            Def::If(true, _) => Some("lib.mkIf"),
            Def::Merge(_) => Some("lib.mkMerge"),
            Def::Attrs(entries) => entries.iter().find_map(|(_, value)| of(value)),
            _ => None,
        }
    }
    let definitions = scene.modules.iter().filter_map(|module| module.config.as_ref());
    definitions.into_iter().find_map(of).unwrap_or("lib.mkForce")
}
