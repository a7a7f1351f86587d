//! What is said when a law about an option is broken.

use super::laws::{ALL, About, Said};
use super::subject::Subject;
use crate::run::Found;
use crate::{Law, Refusal};
use diag::{Diagnostic, Span};
use eval::Evaluator;

/// Returns what is said of a broken law: at the function that breaks it, else where the option is declared.
pub fn diagnose(ev: &mut Evaluator, subject: &Subject, law: &Law, found: &Found) -> Diagnostic {
    let known = &subject.known;
    let merge = known.shape.merge.as_ref();
    let refusal = found.broken.answers.iter().find_map(|answer| answer.as_ref().err());
    let about = About {
        option: &subject.option,
        known,
        merging: merge.map_or(known.shape.name.as_str(), |function| function.of.as_str()),
        scene: &found.scene,
        refusal,
    };
    let own = ALL.iter().find(|own| own.law.id == law.id);
    let Some(Said { message, hint, words }) = own.map(|own| (own.says)(&about)) else {
        return with_lines(Diagnostic::new(law.severity, law.title).rule(law.id), subject, found);
    };
    // Words that are wrong are shown where they stand, and so is a crash; else the function that is to blame is.
    let at = |refusal: &Refusal| match words || !refusal.is_said() {
        true => refusal.place_in(&known.texts),
        false => None,
    };
    let (place, label) = match (refusal, refusal.and_then(at)) {
        (Some(refusal), Some(pos)) => (Some(Span::new(pos, pos.offset(1))), first_line(refusal)),
        _ => (merge.map(|function| function.span), String::new()),
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

/// Returns the first line of what an error says.
fn first_line(refusal: &Refusal) -> String {
    refusal.message.lines().next().unwrap_or_default().to_owned()
}

/// Adds what came out.
fn with_lines(diagnostic: Diagnostic, subject: &Subject, found: &Found) -> Diagnostic {
    let first = diagnostic.note(format!("found for the option `{}`", subject.key));
    let lines = found.broken.lines.iter();
    let diagnostic = lines.fold(first, |diagnostic, line| diagnostic.note(line.clone()));
    match &found.unconfirmed {
        Some(why) => diagnostic.note(format!("not tried in the host itself: {why}")),
        None => diagnostic,
    }
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
