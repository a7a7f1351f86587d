//! A report of a fork in which every text tries to be something else than text, read as a browser reads it.

use diag::Severity;
use html5gum::{Token, Tokenizer};
use proptest::prelude::*;
use report::diff::{Change, ConfigurationKind, Diff, Failure, HostDiff, InputChange, Pin, Side, State, Status};
use report::{Case, Finding, Outcome, Report, RuleDoc, Stage};

use super::{HEAD, read};
use crate::address::Commit;
use crate::plan::{self, Context, Origin};
use crate::wanted::Wanted;

const PAGE: &str = "https://github.com/octo/fleet/actions/runs/29";

/// What a hostile report is made of.
const PIECES: [&str; 44] = [
    "@octocat",
    "@octo/team",
    "#1",
    "octo/fleet#1",
    "GH-1",
    "fixes #1",
    "Closes octo/fleet#2",
    "resolves GH-3",
    "https://evil.example",
    "www.evil.example",
    "me@evil.example",
    "mailto:x@y.zz",
    "deadbeefdeadbeef",
    "octo/fleet@deadbeef",
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x.png>",
    "![x](https://evil.example/x.png)",
    "[x](https://evil.example)",
    "[x]: https://evil.example",
    "<a href=//evil.example>",
    "<details><summary>x</summary>",
    "</details>",
    "</summary>",
    "</code></pre>",
    "<!-- cfgcheck: report -->",
    "<!--",
    "-->",
    "```",
    "````text",
    "~~~",
    "| a | b |",
    "| --- | --- |",
    "# heading",
    "> quote",
    "- [x] task",
    "1. one",
    "    code",
    "---",
    "**bold**",
    "$x$",
    "&lt;",
    "\n",
    "\u{1b}[31m\u{202e}",
    "\\",
];

fn text() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(PIECES.to_vec());
    let joined = proptest::sample::select(vec!["", " ", "\n", "\n\n"]);
    proptest::collection::vec((piece, joined), 1..8).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(piece, joined)| format!("{piece}{joined}"))
            .collect()
    })
}

/// Returns a report that says this everywhere.
fn saying(texts: &[String; 4]) -> Report {
    let [a, b, c, d] = texts;
    let finding = |message: &String| Finding {
        text: format!("{a}\n{message}"),
        hint: Some(b.clone()),
        counterexample: Some(c.clone()),
        ..Finding::new(d, Severity::Error, message).at(b, 3, 1).option(c)
    };
    let case = Case::new(Stage::Eval, a, Outcome::Failed).on(b, c).rule(d);
    let skipped = Case::new(Stage::Policy, b, Outcome::Skipped(c.clone())).on(a, d);
    let pin = |text: &String| {
        Some(Pin {
            reference: text.clone(),
            rev: Some(text.clone()),
            date: Some(text.clone()),
        })
    };
    let state = |text: &String| State {
        name: text.clone(),
        rev: Some(text.clone()),
        date: Some(text.clone()),
    };
    let host = |name: &String, status| HostDiff {
        kind: ConfigurationKind::Nixos,
        name: name.clone(),
        system: Some(b.clone()),
        status,
        changes: report::diff::Changes {
            reboot: vec![Change::rebuilt(a)],
            options: vec![
                Change::value(a, Some(b.clone()), Some(c.clone())),
                Change::elements(d, vec![a.clone()], vec![b.clone()]),
            ],
            unknown: vec![c.clone()],
            ..Default::default()
        },
        failures: vec![Failure {
            side: Side::Head,
            finding: finding(d),
        }],
    };
    Report {
        flake: a.clone(),
        cases: vec![case.finding(finding(a)).finding(finding(b)), skipped],
        rules: vec![RuleDoc {
            id: d.clone(),
            title: a.clone(),
            why: b.clone(),
            fix: c.clone(),
        }],
        diff: Some(Diff {
            base: state(a),
            head: state(b),
            inputs: vec![InputChange {
                input: c.clone(),
                before: pin(a),
                after: pin(d),
                days: Some(3),
                compare: Some("https://evil.example/compare".into()),
            }],
            hosts: vec![
                host(a, Status::Changed),
                host(b, Status::Errored),
                host(c, Status::Added),
            ],
            notes: vec![d.clone()],
        }),
        notes: vec![c.clone(), d.clone()],
        ..Report::default()
    }
}

/// Returns what GitHub's own rules of Markdown make of a text.
fn rendered(text: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true;
    comrak::markdown_to_html(text, &options)
}

/// All elements that our forms have.
const OURS: [&str; 22] = [
    "a",
    "blockquote",
    "br",
    "code",
    "details",
    "em",
    "h3",
    "h4",
    "hr",
    "li",
    "p",
    "pre",
    "strong",
    "sub",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Returns what a page has that we did not write.
fn forged(html: &str) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut open: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut links = 0;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = text(&tag.name);
                if !OURS.contains(&name.as_str()) {
                    found.push(format!("element {name}"));
                }
                for (key, value) in &tag.attributes {
                    match (name.as_str(), text(key).as_str(), text(value).as_str()) {
                        ("a", "href", PAGE) => links += 1,
                        ("code", "class", "language-text" | "language-nix" | "language-diff") => {}
                        ("details", "open", "") => {}
                        ("th" | "td", "align", "center") => {}
                        (_, key, value) => found.push(format!("attribute {key} of {name}: {value}")),
                    }
                }
                if !tag.self_closing && !["br", "hr"].contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Token::EndTag(tag) if open.last() == Some(&text(&tag.name)) => {
                open.pop();
            }
            Token::EndTag(tag) => found.push(format!("end of {}", text(&tag.name))),
            // What is code calls nobody and refers to nothing on GitHub.
            Token::String(piece) if !open.iter().any(|name| ["code", "pre"].contains(&name.as_str())) => {
                let piece = text(&piece);
                for sign in ["@octo", "#1", "#2", "GH-1", "GH-3", "https://", "www.", "deadbeef"] {
                    if piece.contains(sign) {
                        found.push(format!("reference {sign}: {piece}"));
                    }
                }
            }
            Token::Comment(comment) if !comment.trim_ascii().is_empty() => {
                found.push(format!("comment {}", text(&comment)))
            }
            _ => {}
        }
    }
    found.extend(open.iter().map(|name| format!("{name} stays open")));
    if links > 1 {
        found.push(format!("{links} links"));
    }
    found
}

/// Returns the texts that are published of an artifact: summary and text of the check run, and the comment without its mark.
fn published(report: &Report) -> [String; 3] {
    let saved = read(report::json::write(report, Severity::Error).as_bytes()).expect("it is a report");
    let wanted = Wanted::default();
    let commit = Commit::new(HEAD).expect("it is one");
    let context = Context {
        wanted: &wanted,
        commit: &commit,
        page: Some(PAGE),
        origin: Origin::Artifact,
    };
    let output = plan::check(saved.report(), &context, "id").create["output"].clone();
    let text = |key: &str| output[key].as_str().unwrap_or_default().to_owned();
    let comment = plan::comment(saved.report(), &context);
    let body = comment
        .body
        .strip_prefix(&comment.marker)
        .expect("it begins with its mark")
        .to_owned();
    assert!(comment.is_marked(&comment.body) && comment.body.len() <= 65_536);
    assert!(text("summary").len() <= 65_535 && text("text").len() <= 65_535);
    [text("summary"), text("text"), body]
}

#[test]
fn each_piece_alone_is_only_shown() {
    for piece in PIECES {
        let piece = piece.to_owned();
        for page in published(&saying(&[piece.clone(), piece.clone(), piece.clone(), piece.clone()])) {
            let html = rendered(&page);
            assert_eq!(forged(&html), Vec::<String>::new(), "{piece}: {page}");
        }
    }
}

#[test]
fn a_long_hostile_report_is_cut_between_its_parts() {
    let long = |text: &str| text.repeat(9_000);
    let texts = [long("```\n@octocat "), long("<details>"), long("| a "), long("漢`")];
    let mut report = saying(&texts);
    let case = report.cases[0].clone();
    report.cases.extend((0..40).map(|n| Case {
        findings: vec![Finding::new("r", Severity::Error, format!("{n} {}", texts[1]))],
        ..case.clone().on(format!("host-{n}"), "x86_64-linux")
    }));
    for page in published(&report) {
        assert_eq!(forged(&rendered(&page)), Vec::<String>::new(), "{page}");
    }
}

#[test]
fn a_huge_report_is_published_or_refused_in_time() {
    let case = |n: usize, systems: usize, reasons: usize| {
        let skipped = Outcome::Skipped(format!("reason {}", n % reasons));
        Case::new(Stage::Eval, "c", skipped).on(format!("h{}", n / 300), format!("s{}", n % systems))
    };
    let all = |count: usize, systems: usize, reasons: usize| Report {
        cases: (0..count).map(|n| case(n, systems, reasons)).collect(),
        ..Report::default()
    };
    assert!(published(&all(50_000, 100, 2_000))[2].contains("Checked 50000 cases"));
    let check = |report: Report, expected: &str| {
        let refused = read(report::json::write(&report, Severity::Error).as_bytes()).expect_err("it is refused");
        assert_eq!(refused.to_string(), format!("the report has {expected} are taken"));
    };
    check(all(50_001, 1, 1), "50001 cases, and at most 50000");
    check(all(101, 101, 1), "101 systems, and at most 100");
    check(all(2_001, 1, 2_001), "2001 reasons, and at most 2000");
    let refused = read(&vec![b' '; (32 << 20) + 1]).expect_err("it is refused");
    assert_eq!(
        refused.to_string(),
        "'/report.json' has 33554433 bytes, and at most 33554432 are read"
    );
}

proptest! {
    #[test]
    fn nothing_that_a_fork_writes_is_more_than_text(a in text(), b in text(), c in text(), d in text()) {
        for page in published(&saying(&[a, b, c, d])) {
            let html = rendered(&page);
            prop_assert_eq!(forged(&html), Vec::<String>::new(), "{}\n===\n{}", page, html);
        }
    }

    #[test]
    fn no_artifact_makes_the_reader_panic(bytes in any::<Vec<u8>>(), at in 0usize..2_000, by in any::<u8>()) {
        let _ = read(&bytes);
        let text = "x".to_owned();
        let mut artifact = report::json::write(&saying(&[text.clone(), text.clone(), text.clone(), text]), Severity::Error).into_bytes();
        let at = at % artifact.len();
        artifact[at] = by;
        if let Ok(saved) = read(&artifact) {
            published(saved.report());
        }
    }
}
