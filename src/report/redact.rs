//! Secrets are never told: what a run says passes here before it is kept or drawn.
//!
//! A value is masked for one of three reasons: a name of a secret is given it in the same text, it has
//! the shape of a key, or it is known from elsewhere in the run, such as a literal that the user's own
//! files bind to a name of a secret. The last reason is what keeps `throw "wrong: ${password}"` from telling.

mod assigned;
mod keys;
mod known;
mod names;

pub(crate) use assigned::gutter;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use crate::case::{Case, Subject};
use crate::diff::Diff;
use crate::event::Event;
use crate::finding::{Finding, Location};
use crate::run::Report;

pub use keys::{Key, keys};
pub use names::secret_like;

/// What stands in the place of a secret.
pub const MASK: &str = "•••";

/// The secrets that a run knows; it masks them, and all that looks like one, in what is told.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    known: known::Known,
}

/// Keys of a serialised difference whose values are words of the format and no texts.
const WORDS: [&str; 11] = [
    "action",
    "change",
    "direction",
    "kind",
    "manager",
    "place",
    "presence",
    "section",
    "severity",
    "side",
    "status",
];

/// Finds secrets in a text: in order, apart from each other.
type Find<'f> = &'f dyn Fn(&str) -> Vec<Range<usize>>;

/// How a masked value is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mask {
    /// As [`MASK`], so that not even its length is told.
    Short,
    /// As wide as the value, so that the marks below it stay where they belong.
    Wide,
}

impl Secrets {
    /// Returns no known secrets; names and shapes are masked all the same.
    pub fn new() -> Secrets {
        Secrets::default()
    }

    /// Learns a value that must not be told, such as that of an evaluated option with a name of a secret.
    /// What is too short or too common to tell apart from other text is left out.
    pub fn learn(&mut self, value: &str) {
        self.known.learn(value);
    }

    /// Learns all that a source text, such as a file of the user, gives to names of secrets.
    pub fn learn_from(&mut self, source: &str) {
        for range in assigned::values(source) {
            self.known.learn(&unescaped(&source[range]));
        }
    }

    /// Learns what others know.
    pub fn join(&mut self, others: &Secrets) {
        self.known.join(&others.known);
    }

    /// Returns the text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masked(text, Mask::Short)
    }

    /// Returns a drawing, that is source lines with marks below them, without secrets; all else stays where it is.
    pub fn drawing<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masked(text, Mask::Wide)
    }

    /// Returns the value of an option, an attribute or a variable: [`MASK`] if its name is that of a secret.
    pub fn value<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        if secret_like(name) && !value.is_empty() {
            Cow::Borrowed(MASK)
        } else {
            self.text(value)
        }
    }

    fn masked<'t>(&self, text: &'t str, mask: Mask) -> Cow<'t, str> {
        let mut out = Cow::Borrowed(text);
        // One after another, as a value may hold a key and a key may be known.
        let passes: [Find; 3] = [
            &|text| self.known.find(text),
            &|text| keys(text).into_iter().map(|key| key.range).collect(),
            &assigned::values,
        ];
        for find in passes {
            let ranges = find(&out);
            if !ranges.is_empty() {
                out = Cow::Owned(replaced(&out, &ranges, mask));
            }
        }
        out
    }

    fn mask(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    fn mask_all<'t>(&self, texts: impl IntoIterator<Item = &'t mut String>) {
        texts.into_iter().for_each(|text| self.mask(text));
    }

    fn location(&self, location: &mut Location) {
        self.mask(&mut location.file);
    }

    /// Masks secrets in a finding.
    pub fn finding(&self, finding: &mut Finding) {
        self.mask_all([&mut finding.rule, &mut finding.message]);
        self.mask_all(finding.option.iter_mut().chain(&mut finding.hint));
        finding.location.iter_mut().for_each(|location| self.location(location));
        for text in finding.counterexample.iter_mut().chain([&mut finding.text]) {
            if let Cow::Owned(masked) = self.drawing(text) {
                *text = masked;
            }
        }
    }

    fn subject(&self, subject: &mut Subject) {
        self.mask(&mut subject.name);
        self.mask_all(subject.host.iter_mut().chain(&mut subject.system));
    }

    /// Masks secrets in a case.
    pub fn case(&self, case: &mut Case) {
        self.subject(&mut case.subject);
        self.mask_all(&mut case.rule);
        case.location.iter_mut().for_each(|location| self.location(location));
        for (name, value) in case.properties.iter_mut().chain(&mut case.measured) {
            if let Cow::Owned(masked) = self.value(name, value) {
                *value = masked;
            } else if secret_like(name) {
                *value = MASK.into();
            }
        }
        if let crate::Outcome::Skipped(reason) = &mut case.outcome {
            self.mask(reason);
        }
        case.findings.iter_mut().for_each(|finding| self.finding(finding));
        for waived in &mut case.waived {
            self.finding(&mut waived.finding);
            self.mask(&mut waived.reason);
        }
        for attachment in &mut case.attachments {
            self.mask_all([&mut attachment.name, &mut attachment.media_type, &mut attachment.file]);
        }
    }

    /// Masks secrets in a report.
    pub fn report(&self, report: &mut Report) {
        self.mask(&mut report.flake);
        self.mask_all(&mut report.notes);
        report.cases.iter_mut().for_each(|case| self.case(case));
        if let Some(diff) = &report.diff {
            report.diff = Some(self.diff(diff));
        }
    }

    /// Returns a difference without secrets. It hides values under names of secrets itself; here are
    /// keys by their shape and known values, in whatever text they stand.
    pub fn diff(&self, diff: &Diff) -> Diff {
        let masked = serde_json::to_value(diff).map(|value| self.masked_value(value));
        let masked = masked.and_then(serde_json::from_value);
        masked.expect("a difference is read as it was written, and texts stay texts")
    }

    fn masked_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text).into_owned()),
            Value::Array(values) => values.into_iter().map(|value| self.masked_value(value)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| {
                    let value = if WORDS.contains(&name.as_str()) {
                        value
                    } else {
                        self.masked_value(value)
                    };
                    (name, value)
                })
                .collect(),
            other => other,
        }
    }

    /// Returns the event without secrets.
    pub fn event(&self, event: &Event) -> Event {
        let mut event = event.clone();
        match &mut event {
            Event::RunStarted { flake, .. } => self.mask(flake),
            Event::Progressed { what, .. } => self.mask(what),
            Event::CaseStarted(subject) => self.subject(subject),
            Event::CaseFinished(case) => self.case(case),
            Event::Note(text) => self.mask(text),
            Event::RuleKnown(_) | Event::RunFinished { .. } => {}
        }
        event
    }
}

/// Returns a text without the secrets that names and shapes tell, for where no run is under way.
pub fn text(text: &str) -> Cow<'_, str> {
    match Secrets::new().text(text) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => Cow::Borrowed(text),
    }
}

/// Returns the value of a literal as it is written, in so far as it can be searched for.
fn unescaped(literal: &str) -> String {
    literal
        .replace("''${", "${")
        .replace("'''", "''")
        .replace("\\\"", "\"")
        .replace("\\$", "$")
        .replace("\\n", "\n")
        .replace("\\\\", "\\")
}

/// Returns the text with these ranges masked: line by line, without the numbers that a drawing has before its lines.
fn replaced(text: &str, ranges: &[Range<usize>], mask: Mask) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(&text[at..range.start]);
        let secret = &text[range.clone()];
        match mask {
            Mask::Short => out.push_str(MASK),
            Mask::Wide => {
                for (number, line) in secret.split_inclusive('\n').enumerate() {
                    let kept = if number == 0 { 0 } else { assigned::gutter(line) };
                    out.push_str(&line[..kept]);
                    line[kept..].chars().for_each(|c| out.push_str(wide(c)));
                }
            }
        }
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// Returns as many dots as a character takes columns; space stays.
fn wide(c: char) -> &'static str {
    match c {
        '\n' => "\n",
        ' ' => " ",
        c => match c.width() {
            Some(0) => "",
            Some(2) => "••",
            _ => "•",
        },
    }
}

#[cfg(test)]
mod tests;
