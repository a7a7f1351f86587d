//! What `options.x` says of an option, read by documentation and by tools like cfgcheck.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[FACTS, DECLARED, READ_ONLY];

const FACTS: Law = law(
    "lib-option-says",
    "an option says whether it is defined, by whom, with which definitions and how strong they are",
    "Modules ask whether an option is defined, and pass its definitions on. Tools tell where a value comes from.",
    drawn,
    |scene, ground| ask(FACTS_ROWS, &[], scene, ground),
);

const FACTS_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, c, ... }:
            let
              e = lib.evalModules {
                modules = [
                  { _file = "decl.nix"; options.x = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ a ]; }; }
                  { _file = "one.nix"; x = [ b ]; }
                  { _file = "two.nix"; x = lib.mkBefore [ c ]; }
                  { _file = "weak.nix"; x = lib.mkDefault [ a ]; }
                  { _file = "off.nix"; x = lib.mkIf false [ a ]; }
                ];
              };
            in
            {
              inherit (e.options.x) isDefined highestPrio files definitions declarations loc value default;
              option = lib.isOption e.options.x;
              type = e.options.x.type.name;
              config = builtins.attrNames e.config;
              options = builtins.attrNames (removeAttrs e.options [ "_definedNames" ]);
            }"#,
        is: r#"{ a, b, c, ... }: {
              isDefined = true;
              highestPrio = 100;
              files = [ "two.nix" "one.nix" ];
              definitions = [ [ c ] [ b ] ];
              declarations = [ "decl.nix" ];
              loc = [ "x" ];
              value = [ c b ];
              default = [ a ];
              option = true;
              type = "listOf";
              config = [ "x" ];
              options = [ "_module" "x" ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, ... }:
            let
              e = lib.evalModules {
                modules = [
                  { _file = "decl.nix"; options.set.x = lib.mkOption { type = lib.types.listOf lib.types.str; }; }
                  { _file = "one.nix"; set.x = [ b ]; }
                  { _file = "two.nix"; set.x = lib.mkOrder 1200 [ a ]; }
                ];
              };
            in
            {
              inherit (e.options.set.x) definitionsWithLocations;
              shown = "${e.options.set.x}";
              kind = e._type;
              parts = builtins.attrNames e;
              class = e.class;
            }"#,
        is: r#"{ a, b, ... }: {
              definitionsWithLocations = [
                { file = "one.nix"; value = [ b ]; }
                { file = "two.nix"; value = [ a ]; priority = 1200; }
              ];
              shown = "set.x";
              kind = "configuration";
              parts = [ "_module" "_type" "class" "config" "extendModules" "graph" "options" "type" ];
              class = null;
            }"#,
    },
    Row {
        since: Always,
        asked: r#"{ a, m, n, ... }:
            let
              says = modules:
                let o = (lib.evalModules { modules = [ { _file = "decl.nix"; options.x = lib.mkOption { type = lib.types.int; }; } ] ++ modules; }).options.x;
                in { inherit (o) isDefined highestPrio files definitions; };
              by = file: x: { _file = file; inherit x; };
            in
            {
              none = says [ ];
              off = says [ (by a (lib.mkIf false m)) ];
              one = says [ (by a m) ];
              forced = says [ (by a (lib.mkForce m)) (by "other.nix" n) ];
              default = says [ (by a (lib.mkDefault m)) ];
              below = says [ (by a (lib.mkOverride 99 m)) (by "other.nix" n) ];
              above = says [ (by a (lib.mkOverride 101 m)) (by "other.nix" n) ];
              merged = says [ (by a (lib.mkMerge [ (lib.mkIf true n) (lib.mkIf false m) ])) ];
            }"#,
        is: r#"{ a, m, n, ... }:
            let
              says = isDefined: highestPrio: files: definitions: { inherit isDefined highestPrio files definitions; };
            in
            {
              none = says false 9999 [ ] [ ];
              off = says false 9999 [ ] [ ];
              one = says true 100 [ a ] [ m ];
              forced = says true 50 [ a ] [ m ];
              default = says true 1000 [ a ] [ m ];
              below = says true 99 [ a ] [ m ];
              above = says true 100 [ "other.nix" ] [ n ];
              merged = says true 100 [ a ] [ n ];
            }"#,
    },
    Row {
        since: Always,
        asked: r#"{ a, m, ... }:
            let
              says = x:
                let o = (lib.evalModules { modules = [ { _file = "decl.nix"; options.x = lib.mkOption x; } ]; }).options.x;
                in { inherit (o) isDefined highestPrio files definitions value; };
            in
            {
              default = says { default = m; };
              typed = says { default = a; type = lib.types.str; };
              applied = says { default = m; apply = x: [ x a ]; };
            }"#,
        is: r#"{ a, m, ... }:
            let
              says = definition: value: { isDefined = true; highestPrio = 1500; files = [ "decl.nix" ]; definitions = [ definition ]; inherit value; };
            in
            {
              default = says m m;
              typed = says a a;
              applied = says m [ m a ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, ... }:
            let
              e = lib.evalModules {
                modules = [
                  {
                    options.one = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule { options.x = lib.mkOption { type = lib.types.int; }; }); };
                    options.list = lib.mkOption { type = lib.types.listOf lib.types.int; };
                    options.plain = lib.mkOption { type = lib.types.int; };
                  }
                  { one.${a}.x = m; list = [ m ]; plain = m; }
                ];
              };
              meta = e.options.one.valueMeta;
            in
            {
              attrs = builtins.attrNames meta.attrs;
              inner = meta.attrs.${a}.configuration.options.x.value;
              type = meta._internal.type.name;
              list = map builtins.attrNames e.options.list.valueMeta.list;
              plain = e.options.plain.valueMeta;
            }"#,
        is: r#"{ a, m, ... }: {
              attrs = [ a ];
              inner = m;
              type = "attrsOf";
              list = [ [ ] ];
              plain = { };
            }"#,
    },
];

const DECLARED: Law = law(
    "lib-option-declared",
    "an option may be declared twice if nothing is said twice; types that can be joined are, others are refused",
    "Modules add options to submodules, values to enumerations and descriptions to options of others. Two defaults \
     would hide that one of them does not count.",
    drawn,
    |scene, ground| ask(DECLARED_ROWS, DECLARED_REFUSED, scene, ground),
);

const DECLARED_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, c, m, ... }:
            let
              twice = first: second: config:
                let e = lib.evalModules { modules = [ { _file = "one.nix"; options.x = lib.mkOption first; } { _file = "two.nix"; options.x = lib.mkOption second; } { inherit config; } ]; };
                in { inherit (e.options.x) declarations value; };
              enum = lib.types.enum;
              sub = options: lib.types.attrsOf (lib.types.submodule { inherit options; });
              int = default: lib.mkOption { type = lib.types.int; inherit default; };
            in
            {
              default = twice { type = lib.types.int; } { default = m; } { };
              other = twice { default = m; } { description = a; } { };
              same = twice { type = lib.types.int; } { type = lib.types.int; } { x = m; };
              enums = twice { type = enum [ a ]; } { type = enum [ b c ]; } { x = b; };
              subs = twice { type = sub { one = int m; }; } { type = sub { two = int 7; }; } { x.${a} = { }; };
            }"#,
        is: r#"{ a, b, c, m, ... }:
            let is = value: { declarations = [ "two.nix" "one.nix" ]; inherit value; };
            in
            {
              default = is m;
              other = is m;
              same = is m;
              enums = is b;
              subs = is { ${a} = { one = m; two = 7; }; };
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, m, n, ... }:
            let
              int = default: lib.mkOption { type = lib.types.int; inherit default; };
              e = lib.evalModules {
                modules = [
                  { _file = "one.nix"; options.x = lib.mkOption { type = lib.types.submodule { options.one = int m; }; }; }
                  { _file = "two.nix"; options.x.two = int n; }
                ];
              };
              positions = (lib.evalModules { modules = [ { _file = a; options = lib.mapAttrs (_: x: x) { x = int m; }; } ]; }).options.x.declarationPositions;
            in
            {
              inherit (e.config) x;
              inherit (e.options.x) declarations;
              inner = map (name: e.options.x.valueMeta.configuration.options.${name}.declarations) [ "one" "two" ];
              count = builtins.length e.options.x.declarationPositions;
              inherit positions;
              order = (lib.evalModules { modules = [
                { options.x = lib.mkOption { type = lib.types.submodule { options.list = lib.mkOption { type = lib.types.listOf lib.types.int; }; config.list = [ m ]; }; }; }
                { options.x = lib.mkOption { type = lib.types.submodule { config.list = [ n ]; }; }; }
                { x = { }; }
              ]; }).config.x.list;
              visible = (lib.evalModules { modules = [ { options.x = lib.mkOption { visible = true; }; } { options.x = lib.mkOption { visible = false; }; } ]; }).options.x.visible;
              files = (lib.evalModules { modules = [ { _file = "one.nix"; options.x = lib.mkOption { default = m; }; } { _file = "two.nix"; options.x = lib.mkOption { description = a; }; } ]; }).options.x.files;
              tagged = (lib.evalModules { modules = [ { options.x = lib.mkOption { type = lib.types.attrs; }; } { x = { _type = "other"; y = m; }; } ]; }).config.x;
            }"#,
        is: r#"{ a, b, m, n, ... }: {
              x = { one = m; two = n; };
              declarations = [ "two.nix" "one.nix" ];
              inner = [ [ "one.nix" ] [ "two.nix" ] ];
              count = 2;
              positions = [ { file = a; line = null; column = null; } ];
              order = [ n m ];
              visible = false;
              files = [ "two.nix" ];
              tagged = { _type = "other"; y = m; };
            }"#,
    },
];

const DECLARED_REFUSED: &[Refusal] = &[
    Refusal {
        since: Always,
        asked: r#"{ a, b, m, n, ... }:
            let
              twice = first: second:
                (lib.evalModules { modules = [ { _file = "one.nix"; options.${a} = lib.mkOption first; } { _file = "two.nix"; options.${a} = lib.mkOption second; } { config = { ${a} = lib.mkForce m; }; } ]; }).config.${a};
              int = lib.types.int;
            in
            {
              default = twice { type = int; default = m; } { type = int; default = m; };
              example = twice { example = m; } { example = n; };
              description = twice { description = a; } { description = b; };
              apply = twice { apply = x: x; } { apply = x: x; };
              type = twice { type = int; } { type = lib.types.str; };
            }"#,
        words: &[
            (
                "default",
                &["The option `$a' in `one.nix' is already declared in `two.nix'."],
            ),
            (
                "example",
                &["The option `$a' in `one.nix' is already declared in `two.nix'."],
            ),
            (
                "description",
                &["The option `$a' in `one.nix' is already declared in `two.nix'."],
            ),
            (
                "apply",
                &["The option `$a' in `one.nix' is already declared in `two.nix'."],
            ),
            (
                "type",
                &["The option `$a' in `one.nix' is already declared in `two.nix'."],
            ),
        ],
    },
    Refusal {
        since: Now,
        asked: r#"{ a, b, c, m, ... }:
            let
              value = modules: (lib.evalModules { inherit modules; }).config.${a};
              int = lib.mkOption { type = lib.types.int; };
            in
            {
              parent = value [ { _file = "one.nix"; options.${a} = int; } { _file = "two.nix"; options.${a} = { y = int; z = int; }; } { _file = "three.nix"; options.${a}.x = int; } ];
              untyped = value [ { _file = "one.nix"; options.${a} = lib.mkOption { }; } { _file = "two.nix"; options.${a}.${b} = int; } ];
              bare = value [ { _file = "one.nix"; options.${a} = lib.types.int; } ];
              deep = value [ { _file = "one.nix"; options.${a}.${b} = lib.types.int; } ];
              tagged = value [ { _file = "one.nix"; options.${a} = lib.mkIf true int; } ];
              number = value [ { _file = "one.nix"; options.${a} = m; } ];
            }"#,
        words: &[
            (
                "parent",
                &[
                    "The option `$a' in module `one.nix' would be a parent of the following options, but its type `signed integer' does not support nested options.\n - option(s) with prefix `$a.x' in module `three.nix'\n - option(s) with prefix `$a.y' in module `two.nix'\n - option(s) with prefix `$a.z' in module `two.nix'",
                ],
            ),
            (
                "untyped",
                &[
                    "its type `<no description>' does not support nested options",
                    "option(s) with prefix `$a.$b' in module `two.nix'",
                ],
            ),
            (
                "bare",
                &[
                    "In module one.nix: expected an option declaration at option path `$a` but got an attribute set with type option-type",
                    "When declaring an option, you must wrap the type in a `mkOption` call",
                    "$a = lib.mkOption {",
                ],
            ),
            (
                "deep",
                &["at option path `$a.$b` but got", "# $a.$b", "$b = lib.mkOption {"],
            ),
            (
                "tagged",
                &["expected an option declaration at option path `$a` but got an attribute set with type if"],
            ),
            (
                "number",
                &[
                    "An option declaration for `$a' has type",
                    "`int' rather than an attribute set",
                    "Did you mean to define this outside of `options'?",
                ],
            ),
        ],
    },
];

const READ_ONLY: Law = law(
    "lib-option-read-only",
    "a read-only option may be set once, be it by its default",
    "Read-only options tell what a configuration came to. A second definition would be believed, and would be false.",
    drawn,
    |scene, ground| ask(READ_ONLY_ROWS, READ_ONLY_REFUSED, scene, ground),
);

const READ_ONLY_ROWS: &[Row] = &[Row {
    since: Always,
    asked: r#"{ m, ... }:
        let value = x: modules: (lib.evalModules { modules = [ { options.x = lib.mkOption ({ readOnly = true; type = lib.types.int; } // x); } ] ++ modules; }).config.x;
        in
        {
          default = value { default = m; } [ ];
          once = value { } [ { x = m; } ];
          writable = value { default = 0; readOnly = false; } [ { x = m; } ];
        }"#,
    is: r#"{ m, ... }: { default = m; once = m; writable = m; }"#,
}];

const READ_ONLY_REFUSED: &[Refusal] = &[
    Refusal {
        since: Always,
        asked: r#"{ a, m, n, ... }:
            let value = x: modules: (lib.evalModules { modules = [ { options.${a} = lib.mkOption ({ readOnly = true; type = lib.types.int; } // x); } ] ++ modules; }).config.${a};
            in
            {
              default = value { default = m; } [ { ${a} = m; } ];
              twice = value { } [ { ${a} = m; } { ${a} = m; } ];
              forced = value { default = m; } [ { ${a} = lib.mkForce n; } ];
            }"#,
        words: &[
            (
                "default",
                &["The option `$a' is read-only, but it's set multiple times."],
            ),
            ("twice", &["The option `$a' is read-only, but it's set multiple times."]),
            (
                "forced",
                &["The option `$a' is read-only, but it's set multiple times."],
            ),
        ],
    },
    Refusal {
        since: Now,
        asked: r#"{ a, m, n, ... }: {
              named = (lib.evalModules { modules = [ { _file = "decl.nix"; options.${a} = lib.mkOption { readOnly = true; type = lib.types.int; default = m; }; } { _file = "b.nix"; config.${a} = lib.mkForce n; } ]; }).config.${a};
            }"#,
        words: &[(
            "named",
            &["Definition values:", "- In `decl.nix': $m", "- In `b.nix': $n"],
        )],
    },
];
