//! What depends on settings: lints, the home folder, features; and warnings.

use super::outcome;
use bumpalo::Bump;
use diag::Pos;
use syntax::{Lint, ParseOptions, Symbols};

/// The columns and messages of the warnings about a text.
fn warnings(text: &str, options: &ParseOptions<'_>) -> Vec<(u32, String)> {
    let mut symbols = Symbols::new();
    let arena = Bump::new();
    let parsed = syntax::parse(text.as_bytes(), Pos(1), &mut symbols, &arena, options);
    assert_eq!(parsed.errors, [], "{text}");
    parsed
        .warnings
        .iter()
        .map(|warning| (warning.pos().0, warning.message()))
        .collect()
}

#[test]
fn lints_warn_or_refuse() {
    let mut options = ParseOptions::new(b"/");
    options.home = Some(b"/home/user");
    let table = [
        (
            "http://a/b",
            "URL literals are discouraged. Consider using a string literal \"http://a/b\" instead (lint-url-literals)",
        ),
        (
            "/c",
            "absolute path literals are not portable. Consider replacing path literal '/c' by a string, relative path, \
             or parameter (lint-absolute-path-literals)",
        ),
        (
            "~/${a}",
            "home path literals are not portable. Consider replacing path literal '~/' by a string, relative path, or \
             parameter (lint-absolute-path-literals)",
        ),
        (
            "d/e",
            "relative path literal 'd/e' should be prefixed with '.' for clarity: './d/e' (lint-short-path-literals)",
        ),
    ];
    let all = |lint| {
        move |options: &mut ParseOptions<'_>| {
            options.url_literals = lint;
            options.absolute_paths = lint;
            options.short_paths = lint;
        }
    };
    for (text, message) in table {
        let text = format!(" {text}");
        all(Lint::Ignore)(&mut options);
        assert_eq!(warnings(&text, &options), []);
        all(Lint::Warn)(&mut options);
        assert_eq!(warnings(&text, &options), [(2, message.to_owned())]);
        all(Lint::Fatal)(&mut options);
        let fatal = message.replace("discouraged", "disallowed");
        assert_eq!(outcome(text.as_bytes(), &options), Err(format!("{fatal} at 1:2")));
    }
    for text in ["./a", "../a", ".a/b"] {
        assert!(outcome(text.as_bytes(), &options).is_ok(), "{text}");
    }
}

#[test]
fn home_paths_need_a_home_and_impurity() {
    let mut options = ParseOptions::new(b"/");
    let unknown = "cannot determine user's home directory at nowhere";
    assert_eq!(outcome(b"~/a", &options), Err(unknown.into()));
    options.home = Some(b"/home/user");
    assert_eq!(outcome(b"~/a/../b", &options).as_deref(), Ok("/home/user/a/../b"));
    options.pure = true;
    let pure = "the path '~/a' can not be resolved in pure mode at nowhere";
    assert_eq!(outcome(b"~/a", &options), Err(pure.into()));
}

#[test]
fn relative_paths_start_at_the_base() {
    let options = ParseOptions::new(b"/x/y");
    for (text, path) in [
        ("./a", "/x/y/a"),
        ("../a", "/x/a"),
        ("a/b", "/x/y/a/b"),
        ("/a", "/a"),
        ("./${a}", "(/x/y/ + a)"),
    ] {
        assert_eq!(outcome(text.as_bytes(), &options).as_deref(), Ok(path), "{text}");
    }
}

#[test]
fn pipes_are_a_feature() {
    let options = ParseOptions::new(b"/");
    let message = "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features \
                   pipe-operators' to enable it";
    assert_eq!(outcome(b"a |> b", &options), Err(format!("{message} at 1:3")));
    assert_eq!(outcome(b"a <| b", &options), Err(format!("{message} at 1:3")));
}

#[test]
fn or_as_a_name_is_warned_about() {
    let options = ParseOptions::new(b"/");
    let message = |text: &str| {
        format!(
            "This expression uses `or` as an identifier in a way that will change in a future Nix release.\n\
             Wrap this entire expression in parentheses to preserve its current meaning:\n    ({text})\n\
             Give feedback at https://github.com/NixOS/nix/pull/11121"
        )
    };
    assert_eq!(warnings("[ x or y ]", &options), [(3, message("x or"))]);
    assert_eq!(warnings("f x or", &options), [(3, message("x or"))]);
    assert_eq!(warnings("a.b or x or", &options), [(8, message("x or"))]);
    assert_eq!(warnings("[ x\r\n  or ]", &options), [(3, message("x\n  or"))]);
    for text in [
        "x or",
        "(x or)",
        "f (x or)",
        "[ (x or) ]",
        "x or y",
        "a.b or c",
        "{ or = 1; }.or",
    ] {
        assert_eq!(warnings(text, &options), [], "{text}");
    }
}

#[test]
fn all_duplicates_are_reported_and_the_first_is_first() {
    let mut symbols = Symbols::new();
    let arena = Bump::new();
    let text = b"{ a = 1; a = 2; b = { c, c }: c; a = 3; inherit b; }";
    let parsed = syntax::parse(text, Pos(1), &mut symbols, &arena, &ParseOptions::new(b"/"));
    let places: Vec<(u32, Option<u32>)> = parsed
        .errors
        .iter()
        .map(|error| (error.pos.0, error.previous.map(|pos| pos.0)))
        .collect();
    assert_eq!(places, [(10, Some(3)), (26, None), (34, Some(3)), (49, Some(17))]);
    let names: Vec<&[u8]> = parsed
        .errors
        .iter()
        .map(|error| &text[error.span.start.0 as usize - 1..error.span.end.0 as usize - 1])
        .collect();
    assert_eq!(names, [b"a", b"c", b"a", b"b"]);
}
