//! Types without parameters: a table of what is known of each.

use super::Def;

/// A type without parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of nixpkgs")]
pub enum Simple {
    Bool,
    BoolByOr,
    Int,
    Unsigned,
    Positive,
    U8,
    U16,
    U32,
    S8,
    S16,
    S32,
    Port,
    Float,
    Number,
    Nonnegative,
    PositiveNumber,
    Str,
    NonEmptyStr,
    SingleLineStr,
    Lines,
    Commas,
    EnvVar,
    Path,
    PathInStore,
    ExternalPath,
    Package,
    ShellPackage,
    Pkgs,
    Attrs,
    Raw,
    Unspecified,
    Anything,
    Json,
    Toml,
    LuaInline,
    DeferredModule,
    OptionType,
    OptionDeclaration,
    Fileset,
}

/// What is known of a type without parameters.
#[derive(Debug)]
pub struct Row {
    /// The type.
    pub simple: Simple,
    /// Its path in `lib`, such as `lib.types.ints.u8`.
    pub nix: &'static str,
    /// The name in `lib.types` that a library has if it has this type.
    pub needs: &'static str,
    /// How today's library describes it in messages.
    pub description: &'static str,
    /// How the library of 2020 describes it, if it does so otherwise.
    pub then: Option<&'static str>,
    /// What kind of phrase the description is.
    pub phrase: Phrase,
    /// What several definitions become.
    pub merging: Merging,
    /// Values that it takes.
    pub accepted: &'static [Lit],
    /// Values that it refuses.
    pub refused: &'static [Lit],
}

/// What kind of phrase a description is: it decides where parentheses are needed around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phrase {
    /// A noun: `signed integer`.
    Noun,
    /// Something with an `or`.
    Conjunction,
    /// Something with an `of`.
    Composite,
    /// A noun, a comma and a clause: `unsigned integer, meaning >=0`.
    Clause,
    /// The type does not say.
    Unsaid,
}

/// What several definitions of one option become, at the outermost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Merging {
    /// Equal ones are one; others conflict.
    Equal,
    /// There may be only one.
    One,
    /// True if one of them is.
    Or,
    /// Texts, joined.
    Joined,
    /// Sets; of two attributes of one name the last is taken whole.
    Update,
    /// Modules, imported together.
    Modules,
    /// What the kind of values suggests: lists are put together, sets updated, texts joined.
    ByKind,
    /// It depends on the values.
    Depends,
}

/// A value that can stand in a table.
#[derive(Clone, Copy, PartialEq, Debug)]
#[expect(missing_docs, reason = "they are the variants of `Def`")]
pub enum Lit {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'static str),
    Path(&'static str),
    List(&'static [Lit]),
    Attrs(&'static [(&'static str, Lit)]),
    Nix(&'static str),
}

impl Lit {
    /// Returns the value as a definition.
    pub fn def(self) -> Def {
        match self {
            Lit::Null => Def::Null,
            Lit::Bool(value) => Def::Bool(value),
            Lit::Int(value) => Def::Int(value),
            Lit::Float(value) => Def::Float(value),
            Lit::Str(text) => Def::str(text),
            Lit::Path(text) => Def::Path(text.into()),
            Lit::List(elements) => Def::List(elements.iter().map(|element| element.def()).collect()),
            Lit::Attrs(entries) => {
                let entry = |&(name, value): &(&str, Lit)| (name.to_owned(), value.def());
                Def::Attrs(entries.iter().map(entry).collect())
            }
            Lit::Nix(text) => Def::Nix(text.into()),
        }
    }
}

impl Simple {
    /// Returns all of them.
    pub fn all() -> impl Iterator<Item = Simple> {
        ROWS.iter().map(|row| row.simple)
    }

    /// Returns what stands between texts that it joins, if it joins texts.
    pub fn separator(self) -> Option<&'static str> {
        match self {
            Simple::Lines => Some("\n"),
            Simple::Commas => Some(","),
            Simple::EnvVar => Some(":"),
            _ => None,
        }
    }

    /// Returns what is known of the type.
    pub fn row(self) -> &'static Row {
        // The table is in the order of the variants, which a test holds.
        &ROWS[self as usize]
    }

    /// Returns how the type is written.
    pub fn nix(self) -> &'static str {
        self.row().nix
    }

    /// Returns the least and the greatest integer that it takes, if it is a type of some integers.
    pub fn range(self) -> Option<(i64, i64)> {
        Some(match self {
            Simple::Int => (i64::MIN, i64::MAX),
            Simple::Unsigned => (0, i64::MAX),
            Simple::Positive => (1, i64::MAX),
            Simple::U8 => (0, 255),
            Simple::U16 | Simple::Port => (0, 65_535),
            Simple::U32 => (0, 4_294_967_295),
            Simple::S8 => (-128, 127),
            Simple::S16 => (-32_768, 32_767),
            Simple::S32 => (-2_147_483_648, 2_147_483_647),
            _ => return None,
        })
    }

    /// Whether its values can be told as plain data: no types, options or sets of files, which hold functions and
    /// traps.
    pub fn is_plain(self) -> bool {
        !matches!(self, Simple::OptionType | Simple::OptionDeclaration | Simple::Fileset)
    }
}

const STORE: &str = "/nix/store/0000000000000000000000000000000a-a";
const OTHER: &str = "/nix/store/0000000000000000000000000000000b-b";

/// Something that passes for a package.
const PACKAGE: Lit = Lit::Attrs(&[
    ("type", Lit::Str("derivation")),
    ("name", Lit::Str("a")),
    ("outPath", Lit::Str(STORE)),
]);
const OTHER_PACKAGE: Lit = Lit::Attrs(&[
    ("type", Lit::Str("derivation")),
    ("name", Lit::Str("b")),
    ("outPath", Lit::Str(OTHER)),
]);
const SHELL: Lit = Lit::Attrs(&[
    ("type", Lit::Str("derivation")),
    ("name", Lit::Str("a")),
    ("outPath", Lit::Str(STORE)),
    ("shellPath", Lit::Str("/bin/a")),
]);
const OTHER_SHELL: Lit = Lit::Attrs(&[
    ("type", Lit::Str("derivation")),
    ("name", Lit::Str("b")),
    ("outPath", Lit::Str(OTHER)),
    ("shellPath", Lit::Str("/bin/b")),
]);

const EMPTY: Lit = Lit::Attrs(&[]);
const FUNCTION: Lit = Lit::Nix("x: x");
const TEXTS: &[Lit] = &[
    Lit::Str("a"),
    Lit::Str("b"),
    Lit::Str(""),
    Lit::Str("c d"),
    Lit::Str("a\nb"),
    Lit::Str("${x}"),
    Lit::Str("/a"),
];
const NO_TEXTS: &[Lit] = &[
    Lit::Int(1),
    Lit::Null,
    Lit::List(&[Lit::Str("a")]),
    Lit::Path("/a"),
    EMPTY,
];
const NO_NUMBERS: &[Lit] = &[Lit::Str("1"), Lit::Null, Lit::Bool(true), Lit::List(&[Lit::Int(1)])];
const NO_SETS: &[Lit] = &[
    Lit::Int(1),
    Lit::Str("a"),
    Lit::Null,
    Lit::List(&[]),
    Lit::List(&[EMPTY]),
];
const NO_PATHS: &[Lit] = &[Lit::Str("a"), Lit::Str(""), Lit::Int(1), Lit::Bool(true), EMPTY];
const ANYTHING: &[Lit] = &[
    Lit::Int(1),
    Lit::Int(2),
    Lit::Str("a"),
    Lit::Str("b"),
    Lit::Null,
    Lit::Bool(true),
    Lit::Float(0.5),
    Lit::Path("/a"),
    Lit::List(&[Lit::Int(1), Lit::Str("a")]),
    Lit::List(&[Lit::Int(2)]),
    Lit::Attrs(&[("a", Lit::Int(1))]),
    Lit::Attrs(&[("a", Lit::Int(1)), ("b", Lit::Attrs(&[("c", Lit::Str("x"))]))]),
    Lit::Attrs(&[("b", Lit::Attrs(&[("d", Lit::Bool(false))]))]),
    EMPTY,
];

/// Makes the table: the variant, its path in `lib.types`, the name there that a library needs for it, today's
/// description, in brackets that of 2020, its phrase, its merging, and the values that it takes and refuses.
macro_rules! rows {
    ($($simple:ident $path:literal $needs:literal: $text:literal $([$then:literal])? $phrase:ident $merging:expr,
       $accepted:expr, $refused:expr;)*) => {
        &[$(Row {
            simple: Simple::$simple,
            nix: concat!("lib.types.", $path),
            needs: $needs,
            description: $text,
            then: rows!(@then $($then)?),
            phrase: Phrase::$phrase,
            merging: $merging,
            accepted: $accepted,
            refused: $refused,
        }),*]
    };
    (@then) => { None };
    (@then $then:literal) => { Some($then) };
}

/// The types, in the order of the variants.
static ROWS: &[Row] = rows! {
    Bool "bool" "bool": "boolean" Noun Merging::Equal,
        &[Lit::Bool(true), Lit::Bool(false)], &[Lit::Int(1), Lit::Str("true"), Lit::Null, Lit::List(&[])];
    BoolByOr "boolByOr" "boolByOr": "boolean (merged using or)" Noun Merging::Or,
        &[Lit::Bool(true), Lit::Bool(false)], &[Lit::Int(1), Lit::Str("true"), Lit::Null];
    Int "int" "int": "signed integer" Noun Merging::Equal,
        &[Lit::Int(0), Lit::Int(1), Lit::Int(2), Lit::Int(-1), Lit::Int(i64::MAX), Lit::Int(i64::MIN)],
        &[Lit::Str("1"), Lit::Float(1.5), Lit::Bool(true), Lit::Null, Lit::List(&[Lit::Int(1)]), EMPTY];
    Unsigned "ints.unsigned" "ints": "unsigned integer, meaning >=0" Clause Merging::Equal,
        &[Lit::Int(0), Lit::Int(1), Lit::Int(2), Lit::Int(i64::MAX)],
        &[Lit::Int(-1), Lit::Int(i64::MIN), Lit::Str("1"), Lit::Null];
    Positive "ints.positive" "ints": "positive integer, meaning >0" Clause Merging::Equal,
        &[Lit::Int(1), Lit::Int(2), Lit::Int(i64::MAX)],
        &[Lit::Int(0), Lit::Int(-1), Lit::Str("1"), Lit::Null];
    U8 "ints.u8" "ints": "8 bit unsigned integer; between 0 and 255 (both inclusive)" Noun Merging::Equal,
        &[Lit::Int(0), Lit::Int(1), Lit::Int(255)], &[Lit::Int(-1), Lit::Int(256), Lit::Str("1"), Lit::Null];
    U16 "ints.u16" "ints": "16 bit unsigned integer; between 0 and 65535 (both inclusive)" Noun Merging::Equal,
        &[Lit::Int(0), Lit::Int(1), Lit::Int(65_535)], &[Lit::Int(-1), Lit::Int(65_536), Lit::Str("1"), Lit::Null];
    U32 "ints.u32" "numbers": "32 bit unsigned integer; between 0 and 4294967295 (both inclusive)" Noun
        Merging::Equal, &[Lit::Int(0), Lit::Int(1), Lit::Int(4_294_967_295)],
        &[Lit::Int(-1), Lit::Int(4_294_967_296), Lit::Str("1"), Lit::Null];
    S8 "ints.s8" "ints": "8 bit signed integer; between -128 and 127 (both inclusive)" Noun Merging::Equal,
        &[Lit::Int(0), Lit::Int(-128), Lit::Int(127)], &[Lit::Int(-129), Lit::Int(128), Lit::Str("1"), Lit::Null];
    S16 "ints.s16" "ints": "16 bit signed integer; between -32768 and 32767 (both inclusive)" Noun Merging::Equal,
        &[Lit::Int(0), Lit::Int(-32_768), Lit::Int(32_767)],
        &[Lit::Int(-32_769), Lit::Int(32_768), Lit::Str("1"), Lit::Null];
    S32 "ints.s32" "numbers": "32 bit signed integer; between -2147483648 and 2147483647 (both inclusive)" Noun
        Merging::Equal, &[Lit::Int(0), Lit::Int(-2_147_483_648), Lit::Int(2_147_483_647)],
        &[Lit::Int(-2_147_483_649), Lit::Int(2_147_483_648), Lit::Str("1"), Lit::Null];
    Port "port" "port": "16 bit unsigned integer; between 0 and 65535 (both inclusive)" Noun Merging::Equal,
        &[Lit::Int(0), Lit::Int(22), Lit::Int(65_535)], &[Lit::Int(-1), Lit::Int(65_536), Lit::Str("22"), Lit::Null];
    Float "float" "float": "floating point number" Noun Merging::Equal,
        &[Lit::Float(0.5), Lit::Float(-2.25), Lit::Float(1.0), Lit::Float(1e10)],
        &[Lit::Int(1), Lit::Str("1.5"), Lit::Null, Lit::Bool(true)];
    Number "number" "number": "signed integer or floating point number" Conjunction Merging::Equal,
        &[Lit::Int(0), Lit::Int(1), Lit::Int(-1), Lit::Float(0.5), Lit::Float(-2.25)], NO_NUMBERS;
    Nonnegative "numbers.nonnegative" "numbers": "nonnegative integer or floating point number, meaning >=0" Clause
        Merging::Equal, &[Lit::Int(0), Lit::Int(1), Lit::Float(0.0), Lit::Float(0.5)],
        &[Lit::Int(-1), Lit::Float(-0.5), Lit::Str("1"), Lit::Null];
    PositiveNumber "numbers.positive" "numbers": "positive integer or floating point number, meaning >0" Clause
        Merging::Equal, &[Lit::Int(1), Lit::Int(2), Lit::Float(0.5)],
        &[Lit::Int(0), Lit::Float(0.0), Lit::Int(-1), Lit::Float(-0.5), Lit::Str("1"), Lit::Null];
    Str "str" "str": "string" Noun Merging::Equal, TEXTS, NO_TEXTS;
    NonEmptyStr "nonEmptyStr" "nonEmptyStr": "non-empty string" Noun Merging::Equal,
        &[Lit::Str("a"), Lit::Str("b"), Lit::Str(" c ")],
        &[Lit::Str(""), Lit::Str(" \t\n"), Lit::Int(1), Lit::Null];
    SingleLineStr "singleLineStr" "singleLineStr": "(optionally newline-terminated) single-line string" Noun
        Merging::Equal, &[Lit::Str("a"), Lit::Str("b"), Lit::Str(""), Lit::Str("a\n")],
        &[Lit::Str("a\nb"), Lit::Str("a\rb"), Lit::Str("a\n\n"), Lit::Int(1), Lit::Null];
    Lines "lines" "lines": "strings concatenated with \"\\n\"" Noun Merging::Joined, TEXTS, NO_TEXTS;
    Commas "commas" "commas": "strings concatenated with \",\"" Noun Merging::Joined, TEXTS, NO_TEXTS;
    EnvVar "envVar" "envVar": "strings concatenated with \":\"" Noun Merging::Joined, TEXTS, NO_TEXTS;
    Path "path" "path": "absolute path" ["path"] Noun Merging::Equal,
        &[Lit::Str("/a"), Lit::Path("/a"), Lit::Path("/b/c"), Lit::Str("/b/c")], NO_PATHS;
    PathInStore "pathInStore" "pathInStore": "path in the Nix store" Noun Merging::Equal,
        &[Lit::Str(STORE), Lit::Str(OTHER), Lit::Path(STORE)],
        &[Lit::Str("/a"), Lit::Str("/nix/store"), Lit::Str("/nix/store/a"), Lit::Path("/a"), Lit::Int(1), Lit::Null];
    ExternalPath "externalPath" "externalPath": "absolute path not in the Nix store" Noun Merging::Equal,
        &[Lit::Str("/a"), Lit::Str("/b/c"), Lit::Str("/nix/store")],
        &[Lit::Path("/a"), Lit::Str("a"), Lit::Str(STORE), Lit::Int(1), Lit::Null];
    Package "package" "package": "package" Noun Merging::One,
        &[PACKAGE, OTHER_PACKAGE, SHELL], &[Lit::Str("a"), Lit::Str("/a"), Lit::Int(1), Lit::Null, EMPTY];
    ShellPackage "shellPackage" "shellPackage": "package" Noun Merging::One,
        &[SHELL, OTHER_SHELL], &[PACKAGE, Lit::Str("a"), Lit::Int(1), EMPTY];
    Pkgs "pkgs" "pkgs": "Nixpkgs package set" Noun Merging::One,
        &[
            Lit::Attrs(&[("_type", Lit::Str("pkgs")), ("a", Lit::Int(1))]),
            Lit::Attrs(&[("_type", Lit::Str("pkgs")), ("a", Lit::Int(2))]),
        ],
        &[EMPTY, Lit::Attrs(&[("a", Lit::Int(1))]), Lit::Int(1), Lit::Null];
    Attrs "attrs" "attrs": "attribute set" Unsaid Merging::Update,
        &[
            EMPTY,
            Lit::Attrs(&[("a", Lit::Int(1))]),
            Lit::Attrs(&[("a", Lit::Int(2)), ("b", Lit::Str("x"))]),
            Lit::Attrs(&[("b", EMPTY), ("c", Lit::List(&[Lit::Int(1)]))]),
        ],
        NO_SETS;
    Raw "raw" "raw": "raw value" Noun Merging::One, ANYTHING, &[];
    Unspecified "unspecified" "unspecified": "unspecified value" ["unspecified"] Noun Merging::ByKind, ANYTHING, &[];
    Anything "anything" "anything": "anything" Noun Merging::Depends, ANYTHING, &[];
    Json "json" "json": "JSON value" Conjunction Merging::Depends, ANYTHING, &[FUNCTION];
    Toml "toml" "toml": "TOML value" Conjunction Merging::Depends,
        &[
            Lit::Int(1),
            Lit::Str("a"),
            Lit::Bool(true),
            Lit::List(&[Lit::Int(2)]),
            Lit::Attrs(&[("a", Lit::Int(1))]),
            Lit::Attrs(&[("b", Lit::Str("x"))]),
        ],
        &[Lit::Null, FUNCTION];
    LuaInline "luaInline" "luaInline": "inline lua" Noun Merging::Equal,
        &[
            Lit::Attrs(&[("_type", Lit::Str("lua-inline")), ("expr", Lit::Str("a"))]),
            Lit::Attrs(&[("_type", Lit::Str("lua-inline")), ("expr", Lit::Str("b"))]),
        ],
        &[EMPTY, Lit::Str("a"), Lit::Int(1), Lit::Attrs(&[("expr", Lit::Str("a"))])];
    DeferredModule "deferredModule" "deferredModule": "module" Noun Merging::Modules,
        &[EMPTY, Lit::Attrs(&[("a", Lit::Int(1))]), Lit::Attrs(&[("b", Lit::Int(2))]), Lit::Str("/a")],
        &[Lit::Int(1), Lit::Str("a"), Lit::Null, Lit::List(&[])];
    OptionType "optionType" "optionType": "optionType" Noun Merging::Depends,
        &[Lit::Nix("lib.types.int"), Lit::Nix("lib.types.str")], &[EMPTY, Lit::Int(1), Lit::Str("int"), Lit::Null];
    OptionDeclaration "optionDeclaration" "optionDeclaration": "option declaration" Noun Merging::ByKind,
        &[Lit::Nix("lib.mkOption { }")], &[EMPTY, Lit::Int(1), Lit::Null, Lit::Nix("lib.types.int")];
    Fileset "fileset" "fileset": "fileset" Noun Merging::Depends,
        &[Lit::Nix("lib.fileset.unions [ ]")], &[EMPTY, Lit::Int(1), Lit::Str("/a"), Lit::Null];
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(row.simple as usize, i, "{}", row.nix);
            assert_eq!(row.simple.row().nix, row.nix);
        }
    }
}
