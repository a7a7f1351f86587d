//! The page of known behaviours, each with its counterexample.

use super::known::{Known, Since, all};
use crate::counter::Counterexample;
use crate::fixture::{corpus, on};
use crate::run::{Verdict, ask};
use crate::{Binding, Ground, Law, laws};
use eval::Evaluator;
use std::fmt::Write;

const HEAD: &str = "# Known behaviours\n\n\
The laws about the library, [`cfgcheck prop --lib`](prop.md), are what people expect of the module system of NixOS. \
nixpkgs itself does not hold all of them. What it does instead is known and named here; a run counts it (`known:…`) \
and does not tell it as a finding.\n\n\
Each example is a complete file: save it, and `nix eval --impure --file FILE sides`, or `cfgcheck eval --impure \
--file FILE sides`, shows what is compared. `<nixpkgs>` is the nixpkgs that you want to look at.\n";

/// Returns what the page says of one behaviour.
fn section(known: &Known, law: &'static Law, example: &str) -> String {
    let when = match known.since {
        Since::Always => "In nixpkgs of 2020, and of today.",
        Since::Before => "In nixpkgs of 2020, and no more today.",
        Since::Now => "In nixpkgs of today, and not yet in 2020.",
    };
    let mut section = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        section,
        "\n## {}\n\n{}.\n\n{} {when}\n\nAgainst the law [{}](laws.md#{}): {}.\n\n```nix\n{example}```\n",
        known.id, known.title, known.why, law.id, law.id, law.title
    );
    section
}

/// Returns a library's folder in the corpus that shows the behaviour.
fn folder(known: &Known) -> &'static str {
    match known.since {
        Since::Before => "nixcon/nixpkgs/lib",
        Since::Always | Since::Now => "nixpkgs-lib/lib",
    }
}

/// Returns the counterexample of a behaviour.
fn example(ev: &mut Evaluator, ground: &mut Ground, known: &Known, law: &'static Law) -> String {
    let question = (law.question)(&(known.example)(), ground).expect("the law says something of it");
    let Verdict::Broken(broken) = ask(ev, ground, &question, true).expect("no limit is reached") else {
        panic!("{} does not show itself", known.id);
    };
    let lib = Binding {
        nix: "import <nixpkgs/lib>".into(),
        ..ground.bindings()[0].clone()
    };
    let counterexample = Counterexample {
        law: law.id,
        title: law.title,
        host: None,
        option: None,
        drawn: None,
        bindings: &[lib],
        question: &question,
        broken: &broken,
    };
    let text = counterexample.text("FILE", "null", &[]);
    // What the page says of all of them is not said at each.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("# nix eval") && !line.starts_with("# cfgcheck eval"));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// With the corpus, `UPDATE_GOLDEN=1 cargo test -p cfgcheck-prop page_of_known` writes the page anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "the page is read and, on request, written")]
fn the_page_of_known_behaviours_is_that_of_the_laws() {
    let path = testkit::root().join("docs/known.md");
    let law = |known: &Known| {
        laws::all()
            .iter()
            .find(|law| law.id == known.law)
            .expect("the law is there")
    };
    if let Some(corpus) = corpus() {
        let mut page = HEAD.to_owned();
        for known in all() {
            let text = on(&corpus.join(folder(known)), move |ev, ground| {
                example(ev, ground, known, law(known))
            });
            page += &section(known, law(known), &text);
        }
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let published = std::fs::read_to_string(&path).expect("the page is there; UPDATE_GOLDEN=1 writes it");
        assert!(
            published == page,
            "docs/known.md is not that of the laws; UPDATE_GOLDEN=1 writes it anew"
        );
    }
    let published = std::fs::read_to_string(&path).expect("the page is there");
    for known in all() {
        assert!(
            published.contains(&section(known, law(known), "").replace("```\n", "")),
            "{} is not as docs/known.md has it",
            known.id
        );
    }
}
