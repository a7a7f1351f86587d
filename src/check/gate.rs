//! The gate that every case passes before it is told: levels, comments, waivers and the baseline.

use std::collections::{BTreeMap, HashMap};

use diag::Severity;
use report::{Case, Finding, Outcome, Stage, Subject, Waived, WaivedBy};

use crate::allow::Allows;
use crate::baseline::Baseline;
use crate::{Day, Level, Waiver};

/// Gives the texts of the user's own files, by the path that findings name them by.
pub trait Sources {
    /// Returns the bytes of a file, or `None` if it is none of the user's or cannot be read.
    fn text(&self, file: &str) -> Option<Vec<u8>>;
}

/// What keeps findings from counting, and how bad the others are.
#[derive(Default)]
pub struct Gate {
    levels: BTreeMap<String, Level>,
    waivers: Vec<Waiver>,
    used: Vec<bool>,
    baseline: Baseline,
    today: Option<Day>,
    allows: HashMap<String, Allows>,
    folder: String,
}

impl Gate {
    /// Returns a gate with these levels and waivers on this day.
    pub fn new(levels: BTreeMap<String, Level>, waivers: Vec<Waiver>, today: Day) -> Gate {
        Gate {
            levels,
            used: vec![false; waivers.len()],
            waivers,
            today: Some(today),
            ..Gate::default()
        }
    }

    /// Has the gate take the findings of a baseline.
    pub fn with_baseline(mut self, baseline: Baseline) -> Gate {
        self.baseline = baseline;
        self
    }

    /// Tells the gate the flake's folder in the tree that findings name files from: patterns of paths are
    /// seen from there.
    pub fn set_folder(&mut self, folder: &str) {
        self.folder = folder.to_owned();
    }

    /// Whether a rule of this id is applied at all.
    pub fn applies(&self, rule: &str) -> bool {
        self.levels.get(rule) != Some(&Level::Off)
    }

    /// Returns the case as it counts, or `None` if its rule is off.
    pub fn admit(&mut self, mut case: Case, sources: &dyn Sources) -> Option<Case> {
        if case.rule.as_ref().is_some_and(|rule| !self.applies(rule)) {
            return None;
        }
        // What could not be judged, and what broke, is not a question of levels.
        let judged = matches!(case.outcome, Outcome::Passed | Outcome::Failed);
        let failed = !case.findings.is_empty();
        for mut finding in std::mem::take(&mut case.findings) {
            if judged && !self.set_level(&mut finding) {
                continue;
            }
            let waived = match case.outcome {
                Outcome::Crashed => None,
                _ => self.waived(&case.subject, &finding, sources),
            };
            match waived {
                Some((by, reason)) => case.waived.push(Waived { finding, by, reason }),
                None => case.findings.push(finding),
            }
        }
        let wrong = case.findings.iter().any(|finding| finding.severity == Severity::Error);
        // A host whose assertions do not hold has no derivation, whatever is thought of the assertions.
        let no_host = case.subject.stage == Stage::Eval && case.rule.is_none() && !case.properties.contains_key("drv");
        case.outcome = match case.outcome {
            Outcome::Passed | Outcome::Failed if wrong => Outcome::Failed,
            Outcome::Failed if no_host => Outcome::Skipped("it does not evaluate, which is accepted".into()),
            Outcome::Failed => Outcome::Passed,
            Outcome::Errored if failed && case.findings.is_empty() => {
                Outcome::Skipped("it cannot be judged, which is accepted".into())
            }
            other => other,
        };
        Some(case)
    }

    /// Sets the severity that the settings give to a finding, and returns whether it is told at all.
    fn set_level(&self, finding: &mut Finding) -> bool {
        let Some(level) = self.levels.get(&finding.rule) else {
            return true;
        };
        let Some(severity) = level.severity() else { return false };
        if severity != finding.severity {
            if let Some(rest) = finding.text.strip_prefix(finding.severity.name()) {
                finding.text = format!("{}{rest}", severity.name());
            }
            finding.severity = severity;
        }
        true
    }

    /// Returns what keeps a finding from counting, and the reason given.
    fn waived(&mut self, subject: &Subject, finding: &Finding, sources: &dyn Sources) -> Option<(WaivedBy, String)> {
        if let Some(location) = &finding.location {
            let read = || Allows::of(&sources.text(&location.file).unwrap_or_default());
            let allows = self.allows.entry(location.file.clone()).or_insert_with(read);
            if let Some(reason) = allows.reason(finding) {
                return Some((WaivedBy::Comment, reason.to_owned()));
            }
        }
        let today = self.today;
        let counts = |waiver: &Waiver| !today.is_some_and(|today| waiver.is_expired(today));
        let fits = |waiver: &Waiver| counts(waiver) && waiver.fits(subject, finding, &self.folder);
        if let Some(index) = self.waivers.iter().position(fits) {
            self.used[index] = true;
            return Some((WaivedBy::Waiver, self.waivers[index].reason.as_str().to_owned()));
        }
        let known = self.baseline.take(subject, finding);
        known.then(|| (WaivedBy::Baseline, String::new()))
    }

    /// Returns the waivers that have ended, by their number in the settings.
    pub fn expired(&self) -> Vec<usize> {
        let ended = |waiver: &Waiver| self.today.is_some_and(|today| waiver.is_expired(today));
        (0..self.waivers.len()).filter(|&i| ended(&self.waivers[i])).collect()
    }

    /// Returns the waivers that have not ended and fitted nothing so far, by their number in the settings.
    pub fn unused(&self) -> Vec<usize> {
        let expired = self.expired();
        (0..self.waivers.len())
            .filter(|i| !self.used[*i] && !expired.contains(i))
            .collect()
    }

    /// Returns a waiver by its number in the settings.
    pub fn waiver(&self, index: usize) -> &Waiver {
        &self.waivers[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(&'static str);

    impl Sources for One {
        fn text(&self, file: &str) -> Option<Vec<u8>> {
            (file == "a.nix").then(|| self.0.as_bytes().to_vec())
        }
    }

    fn finding(rule: &str) -> Finding {
        Finding {
            text: format!("error[{rule}]: m"),
            ..Finding::new(rule, Severity::Error, "m").at("a.nix", 1, 1)
        }
    }

    fn failed(rule: &str) -> Case {
        Case::new(Stage::Policy, rule, Outcome::Failed)
            .rule(rule)
            .finding(finding(rule))
    }

    fn gate(levels: &str, waivers: &str) -> Gate {
        Gate::new(
            serde_yaml::from_str(levels).unwrap(),
            serde_yaml::from_str(waivers).unwrap(),
            "2026-11-25".parse().unwrap(),
        )
    }

    #[test]
    fn levels_set_severity_and_outcome() {
        let mut gate = gate("{ a: off, b: warning, c: note }", "[]");
        assert_eq!(gate.admit(failed("a"), &One("")), None);
        let warned = gate.admit(failed("b"), &One("")).unwrap();
        assert_eq!(
            (warned.outcome, warned.findings[0].severity),
            (Outcome::Passed, Severity::Warning)
        );
        assert_eq!(warned.findings[0].text, "warning[b]: m");
        assert_eq!(gate.admit(failed("d"), &One("")), Some(failed("d")));
        let raised = Case::new(Stage::Policy, "x", Outcome::Passed).finding(Finding::new("c", Severity::Error, ""));
        assert_eq!(gate.admit(raised, &One("")).unwrap().outcome, Outcome::Passed);
        // What could not be judged stays so, whatever the level.
        let errored = Case {
            outcome: Outcome::Errored,
            ..failed("b")
        };
        assert_eq!(gate.admit(errored.clone(), &One("")), Some(errored));
    }

    #[test]
    fn comments_waivers_and_the_baseline_take_findings() {
        let by = |gate: &mut Gate, text: &'static str| {
            let case = gate.admit(failed("a"), &One(text)).unwrap();
            let waived = case.waived.first().map(|w| (w.by, w.reason.clone()));
            assert_eq!(
                waived.is_some(),
                case.findings.is_empty() && case.outcome == Outcome::Passed
            );
            waived
        };
        let mut plain = gate("{}", "[]");
        assert_eq!(by(&mut plain, "1"), None);
        let mut plain = gate("{}", "[]");
        assert_eq!(
            by(&mut plain, "1 # cfgcheck: allow(a) so"),
            Some((WaivedBy::Comment, "so".into()))
        );
        let mut waiving = gate(
            "{}",
            "[{ rule: a, reason: r, expires: 2026-11-25 }, { rule: b, reason: r }]",
        );
        assert_eq!(waiving.unused(), [0, 1]);
        assert_eq!(by(&mut waiving, ""), Some((WaivedBy::Waiver, "r".into())));
        assert_eq!((waiving.unused(), waiving.expired()), (vec![1], vec![]));
        let mut ended = gate("{}", "[{ rule: a, reason: r, expires: 2026-11-24 }]");
        assert_eq!(by(&mut ended, ""), None);
        assert_eq!((ended.unused(), ended.expired()), (vec![], vec![0]));
        assert_eq!(ended.waiver(0).rule, "a");
        let report = report::Report {
            cases: vec![failed("a")],
            ..Default::default()
        };
        let mut old = gate("{}", "[]").with_baseline(Baseline::of(&report));
        assert_eq!(by(&mut old, ""), Some((WaivedBy::Baseline, String::new())));
        assert_eq!(by(&mut old, ""), None);
    }

    #[test]
    fn an_accepted_error_of_evaluation_is_no_pass() {
        let asserted = Case::new(Stage::Eval, "evaluates", Outcome::Failed).finding(finding("assertion"));
        let accepted = gate("{ assertion: off }", "[]").admit(asserted, &One("")).unwrap();
        assert!(matches!(accepted.outcome, Outcome::Skipped(_)) && accepted.findings.is_empty());
        let mut waiving = gate("{}", "[{ rule: eval, reason: broken upstream }]");
        let errored = Case {
            outcome: Outcome::Errored,
            ..failed("eval")
        };
        assert!(matches!(
            waiving.admit(errored, &One("")).unwrap().outcome,
            Outcome::Skipped(_)
        ));
        let crashed = Case {
            outcome: Outcome::Crashed,
            ..failed("eval")
        };
        assert_eq!(waiving.admit(crashed.clone(), &One("")), Some(crashed));
    }
}
