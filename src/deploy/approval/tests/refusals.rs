//! All other refusals.

use super::*;

fn branch(change: impl FnOnce(&mut Branch), expected: &[&str]) {
    check(|_, facts| change(facts.branch.as_mut().expect("it is known")), expected);
}

#[test]
fn refusals_of_the_branch() {
    branch(
        |branch| branch.has_commit = false,
        &["commit cccccccccc is not on the branch main"],
    );
    branch(
        |branch| branch.name = "other".into(),
        &["commit cccccccccc is not on the branch main"],
    );
    branch(
        |branch| branch.protected = Some(false),
        &["the branch main is not protected"],
    );
    // Nobody can protect a branch of a server that is no forge.
    branch(|branch| branch.protected = None, &[]);
}

#[test]
fn refusals_of_the_history() {
    let alone = |relation, more: &[&str], expected: &str| {
        let change = |_: &mut Policy, facts: &mut Facts| {
            facts.history = Ok(History {
                relation,
                commits: vec![commit('c')],
                steps: vec![commit('c')],
            });
            if !more.is_empty() {
                facts.branch.as_mut().expect("it is known").has_deployed = Some(false);
            }
        };
        check(change, &[&[expected], more].concat());
    };
    let forced = "the branch main was pushed with force: it no longer has commit bbbbbbbbbb, which is deployed";
    let diverged = "commit cccccccccc does not descend from bbbbbbbbbb, which is deployed";
    alone(
        Relation::Ancestor,
        &[],
        "commit cccccccccc is older than bbbbbbbbbb, which is deployed",
    );
    alone(Relation::Diverged, &[], diverged);
    alone(Relation::Diverged, &[forced], diverged);
    alone(
        Relation::Gone,
        &[],
        "the repository has no commit bbbbbbbbbb, which is deployed",
    );
    // A history that is not that of these two commits.
    let other = "history: not known: it was not asked for";
    alone(Relation::First, &[], other);
    alone(Relation::Same, &[], other);
    check(|_, facts| facts.deployed = None, &[other]);
    check(
        |_, facts| facts.history.as_mut().expect("it is known").steps = vec![commit('a')],
        &[other],
    );
    let first = |_: &mut Policy, facts: &mut Facts| {
        facts.deployed = None;
        facts.history.as_mut().expect("it is known").relation = Relation::First;
    };
    check(first, &[]);
    let same = |_: &mut Policy, facts: &mut Facts| {
        facts.deployed = Some(commit('c'));
        facts.history.as_mut().expect("it is known").relation = Relation::Same;
    };
    check(same, &[]);
}

fn checks(change: impl FnOnce(&mut Vec<CheckRun>), expected: &[&str]) {
    check(
        |_, facts| change(facts.checks.as_mut().expect("they are known")),
        expected,
    );
}

#[test]
fn refusals_of_checks() {
    check(
        |policy, _| policy.require.checks = Some(Vec::new()),
        &["the policy demands checks and names none"],
    );
    let missing = "the check 'build' of app 15368 did not run for commit cccccccccc";
    checks(Vec::clear, &[missing]);
    checks(|runs| runs[0].name = "Build".into(), &[missing]);
    checks(
        |runs| runs[0].app = Some(666),
        &["a check 'build' ran for commit cccccccccc, but by app 666 and not app 15368: the name alone says nothing"],
    );
    checks(
        |runs| runs[0].app = None,
        &[
            "a check 'build' ran for commit cccccccccc, but by an app that is gone and not app 15368: the name alone says nothing",
        ],
    );
    // One of somebody else beside the right one is nothing.
    checks(
        |runs| {
            runs.push(CheckRun {
                app: Some(666),
                conclusion: Some("failure".into()),
                ..run(2)
            })
        },
        &[],
    );
    let failed = |conclusion| format!("the check 'build' of app 15368 has not succeeded: {conclusion} (run 1)");
    for conclusion in [
        "failure",
        "neutral",
        "cancelled",
        "skipped",
        "timed_out",
        "action_required",
        "stale",
    ] {
        checks(
            |runs| runs[0].conclusion = Some(conclusion.into()),
            &[&failed(conclusion)],
        );
    }
    checks(|runs| runs[0].conclusion = None, &[&failed("without a conclusion")]);
    for status in ["queued", "in_progress", "waiting", "requested", "pending"] {
        let running = format!("the check 'build' of app 15368 is not complete: {status}");
        checks(|runs| runs[0].status = status.into(), &[&running]);
    }
    let second = |change: fn(&mut CheckRun)| {
        move |runs: &mut Vec<CheckRun>| {
            let mut run = run(2);
            change(&mut run);
            runs.push(run);
        }
    };
    // A later one that fails wins, and so does one of another suite, whenever that was.
    let failed = "the check 'build' of app 15368 has not succeeded: failure (run 2)";
    checks(second(|run| run.conclusion = Some("failure".into())), &[failed]);
    checks(
        second(|run| {
            run.conclusion = Some("failure".into());
            run.suite = 2;
            run.started = Some("2026-11-25T12:00:00Z".into());
        }),
        &[failed],
    );
    // One that has just been asked for again is the last one.
    checks(
        second(|run| {
            run.status = "queued".into();
            run.conclusion = None;
            run.started = None;
        }),
        &["the check 'build' of app 15368 is not complete: queued"],
    );
    // An earlier one that failed was mended.
    checks(
        second(|run| {
            run.conclusion = Some("failure".into());
            run.started = Some("2026-11-25T12:00:00Z".into());
        }),
        &[],
    );
}

fn signatures(standing: Standing, expected: &[&str]) {
    check(
        |_, facts| facts.signatures.as_mut().expect("they are known")[1].standing = standing,
        expected,
    );
}

#[test]
fn refusals_of_signatures() {
    let key = || "K".to_owned();
    signatures(Standing::Unsigned, &["commit aaaaaaaaaa is not signed"]);
    signatures(
        Standing::UnknownKey { key: key() },
        &["commit aaaaaaaaaa is signed by a key that the policy does not name: K"],
    );
    signatures(
        Standing::ForgeOnly { key: key() },
        &["commit aaaaaaaaaa is signed by the forge's own key (K) alone, which proves only that the forge made it"],
    );
    signatures(
        Standing::Bad,
        &["commit aaaaaaaaaa is not what was signed: the signature is bad"],
    );
    signatures(
        Standing::ExpiredKey { key: key() },
        &["commit aaaaaaaaaa is signed by a key that has expired, or is not yet valid: K"],
    );
    signatures(
        Standing::RevokedKey { key: key() },
        &["commit aaaaaaaaaa is signed by a key that was revoked: K"],
    );
    signatures(
        Standing::Expired,
        &["commit aaaaaaaaaa is signed for a time that is over"],
    );
    signatures(
        Standing::Unclear { said: "x".into() },
        &["commit aaaaaaaaaa is signed by something that cannot be judged: x"],
    );
    signatures(
        Standing::Good {
            by: "GitHub".into(),
            key: key(),
            forge: true,
        },
        &[],
    );
    let missing = &["commit aaaaaaaaaa is not looked at for a signature"];
    check(
        |_, facts| {
            facts.signatures.as_mut().expect("they are known").pop();
        },
        missing,
    );
    check(
        |_, facts| {
            let signatures = facts.signatures.as_mut().expect("they are known");
            let twice = signatures[1].clone();
            signatures.push(twice);
        },
        missing,
    );
    let many = |_: &mut Policy, facts: &mut Facts| {
        let more = (1..=9).map(|digit| commit(char::from_digit(digit, 10).expect("it is one")));
        facts
            .history
            .as_mut()
            .expect("it is known")
            .commits
            .extend(more.clone());
        let unsigned = more.map(|commit| Signature {
            commit,
            standing: Standing::Unsigned,
        });
        facts.signatures.as_mut().expect("they are known").extend(unsigned);
    };
    check(
        many,
        &["commits 1111111111, 2222222222, 3333333333, 4444444444, 5555555555 and 4 more are not signed"],
    );
}

#[test]
fn what_is_not_known_is_refused_with_its_reason() {
    let row = |why, expected: &str| {
        let untold = || Untold::new(why, "because\n\u{1b}");
        let line = |condition: &str| format!("{condition}: {expected}: because ␛");
        check(|_, facts| facts.branch = Err(untold()), &[&line("branch")]);
        check(|_, facts| facts.history = Err(untold()), &[&line("history")]);
        check(|_, facts| facts.pull_requests = Err(untold()), &[&line("pull request")]);
        check(|_, facts| facts.checks = Err(untold()), &[&line("checks")]);
        check(|_, facts| facts.signatures = Err(untold()), &[&line("signatures")]);
    };
    row(Why::NotAsked, "not known");
    row(Why::Nobody, "nobody can tell");
    row(Why::RateLimited, "the forge takes no more requests");
    row(Why::Unreachable, "the forge cannot be reached");
    row(Why::Denied, "the forge does not tell");
    row(Why::Garbage, "the forge's answer cannot be read");
    row(Why::Machine, "cannot be found out");
    let all = Facts::none(commit('c'), None);
    assert_eq!(judge(&policy(), &all).refusals.len(), 5);
    let hint = Untold::new(Why::Denied, "x").with_hint(Some("ask"));
    let refusal = Refusal::Unknown {
        condition: Condition::Checks,
        why: hint,
    };
    assert_eq!(
        (refusal.hint().as_str(), refusal.condition()),
        ("ask", Condition::Checks)
    );
}
