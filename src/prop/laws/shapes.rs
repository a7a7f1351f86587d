//! What a module may be: a set, short or long, a function, a file, a property of one; and what it may not be.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[SHAPES, FILES, NO_MODULE, ARGUMENTS, CLASS];

const SHAPES: Law = law(
    "lib-module-shapes",
    "a module may be short or long, a function or a property of a configuration, and import others",
    "People write modules in all these forms. Each means the same, or part of a configuration is silently dropped.",
    drawn,
    |scene, ground| ask(SHAPES_ROWS, SHAPES_REFUSED, scene, ground),
);

const SHAPES_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, m, ... }:
            let
              options.x = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
              value = module: (lib.evalModules { modules = [ { inherit options; } module ]; }).config.x;
              files = module: (lib.evalModules { modules = [ { inherit options; } module ]; }).options.x.files;
            in
            {
              short = value { x = [ m ]; };
              long = value { config.x = [ m ]; };
              options = value { options.${a} = lib.mkOption { default = m; }; config.x = [ m ]; };
              function = value ({ ... }: { x = [ m ]; });
              reads = value ({ config, ... }: { options.${a} = lib.mkOption { default = m; }; config.x = [ config.${a} ]; });
              imports = value { imports = [ { x = [ m ]; } { imports = [ { x = [ 1 ]; } ]; } ]; };
              required = value { require = [ { x = [ m ]; } ]; imports = [ { x = [ 1 ]; } ]; };
              empty = value { };
              whole = value { config = lib.mkIf true { x = [ m ]; }; };
              off = value { config = lib.mkIf false { x = [ m ]; }; };
              merged = value { config = lib.mkMerge [ { x = [ m ]; } { x = [ 1 ]; } ]; };
              forced = value { imports = [ { x = [ 1 ]; } ]; config = lib.mkForce { x = [ m ]; }; };
              named = files { _file = a; x = [ m ]; };
              unnamed = files { x = [ m ]; };
              inherited = files { _file = b; imports = [ { x = [ m ]; } ]; };
              deep = files { _file = b; imports = [ { _file = a; imports = [ { x = [ m ]; } ]; } ]; };
            }"#,
        is: r#"{ a, b, m, ... }: {
              short = [ m ];
              long = [ m ];
              options = [ m ];
              function = [ m ];
              reads = [ m ];
              imports = [ 1 m ];
              required = [ 1 m ];
              empty = [ ];
              whole = [ m ];
              off = [ ];
              merged = [ m 1 ];
              forced = [ m ];
              named = [ a ];
              unnamed = [ "<unknown-file>" ];
              inherited = [ b ];
              deep = [ a ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, ... }:
            let
              options.x = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
              value = modules: (lib.evalModules { modules = [ { inherit options; } ] ++ modules; }).config.x;
              files = module: (lib.evalModules { modules = [ { inherit options; } module ]; }).options.x.files;
            in
            {
              on = value [ (lib.mkIf true { x = [ m ]; }) ];
              off = value [ (lib.mkIf false { x = [ m ]; }) ];
              force = value [ (lib.mkForce { x = [ m ]; }) { x = [ 1 ]; } ];
              located = files (lib.setDefaultModuleLocation a { x = [ m ]; });
              kept = files (lib.setDefaultModuleLocation a { _file = "kept.nix"; x = [ m ]; });
              functor = value [ { __functor = _: { ... }: { x = [ m ]; }; } ];
              meta = (lib.evalModules { modules = [ { options.meta = lib.mkOption { type = lib.types.int; }; } { meta = m; } ]; }).config.meta;
              metaLong = (lib.evalModules { modules = [ { options.meta = lib.mkOption { type = lib.types.int; }; config = { }; meta = m; } ]; }).config.meta;
              freeform = (lib.evalModules { modules = [ { freeformType = lib.types.attrsOf lib.types.int; ${a} = m; } ]; }).config;
              freeformLong = (lib.evalModules { modules = [ { freeformType = lib.types.attrsOf lib.types.int; config.${a} = m; } ]; }).config;
              freeformOption = (lib.evalModules { modules = [ { _module.freeformType = lib.types.attrsOf lib.types.int; ${a} = m; } ]; }).config;
              freeformDeep = (lib.evalModules { modules = [ { freeformType = lib.types.attrsOf lib.types.anything; options.set.x = lib.mkOption { default = m; }; config.set.${a} = 1; } ]; }).config;
            }"#,
        is: r#"{ a, m, ... }: {
              on = [ m ];
              off = [ ];
              force = [ m ];
              located = [ a ];
              kept = [ "kept.nix" ];
              functor = [ m ];
              meta = m;
              metaLong = m;
              freeform = { ${a} = m; };
              freeformLong = { ${a} = m; };
              freeformOption = { ${a} = m; };
              freeformDeep = { set = { x = m; ${a} = 1; }; };
            }"#,
    },
];

const SHAPES_REFUSED: &[Refusal] = &[
    Refusal {
        since: Always,
        asked: r#"{ a, b, m, ... }:
            let config = module: (lib.evalModules { modules = [ module ]; }).config;
            in
            {
              stray = config { config = { }; ${a} = m; ${b} = m; };
              strayOptions = config { options = { }; ${a} = m; };
            }"#,
        words: &[
            (
                "stray",
                &[
                    "Module `:anon-1' has an unsupported attribute `",
                    "introducing a top-level `config' or `options' attribute",
                    "(namely: ",
                    "$a",
                    "$b",
                ],
            ),
            (
                "strayOptions",
                &["Module `:anon-1' has an unsupported attribute `$a'.", "(namely: $a)"],
            ),
        ],
    },
    Refusal {
        since: Always,
        asked: r#"{ a, m, ... }: {
              number = (lib.evalModules { modules = [ { options.x = lib.mkOption { type = lib.types.int; }; config.x = lib.mkIf m m; } ]; }).config.x;
            }"#,
        words: &[("number", &["‘mkIf’ called with a non-Boolean condition"])],
    },
    Refusal {
        since: Now,
        asked: r#"{ a, b, m, ... }:
            let
              config = module: (lib.evalModules { modules = [ module ]; }).config;
              set = { options.${a}.${b} = lib.mkOption { type = lib.types.int; }; };
            in
            {
              whole = config { _file = "one.nix"; config = m; };
              part = (config { imports = [ set { _file = "two.nix"; ${a} = m; } ]; }).${a};
              options = config { options = m; };
            }"#,
        words: &[
            (
                "whole",
                &[
                    "In module `one.nix', you're trying to define a value of type `int'",
                    "rather than an attribute set for the option",
                ],
            ),
            (
                "part",
                &[
                    "In module `two.nix', you're trying to define a value of type `int'",
                    "for the option",
                    "`$a'!",
                ],
            ),
            (
                "options",
                &[
                    "An option declaration for `' has type",
                    "`int' rather than an attribute set",
                ],
            ),
        ],
    },
];

const NO_MODULE: Law = law(
    "lib-module-refused",
    "what is no module is refused, and the message says what it is and what was probably meant",
    "A whole flake among the modules, or a list inside the list, is a slip that everybody makes once.",
    drawn,
    |scene, ground| ask(&[], NO_MODULE_REFUSED, scene, ground),
);

const NO_MODULE_REFUSED: &[Refusal] = &[
    Refusal {
        since: Now,
        asked: r#"{ a, m, ... }:
            let
              config = module: (lib.evalModules { modules = [ { _file = "one.nix"; imports = [ module ]; } ]; }).config;
              classy = class: (lib.evalModules { inherit class; modules = [ { _type = "flake"; } ]; }).config;
            in
            {
              list = config [ { } ];
              flake = config { _type = "flake"; };
              configuration = config { _type = "configuration"; };
              other = config { _type = a; };
              nixos = classy "nixos";
              darwin = classy "darwin";
              own = classy a;
              top = (lib.evalModules { modules = [ { _type = a; } ]; }).config;
              prefixed = (lib.evalModules { prefix = [ "set" a ]; modules = [ { _type = a; } ]; }).config;
            }"#,
        words: &[
            (
                "list",
                &[
                    "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions:",
                    "In `one.nix'",
                ],
            ),
            (
                "flake",
                &[
                    "Expected a module, but found a value of type",
                    "\"flake\"",
                    "while trying to load a module into one.nix",
                    "Perhaps you forgot to select an attribute name?",
                    ".modules.someApp.default",
                    "you need to write something like",
                ],
            ),
            (
                "configuration",
                &[
                    "\"configuration\"",
                    "please only import the modules that make up the configuration",
                ],
            ),
            (
                "other",
                &[
                    "Expected a module, but found a value of type",
                    "\"$a\"",
                    "A module is typically loaded by adding it to the",
                    "into one.nix",
                ],
            ),
            ("nixos", &[".modules.nixos.default", ".nixosModules.default"]),
            ("darwin", &[".modules.darwin.default", ".darwinModules.default"]),
            ("own", &[".modules.$a.default"]),
            (
                "top",
                &["Expected a module", "\u{1b}[0m.\nA module is typically loaded"],
            ),
            ("prefixed", &["while trying to load a module into", "set.$a"]),
        ],
    },
    Refusal {
        since: Now,
        asked: r#"{ m, ... }: {
              number = (lib.evalModules { modules = [ (builtins.toFile "number.nix" (toString m)) ]; }).config;
            }"#,
        words: &[("number", &["module ", "number.nix (", " does not look like a module."])],
    },
];

const FILES: Law = law(
    "lib-module-files",
    "a module in a file is known by its path: it counts once, can be disabled, and is named in messages",
    "Most modules are files that import each other by path.",
    drawn,
    |scene, ground| ask(FILES_ROWS, FILES_REFUSED, scene, ground),
);

const FILES_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, m, ... }:
            let
              options.x = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
              file = builtins.toFile "module.nix" "{ lib, ... }: { x = lib.mkBefore [ ${toString m} ]; }";
              set = builtins.toFile "set.nix" "{ x = [ ${toString m} ]; }";
              option = modules: (lib.evalModules { modules = [ { inherit options; } ] ++ modules; }).options.x;
            in
            {
              function = (option [ file { x = [ 0 ]; } ]).value;
              set = (option [ set ]).value;
              twice = (option [ set set { imports = [ set ]; } ]).value;
              both = (option [ set file ]).value;
              named = (option [ set ]).files == [ set ];
              path = (option [ (/. + builtins.unsafeDiscardStringContext set) ]).value;
              importing = (option [ { imports = [ set ]; x = [ 0 ]; } ]).value;
              json = (option [ (lib.modules.importJSON or (file: { _file = file; config = lib.importJSON file; }) (builtins.toFile "x.json" "{\"x\": [${toString m}]}")) ]).value;
            }"#,
        is: r#"{ a, m, ... }: {
              function = [ m 0 ];
              set = [ m ];
              twice = [ m ];
              both = [ m m ];
              named = true;
              path = [ m ];
              importing = [ m 0 ];
              json = [ m ];
            }"#,
    },
    Row {
        since: Always,
        asked: r#"{ m, ... }:
            let
              options.x = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
              file = builtins.toFile "module.nix" "{ x = [ ${toString m} ]; }";
              path = builtins.unsafeDiscardStringContext file;
              value = disabled: specialArgs: modules: (lib.evalModules { inherit specialArgs; modules = [ { inherit options; disabledModules = disabled; } ] ++ modules; }).config.x;
              inFile = [ file { x = [ 0 ]; } ];
            in
            {
              none = value [ ] { } inFile;
              path = value [ (/. + path) ] { } inFile;
              relative = value [ (baseNameOf path) ] { modulesPath = dirOf path; } inFile;
              otherwhere = value [ (baseNameOf path) ] { modulesPath = "/elsewhere"; } inFile;
              imported = value [ (/. + path) ] { } [ { imports = [ file ]; } ];
            }"#,
        is: r#"{ m, ... }: { none = [ 0 m ]; path = [ 0 ]; relative = [ 0 ]; otherwhere = [ 0 m ]; imported = [ ]; }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, n, ... }:
            let
              options.x = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; };
              file = builtins.toFile "module.nix" "{ x = [ ${toString m} ]; }";
              path = builtins.unsafeDiscardStringContext file;
              value = disabled: modules: (lib.evalModules { modules = [ { inherit options; disabledModules = disabled; } ] ++ modules; }).config.x;
              keyed = { key = a; x = [ m ]; };
              taking = builtins.toFile "taking.nix" "number: { lib, ... }: { x = [ number ]; }";
              options' = (lib.evalModules { modules = [ { inherit options; } (lib.modules.importApply taking n) (lib.modules.importJSON (builtins.toFile "x.json" "{\"x\": [1]}")) (lib.modules.importTOML (builtins.toFile "x.toml" "x = [2]")) ]; }).options;
            in
            {
              absolute = value [ path ] [ file { x = [ 0 ]; } ];
              key = value [ { key = a; } ] [ keyed ];
              itself = value [ keyed ] [ keyed ];
              other = value [ { key = "other"; } ] [ keyed ];
              string = value [ { outPath = path; } ] [ file ];
              files = map (file: lib.last (lib.splitString "-" file)) options'.x.files;
              inherit (options'.x) value;
            }"#,
        is: r#"{ a, m, n, ... }: {
              absolute = [ 0 ];
              key = [ ];
              itself = [ ];
              other = [ m ];
              string = [ ];
              files = [ "taking.nix" "x.toml" "x.json" ];
              value = [ n 2 1 ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, c, m, ... }:
            let
              e = lib.evalModules {
                modules = [
                  { key = a; _file = "a.nix"; imports = [ { key = b; _file = "b.nix"; imports = [ { key = "deep"; } ]; } ]; }
                  { key = c; _file = "c.nix"; disabledModules = [ { key = b; } ]; }
                ];
              };
            in
            { inherit (e) graph; }"#,
        is: r#"{ a, b, c, ... }: {
              graph = [
                { key = a; file = "a.nix"; disabled = false; imports = [ { key = b; file = "b.nix"; disabled = true; imports = [ { key = "deep"; file = "b.nix"; disabled = false; imports = [ ]; } ]; } ]; }
                { key = c; file = "c.nix"; disabled = false; imports = [ ]; }
              ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, ... }:
            let keys = modules: map (node: [ node.key (map (inner: inner.key) node.imports) ]) (lib.evalModules { inherit modules; }).graph;
            in
            {
              unnamed = keys [ { imports = [ { } ({ ... }: { }) ]; } { } ];
              named = keys [ { key = a; imports = [ { } ]; } ];
            }"#,
        is: r#"{ a, ... }: {
              unnamed = [ [ ":anon-1" [ ":anon-1:anon-1" ":anon-1:anon-2" ] ] [ ":anon-2" [ ] ] ];
              named = [ [ a [ "${a}:anon-1" ] ] ];
            }"#,
    },
];

const FILES_REFUSED: &[Refusal] = &[Refusal {
    since: Now,
    asked: r#"{ a, b, ... }:
        let config = item: (lib.evalModules { modules = [ { _file = "one.nix"; imports = [ { _file = "two.nix"; disabledModules = [ item ]; } ]; } ]; }).config;
        in
        {
          two = config { outPath = a; key = b; };
          none = config { x = 1; };
          function = config (x: x);
        }"#,
    words: &[
        (
            "two",
            &[
                "Module `two.nix` contains a disabledModules item that is an attribute set that can be converted to a string ($a) but also has a `.key` attribute ($b) with a different value.",
            ],
        ),
        (
            "none",
            &[
                "Module `two.nix` contains a disabledModules item that is an attribute set, presumably a module, that does not have a `key` attribute.",
            ],
        ),
        (
            "function",
            &["one of the disabledModules items in `two.nix` is none of that, but is of type lambda."],
        ),
    ],
}];

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
