//! Which commit a machine takes by itself, and where from.

mod remote;

pub use remote::{Reach, Remote};

use crate::commit::Commit;
use crate::failed::{Failed, FailedCommits};
use crate::git::{History, Relation};

/// How many commits of the branch are tried at most, the newest first: the newest is often not approved yet.
pub const MOST_TRIED: usize = 10;

/// Which commits may be deployed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Those that are to be judged, the newest first. The first one that is approved is deployed.
    pub candidates: Vec<Commit>,
    /// The newest one that failed before. It is not tried again, nor is anything that is older.
    pub failed: Option<(Commit, Failed)>,
}

impl Choice {
    /// Returns which commits may be deployed, by what lies between what is deployed and the branch. With `again`, failures of
    /// before count for nothing.
    ///
    /// Where the branch no longer has what is deployed, its newest commit is judged all the same: its refusal tells why.
    pub fn of(history: &History, failed: &FailedCommits, again: bool) -> Choice {
        let mut choice = Choice {
            candidates: Vec::new(),
            failed: None,
        };
        if history.relation == Relation::Same {
            return choice;
        }
        for commit in history.steps.iter().take(MOST_TRIED) {
            if let Some(failed) = failed.get(commit).filter(|failed| !again && !failed.may_try_again()) {
                choice.failed = Some((commit.clone(), failed.clone()));
                break;
            }
            choice.candidates.push(commit.clone());
        }
        choice
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failed::Stage;

    fn commit(digit: char) -> Commit {
        Commit::new(&digit.to_string().repeat(40)).expect("a commit")
    }

    fn chosen(relation: Relation, steps: &str, failed: &str, again: bool) -> (String, Option<char>) {
        let history = History {
            relation,
            commits: Vec::new(),
            steps: steps.chars().map(commit).collect(),
        };
        let entry = |digit| {
            let failed = Failed {
                at: Stage::Deployed,
                why: "ill".into(),
                when: 0,
                times: 1,
            };
            (commit(digit).as_str().to_owned(), failed)
        };
        let failed = FailedCommits(failed.chars().map(entry).collect());
        let choice = Choice::of(&history, &failed, again);
        let digit = |commit: &Commit| commit.as_str().chars().next().expect("there are digits");
        (
            choice.candidates.iter().map(digit).collect(),
            choice.failed.map(|(commit, _)| digit(&commit)),
        )
    }

    #[test]
    fn what_cannot_be_built_is_tried_a_few_times() {
        let failed = |at, times| Failed {
            at,
            why: String::new(),
            when: 0,
            times,
        };
        for (at, times, again) in [
            (Stage::Built, 1, true),
            (Stage::Built, 2, true),
            (Stage::Built, 3, false),
            (Stage::Deployed, 1, false),
            (Stage::TakenBack, 1, false),
        ] {
            assert_eq!(failed(at, times).may_try_again(), again, "{at:?} {times}");
        }
    }

    #[test]
    fn the_newest_come_first_and_what_failed_ends_it() {
        for (relation, steps, failed, again, expected) in [
            (Relation::Same, "a", "", false, ("", None)),
            (Relation::First, "a", "", false, ("a", None)),
            (Relation::First, "a", "a", false, ("", Some('a'))),
            (Relation::Descendant, "cba", "", false, ("cba", None)),
            (Relation::Descendant, "cba", "c", false, ("", Some('c'))),
            (Relation::Descendant, "cba", "b", false, ("c", Some('b'))),
            (Relation::Descendant, "cba", "cb", true, ("cba", None)),
            (Relation::Descendant, "cba", "f", false, ("cba", None)),
            (Relation::Diverged, "a", "", false, ("a", None)),
            (Relation::Ancestor, "a", "", false, ("a", None)),
            (Relation::Gone, "a", "", false, ("a", None)),
            (
                Relation::Descendant,
                "0123456789abcdef",
                "",
                false,
                ("0123456789", None),
            ),
        ] {
            let (candidates, ended) = chosen(relation, steps, failed, again);
            assert_eq!(
                (candidates.as_str(), ended),
                expected,
                "{relation:?} {steps} {failed} {again}"
            );
        }
    }
}
