//! What is asked of a commit that somebody wants to deploy, and what answers are none.

use serde_json::{Value, json};

use super::http::Manner;
use super::landed::{Landed, Ran, Said, id, sha};
use super::replies::Pull;
use super::server::{Fault, Server};
use super::{TOKEN, fleet, scenarios, with};
use crate::address::Commit;
use crate::approval::{Approval, Asked, ReviewState, approval};
use crate::client::Patience;
use crate::error::Error;

fn commit(digit: char) -> Commit {
    Commit::new(&sha(digit)).expect("it is one")
}

/// Asks for all that there is of `c`, and whether `also` is on the branch as well.
fn asked(server: &Server, also: Option<char>) -> Approval {
    asked_with(server, TOKEN, also)
}

fn asked_with(server: &Server, token: &str, also: Option<char>) -> Approval {
    let also = also.map(commit);
    let names = ["build".to_owned(), "lint".to_owned(), "build".to_owned()];
    let asked = Asked {
        repository: &fleet(),
        branch: "main",
        commit: &commit('c'),
        also: also.as_ref(),
        steps: Some(&[commit('c')]),
        checks: Some(&names),
    };
    with(server, token, Patience::default(), |github| approval(github, &asked)).0
}

/// Changes what GitHub knows.
fn knows(server: &Server, change: impl FnOnce(&mut Landed)) {
    let mut landed = Landed::new();
    change(&mut landed);
    server.state().landed = Some(landed);
}

/// Returns all errors, as they are told.
fn errors(approval: &Approval) -> Vec<String> {
    let errors = [
        approval.branch.as_ref().err(),
        approval.pull_requests.as_ref().err(),
        approval.checks.as_ref().err(),
    ];
    let told = errors.into_iter().flatten().map(Error::to_string);
    told.inspect(|told| assert!(!told.contains(char::is_control) && !told.contains(TOKEN), "{told}"))
        .collect()
}

/// Answers a request with the usual body after a change, and expects this error of it alone.
fn twisted(server: &Server, at: &'static str, change: fn(&mut Value), expected: &str) {
    knows(server, |_| {});
    // The usual answer is asked for once, so that it can be changed.
    let before = server.state().exchanges.len();
    assert_eq!(errors(&asked(server, None)), [""; 0]);
    let usual = {
        let state = server.state();
        let of_it = state.exchanges[before..].iter().find(|exchange| {
            let line = format!("{} {}", exchange.request.method, exchange.request.path);
            line.contains(at)
        });
        of_it.unwrap_or_else(|| panic!("{at} is asked for")).answer.body.clone()
    };
    let mut body: Value = serde_json::from_slice(&usual).expect("answers are JSON");
    change(&mut body);
    server.fault(Fault::answers(at, 200, &[], &body.to_string()));
    let told = errors(&asked(server, None));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(expected), "{expected} is not in {told:?}");
}

const BRANCH: &str = "GET /repos/octo/fleet/branches/main";
const COMPARE: &str = "/compare/";
const OF_COMMIT: &str = "cccc/pulls";
const WHOLE: &str = "GET /repos/octo/fleet/pulls/7";
const REVIEWS: &str = "/pulls/7/reviews";
const COMMITS: &str = "/pulls/7/commits";
const CHECKS: &str = "/check-runs";
const RIGHTS: &str = "/collaborators/ann/permission";

scenarios! {
    all_that_github_knows_of_a_commit_is_told(server) {
        knows(server, |landed| {
            landed.reviews.push(Said { state: "CHANGES_REQUESTED", commit: Some(sha('9')), ..Said::approves(2, "bob") });
            landed.reviews.push(Said { by: None, ..Said::approves(3, "") });
            landed.reviews.push(Said { state: "PENDING", at: None, ..Said::approves(4, "bob") });
            landed.reviews.push(Said { commit: None, ..Said::approves(5, "robot[bot]") });
            landed.reviews.push(Said::approves(6, "carl"));
            landed.runs.push(Ran { id: 2, name: "build", app: Some(666), conclusion: Some("failure") });
            landed.runs.push(Ran { id: 3, name: "lint", app: None, conclusion: None });
            landed.runs.push(Ran { id: 4, name: "other", app: Some(1), conclusion: None });
        });
        let approval = asked(server, Some('e'));
        assert_eq!(errors(&approval), [""; 0]);
        let branch = approval.branch.expect("it is told");
        assert_eq!((branch.head, branch.protected, branch.has_commit, branch.has_also), (commit('d'), true, true, Some(false)));
        let pulls = approval.pull_requests.expect("they are told");
        let [pull] = &pulls[..] else { panic!("{pulls:?}") };
        assert_eq!((pull.number, pull.base.as_str()), (7, "main"));
        assert_eq!((&pull.head, &pull.merge_commit), (&commit('a'), &commit('c')));
        assert_eq!((&pull.steps[..], &pull.commits[..]), (&[commit('c')][..], &[commit('a')][..]));
        assert_eq!((pull.author.login.as_str(), pull.author.id), ("dora", id("dora")));
        let committers: Vec<&str> = pull.committers.iter().map(|person| person.login.as_str()).collect();
        assert_eq!(committers, ["dora"]);
        let said: Vec<_> = pull.reviews.iter().map(|said| (said.by.login.as_str(), said.state, said.commit.clone())).collect();
        let approved = ReviewState::Approved;
        let expected = [
            ("ann", approved, Some(commit('a'))),
            ("bob", ReviewState::ChangesRequested, Some(commit('9'))),
            ("robot[bot]", approved, None),
            ("carl", approved, Some(commit('a'))),
        ];
        assert_eq!(said, expected);
        assert!(pull.reviews[2].by.is_bot && !pull.reviews[0].by.is_bot);
        let mut rights: Vec<_> = pull.rights.iter().map(|(id, rights)| (*id, rights.may_write, rights.name.as_str())).collect();
        rights.sort_unstable();
        let mut expected = vec![(id("ann"), true, "write"), (id("carl"), false, "read")];
        expected.sort_unstable();
        assert_eq!(rights, expected);
        let runs = approval.checks.expect("they are told");
        let runs: Vec<_> = runs.iter().map(|run| (run.id, run.app, run.suite, run.status.as_str(), run.conclusion.as_deref())).collect();
        let expected = [
            (1, Some(15368), 5, "completed", Some("success")),
            (2, Some(666), 5, "completed", Some("failure")),
            (3, None, 5, "in_progress", None),
        ];
        assert_eq!(runs, expected);
        // Each thing is asked for once.
        let mut log = server.log();
        let all = log.len();
        log.sort();
        log.dedup();
        // The two names of checks differ in the query.
        assert_eq!(all - log.len(), 1, "{log:?}");
    }

    what_is_not_wanted_is_not_asked_for(server) {
        knows(server, |landed| landed.protected = false);
        let asked = Asked {
            repository: &fleet(), branch: "release/1", commit: &commit('d'), also: None, steps: None, checks: None,
        };
        let (approval, _) = with(server, TOKEN, Patience::default(), |github| approval(github, &asked));
        let branch = approval.branch.expect("it is told");
        assert_eq!((branch.protected, branch.has_commit, branch.has_also), (false, true, None));
        assert_eq!((approval.pull_requests, approval.checks), (Ok(Vec::new()), Ok(Vec::new())));
        assert_eq!(server.log(), ["GET /branches/release%2F1 200"]);
    }

    a_commit_that_is_elsewhere_is_not_on_the_branch(server) {
        knows(server, |landed| {
            landed.branch = ['b', 'd'].map(sha).to_vec();
            landed.others.push(sha('c'));
        });
        assert!(!asked(server, None).branch.expect("it is told").has_commit);
        // One that is newer than the branch.
        knows(server, |landed| {
            landed.branch = ['b', 'd', 'c'].map(sha).to_vec();
        });
        server.fault(Fault::answers(BRANCH, 200, &[], &json!({
            "name": "main", "commit": { "sha": sha('d') }, "protected": true,
        }).to_string()));
        assert!(!asked(server, None).branch.expect("it is told").has_commit);
    }

    long_lists_are_read_to_their_end(server) {
        knows(server, |landed| {
            landed.reviews = (0..95).map(|n| Said { state: "COMMENTED", ..Said::approves(n, "bob") }).collect();
            landed.reviews.push(Said { state: "DISMISSED", ..Said::approves(96, "ann") });
            landed.runs = (0..61).map(|id| Ran { id, name: "build", app: Some(1), conclusion: Some("success") }).collect();
        });
        let approval = asked(server, None);
        let pulls = approval.pull_requests.expect("they are told");
        assert_eq!((pulls[0].reviews.len(), pulls[0].reviews[95].state), (96, ReviewState::Dismissed));
        assert_eq!(approval.checks.expect("they are told").len(), 61);
        // A page that is lost, or a list that goes on nowhere, is no end.
        let links = [
            "<https://api.github.com/x>; rel=\"next\"",
            "x; rel=\"next\"",
            "<https://api.github.com/x?per_page=30>; rel=\"next\"",
        ];
        for link in links {
            server.fault(Fault::answers(REVIEWS, 200, &[("link", link)], "[]"));
            let told = errors(&asked(server, None));
            assert_eq!(told, ["GitHub's server is broken: asked for reviews of pull request 7, it answered with a list that goes on nowhere"]);
        }
        server.fault(Fault::sends(REVIEWS, Manner::CutOff));
        assert_eq!(errors(&asked(server, None)), [""; 0]);
    }

    pull_requests_that_were_not_merged_or_are_of_others_say_nothing(server) {
        knows(server, |landed| {
            let (pull, steps, commits) = landed.pulls[0].clone();
            landed.pulls = vec![(Pull { merge_commit: None, ..pull }, steps, commits)];
        });
        assert_eq!(asked(server, None).pull_requests, Ok(Vec::new()));
        knows(server, |landed| landed.pulls.clear());
        assert_eq!(asked(server, None).pull_requests, Ok(Vec::new()));
        let other = json!([{ "number": 3, "merged_at": "2026-11-26T12:00:00Z", "base": { "ref": "main", "repo": { "full_name": "mallory/fleet" } } }]);
        server.fault(Fault::answers(OF_COMMIT, 200, &[], &other.to_string()));
        assert_eq!(asked(server, None).pull_requests, Ok(Vec::new()));
    }

    answers_that_lack_or_contradict_something_are_none(server) {
        twisted(server, BRANCH, |body| body["protected"] = Value::Null, "the branch main, it answered 200 with something else");
        twisted(server, BRANCH, |body| body["name"] = "other".into(), "answered with another one");
        twisted(server, BRANCH, |body| body["commit"]["sha"] = "main".into(), "'main' is no commit");
        twisted(server, COMPARE, |body| body["status"] = "identical".into(), "contradicts itself");
        twisted(server, COMPARE, |body| body["behind_by"] = 1.into(), "contradicts itself");
        twisted(server, COMPARE, |body| body["merge_base_commit"]["sha"] = sha('b').into(), "contradicts itself");
        twisted(server, COMPARE, |body| body["base_commit"]["sha"] = sha('b').into(), "another one");
        twisted(server, OF_COMMIT, |body| body[0]["base"] = Value::Null, "pull requests of commit cccccccccc");
        twisted(server, WHOLE, |body| body["merged"] = false.into(), "contradicts the list");
        twisted(server, WHOLE, |body| body["number"] = 8.into(), "contradicts the list");
        twisted(server, WHOLE, |body| body["base"]["repo"]["full_name"] = "mallory/fleet".into(), "contradicts the list");
        twisted(server, WHOLE, |body| body["merge_commit_sha"] = Value::Null, "not by which commit");
        twisted(server, WHOLE, |body| body["user"] = Value::Null, "does not say who opened it");
        twisted(server, WHOLE, |body| body["commits"] = 251.into(), "lists 250 commits of 251 only");
        twisted(server, WHOLE, |body| body["commits"] = 2.into(), "does not list all of them");
        twisted(server, WHOLE, |body| body["head"]["sha"] = sha('9').into(), "does not list all of them");
        twisted(server, COMMITS, |body| body[0]["author"] = json!({ "login": "x" }), "commits of pull request 7");
        twisted(server, COMMITS, |body| body[0]["author"]["login"] = "\u{1b}[2J".into(), "'␛[2J' for an account");
        twisted(server, REVIEWS, |body| body[0]["state"] = "SUPER_APPROVED".into(), "a review that is 'SUPER_APPROVED'");
        twisted(server, REVIEWS, |body| body[0]["submitted_at"] = Value::Null, "when a review was submitted");
        twisted(server, REVIEWS, |body| body[0]["submitted_at"] = "yesterday".into(), "'yesterday' for a time");
        twisted(server, REVIEWS, |body| body[0]["commit_id"] = "x".into(), "'x' is no commit");
        twisted(server, REVIEWS, |body| body[0]["user"]["login"] = "evil/../x".into(), "for an account");
        twisted(server, REVIEWS, |body| body[0]["user"]["login"] = "robot[bot]".into(), "for an account");
        twisted(server, RIGHTS, |body| body["user"]["id"] = 1.into(), "another account");
        twisted(server, RIGHTS, |body| body["user"] = Value::Null, "another account");
        twisted(server, RIGHTS, |body| body["permission"] = "a b".into(), "'a b' for a word");
        twisted(server, CHECKS, |body| body["total_count"] = 2.into(), "lists 1 of 2 check runs only");
        twisted(server, CHECKS, |body| body["check_runs"][0]["head_sha"] = sha('b').into(), "were not asked for");
        twisted(server, CHECKS, |body| body["check_runs"][0]["name"] = "other".into(), "were not asked for");
        twisted(server, CHECKS, |body| body["check_runs"][0]["check_suite"] = Value::Null, "which suite");
        twisted(server, CHECKS, |body| body["check_runs"][0]["status"] = Value::Null, "check runs of commit cccccccccc");
    }

    what_keeps_all_answers_away_is_told_and_not_tried_again(server) {
        knows(server, |_| {});
        let limit = "{\"message\": \"API rate limit exceeded\"}";
        server.fault(Fault::answers(BRANCH, 403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9999999999")], limit));
        let told = errors(&asked(server, None));
        assert_eq!(told.len(), 3);
        assert!(told.iter().all(|told| told.starts_with("GitHub takes no more requests for now")), "{told:?}");
        assert_eq!(server.log().len(), 1);
        let told = errors(&asked_with(server, "ghs_wrong", None));
        assert_eq!(told, ["GitHub does not take the token: Bad credentials"; 3]);
        // Later, so that the branch is known.
        server.fault(Fault::answers(OF_COMMIT, 429, &[("retry-after", "3600")], "{}"));
        let approval = asked(server, None);
        assert!(approval.branch.is_ok());
        assert_eq!(errors(&approval), ["GitHub takes no more requests for now (for 60 min): without a reason"; 2]);
    }

    what_keeps_one_answer_away_leaves_the_others(server) {
        knows(server, |_| {});
        let body = "{\"message\": \"Resource not accessible by personal access token\"}";
        server.fault(Fault::answers(CHECKS, 403, &[], body));
        let told = errors(&asked(server, None));
        assert_eq!(told, ["the token may not do this to check runs of commit cccccccccc: Resource not accessible by personal access token; it needs `checks: read`"]);
        server.fault(Fault::answers(RIGHTS, 403, &[], body));
        let told = errors(&asked(server, None));
        assert_eq!(told, ["the token may not do this to the rights of ann: Resource not accessible by personal access token; it needs `metadata: read`"]);
        server.fault(Fault::answers(BRANCH, 301, &[("location", "https://evil.example")], "{}"));
        assert_eq!(errors(&asked(server, None)), ["the branch main has moved: GitHub answers 301"]);
        server.fault(Fault::answers(COMPARE, 404, &[], "{}"));
        let told = errors(&asked(server, None));
        assert!(told.len() == 1 && told[0].starts_with("GitHub does not find whether commit cccccccccc comes before dddddddddd"), "{told:?}");
        // Somebody who has nothing to do with the repository is no error.
        server.fault(Fault::answers(RIGHTS, 404, &[], "{}"));
        let pulls = asked(server, None).pull_requests.expect("they are told");
        assert_eq!(pulls[0].rights.iter().map(|(_, rights)| rights.name.as_str()).collect::<Vec<_>>(), ["none"]);
        for at in [BRANCH, COMPARE, OF_COMMIT, WHOLE, REVIEWS, COMMITS, CHECKS, RIGHTS] {
            server.fault(Fault::answers(at, 200, &[], "<!DOCTYPE html>"));
            let told = errors(&asked(server, None));
            assert!(told.len() == 1 && told[0].ends_with("it answered 200 with HTML"), "{at}: {told:?}");
        }
    }
}

/// Returns where in a value keys are that are read somewhere, each as the way there.
fn keys(value: &Value, at: &str, depth: usize, found: &mut Vec<(String, String)>) {
    const READ: [&str; 33] = [
        "name",
        "commit",
        "protected",
        "sha",
        "status",
        "base_commit",
        "merge_base_commit",
        "behind_by",
        "number",
        "merged_at",
        "base",
        "repo",
        "full_name",
        "ref",
        "merged",
        "merge_commit_sha",
        "commits",
        "user",
        "head",
        "login",
        "id",
        "type",
        "author",
        "committer",
        "state",
        "commit_id",
        "submitted_at",
        "author_association",
        "total_count",
        "check_runs",
        "head_sha",
        "conclusion",
        "started_at",
    ];
    const ALSO: [&str; 3] = ["app", "check_suite", "permission"];
    match value {
        Value::Object(object) if depth > 0 => {
            for (key, inner) in object {
                if READ.contains(&key.as_str()) || ALSO.contains(&key.as_str()) {
                    found.push((at.to_owned(), key.clone()));
                    keys(inner, &format!("{at}/{key}"), depth - 1, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                keys(item, &format!("{at}/{index}"), depth, found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_key_that_is_missing_is_an_error_or_says_nothing() {
    let server = Server::start();
    knows(&server, |landed| landed.branch.push(sha('e')));
    let usual = asked(&server, None);
    assert_eq!(errors(&usual), [""; 0]);
    let (mut tried, mut refused) = (0, 0);
    for at in [BRANCH, COMPARE, OF_COMMIT, WHOLE, REVIEWS, COMMITS, CHECKS, RIGHTS] {
        let body = {
            let state = server.state();
            let of_it = state.exchanges.iter().find(|exchange| {
                let line = format!("{} {}", exchange.request.method, exchange.request.path);
                line.contains(at)
            });
            of_it.unwrap_or_else(|| panic!("{at} is asked for")).answer.body.clone()
        };
        let body: Value = serde_json::from_slice(&body).expect("answers are JSON");
        let mut found = Vec::new();
        keys(&body, "", 3, &mut found);
        for (way, key) in found {
            let mut without = body.clone();
            let object = without
                .pointer_mut(&way)
                .and_then(Value::as_object_mut)
                .expect("it is there");
            object.remove(&key);
            server.fault(Fault::answers(at, 200, &[], &without.to_string()));
            let found = asked(&server, None);
            tried += 1;
            match errors(&found).len() {
                0 => assert_eq!(found, usual, "{at} without {way}/{key}"),
                _ => refused += 1,
            }
        }
    }
    assert!(tried > 60 && refused > 30, "{refused} of {tried}");
}
