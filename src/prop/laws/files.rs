//! Modules in files, and modules that are known by a key.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[FILES];

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
              nested = value [ ] [ { imports = [ { disabledModules = [ { key = a; } ]; } ]; } keyed { x = [ 0 ]; } ];
              texts = map builtins.isString (lib.evalModules { modules = [ { inherit options; } { _file = /some/path.nix; x = [ m ]; } ]; }).options.x.files;
              pathKey = (lib.evalModules { modules = [ { inherit options; } { key = /some/path; x = [ m ]; } { key = "/some/path"; x = [ m ]; } ]; }).config.x;
              files = map (file: lib.last (lib.splitString "-" file)) options'.x.files;
              inherit (options'.x) value;
            }"#,
        is: r#"{ a, m, n, ... }: {
              absolute = [ 0 ];
              key = [ ];
              itself = [ ];
              other = [ m ];
              string = [ ];
              nested = [ 0 ];
              texts = [ true ];
              pathKey = [ m ];
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
