//! Libraries that break laws: each a function of the library, and the law that must find it.

/// Laws, and libraries that they must find.
pub(super) const LIBRARIES: &[(&str, &str)] = &[
    (
        "lib-import-order",
        // The first module that says anything wins.
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = lib.imap1 (n: m: if m ? config then \
         m // { config = lib.mkOverride n m.config; } else m) args.modules; }); }",
    ),
    (
        "lib-import-twice",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = map (m: removeAttrs m [ \"key\" ]) \
         args.modules; }); }",
    ),
    (
        "lib-merge-flat",
        "lib: lib // { mkMerge = all: lib.mkMerge (lib.take 3 all); }",
    ),
    (
        "lib-merge-flat",
        "lib: lib // { mkMerge = all: lib.mkMerge (lib.reverseList all); }",
    ),
    (
        "lib-false-absent",
        "lib: lib // { mkIf = condition: content: content; }",
    ),
    (
        "lib-false-absent",
        "lib: lib // { mkIf = condition: content: if condition then content else null; }",
    ),
    (
        "lib-priority-alone",
        "lib: lib // { mkDefault = value: lib.mkIf false value; }",
    ),
    (
        "lib-functions-merge",
        "lib: lib // { mergeDefaultOption = loc: defs: _: null; }",
    ),
    ("lib-priority-order", "lib: lib // { mkForce = lib.mkDefault; }"),
    ("lib-priority-order", "lib: lib // { mkDefault = lib.mkForce; }"),
    ("lib-priority-order", "lib: lib // { mkDefault = lib.mkOverride 1501; }"),
    (
        "lib-apply-once",
        "lib: lib // { mkOption = a: lib.mkOption (if a ? apply then a // { apply = x: a.apply (a.apply x); } else a); }",
    ),
    (
        "lib-conflict-named",
        "lib: lib // { types = lib.types // { int = lib.types.int // { merge = loc: defs: (lib.head defs).value; }; }; }",
    ),
    (
        "lib-conflict-named",
        "lib: lib // { types = lib.types // { uniq = type: type; }; }",
    ),
    (
        "lib-list-union",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = lib.take 3 args.modules; }); }",
    ),
    ("lib-list-order", "lib: lib // { mkBefore = lib.mkAfter; }"),
    (
        "lib-list-order",
        "lib: lib // { mkOrder = place: lib.mkOrder (place - 1); }",
    ),
    (
        "lib-order-changes-order",
        "lib: lib // { mkOrder = place: value: lib.mkOrder place (if lib.isInt value then value + 1 else value); }",
    ),
    (
        "lib-model",
        "lib: lib // { types = lib.types // { nullOr = type: lib.types.nullOr type // { check = x: true; }; }; }",
    ),
    (
        "lib-model",
        "lib: lib // { mkOverride = priority: lib.mkOverride (priority + 1); }",
    ),
    (
        "lib-set-keys",
        "lib: lib // { types = lib.types // { attrsOf = lib.types.lazyAttrsOf; lazyAttrsOf = t: lib.types.attrs; }; }",
    ),
    (
        "lib-submodule-merges",
        "lib: lib // { types = lib.types // { submodule = m: lib.types.submoduleWith { modules = [ m { \
         config._module.check = false; } ]; shorthandOnlyDefinesConfig = true; }; }; }",
    ),
    (
        "lib-freeform-type",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = map (m: if m ? freeformType then m // \
         { freeformType = lib.types.lazyAttrsOf lib.types.anything; } else m) args.modules; }); }",
    ),
    (
        "lib-value-accepted",
        "lib: lib // { types = lib.types // { str = lib.types.nonEmptyStr; lines = lib.types.str; }; }",
    ),
    (
        "lib-value-refused",
        "lib: lib // { types = lib.types // { int = lib.types.number; str = lib.types.raw; }; }",
    ),
    (
        "lib-disabled-removes",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = map (m: removeAttrs m [ \
         \"disabledModules\" ]) args.modules; }); }",
    ),
    (
        "lib-option-says",
        "lib: lib // { evalModules = args: let e = lib.evalModules args; in e // { options = lib.mapAttrs (_: o: if \
         lib.isOption o then o // { files = lib.reverseList o.files; highestPrio = 100; } else o) e.options; }; }",
    ),
    (
        "lib-option-declared",
        "lib: lib // { mkOption = x: removeAttrs (lib.mkOption x) [ \"description\" \"default\" ]; }",
    ),
    (
        "lib-option-read-only",
        "lib: lib // { mkOption = x: removeAttrs (lib.mkOption x) [ \"readOnly\" ]; }",
    ),
    ("lib-property-values", "lib: lib // { mkForce = lib.mkOverride 51; }"),
    (
        "lib-property-taken-off",
        "lib: lib // { sortProperties = lib.filterOverrides; }",
    ),
    (
        "lib-property-taken-off",
        "lib: lib // { filterOverrides = defs: lib.take 1 (lib.filterOverrides defs); }",
    ),
    ("lib-definition-placed", "lib: lib // { mkDefinition = x: x.value; }"),
    (
        "lib-module-shapes",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = map (m: if lib.isAttrs m then \
         removeAttrs m [ \"require\" ] else m) args.modules; }); }",
    ),
    (
        "lib-module-refused",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = map (m: if lib.isAttrs m && m ? \
         imports then m // { imports = lib.flatten m.imports; } else m) args.modules; }); }",
    ),
    (
        "lib-module-files",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = map (m: if lib.isString m then import m \
         else m) args.modules; }); }",
    ),
    (
        "lib-module-arguments",
        "lib: lib // { evalModules = args: lib.evalModules (removeAttrs args [ \"specialArgs\" ]); }",
    ),
    (
        "lib-module-class",
        "lib: lib // { evalModules = args: lib.evalModules (removeAttrs args [ \"class\" ]); }",
    ),
    (
        "lib-option-unknown",
        "lib: lib // { evalModules = args: lib.evalModules (args // { modules = args.modules ++ [ { _module.check = \
         false; } ]; }); }",
    ),
    (
        "lib-module-unchecked",
        "lib: lib // { evalModules = args: lib.evalModules (removeAttrs args [ \"check\" ]); }",
    ),
    (
        "lib-modules-extended",
        "lib: lib // { evalModules = args: let e = lib.evalModules args; in e // { extendModules = x: e.extendModules \
         (removeAttrs x [ \"specialArgs\" ]); }; }",
    ),
    (
        "lib-module-prefix",
        "lib: lib // { evalModules = args: lib.evalModules (removeAttrs args [ \"prefix\" ]); }",
    ),
    (
        "lib-rename-passes-on",
        "lib: lib // { mkRenamedOptionModule = lib.mkAliasOptionModule; doRename = x: lib.doRename (x // { withPriority = true; }); }",
    ),
    (
        "lib-rename-warns",
        "lib: lib // { mkRenamedOptionModule = lib.mkAliasOptionModule; }",
    ),
    (
        "lib-rename-changes",
        "lib: lib // { mkMergedOptionModule = from: to: change: lib.mkMergedOptionModule (lib.take 1 from) to change; }",
    ),
    (
        "lib-option-removed",
        "lib: lib // { mkRemovedOptionModule = name: advice: { options = lib.setAttrByPath name (lib.mkOption { visible = \
         false; }); config.assertions = [ ]; }; }",
    ),
    (
        "lib-definitions-passed-on",
        "lib: lib // { mkAliasDefinitions = option: lib.mkMerge option.definitions; mkAliasAndWrapDefinitions = wrap: option: wrap option.value; }",
    ),
    (
        "lib-type-merges",
        "lib: lib // { types = lib.types // { lines = lib.types.commas; }; }",
    ),
    ("lib-attr-list-items", "lib: lib // { mkAfter = lib.mkBefore; }"),
    (
        "lib-submodule-evaluated",
        "lib: lib // { types = lib.types // { submoduleWith = x: lib.types.submoduleWith (removeAttrs x [ \"specialArgs\" \
         ]); }; }",
    ),
    (
        "lib-type-refuses",
        "lib: lib // { types = lib.types // { addCheck = type: check: type; }; }",
    ),
    (
        "lib-type-made",
        "lib: lib // { types = lib.types // { oneOf = all: lib.types.anything; }; }",
    ),
    (
        "lib-type-described",
        "lib: lib // { types = lib.types // { listOf = type: lib.types.listOf type // { description = \"list of \
         ${type.description}\"; }; }; }",
    ),
    (
        "lib-type-named",
        "lib: lib // { types = lib.types // { int = lib.types.int // { name = \"integer\"; }; }; }",
    ),
    (
        "lib-type-options",
        "lib: lib // { types = lib.types // { nullOr = type: lib.types.nullOr type // { getSubOptions = prefix: { }; }; }; }",
    ),
    (
        "lib-type-modules",
        "lib: lib // { types = lib.types // { lazyAttrsOf = type: lib.types.lazyAttrsOf type // { substSubModules = m: \
         lib.types.attrsOf (type.substSubModules m); }; }; }",
    ),
    (
        "lib-type-joined",
        "lib: lib // { types = lib.types // { enum = values: lib.types.enum values // { typeMerge = other: lib.types.enum \
         values; }; }; }",
    ),
    (
        "lib-type-bounds",
        "lib: lib // { types = lib.types // { port = lib.types.ints.between 1 65535; }; }",
    ),
    (
        "lib-model-values",
        "lib: lib // { types = lib.types // { listOf = type: lib.types.listOf type // { emptyValue = { }; }; }; }",
    ),
    (
        "lib-model-types",
        "lib: lib // { types = lib.types // { nullOr = type: lib.types.nullOr type // { descriptionClass = \"noun\"; }; }; }",
    ),
    (
        "lib-model-types",
        "lib: lib // { types = lib.types // { listOf = type: lib.types.listOf type // { getSubOptions = _: { }; }; }; }",
    ),
    (
        "lib-model-joined",
        "lib: lib // { types = lib.types // { enum = values: lib.types.enum values // { typeMerge = _: null; }; }; }",
    ),
    (
        "lib-type-corners",
        "lib: lib // { types = lib.types // { deferredModuleWith = _: lib.types.deferredModule; }; }",
    ),
    (
        "lib-type-own",
        "lib: lib // { mkOptionType = x: lib.mkOptionType ({ check = builtins.isInt; } // x); }",
    ),
    (
        "lib-type-composed",
        "lib: lib // { types = lib.types // { submodule = modules: lib.types.submodule (lib.head (lib.toList modules)); }; }",
    ),
    (
        "lib-docs-told",
        "lib: lib // { optionAttrSetToDocList = options: lib.filter (o: !o.internal) (lib.optionAttrSetToDocList options); }",
    ),
    (
        "lib-option-shown",
        "lib: lib // { showOption = lib.concatStringsSep \".\"; }",
    ),
    (
        "lib-definitions-shown",
        "lib: lib // { options = lib.options // { showDefs = lib.concatMapStrings (def: \"\\n- In `${def.file}': \" + \
         lib.generators.toPretty { } def.value); }; }",
    ),
    (
        "lib-merge-functions",
        "lib: lib // { mergeEqualOption = loc: defs: (lib.head defs).value; }",
    ),
    (
        "lib-merge-functions",
        "lib: lib // { mergeDefaultOption = loc: defs: lib.mergeDefaultOption loc (lib.reverseList defs); }",
    ),
    (
        "lib-literal-texts",
        "lib: lib // { literalExpression = text: { _type = \"literalExpression\"; inherit text; }; }",
    ),
    (
        "lib-enable-option",
        "lib: lib // { mkEnableOption = name: lib.mkEnableOption name // { default = true; }; }",
    ),
    (
        "lib-package-option",
        "lib: lib // { mkPackageOption = pkgs: name: args: lib.mkPackageOption pkgs name (removeAttrs args [ \"nullable\" ]); }",
    ),
    (
        "lib-sink-option",
        "lib: lib // { mkSinkUndeclaredOptions = args: lib.mkSinkUndeclaredOptions args // { apply = x: x; }; }",
    ),
];
