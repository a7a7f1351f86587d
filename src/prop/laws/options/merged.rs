//! Merging without a type: the functions that types and modules merge with.

use super::{Choices, FILES, numbers};
use crate::laws::asking::{gives, law};
use crate::{Claim, Def, Expected, Expr, Ground, Law, Plain, Question, Scene, Side};

/// The merge functions of options.
pub(super) const MERGED: Law = law(
    "lib-merge-functions",
    "`mergeDefaultOption` joins values of one kind, `mergeEqualOption` takes equal ones, `mergeOneOption` and \
     `mergeUniqueOption` a single one, and each names the option and the files where it refuses",
    "They are what a type without a `merge` of its own does, in nixpkgs and in the user's modules.",
    numbers,
    question,
);

/// What is asked of definitions.
const ASKED: &str = "defs: let loc = [ \"o\" \"two words\" ]; in { default = lib.mergeDefaultOption loc defs; \
equal = lib.mergeEqualOption loc defs; one = lib.mergeOneOption loc defs; \
unique = lib.options.mergeUniqueOption { message = \"a hint\"; merge = loc: defs: [ loc (lib.head defs).value ]; } loc defs; \
values = lib.getValues defs; files = lib.getFiles defs; }";

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut choices = Choices::of(scene);
    let kind = choices.below(7);
    let count = 1 + choices.below(3);
    let mut values = Vec::with_capacity(count);
    for i in 0..count {
        // Mostly all are of one kind.
        let kind = if i > 0 && choices.below(5) == 4 {
            choices.below(7)
        } else {
            kind
        };
        values.push(of_kind(&mut choices, kind));
    }
    let files: Vec<&str> = (0..count).map(|_| choices.pick(&FILES)).collect();
    let definition = |(value, file): (&Def, &&str)| Expr::attrs([("file", Expr::str(*file)), ("value", value.expr())]);
    let defs = values.iter().zip(&files).map(definition).collect();
    let plain: Vec<Plain> = values.iter().map(Def::plain).collect::<Option<_>>()?;
    let name = "o.\"two words\"".to_owned();
    let refused = |words: &[&str]| {
        let mut all = vec![name.clone()];
        all.extend(words.iter().map(|word| (*word).to_owned()));
        all.extend(files.iter().take(2).map(|file| format!("`{file}'")));
        Expected::Refused(all)
    };
    let single = |value: Plain, words: &[&str]| match count {
        1 => Expected::Value(value),
        _ => refused(words),
    };
    let equal = match plain.iter().all(|value| *value == plain[0]) {
        true => Expected::Value(plain[0].clone()),
        // It names the first, and the first that differs.
        false => Expected::Refused(vec![
            name.clone(),
            "conflicting definition values".into(),
            "mkForce".into(),
        ]),
    };
    let loc = Plain::List(vec![Plain::str("o"), Plain::str("two words")]);
    let expected = [
        (
            "default",
            joined(&plain).map_or_else(|| refused(&["Cannot merge definitions"]), Expected::Value),
        ),
        ("equal", equal),
        ("one", single(plain[0].clone(), &["expected to be unique", "mkForce"])),
        (
            "unique",
            single(
                Plain::List(vec![loc, plain[0].clone()]),
                &["expected to be unique", "a hint"],
            ),
        ),
        ("values", Expected::Value(Plain::List(plain.clone()))),
        (
            "files",
            Expected::Value(Plain::List(files.iter().map(|file| Plain::str(*file)).collect())),
        ),
    ];
    Some(Question {
        sides: vec![
            Side {
                name: "merged",
                expr: Expr::call(ASKED, [Expr::List(defs)]),
            },
            Side {
                name: "function",
                // Several are another law's.
                expr: Expr::call(
                    "value: { called = lib.mergeDefaultOption [ \"f\" ] [ { value = _: value; file = \"f\"; } ] null; }",
                    [values[0].expr()],
                ),
            },
        ],
        claims: vec![
            Claim::Parts(0, expected.map(|(part, expected)| (part.to_owned(), expected)).into()),
            Claim::Parts(1, [("called".to_owned(), Expected::Value(plain[0].clone()))].into()),
        ],
    })
}

/// Merging functions without a type.
pub(super) const FUNCTIONS: Law = law(
    "lib-functions-merge",
    "functions that are merged without a type give what their results merge to",
    "A module may give a function, such as an overlay, to an option without a type. Two of them must give one that \
     can be called.",
    numbers,
    |scene, _| {
        let mut choices = Choices::of(scene);
        let results: Vec<Def> = (0..functions(&mut choices)).map(|_| of_kind(&mut choices, 3)).collect();
        let plain: Vec<Plain> = results.iter().map(Def::plain).collect::<Option<_>>()?;
        let asked = "results: { called = lib.mergeDefaultOption [ \"o\" ] (map (result: { file = \"a.nix\"; value = \
                     _: result; }) results) null; }";
        gives(
            "merged",
            Expr::call(asked, [Expr::List(results.iter().map(Def::expr).collect())]),
            [("called", Expected::Value(joined(&plain)?))],
        )
    },
);

/// Draws how many functions are merged.
fn functions(choices: &mut Choices<'_>) -> usize {
    1 + choices.below(3)
}

/// Whether a scene of [`FUNCTIONS`] has several.
pub(in crate::laws) fn has_functions(scene: &Scene) -> bool {
    functions(&mut Choices::of(scene)) > 1
}

fn of_kind(choices: &mut Choices<'_>, kind: usize) -> Def {
    match kind {
        0 => Def::Int(i64::try_from(choices.below(2)).unwrap_or_default()),
        1 => Def::Bool(choices.yes()),
        2 => Def::str(choices.pick(&["", "x", "y"])),
        3 => {
            let count = choices.below(3);
            Def::List((0..count).map(|_| choices.value(0)).collect())
        }
        4 => {
            let count = choices.below(3);
            let entry = |name: &&str| ((*name).to_owned(), choices.value(0));
            Def::Attrs(["x", "y"][..count].iter().map(entry).collect())
        }
        5 => Def::Null,
        _ => Def::Float(0.5),
    }
}

/// Returns what joining values of one kind gives; `None` if they cannot be joined.
fn joined(values: &[Plain]) -> Option<Plain> {
    if let [only] = values {
        return Some(only.clone());
    }
    let mut joined = values.first()?.clone();
    for value in &values[1..] {
        joined = match (joined, value) {
            (Plain::List(mut list), Plain::List(more)) => {
                list.extend(more.iter().cloned());
                Plain::List(list)
            }
            (Plain::Attrs(mut set), Plain::Attrs(more)) => {
                set.extend(more.clone());
                Plain::Attrs(set)
            }
            (Plain::Bool(a), Plain::Bool(b)) => Plain::Bool(a || *b),
            (Plain::Str(a), Plain::Str(b)) => Plain::Str(a + b),
            (Plain::Int(a), Plain::Int(b)) if a == *b => Plain::Int(a),
            _ => return None,
        };
    }
    Some(joined)
}
