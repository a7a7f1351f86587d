//! The laws of merging that the stand-in nixpkgs's module system keeps.
//!
//! `fixtures/modules/merge` has one small module file for each law, and beside it what the real
//! nixpkgs's library says of it: the options with their types, definitions, files, priorities and
//! values, the messages of all errors, and the documentation (`fixtures/modules/facts.nix`). Here the
//! stand-in's library says the same, in our evaluator and in Nix. With a corpus the real library is
//! asked (`tests/corpus/module_system.rs`), and writes its answers anew:
//!
//! ```text
//! CFGCHECK_CORPUS=… UPDATE_GOLDEN=1 cargo nextest run corpus_merging
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests read files of the repository and run programs on them"
)]

mod answers;

use answers::{Asked, STAND_IN, compare, expected, fixtures, laws, named_with};
use std::process::Command;
use testkit::Oracle;

/// Returns the differences between the answers that are expected and those that are given.
fn differences(asked: &Asked) -> String {
    let laws = laws();
    assert!(laws.len() > 40, "there are module files: {laws:?}");
    let mut wrong = Vec::new();
    for law in laws {
        compare(&law, &expected(&law), &asked.answer(&law), &mut wrong);
    }
    wrong.join("\n")
}

#[test]
fn every_law_has_its_answer() {
    assert_eq!(laws(), named_with("json"));
}

#[test]
fn the_stand_in_merges_as_the_real_library_does() {
    let links = tempfile::tempdir().expect("a folder can be made");
    let program = links.path().join("nix-instantiate");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cfgcheck"), &program).expect("a link can be made");
    let fixtures = fixtures();
    let asked = Asked {
        command: Box::new(move || Command::new(&program)),
        library: fixtures.join(STAND_IN).display().to_string(),
        modules: fixtures.join("modules").display().to_string(),
    };
    let wrong = differences(&asked);
    assert!(wrong.is_empty(), "{wrong}");
}

/// Nix with the stand-in's library says what cfgcheck says with it.
#[test]
fn oracle_the_stand_in_merges_alike_in_nix() {
    let oracle = Oracle::named();
    let place = oracle.share();
    testkit::copy(&place.outside().join("repository"));
    let fixtures = format!("{}/repository/fixtures", place.inside());
    let asked = Asked {
        command: Box::new(move || oracle.command("nix-instantiate")),
        library: format!("{fixtures}/{STAND_IN}"),
        modules: format!("{fixtures}/modules"),
    };
    let wrong = differences(&asked);
    assert!(wrong.is_empty(), "{wrong}");
}
