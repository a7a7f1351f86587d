//! Definitions of options that do not exist, and evaluations that are extended or put into others.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[UNKNOWN, UNCHECKED, EXTENDED, PREFIX];

const UNKNOWN: Law = law(
    "lib-option-unknown",
    "a definition of an option that does not exist is refused, and the message names it, its file and the nearest options",
    "A misspelt option would otherwise silently do nothing.",
    drawn,
    |scene, ground| ask(&[], UNKNOWN_REFUSED, scene, ground),
);

const UNKNOWN_REFUSED: &[Refusal] = &[
    Refusal {
        since: Always,
        asked: r#"{ a, b, m, ... }:
            let config = modules: (lib.evalModules { modules = [ { options.known = lib.mkOption { }; known = 1; options.set.${b} = lib.mkOption { }; } ] ++ modules; }).config;
            in
            {
              whole = config [ { _file = "one.nix"; ${a} = m; } ];
              value = (lib.evalModules { modules = [ { options.known = lib.mkOption { }; } { known = 1; } { _file = "one.nix"; ${a} = m; } ]; }).config.known;
              deep = (lib.evalModules { modules = [ { options.set.${b} = lib.mkOption { }; } { _file = "one.nix"; set.${a} = m; } ]; }).config.set;
            }"#,
        words: &[
            ("value", &["The option `$a'", "one.nix'", "does not exist"]),
            ("deep", &["The option `set.$a'", "one.nix'", "does not exist"]),
        ],
    },
    Refusal {
        since: Now,
        asked: r#"{ a, b, m, ... }:
            let
              option = lib.mkOption { default = 1; };
              config = names: value: (lib.evalModules { modules = [ { options = lib.genAttrs names (_: option); } { _file = "one.nix"; config = value; } ]; }).config;
              many = map (n: "option-${toString (n + 1000)}") (lib.range 1 120);
              set = inner: (lib.evalModules { modules = [ { options.set = lib.genAttrs inner (_: option); } { _file = "one.nix"; set.nam = m; } ]; }).config;
              submodule = (lib.evalModules { modules = [ { options.${b} = lib.mkOption { type = lib.types.submodule { }; }; } { _file = "one.nix"; ${b}.${a} = m; } ]; }).config.${b};
            in
            {
              one = config [ "name" ] { nam = m; };
              two = config [ "name" "other" ] { nam = m; };
              four = config [ "zzzzzzzz" "name" "namely" "nameless" ] { nam = m; };
              nothing = config [ ] { ${a} = m; };
              near = config (many ++ [ "name" ]) { nam = m; };
              far = config many { ${a}.x = { }; };
              deep = set [ "name" "named" ];
              options = (lib.evalModules { modules = [ { options.x = option; } { ${a} = m; } ]; }).options;
              args = (lib.evalModules { modules = [ { options.x = option; } { ${a} = m; } ]; })._module;
              submodule = submodule;
              internal = config [ "x" ] { _modul = m; };
              twoOff = config (many ++ [ "name" ]) { na = m; };
              many = config (lib.take 99 many) { nam = m; };
              checked = (lib.evalModules { check = false; modules = [ { options.x = option; config._module.check = true; } { ${a} = m; } ]; }).config;
              placed = (lib.evalModules { modules = [ { freeformType = lib.types.attrsOf lib.types.int; } { _file = "two.nix"; ${a} = b; } ]; }).config.${a};
              prefixed = (lib.evalModules { prefix = [ "set" ]; modules = [ { freeformType = lib.types.attrsOf lib.types.int; } { _file = "two.nix"; ${a} = b; } ]; }).config.${a};
              first = config [ "name" ] { alpha = m; zulu = m; };
            }"#,
        words: &[
            (
                "one",
                &["The option `nam' does not exist. Definition values:\n- In `one.nix': $m\n\nDid you mean `name'?"],
            ),
            ("two", &["- In `one.nix': $m\n\nDid you mean `name' or `other'?"]),
            ("four", &["\n\nDid you mean `name', `namely' or `nameless'?"]),
            (
                "nothing",
                &[
                    "The option `$a' does not exist.",
                    "It seems as if you're trying to declare an option by placing it into `config' rather than `options'!",
                ],
            ),
            ("near", &["\n\nDid you mean `name'?"]),
            (
                "far",
                &["The option `$a' does not exist. Definition values:\n- In `one.nix':"],
            ),
            (
                "deep",
                &[
                    "The option `set.nam' does not exist.",
                    "\n\nDid you mean `set.name' or `set.named'?",
                ],
            ),
            ("options", &["The option `$a' does not exist"]),
            ("args", &["The option `$a' does not exist"]),
            (
                "submodule",
                &[
                    "The option `$b.$a' does not exist.",
                    "However there are no options defined in `$b'.",
                    "This can happen if you e.g. declared your options in `types.submodule'",
                ],
            ),
            ("first", &["The option `alpha' does not exist"]),
            ("internal", &["\n\nDid you mean `x'?"]),
            ("twoOff", &["\n\nDid you mean `name'?"]),
            ("many", &["\n\nDid you mean `option-"]),
            ("checked", &["The option `$a' does not exist."]),
            (
                "placed",
                &[
                    "A definition for option `$a' is not of type `signed integer'",
                    "- In `two.nix': \"$b\"",
                ],
            ),
            (
                "prefixed",
                &["A definition for option `set.$a' is not of type `signed integer'"],
            ),
        ],
    },
];

const UNCHECKED: Law = law(
    "lib-module-unchecked",
    "without the check, definitions of options that do not exist are left out",
    "Parts of a configuration are evaluated alone, with definitions for options of other parts in them.",
    drawn,
    |scene, ground| ask(UNCHECKED_ROWS, &[], scene, ground),
);

const UNCHECKED_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, m, n, ... }:
            let modules = [ { options.x = lib.mkOption { }; } { x = m; ${a} = n; } ];
            in
            {
              option = (lib.evalModules { modules = modules ++ [ { _module.check = false; } ]; }).config;
              argument = (lib.evalModules { inherit modules; check = false; }).config;
              fixed = (lib.fixMergeModules modules { }).config;
              fixedArgs = (lib.fixMergeModules [ ({ given, ... }: { options.x = lib.mkOption { default = given; }; }) ] { given = m; }).config;
              known = (lib.evalModules { modules = [ { options.x = lib.mkOption { }; } { x = m; } ]; check = true; }).config;
            }"#,
        is: r#"{ m, ... }: { option = { x = m; }; argument = { x = m; }; fixed = { x = m; }; fixedArgs = { x = m; }; known = { x = m; }; }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, m, ... }: {
              freeform = (lib.evalModules { modules = [ { freeformType = lib.types.attrsOf lib.types.int; } { ${a} = m; } ]; }).config;
              empty = (lib.evalModules { modules = [ { freeformType = lib.types.attrsOf lib.types.int; } ]; }).config;
              inside = (lib.evalModules { modules = [ {
                options.${b} = lib.mkOption { type = lib.types.submodule { freeformType = lib.types.attrsOf lib.types.int; options.x = lib.mkOption { default = 1; }; }; };
                config.${b}.${a} = m;
              } ]; }).config;
            }"#,
        is: r#"{ a, b, m, ... }: { freeform = { ${a} = m; }; empty = { }; inside = { ${b} = { ${a} = m; x = 1; }; }; }"#,
    },
];

const EXTENDED: Law = law(
    "lib-modules-extended",
    "an extended evaluation is that of all modules, and an evaluation's type is a submodule of its modules",
    "Tests, virtual machines and images are the same host with a module more.",
    drawn,
    |scene, ground| ask(EXTENDED_ROWS, &[], scene, ground),
);

const EXTENDED_ROWS: &[Row] = &[
    Row {
        since: Now,
        asked: r#"{ a, b, m, n, ... }:
            let
              base = lib.evalModules { specialArgs.given = m; modules = [ ({ given, ... }: { options.x = lib.mkOption { type = lib.types.listOf lib.types.int; }; options.given = lib.mkOption { default = given; }; config.x = [ 1 ]; }) ]; };
              more = base.extendModules { modules = [ { x = [ m ]; } ]; };
              most = more.extendModules { modules = [ { x = [ n ]; } ]; };
              special = base.extendModules { specialArgs.given = n; };
              prefixed = base.extendModules { prefix = [ a b ]; };
              inner = lib.evalModules { modules = [ { options.set = lib.mkOption { type = base.type; }; } { set.x = [ m ]; } ]; };
              none = base.extendModules { };
              added = base.extendModules { specialArgs.other = n; modules = [ ({ other, ... }: { x = [ other ]; }) ]; };
              classy = (lib.evalModules { class = a; specialArgs.given = m; modules = [ ]; }).type.functor.payload;
              kept = (lib.evalModules { prefix = [ a ]; modules = [ { options.x = lib.mkOption { }; } ]; }).extendModules { };
            in
            {
              more = more.config.x;
              most = most.config.x;
              base = base.config.x;
              special = special.config.given;
              prefixed = prefixed.options.x.loc;
              inner = inner.config.set.x;
              innerLoc = inner.options.set.valueMeta.configuration.options.x.loc;
              none = none.config;
              kept = kept.options.x.loc;
              added = [ added.config.given added.config.x ];
              payload = { inherit (classy) class specialArgs; count = builtins.length classy.modules; };
              class = (base.extendModules { modules = [ ]; }).class;
            }"#,
        is: r#"{ a, b, m, n, ... }: {
              more = [ m 1 ];
              most = [ n m 1 ];
              base = [ 1 ];
              special = n;
              prefixed = [ a b "x" ];
              inner = [ m 1 ];
              innerLoc = [ "set" "x" ];
              none = { x = [ 1 ]; given = m; };
              kept = [ a "x" ];
              added = [ m [ n 1 ] ];
              payload = { class = a; specialArgs = { given = m; }; count = 0; };
              class = null;
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, n, ... }:
            let
              module = { moduleType, extendModules, config, ... }: {
                options.x = lib.mkOption { default = m; };
                options.children = lib.mkOption { type = lib.types.attrsOf moduleType; default = { }; };
                options.other = lib.mkOption { default = (extendModules { modules = [ { x = n; } ]; }).config.x; };
              };
              e = lib.evalModules { modules = [ module { children.${a}.x = n; } ]; };
            in
            {
              child = e.config.children.${a}.x;
              other = e.config.other;
              x = e.config.x;
            }"#,
        is: r#"{ m, n, ... }: { child = n; other = n; x = m; }"#,
    },
];

const PREFIX: Law = law(
    "lib-module-prefix",
    "the prefix of an evaluation is in front of every option's path, in `loc` and in messages",
    "Options of submodules are named with the path to them, or nobody finds the line to mend.",
    drawn,
    |scene, ground| ask(PREFIX_ROWS, PREFIX_REFUSED, scene, ground),
);

const PREFIX_ROWS: &[Row] = &[Row {
    since: Always,
    asked: r#"{ a, b, m, ... }:
        let e = lib.evalModules { prefix = [ a ]; modules = [ { options.x = lib.mkOption { default = m; }; options.${b}.y = lib.mkOption { default = m; }; } ]; };
        in { x = e.options.x.loc; y = e.options.${b}.y.loc; config = e.config; }"#,
    is: r#"{ a, b, m, ... }: { x = [ a "x" ]; y = [ a b "y" ]; config = { x = m; ${b} = { y = m; }; }; }"#,
}];

const PREFIX_REFUSED: &[Refusal] = &[
    Refusal {
        since: Always,
        asked: r#"{ a, b, m, ... }:
            let
              config = modules: (lib.evalModules { prefix = [ a ]; inherit modules; }).config;
              sub = { options.s = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule { options.x = lib.mkOption { type = lib.types.int; }; }); }; };
            in
            {
              wrong = (config [ { options.x = lib.mkOption { type = lib.types.int; }; } { x = b; } ]).x;
              undefined = (config [ { options.x = lib.mkOption { type = lib.types.int; }; } ]).x;
              deep = (config [ { options.${b}.x = lib.mkOption { type = lib.types.int; }; } { ${b}.x = "no"; } ]).${b}.x;
              sub = (config [ sub { s.${b}.x = "no"; } ]).s.${b}.x;
              subUndefined = (config [ sub { s.${b} = { }; } ]).s.${b}.x;
            }"#,
        words: &[
            ("wrong", &["`$a.x'"]),
            ("undefined", &["The option `$a.x' "]),
            ("deep", &["`$a.$b.x'"]),
            ("sub", &["`$a.s.$b.x'"]),
            ("subUndefined", &["The option `$a.s.$b.x' "]),
        ],
    },
    Refusal {
        since: Now,
        asked: r#"{ a, b, m, ... }:
            let config = modules: (lib.evalModules { prefix = [ a ]; inherit modules; }).config;
            in
            {
              unknown = config [ { options.name = lib.mkOption { }; } { nam = m; } ];
              nothing = config [ { ${b} = m; } ];
            }"#,
        words: &[
            (
                "unknown",
                &["The option `$a.nam' does not exist", "Did you mean `$a.name'?"],
            ),
            (
                "nothing",
                &[
                    "The option `$a.$b' does not exist",
                    "However there are no options defined in `$a'. Are you sure you've",
                ],
            ),
        ],
    },
];
