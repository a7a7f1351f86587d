//! Options under a new name, and options that are gone.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[RENAMED, TOLD, CHANGED, REMOVED, ALIASED];

const RENAMED: Law = law(
    "lib-rename-passes-on",
    "what is said of the old name of an option is said of the new one, with its priority",
    "A configuration of last year must come to the same this year, also where it overrides something.",
    drawn,
    |scene, ground| ask(RENAMED_ROWS, RENAMED_REFUSED, scene, ground),
);

const RENAMED_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, m, n, ... }:
            let
              value = rename: modules:
                let
                  e = lib.evalModules { modules = [
                    (rename [ "old" a ] [ "new" b ])
                    { options.new.${b} = lib.mkOption { type = lib.types.int; default = 0; }; options.warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; }; }
                  ] ++ modules; };
                in { new = e.config.new.${b}; old = e.config.old.${a}; prio = e.options.new.${b}.highestPrio; };
              old = x: { old.${a} = x; };
              new = x: { new.${b} = x; };
              renamed = value lib.mkRenamedOptionModule;
              aliased = value lib.mkAliasOptionModule;
              weightless = value (from: to: lib.doRename { inherit from to; visible = true; warn = false; use = x: x; withPriority = false; });
            in
            {
              plain = renamed [ (old m) ];
              none = renamed [ ];
              new = renamed [ (new m) ];
              forced = renamed [ (old (lib.mkForce m)) (new n) ];
              weak = renamed [ (old (lib.mkDefault m)) (new n) ];
              stronger = renamed [ (old (lib.mkDefault m)) (new (lib.mkOverride 1001 n)) ];
              off = renamed [ (old (lib.mkIf false m)) (new n) ];
              alias = aliased [ (old (lib.mkForce m)) (new n) ];
              aliasWeak = aliased [ (old (lib.mkDefault m)) ];
              weightless = weightless [ (old (lib.mkDefault m)) ];
            }"#,
        is: r#"{ m, n, ... }:
            let is = value: prio: { new = value; old = value; inherit prio; };
            in
            {
              plain = is m 100;
              none = is 0 1500;
              new = is m 100;
              forced = is m 50;
              weak = is n 100;
              stronger = is m 1000;
              off = is n 100;
              alias = is m 50;
              aliasWeak = is m 1000;
              weightless = is m 100;
            }"#,
    },
    Row {
        since: Always,
        asked: r#"{ a, m, n, ... }:
            let
              e = rename: lib.evalModules { modules = [
                (rename [ "old" ] [ "new" ])
                { options.new = lib.mkOption { type = lib.types.listOf lib.types.int; apply = x: x ++ [ 0 ]; }; options.warnings = lib.mkOption { default = [ ]; }; }
                { old = [ m ]; }
                { new = [ n ]; }
              ]; };
              renamed = e lib.mkRenamedOptionModule;
              aliased = e lib.mkAliasOptionModule;
            in
            {
              value = lib.sort (x: y: x < y) renamed.config.new;
              same = renamed.config.old == renamed.config.new;
              type = renamed.options.old.type.name;
              visible = renamed.options.old.visible;
              aliased = aliased.options.old.visible;
              warnings = aliased.config.warnings;
            }"#,
        is: r#"{ m, n, ... }: { value = [ 0 m n ]; same = true; type = "listOf"; visible = false; aliased = true; warnings = [ ]; }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, n, ... }:
            let
              e = condition: lib.evalModules { modules = [
                (lib.doRename { from = [ "old" ]; to = [ "set" a "x" ]; visible = true; warn = false; use = x: [ x ]; inherit condition; })
                { old = { }; }
                { options.set = lib.mkOption { default = { }; type = lib.types.attrsOf (lib.types.submodule { options.x = lib.mkOption { default = n; }; }); }; }
              ]; };
              described = (e true).options.old;
            in
            {
              on = (e true).config.set;
              off = (e false).config.set;
              used = (e true).config.old;
              description = described.description;
              type = described.type.name;
            }"#,
        is: r#"{ a, n, ... }: {
              on = { ${a} = { x = { }; }; };
              off = { };
              used = [ { } ];
              description = "Alias of {option}`set.${a}.x`.";
              type = "submodule";
            }"#,
    },
];

const RENAMED_REFUSED: &[Refusal] = &[Refusal {
    since: Always,
    asked: r#"{ a, m, ... }:
        let e = lib.evalModules { modules = [ (lib.mkRenamedOptionModule [ "old" ] [ "new" ]) { options.new = lib.mkOption { type = lib.types.int; }; options.warnings = lib.mkOption { default = [ ]; }; } { _file = "a.nix"; old = a; } ]; };
        in { new = e.config.new; old = e.config.old; }"#,
    words: &[("new", &["`new'"]), ("old", &["`"])],
}];

const NOWHERE: &[Refusal] = &[Refusal {
    since: Always,
    asked: r#"{ a, b, ... }: {
          nowhere = (lib.evalModules { modules = [ (lib.mkAliasOptionModule [ a ] [ b "x" ]) { _module.check = false; } { options.warnings = lib.mkOption { default = [ ]; }; } ]; }).config.${a};
        }"#,
    words: &[("nowhere", &["Renaming error: option `$b.x' does not exist."])],
}];

const TOLD: Law = law(
    "lib-rename-warns",
    "who uses the old name of an option is warned, with the file and the new name",
    "Warnings are the only way in which the users of a name learn that it will be gone.",
    drawn,
    |scene, ground| ask(TOLD_ROWS, NOWHERE, scene, ground),
);

const TOLD_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, m, ... }:
            let
              warnings = modules: (lib.evalModules { modules = [
                (lib.mkRenamedOptionModule [ "old" a ] [ "new" b ])
                { options.new.${b} = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; }; options.warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; }; }
              ] ++ modules; }).config.warnings;
            in
            {
              one = warnings [ { _file = "a.nix"; old.${a} = [ m ]; } ];
              two = warnings [ { _file = "a.nix"; old.${a} = [ m ]; } { _file = "b.nix"; old.${a} = [ m ]; } ];
              none = warnings [ { _file = "a.nix"; new.${b} = [ m ]; } ];
              off = warnings [ { _file = "a.nix"; old.${a} = lib.mkIf false [ m ]; } ];
            }"#,
        is: r#"{ a, b, ... }: {
              one = [ "The option `old.${a}' defined in `a.nix' has been renamed to `new.${b}'." ];
              two = [ "The option `old.${a}' defined in `b.nix' and `a.nix' has been renamed to `new.${b}'." ];
              none = [ ];
              off = [ ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, m, ... }:
            let
              warnings = sinceRelease: (lib.evalModules { modules = [
                (lib.mkRenamedOptionModuleWith { from = [ "old" ]; to = [ "new" ]; inherit sinceRelease; })
                { options.new = lib.mkOption { type = lib.types.int; }; options.warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; }; }
                { _file = "a.nix"; old = m; }
              ]; }).config;
              told = (warnings 2005).warnings;
              without = lib.evalModules { modules = [ (lib.mkRenamedOptionModule [ "old" ] [ "new" ]) { options.new = lib.mkOption { type = lib.types.int; }; } { old = m; } ]; };
            in
            {
              inherit told;
              kept = (warnings 9911).warnings;
              value = [ (warnings 2005).new (warnings 2005).old (warnings 9911).old ];
              without = without.config.new;
              withVisible = (lib.evalModules { modules = [ (lib.mkRenamedOptionModuleWith { from = [ "old" ]; to = [ "new" ]; sinceRelease = 2005; }) { options.new = lib.mkOption { type = lib.types.int; }; } ]; }).options.old.visible;
              unweighed = lib.modules.mkAliasAndWrapDefsWithPriority (x: x) { isDefined = true; definitions = [ m ]; };
              visible = without.options.old.visible;
            }"#,
        is: r#"{ m, ... }: {
              told = [ "The option `old' defined in `a.nix' has been renamed to `new'." ];
              kept = [ ];
              value = [ m m m ];
              without = m;
              withVisible = false;
              unweighed = lib.mkIf true (lib.mkMerge [ (lib.mkOverride 100 m) ]);
              visible = false;
            }"#,
    },
];

const CHANGED: Law = law(
    "lib-rename-changes",
    "an option whose value is made of old options has the value that they make, and a warning for each that is used",
    "One option in place of three, or a number in place of a word: old configurations still work.",
    drawn,
    |scene, ground| ask(CHANGED_ROWS, &[], scene, ground),
);

const CHANGED_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, b, m, n, ... }:
            let
              e = modules: lib.evalModules { modules = [
                (lib.mkMergedOptionModule [ [ "old" a ] [ "old" b ] ] [ "new" ] (config: "${toString config.old.${a}} ${toString config.old.${b}}"))
                { options.new = lib.mkOption { type = lib.types.str; default = "none"; }; options.warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; }; }
              ] ++ modules; };
              both = e [ { _file = "a.nix"; old.${a} = m; } { _file = "b.nix"; old.${b} = n; } ];
              one = e [ { _file = "a.nix"; old.${a} = m; } ];
            in
            {
              both = both.config.new;
              one = one.config.new;
              none = (e [ ]).config.new;
              new = (e [ { new = a; } ]).config.new;
              warnings = builtins.length both.config.warnings;
              warning = one.config.warnings;
              quiet = (e [ ]).config.warnings;
              visible = one.options.old.${a}.visible;
            }"#,
        is: r#"{ a, b, m, n, ... }: {
              both = "${toString m} ${toString n}";
              one = "${toString m} _mkMergedOptionModule";
              none = "none";
              new = a;
              warnings = 2;
              warning = [ "The option `old.${a}' defined in `a.nix' has been changed to `new' that has a different type. Please read `new' documentation and update your configuration accordingly." ];
              quiet = [ ];
              visible = false;
            }"#,
    },
    Row {
        since: Always,
        asked: r#"{ a, m, ... }:
            let
              e = modules: lib.evalModules { modules = [
                (lib.mkChangedOptionModule [ "old" ] [ "new" ] (config: config.old + 1))
                { options.new = lib.mkOption { type = lib.types.int; default = 0; }; options.warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; }; }
              ] ++ modules; };
            in
            {
              value = (e [ { old = m; } ]).config.new;
              none = (e [ ]).config.new;
              warnings = builtins.length (e [ { old = m; } ]).config.warnings;
            }"#,
        is: r#"{ m, ... }: { value = m + 1; none = 0; warnings = 1; }"#,
    },
];

const REMOVED: Law = law(
    "lib-option-removed",
    "an option that is gone fails an assertion where it is defined, and says what to do instead",
    "What has no effect any more must not be believed to have one.",
    drawn,
    |scene, ground| ask(REMOVED_ROWS, REMOVED_REFUSED, scene, ground),
);

const REMOVED_ROWS: &[Row] = &[Row {
    since: Always,
    asked: r#"{ a, m, ... }:
        let
          e = modules: lib.evalModules { modules = [
            (lib.mkRemovedOptionModule [ "old" a ] "Use the other.")
            { options.assertions = lib.mkOption { type = lib.types.listOf lib.types.unspecified; }; }
          ] ++ modules; };
          used = e [ { _file = "a.nix"; old.${a} = m; } ];
        in
        {
          used = used.config.assertions;
          unused = map (x: x.assertion) (e [ ]).config.assertions;
          visible = used.options.old.${a}.visible;
        }"#,
    is: r#"{ a, ... }: {
          used = [ { assertion = false; message = "The option definition `old.${a}' in `a.nix' no longer has any effect; please remove it.\nUse the other.\n"; } ];
          unused = [ true ];
          visible = false;
        }"#,
}];

const REMOVED_REFUSED: &[Refusal] = &[Refusal {
    since: Always,
    asked: r#"{ a, m, ... }: {
          read = (lib.evalModules { modules = [ (lib.mkRemovedOptionModule [ "old" a ] "Use the other.") { options.assertions = lib.mkOption { }; } { old.${a} = m; } ]; }).config.old.${a};
        }"#,
    words: &[(
        "read",
        &["The option `old.$a' can no longer be used since it's been removed. Use the other."],
    )],
}];

const ALIASED: Law = law(
    "lib-definitions-passed-on",
    "definitions that are passed on to another option mean there what they meant, if there are any",
    "Options that stand for others are made of this: `mkAliasDefinitions`, `mkDerivedConfig`.",
    drawn,
    |scene, ground| ask(ALIASED_ROWS, &[], scene, ground),
);

const ALIASED_ROWS: &[Row] = &[
    Row {
        since: Always,
        asked: r#"{ a, m, n, ... }:
            let
              e = alias: modules:
                let e = lib.evalModules { modules = [
                  ({ options, ... }: { options.from = lib.mkOption { type = lib.types.int; }; options.to = lib.mkOption { type = lib.types.int; default = 0; }; config = alias options.from; })
                ] ++ modules; };
                in { value = e.config.to; prio = e.options.to.highestPrio; };
              plain = e (from: { to = lib.mkAliasDefinitions from; });
              wrapped = e (lib.mkAliasAndWrapDefinitions (x: { to = x; }));
              weighed = e (lib.modules.mkAliasAndWrapDefsWithPriority (x: { to = x; }));
            in
            {
              plain = plain [ { from = m; } ];
              none = plain [ ];
              weak = plain [ { from = lib.mkDefault m; } ];
              wrapped = wrapped [ { from = lib.mkDefault m; } ];
              unwrapped = wrapped [ ];
              weighed = weighed [ { from = lib.mkDefault m; } ];
              force = weighed [ { from = lib.mkForce m; } { to = n; } ];
              weightless = weighed [ ];
            }"#,
        is: r#"{ m, ... }:
            let is = value: prio: { inherit value prio; };
            in
            {
              plain = is m 100;
              none = is 0 1500;
              weak = is m 100;
              wrapped = is m 100;
              unwrapped = is 0 1500;
              weighed = is m 1000;
              force = is m 50;
              weightless = is 0 1500;
            }"#,
    },
    Row {
        since: Now,
        asked: r#"{ a, b, m, n, ... }:
            let
              e = modules: lib.evalModules { modules = [
                ({ options, ... }: { options.from = lib.mkOption { type = lib.types.int; }; options.to = lib.mkOption { type = lib.types.int; default = 0; }; config.to = lib.mkDerivedConfig options.from (x: x + 1); })
              ] ++ modules; };
              says = modules: { inherit ((e modules).options.to) value highestPrio; };
              alias = (lib.evalModules { modules = [ ({ options, ... }: { options.from = lib.mkOption { default = m; }; options.to = lib.mkOption { default = n; }; config.to = lib.modules.mkAliasIfDef options.from m; }) ]; }).config.to;
              never = (lib.evalModules { modules = [ ({ options, ... }: { options.from = lib.mkOption { }; options.to = lib.mkOption { default = n; }; config.to = lib.modules.mkAliasIfDef options.from m; }) ]; }).config.to;
            in
            {
              plain = says [ { from = m; } ];
              forced = says [ { from = lib.mkForce m; } { to = n; } ];
              fallback = (lib.mkDerivedConfig { value = m; } (x: x)).priority;
              inherit alias never;
              strict = lib.mkFixStrictness m;
            }"#,
        is: r#"{ m, n, ... }: {
              plain = { value = m + 1; highestPrio = 100; };
              forced = { value = m + 1; highestPrio = 50; };
              fallback = 100;
              alias = m;
              never = n;
              strict = m;
            }"#,
    },
];
