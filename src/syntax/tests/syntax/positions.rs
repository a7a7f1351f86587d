//! Where each expression stands and where Nix points when something is wrong with it.

use bumpalo::Bump;
use diag::{Origin, Pos, SourceMap, Span};
use syntax::ast::{AttrName, BindingValue, Bindings, ExprKind, ExprRef};
use syntax::{ParseOptions, Symbols};

/// Lists the expressions of a tree, outer ones first: a word for its kind, the column that Nix names,
/// and the text it stands in. `-` is no position; no text is an expression that a rewriting made.
fn listed(text: &str) -> Vec<String> {
    let mut map = SourceMap::new();
    let (_, base) = map.add(Origin::Stdin, text.as_bytes().into());
    let mut symbols = Symbols::new();
    let arena = Bump::new();
    let mut options = ParseOptions::new(b"/");
    options.pipe_operators = true;
    let parsed = syntax::parse(text.as_bytes(), base, &mut symbols, &arena, &options);
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    let mut list = Listing {
        text,
        base,
        symbols: &symbols,
        lines: Vec::new(),
    };
    list.expr(parsed.root);
    list.lines
}

struct Listing<'t> {
    text: &'t str,
    base: Pos,
    symbols: &'t Symbols,
    lines: Vec<String>,
}

impl Listing<'_> {
    fn column(&self, pos: Pos) -> String {
        if pos.is_some() {
            (pos.0 - self.base.0 + 1).to_string()
        } else {
            "-".into()
        }
    }

    fn note(&mut self, word: &str, pos: Pos, span: Span) {
        let text = match span == Span::default() {
            true => "",
            false => &self.text[(span.start.0 - self.base.0) as usize..(span.end.0 - self.base.0) as usize],
        };
        self.lines
            .push(format!("{word} {} {text}", self.column(pos)).trim_end().to_owned());
    }

    fn expr(&mut self, expr: ExprRef<'_>) {
        let word = match &expr.kind {
            ExprKind::Int(_) => "int",
            ExprKind::Float(_) => "float",
            ExprKind::Str(_) => "str",
            ExprKind::Path(_) => "path",
            ExprKind::Var(_) => "var",
            ExprKind::CurPos => "here",
            ExprKind::Select { .. } => "select",
            ExprKind::HasAttr { .. } => "has",
            ExprKind::Attrs(_) => "set",
            ExprKind::List(_) => "list",
            ExprKind::Lambda(_) => "lambda",
            ExprKind::Call { .. } => "call",
            ExprKind::Let { .. } => "let",
            ExprKind::With { .. } => "with",
            ExprKind::If { .. } => "if",
            ExprKind::Assert { .. } => "assert",
            ExprKind::Not(_) => "not",
            ExprKind::Binary { .. } => "binary",
            ExprKind::Concat { .. } => "concat",
            ExprKind::Error => "error",
        };
        self.note(word, expr.pos, expr.span);
        match &expr.kind {
            ExprKind::Select { subject, path, default } => {
                self.expr(subject);
                self.path(path);
                if let Some(default) = default {
                    self.expr(default);
                }
            }
            ExprKind::HasAttr { subject, path } => {
                self.expr(subject);
                self.path(path);
            }
            ExprKind::Attrs(bindings) => self.bindings(bindings),
            ExprKind::List(elements) => elements.iter().for_each(|element| self.expr(element)),
            ExprKind::Lambda(lambda) => {
                for formal in lambda.formals.iter().flat_map(|formals| formals.formals) {
                    self.note(
                        &format!("formal {}", self.symbols.text(formal.name)),
                        formal.pos,
                        Span::default(),
                    );
                    formal.default.iter().for_each(|default| self.expr(default));
                }
                self.expr(lambda.body);
            }
            ExprKind::Call { function, args } => {
                self.expr(function);
                args.iter().for_each(|arg| self.expr(arg));
            }
            ExprKind::Let { bindings, body } => {
                self.bindings(bindings);
                self.expr(body);
            }
            ExprKind::With {
                scope: first,
                body: second,
            }
            | ExprKind::Assert {
                condition: first,
                body: second,
            }
            | ExprKind::Binary {
                left: first,
                right: second,
                ..
            } => {
                self.expr(first);
                self.expr(second);
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                [condition, then, otherwise]
                    .into_iter()
                    .for_each(|part| self.expr(part));
            }
            ExprKind::Not(inner) => self.expr(inner),
            ExprKind::Concat { parts, .. } => {
                for (pos, part) in *parts {
                    self.note("part", *pos, Span::default());
                    self.expr(part);
                }
            }
            _ => {}
        }
    }

    fn path(&mut self, path: &[AttrName<'_>]) {
        for name in path {
            if let AttrName::Dynamic(expr) = name {
                self.expr(expr);
            }
        }
    }

    fn bindings(&mut self, bindings: &Bindings<'_>) {
        for (pos, source) in bindings.inherit_from {
            self.note("from", *pos, Span::default());
            self.expr(source);
        }
        for binding in bindings.attrs {
            self.note(
                &format!("name {}", self.symbols.text(binding.name)),
                binding.pos,
                Span::default(),
            );
            if let BindingValue::Plain(expr) = binding.value {
                self.expr(expr);
            }
        }
        for binding in bindings.dynamic {
            self.note("dynamic", binding.pos, Span::default());
            self.expr(binding.name);
            self.expr(binding.value);
        }
    }
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(listed(text), expected, "{text}");
}

#[test]
fn literals_and_names() {
    check(" 1", &["int - 1"]);
    check(" 1.5", &["float - 1.5"]);
    check(" \"a\"", &["str - \"a\""]);
    check(" ./a", &["path - ./a"]);
    check(" a:b", &["str - a:b"]);
    check(" a", &["var 2 a"]);
    check(" (a)", &["var 3 a"]);
    check(" __curPos", &["here 2 __curPos"]);
    check(" <a>", &["call 2 <a>", "var -", "var -", "str -"]);
}

#[test]
fn interpolation() {
    // A string points behind its quote, an indented string and a path at their start.
    check(
        " \"a${b}\"",
        &["concat 3 \"a${b}\"", "part 3", "str - a", "part 4", "var 6 b"],
    );
    check(
        " ''a${b}''",
        &["concat 2 ''a${b}''", "part 4", "str - a", "part 5", "var 7 b"],
    );
    check(
        " ./a${b}c",
        &[
            "concat 2 ./a${b}c",
            "part 2",
            "path - ./a",
            "part 5",
            "var 7 b",
            "part 9",
            "str - c",
        ],
    );
}

#[test]
fn operators_point_at_themselves_or_nowhere() {
    check(
        "(a) + (b)",
        &["concat 5 (a) + (b)", "part 1", "var 2 a", "part 7", "var 8 b"],
    );
    check("a - b", &["call 3 a - b", "var -", "var 1 a", "var 5 b"]);
    check("a * b", &["call 3 a * b", "var -", "var 1 a", "var 5 b"]);
    check("a / b", &["call 3 a / b", "var -", "var 1 a", "var 5 b"]);
    check("a < b", &["call 3 a < b", "var -", "var 1 a", "var 5 b"]);
    check("a > b", &["call 3 a > b", "var -", "var 5 b", "var 1 a"]);
    check(
        "a <= b",
        &["not 3 a <= b", "call 3 a <= b", "var -", "var 6 b", "var 1 a"],
    );
    check(
        "a >= b",
        &["not 3 a >= b", "call 3 a >= b", "var -", "var 1 a", "var 6 b"],
    );
    check("a == b", &["binary - a == b", "var 1 a", "var 6 b"]);
    check("a != b", &["binary - a != b", "var 1 a", "var 6 b"]);
    check("a && b", &["binary 3 a && b", "var 1 a", "var 6 b"]);
    check("a || b", &["binary 3 a || b", "var 1 a", "var 6 b"]);
    check("a -> b", &["binary 3 a -> b", "var 1 a", "var 6 b"]);
    check("a // b", &["binary 3 a // b", "var 1 a", "var 6 b"]);
    check("a ++ b", &["binary 3 a ++ b", "var 1 a", "var 6 b"]);
    check(
        "a ++ b ++ c",
        &[
            "binary 3 a ++ b ++ c",
            "var 1 a",
            "binary 8 b ++ c",
            "var 6 b",
            "var 11 c",
        ],
    );
    check(" -a", &["call 2 -a", "var -", "int -", "var 3 a"]);
    check(" !a", &["not 3 !a", "var 3 a"]);
    check(" (a) ? b", &["has 3 (a) ? b", "var 3 a"]);
    check("1 ? b", &["has - 1 ? b", "int - 1"]);
    check("a |> f", &["call 3 a |> f", "var 6 f", "var 1 a"]);
    check("a |> f b", &["call 6 a |> f b", "var 6 f", "var 8 b", "var 1 a"]);
    check("f <| a", &["call 3 f <| a", "var 1 f", "var 6 a"]);
}

#[test]
fn calls_and_selections() {
    check(" f a b", &["call 2 f a b", "var 2 f", "var 4 a", "var 6 b"]);
    check(" (f a) b", &["call 3 (f a) b", "var 3 f", "var 5 a", "var 8 b"]);
    check(" (f) a", &["call 2 (f) a", "var 3 f", "var 6 a"]);
    check(" a.b", &["select 2 a.b", "var 2 a"]);
    check(" (a).b or c", &["select 2 (a).b or c", "var 3 a", "var 11 c"]);
    check(" a.${b}", &["select 2 a.${b}", "var 2 a", "var 6 b"]);
    check(" a or", &["call 2 a or", "var 2 a", "var 2 a or"]);
    check(" [ 1 a ]", &["list - [ 1 a ]", "int - 1", "var 6 a"]);
    check(" [ a 1 ]", &["list 4 [ a 1 ]", "var 4 a", "int - 1"]);
    check(" [ ]", &["list - [ ]"]);
}

#[test]
fn what_starts_with_a_word() {
    check(" a: b", &["lambda 2 a: b", "var 5 b"]);
    check(
        " { a ? b }: c",
        &["lambda 2 { a ? b }: c", "formal a 4", "var 8 b", "var 13 c"],
    );
    check(" a@{ b }: c", &["lambda 2 a@{ b }: c", "formal b 6", "var 11 c"]);
    check(" with a; b", &["with 2 with a; b", "var 7 a", "var 10 b"]);
    check(" assert a; b", &["assert 2 assert a; b", "var 9 a", "var 12 b"]);
    check(
        " if a then b else c",
        &["if 2 if a then b else c", "var 5 a", "var 12 b", "var 19 c"],
    );
    check(
        " let a = b; in c",
        &["let - let a = b; in c", "name a 6", "var 10 b", "var 16 c"],
    );
}

#[test]
fn sets() {
    check(" { a = b; }", &["set 2 { a = b; }", "name a 4", "var 8 b"]);
    check(" rec { }", &["set 2 rec { }"]);
    check(
        " let { body = a; }",
        &[
            "select - let { body = a; }",
            "set 2 let { body = a; }",
            "name body 8",
            "var 15 a",
        ],
    );
    check(
        " { a.b = c; }",
        &["set 2 { a.b = c; }", "name a 4", "set -", "name b 4", "var 10 c"],
    );
    check(
        "{ a = { b = 1; }; a.c = 2; }",
        &[
            "set 1 { a = { b = 1; }; a.c = 2; }",
            "name a 3",
            "set 7 { b = 1; }",
            "name b 9",
            "int - 1",
            "name c 19",
            "int - 2",
        ],
    );
    check(
        "{ ${a} = b; }",
        &["set 1 { ${a} = b; }", "dynamic 3", "var 5 a", "var 10 b"],
    );
    check(
        "{ a.${b} = c; }",
        &[
            "set 1 { a.${b} = c; }",
            "name a 3",
            "set -",
            "dynamic 3",
            "var 7 b",
            "var 12 c",
        ],
    );
    check(
        "{ inherit a b; }",
        &["set 1 { inherit a b; }", "name a 11", "name b 13"],
    );
    check(
        "{ inherit (a) b; }",
        &["set 1 { inherit (a) b; }", "from 12", "var 12 a", "name b 15"],
    );
    check(
        "{ inherit ((a)) b; }",
        &["set 1 { inherit ((a)) b; }", "from 12", "var 13 a", "name b 17"],
    );
}
