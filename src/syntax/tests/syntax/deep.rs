//! Texts made to exhaust the stack, the memory or the patience of a parser.

#![expect(
    clippy::disallowed_methods,
    reason = "that time is linear can only be seen on a clock"
)]

use super::outcome;
use std::time::{Duration, Instant};
use syntax::{MAX_NESTING, ParseOptions};

/// Runs on a thread with the stack that a main thread usually has.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(8 << 20)
        .spawn(test)
        .expect("a thread starts");
    thread.join().expect("the test passes");
}

fn repeated(before: &str, middle: &str, after: &str, count: usize) -> Vec<u8> {
    [before.repeat(count), middle.into(), after.repeat(count)]
        .concat()
        .into_bytes()
}

const NESTED: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("[", "", "]"),
    ("{ a = ", "1", "; }"),
    ("rec { a = ", "1", "; }"),
    ("let { body = ", "1", "; }"),
    ("-", "1", ""),
    ("!", "a", ""),
    ("- !", "a", ""),
    ("1 + !", "a", ""),
    ("x: ", "x", ""),
    ("{ }: ", "x", ""),
    ("a@{ b ? ", "x", "}: 1"),
    ("with ", "a", "; 1"),
    ("with a; ", "a", ""),
    ("assert a; ", "a", ""),
    ("if ", "a", " then a else a"),
    ("if a then a else ", "a", ""),
    ("let a = 1; in ", "a", ""),
    ("let a = ", "1", "; in a"),
    ("\"${", "a", "}\""),
    ("''${", "a", "}''"),
    ("./a/${", "a", "}"),
    ("a.b or ", "a", ""),
    ("a.${", "a", "}"),
    ("a ? ${", "a", "}"),
    ("{ ${", "a", "} = 1; }"),
    ("{ inherit (", "a", ") b; }"),
    ("f (", "a", ")"),
    ("(a ++ ", "a", ")"),
    ("(a <| ", "a", ")"),
    ("{ a = [ (x: \"${ f (1 + -", "a", ")}\") ]; }"),
];

#[test]
fn nesting_up_to_the_limit_fits_the_stack() {
    on_small_stack(|| {
        let mut options = ParseOptions::new(b"/");
        options.pipe_operators = true;
        for (before, middle, after) in NESTED {
            // A level of text is at most seven levels of nesting.
            let text = repeated(before, middle, after, MAX_NESTING as usize / 7 - 1);
            assert!(outcome(&text, &options).is_ok(), "{before}");
        }
    });
}

#[test]
fn nesting_beyond_the_limit_is_an_error() {
    on_small_stack(|| {
        let mut options = ParseOptions::new(b"/");
        options.pipe_operators = true;
        for (before, middle, after) in NESTED {
            for after in [*after, ""] {
                let text = repeated(before, middle, after, 100_000);
                let error = outcome(&text, &options).expect_err(before);
                assert!(error.starts_with("nesting too deep: more than"), "{before}: {error}");
            }
        }
    });
}

#[test]
fn chains_of_operators_may_be_long() {
    on_small_stack(|| {
        let mut options = ParseOptions::new(b"/");
        options.pipe_operators = true;
        for operator in [
            " + ", " ++ ", " // ", " - ", " && ", " || ", " -> ", " * ", " |> ", " <| ", " ", ".",
        ] {
            let text = repeated(&format!("a{operator}"), "a", "", 1_000_000);
            let start = Instant::now();
            let printed = outcome(&text, &options).expect(operator);
            assert!(printed.len() > 1_000_000);
            assert!(start.elapsed() < Duration::from_secs(120), "{operator}");
        }
    });
}

#[test]
fn a_long_attribute_path_in_a_binding_nests() {
    on_small_stack(|| {
        let options = ParseOptions::new(b"/");
        let short = format!("{{ {}a = 1; {}b = 2; }}", "a.".repeat(3_000), "a.".repeat(3_000));
        assert!(outcome(short.as_bytes(), &options).is_ok());
        let long = format!("{{ {}a = 1; }}", "a.".repeat(100_000));
        let error = outcome(long.as_bytes(), &options).expect_err("the path is too long");
        assert!(error.starts_with("nesting too deep"), "{error}");
    });
}

#[test]
fn time_is_linear_in_the_text() {
    on_small_stack(|| {
        let options = ParseOptions::new(b"/");
        for part in [
            "a.", "a/*", "/*", "/*/", "<a", "<a/", "a+", "a-", "1.", "a:", "'", "''", "$", "\"", "\\", "_.", "~/", "#",
            "/**",
        ] {
            let text = part.repeat(4_000_000 / part.len());
            let start = Instant::now();
            // What comes out does not matter here; that it comes out soon does.
            let kept = outcome(text.as_bytes(), &options).map_or_else(|e| e.len(), |t| t.len());
            assert!(
                kept > 0 && start.elapsed() < Duration::from_secs(120),
                "{part}: {:?}",
                start.elapsed()
            );
        }
    });
}

#[test]
fn merging_into_one_set_is_linear() {
    let options = ParseOptions::new(b"/");
    let mut text = String::from("{ ");
    for n in 0..50_000 {
        text.push_str(&format!("a.b.c{n} = {n}; a.d = {{ e{n} = 1; }}; "));
    }
    text.push('}');
    let start = Instant::now();
    assert!(outcome(text.as_bytes(), &options).is_ok());
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}
