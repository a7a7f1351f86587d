//! What modules are given, and which evaluations they are for.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[ARGUMENTS, CLASS];

const ARGUMENTS: Law = law(
    "lib-module-arguments",
    "modules are given `lib`, `config`, `options`, special arguments, and what `_module.args` says",
    "Every module begins with `{ config, lib, pkgs, ... }:`.",
    drawn,
    |scene, ground| ask(ARGUMENTS_ROWS, ARGUMENTS_REFUSED, scene, ground),
);

const ARGUMENTS_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, m, n, ... }:
            let
              options.x = lib.mkOption { };
              value = args: modules: (lib.evalModules (args // { modules = [ { inherit options; } ] ++ modules; })).config.x;
              given = { given, ... }: { x = given; };
              named = (lib.evalModules { modules = [ {
                options.set = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: { options.x = lib.mkOption { default = name; }; })); };
                config.set.${a} = { };
              } ]; }).config.set.${a}.x;
              listed = (lib.evalModules { modules = [ {
                options.list = lib.mkOption { type = lib.types.listOf (lib.types.submodule ({ name, ... }: { options.x = lib.mkOption { default = name; }; })); };
                config.list = [ { } ];
              } ]; }).config.list;
            in
            {
              special = value { specialArgs.given = m; } [ given ];
              option = value { } [ given { _module.args.given = m; } ];
              own-lib = value { specialArgs.lib = lib // { own = m; }; } [ ({ lib, ... }: { x = lib.own; }) ];
              special-first = value { specialArgs.given = m; } [ given { _module.args.given = n; } ];
              config = value { } [ ({ config, ... }: { options.${a} = lib.mkOption { default = m; }; config.x = config.${a}; }) ];
              options = value { } [ ({ options, ... }: { options.${a} = lib.mkOption { default = m; }; config.x = options.${a}.value; }) ];
              lib = value { } [ ({ lib, ... }: { x = lib ? evalModules; }) ];
              imports = value { specialArgs.given = { x = m; }; } [ ({ given, ... }: { imports = [ given ]; }) ];
              all = value { specialArgs.given = m; } [ (args: { x = args.given; }) ];
              args = (lib.evalModules { modules = [ { _module.args.given = m; } ]; })._module.args.given;
              gone = (lib.evalModules { modules = [ ]; }).config ? _module;
              default = value { } [ ({ given ? m, ... }: { x = given; }) { _module.args.given = n; } ];
              inherit named listed;
            }"#,
        is: r#"{ a, m, n, ... }: {
              special = m;
              option = m;
              special-first = m;
              own-lib = m;
              config = m;
              options = m;
              lib = true;
              imports = m;
              all = m;
              args = m;
              gone = false;
              default = n;
              named = a;
              listed = [ { x = "[definition 1-entry 1]"; } ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, n, ... }:
            let
              e = lib.evalModules { specialArgs.given = m; prefix = [ a ]; class = "own"; modules = [ ({ specialArgs, _prefix, _class, extendModules, moduleType, ... }: {
                options.x = lib.mkOption { default = [ specialArgs _prefix _class (builtins.isFunction extendModules) moduleType.name ]; };
              }) ]; };
              doc = prefix: (lib.evalModules { inherit prefix; modules = [ ]; }).options._module.args.internal or false;
              args = lib.evalModules { args.given = m; modules = [ ({ given, ... }: { options.x = lib.mkOption { default = given; }; }) ]; };
            in
            {
              inherit (e.config) x;
              specialArgs = e._module.specialArgs;
              documented = doc [ ];
              inner = doc [ a ];
              args = args.config.x;
              lazy = (lib.evalModules { modules = [ { _module.args = lib.mkMerge [ { given = m; } { other = throw "not needed"; } ]; } ]; })._module.args.given;
              internal = map (name: e.options._module.${name}.internal) [ "check" "freeformType" "specialArgs" ];
              check = e.options._module.check.default;
            }"#,
        is: r#"{ a, m, n, ... }: {
              x = [ { given = m; } [ a ] "own" true "submodule" ];
              specialArgs = { given = m; };
              documented = false;
              inner = true;
              args = m;
              lazy = m;
              internal = [ true true true ];
              check = true;
            }"#,
    },
];

const ARGUMENTS_REFUSED: &[Refusal] = &[Refusal {
    since: Now,
    asked: r#"{ a, m, n, ... }: {
          twice = (lib.evalModules { modules = [ { _module.args.given = m; } { _module.args.given = m; } ]; })._module.args.given;
          special = (lib.evalModules { specialArgs.given = m; modules = [ { _module.specialArgs = { given = n; }; } ]; })._module.specialArgs;
        }"#,
    words: &[
        ("special", &["The option `_module.specialArgs' is read-only"]),
        (
            "twice",
            &["The option `_module.args.given' is defined multiple times while it's expected to be unique."],
        ),
    ],
}];

const CLASS: Law = law(
    "lib-module-class",
    "an evaluation of a class takes modules of that class and of none, and refuses all others",
    "A module for darwin in a NixOS configuration fails in a hundred places; this says so in one.",
    drawn,
    |scene, ground| ask(CLASS_ROWS, CLASS_REFUSED, scene, ground),
);

const CLASS_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"{ a, b, m, ... }:
        let value = class: module: (lib.evalModules { inherit class; modules = [ ({ options.x = lib.mkOption { default = m; }; } // module) ]; }).config.x;
        in
        {
          same = value a { _class = a; };
          none = value a { };
          any = value null { _class = b; };
          short = (lib.evalModules { class = a; modules = [ { options.x = lib.mkOption { }; } { _class = a; x = m; } ]; }).config.x;
          class = (lib.evalModules { class = a; modules = [ ]; }).class;
        }"#,
    is: r#"{ a, m, ... }: { same = m; none = m; any = m; short = m; class = a; }"#,
}];

const CLASS_REFUSED: &[Refusal] = &[Refusal {
    since: Now,
    asked: r#"{ a, b, ... }:
        let config = modules: (lib.evalModules { class = a; inherit modules; }).config;
        in
        {
          other = config [ { _class = b; _file = "other.nix"; } ];
          short = config [ { imports = [ { _class = b; _file = "other.nix"; x = 1; } ]; } ];
        }"#,
    words: &[
        (
            "other",
            &[
                "The module `other.nix` (class: \"$b\") cannot be imported into a module evaluation that expects class \"$a\".",
                "Verify that the module's `_class`, \"$b\" matches the expected `class` \"$a\".",
            ],
        ),
        ("short", &["The module `other.nix` (class: \"$b\") cannot be imported"]),
    ],
}];
