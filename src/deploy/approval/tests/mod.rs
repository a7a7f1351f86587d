//! Each refusal as a row, and the law that nothing is approved of which something demanded is missing.

mod law;
mod people;
mod refusals;

use super::*;
use crate::commit::Commit;
use crate::git::{Content, History, Relation};
use crate::policy::{self, Check, Conditions, Policy, Signers};
use crate::signature::{Signature, Standing};

fn commit(digit: char) -> Commit {
    Commit::new(&digit.to_string().repeat(40)).expect("it is one")
}

fn person(id: u64, login: &str) -> Person {
    Person {
        id,
        login: login.into(),
        is_bot: login.ends_with("[bot]"),
    }
}

fn policy() -> Policy {
    Policy {
        repository: "github:acme/fleet".into(),
        branch: "main".into(),
        require: Conditions {
            verdict: None,
            pull_request: Some(policy::PullRequest {
                approvals: 1,
                by: Vec::new(),
            }),
            checks: Some(vec![Check {
                name: "build".into(),
                app: 15368,
            }]),
            signatures: Some(Signers {
                ssh: vec!["ann ssh-ed25519 …".into()],
                openpgp: Vec::new(),
            }),
        },
    }
}

fn review(id: u64, by: Person, state: ReviewState, of: char) -> Review {
    Review {
        id,
        by,
        state,
        commit: Some(commit(of)),
        at: format!("2026-11-26T12:00:{:02}Z", id % 60),
        association: "MEMBER".into(),
    }
}

fn run(id: u64) -> CheckRun {
    CheckRun {
        id,
        name: "build".into(),
        app: Some(15368),
        suite: 1,
        status: "completed".into(),
        conclusion: Some("success".into()),
        started: Some(format!("2026-11-26T12:00:{:02}Z", id % 60)),
    }
}

fn good(key: &str) -> Standing {
    Standing::Good {
        by: "ann".into(),
        key: key.into(),
        forge: false,
    }
}

/// Pull request 7 of dora, whose head `a` was merged as `c`; ann has approved it.
fn pull() -> PullRequest {
    PullRequest {
        number: 7,
        steps: vec![commit('c')],
        base: "main".into(),
        head: commit('a'),
        merged: commit('c'),
        author: person(4, "dora"),
        commits: vec![commit('a')],
        committers: vec![person(4, "dora"), person(5, "emil")],
        reviews: vec![review(1, person(1, "ann"), ReviewState::Approved, 'a')],
        rights: vec![
            (1, rights("write", true)),
            (2, rights("admin", true)),
            (3, rights("read", false)),
        ],
        content: Ok(Content::Shown {
            covers: vec![commit('c')],
        }),
    }
}

fn rights(name: &str, may_write: bool) -> Rights {
    Rights {
        may_write,
        name: name.into(),
    }
}

/// `c` is to be deployed, by pull request 7, and `b` is deployed.
fn facts() -> Facts {
    let signature = |digit| Signature {
        commit: commit(digit),
        standing: good("SHA256:x"),
    };
    Facts {
        commit: commit('c'),
        deployed: Some(commit('b')),
        history: Ok(History {
            relation: Relation::Descendant,
            commits: vec![commit('c'), commit('a')],
            steps: vec![commit('c')],
        }),
        branch: Ok(Branch {
            name: "main".into(),
            head: commit('d'),
            protected: Some(true),
            has_commit: true,
            has_deployed: None,
        }),
        pull_requests: Ok(vec![pull()]),
        checks: Ok(vec![run(1)]),
        signatures: Ok(vec![signature('c'), signature('a')]),
    }
}

#[test]
fn what_is_all_there_is_approved() {
    let judgement = judge(&policy(), &facts());
    assert_eq!(judgement.refusals, []);
    let shown: Vec<String> = judgement.shown.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "on the protected branch main, which is at dddddddddd",
            "2 commits after bbbbbbbbbb, which is deployed",
            "pull request 7, merged by cccccccccc as it was at aaaaaaaaaa, approved by ann",
            "the check 'build' of app 15368 has succeeded (run 1)",
            "2 commits are signed by ann (SHA256:x)",
        ]
    );
    let json = serde_json::to_string(&judgement).expect("it is data");
    assert_eq!(serde_json::from_str::<Judgement>(&json).expect("it is read"), judgement);
}

/// Changes what holds, and expects these refusals, in this order.
fn check(change: impl FnOnce(&mut Policy, &mut Facts), expected: &[&str]) {
    let (mut policy, mut facts) = (policy(), facts());
    change(&mut policy, &mut facts);
    let judgement = judge(&policy, &facts);
    let told: Vec<String> = judgement.refusals.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
    for refusal in &judgement.refusals {
        assert!(
            !refusal.hint().is_empty() && !refusal.hint().ends_with('.'),
            "{refusal}"
        );
        let json = serde_json::to_string(refusal).expect("it is data");
        assert_eq!(&serde_json::from_str::<Refusal>(&json).expect("it is read"), refusal);
    }
}
