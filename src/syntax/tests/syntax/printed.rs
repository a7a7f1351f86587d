//! Texts and the trees that Nix makes of them, as it prints them.

use super::outcome;
use syntax::ParseOptions;

fn check(table: &[(&[u8], &str)]) {
    let mut options = ParseOptions::new(b"/");
    options.home = Some(b"/home/user");
    options.pipe_operators = true;
    for (text, expected) in table {
        assert_eq!(
            outcome(text, &options).as_deref(),
            Ok(*expected),
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn literals() {
    check(&[
        (b"1", "1"),
        (b"007", "7"),
        (b"9223372036854775807", "9223372036854775807"),
        (b"1.5", "1.5"),
        (b"1.", "1"),
        (b".5", "0.5"),
        (b"0.5", "0.5"),
        (b"1.5e3", "1500"),
        (b"1.5E-3", "0.0015"),
        (b"100000.0", "100000"),
        (b"1000000.0", "1e+06"),
        (b"0.00001", "1e-05"),
        (b"1.0e300", "1e+300"),
        (b"123456789.5", "1.23457e+08"),
        (b"00.5", "(0 0.5)"),
        (b"1.5e", "(1.5 e)"),
        (b"1e5", "(1 e5)"),
        (b"x", "x"),
        (b"x'y-z_0", "x'y-z_0"),
        (b"_", "_"),
        (b"\"s\"", "\"s\""),
        (b"\"\"", "\"\""),
        (b"http://a.b/c?d=e", "\"http://a.b/c?d=e\""),
        (b"x:y", "\"x:y\""),
        (b"__curPos", "__curPos"),
        (b"true", "true"),
        (b"null", "null"),
        (b"<nixpkgs>", "(__findFile __nixPath \"nixpkgs\")"),
        (b"<a/b.c+d>", "(__findFile __nixPath \"a/b.c+d\")"),
        (b"or_", "or_"),
        (b"if-x", "if-x"),
    ]);
}

#[test]
fn numbers_and_names_touch() {
    check(&[
        (b"1.2.3", "(1.2 0.3)"),
        (b"a.5", "(a 0.5)"),
        (b"1a", "(1 a)"),
        (b"1..2", "(1 0.2)"),
        (b"x-1", "x-1"),
        (b"x- 1", "(x- 1)"),
        (b"x -1", "(__sub x 1)"),
        (b"-1", "(__sub 0 1)"),
        (b"- 1", "(__sub 0 1)"),
        (b"--1", "(__sub 0 (__sub 0 1))"),
        (b"1-1", "(__sub 1 1)"),
        (b"1 -1", "(__sub 1 1)"),
        (b"f-g h", "(f-g h)"),
        (b"2/1", "/2/1"),
        (b"2 / 1", "(__div 2 1)"),
        (b"2/ 1", "(__div 2 1)"),
        (b"2 /1", "(2 /1)"),
        (b"a/b", "/a/b"),
        (b"a//b", "(a // b)"),
        (b"a+b/c", "/a+b/c"),
        (b"a.b/c", "/a.b/c"),
    ]);
}

#[test]
fn strings() {
    check(&[
        (b"\"a\\nb\\rc\\td\"", "\"a\\nb\\rc\\td\""),
        (b"\"\\a\\\"\\\\\"", "\"a\\\"\\\\\""),
        (b"\"\\${a}\"", "\"\\${a}\""),
        (b"\"$${a}\"", "\"$\\${a}\""),
        (b"\"$$${a}\"", "(\"$$\" + a)"),
        (b"\"$\"", "\"$\""),
        (b"\"a$\"", "\"a$\""),
        (b"\"$\\${a}\"", "\"$\\${a}\""),
        (b"\"${a}\"", "(a)"),
        (b"\"a${b}c\"", "(\"a\" + b + \"c\")"),
        (b"\"${\"a\"}\"", "(\"a\")"),
        (b"\"a\r\nb\rc\"", "\"a\\nb\\nc\""),
        (b"\"\\\r\n\"", "\"\\r\\n\""),
        (b"\"''\"", "\"''\""),
        (b"\"${a}${b}\"", "(a + b)"),
        (b"\"a${\"b${c}d\"}e\"", "(\"a\" + (\"b\" + c + \"d\") + \"e\")"),
        (b"\"\t\"", "\"\\t\""),
        (b"\"{}\"", "\"{}\""),
        (b"\"$a$b\"", "\"$a$b\""),
    ]);
}

#[test]
fn indented_strings() {
    check(&[
        (b"''''", "\"\""),
        (b"'' ''", "\"\""),
        (b"''\n''", "\"\""),
        (b"''\n  a\n''", "\"a\\n\""),
        (b"''\n  a\n    b\n  c\n''", "\"a\\n  b\\nc\\n\""),
        (b"''  a\n  b''", "\"a\\nb\""),
        (b"''\n\n  a\n\n  b\n  ''", "\"\\na\\n\\nb\\n\""),
        (b"''a''", "\"a\""),
        (b"''\n\ta\n''", "\"\\ta\\n\""),
        (b"''\n  ${a}\n  b''", "(a + \"\\nb\")"),
        (b"''\n    a${b}\n  ${c}''", "(\"  a\" + b + \"\\n\" + c)"),
        (b"''$''$a''", "(\"$\" + \"$\" + \"a\")"),
        (b"''''${a}''", "(\"$\" + \"{a}\")"),
        (b"'''''''", "\"''\""),
        (b"''a'''b''", "(\"a\" + \"''\" + \"b\")"),
        (b"''\n  ''\\n  a''", "(\"\\n\" + \"a\")"),
        (b"''\\t''\\x''\\${a}''", "(\"\\\\t\" + \"x\" + \"$\" + \"{a}\")"),
        (b"''$${a}''", "\"$\\${a}\""),
        (b"''$$${a}''", "(\"$$\" + a)"),
        (b"''$''", "\"$\""),
        (b"''$a''", "\"$a\""),
        (b"''a'b''", "\"a'b\""),
        (b"''\r\n  a\r\n''", "\"\\r\\n  a\\r\\n\""),
        (b"''   \n  a''", "\"a\""),
        (b"''\n  a\n b\n   ''", "\" a\\nb\\n\""),
        (b"''${a}''", "(a)"),
        (b"''${\"a\"}''", "\"a\""),
        (b"''\n  a ${b} c\n  ''", "(\"a \" + b + \" c\\n\")"),
        (b"'' ${a}''", "(a)"),
        (b"''\n      \n  a''", "\"    \\na\""),
        (b"'''${a}''", "(\"'\" + a)"),
        (b"''\\''", "\"\\\\\""),
    ]);
}

#[test]
fn paths() {
    check(&[
        (b"./a", "/a"),
        (b"../a", "/a"),
        (b"/a", "/a"),
        (b"a/b", "/a/b"),
        (b"./a/../b", "/b"),
        (b"~/a", "/home/user/a"),
        (b"~/a/b.c", "/home/user/a/b.c"),
        (b"./a${b}", "(/a + b)"),
        (b"./a${b}c", "(/a + b + \"c\")"),
        (b"./${a}", "(// + a)"),
        (b"/${a}", "(/ + a)"),
        (b"/a/${b}", "(/a/ + b)"),
        (b"./a${b}/c", "(/a + b + \"/c\")"),
        (b"./a${b}/${c}d", "(/a + b + \"/\" + c + \"d\")"),
        (b"./a${b}c//d", "(/a + b + \"c/\" + \"/d\")"),
        (b"~/${a}", "(/home/user/ + a)"),
        (b"./..", "/"),
        (b"/..", "/"),
        (b".../a", "/.../a"),
        (b"-/a", "/-/a"),
        (b"+/a", "/+/a"),
        (b"1/2", "/1/2"),
        (b"_/a", "/_/a"),
        (b"a.b+c/d", "/a.b+c/d"),
        (b"./a.b", "/a.b"),
        (b"./a b", "(/a b)"),
        (b"./a{ }", "(/a { })"),
        (b"[./a./b]", "[ (/a./b) ]"),
        (b"[./a ./b]", "[ (/a) (/b) ]"),
        (b"a /b", "(a /b)"),
        (b"a/ b", "(__div a b)"),
        (b"/../../a", "/a"),
        (b"./a/${b}", "(/a/ + b)"),
    ]);
}

#[test]
fn sets() {
    check(&[
        (b"{ }", "{ }"),
        (b"rec { }", "rec { }"),
        (b"{ a = 1; }", "{ a = 1; }"),
        (b"{ b = 1; a = 2; }", "{ a = 2; b = 1; }"),
        (b"{ a.b = 1; }", "{ a = { b = 1; }; }"),
        (b"{ a.b = 1; a.c = 2; }", "{ a = { b = 1; c = 2; }; }"),
        (b"{ a = { b = 1; }; a.c = 2; }", "{ a = { b = 1; c = 2; }; }"),
        (b"{ a.b = 1; a = { c = 2; }; }", "{ a = { b = 1; c = 2; }; }"),
        (
            b"{ a = rec { b = 1; }; a = { c = b; }; }",
            "{ a = rec { b = 1; c = b; }; }",
        ),
        (b"{ a = { b = 1; }; a = rec { c = b; }; }", "{ a = { b = 1; c = b; }; }"),
        (b"{ a = ({ b = 1; }); a.c = 2; }", "{ a = { b = 1; c = 2; }; }"),
        (
            b"{ a.b.c = 1; a.b.d = 2; a.e = 3; }",
            "{ a = { b = { c = 1; d = 2; }; e = 3; }; }",
        ),
        (
            b"{ \"a\" = 1; \"b c\" = 2; \"\" = 3; \"if\" = 4; }",
            "{ \"\" = 3; a = 1; \"b c\" = 2; \"if\" = 4; }",
        ),
        (b"{ ${\"a\"} = 1; }", "{ a = 1; }"),
        (b"{ ${''a''} = 1; }", "{ a = 1; }"),
        (b"{ ${a} = 1; }", "{ \"${a}\" = 1; }"),
        (b"{ \"${a}\" = 1; }", "{ \"${(a)}\" = 1; }"),
        (b"{ \"${\"a\"}\" = 1; }", "{ \"${(\"a\")}\" = 1; }"),
        (
            b"{ a.${b}.c = 1; a.${b}.d = 2; }",
            "{ a = { \"${b}\" = { c = 1; }; \"${b}\" = { d = 2; }; }; }",
        ),
        (b"{ ${a}.b = 1; }", "{ \"${a}\" = { b = 1; }; }"),
        (b"{ or = 1; }", "{ or = 1; }"),
        (b"{ a.or.b = 1; }", "{ a = { or = { b = 1; }; }; }"),
        (b"{ inherit; }", "{ }"),
        (b"{ inherit a; }", "{ inherit a; }"),
        (b"{ inherit b a; inherit c; }", "{ inherit a b c; }"),
        (b"{ inherit (a) c b; }", "{ inherit (a) b c; }"),
        (
            b"{ inherit (a) b; inherit (c) d; inherit (a) e; }",
            "{ inherit (a) b; inherit (c) d; inherit (a) e; }",
        ),
        (b"{ inherit (a); }", "{ }"),
        (b"{ inherit \"a\" ${\"b\"} or; }", "{ inherit a b or; }"),
        (
            b"{ x = { inherit (a) b; }; x = { inherit (c) d; }; }",
            "{ x = { inherit (a) b; inherit (c) d; }; }",
        ),
        (
            b"{ x = { inherit (a) b; }; x = { inherit (c) d e; inherit (f) g; }; }",
            "{ x = { inherit (a) b; inherit (f) d e g; }; }",
        ),
        (
            b"{ x = { inherit a; ${b} = 1; }; x = { inherit c; ${d} = 2; }; }",
            "{ x = { inherit a c; \"${b}\" = 1; \"${d}\" = 2; }; }",
        ),
        (b"let { body = 1; }", "(rec { body = 1; }).body"),
        (b"let { a = 1; body = a; }.b", "((rec { a = 1; body = a; }).body).b"),
        (b"rec { a = b; b = 1; }", "rec { a = b; b = 1; }"),
        (b"{ a = 1; }.a", "({ a = 1; }).a"),
        (b"{ a = 1; } // { b = 2; }", "({ a = 1; } // { b = 2; })"),
        (b"{ a = x: x; a' = y: z: y; }", "{ a = (x: x); a' = (y: (z: y)); }"),
    ]);
}

#[test]
fn selections() {
    check(&[
        (b"a.b", "(a).b"),
        (b"a.b.c", "(a).b.c"),
        (b"a.\"b\"", "(a).b"),
        (b"a.\"b c\"", "(a).\"b c\""),
        (b"a.${b}", "(a).\"${b}\""),
        (b"a.${\"b\"}", "(a).b"),
        (b"a.\"${b}\"", "(a).\"${(b)}\""),
        (b"a.b or c", "(a).b or (c)"),
        (b"a.b or c.d or e", "(a).b or ((c).d or (e))"),
        (b"a.or", "(a).or"),
        (b"(a.b).c", "((a).b).c"),
        (b"a.b or (c d)", "(a).b or ((c d))"),
        (b"f a.b or c d", "(f (a).b or (c) d)"),
        (b"a ? b", "((a) ? b)"),
        (b"a ? b.c", "((a) ? b.c)"),
        (b"a ? \"b\"", "((a) ? b)"),
        (b"a ? ${b}", "((a) ? \"${b}\")"),
        (b"a ? b ? c", "((((a) ? b)) ? c)"),
        (b"!a ? b", "(! ((a) ? b))"),
        (b"-a ? b", "(((__sub 0 a)) ? b)"),
        (b"a ? b || c", "(((a) ? b) || c)"),
        (b"a.b ? c", "(((a).b) ? c)"),
        (b"a ? or", "((a) ? or)"),
        (b"{ }.a", "({ }).a"),
        (b"[ ].a", "([ ]).a"),
        (b"\"a\".b", "(\"a\").b"),
        (b"1.a", "(1 a)"),
        (b"a . b", "(a).b"),
        (b"a.b.c or d", "(a).b.c or (d)"),
        (b"f.a g.b", "((f).a (g).b)"),
        (b"(a).b", "(a).b"),
    ]);
}

#[test]
fn or_as_a_name() {
    check(&[
        (b"a or", "(a or)"),
        (b"f a or", "(f (a or))"),
        (b"[ a or ]", "[ ((a or)) ]"),
        (b"a or b", "(a or b)"),
        (b"a.b or c or", "(a).b or ((c or))"),
        (b"(a or)", "(a or)"),
        (b"map or [ ]", "(map or [ ])"),
        (b"f (a or) b", "(f (a or) b)"),
    ]);
}

#[test]
fn functions() {
    check(&[
        (b"x: x", "(x: x)"),
        (b"x: y: x", "(x: (y: x))"),
        (b"{ }: 1", "({  }: 1)"),
        (b"{ ... }: 1", "({ ... }: 1)"),
        (b"{ a }: a", "({ a }: a)"),
        (b"{ a, }: a", "({ a }: a)"),
        (b"{ a, b }: a", "({ a, b }: a)"),
        (b"{ a, b, }: a", "({ a, b }: a)"),
        (b"{ a, ... }: a", "({ a, ... }: a)"),
        (b"{ b, a ? 1 }: a", "({ a ? 1, b }: a)"),
        (b"{ a ? b: b, c }: a", "({ a ? (b: b), c }: a)"),
        (b"x@{ a }: a", "({ a } @ x: a)"),
        (b"{ a }@x: a", "({ a } @ x: a)"),
        (b"x@{ }: x", "({  } @ x: x)"),
        (b"{ ... }@x: x", "({ ... } @ x: x)"),
        (b"{ a ? { b, c }: b }: a", "({ a ? ({ b, c }: b) }: a)"),
        (b"x : x", "(x: x)"),
        (b"x@{ a, ... }: b: a", "({ a, ... } @ x: (b: a))"),
        (b"{ b ? a, a ? b }: 1", "({ a ? b, b ? a }: 1)"),
        (b"f (x: x) (y: y)", "(f (x: x) (y: y))"),
        (b"{ a }: { b }: c", "({ a }: ({ b }: c))"),
        (
            b"{ a ? 1, b ? \"x\", ... }@args: args",
            "({ a ? 1, b ? \"x\", ... } @ args: args)",
        ),
    ]);
}

#[test]
fn calls() {
    check(&[
        (b"f a", "(f a)"),
        (b"f a b c", "(f a b c)"),
        (b"(f a) b", "(f a b)"),
        (b"f (a b)", "(f (a b))"),
        (b"((f a) b) c", "(f a b c)"),
        (b"f { } [ ]", "(f { } [ ])"),
        (b"f \"a\" b.c", "(f \"a\" (b).c)"),
        (b"f rec { }", "(f rec { })"),
        (b"f let { body = 1; }", "(f (rec { body = 1; }).body)"),
        (b"f 1 -1", "(__sub (f 1) 1)"),
        (b"(-x) y", "(__sub 0 x y)"),
        (b"(a < b) c", "(__lessThan a b c)"),
        (b"<a> b", "(__findFile __nixPath \"a\" b)"),
        (b"f ./a", "(f /a)"),
        (b"f ~/a", "(f /home/user/a)"),
        (b"f ''a''", "(f \"a\")"),
        (b"f http://a", "(f \"http://a\")"),
    ]);
}

#[test]
fn operators() {
    check(&[
        (b"a + b", "(a + b)"),
        (b"a - b", "(__sub a b)"),
        (b"a * b", "(__mul a b)"),
        (b"a / b", "(__div a b)"),
        (b"a ++ b", "(a ++ b)"),
        (b"a // b", "(a // b)"),
        (b"a == b", "(a == b)"),
        (b"a != b", "(a != b)"),
        (b"a < b", "(__lessThan a b)"),
        (b"a > b", "(__lessThan b a)"),
        (b"a <= b", "(! (__lessThan b a))"),
        (b"a >= b", "(! (__lessThan a b))"),
        (b"a && b", "(a && b)"),
        (b"a || b", "(a || b)"),
        (b"a -> b", "(a -> b)"),
        (b"!a", "(! a)"),
        (b"-a", "(__sub 0 a)"),
        (b"a + b + c", "((a + b) + c)"),
        (b"a - b - c", "(__sub (__sub a b) c)"),
        (b"a * b / c", "(__div (__mul a b) c)"),
        (b"a ++ b ++ c", "(a ++ (b ++ c))"),
        (b"a // b // c", "(a // (b // c))"),
        (b"a -> b -> c", "(a -> (b -> c))"),
        (b"a && b || c && d", "((a && b) || (c && d))"),
        (b"a || b && c", "(a || (b && c))"),
        (b"a + b * c", "(a + (__mul b c))"),
        (b"(a + b) * c", "(__mul (a + b) c)"),
        (b"a * b + c", "((__mul a b) + c)"),
        (b"a == b && c", "((a == b) && c)"),
        (b"!a == b", "((! a) == b)"),
        (b"!a && b", "((! a) && b)"),
        (b"!a + b", "(! (a + b))"),
        (b"a + !b", "(a + (! b))"),
        (b"a * !b + c", "(__mul a (! (b + c)))"),
        (b"-a + b", "((__sub 0 a) + b)"),
        (b"-a * b", "(__mul (__sub 0 a) b)"),
        (b"a - -b", "(__sub a (__sub 0 b))"),
        (b"- - a", "(__sub 0 (__sub 0 a))"),
        (b"!!a", "(! (! a))"),
        (b"!-a", "(! (__sub 0 a))"),
        (b"-!a", "(__sub 0 (! a))"),
        (b"a < b == c < d", "((__lessThan a b) == (__lessThan c d))"),
        (b"a // b ++ c", "(a // (b ++ c))"),
        (b"a ++ b + c", "((a ++ b) + c)"),
        (b"a + b ++ c", "(a + (b ++ c))"),
        (b"a // b + c", "(a // (b + c))"),
        (b"a == b -> c", "((a == b) -> c)"),
        (b"-a ++ b", "((__sub 0 a) ++ b)"),
        (b"a ++ -b", "(a ++ (__sub 0 b))"),
        (b"a -> b || c -> d", "(a -> ((b || c) -> d))"),
        (b"a + (b + c)", "(a + (b + c))"),
        (b"a + (b: c)", "(a + (b: c))"),
        (b"a.b + c.d", "((a).b + (c).d)"),
        (b"a ? b + c", "(((a) ? b) + c)"),
        (b"f a + g b", "((f a) + (g b))"),
        (b"- f a", "(__sub 0 (f a))"),
        (b"! f a", "(! (f a))"),
        (b"[ (a + b) c ]", "[ ((a + b)) (c) ]"),
        (b"a - b + c", "((__sub a b) + c)"),
    ]);
}

#[test]
fn keywords() {
    check(&[
        (b"if a then b else c", "(if a then b else c)"),
        (
            b"if a then b else if c then d else e",
            "(if a then b else (if c then d else e))",
        ),
        (b"if a then b: c else d: e", "(if a then (b: c) else (d: e))"),
        (b"assert a; b", "assert a; b"),
        (b"assert a; assert b; c", "assert a; assert b; c"),
        (b"with a; b", "(with a; b)"),
        (b"with a; with b; c", "(with a; (with b; c))"),
        (b"let in a", "(let in a)"),
        (b"let a = 1; in a", "(let a = 1; in a)"),
        (b"let a.b = 1; a.c = 2; in a", "(let a = { b = 1; c = 2; }; in a)"),
        (
            b"let inherit (a) b; inherit c; in b",
            "(let inherit c; inherit (a) b; in b)",
        ),
        (b"let a = 1; in let b = 2; in a", "(let a = 1; in (let b = 2; in a))"),
        (
            b"x: with x; assert y; if a then b else let c = d; in c",
            "(x: (with x; assert y; (if a then b else (let c = d; in c))))",
        ),
        (b"(if a then b else c) d", "((if a then b else c) d)"),
        (b"[ (with a; b) ]", "[ ((with a; b)) ]"),
        (b"let ${\"a\"} = 1; in a", "(let a = 1; in a)"),
        (b"assert a; x: b", "assert a; (x: b)"),
        (b"with a; x: b", "(with a; (x: b))"),
    ]);
}

#[test]
fn lists() {
    check(&[
        (b"[ ]", "[ ]"),
        (b"[ a ]", "[ (a) ]"),
        (b"[ a b c ]", "[ (a) (b) (c) ]"),
        (b"[ (f a) b ]", "[ ((f a)) (b) ]"),
        (b"[ a.b c.d or e ]", "[ ((a).b) ((c).d or (e)) ]"),
        (b"[ [ ] [ a ] ]", "[ ([ ]) ([ (a) ]) ]"),
        (b"[ { } \"b\" 1 ./c ]", "[ ({ }) (\"b\") (1) (/c) ]"),
        (b"[ a(b)c ]", "[ (a) (b) (c) ]"),
        (b"[ rec { } let { } ]", "[ (rec { }) ((rec { }).body) ]"),
    ]);
}

#[test]
fn comments() {
    check(&[
        (b"1 # c", "1"),
        (b"# c\n1", "1"),
        (b"/* c */ 1", "1"),
        (b"/**/ 1", "1"),
        (b"/***/ 1", "1"),
        (b"/** doc */ x: x", "(x: x)"),
        (b"1 /* * / ** */", "1"),
        (b"a/*c*/b", "(a b)"),
        (b"# c\r1", "1"),
        (b"#\n#\n1", "1"),
        (b"1#", "1"),
        (b"a #", "a"),
        (b"/* # */ 1 # /*", "1"),
    ]);
}

#[test]
fn pipes() {
    check(&[
        (b"a |> b", "(b a)"),
        (b"a <| b", "(a b)"),
        (b"a |> b |> c", "(c (b a))"),
        (b"a <| b <| c", "(a (b c))"),
        (b"a |> b c", "(b c a)"),
        (b"a b <| c d", "(a b (c d))"),
        (b"a |> b || c", "((b || c) a)"),
        (b"(a |> b) <| c", "(b a c)"),
        (b"x: x |> y", "(x: (y x))"),
        (b"a |> (x: x)", "((x: x) a)"),
        (b"if a then b else c |> d", "(if a then b else (d c))"),
    ]);
}
