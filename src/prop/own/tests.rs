//! Types of somebody's own, and the laws that they break.

use super::fixture::Host;
use crate::fixture::{corpus, in_memory};
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
        "check = lib.isAttrs; merge = loc: defs: if lib.length defs == 1 then lib.mapAttrs (_: toString) { } else throw \"${lib.showOption loc}: ${lib.showFiles (lib.getFiles defs)} are too many\";",
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
        "type = lib.types.nullOr lib.types.str; apply = value: if value == null then throw \"own must say something\" else value;",
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
fn refusals_that_name_nobody_are_told() {
    let one = "merge = loc: defs: if lib.length defs == 1 then (lib.head defs).value else throw";
    let conflict = "conflict-unnamed: the type `mine` refuses two definitions without naming the option and the files";
    let refusal = "refusal-unnamed: the type `mine` refuses a value without naming the option";
    let apply = "refusal-unnamed: the `apply` of `own` refuses a value without naming the option";
    let table = [
        (custom(&format!("check = lib.isString; {one} \"conflict\";")), conflict),
        (custom(&format!("check = lib.isString; {one} \"${{lib.showOption loc}} conflicts\";")), conflict),
        (
            custom(&format!("check = lib.isString; {one} \"conflict in ${{lib.showFiles (lib.getFiles defs)}}\";")),
            conflict,
        ),
        (
            custom("check = lib.isInt; merge = loc: defs: let value = lib.mergeEqualOption loc defs; in if value < 1 then throw \"too small\" else value;"),
            refusal,
        ),
        (
            "type = lib.types.nullOr lib.types.str; apply = value: if value == null then throw \"say something\" else value;".into(),
            apply,
        ),
    ];
    for (declaration, told) in table {
        assert_eq!(option(&declaration), [told], "{declaration}");
    }
    let named = [
        custom(&format!(
            "check = lib.isString; {one} \"${{lib.showOption loc}} conflicts in ${{lib.showFiles (lib.getFiles defs)}}\";"
        )),
        custom(
            "check = lib.isInt; merge = loc: defs: let value = lib.mergeEqualOption loc defs; in if value < 1 then throw \"${lib.showOption loc} is too small\" else value;",
        ),
        // Each by itself is refused, for what it is.
        custom("check = lib.isString; merge = loc: defs: throw \"${lib.showOption loc} must not be set\";"),
        // A function that works for all options cannot know them.
        "type = lib.types.coercedTo lib.types.int (value: throw \"no numbers\") lib.types.str;".into(),
    ];
    for declaration in named {
        assert_eq!(option(&declaration), [] as [&str; 0], "{declaration}");
    }
}

#[test]
fn wrong_values_that_go_through_are_told() {
    let elements = |name: &str| {
        format!("merge-ignores-element-type: the type `{name}` takes elements that its inner type refuses")
    };
    let table = [
        (
            "type = lib.types.listOf lib.types.int // { merge = _: lib.concatMap (def: def.value); };".to_owned(),
            elements("listOf"),
        ),
        (
            custom(
                "check = lib.isList; nestedTypes.elemType = lib.types.str; merge = _: lib.concatMap (def: def.value);",
            ),
            elements("mine"),
        ),
        (
            custom(
                "check = lib.isAttrs; nestedTypes.elemType = lib.types.str; merge = loc: defs: (lib.types.attrsOf lib.types.anything).merge loc defs;",
            ),
            elements("mine"),
        ),
    ];
    for (declaration, told) in table {
        let found = option(&declaration);
        assert!(found.contains(&told), "{declaration}: {found:#?}");
    }
    let right = [
        "type = lib.types.listOf lib.types.int // { merge = loc: defs: lib.unique ((lib.types.listOf lib.types.int).merge loc defs); };".to_owned(),
        // One by itself is an element, too.
        custom("check = value: lib.isAttrs value || lib.isList value && lib.all lib.isAttrs value; nestedTypes.elemType = lib.types.attrs; merge = _: lib.concatMap (def: lib.toList def.value);"),
        // It makes another thing of what the inner type does not take.
        custom("check = lib.isList; nestedTypes.elemType = lib.types.str; merge = _: lib.concatMap (def: map (one: if lib.isString one then one else builtins.toJSON (builtins.typeOf one)) def.value);"),
    ];
    for declaration in right {
        let found = option(&declaration);
        assert!(
            found.iter().all(|line| !line.starts_with("merge-ignores-element-type")),
            "{declaration}: {found:#?}"
        );
    }
}

#[test]
fn corpus_a_merge_that_does_not_ask_its_check_is_told() {
    let Some(corpus) = corpus() else { return };
    let lib = corpus.join("nixpkgs-lib/lib");
    let found = |v2: &str| {
        let merge =
            format!("merge = {{ __functor = self: loc: defs: (self.v2 {{ inherit loc defs; }}).value; v2 = {v2}; }};");
        let module = format!(
            "{{ lib, ... }}: {{ options.own = lib.mkOption {{ {} }}; }}",
            custom(&format!(
                "check = {{ __functor = _: lib.isInt; isV2MergeCoherent = true; }}; {merge}"
            ))
        );
        let found = Host::on(in_memory(&lib), &[("own.nix", &module)]).found();
        found.into_iter().map(|finding| finding.law).collect::<Vec<_>>()
    };
    let value = "value = lib.mergeEqualOption loc defs; valueMeta = { };";
    assert_eq!(
        found(&format!("{{ loc, defs }}: {{ headError = null; {value} }}")),
        ["wrong-value-accepted"]
    );
    let asks = "headError = if lib.all (def: lib.isInt def.value) defs then null else { message = \"no number\"; };";
    assert_eq!(
        found(&format!("{{ loc, defs }}: {{ {asks} {value} }}")),
        [] as [&str; 0]
    );
}

#[test]
fn a_crash_that_the_host_does_not_show_is_not_told() {
    // Who is first is asked of the host, which has none until it is given what the case gives.
    let first = "default = { }; type = lib.types.attrsOf (lib.types.submodule { options.first = lib.mkOption { type = lib.types.str; default = lib.head (lib.attrNames config.own); }; });";
    assert_eq!(option(first), [] as [&str; 0]);
    let crashes = "default = 7; type = lib.types.int; apply = value: if value == 7 then value else lib.head [ ];";
    let found = |declaration: &str, without: Option<&str>| {
        let module = format!("{{ lib, config, ... }}: {{ options.own = lib.mkOption {{ {declaration} }}; }}");
        let host = Host::of(&[("own.nix", &module)]);
        let host = match without {
            Some(name) => host.without(name),
            None => host,
        };
        let found = host.found();
        let notes = |finding: &super::fixture::Finding| {
            let is_note = |note: &&String| note.starts_with("not tried in the host");
            finding.notes.iter().find(is_note).cloned().unwrap_or_default()
        };
        found
            .iter()
            .map(|finding| (finding.law, notes(finding)))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(crashes, None), [("apply-crashes", String::new())]);
    let untried = "not tried in the host itself: it has no `extendModules`".to_owned();
    assert_eq!(found(crashes, Some("extendModules")), [("apply-crashes", untried)]);
}

#[test]
fn modules_inside_of_definitions_count_once() {
    let sub = "let sub = lib.types.submodule { freeformType = lib.types.lazyAttrsOf lib.types.int; }; in";
    let own = |merge: &str| {
        format!("type = {sub} lib.mkOptionType {{ name = \"mine\"; check = sub.check; merge = {merge}; }};")
    };
    let joined = "loc: defs: lib.zipAttrsWith (_: values: if lib.all lib.isList values then lib.concatLists values else lib.last values) (map (def: sub.merge loc [ def ]) defs)";
    let found = option(&own(joined));
    let told = "merge-imports-twice: the type `mine` counts a module twice that two definitions import";
    assert!(found.iter().any(|line| line == told), "{found:#?}");
    for merge in [
        "sub.merge",
        "loc: defs: sub.merge loc defs",
        "loc: defs: lib.mapAttrs (_: value: value) (sub.merge loc defs)",
    ] {
        assert_eq!(option(&own(merge)), [] as [&str; 0], "{merge}");
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
