//! The parser's memory, kept from one text to the next: most files are small, and would pay for it more than they use it.

use super::bindings::SetBuilder;
use super::{READ_TOGETHER, function, operators};
use crate::Symbol;
use crate::ast::{AttrName, ExprRef};
use crate::strings::IndentedPart;
use crate::token::Token;
use diag::{Pos, Span};

/// How many elements a stack may have room for that is kept.
const KEPT: usize = 4096;

/// How many sets are kept that may be added to.
const KEPT_SETS: usize = 16;

/// The stacks that all levels of the recursion share, each of which uses what lies above its own mark, and the tokens that
/// were read together.
pub(crate) struct Stacks<'a> {
    pub(super) tokens: Box<[Token; READ_TOGETHER]>,
    pub(super) prefixes: Vec<function::Prefix<'a>>,
    pub(super) operators: Vec<operators::Operator<'a>>,
    pub(super) expressions: Vec<ExprRef<'a>>,
    pub(super) path: Vec<AttrName<'a>>,
    pub(super) parts: Vec<(Pos, ExprRef<'a>)>,
    pub(super) indented: Vec<(Token, IndentedPart<'a, ExprRef<'a>>)>,
    pub(super) inherited: Vec<(Symbol, Span)>,
    pub(super) sets: Vec<SetBuilder<'a>>,
    pub(super) bytes: Vec<u8>,
}

impl Default for Stacks<'_> {
    fn default() -> Self {
        Stacks {
            tokens: Box::new([Token::default(); READ_TOGETHER]),
            // As most files need it, so that the first lines do not make each of these grow again and again.
            prefixes: Vec::with_capacity(16),
            operators: Vec::with_capacity(16),
            expressions: Vec::with_capacity(64),
            path: Vec::with_capacity(16),
            parts: Vec::with_capacity(16),
            indented: Vec::with_capacity(16),
            inherited: Vec::with_capacity(16),
            sets: Vec::with_capacity(KEPT_SETS),
            bytes: Vec::with_capacity(1024),
        }
    }
}

impl Stacks<'_> {
    /// Returns the same memory with nothing in it, for any other text.
    pub(super) fn emptied<'b>(mut self) -> Stacks<'b> {
        self.sets.truncate(KEPT_SETS);
        Stacks {
            tokens: self.tokens,
            prefixes: emptied(self.prefixes),
            operators: emptied(self.operators),
            expressions: emptied(self.expressions),
            path: emptied(self.path),
            parts: emptied(self.parts),
            indented: emptied(self.indented),
            inherited: emptied(self.inherited),
            sets: self.sets.into_iter().map(SetBuilder::emptied).collect(),
            bytes: emptied(self.bytes),
        }
    }
}

/// Returns a list's memory with nothing in it, as a list of elements of another lifetime; none if it is large.
pub(super) fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    if list.capacity() > KEPT {
        return Vec::new();
    }
    list.clear();
    // Collecting elements into others of the same size keeps the memory; were it otherwise, only time would be lost.
    list.into_iter().map(|_| unreachable!("the list was cleared")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_unless_it_is_large() {
        let text = String::from("text");
        let few = emptied::<&str, &'static str>(vec![text.as_str(); 100]);
        assert!(few.is_empty() && few.capacity() >= 100, "{}", few.capacity());
        let many = emptied::<&str, &'static str>(vec![text.as_str(); KEPT + 1]);
        assert_eq!(many.capacity(), 0);
    }
}
