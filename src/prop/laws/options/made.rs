//! Options that functions make: switches, packages, and such as take anything.

use super::{Choices, PARTS, numbers, written};
use crate::laws::asking::{gives, law};
use crate::{Expected, Expr, Ground, Law, Plain, Question, Scene};

/// `mkEnableOption`.
pub(super) const ENABLE: Law = law(
    "lib-enable-option",
    "`mkEnableOption` declares a switch that is off, with an example and a description",
    "Each service has one. One that were on by default would start every service.",
    numbers,
    enable,
);

fn enable(scene: &Scene, _: &Ground) -> Option<Question> {
    let name = Choices::of(scene).pick(&PARTS);
    let asked = "name: let option = lib.mkEnableOption name; e = value: (lib.evalModules { modules = [ { options.o = \
                 option; } value ]; }).config.o; in { off = e { }; on = e { o = true; }; wrong = e { o = \"yes\"; }; \
                 said = { inherit (option) _type default example description; }; }";
    let said = Plain::attrs([
        ("_type", Plain::str("option")),
        ("default", Plain::Bool(false)),
        ("example", Plain::Bool(true)),
        ("description", Plain::Str(format!("Whether to enable {name}."))),
    ]);
    gives(
        "enable",
        Expr::call(asked, [Expr::str(name)]),
        [
            ("off", Expected::Value(Plain::Bool(false))),
            ("on", Expected::Value(Plain::Bool(true))),
            ("wrong", Expected::Refused(vec!["`o'".into(), "boolean".into()])),
            ("said", Expected::Value(said)),
        ],
    )
}

/// `mkPackageOption`.
pub(super) const PACKAGE: Law = law(
    "lib-package-option",
    "`mkPackageOption` takes its default from the package set by a path, and says so in the manual",
    "Modules name their package once. A default that is looked up elsewhere than the manual says installs another \
     program.",
    numbers,
    package,
);

/// A package set, and what is asked of an option of it.
const PACKAGES: &str = "name: args: let drv = name: { type = \"derivation\"; inherit name; outPath = \"/${name}\"; }; \
pkgs = { alpha = drv \"alpha\"; set.beta = drv \"beta\"; }; option = lib.mkPackageOption pkgs name args; e = value: \
(lib.evalModules { modules = [ { options.o = option; } value ]; }).config.o; in { default = e { }; null = e { o = null; }; \
other = e { o = drv \"other\"; }; said = removeAttrs option [ \"default\" \"type\" ]; wrong = e { o = 1; }; }";

fn package(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut choices = Choices::of(scene);
    let texts = |texts: &[&str]| Expr::List(texts.iter().map(|text| Expr::str(*text)).collect());
    // Where it is: its name, or a path of names, or nowhere.
    let places: [&[&str]; 3] = [&["alpha"], &["set", "beta"], &["set", "two words"]];
    let place = choices.pick(&places);
    let as_list = place.len() > 1 || choices.yes();
    let given = |place: &[&str]| if as_list { texts(place) } else { Expr::str(place[0]) };
    let pkgs_text = choices.pick(&["pkgs", "set"]);
    let nullable = choices.yes();
    let mut args = Vec::new();
    let by_name = choices.yes();
    let title = if by_name { place[place.len() - 1] } else { "Title" };
    // By its name alone, by a path beside the name, or none at all.
    let known = by_name || choices.below(3) > 0;
    if !by_name {
        args.push(("default", if known { given(place) } else { Expr::Null }));
    }
    if nullable {
        args.push(("nullable", Expr::Bool(true)));
    }
    if pkgs_text != "pkgs" {
        args.push(("pkgsText", Expr::str(pkgs_text)));
    }
    let more = choices.pick(&["", "More of it."]);
    if !more.is_empty() {
        args.push(("extraDescription", Expr::str(more)));
    }
    let example = choices.below(3);
    match example {
        1 => args.push(("example", Expr::str("pkgs.x"))),
        2 => args.push(("example", texts(&["a", "two words"]))),
        _ => {}
    }
    let path = place.iter().map(|part| written(part)).collect::<Vec<_>>().join(".");
    let there = place[place.len() - 1] != "two words";
    let package = |name: &str| Expected::Value(Plain::Derivation(format!("/{name}")));
    let default = match (known, there, nullable) {
        (true, true, _) => package(place[place.len() - 1]),
        (true, false, _) => Expected::Refused(vec![format!("{path} cannot be found in {pkgs_text}")]),
        (false, _, true) => Expected::Value(Plain::Null),
        (false, _, false) => Expected::Refused(vec!["`o'".into()]),
    };
    let text = |text: String| Plain::attrs([("_type", Plain::str("literalExpression")), ("text", Plain::Str(text))]);
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(" {more}")
    };
    let mut said = vec![
        ("_type", Plain::str("option")),
        ("description", Plain::Str(format!("The {title} package to use.{more}"))),
    ];
    if known {
        said.push(("defaultText", text(format!("{pkgs_text}.{path}"))));
    }
    match example {
        1 => said.push(("example", text("pkgs.x".into()))),
        2 => said.push(("example", text(format!("{pkgs_text}.a.\"two words\"")))),
        _ => {}
    }
    let null = match nullable {
        true => Expected::Value(Plain::Null),
        false => Expected::Refused(vec!["`o'".into(), "package".into()]),
    };
    let title = if by_name { given(place) } else { Expr::str(title) };
    gives(
        "package",
        Expr::call(PACKAGES, [title, Expr::attrs(args)]),
        [
            ("default", default),
            ("null", null),
            ("other", package("other")),
            ("said", Expected::Value(Plain::attrs(said))),
            ("wrong", Expected::Refused(vec!["`o'".into(), "package".into()])),
        ],
    )
}

/// `mkSinkUndeclaredOptions`.
pub(super) const SINK: Law = law(
    "lib-sink-option",
    "`mkSinkUndeclaredOptions` takes any definitions, cannot be read, and is not in the manual",
    "A module that is shared between module sets defines options that not all of these have.",
    numbers,
    sink,
);

fn sink(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut choices = Choices::of(scene);
    let (first, second) = (choices.value(1), choices.value(1));
    let internal = choices.yes();
    let args = if internal {
        Vec::new()
    } else {
        vec![("internal", Expr::Bool(false))]
    };
    let asked = "args: first: second: let option = lib.mkSinkUndeclaredOptions args; e = lib.evalModules { modules = [ { \
                 options.o = option; options.p = lib.mkOption { default = 1; }; } { o = first; } { o.deep.er = second; } ]; }; in { read = e.config.o; other = \
                 e.config.p; said = removeAttrs option [ \"type\" \"apply\" ]; is = option.type.name; merged = \
                 option.type.merge [ \"o\" ] [ { file = \"f\"; value = first; } ]; takes = option.type.check second; }";
    let said = Plain::attrs([
        ("_type", Plain::str("option")),
        ("internal", Plain::Bool(internal)),
        ("visible", Plain::Bool(false)),
        ("default", Plain::Bool(false)),
        ("description", Plain::str("Sink for option definitions.")),
    ]);
    gives(
        "sink",
        Expr::call(asked, [Expr::attrs(args), first.expr(), second.expr()]),
        [
            ("read", Expected::Refused(vec!["not declared".into()])),
            ("other", Expected::Value(Plain::Int(1))),
            ("said", Expected::Value(said)),
            ("is", Expected::Value(Plain::str("sink"))),
            ("merged", Expected::Value(Plain::Bool(false))),
            ("takes", Expected::Value(Plain::Bool(true))),
        ],
    )
}
