//! What single types take, merge and refuse.

use super::{Corner, fails, holds};

pub(super) const CORE: &[Corner] = &[
    holds(
        "is-type",
        "lib.types.isType \"a\" { _type = \"a\"; } && !lib.types.isType \"a\" { } && !lib.types.isType \"a\" { _type = \"b\"; }",
    ),
    holds(
        "set-type",
        "lib.types.setType \"a\" { b = 1; _type = \"c\"; } == { _type = \"a\"; b = 1; }",
    ),
    holds(
        "is-option-type",
        "lib.types.isOptionType types.int && !lib.types.isOptionType { }",
    ),
    holds(
        "made-description",
        "(lib.mkOptionType { name = \"a\"; }).description == \"a\" && (lib.mkOptionType { name = \"a\"; description = \"b\"; }).description == \"b\"",
    ),
    holds(
        "made-defaults",
        "let t = lib.mkOptionType { name = \"a\"; }; in t.check null && t.emptyValue == { } && t.getSubOptions [ ] == { } && t.getSubModules == null && t.substSubModules [ ] == null && t.deprecationMessage == null && t.nestedTypes == { } && t.descriptionClass == null",
    ),
    holds(
        "made-merge",
        "(lib.mkOptionType { name = \"a\"; }).merge [ ] [ (def \"f\" [ 1 ]) (def \"g\" [ 2 ]) ] == [ 1 2 ]",
    ),
    holds(
        "made-functor",
        "let f = (lib.mkOptionType { name = \"int\"; }).functor; in f.name == \"int\" && f.payload == null && f.type.name == \"int\" && f.binOp 1 2 == null && (lib.mkOptionType { name = \"none\"; }).functor.type == null",
    ),
    holds(
        "made-join",
        "let t = lib.mkOptionType { name = \"int\"; }; in (joined t t).name == \"int\" && joined t types.str == null",
    ),
    holds(
        "default-functor",
        "(lib.types.defaultFunctor \"bool\").type.name == \"bool\" && (lib.types.defaultFunctor \"bool\").payload == null",
    ),
    holds(
        "default-type-merge",
        "let f = name: payload: { inherit name payload; type = x: [ x ]; binOp = a: b: if a == b then a else null; }; in lib.types.defaultTypeMerge (f \"a\" 1) (f \"a\" 1) == [ 1 ] && lib.types.defaultTypeMerge (f \"a\" 1) (f \"a\" 2) == null && lib.types.defaultTypeMerge (f \"a\" 1) (f \"b\" 1) == null",
    ),
    holds(
        "merge-types",
        "(lib.types.mergeTypes (types.enum [ 1 ]) (types.enum [ 2 1 ])).check 2",
    ),
    holds(
        "merge-types-not",
        "let e = lib.types.mergeTypes types.int types.str; in e._type == \"merge-error\" && e.error == \"Cannot merge types\"",
    ),
    fails("merge-no-types", "lib.types.mergeTypes types.int { }", &["assertion"]),
    fails(
        "merge-no-types-first",
        "lib.types.mergeTypes { } types.int",
        &["assertion"],
    ),
    holds(
        "phrase",
        "let p = lib.types.optionDescriptionPhrase (class: class == \"noun\"); in p types.int == \"signed integer\" && p (types.listOf types.int) == \"(list of signed integer)\" && p { description = \"a\"; } == \"(a)\"",
    ),
    holds("types-of-types", "lib.types.types ? int"),
    fails(
        "one-of-none",
        "types.oneOf [ ]",
        &["types.oneOf needs to get at least one type in its argument"],
    ),
    holds("one-of-one", "(types.oneOf [ types.int ]).name == \"int\""),
    fails(
        "between-nothing",
        "types.ints.between 2 1",
        &["lowest must be smaller than highest"],
    ),
    holds(
        "between-one",
        "(types.ints.between 2 2).check 2 && (types.numbers.between 2 2).check 2.0",
    ),
    fails(
        "numbers-between-nothing",
        "types.numbers.between 2 1",
        &["lowest must be smaller than highest"],
    ),
    fails(
        "coerced-submodule",
        "types.coercedTo (types.submodule { }) (x: x) types.int",
        &["coercedTo: coercedType must not have submodules"],
    ),
    fails(
        "path-in-store-not-absolute",
        "types.pathWith { inStore = true; absolute = false; }",
        &["In pathWith, inStore means the path must be absolute"],
    ),
    holds(
        "path-with-anything",
        "types.pathWith { inStore = false; absolute = false; } ? check && types.pathWith { inStore = true; absolute = true; } ? check && types.pathWith { absolute = false; } ? check",
    ),
    holds(
        "path-type-joins",
        "(joined types.path types.path).description == \"absolute path\" && joined types.path types.pathInStore == null",
    ),
    fails(
        "merge-with-and-without-payload",
        "let f = payload: { name = \"f\"; inherit payload; type = x: [ x ]; binOp = a: b: 1; }; in lib.types.defaultTypeMerge (f null) (f 1)",
        &[],
    ),
    fails(
        "merge-without-and-with-payload",
        "let f = payload: { name = \"f\"; inherit payload; type = x: [ x ]; binOp = a: b: 1; }; in lib.types.defaultTypeMerge (f 1) (f null)",
        &[],
    ),
    holds(
        "package-of-text",
        "(merge types.package [ \"/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-n\" ]).type == \"derivation\"",
    ),
    holds(
        "package-of-path",
        "(merge types.package [ /nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-n ]).type == \"derivation\"",
    ),
    holds(
        "path-of-a-stored-file",
        "(types.pathWith { inStore = true; }).check (builtins.toFile \"a\" \"b\")",
    ),
    holds(
        "described-attr-list-of-lists",
        "(types.attrListOf (types.listOf types.int)).description == \"attribute list of list of signed integer\" && (types.attrListOf (types.either types.int types.str)).description == \"attribute list of (signed integer or string)\"",
    ),
    holds(
        "described-open-noun",
        "(types.submodule { freeformType = types.int; }).description == \"open submodule of signed integer\"",
    ),
    holds(
        "described-open-composite",
        "(types.submodule { freeformType = types.listOf types.int; }).description == \"open submodule of list of signed integer\"",
    ),
    holds(
        "described-clause-or-conjunction",
        "(types.either types.ints.positive (types.either types.int types.str)).description == \"positive integer, meaning >0, or signed integer or string\"",
    ),
    holds(
        "described-conjunction-or",
        "(types.either (types.either types.int types.str) types.bool).description == \"signed integer or string or boolean\"",
    ),
    holds(
        "attr-list-keeps-winner",
        "merge (types.attrListOf types.int) [ { k = 2; } { k = lib.mkForce 1; } ] == [ { k = 1; } ]",
    ),
    holds(
        "attr-list-keeps-strongest",
        "merge (types.attrListOf types.int) [ { k = lib.mkOverride 60 1; } { k = lib.mkForce 2; } ] == [ { k = 2; } ]",
    ),
    holds(
        "attr-list-keeps-strongest-first",
        "merge (types.attrListOf types.int) [ { k = lib.mkForce 2; } { k = lib.mkOverride 60 1; } ] == [ { k = 2; } ]",
    ),
    holds(
        "sub-options-unchecked",
        "(types.submodule { config._module.check = true; config.y = 1; options.x = mkOption { }; }).getSubOptions [ ] ? x",
    ),
];

pub(super) const CONFLICTS: &[Corner] = &[
    holds(
        "class-of-one",
        "(joined (types.submoduleWith { modules = [ ]; class = \"c\"; }) (types.submoduleWith { modules = [ ]; })).functor.payload.class == \"c\"",
    ),
    holds(
        "class-of-other",
        "(joined (types.submoduleWith { modules = [ ]; }) (types.submoduleWith { modules = [ ]; class = \"c\"; })).functor.payload.class == \"c\"",
    ),
    holds(
        "class-of-both",
        "(joined (types.submoduleWith { modules = [ ]; class = \"c\"; }) (types.submoduleWith { modules = [ ]; class = \"c\"; })).functor.payload.class == \"c\"",
    ),
    fails(
        "classes",
        "(joined (types.submoduleWith { modules = [ ]; class = \"c\"; }) (types.submoduleWith { modules = [ ]; class = \"d\"; })).functor.payload.class",
        &["A submoduleWith option is declared multiple times with conflicting class values \"c\" and \"d\"."],
    ),
    holds(
        "modules",
        "(joined (types.submoduleWith { modules = [ 1 ]; }) (types.submoduleWith { modules = [ 2 ]; })).getSubModules == [ 1 2 ]",
    ),
    holds(
        "arguments",
        "(joined (types.submoduleWith { modules = [ ]; specialArgs.a = 1; }) (types.submoduleWith { modules = [ ]; specialArgs.b = 2; })).functor.payload.specialArgs == { a = 1; b = 2; }",
    ),
    fails(
        "arguments-twice",
        "(joined (types.submoduleWith { modules = [ ]; specialArgs.a = 1; }) (types.submoduleWith { modules = [ ]; specialArgs.a = 1; })).functor.payload.specialArgs",
        &["A submoduleWith option is declared multiple times with the same specialArgs \"a\""],
    ),
    holds(
        "short-of-one",
        "let t = s: types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = s; }; s = a: b: (joined (t a) (t b)).functor.payload.shorthandOnlyDefinesConfig; in s true null && s null true && s true true && s null null == null && !s false false && !s false null && !s null false",
    ),
    fails(
        "short-of-both",
        "(joined (types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = true; }) (types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = false; })).functor.payload.shorthandOnlyDefinesConfig",
        &["A submoduleWith option is declared multiple times with conflicting shorthandOnlyDefinesConfig values"],
    ),
    holds(
        "descriptions",
        "let t = d: types.submoduleWith { modules = [ ]; description = d; }; s = a: b: (joined (t a) (t b)).functor.payload.description; in s \"a\" null == \"a\" && s null \"a\" == \"a\" && s \"a\" \"a\" == \"a\" && s null null == null",
    ),
    fails(
        "descriptions-two",
        "(joined (types.submoduleWith { modules = [ ]; description = \"a\"; }) (types.submoduleWith { modules = [ ]; description = \"b\"; })).functor.payload.description",
        &["A submoduleWith option is declared multiple times with conflicting descriptions"],
    ),
    holds(
        "placeholders",
        "let t = p: types.attrsWith { elemType = types.int; placeholder = p; }; n = a: b: (joined (t a) (t b)).functor.payload.placeholder; in n \"name\" \"x\" == \"x\" && n \"x\" \"name\" == \"x\" && n \"x\" \"x\" == \"x\" && n \"name\" \"name\" == \"name\" && joined (t \"x\") (t \"y\") == null",
    ),
    holds(
        "lazy",
        "joined (types.attrsOf types.int) (types.lazyAttrsOf types.int) == null && (joined (types.lazyAttrsOf types.int) (types.lazyAttrsOf types.int)).name == \"lazyAttrsOf\"",
    ),
    holds(
        "inside",
        "joined (types.attrsOf types.int) (types.attrsOf types.str) == null && joined (types.listOf types.int) (types.listOf types.str) == null && joined (types.nullOr types.int) (types.nullOr types.str) == null && joined (types.functionTo types.int) (types.functionTo types.str) == null && joined (types.uniq types.int) (types.uniq types.str) == null",
    ),
    holds(
        "patterns",
        "(joined (types.strMatching \"a\") (types.strMatching \"a\")).check \"a\" && joined (types.strMatching \"a\") (types.strMatching \"b\") == null",
    ),
    holds(
        "separators",
        "(joined types.lines types.lines).description == types.lines.description && joined types.lines types.commas == null",
    ),
    holds(
        "eithers",
        "(joined (types.either types.int (types.enum [ 1.5 ])) (types.either types.int (types.enum [ \"b\" ]))).check \"b\" && joined (types.either types.int types.str) (types.either types.int types.bool) == null && joined (types.either types.int types.str) (types.either types.bool types.str) == null && joined (types.either types.int types.str) types.int == null",
    ),
    holds(
        "never",
        "joined (types.coercedTo types.int toString types.str) (types.coercedTo types.int toString types.str) == null && joined (types.attrListOf types.int) (types.attrListOf types.int) == null",
    ),
    holds(
        "unique-message",
        "let t = m: types.unique { message = m; } types.int; in (joined (t \"a\") (t \"b\")).name == \"unique\"",
    ),
    fails(
        "unique-says",
        "merge (joined (types.unique { message = \"mine\"; } types.int) (types.uniq types.int)) [ 1 1 ]",
        &["option `o' is defined multiple times", "\nmine\n"],
    ),
    holds(
        "enum-unique",
        "(joined (types.enum [ 1 2 ]) (types.enum [ 2 3 ])).description == \"one of 1, 2, 3\"",
    ),
];

pub(super) const VALUES: &[Corner] = &[
    holds(
        "named-lists-set",
        "merge (types.attrListWith { elemType = types.int; asAttrs = true; }) [ [ { a = 1; } { b = 2; } { a = 3; } ] ] == { a = [ 1 3 ]; b = [ 2 ]; }",
    ),
    holds(
        "named-lists-merged",
        "merge (types.attrListWith { elemType = types.int; asAttrs = true; mergeAttrValues = n: v: [ n v ]; }) [ { a = 1; } ] == { a = [ \"a\" [ 1 ] ]; }",
    ),
    holds(
        "named-lists-empty",
        "(types.attrListWith { elemType = types.int; asAttrs = true; }).emptyValue == { value = { }; } && (types.attrListOf types.int).emptyValue == { value = [ ]; }",
    ),
    holds(
        "named-lists-other",
        "let t = (types.attrListWith { elemType = types.submodule { }; asAttrs = true; }).substSubModules [ { options.a = mkOption { default = 1; }; } ]; in merge t [ { x = { }; } ] == { x = [ { a = 1; } ]; }",
    ),
    holds(
        "named-lists-order",
        "merge (types.attrListOf types.int) [ [ (lib.mkAfter { a = 1; }) { b = 2; } { c = lib.mkBefore 3; } ] ] == [ { c = 3; } { b = 2; } { a = 1; } ]",
    ),
    holds(
        "named-lists-nested",
        "merge (types.attrListOf types.int) [ { a = lib.mkForce (lib.mkAfter 1); b = lib.mkAfter (lib.mkForce 2); c = 3; } ] == [ { c = 3; } { a = 1; } { b = 2; } ]",
    ),
    holds(
        "named-lists-outer",
        "merge (types.attrListOf types.int) [ [ (lib.mkBefore { a = lib.mkAfter 1; }) { b = 2; } ] ] == [ { a = 1; } { b = 2; } ]",
    ),
    holds(
        "named-lists-priority",
        "merge (types.attrListOf types.int) [ { a = lib.mkForce 1; } [ { a = 2; } { b = 3; } ] ] == [ { a = 1; } { b = 3; } ]",
    ),
    holds(
        "named-lists-weak",
        "merge (types.attrListOf types.int) [ { a = lib.mkDefault 1; b = 2; } ] == [ { b = 2; } ]",
    ),
    holds(
        "named-lists-false",
        "merge (types.attrListOf types.int) [ { a = lib.mkIf false 1; b = 2; } ] == [ { b = 2; } ]",
    ),
    fails(
        "named-lists-number",
        "merge (types.attrListOf types.int) [ [ 1 ] ]",
        &[
            "A definition for option `o' is not of type `attribute list of signed integer'. Each list element must be an attribute set, but got int.",
            "In `f': 1",
        ],
    ),
    fails(
        "named-lists-two",
        "merge (types.attrListOf types.int) [ [ { a = 1; b = 2; } ] ]",
        &["Each list element must be a single-key attribute set, but got 2 keys."],
    ),
    fails(
        "named-lists-no-list",
        "merge (types.attrListOf types.int) [ 1 ]",
        &[
            "A definition for option `o' is not of type `attribute list of signed integer'",
            "TypeError: Definition values:",
        ],
    ),
    holds(
        "serializable",
        "(lib.types.serializableValueWith { typeName = \"X\"; }).description == \"X value\" && (lib.types.serializableValueWith { typeName = \"X\"; }).check null && !(lib.types.serializableValueWith { typeName = \"X\"; nullable = false; }).check null",
    ),
    holds(
        "serializable-deep",
        "merge types.json [ { a = [ 1 null ]; } { b.c = 1.5; } ] == { a = [ 1 null ]; b.c = 1.5; }",
    ),
    holds(
        "toml",
        "merge types.toml [ { a = [ 1 \"b\" ]; } { b = true; } ] == { a = [ 1 \"b\" ]; b = true; }",
    ),
    fails(
        "toml-null",
        "builtins.deepSeq (merge types.toml [ { a = [ null ]; } ]) true",
        &["is not of type `TOML value'"],
    ),
    holds(
        "package-context",
        "let s = builtins.appendContext \"/nix/store/0000000000000000000000000000000a-a\" { \"/nix/store/0000000000000000000000000000000a-a\".path = true; }; in types.package.merge [ ] [ (def \"f\" s) ] == s",
    ),
    holds(
        "package-check",
        "types.package.check \"/nix/store/0000000000000000000000000000000a-a\" && !types.package.check \"/nix/store/0000000000000000000000000000000a-a/b\" && !types.package.check { }",
    ),
    holds(
        "shell-check",
        "types.shellPackage.check { type = \"derivation\"; shellPath = \"/a\"; } && !types.shellPackage.check { shellPath = \"/a\"; } && !types.shellPackage.check { type = \"derivation\"; }",
    ),
    holds(
        "filesets",
        "lib.types.fileset.emptyValue.value._type == \"fileset\" && (types.fileset.merge [ ] [ (def \"f\" (lib.fileset.unions [ ])) ])._type == \"fileset\" && types.fileset.check (lib.fileset.unions [ ]) && !types.fileset.check 1",
    ),
    holds(
        "lua",
        "types.luaInline.check (lib.mkLuaInline \"a\") && merge types.luaInline [ (lib.mkLuaInline \"a\") (lib.mkLuaInline \"a\") ] == lib.mkLuaInline \"a\"",
    ),
    fails(
        "lua-two",
        "merge types.luaInline [ (lib.mkLuaInline \"a\") (lib.mkLuaInline \"b\") ]",
        &["has conflicting definition values"],
    ),
    fails(
        "pkgs-two",
        "merge types.pkgs [ { _type = \"pkgs\"; } { _type = \"pkgs\"; } ]",
        &["A Nixpkgs pkgs set can not be merged with another pkgs set."],
    ),
    holds(
        "pkgs-one",
        "merge types.pkgs [ { _type = \"pkgs\"; a = 1; } ] == { _type = \"pkgs\"; a = 1; } && !types.pkgs.check { } && !types.pkgs.check 1",
    ),
    holds(
        "by-or",
        "merge types.boolByOr [ false true false ] && !merge types.boolByOr [ false false ]",
    ),
    holds(
        "single-line",
        "merge types.singleLineStr [ \"a\\n\" ] == \"a\" && merge types.singleLineStr [ \"a\" \"a\" ] == \"a\"",
    ),
    holds(
        "attrs-last",
        "merge types.attrs [ { a = 1; b = 1; } { a = 2; } ] == { a = 2; b = 1; }",
    ),
    holds(
        "lazy-keeps",
        "let c = merge (types.lazyAttrsOf (types.listOf types.int)) [ { a = lib.mkIf false [ 1 ]; b = [ 2 ]; } ]; in c == { a = [ ]; b = [ 2 ]; }",
    ),
    fails(
        "lazy-nothing",
        "(merge (types.lazyAttrsOf types.int) [ { a = lib.mkIf false 1; } ]).a",
        &["The option `o.a' was accessed but has no value defined"],
    ),
    holds(
        "strict-drops",
        "merge (types.attrsOf types.int) [ { a = lib.mkIf false 1; b = 2; } ] == { b = 2; }",
    ),
    holds(
        "store-paths",
        "let s = \"/nix/store/0000000000000000000000000000000a-a\"; in types.pathInStore.check s && types.pathInStore.check (/. + s) && types.pathInStore.check \"${s}/b\" && !types.pathInStore.check \"/nix/store\" && !types.externalPath.check s && types.externalPath.check \"/a\" && !types.externalPath.check /a",
    ),
    holds(
        "sizes",
        "let i = types.ints; all = builtins.all; in all i.u8.check [ 0 255 ] && !i.u8.check 256 && !i.u8.check (-1) && all i.s8.check [ (-128) 127 ] && !i.s8.check 128 && !i.s8.check (-129) && all i.u16.check [ 0 65535 ] && !i.u16.check 65536 && all i.s16.check [ (-32768) 32767 ] && !i.s16.check 32768 && !i.s16.check (-32769) && all i.u32.check [ 0 4294967295 ] && !i.u32.check 4294967296 && all i.s32.check [ (-2147483648) 2147483647 ] && !i.s32.check 2147483648 && !i.s32.check (-2147483649) && i.unsigned.check 0 && !i.unsigned.check (-1) && i.positive.check 1 && !i.positive.check 0",
    ),
    holds(
        "size-descriptions",
        "types.ints.u32.description == \"32 bit unsigned integer; between 0 and 4294967295 (both inclusive)\" && types.ints.s8.name == \"signedInt8\" && types.ints.u16.name == \"unsignedInt16\"",
    ),
    holds(
        "passwd",
        "let t = types.passwdEntry types.str; in t.check \"a\" && !t.check \"a:b\" && !t.check \"a\\nb\" && t.name == \"passwdEntry str\" && t.description == \"string, not containing newlines or colons\" && (types.passwdEntry (types.either types.str types.str)).description == \"(string or string), not containing newlines or colons\"",
    ),
    holds(
        "either-clause",
        "(types.either types.ints.unsigned types.str).description == \"unsigned integer, meaning >=0, or string\" && (types.either types.str types.ints.unsigned).description == \"string or (unsigned integer, meaning >=0)\" && (types.either types.ints.positive (types.listOf types.int)).description == \"positive integer, meaning >0, or (list of signed integer)\"",
    ),
];
