//! Expressions of the Common Expression Language over the options that a policy names.
//!
//! An expression may come from a pull request, so it is bounded three times: in length and nesting
//! when it is read, and in work when it is evaluated ([`guard`]). It sees values only, no files, no
//! time and no network.

mod demand;
mod guard;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use cel::common::ast::{Expr, LiteralValue};
use cel::{Context, Env, FunctionContext, IdedExpr, Value};
use regex::Regex;

use super::format::HOST;
use super::pattern;
use super::tree::{Demand, Tree};

/// Most bytes of an expression.
const MOST_BYTES: usize = 4096;

/// Deepest nesting of an expression.
const MOST_NESTING: u16 = 32;

/// The functions that expressions can call, as the specification has them; those on dates and
/// bytes are left out, as Nix has neither.
const FUNCTIONS: &[&str] = &[
    "bool",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
    "optional.of",
    "optional.none",
    "optional.ofNonZeroValue",
    "of",
    "none",
    "ofNonZeroValue",
    "hasValue",
    "or",
    "orValue",
    "value",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

/// Names of types, which expressions can use like variables.
const TYPES: &[&str] = &[
    "bool",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
    "optional",
    "optional_type",
    "bytes",
];

/// An expression that can be evaluated.
pub struct Program {
    expression: IdedExpr,
    /// The names of options that it uses.
    pub uses: Vec<String>,
    /// Which parts of the options it needs.
    pub demands: BTreeMap<String, Demand>,
    /// The regular expressions that stand in it.
    patterns: Arc<BTreeMap<String, Regex>>,
}

/// What is wrong with an expression, and the bytes of it that are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What may be meant.
    pub hint: Option<String>,
}

/// The host that expressions know as `host`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host<'h> {
    /// Its name.
    pub name: &'h str,
    /// Its system.
    pub system: &'h str,
    /// Its kind, such as `nixos`.
    pub kind: &'h str,
    /// Its tags.
    pub tags: &'h [String],
}

/// Returns what an expression needs to be read and evaluated; made once for all of them.
pub fn environment() -> Arc<Env> {
    Arc::new(Env::stdlib())
}

/// Returns the program of an expression that may use these names of options.
pub fn compile(environment: &Env, source: &str, names: &[&str]) -> Result<Program, Vec<Mistake>> {
    let whole = |message: String| {
        vec![Mistake {
            at: 0..source.len(),
            message,
            hint: None,
        }]
    };
    if source.len() > MOST_BYTES {
        return Err(whole(format!("the expression is longer than {MOST_BYTES} bytes")));
    }
    let parser = environment
        .parser()
        .max_recursion_depth(MOST_NESTING)
        .error_recovery_limit(4);
    let mut expression = parser.parse(source).map_err(|errors| {
        let told = errors.errors.iter().map(|error| told(source, error));
        told.take(1).collect::<Vec<_>>()
    })?;
    let mut found = Found::default();
    found.look(&expression);
    let mut mistakes = Vec::new();
    for name in &found.functions {
        if !FUNCTIONS.contains(&name.as_str()) {
            let hint = yaml::nearest(name, FUNCTIONS.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            mistakes.push(Mistake {
                at: word(source, name),
                message: format!("there is no function `{name}`"),
                hint,
            });
        }
    }
    for name in &found.variables {
        let known = names.contains(&name.as_str()) || name == HOST || TYPES.contains(&name.as_str());
        if !known {
            let near = yaml::nearest(name, names.iter().copied().chain([HOST]));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("name the option under `options`, such as `{name}: services.openssh.enable`"),
            };
            mistakes.push(Mistake {
                at: word(source, name),
                message: format!("there is no name `{name}`"),
                hint: Some(hint),
            });
        }
    }
    let mut patterns = BTreeMap::new();
    for text in &found.patterns {
        match pattern::compile(text) {
            Ok(regex) => {
                patterns.insert(text.clone(), regex);
            }
            Err(wrong) => {
                let at = source.find(text.as_str()).unwrap_or(0);
                mistakes.push(Mistake {
                    at: at + wrong.at.start..at + wrong.at.end,
                    message: wrong.message,
                    hint: None,
                });
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let demands = demand::of(&expression, names);
    guard::guard(&mut expression);
    Ok(Program {
        expression,
        uses: names
            .iter()
            .filter(|name| found.variables.iter().any(|v| v == *name))
            .map(|n| n.to_string())
            .collect(),
        demands,
        patterns: Arc::new(patterns),
    })
}

impl Program {
    /// Returns whether the expression is true for these values of the options that it uses, or why
    /// that cannot be told.
    pub fn holds(&self, environment: &Arc<Env>, values: &[(&str, &Tree)], host: &Host<'_>) -> Result<bool, String> {
        let mut context = Context::with_env(environment.clone());
        for (name, tree) in values {
            context.add_variable_from_value(*name, value::of(tree));
        }
        context.add_variable_from_value(HOST, value::of_host(host));
        let fuel = Arc::new(AtomicI64::new(guard::FUEL));
        guard::install(&mut context, &fuel).map_err(|error| error.to_string())?;
        self.install_matches(&mut context).map_err(|error| error.to_string())?;
        let result = Value::resolve(&self.expression, &context);
        if guard::is_out(&fuel) {
            return Err("the expression needs too much work".into());
        }
        match result {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("the expression is {}, not true or false", value::kind(&other))),
            Err(error) => Err(value::told(&error)),
        }
    }

    /// Adds `matches`: of cel's own, each call compiles the pattern anew.
    fn install_matches(&self, context: &mut Context<'_, '_>) -> Result<(), cel::DeclarationError> {
        let patterns = self.patterns.clone();
        let matches: Matches = Box::new(move |call| {
            let text = |value: Option<&cel::common::value::CowVal<'_, '_>>| {
                let text = value.and_then(|value| value.downcast_ref::<cel::common::types::CelString>());
                text.map(|text| text.inner().to_string())
            };
            let (subject, pattern) = match &call.this {
                Some(this) => (text(Some(this)), text(call.args.first())),
                None => (text(call.args.first()), text(call.args.get(1))),
            };
            let (Some(subject), Some(pattern)) = (subject, pattern) else {
                return Err(call.error("it needs a text and a regular expression"));
            };
            let holds = match patterns.get(&pattern) {
                Some(regex) => regex.is_match(&subject),
                None => return Err(call.error("the regular expression must stand in the expression as a text")),
            };
            Ok(cel::common::value::CowVal::owned(cel::common::types::CelBool::from(
                holds,
            )))
        });
        context.add_function("matches", matches)
    }
}

/// The form of a function that sees its arguments without copies.
type Matches = Box<
    dyn for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<cel::common::value::CowVal<'c, 'v>, cel::ExecutionError>
        + Send
        + Sync,
>;

/// Returns a mistake of the parser.
fn told(source: &str, error: &cel::ParseError) -> Mistake {
    let (line, column) = (error.pos.0.max(1) as usize, error.pos.1.max(1) as usize);
    let start: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let this = source.get(start..).unwrap_or_default();
    let before: usize = this.chars().take(column - 1).map(char::len_utf8).sum();
    let at = (start + before).min(source.len());
    let message = error.msg.trim_start_matches("Syntax error: ");
    // What could have stood there is a list of the grammar's names, which help nobody.
    let message = message.split(" expecting ").next().unwrap_or(message);
    let message = match message.contains("<EOF>") {
        true => "the expression ends too early".to_string(),
        false => format!("the expression is wrong here: {message}"),
    };
    Mistake {
        at: at..(at + 1).min(source.len()),
        message,
        hint: None,
    }
}

/// Returns the bytes of the first word of an expression that is this name.
fn word(source: &str, name: &str) -> Range<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |at: &usize| {
        let before = source[..*at].chars().next_back().is_none_or(|c| !part(c));
        before && source[at + name.len()..].chars().next().is_none_or(|c| !part(c))
    };
    match source.match_indices(name).map(|(at, _)| at).find(alone) {
        Some(at) => at..at + name.len(),
        None => 0..source.len(),
    }
}

/// What an expression uses.
#[derive(Default)]
struct Found {
    functions: Vec<String>,
    variables: Vec<String>,
    patterns: Vec<String>,
    /// Names that macros make.
    bound: Vec<String>,
}

impl Found {
    fn look(&mut self, expression: &IdedExpr) {
        match &expression.expr {
            Expr::Call(call) => {
                // Operators have names that no function can have.
                let named = call.func_name.chars().all(|c| c.is_ascii_alphanumeric());
                if named && !self.functions.contains(&call.func_name) {
                    self.functions.push(call.func_name.clone());
                }
                if call.func_name == "matches"
                    && let Some(IdedExpr {
                        expr: Expr::Literal(LiteralValue::String(pattern)),
                        ..
                    }) = call.args.last()
                {
                    self.patterns.push(pattern.inner().to_string());
                }
                call.target.iter().for_each(|target| self.look(target));
                call.args.iter().for_each(|argument| self.look(argument));
            }
            Expr::Comprehension(all) => {
                self.look(&all.iter_range);
                self.look(&all.accu_init);
                let known = self.bound.len();
                self.bound.push(all.iter_var.clone());
                self.bound.push(all.accu_var.clone());
                self.bound.extend(all.iter_var2.clone());
                [&all.loop_cond, &all.loop_step, &all.result]
                    .into_iter()
                    .for_each(|part| self.look(part));
                self.bound.truncate(known);
            }
            Expr::Ident(name) if !self.bound.contains(name) && !self.variables.contains(name) => {
                self.variables.push(name.clone());
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.look(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| {
                if let cel::common::ast::EntryExpr::MapEntry(entry) = &entry.expr {
                    self.look(&entry.key);
                    self.look(&entry.value);
                }
            }),
            Expr::Select(select) => self.look(&select.operand),
            Expr::Struct(made) => {
                // A message of Protocol Buffers: there are none here.
                if !self.variables.contains(&made.type_name) {
                    self.variables.push(made.type_name.clone());
                }
            }
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }
}

#[cfg(test)]
mod tests;
