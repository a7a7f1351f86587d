//! Which values types take, just beside their bounds.

use super::asking::law;
use super::known::Since::Now;
use super::table::{Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[BOUNDS];

const BOUNDS: Law = law(
    "lib-type-bounds",
    "a type takes the values up to its bounds, and none beyond them",
    "A port of 65536, an empty name: what is one too many is what people write.",
    drawn,
    |scene, ground| ask(BOUNDS_ROWS, &[], scene, ground),
);

const BOUNDS_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              # The values that a type takes, of some beside its bounds.
              taken = type: values: map type.check values;
              near = low: high: [ (low - 1) low high (high + 1) ];
            in
            {
              u8 = taken types.ints.u8 (near 0 255);
              u16 = taken types.ints.u16 (near 0 65535);
              u32 = taken types.ints.u32 (near 0 4294967295);
              s8 = taken types.ints.s8 (near (-128) 127);
              s16 = taken types.ints.s16 (near (-32768) 32767);
              s32 = taken types.ints.s32 (near (-2147483648) 2147483647);
              port = taken types.port (near 0 65535);
              unsigned = taken types.ints.unsigned [ (-1) 0 1 1.5 ];
              positive = taken types.ints.positive [ 0 1 1.5 ];
              between = taken (types.ints.between 3 5) (near 3 5 ++ [ 4 4.0 ]);
              one = taken (types.ints.between 3 3) (near 3 3);
              numbers = taken (types.numbers.between 3 5) (near 3 5 ++ [ 4.5 5.5 "4" ]);
              nonnegative = taken types.numbers.nonnegative [ (-1) (-0.5) 0 0.5 ];
              positiveNumber = taken types.numbers.positive [ (-1) 0 0.5 1 ];
              number = taken types.number [ 1 1.5 "1" ];
              nonEmptyStr = taken types.nonEmptyStr [ "" " " "\t\n" "a" " a" 1 ];
              singleLineStr = taken types.singleLineStr [ "" "a" "a\n" "a\nb" "a\r" "\n\n" 1 ];
              matching = taken (types.strMatching "[a-z]+") [ "a" "ab" "" "a1" 1 ];
              passwd = taken (types.passwdEntry types.str) [ "a" "a:b" "a\nb" ];
              path = taken types.path [ "/a" "a" /a "" 1 { outPath = "/a"; } ];
              relative = taken (types.pathWith { absolute = false; }) [ "/a" "a" "./a" ];
              anyPath = taken (types.pathWith { }) [ "/a" "a" /a 1 ];
              inStore = taken types.pathInStore [ "/nix/store/0000000000000000000000000000000a-a" "/nix/store/0000000000000000000000000000000a-a/b" "/nix/store" "/nix/store/.links" "/a" ];
              outside = taken types.externalPath [ "/nix/store/0000000000000000000000000000000a-a" "/a" "a" /a ];
              relativeOutside = taken (types.pathWith { absolute = false; inStore = false; }) [ "/a" "a" ];
              nonEmptyList = taken (types.nonEmptyListOf types.int) [ [ ] [ 1 ] 1 ];
              enum = taken (types.enum [ "a" 1 null ]) [ "a" 1 null "1" false ];
              null = taken (types.nullOr types.int) [ null 1 "1" ];
              either = taken (types.either types.int types.str) [ 1 "1" null ];
              oneOf = taken (types.oneOf [ types.int types.str types.bool ]) [ 1 "1" true null ];
              coerced = taken (types.coercedTo types.int toString (types.strMatching "[1-9]")) [ 1 10 "1" "10" null ];
              function = taken (types.functionTo types.int) [ (x: x) { __functor = self: x: x; } 1 ];
              tag = taken (types.attrTag { a = lib.mkOption { type = types.int; }; }) [ { a = 1; } { b = 1; } { a = 1; b = 1; } { } 1 ];
              attrList = taken (types.attrListOf types.int) [ [ ] { } 1 ];
              submodule = taken (types.submodule { }) [ { } (x: x) "/a" /a "a" 1 ];
              deferred = taken types.deferredModule [ { } (x: x) "/a" "a" 1 ];
              optionType = taken types.optionType [ types.int 1 { } { _type = "option"; } ];
              declaration = taken types.optionDeclaration [ (lib.mkOption { }) types.int (lib.mkOption { } // { value = 1; }) ];
              checked = taken (types.addCheck types.int (x: x > 3)) [ 3 4 "4" ];
              checkedList = taken (types.addCheck (types.listOf types.int) (x: x != [ 1 ])) [ [ ] [ 1 ] 1 ];
              lua = taken types.luaInline [ { _type = "lua-inline"; } { } 1 ];
              pkgs = taken types.pkgs [ { _type = "pkgs"; } { } ];
              package = taken types.package [ { type = "derivation"; } { } 1 ];
              shell = taken types.shellPackage [ { type = "derivation"; shellPath = "/bin"; } { type = "derivation"; } ];
              json = taken types.json [ null true 1 1.5 "a" [ 1 ] { a = 1; } (x: x) ];
              toml = taken types.toml [ null true 1 [ 1 ] (x: x) ];
              isType = map (lib.isType "option") [ { _type = "option"; } { _type = "other"; } { } ];
              setType = lib.setType "a" { b = 1; };
              isOptionType = map lib.isOptionType [ types.int { } (lib.mkOption { }) ];
            }"#,
    is: r#"_: {
              anyPath = [ true true true false ];
              attrList = [ true true false ];
              between = [ false true true false true false ];
              checked = [ false true false ];
              checkedList = [ true false false ];
              coerced = [ true false true false false ];
              declaration = [ true false false ];
              deferred = [ true true true false false ];
              either = [ true true false ];
              enum = [ true true true false false ];
              function = [ true true false ];
              inStore = [ true true false false false ];
              isOptionType = [ true false false ];
              isType = [ true false false ];
              json = [ true true true true true true true false ];
              lua = [ true false false ];
              matching = [ true true false false false ];
              nonEmptyList = [ false true false ];
              nonEmptyStr = [ false false false true true false ];
              nonnegative = [ false false true true ];
              null = [ true true false ];
              number = [ true true false ];
              numbers = [ false true true false true false false ];
              one = [ false true true false ];
              oneOf = [ true true true false ];
              optionType = [ true false false false ];
              outside = [ false true false false ];
              package = [ true false false ];
              passwd = [ true false false ];
              path = [ true false true false false true ];
              pkgs = [ true false ];
              port = [ false true true false ];
              positive = [ false true false ];
              positiveNumber = [ false false true true ];
              relative = [ false true true ];
              relativeOutside = [ false true ];
              s16 = [ false true true false ];
              s32 = [ false true true false ];
              s8 = [ false true true false ];
              setType = { _type = "a"; b = 1; };
              shell = [ true false ];
              singleLineStr = [ true true true false false false false ];
              submodule = [ true true true true false false ];
              tag = [ true false false false false ];
              toml = [ false true true true false ];
              u16 = [ false true true false ];
              u32 = [ false true true false ];
              u8 = [ false true true false ];
              unsigned = [ false true true false ];
            }"#,
}];
