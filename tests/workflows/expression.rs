//! The expressions of GitHub Actions, as far as our files use them: paths into contexts, texts, numbers, comparisons, `!`, `&&`,
//! `||` and some functions.
//!
//! The documentation is <https://docs.github.com/en/actions/reference/evaluate-expressions-in-workflows-and-actions>. What it
//! does not say, or what is not known here, is a panic: a test must not pass by a mistake in a name.

use serde_json::{Value, json};

/// Returns a text with each `${{ … }}` in it replaced.
pub fn filled(text: &str, contexts: &Value) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after
            .split_once("}}")
            .unwrap_or_else(|| panic!("`}}}}` is missing in {text}"));
        out.push_str(before);
        out.push_str(&shown(&value(expression, contexts)));
        rest = after;
    }
    out + rest
}

/// Returns whether a step or job with this `if` runs, where all before it has passed.
pub fn holds(condition: &str, contexts: &Value) -> bool {
    let inside = condition.trim();
    let inside = inside.strip_prefix("${{").and_then(|inside| inside.strip_suffix("}}"));
    is_true(&value(inside.unwrap_or(condition), contexts))
}

/// Returns what an expression comes to.
pub fn value(expression: &str, contexts: &Value) -> Value {
    let mut reader = Reader {
        tokens: tokens(expression),
        at: 0,
        contexts,
    };
    let value = reader.either();
    assert_eq!(reader.at, reader.tokens.len(), "`{expression}` goes on");
    value
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Sign(&'static str),
    Name(String),
    Literal(Value),
}

const SIGNS: [&str; 11] = ["==", "!=", "&&", "||", "!", "(", ")", ".", ",", "[", "]"];

fn tokens(expression: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while !rest.is_empty() {
        let end = |of: fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let taken = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else if let Some(text) = rest.strip_prefix('\'') {
            let close = text
                .find('\'')
                .unwrap_or_else(|| panic!("`'` is missing in {expression}"));
            assert!(!text[close..].starts_with("''"), "quotes in texts are not known here");
            tokens.push(Token::Literal(json!(text[..close])));
            close + 2
        } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let end = end(|c| c.is_ascii_digit());
            tokens.push(Token::Literal(json!(
                rest[..end].parse::<u64>().expect("these are digits")
            )));
            end
        } else {
            let end = end(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            assert!(end > 0, "`{rest}` in `{expression}` is not known here");
            tokens.push(match &rest[..end] {
                "true" => Token::Literal(json!(true)),
                "false" => Token::Literal(json!(false)),
                "null" => Token::Literal(json!(null)),
                name => Token::Name(name.to_owned()),
            });
            end
        };
        rest = rest[taken..].trim_start();
    }
    tokens
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    contexts: &'a Value,
}

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is);
        is
    }

    fn either(&mut self) -> Value {
        let mut value = self.both();
        while self.takes("||") {
            let other = self.both();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn both(&mut self) -> Value {
        let mut value = self.compared();
        while self.takes("&&") {
            let other = self.compared();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn compared(&mut self) -> Value {
        let value = self.single();
        if self.takes("==") {
            return json!(are_same(&value, &self.single()));
        }
        if self.takes("!=") {
            return json!(!are_same(&value, &self.single()));
        }
        value
    }

    fn single(&mut self) -> Value {
        if self.takes("!") {
            return json!(!is_true(&self.single()));
        }
        if self.takes("(") {
            let value = self.either();
            assert!(self.takes(")"), "`)` is missing");
            return value;
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Literal(value)) => value,
            Some(Token::Name(name)) if self.takes("(") => self.called(&name),
            Some(Token::Name(name)) => self.path(&name),
            other => panic!("{other:?} is not known here"),
        }
    }

    fn path(&mut self, context: &str) -> Value {
        let known = self.contexts.get(context);
        let mut value = known
            .unwrap_or_else(|| panic!("the test gives no context `{context}`"))
            .clone();
        while self.takes(".") {
            let Some(Token::Name(name)) = self.tokens.get(self.at).cloned() else {
                panic!("a name is missing behind `.`");
            };
            self.at += 1;
            // What is not there is null, as for GitHub.
            value = value.get(&name).cloned().unwrap_or(Value::Null);
        }
        value
    }

    fn called(&mut self, function: &str) -> Value {
        let mut given = Vec::new();
        while !self.takes(")") {
            given.push(self.either());
            self.takes(",");
        }
        match (function, &given[..]) {
            ("always" | "success", []) => json!(true),
            ("cancelled" | "failure", []) => json!(false),
            ("fromJSON", [Value::String(text)]) => serde_json::from_str(text).expect("it is JSON"),
            ("toJSON", [value]) => json!(serde_json::to_string_pretty(value).expect("it is JSON")),
            ("contains", [Value::Array(items), item]) => json!(items.iter().any(|one| are_same(one, item))),
            _ => panic!("`{function}` with {given:?} is not known here"),
        }
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Compares texts without regard to case, and values of different types as numbers, as GitHub does.
fn are_same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Null => Some(0.0),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.is_empty() => Some(0.0),
        Value::String(text) => text.parse().ok(),
        Value::Array(_) | Value::Object(_) => None,
    };
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.eq_ignore_ascii_case(other),
        _ => matches!((number(one), number(other)), (Some(one), Some(other)) if one == other),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => panic!("{value} as a text is a mistake"),
    }
}

#[test]
fn expressions_are_evaluated_as_by_github() {
    let contexts = json!({ "inputs": { "a": "x", "b": "", "c-d": "true" }, "github": { "event": { "id": 7 } } });
    for (expression, expected) in [
        ("inputs.a", json!("x")),
        ("inputs.none", json!(null)),
        ("github.event.none.at.all", json!(null)),
        ("inputs.a == 'X'", json!(true)),
        ("inputs.b != '' && inputs.a || 'none'", json!("none")),
        ("inputs.a != '' && inputs.a || 'none'", json!("x")),
        ("inputs.b == github.none", json!(true)),
        ("inputs.c-d == 'true'", json!(true)),
        ("!(inputs.a == 'y') && github.event.id == 7", json!(true)),
        ("contains(fromJSON('[\"a\", \"x\"]'), inputs.a)", json!(true)),
        ("always() && cancelled()", json!(false)),
        ("toJSON(github.event.id)", json!("7")),
    ] {
        assert_eq!(value(expression, &contexts), expected, "{expression}");
    }
    assert_eq!(filled("${{ inputs.a }}-${{github.event.id}}", &contexts), "x-7");
    assert!(holds("inputs.c-d", &contexts) && !holds("${{ inputs.b }}", &contexts));
}

#[test]
#[should_panic(expected = "gives no context")]
fn a_context_that_is_not_given_is_no_pass() {
    value("secrets.KEY", &json!({}));
}
