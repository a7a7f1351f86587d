//! What GitHub, and what is between us, can do to a request: limits, refusals, garbage, silence.

use std::time::Duration;

use serde_json::json;

use super::http::Manner;
use super::publishing::published;
use super::server::Fault;
use super::{NOW, TOKEN, both, report, scenarios, target, with};
use crate::client::Patience;
use crate::error::Error;
use crate::publish::{How, Published, publish};
use crate::request::{self, Request};
use crate::wanted::Wanted;

const CREATE: &str = "POST /repos/octo/fleet/check-runs";
const COMMENT: &str = "POST /repos/octo/fleet/issues/7/comments";

fn check() -> Wanted {
    Wanted {
        check: true,
        ..Wanted::default()
    }
}

fn comment() -> Wanted {
    Wanted {
        comment: true,
        ..Wanted::default()
    }
}

/// Publishes, and says what was done, the errors as they are told, and how long was waited.
fn told(server: &super::Server, errors: u32, wanted: &Wanted) -> (usize, Vec<String>, Duration) {
    let (published, waited) = with(server, TOKEN, Patience::default(), |github| {
        publish(github, &report(errors), &target(), wanted)
    });
    let told = published.errors().iter().map(|error| {
        // No token is ever told, in whatever form.
        let told = error.to_string();
        assert!(!told.contains(TOKEN) && !format!("{error:?}").contains(TOKEN), "{told}");
        assert!(!told.contains(char::is_control), "{told}");
        told
    });
    (published.done().len(), told.collect(), waited)
}

scenarios! {
    a_token_that_may_only_read_is_told_what_it_lacks(server) {
        server.state().read_only = true;
        let (done, errors, _) = told(server, 1, &both());
        assert_eq!(done, 0);
        assert_eq!(
            errors,
            [
                "the token may not do this to check runs of octo/fleet: Resource not accessible by integration; the job needs \
                 `permissions: checks: write`, which a pull request from a fork never gets",
                "the token may not do this to pull request 7: Resource not accessible by integration; the job needs \
                 `permissions: pull-requests: write`, which a pull request from a fork never gets",
            ]
        );
        // It is asked once and not again.
        assert_eq!(server.log().len(), 3);
    }

    a_wrong_token_is_told(server) {
        let (published, _) = with(server, "ghs_wrong", Patience::default(), |github| {
            publish(github, &report(0), &target(), &check())
        });
        assert_eq!(published.errors(), [Error::Token { message: "Bad credentials".into() }]);
    }

    a_pull_request_that_is_gone_is_told(server) {
        let target = crate::Target { pull_request: Some(8), ..target() };
        let (published, _) = with(server, TOKEN, Patience::default(), |github| publish(github, &report(0), &target, &both()));
        let errors: Vec<String> = published.errors().iter().map(Error::to_string).collect();
        assert_eq!(
            errors,
            ["GitHub does not find comments of pull request 8: gone, or the token may not see it (`permissions: \
              pull-requests: write`)"]
        );
        assert_eq!(published.done().len(), 1);
    }

    a_commit_that_is_not_there_is_told(server) {
        server.state().pulls.clear();
        let (_, errors, _) = told(server, 0, &check());
        assert_eq!(
            errors,
            ["GitHub refuses what was sent about check runs of octo/fleet: No commit found for SHA: \
              0123456789abcdef0123456789abcdef01234567"]
        );
    }

    a_refusal_is_told_without_what_steers(server) {
        let body = "{\"message\": \"Validation\\n\\u001b[31mFailed\", \"errors\": [{\"message\": \"too \\u202elong\"}]}";
        server.fault(Fault::answers(CREATE, 422, &[], body));
        let (_, errors, _) = told(server, 0, &check());
        assert_eq!(
            errors,
            ["GitHub refuses what was sent about check runs of octo/fleet: Validation ␛[31mFailed; too \\u{202e}long"]
        );
    }

    a_secondary_limit_is_waited_for(server) {
        let body = "{\"message\": \"You have exceeded a secondary rate limit.\", \"documentation_url\": \"\"}";
        server.fault(Fault::answers(CREATE, 403, &[("retry-after", "7")], body));
        server.fault(Fault::answers(CREATE, 429, &[("retry-after", "11")], body));
        server.fault(Fault::answers(COMMENT, 403, &[], body));
        let (done, errors, waited) = told(server, 1, &both());
        assert_eq!((done, errors), (2, vec![]));
        // Seven and eleven as told, a minute untold; the second between two requests is over by then.
        assert!((78..=80).contains(&waited.as_secs()), "{waited:?}");
    }

    a_limit_is_waited_for_until_it_is_reset_or_given_up(server) {
        let soon = (NOW + 20).to_string();
        let late = (NOW + 3000).to_string();
        let body = "{\"message\": \"API rate limit exceeded for installation ID 1.\"}";
        server.fault(Fault::answers(CREATE, 403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &soon)], body));
        let (done, errors, waited) = told(server, 0, &check());
        assert_eq!((done, errors, waited), (1, vec![], Duration::from_secs(21)));
        server.fault(Fault::answers(CREATE, 403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &late)], body));
        let (done, errors, waited) = told(server, 0, &check());
        let expected = "GitHub takes no more requests for now (for 51 min): API rate limit exceeded for installation ID 1.";
        assert_eq!((done, errors, waited), (0, vec![expected.to_owned()], Duration::ZERO));
    }

    a_limit_without_end_ends_in_our_patience(server) {
        for _ in 0..9 {
            server.fault(Fault::answers(CREATE, 429, &[("retry-after", "80")], "{}"));
        }
        let (done, errors, waited) = told(server, 0, &check());
        assert_eq!(done, 0);
        assert_eq!(errors, ["GitHub takes no more requests for now (for 80 s): without a reason"]);
        assert_eq!(waited, Duration::from_secs(240));
    }

    a_broken_server_is_asked_again(server) {
        server.fault(Fault::answers(CREATE, 502, &[("content-type", "text/html")], "<html>Bad Gateway</html>"));
        server.fault(Fault::answers(CREATE, 500, &[], ""));
        let (done, errors, waited) = told(server, 1, &check());
        assert_eq!((done, errors), (1, vec![]));
        assert!(waited >= Duration::from_secs(3) && waited <= Duration::from_millis(4500), "{waited:?}");
    }

    a_server_that_stays_broken_is_told(server) {
        for _ in 0..20 {
            server.fault(Fault::answers(CREATE, 503, &[], ""));
        }
        let (done, errors, _) = told(server, 1, &both());
        // The comment is made all the same.
        assert_eq!(done, 1);
        assert_eq!(errors, ["GitHub's server is broken: asked for check runs of octo/fleet, it answered 503"]);
        let sent = server.log().iter().filter(|line| line.starts_with("POST /check-runs")).count();
        assert_eq!(sent, 5);
    }

    a_check_run_whose_answer_is_lost_is_not_made_twice(server) {
        for manner in [Manner::Nothing, Manner::CutOff] {
            server.fault(Fault::sends(CREATE, manner));
            let (done, errors, _) = told(server, 1, &check());
            assert_eq!((done, errors), (1, vec![]));
        }
        server.fault(Fault::answers(CREATE, 502, &[], "").after_all());
        let (done, errors, _) = told(server, 1, &check());
        assert_eq!((done, errors), (1, vec![]));
        assert_eq!(server.state().checks.len(), 3);
        // And one that was not made is.
        server.fault(Fault { done: false, ..Fault::sends(CREATE, Manner::Nothing) });
        let (done, errors, _) = told(server, 1, &check());
        assert_eq!((done, errors), (1, vec![]));
        assert_eq!(server.state().checks.len(), 4);
    }

    annotations_whose_answer_is_lost_are_not_added_twice(server) {
        server.fault(Fault::sends("PATCH /repos/octo/fleet/check-runs", Manner::Nothing));
        let lost = Fault::answers("PATCH /repos/octo/fleet/check-runs", 504, &[], "");
        server.fault(lost);
        let (done, errors, _) = told(server, 150, &check());
        assert_eq!((done, errors), (1, vec![]));
        let state = server.state();
        assert_eq!((state.checks.len(), state.checks[0].annotations.len()), (1, 150));
    }

    a_batch_that_is_refused_leaves_the_check_run_as_it_is(server) {
        server.fault(Fault::answers("PATCH /repos/octo/fleet/check-runs", 422, &[], "{\"message\": \"no\"}"));
        let (done, errors, _) = told(server, 150, &check());
        assert_eq!(done, 1);
        assert_eq!(errors, ["GitHub refuses what was sent about check run 101 of octo/fleet: no"]);
        let state = server.state();
        assert_eq!((state.checks[0].conclusion.as_str(), state.checks[0].annotations.len()), ("failure", 50));
    }

    a_comment_whose_answer_is_lost_is_not_made_twice(server) {
        server.fault(Fault::sends(COMMENT, Manner::CutOff));
        let (done, errors, _) = told(server, 1, &comment());
        assert_eq!((done, errors), (1, vec![]));
        assert_eq!(server.state().comments.len(), 1);
    }

    a_comment_that_was_deleted_meanwhile_is_made_anew(server) {
        told(server, 1, &comment());
        let gone = "{\"message\": \"Not Found\", \"documentation_url\": \"https://docs.github.com/rest\"}";
        server.state().comments.clear();
        server.comment("github-actions[bot]", "<!-- cfgcheck: report -->\nold");
        server.fault(Fault::answers("PATCH /repos/octo/fleet/issues/comments", 404, &[], gone));
        let published = published(server, &report(2), &comment());
        assert_eq!(published.errors(), []);
        assert_eq!(published.done()[0].how, How::Created);
    }

    an_edit_is_sent_again_without_a_look(server) {
        told(server, 1, &comment());
        server.fault(Fault::sends("PATCH /repos/octo/fleet/issues/comments", Manner::Nothing));
        let published = published(server, &report(2), &comment());
        assert_eq!((published.errors(), published.done()[0].how), (&[][..], How::Edited));
        assert_eq!(server.state().comments.len(), 1);
    }

    garbage_is_told_as_garbage(server) {
        let check = |status, headers: &[(&'static str, &str)], body: &str, expected: &str| {
            server.fault(Fault::answers("GET /repos/octo/fleet/issues/7/comments", status, headers, body));
            let (done, errors, _) = told(server, 0, &comment());
            assert_eq!(done, 0, "{expected}");
            let about = "GitHub's server is broken: asked for comments of pull request 7, it answered 200 with ";
            assert_eq!(errors, [format!("{about}{expected}")]);
        };
        check(200, &[("content-type", "text/html")], "<html>log in to the network</html>", "HTML");
        check(200, &[], "", "something else: EOF while parsing a value at line 1 column 0");
        check(200, &[], "{}", "something else: invalid type: map, expected a sequence at line 1 column 0");
        check(200, &[], "[{\"id\": -1}]", "something else: invalid value: integer `-1`, expected u64 at line 1 column 10");
        check(200, &[], "\u{1b}[2J", "something else: expected value at line 1 column 1");
        let deep = format!("[{{\"x\": {}", "[".repeat(100_000));
        check(200, &[], &deep, "something else: EOF while parsing a list at line 1 column 100007");
    }

    a_reply_without_end_is_not_read_to_its_end(server) {
        let mut fault = Fault::answers("GET /repos/octo/fleet/issues/7/comments", 200, &[], &"[".repeat(1 << 20));
        fault.manner = Manner::Endless;
        for _ in 0..5 {
            server.fault(fault.clone());
        }
        let (_, errors, _) = told(server, 0, &comment());
        assert_eq!(
            errors,
            ["GitHub's server is broken: asked for comments of pull request 7, it answered with more than 16 MiB"]
        );
    }

    a_list_without_end_is_not_read_to_its_end(server) {
        // Each page names another next one.
        for page in 2..400 {
            let link = format!("<https://api.github.com/x?page={page}>; rel=\"next\"");
            server.fault(Fault::answers("GET /repos/octo/fleet/issues/7/comments", 200, &[("link", &link)], "[]"));
        }
        let (done, errors, _) = told(server, 0, &comment());
        assert_eq!(done, 0);
        assert_eq!(
            errors,
            ["GitHub's server is broken: asked for comments of pull request 7, it answered with more than 200 pages"]
        );
        assert_eq!(server.log().len(), 200);
        // A page that names itself is the last.
        server.state().faults.clear();
        for _ in 0..2 {
            let link = "<https://api.github.com/x?page=2>; rel=\"next\"";
            server.fault(Fault::answers("GET /repos/octo/fleet/issues/7/comments", 200, &[("link", link)], "[]"));
        }
        let (done, errors, _) = told(server, 0, &comment());
        assert_eq!((done, errors), (1, vec![]));
    }

    a_redirect_is_not_followed(server) {
        let elsewhere = [("location", "https://evil.example/repositories/1/check-runs")];
        server.fault(Fault::answers(CREATE, 307, &elsewhere, "{\"message\": \"Moved Permanently\"}"));
        let (_, errors, _) = told(server, 0, &check());
        assert_eq!(errors, ["check runs of octo/fleet has moved: GitHub answers 307"]);
        assert_eq!(server.log(), ["POST /check-runs 307"]);
    }

    silence_has_a_deadline(server) {
        for _ in 0..2 {
            let mut fault = Fault::sends("GET /repos/octo/fleet/issues/7/comments", Manner::Never);
            fault.done = false;
            server.fault(fault);
        }
        let patience = Patience { exchange: Duration::from_millis(20), attempts: 2, ..Patience::default() };
        let (published, _) = with(server, TOKEN, patience, |github| publish(github, &report(0), &target(), &comment()));
        let errors: Vec<String> = published.errors().iter().map(Error::to_string).collect();
        assert_eq!(errors, ["cannot reach GitHub for comments of pull request 7: no answer within 20ms"]);
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let server = super::Server::start();
    let address = server.address.clone();
    drop(server);
    let clock = sys::ManualClock::at(Duration::ZERO);
    let api = crate::Api::new(&address).expect("it is one");
    let token = crate::Token::new(TOKEN).expect("it is one");
    let github = crate::Github::new(&api, &token, &clock, Patience::default()).expect("it is made");
    let published: Published = publish(&github, &report(0), &target(), &comment());
    let errors: Vec<String> = published.errors().iter().map(Error::to_string).collect();
    assert_eq!(
        errors,
        ["cannot reach GitHub for comments of pull request 7: Connection refused (os error 111)"]
    );
}

#[test]
fn what_is_too_large_is_refused_in_githubs_words() {
    let server = super::Server::start();
    let fleet = super::fleet();
    let check = |request: Request, expected: &str| {
        let (answer, _) = with(&server, TOKEN, Patience::default(), |github| {
            github.ask::<serde_json::Value>(&request)
        });
        let error = answer.expect_err("it is refused").to_string();
        assert!(error.ends_with(expected), "{error}");
    };
    let output = |summary: usize, text: usize, annotations: usize| {
        json!({ "output": {
            "title": "t", "summary": "s".repeat(summary), "text": "t".repeat(text), "annotations": vec![0; annotations],
        } })
    };
    let create = |body| request::create_check_run(&fleet, body);
    check(
        create(output(1, 1, 51)),
        "Invalid request.  No more than 50 items are allowed; 51 were supplied.",
    );
    check(
        create(output(65_536, 1, 0)),
        "Validation Failed; summary exceeds a maximum bytesize of 65535",
    );
    check(
        create(output(1, 65_536, 0)),
        "Validation Failed; text exceeds a maximum bytesize of 65535",
    );
    let comment = |length: usize| request::create_comment(&fleet, 7, json!({ "body": "é".repeat(length) }));
    check(
        comment(65_537),
        "Validation Failed; Body is too long (maximum is 65536 characters)",
    );
    check(comment(0), "Validation Failed; Body cannot be blank");
}
