//! Tokens: their kinds, numbered as Nix's parser generator numbers them, and their names in messages.
//!
//! The numbers matter: "expecting A or B" lists tokens in this order.

/// Defines [`Kind`] with the name that messages show for each kind.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a token is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        #[repr(u8)]
        pub enum Kind {
            #[default]
            $($(#[$doc])* $name,)*
        }

        /// The name of each kind in syntax errors, by number.
        pub const NAMES: [&str; KINDS] = [$($text,)*];

        const ALL: [Kind; KINDS] = [$(Kind::$name,)*];

        /// How many kinds there are.
        pub const KINDS: usize = [$($text,)*].len();
    };
}

kinds! {
    /// The end of the text, or what Nix's lexer takes for it (a NUL byte, a lone `\` in a string).
    End = "end of file",
    /// The generator's own error token; the lexer never makes one.
    Reserved = "error",
    /// A byte that starts no token.
    Invalid = "invalid token",
    /// A name.
    Id = "identifier",
    /// Text in a string or in a path after its start.
    Str = "string",
    /// Text in an indented string.
    IndStr = "indented string",
    /// Digits.
    Int = "integer",
    /// A number with a point.
    Float = "floating-point literal",
    /// A path or the start of one.
    Path = "path",
    /// A path below the home folder or the start of one.
    HomePath = "'~/…' path",
    /// `<nixpkgs>`.
    SearchPath = "'<…>' path",
    /// An empty token after each path.
    PathEnd = "end of path",
    /// A URI without quotes.
    Uri = "URI",
    /// `if`
    If = "'if'",
    /// `then`
    Then = "'then'",
    /// `else`
    Else = "'else'",
    /// `assert`
    Assert = "'assert'",
    /// `with`
    With = "'with'",
    /// `let`
    Let = "'let'",
    /// `in`
    In = "'in'",
    /// `rec`
    Rec = "'rec'",
    /// `inherit`
    Inherit = "'inherit'",
    /// `==`
    Eq = "'=='",
    /// `!=`
    NotEq = "'!='",
    /// `<=`
    LessEq = "'<='",
    /// `>=`
    GreaterEq = "'>='",
    /// `//`
    Update = "'//'",
    /// `++`
    Concat = "'++'",
    /// `&&`
    And = "'&&'",
    /// `||`
    Or = "'||'",
    /// `->`
    Implies = "'->'",
    /// The word `or`.
    OrWord = "'or'",
    /// `<|`
    PipeFrom = "'<|'",
    /// `|>`
    PipeInto = "'|>'",
    /// `${`
    DollarBrace = "'${'",
    /// `''` that opens
    IndOpen = "start of an indented string",
    /// `''` that closes
    IndClose = "end of an indented string",
    /// `...`
    Ellipsis = "'...'",
    /// The start of what a read-eval-print loop accepts; the lexer never makes one.
    ReplBindings = "start of REPL bindings",
    /// `<`
    Less = "'<'",
    /// `>`
    Greater = "'>'",
    /// Only a rank for `!`, never a token.
    NotRank = "NOT",
    /// `+`
    Plus = "'+'",
    /// `-`
    Minus = "'-'",
    /// `*`
    Star = "'*'",
    /// `/`
    Slash = "'/'",
    /// `?`
    Question = "'?'",
    /// Only a rank for unary `-`, never a token.
    NegateRank = "NEGATE",
    /// `:`
    Colon = "':'",
    /// `@`
    At = "'@'",
    /// `;`
    Semicolon = "';'",
    /// `!`
    Bang = "'!'",
    /// `.`
    Dot = "'.'",
    /// `"`
    Quote = "'\"'",
    /// `(`
    ParenOpen = "'('",
    /// `)`
    ParenClose = "')'",
    /// `{`
    BraceOpen = "'{'",
    /// `}`
    BraceClose = "'}'",
    /// `[`
    BracketOpen = "'['",
    /// `]`
    BracketClose = "']'",
    /// `=`
    Assign = "'='",
    /// `,`
    Comma = "','",
    /// Text that the lexer itself refuses; not one of Nix's tokens.
    Refused = "refused",
}

impl Kind {
    /// Returns the kind with this number.
    pub fn from_number(number: u8) -> Option<Kind> {
        ALL.get(number as usize).copied()
    }
}

/// A token: its kind and its bytes in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Whether it is text of a string that stands for something else: there are escapes or line ends with `\r` in it.
    pub escaped: bool,
    /// Offset of its first byte; for `End` the place where errors about it point.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

impl Token {
    /// Returns a token that is what it says, from one offset to another, below 4 GiB.
    #[inline(always)]
    pub fn new(kind: Kind, start: usize, end: usize) -> Token {
        Token {
            kind,
            escaped: false,
            start: start as u32,
            end: end as u32,
        }
    }
}
