//! Operators, pipes and calls, without recursion: chains of any length and either direction.

use super::{Node, Outcome, Parser};
use crate::ast::{BinaryOp, ExprKind, ExprRef};
use crate::error::SyntaxWarning;
use crate::grammar::{Grouping, NEGATE, NOT, Rank, rank};
use crate::strings;
use crate::token::Kind;
use diag::{Pos, Span};

/// An operator that waits for its right side.
pub(super) struct Operator<'a> {
    kind: Kind,
    rank: Rank,
    at: u32,
    /// The left side; `None` for a unary operator.
    left: Option<Node<'a>>,
}

impl<'a> Parser<'a, '_> {
    /// An operation, or several piped into each other.
    #[inline(always)]
    pub(super) fn pipe(&mut self) -> Outcome<Node<'a>> {
        let first = self.operation()?;
        match self.token.kind {
            Kind::PipeInto | Kind::PipeFrom => self.piped(first),
            _ => Ok(first),
        }
    }

    #[inline(never)]
    fn piped(&mut self, first: Node<'a>) -> Outcome<Node<'a>> {
        let mut left = first;
        let mut waiting = Vec::new();
        while self.token.kind == Kind::PipeFrom {
            waiting.push((left, self.pos(self.token.start)));
            self.bump();
            left = self.operation()?;
        }
        while waiting.is_empty() && self.token.kind == Kind::PipeInto {
            let pos = self.pos(self.token.start);
            self.bump();
            let right = self.operation()?;
            left = self.call(left.start, pos, right.expr, left.expr);
        }
        while let Some((function, pos)) = waiting.pop() {
            left = self.call(function.start, pos, function.expr, left.expr);
        }
        Ok(left)
    }

    /// A call with one more argument: of a call it becomes that call's last argument.
    fn call(&mut self, start: u32, pos: Pos, function: ExprRef<'a>, arg: ExprRef<'a>) -> Node<'a> {
        let expr = self.call_with(start, pos, function, &[arg]);
        Node { expr, start }
    }

    #[inline(never)]
    fn call_with(&mut self, start: u32, pos: Pos, function: ExprRef<'a>, more: &[ExprRef<'a>]) -> ExprRef<'a> {
        if let ExprKind::Call { function: inner, args } = function.kind {
            let args = self.arena.alloc_slice_copy(&[args, more].concat());
            return self.alloc(start, function.pos, ExprKind::Call { function: inner, args });
        }
        let args = self.copied(more);
        self.alloc(start, pos, ExprKind::Call { function, args })
    }

    /// Operands with operators between them.
    fn operation(&mut self) -> Outcome<Node<'a>> {
        let mark = self.stacks.operators.len();
        let depth = self.depth;
        loop {
            loop {
                let rank = match self.token.kind {
                    Kind::Bang => NOT,
                    Kind::Minus => NEGATE,
                    _ => break,
                };
                self.deeper()?;
                self.stacks.operators.push(Operator {
                    kind: self.token.kind,
                    rank,
                    at: self.token.start,
                    left: None,
                });
                self.bump();
            }
            let mut operand = self.application()?;
            loop {
                let Some((rank, grouping)) = rank(self.token.kind) else {
                    // A refusal comes before any check of what is complete by now.
                    if self.token.kind == Kind::Refused {
                        return self.unexpected();
                    }
                    while self.stacks.operators.len() > mark {
                        operand = self.apply(operand);
                    }
                    self.depth = depth;
                    return Ok(operand);
                };
                while self.stacks.operators.len() > mark {
                    let top = self.stacks.operators[self.stacks.operators.len() - 1].rank;
                    if top < rank || (top == rank && grouping == Grouping::Right) {
                        break;
                    }
                    if top == rank && grouping == Grouping::Never {
                        return self.unexpected();
                    }
                    operand = self.apply(operand);
                }
                let (kind, at) = (self.token.kind, self.token.start);
                self.bump();
                if kind != Kind::Question {
                    self.stacks.operators.push(Operator {
                        kind,
                        rank,
                        at,
                        left: Some(operand),
                    });
                    break;
                }
                let path = self.attr_path()?;
                let kind = ExprKind::HasAttr {
                    subject: operand.expr,
                    path,
                };
                operand.expr = self.alloc(operand.start, operand.expr.pos, kind);
            }
        }
    }

    /// Gives the innermost waiting operator its right side.
    #[inline(never)]
    fn apply(&mut self, right: Node<'a>) -> Node<'a> {
        let Operator { kind, at, left, .. } = self.stacks.operators.pop().expect("the caller saw an operator");
        let pos = self.pos(at);
        let Some(left) = left else {
            let expr = if kind == Kind::Bang {
                self.alloc(at, right.expr.pos, ExprKind::Not(right.expr))
            } else {
                let zero = self.made(ExprKind::Int(0));
                self.alloc_call(at, pos, self.names.sub, [zero, right.expr])
            };
            return Node { expr, start: at };
        };
        let start = left.start;
        let less_than = self.names.less_than;
        let op = match kind {
            Kind::Eq => BinaryOp::Eq,
            Kind::NotEq => BinaryOp::NotEq,
            Kind::And => BinaryOp::And,
            Kind::Or => BinaryOp::Or,
            Kind::Implies => BinaryOp::Implies,
            Kind::Update => BinaryOp::Update,
            Kind::Concat => BinaryOp::ConcatLists,
            _ => {
                let expr = match kind {
                    Kind::Plus => {
                        let parts = [(self.pos(left.start), left.expr), (self.pos(right.start), right.expr)];
                        let parts = self.arena.alloc_slice_copy(&parts);
                        self.alloc(
                            start,
                            pos,
                            ExprKind::Concat {
                                force_string: false,
                                parts,
                            },
                        )
                    }
                    Kind::Minus => self.alloc_call(start, pos, self.names.sub, [left.expr, right.expr]),
                    Kind::Star => self.alloc_call(start, pos, self.names.mul, [left.expr, right.expr]),
                    Kind::Slash => self.alloc_call(start, pos, self.names.div, [left.expr, right.expr]),
                    Kind::Less => self.alloc_call(start, pos, less_than, [left.expr, right.expr]),
                    Kind::Greater => self.alloc_call(start, pos, less_than, [right.expr, left.expr]),
                    Kind::LessEq => {
                        let greater = self.alloc_call(start, pos, less_than, [right.expr, left.expr]);
                        self.alloc(start, pos, ExprKind::Not(greater))
                    }
                    _ => {
                        let less = self.alloc_call(start, pos, less_than, [left.expr, right.expr]);
                        self.alloc(start, pos, ExprKind::Not(less))
                    }
                };
                return Node { expr, start };
            }
        };
        // The generated parser gives `==` and `!=` no position.
        let pos = if matches!(op, BinaryOp::Eq | BinaryOp::NotEq) {
            Pos::NONE
        } else {
            pos
        };
        let kind = ExprKind::Binary {
            op,
            left: left.expr,
            right: right.expr,
        };
        Node {
            expr: self.alloc(start, pos, kind),
            start,
        }
    }

    fn alloc_call(&mut self, start: u32, pos: Pos, name: crate::Symbol, args: [ExprRef<'a>; 2]) -> ExprRef<'a> {
        let function = self.made(ExprKind::Var(name));
        let args = self.arena.alloc_slice_copy(&args);
        self.alloc(start, pos, ExprKind::Call { function, args })
    }

    /// A function with its arguments, or a single operand.
    fn application(&mut self) -> Outcome<Node<'a>> {
        let start = self.token.start;
        let (function, _) = self.select()?;
        if !self.starts_operand() {
            return Ok(Node { expr: function, start });
        }
        let mark = self.stacks.expressions.len();
        while self.starts_operand() {
            let arg = self.element()?;
            self.stacks.expressions.push(arg);
        }
        Ok(self.applied(start, function, mark))
    }

    /// The call of a function with the expressions above the mark.
    #[inline(never)]
    fn applied(&mut self, start: u32, function: ExprRef<'a>, mark: usize) -> Node<'a> {
        let pos = self.pos(start);
        let expr = if let ExprKind::Call { .. } = function.kind {
            let args = self.stacks.expressions.split_off(mark);
            self.call_with(start, pos, function, &args)
        } else {
            let args = self.copied(&self.stacks.expressions[mark..]);
            self.stacks.expressions.truncate(mark);
            self.alloc(start, pos, ExprKind::Call { function, args })
        };
        Node { expr, start }
    }

    /// An argument or an element of a list.
    pub(super) fn element(&mut self) -> Outcome<ExprRef<'a>> {
        let (expr, cursed) = self.select()?;
        if cursed {
            self.warn_or(expr);
        }
        Ok(expr)
    }

    /// Warns that `expr`, which is `x or`, will mean something else.
    #[cold]
    pub(super) fn warn_or(&mut self, expr: ExprRef<'a>) {
        let Span { start, end } = expr.span;
        let offset = |pos: Pos| {
            if self.base.is_some() {
                (pos.0 - self.base.0) as usize
            } else {
                0
            }
        };
        // Nix shows the lines of the text with plain ends.
        let text = strings::plain_line_ends(&self.text[offset(start)..offset(end)]);
        self.warnings.push(SyntaxWarning::OrAsName {
            pos: expr.pos,
            span: expr.span,
            text,
        });
    }

    /// Whether the token at hand starts an operand.
    #[inline(always)]
    pub(super) fn starts_operand(&self) -> bool {
        const STARTS: u64 = 1 << Kind::Id as u64
            | 1 << Kind::Int as u64
            | 1 << Kind::Float as u64
            | 1 << Kind::Quote as u64
            | 1 << Kind::IndOpen as u64
            | 1 << Kind::Path as u64
            | 1 << Kind::HomePath as u64
            | 1 << Kind::SearchPath as u64
            | 1 << Kind::Uri as u64
            | 1 << Kind::ParenOpen as u64
            | 1 << Kind::Let as u64
            | 1 << Kind::Rec as u64
            | 1 << Kind::BraceOpen as u64
            | 1 << Kind::BracketOpen as u64;
        STARTS & 1 << self.token.kind as u64 != 0
    }
}
