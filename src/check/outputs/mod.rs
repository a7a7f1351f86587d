//! Rules on what a flake offers for which systems. They read the names of its outputs alone, and evaluate none.

mod dev_shell_missing;
mod formatter_missing;

use std::collections::BTreeMap;

use diag::{Diagnostic, Pos, SourceMap, Span};
use nixos::{Kind, Target};
use report::{Case, Finding};

use crate::Rule;

/// A rule and how it is applied.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    run: fn(&Offer<'_>) -> Option<Vec<Diagnostic>>,
}

/// All rules on the outputs of a flake, in the order in which they are told.
pub const RULES: &[Entry] = &[
    Entry {
        rule: &dev_shell_missing::RULE,
        run: dev_shell_missing::run,
    },
    Entry {
        rule: &formatter_missing::RULE,
        run: formatter_missing::run,
    },
];

/// One output of a flake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// What it is.
    pub kind: Kind,
    /// The system that it is for; none for hosts.
    pub system: Option<String>,
    /// Where it is defined, if that is known.
    pub pos: Pos,
}

impl From<&Target> for Output {
    fn from(target: &Target) -> Output {
        Output {
            kind: target.kind,
            system: target.system.clone(),
            pos: target.pos,
        }
    }
}

/// What a flake offers: of each kind the systems, each with where it is defined first.
struct Offer<'o> {
    kinds: BTreeMap<Kind, BTreeMap<&'o str, Pos>>,
}

impl<'o> Offer<'o> {
    fn of(outputs: &'o [Output]) -> Offer<'o> {
        let mut kinds: BTreeMap<Kind, BTreeMap<&str, Pos>> = BTreeMap::new();
        for output in outputs {
            if let Some(system) = &output.system {
                let systems = kinds.entry(output.kind).or_default();
                systems.entry(system).or_insert(output.pos);
            }
        }
        Offer { kinds }
    }

    /// Returns the systems that there is something of one kind for, and nothing of another kind, in order; with where
    /// the first of the other kind is defined. `None` if there is nothing of the other kind at all.
    fn lacks(&self, has: Kind, lacks: Kind) -> Option<(Vec<&'o str>, Span)> {
        let lacking = self.kinds.get(&lacks)?;
        let missing = self.kinds.get(&has).into_iter().flatten();
        let missing = missing
            .map(|(system, _)| *system)
            .filter(|system| !lacking.contains_key(system));
        let pos = lacking.values().copied().find(|pos| pos.is_some()).unwrap_or(Pos::NONE);
        Some((missing.collect(), Span::new(pos, pos.offset(1))))
    }
}

/// Returns the case of each rule that has something to judge. `root` is the folder that places are told from.
pub fn cases(outputs: &[Output], sources: &SourceMap, root: &[u8]) -> Vec<Case> {
    let offer = Offer::of(outputs);
    let mut cases = Vec::new();
    for entry in RULES {
        let Some(found) = (entry.run)(&offer) else { continue };
        let mut case = entry.rule.case();
        for diagnostic in found {
            case = case.finding(Finding::from_diagnostic(&diagnostic, sources, root));
        }
        cases.push(case);
    }
    cases
}

/// Returns systems as a sentence lists them.
fn listed(systems: &[&str]) -> String {
    match systems {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::Origin;

    /// Checks what is found in outputs, written as `packages.x86_64-linux`, one a line of `flake.nix`.
    #[track_caller]
    fn check(outputs: &[&str], expected: &[&str]) {
        let mut sources = SourceMap::new();
        let text = outputs.iter().map(|line| format!("  {line}\n")).collect::<String>();
        let (_, base) = sources.add(Origin::File(b"/f/flake.nix".as_slice().into()), text.as_bytes().into());
        let mut offset = 2;
        let mut found = Vec::new();
        for line in outputs {
            let (output, system) = line.split_once('.').unwrap();
            let kind = Kind::ALL.into_iter().find(|kind| kind.output() == output).unwrap();
            found.push(Output {
                kind,
                system: (!kind.is_configuration()).then(|| system.to_owned()),
                pos: base.offset(offset),
            });
            offset += line.len() as u32 + 3;
        }
        let told = cases(&found, &sources, b"/f").into_iter().flat_map(|case| {
            let told = case.findings.iter().map(|finding| {
                let place = finding.location.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} {place} {}", finding.rule, finding.message)
            });
            let told: Vec<String> = told.collect();
            match told.is_empty() {
                true => vec![format!("{} passed", case.subject.name)],
                false => told,
            }
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{outputs:?}");
    }

    #[test]
    fn a_shell_for_each_system_that_packages_are_for() {
        check(&[], &[]);
        check(&["packages.x86_64-linux"], &[]);
        check(
            &["nixosConfigurations.web", "devShells.x86_64-linux"],
            &["dev-shell-missing passed"],
        );
        check(
            &["packages.a-linux", "packages.b-linux", "devShells.a-linux"],
            &["dev-shell-missing flake.nix:3:3 there are packages for b-linux, and no development shell"],
        );
        check(
            &[
                "packages.a-linux",
                "packages.c-linux",
                "packages.b-linux",
                "devShells.d-linux",
            ],
            &[
                "dev-shell-missing flake.nix:4:3 there are packages for a-linux, b-linux and c-linux, and no development shell",
            ],
        );
        check(
            &["packages.a-linux", "devShells.a-linux", "devShells.b-linux"],
            &["dev-shell-missing passed"],
        );
    }

    #[test]
    fn a_formatter_for_each_system_that_shells_are_for() {
        check(
            &["devShells.a-linux", "devShells.b-linux", "formatter.b-linux"],
            &[
                "dev-shell-missing passed",
                "formatter-missing flake.nix:3:3 there are development shells for a-linux, and no formatter",
            ],
        );
        check(&["formatter.b-linux"], &["formatter-missing passed"]);
    }
}
