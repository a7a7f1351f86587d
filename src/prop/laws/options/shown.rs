//! Options and definitions as messages show them.

use super::{Choices, FILES, PARTS, numbers, written};
use crate::laws::asking::{gives, law};
use crate::{Expected, Expr, Ground, Law, Plain, Question, Scene};

/// Messages name an option as it is written in Nix.
pub(super) const NAMES: Law = law(
    "lib-option-shown",
    "messages name an option as it is written in Nix, and all files that define it",
    "The name in a message is searched for in files. Without its quotes, or with them around `<name>`, it is not \
     found; and a file that is not named is not looked at.",
    numbers,
    names,
);

/// Parts of names that stand for any name.
const PLACEHOLDERS: [&str; 3] = ["*", "<name>", "<function body>"];

fn names(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut choices = Choices::of(scene);
    let count = 1 + choices.below(4);
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        parts.push(if choices.below(5) == 4 {
            choices.pick(&PLACEHOLDERS)
        } else {
            choices.pick(&PARTS)
        });
    }
    let files: Vec<&str> = (0..1 + choices.below(3)).map(|_| choices.pick(&FILES)).collect();
    let shown = |part: &&str| match PLACEHOLDERS.contains(part) {
        true => (*part).to_owned(),
        false => written(part),
    };
    let name = parts.iter().map(shown).collect::<Vec<_>>().join(".");
    let and = files
        .iter()
        .map(|file| format!("`{file}'"))
        .collect::<Vec<_>>()
        .join(" and ");
    let lines = files
        .iter()
        .map(|file| format!("  - {file}"))
        .collect::<Vec<_>>()
        .join("\n");
    let texts = |texts: &[&str]| Expr::List(texts.iter().map(|text| Expr::str(*text)).collect());
    let value = |text: String| Expected::Value(Plain::Str(text));
    gives(
        "shown",
        Expr::call(ASKED, [texts(&parts), texts(&files)]),
        [
            ("name", value(name.clone())),
            ("files", value(and)),
            ("both", value(format!("{name}, with values defined in:\n{lines}\n"))),
            (
                "is",
                Expected::Value(Plain::List([true, false, false].map(Plain::Bool).into())),
            ),
        ],
    )
}

/// What is asked of the parts of a name and of files.
const ASKED: &str = "loc: files: { name = lib.showOption loc; files = lib.showFiles files; \
both = lib.options.showOptionWithDefLocs { inherit loc files; }; \
is = map lib.isOption [ (lib.mkOption { }) { _type = \"if\"; } 1 ]; }";

/// Messages show the first lines of each definition.
pub(super) const DEFINITIONS: Law = law(
    "lib-definitions-shown",
    "messages show each definition with its file and the first lines of its value, and a value that fails not at all",
    "A conflict is understood by seeing both values. A message that itself fails, or goes on for pages, hides them.",
    numbers,
    definitions,
);

/// Values that fail, or have several lines, and how they are written; the empty text for those that fail.
const SPECIAL: [(&str, &str); 8] = [
    ("throw \"no\"", ""),
    ("{ a = throw \"no\"; }", ""),
    ("\"one\\ntwo\"", "''\n  one\n  two''"),
    ("\"1\\n2\\n3\\n4\"", "''\n  1\n  2\n  3\n  4''"),
    ("\"1\\n2\\n3\\n4\\n5\"", "''\n  1\n  2\n  3\n  4\n  5''"),
    ("let x = [ x ]; in x", "[\n  [\n    [\n      [\n        [\n          ["),
    // Ten levels are looked at.
    (
        "let nest = n: if n == 0 then throw \"no\" else [ (nest (n - 1)) ]; in nest 10",
        "",
    ),
    (
        "let nest = n: if n == 0 then throw \"no\" else [ (nest (n - 1)) ]; in nest 11",
        "[\n  [\n    [\n      [\n        [\n          [",
    ),
];

fn definitions(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut choices = Choices::of(scene);
    let mut expected = String::new();
    let mut shown = Vec::new();
    for _ in 0..=choices.below(3) {
        let file = choices.pick(&FILES);
        let (value, text) = if choices.yes() {
            let (nix, text) = choices.pick(&SPECIAL);
            // As a result of a function it is evaluated only where it is looked at.
            (Expr::call(&format!("_: {nix}"), [Expr::Null]), text.to_owned())
        } else {
            let value = choices.value(2);
            (value.expr(), super::pretty::pretty(&value))
        };
        shown.push(Expr::attrs([("file", Expr::str(file)), ("value", value)]));
        expected.push_str(&format!("\n- In `{file}'{}", first_lines(&text)));
    }
    gives(
        "shown",
        Expr::call("defs: { text = lib.options.showDefs defs; }", [Expr::List(shown)]),
        [("text", Expected::Value(Plain::Str(expected)))],
    )
}

/// Returns how a message shows a value that is written like this.
fn first_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    match lines.len() {
        0 => String::new(),
        1 => format!(": {text}"),
        count => {
            let more = if count > 5 { "\n    ..." } else { "" };
            format!(":\n    {}{more}", lines[..count.min(5)].join("\n    "))
        }
    }
}
