//! Numbers: arithmetic, bits, rounding, and the order of values.

use super::{Entry, entry};
use crate::code::ArithOp;
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[
    entry("add", 2, add),
    entry("sub", 2, sub),
    entry("mul", 2, mul),
    entry("div", 2, div),
    entry("lessThan", 2, less_than),
    entry("bitAnd", 2, bit_and),
    entry("bitOr", 2, bit_or),
    entry("bitXor", 2, bit_xor),
    entry("ceil", 1, ceil),
    entry("floor", 1, floor),
];

/// Returns the operator that the syntax expresses by the builtin of this name.
pub(super) fn operator(name: &str) -> Option<ArithOp> {
    match name {
        "sub" => Some(ArithOp::Sub),
        "mul" => Some(ArithOp::Mul),
        "div" => Some(ArithOp::Div),
        "lessThan" => Some(ArithOp::Less),
        _ => None,
    }
}

/// Returns the index of the builtin behind an operator.
pub(crate) fn arith_index(ev: &Evaluator, op: ArithOp) -> u32 {
    let cell = ev.base.arith.iter().find(|(_, o)| *o == op).map(|(cell, _)| *cell);
    cell.and_then(|cell| ev.peek(cell).as_builtin()).unwrap_or(0)
}

/// Calls the builtin behind an operator.
pub(crate) fn arith(ev: &mut Evaluator, op: ArithOp, args: &[Ref]) -> Eval<Val> {
    match op {
        ArithOp::Sub => sub(ev, args),
        ArithOp::Mul => mul(ev, args),
        ArithOp::Div => div(ev, args),
        ArithOp::Less => less_than(ev, args),
    }
}

fn is_float(ev: &mut Evaluator, args: &[Ref]) -> Eval<bool> {
    let left = ev.force(args[0], Pos::NONE)?;
    let right = ev.force(args[1], Pos::NONE)?;
    Ok(left.tag() == Tag::Float || right.tag() == Tag::Float)
}

/// An operation on two numbers: how it is done, and how messages name its parts.
struct Operation {
    contexts: [&'static str; 2],
    float: fn(f64, f64) -> f64,
    int: fn(i64, i64) -> Option<i64>,
    verb: &'static str,
    sign: &'static str,
}

fn operate(ev: &mut Evaluator, args: &[Ref], operation: &Operation) -> Eval<Val> {
    let [first, second] = operation.contexts;
    if is_float(ev, args)? {
        let left = ev.force_float(args[0], Pos::NONE, first)?;
        let right = ev.force_float(args[1], Pos::NONE, second)?;
        return Ok(Val::float((operation.float)(left, right)));
    }
    let left = ev.force_int(args[0], Pos::NONE, first)?;
    let right = ev.force_int(args[1], Pos::NONE, second)?;
    match (operation.int)(left, right) {
        Some(n) => Ok(Val::int(n)),
        None => {
            let Operation { verb, sign, .. } = operation;
            Err(ev.fail(
                ErrorKind::Eval,
                format!("integer overflow in {verb} {left} {sign} {right}"),
            ))
        }
    }
}

fn add(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    operate(
        ev,
        args,
        &Operation {
            contexts: [
                "while evaluating the first argument of the addition",
                "while evaluating the second argument of the addition",
            ],
            float: |a, b| a + b,
            int: i64::checked_add,
            verb: "adding",
            sign: "+",
        },
    )
}

fn sub(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    operate(
        ev,
        args,
        &Operation {
            contexts: [
                "while evaluating the first argument of the subtraction",
                "while evaluating the second argument of the subtraction",
            ],
            float: |a, b| a - b,
            int: i64::checked_sub,
            verb: "subtracting",
            sign: "-",
        },
    )
}

fn mul(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let float = is_float(ev, args)?;
    // Nix's words for the first factor differ with its type.
    let first = if float {
        "while evaluating the first of the multiplication"
    } else {
        "while evaluating the first argument of the multiplication"
    };
    operate(
        ev,
        args,
        &Operation {
            contexts: [first, "while evaluating the second argument of the multiplication"],
            float: |a, b| a * b,
            int: i64::checked_mul,
            verb: "multiplying",
            sign: "*",
        },
    )
}

fn div(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is_float(ev, args)?;
    let second = "while evaluating the second operand of the division";
    if ev.force_float(args[1], Pos::NONE, second)? == 0.0 {
        return Err(ev.fail(ErrorKind::Eval, "division by zero"));
    }
    operate(
        ev,
        args,
        &Operation {
            contexts: ["while evaluating the first operand of the division", second],
            float: |a, b| a / b,
            int: i64::checked_div,
            verb: "dividing",
            sign: "/",
        },
    )
}

fn less_than(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let left = ev.force(args[0], Pos::NONE)?;
    let right = ev.force(args[1], Pos::NONE)?;
    Ok(Val::bool(less(ev, left, right, "")?))
}

/// Whether one value comes before another, as the operator `<` and `sort` see it.
///
/// `context` is added to errors if it is not empty.
pub(crate) fn less(ev: &mut Evaluator, left: Val, right: Val, context: &str) -> Eval<bool> {
    let result = match (left.tag(), right.tag()) {
        (Tag::Int, Tag::Int) => return Ok(left.as_int() < right.as_int()),
        (Tag::Float, Tag::Float) => return Ok(left.as_float() < right.as_float()),
        (Tag::Float, Tag::Int) => return Ok(left.as_float() < right.as_int().map(|n| n as f64)),
        (Tag::Int, Tag::Float) => return Ok(left.as_int().map(|n| n as f64) < right.as_float()),
        (Tag::String, Tag::String) => {
            let (left, right) = (left.as_string(), right.as_string());
            ev.orders(left.unwrap_or_default(), right.unwrap_or_default());
            return Ok(left < right);
        }
        (Tag::Path, Tag::Path) => {
            let (left, right) = (left.as_path(), right.as_path());
            ev.orders(left.unwrap_or_default(), right.unwrap_or_default());
            return Ok(left < right);
        }
        (Tag::List, Tag::List) => less_lists(ev, left, right),
        _ => Err(incomparable(ev, left, right)),
    };
    result.map_err(|fail| {
        if context.is_empty() {
            fail
        } else {
            ev.trace(fail, Pos::NONE, context)
        }
    })
}

fn less_lists(ev: &mut Evaluator, left: Val, right: Val) -> Eval<bool> {
    let depth = ev.depth;
    ev.enter(Pos::NONE)?;
    let (a, b) = (ev.elements(left), ev.elements(right));
    let mut result = Ok(a.len() < b.len());
    for (&x, &y) in a.iter().zip(b) {
        match ev.equal_cells(x, y, Pos::NONE) {
            Ok(true) => continue,
            Ok(false) => {
                let (x, y) = (ev.peek(x), ev.peek(y));
                result = less(ev, x, y, "while comparing two list elements");
            }
            Err(fail) => result = Err(fail),
        }
        break;
    }
    ev.depth = depth;
    result
}

fn incomparable(ev: &mut Evaluator, left: Val, right: Val) -> crate::error::Fail {
    let kind = |v: Val| match v.tag() {
        Tag::Layered => Tag::Attrs,
        Tag::Builtin | Tag::Partial => Tag::Lambda,
        tag => tag,
    };
    let (lt, rt) = (ev.show_type(left), ev.show_type(right));
    let (l, r) = (ev.show_for_error(left), ev.show_for_error(right));
    let message = if kind(left) == kind(right) {
        format!("cannot compare {lt} with {rt}; values of that type are incomparable (values are {l} and {r})")
    } else {
        format!("cannot compare {lt} with {rt}; values are {l} and {r}")
    };
    ev.fail(ErrorKind::Eval, message)
}

fn bits(ev: &mut Evaluator, args: &[Ref], name: &str, operation: fn(i64, i64) -> i64) -> Eval<Val> {
    let mut numbers = [0; 2];
    for (i, which) in ["first", "second"].iter().enumerate() {
        let value = ev.force(args[i], Pos::NONE);
        numbers[i] = match value {
            Ok(v) if v.as_int().is_some() => v.as_int().unwrap_or(0),
            _ => {
                let context = format!("while evaluating the {which} argument passed to builtins.{name}");
                ev.force_int(args[i], Pos::NONE, &context)?
            }
        };
    }
    Ok(Val::int(operation(numbers[0], numbers[1])))
}

fn bit_and(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    bits(ev, args, "bitAnd", |a, b| a & b)
}

fn bit_or(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    bits(ev, args, "bitOr", |a, b| a | b)
}

fn bit_xor(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    bits(ev, args, "bitXor", |a, b| a ^ b)
}

fn round(ev: &mut Evaluator, args: &[Ref], name: &str, operation: fn(f64) -> f64) -> Eval<Val> {
    let context = match name {
        "ceil" => "while evaluating the first argument passed to builtins.ceil",
        _ => "while evaluating the first argument passed to builtins.floor",
    };
    let number = ev.force_float(args[0], Pos::NONE, context)?;
    let rounded = operation(number);
    let int = ev.peek(args[0]).as_int();
    // -2^63 is a power of two, so this bound is exact.
    let min = i64::MIN as f64;
    if rounded >= min && rounded < -min {
        return Ok(int.map_or(Val::int(rounded as i64), Val::int));
    }
    let message = match int {
        Some(n) => format!(
            "Due to a bug (see https://github.com/NixOS/nix/issues/12899) the NixInt argument {n} caused undefined behavior in previous Nix versions.\n\tFuture Nix versions might implement the correct behavior."
        ),
        None => {
            let shown = crate::text::number::shown(number);
            format!("NixFloat argument {shown} is not in the range of NixInt")
        }
    };
    Err(ev.fail(ErrorKind::Eval, message))
}

fn ceil(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    round(ev, args, "ceil", f64::ceil)
}

fn floor(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    round(ev, args, "floor", f64::floor)
}
