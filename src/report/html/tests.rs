//! The page as a browser reads it: our elements only, nothing loaded, and the policy fits what it holds.

use super::*;
use crate::sample::{any_report, fleet, golden, hostile, law};
use crate::tags::{attributes, tags};
use base64::Engine;
use proptest::prelude::*;
use sha2::Digest;

/// All elements that the page has.
const OURS: [&str; 45] = [
    "html", "head", "meta", "title", "style", "body", "a", "header", "div", "h1", "h2", "h3", "span", "p", "code",
    "dl", "dt", "dd", "form", "input", "button", "output", "main", "section", "small", "table", "thead", "tbody", "tr",
    "th", "td", "details", "summary", "b", "i", "em", "pre", "ul", "li", "footer", "script", "ins", "del", "!doctype",
    "br",
];

#[test]
fn the_policy_allows_what_the_page_has() {
    let hash = |text: &str| {
        let digest = sha2::Sha256::digest(text.as_bytes());
        format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(digest))
    };
    assert_eq!(STYLE_HASH, hash(STYLE), "the hash of the style sheet");
    assert_eq!(SCRIPT_HASH, hash(SCRIPT), "the hash of the script");
}

#[test]
fn the_page_is_pinned() {
    let page = write(&fleet(), Severity::Error);
    let body = page.split_once("<body>").map_or("", |(_, body)| body);
    let body = body.split_once("<script>").map_or("", |(body, _)| body);
    golden("fleet.html", body);
}

#[test]
fn a_counterexample_is_code_of_its_own() {
    let page = write(&law(), Severity::Error);
    let code =
        "<h3>Counterexample</h3>\n<pre tabindex=\"0\"><i># a-law: a is b</i>\n{\n  law = &quot;a-law&quot;;\n}</pre>";
    assert!(page.contains(code), "{page}");
}

#[test]
fn hostile_text_is_only_shown() {
    let page = write(&hostile(), Severity::Error);
    let tags = tags(&page).expect("the tags are balanced");
    let others: Vec<_> = tags.iter().filter(|tag| !OURS.contains(&tag.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");
    for (name, value) in attributes(&page) {
        let ours = [
            "lang",
            "charset",
            "http-equiv",
            "content",
            "name",
            "class",
            "href",
            "id",
            "hidden",
            "role",
            "type",
            "aria-label",
            "placeholder",
            "autocomplete",
            "spellcheck",
            "value",
            "aria-pressed",
            "aria-live",
            "tabindex",
            "scope",
            "title",
            "data-host",
            "data-findings",
            "data-kind",
            "data-sign",
            "open",
        ];
        assert!(ours.contains(&name.as_str()), "{name}=\"{value}\"");
        // A link leads into the page, or to a file of a case by a plain path.
        let is_path = (value.starts_with("./") || value.starts_with('/') && !value.starts_with("//"))
            && value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/-._~%".contains(&b));
        assert!(name != "href" || value.starts_with('#') || is_path, "{value}");
    }
    assert_eq!(diag::clean(&page), page.as_str());
}

#[test]
fn files_of_a_case_are_linked() {
    let mut case = Case::new(Stage::Vm, "default", Outcome::Failed).on("web", "x86_64-linux");
    case.attachments = [
        "vm/web/console.log",
        "/tmp/a b",
        "//evil.example/x",
        "javascript:alert(1)",
    ]
    .map(|file| Attachment {
        name: "<log>".into(),
        media_type: "text/plain".into(),
        file: file.into(),
    })
    .to_vec();
    let report = Report {
        cases: vec![case],
        ..Report::default()
    };
    let page = write(&report, Severity::Error);
    for address in [
        "./vm/web/console.log",
        "/tmp/a%20b",
        ".///evil.example/x",
        "./javascript%3Aalert%281%29",
    ] {
        assert!(
            page.contains(&format!("<a href=\"{address}\">&lt;log&gt;</a>")),
            "{address}"
        );
    }
}

#[test]
fn a_fleet_of_a_hundred_hosts_folds_the_quiet_ones() {
    let cases = (0..100).flat_map(|n| {
        (0..40).map(move |rule| {
            Case::new(Stage::Policy, format!("rule-{rule}"), Outcome::Passed).on(format!("host-{n:03}"), "x86_64-linux")
        })
    });
    let report = Report {
        cases: cases.collect(),
        ..Report::default()
    };
    let page = write(&report, Severity::Error);
    assert!(page.contains("<summary>100 hosts without findings</summary>"));
    assert!(page.len() < 1 << 20, "{}", page.len());
}

proptest! {
    #[test]
    fn every_report_is_a_page_of_our_elements(report in any_report()) {
        let mut report = report;
        report.sort();
        let page = write(&report, Severity::Warning);
        let tags = tags(&page);
        prop_assert!(tags.is_some(), "{}", page);
        for tag in tags.unwrap_or_default() {
            prop_assert!(OURS.contains(&tag.as_str()), "{}", tag);
        }
    }
}
