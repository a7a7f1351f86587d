//! The tree as text, byte for byte as `nix-instantiate --parse` prints it (Nix: the `show` methods of
//! `nixexpr.cc`, `print.cc`).
//!
//! Trees can be deep, so what is still to print is kept on a stack of its own.

use crate::ast::{AttrName, BinaryOp, Binding, BindingValue, Bindings, ExprKind, ExprRef, Formal, Lambda};
use crate::{Symbol, Symbols};

/// Returns the text of a tree.
pub fn print(expr: ExprRef<'_>, symbols: &Symbols) -> Vec<u8> {
    let mut printer = Printer {
        symbols,
        out: Vec::new(),
        todo: vec![Todo::Expr(expr)],
    };
    while let Some(todo) = printer.todo.pop() {
        printer.step(todo);
    }
    printer.out
}

/// Returns a name as messages and printed trees show it: quoted unless it can stand as it is.
pub fn identifier(symbols: &Symbols, name: Symbol) -> String {
    let mut out = Vec::new();
    write_identifier(&mut out, symbols.bytes(name));
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a string literal with its quotes (Nix's `printLiteralString`).
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for (n, &byte) in text.iter().enumerate() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            b'$' if text.get(n + 1) == Some(&b'{') => out.extend(b"\\$"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a name, quoted unless it can stand as it is (Nix's `printIdentifier`).
pub fn write_identifier(out: &mut Vec<u8>, name: &[u8]) {
    let reserved = matches!(
        name,
        b"if" | b"then" | b"else" | b"assert" | b"with" | b"let" | b"in" | b"rec" | b"inherit"
    );
    let plain = name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && name.iter().all(|&b| crate::chars::is_name(b));
    if plain && !reserved {
        out.extend_from_slice(name);
    } else {
        write_string(out, name);
    }
}

/// Appends a float as a C++ stream does by default: `%g` with six digits.
pub fn write_float(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        let text: &[u8] = if value.is_nan() {
            b"nan"
        } else if value > 0.0 {
            b"inf"
        } else {
            b"-inf"
        };
        return out.extend_from_slice(text);
    }
    // Six significant digits: d.ddddde±x
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    let text = if (-4..6).contains(&exponent) {
        trim(&format!("{value:.*}", (5 - exponent).max(0) as usize))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
    };
    out.extend_from_slice(text.as_bytes());
}

/// What is still to print.
enum Todo<'a> {
    Expr(ExprRef<'a>),
    Text(&'static [u8]),
    Name(Symbol),
}

struct Printer<'a, 's> {
    symbols: &'s Symbols,
    out: Vec<u8>,
    /// The next thing is last.
    todo: Vec<Todo<'a>>,
}

impl<'a> Printer<'a, '_> {
    fn step(&mut self, todo: Todo<'a>) {
        match todo {
            Todo::Text(text) => self.out.extend_from_slice(text),
            Todo::Name(name) => write_identifier(&mut self.out, self.symbols.bytes(name)),
            Todo::Expr(expr) => {
                let mark = self.todo.len();
                self.expr(expr);
                // What was pushed in reading order is printed from the end.
                self.todo[mark..].reverse();
            }
        }
    }

    fn text(&mut self, text: &'static [u8]) {
        self.todo.push(Todo::Text(text));
    }

    fn push(&mut self, expr: ExprRef<'a>) {
        self.todo.push(Todo::Expr(expr));
    }

    fn surrounded(&mut self, before: &'static [u8], expr: ExprRef<'a>, after: &'static [u8]) {
        self.text(before);
        self.push(expr);
        self.text(after);
    }

    fn expr(&mut self, expr: ExprRef<'a>) {
        match &expr.kind {
            ExprKind::Int(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            ExprKind::Float(value) => write_float(&mut self.out, *value),
            ExprKind::Str(text) => write_string(&mut self.out, text),
            ExprKind::Path(path) => self.out.extend_from_slice(path),
            ExprKind::Var(name) => self.todo.push(Todo::Name(*name)),
            ExprKind::CurPos => self.text(b"__curPos"),
            ExprKind::Select { subject, path, default } => {
                self.surrounded(b"(", subject, b").");
                self.path(path);
                if let Some(default) = default {
                    self.surrounded(b" or (", default, b")");
                }
            }
            ExprKind::HasAttr { subject, path } => {
                self.surrounded(b"((", subject, b") ? ");
                self.path(path);
                self.text(b")");
            }
            ExprKind::Attrs(bindings) => {
                self.text(if bindings.recursive { b"rec { " } else { b"{ " });
                self.bindings(bindings);
                self.text(b"}");
            }
            ExprKind::List(elements) => {
                self.text(b"[ ");
                for element in *elements {
                    self.surrounded(b"(", element, b") ");
                }
                self.text(b"]");
            }
            ExprKind::Lambda(lambda) => self.lambda(lambda),
            ExprKind::Call { function, args } => {
                self.surrounded(b"(", function, b"");
                for arg in *args {
                    self.surrounded(b" ", arg, b"");
                }
                self.text(b")");
            }
            ExprKind::Let { bindings, body } => {
                self.text(b"(let ");
                self.bindings(bindings);
                self.surrounded(b"in ", body, b")");
            }
            ExprKind::With { scope, body } => {
                self.surrounded(b"(with ", scope, b"; ");
                self.surrounded(b"", body, b")");
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.surrounded(b"(if ", condition, b" then ");
                self.surrounded(b"", then, b" else ");
                self.surrounded(b"", otherwise, b")");
            }
            ExprKind::Assert { condition, body } => {
                self.surrounded(b"assert ", condition, b"; ");
                self.push(body);
            }
            ExprKind::Not(inner) => self.surrounded(b"(! ", inner, b")"),
            ExprKind::Binary { op, left, right } => {
                self.surrounded(b"(", left, symbol(*op));
                self.surrounded(b"", right, b")");
            }
            ExprKind::Concat { parts, .. } => {
                self.text(b"(");
                for (n, (_, part)) in parts.iter().enumerate() {
                    self.surrounded(if n == 0 { b"" } else { b" + " }, part, b"");
                }
                self.text(b")");
            }
            ExprKind::Error => self.text("«error»".as_bytes()),
        }
    }

    fn path(&mut self, path: &'a [AttrName<'a>]) {
        for (n, name) in path.iter().enumerate() {
            if n > 0 {
                self.text(b".");
            }
            match name {
                AttrName::Static(name) => self.todo.push(Todo::Name(*name)),
                AttrName::Dynamic(expr) => self.surrounded(b"\"${", expr, b"}\""),
            }
        }
    }

    fn lambda(&mut self, lambda: &'a Lambda<'a>) {
        self.text(b"(");
        if let Some(formals) = &lambda.formals {
            self.text(b"{ ");
            let mut sorted: Vec<&'a Formal<'a>> = formals.formals.iter().collect();
            sorted.sort_unstable_by_key(|formal| self.symbols.bytes(formal.name));
            for (n, formal) in sorted.iter().enumerate() {
                self.text(if n == 0 { b"" } else { b", " });
                self.todo.push(Todo::Name(formal.name));
                if let Some(default) = formal.default {
                    self.surrounded(b" ? ", default, b"");
                }
            }
            if formals.ellipsis {
                self.text(if sorted.is_empty() { b"..." } else { b", ..." });
            }
            self.text(if lambda.arg.is_some() { b" } @ " } else { b" }" });
        }
        if let Some(arg) = lambda.arg {
            self.todo.push(Todo::Name(arg));
        }
        self.surrounded(b": ", lambda.body, b")");
    }

    fn bindings(&mut self, bindings: &'a Bindings<'a>) {
        let mut sorted: Vec<&'a Binding<'a>> = bindings.attrs.iter().collect();
        sorted.sort_unstable_by_key(|binding| self.symbols.bytes(binding.name));
        let names = |wanted: fn(&BindingValue<'a>) -> bool| {
            sorted
                .iter()
                .filter(move |binding| wanted(&binding.value))
                .map(|binding| binding.name)
        };
        let mut inherited = names(|value| matches!(value, BindingValue::Inherited)).peekable();
        if inherited.peek().is_some() {
            self.text(b"inherit");
            for name in inherited {
                self.text(b" ");
                self.todo.push(Todo::Name(name));
            }
            self.text(b"; ");
        }
        let mut from: Vec<(u32, Symbol)> = sorted
            .iter()
            .filter_map(|binding| match binding.value {
                BindingValue::InheritedFrom(source) => Some((source, binding.name)),
                _ => None,
            })
            .collect();
        from.sort_by_key(|(source, _)| *source);
        for (n, &(source, name)) in from.iter().enumerate() {
            if n == 0 || from[n - 1].0 != source {
                self.surrounded(b"inherit (", bindings.inherit_from[source as usize].1, b")");
            }
            self.text(b" ");
            self.todo.push(Todo::Name(name));
            if from.get(n + 1).is_none_or(|next| next.0 != source) {
                self.text(b"; ");
            }
        }
        for binding in sorted {
            if let BindingValue::Plain(expr) = binding.value {
                self.todo.push(Todo::Name(binding.name));
                self.surrounded(b" = ", expr, b"; ");
            }
        }
        for binding in bindings.dynamic {
            self.surrounded(b"\"${", binding.name, b"}\"");
            self.surrounded(b" = ", binding.value, b"; ");
        }
    }
}

fn symbol(op: BinaryOp) -> &'static [u8] {
    match op {
        BinaryOp::Eq => b" == ",
        BinaryOp::NotEq => b" != ",
        BinaryOp::And => b" && ",
        BinaryOp::Or => b" || ",
        BinaryOp::Implies => b" -> ",
        BinaryOp::Update => b" // ",
        BinaryOp::ConcatLists => b" ++ ",
    }
}
