//! Judges policies on a host.

use diag::{Diagnostic, Severity, Span};
use report::{Case, Finding, Outcome, Stage};

use super::assertion::{Break, Verdict, demand, judge};
use super::cel;
use super::hosts::Host;
use super::option_path::shown;
use super::place::{self, Step, step};
use super::tree::{Demand, Tree};
use super::{OptionPath, Policies, Policy};

/// The options of a host.
pub trait Options {
    /// Returns the parts of a value that are asked for.
    fn value(&mut self, path: &OptionPath, demand: &Demand) -> Tree;

    /// Returns where a user goes to change an option: `way` are the names along the option and into
    /// its value.
    fn place(&mut self, way: &[String]) -> Option<Span>;

    /// Whether the host as a whole evaluates; if not, its own case tells why, and what an option lacks
    /// is no news.
    fn evaluates(&self) -> bool;

    /// Returns the finding of a diagnostic whose places are those of [`Options::place`].
    fn finding(&self, diagnostic: &Diagnostic) -> Finding;
}

/// What a policy says of a host.
pub(super) enum Judged {
    /// It is not for this host, for this reason.
    Skipped(String),
    /// What it found; nothing if it holds.
    Found(Vec<Found>),
}

/// Something that a policy found.
pub(super) struct Found {
    /// The names along the option and into its value; empty if it is about several.
    pub way: Vec<String>,
    /// The options that an expression is about.
    pub about: Vec<OptionPath>,
    /// Where the policy asks for it, if it cannot be judged.
    pub asked: place::Way,
    /// Whether the policy asks for an option that is not there.
    pub is_amiss: bool,
    /// What is wrong, as a whole clause.
    pub message: String,
    /// Whether the policy could not be judged.
    pub unknown: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
}

impl Policies {
    /// Returns the cases of all policies that are for a host: one for each that `applies` by its name.
    pub fn cases(&self, host: &Host, options: &mut dyn Options, applies: &dyn Fn(&str) -> bool) -> Vec<Case> {
        let all = self
            .all
            .iter()
            .filter(|policy| policy.level.severity().is_some() && applies(&policy.id) && policy.hosts.take(host));
        all.map(|policy| self.case(policy, host, options)).collect()
    }

    fn case(&self, policy: &Policy, host: &Host, options: &mut dyn Options) -> Case {
        let case = |outcome| {
            Case::new(Stage::Policy, policy.name(), outcome)
                .rule(&policy.id)
                .on(&host.name, &host.system)
        };
        match self.judge(policy, host, options) {
            Judged::Skipped(why) => case(Outcome::Skipped(why)),
            Judged::Found(all) if !options.evaluates() && !all.is_empty() && all.iter().all(|found| found.unknown) => {
                case(Outcome::Errored).property("reason", "the host does not evaluate")
            }
            Judged::Found(all) => {
                let severity = policy.level.severity().unwrap_or(Severity::Note);
                let broken = all.iter().any(|found| !found.unknown);
                let outcome = match (all.is_empty(), broken) {
                    (true, _) => Outcome::Passed,
                    (false, false) => Outcome::Errored,
                    (false, true) if severity == Severity::Error => Outcome::Failed,
                    (false, true) if all.iter().any(|found| found.unknown) => Outcome::Errored,
                    (false, true) => Outcome::Passed,
                };
                all.iter().fold(case(outcome), |case, found| {
                    case.finding(policy.finding(self, found, severity, options))
                })
            }
        }
    }

    /// Returns what a policy says of the options of a host.
    pub(super) fn judge(&self, policy: &Policy, host: &Host, options: &mut dyn Options) -> Judged {
        let mut found = Vec::new();
        for (path, assertions) in &policy.when {
            let value = options.value(path, &demand(assertions));
            match judge(assertions, &value) {
                Verdict::Holds => {}
                Verdict::Broken(all) => {
                    let why = all.first().map(|one| told(path, one).message).unwrap_or_default();
                    return Judged::Skipped(why);
                }
                Verdict::Unknown(all) => found.extend(
                    all.iter()
                        .map(|one| unknown(path, one, &value, policy.asks("when", path))),
                ),
            }
        }
        // Whether it is for this host cannot be told: nor is anything else.
        if !found.is_empty() {
            return Judged::Found(found);
        }
        for (path, assertions) in &policy.assert {
            let value = options.value(path, &demand(assertions));
            match judge(assertions, &value) {
                Verdict::Holds => {}
                Verdict::Broken(all) => found.extend(all.iter().map(|one| told(path, one))),
                Verdict::Unknown(all) => found.extend(
                    all.iter()
                        .map(|one| unknown(path, one, &value, policy.asks("assert", path))),
                ),
            }
        }
        if !policy.cel.is_empty() {
            self.judge_expressions(policy, host, options, &mut found);
        }
        Judged::Found(found)
    }

    fn judge_expressions(&self, policy: &Policy, host: &Host, options: &mut dyn Options, found: &mut Vec<Found>) {
        let seen = cel::Host {
            name: &host.name,
            system: &host.system,
            kind: host.kind.name(),
            tags: &host.tags,
        };
        let mut values = Vec::new();
        for (name, path) in &policy.options {
            let mut demand = Demand::default();
            for expression in &policy.cel {
                demand.and(expression.program.demands.get(name).cloned().unwrap_or_default());
            }
            values.push((name.as_str(), path, options.value(path, &demand)));
        }
        let mut lacking: Vec<&str> = Vec::new();
        for (name, path, value) in &values {
            let why = match value {
                Tree::Missing(why) => Some(why.as_str()),
                other => other.unknown(),
            };
            if let Some(why) = why {
                lacking.push(name);
                let names = step(&policy.way, Step::Key("options".into()));
                found.push(unknown(
                    path,
                    &Break::plain(why),
                    value,
                    step(&names, Step::Key((*name).into())),
                ));
            }
        }
        for expression in &policy.cel {
            let uses = |name: &str| expression.program.uses.iter().any(|used| used == name);
            // What an expression lacks has been told.
            if lacking.iter().any(|name| uses(name)) {
                continue;
            }
            let used: Vec<(&str, &Tree)> = values
                .iter()
                .filter(|(name, ..)| uses(name))
                .map(|(n, _, v)| (*n, v))
                .collect();
            let about: Vec<OptionPath> = values
                .iter()
                .filter(|(name, ..)| uses(name))
                .map(|(_, p, _)| (*p).clone())
                .collect();
            let (message, is_unknown) = match expression.program.holds(&self.environment, &used, &seen) {
                Ok(true) => continue,
                Ok(false) => match &expression.message {
                    Some(message) => (message.clone(), false),
                    None => (format!("`{}` is not true", expression.source), false),
                },
                Err(why) => (format!("`{}`: {why}", expression.source), true),
            };
            found.push(Found {
                way: match &about[..] {
                    [only] => only.names().to_vec(),
                    _ => Vec::new(),
                },
                secret: about.iter().any(|path| is_secret(path.names())),
                asked: step(&policy.way, Step::Key("cel".into())),
                is_amiss: false,
                about,
                message,
                unknown: is_unknown,
            });
        }
    }
}

/// Whether a value must not be shown, by the names along the way to it.
fn is_secret(way: &[String]) -> bool {
    way.iter().any(|name| report::redact::secret_like(name))
}

/// Returns what is wrong with an option or a part of its value.
fn told(path: &OptionPath, one: &Break) -> Found {
    let way: Vec<String> = path.names().iter().chain(&one.way).cloned().collect();
    let secret = is_secret(&way);
    let what = if secret { &one.hidden } else { &one.what };
    Found {
        message: format!("`{}` {what}", shown(&way)),
        about: Vec::new(),
        asked: Vec::new(),
        is_amiss: false,
        way,
        unknown: false,
        secret,
    }
}

/// Returns why something cannot be told of an option or a part of its value.
fn unknown(path: &OptionPath, one: &Break, value: &Tree, asked: place::Way) -> Found {
    let mut found = told(path, one);
    found.asked = asked;
    found.is_amiss = matches!(value, Tree::Missing(_));
    found.unknown = true;
    // What is unknown of a value is a clause of its own, or the end of one on the value.
    found.message = match one.what.starts_with("is ") {
        true => found.message,
        false => format!("`{}`: {}", shown(&found.way), one.what),
    };
    found
}

impl Policy {
    /// Returns the name of the policy's cases.
    pub(super) fn name(&self) -> String {
        format!("policy {}", self.id)
    }

    /// Returns where the policy asks something of an option.
    fn asks(&self, key: &str, path: &OptionPath) -> place::Way {
        step(&step(&self.way, Step::Key(key.into())), Step::Name(path.text().into()))
    }

    fn finding(&self, policies: &Policies, found: &Found, severity: Severity, options: &mut dyn Options) -> Finding {
        let message = match found.unknown {
            true => format!("cannot judge whether “{}”: {}", self.title, found.message),
            false => format!("{}: {}", self.title, found.message),
        };
        let severity = if found.unknown { Severity::Error } else { severity };
        let mut diagnostic = Diagnostic::new(severity, message).rule(&self.id);
        let first = if found.way.is_empty() {
            found
                .about
                .first()
                .map(|path| path.names().to_vec())
                .unwrap_or_default()
        } else {
            found.way.clone()
        };
        let place = if found.is_amiss { None } else { options.place(&first) };
        if let (None, true) = (place, found.unknown) {
            // Nothing in the configuration has to do with it: the policy is likely wrong.
            let diagnostic = diagnostic.at(self.text.span(&found.asked), "");
            return policies.finding(&diagnostic).option(shown(&first));
        }
        if let Some(span) = place {
            diagnostic = diagnostic.at(span, "");
        }
        for path in found.about.iter().skip(1) {
            if let Some(span) = options.place(path.names()) {
                diagnostic = diagnostic.also(span, "");
            }
        }
        if !found.unknown {
            diagnostic = diagnostic.hint(&self.fix).note(&self.why);
        }
        let mut finding = options.finding(&diagnostic);
        if found.secret {
            // The lines of the source may show the value.
            finding.text = String::new();
        }
        if first.is_empty() {
            finding
        } else {
            finding.option(shown(&first))
        }
    }
}
