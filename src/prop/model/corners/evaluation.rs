//! What evaluating modules does with unusual modules and arguments, and what the functions about options do.

use super::{Corner, fails, holds};

pub(super) const EVALUATION: &[Corner] = &[
    holds(
        "module-checked-not",
        "(lib.evalModules { check = false; modules = [ { options.x = opt types.int; } { y = 1; } ]; })._module.check == false",
    ),
    fails(
        "module-checked",
        "(lib.evalModules { modules = [ { options.x = opt types.int; } { y = 1; } ]; })._module.check",
        &["The option `y' does not exist"],
    ),
    holds(
        "disabled-below-a-path",
        "(lib.evalModules { specialArgs.modulesPath = /a; modules = [ { options.x = mkOption { default = 1; }; disabledModules = [ \"b.nix\" ]; } { key = \"/a/b.nix\"; x = 2; } ]; }).config.x == 1",
    ),
    holds(
        "file-is-a-path",
        "(options [ { _file = /a/b.nix; options.x = opt types.int; } ]).x.declarations == [ \"/a/b.nix\" ]",
    ),
    holds(
        "key-is-a-path",
        "(config [ { options.x = opt (types.listOf types.int); } { key = /a; x = [ 1 ]; } { key = \"/a\"; x = [ 1 ]; } ]).x == [ 1 ]",
    ),
    holds(
        "key-is-a-path-beside-config",
        "(config [ { options.x = opt (types.listOf types.int); } { key = /a; config.x = [ 1 ]; } { key = \"/a\"; config.x = [ 1 ]; } ]).x == [ 1 ]",
    ),
    holds(
        "positions-of-declarations",
        "let at = (options [ { options = lib.genAttrs [ \"x\" ] (_: mkOption { }); } { _file = \"f\"; options.x = mkOption { }; } ]).x.declarationPositions; in lib.head at == { file = \"f\"; line = null; column = null; } && lib.hasSuffix \"/attrsets.nix\" (lib.last at).file && (lib.last at).line > 0 && lib.length at == 2",
    ),
    fails(
        "names-of-no-set",
        "lib.modules.mergeAttrDefinitionsWithPrio { type = types.int; loc = [ \"o\" ]; definitionsWithLocations = [ ]; }",
        &["assertion"],
    ),
    holds(
        "definition-is-made",
        "lib.mkDefinition { file = \"f\"; value = 1; _type = \"x\"; } == { _type = \"definition\"; file = \"f\"; value = 1; }",
    ),
    holds(
        "alias-of-nothing",
        "let alias = lib.mkAliasAndWrapDefinitions (v: v) { isDefined = false; definitions = [ ]; }; in alias._type == \"if\" && !alias.condition",
    ),
    holds(
        "modules-collected",
        "lib.modules ? collectModules -> map (m: m.key) (lib.modules.collectModules \"\" [ { } ] { inherit lib; config = { }; options = { }; }).modules == [ \":anon-1\" ]",
    ),
    holds(
        "order-keeps-equals",
        "(config [ { options.x = opt (types.listOf types.int); } { x = lib.mkMerge [ (lib.mkOrder 1000 [ 1 ]) [ 2 ] (lib.mkOrder 1000 [ 3 ]) ]; } ]).x == [ 1 2 3 ]",
    ),
    holds(
        "file-of-a-path",
        "let file = builtins.unsafeDiscardStringContext (builtins.toFile \"m.nix\" \"{ lib, ... }: { options.x = lib.mkOption { }; }\"); in (options [ (/. + file) ]).x.declarations == [ file ]",
    ),
    holds(
        "default-comes-first",
        "(config [ { options.x = mkOption { type = types.listOf types.int; default = [ 2 ]; }; } { config.x = lib.mkOptionDefault [ 1 ]; } ]).x == [ 2 1 ]",
    ),
    holds(
        "merged-warns-of-one",
        "lib.length (config [ (lib.mkMergedOptionModule [ [ \"a\" ] [ \"b\" ] ] [ \"c\" ] (c: 1)) { options.c = mkOption { }; options.warnings = opt (types.listOf types.str); config.a = 1; } ]).warnings == 1",
    ),
    holds(
        "merged-warns-of-none",
        "(config [ (lib.mkMergedOptionModule [ [ \"a\" ] [ \"b\" ] ] [ \"c\" ] (c: 1)) { options.c = mkOption { }; options.warnings = opt (types.listOf types.str); } ]).warnings == [ ]",
    ),
    holds(
        "disabled-by-text-and-key",
        "(config [ { options.x = mkOption { default = 1; }; } { disabledModules = [ { outPath = \"/a.nix\"; key = \"/a.nix\"; } ]; } { key = \"/a.nix\"; config.x = 2; } ]).x == 1",
    ),
    fails(
        "disabled-by-text-or-key",
        "(config [ { options.x = mkOption { default = 1; }; } { _file = \"f\"; disabledModules = [ { outPath = \"/a.nix\"; key = \"/b.nix\"; } ]; } ]).x",
        &["Module `f` contains a disabledModules item", "(/a.nix)", "(/b.nix)"],
    ),
];

pub(super) const OPTIONS: &[Corner] = &[
    holds(
        "package-of-null",
        "!(lib.mkPackageOption { x = 1; } \"x\" { default = null; } ? default)",
    ),
    holds(
        "package-or-null",
        "(lib.mkPackageOption { x = 1; } \"x\" { default = null; nullable = true; }).default == null",
    ),
    holds(
        "merge-functions",
        "lib.isFunction (lib.mergeDefaultOption [ \"o\" ] [ (def \"f\" (x: 1)) (def \"g\" (x: 2)) ])",
    ),
    fails(
        "merge-unique-of-none",
        "lib.mergeUniqueOption { message = \"m\"; } [ \"o\" ] [ ]",
        &["assertion"],
    ),
    fails(
        "merge-equal-of-none",
        "lib.mergeEqualOption [ \"o\" ] [ ]",
        &["This case should never happen."],
    ),
    holds(
        "merge-equal-of-one-function",
        "lib.isFunction (lib.mergeEqualOption [ \"o\" ] [ (def \"f\" (x: x)) ])",
    ),
    holds(
        "scrubbed-inside",
        "lib.scrubOptionValue { a.b = { type = \"derivation\"; name = \"n\"; c = 1; }; } == { a.b = { type = \"derivation\"; name = \"n\"; drvPath = \"n\"; outPath = \"n\"; }; }",
    ),
    holds(
        "rendered-with-a-kind",
        "lib.options.renderOptionValue { _type = \"x\"; a = 1; } == { _type = \"literalExpression\"; text = \"{\\n  _type = \\\"x\\\";\\n  a = 1;\\n}\"; }",
    ),
    holds(
        "rendered-with-a-text",
        "lib.options.renderOptionValue { text = \"x\"; } == { _type = \"literalExpression\"; text = \"{\\n  text = \\\"x\\\";\\n}\"; }",
    ),
    holds(
        "shown-on-two-lines",
        "lib.options.showDefs [ (def \"f\" { type = \"derivation\"; name = \"a\\nb\"; }) ] == \"\\n- In `f':\\n    <derivation a\\n    b>\"",
    ),
    holds(
        "sink-has-a-type",
        "lib.isOptionType (lib.mkSinkUndeclaredOptions { }).type",
    ),
];
