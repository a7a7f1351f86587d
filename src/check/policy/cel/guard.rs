//! Bounds the work of an expression.
//!
//! The interpreter has no bound of its own, and few lines can ask for hours: loops in loops, or a text
//! that is doubled again and again. So before an expression is evaluated, a call of the function
//! [`CHARGE`] is put around each part whose size decides how much work follows: what a loop runs over,
//! operands of functions, elements of lists, and sums. The call returns its argument as it is, and
//! takes its size from the fuel; a loop is charged for all its rounds at once. When no fuel is left,
//! each further call is an error, and so the rest of the work is short, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::common::types::{CelInt, CelList, CelMap, CelString};
use cel::common::value::{CowVal, Val};
use cel::{Context, DeclarationError, ExecutionError, FunctionContext, IdedExpr};

/// The fuel of one evaluation: about this many steps, in less than a second.
pub const FUEL: i64 = 1_000_000;

/// The function that takes fuel. Source text cannot have this name.
const CHARGE: &str = "@charge";

/// Bytes of text that count as one step.
const BYTES_PER_STEP: i64 = 32;

type Function =
    Box<dyn for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError> + Send + Sync>;

/// Adds the function that takes fuel.
pub fn install(context: &mut Context<'_, '_>, fuel: &Arc<AtomicI64>) -> Result<(), DeclarationError> {
    let fuel = fuel.clone();
    let charge: Function = Box::new(move |call| {
        let left = fuel.load(Ordering::Relaxed);
        let out = || Err(ExecutionError::function_error(CHARGE, "no fuel is left"));
        if left <= 0 || call.args.is_empty() {
            return out();
        }
        let argument = call.args[0].clone();
        let rounds = call
            .args
            .get(1)
            .and_then(|steps| steps.downcast_ref::<CelInt>())
            .map(|steps| *steps.inner());
        let mut cost = size(argument.as_ref(), left);
        if let Some(steps) = rounds {
            cost = cost.saturating_add(elements(argument.as_ref()).saturating_mul(steps));
        }
        fuel.store(left.saturating_sub(cost), Ordering::Relaxed);
        if cost > left { out() } else { Ok(argument) }
    });
    context.add_function(CHARGE, charge)
}

/// Whether no fuel is left.
pub fn is_out(fuel: &AtomicI64) -> bool {
    fuel.load(Ordering::Relaxed) <= 0
}

fn elements(value: &dyn Val) -> i64 {
    value.as_sizer().map_or(1, |sizer| *sizer.size().inner())
}

/// Returns how large a value is in steps; it stops counting at a limit.
fn size(value: &dyn Val, limit: i64) -> i64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return 1 + text.inner().len() as i64 / BYTES_PER_STEP;
    }
    let mut total = 1;
    if let Some(list) = value.downcast_ref::<CelList>() {
        for element in list.inner() {
            total += size(element.as_ref(), limit - total);
            if total > limit {
                return total;
            }
        }
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        for inner in map.inner().values() {
            total += 1 + size(inner.as_ref(), limit - total);
            if total > limit {
                return total;
            }
        }
    }
    total
}

/// Puts the charges into an expression.
pub fn guard(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Call(call) => {
            let sum = call.func_name == operators::ADD;
            guard_call(call);
            // The accumulator of a loop is charged with what it grows by.
            let grows =
                matches!(call.args.first(), Some(IdedExpr { expr: Expr::Ident(name), .. }) if name.starts_with('@'));
            if sum && !grows {
                charge(expression, None);
            }
        }
        Expr::Comprehension(all) => {
            let steps = nodes(&all.loop_cond) + nodes(&all.loop_step);
            guard(&mut all.iter_range);
            guard(&mut all.accu_init);
            guard(&mut all.loop_cond);
            guard(&mut all.loop_step);
            guard(&mut all.result);
            charge(&mut all.iter_range, Some(steps));
        }
        Expr::List(list) => list.elements.iter_mut().for_each(guard_operand),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    guard_operand(&mut entry.key);
                    guard_operand(&mut entry.value);
                }
            }
        }
        Expr::Select(select) => guard(&mut select.operand),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

/// Operators whose work does not depend on the size of what they are applied to.
const CHEAP: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::NOT_STRICTLY_FALSE,
    operators::INDEX,
    operators::OPT_INDEX,
    operators::OPT_SELECT,
];

fn guard_call(call: &mut CallExpr) {
    let cheap = CHEAP.contains(&call.func_name.as_str());
    let accumulates =
        matches!(call.args.first(), Some(IdedExpr { expr: Expr::Ident(name), .. }) if name.starts_with('@'));
    if let Some(target) = &mut call.target {
        // `optional.of(x)`: the target is a part of the function's name.
        if !matches!(&target.expr, Expr::Ident(name) if name == "optional") {
            guard_operand(target);
        }
    }
    for argument in &mut call.args {
        if cheap || accumulates {
            guard(argument)
        } else {
            guard_operand(argument)
        }
    }
}

fn guard_operand(operand: &mut IdedExpr) {
    guard(operand);
    if !matches!(operand.expr, Expr::Literal(_)) {
        charge(operand, None);
    }
}

/// Puts a charge around an expression; with the steps of one round if it is what a loop runs over.
fn charge(expression: &mut IdedExpr, steps: Option<i64>) {
    let id = expression.id;
    let mut args = vec![std::mem::take(expression)];
    if let Some(steps) = steps {
        args.push(IdedExpr {
            id,
            expr: Expr::Literal(LiteralValue::Int(CelInt::from(steps))),
        });
    }
    let call = CallExpr {
        func_name: CHARGE.into(),
        target: None,
        args,
    };
    *expression = IdedExpr {
        id,
        expr: Expr::Call(call),
    };
}

/// Returns the number of steps of an expression without the rounds of its loops.
fn nodes(expression: &IdedExpr) -> i64 {
    1 + match &expression.expr {
        Expr::Call(call) => {
            call.target.iter().map(|t| nodes(t)).sum::<i64>() + call.args.iter().map(nodes).sum::<i64>()
        }
        Expr::Comprehension(all) => nodes(&all.iter_range) + nodes(&all.accu_init) + nodes(&all.result),
        Expr::List(list) => list.elements.iter().map(nodes).sum(),
        Expr::Map(map) => map.entries.len() as i64 * 2,
        Expr::Select(select) => nodes(&select.operand),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => 0,
    }
}
