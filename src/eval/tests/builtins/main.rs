//! Golden answers of the builtins that need no files: each table in this folder has expressions, and
//! below each what Nix 2.34.8 says to it, as the oracle said it.
//!
//! ```text
//! EXPRESSION
//!   = VALUE            as `nix-instantiate --eval --strict` prints it
//! EXPRESSION
//!   . FRAME            of the trace, outermost first
//!   ! MESSAGE
//!   ? SUGGESTION
//! ```

mod world;

use diag::Origin;
use eval::suggest::did_you_mean;
use eval::{Evaluator, Settings};
use std::fmt::Write;
use world::NoWorld;

/// Stack for one table.
const STACK: usize = 64 << 20;

/// Returns what the evaluator says to an expression, in the tables' form.
fn answer(ev: &mut Evaluator, expression: &str) -> String {
    let shown = ev
        .eval_text(Origin::String, expression.as_bytes(), b"/")
        .and_then(|value| {
            let cell = ev.cell(value);
            ev.force_deep(cell)?;
            ev.show_plain(value)
        });
    let mut out = String::new();
    match shown {
        Ok(shown) => _ = writeln!(out, "  = {}", String::from_utf8_lossy(&shown)),
        Err(_) => {
            let error = ev.take_error();
            for trace in error.traces.iter().rev().filter(|t| !t.text.is_empty()) {
                _ = writeln!(out, "  . {}", trace.text.replace('\n', "\\n"));
            }
            _ = writeln!(out, "  ! {}", error.message.replace('\n', "\\n"));
            if !error.suggestions.is_empty() {
                _ = writeln!(out, "  ? {}", did_you_mean(&error.suggestions));
            }
        }
    }
    out
}

/// Returns what the evaluator says, and what it says in a trial if that is something else.
fn answer_in_trials_too(ev: &mut Evaluator, expression: &str) -> String {
    let tried = [(); 2].map(|()| ev.trial(|ev| Ok(answer(ev, expression))).expect("it is a text"));
    let mut found = answer(ev, expression);
    if let Some(other) = tried.into_iter().find(|tried| *tried != found) {
        _ = write!(found, "in a trial\n{other}");
    }
    found
}

/// Compares a table with what the evaluator says now.
fn check(table: &'static str) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let mut wrong = String::new();
        let mut lines = table.lines().peekable();
        let mut count = 0;
        let mut ev = Evaluator::new(Settings::default(), Box::new(NoWorld), STACK / 2);
        while let Some(expression) = lines.next() {
            let mut expected = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
                _ = writeln!(expected, "{line}");
            }
            assert!(!expected.is_empty(), "nothing is expected of {expression}");
            let found = answer_in_trials_too(&mut ev, expression);
            count += 1;
            if found != expected {
                _ = writeln!(wrong, "{expression}\nexpected\n{expected}found\n{found}");
            }
        }
        (count, wrong)
    });
    let (count, wrong) = thread
        .expect("a thread can be made")
        .join()
        .expect("the evaluator does not panic");
    assert!(count > 0);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn lists() {
    check(include_str!("lists.txt"));
}

#[test]
fn sets() {
    check(include_str!("sets.txt"));
}

#[test]
fn strings() {
    check(include_str!("strings.txt"));
}

#[test]
fn string_contexts() {
    check(include_str!("contexts.txt"));
}

/// Every builtin with every kind of value in the place of each argument.
#[test]
fn wrong_types() {
    check(include_str!("types.txt"));
}
