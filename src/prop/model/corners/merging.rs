//! Types with a merge and a check in one, and what they tell beside the value.

use super::{Corner, fails, holds};

pub(super) const COHERENCE: &[Corner] = &[
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

pub(super) const META: &[Corner] = &[
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
