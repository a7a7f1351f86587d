//! What a module may be: a set, short or long, a function, a property of a configuration; and what it may not be.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[SHAPES, NO_MODULE];

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
              path = map toString (files { _file = /some/path.nix; x = [ m ]; });
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
              path = [ "/some/path.nix" ];
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
