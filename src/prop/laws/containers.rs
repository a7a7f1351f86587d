//! What definitions of each type of container come to.

use super::asking::law;
use super::known::Since::Now;
use super::table::{Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[MERGED, ITEMS, EVALUATED];

const MERGED: Law = law(
    "lib-type-merges",
    "each type makes one value of several definitions as the manual says",
    "Lists are put together, texts joined, sets merged key by key; a type that does otherwise gives other values to the same configuration.",
    drawn,
    |scene, ground| ask(MERGED_ROWS, &[], scene, ground),
);

const MERGED_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"{ a, b, c, m, n, ... }:
            let
              inherit (lib) types;
              value = type: values: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ lib.imap1 (i: x: { _file = "${toString i}.nix"; inherit x; }) values; }).config.x;
              int = types.int;
              tag = types.attrTag { one = lib.mkOption { type = types.listOf int; }; two = lib.mkOption { type = int; apply = x: x + 1; }; };
            in
            {
              listIf = value (types.listOf int) [ [ 1 (lib.mkIf false 2) (lib.mkIf true 3) ] ];
              listMerge = value (types.listOf int) [ [ (lib.mkMerge [ 4 4 ]) ] ];
              listForce = value (types.listOf int) [ [ (lib.mkForce 4) (lib.mkDefault 5) ] ];
              listNull = value (types.listOf (types.nullOr int)) [ [ null 1 ] ];
              attrsIf = value (types.attrsOf int) [ { a = lib.mkIf false 1; b = 2; } ];
              attrsForce = value (types.attrsOf int) [ { a = lib.mkForce 1; } { a = 2; b = 3; } ];
              lazyEmpty = value (types.lazyAttrsOf (types.listOf int)) [ { a = lib.mkIf false [ 1 ]; } ];
              lazyIf = builtins.attrNames (value (types.lazyAttrsOf int) [ { a = lib.mkIf false 1; } ]);
              lazyLazy = (value (types.lazyAttrsOf int) [ { a = 1; b = throw "not asked"; } ]).a;
              tagOne = value tag [ { one = [ 1 ]; } { one = [ 2 ]; } ];
              tagTwo = value tag [ { two = 1; } { two = 1; } ];
              tagForce = value tag [ { one = [ 1 ]; } (lib.mkForce { two = 1; }) ];
              nullNull = value (types.nullOr int) [ null null ];
              nullInner = value (types.nullOr (types.listOf int)) [ [ 1 ] [ 2 ] ];
              nullSame = value (types.nullOr int) [ 1 1 ];
              uniq = value (types.uniq (types.listOf int)) [ [ 1 2 ] ];
              eitherLists = value (types.either (types.listOf int) types.str) [ [ 1 ] [ 2 ] ];
              eitherSecond = value (types.either int types.lines) [ "a" "b" ];
              oneOf = value (types.oneOf [ int types.bool (types.attrsOf int) ]) [ { a = 1; } { b = 2; } ];
              coerced = value (types.coercedTo int (x: [ x ]) (types.listOf int)) [ 1 [ 2 3 ] 4 ];
              coercedPlain = value (types.coercedTo int toString types.str) [ 1 "1" ];
              coercedDeep = value (types.coercedTo (types.listOf int) (x: { list = x; }) (types.attrsOf (types.listOf int))) [ [ 1 ] { list = [ 2 ]; } ];
              function = (value (types.functionTo (types.listOf int)) [ (x: [ x ]) (x: [ (x + 1) ]) ]) 1;
              functionArgs = lib.functionArgs (value (types.functionTo int) [ ({ a, b ? 1 }: a) ({ a ? 1, b ? 2 }: a) ]);
              boolByOr = map (value types.boolByOr) [ [ true false ] [ false false ] [ false true ] ];
              lines = value types.lines [ "a" "b" ];
              commas = value types.commas [ "a" "b" ];
              envVar = value types.envVar [ "a" "b" ];
              separated = value (types.separatedString "+") [ "a" "b" "c" ];
              singleLine = value types.singleLineStr [ "a\n" "a\n" ];
              attrs = value types.attrs [ { a = 1; b = 1; } { a = 2; c = 3; } ];
              anythingSets = value types.anything [ { a = 1; b.c = 2; } { a = 1; b.d = lib.mkForce 3; } { b.d = 4; } ];
              anythingFunction = (value types.anything [ (x: { a = x; }) (x: { b = x; }) ]) 1;
              anythingString = value types.anything [ { outPath = "a"; } ];
              anythingLists = value types.anything [ [ 1 ] [ 1 ] ];
              unspecifiedLists = value types.unspecified [ [ 1 ] [ 2 ] ];
              unspecifiedSets = value types.unspecified [ { a = 1; } { b = 2; } ];
              unspecifiedBools = value types.unspecified [ true false ];
              unspecifiedStrings = value types.unspecified [ "a" "b" ];
              unspecifiedInts = value types.unspecified [ 1 1 ];
              raw = value types.raw [ (lib.mkForce 1) 2 ];
              nonEmpty = value (types.nonEmptyListOf int) [ [ 1 ] [ 2 ] ];
              loa = value (types.loaOf int) [ { a = 1; } ];
              enum = value (types.enum [ "a" 1 ]) [ 1 1 ];
              optionType = (value types.optionType [ (types.enum [ 1 ]) (types.enum [ 2 ]) ]).description;
              optionTypeOne = (value types.optionType [ int ]).name;
              checked = value (types.addCheck int (x: x > 1)) [ 2 2 ];
              checkedList = value (types.addCheck (types.listOf int) (x: x != [ ])) [ [ 1 ] [ 2 ] ];
            }"#,
    is: r#"_: {
              anythingFunction = { a = 1; b = 1; };
              anythingLists = [ 1 ];
              anythingSets = { a = 1; b = { c = 2; d = 3; }; };
              anythingString = { outPath = "a"; };
              attrs = { a = 1; b = 1; c = 3; };
              attrsForce = { a = 1; b = 3; };
              attrsIf = { b = 2; };
              boolByOr = [ true false true ];
              checked = 2;
              checkedList = [ 2 1 ];
              coerced = [ 4 2 3 1 ];
              coercedDeep = { list = [ 2 1 ]; };
              coercedPlain = "1";
              commas = "b,a";
              eitherLists = [ 2 1 ];
              eitherSecond = "b\na";
              enum = 1;
              envVar = "b:a";
              function = [ 2 1 ];
              functionArgs = { a = false; b = true; };
              lazyEmpty = { a = [ ]; };
              lazyIf = [ "a" ];
              lazyLazy = 1;
              lines = "b\na";
              listForce = [ 4 5 ];
              listIf = [ 1 3 ];
              listMerge = [ 4 ];
              listNull = [ null 1 ];
              loa = { a = 1; };
              nonEmpty = [ 2 1 ];
              nullInner = [ 2 1 ];
              nullNull = null;
              nullSame = 1;
              oneOf = { a = 1; b = 2; };
              optionType = "one of 2, 1";
              optionTypeOne = "int";
              raw = 1;
              separated = "c+b+a";
              singleLine = "a";
              tagForce = { two = 2; };
              tagOne = { one = [ 2 1 ]; };
              tagTwo = { two = 2; };
              uniq = [ 1 2 ];
              unspecifiedBools = true;
              unspecifiedInts = 1;
              unspecifiedLists = [ 2 1 ];
              unspecifiedSets = { a = 1; b = 2; };
              unspecifiedStrings = "ba";
            }"#,
}];

const ITEMS: Law = law(
    "lib-attr-list-items",
    "an attribute list keeps its items in order, and takes priorities and places of each by itself",
    "Rules and routes have names and an order. One item must be able to be forced, or to be moved, without the others.",
    drawn,
    |scene, ground| ask(ITEMS_ROWS, &[], scene, ground),
);

const ITEMS_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              value = type: values: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ lib.imap1 (i: x: { _file = "${toString i}.nix"; inherit x; }) values; }).config.x;
              option = type: values: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ lib.imap1 (i: x: { _file = "${toString i}.nix"; inherit x; }) values; }).options.x;
              int = types.int;
              items = types.attrListOf int;
              meta = (option items [ [ { a = 1; } (lib.mkAfter { b = 2; }) ] ]).valueMeta;
            in
            {
              lists = value items [ [ { a = 1; } { b = 2; } ] [ { a = 3; } ] ];
              sets = value items [ { b = 2; a = 1; } ];
              ordered = value items [ [ (lib.mkAfter { a = 1; }) { b = 2; } (lib.mkBefore { c = 3; }) (lib.mkOrder 999 { d = 4; }) (lib.mkOrder 1001 { e = 5; }) ] ];
              orderedInside = value items [ [ { a = lib.mkAfter 1; } { b = 2; } ] ];
              forced = value items [ [ { a = lib.mkForce 1; } { a = 2; } { b = 3; } ] ];
              weak = value items [ [ { a = lib.mkDefault 1; } { a = 2; } ] ];
              weakAlone = value items [ [ { a = lib.mkDefault 1; } ] ];
              forcedOrdered = value items [ [ { a = lib.mkForce (lib.mkBefore 1); } { b = 2; } { a = 3; } ] ];
              orderedForced = value items [ [ { b = 2; } { a = lib.mkBefore (lib.mkForce 1); } { a = 3; } ] ];
              off = value items [ [ { a = lib.mkIf false 1; } { b = 2; } ] ];
              asAttrs = value (types.attrListWith { elemType = int; asAttrs = true; }) [ [ { a = 1; } { b = 2; } { a = 3; } ] ];
              asAttrsMerged = value (types.attrListWith { elemType = int; asAttrs = true; mergeAttrValues = name: values: [ name (lib.last values) ]; }) [ [ { a = 1; } { a = 3; } ] ];
              metaValues = meta.attrListValue;
              metaList = meta.attrList;
              metaDefinitions = meta.definitions;
            }"#,
    is: r#"_: {
              asAttrs = { a = [ 1 3 ]; b = [ 2 ]; };
              asAttrsMerged = { a = [ "a" 3 ]; };
              forced = [ { a = 1; } { b = 3; } ];
              forcedOrdered = [ { a = 1; } { b = 2; } ];
              lists = [ { a = 3; } { a = 1; } { b = 2; } ];
              metaDefinitions = [ { _type = "definition"; file = "1.nix"; value = { _type = "order"; content = { a = 1; }; priority = 1000; }; } { _type = "definition"; file = "1.nix"; value = { _type = "order"; content = { b = 2; }; priority = 1500; }; } ];
              metaList = [ { } { } ];
              metaValues = [ { a = 1; } { b = 2; } ];
              off = [ { b = 2; } ];
              ordered = [ { c = 3; } { d = 4; } { b = 2; } { e = 5; } { a = 1; } ];
              orderedForced = [ { a = 1; } { b = 2; } ];
              orderedInside = [ { b = 2; } { a = 1; } ];
              sets = [ { a = 1; } { b = 2; } ];
              weak = [ { a = 2; } ];
              weakAlone = [ ];
            }"#,
}];

const EVALUATED: Law = law(
    "lib-submodule-evaluated",
    "a submodule takes sets, functions and files, its own arguments, and a name",
    "Services with instances are submodules; all that holds for modules must hold in them.",
    drawn,
    |scene, ground| ask(EVALUATED_ROWS, &[], scene, ground),
);

const EVALUATED_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              eval = type: values: lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ lib.imap1 (i: x: { _file = "${toString i}.nix"; inherit x; }) values; };
              value = type: values: (eval type values).config.x;
              int = default: lib.mkOption { type = types.int; inherit default; };
              list = { type = types.listOf types.int; default = [ ]; };
              sub = types.submodule { options = { one = int 1; list = lib.mkOption list; }; };
              with' = x: types.submoduleWith ({ modules = [ { options = { one = int 1; config = int 2; }; } ]; } // x);
            in
            {
              none = value sub [ { } ];
              merged = value sub [ { one = 2; list = [ 1 ]; } { list = [ 2 ]; } ];
              function = value sub [ ({ config, ... }: { list = [ config.one ]; }) { one = 5; } ];
              long = value (with' { }) [ { config.one = 2; } ];
              short = value (with' { }) [ { one = 2; } ];
              only = value (with' { shorthandOnlyDefinesConfig = true; }) [ { config = 3; } ];
              files = map (o: o) (eval sub [ { one = 2; } ]).options.x.valueMeta.configuration.options.one.files;
              special = value (with' { specialArgs.given = 4; }) [ ({ given, ... }: { config.one = given; }) ];
              class = (eval (with' { class = "k"; }) [ { } ]).options.x.valueMeta.configuration.class;
              name = value (types.attrsOf (types.submodule ({ name, ... }: { options.name = lib.mkOption { default = name; }; }))) [ { a = { }; b.name = "c"; } ];
              path = value sub [ (builtins.toFile "sub.nix" "{ one = 9; }") ];
              deferred = builtins.length (value types.deferredModule [ { } { } ]).imports;
              deferredFiles = map (m: m._file) (value types.deferredModule [ { } { } ]).imports;
              deferredStatic = builtins.length (value (types.deferredModuleWith { staticModules = [ { } ]; }) [ { } ]).imports;
              deferredUsed = (lib.evalModules { modules = [ (value types.deferredModule [ { options.y = int 3; } { y = 4; } ]) ]; }).config.y;
              placeholder = (sub.getSubOptions [ ]).one.default;
              nested = value (types.attrsOf (types.listOf sub)) [ { a = [ { one = 2; } { } ]; } ];
            }"#,
    is: r#"_: {
              class = "k";
              deferred = 2;
              deferredFiles = [ "2.nix, via option x" "1.nix, via option x" ];
              deferredStatic = 2;
              deferredUsed = 4;
              files = [ "1.nix" ];
              function = { list = [ 5 ]; one = 5; };
              long = { config = 2; one = 2; };
              merged = { list = [ 1 2 ]; one = 2; };
              name = { a = { name = "a"; }; b = { name = "c"; }; };
              nested = { a = [ { list = [ ]; one = 2; } { list = [ ]; one = 1; } ]; };
              none = { list = [ ]; one = 1; };
              only = { config = 3; one = 1; };
              path = { list = [ ]; one = 9; };
              placeholder = 1;
              short = { config = 2; one = 2; };
              special = { config = 2; one = 4; };
            }"#,
}];
