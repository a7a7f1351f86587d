//! What types refuse when they are made, joined or merged, and in which words.

use super::asking::law;
use super::known::Since::{Always, Now};
use super::table::{Refusal, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[MERGING, MAKING];

const MERGING: Law = law(
    "lib-type-refuses",
    "definitions that a type cannot make one value of are refused in words that name the option and the files",
    "An error without the option's name or the files is searched for hours.",
    drawn,
    |scene, ground| ask(&[], MERGING_REFUSED, scene, ground),
);

const MERGING_REFUSED: &[Refusal] = &[
    Refusal {
        since: Now,
        asked: r#"{ a, b, m, n, ... }:
            let
              inherit (lib) types;
              value = type: values: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ lib.imap1 (i: x: { _file = "${toString i}.nix"; inherit x; }) values; }).config.x;
              int = types.int;
              option = type: lib.mkOption { inherit type; };
              tag = types.attrTag { one = option int; two = option int; };
              items = types.attrListOf int;
            in
            {
              tags = value tag [ { one = m; } { two = m; } ];
              tagWrong = value tag [ { three = m; } ];
              tagInside = value tag [ { one = a; } ];
              itemNumber = value items [ [ m ] ];
              itemKeys = value items [ [ { a = m; b = n; } ] ];
              itemInside = value items [ [ { one = a; } ] ];
              either = value (types.either int types.bool) [ a ];
              eitherMixed = value (types.either int types.str) [ m a ];
              anything = value types.anything [ m a ];
              anythingValues = value types.anything [ m n ];
              unspecified = value types.unspecified [ m a ];
              unspecifiedInts = value types.unspecified [ m n ];
              checked = value (types.addCheck int (x: x > 100)) [ m ];
              checkedList = value (types.addCheck (types.listOf int) (x: x != [ m ])) [ [ m ] ];
              checkedListInside = value (types.addCheck (types.listOf int) (x: true)) [ m ];
              adHoc = value (types.listOf int // { check = x: true; }) [ [ m ] ];
              adHocInside = value (types.either (types.listOf int // { check = x: true; }) int) [ [ m ] ];
              list = value (types.listOf int) [ [ m a ] ];
              listSecond = value (types.listOf int) [ [ m ] [ n a ] ];
              attrs = value (types.attrsOf int) [ { ${b} = a; } ];
              function = (value (types.functionTo int) [ (x: a) ]) m;
              nullOr = value (types.nullOr int) [ a ];
              coerced = value (types.coercedTo int toString (types.enum [ "none" ])) [ m ];
              enum = value (types.enum [ a b ]) [ "none" ];
              lines = value types.lines [ m ];
              coercible = value types.anything [ { outPath = a; } { b = m; } ];
              coercibles = value types.anything [ { outPath = a; } { outPath = a; } ];
              functionInside = (value types.anything [ (x: a) (x: b) ]) m;
              onlyWrong = value (types.listOf int) [ [ m ] a ];
              attrsOnlyWrong = value (types.attrsOf int) [ { } a ];
              uniqEmpty = value (types.uniq (types.listOf int)) [ [ m ] [ n ] ];
            }"#,
        words: &[
            (
                "tags",
                &["The option `x` is defined both as `two` and `one`, in `2.nix' and `1.nix'."],
            ),
            (
                "tagWrong",
                &["A definition for option `x' is not of type `attribute-tagged union with choices: one, two'"],
            ),
            (
                "tagInside",
                &["A definition for option `x.one' is not of type `signed integer'"],
            ),
            (
                "itemNumber",
                &[
                    "A definition for option `x' is not of type `attribute list of signed integer'. Each list element must be an attribute set, but got int.",
                    "- In `1.nix': $m",
                ],
            ),
            (
                "itemKeys",
                &[
                    "Each list element must be a single-key attribute set, but got 2 keys.",
                    "- In `1.nix':",
                ],
            ),
            (
                "itemInside",
                &["A definition for option `x.one' is not of type `signed integer'"],
            ),
            (
                "either",
                &[
                    "A definition for option `x' is not of type `signed integer or boolean'. TypeError: The option `x` is neither a value of type `signed integer` nor `boolean`, Definition values: \n- In `1.nix': \"$a\"",
                ],
            ),
            (
                "eitherMixed",
                &["is neither a value of type `signed integer` nor `string`"],
            ),
            (
                "anything",
                &["The option `x' has conflicting option types in `2.nix' and `1.nix'"],
            ),
            (
                "anythingValues",
                &[
                    "The option `x' has conflicting definition values:",
                    "`1.nix'",
                    "`2.nix'",
                ],
            ),
            (
                "unspecified",
                &[
                    "Cannot merge definitions of `x'. Definition values:",
                    "- In `1.nix': $m",
                    "- In `2.nix': \"$a\"",
                ],
            ),
            ("unspecifiedInts", &["Cannot merge definitions of `x'."]),
            (
                "checked",
                &[
                    "A definition for option `x' is not of type `signed integer'. Definition values:",
                    "- In `1.nix': $m",
                ],
            ),
            (
                "checkedList",
                &["A definition for option `x' is not of type `list of signed integer'. TypeError: Definition values:"],
            ),
            (
                "checkedListInside",
                &["is not of type `list of signed integer'. TypeError: Definition values:"],
            ),
            (
                "adHoc",
                &[
                    "The option `x' has a type `list of signed integer' that uses",
                    "an ad-hoc `type // { check = ...; }' override",
                    "Please use `lib.types.addCheck` instead",
                ],
            ),
            ("adHocInside", &["an ad-hoc `type // { check = ...; }' override"]),
            (
                "list",
                &[
                    "A definition for option `x.\"[definition 1-entry 2]\"' is not of type `signed integer'. Definition values:\n- In `1.nix': \"$a\"",
                ],
            ),
            (
                "listSecond",
                &["`x.\"[definition 1-entry 2]\"'", "- In `2.nix': \"$a\""],
            ),
            (
                "attrs",
                &[
                    "A definition for option `x.$b' is not of type `signed integer'. Definition values:\n- In `1.nix': \"$a\"",
                ],
            ),
            (
                "function",
                &[
                    "A definition for option `x.<function body>' is not of type `signed integer'",
                    "- In `1.nix': \"$a\"",
                ],
            ),
            ("nullOr", &["is not of type `null or signed integer'"]),
            (
                "coerced",
                &["is not of type `value \"none\" (singular enum) or signed integer convertible to it'"],
            ),
            ("enum", &["is not of type `one of \"$a\", \"$b\"'"]),
            ("lines", &["is not of type `strings concatenated with \"\\n\"'"]),
            (
                "coercible",
                &["The option `x' has conflicting option types in `2.nix' and `1.nix'"],
            ),
            (
                "coercibles",
                &["The option `x' is defined multiple times while it's expected to be unique."],
            ),
            (
                "functionInside",
                &["The option `x.<function body>' has conflicting definition values:"],
            ),
            ("onlyWrong", &["TypeError: Definition values: \n- In `2.nix': \"$a\""]),
            (
                "attrsOnlyWrong",
                &["TypeError: Definition values: \n- In `2.nix': \"$a\""],
            ),
            (
                "uniqEmpty",
                &["The option `x' is defined multiple times while it's expected to be unique.\n\nDefinition values:"],
            ),
        ],
    },
    Refusal {
        since: Always,
        asked: r#"{ a, b, m, ... }:
            let
              value = type: x: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } { _file = "one.nix"; inherit x; } ]; }).config.x;
              inherit (lib) types;
            in
            {
              int = value types.int a;
              list = value (types.listOf types.int) [ a ];
              attrs = value (types.attrsOf types.int) { ${b} = a; };
              submodule = value (types.attrsOf (types.submodule { options.y = lib.mkOption { type = types.int; }; })) { ${b}.y = a; };
            }"#,
        words: &[
            ("int", &["`x' ", "one.nix'", "is not of type `signed integer'"]),
            ("list", &["`x.", "one.nix'", "is not of type `signed integer'"]),
            ("attrs", &["`x.$b' ", "one.nix'"]),
            ("submodule", &["`x.$b.y' ", "one.nix'"]),
        ],
    },
];

const MAKING: Law = law(
    "lib-type-made",
    "a type that makes no sense is refused where it is made or joined, in words that say why",
    "A type is written once and used by everybody: its author must learn of the mistake, not its users.",
    drawn,
    |scene, ground| ask(&[], MAKING_REFUSED, scene, ground),
);

const MAKING_REFUSED: &[Refusal] = &[Refusal {
    since: Now,
    asked: r#"{ a, b, m, n, ... }:
        let
          inherit (lib) types;
          join = x: y: (types.submoduleWith ({ modules = [ ]; } // x)).functor.binOp ((types.submoduleWith ({ modules = [ ]; } // x)).functor.payload) ((types.submoduleWith ({ modules = [ ]; } // y)).functor.payload);
          tag = x: ((types.attrTag { ${a} = x; }).merge [ "x" ] [ { file = "a.nix"; value.${a} = m; } ]);
        in
        {
          between = types.ints.between n m;
          numbers = types.numbers.between n m;
          oneOf = types.oneOf [ ];
          coerced = types.coercedTo (types.submodule { }) toString types.str;
          pathWith = types.pathWith { inStore = true; absolute = false; };
          class = (join { class = a; } { class = b; }).class;
          special = (join { specialArgs.${a} = 1; } { specialArgs.${a} = 2; }).specialArgs;
          short = (join { shorthandOnlyDefinesConfig = true; } { shorthandOnlyDefinesConfig = false; }).shorthandOnlyDefinesConfig;
          description = (join { description = a; } { description = b; }).description;
          tagType = tag types.int;
          tagOther = tag { _type = "other"; };
          tagNone = tag { };
          tagTwice = ((types.attrTag { ${a} = lib.mkOption { type = types.int; }; }).typeMerge (types.attrTag { ${a} = lib.mkOption { type = types.str; }; }).functor).nestedTypes.${a}.type;
          loa = (lib.types.attrTag { ${a} = lib.mkOption { type = types.int; }; }).merge [ "x" ] [ { file = "a.nix"; value.${b} = m; } ];
        }"#,
    words: &[
        ("between", &["ints.between: lowest must be smaller than highest"]),
        ("numbers", &["numbers.between: lowest must be smaller than highest"]),
        ("oneOf", &["types.oneOf needs to get at least one type in its argument"]),
        (
            "coerced",
            &["coercedTo: coercedType must not have submodules (it’s a submodule)"],
        ),
        ("pathWith", &["In pathWith, inStore means the path must be absolute"]),
        (
            "class",
            &["A submoduleWith option is declared multiple times with conflicting class values \"$a\" and \"$b\"."],
        ),
        (
            "special",
            &["A submoduleWith option is declared multiple times with the same specialArgs \"$a\""],
        ),
        (
            "short",
            &["A submoduleWith option is declared multiple times with conflicting shorthandOnlyDefinesConfig values"],
        ),
        (
            "description",
            &["A submoduleWith option is declared multiple times with conflicting descriptions"],
        ),
        (
            "tagType",
            &["In attrTag, each tag value must be an option, but tag $a was a bare type, not wrapped in mkOption."],
        ),
        (
            "tagOther",
            &["In attrTag, each tag value must be an option, but tag $a was of type \"other\"."],
        ),
        (
            "tagTwice",
            &["The option `$a' in `<attrTag {...}>' is already declared in `<attrTag {...}>'."],
        ),
        (
            "tagNone",
            &["In attrTag, each tag value must be an option, but tag $a was not."],
        ),
        (
            "loa",
            &[
                "The option `x` is defined as $b, but $b is not among the valid choices ($a). Value $b was defined in `a.nix'.",
            ],
        ),
    ],
}];
