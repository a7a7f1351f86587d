//! Properties as values, and the functions that take them off.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[VALUES, TAKEN, DEFINITIONS];

const VALUES: Law = law(
    "lib-property-values",
    "`mkForce`, `mkDefault`, `mkBefore` and the others are `mkOverride` and `mkOrder` with the numbers of the manual",
    "Modules of nixpkgs and of everybody else must mean the same numbers.",
    drawn,
    |scene, ground| ask(VALUES_ROWS, VALUES_REFUSED, scene, ground),
);

const VALUES_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, m, n, ... }: {
              force = lib.mkForce a;
              default = lib.mkDefault a;
              option = lib.mkOptionDefault a;
              vm = lib.mkVMOverride a;
              override = lib.mkOverride m a;
              before = lib.mkBefore a;
              after = lib.mkAfter a;
              order = lib.mkOrder m a;
              cond = lib.mkIf true a;
              merge = lib.mkMerge [ m n ];
              asserted = lib.mkAssert true "not so" a;
            }"#,
        is: r#"{ a, m, n, ... }: {
              force = { _type = "override"; priority = 50; content = a; };
              default = { _type = "override"; priority = 1000; content = a; };
              option = { _type = "override"; priority = 1500; content = a; };
              vm = { _type = "override"; priority = 10; content = a; };
              override = { _type = "override"; priority = m; content = a; };
              before = { _type = "order"; priority = 500; content = a; };
              after = { _type = "order"; priority = 1500; content = a; };
              order = { _type = "order"; priority = m; content = a; };
              cond = { _type = "if"; condition = true; content = a; };
              merge = { _type = "merge"; contents = [ m n ]; };
              asserted = { _type = "if"; condition = true; content = a; };
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, m, ... }: {
              image = (lib.mkImageMediaOverride a).priority;
              override = lib.modules.defaultOverridePriority;
              order = lib.modules.defaultOrderPriority;
              definition = lib.mkDefinition { file = a; value = m; };
              mapped = map (lib.modules.mapDefinitionValue (x: x + 1)) [ m (lib.mkForce m) (lib.mkIf false m) (lib.mkMerge [ m (lib.mkBefore 1) ]) (lib.mkDefinition { file = a; value = m; }) ];
              mappedSets = map (lib.modules.mapDefinitionValue (x: [ x ])) [ { _type = b; value = m; } { x = m; } ];
            }"#,
        is: r#"{ a, b, m, ... }: {
              image = 60;
              override = 100;
              order = 1000;
              definition = { _type = "definition"; file = a; value = m; };
              mapped = [ (m + 1) (lib.mkForce (m + 1)) (lib.mkIf false (m + 1)) (lib.mkMerge [ (m + 1) (lib.mkBefore 2) ]) { _type = "definition"; file = a; value = m + 1; } ];
              mappedSets = [ [ { _type = b; value = m; } ] [ { x = m; } ] ];
            }"#,
    },
];

const VALUES_REFUSED: &[Refusal] = &[Refusal {
    since: Always,
    asked: r#"{ a, m, ... }: {
          value = (lib.evalModules { modules = [ { options.x = lib.mkOption { }; config.x = lib.mkAssert false a m; } ]; }).config.x;
        }"#,
    words: &[("value", &["Failed assertion: $a"])],
}];

const TAKEN: Law = law(
    "lib-property-taken-off",
    "definitions keep their order, and lose their conditions and all that are weaker than the strongest",
    "Tools that look at definitions use the same functions as the module system.",
    drawn,
    |scene, ground| ask(TAKEN_ROWS, &[], scene, ground),
);

const TAKEN_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, c, m, n, ... }:
            let
              def = file: value: { inherit file value; };
              merge = type: defs: let r = lib.mergeDefinitions [ "x" ] type defs; in { inherit (r) isDefined defsFinal optionalValue; };
              values = map (d: d.value);
            in
            {
              filtered = lib.filterOverrides [ (def a (lib.mkDefault m)) (def b n) (def c (lib.mkOverride 100 m)) ];
              one = lib.filterOverrides [ (def a (lib.mkDefault m)) ];
              strongest = lib.filterOverrides [ (def a (lib.mkForce m)) (def b (lib.mkForce n)) (def c m) ];
              weak = lib.filterOverrides [ (def a (lib.mkDefault m)) (def b (lib.mkDefault n)) ];
              sorted = values (lib.sortProperties [ (def a (lib.mkAfter 1)) (def b 2) (def c (lib.mkBefore 3)) (def c (lib.mkOrder 1000 4)) (def c (lib.mkOrder 999 5)) (def c (lib.mkOrder 1001 6)) ]);
              merged = merge (lib.types.listOf lib.types.int) [ (def a (lib.mkIf true [ m ])) (def b (lib.mkIf false [ n ])) (def c (lib.mkMerge [ [ 1 ] (lib.mkMerge [ [ 2 ] ]) ])) ];
              nothing = merge lib.types.int [ (def a (lib.mkIf false m)) ];
            }"#,
        is: r#"{ a, b, c, m, n, ... }:
            let def = file: value: { inherit file value; };
            in
            {
              filtered = [ (def b n) (def c m) ];
              one = [ (def a m) ];
              strongest = [ (def a m) (def b n) ];
              weak = [ (def a m) (def b n) ];
              sorted = [ 3 5 2 4 6 1 ];
              merged = { isDefined = true; defsFinal = [ (def a [ m ]) (def c [ 1 ]) (def c [ 2 ]) ]; optionalValue = { value = [ m 1 2 ]; }; };
              nothing = { isDefined = false; defsFinal = [ ]; optionalValue = { }; };
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, c, m, n, ... }:
            let
              def = file: value: { inherit file value; };
              e = lib.evalModules { modules = [
                { options.x = lib.mkOption { type = lib.types.attrsOf lib.types.int; }; }
                { _file = "a.nix"; x = lib.mkMerge [ { ${a} = lib.mkForce m; ${b} = n; } { ${a} = n; } ]; }
                { _file = "b.nix"; x.${c} = lib.mkDefault m; }
                { _file = "c.nix"; x = lib.mkIf true { ${c} = lib.mkDefault m; }; }
              ]; };
              lazy = lib.evalModules { modules = [ { options.x = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.int; }; config.x.${a} = lib.mkDefault m; } ]; };
              final = lib.mergeDefinitions [ "x" ] lib.types.int [ (def a (lib.mkMerge [ (lib.mkDefault 1) m ])) (def b (lib.mkDefinition { file = c; value = m; })) ];
              plain = lib.mergeDefinitions [ "x" ] lib.types.int [ (def a m) ];
            in
            {
              attrs = lib.modules.mergeAttrDefinitionsWithPrio e.options.x;
              lazy = lib.modules.mergeAttrDefinitionsWithPrio lazy.options.x;
              inherit (final.defsFinal') values highestPrio;
              plain = plain.defsFinal';
              beyond = map (priority: builtins.length (lib.filterOverrides [ (def a (lib.mkOverride priority m)) (def b (lib.mkOverride priority m)) ])) [ 9998 9999 10000 ];
              alone = lib.filterOverrides [ (def a (lib.mkOverride 10000 m)) ];
              strongest = map (defs: (lib.modules.filterOverrides' defs).highestPrio) [ [ (def a (lib.mkOverride 10000 m)) ] [ (def a m) ] [ (def a (lib.mkDefault m)) (def b n) ] ];
              checked = plain.checkedAndMerged;
            }"#,
        is: r#"{ a, b, c, m, n, ... }: {
              attrs = { ${a} = { value = m; highestPrio = 50; }; ${b} = { value = n; highestPrio = 100; }; ${c} = { value = m; highestPrio = 1000; }; };
              lazy = { ${a} = { value = m; highestPrio = 1000; }; };
              values = [ { file = a; value = m; } { _type = "definition"; file = c; value = m; } ];
              highestPrio = 100;
              plain = { values = [ { file = a; value = m; } ]; highestPrio = 100; };
              beyond = [ 2 2 0 ];
              alone = [ { file = a; value = m; } ];
              strongest = [ 10000 100 100 ];
              checked = { headError = null; value = m; valueMeta = { }; };
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, m, n, ... }:
            let
              push = lib.modules.pushDownProperties;
              discharge = lib.modules.dischargeProperties;
            in
            {
              plain = push { x = m; };
              cond = push (lib.mkIf true { x = m; y = n; });
              override = push (lib.mkForce { x = m; });
              merge = push (lib.mkMerge [ { x = m; } (lib.mkMerge [ { y = n; } ]) ]);
              both = push (lib.mkIf false (lib.mkMerge [ { x = m; } { x = n; } ]));
              number = push (lib.mkIf true m);
              strong = push (lib.mkForce m);
              on = discharge (lib.mkIf true m);
              off = discharge (lib.mkIf false m);
              all = discharge (lib.mkMerge [ m (lib.mkIf true (lib.mkMerge [ n (lib.mkIf false m) ])) ]);
              kept = discharge (lib.mkForce (lib.mkIf false m));
            }"#,
        is: r#"{ a, b, m, n, ... }: {
              plain = [ { x = m; } ];
              cond = [ { x = lib.mkIf true m; y = lib.mkIf true n; } ];
              override = [ { x = lib.mkForce m; } ];
              merge = [ { x = m; } { y = n; } ];
              both = [ { x = lib.mkIf false m; } { x = lib.mkIf false n; } ];
              number = [ m ];
              strong = [ m ];
              on = [ m ];
              off = [ ];
              all = [ m n ];
              kept = [ (lib.mkForce (lib.mkIf false m)) ];
            }"#,
    },
];

const DEFINITIONS: Law = law(
    "lib-definition-placed",
    "a definition that says its file is that file's, and messages name it",
    "Generated definitions would otherwise all be of the file that passed them on.",
    drawn,
    |scene, ground| ask(DEFINITIONS_ROWS, DEFINITIONS_REFUSED, scene, ground),
);

const DEFINITIONS_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"{ a, b, m, n, ... }:
        let
          option = modules: (lib.evalModules { modules = [ { options.x = lib.mkOption { type = lib.types.listOf lib.types.int; }; } ] ++ modules; }).options.x;
          one = option [ { _file = a; x = lib.mkDefinition { file = b; value = [ m ]; }; } ];
          two = option [ { _file = a; x = lib.mkMerge [ (lib.mkDefinition { file = b; value = [ m ]; }) [ n ] ]; } ];
          weak = option [ { _file = a; x = lib.mkDefinition { file = b; value = lib.mkDefault [ m ]; }; } { _file = a; x = [ n ]; } ];
        in
        {
          one = { inherit (one) files value; };
          two = { inherit (two) files value; };
          weak = { inherit (weak) files value; };
        }"#,
    is: r#"{ a, b, m, n, ... }: {
          one = { files = [ b ]; value = [ m ]; };
          two = { files = [ b a ]; value = [ m n ]; };
          weak = { files = [ a ]; value = [ n ]; };
        }"#,
}];

const DEFINITIONS_REFUSED: &[Refusal] = &[Refusal {
    since: Now,
    asked: r#"{ a, b, c, m, n, ... }:
            let
              value = type: modules: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ modules; }).config.x;
              wrong = [ { _file = "a.nix"; x = a; } ];
              said = file: x: { _file = file; inherit x; };
            in
            {
              placed = value lib.types.int [ { _file = "a.nix"; x = lib.mkMerge [ (lib.mkDefinition { file = "b.nix"; value = a; }) (lib.mkDefinition { file = "c.nix"; value = b; }) ]; } ];
              wrong = value lib.types.int wrong;
              wrongList = value (lib.types.listOf lib.types.int) wrong;
              undefined = value lib.types.int [ ];
              only = value lib.types.int [ (said "a.nix" m) (said "b.nix" a) ];
              conflict = value lib.types.int [ (said "a.nix" m) (said "b.nix" n) (said "c.nix" m) ];
              unique = value (lib.types.unique { message = "Only one of us."; } lib.types.int) [ (said "a.nix" m) (said "b.nix" m) ];
              once = value lib.types.raw [ (said "a.nix" m) (said "b.nix" m) ];
              null = value (lib.types.nullOr lib.types.int) [ (said "a.nix" m) (said "b.nix" null) ];
            }"#,
    words: &[
        (
            "placed",
            &[
                "is not of type `signed integer'. Definition values:",
                "- In `b.nix': \"$a\"",
                "- In `c.nix': \"$b\"",
            ],
        ),
        (
            "wrong",
            &["A definition for option `x' is not of type `signed integer'. Definition values:\n- In `a.nix': \"$a\""],
        ),
        (
            "wrongList",
            &[
                "A definition for option `x' is not of type `list of signed integer'. TypeError: Definition values: \n- In `a.nix': \"$a\"",
            ],
        ),
        (
            "undefined",
            &["The option `x' was accessed but has no value defined. Try setting the option."],
        ),
        ("only", &["Definition values:\n- In `b.nix': \"$a\""]),
        (
            "conflict",
            &[
                "The option `x' has conflicting definition values:",
                "- In `c.nix': $m\n- In `b.nix': $n",
                "Use `lib.mkForce value` or `lib.mkDefault value`",
            ],
        ),
        (
            "unique",
            &[
                "The option `x' is defined multiple times while it's expected to be unique.\nOnly one of us.\nDefinition values:\n- In `b.nix': $m\n- In `a.nix': $m\nUse `lib.mkForce value`",
            ],
        ),
        (
            "once",
            &[
                "The option `x' is defined multiple times while it's expected to be unique.",
                "Definition values:",
            ],
        ),
        (
            "null",
            &["The option `x` is defined both null and not null, in `b.nix' and `a.nix'."],
        ),
    ],
}];
