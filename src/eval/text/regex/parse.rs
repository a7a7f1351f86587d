//! Patterns to automata. The grammar is libstdc++'s: alternatives of sequences of anchors, and of atoms with any
//! number of quantifiers each. Groups are kept on a stack of our own, so that no pattern is nested too deeply.

use super::bytes::ByteSet;
use super::nfa::{Kind, NOWHERE, Nfa, Part, TooLarge};
use super::scan::{Invalid, Scanner, Token};

/// Why a pattern cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Invalid,
    TooLarge,
}

impl From<Invalid> for Refused {
    fn from(Invalid: Invalid) -> Self {
        Refused::Invalid
    }
}

impl From<TooLarge> for Refused {
    fn from(TooLarge: TooLarge) -> Self {
        Refused::TooLarge
    }
}

/// An automaton, where it starts, and how many groups the pattern has.
pub(super) struct Parsed {
    pub(super) nfa: Nfa,
    pub(super) start: u32,
    pub(super) groups: u32,
}

/// Reads a pattern.
pub(super) fn parse(pattern: &[u8]) -> Result<Parsed, Refused> {
    let mut scanner = Scanner::new(pattern);
    let token = scanner.next()?;
    let mut parser = Parser {
        scanner,
        token,
        nfa: Nfa::default(),
        groups: 0,
    };
    let whole = parser.whole()?;
    Ok(Parsed {
        nfa: parser.nfa,
        start: whole.start,
        groups: parser.groups,
    })
}

struct Parser<'p> {
    scanner: Scanner<'p>,
    /// The token ahead.
    token: Token,
    nfa: Nfa,
    groups: u32,
}

/// A group, or the whole pattern, that is being read.
struct Open {
    start: Part,
    group: Option<u32>,
    /// The alternatives before the last `|`, joined.
    alternatives: Option<Part>,
    /// The alternative that is being read.
    sequence: Option<Part>,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<Token, Invalid> {
        let next = self.scanner.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn take(&mut self, token: Token) -> Result<bool, Invalid> {
        let found = self.token == token;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn whole(&mut self) -> Result<Part, Refused> {
        // libstdc++ captures the whole match as a group of its own.
        let start = self.nfa.add(Kind::Dummy)?;
        let mut stack = Vec::new();
        let mut open = Open {
            start,
            group: None,
            alternatives: None,
            sequence: None,
        };
        loop {
            let term = match self.token {
                Token::LineStart => {
                    self.advance()?;
                    self.nfa.add(Kind::LineStart)?
                }
                Token::LineEnd => {
                    self.advance()?;
                    self.nfa.add(Kind::LineEnd)?
                }
                Token::Any => {
                    self.advance()?;
                    let atom = self.nfa.add(Kind::Bytes(ByteSet::ANY))?;
                    self.quantified(atom)?
                }
                Token::Literal(byte) => {
                    self.advance()?;
                    let atom = self.nfa.add(Kind::Bytes(ByteSet::only(byte)))?;
                    self.quantified(atom)?
                }
                Token::Bracket(negated) => {
                    self.advance()?;
                    let set = self.bracket(negated)?;
                    let atom = self.nfa.add(Kind::Bytes(set))?;
                    self.quantified(atom)?
                }
                Token::Open => {
                    self.advance()?;
                    let group = self.groups;
                    self.groups += 1;
                    let start = self.nfa.add(Kind::GroupStart(group))?;
                    let inner = Open {
                        start,
                        group: Some(group),
                        alternatives: None,
                        sequence: None,
                    };
                    stack.push(std::mem::replace(&mut open, inner));
                    continue;
                }
                Token::Or => {
                    self.end_alternative(&mut open)?;
                    self.advance()?;
                    continue;
                }
                Token::Close => {
                    let inside = self.end_alternative(&mut open)?;
                    let (Some(group), Some(outer)) = (open.group, stack.pop()) else {
                        return Err(Refused::Invalid);
                    };
                    self.advance()?;
                    let body = self.nfa.join(open.start, inside);
                    let end = self.nfa.add(Kind::GroupEnd(group))?;
                    let atom = self.nfa.join(body, end);
                    open = outer;
                    self.quantified(atom)?
                }
                Token::End => {
                    let inside = self.end_alternative(&mut open)?;
                    if !stack.is_empty() {
                        return Err(Refused::Invalid);
                    }
                    let body = self.nfa.join(open.start, inside);
                    let end = self.nfa.add(Kind::Dummy)?;
                    let body = self.nfa.join(body, end);
                    let accept = self.nfa.add(Kind::Accept)?;
                    return Ok(self.nfa.join(body, accept));
                }
                // A quantifier with nothing before it.
                _ => return Err(Refused::Invalid),
            };
            open.sequence = Some(match open.sequence {
                Some(before) => self.nfa.join(before, term),
                None => term,
            });
        }
    }

    /// Ends the alternative that is being read and returns all alternatives so far.
    fn end_alternative(&mut self, open: &mut Open) -> Result<Part, TooLarge> {
        let mut last = self.nfa.add(Kind::Dummy)?;
        if let Some(sequence) = open.sequence.take() {
            last = self.nfa.join(sequence, last);
        }
        if let Some(before) = open.alternatives {
            let end = self.nfa.add(Kind::Dummy)?;
            self.nfa.join(before, end);
            self.nfa.join(last, end);
            let either = self.nfa.add(Kind::Either { alt: before.start })?;
            self.nfa.link(either.start, last.start);
            last = Part {
                start: either.start,
                end: end.end,
            };
        }
        open.alternatives = Some(last);
        Ok(last)
    }

    /// The atom with all quantifiers that follow it.
    fn quantified(&mut self, mut atom: Part) -> Result<Part, Refused> {
        loop {
            atom = match self.token {
                Token::Star => {
                    self.advance()?;
                    let repeat = self.nfa.add(Kind::Repeat { alt: atom.start })?;
                    self.nfa.join(atom, repeat);
                    repeat
                }
                Token::Plus => {
                    self.advance()?;
                    let repeat = self.nfa.add(Kind::Repeat { alt: atom.start })?;
                    self.nfa.join(atom, repeat)
                }
                Token::Question => {
                    self.advance()?;
                    let end = self.nfa.add(Kind::Dummy)?;
                    let repeat = self.nfa.add(Kind::Repeat { alt: atom.start })?;
                    self.nfa.join(atom, end);
                    self.nfa.join(repeat, end)
                }
                Token::Brace => {
                    self.advance()?;
                    self.counted(atom)?
                }
                _ => return Ok(atom),
            };
        }
    }

    /// `{n}`, `{n,}` or `{n,m}` after the atom, of which copies are made.
    fn counted(&mut self, atom: Part) -> Result<Part, Refused> {
        let Token::Count(least) = self.token else {
            return Err(Refused::Invalid);
        };
        self.advance()?;
        let mut part = self.nfa.add(Kind::Dummy)?;
        let mut most = Some(least);
        if self.take(Token::Comma)? {
            most = None;
            if let Token::Count(count) = self.token {
                self.advance()?;
                most = Some(count);
            }
        }
        if !self.take(Token::BraceEnd)? {
            return Err(Refused::Invalid);
        }
        for _ in 0..least {
            let copy = self.nfa.copy(atom)?;
            part = self.nfa.join(part, copy);
        }
        let Some(most) = most else {
            let copy = self.nfa.copy(atom)?;
            let repeat = self.nfa.add(Kind::Repeat { alt: copy.start })?;
            self.nfa.join(copy, repeat);
            return Ok(self.nfa.join(part, repeat));
        };
        let optional = most.checked_sub(least).ok_or(Refused::Invalid)?;
        let end = self.nfa.add(Kind::Dummy)?;
        for _ in 0..optional {
            let copy = self.nfa.copy(atom)?;
            let repeat = self.nfa.add(Kind::Repeat { alt: copy.start })?;
            self.nfa.link(part.end, repeat.start);
            self.nfa.link(repeat.start, end.start);
            part.end = copy.end;
        }
        Ok(self.nfa.join(part, end))
    }

    /// The bytes of a bracket expression, after its opening.
    fn bracket(&mut self, negated: bool) -> Result<ByteSet, Invalid> {
        /// What stands before the current place: the start of a range, or not.
        enum Last {
            Nothing,
            Byte(u8),
            Class,
        }
        let mut set = ByteSet::default();
        let mut last = match self.token {
            Token::Literal(byte) => {
                self.advance()?;
                Last::Byte(byte)
            }
            Token::Dash => {
                self.advance()?;
                Last::Byte(b'-')
            }
            _ => Last::Nothing,
        };
        loop {
            if let Last::Byte(byte) = last {
                set.insert(byte);
            }
            last = match self.advance()? {
                Token::BracketEnd => break,
                Token::Literal(byte) | Token::Collating(byte) => Last::Byte(byte),
                Token::Equivalence(byte) => {
                    set = set.union(ByteSet::of(|other| other.eq_ignore_ascii_case(&byte)));
                    Last::Class
                }
                Token::Class(class) => {
                    set = set.union(class);
                    Last::Class
                }
                Token::Dash => {
                    if self.take(Token::BracketEnd)? {
                        set.insert(b'-');
                        break;
                    }
                    let Last::Byte(from) = last else {
                        return Err(Invalid);
                    };
                    let to = match self.advance()? {
                        Token::Literal(byte) => byte,
                        Token::Dash => b'-',
                        _ => return Err(Invalid),
                    };
                    // libstdc++ compares `char`s, which are signed where Nix runs.
                    let (from, to) = (from as i8, to as i8);
                    if from > to {
                        return Err(Invalid);
                    }
                    set = set.union(ByteSet::of(|byte| (from..=to).contains(&(byte as i8))));
                    Last::Nothing
                }
                _ => return Err(Invalid),
            };
        }
        Ok(if negated { set.complement() } else { set })
    }
}

// A state without a next state would be a hole in the automaton; only the accepting one has none.
const _: () = assert!(NOWHERE as usize > super::nfa::STATE_LIMIT);
