//! Types that are made of modules: submodules, modules that are kept, tagged unions.

use super::{Corner, fails, holds};

pub(super) const TAGS: &[Corner] = &[
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
    holds(
        "tag-places-unknown",
        "let t = (types.attrTag { a = opt types.int; }).nestedTypes.a; in t.declarations == [ ] && t.declarationPositions == [ ]",
    ),
    holds(
        "tag-places",
        "let t = (types.attrTag (lib.genAttrs [ \"a\" ] (_: opt types.int))).nestedTypes.a; in map (lib.hasSuffix \"/attrsets.nix\") t.declarations == [ true ] && map (p: lib.hasSuffix \"/attrsets.nix\" p.file && p.line > 0 && p.column > 0) t.declarationPositions == [ true ]",
    ),
    holds(
        "tag-places-given",
        "(types.attrTag { a = opt types.int // { declarations = [ \"d\" ]; }; }).nestedTypes.a.declarations == [ \"d\" ]",
    ),
    fails(
        "tag-of-two",
        "(types.attrTag { a = opt types.int; b = opt types.int; }).merge [ \"o\" ] [ (def \"f\" { a = 1; b = 2; }) ]",
        &[],
    ),
    holds(
        "tag-join-keeps-both",
        "let t = joined (types.attrTag { a = opt types.int; c = opt types.str; }) (types.attrTag { b = opt types.bool; a = opt types.int; }); in lib.mapAttrs (_: o: o.type.name) t.nestedTypes == { a = \"int\"; b = \"bool\"; c = \"str\"; }",
    ),
];

pub(super) const MODULES: &[Corner] = &[
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

pub(super) const SUBMODULES: &[Corner] = &[
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
