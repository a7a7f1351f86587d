//! The documentation of options, as manuals are made of.

use super::pretty::pretty;
use super::{Choices, numbers, written};
use crate::laws::asking::law;
use crate::{Claim, Def, Expected, Expr, Ground, Law, Plain, Question, Scene, Side};

/// What the manual says of options.
pub(super) const DOCS: Law = law(
    "lib-docs-told",
    "the manual tells of each option what its declaration says, and hides what is to be hidden",
    "The manual of NixOS and `man configuration.nix` are made of this list. What is missing there is not found, and \
     an internal option that is shown gets used.",
    numbers,
    question,
);

/// A type: its Nix, its description, what an option of it has without a default, and what is below it.
struct Kind {
    nix: &'static str,
    description: &'static str,
    empty: Option<&'static str>,
    below: Option<&'static [&'static str]>,
}

const KINDS: [Kind; 8] = [
    plain("lib.types.int", "signed integer", None),
    plain("lib.types.str", "string", None),
    plain("lib.types.listOf lib.types.str", "list of string", Some("[ ]")),
    plain(
        "lib.types.attrsOf lib.types.int",
        "attribute set of signed integer",
        Some("{ }"),
    ),
    plain("lib.types.nullOr lib.types.int", "null or signed integer", Some("null")),
    plain(
        "lib.types.either lib.types.int (lib.types.listOf lib.types.str)",
        "signed integer or list of string",
        None,
    ),
    over(
        "lib.types.submodule { options.inner = lib.mkOption { type = lib.types.int; }; }",
        "submodule",
        &[],
    ),
    over(
        "lib.types.attrsOf (lib.types.submodule { options.inner = lib.mkOption { type = lib.types.int; }; })",
        "attribute set of (submodule)",
        &["<name>"],
    ),
];

const fn plain(nix: &'static str, description: &'static str, empty: Option<&'static str>) -> Kind {
    Kind {
        nix,
        description,
        empty,
        below: None,
    }
}

const fn over(nix: &'static str, description: &'static str, below: &'static [&'static str]) -> Kind {
    Kind {
        nix,
        description,
        empty: None,
        below: Some(below),
    }
}

/// What `visible` may be: Nix, whether the option itself is shown, and whether what is below it is.
const VISIBLE: [(&str, bool, bool); 5] = [
    ("", true, true),
    ("true", true, true),
    ("false", false, false),
    ("\"shallow\"", true, false),
    ("\"transparent\"", false, true),
];

fn question(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut choices = Choices::of(scene);
    let mut declared = Vec::new();
    let mut expected = Vec::new();
    // Their names are in order.
    for name in ["alpha", "two words"] {
        let (fields, told) = option(&mut choices, name);
        declared.push((name, Expr::call("lib.mkOption", [Expr::attrs(fields)])));
        expected.extend(told);
    }
    let file = choices.pick(&["", "a.nix"]);
    let module = match file {
        "" => Expr::attrs([("options", Expr::attrs(declared))]),
        file => Expr::attrs([("_file", Expr::str(file)), ("options", Expr::attrs(declared))]),
    };
    // What has no file names none.
    let declarations = match file {
        "" => Vec::new(),
        file => vec![Plain::str(file)],
    };
    for told in &mut expected {
        told.push(("declarations", Plain::List(declarations.clone())));
    }
    let expected = expected.into_iter().map(Plain::attrs).collect();
    let asked = "modules: let all = lib.optionAttrSetToDocList (lib.evalModules { inherit modules; }).options; in { \
                 told = builtins.filter (o: !lib.elem \"_module\" o.loc) all; internal = map (o: [ o.name o.internal \
                 o.readOnly ]) (builtins.filter (o: lib.length o.loc == 2 && lib.head o.loc == \"_module\") all); }";
    let own = [
        ("args", false, false),
        ("check", true, false),
        ("freeformType", true, false),
        ("specialArgs", true, true),
    ];
    let own = own.map(|(name, internal, read_only)| {
        let name = Plain::Str(format!("_module.{name}"));
        Plain::List(vec![name, Plain::Bool(internal), Plain::Bool(read_only)])
    });
    let parts = [
        ("told".to_owned(), Expected::Value(Plain::List(expected))),
        ("internal".to_owned(), Expected::Value(Plain::List(own.into()))),
    ];
    Some(Question {
        sides: vec![Side {
            name: "docs",
            expr: Expr::call(asked, [Expr::List(vec![module])]),
        }],
        claims: vec![Claim::Parts(0, parts.into())],
    })
}

type Told = Vec<(&'static str, Plain)>;

/// Returns the declaration of an option, and what the manual says of it and of what is below it.
fn option(choices: &mut Choices<'_>, name: &'static str) -> (Vec<(&'static str, Expr)>, Vec<Told>) {
    let kind = &KINDS[choices.below(KINDS.len())];
    let mut fields = vec![("type", Expr::nix(kind.nix))];
    let (visible, shown, shown_below) = choices.pick(&VISIBLE);
    if !visible.is_empty() {
        fields.push(("visible", Expr::nix(visible)));
    }
    let mut told = said(name, &[], kind.description);
    told.push(("visible", Plain::Bool(shown)));
    let mut flag = |choices: &mut Choices<'_>, field: &'static str| {
        let set = choices.below(3);
        if set > 0 {
            fields.push((field, Expr::Bool(set == 2)));
        }
        (field, Plain::Bool(set == 2))
    };
    told.push(flag(choices, "internal"));
    told.push(flag(choices, "readOnly"));
    let description = choices.yes().then_some("What it is.");
    if let Some(text) = description {
        fields.push(("description", Expr::str(text)));
    }
    told.push(("description", description.map_or(Plain::Null, Plain::str)));
    let mut rendered = |choices: &mut Choices<'_>, field: &'static str| match choices.below(4) {
        0 | 1 => None,
        2 => {
            let value = choices.value(2);
            fields.push((field, value.expr()));
            Some(pretty(&value))
        }
        _ => {
            fields.push((field, Expr::call("lib.literalExpression", [Expr::str("a text")])));
            Some("a text".into())
        }
    };
    if let Some(text) = rendered(choices, "example") {
        told.push(("example", literal(text)));
    }
    // The text comes before the value, and that before what the type has without any.
    let text = rendered(choices, "defaultText");
    let value = rendered(choices, "default");
    if let Some(text) = text.or(value).or(kind.empty.map(Into::into)) {
        told.push(("default", literal(text)));
    }
    match choices.below(3) {
        1 => fields.push(("relatedPackages", Expr::Null)),
        2 => {
            fields.push(("relatedPackages", Def::List(vec![Def::str("hello")]).expr()));
            told.push(("relatedPackages", Plain::List(vec![Plain::str("hello")])));
        }
        _ => {}
    }
    let mut all = vec![told];
    if let (Some(path), true) = (kind.below, shown_below) {
        let path: Vec<&str> = path.iter().chain(&["inner"]).copied().collect();
        let mut inner = said(name, &path, "signed integer");
        inner.push(("visible", Plain::Bool(true)));
        inner.push(("internal", Plain::Bool(false)));
        inner.push(("readOnly", Plain::Bool(false)));
        inner.push(("description", Plain::Null));
        all.push(inner);
    }
    (fields, all)
}

/// What is said of an option whatever its declaration says.
fn said(name: &str, below: &[&str], ty: &str) -> Told {
    let mut shown = written(name);
    let mut loc = vec![Plain::str(name)];
    for part in below {
        loc.push(Plain::str(*part));
        shown.push('.');
        shown.push_str(part);
    }
    vec![
        ("loc", Plain::List(loc)),
        ("name", Plain::Str(shown)),
        ("type", Plain::str(ty)),
    ]
}

fn literal(text: String) -> Plain {
    Plain::attrs([("_type", Plain::str("literalExpression")), ("text", Plain::Str(text))])
}
