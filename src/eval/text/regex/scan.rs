//! Tokens of a pattern, cut as libstdc++ cuts POSIX extended patterns.
//!
//! The scanner has three states: outside, between `[` and `]`, and between `{` and `}`. It works one token ahead of
//! the parser, which matters for which error a broken pattern gives, but every error is "invalid" to Nix.

use super::bytes;

/// The pattern is not a valid extended regular expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// One token of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A byte that stands for itself.
    Literal(u8),
    /// `.`
    Any,
    /// `^`
    LineStart,
    /// `$`
    LineEnd,
    /// `*`
    Star,
    /// `+`
    Plus,
    /// `?`
    Question,
    /// `|`
    Or,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`, or `[^` when true.
    Bracket(bool),
    /// `]`
    BracketEnd,
    /// `-` inside brackets.
    Dash,
    /// `[:name:]`, as the bytes of the class.
    Class(bytes::ByteSet),
    /// `[=name=]`, as the byte that is named.
    Equivalence(u8),
    /// `[.name.]`, as the byte that is named.
    Collating(u8),
    /// `{`
    Brace,
    /// `}`
    BraceEnd,
    /// A number inside braces.
    Count(u32),
    /// `,` inside braces.
    Comma,
    /// The end of the pattern.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Bracket,
    Brace,
}

/// A reader of tokens.
pub(super) struct Scanner<'p> {
    rest: &'p [u8],
    inside: Inside,
    /// Whether the next byte is the first one of a bracket expression, where `]` is a literal.
    at_bracket_start: bool,
}

impl<'p> Scanner<'p> {
    pub(super) fn new(pattern: &'p [u8]) -> Self {
        Scanner {
            rest: pattern,
            inside: Inside::Nothing,
            at_bracket_start: false,
        }
    }

    /// The next token; [`Token::End`] for ever once the pattern is used up.
    pub(super) fn next(&mut self) -> Result<Token, Invalid> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Ok(Token::End);
        };
        self.rest = rest;
        match self.inside {
            Inside::Nothing => self.outside(byte),
            Inside::Bracket => self.in_bracket(byte),
            Inside::Brace => self.in_brace(byte),
        }
    }

    fn outside(&mut self, byte: u8) -> Result<Token, Invalid> {
        Ok(match byte {
            b'.' => Token::Any,
            b'*' => Token::Star,
            b'+' => Token::Plus,
            b'?' => Token::Question,
            b'|' => Token::Or,
            b'^' => Token::LineStart,
            b'$' => Token::LineEnd,
            b'(' => Token::Open,
            b')' => Token::Close,
            b'{' => {
                self.inside = Inside::Brace;
                Token::Brace
            }
            b'[' => {
                self.inside = Inside::Bracket;
                self.at_bracket_start = true;
                let negated = self.rest.first() == Some(&b'^');
                if negated {
                    self.rest = &self.rest[1..];
                }
                Token::Bracket(negated)
            }
            b'\\' => {
                let (&escaped, rest) = self.rest.split_first().ok_or(Invalid)?;
                self.rest = rest;
                // Only the special bytes may be escaped: there are no `\d` and no back-references.
                if !b".[\\()*+?{|^$".contains(&escaped) {
                    return Err(Invalid);
                }
                Token::Literal(escaped)
            }
            0 => return Err(Invalid),
            literal => Token::Literal(literal),
        })
    }

    fn in_bracket(&mut self, byte: u8) -> Result<Token, Invalid> {
        let first = std::mem::take(&mut self.at_bracket_start);
        Ok(match byte {
            b'-' => Token::Dash,
            b']' if !first => {
                self.inside = Inside::Nothing;
                Token::BracketEnd
            }
            b'[' => match self.rest.first().ok_or(Invalid)? {
                b':' => Token::Class(bytes::class(self.name(b':')?).ok_or(Invalid)?),
                b'.' => Token::Collating(bytes::collating_symbol(self.name(b'.')?).ok_or(Invalid)?),
                b'=' => Token::Equivalence(bytes::collating_symbol(self.name(b'=')?).ok_or(Invalid)?),
                _ => Token::Literal(b'['),
            },
            // A backslash too: there are no escapes in here.
            literal => Token::Literal(literal),
        })
    }

    /// The name in `:name:]`; it ends at the first `mark`.
    fn name(&mut self, mark: u8) -> Result<&'p [u8], Invalid> {
        let inner = &self.rest[1..];
        let end = memchr::memchr(mark, inner).ok_or(Invalid)?;
        if inner.get(end + 1) != Some(&b']') {
            return Err(Invalid);
        }
        self.rest = &inner[end + 2..];
        Ok(&inner[..end])
    }

    fn in_brace(&mut self, byte: u8) -> Result<Token, Invalid> {
        match byte {
            b'0'..=b'9' => {
                let more = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let (digits, rest) = self.rest.split_at(more);
                self.rest = rest;
                let count = digits.iter().try_fold(u32::from(byte - b'0'), |count, digit| {
                    count.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
                });
                // libstdc++ counts in an `int` and calls an overflow an invalid pattern.
                count
                    .filter(|&count| count <= i32::MAX as u32)
                    .map(Token::Count)
                    .ok_or(Invalid)
            }
            b',' => Ok(Token::Comma),
            b'}' => {
                self.inside = Inside::Nothing;
                Ok(Token::BraceEnd)
            }
            _ => Err(Invalid),
        }
    }
}
