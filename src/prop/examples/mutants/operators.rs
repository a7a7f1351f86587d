//! Mutants of a Nix file: the text with one place changed, made of its syntax tree.
//!
//! Every operator looks at one expression alone and replaces its text; what stands around it stays byte for byte.
//! `docs/mutants.md` lists the operators for readers.

use bumpalo::Bump;
use diag::{Pos, Span};
use rustc_hash::FxHashSet;
use std::fmt;
use std::ops::Range;
use syntax::ast::{AttrName, BinaryOp, Expr, ExprKind, ExprRef};
use syntax::{ParseOptions, Symbol, Symbols};

/// How a mutant was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operator {
    /// `==` and `!=`, `<` and `<=`, `<` and `>=`, `&&` and `||` are swapped.
    Comparison,
    /// A branch is always taken, an `assert`, a `!` or one side of `&&`, `||` and `->` is left out, and what stands
    /// under `optional`, `optionalAttrs` and their like is always there, or never.
    Condition,
    /// A literal list is turned round, and the sides of `++` and `//` change places.
    Order,
    /// A whole number is one more, or one less.
    Number,
    /// A call gives its last argument.
    Call,
}

impl Operator {
    /// All operators.
    pub const ALL: [Operator; 5] = [
        Operator::Comparison,
        Operator::Condition,
        Operator::Order,
        Operator::Number,
        Operator::Call,
    ];

    /// Returns its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Operator::Comparison => "comparison",
            Operator::Condition => "condition",
            Operator::Order => "order",
            Operator::Number => "number",
            Operator::Call => "call",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One change of a text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mutant {
    /// The bytes that are replaced.
    pub place: Range<usize>,
    /// What stands there instead.
    pub instead: String,
    /// How it was made.
    pub operator: Operator,
}

impl Mutant {
    /// Returns the changed text.
    pub fn of(&self, text: &str) -> String {
        [&text[..self.place.start], &self.instead, &text[self.place.end..]].concat()
    }
}

/// Functions whose last argument is there only under a condition, and what they give without it.
const CONDITIONAL: [(&str, &str); 4] = [
    ("optional", "[ ]"),
    ("optionals", "[ ]"),
    ("optionalAttrs", "{ }"),
    ("optionalString", "\"\""),
];

/// Functions whose removal changes nothing that can be asked: they add lines to the trace of an error, or to
/// standard error.
const SILENT: [&str; 3] = ["addErrorContext", "trace", "traceSeq"];

/// Returns the mutants of a text in the order of their places; none if it cannot be parsed.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let arena = Bump::new();
    let mut symbols = Symbols::new();
    let parsed = syntax::parse(text.as_bytes(), Pos(1), &mut symbols, &arena, &ParseOptions::new(b"/"));
    if !parsed.errors.is_empty() {
        return Vec::new();
    }
    let mut maker = Maker {
        text,
        symbols: &symbols,
        found: Vec::new(),
    };
    syntax::walk::each_expr(parsed.root, |expr| maker.expr(expr));
    // Two operators can make the same text of the same place; the first keeps it.
    let mut seen = FxHashSet::default();
    let mut mutants = maker.found;
    mutants.sort_by(|a, b| key(a).cmp(&key(b)));
    mutants.retain(|mutant| seen.insert((mutant.place.clone(), mutant.instead.clone())));
    mutants
}

fn key(mutant: &Mutant) -> (usize, usize, Operator, &str) {
    (mutant.place.start, mutant.place.end, mutant.operator, &mutant.instead)
}

struct Maker<'t, 's> {
    text: &'t str,
    symbols: &'s Symbols,
    found: Vec<Mutant>,
}

impl Maker<'_, '_> {
    fn expr(&mut self, expr: &Expr<'_>) {
        match &expr.kind {
            ExprKind::Binary { op, left, right } => self.binary(expr, *op, left, right),
            ExprKind::If { then, otherwise, .. } => {
                self.keep(expr, Operator::Condition, then);
                self.keep(expr, Operator::Condition, otherwise);
            }
            ExprKind::Assert { body, .. } => self.keep(expr, Operator::Condition, body),
            // `a <= b` and `a >= b` are made of a `!` that stands nowhere.
            ExprKind::Not(inner) if inner.span != expr.span => self.keep(expr, Operator::Condition, inner),
            ExprKind::List(elements) if elements.len() > 1 => {
                let turned: Vec<String> = elements.iter().rev().map(|element| self.tight(element)).collect();
                self.put(expr, Operator::Order, format!("[ {} ]", turned.join(" ")));
            }
            ExprKind::Int(number) => {
                for other in [number.checked_add(1), number.checked_sub(1)].into_iter().flatten() {
                    self.put(expr, Operator::Number, format!("({other})"));
                }
            }
            ExprKind::Call { function, args } => self.call(expr, function, args),
            _ => {}
        }
    }

    fn binary(&mut self, expr: &Expr<'_>, op: BinaryOp, left: ExprRef<'_>, right: ExprRef<'_>) {
        let other = match op {
            BinaryOp::Eq => Some("!="),
            BinaryOp::NotEq => Some("=="),
            BinaryOp::And => Some("||"),
            BinaryOp::Or => Some("&&"),
            _ => None,
        };
        if let Some(other) = other {
            let swapped = format!("({} {other} {})", self.tight(left), self.tight(right));
            self.put(expr, Operator::Comparison, swapped);
        }
        match op {
            BinaryOp::And | BinaryOp::Or => {
                self.keep(expr, Operator::Condition, left);
                self.keep(expr, Operator::Condition, right);
            }
            BinaryOp::Implies => self.keep(expr, Operator::Condition, right),
            BinaryOp::Update | BinaryOp::ConcatLists => {
                let sign = if op == BinaryOp::Update { "//" } else { "++" };
                let turned = format!("({} {sign} {})", self.tight(right), self.tight(left));
                self.put(expr, Operator::Order, turned);
            }
            BinaryOp::Eq | BinaryOp::NotEq => {}
        }
    }

    fn call(&mut self, expr: &Expr<'_>, function: ExprRef<'_>, args: &[ExprRef<'_>]) {
        if function.span == Span::default() {
            self.rewritten(expr);
            return;
        }
        let Some(last) = args.last() else { return };
        let name = self.last_name(function);
        if SILENT.contains(&name.as_str()) {
            return;
        }
        let empty = CONDITIONAL.iter().find(|(conditional, _)| *conditional == name);
        if let (Some((_, empty)), [_, _]) = (empty, args) {
            self.put(expr, Operator::Condition, (*empty).into());
            let always = match name.as_str() {
                "optional" => format!("[ {} ]", self.tight(last)),
                _ => self.tight(last),
            };
            self.put(expr, Operator::Condition, always);
            return;
        }
        self.keep(expr, Operator::Call, last);
    }

    /// A call that stands in the text as an operator: of those only comparisons are of interest.
    fn rewritten(&mut self, expr: &Expr<'_>) {
        let at = self.offset(expr.pos);
        let Some(rest) = self.text.get(at..) else { return };
        let (sign, others) = match rest.as_bytes() {
            [b'<', b'=', ..] => ("<=", ["<", ">"]),
            [b'>', b'=', ..] => (">=", [">", "<"]),
            [b'<', ..] => ("<", ["<=", ">="]),
            [b'>', ..] => (">", [">=", "<="]),
            _ => return,
        };
        for other in others {
            self.found.push(Mutant {
                place: at..at + sign.len(),
                instead: other.into(),
                operator: Operator::Comparison,
            });
        }
    }

    /// The last name by which a function is called: `optional` for `lib.optional`; empty if it has none.
    fn last_name(&self, function: ExprRef<'_>) -> String {
        let name = |symbol: Symbol| String::from_utf8_lossy(self.symbols.bytes(symbol)).into_owned();
        match &function.kind {
            ExprKind::Var(symbol) => name(*symbol),
            ExprKind::Select { path, .. } => match path.last() {
                Some(AttrName::Static(symbol)) => name(*symbol),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    /// Puts a part of an expression in its place.
    fn keep(&mut self, expr: &Expr<'_>, operator: Operator, part: ExprRef<'_>) {
        let instead = self.tight(part);
        self.put(expr, operator, instead);
    }

    fn put(&mut self, expr: &Expr<'_>, operator: Operator, instead: String) {
        if expr.span == Span::default() {
            return;
        }
        let place = self.range(expr.span);
        self.found.push(Mutant {
            place,
            instead,
            operator,
        });
    }

    /// Returns the text of an expression as it may stand anywhere.
    fn tight(&self, expr: ExprRef<'_>) -> String {
        format!("({})", &self.text[self.range(expr.span)])
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.offset(span.start)..self.offset(span.end)
    }

    fn offset(&self, pos: Pos) -> usize {
        (pos.0 as usize).wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::{DiskFs, Fs};

    #[test]
    fn each_operator_changes_what_its_documentation_says() {
        use Operator::{Call, Comparison, Condition, Number, Order};
        #[rustfmt::skip]
        let table: &[(&str, &[(Operator, &str)])] = &[
            ("a: b: a == b", &[(Comparison, "a: b: ((a) != (b))")]),
            ("a: b: a != b", &[(Comparison, "a: b: ((a) == (b))")]),
            ("a: b: a < b", &[(Comparison, "a: b: a <= b"), (Comparison, "a: b: a >= b")]),
            ("a: b: a <= b", &[(Comparison, "a: b: a < b"), (Comparison, "a: b: a > b")]),
            ("a: b: a > b", &[(Comparison, "a: b: a <= b"), (Comparison, "a: b: a >= b")]),
            ("a: b: a >= b", &[(Comparison, "a: b: a < b"), (Comparison, "a: b: a > b")]),
            ("a: b: a && b", &[
                (Comparison, "a: b: ((a) || (b))"), (Condition, "a: b: (a)"), (Condition, "a: b: (b)"),
            ]),
            ("a: b: a || b", &[
                (Comparison, "a: b: ((a) && (b))"), (Condition, "a: b: (a)"), (Condition, "a: b: (b)"),
            ]),
            ("a: b: a -> b", &[(Condition, "a: b: (b)")]),
            ("a: b: c: if a then b else c", &[(Condition, "a: b: c: (b)"), (Condition, "a: b: c: (c)")]),
            ("a: b: assert a; b", &[(Condition, "a: b: (b)")]),
            ("a: !a", &[(Condition, "a: (a)")]),
            ("a: [ a (b: b) ]", &[(Order, "a: [ (b: b) (a) ]")]),
            ("a: [ a ]", &[]),
            ("a: b: a ++ b", &[(Order, "a: b: ((b) ++ (a))")]),
            ("a: b: (a // b)", &[(Order, "a: b: (((b) // (a)))")]),
            ("7", &[(Number, "(6)"), (Number, "(8)")]),
            ("a: -a", &[]),
            ("a: b: a - b", &[]),
            ("f: a: b: f a b", &[(Call, "f: a: b: (b)")]),
            ("f: a: f (a: a)", &[(Call, "f: a: (a: a)")]),
            ("lib: a: lib.optional a lib", &[(Condition, "lib: a: [ (lib) ]"), (Condition, "lib: a: [ ]")]),
            ("lib: a: lib.optionalAttrs a lib", &[(Condition, "lib: a: (lib)"), (Condition, "lib: a: { }")]),
            ("lib: a: lib.addErrorContext \"\" a", &[]),
            ("x: \"${f x}\"", &[(Call, "x: \"${(x)}\"")]),
            ("syntax error", &[(Call, "(error)")]),
            ("syntax error =", &[]),
        ];
        for (text, expected) in table {
            let made: Vec<(Operator, String)> = mutants(text).iter().map(|m| (m.operator, m.of(text))).collect();
            let expected: Vec<(Operator, String)> = expected.iter().map(|(o, t)| (*o, (*t).to_owned())).collect();
            assert_eq!(made, expected, "{text}");
        }
    }

    #[test]
    fn every_mutant_of_the_library_parses_and_differs() {
        for file in ["options.nix", "modules/merge.nix", "types/core.nix"] {
            let path = testkit::root().join("fixtures/inputs/nixpkgs/lib").join(file);
            let text = String::from_utf8(DiskFs.read(&path).expect("the file is there")).expect("it is text");
            let all = mutants(&text);
            assert!(all.len() > 20, "{file}: {}", all.len());
            for mutant in all {
                let changed = mutant.of(&text);
                assert_ne!(changed, text);
                let arena = Bump::new();
                let options = ParseOptions::new(b"/");
                let parsed = syntax::parse(changed.as_bytes(), Pos(1), &mut Symbols::new(), &arena, &options);
                assert!(parsed.errors.is_empty(), "{file}: {mutant:?}");
            }
        }
    }
}
