//! Types of one option that is declared twice, made one.

use super::asking::law;
use super::known::Since::Now;
use super::table::{Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[JOINED];

const JOINED: Law = law(
    "lib-type-joined",
    "two declarations of types that agree are one type, and of others none",
    "Modules add values to enumerations and options to submodules of others. What cannot be joined must be refused, or one of two types would silently count.",
    drawn,
    |scene, ground| ask(JOINED_ROWS, &[], scene, ground),
);

const JOINED_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              join = a: b: let type = a.typeMerge b.functor; in if type == null then null else type.description;
              sub = name: types.submodule { options.${name} = lib.mkOption { type = types.int; default = 1; }; };
              options = a: b: builtins.attrNames (removeAttrs ((a.typeMerge b.functor).getSubOptions [ ]) [ "_module" ]);
            in
            {
              int = join types.int types.int;
              intStr = join types.int types.str;
              enum = join (types.enum [ "a" "b" ]) (types.enum [ "b" "c" ]);
              list = join (types.listOf types.int) (types.listOf types.int);
              listOther = join (types.listOf types.int) (types.listOf types.str);
              listEnum = join (types.listOf (types.enum [ 1 ])) (types.listOf (types.enum [ 2 ]));
              attrs = join (types.attrsOf (types.enum [ 1 ])) (types.attrsOf (types.enum [ 2 ]));
              attrsOther = join (types.attrsOf types.int) (types.attrsOf types.str);
              lazy = join (types.lazyAttrsOf types.int) (types.lazyAttrsOf types.int);
              lazyOther = join (types.lazyAttrsOf types.int) (types.attrsOf types.int);
              placeholders = (lib.attrNames (((types.attrsWith { elemType = sub "x"; placeholder = "p"; }).typeMerge (types.attrsOf (sub "y")).functor).getSubOptions [ ]));
              placeholder = lib.showOption ((((types.attrsWith { elemType = sub "x"; placeholder = "p"; }).typeMerge (types.attrsOf (sub "y")).functor).getSubOptions [ ]).x.loc);
              placeholderRight = lib.showOption ((((types.attrsOf (sub "y")).typeMerge (types.attrsWith { elemType = sub "x"; placeholder = "p"; }).functor).getSubOptions [ ]).x.loc);
              placeholderOther = join (types.attrsWith { elemType = types.int; placeholder = "p"; }) (types.attrsWith { elemType = types.int; placeholder = "q"; });
              null = join (types.nullOr (types.enum [ 1 ])) (types.nullOr (types.enum [ 2 ]));
              uniq = join (types.uniq (types.enum [ 1 ])) (types.uniq (types.enum [ 2 ]));
              function = join (types.functionTo types.int) (types.functionTo types.int);
              either = join (types.either types.int (types.enum [ 1 ])) (types.either types.int (types.enum [ 2 ]));
              eitherOther = join (types.either types.int types.str) (types.either types.int types.bool);
              eitherOtherLeft = join (types.either types.bool types.str) (types.either types.int types.str);
              coerced = join (types.coercedTo types.int toString types.str) (types.coercedTo types.int toString types.str);
              separated = join (types.separatedString ",") (types.separatedString ",");
              separatedOther = join (types.separatedString ",") (types.separatedString ";");
              lines = join types.lines types.lines;
              matching = join (types.strMatching "a") (types.strMatching "a");
              matchingOther = join (types.strMatching "a") (types.strMatching "b");
              path = join types.path types.path;
              pathOther = join types.path types.pathInStore;
              attrList = join (types.attrListOf types.int) (types.attrListOf types.int);
              submodule = options (sub "x") (sub "y");
              submoduleNamed = join (types.submoduleWith { modules = [ ]; description = "d"; }) (types.submoduleWith { modules = [ ]; });
              submoduleNamedRight = join (types.submoduleWith { modules = [ ]; }) (types.submoduleWith { modules = [ ]; description = "d"; });
              submoduleNamedBoth = join (types.submoduleWith { modules = [ ]; description = "d"; }) (types.submoduleWith { modules = [ ]; description = "d"; });
              deferred = builtins.length ((types.deferredModuleWith { staticModules = [ { } ]; }).typeMerge (types.deferredModuleWith { staticModules = [ { } { } ]; }).functor).getSubModules;
              tag = join (types.attrTag { a = lib.mkOption { type = types.int; }; }) (types.attrTag { b = lib.mkOption { type = types.int; }; });
              merged = (types.mergeTypes types.int types.int).name;
              unmerged = types.mergeTypes types.int types.str;
              class = ((types.submoduleWith { modules = [ ]; class = "a"; }).typeMerge (types.submoduleWith { modules = [ ]; }).functor).functor.payload.class;
              classRight = ((types.submoduleWith { modules = [ ]; }).typeMerge (types.submoduleWith { modules = [ ]; class = "a"; }).functor).functor.payload.class;
              classBoth = ((types.submoduleWith { modules = [ ]; class = "a"; }).typeMerge (types.submoduleWith { modules = [ ]; class = "a"; }).functor).functor.payload.class;
              special = ((types.submoduleWith { modules = [ ]; specialArgs.x = 1; }).typeMerge (types.submoduleWith { modules = [ ]; specialArgs.y = 2; }).functor).functor.payload.specialArgs;
              short = ((types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = null; }).typeMerge (types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = true; }).functor).functor.payload.shorthandOnlyDefinesConfig;
              shortRight = ((types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = true; }).typeMerge (types.submoduleWith { modules = [ ]; shorthandOnlyDefinesConfig = null; }).functor).functor.payload.shorthandOnlyDefinesConfig;
            }"#,
    is: r#"_: {
              attrList = null;
              attrs = "attribute set of (one of 1, 2)";
              attrsOther = null;
              class = "a";
              classBoth = "a";
              classRight = "a";
              coerced = null;
              deferred = 3;
              either = "signed integer or one of 1, 2";
              eitherOther = null;
              eitherOtherLeft = null;
              enum = "one of \"a\", \"b\", \"c\"";
              function = "function that evaluates to a(n) signed integer";
              int = "signed integer";
              intStr = null;
              lazy = "lazy attribute set of signed integer";
              lazyOther = null;
              lines = "strings concatenated with \"\\n\"";
              list = "list of signed integer";
              listEnum = "list of (one of 1, 2)";
              listOther = null;
              matching = "string matching the pattern a";
              matchingOther = null;
              merged = "int";
              null = "null or one of 1, 2";
              path = "absolute path";
              pathOther = null;
              placeholder = "<p>.x";
              placeholderOther = null;
              placeholderRight = "<p>.x";
              placeholders = [ "_module" "x" "y" ];
              separated = "strings concatenated with \",\"";
              separatedOther = null;
              short = true;
              shortRight = true;
              special = { x = 1; y = 2; };
              submodule = [ "x" "y" ];
              submoduleNamed = "d";
              submoduleNamedBoth = "d";
              submoduleNamedRight = "d";
              tag = "attribute-tagged union with choices: a, b";
              uniq = "one of 1, 2";
              unmerged = { _type = "merge-error"; error = "Cannot merge types"; };
            }"#,
}];
