//! Values of options as expressions see them.

use std::collections::HashMap;

use cel::{ExecutionError, Value};

use super::Host;
use crate::policy::tree::Tree;

/// Returns a value for an expression: a package is a map of `name`, `pname` and `version`, a path its text.
pub fn of(tree: &Tree) -> Value {
    match tree {
        Tree::Bool(value) => Value::from(*value),
        Tree::Int(value) => Value::from(*value),
        Tree::Float(value) => Value::from(*value),
        Tree::Text(text) | Tree::Path(text) => Value::from(text.as_str()),
        Tree::List(elements) => Value::from(elements.iter().map(of).collect::<Vec<_>>()),
        Tree::Attrs(attributes) => {
            // What is not there stays away, so that `has(x.name)` tells it.
            let there = attributes
                .iter()
                .filter(|(_, value)| !matches!(value, Tree::Missing(_)));
            Value::from(
                there
                    .map(|(name, value)| (name.clone(), of(value)))
                    .collect::<HashMap<_, _>>(),
            )
        }
        Tree::Package(package) => {
            let names = [
                ("name", &package.name),
                ("pname", &package.pname),
                ("version", &package.version),
            ];
            Value::from(
                names
                    .into_iter()
                    .map(|(name, text)| (name, Value::from(text.as_str())))
                    .collect::<HashMap<_, _>>(),
            )
        }
        Tree::Function => Value::from("<function>"),
        Tree::Null | Tree::Missing(_) | Tree::Unknown(_) | Tree::Unread => Value::Null,
    }
}

/// Returns the map that `host` is.
pub fn of_host(host: &Host<'_>) -> Value {
    let tags: Vec<Value> = host.tags.iter().map(|tag| Value::from(tag.as_str())).collect();
    Value::from(HashMap::from([
        ("name", Value::from(host.name)),
        ("system", Value::from(host.system)),
        ("kind", Value::from(host.kind)),
        ("tags", Value::from(tags)),
    ]))
}

/// Returns what messages call this kind of value.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::String(_) => "a text",
        Value::Null => "null",
        _ => "another value",
    }
}

/// Returns why an expression has no value, without showing values: they may be secret.
pub fn told(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => {
            format!("there is no `{name}` where the expression looks for it; `has(…)` tells whether it is there")
        }
        ExecutionError::NoSuchOverload(overload) => format!(
            "`{}` cannot be applied to {}",
            overload.function().trim_matches('_'),
            overload.argument_types().join(" and ")
        ),
        ExecutionError::UndeclaredReference(name) => format!("there is no `{name}`"),
        ExecutionError::UnexpectedType { got, want } => format!("the expression has {got} where {want} is needed"),
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::IndexOutOfBounds(_) => {
            "a list has no element with the number that the expression asks for".into()
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "the expression divides by zero".into()
        }
        ExecutionError::Overflow(..) => "a number becomes too large".into(),
        ExecutionError::DuplicateKey(_) => "a map has the same key twice".into(),
        _ => "the expression is applied to a value that it cannot take".into(),
    }
}
