//! What a forge makes of it, by a reader of GitHub's Markdown and one of HTML.

use super::*;
use crate::case::Case;
use crate::finding::Finding;
use crate::sample::{any_report, fleet, golden, hostile, law};
use crate::tags::{tags, texts_outside};
use proptest::prelude::*;

/// Returns what GitHub's own rules of Markdown make of it.
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

#[test]
fn the_comment_is_pinned() {
    golden("fleet.md", &write(&fleet(), Severity::Error, MOST_COMMENT));
}

#[test]
fn a_counterexample_is_a_block_of_nix() {
    let page = write(&law(), Severity::Error, MOST_COMMENT);
    assert!(
        page.contains("\n```nix\n# a-law: a is b\n{\n  law = \"a-law\";\n}\n```\n"),
        "{page}"
    );
}

#[test]
fn hostile_text_is_only_shown() {
    let html = rendered(&write(&hostile(), Severity::Error, MOST_COMMENT));
    assert_eq!(
        tags(&html)
            .expect("the tags are balanced")
            .difference(&OURS.map(String::from).into())
            .count(),
        0,
        "{html}"
    );
    // A mention or a reference needs its sign and its name in one piece of text.
    let outside = texts_outside(&html, "pre");
    for reference in ["@octocat", "#1", "GH-1", "!1", "https://", "www."] {
        let found = outside.iter().find(|text| text.contains(reference));
        assert_eq!(found, None, "{reference}");
    }
    assert!(outside.iter().any(|text| text.starts_with("octocat ")), "{html}");
}

/// All elements that the form has by itself.
const OURS: [&str; 21] = [
    "h3",
    "h4",
    "p",
    "strong",
    "em",
    "code",
    "pre",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "sub",
    "details",
    "summary",
    "ul",
    "li",
    "blockquote",
    "br",
    "hr",
];

#[test]
fn what_does_not_fit_is_left_out_whole() {
    let findings =
        (0..2_000).map(|n| Finding::new("r", Severity::Error, format!("error {n} `*_<b>")).at("f.nix", n + 1, 1));
    let case = Case {
        findings: findings.collect(),
        ..Case::new(Stage::Eval, "c", Outcome::Failed)
    };
    let report = Report {
        cases: vec![case],
        ..Report::default()
    };
    let text = write(&report, Severity::Error, MOST_COMMENT);
    assert!(
        text.len() <= MOST_COMMENT && text.len() > MOST_COMMENT - 2_000,
        "{}",
        text.len()
    );
    assert!(
        text.contains("more errors that do not fit here"),
        "{}",
        &text[text.len() - 500..]
    );
    assert!(text.ends_with("the JSON and HTML reports have all of it._\n"));
    assert!(tags(&rendered(&text)).is_some());
}

#[test]
fn a_large_fleet_has_a_table_that_fits() {
    let hosts = (0..500).flat_map(|n| {
        let stages = [Stage::Eval, Stage::Policy, Stage::Packages, Stage::Closure];
        stages.map(|stage| Case::new(stage, "c", Outcome::Failed).on(format!("host-{n:03}"), "x86_64-linux"))
    });
    let report = Report {
        cases: hosts.collect(),
        ..Report::default()
    };
    let text = write(&report, Severity::Error, MOST_COMMENT);
    assert!(text.len() <= MOST_COMMENT, "{}", text.len());
    assert!(text.contains("| <code>host-000</code> |"), "{text}");
    assert!(tags(&rendered(&text)).is_some());
}

#[test]
fn no_address_of_mail_becomes_a_link() {
    for text in ["A@.A𐝀", "a@b.c", "a@-b.c", "@", "a@ b.c", "a.b+c@d_e.f"] {
        let case = Case::new(Stage::Source, "c", Outcome::Skipped(text.into()));
        let report = Report {
            cases: vec![case],
            ..Report::default()
        };
        let html = rendered(&write(&report, Severity::Error, MOST_COMMENT));
        assert!(!html.contains("<a"), "{text}: {html}");
    }
}

#[test]
fn no_note_begins_a_list() {
    for text in [
        "- [x] done",
        "1. one",
        "  2) two",
        "---",
        "+ a",
        "* * *",
        "===",
        "# a",
        "> a",
        "    code",
    ] {
        let report = Report {
            notes: vec![text.into()],
            ..Report::default()
        };
        let html = rendered(&write(&report, Severity::Error, MOST_COMMENT)).replace("<!-- -->", "");
        let expected = format!(
            "<blockquote>\n<p>{}</p>\n</blockquote>\n",
            text.trim().replace('>', "&gt;")
        );
        assert!(html.ends_with(&expected), "{text}: {html}");
    }
}

#[test]
fn no_commit_becomes_a_link() {
    for text in ["deadbeef", "0123456789abcdef0123456789abcdef01234567", "at DEADBEEF."] {
        let report = Report {
            notes: vec![text.into()],
            ..Report::default()
        };
        let html = rendered(&write(&report, Severity::Error, MOST_COMMENT));
        let pieces = texts_outside(&html, "pre");
        let digits = |piece: &String| {
            let runs = piece.split(|c: char| !c.is_ascii_hexdigit());
            runs.map(str::len).max().unwrap_or_default()
        };
        let longest = pieces.iter().map(digits).max();
        assert!(longest < Some(7), "{text}: {html}");
    }
}

proptest! {
    #[test]
    fn every_report_has_only_our_marks(report in any_report(), most in LEAST..20_000usize) {
        let mut report = report;
        report.sort();
        let text = write(&report, Severity::Warning, most);
        prop_assert!(text.len() <= most);
        let html = rendered(&text);
        let tags = tags(&html);
        prop_assert!(tags.is_some(), "{}\n{}", text, html);
        let others: Vec<String> = tags.unwrap_or_default().difference(&OURS.map(String::from).into()).cloned().collect();
        prop_assert!(others.is_empty(), "{:?} in {}\n{}", others, text, html);
    }
}
