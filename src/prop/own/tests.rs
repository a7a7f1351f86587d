//! Types of somebody's own, and the laws that they break.

use super::fixture::Host;
use diag::Severity;

/// Returns the laws that the type of an option breaks, with what is said, if its declaration is this.
fn option(declaration: &str) -> Vec<String> {
    let module = format!("{{ lib, config, ... }}:\n{{\n  options.own = lib.mkOption {{ {declaration} }};\n}}\n");
    let found = Host::of(&[("own.nix", &module)]).found();
    found
        .into_iter()
        .map(|finding| format!("{}: {}", finding.law, finding.message))
        .collect()
}

/// Returns the declaration of an option whose type has these parts.
fn custom(parts: &str) -> String {
    format!("type = lib.mkOptionType {{ name = \"mine\"; {parts} }};")
}

#[test]
fn a_merge_of_ones_own_that_is_wrong_is_told() {
    let order =
        "merge-order-dependent: the value of the type `mine` depends on the order in which modules are imported";
    let force = "merge-ignores-priority: the type `mine` ignores `lib.mkForce` inside of a definition";
    let table = [
        ("check = lib.isString; merge = _: defs: (lib.last defs).value;", order),
        ("check = lib.isString; merge = _: defs: (lib.head defs).value;", order),
        (
            "check = lib.isInt; merge = _: lib.foldl' (all: def: 2 * all + def.value) 0;",
            order,
        ),
        // Only the names that two have in common depend on the order.
        (
            "check = lib.isAttrs; merge = loc: defs: (lib.types.attrsOf lib.types.anything).merge loc [ (lib.last defs) ];",
            order,
        ),
        (
            "check = lib.isAttrs; merge = _: lib.foldl' (all: def: all // def.value) { };",
            force,
        ),
        (
            "check = lib.isAttrs; merge = _: defs: lib.foldl' lib.recursiveUpdate { } (map (def: def.value) defs);",
            force,
        ),
        // Takes properties off, but lets the last one win.
        (
            r#"check = lib.isAttrs; merge = _: lib.foldl' (all: def: all // lib.mapAttrs (_: value: value.content or value) (lib.filterAttrs (_: value: value.condition or true) def.value)) { };"#,
            force,
        ),
    ];
    for (parts, told) in table {
        let found = option(&custom(parts));
        assert!(found.iter().any(|line| line == told), "{parts}: {found:#?}");
    }
}

#[test]
fn conditions_and_merges_are_told_only_of_a_type_that_knows_priorities() {
    // Strong values win, and what else is a property is a value.
    let merge = r#"
      check = lib.isAttrs;
      merge = _: defs:
        let
          all = lib.concatMap (def: lib.mapAttrsToList (name: value: { inherit name; value = value.content or value; priority = value.priority or 100; }) def.value) defs;
          best = name: lib.foldl' lib.min 9999 (map (entry: entry.priority) (lib.filter (entry: entry.name == name) all));
          won = lib.filter (entry: entry.priority == best entry.name) all;
        in
        lib.mapAttrs (name: values: if lib.all (value: value == lib.head values) values then lib.head values else throw "${name} conflicts")
          (lib.zipAttrs (map (entry: { ${entry.name} = entry.value; }) won));"#;
    let found = option(&custom(merge));
    let told = [
        "merge-ignores-condition: the type `mine` ignores `lib.mkIf false` inside of a definition",
        "merge-ignores-mkmerge: the type `mine` ignores `lib.mkMerge` inside of a definition",
    ];
    assert_eq!(found, told);
}

#[test]
fn types_that_are_right_are_left_alone() {
    let merges = [
        "check = lib.isString; merge = lib.mergeEqualOption;",
        "check = lib.isString; merge = loc: defs: lib.mergeEqualOption loc defs;",
        "check = lib.isString; merge = _: defs: lib.concatMapStringsSep \"\\n\" (def: def.value) defs;",
        "check = lib.isList; merge = _: lib.concatMap (def: def.value);",
        "check = lib.isInt; merge = _: lib.foldl' (most: def: lib.max most def.value) 0;",
        "check = lib.isAttrs; merge = (lib.types.attrsOf lib.types.anything).merge;",
        "check = lib.isAttrs; merge = loc: defs: (lib.types.lazyAttrsOf lib.types.int).merge loc defs;",
        // Whole definitions, of which there is to be one.
        "check = lib.isAttrs; merge = loc: defs: if lib.length defs == 1 then lib.mapAttrs (_: toString) { } else throw \"one is enough\";",
        // What the library's own function does is not the user's fault.
        "check = lib.isAttrs;",
        "check = lib.isAttrs; merge = lib.mergeOneOption;",
        "",
    ];
    for parts in merges {
        assert_eq!(option(&custom(parts)), [] as [&str; 0], "{parts}");
    }
    let types = [
        "attrs",
        "raw",
        "unspecified",
        "anything",
        "lines",
        "listOf lib.types.str",
        "attrsOf lib.types.anything",
        "lazyAttrsOf lib.types.int",
        "functionTo lib.types.int",
        "nullOr (lib.types.either lib.types.int (lib.types.enum [ \"a\" \"b\" ]))",
        "coercedTo lib.types.str (lib.splitString \",\") (lib.types.listOf lib.types.str)",
        "ints.between 1 5",
        "strMatching \"[a-z]+\"",
        "addCheck lib.types.str (text: lib.hasPrefix \"/\" text)",
        "submodule { options.a = lib.mkOption { type = lib.types.int; default = 1; }; }",
        "attrsOf (lib.types.submodule ({ name, config, ... }: { options.a = lib.mkOption { type = lib.types.str; default = name; }; options.b = lib.mkOption { type = lib.types.str; }; config.b = lib.mkDefault config.a; }))",
        "submodule { freeformType = lib.types.attrsOf lib.types.str; options.port = lib.mkOption { type = lib.types.port; }; }",
        "deferredModule",
        "optionType",
        "package",
        "path",
    ];
    for ty in types {
        let found = option(&format!("type = lib.types.{ty};"));
        assert_eq!(found, [] as [&str; 0], "{ty}");
    }
}

#[test]
fn what_crashes_is_told_where_it_does() {
    let table = [
        (
            "type = lib.types.str // { check = value: lib.hasPrefix \"/\" value; };",
            "type-check-crashes: the check of the type `str` crashes on a value instead of refusing it",
        ),
        (
            "type = lib.types.coercedTo lib.types.attrs (value: value.name) lib.types.str;",
            "type-check-crashes: the check of the type `coercedTo` crashes on a value instead of refusing it",
        ),
        (
            "type = lib.types.submodule ({ config, ... }: { options.a = lib.mkOption { type = lib.types.nullOr lib.types.str; }; options.b = lib.mkOption { type = lib.types.str; default = \"x\" + config.a; }; });",
            "value-crashes-merge: a value that the type of `own` accepts crashes when it is merged",
        ),
        (
            "type = lib.types.nullOr lib.types.str; apply = value: \"x\" + value;",
            "apply-crashes: the `apply` of `own` crashes on a value that its type accepts",
        ),
    ];
    for (declaration, told) in table {
        assert_eq!(option(declaration), [told], "{declaration}");
    }
    let no_crashes = [
        // Errors that somebody worded.
        "type = lib.types.coercedTo lib.types.attrs (value: value.name or (throw \"a name is needed\")) lib.types.str;",
        "type = lib.types.nullOr lib.types.str; apply = value: if value == null then throw \"say something\" else value;",
        // The host does not have what the case has.
        "default = { }; type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: { options.a = lib.mkOption { type = lib.types.str; default = config.own.${name}.b; }; options.b = lib.mkOption { type = lib.types.str; default = \"\"; }; }));",
        // Real packages have more than what makes them packages.
        "type = lib.types.package; apply = package: package.override { };",
    ];
    for declaration in no_crashes {
        assert_eq!(option(declaration), [] as [&str; 0], "{declaration}");
    }
}

#[test]
fn the_twins_are_found() {
    let table = [
        (
            "force-ignored",
            "merge-ignores-priority",
            "fleet.settings",
            "settings.nix:11:7",
            "the type `settings` ignores `lib.mkForce` inside of a definition",
            "make it of types that know priorities: `lib.types.attrsOf lib.types.anything`",
        ),
        (
            "merge-order-dependent",
            "merge-order-dependent",
            "fleet.owner",
            "owner.nix:9:7",
            "the value of the type `owner` depends on the order in which modules are imported",
            "refuse definitions that differ: `lib.mergeEqualOption`",
        ),
    ];
    for (twin, law, option, at, message, hint) in table {
        let found = Host::of_twin(twin).found();
        let [finding] = &found[..] else {
            panic!("{twin}: {found:#?}")
        };
        assert_eq!(finding.severity, Severity::Error);
        let told = (
            finding.law,
            &*finding.option,
            &*finding.at,
            &*finding.message,
            &*finding.hint,
        );
        assert_eq!(told, (law, option, at, message, hint));
    }
}
