//! Policies: the rules of a house, written in YAML under `checks/`.
//!
//! A policy says what must hold for the options of some hosts. It is read and compiled once a run
//! ([`Policies::read`]), and judged on each host ([`Policies::cases`]): the values that it needs
//! become plain trees ([`tree`]), on which its assertions ([`assertion`]) and expressions ([`cel`])
//! are judged. Its examples are judged in the same way, without any flake ([`Policies::examples`]).

mod assertion;
mod cel;
mod evaluated;
mod examples;
mod find;
mod format;
mod hosts;
mod judge;
mod option_path;
mod pattern;
mod place;
mod read;
#[cfg(feature = "schema")]
pub mod schema;
mod show;
mod tree;

use std::sync::Arc;

use diag::{Diagnostic, SourceMap};
use report::Finding;

pub use evaluated::Evaluated;
pub use find::{FOLDER, FindError, find};
pub use format::Kind;
pub use hosts::Host;
pub use judge::Options;
pub use option_path::OptionPath;
pub use read::{File, Mistakes};
pub use tree::{Demand, Package, Tree};

use crate::Level;
use assertion::Assertion;

/// The policies of a run.
pub struct Policies {
    all: Vec<Policy>,
    /// The texts of their files.
    sources: SourceMap,
    /// The folder that their paths are told from.
    root: Vec<u8>,
    environment: Arc<::cel::Env>,
}

impl Policies {
    /// Returns the texts of their files.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let files = 0..self.sources.len() as u32;
        files.map(|number| String::from_utf8_lossy(&self.sources.file(diag::FileId(number)).text).into_owned())
    }
}

/// A policy that can be judged.
struct Policy {
    id: String,
    title: String,
    level: Level,
    why: String,
    fix: String,
    hosts: format::Hosts,
    when: Vec<(OptionPath, Vec<Assertion>)>,
    assert: Vec<(OptionPath, Vec<Assertion>)>,
    /// The options that expressions know, by their names there.
    options: Vec<(String, OptionPath)>,
    cel: Vec<Expression>,
    examples: Vec<Example>,
    /// The file that it stands in, and where.
    text: read::Text,
    way: place::Way,
}

/// An expression that must be true.
struct Expression {
    program: cel::Program,
    /// The expression in one line.
    source: String,
    message: Option<String>,
}

/// Values and what a policy says of them.
struct Example {
    expected: Expected,
    values: Tree,
    host: format::ExampleHost,
    /// Where it stands.
    way: place::Way,
}

/// What a policy says of an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    Pass,
    Fail,
    Skip,
}

/// What there is to know about a policy, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Document<'p> {
    /// Its name.
    pub id: &'p str,
    /// How bad it is when it is broken.
    pub level: Level,
    /// What it asks for.
    pub title: &'p str,
    /// Why that matters.
    pub why: &'p str,
    /// What to do about a finding.
    pub fix: &'p str,
    /// Whether there are examples of it.
    pub has_examples: bool,
}

impl Default for Policies {
    /// Returns no policies.
    fn default() -> Policies {
        Policies {
            all: Vec::new(),
            sources: SourceMap::new(),
            root: Vec::new(),
            environment: cel::environment(),
        }
    }
}

impl Policies {
    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns their number.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns the policy of this name as it stands in its file.
    pub fn source(&self, id: &str) -> Option<String> {
        self.all.iter().find(|policy| policy.id == id).map(Policy::source)
    }

    /// Returns the finding of a diagnostic that points into the policies' files.
    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        Finding::from_diagnostic(diagnostic, &self.sources, &self.root)
    }

    /// Returns what there is to know about each, in the order of the files.
    pub fn documents(&self) -> impl Iterator<Item = Document<'_>> {
        self.all.iter().map(|policy| Document {
            id: &policy.id,
            level: policy.level,
            title: &policy.title,
            why: &policy.why,
            fix: &policy.fix,
            has_examples: !policy.examples.is_empty(),
        })
    }

    /// Returns what there is to know about the policy of this name.
    pub fn document(&self, id: &str) -> Option<Document<'_>> {
        self.documents().find(|document| document.id == id)
    }
}

impl Policy {
    /// Returns the policy as it stands in its file; one of a list without what stands before it.
    fn source(&self) -> String {
        let text = &*self.text.text;
        let Some(place::Step::Index(index)) = self.way.last() else {
            return text.trim_end().to_owned();
        };
        let begin = place::find(text, &self.way).unwrap_or(0);
        let next = place::step(&self.way[..self.way.len() - 1], place::Step::Index(index + 1));
        let end = place::find(text, &next).map_or(text.len(), |next| text[..next].rfind('-').unwrap_or(next));
        let column = text[..begin].chars().rev().take_while(|c| *c != '\n').count();
        let own = text.get(begin..end).unwrap_or(text).trim_end();
        let line = |line: &str| {
            let blank = line.len() - line.trim_start_matches(' ').len();
            line[blank.min(column)..].to_owned()
        };
        let (first, rest) = own.split_once('\n').unwrap_or((own, ""));
        let lines = std::iter::once(first.to_owned()).chain(rest.lines().map(line));
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
