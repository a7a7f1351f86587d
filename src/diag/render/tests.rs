//! What diagnostics look like, and that no input breaks or escapes the drawing.

use super::*;
use crate::source::{Origin, Pos};
use proptest::prelude::*;

fn file(map: &mut SourceMap, path: &str, text: &[u8]) -> Pos {
    map.add(Origin::File(path.as_bytes().into()), text.into()).1
}

/// Returns the span of the `nth` occurrence of `part` in `text`.
fn find(base: Pos, text: &str, part: &str, nth: usize) -> Span {
    let (at, _) = text.match_indices(part).nth(nth).expect("the part is in the text");
    Span::new(base.offset(at as u32), base.offset((at + part.len()) as u32))
}

fn check(diagnostic: &Diagnostic, map: &SourceMap, expected: &str) {
    let text = render(diagnostic, map, b"/f", Style::default());
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(text.trim_end(), expected.trim_matches('\n'), "drawn:\n{text}");
}

#[test]
fn one_span_with_help_and_note() {
    let mut map = SourceMap::new();
    let text = "{ config, ... }:\n{\n\tservices.openssh.enable = ture;\n}\n";
    let base = file(&mut map, "/f/hosts/web.nix", text.as_bytes());
    let diagnostic = Diagnostic::error("undefined variable 'ture'")
        .rule("eval")
        .at(find(base, text, "ture", 0), "not defined here")
        .hint("did you mean `true`?")
        .note("names come from the file or its arguments");
    check(
        &diagnostic,
        &map,
        "
error[eval]: undefined variable 'ture'
 --> hosts/web.nix:3:28
  |
3 |     services.openssh.enable = ture;
  |                               ^^^^ not defined here
  |
  = note: names come from the file or its arguments
  = help: did you mean `true`?
",
    );
}

#[test]
fn spans_in_two_files_and_over_several_lines() {
    let mut map = SourceMap::new();
    let one = "{\n  a = [\n    1\n  ];\n}\n";
    let two = "{ a = { }; }\r\n";
    let one_base = file(&mut map, "/f/one.nix", one.as_bytes());
    let two_base = file(&mut map, "/nix/store/x/two.nix", two.as_bytes());
    let diagnostic = Diagnostic::warning("the option `a` is defined twice")
        .also(find(two_base, two, "{ }", 0), "the other")
        .at(find(one_base, one, "[\n    1\n  ]", 0), "one");
    check(
        &diagnostic,
        &map,
        "
warning: the option `a` is defined twice
 --> one.nix:2:7
  |
2 |     a = [
  |  _______^
3 | |     1
4 | |   ];
  | |___^ one
  |
 ::: /nix/store/x/two.nix:1:7
  |
1 |   { a = { }; }
  |         --- the other
",
    );
}

#[test]
fn frames_of_own_files_come_first() {
    let mut map = SourceMap::new();
    let own = "{ a = 1; b = 2; }";
    let base = file(&mut map, "/f/own.nix", own.as_bytes());
    let lib = file(&mut map, "/nix/store/lib/modules.nix", b"xxxxxxxxxxxx");
    let in_lib = |n: u32| Span::new(lib.offset(n), lib.offset(n));
    let mut diagnostic = Diagnostic::error("infinite recursion encountered").at(find(base, own, "1", 0), "");
    diagnostic = diagnostic.frame("while evaluating the option `b`", find(base, own, "b", 0));
    for n in 0..8 {
        diagnostic = diagnostic.frame(format!("while calling step {n}"), in_lib(n));
    }
    diagnostic = diagnostic
        .frame("while calling step 7", in_lib(7))
        .frame("in \u{1b}[1mnothing", Span::default());
    check(
        &diagnostic,
        &map,
        "
error: infinite recursion encountered
 --> own.nix:1:7
  |
1 | { a = 1; b = 2; }
  |       ^
  |
  = trace: while evaluating the option `b` (own.nix:1:10)
           in ␛[1mnothing
           while calling step 7 (/nix/store/lib/modules.nix:1:8)
           while calling step 6 (/nix/store/lib/modules.nix:1:7)
           while calling step 5 (/nix/store/lib/modules.nix:1:6)
           while calling step 4 (/nix/store/lib/modules.nix:1:5)
           … and 4 more steps
",
    );
}

#[test]
fn hostile_bytes_are_shown_and_not_obeyed() {
    let mut map = SourceMap::new();
    let text = b"x = \x1b[31m\xff\xc2\x9b\xe2\x80\xae bad;";
    let base = file(&mut map, "/f/\u{1b}.nix", text);
    let diagnostic = Diagnostic::error("title \u{1b}[2J\u{9b}")
        .at(Span::new(base.offset(16), base.offset(19)), "label \u{1b}\rx")
        .hint("h\u{8}elp");
    check(
        &diagnostic,
        &map,
        "
error: title ␛[2J\\u{9b}
 --> ␛.nix:1:14
  |
1 | x = ␛[31m��� bad;
  |              ^^^ label ␛␍x
  |
  = help: h␈elp
",
    );
}

#[test]
fn wide_characters_and_other_line_ends_keep_marks_in_place() {
    let mut map = SourceMap::new();
    let text = "a\r漢字 = ture;\r\nb";
    let base = file(&mut map, "/f/w.nix", text.as_bytes());
    check(
        &Diagnostic::error("e")
            .at(find(base, text, "ture", 0), "")
            .also(find(base, text, "b", 0), "here"),
        &map,
        "
error: e
 --> w.nix:2:6
  |
2 | 漢字 = ture;
  |        ^^^^
3 | b
  | - here
",
    );
}

#[test]
fn a_long_line_is_cut_around_the_span() {
    let mut map = SourceMap::new();
    let text = format!("{} bad {}", "x".repeat(20_000), "y".repeat(20_000));
    let base = file(&mut map, "/f/long.nix", text.as_bytes());
    let drawn = render(
        &Diagnostic::error("e").at(find(base, &text, "bad", 0), ""),
        &map,
        b"/f",
        Style::default(),
    );
    assert!(
        drawn.contains(" bad ") && drawn.lines().all(|line| line.chars().count() <= 100),
        "{drawn}"
    );
}

#[test]
fn of_an_endless_line_only_the_place_is_told() {
    let mut map = SourceMap::new();
    let text = "x".repeat(MOST_SOURCE + 1);
    let base = file(&mut map, "/f/endless.nix", text.as_bytes());
    check(
        &Diagnostic::error("e").at(Span::new(base.offset(7), base.offset(9)), ""),
        &map,
        "
error: e
--> endless.nix:1:8
 = note: the source is too long to show
",
    );
}

#[test]
fn without_a_place_the_message_stands_alone() {
    check(
        &Diagnostic::error("e").at(Span::default(), "said anyway"),
        &SourceMap::new(),
        "error: e\n |\n = note: said anyway",
    );
    check(&Diagnostic::error("e"), &SourceMap::new(), "error: e");
}

#[test]
fn colours_are_used_only_on_request() {
    let diagnostic = Diagnostic::error("e");
    let colored = render(
        &diagnostic,
        &SourceMap::new(),
        b"",
        Style {
            color: true,
            ..Style::default()
        },
    );
    assert!(colored.contains("\u{1b}["), "{colored:?}");
    assert!(!render(&diagnostic, &SourceMap::new(), b"", Style::default()).contains('\u{1b}'));
}

proptest! {
    #[test]
    fn drawing_never_panics_and_nothing_steers(
        texts in proptest::collection::vec(proptest::collection::vec(
            prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b'\t'), Just(b' '), Just(0xe6)], 0..60), 1..3),
        spans in proptest::collection::vec((0u32..140, 0u32..140, any::<bool>(), ".{0,6}"), 0..5),
        message in ".{0,20}",
        width in 0usize..120,
    ) {
        let mut map = SourceMap::new();
        for text in &texts {
            file(&mut map, "/f/x.nix", text);
        }
        let mut diagnostic = Diagnostic::warning(message.clone()).note(message.clone()).hint(message.clone());
        for (start, end, primary, text) in spans {
            let span = Span::new(Pos(start), Pos(end));
            diagnostic.labels.push(Label { span, text: text.clone(), primary });
            diagnostic = diagnostic.frame(text, span);
        }
        let drawn = render(&diagnostic, &map, b"/f", Style { color: false, width, frames: 3 });
        prop_assert!(!drawn.chars().any(|c| steers(c) && c != '\n'), "{:?}", drawn);
    }
}
