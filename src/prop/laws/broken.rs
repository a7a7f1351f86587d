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
];
