//! How the deployment of one host ended, as whoever deploys has seen it.

use crate::state::{Deployment, Outcome};
use diag::{Severity, clean_line};
use report::{Case, Finding, Stage};

/// A reason for something, and what helps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The reason.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Reason {
    /// Returns a reason without a hint. What it quotes may be a host's, and is made harmless.
    pub fn new(why: impl AsRef<str>) -> Reason {
        Reason {
            why: clean_line(why.as_ref()).into_owned(),
            hint: None,
        }
    }

    /// Sets what to do about it.
    pub fn hint(mut self, hint: impl AsRef<str>) -> Reason {
        self.hint = Some(clean_line(hint.as_ref()).into_owned());
        self
    }
}

/// How the deployment of one host ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The new system runs, is well, is confirmed and is what boots.
    Deployed,
    /// It ran and booted the system already, and nothing was changed.
    There,
    /// The new system is what boots next.
    RebootPending,
    /// What was before runs and boots again.
    RolledBack(String),
    /// What was before could not be brought back whole.
    RollbackFailed(String),
    /// It was deployed, and then taken back because of another host.
    TakenBack(String),
    /// Nothing was changed, as something does not allow it.
    Refused(Vec<Reason>),
    /// Nothing was changed, as its system does not evaluate, or is not built.
    NotBuilt(String),
    /// Nothing was changed, as it is out of reach or does not do what it is asked to.
    OutOfReach(String),
    /// It was told to change, and nobody knows what became of that.
    Lost(String),
    /// It was left as it is, because of another host.
    NotBegun(String),
}

/// The rule of findings.
const RULE: &str = "deploy";

impl From<&Deployment> for Ended {
    fn from(deployment: &Deployment) -> Ended {
        match &deployment.outcome {
            Some(Outcome::Deployed) if deployment.recorded.is_none() => Ended::There,
            Some(Outcome::Deployed) => Ended::Deployed,
            Some(Outcome::RebootPending) => Ended::RebootPending,
            Some(Outcome::Refused(reasons)) => Ended::Refused(reasons.iter().map(Reason::new).collect()),
            Some(Outcome::RolledBack(why)) => Ended::RolledBack(clean_line(why).into_owned()),
            Some(Outcome::RollbackFailed(why)) => Ended::RollbackFailed(clean_line(why).into_owned()),
            None => Ended::Lost(format!("it is {} still", deployment.phase)),
        }
    }
}

impl Ended {
    /// Whether the host is not where it was to be brought to, and that is of itself.
    pub fn is_failure(&self) -> bool {
        match self {
            Ended::Deployed | Ended::There | Ended::RebootPending | Ended::NotBegun(_) | Ended::TakenBack(_) => false,
            Ended::RolledBack(_)
            | Ended::RollbackFailed(_)
            | Ended::Refused(_)
            | Ended::NotBuilt(_)
            | Ended::OutOfReach(_)
            | Ended::Lost(_) => true,
        }
    }

    /// Returns it as a sentence about a host, without its end.
    pub fn as_of(&self, host: &str) -> String {
        let what = match self {
            Ended::Deployed => "was deployed",
            Ended::There => "ran the system already",
            Ended::RebootPending => "waits for a reboot",
            Ended::RolledBack(_) => "was rolled back",
            Ended::RollbackFailed(_) => "could not be rolled back",
            Ended::TakenBack(_) => "was taken back",
            Ended::Refused(_) => "refused",
            Ended::NotBuilt(_) => "was not built",
            Ended::OutOfReach(_) => "was out of reach",
            Ended::Lost(_) => "was lost on the way",
            Ended::NotBegun(_) => "was not begun",
        };
        format!("{} {what}", clean_line(host))
    }

    /// Returns it in a word or two, as a table has it.
    pub fn word(&self) -> &'static str {
        match self {
            Ended::Deployed => "deployed",
            Ended::There => "as before",
            Ended::RebootPending => "reboot pending",
            Ended::RolledBack(_) => "rolled back",
            Ended::RollbackFailed(_) => "rollback failed",
            Ended::TakenBack(_) => "taken back",
            Ended::Refused(_) => "refused",
            Ended::NotBuilt(_) => "not built",
            Ended::OutOfReach(_) => "out of reach",
            Ended::Lost(_) => "lost",
            Ended::NotBegun(_) => "not begun",
        }
    }

    /// Returns why, with what helps; nothing where all is as it was wanted.
    pub fn reasons(&self) -> Vec<Reason> {
        let one = |why: &String, hint: &str| vec![Reason::new(why).hint(hint)];
        match self {
            Ended::Deployed | Ended::There | Ended::RebootPending => Vec::new(),
            Ended::Refused(reasons) => reasons.clone(),
            Ended::RolledBack(why) => one(
                why,
                "what was before is there again; `journalctl -u cfgcheck-switch` on the host (with `--user` for a home) tells more",
            ),
            Ended::RollbackFailed(why) => one(
                why,
                "look at the host before anything else: `cfgcheck status` tells what it runs",
            ),
            Ended::TakenBack(why) => one(why, "the host itself was well; it was taken back with the others"),
            Ended::NotBuilt(why) => vec![Reason::new(why)],
            Ended::OutOfReach(why) => one(why, "nothing was changed; try `ssh` with the same target"),
            Ended::Lost(why) => one(
                why,
                "it goes on by itself, and goes back where nobody confirms; `cfgcheck status` tells how it ended",
            ),
            Ended::NotBegun(why) => vec![Reason::new(why)],
        }
    }

    /// Returns the case of a host in reports.
    pub fn case(&self, host: &str, name: &str) -> Case {
        let outcome = match self {
            Ended::Deployed | Ended::There | Ended::RebootPending => report::Outcome::Passed,
            Ended::RolledBack(_) | Ended::RollbackFailed(_) | Ended::TakenBack(_) | Ended::Refused(_) => {
                report::Outcome::Failed
            }
            Ended::NotBuilt(_) | Ended::OutOfReach(_) | Ended::Lost(_) => report::Outcome::Errored,
            Ended::NotBegun(why) => report::Outcome::Skipped(why.clone()),
        };
        let is_skipped = matches!(outcome, report::Outcome::Skipped(_));
        let mut case = Case::new(Stage::Deploy, name, outcome).property("ended", self.word());
        case.subject.host = Some(host.to_owned());
        if is_skipped {
            return case;
        }
        self.reasons().into_iter().fold(case, |case, reason| {
            let finding = Finding::new(RULE, Severity::Error, format!("{}: {}", self.word(), reason.why));
            case.finding(match reason.hint {
                Some(hint) => finding.hint(hint),
                None => finding,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_a_case() {
        let why = || "nginx.service has failed".to_owned();
        for (ended, is, failure, findings) in [
            (Ended::Deployed, "passed", false, 0),
            (Ended::There, "passed", false, 0),
            (Ended::RebootPending, "passed", false, 0),
            (Ended::RolledBack(why()), "failed", true, 1),
            (Ended::RollbackFailed(why()), "failed", true, 1),
            (Ended::TakenBack(why()), "failed", false, 1),
            (
                Ended::Refused(vec![Reason::new("a"), Reason::new("b").hint("c")]),
                "failed",
                true,
                2,
            ),
            (Ended::NotBuilt(why()), "errored", true, 1),
            (Ended::OutOfReach(why()), "errored", true, 1),
            (Ended::Lost(why()), "errored", true, 1),
            (Ended::NotBegun(why()), "skipped", false, 0),
        ] {
            let case = ended.case("web", "it is deployed");
            assert_eq!((case.outcome.name(), case.findings.len()), (is, findings), "{ended:?}");
            assert_eq!(ended.is_failure(), failure, "{ended:?}");
            assert_eq!(case.subject.host.as_deref(), Some("web"));
        }
        let case = Ended::RolledBack(why()).case("web", "it is deployed");
        assert_eq!(case.findings[0].message, "rolled back: nginx.service has failed");
    }

    #[test]
    fn what_a_host_says_is_harmless() {
        assert_eq!(Reason::new("a\u{1b}[31m\nb").why, clean_line("a\u{1b}[31m\nb"));
        assert!(
            !Reason::new("x")
                .hint("\u{1b}]0;t\u{7}")
                .hint
                .unwrap_or_default()
                .contains('\u{1b}')
        );
    }
}
