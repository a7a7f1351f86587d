//! Texts that are wrong, and how Nix says so: the message and the line and column.

use super::outcome;
use syntax::ParseOptions;

fn check(table: &[(&[u8], &str)]) {
    let mut options = ParseOptions::new(b"/");
    options.home = Some(b"/home/user");
    for (text, expected) in table {
        let outcome = outcome(text, &options);
        assert_eq!(
            outcome.as_ref().map_err(String::as_str),
            Err(*expected),
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn tokens_that_do_not_fit() {
    check(&[
        (b"", "syntax error, unexpected end of file at 1:1"),
        (b"(", "syntax error, unexpected end of file at 1:2"),
        (b"(a", "syntax error, unexpected end of file, expecting ')' at 1:3"),
        (b"[", "syntax error, unexpected end of file at 1:2"),
        (b"[ a", "syntax error, unexpected end of file at 1:4"),
        (b"{", "syntax error, unexpected end of file, expecting 'inherit' at 1:2"),
        (
            b"{ a",
            "syntax error, unexpected end of file, expecting '.' or '=' at 1:4",
        ),
        (b"{ a =", "syntax error, unexpected end of file at 1:6"),
        (b"{ a = 1", "syntax error, unexpected end of file, expecting ';' at 1:8"),
        (
            b"{ a = 1;",
            "syntax error, unexpected end of file, expecting 'inherit' at 1:9",
        ),
        (
            b"{ a.",
            "syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"' at 1:5",
        ),
        (
            b"{ a. = 1; }",
            "syntax error, unexpected '=', expecting identifier or 'or' or '${' or '\"' at 1:6",
        ),
        (
            b"{ a b",
            "syntax error, unexpected identifier, expecting '.' or '=' at 1:5",
        ),
        (
            b"{ a, b",
            "syntax error, unexpected end of file, expecting '}' or ',' at 1:7",
        ),
        (
            b"{ a, b }",
            "syntax error, unexpected end of file, expecting ':' or '@' at 1:9",
        ),
        (
            b"{ a ? 1 }",
            "syntax error, unexpected end of file, expecting ':' or '@' at 1:10",
        ),
        (
            b"{ a, ... }",
            "syntax error, unexpected end of file, expecting ':' or '@' at 1:11",
        ),
        (b"{ ... ", "syntax error, unexpected end of file, expecting '}' at 1:7"),
        (
            b"{ a ? 1 b",
            "syntax error, unexpected end of file, expecting '}' or ',' at 1:10",
        ),
        (b"{ ..., a }: a", "syntax error, unexpected ',', expecting '}' at 1:6"),
        (
            b"{ a } b",
            "syntax error, unexpected identifier, expecting ':' or '@' at 1:7",
        ),
        (
            b"{ a }@",
            "syntax error, unexpected end of file, expecting identifier at 1:7",
        ),
        (b"{ a }@x", "syntax error, unexpected end of file, expecting ':' at 1:8"),
        (
            b"{ a }@x y",
            "syntax error, unexpected identifier, expecting ':' at 1:9",
        ),
        (b"{ a }:", "syntax error, unexpected end of file at 1:7"),
        (b"x@", "syntax error, unexpected end of file, expecting '{' at 1:3"),
        (b"x@y", "syntax error, unexpected identifier, expecting '{' at 1:3"),
        (b"x@{ a }", "syntax error, unexpected end of file, expecting ':' at 1:8"),
        (b"x:", "syntax error, unexpected end of file at 1:3"),
        (b"a b:", "syntax error, unexpected ':', expecting end of file at 1:4"),
        (b"f x: x", "syntax error, unexpected ':', expecting end of file at 1:4"),
        (b"if", "syntax error, unexpected end of file at 1:3"),
        (b"if a", "syntax error, unexpected end of file, expecting 'then' at 1:5"),
        (b"if a then", "syntax error, unexpected end of file at 1:10"),
        (
            b"if a then b",
            "syntax error, unexpected end of file, expecting 'else' at 1:12",
        ),
        (b"if a then b else", "syntax error, unexpected end of file at 1:17"),
        (
            b"if a b",
            "syntax error, unexpected end of file, expecting 'then' at 1:7",
        ),
        (b"if if", "syntax error, unexpected end of file at 1:6"),
        (b"assert", "syntax error, unexpected end of file at 1:7"),
        (
            b"assert a",
            "syntax error, unexpected end of file, expecting ';' at 1:9",
        ),
        (b"assert a;", "syntax error, unexpected end of file at 1:10"),
        (
            b"assert a b",
            "syntax error, unexpected end of file, expecting ';' at 1:11",
        ),
        (b"with a", "syntax error, unexpected end of file, expecting ';' at 1:7"),
        (b"with;", "syntax error, unexpected ';' at 1:5"),
        (
            b"let",
            "syntax error, unexpected end of file, expecting 'in' or 'inherit' at 1:4",
        ),
        (
            b"let a",
            "syntax error, unexpected end of file, expecting '.' or '=' at 1:6",
        ),
        (b"let in", "syntax error, unexpected end of file at 1:7"),
        (
            b"let a = 1;",
            "syntax error, unexpected end of file, expecting 'in' or 'inherit' at 1:11",
        ),
        (
            b"let a = 1 in a",
            "syntax error, unexpected 'in', expecting ';' at 1:11",
        ),
        (
            b"let { a = 1;",
            "syntax error, unexpected end of file, expecting 'inherit' or '}' at 1:13",
        ),
        (
            b"let {",
            "syntax error, unexpected end of file, expecting 'inherit' or '}' at 1:6",
        ),
        (
            b"f let a = 1; in a",
            "syntax error, unexpected identifier, expecting '{' at 1:7",
        ),
        (b"f if", "syntax error, unexpected 'if', expecting end of file at 1:3"),
        (
            b"f with",
            "syntax error, unexpected 'with', expecting end of file at 1:3",
        ),
        (b"1 + if a then b else c", "syntax error, unexpected 'if' at 1:5"),
        (b"a +", "syntax error, unexpected end of file at 1:4"),
        (b"a ++", "syntax error, unexpected end of file at 1:5"),
        (b"+ a", "syntax error, unexpected '+' at 1:1"),
        (b"* a", "syntax error, unexpected '*' at 1:1"),
        (b"a + * b", "syntax error, unexpected '*' at 1:5"),
        (b"a == b == c", "syntax error, unexpected '==' at 1:8"),
        (b"a < b < c", "syntax error, unexpected '<' at 1:7"),
        (b"a < b > c", "syntax error, unexpected '>' at 1:7"),
        (b"a <= b >= c", "syntax error, unexpected '>=' at 1:8"),
        (b"a != b == c", "syntax error, unexpected '==' at 1:8"),
        (
            b"a ? 1",
            "syntax error, unexpected integer, expecting identifier or 'or' or '${' or '\"' at 1:5",
        ),
        (
            b"a ? ",
            "syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"' at 1:5",
        ),
        (
            b"a.",
            "syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"' at 1:3",
        ),
        (b"a.b or", "syntax error, unexpected end of file at 1:7"),
        (b"a.b or +", "syntax error, unexpected '+' at 1:8"),
        (b"a or.", "syntax error, unexpected '.', expecting end of file at 1:5"),
        (b"rec", "syntax error, unexpected end of file, expecting '{' at 1:4"),
        (b"rec a", "syntax error, unexpected identifier, expecting '{' at 1:5"),
        (b"inherit", "syntax error, unexpected 'inherit' at 1:1"),
        (b"inherit a", "syntax error, unexpected 'inherit' at 1:1"),
        (b"{ inherit a", "syntax error, unexpected end of file at 1:12"),
        (
            b"{ inherit (a",
            "syntax error, unexpected end of file, expecting ')' at 1:13",
        ),
        (b"{ inherit (a) b", "syntax error, unexpected end of file at 1:16"),
        (b"{ inherit a.b; }", "syntax error, unexpected '.' at 1:12"),
        (b"{ inherit 1; }", "syntax error, unexpected integer at 1:11"),
        (
            b"{ a = 1; b }",
            "syntax error, unexpected '}', expecting '.' or '=' at 1:12",
        ),
        (b"{ a = 1; inherit }", "syntax error, unexpected '}' at 1:18"),
        (
            b"{ 1 = 2; }",
            "syntax error, unexpected integer, expecting 'inherit' at 1:3",
        ),
        (b"{ = 1; }", "syntax error, unexpected '=', expecting 'inherit' at 1:3"),
        (
            b"{ a == 1; }",
            "syntax error, unexpected '==', expecting '.' or '=' at 1:5",
        ),
        (b"{ a = ; }", "syntax error, unexpected ';' at 1:7"),
        (b"{ a; }", "syntax error, unexpected ';', expecting '.' or '=' at 1:4"),
        (
            b"{ a = 1;; }",
            "syntax error, unexpected ';', expecting 'inherit' at 1:9",
        ),
        (b"a ; b", "syntax error, unexpected ';', expecting end of file at 1:3"),
        (b")", "syntax error, unexpected ')' at 1:1"),
        (b"}", "syntax error, unexpected '}' at 1:1"),
        (b"]", "syntax error, unexpected ']' at 1:1"),
        (b"a )", "syntax error, unexpected ')', expecting end of file at 1:3"),
        (b"a }", "syntax error, unexpected '}', expecting end of file at 1:3"),
        (b"a ]", "syntax error, unexpected ']', expecting end of file at 1:3"),
        (b"( a ]", "syntax error, unexpected ']', expecting ')' at 1:5"),
        (b"[ a )", "syntax error, unexpected ')' at 1:5"),
        (b"[ a, b ]", "syntax error, unexpected ',' at 1:4"),
        (b"[ a; ]", "syntax error, unexpected ';' at 1:4"),
        (b"[ a + b ]", "syntax error, unexpected '+' at 1:5"),
        (b"[ -1 ]", "syntax error, unexpected '-' at 1:3"),
        (b"[ x: x ]", "syntax error, unexpected ':' at 1:4"),
        (b"f -> ", "syntax error, unexpected end of file at 1:6"),
        (b"!", "syntax error, unexpected end of file at 1:2"),
        (b"-", "syntax error, unexpected end of file at 1:2"),
        (b"a !b", "syntax error, unexpected '!', expecting end of file at 1:3"),
        (b"a = b", "syntax error, unexpected '=', expecting end of file at 1:3"),
        (b"a: = b", "syntax error, unexpected '=' at 1:4"),
        (b"@", "syntax error, unexpected '@' at 1:1"),
        (b"a @ b", "syntax error, unexpected identifier, expecting '{' at 1:5"),
        (b"a : : b", "syntax error, unexpected ':' at 1:5"),
        (b"...", "syntax error, unexpected '...' at 1:1"),
        (
            b"{ a ... }",
            "syntax error, unexpected '...', expecting '.' or '=' at 1:5",
        ),
        (
            b"a ... b",
            "syntax error, unexpected '...', expecting end of file at 1:3",
        ),
        (b"then", "syntax error, unexpected 'then' at 1:1"),
        (b"else a", "syntax error, unexpected 'else' at 1:1"),
        (b"in a", "syntax error, unexpected 'in' at 1:1"),
        (b"a in b", "syntax error, unexpected 'in', expecting end of file at 1:3"),
        (
            b"a then",
            "syntax error, unexpected 'then', expecting end of file at 1:3",
        ),
        (b"|| a", "syntax error, unexpected '||' at 1:1"),
        (b"a || || b", "syntax error, unexpected '||' at 1:6"),
        (
            b"a & b",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (
            b"a | b",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (
            b"a ^ b",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (
            b"a % b",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (b"`", "syntax error, unexpected invalid token at 1:1"),
        (b"\\", "syntax error, unexpected invalid token at 1:1"),
        (
            b"a \\ b",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (b"$a", "syntax error, unexpected invalid token at 1:1"),
        (b"$", "syntax error, unexpected invalid token at 1:1"),
        (b"~", "syntax error, unexpected invalid token at 1:1"),
        (
            b"a ~b",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (
            b"a.b.",
            "syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"' at 1:5",
        ),
        (
            b"a..b",
            "syntax error, unexpected '.', expecting identifier or 'or' or '${' or '\"' at 1:3",
        ),
        (
            b"\"a\" \"b\" .",
            "syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"' at 1:10",
        ),
        (
            b"{ a, a.b }: 1",
            "syntax error, unexpected '.', expecting '}' or ',' at 1:7",
        ),
        (
            b"{ \"a\" }: 1",
            "syntax error, unexpected '}', expecting '.' or '=' at 1:7",
        ),
        (
            b"{ \"a\", b }: 1",
            "syntax error, unexpected ',', expecting '.' or '=' at 1:6",
        ),
        (
            b"x@{ \"a\" }: 1",
            "syntax error, unexpected '\"', expecting identifier or '...' or '}' at 1:5",
        ),
        (
            b"{ ${a} }: 1",
            "syntax error, unexpected '}', expecting '.' or '=' at 1:8",
        ),
        (
            b"rec { a }",
            "syntax error, unexpected '}', expecting '.' or '=' at 1:9",
        ),
        (b"({ a })", "syntax error, unexpected ')', expecting ':' or '@' at 1:7"),
        (
            b"f { a, b }: 1",
            "syntax error, unexpected ',', expecting '.' or '=' at 1:6",
        ),
        (b"rec x: x", "syntax error, unexpected identifier, expecting '{' at 1:5"),
        (
            b"a |> b",
            "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it at 1:3",
        ),
        (
            b"a <| b",
            "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it at 1:3",
        ),
        (
            b"a ? b.c.",
            "syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"' at 1:9",
        ),
        (b"\xc3\xa9", "syntax error, unexpected invalid token at 1:1"),
        (
            b"a \xc3\xa9",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (
            b"1 '",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (
            b"{ a = 1, b = 2; }",
            "syntax error, unexpected ',', expecting ';' at 1:8",
        ),
        (
            b"let a = 1, in a",
            "syntax error, unexpected ',', expecting ';' at 1:10",
        ),
        (b"{ a: 1 }", "syntax error, unexpected ':', expecting '.' or '=' at 1:4"),
        (b"[ a.${b ]", "syntax error, unexpected ']', expecting '}' at 1:9"),
        (b"a ${b}", "syntax error, unexpected '${', expecting end of file at 1:3"),
        (b"a.\"b", "syntax error, unexpected end of file, expecting '\"' at 1:5"),
        (b"a.${b", "syntax error, unexpected end of file, expecting '}' at 1:6"),
    ]);
}

#[test]
fn strings_that_do_not_end() {
    check(&[
        (b"\"", "syntax error, unexpected end of file, expecting '\"' at 1:2"),
        (b"\"a", "syntax error, unexpected end of file, expecting '\"' at 1:3"),
        (b"\"a\\", "syntax error, unexpected end of file, expecting '\"' at 1:4"),
        (b"\"a$", "syntax error, unexpected end of file, expecting '\"' at 1:4"),
        (b"\"a$\\", "syntax error, unexpected end of file, expecting '\"' at 1:5"),
        (b"\"${", "syntax error, unexpected end of file at 1:4"),
        (b"\"${a", "syntax error, unexpected end of file, expecting '}' at 1:5"),
        (b"\"${a}", "syntax error, unexpected end of file, expecting '\"' at 1:6"),
        (
            b"''",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:3",
        ),
        (
            b"''a",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:4",
        ),
        (
            b"''a'",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:5",
        ),
        (b"''${a", "syntax error, unexpected end of file, expecting '}' at 1:6"),
        (
            b"''a''\\",
            "syntax error, unexpected invalid token, expecting end of file at 1:6",
        ),
        (
            b"''$",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:4",
        ),
        (
            b"''${a}'",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:8",
        ),
        (b"\"${\"", "syntax error, unexpected end of file, expecting '\"' at 1:5"),
        (
            b"\"a${\"b\"",
            "syntax error, unexpected end of file, expecting '}' at 1:8",
        ),
        (b"\"\\", "syntax error, unexpected end of file, expecting '\"' at 1:3"),
        (b"(\"\"", "syntax error, unexpected end of file, expecting ')' at 1:4"),
        (
            b"\"a\" \"",
            "syntax error, unexpected end of file, expecting '\"' at 1:6",
        ),
        (
            b"'' '''",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:7",
        ),
        (b"\"''", "syntax error, unexpected end of file, expecting '\"' at 1:4"),
    ]);
}

#[test]
fn paths_that_do_not_fit() {
    check(&[
        (b"./a/", "path has a trailing slash at 1:1"),
        (b"./a/ ", "path has a trailing slash at 1:5"),
        (b"(./a/)", "path has a trailing slash at 1:6"),
        (b"a/b/", "path has a trailing slash at 1:1"),
        (b"~/a/", "path has a trailing slash at 1:1"),
        (b"/a/", "path has a trailing slash at 1:1"),
        (b"./a//b", "syntax error, unexpected end of path, expecting '${' at 1:1"),
        (
            b"./a//b ",
            "syntax error, unexpected end of path, expecting '${' at 1:5",
        ),
        (b"./a/${b}/", "path has a trailing slash at 1:9"),
        (b"./a${b}/ ", "path has a trailing slash at 1:9"),
        (b"(./a", "syntax error, unexpected end of file, expecting ')' at 1:2"),
        (b"(./a ", "syntax error, unexpected end of file, expecting ')' at 1:6"),
        (b"./a${b", "syntax error, unexpected end of file, expecting '}' at 1:7"),
        (b"./a${", "syntax error, unexpected end of file at 1:6"),
        (
            b"(./a${b}",
            "syntax error, unexpected end of file, expecting ')' at 1:8",
        ),
        (b"{ a = ./b }", "syntax error, unexpected '}', expecting ';' at 1:11"),
        (b"./a${b}/c/ d", "path has a trailing slash at 1:11"),
        (b"./", "syntax error, unexpected '.' at 1:1"),
        (b"../", "syntax error, unexpected '.' at 1:1"),
        (b"~", "syntax error, unexpected invalid token at 1:1"),
        (b"/a//b", "syntax error, unexpected end of path, expecting '${' at 1:1"),
        (b"/", "syntax error, unexpected '/' at 1:1"),
        (b"a/", "syntax error, unexpected end of file at 1:3"),
        (b"./a/*c*/", "path has a trailing slash at 1:5"),
        (
            b"./a'b",
            "syntax error, unexpected invalid token, expecting end of file at 1:4",
        ),
        (
            b"./a ? ./b",
            "syntax error, unexpected path, expecting identifier or 'or' or '${' or '\"' at 1:7",
        ),
        (
            b"a.~/b",
            "syntax error, unexpected '~/…' path, expecting identifier or 'or' or '${' or '\"' at 1:3",
        ),
        (
            b"a.<b>",
            "syntax error, unexpected '<…>' path, expecting identifier or 'or' or '${' or '\"' at 1:3",
        ),
        (b"<a", "syntax error, unexpected '<' at 1:1"),
        (b"<a b>", "syntax error, unexpected '<' at 1:1"),
        (b"< a>", "syntax error, unexpected '<' at 1:1"),
        (b"./a:b", "syntax error, unexpected ':', expecting end of file at 1:4"),
        (
            b"a. ./b",
            "syntax error, unexpected path, expecting identifier or 'or' or '${' or '\"' at 1:4",
        ),
        (
            b"{ ./a = 1; }",
            "syntax error, unexpected path, expecting 'inherit' at 1:3",
        ),
        (b"{ inherit ./a; }", "syntax error, unexpected path at 1:11"),
        (
            b"./a''",
            "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string at 1:6",
        ),
        (b"./a\"", "syntax error, unexpected end of file, expecting '\"' at 1:5"),
    ]);
}

#[test]
fn numbers_that_do_not_fit() {
    check(&[
        (b"9223372036854775808", "invalid integer '9223372036854775808' at 1:1"),
        (b"99999999999999999999", "invalid integer '99999999999999999999' at 1:1"),
        (b"-9223372036854775808", "invalid integer '9223372036854775808' at 1:2"),
        (b"1.0e400", "invalid float '1.0e400' at 1:1"),
        (b"1.0e-320", "invalid float '1.0e-320' at 1:1"),
        (b"1.0e-400", "invalid float '1.0e-400' at 1:1"),
        (
            b"{ a = 9223372036854775808; a = 1; }",
            "invalid integer '9223372036854775808' at 1:7",
        ),
        (
            b"{ a = 1; a = 2; 9223372036854775808",
            "attribute 'a' already defined at 1:3 at 1:10",
        ),
        (
            b"{ x, x }: 9223372036854775808",
            "invalid integer '9223372036854775808' at 1:11",
        ),
        (b"a 9223372036854775808", "invalid integer '9223372036854775808' at 1:3"),
        (b"[ 1.0e999 ]", "invalid float '1.0e999' at 1:3"),
        (
            b"{ 1.5 = 1; }",
            "syntax error, unexpected floating-point literal, expecting 'inherit' at 1:3",
        ),
    ]);
}

#[test]
fn attributes_defined_twice() {
    check(&[
        (b"{ a = 1; a = 2; }", "attribute 'a' already defined at 1:3 at 1:10"),
        (b"{ a = 1; \"a\" = 2; }", "attribute 'a' already defined at 1:3 at 1:10"),
        (
            b"{ a = 1; ${\"a\"} = 2; }",
            "attribute 'a' already defined at 1:3 at 1:10",
        ),
        (
            b"{ a.b = 1; a.b = 2; }",
            "attribute 'a.b' already defined at 1:3 at 1:12",
        ),
        (b"{ a.b = 1; a = 2; }", "attribute 'a' already defined at 1:3 at 1:12"),
        (b"{ a = 1; a.b = 2; }", "attribute 'a' already defined at 1:3 at 1:10"),
        (b"{ a = 1; a.b.c = 2; }", "attribute 'a' already defined at 1:3 at 1:10"),
        (
            b"{ a.b = 1; a.b.c = 2; }",
            "attribute 'a.b' already defined at 1:3 at 1:12",
        ),
        (
            b"{ a.b.c = 1; a = { b.c = 2; }; }",
            "attribute 'a.b.c' already defined at 1:3 at 1:20",
        ),
        (
            b"{ a = { b = 1; }; a = { b = 2; }; }",
            "attribute 'a.b' already defined at 1:9 at 1:25",
        ),
        (
            b"{ a = { b = 1; c = 1; }; a = { c = 2; b = 2; }; }",
            "attribute 'a.b' already defined at 1:9 at 1:39",
        ),
        (b"{ a = { }; a = 1; }", "attribute 'a' already defined at 1:3 at 1:12"),
        (
            b"{ inherit a; a = 1; }",
            "attribute 'a' already defined at 1:11 at 1:14",
        ),
        (b"{ a = 1; inherit a; }", "attribute 'a' already defined at 1:3 at 1:18"),
        (b"{ inherit a a; }", "attribute 'a' already defined at 1:11 at 1:13"),
        (
            b"{ inherit a; inherit (b) a; }",
            "attribute 'a' already defined at 1:11 at 1:26",
        ),
        (b"{ inherit (b) a a; }", "attribute 'a' already defined at 1:15 at 1:17"),
        (
            b"{ inherit a; a.b = 1; }",
            "attribute 'a' already defined at 1:11 at 1:14",
        ),
        (
            b"{ a = { inherit b; }; a = { inherit b; }; }",
            "attribute 'a.b' already defined at 1:17 at 1:37",
        ),
        (
            b"{ a = { inherit b; }; a.b = 1; }",
            "attribute 'a.b' already defined at 1:17 at 1:23",
        ),
        (
            b"{ a = { inherit (x) b; }; a = { b = 1; }; }",
            "attribute 'a.b' already defined at 1:21 at 1:33",
        ),
        (
            b"{ a.\"b c\" = 1; a.\"b c\" = 2; }",
            "attribute 'a.\"b c\"' already defined at 1:3 at 1:16",
        ),
        (
            b"{ if.a = 1; }",
            "syntax error, unexpected 'if', expecting 'inherit' at 1:3",
        ),
        (
            b"{ \"if\" = 1; \"if\" = 2; }",
            "attribute '\"if\"' already defined at 1:3 at 1:13",
        ),
        (
            b"{ \"\" = 1; \"\" = 2; }",
            "attribute '\"\"' already defined at 1:3 at 1:11",
        ),
        (
            b"{ a = (x: x); a = { }; }",
            "attribute 'a' already defined at 1:3 at 1:15",
        ),
        (b"rec { a = 1; a = 2; }", "attribute 'a' already defined at 1:7 at 1:14"),
        (
            b"let a = 1; a = 2; in a",
            "attribute 'a' already defined at 1:5 at 1:12",
        ),
        (b"let { a = 1; a = 2; }", "attribute 'a' already defined at 1:7 at 1:14"),
        (
            b"{ a = let b = 1; b = 2; in b; a = 1; }",
            "attribute 'b' already defined at 1:11 at 1:18",
        ),
        (
            b"{\n  a = 1;\n  b = 2;\n  a = 3;\n}",
            "attribute 'a' already defined at 2:3 at 4:3",
        ),
        (
            b"{ a.b.c = 1; a.b.d = 2; a.b = { d = 3; }; }",
            "attribute 'a.b.d' already defined at 1:14 at 1:33",
        ),
        (b"{ or = 1; or = 2; }", "attribute 'or' already defined at 1:3 at 1:11"),
        (b"{ a = 1; a = 2; b", "attribute 'a' already defined at 1:3 at 1:10"),
        (
            b"{ a = 1; a = 2 b",
            "syntax error, unexpected end of file, expecting ';' at 1:17",
        ),
    ]);
}

#[test]
fn names_that_must_be_known() {
    check(&[
        (b"let ${a} = 1; in b", "dynamic attributes not allowed in let at 1:1"),
        (
            b"let \"${a}\" = 1; in b",
            "dynamic attributes not allowed in let at 1:1",
        ),
        (b"let ${a} = 1; in b }", "dynamic attributes not allowed in let at 1:1"),
        (b"let ${a} = 1; in b +", "syntax error, unexpected end of file at 1:21"),
        (
            b"let ${a} = 1; in (b",
            "syntax error, unexpected end of file, expecting ')' at 1:20",
        ),
        (
            b"let ${a} = 1; b",
            "syntax error, unexpected end of file, expecting '.' or '=' at 1:16",
        ),
        (
            b"{ inherit ${a}; }",
            "dynamic attributes not allowed in inherit at 1:11",
        ),
        (
            b"{ inherit \"${a}\"; }",
            "dynamic attributes not allowed in inherit at 1:11",
        ),
        (
            b"{ inherit (a) ${b}; }",
            "dynamic attributes not allowed in inherit at 1:15",
        ),
        (b"{ inherit ${a} b", "dynamic attributes not allowed in inherit at 1:11"),
        (
            b"{ inherit a ${b} 1",
            "dynamic attributes not allowed in inherit at 1:13",
        ),
        (
            b"let inherit ${a}; in b",
            "dynamic attributes not allowed in inherit at 1:13",
        ),
    ]);
}

#[test]
fn formals_that_stand_twice() {
    check(&[
        (b"{ a, a }: a", "duplicate formal function argument 'a' at 1:6"),
        (b"{ a, b, a }: a", "duplicate formal function argument 'a' at 1:9"),
        (b"{ a, b, b, a }: a", "duplicate formal function argument 'a' at 1:12"),
        (b"{ a, a, a }: a", "duplicate formal function argument 'a' at 1:6"),
        (b"a@{ a }: a", "duplicate formal function argument 'a' at 1:1"),
        (b"{ a }@a: a", "duplicate formal function argument 'a' at 1:1"),
        (b"a@{ b, b, a }: a", "duplicate formal function argument 'b' at 1:8"),
        (b"{ a, a }: a }", "duplicate formal function argument 'a' at 1:6"),
        (b"{ a, a }: a +", "syntax error, unexpected end of file at 1:14"),
        (
            b"{ a, a }: (a",
            "syntax error, unexpected end of file, expecting ')' at 1:13",
        ),
        (b"x: { a, a }: a", "duplicate formal function argument 'a' at 1:9"),
        (
            b"{ a, a }: { b, b }: a",
            "duplicate formal function argument 'b' at 1:16",
        ),
        (
            b"{ a ? ({ b, b }: b), a }: a",
            "duplicate formal function argument 'b' at 1:13",
        ),
        (b"[ ({ a, a }: a) ; ]", "duplicate formal function argument 'a' at 1:9"),
        (b"({ a, a }: a", "duplicate formal function argument 'a' at 1:7"),
        (
            b"{ a, a } a",
            "syntax error, unexpected identifier, expecting ':' or '@' at 1:10",
        ),
        (
            b"{ a, a }",
            "syntax error, unexpected end of file, expecting ':' or '@' at 1:9",
        ),
    ]);
}

#[test]
fn bytes_that_are_no_text() {
    check(&[
        (b"\x00", "syntax error, unexpected end of file at 1:2"),
        (b"(\x00", "syntax error, unexpected end of file at 1:3"),
        (
            b"\"\x00\"",
            "input string '␀' cannot be represented as Nix string because it contains null bytes at 1:2",
        ),
        (
            b"\"a$\x00b\"",
            "input string 'a$␀b' cannot be represented as Nix string because it contains null bytes at 1:2",
        ),
        (
            b"''\x00''",
            "input string '␀' cannot be represented as Nix string because it contains null bytes at 1:3",
        ),
        (
            b"''a\x00b''",
            "input string 'a␀b' cannot be represented as Nix string because it contains null bytes at 1:3",
        ),
        (
            b"a \x01",
            "syntax error, unexpected invalid token, expecting end of file at 1:3",
        ),
        (b"\x0c1", "syntax error, unexpected invalid token at 1:1"),
        (b"\x0b", "syntax error, unexpected invalid token at 1:1"),
        (
            b"a\xa0b",
            "syntax error, unexpected invalid token, expecting end of file at 1:2",
        ),
        (b"x: \x00 y", "syntax error, unexpected end of file at 1:5"),
        (b"\"${\x00}\"", "syntax error, unexpected end of file at 1:5"),
        (b"/* \x00 */ (", "syntax error, unexpected end of file at 1:10"),
    ]);
}
