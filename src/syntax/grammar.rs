//! Nix's grammar as a table, from which the automaton for error messages is built.
//!
//! It describes the same language as the parser in `parser/`, but with the rules, their order and the
//! precedences of Nix's `parser.y`, since the words of a message depend on all three.

use crate::token::Kind;

/// What stands for a sequence of tokens; named after the nonterminals of Nix's grammar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Part {
    Accept,
    Start,
    Expr,
    Function,
    If,
    PipeFrom,
    PipeInto,
    Op,
    App,
    Select,
    Simple,
    StringParts,
    Interpolated,
    PathStart,
    IndStringParts,
    Binds,
    Binds1,
    Attrs,
    AttrPath,
    Attr,
    StringAttr,
    List,
    FormalSet,
    Formals,
    Formal,
}

/// How many kinds of parts there are.
pub const PARTS: usize = Part::Formal as usize + 1;

/// What rules are made of: a token or a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A token.
    Token(Kind),
    /// What other rules make.
    Part(Part),
}

/// A rule: a part may be made of these pieces.
pub struct Production {
    /// What it makes.
    pub part: Part,
    /// Of what.
    pub pieces: Vec<Piece>,
    /// How tight it binds, where that decides between reading on and completing the rule.
    pub rank: Option<Rank>,
}

/// A precedence: greater binds tighter.
pub type Rank = u8;

/// What happens between a rule and a token of equal rank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grouping {
    /// The rule is completed.
    Left,
    /// The token is read.
    Right,
    /// The token is an error.
    Never,
}

/// The rank of a unary `!`.
pub const NOT: Rank = 7;

/// The rank of a unary `-`.
pub const NEGATE: Rank = 12;

/// Returns the rank and grouping of a token, if it has one (Nix: the precedence declarations of
/// `parser.y`). The lexer makes such tokens of binary operators only.
#[inline]
pub fn rank(kind: Kind) -> Option<(Rank, Grouping)> {
    Some(match kind {
        Kind::Implies => (1, Grouping::Right),
        Kind::Or => (2, Grouping::Left),
        Kind::And => (3, Grouping::Left),
        Kind::Eq | Kind::NotEq => (4, Grouping::Never),
        Kind::Less | Kind::Greater | Kind::LessEq | Kind::GreaterEq => (5, Grouping::Never),
        Kind::Update => (6, Grouping::Right),
        Kind::NotRank => (NOT, Grouping::Left),
        Kind::Plus | Kind::Minus => (8, Grouping::Left),
        Kind::Star | Kind::Slash => (9, Grouping::Left),
        Kind::Concat => (10, Grouping::Right),
        Kind::Question => (11, Grouping::Never),
        Kind::NegateRank => (NEGATE, Grouping::Never),
        _ => return None,
    })
}

/// Returns the rules, the accepting rule first.
pub fn productions() -> Vec<Production> {
    use Kind::*;
    use Part::{
        Accept, App, Attr, AttrPath, Attrs, Binds, Binds1, Expr, Formal, FormalSet, Formals, Function, IndStringParts,
        Interpolated, List, Op, PathStart, Select, Simple, Start, StringAttr, StringParts,
    };
    let mut rules = Vec::new();
    let mut rule = |part: Part, pieces: Vec<Piece>, rank_of: Option<Kind>| {
        // A rule binds as tight as its last token, unless it says otherwise.
        let last = pieces.iter().rev().find_map(|piece| match piece {
            Piece::Token(kind) => Some(*kind),
            Piece::Part(_) => None,
        });
        let rank = rank_of.or(last).and_then(rank).map(|(rank, _)| rank);
        rules.push(Production { part, pieces, rank });
    };
    macro_rules! rules {
        ($($part:expr => $($piece:expr)* $(; rank $rank:expr)?,)*) => {
            $(rule($part, vec![$($piece.into()),*], None$(.or(Some($rank)))?);)*
        };
    }
    rules! {
        Accept => Start End,
        Start => Expr,
        Start => ReplBindings Binds1,
        Expr => Function,
        Function => Id Colon Function,
        Function => FormalSet Colon Function,
        Function => FormalSet At Id Colon Function,
        Function => Id At FormalSet Colon Function,
        Function => Assert Expr Semicolon Function,
        Function => With Expr Semicolon Function,
        Function => Let Binds In Function,
        Function => Part::If,
        Part::If => If Expr Then Expr Else Expr,
        Part::If => Part::PipeFrom,
        Part::If => Part::PipeInto,
        Part::If => Op,
        Part::PipeFrom => Op PipeFrom Part::PipeFrom,
        Part::PipeFrom => Op PipeFrom Op,
        Part::PipeInto => Part::PipeInto PipeInto Op,
        Part::PipeInto => Op PipeInto Op,
        Op => Bang Op; rank NotRank,
        Op => Minus Op; rank NegateRank,
        Op => Op Eq Op,
        Op => Op NotEq Op,
        Op => Op Less Op,
        Op => Op LessEq Op,
        Op => Op Greater Op,
        Op => Op GreaterEq Op,
        Op => Op And Op,
        Op => Op Or Op,
        Op => Op Implies Op,
        Op => Op Update Op,
        Op => Op Question AttrPath,
        Op => Op Plus Op,
        Op => Op Minus Op,
        Op => Op Star Op,
        Op => Op Slash Op,
        Op => Op Concat Op,
        Op => App,
        App => App Select,
        App => Select,
        Select => Simple Dot AttrPath,
        Select => Simple Dot AttrPath OrWord Select,
        Select => Simple OrWord,
        Select => Simple,
        Simple => Id,
        Simple => Int,
        Simple => Float,
        Simple => Quote StringParts Quote,
        Simple => IndOpen IndStringParts IndClose,
        Simple => PathStart PathEnd,
        Simple => PathStart Interpolated PathEnd,
        Simple => SearchPath,
        Simple => Uri,
        Simple => ParenOpen Expr ParenClose,
        Simple => Let BraceOpen Binds BraceClose,
        Simple => Rec BraceOpen Binds BraceClose,
        Simple => BraceOpen Binds1 BraceClose,
        Simple => BraceOpen BraceClose,
        Simple => BracketOpen List BracketClose,
        StringParts => Str,
        StringParts => Interpolated,
        StringParts =>,
        Interpolated => Interpolated Str,
        Interpolated => Interpolated DollarBrace Expr BraceClose,
        Interpolated => DollarBrace Expr BraceClose,
        Interpolated => Str DollarBrace Expr BraceClose,
        PathStart => Path,
        PathStart => HomePath,
        IndStringParts => IndStringParts IndStr,
        IndStringParts => IndStringParts DollarBrace Expr BraceClose,
        IndStringParts =>,
        Binds => Binds1,
        Binds =>,
        Binds1 => Binds1 AttrPath Assign Expr Semicolon,
        Binds1 => Binds Inherit Attrs Semicolon,
        Binds1 => Binds Inherit ParenOpen Expr ParenClose Attrs Semicolon,
        Binds1 => AttrPath Assign Expr Semicolon,
        Attrs => Attrs Attr,
        Attrs => Attrs StringAttr,
        Attrs =>,
        AttrPath => AttrPath Dot Attr,
        AttrPath => AttrPath Dot StringAttr,
        AttrPath => Attr,
        AttrPath => StringAttr,
        Attr => Id,
        Attr => OrWord,
        StringAttr => Quote StringParts Quote,
        StringAttr => DollarBrace Expr BraceClose,
        List => List Select,
        List =>,
        FormalSet => BraceOpen Formals Comma Ellipsis BraceClose,
        FormalSet => BraceOpen Ellipsis BraceClose,
        FormalSet => BraceOpen Formals Comma BraceClose,
        FormalSet => BraceOpen Formals BraceClose,
        FormalSet => BraceOpen BraceClose,
        Formals => Formals Comma Formal,
        Formals => Formal,
        Formal => Id,
        Formal => Id Question Expr,
    }
    rules
}

impl From<Kind> for Piece {
    fn from(kind: Kind) -> Piece {
        Piece::Token(kind)
    }
}

impl From<Part> for Piece {
    fn from(part: Part) -> Piece {
        Piece::Part(part)
    }
}
