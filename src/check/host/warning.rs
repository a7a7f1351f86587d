//! A configuration, or a function that it calls, warns.

use super::reading::{Host, lossy};
use super::{Found, Stop, option_renamed, state_version_missing};
use crate::{Level, Rule};
use diag::{Diagnostic, Origin, Pos, Span};
use nixos::diagnose::configuration_warning;
use report::Stage;
use std::collections::BTreeSet;

/// The rule.
pub const RULE: Rule = Rule {
    id: "warning",
    stage: Stage::Eval,
    level: Level::Warning,
    title: "Evaluating a configuration brings no warnings",
    why: "A warning mostly says what will be an error with one of the next releases. Where there are many, nobody sees \
          the new one.",
    fix: "Do what the message says. The finding points at the definition that it is about, or at the line of your own \
          from which the function that warns is called.",
    wrong: "fleet.logs.days = 2; # a module of the fleet warns: incidents of last week cannot be looked into",
    right: "fleet.logs.days = 14;",
};

/// How a message that is a warning begins.
const SPOKEN: &str = "evaluation warning: ";

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let (judged, messages) = (host.judged, host.messages);
    let mut found = Vec::new();
    for warning in &judged.warnings {
        if is_rule(host, &warning.text) {
            continue;
        }
        let mut diagnostic = configuration_warning(host.ev, &warning.text, &host.view).rule(RULE.id);
        if diagnostic.labels.is_empty()
            && let Some(span) = warning.file.as_deref().and_then(|file| of_file(host, file))
        {
            diagnostic = diagnostic.at(span, "this warns");
        }
        found.push(Found::new(diagnostic).undrawn());
    }
    let mut said: BTreeSet<String> = BTreeSet::new();
    for message in messages {
        let text = lossy(&message.text);
        let Some(text) = text.strip_prefix(SPOKEN) else {
            continue;
        };
        let is_known = judged
            .warnings
            .iter()
            .any(|warning| text.ends_with(warning.text.as_str()));
        if is_known || is_rule(host, text) || !said.insert(text.to_owned()) {
            continue;
        }
        let mut diagnostic = Diagnostic::warning(text.to_owned()).rule(RULE.id);
        if let Some(site) = site(host, &message.sites) {
            diagnostic = diagnostic.at(Span::new(site, site.offset(1)), "");
        }
        found.push(Found::new(diagnostic).undrawn());
    }
    host.if_whole(found)
}

/// Whether a warning says what a rule of its own tells.
fn is_rule(host: &Host<'_>, text: &str) -> bool {
    let of_host = host.system.kind() == nixos::Kind::Nixos && text.starts_with(state_version_missing::WARNING);
    of_host || option_renamed::renamed(text).is_some()
}

/// Returns the innermost call in the user's own files, else the innermost one.
fn site(host: &Host<'_>, sites: &[Pos]) -> Option<Pos> {
    let own = sites.iter().find(|site| host.owns(**site));
    own.or(sites.first()).copied()
}

/// Returns the beginning of the file that a module was read from, which may be named by its folder.
fn of_file(host: &Host<'_>, path: &str) -> Option<Span> {
    let sources = &host.ev.sources;
    let inside = format!("{path}/default.nix");
    let is = |wanted: &str, id: diag::FileId| matches!(&sources.file(id).origin, Origin::File(own) if **own == *wanted.as_bytes());
    let find = |wanted: &str| host.ev.texts().iter().rev().copied().find(|id| is(wanted, *id));
    let base = sources.file(find(path).or_else(|| find(&inside))?).base;
    Some(Span::new(base, base))
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::{Told, check_told};
    use eval::Message;
    use nixos::Warning;

    #[test]
    fn warnings_of_modules_and_of_functions_are_told_once() {
        let warning = |text: &str, file: Option<&str>| Warning {
            text: text.into(),
            file: file.map(str::to_owned),
        };
        let spoken = |text: &str| Message {
            text: text.as_bytes().to_vec(),
            sites: Vec::new(),
        };
        let told = Told {
            warnings: vec![
                warning("a is old", Some("/fleet/host.nix")),
                warning("The option `x' defined in `f' has been renamed to `y'.", None),
            ],
            messages: vec![
                spoken("evaluation warning: a is old"),
                spoken("evaluation warning: b is old"),
                spoken("evaluation warning: b is old"),
                spoken("evaluation warning: system.stateVersion is not set, defaulting to 26.05."),
                spoken("trace: c"),
            ],
            ..Told::default()
        };
        check_told(super::run, "{ }", &told, &["host.nix:1:1: a is old", "b is old"]);
        let fails = Told {
            fails: true,
            ..Told::default()
        };
        check_told(super::run, "{ }", &fails, &["unknown"]);
        check_told(super::run, "{ }", &Told::default(), &[]);
    }
}
