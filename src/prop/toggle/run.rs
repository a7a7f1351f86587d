//! Running the toggle laws on one host.

use super::Toggle;
use super::laws::FAILS;
use super::leaks::leaks;
use super::sets::{Sets, smallest};
use super::switched::{Outcome as Case, Switched};
use super::verdict::{Verdict, has_no_words, verdict};
use crate::Law;
use crate::run::{Budget, Slot, Watcher};
use diag::{Diagnostic, Pos};
use eval::error::Eval;
use eval::{ErrorKind, EvalError, Evaluator, Ref};
use nixos::diagnose::{Complaint, Viewpoint, complaint, diagnose_from};
use nixos::{Kind, Reading, System};
use std::collections::BTreeMap;

/// What the toggle laws came to on a host.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Why nothing could be judged: the host does not evaluate as it is.
    pub unjudged: Option<Diagnostic>,
    /// Cases that were judged, those of finding the smallest sets not counted.
    pub ran: u64,
    /// Those of them in which the host was refused by somebody who said why.
    pub refused: u64,
    /// What modules need when they are switched on alone, an option that nothing sets; each as `TOGGLE: OPTION`. They
    /// are among the refused.
    pub needs: Vec<String>,
    /// Cases that could not be judged.
    pub stopped: u64,
    /// Why the first of these stopped.
    pub why: Option<String>,
    /// Toggles that change nothing when they are flipped alone.
    pub without_effect: Vec<String>,
    /// What was found, in the order in which it was.
    pub findings: Vec<Finding>,
}

/// A broken toggle law.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The law.
    pub law: &'static Law,
    /// What is said of it, at the user's own line.
    pub diagnostic: Diagnostic,
    /// The option that it is about.
    pub option: Option<String>,
    /// The toggles that are flipped, in the order of their paths.
    pub flips: Vec<Flip>,
    /// Nix that shows it, where `host` is the configuration.
    pub expr: Option<String>,
}

/// A toggle and what it is flipped to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flip {
    /// Its path.
    pub path: String,
    /// Its value.
    pub to: bool,
}

/// Runs the toggle laws on a host.
///
/// Toggles inside the submodules of an option have their turn by themselves. As long as it is open whether there is a
/// definition more for a home, nothing of it can be shared between cases; and a definition inside of what another
/// toggle takes away would bring half of it back.
pub fn run(
    ev: &mut Evaluator,
    system: &System,
    view: &Viewpoint<'_>,
    toggles: &[Toggle],
    budget: Budget,
    watcher: &mut dyn Watcher,
) -> Eval<Outcome> {
    let mut groups: BTreeMap<Option<String>, Vec<Toggle>> = BTreeMap::new();
    for toggle in toggles {
        let within = toggle.within.as_ref().map(ToString::to_string);
        groups.entry(within).or_default().push(toggle.clone());
    }
    let all = toggles.len() as u64;
    let mut outcome = Outcome::default();
    for toggles in groups.values() {
        if outcome.unjudged.is_some() || is_over(budget, watcher) {
            break;
        }
        let mut running = Running {
            switched: Switched::new(ev, system, toggles)?,
            system,
            view,
            toggles,
            outcome,
        };
        // Each alone has its case; of what is more, each group has its share.
        let more = budget.cases.saturating_sub(all) * toggles.len() as u64 / all;
        let cases = budget.cases.min(toggles.len() as u64 + more);
        running.switched.set_apart(ev, system)?;
        match running.switched.warm(ev) {
            Case::Evaluates(drv) => {
                running.flips(ev, &drv, Budget { cases, ..budget }, watcher);
                let mut is_over = || is_over(budget, watcher);
                let leaks = leaks(ev, &running.switched, system, toggles, view, &mut is_over)?;
                running.outcome.findings.extend(leaks);
            }
            Case::Fails(error) => running.outcome.unjudged = Some(diagnose_from(ev, &error, view).diagnostic),
            Case::Stopped(why) => running.outcome.unjudged = Some(Diagnostic::error(why)),
        }
        outcome = running.outcome;
    }
    Ok(outcome)
}

/// Whether time is up.
fn is_over(budget: Budget, watcher: &dyn Watcher) -> bool {
    let is_late = budget.deadline.is_some_and(|deadline| watcher.now() >= deadline);
    is_late || watcher.interrupted()
}

struct Running<'r> {
    switched: Switched,
    system: &'r System,
    view: &'r Viewpoint<'r>,
    toggles: &'r [Toggle],
    outcome: Outcome,
}

/// What a case came to.
enum Judged {
    /// It evaluates.
    Holds,
    /// Somebody said why not.
    Refused,
    /// A module that is switched on needs this option to be set.
    Needs(String),
    /// It breaks the law.
    Broken(EvalError),
    /// It could not be told.
    Stopped(String),
}

impl Running<'_> {
    /// Flips sets of toggles until all had their turn, or time is up; `drv` is what the host is as it is.
    fn flips(&mut self, ev: &mut Evaluator, drv: &str, budget: Budget, watcher: &mut dyn Watcher) {
        let slot = Slot {
            law: &FAILS,
            ground: 0,
            key: String::new(),
            cases: None,
        };
        let mut sets = Sets::new(self.toggles.len(), budget.seed, self.system.name());
        let mut failing: Vec<Vec<usize>> = Vec::new();
        for done in 0..budget.cases {
            if is_over(budget, watcher) {
                return;
            }
            watcher.progressed(&slot, done, budget.cases);
            let Some(set) = sets.next(&failing) else { return };
            let case = self.switched.case(ev, &set);
            if let (Case::Evaluates(same), [one]) = (&case, set.as_slice())
                && same == drv
            {
                self.outcome.without_effect.push(self.toggles[*one].path.to_string());
            }
            let judged = self.judge(ev, case, &set);
            self.outcome.ran += u64::from(!matches!(judged, Judged::Stopped(_)));
            if let (Judged::Refused | Judged::Needs(_), [one]) = (&judged, set.as_slice()) {
                sets.refused(*one);
            }
            match judged {
                Judged::Holds => {}
                Judged::Refused => self.outcome.refused += 1,
                Judged::Needs(option) => {
                    self.outcome.refused += 1;
                    if let [one] = set.as_slice() {
                        self.outcome
                            .needs
                            .push(format!("{}: {option}", self.toggles[*one].path));
                    }
                }
                Judged::Broken(_) => {
                    let set = smallest(set, &mut |fewer| {
                        let in_time = !is_over(budget, watcher);
                        in_time && matches!(self.again(ev, fewer), Judged::Broken(_))
                    });
                    self.tell(ev, &set);
                    failing.push(set);
                }
                Judged::Stopped(why) => self.stopped(why),
            }
        }
    }

    fn again(&self, ev: &mut Evaluator, set: &[usize]) -> Judged {
        let case = self.switched.case(ev, set);
        self.judge(ev, case, set)
    }

    fn judge(&self, ev: &mut Evaluator, case: Case, set: &[usize]) -> Judged {
        let flipped: Vec<&Toggle> = set.iter().map(|&one| &self.toggles[one]).collect();
        match case {
            Case::Evaluates(_) => Judged::Holds,
            Case::Fails(error) => match verdict(ev, &error, self.view, &flipped) {
                Verdict::Refused => Judged::Refused,
                Verdict::Needs(option) => Judged::Needs(option),
                Verdict::Broken if self.is_wanting(&error, set) || self.brings_back(ev, set) => Judged::Refused,
                Verdict::Broken => Judged::Broken(error),
            },
            Case::Stopped(why) => Judged::Stopped(why),
        }
    }

    /// Whether an option has no value that one of these toggles needs alone, whatever else is flipped.
    fn is_wanting(&self, error: &EvalError, set: &[usize]) -> bool {
        let Some(Complaint::NoValue(option)) = complaint(error) else {
            return false;
        };
        set.iter().any(|&one| {
            let need = format!("{}: {option}", self.toggles[one].path);
            self.outcome.needs.contains(&need)
        })
    }

    /// Whether one of these toggles stands in a submodule that the others take away. A definition inside of it brings
    /// half of the submodule back, which nobody would write.
    fn brings_back(&self, ev: &mut Evaluator, set: &[usize]) -> bool {
        set.len() > 1
            && set.iter().any(|&one| {
                let toggle = &self.toggles[one];
                let around = toggle.around();
                let is_outside = |other: &usize| !self.toggles[*other].path.starts_with(around);
                let others: Vec<usize> = set.iter().copied().filter(is_outside).collect();
                let is_gone = |ev: &mut Evaluator, host: Ref| {
                    let host = ev.force(host, Pos::NONE)?;
                    let value = self.system.extended(ev, host).value(ev, around)?;
                    Ok(matches!(value, Reading::Absent))
                };
                toggle.within.is_some() && self.switched.look(ev, &others, is_gone) == Some(true)
            })
    }

    /// Evaluates a broken set as the user would write it, and tells of it.
    fn tell(&mut self, ev: &mut Evaluator, set: &[usize]) {
        let afresh = self.switched.afresh(ev, set);
        match self.judge(ev, afresh, set) {
            Judged::Broken(error) => {
                let finding = self.finding(ev, set, &error);
                self.outcome.findings.push(finding);
            }
            Judged::Stopped(why) => self.stopped(why),
            Judged::Holds | Judged::Refused | Judged::Needs(_) => {
                self.stopped("cfgcheck broke: flips fail that do not fail by themselves".into());
            }
        }
    }

    fn stopped(&mut self, why: String) {
        self.outcome.stopped += 1;
        self.outcome.why.get_or_insert(why);
    }

    fn finding(&self, ev: &mut Evaluator, set: &[usize], error: &EvalError) -> Finding {
        let toggles: Vec<&Toggle> = set.iter().map(|&one| &self.toggles[one]).collect();
        let diagnosis = diagnose_from(ev, error, self.view);
        let mut diagnostic = diagnosis.diagnostic.rule(FAILS.id);
        diagnostic.severity = FAILS.severity;
        if has_no_words(&error.message) {
            diagnostic.message = "it fails and does not say why".into();
        }
        let said: Vec<String> = toggles
            .iter()
            .map(|toggle| format!("`{} = {}`", toggle.path, !toggle.on))
            .collect();
        diagnostic.message = format!("with {}: {}", said.join(" and "), diagnostic.message);
        let own = |diagnostic: &Diagnostic| self.view.owns(&ev.sources, diagnostic.span().start);
        if !own(&diagnostic) && self.view.owns(&ev.sources, toggles[0].span.start) {
            diagnostic.labels.iter_mut().for_each(|label| label.primary = false);
            diagnostic = diagnostic.at(toggles[0].span, "flipped");
        }
        let wrong = match error.kind {
            ErrorKind::InfiniteRecursion => "read no option in `imports` or in the structure of `config` that it sets",
            _ => "make it conditional, or add an assertion that says what belongs together",
        };
        // The configuration may know what is wrong, and yet nobody is told.
        let known = self.switched.look(ev, set, |ev, host| {
            let host = ev.force(host, Pos::NONE)?;
            nixos::failed_assertions(ev, host)
        });
        for message in known.unwrap_or_default() {
            let message = self.view.shorten(message.trim()).into_owned();
            diagnostic = diagnostic.note(format!(
                "evaluation fails before this assertion could be told: {message}"
            ));
        }
        diagnostic = diagnostic.hint(wrong);
        Finding {
            law: &FAILS,
            diagnostic,
            option: diagnosis.option,
            flips: toggles
                .iter()
                .map(|toggle| Flip {
                    path: toggle.path.to_string(),
                    to: !toggle.on,
                })
                .collect(),
            expr: Some(expression(self.system.kind(), &toggles)),
        }
    }
}

/// Returns Nix that evaluates the host with toggles flipped, where `host` is the host.
pub(crate) fn expression(kind: Kind, toggles: &[&Toggle]) -> String {
    let definitions: Vec<String> = toggles.iter().map(|toggle| toggle.flipped()).collect();
    format!(
        "(host.extendModules {{\n  modules = [\n    ({{ lib, ... }}: {{\n      {}\n    }})\n  ];\n}}).{}.drvPath",
        definitions.join("\n      "),
        kind.made().join(".")
    )
}
