//! JSON as `fromJSON` reads it and `toJSON` writes it.
//!
//! Nix reads and writes JSON with nlohmann's library 3.11. Its acceptance rules and the words of its errors are kept
//! here; objects and lists are given out as events, so that the caller builds its values at once and no document is
//! nested too deeply for the stack.

mod lexer;
mod write;

use std::borrow::Cow;

use lexer::{Lexer, Token};
pub use write::{InvalidUtf8, push_string};

/// Why a text cannot be read, in Nix's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON; line and column (in bytes, from 1) are of the last byte that was read.
    #[error("[json.exception.parse_error.101] parse error at line {line}, column {column}: {message}")]
    Syntax {
        /// The line of the last byte read.
        line: usize,
        /// The column of the last byte read; 0 right after a number that ends a line.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A number is too large even for a float.
    #[error("[json.exception.out_of_range.406] number overflow parsing '{0}'")]
    FloatOverflow(String),
    /// A whole number is above the largest signed 64-bit integer, but not above the largest unsigned one.
    #[error("unsigned json number {0} outside of Nix integer range")]
    IntegerOverflow(u64),
    /// A string or key contains NUL; each one is shown as `␀`.
    #[error("input string '{0}' cannot be represented as Nix string because it contains null bytes")]
    Nul(String),
}

/// One step of a document, in the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number without point or exponent that fits into 64 signed bits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A string: valid UTF-8 without NUL.
    String(Cow<'a, str>),
    /// `[`
    ListStart,
    /// `]`
    ListEnd,
    /// `{`
    ObjectStart,
    /// The key of the value that follows. A key may come more than once in an object: the last value counts.
    Key(Cow<'a, str>),
    /// `}`
    ObjectEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a value.
    Value,
    /// After `[`.
    ListStart,
    /// After `{`.
    ObjectStart,
    /// After a key.
    Colon,
    /// After a value.
    AfterValue,
    /// After the document, or after an error.
    Done,
}

/// A reader of one JSON document; an iterator over its events that ends at the document's end or after an error.
pub struct Reader<'a> {
    lexer: Lexer<'a>,
    state: State,
    /// Whether each enclosing container is a list, outermost first.
    lists: Vec<bool>,
}

impl<'a> Reader<'a> {
    /// A reader that stands before the document.
    pub fn new(text: &'a [u8]) -> Reader<'a> {
        Reader {
            lexer: Lexer::new(text),
            state: State::Value,
            lists: Vec::new(),
        }
    }

    fn read(&mut self) -> Result<Option<Event<'a>>, JsonError> {
        loop {
            match self.state {
                State::Done => return Ok(None),
                State::Value => {
                    let token = self.lexer.next();
                    return self.value(token).map(Some);
                }
                State::ListStart => {
                    let token = self.lexer.next();
                    return match token {
                        Token::ListEnd => Ok(Some(self.end(Event::ListEnd))),
                        token => self.value(token).map(Some),
                    };
                }
                State::ObjectStart => {
                    let token = self.lexer.next();
                    return match token {
                        Token::ObjectEnd => Ok(Some(self.end(Event::ObjectEnd))),
                        token => self.key(token).map(Some),
                    };
                }
                State::Colon => {
                    let token = self.lexer.next();
                    if token != Token::Colon {
                        return Err(self.unexpected(&token, "object separator", Some("':'")));
                    }
                    self.state = State::Value;
                }
                State::AfterValue => {
                    let token = self.lexer.next();
                    match (self.lists.last(), token) {
                        (None, Token::End) => self.state = State::Done,
                        (None, token) => return Err(self.unexpected(&token, "value", Some("end of input"))),
                        (Some(true), Token::Comma) => self.state = State::Value,
                        (Some(true), Token::ListEnd) => return Ok(Some(self.end(Event::ListEnd))),
                        (Some(true), token) => return Err(self.unexpected(&token, "array", Some("']'"))),
                        (Some(false), Token::Comma) => {
                            let token = self.lexer.next();
                            return self.key(token).map(Some);
                        }
                        (Some(false), Token::ObjectEnd) => return Ok(Some(self.end(Event::ObjectEnd))),
                        (Some(false), token) => return Err(self.unexpected(&token, "object", Some("'}'"))),
                    }
                }
            }
        }
    }

    fn value(&mut self, token: Token<'a>) -> Result<Event<'a>, JsonError> {
        self.state = State::AfterValue;
        Ok(match token {
            Token::Null => Event::Null,
            Token::Bool(value) => Event::Bool(value),
            Token::String(text) => Event::String(without_nul(text)?),
            Token::Integer(value) => Event::Integer(value),
            Token::Unsigned(value) => Event::Integer(value.try_into().map_err(|_| JsonError::IntegerOverflow(value))?),
            Token::Float(value) if value.is_infinite() => {
                return Err(JsonError::FloatOverflow(self.lexer.last_read()));
            }
            Token::Float(value) => Event::Float(value),
            Token::ListStart => {
                self.lists.push(true);
                self.state = State::ListStart;
                Event::ListStart
            }
            Token::ObjectStart => {
                self.lists.push(false);
                self.state = State::ObjectStart;
                Event::ObjectStart
            }
            Token::Error(_) => return Err(self.unexpected(&token, "value", None)),
            Token::End if self.lexer.nothing_read() => {
                let message = "attempting to parse an empty input; check that your input string or stream contains the \
                               expected JSON";
                return Err(self.syntax(message.to_owned()));
            }
            _ => return Err(self.unexpected(&token, "value", Some("'[', '{', or a literal"))),
        })
    }

    fn key(&mut self, token: Token<'a>) -> Result<Event<'a>, JsonError> {
        self.state = State::Colon;
        match token {
            Token::String(text) => Ok(Event::Key(without_nul(text)?)),
            token => Err(self.unexpected(&token, "object key", Some("string literal"))),
        }
    }

    fn end(&mut self, event: Event<'a>) -> Event<'a> {
        self.lists.pop();
        self.state = State::AfterValue;
        event
    }

    fn unexpected(&self, token: &Token<'_>, context: &str, expected: Option<&str>) -> JsonError {
        let mut message = format!("syntax error while parsing {context} - ");
        match token {
            Token::Error(error) => {
                message.push_str(error);
                message.push_str("; last read: '");
                message.push_str(&self.lexer.last_read());
                message.push('\'');
            }
            token => {
                message.push_str("unexpected ");
                message.push_str(token.name());
            }
        }
        if let Some(expected) = expected {
            message.push_str("; expected ");
            message.push_str(expected);
        }
        self.syntax(message)
    }

    fn syntax(&self, message: String) -> JsonError {
        let (line, column) = self.lexer.position();
        JsonError::Syntax { line, column, message }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Event<'a>, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.read();
        if event.is_err() {
            self.state = State::Done;
        }
        event.transpose()
    }
}

fn without_nul(text: Cow<'_, str>) -> Result<Cow<'_, str>, JsonError> {
    if text.contains('\0') {
        Err(JsonError::Nul(text.replace('\0', "␀")))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
