//! From what laws came to on a host or library to cases.

use ::prop::Law;
use ::prop::run::Tally;
use report::{Case, Finding, Outcome, Stage};
use std::collections::BTreeMap;

/// What a law came to on one option or library.
pub struct Judged {
    /// The law.
    pub law: &'static Law,
    /// The numbers.
    pub tally: Tally,
    /// Whether it had all its cases.
    pub finished: bool,
    /// The host on which all cases were tried on the same declaration, if here there were only some.
    pub shared: Option<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Returns the case of a law on a host or library; `None` if there was nothing on it that the law is about.
///
/// `judged` is what the law came to on each option.
pub fn case(law: &Law, judged: Vec<Judged>, seed: u64) -> Option<Case> {
    let sum = |of: &dyn Fn(&Tally) -> u64| judged.iter().map(|one| of(&one.tally)).sum::<u64>();
    let (ran, stopped) = (sum(&|tally| tally.ran), sum(&|tally| tally.stopped));
    let crashed = judged.iter().find_map(|one| one.tally.crashed.clone());
    let why = judged.iter().find_map(|one| one.tally.why.clone());
    let finished = judged.iter().filter(|one| one.finished).count();
    let mut known: BTreeMap<&str, u64> = BTreeMap::new();
    for (id, times) in judged.iter().flat_map(|one| &one.tally.known) {
        *known.entry(id).or_default() += times;
    }
    if ran == 0 && stopped == 0 && finished == judged.len() {
        return None;
    }
    let mut shared: BTreeMap<&str, u64> = BTreeMap::new();
    for host in judged.iter().filter_map(|one| one.shared.as_deref()) {
        *shared.entry(host).or_default() += 1;
    }
    let shared: Vec<String> = shared
        .into_iter()
        .map(|(host, options)| format!("{options} in full on {host}"))
        .collect();
    let not_in_host = sum(&|tally| tally.not_in_host);
    let options = judged.len();
    let findings: Vec<Finding> = judged.into_iter().flat_map(|one| one.findings).collect();
    let outcome = match (&crashed, findings.is_empty()) {
        (Some(_), _) => Outcome::Crashed,
        (None, false) => Outcome::Failed,
        (None, true) if stopped > 0 => Outcome::Errored,
        (None, true) if ran == 0 => Outcome::Skipped("the time was up before its first case".into()),
        (None, true) => Outcome::Passed,
    };
    let mut case = Case::new(Stage::Prop, law.id, outcome)
        .rule(law.id)
        .property("cases", ran.to_string())
        .property("options", options.to_string())
        .property("seed", seed.to_string());
    if finished < options {
        case = case.property("unfinished", (options - finished).to_string());
    }
    for (id, times) in known {
        case = case.property(format!("known:{id}"), times.to_string());
    }
    if !shared.is_empty() {
        case = case.property("shared", shared.join(", "));
    }
    if not_in_host > 0 {
        case = case.property("not-in-host", not_in_host.to_string());
    }
    if stopped > 0 {
        case = case.property("stopped", stopped.to_string());
        let cases = if stopped == 1 { "case" } else { "cases" };
        let why = crashed.as_deref().or(why.as_deref()).unwrap_or("no reason was given");
        case = case.property("reason", format!("{stopped} {cases} could not be judged: {why}"));
    }
    if let Some(message) = crashed {
        let message = format!("cfgcheck itself broke here; this is a bug of cfgcheck, please report it: {message}");
        case = case.finding(Finding::new("crash", diag::Severity::Error, message));
    }
    Some(findings.into_iter().fold(case, Case::finding))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tallies: &[Tally]) -> Option<Case> {
        let law = crate::prop::laws().next().expect("there are laws");
        let judged = tallies.iter().map(|tally| Judged {
            law,
            tally: tally.clone(),
            finished: tally.ran + tally.void + tally.stopped == 10,
            shared: None,
            findings: Vec::new(),
        });
        case(law, judged.collect(), 7)
    }

    fn tally(ran: u64, void: u64, stopped: u64) -> Tally {
        Tally {
            ran,
            void,
            stopped,
            ..Tally::default()
        }
    }

    #[test]
    fn what_was_not_judged_is_no_pass() {
        let outcome = |tallies: &[Tally]| of(tallies).map(|case| case.outcome);
        assert_eq!(outcome(&[tally(10, 0, 0)]), Some(Outcome::Passed));
        assert_eq!(outcome(&[tally(10, 0, 0), tally(9, 0, 1)]), Some(Outcome::Errored));
        assert_eq!(outcome(&[tally(0, 10, 0)]), None);
        let Some(Outcome::Skipped(reason)) = outcome(&[tally(0, 0, 0)]) else {
            panic!("it is skipped")
        };
        assert_eq!(reason, "the time was up before its first case");
        let crashed = Tally {
            crashed: Some("x".into()),
            ..tally(9, 0, 1)
        };
        assert_eq!(outcome(&[crashed]), Some(Outcome::Crashed));
    }

    #[test]
    fn a_case_says_how_much_was_tried() {
        let stopped = Tally {
            why: Some("too many steps".into()),
            known: [("odd", 2)].into(),
            ..tally(3, 0, 1)
        };
        let case = of(&[stopped, tally(10, 0, 0)]).expect("there is a case");
        let properties: Vec<(&str, &str)> = case.properties.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            properties,
            [
                ("cases", "13"),
                ("known:odd", "2"),
                ("options", "2"),
                ("reason", "1 case could not be judged: too many steps"),
                ("seed", "7"),
                ("stopped", "1"),
                ("unfinished", "1"),
            ]
        );
    }
}
