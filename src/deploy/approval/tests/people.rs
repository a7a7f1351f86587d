//! Refusals of pull requests and of approvals.

use super::*;

fn pulls(change: impl FnOnce(&mut Policy, &mut PullRequest), expected: &[&str]) {
    let change = |policy: &mut Policy, facts: &mut Facts| {
        change(policy, &mut facts.pull_requests.as_mut().expect("they are known")[0]);
    };
    check(change, expected);
}

/// Expects that one approval is demanded and does not come, for this reason.
fn approvals(change: impl FnOnce(&mut Policy, &mut PullRequest), expected: &str) {
    let few = "pull request 7 has no approval that counts of its last commit aaaaaaaaaa, and 1 are demanded";
    pulls(change, &[few, expected]);
}

#[test]
fn refusals_of_pull_requests() {
    check(
        |_, facts| facts.pull_requests = Ok(Vec::new()),
        &["commit cccccccccc came by no merged pull request"],
    );
    pulls(
        |_, pull| pull.base = "release".into(),
        &["pull request 7 was merged into release and not into main"],
    );
    pulls(
        |_, pull| pull.content = Ok(Content::Differs),
        &["commit cccccccccc is not what Git makes of the reviewed commit aaaaaaaaaa of pull request 7"],
    );
    pulls(
        |_, pull| pull.content = Ok(Content::HeadMissing),
        &[
            "the repository has no commit aaaaaaaaaa, the last one of pull request 7, so that nobody knows whether it was \
           merged as reviewed",
        ],
    );
    let other = "commit cccccccccc is not what pull request 7 was merged as, which is cccccccccc";
    pulls(|_, pull| pull.content = Ok(Content::Elsewhere), &[other]);
    pulls(
        |_, pull| {
            pull.content = Ok(Content::Shown {
                covers: vec![commit('e')],
            })
        },
        &[other],
    );
    pulls(
        |_, pull| pull.content = Err(Untold::new(Why::Machine, "git says: no")),
        &["pull request: cannot be found out: git says: no"],
    );
}

#[test]
fn each_step_needs_its_own_pull_request() {
    let pushed = |facts: &mut Facts| {
        let history = facts.history.as_mut().expect("it is known");
        history.steps.push(commit('e'));
        history.commits.push(commit('e'));
        facts.signatures.as_mut().expect("they are known").push(Signature {
            commit: commit('e'),
            standing: good("SHA256:x"),
        });
    };
    check(
        |_, facts| pushed(facts),
        &["commit eeeeeeeeee came by no merged pull request"],
    );
    // Another one, which is good, or is not.
    let other = |facts: &mut Facts, approved: bool| {
        pushed(facts);
        let mut pull = PullRequest {
            number: 6,
            merged: commit('e'),
            steps: vec![commit('e')],
            content: Ok(Content::Shown {
                covers: vec![commit('e')],
            }),
            ..pull()
        };
        if !approved {
            pull.reviews.clear();
        }
        facts.pull_requests.as_mut().expect("they are known").push(pull);
    };
    check(|_, facts| other(facts, true), &[]);
    check(
        |_, facts| other(facts, false),
        &["pull request 6 has no approval that counts of its last commit aaaaaaaaaa, and 1 are demanded"],
    );
}

#[test]
fn refusals_of_approvals() {
    let few = "pull request 7 has no approval that counts of its last commit aaaaaaaaaa, and 1 are demanded";
    pulls(|_, pull| pull.reviews.clear(), &[few]);
    pulls(|_, pull| pull.reviews[0].state = ReviewState::Commented, &[few]);
    pulls(
        |policy, _| policy.require.pull_request.as_mut().expect("it is demanded").approvals = 2,
        &["pull request 7 has one approval that counts of its last commit aaaaaaaaaa, and 2 are demanded"],
    );
    // The same person twice is one person, whatever they are called by now.
    pulls(
        |policy, pull| {
            policy.require.pull_request.as_mut().expect("it is demanded").approvals = 2;
            pull.reviews
                .push(review(2, person(1, "anna"), ReviewState::Approved, 'a'));
        },
        &["pull request 7 has one approval that counts of its last commit aaaaaaaaaa, and 2 are demanded"],
    );
    approvals(
        |_, pull| pull.reviews[0].commit = Some(commit('9')),
        "ann has approved pull request 7 at 9999999999, and not its last commit aaaaaaaaaa",
    );
    approvals(
        |_, pull| pull.reviews[0].commit = None,
        "ann has approved pull request 7 at a commit that is gone, and not its last commit aaaaaaaaaa",
    );
    approvals(
        |_, pull| pull.reviews[0].by = person(4, "dora"),
        "dora has approved pull request 7, and is its author",
    );
    approvals(
        |_, pull| pull.reviews[0].by = person(5, "emil"),
        "emil has approved pull request 7, and has commits in it, so is its author",
    );
    approvals(
        |_, pull| pull.reviews[0].state = ReviewState::Dismissed,
        "ann no longer approves pull request 7: the approval was dismissed",
    );
    let later = |state| {
        move |_: &mut Policy, pull: &mut PullRequest| {
            pull.reviews.insert(0, review(9, person(1, "ann"), state, 'a'));
        }
    };
    approvals(
        later(ReviewState::ChangesRequested),
        "ann no longer approves pull request 7: changes are requested",
    );
    approvals(
        later(ReviewState::Dismissed),
        "ann no longer approves pull request 7: the approval was dismissed",
    );
    // A comment takes nothing back, and what was settled before an approval does not count.
    pulls(later(ReviewState::Commented), &[]);
    pulls(
        |_, pull| {
            pull.reviews.push(Review {
                at: "2026-11-25T12:00:00Z".into(),
                ..review(0, person(1, "ann"), ReviewState::ChangesRequested, 'a')
            })
        },
        &[],
    );
    let by = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        move |policy: &mut Policy, _: &mut PullRequest| {
            policy.require.pull_request.as_mut().expect("it is demanded").by = names;
        }
    };
    approvals(
        by(&["bob"]),
        "ann has approved pull request 7, and is none of those whose approval counts",
    );
    pulls(by(&["bob", "Ann"]), &[]);
    approvals(
        |_, pull| pull.reviews[0].by = person(3, "carl"),
        "carl has approved pull request 7, and may not write to the repository (right: read, association: MEMBER)",
    );
    approvals(
        |policy, pull| {
            by(&["zoe"])(policy, pull);
            pull.reviews[0].by = person(9, "zoe");
            pull.reviews[0].association = "NONE".into();
        },
        "zoe has approved pull request 7, and may not write to the repository (right: not known, association: NONE)",
    );
    let bot = |_: &mut Policy, pull: &mut PullRequest| pull.reviews[0].by = person(8, "robot[bot]");
    approvals(bot, "robot[bot] has approved pull request 7, and is no person");
    pulls(
        |policy, pull| {
            bot(policy, pull);
            by(&["robot[bot]"])(policy, pull);
        },
        &[],
    );
    // Without a demand for approvals a merge is enough.
    pulls(
        |policy, pull| {
            pull.reviews.clear();
            policy.require.pull_request.as_mut().expect("it is demanded").approvals = 0;
        },
        &[],
    );
}
