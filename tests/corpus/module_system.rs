//! The module system of the stand-in nixpkgs beside that of the real one.
//!
//! The stand-in passes the real library's own tests; the real library gives the answers that
//! `tests/merge` has written down; and the options of the repository's fleet are the same with both.

use crate::answers::{Asked, STAND_IN, compare, expected, fixtures, golden, laws};
use crate::{named, nix_instantiate};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many checks `modules.sh` has, at least.
const CHECKS: usize = 400;

/// Returns the folder of the real library, if there is one.
pub fn real_library() -> Option<PathBuf> {
    named("CFGCHECK_CORPUS").map(|corpus| corpus.join("nixpkgs-2611/lib"))
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").args(["-RL", "--"]).args([from, to]).status();
    assert!(done.expect("cp runs").success(), "{} is copied", from.display());
}

/// Returns an answer as it is written down: what is known of an option in one line.
fn written(answer: &Value) -> String {
    /// Writes a value, with the members of sets and lists in lines of their own down to a depth.
    fn write(value: &Value, depth: usize, indent: &str) -> String {
        let inner = format!("{indent}  ");
        let members: Vec<String> = match value {
            Value::Object(map) if depth > 0 => map
                .iter()
                .map(|(key, value)| {
                    // The facts have the options one level deeper than all else.
                    let deeper = if key == "facts" { depth } else { depth - 1 };
                    format!("{}: {}", Value::from(key.as_str()), write(value, deeper, &inner))
                })
                .collect(),
            Value::Array(list) if depth > 0 => list.iter().map(|value| write(value, depth - 1, &inner)).collect(),
            _ => return value.to_string(),
        };
        let (open, close) = if value.is_object() { ("{", "}") } else { ("[", "]") };
        if members.is_empty() {
            return format!("{open}{close}");
        }
        format!(
            "{open}\n{inner}{}\n{indent}{close}",
            members.join(&format!(",\n{inner}"))
        )
    }
    write(answer, 2, "") + "\n"
}

/// The real library's tests, with a library in the place of their own: how many checks passed, how
/// many failed, and what was printed.
fn own_tests(library: &Path, tests: &Path) -> (usize, usize, String) {
    let place = tempfile::tempdir().expect("a folder can be made");
    let lib = place.path().join("lib");
    copy(library, &lib);
    if !lib.join("tests").exists() {
        copy(tests, &lib.join("tests"));
    }
    nix_instantiate(place.path());
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .arg(lib.join("tests/modules.sh"))
        .env("PATH", format!("{}:{path}", place.path().display()))
        .env_remove("NIX_PATH")
        .output()
        .expect("bash runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let count = |word: &str| {
        let found = told
            .lines()
            .find_map(|line| line.strip_suffix(word)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("no count of{word}: {told}"))
    };
    (count(" Pass"), count(" Fail"), told)
}

/// All checks pass, without exception. The real library runs beside it, so that a change of the
/// tests or of the evaluator is not taken for one of the stand-in.
#[test]
fn corpus_own_tests_of_the_module_system() {
    let Some(real) = real_library() else { return };
    let tests = real.join("tests");
    let (passed, failed, told) = own_tests(&real, &tests);
    assert!(passed >= CHECKS && failed == 0, "the real library: {told}");
    let (ours, failed, told) = own_tests(&fixtures().join(STAND_IN), &tests);
    assert_eq!((ours, failed), (passed, 0), "the stand-in: {told}");
}

/// The answers that are written down are the real library's own.
#[test]
fn corpus_merging() {
    let Some(real) = real_library() else { return };
    let links = tempfile::tempdir().expect("a folder can be made");
    let program = nix_instantiate(links.path());
    let asked = Asked {
        command: Box::new(move || Command::new(&program)),
        library: real.display().to_string(),
        modules: fixtures().join("modules").display().to_string(),
    };
    let mut wrong = Vec::new();
    for law in laws() {
        let answer = asked.answer(&law);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(golden(&law), written(&answer)).expect("an answer can be written");
        } else {
            compare(&law, &expected(&law), &answer, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
