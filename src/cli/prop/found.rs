//! What is told of a broken law.

use ::prop::counter::Counterexample;
use ::prop::run::Found;
use ::prop::{Binding, Law, Question};
use diag::Diagnostic;
use report::Secrets;

/// A broken law, and what it is about.
#[derive(Clone, Copy)]
pub struct Told<'t> {
    /// The law.
    pub law: &'static Law,
    /// The host, if it is about one.
    pub host: Option<&'t str>,
    /// The option, if it is about one.
    pub option: Option<&'t str>,
    /// The seed of the run.
    pub seed: u64,
    /// The case that breaks it.
    pub found: &'t Found,
}

impl Told<'_> {
    /// Returns the counterexample as a file.
    pub fn counterexample<'c>(&'c self, bindings: &'c [Binding], question: &'c Question) -> Counterexample<'c> {
        Counterexample {
            law: self.law.id,
            title: self.law.title,
            host: self.host,
            option: self.option,
            drawn: Some((self.seed, self.found.case)),
            bindings,
            question,
            broken: &self.found.broken,
        }
    }

    /// Returns what is said of a law about the library.
    pub fn diagnostic(&self) -> Diagnostic {
        broken(self.law.title, &self.found.broken.lines)
            .rule(self.law.id)
            .hint(self.law.fix)
    }
}

/// Returns what is said of a law that does not hold; `lines` are what came out.
pub fn broken(title: &str, lines: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("this does not hold: {title}"));
    lines
        .iter()
        .fold(diagnostic, |diagnostic, line| diagnostic.note(line.as_str()))
}

/// Returns a counterexample without secrets; if there were any, it says so.
pub fn without_secrets(counter: &Counterexample<'_>, name: &str, flake: &str, secrets: &Secrets) -> String {
    let text = counter.text(name, flake, &[]);
    if secrets.drawing(&text) == text {
        return text;
    }
    let told = "A secret is masked below; put it back, or this may show something else.";
    secrets.drawing(&counter.text(name, flake, &[told])).into_owned()
}
