//! From what a machine did to the user's own line: which option is to blame, and where it is written.

use super::pair::Wanted;
use ::check::diff::{self as compare, State};
use ::vm::finding::{Blame, Found};
use diag::{Diagnostic, Span};
use eval::Evaluator;
use eval::error::Eval;
use nixos::OptionPath;
use nixos::diagnose::{Viewpoint, binding_text, inputs_of};
use report::diff::{Change, ValueChange};
use report::{Finding, Secrets};
use std::time::Duration;

/// Both states of a host, and from where they are looked at.
pub struct Suspects<'s> {
    /// What ran before.
    pub base: &'s Wanted,
    /// What was switched to.
    pub head: &'s Wanted,
    /// The base's flake.
    pub of_base: Viewpoint<'s>,
    /// The head's flake.
    pub of_head: Viewpoint<'s>,
    /// The time, as comparing may take some.
    pub clock: &'s dyn Fn() -> Duration,
}

/// An option that is to blame, and the text in its value that is.
struct Culprit {
    path: Vec<String>,
    text: Option<String>,
}

impl Culprit {
    fn option(path: &[&str]) -> Option<Culprit> {
        Some(Culprit {
            path: path.iter().map(|name| (*name).to_owned()).collect(),
            text: None,
        })
    }

    fn with(mut self, text: Option<&str>) -> Culprit {
        self.text = text.map(str::to_owned);
        self
    }
}

impl Suspects<'_> {
    /// Returns a finding with the option that is to blame and its place, as far as they are known.
    pub fn finding(&self, ev: &mut Evaluator, found: &Found, secrets: &mut Secrets) -> Eval<Finding> {
        let (option, span) = self.place(ev, found, secrets)?;
        let mut diagnostic = Diagnostic::new(found.severity, found.message.clone()).rule(found.rule);
        if span.start.is_some() {
            diagnostic = diagnostic.at(span, "");
        }
        diagnostic.hints.extend(found.hint.clone());
        let mut finding = Finding::from_diagnostic(&diagnostic, &ev.sources, self.of_head.root);
        finding.option = option.map(|path| path.to_string());
        Ok(finding)
    }

    fn place(&self, ev: &mut Evaluator, found: &Found, secrets: &mut Secrets) -> Eval<(Option<OptionPath>, Span)> {
        let inputs = inputs_of(ev, &self.of_head);
        let view = Viewpoint {
            inputs: &inputs,
            ..self.of_head
        };
        let system = &self.head.system;
        let Some(culprit) = self.culprit(ev, &found.blame, secrets)? else {
            return Ok((None, system.place(ev)));
        };
        if let Some(name) = &found.specialisation {
            // Its options are those of a configuration of its own; what is written of it stands in one place.
            let path = ["specialisation".to_owned(), name.clone()];
            let span = system.place_of(ev, &path, &view)?;
            return Ok((OptionPath::of(&path), span));
        }
        let option = OptionPath::of(&culprit.path);
        if let Some(text) = &culprit.text
            && let Some(span) = system.place_of_string(ev, &culprit.path, text, &view)?
        {
            return Ok((option, span));
        }
        let span = system.place_of(ev, &culprit.path, &view)?;
        if matches!(found.blame, Blame::Standing(_)) || !self.is_as_before(ev, &culprit.path, span)? {
            return Ok((option, span));
        }
        // What is written about it is what it was: something else made the difference.
        let cause = self.changes(ev, secrets)?.into_iter().map(|(_, _, span)| span).next();
        Ok((option, cause.unwrap_or(span)))
    }

    /// Returns the option that is to blame.
    fn culprit(&self, ev: &mut Evaluator, blame: &Blame, secrets: &mut Secrets) -> Eval<Option<Culprit>> {
        Ok(match blame {
            Blame::Unit(unit) | Blame::Standing(unit) => match unit.rsplit_once('.') {
                Some((name, kind)) => Culprit::option(&["systemd", &format!("{kind}s"), name]),
                None => None,
            },
            Blame::ActivationScript(name) => Culprit::option(&["system", "activationScripts", name]),
            Blame::PreSwitchCheck(name) => Culprit::option(&["system", "preSwitchChecks", name]),
            Blame::Inhibitor(name) => Culprit::option(&["system", "switch", "inhibitors", name]),
            Blame::Systemd => Culprit::option(&["systemd", "package"]),
            Blame::Kernel => Culprit::option(&["boot", "kernelPackages"]),
            Blame::Initrd => Culprit::option(&["boot", "initrd"]),
            Blame::KernelParameters { culprit, .. } => {
                Culprit::option(&["boot", "kernelParams"]).map(|option| option.with(culprit.as_deref()))
            }
            Blame::FileSystem(folder) => {
                // The size of one that lies in memory is an option of its mount.
                let sized = Culprit::option(&["fileSystems", folder, "options"]);
                let is_own = match &sized {
                    Some(sized) => self.is_own(ev, &sized.path)?,
                    None => false,
                };
                if is_own {
                    sized
                } else {
                    Culprit::option(&["fileSystems", folder])
                }
            }
            Blame::Addresses => {
                let changes = self.changes(ev, secrets)?.into_iter();
                let mut networking = changes.filter(|(path, ..)| {
                    path[0] == "networking" || path.starts_with(&["systemd".into(), "network".into()])
                });
                let change = networking.find(|(path, ..)| path.iter().any(|name| name.contains("ddress")));
                change.map(|(path, change, _)| Culprit {
                    path: path.to_vec(),
                    text: address(&change),
                })
            }
            Blame::Disks => Culprit::option(&["disko", "devices"]),
            Blame::HomeBlock(block) => Culprit::option(&["home", "activation", block]),
            Blame::HomeFile(file) => Culprit::option(&["home", "file", file]),
            Blame::HomeUnit(unit) => match unit.rsplit_once('.') {
                Some((name, kind)) => Culprit::option(&["systemd", "user", &format!("{kind}s"), name]),
                None => None,
            },
            Blame::BootLoader => Culprit::option(&["boot", "loader"]),
            Blame::Closure | Blame::Host | Blame::Step => None,
        })
    }

    /// Whether the user's own files define an option.
    fn is_own(&self, ev: &mut Evaluator, path: &[String]) -> Eval<bool> {
        let inputs = inputs_of(ev, &self.of_head);
        let view = Viewpoint {
            inputs: &inputs,
            ..self.of_head
        };
        let definitions = self.head.system.definitions(ev, path, &view)?;
        Ok(definitions
            .iter()
            .any(|definition| definition.is_own() && definition.is_placed()))
    }

    /// Whether the base says the same about an option as the head at a place.
    fn is_as_before(&self, ev: &mut Evaluator, path: &[String], at: Span) -> Eval<bool> {
        let inputs = inputs_of(ev, &self.of_base);
        let view = Viewpoint {
            inputs: &inputs,
            ..self.of_base
        };
        let before = self.base.system.place_of(ev, path, &view)?;
        let texts = [before, at].map(|span| binding_text(ev, span.start));
        Ok(texts[0].is_some() && texts[0] == texts[1])
    }

    /// Returns the options whose definition in the user's own files is another than before, each with its place.
    fn changes(&self, ev: &mut Evaluator, secrets: &mut Secrets) -> Eval<Vec<(OptionPath, Change, Span)>> {
        let [before, after] = [self.base, self.head].map(|wanted| wanted.drv.to_path());
        let old = State {
            system: &self.base.system,
            drv: &before,
            view: self.of_base,
        };
        let new = State {
            system: &self.head.system,
            drv: &after,
            view: self.of_head,
        };
        let changes = compare::compare(ev, &old, &new, secrets, self.clock)?;
        let inputs = inputs_of(ev, &self.of_head);
        let view = Viewpoint {
            inputs: &inputs,
            ..self.of_head
        };
        let mut found = Vec::new();
        for change in changes.options {
            let Ok(path) = change.name.parse::<OptionPath>() else {
                continue;
            };
            let span = self.head.system.place_of(ev, &path, &view)?;
            if !self.is_as_before(ev, &path, span)? {
                found.push((path, change, span));
            }
        }
        Ok(found)
    }
}

/// Returns the first address that a change brings.
fn address(change: &Change) -> Option<String> {
    let texts: Vec<&str> = match &change.value {
        ValueChange::Value { after, .. } => after.iter().map(String::as_str).collect(),
        ValueChange::Elements { added, .. } => added.iter().map(String::as_str).collect(),
        ValueChange::Secret | ValueChange::Rebuilt => Vec::new(),
    };
    let mut words = texts
        .into_iter()
        .flat_map(|text| text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':')));
    words
        .find(|word| word.parse::<std::net::IpAddr>().is_ok())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_change_is_found_in_its_text() {
        let of = |after: &str| address(&Change::value("networking", None, Some(after.into())));
        assert_eq!(
            of("[ { address = \"10.0.20.51\"; prefixLength = 24; } ]").as_deref(),
            Some("10.0.20.51")
        );
        assert_eq!(of("\"fe80::1\"").as_deref(), Some("fe80::1"));
        assert_eq!(of("[ ]"), None);
    }
}
