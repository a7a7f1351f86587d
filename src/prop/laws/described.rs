//! What types say of themselves to people: their descriptions and names.

use super::asking::law;
use super::known::Since::Now;
use super::table::{Row, ask, drawn};
use crate::Law;

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[DESCRIBED, NAMED];

const DESCRIBED: Law = law(
    "lib-type-described",
    "a type describes itself, with parentheses where its parts would be misread",
    "Documentation and error messages say what an option takes. `list of null or integer` may mean two things.",
    drawn,
    |scene, ground| ask(DESCRIBED_ROWS, &[], scene, ground),
);

const DESCRIBED_ROWS: &[Row] = &[Row {
    since: Now,
    asked: r#"_:
            let
              inherit (lib) types;
              d = builtins.mapAttrs (_: type: type.description);
            in
            d {
              list = types.listOf types.int;
              listNull = types.listOf (types.nullOr types.int);
              listList = types.listOf (types.listOf types.str);
              listUnsigned = types.listOf types.ints.unsigned;
              nullList = types.nullOr (types.listOf types.int);
              nullNull = types.nullOr (types.nullOr types.int);
              nullUnsigned = types.nullOr types.ints.positive;
              attrsNull = types.attrsOf (types.nullOr types.bool);
              attrsList = types.attrsOf (types.listOf types.bool);
              lazy = types.lazyAttrsOf types.str;
              lazyNull = types.lazyAttrsOf (types.nullOr types.str);
              nonEmpty = types.nonEmptyListOf types.int;
              nonEmptyNull = types.nonEmptyListOf (types.nullOr types.int);
              either = types.either types.int types.str;
              eitherUnsigned = types.either types.ints.unsigned types.str;
              eitherUnsignedList = types.either types.ints.unsigned (types.listOf types.int);
              eitherList = types.either (types.listOf types.int) types.str;
              eitherListSecond = types.either types.str (types.listOf types.int);
              eitherEither = types.either (types.either types.int types.str) types.bool;
              eitherSecondUnsigned = types.either types.str types.ints.unsigned;
              eitherUnsignedSecond = types.either types.ints.unsigned types.ints.positive;
              oneOf = types.oneOf [ types.int types.str types.bool ];
              coerced = types.coercedTo types.int toString types.str;
              coercedList = types.coercedTo types.int (x: [ x ]) (types.listOf types.int);
              coercedNull = types.coercedTo (types.nullOr types.int) toString types.str;
              coercedEither = types.coercedTo types.int toString (types.either types.str types.bool);
              function = types.functionTo types.int;
              functionNull = types.functionTo (types.nullOr types.int);
              functionList = types.functionTo (types.listOf types.int);
              uniq = types.uniq types.int;
              uniqList = types.listOf (types.uniq (types.nullOr types.int));
              between = types.ints.between 1 5;
              numbers = types.numbers.between 1 5;
              numbersFloat = types.numbers.between 0.5 1;
              matching = types.strMatching "[a-z]+";
              separated = types.separatedString " ";
              listBetween = types.listOf (types.ints.between 1 5);
              passwd = types.passwdEntry types.str;
              passwdNull = types.passwdEntry (types.nullOr types.str);
              listPasswd = types.listOf (types.passwdEntry types.str);
              enumNone = types.enum [ ];
              enumOne = types.enum [ "a" ];
              enumMore = types.enum [ "a" 1 true null ];
              listEnum = types.listOf (types.enum [ "a" "b" ]);
              listEnumOne = types.listOf (types.enum [ "a" ]);
              pathWith = types.pathWith { };
              pathRelative = types.pathWith { absolute = false; };
              pathInStore = types.pathInStore;
              externalPath = types.externalPath;
              path = types.path;
              attrList = types.attrListOf types.int;
              attrListNull = types.attrListOf (types.nullOr types.int);
              tag = types.attrTag { a = lib.mkOption { type = types.int; }; "b c" = lib.mkOption { type = types.str; }; };
              submodule = types.submodule { };
              submoduleOpen = types.submodule { freeformType = types.attrsOf types.int; };
              submoduleOpenNull = types.submodule { freeformType = types.nullOr types.int; };
              submoduleNamed = types.submoduleWith { modules = [ ]; description = "a thing"; };
              deferred = types.deferredModule;
              optionType = types.optionType;
              json = types.json;
              toml = types.toml;
              u8 = types.ints.u8;
              s16 = types.ints.s16;
              port = types.port;
              own = lib.mkOptionType { name = "own"; };
              ownNamed = lib.mkOptionType { name = "own"; description = "own thing"; };
              listOwn = types.listOf (lib.mkOptionType { name = "own"; description = "own thing"; });
              checked = types.addCheck types.int (x: x > 1);
              loa = types.loaOf types.int;
              pkgs = types.pkgs;
            }"#,
    is: r#"_: {
              attrList = "attribute list of signed integer";
              attrListNull = "attribute list of (null or signed integer)";
              attrsList = "attribute set of list of boolean";
              attrsNull = "attribute set of (null or boolean)";
              between = "integer between 1 and 5 (both inclusive)";
              checked = "signed integer";
              coerced = "string or signed integer convertible to it";
              coercedEither = "(string or boolean) or signed integer convertible to it";
              coercedList = "(list of signed integer) or signed integer convertible to it";
              coercedNull = "string or (null or signed integer) convertible to it";
              deferred = "module";
              either = "signed integer or string";
              eitherEither = "signed integer or string or boolean";
              eitherList = "(list of signed integer) or string";
              eitherListSecond = "string or list of signed integer";
              eitherSecondUnsigned = "string or (unsigned integer, meaning >=0)";
              eitherUnsigned = "unsigned integer, meaning >=0, or string";
              eitherUnsignedList = "unsigned integer, meaning >=0, or (list of signed integer)";
              eitherUnsignedSecond = "unsigned integer, meaning >=0, or (positive integer, meaning >0)";
              enumMore = "one of \"a\", 1, true, <null>";
              enumNone = "impossible (empty enum)";
              enumOne = "value \"a\" (singular enum)";
              externalPath = "absolute path not in the Nix store";
              function = "function that evaluates to a(n) signed integer";
              functionList = "function that evaluates to a(n) list of signed integer";
              functionNull = "function that evaluates to a(n) (null or signed integer)";
              json = "JSON value";
              lazy = "lazy attribute set of string";
              lazyNull = "lazy attribute set of (null or string)";
              list = "list of signed integer";
              listBetween = "list of integer between 1 and 5 (both inclusive)";
              listEnum = "list of (one of \"a\", \"b\")";
              listEnumOne = "list of value \"a\" (singular enum)";
              listList = "list of list of string";
              listNull = "list of (null or signed integer)";
              listOwn = "list of (own thing)";
              listPasswd = "list of (string, not containing newlines or colons)";
              listUnsigned = "list of (unsigned integer, meaning >=0)";
              loa = "attribute set of signed integer";
              matching = "string matching the pattern [a-z]+";
              nonEmpty = "non-empty (list of signed integer)";
              nonEmptyNull = "non-empty (list of (null or signed integer))";
              nullList = "null or (list of signed integer)";
              nullNull = "null or null or signed integer";
              nullUnsigned = "null or (positive integer, meaning >0)";
              numbers = "integer or floating point number between 1 and 5 (both inclusive)";
              numbersFloat = "integer or floating point number between 0.5 and 1 (both inclusive)";
              oneOf = "signed integer or string or boolean";
              optionType = "optionType";
              own = "own";
              ownNamed = "own thing";
              passwd = "string, not containing newlines or colons";
              passwdNull = "(null or string), not containing newlines or colons";
              path = "absolute path";
              pathInStore = "path in the Nix store";
              pathRelative = "relative path";
              pathWith = "path";
              pkgs = "Nixpkgs package set";
              port = "16 bit unsigned integer; between 0 and 65535 (both inclusive)";
              s16 = "16 bit signed integer; between -32768 and 32767 (both inclusive)";
              separated = "strings concatenated with \" \"";
              submodule = "submodule";
              submoduleNamed = "a thing";
              submoduleOpen = "open submodule of attribute set of signed integer";
              submoduleOpenNull = "open submodule of (null or signed integer)";
              tag = "attribute-tagged union with choices: a, \"b c\"";
              toml = "TOML value";
              u8 = "8 bit unsigned integer; between 0 and 255 (both inclusive)";
              uniq = "signed integer";
              uniqList = "list of (null or signed integer)";
            }"#,
}];

const NAMED: Law = law(
    "lib-type-named",
    "a type has the name, the kind of description and the parts that tools rely on",
    "Tools tell types apart by their names, and look for options inside of them.",
    drawn,
    |scene, ground| ask(NAMED_ROWS, &[], scene, ground),
);

const NAMED_ROWS: &[Row] = &[
    Row {
        since: Now,
        asked: r#"_:
            let inherit (lib) types;
            in builtins.mapAttrs (_: type: [ type.name (type.descriptionClass or null) type.deprecationMessage ]) {
              inherit (types) raw anything unspecified bool boolByOr int float str nonEmptyStr singleLineStr lines attrs package path optionType luaInline fileset port shellPackage pkgs deferredModule optionDeclaration number;
              inherit (types.ints) unsigned positive u8 u16 u32 s8 s16 s32;
              inherit (types.numbers) nonnegative;
              positiveNumber = types.numbers.positive;
              between = types.ints.between 1 2;
              numbersBetween = types.numbers.between 1 2;
              matching = types.strMatching "a";
              separated = types.separatedString "a";
              list = types.listOf types.int;
              nonEmpty = types.nonEmptyListOf types.int;
              attrsOf = types.attrsOf types.int;
              lazy = types.lazyAttrsOf types.int;
              null = types.nullOr types.int;
              uniq = types.uniq types.int;
              either = types.either types.int types.str;
              coerced = types.coercedTo types.int toString types.str;
              function = types.functionTo types.int;
              enumOne = types.enum [ 1 ];
              enumTwo = types.enum [ 1 2 ];
              submodule = types.submodule { };
              tag = types.attrTag { a = lib.mkOption { type = types.int; }; };
              attrList = types.attrListOf types.int;
              passwd = types.passwdEntry types.str;
            }"#,
        is: r#"_: {
              anything = [ "anything" "noun" null ];
              attrList = [ "attrListOf" "composite" null ];
              attrs = [ "attrs" null null ];
              attrsOf = [ "attrsOf" "composite" null ];
              between = [ "intBetween" "noun" null ];
              bool = [ "bool" "noun" null ];
              boolByOr = [ "boolByOr" "noun" null ];
              coerced = [ "coercedTo" null null ];
              deferredModule = [ "deferredModule" "noun" null ];
              either = [ "either" "conjunction" null ];
              enumOne = [ "enum" "noun" null ];
              enumTwo = [ "enum" "conjunction" null ];
              fileset = [ "fileset" "noun" null ];
              float = [ "float" "noun" null ];
              function = [ "functionTo" "composite" null ];
              int = [ "int" "noun" null ];
              lazy = [ "lazyAttrsOf" "composite" null ];
              lines = [ "separatedString" "noun" null ];
              list = [ "listOf" "composite" null ];
              luaInline = [ "luaInline" "noun" null ];
              matching = [ "strMatching \"a\"" "noun" null ];
              nonEmpty = [ "listOf" "composite" null ];
              nonEmptyStr = [ "nonEmptyStr" "noun" null ];
              nonnegative = [ "numberNonnegative" "nonRestrictiveClause" null ];
              null = [ "nullOr" "conjunction" null ];
              number = [ "either" "conjunction" null ];
              numbersBetween = [ "numberBetween" "conjunction" null ];
              optionDeclaration = [ "optionDeclaration" "noun" null ];
              optionType = [ "optionType" "noun" null ];
              package = [ "package" "noun" null ];
              passwd = [ "passwdEntry str" "nonRestrictiveClause" null ];
              path = [ "path" "noun" null ];
              pkgs = [ "pkgs" "noun" null ];
              port = [ "unsignedInt16" "noun" null ];
              positive = [ "positiveInt" "nonRestrictiveClause" null ];
              positiveNumber = [ "numberPositive" "nonRestrictiveClause" null ];
              raw = [ "raw" "noun" null ];
              s16 = [ "signedInt16" "noun" null ];
              s32 = [ "signedInt32" "noun" null ];
              s8 = [ "signedInt8" "noun" null ];
              separated = [ "separatedString" "noun" null ];
              shellPackage = [ "package" "noun" null ];
              singleLineStr = [ "singleLineStr" "noun" null ];
              str = [ "str" "noun" null ];
              submodule = [ "submodule" null null ];
              tag = [ "attrTag" "noun" null ];
              u16 = [ "unsignedInt16" "noun" null ];
              u32 = [ "unsignedInt32" "noun" null ];
              u8 = [ "unsignedInt8" "noun" null ];
              uniq = [ "unique" "noun" null ];
              unsigned = [ "unsignedInt" "nonRestrictiveClause" null ];
              unspecified = [ "unspecified" "noun" null ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"_:
            let inherit (lib) types;
            in builtins.mapAttrs (_: type: builtins.attrNames type.nestedTypes ++ map (name: type.nestedTypes.${name}.name or "option") (builtins.attrNames type.nestedTypes)) {
              inherit (types) int raw attrs;
              list = types.listOf types.int;
              attrsOf = types.attrsOf types.str;
              null = types.nullOr types.bool;
              uniq = types.uniq types.int;
              either = types.either types.int types.str;
              coerced = types.coercedTo types.int toString types.str;
              function = types.functionTo types.int;
              submodule = types.submodule { };
              submoduleOpen = types.submodule { freeformType = types.attrsOf types.int; };
              tag = types.attrTag { a = lib.mkOption { type = types.int; }; };
              attrList = types.attrListOf types.int;
              loa = types.loaOf types.int;
            }"#,
        is: r#"_: {
              attrList = [ "elemType" "int" ];
              attrs = [ ];
              attrsOf = [ "elemType" "str" ];
              coerced = [ "coercedType" "finalType" "int" "str" ];
              either = [ "left" "right" "int" "str" ];
              function = [ "elemType" "int" ];
              int = [ ];
              list = [ "elemType" "int" ];
              loa = [ "elemType" "int" ];
              null = [ "elemType" "bool" ];
              raw = [ ];
              submodule = [ ];
              submoduleOpen = [ "freeformType" "attrsOf" ];
              tag = [ "a" "option" ];
              uniq = [ "elemType" "int" ];
            }"#,
    },
    Row {
        since: Now,
        asked: r#"_:
            let inherit (lib) types;
            in builtins.mapAttrs (_: type: type.emptyValue) {
              inherit (types) int raw attrs str unspecified anything lines;
              list = types.listOf types.int;
              nonEmpty = types.nonEmptyListOf types.int;
              attrsOf = types.attrsOf types.str;
              lazy = types.lazyAttrsOf types.str;
              null = types.nullOr types.bool;
              uniq = types.uniq (types.listOf types.int);
              uniqInt = types.uniq types.int;
              either = types.either types.int types.str;
              coerced = types.coercedTo types.int (x: [ x ]) (types.listOf types.int);
              function = types.functionTo types.int;
              submodule = types.submodule { options.x = lib.mkOption { default = 1; }; };
              attrList = types.attrListOf types.int;
              attrListSet = types.attrListWith { elemType = types.int; asAttrs = true; };
            }"#,
        is: r#"_: {
              anything = { };
              attrList = { value = [ ]; };
              attrListSet = { value = { }; };
              attrs = { value = { }; };
              attrsOf = { value = { }; };
              coerced = { value = [ ]; };
              either = { };
              function = { };
              int = { };
              lazy = { value = { }; };
              lines = { };
              list = { value = [ ]; };
              nonEmpty = { };
              null = { value = null; };
              raw = { };
              str = { };
              submodule = { value = { x = 1; }; };
              uniq = { value = [ ]; };
              uniqInt = { };
              unspecified = { };
            }"#,
    },
];
