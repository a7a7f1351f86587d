//! Texts that stand for values in documentation.

use super::{Choices, numbers};
use crate::laws::asking::{gives, law};
use crate::{Def, Expected, Expr, Ground, Law, Plain, Question, Scene};

/// `literalExpression`, `literalMD` and `literalCode` keep a text; values are scrubbed of derivations.
pub(super) const LITERAL: Law = law(
    "lib-literal-texts",
    "`literalExpression` and `literalMD` keep a text as it is and refuse what is none, and a rendered value is the \
     value written as Nix",
    "The manual shows a default as its module wrote it. A text that is rendered twice, or a value taken for a text, \
     shows what nobody can paste.",
    numbers,
    question,
);

/// What is asked of a value: as text of some kind, rendered, and without derivations.
const ASKED: &str = "value: { expression = lib.literalExpression value; markdown = lib.literalMD value; \
code = lib.options.literalCode \"sh\" value; rendered = lib.options.renderOptionValue value; again = \
lib.options.renderOptionValue (lib.options.renderOptionValue value); \
scrubbed = lib.options.scrubOptionValue { inherit value; _args = 1; }; \
derivations = lib.options.scrubOptionValue [ { type = \"derivation\"; name = \"n\"; drvPath = throw \"d\"; \
more = throw \"m\"; } ]; }";

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let value = Choices::of(scene).value(2);
    let plain = value.plain()?;
    let kind = |kind: &str, text: String| Plain::attrs([("_type", Plain::str(kind)), ("text", Plain::str(text))]);
    let text = |kind_of: &str, around: &dyn Fn(&str) -> String| match &value {
        Def::Str(text) => Expected::Value(kind(kind_of, around(text))),
        // A number in a code block is refused by the language and not by the library.
        _ => Expected::Refused(vec![format!("{kind_of} expects a string.")]),
    };
    let rendered = Expected::Value(kind("literalExpression", super::pretty::pretty(&value)));
    let mut expected = vec![
        ("expression", text("literalExpression", &|text| text.to_owned())),
        ("markdown", text("literalMD", &|text| text.to_owned())),
        ("rendered", rendered.clone()),
        ("again", rendered),
        ("scrubbed", Expected::Value(Plain::attrs([("value", plain)]))),
        (
            "derivations",
            Expected::Value(Plain::List(vec![Plain::Derivation("n".into())])),
        ),
    ];
    if let Def::Str(_) = value {
        expected.push(("code", text("literalMD", &|text| format!("```sh\n{text}\n```\n"))));
    }
    gives("texts", Expr::call(ASKED, [value.expr()]), expected)
}
