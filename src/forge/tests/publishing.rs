//! What is made where nothing goes wrong.

use super::{HEAD, TOKEN, both, report, scenarios, target, with};
use crate::client::Patience;
use crate::error::Error;
use crate::publish::{How, Published, publish};
use crate::wanted::{Name, Wanted};
use report::Report;

/// Publishes for pull request 7.
pub(super) fn published(server: &super::Server, report: &Report, wanted: &Wanted) -> Published {
    with(server, TOKEN, Patience::default(), |github| {
        publish(github, report, &target(), wanted)
    })
    .0
}

fn hows(published: &Published) -> Vec<(&'static str, How)> {
    assert_eq!(published.errors(), []);
    published.done().iter().map(|done| (done.what, done.how)).collect()
}

scenarios! {
    a_report_is_one_check_run_and_one_comment(server) {
        let published = published(server, &report(2), &both());
        assert_eq!(hows(&published), [("check run", How::Created), ("comment", How::Created)]);
        assert_eq!(published.done()[0].page.as_deref(), Some("https://github.com/octo/fleet/runs/101"));
        assert_eq!(
            server.log(),
            ["POST /check-runs 201", "GET /issues/7/comments 200", "POST /issues/7/comments 201"]
        );
        let state = server.state();
        let run = &state.checks[0];
        assert_eq!((run.name.as_str(), run.head.as_str(), run.conclusion.as_str()), ("cfgcheck", HEAD, "failure"));
        assert_eq!(run.output["title"], "2 errors, 0 warnings on 1 host");
        assert_eq!(run.annotations.len(), 2);
        let first_lines: Vec<&str> = state.comments[0].body.lines().take(3).collect();
        assert_eq!(
            first_lines,
            [
                "<!-- cfgcheck: report -->",
                "<sub>Commit <code>0123456789</code>, [the run](https://github.com/octo/fleet/actions/runs/30)</sub>",
                "",
            ]
        );
        assert!(state.comments[0].body.contains("### cfgcheck: ❌ not clean"));
    }

    nothing_is_sent_if_nothing_is_wanted(server) {
        assert_eq!(published(server, &report(2), &Wanted::default()), Published::default());
        assert_eq!(server.log(), Vec::<String>::new());
    }

    conclusions_follow_the_verdict_or_the_wish(server) {
        for (errors, neutral, expected) in [(0, false, "success"), (1, false, "failure"), (1, true, "neutral")] {
            let wanted = Wanted { check: true, neutral, ..Wanted::default() };
            published(server, &report(errors), &wanted);
            let state = server.state();
            assert_eq!(state.checks.last().map(|run| run.conclusion.as_str()), Some(expected));
        }
    }

    annotations_come_in_batches_of_fifty(server) {
        let wanted = Wanted { check: true, name: Name::new("fleet").expect("it is one"), ..Wanted::default() };
        let (published, waited) = with(server, TOKEN, Patience::default(), |github| {
            publish(github, &report(120), &target(), &wanted)
        });
        assert_eq!(hows(&published), [("check run", How::Created)]);
        assert_eq!(server.log(), ["POST /check-runs 201", "PATCH /check-runs/101 200", "PATCH /check-runs/101 200"]);
        // One second between requests that make something.
        assert_eq!(waited.as_secs(), 2);
        let state = server.state();
        let run = &state.checks[0];
        let lines: Vec<u64> = run.annotations.iter().filter_map(|annotation| annotation["start_line"].as_u64()).collect();
        assert_eq!((run.name.as_str(), lines), ("fleet", (1..=120).collect()));
    }

    a_comment_is_kept_up_to_date(server) {
        let wanted = Wanted { comment: true, ..Wanted::default() };
        assert_eq!(hows(&published(server, &report(1), &wanted)), [("comment", How::Created)]);
        assert_eq!(hows(&published(server, &report(1), &wanted)), [("comment", How::Unchanged)]);
        assert_eq!(hows(&published(server, &report(0), &wanted)), [("comment", How::Edited)]);
        let state = server.state();
        assert_eq!(state.comments.len(), 1);
        assert!(state.comments[0].body.contains("✅ clean"));
    }

    a_comment_is_found_behind_many_others(server) {
        for n in 0..75 {
            server.comment("octocat", &format!("comment {n}"));
        }
        let wanted = Wanted { comment: true, ..Wanted::default() };
        published(server, &report(1), &wanted);
        for n in 0..40 {
            server.comment("octocat", &format!("later {n}"));
        }
        assert_eq!(hows(&published(server, &report(2), &wanted)), [("comment", How::Edited)]);
        let state = server.state();
        assert_eq!(state.comments.len(), 75 + 1 + 40);
        let pages = state.exchanges.iter().filter(|exchange| exchange.request.method == "GET").count();
        // 30 a page: three pages without ours, then the third of four.
        assert_eq!(pages, 3 + 3);
    }

    somebody_elses_comment_with_our_mark_is_not_ours(server) {
        server.comment("mallory", "<!-- cfgcheck: report -->\nhello");
        server.comment("github-actions[bot]", "> <!-- cfgcheck: report -->\nquoted");
        server.comment("github-actions[bot]", "text\n<!-- cfgcheck: report -->");
        server.comment("github-actions[bot]", "<!-- cfgcheck: report of other -->\nanother check's");
        let wanted = Wanted { comment: true, ..Wanted::default() };
        assert_eq!(hows(&published(server, &report(1), &wanted)), [("comment", How::Created)]);
        let state = server.state();
        assert_eq!(state.comments.len(), 5);
        assert!(state.comments[0].body.ends_with("hello"));
    }

    a_report_of_thousands_fits(server) {
        let mut report = report(3_000);
        for finding in &mut report.cases[0].findings {
            finding.text = "漢字 🙂 <b> `x` ".repeat(40);
        }
        let published = published(server, &report, &both());
        assert_eq!(hows(&published), [("check run", How::Created), ("comment", How::Created)]);
        let state = server.state();
        assert_eq!(state.checks[0].annotations.len(), 500);
        for text in [state.checks[0].output["summary"].as_str().unwrap_or_default(), &state.comments[0].body] {
            assert!(text.len() > 60_000 && text.contains("There is more than fits here"), "{}", text.len());
        }
    }

    two_names_have_two_comments(server) {
        let named = |name: &str| Wanted { name: Name::new(name).expect("it is one"), ..both() };
        published(server, &report(1), &named("a -- b"));
        published(server, &report(1), &named("b"));
        assert_eq!(hows(&published(server, &report(2), &named("a -- b"))), [("check run", How::Created), ("comment", How::Edited)]);
        let state = server.state();
        let marks: Vec<_> = state.comments.iter().map(|comment| comment.body.lines().next().unwrap_or_default()).collect();
        assert_eq!(marks, ["<!-- cfgcheck: report of a -- b -->", "<!-- cfgcheck: report of b -->"]);
    }

    a_comment_is_that_of_the_tokens_account(server) {
        {
            let mut state = server.state();
            state.user = Some("fleet-bot".into());
            state.author = "fleet-bot".into();
        }
        server.comment("github-actions[bot]", "<!-- cfgcheck: report -->\nof the token of the job");
        let wanted = Wanted { comment: true, ..Wanted::default() };
        let publish = || with(server, "ghp_personal", Patience::default(), |github| {
            publish(github, &report(1), &target(), &wanted)
        }).0;
        assert_eq!(hows(&publish()), [("comment", How::Created)]);
        assert_eq!(hows(&publish()), [("comment", How::Unchanged)]);
        assert_eq!(server.log()[0], "GET /user 200");
    }

    an_app_of_ones_own_says_its_name(server) {
        server.state().author = "my-app[bot]".into();
        let wanted = Wanted { comment: true, author: Some("my-app[bot]".into()), ..Wanted::default() };
        assert_eq!(hows(&published(server, &report(1), &wanted)), [("comment", How::Created)]);
        assert_eq!(hows(&published(server, &report(2), &wanted)), [("comment", How::Edited)]);
    }

    a_push_has_nothing_to_comment_on(server) {
        let target = crate::Target { pull_request: None, ..target() };
        let (published, _) = with(server, TOKEN, Patience::default(), |github| publish(github, &report(0), &target, &both()));
        assert_eq!(published.errors(), [Error::NoPullRequest]);
        assert_eq!(published.done().len(), 1);
    }
}

#[test]
fn an_interface_below_a_path_is_reached() {
    // As GitHub Enterprise Server has it. This server has nothing there, and answers so.
    let server = super::Server::start();
    let clock = sys::ManualClock::at(std::time::Duration::ZERO);
    let api = crate::Api::new(&format!("{}/api/v3/", server.address)).expect("it is one");
    let token = crate::Token::new(TOKEN).expect("it is one");
    let github = crate::Github::new(&api, &token, &clock, Patience::default()).expect("it is made");
    let wanted = Wanted {
        check: true,
        ..Wanted::default()
    };
    publish(&github, &report(0), &target(), &wanted);
    assert_eq!(server.log(), ["POST /api/v3/repos/octo/fleet/check-runs 404"]);
}
