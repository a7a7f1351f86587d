//! Types of somebody's own, and types made of others.

use super::asking::law;
use super::known::Since::Now;
use super::table::{Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[OWN, COMPOSED];

const OWN: Law = law(
    "lib-type-own",
    "a type of somebody's own is what `mkOptionType` was told, and the usual in all else",
    "A hundred projects have types of their own, which say a name and a check and rely on the rest.",
    drawn,
    |scene, ground| ask(OWN_ROWS, &[], scene, ground),
);

const OWN_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              own = lib.mkOptionType { name = "own"; };
              int = lib.mkOptionType { name = "int"; };
              value = type: values: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) values; }).config.x;
              phrase = types.optionDescriptionPhrase (class: class == "noun" || class == "composite");
            in
            {
              check = map own.check [ 1 "a" null ];
              merged = [ (value own [ [ 1 ] [ 2 ] ]) (value own [ "a" "b" ]) (value own [ { a = 1; } { b = 2; } ]) ];
              facts = [ own.name own.description own.descriptionClass own.emptyValue (own.getSubOptions [ ]) own.getSubModules (own.substSubModules [ ]) own.nestedTypes own.deprecationMessage own._type ];
              joined = own.typeMerge own.functor;
              joinedInt = (int.typeMerge int.functor).description;
              joinedOther = own.typeMerge types.int.functor;
              functor = builtins.attrNames own.functor;
              payload = own.functor.payload;
              binOp = own.functor.binOp 1 2;
              defaultFunctor = (types.defaultFunctor "int").type.name;
              phrases = map phrase [ types.int (types.nullOr types.int) (types.listOf types.int) types.ints.unsigned own types.attrs ];
              sink = value (lib.mkOptionType { name = "sink"; check = x: x != 1; merge = loc: defs: [ loc (map (d: d.value) defs) ]; }) [ 2 3 ];
            }"#,
    is: r#"_: {
              binOp = null;
              check = [ true true true ];
              defaultFunctor = "int";
              facts = [ "own" "own" null { } { } null null { } null "option-type" ];
              functor = [ "binOp" "name" "payload" "type" ];
              joined = null;
              joinedInt = "signed integer";
              joinedOther = null;
              merged = [ [ 2 1 ] "ba" { a = 1; b = 2; } ];
              payload = null;
              phrases = [ "signed integer" "(null or signed integer)" "list of signed integer" "(unsigned integer, meaning >=0)" "(own)" "(attribute set)" ];
              sink = [ [ "x" ] [ 3 2 ] ];
            }"#,
}];

const COMPOSED: Law = law(
    "lib-type-composed",
    "types made of others keep what was said of them when modules inside of them are replaced or joined",
    "A module that adds an option to a submodule must not change what the type around it does.",
    drawn,
    |scene, ground| ask(COMPOSED_ROWS, &[], scene, ground),
);

const COMPOSED_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              value = type: values: (lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) values; }).config.x;
              sub = types.submodule { options.y = lib.mkOption { type = types.int; default = 1; }; };
              more = [ { options.z = lib.mkOption { type = types.int; default = 2; }; } ];
              option = type: lib.mkOption { inherit type; };
              tags = (types.attrTag { a = option (types.enum [ 1 ]); }).typeMerge (types.attrTag { a = option (types.enum [ 2 ]); b = option types.int; }).functor;
              named = types.submodule ({ name, ... }: { options.x = lib.mkOption { default = name; }; });
              names = type: builtins.attrNames (removeAttrs (type.getSubOptions [ ]) [ "_module" ]);
              items = (types.attrListWith { elemType = sub; asAttrs = true; mergeAttrValues = name: values: builtins.length values; }).substSubModules more;
            in
            {
              submodules = value (types.submodule [ { options.a = lib.mkOption { default = 1; }; } { options.b = lib.mkOption { default = 2; }; } ]) [ { } ];
              name = (named.getSubOptions [ ]).x.default;
              empty = named.emptyValue.value;
              itemsEmpty = items.emptyValue;
              items = value items [ [ { a.z = 1; } { a.z = 2; } ] ];
              placeholder = (((types.attrsWith { elemType = sub; placeholder = "user"; }).substSubModules more).getSubOptions [ ]).z.loc;
              lazy = ((types.lazyAttrsOf sub).substSubModules more).name;
              shorthand = value ((types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = true; }).substSubModules [ { options.config = lib.mkOption { default = 0; }; } ]) [ { config = 2; } ];
              tags = [ tags.description tags.nestedTypes.a.type.description ];
              tagValue = value tags [ { a = 2; } ];
              tagDeclarations = map (o: builtins.length o.declarations) (builtins.attrValues (types.attrTag { b = option types.int // { declarations = [ "x" "y" ]; }; }).nestedTypes);
              unique = ((types.unique { message = "m"; } sub).substSubModules more).name;
              uniqueNames = names ((types.unique { message = "m"; } sub).substSubModules more);
              deferredJoined = ((types.deferredModuleWith { staticModules = [ { a = 1; } ]; }).typeMerge (types.deferredModuleWith { staticModules = [ { b = 2; } ]; }).functor).getSubModules;
              functionEmpty = (types.functionTo types.int).emptyValue;
              anything = value types.anything [ (x: { a = x; }) ] 5;
              numbersOne = (types.numbers.between 3 3).check 3;
              enumJoined = ((types.enum [ 1 2 ]).typeMerge (types.enum [ 2 3 ]).functor).functor.payload.values;
              eitherJoined = ((types.either types.int types.str).typeMerge (types.either types.int types.str).functor).description or null;
            }"#,
    is: r#"_: {
              anything = { a = 5; };
              deferredJoined = [ { a = 1; } { b = 2; } ];
              eitherJoined = "signed integer or string";
              empty = { x = "‹name›"; };
              enumJoined = [ 1 2 3 ];
              functionEmpty = { };
              items = { a = 2; };
              itemsEmpty = { value = { }; };
              lazy = "lazyAttrsOf";
              name = "‹name›";
              numbersOne = true;
              placeholder = [ "<user>" "z" ];
              shorthand = { config = 2; };
              submodules = { a = 1; b = 2; };
              tagDeclarations = [ 2 ];
              tagValue = { a = 2; };
              tags = [ "attribute-tagged union with choices: a, b" "one of 1, 2" ];
              unique = "unique";
              uniqueNames = [ "z" ];
            }"#,
}];
