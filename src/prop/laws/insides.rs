//! What types say of the options and modules inside of them.

use super::asking::law;
use super::known::Since::Now;
use super::table::{Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[OPTIONS, MODULES];

const OPTIONS: Law = law(
    "lib-type-options",
    "a type tells the options inside of it, under the path at which documentation shows them",
    "Documentation has the options of submodules, however deep they are.",
    drawn,
    |scene, ground| ask(OPTIONS_ROWS, &[], scene, ground),
);

const OPTIONS_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              options = type: lib.mapAttrs (_: x: if lib.isOption x then lib.showOption x.loc else x) (removeAttrs (type.getSubOptions [ "x" ]) [ "_module" ]);
              sub = types.submodule { options.y = lib.mkOption { type = types.int; }; };
              open = types.submodule { freeformType = types.attrsOf sub; };
            in
            {
              sub = options sub;
              list = options (types.listOf sub);
              attrs = options (types.attrsOf sub);
              placeholder = options (types.attrsWith { elemType = sub; placeholder = "user"; });
              null = options (types.nullOr sub);
              uniq = options (types.uniq sub);
              function = options (types.functionTo sub);
              coerced = options (types.coercedTo types.int (x: { y = x; }) sub);
              nonEmpty = options (types.nonEmptyListOf sub);
              attrList = options (types.attrListOf sub);
              tag = options (types.attrTag { a = lib.mkOption { type = types.int; }; });
              int = options types.int;
              either = options (types.either sub types.int);
              deferred = options (types.deferredModuleWith { staticModules = [ { options.y = lib.mkOption { }; } ]; });
              open = lib.mapAttrs (_: x: x.loc) (removeAttrs (open.getSubOptions [ "x" ])._freeformOptions [ "_module" ]);
              required = options (types.submodule { options.y = lib.mkOption { }; config.unknown = 1; });
            }"#,
    is: r#"_: {
              attrList = { y = "x.*.y"; };
              attrs = { y = "x.<name>.y"; };
              coerced = { y = "x.y"; };
              deferred = { y = "x.y"; };
              either = { };
              function = { y = "x.<function body>.y"; };
              int = { };
              list = { y = "x.*.y"; };
              nonEmpty = { y = "x.*.y"; };
              null = { y = "x.y"; };
              open = { y = [ "x" "<name>" "y" ]; };
              placeholder = { y = "x.<user>.y"; };
              required = { y = "x.y"; };
              sub = { y = "x.y"; };
              tag = { a = "x.a"; };
              uniq = { y = "x.y"; };
            }"#,
}];

const MODULES: Law = law(
    "lib-type-modules",
    "the modules inside of a type can be replaced, and it stays the same type around them",
    "It is how a module adds options to a submodule that another one declares.",
    drawn,
    |scene, ground| ask(MODULES_ROWS, &[], scene, ground),
);

const MODULES_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              sub = types.submodule { options.y = lib.mkOption { type = types.int; default = 1; }; };
              more = [ { options.z = lib.mkOption { type = types.int; default = 2; }; } ];
              count = type: if type.getSubModules == null then null else builtins.length type.getSubModules;
              after = type: let new = type.substSubModules more; in [ new.name new.description (builtins.attrNames (removeAttrs (new.getSubOptions [ ]) [ "_module" ])) ];
              all = {
                inherit sub;
                list = types.listOf sub;
                attrs = types.attrsOf sub;
                lazy = types.lazyAttrsOf sub;
                null = types.nullOr sub;
                uniq = types.uniq sub;
                function = types.functionTo sub;
                coerced = types.coercedTo types.int (x: { y = x; }) sub;
                nonEmpty = types.nonEmptyListOf sub;
                attrList = types.attrListOf sub;
                deferred = types.deferredModuleWith { staticModules = [ { } { } ]; };
                placeholder = types.attrsWith { elemType = sub; placeholder = "user"; };
              };
            in
            {
              counts = lib.mapAttrs (_: count) (all // { int = types.int; listInt = types.listOf types.int; either = types.either sub types.int; });
              after = lib.mapAttrs (_: after) all;
              none = types.int.substSubModules more;
            }"#,
    is: r#"_: {
              after = { attrList = [ "attrListOf" "attribute list of (submodule)" [ "z" ] ]; attrs = [ "attrsOf" "attribute set of (submodule)" [ "z" ] ]; coerced = [ "coercedTo" "(submodule) or signed integer convertible to it" [ "z" ] ]; deferred = [ "deferredModule" "module" [ "z" ] ]; function = [ "functionTo" "function that evaluates to a(n) (submodule)" [ "z" ] ]; lazy = [ "lazyAttrsOf" "lazy attribute set of (submodule)" [ "z" ] ]; list = [ "listOf" "list of (submodule)" [ "z" ] ]; nonEmpty = [ "listOf" "non-empty (list of (submodule))" [ "z" ] ]; null = [ "nullOr" "null or (submodule)" [ "z" ] ]; placeholder = [ "attrsOf" "attribute set of (submodule)" [ "z" ] ]; sub = [ "submodule" "submodule" [ "z" ] ]; uniq = [ "unique" "submodule" [ "z" ] ]; };
              counts = { attrList = 1; attrs = 1; coerced = 1; deferred = 2; either = null; function = 1; int = null; lazy = 1; list = 1; listInt = null; nonEmpty = 1; null = 1; placeholder = 1; sub = 1; uniq = 1; };
              none = null;
            }"#,
}];
