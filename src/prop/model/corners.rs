//! The law about what types do that random modules seldom ask for: a table of sentences, each an expression that must
//! be true, or must be refused.

use super::Edition;
use crate::{Claim, Expected, Expr, Ground, Law, Module, Plain, Question, Scene, Scope, Side};
use diag::Severity;
use std::collections::BTreeMap;

/// What types do with unusual arguments is what the table says.
pub const LAW: Law = Law {
    id: "lib-type-corners",
    scope: Scope::Lib,
    severity: Severity::Error,
    title: "types with unusual arguments do what the reference says of them",
    why: "Classes of modules, arguments of submodules, tags, modules as values, types as values: rarely used, and then \
          relied on.",
    fix: "The part's name says which sentence does not hold; it is an expression that must be true.",
    draw: |draw, ground| {
        known(ground)?;
        Some(Scene {
            modules: vec![Module::default()],
            choices: vec![u32::try_from(draw.below(GROUPS.len())).ok()?],
        })
    },
    question: |scene, ground| {
        known(ground)?;
        let group = GROUPS.get(usize::try_from(*scene.choices.first()?).ok()?)?;
        let mut parts = BTreeMap::new();
        // One text for all, evaluated once and kept, as is the library; the sentences are evaluated for each case.
        let mut text = format!("let {HEAD}in _: {{\n");
        for Corner { name, nix, refused } in group.iter() {
            let expected = match refused {
                [] => Expected::Value(Plain::Bool(true)),
                words => Expected::Refused(words.iter().map(|word| (*word).to_owned()).collect()),
            };
            parts.insert((*name).to_owned(), expected);
            text.extend(["  ", name, " = ", nix, ";\n"]);
        }
        text.push('}');
        Some(Question {
            sides: vec![Side {
                name: "sentences",
                expr: Expr::call(&text, [Expr::Null]),
            }],
            claims: vec![Claim::Parts(0, parts)],
        })
    },
};

fn known(ground: &Ground) -> Option<Edition> {
    Edition::of(ground).filter(|edition| *edition == Edition::Current)
}

/// A sentence.
#[derive(Debug)]
struct Corner {
    name: &'static str,
    /// What must be true, or refused.
    nix: &'static str,
    /// Words of the refusal.
    refused: &'static [&'static str],
}

const fn holds(name: &'static str, nix: &'static str) -> Corner {
    Corner {
        name,
        nix,
        refused: &[],
    }
}

const fn fails(name: &'static str, nix: &'static str, refused: &'static [&'static str]) -> Corner {
    Corner { name, nix, refused }
}

/// Names that all sentences use: `def` makes a definition, `merge` merges definitions of files `f`, `g`… of an
/// option `o` of a type, `config` evaluates modules, `joined` is the type of two declarations.
const HEAD: &str = "inherit (lib) types mkOption; opt = type: mkOption { inherit type; }; \
def = file: value: { inherit file value; }; \
merge = type: values: (config (map (value: { _file = \"f\"; o = value; }) (lib.reverseList values) ++ [ { options.o = opt type; } ])).o; \
config = modules: (lib.evalModules { inherit modules; }).config; \
options = modules: (lib.evalModules { inherit modules; }).options; \
joined = a: b: a.typeMerge b.functor; \
below = t: lib.attrNames (removeAttrs (t.getSubOptions [ \"x\" ]) [ \"_module\" ]); ";

static GROUPS: &[&[Corner]] = &[CORE, TAGS, MODULES, SUBMODULES, CONFLICTS, VALUES, COHERENCE, META];

const CORE: &[Corner] = &[
    holds(
        "is-type",
        "lib.types.isType \"a\" { _type = \"a\"; } && !lib.types.isType \"a\" { } && !lib.types.isType \"a\" { _type = \"b\"; }",
    ),
    holds(
        "set-type",
        "lib.types.setType \"a\" { b = 1; _type = \"c\"; } == { _type = \"a\"; b = 1; }",
    ),
    holds(
        "is-option-type",
        "lib.types.isOptionType types.int && !lib.types.isOptionType { }",
    ),
    holds(
        "made-description",
        "(lib.mkOptionType { name = \"a\"; }).description == \"a\" && (lib.mkOptionType { name = \"a\"; description = \"b\"; }).description == \"b\"",
    ),
    holds(
        "made-defaults",
        "let t = lib.mkOptionType { name = \"a\"; }; in t.check null && t.emptyValue == { } && t.getSubOptions [ ] == { } && t.getSubModules == null && t.substSubModules [ ] == null && t.deprecationMessage == null && t.nestedTypes == { } && t.descriptionClass == null",
    ),
    holds(
        "made-merge",
        "(lib.mkOptionType { name = \"a\"; }).merge [ ] [ (def \"f\" [ 1 ]) (def \"g\" [ 2 ]) ] == [ 1 2 ]",
    ),
    holds(
        "made-functor",
        "let f = (lib.mkOptionType { name = \"int\"; }).functor; in f.name == \"int\" && f.payload == null && f.type.name == \"int\" && f.binOp 1 2 == null && (lib.mkOptionType { name = \"none\"; }).functor.type == null",
    ),
    holds(
        "made-join",
        "let t = lib.mkOptionType { name = \"int\"; }; in (joined t t).name == \"int\" && joined t types.str == null",
    ),
    holds(
        "default-functor",
        "(lib.types.defaultFunctor \"bool\").type.name == \"bool\" && (lib.types.defaultFunctor \"bool\").payload == null",
    ),
    holds(
        "default-type-merge",
        "let f = name: payload: { inherit name payload; type = x: [ x ]; binOp = a: b: if a == b then a else null; }; in lib.types.defaultTypeMerge (f \"a\" 1) (f \"a\" 1) == [ 1 ] && lib.types.defaultTypeMerge (f \"a\" 1) (f \"a\" 2) == null && lib.types.defaultTypeMerge (f \"a\" 1) (f \"b\" 1) == null",
    ),
    holds(
        "merge-types",
        "(lib.types.mergeTypes (types.enum [ 1 ]) (types.enum [ 2 1 ])).check 2",
    ),
    holds(
        "merge-types-not",
        "let e = lib.types.mergeTypes types.int types.str; in e._type == \"merge-error\" && e.error == \"Cannot merge types\"",
    ),
    fails("merge-no-types", "lib.types.mergeTypes types.int { }", &["assertion"]),
    fails(
        "merge-no-types-first",
        "lib.types.mergeTypes { } types.int",
        &["assertion"],
    ),
    holds(
        "phrase",
        "let p = lib.types.optionDescriptionPhrase (class: class == \"noun\"); in p types.int == \"signed integer\" && p (types.listOf types.int) == \"(list of signed integer)\" && p { description = \"a\"; } == \"(a)\"",
    ),
    holds("types-of-types", "lib.types.types ? int"),
    fails(
        "one-of-none",
        "types.oneOf [ ]",
        &["types.oneOf needs to get at least one type in its argument"],
    ),
    holds("one-of-one", "(types.oneOf [ types.int ]).name == \"int\""),
    fails(
        "between-nothing",
        "types.ints.between 2 1",
        &["lowest must be smaller than highest"],
    ),
    holds(
        "between-one",
        "(types.ints.between 2 2).check 2 && (types.numbers.between 2 2).check 2.0",
    ),
    fails(
        "numbers-between-nothing",
        "types.numbers.between 2 1",
        &["lowest must be smaller than highest"],
    ),
    fails(
        "coerced-submodule",
        "types.coercedTo (types.submodule { }) (x: x) types.int",
        &["coercedTo: coercedType must not have submodules"],
    ),
    fails(
        "path-in-store-not-absolute",
        "types.pathWith { inStore = true; absolute = false; }",
        &["In pathWith, inStore means the path must be absolute"],
    ),
    holds(
        "path-with-anything",
        "types.pathWith { inStore = false; absolute = false; } ? check && types.pathWith { inStore = true; absolute = true; } ? check && types.pathWith { absolute = false; } ? check",
    ),
    holds(
        "path-type-joins",
        "(joined types.path types.path).description == \"absolute path\" && joined types.path types.pathInStore == null",
    ),
];

const TAGS: &[Corner] = &[
    fails(
        "tag-type",
        "(types.attrTag { a = types.int; }).nestedTypes.a",
        &["In attrTag, each tag value must be an option, but tag a was a bare type, not wrapped in mkOption."],
    ),
    fails(
        "tag-other",
        "(types.attrTag { a._type = \"b\"; }).nestedTypes.a",
        &["but tag a was of type \"b\"."],
    ),
    fails(
        "tag-none",
        "(types.attrTag { a = { }; }).nestedTypes.a",
        &["but tag a was not."],
    ),
    fails(
        "tag-unknown",
        "(types.attrTag { a = opt types.int; }).merge [ \"o\" ] [ (def \"f\" { b = 1; }) ]",
        &["The option `o` is defined as b, but b is not among the valid choices (a). Value b was defined in `f'."],
    ),
    holds(
        "tag-declarations",
        "(types.attrTag { a = opt types.int // { declarations = [ \"z\" ]; declarationPositions = [ 1 ]; }; }).nestedTypes.a.declarations == [ \"z\" ]",
    ),
    holds(
        "tag-positions",
        "(types.attrTag { a = opt types.int // { declarations = [ \"z\" ]; declarationPositions = [ 1 ]; }; }).nestedTypes.a.declarationPositions == [ 1 ]",
    ),
    holds(
        "tags-join",
        "let t = n: types.attrTag { a = opt (types.enum [ n ]) // { declarations = [ n ]; declarationPositions = [ n ]; }; ${n} = opt types.int; }; j = joined (t \"x\") (t \"y\"); in j.description == \"attribute-tagged union with choices: a, x, y\" && j.nestedTypes.a.declarations == [ \"x\" \"y\" ] && j.nestedTypes.a.declarationPositions == [ \"x\" \"y\" ] && j.nestedTypes.a.type.description == \"one of \\\"x\\\", \\\"y\\\"\"",
    ),
    fails(
        "tags-exclude",
        "(joined (types.attrTag { a = opt types.int; }) (types.attrTag { a = opt types.str; })).nestedTypes.a.type",
        &["The option `a' in `<attrTag {...}>' is already declared in `<attrTag {...}>'."],
    ),
    holds(
        "tag-below",
        "(types.attrTag { a = opt types.int; }).getSubOptions [ \"x\" ] ? a && ((types.attrTag { a = opt types.int; }).getSubOptions [ \"x\" ]).a.loc == [ \"x\" \"a\" ]",
    ),
    holds(
        "tag-apply",
        "merge (types.attrTag { a = mkOption { type = types.int; apply = x: x + 1; }; }) [ { a = 1; } ] == { a = 2; }",
    ),
    holds(
        "tag-check",
        "let t = types.attrTag { a = opt types.int; b = opt types.int; }; in t.check { a = 1; } && !t.check { a = 1; b = 1; } && !t.check { c = 1; } && !t.check [ ] && !t.check { }",
    ),
    fails(
        "tag-both",
        "(merge (types.attrTag { a = opt types.int; b = opt types.int; }) [ { a = 1; } { b = 2; } ]).a",
        &["The option `o` is defined both as `a` and `b`, in `f' and `f'."],
    ),
];

const MODULES: &[Corner] = &[
    holds(
        "deferred",
        "merge types.deferredModule [ { a = 1; } ] == { imports = [ { _file = \"f, via option o\"; imports = [ { a = 1; } ]; } ]; }",
    ),
    holds(
        "deferred-static",
        "(types.deferredModuleWith { staticModules = [ { b = 1; } ]; }).merge [ \"o\" ] [ (def \"f\" { a = 1; }) ] == { imports = [ { b = 1; } { _file = \"f, via option o\"; imports = [ { a = 1; } ]; } ]; }",
    ),
    holds(
        "deferred-evaluated",
        "(config [ (merge (types.deferredModuleWith { staticModules = [ { options.a = opt types.int; } ]; }) [ { a = 1; } ]) ]).a == 1",
    ),
    holds(
        "deferred-modules",
        "(types.deferredModuleWith { staticModules = [ \"m\" ]; }).getSubModules == [ \"m\" ]",
    ),
    holds(
        "deferred-other",
        "((types.deferredModuleWith { staticModules = [ \"m\" ]; }).substSubModules [ \"n\" ]).getSubModules == [ \"n\" ]",
    ),
    holds(
        "deferred-below",
        "below (types.deferredModuleWith { staticModules = [ { options.a = opt types.int; } ]; }) == [ \"a\" ] && below types.deferredModule == [ ]",
    ),
    holds(
        "deferred-join",
        "(joined (types.deferredModuleWith { staticModules = [ \"m\" ]; }) (types.deferredModuleWith { staticModules = [ \"n\" ]; })).getSubModules == [ \"m\" \"n\" ]",
    ),
    holds(
        "deferred-check",
        "types.deferredModule.check (x: x) && types.deferredModule.check \"/a\" && !types.deferredModule.check \"a\"",
    ),
    holds(
        "type-check",
        "types.optionType.check types.int && !types.optionType.check { } && !types.optionType.check (opt types.int)",
    ),
    holds("type-one", "(merge types.optionType [ types.int ]).name == \"int\""),
    holds(
        "types-join",
        "(merge types.optionType [ (types.enum [ 1 ]) (types.enum [ 2 ]) ]).description == \"one of 1, 2\"",
    ),
    fails(
        "types-exclude",
        "merge types.optionType [ types.int types.str ]",
        &["The option `o' in `f' is already declared in `f'."],
    ),
    holds(
        "types-submodules",
        "below (merge types.optionType [ (types.submodule { options.a = opt types.int; }) (types.submodule { options.b = opt types.int; }) ]) == [ \"a\" \"b\" ]",
    ),
    holds(
        "declaration-check",
        "let t = types.optionDeclaration; in t.check (opt types.int) && !t.check (opt types.int // { value = 1; }) && !t.check types.int && !t.check { }",
    ),
    holds(
        "function-arguments",
        "(types.functionTo types.int).merge [ ] [ (def \"f\" ({ a, b ? 1, d ? 1 }: 1)) (def \"g\" ({ a ? 2, b ? 1, c }: 1)) ] ? __functionArgs && ((types.functionTo types.int).merge [ ] [ (def \"f\" ({ a, b ? 1, d ? 1 }: 1)) (def \"g\" ({ a ? 2, b ? 1, c }: 1)) ]).__functionArgs == { a = false; b = true; c = false; d = true; }",
    ),
    holds(
        "function-results",
        "merge (types.functionTo (types.listOf types.int)) [ (x: [ x ]) (x: [ (x + 1) ]) ] 5 == [ 5 6 ]",
    ),
    fails(
        "function-wrong",
        "merge (types.functionTo types.int) [ (_: \"a\") ] null",
        &["`o.<function body>'", "is not of type `signed integer'"],
    ),
    holds(
        "anything-functions",
        "merge types.anything [ (x: { a = x; }) (x: { b = x; }) ] 1 == { a = 1; b = 1; }",
    ),
    fails(
        "anything-function-wrong",
        "merge types.anything [ (_: 1) (_: 2) ] null",
        &["`o.<function body>'", "has conflicting definition values"],
    ),
    holds(
        "anything-text-set",
        "(merge types.anything [ { outPath = \"a\"; } ]).outPath == \"a\"",
    ),
    fails(
        "anything-text-sets",
        "merge types.anything [ { outPath = \"a\"; } { outPath = \"a\"; } ]",
        &["option `o' is defined multiple times"],
    ),
    fails(
        "anything-mixed",
        "merge types.anything [ { outPath = \"a\"; } { } ]",
        &["has conflicting option types"],
    ),
    holds(
        "docs-module",
        "!lib.types ? noCheckForDocsModule || lib.types.noCheckForDocsModule.config._module.check.content == false",
    ),
];

const SUBMODULES: &[Corner] = &[
    holds(
        "name",
        "merge (types.attrsOf (types.submodule ({ name, ... }: { options.n = mkOption { default = name; }; }))) [ { a = { }; } ] == { a.n = \"a\"; }",
    ),
    holds(
        "name-of-nothing",
        "(types.submodule ({ name, ... }: { options.n = mkOption { default = name; }; })).emptyValue.value.n == \"‹name›\"",
    ),
    holds(
        "name-below",
        "((types.submodule ({ name, ... }: { options.n = mkOption { default = name; }; })).getSubOptions [ ]).n.value == \"‹name›\"",
    ),
    holds(
        "arguments",
        "merge (types.submoduleWith { modules = [ ({ given, ... }: { options.a = mkOption { default = given; }; }) ]; specialArgs.given = 7; }) [ { } ] == { a = 7; }",
    ),
    holds(
        "several-modules",
        "merge (types.submodule [ { options.a = mkOption { default = 1; }; } { options.b = mkOption { default = 2; }; } ]) [ { } ] == { a = 1; b = 2; }",
    ),
    holds(
        "short",
        "merge (types.submodule { options.config = opt types.int; options.options = opt types.int; }) [ { config = 1; options = 2; } ] == { config = 1; options = 2; }",
    ),
    holds(
        "long",
        "merge (types.submoduleWith { modules = [ { options.a = opt types.int; } ]; }) [ { config.a = 1; } ] == { a = 1; }",
    ),
    holds(
        "long-options",
        "merge (types.submoduleWith { modules = [ ]; }) [ { options.b = mkOption { default = 3; }; } ] == { b = 3; }",
    ),
    holds(
        "function",
        "merge (types.submodule { options.a = opt types.int; }) [ ({ ... }: { a = 4; }) ] == { a = 4; }",
    ),
    holds(
        "description",
        "(types.submoduleWith { modules = [ ]; description = \"a thing\"; }).description == \"a thing\"",
    ),
    holds(
        "description-open",
        "(types.submodule { freeformType = types.attrsOf (types.either types.int types.str); }).description == \"open submodule of attribute set of (signed integer or string)\"",
    ),
    holds(
        "description-open-or",
        "(types.submodule { freeformType = types.nullOr types.int; }).description == \"open submodule of (null or signed integer)\"",
    ),
    holds(
        "below-open",
        "let t = types.submodule { freeformType = types.attrsOf (types.submodule { options.b = opt types.int; }); options.a = opt types.int; }; in (t.getSubOptions [ \"x\" ])._freeformOptions.b.loc == [ \"x\" \"<name>\" \"b\" ]",
    ),
    holds(
        "below-prefix",
        "((types.submodule { options.a = opt types.int; }).getSubOptions [ \"x\" ]).a.loc == [ \"x\" \"a\" ]",
    ),
    holds(
        "nested",
        "(types.submodule { freeformType = types.attrsOf types.int; }).nestedTypes.freeformType.name == \"attrsOf\" && (types.submodule { }).nestedTypes == { }",
    ),
    holds(
        "modules",
        "(types.submoduleWith { modules = [ { } { } ]; }).getSubModules == [ { } { } ]",
    ),
    holds(
        "other-modules",
        "((types.submoduleWith { modules = [ ]; description = \"kept\"; }).substSubModules [ { } ]).description == \"kept\"",
    ),
    holds(
        "class",
        "merge (types.submoduleWith { class = \"c\"; modules = [ { _class = \"c\"; options.a = mkOption { default = 1; }; } ]; }) [ { } ] == { a = 1; }",
    ),
    fails(
        "class-other",
        "merge (types.submoduleWith { class = \"c\"; modules = [ { _class = \"d\"; } ]; }) [ { } ]",
        &["cannot be imported into a module evaluation that expects class \"c\""],
    ),
    holds(
        "prefix",
        "(options [ { options.o = opt (types.submodule { options.a = opt types.int; }); } { o.a = 1; } ]).o.valueMeta.configuration.options.a.loc == [ \"o\" \"a\" ]",
    ),
    fails(
        "undeclared",
        "merge (types.submodule { options.a = opt types.int; }) [ { b = 1; } ]",
        &["The option `o.b' does not exist"],
    ),
    holds(
        "empty",
        "(config [ { options.o = opt (types.submodule { options.a = mkOption { default = 1; }; }); } ]).o == { a = 1; }",
    ),
    fails(
        "check",
        "merge (types.submodule { }) [ 1 ]",
        &["is not of type `submodule'"],
    ),
];

const CONFLICTS: &[Corner] = &[
    holds(
        "class-of-one",
        "(joined (types.submoduleWith { modules = [ ]; class = \"c\"; }) (types.submoduleWith { modules = [ ]; })).functor.payload.class == \"c\"",
    ),
    holds(
        "class-of-other",
        "(joined (types.submoduleWith { modules = [ ]; }) (types.submoduleWith { modules = [ ]; class = \"c\"; })).functor.payload.class == \"c\"",
    ),
    holds(
        "class-of-both",
        "(joined (types.submoduleWith { modules = [ ]; class = \"c\"; }) (types.submoduleWith { modules = [ ]; class = \"c\"; })).functor.payload.class == \"c\"",
    ),
    fails(
        "classes",
        "(joined (types.submoduleWith { modules = [ ]; class = \"c\"; }) (types.submoduleWith { modules = [ ]; class = \"d\"; })).functor.payload.class",
        &["A submoduleWith option is declared multiple times with conflicting class values \"c\" and \"d\"."],
    ),
    holds(
        "modules",
        "(joined (types.submoduleWith { modules = [ 1 ]; }) (types.submoduleWith { modules = [ 2 ]; })).getSubModules == [ 1 2 ]",
    ),
    holds(
        "arguments",
        "(joined (types.submoduleWith { modules = [ ]; specialArgs.a = 1; }) (types.submoduleWith { modules = [ ]; specialArgs.b = 2; })).functor.payload.specialArgs == { a = 1; b = 2; }",
    ),
    fails(
        "arguments-twice",
        "(joined (types.submoduleWith { modules = [ ]; specialArgs.a = 1; }) (types.submoduleWith { modules = [ ]; specialArgs.a = 1; })).functor.payload.specialArgs",
        &["A submoduleWith option is declared multiple times with the same specialArgs \"a\""],
    ),
    holds(
        "short-of-one",
        "let t = s: types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = s; }; s = a: b: (joined (t a) (t b)).functor.payload.shorthandOnlyDefinesConfig; in s true null && s null true && s true true && s null null == null && !s false false && !s false null && !s null false",
    ),
    fails(
        "short-of-both",
        "(joined (types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = true; }) (types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = false; })).functor.payload.shorthandOnlyDefinesConfig",
        &["A submoduleWith option is declared multiple times with conflicting shorthandOnlyDefinesConfig values"],
    ),
    holds(
        "descriptions",
        "let t = d: types.submoduleWith { modules = [ ]; description = d; }; s = a: b: (joined (t a) (t b)).functor.payload.description; in s \"a\" null == \"a\" && s null \"a\" == \"a\" && s \"a\" \"a\" == \"a\" && s null null == null",
    ),
    fails(
        "descriptions-two",
        "(joined (types.submoduleWith { modules = [ ]; description = \"a\"; }) (types.submoduleWith { modules = [ ]; description = \"b\"; })).functor.payload.description",
        &["A submoduleWith option is declared multiple times with conflicting descriptions"],
    ),
    holds(
        "placeholders",
        "let t = p: types.attrsWith { elemType = types.int; placeholder = p; }; n = a: b: (joined (t a) (t b)).functor.payload.placeholder; in n \"name\" \"x\" == \"x\" && n \"x\" \"name\" == \"x\" && n \"x\" \"x\" == \"x\" && n \"name\" \"name\" == \"name\" && joined (t \"x\") (t \"y\") == null",
    ),
    holds(
        "lazy",
        "joined (types.attrsOf types.int) (types.lazyAttrsOf types.int) == null && (joined (types.lazyAttrsOf types.int) (types.lazyAttrsOf types.int)).name == \"lazyAttrsOf\"",
    ),
    holds(
        "inside",
        "joined (types.attrsOf types.int) (types.attrsOf types.str) == null && joined (types.listOf types.int) (types.listOf types.str) == null && joined (types.nullOr types.int) (types.nullOr types.str) == null && joined (types.functionTo types.int) (types.functionTo types.str) == null && joined (types.uniq types.int) (types.uniq types.str) == null",
    ),
    holds(
        "patterns",
        "(joined (types.strMatching \"a\") (types.strMatching \"a\")).check \"a\" && joined (types.strMatching \"a\") (types.strMatching \"b\") == null",
    ),
    holds(
        "separators",
        "(joined types.lines types.lines).description == types.lines.description && joined types.lines types.commas == null",
    ),
    holds(
        "eithers",
        "(joined (types.either types.int (types.enum [ 1.5 ])) (types.either types.int (types.enum [ \"b\" ]))).check \"b\" && joined (types.either types.int types.str) (types.either types.int types.bool) == null && joined (types.either types.int types.str) (types.either types.bool types.str) == null && joined (types.either types.int types.str) types.int == null",
    ),
    holds(
        "never",
        "joined (types.coercedTo types.int toString types.str) (types.coercedTo types.int toString types.str) == null && joined (types.attrListOf types.int) (types.attrListOf types.int) == null",
    ),
    holds(
        "unique-message",
        "let t = m: types.unique { message = m; } types.int; in (joined (t \"a\") (t \"b\")).name == \"unique\"",
    ),
    fails(
        "unique-says",
        "merge (joined (types.unique { message = \"mine\"; } types.int) (types.uniq types.int)) [ 1 1 ]",
        &["option `o' is defined multiple times", "\nmine\n"],
    ),
    holds(
        "enum-unique",
        "(joined (types.enum [ 1 2 ]) (types.enum [ 2 3 ])).description == \"one of 1, 2, 3\"",
    ),
];

const VALUES: &[Corner] = &[
    holds(
        "named-lists-set",
        "merge (types.attrListWith { elemType = types.int; asAttrs = true; }) [ [ { a = 1; } { b = 2; } { a = 3; } ] ] == { a = [ 1 3 ]; b = [ 2 ]; }",
    ),
    holds(
        "named-lists-merged",
        "merge (types.attrListWith { elemType = types.int; asAttrs = true; mergeAttrValues = n: v: [ n v ]; }) [ { a = 1; } ] == { a = [ \"a\" [ 1 ] ]; }",
    ),
    holds(
        "named-lists-empty",
        "(types.attrListWith { elemType = types.int; asAttrs = true; }).emptyValue == { value = { }; } && (types.attrListOf types.int).emptyValue == { value = [ ]; }",
    ),
    holds(
        "named-lists-other",
        "let t = (types.attrListWith { elemType = types.submodule { }; asAttrs = true; }).substSubModules [ { options.a = mkOption { default = 1; }; } ]; in merge t [ { x = { }; } ] == { x = [ { a = 1; } ]; }",
    ),
    holds(
        "named-lists-order",
        "merge (types.attrListOf types.int) [ [ (lib.mkAfter { a = 1; }) { b = 2; } { c = lib.mkBefore 3; } ] ] == [ { c = 3; } { b = 2; } { a = 1; } ]",
    ),
    holds(
        "named-lists-nested",
        "merge (types.attrListOf types.int) [ { a = lib.mkForce (lib.mkAfter 1); b = lib.mkAfter (lib.mkForce 2); c = 3; } ] == [ { c = 3; } { a = 1; } { b = 2; } ]",
    ),
    holds(
        "named-lists-outer",
        "merge (types.attrListOf types.int) [ [ (lib.mkBefore { a = lib.mkAfter 1; }) { b = 2; } ] ] == [ { a = 1; } { b = 2; } ]",
    ),
    holds(
        "named-lists-priority",
        "merge (types.attrListOf types.int) [ { a = lib.mkForce 1; } [ { a = 2; } { b = 3; } ] ] == [ { a = 1; } { b = 3; } ]",
    ),
    holds(
        "named-lists-weak",
        "merge (types.attrListOf types.int) [ { a = lib.mkDefault 1; b = 2; } ] == [ { b = 2; } ]",
    ),
    holds(
        "named-lists-false",
        "merge (types.attrListOf types.int) [ { a = lib.mkIf false 1; b = 2; } ] == [ { b = 2; } ]",
    ),
    fails(
        "named-lists-number",
        "merge (types.attrListOf types.int) [ [ 1 ] ]",
        &[
            "A definition for option `o' is not of type `attribute list of signed integer'. Each list element must be an attribute set, but got int.",
            "In `f': 1",
        ],
    ),
    fails(
        "named-lists-two",
        "merge (types.attrListOf types.int) [ [ { a = 1; b = 2; } ] ]",
        &["Each list element must be a single-key attribute set, but got 2 keys."],
    ),
    fails(
        "named-lists-no-list",
        "merge (types.attrListOf types.int) [ 1 ]",
        &[
            "A definition for option `o' is not of type `attribute list of signed integer'",
            "TypeError: Definition values:",
        ],
    ),
    holds(
        "serializable",
        "(lib.types.serializableValueWith { typeName = \"X\"; }).description == \"X value\" && (lib.types.serializableValueWith { typeName = \"X\"; }).check null && !(lib.types.serializableValueWith { typeName = \"X\"; nullable = false; }).check null",
    ),
    holds(
        "serializable-deep",
        "merge types.json [ { a = [ 1 null ]; } { b.c = 1.5; } ] == { a = [ 1 null ]; b.c = 1.5; }",
    ),
    holds(
        "toml",
        "merge types.toml [ { a = [ 1 \"b\" ]; } { b = true; } ] == { a = [ 1 \"b\" ]; b = true; }",
    ),
    fails(
        "toml-null",
        "builtins.deepSeq (merge types.toml [ { a = [ null ]; } ]) true",
        &["is not of type `TOML value'"],
    ),
    holds(
        "package-context",
        "let s = builtins.appendContext \"/nix/store/0000000000000000000000000000000a-a\" { \"/nix/store/0000000000000000000000000000000a-a\".path = true; }; in types.package.merge [ ] [ (def \"f\" s) ] == s",
    ),
    holds(
        "package-check",
        "types.package.check \"/nix/store/0000000000000000000000000000000a-a\" && !types.package.check \"/nix/store/0000000000000000000000000000000a-a/b\" && !types.package.check { }",
    ),
    holds(
        "shell-check",
        "types.shellPackage.check { type = \"derivation\"; shellPath = \"/a\"; } && !types.shellPackage.check { shellPath = \"/a\"; } && !types.shellPackage.check { type = \"derivation\"; }",
    ),
    holds(
        "filesets",
        "lib.types.fileset.emptyValue.value._type == \"fileset\" && (types.fileset.merge [ ] [ (def \"f\" (lib.fileset.unions [ ])) ])._type == \"fileset\" && types.fileset.check (lib.fileset.unions [ ]) && !types.fileset.check 1",
    ),
    holds(
        "lua",
        "types.luaInline.check (lib.mkLuaInline \"a\") && merge types.luaInline [ (lib.mkLuaInline \"a\") (lib.mkLuaInline \"a\") ] == lib.mkLuaInline \"a\"",
    ),
    fails(
        "lua-two",
        "merge types.luaInline [ (lib.mkLuaInline \"a\") (lib.mkLuaInline \"b\") ]",
        &["has conflicting definition values"],
    ),
    fails(
        "pkgs-two",
        "merge types.pkgs [ { _type = \"pkgs\"; } { _type = \"pkgs\"; } ]",
        &["A Nixpkgs pkgs set can not be merged with another pkgs set."],
    ),
    holds(
        "pkgs-one",
        "merge types.pkgs [ { _type = \"pkgs\"; a = 1; } ] == { _type = \"pkgs\"; a = 1; } && !types.pkgs.check { } && !types.pkgs.check 1",
    ),
    holds(
        "by-or",
        "merge types.boolByOr [ false true false ] && !merge types.boolByOr [ false false ]",
    ),
    holds(
        "single-line",
        "merge types.singleLineStr [ \"a\\n\" ] == \"a\" && merge types.singleLineStr [ \"a\" \"a\" ] == \"a\"",
    ),
    holds(
        "attrs-last",
        "merge types.attrs [ { a = 1; b = 1; } { a = 2; } ] == { a = 2; b = 1; }",
    ),
    holds(
        "lazy-keeps",
        "let c = merge (types.lazyAttrsOf (types.listOf types.int)) [ { a = lib.mkIf false [ 1 ]; b = [ 2 ]; } ]; in c == { a = [ ]; b = [ 2 ]; }",
    ),
    fails(
        "lazy-nothing",
        "(merge (types.lazyAttrsOf types.int) [ { a = lib.mkIf false 1; } ]).a",
        &["The option `o.a' was accessed but has no value defined"],
    ),
    holds(
        "strict-drops",
        "merge (types.attrsOf types.int) [ { a = lib.mkIf false 1; b = 2; } ] == { b = 2; }",
    ),
    holds(
        "store-paths",
        "let s = \"/nix/store/0000000000000000000000000000000a-a\"; in types.pathInStore.check s && types.pathInStore.check (/. + s) && types.pathInStore.check \"${s}/b\" && !types.pathInStore.check \"/nix/store\" && !types.externalPath.check s && types.externalPath.check \"/a\" && !types.externalPath.check /a",
    ),
    holds(
        "sizes",
        "let i = types.ints; all = builtins.all; in all i.u8.check [ 0 255 ] && !i.u8.check 256 && !i.u8.check (-1) && all i.s8.check [ (-128) 127 ] && !i.s8.check 128 && !i.s8.check (-129) && all i.u16.check [ 0 65535 ] && !i.u16.check 65536 && all i.s16.check [ (-32768) 32767 ] && !i.s16.check 32768 && !i.s16.check (-32769) && all i.u32.check [ 0 4294967295 ] && !i.u32.check 4294967296 && all i.s32.check [ (-2147483648) 2147483647 ] && !i.s32.check 2147483648 && !i.s32.check (-2147483649) && i.unsigned.check 0 && !i.unsigned.check (-1) && i.positive.check 1 && !i.positive.check 0",
    ),
    holds(
        "size-descriptions",
        "types.ints.u32.description == \"32 bit unsigned integer; between 0 and 4294967295 (both inclusive)\" && types.ints.s8.name == \"signedInt8\" && types.ints.u16.name == \"unsignedInt16\"",
    ),
    holds(
        "passwd",
        "let t = types.passwdEntry types.str; in t.check \"a\" && !t.check \"a:b\" && !t.check \"a\\nb\" && t.name == \"passwdEntry str\" && t.description == \"string, not containing newlines or colons\" && (types.passwdEntry (types.either types.str types.str)).description == \"(string or string), not containing newlines or colons\"",
    ),
    holds(
        "either-clause",
        "(types.either types.ints.unsigned types.str).description == \"unsigned integer, meaning >=0, or string\" && (types.either types.str types.ints.unsigned).description == \"string or (unsigned integer, meaning >=0)\" && (types.either types.ints.positive (types.listOf types.int)).description == \"positive integer, meaning >0, or (list of signed integer)\"",
    ),
];

const COHERENCE: &[Corner] = &[
    fails(
        "option",
        "merge (types.listOf types.int // { check = _: true; }) [ [ 1 ] ]",
        &[
            "The option `o' has a type `list of signed integer' that uses\nan ad-hoc `type // { check = ...; }' override",
        ],
    ),
    fails(
        "either-left",
        "merge (types.either (types.listOf types.int // { check = _: true; }) types.int) [ 1 ]",
        &["an ad-hoc `type // { check = ...; }' override"],
    ),
    fails(
        "either-right",
        "merge (types.either types.str (types.listOf types.int // { check = _: true; })) [ 1 ]",
        &["an ad-hoc `type // { check = ...; }' override"],
    ),
    fails(
        "coerced",
        "merge (types.coercedTo (types.listOf types.int // { check = _: true; }) toString types.str) [ \"a\" ]",
        &["an ad-hoc `type // { check = ...; }' override"],
    ),
    fails(
        "coerced-to",
        "merge (types.coercedTo types.int (x: [ x ]) (types.listOf types.int // { check = _: true; })) [ [ 1 ] ]",
        &["an ad-hoc `type // { check = ...; }' override"],
    ),
    fails(
        "checked",
        "merge (types.addCheck (types.listOf types.int // { check = _: true; }) (_: true)) [ [ 1 ] ]",
        &["an ad-hoc `type // { check = ...; }' override"],
    ),
    holds(
        "marked",
        "builtins.all (t: t.check.isV2MergeCoherent) [ (types.listOf types.int) (types.attrsOf types.int) (types.attrListOf types.int) (types.either types.int types.str) (types.coercedTo types.int toString types.str) (types.submodule { }) (types.addCheck (types.listOf types.int) (_: true)) ]",
    ),
    holds(
        "add-check",
        "(types.addCheck types.int (x: x > 1)).check 2 && !(types.addCheck types.int (x: x > 1)).check 1 && !(types.addCheck types.int (x: true)).check \"a\"",
    ),
    holds(
        "add-check-list",
        "let t = types.addCheck (types.listOf types.int) (x: x != [ ]); in t.check [ 1 ] && !t.check [ ] && !t.check 1 && merge t [ [ 1 ] [ 2 ] ] == [ 1 2 ]",
    ),
    fails(
        "add-check-refused",
        "merge (types.addCheck (types.listOf types.int) (x: x != [ ])) [ [ 1 ] [ ] ]",
        &["A definition for option `o' is not of type `list of signed integer'. TypeError: Definition values:"],
    ),
    fails(
        "add-check-first",
        "merge (types.addCheck (types.listOf types.int) (x: x != [ ])) [ 1 ]",
        &[
            "is not of type `list of signed integer'. TypeError: Definition values:",
            "In `f': 1",
        ],
    ),
    fails(
        "either-mixed",
        "merge (types.either types.int types.str) [ 1 \"a\" ]",
        &[
            "is not of type `signed integer or string'. TypeError: The option `o` is neither a value of type `signed integer` nor `string`, Definition values:",
            "In `f': 1",
            "In `f': \"a\"",
        ],
    ),
    fails(
        "either-called",
        "(types.either types.int types.str).merge [ \"o\" ] [ (def \"f\" 1) (def \"g\" \"a\") ]",
        &["option `o' is defined multiple times"],
    ),
    holds(
        "either-one",
        "(types.either types.int types.str).merge [ \"o\" ] [ (def \"f\" true) ]",
    ),
    holds(
        "called",
        "(types.listOf types.int).merge [ \"o\" ] [ (def \"f\" [ 1 ]) ] == [ 1 ] && (types.attrsOf types.int).merge [ \"o\" ] [ (def \"f\" { a = 1; }) ] == { a = 1; } && (types.coercedTo types.int toString types.str).merge [ ] [ (def \"f\" 1) ] == \"1\" && (types.attrListOf types.int).merge [ \"o\" ] [ (def \"f\" { a = 1; }) ] == [ { a = 1; } ]",
    ),
    holds(
        "coerced-check",
        "let t = types.coercedTo types.int toString (types.enum [ \"1\" ]); in t.check 1 && !t.check 2 && t.check \"1\" && !t.check \"2\"",
    ),
    holds(
        "coerced-values",
        "merge (types.coercedTo types.int (x: [ x ]) (types.listOf types.int)) [ 1 [ 2 ] ] == [ 1 2 ]",
    ),
    fails(
        "coerced-wrong",
        "merge (types.coercedTo types.int toString types.str) [ true ]",
        &["is not of type `string or signed integer convertible to it'. TypeError: Definition values:"],
    ),
    holds(
        "coerced-other",
        "((types.coercedTo types.int (x: { }) (types.submodule { })).substSubModules [ { options.a = opt types.int; } ]).name == \"coercedTo\"",
    ),
    fails(
        "conflict-says",
        "merge types.int [ 1 2 ]",
        &[
            "In `f': 1",
            "In `f': 2",
            "Use `lib.mkForce value` or `lib.mkDefault value`",
        ],
    ),
];

const META: &[Corner] = &[
    holds(
        "list",
        "(options [ { options.o = opt (types.listOf types.int); } { o = [ 1 2 ]; } ]).o.valueMeta ? list && builtins.length (options [ { options.o = opt (types.listOf types.int); } { o = [ 1 2 ]; } ]).o.valueMeta.list == 2",
    ),
    holds(
        "attrs",
        "builtins.attrNames (options [ { options.o = opt (types.attrsOf types.int); } { o.a = 1; } ]).o.valueMeta.attrs == [ \"a\" ]",
    ),
    holds(
        "inside",
        "(options [ { options.o = opt (types.attrsOf (types.listOf types.int)); } { o.a = [ 1 ]; } ]).o.valueMeta.attrs.a ? list",
    ),
    holds(
        "named-list",
        "let m = (options [ { options.o = opt (types.attrListOf types.int); } { o = [ { a = 1; } ]; } ]).o.valueMeta; in builtins.length m.attrList == 1 && m.attrListValue == [ { a = 1; } ] && (builtins.head m.definitions)._type == \"definition\" && (builtins.head m.definitions).value.content == { a = 1; }",
    ),
    holds(
        "named-list-place",
        "let m = (options [ { options.o = opt (types.attrListOf types.int); } { o = [ { a = lib.mkAfter 1; } ]; } ]).o.valueMeta; in (builtins.head m.definitions).value.priority == 1500",
    ),
    holds(
        "configuration",
        "(options [ { options.o = opt (types.submodule { options.a = opt types.int; }); } { o.a = 1; } ]).o.valueMeta.configuration.config == { a = 1; }",
    ),
    holds(
        "either",
        "(options [ { options.o = opt (types.either (types.listOf types.int) types.int); } { o = [ 1 ]; } ]).o.valueMeta ? list",
    ),
    holds(
        "either-right",
        "(options [ { options.o = opt (types.either types.int (types.listOf types.int)); } { o = [ 1 ]; } ]).o.valueMeta ? list",
    ),
    holds(
        "coerced",
        "(options [ { options.o = opt (types.coercedTo types.int (x: [ x ]) (types.listOf types.int)); } { o = 1; } ]).o.valueMeta ? list",
    ),
    holds(
        "scalar",
        "removeAttrs (options [ { options.o = opt types.int; } { o = 1; } ]).o.valueMeta [ \"_internal\" ] == { }",
    ),
    holds(
        "type",
        "(options [ { options.o = opt (types.listOf types.int); } { o = [ ]; } ]).o.valueMeta._internal.type.name == \"listOf\"",
    ),
    holds(
        "unique-other",
        "((types.unique { message = \"a\"; } (types.submodule { })).substSubModules [ { options.a = opt types.int; } ]).name == \"unique\"",
    ),
    holds(
        "unique-empty",
        "(types.uniq (types.listOf types.int)).emptyValue == { value = [ ]; } && (types.uniq types.int).emptyValue == { }",
    ),
    holds(
        "loa",
        "let t = types.loaOf types.int; in t.name == \"loaOf\" && t.deprecationMessage != null && t.nestedTypes.elemType.name == \"int\" && t.check { } && !t.check [ ]",
    ),
];
