//! The answers of a real Nix, which the variable `CFGCHECK_ORACLE` names as a command in front of
//! which nothing stands and behind which `nix-instantiate` and its arguments are put, for instance
//! `chroot DIR`. It has to see the folder `files` as `/lang`; `tests/oracle.sh` makes such a one.

use crate::table::{self, line};
use crate::{TABLES, differences};

/// How the tables are evaluated: nothing is written to a store.
const ARGUMENTS: [&str; 9] = [
    "nix-instantiate",
    "--eval",
    "--strict",
    "--read-write-mode",
    "--show-trace",
    "--store",
    "dummy://?read-only=false",
    "--option",
    "eval-system",
];

/// Asks for one expression.
#[expect(clippy::disallowed_types, reason = "the oracle is a program, and only tests ask it")]
fn ask(oracle: &str, expression: &str) -> String {
    let mut words = oracle.split_whitespace().chain(ARGUMENTS);
    let output = std::process::Command::new(words.next().expect("there are arguments"))
        .args(words)
        .args(["x86_64-linux", "-E", expression])
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NIX_PATH")
        .output()
        .expect("the oracle runs");
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let value = String::from_utf8_lossy(&output.stdout);
        return messages(&told) + &line("=>", value.trim_end_matches('\n'));
    }
    let (before, error) = last_error(&told);
    messages(before) + &error
}

/// Returns the lines of what was told before a value or an error.
fn messages(told: &str) -> String {
    let starts = ["trace: ", "warning: ", "evaluation warning: "];
    let lines = told.lines().filter(|l| starts.iter().any(|start| l.starts_with(start)));
    lines.map(|l| line("~>", l)).collect()
}

/// Returns what stands before the error, and the error's own message and place: the last block of it.
fn last_error(told: &str) -> (&str, String) {
    let lines: Vec<&str> = told.lines().collect();
    let start = lines.iter().rposition(|l| l.trim_start().starts_with("error: "));
    let start = start.unwrap_or_else(|| panic!("the oracle failed without an error: {told}"));
    // With a trace in front or without, a message's further lines are indented as wide as its first.
    let margin = "error: ".len();
    let first = lines[start].trim_start().trim_start_matches("error: ").to_owned();
    let mut message = vec![first];
    let mut place = None;
    for l in &lines[start + 1..] {
        let inner = l.get(margin..).unwrap_or_default();
        if let Some(at) = inner.strip_prefix("at ").and_then(|at| at.strip_suffix(':')) {
            place = Some(at.trim_start_matches("«string»:").to_owned());
            break;
        }
        if inner.starts_with("Did you mean") || l.starts_with("Try '") {
            break;
        }
        message.push(inner.to_owned());
    }
    let before = told.find("error:").map_or("", |end| &told[..end]);
    let message = line("!>", message.join("\n").trim_end());
    (before, place.map_or(message.clone(), |at| message + &line("@>", &at)))
}

/// Returns the command, or nothing if none is named and the tests with an oracle were not asked for.
///
/// # Panics
///
/// If they were asked for, by nextest's profile.
#[expect(
    clippy::disallowed_methods,
    reason = "the oracle is named by a variable, and only tests ask it"
)]
fn command() -> Option<String> {
    let oracle = std::env::var("CFGCHECK_ORACLE").ok();
    let wanted = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "oracle");
    assert!(
        oracle.is_some() || !wanted,
        "CFGCHECK_ORACLE names no command; see tests/oracle.sh"
    );
    oracle
}

#[test]
fn oracle_tables() {
    let Some(oracle) = command() else { return };
    let ask = |expression: &str| ask(&oracle, expression);
    let mut wrong = String::new();
    for (name, text) in TABLES {
        let mut cases = table::read(text);
        if update() {
            for case in &mut cases {
                case.expected = ask(&case.expression);
            }
            store(name, &table::write(&cases));
        } else {
            wrong.push_str(&differences(name, &cases, ask));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[expect(clippy::disallowed_methods, reason = "golden files are written on request")]
fn update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

#[expect(clippy::disallowed_methods, reason = "golden files are written on request")]
fn store(name: &str, text: &str) {
    let path = format!("{}/tests/lang/tables/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(path, text).expect("the table can be written");
}

#[test]
fn an_error_is_found_behind_its_trace() {
    let told = "trace: a\nerror:\n       … while calling\n         at «string»:1:2:\n            1| x\n\n       error: no\n       way\n       at /lang/x.nix:1:7:\n";
    let (before, error) = last_error(told);
    assert_eq!(messages(before), "~> trace: a\n");
    assert_eq!(error, "!> no\\nway\n@> /lang/x.nix:1:7\n");
}

#[test]
fn an_error_without_a_trace_is_found() {
    let told = "error: undefined variable 'x'\n       at «string»:1:1:\n            1| x\n             | ^\n";
    assert_eq!(last_error(told).1, "!> undefined variable 'x'\n@> 1:1\n");
}
