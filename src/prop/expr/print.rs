//! Expressions as text.

use super::Expr;
use std::fmt::Write;

/// Columns within which a set, a list or a call stands on one line.
const ONE_LINE: usize = 90;

/// How strongly an expression binds where it stands: an argument needs parentheses around a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anything may stand here.
    Open,
    /// An element of a list, a function or its argument.
    Tight,
}

impl Expr {
    /// Returns the expression as Nix; `indent` is how deep the line stands that it begins on, in steps of two.
    pub fn print(&self, indent: usize) -> String {
        self.printed(indent, Place::Open)
    }

    fn printed(&self, indent: usize, place: Place) -> String {
        match self {
            Expr::Null => "null".into(),
            Expr::Bool(value) => value.to_string(),
            // Nix has no literal for the least integer, and takes a minus before an argument for subtraction.
            Expr::Int(i64::MIN) => format!("({} - 1)", i64::MIN + 1),
            Expr::Int(value) if *value < 0 && place == Place::Tight => format!("({value})"),
            Expr::Int(value) => value.to_string(),
            Expr::Float(value) => float(*value, place),
            Expr::Str(text) => string(text),
            Expr::Path(text) => path(text),
            Expr::List(elements) => {
                let parts = elements
                    .iter()
                    .map(|element| move |at| element.printed(at, Place::Tight));
                group("[", "]", parts, indent)
            }
            Expr::Attrs(entries) => {
                let parts = entries.iter().map(|(name, value)| move |at| binding(name, value, at));
                group("{", "}", parts, indent)
            }
            Expr::Call(function, arguments) => {
                if let (Expr::Nix(text), [argument]) = (&**function, &arguments[..])
                    && let Some(path) = selection(text)
                {
                    return format!("{}.{path}", argument.printed(indent, Place::Tight));
                }
                let mut text = function.printed(indent, Place::Tight);
                for argument in arguments {
                    text.push(' ');
                    text.push_str(&argument.printed(indent, Place::Tight));
                }
                match place {
                    Place::Open => text,
                    Place::Tight => format!("({text})"),
                }
            }
            Expr::Nix(text) => {
                let simple = |c: char| c.is_alphanumeric() || "._'-".contains(c);
                match place {
                    Place::Tight if !text.chars().all(simple) => format!("({text})"),
                    _ => text.to_string(),
                }
            }
        }
    }
}

/// Returns a name and its value as they stand in a set; sets of one name make a path: `a.b = 1;`.
fn binding(name: &str, value: &Expr, indent: usize) -> String {
    let mut path = shown(name);
    let mut value = value;
    while let Expr::Attrs(entries) = value
        && let [(name, inner)] = &entries[..]
    {
        path = format!("{path}.{}", shown(name));
        value = inner;
    }
    format!("{path} = {};", value.printed(indent, Place::Open))
}

/// Returns the path that a function selects from its argument, if it does nothing else: `a.b` of `e: e.a.b`.
fn selection(text: &str) -> Option<&str> {
    let path = text.strip_prefix("e: e.")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._'-".contains(c);
    path.chars().all(plain).then_some(path)
}

/// Returns parts between brackets, on one line if they are short.
fn group<F: Fn(usize) -> String>(
    open: &str,
    close: &str,
    parts: impl ExactSizeIterator<Item = F> + Clone,
    indent: usize,
) -> String {
    if parts.len() == 0 {
        return format!("{open} {close}");
    }
    let short: Vec<String> = parts.clone().map(|part| part(indent)).collect();
    let length: usize = short.iter().map(|part| part.len() + 1).sum();
    if 2 * indent + length + 3 <= ONE_LINE && short.iter().all(|part| !part.contains('\n')) {
        return format!("{open} {} {close}", short.join(" "));
    }
    let mut text = String::from(open);
    for part in parts {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}{}", "  ".repeat(indent + 1), part(indent + 1));
    }
    let _ = write!(text, "\n{}{close}", "  ".repeat(indent));
    text
}

/// Returns a name as it may stand before `=` or behind a dot.
pub fn shown(name: &str) -> String {
    let bare = name
        .chars()
        .enumerate()
        .all(|(i, c)| c == '_' || c.is_ascii_alphabetic() || i > 0 && (c.is_ascii_digit() || c == '-' || c == '\''));
    const WORDS: [&str; 10] = [
        "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or",
    ];
    if bare && !name.is_empty() && !WORDS.contains(&name) {
        name.into()
    } else {
        string(name)
    }
}

fn string(text: &str) -> String {
    let mut shown = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '$' if rest.peek() == Some(&'{') => shown.push_str("\\$"),
            _ => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

fn path(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.len() > 1 && text.chars().all(plain) && !text.ends_with('/') && !text.contains("//") {
        text.into()
    } else {
        format!("(/. + {})", string(text))
    }
}

fn float(value: f64, place: Place) -> String {
    let text = format!("{value:?}");
    // Rust writes `1e22`; Nix reads that only with a dot before the exponent.
    let text = match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    };
    if value < 0.0 && place == Place::Tight {
        format!("({text})")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_printed_as_nix() {
        let table = [
            (Expr::Int(-1), "-1"),
            (Expr::List(vec![Expr::Int(-1), Expr::Null]), "[ (-1) null ]"),
            (
                Expr::attrs([
                    ("a b", Expr::str("x${y}\n\"")),
                    ("c", Expr::attrs([] as [(&str, Expr); 0])),
                ]),
                r#"{ "a b" = "x\${y}\n\""; c = { }; }"#,
            ),
            (
                Expr::call(
                    "lib.mkForce",
                    [Expr::call("lib.mkIf", [Expr::Bool(true), Expr::Float(1e22)])],
                ),
                "lib.mkForce (lib.mkIf true 1.0e22)",
            ),
            (Expr::call("x: x", [Expr::Path("/a".into())]), "(x: x) /a"),
            (
                Expr::call(
                    "e: e.a.b",
                    [Expr::call(
                        "lib.f",
                        [Expr::attrs([("c", Expr::attrs([("d", Expr::Int(1))]))])],
                    )],
                ),
                "(lib.f { c.d = 1; }).a.b",
            ),
            (
                Expr::List(vec![Expr::nix("lib.types.int"), Expr::nix("x: x")]),
                "[ lib.types.int (x: x) ]",
            ),
        ];
        for (expr, text) in table {
            assert_eq!(expr.print(0), text);
        }
    }

    #[test]
    fn what_is_long_takes_several_lines() {
        let long = Expr::attrs([
            ("first", Expr::str("x".repeat(60))),
            ("second", Expr::List(vec![Expr::str("y".repeat(40))])),
        ]);
        let lines: Vec<String> = long.print(1).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[1].starts_with("    first = ") && lines[3] == "  }");
    }
}
