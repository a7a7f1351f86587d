//! Walking a syntax tree without recursion, however deep it is.

use crate::ast::{AttrName, BindingValue, Bindings, ExprKind, ExprRef};

/// Calls `visit` with every expression of a tree.
pub fn each_expr<'a>(root: ExprRef<'a>, mut visit: impl FnMut(ExprRef<'a>)) {
    let mut open = vec![root];
    while let Some(expr) = open.pop() {
        visit(expr);
        children(expr, &mut open);
    }
}

/// Adds the expressions that stand directly in another.
pub fn children<'a>(expr: ExprRef<'a>, out: &mut Vec<ExprRef<'a>>) {
    match &expr.kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Path(_)
        | ExprKind::Var(_)
        | ExprKind::CurPos
        | ExprKind::Error => {}
        ExprKind::Select { subject, path, default } => {
            out.push(subject);
            names(path, out);
            out.extend(default);
        }
        ExprKind::HasAttr { subject, path } => {
            out.push(subject);
            names(path, out);
        }
        ExprKind::Attrs(bindings) => bound(bindings, out),
        ExprKind::List(items) => out.extend(items.iter().copied()),
        ExprKind::Lambda(lambda) => {
            let formals = lambda.formals.iter().flat_map(|f| f.formals.iter());
            out.extend(formals.filter_map(|formal| formal.default));
            out.push(lambda.body);
        }
        ExprKind::Call { function, args } => {
            out.push(function);
            out.extend(args.iter().copied());
        }
        ExprKind::Let { bindings, body } => {
            bound(bindings, out);
            out.push(body);
        }
        ExprKind::With { scope, body } => out.extend([*scope, *body]),
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => out.extend([*condition, *then, *otherwise]),
        ExprKind::Assert { condition, body } => out.extend([*condition, *body]),
        ExprKind::Not(inner) => out.push(inner),
        ExprKind::Binary { left, right, .. } => out.extend([*left, *right]),
        ExprKind::Concat { parts, .. } => out.extend(parts.iter().map(|(_, part)| *part)),
    }
}

fn names<'a>(path: &'a [AttrName<'a>], out: &mut Vec<ExprRef<'a>>) {
    for name in path {
        if let AttrName::Dynamic(expr) = name {
            out.push(expr);
        }
    }
}

fn bound<'a>(bindings: &'a Bindings<'a>, out: &mut Vec<ExprRef<'a>>) {
    for binding in bindings.attrs {
        if let BindingValue::Plain(value) = binding.value {
            out.push(value);
        }
    }
    out.extend(bindings.inherit_from.iter().map(|(_, source)| *source));
    for binding in bindings.dynamic {
        out.extend([binding.name, binding.value]);
    }
}
