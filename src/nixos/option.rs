//! Options: how the path of one is found in a configuration, and what its declaration says.

use crate::option_path::OptionPath;
use crate::printed::printed;
use crate::system::{Reading, System, attempt, attr, maybe, text};
use crate::walk::Trail;
use diag::{Pos, Span};
use eval::error::Eval;
use eval::{Evaluator, Val};
use report::Secrets;

/// An option that a configuration declares.
#[derive(Clone)]
pub struct Declared {
    /// Its path.
    pub path: OptionPath,
    /// What of the path that was asked for stands behind it: names inside its value.
    pub rest: Vec<String>,
    /// What `options` has at its path.
    pub(crate) set: Val,
}

/// A default or an example as the declaration says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// Nix.
    Code(String),
    /// Markdown, such as "the same as `services.x.port`".
    Prose(String),
}

impl Said {
    /// Returns the text.
    pub fn text(&self) -> &str {
        match self {
            Said::Code(text) | Said::Prose(text) => text,
        }
    }

    /// Returns it with another text.
    pub(crate) fn map(&self, change: impl FnOnce(&str) -> String) -> Said {
        match self {
            Said::Code(text) => Said::Code(change(text)),
            Said::Prose(text) => Said::Prose(change(text)),
        }
    }
}

/// An option on the way to a path, and the evaluation that declares it: that of the whole
/// configuration, or that of a submodule.
#[derive(Clone)]
pub(crate) struct Level {
    /// What `evalModules` returned.
    pub configuration: Val,
    /// How many names of the path lead to the evaluation.
    pub start: usize,
    /// How many names of the path lead to the option.
    pub end: usize,
    /// What `options` has there.
    pub option: Val,
}

/// Returns the options on the way to a path, the outermost first; empty if nothing on the way is one.
pub(crate) fn levels(ev: &mut Evaluator, configuration: Val, path: &[String]) -> Eval<Vec<Level>> {
    let mut levels = Vec::new();
    let mut configuration = configuration;
    let mut start = 0;
    while let Some(level) = level(ev, configuration, path, start)? {
        let (option, end) = (level.option, level.end);
        levels.push(level);
        let Some((inner, at)) = inner(ev, option, path, end)? else {
            break;
        };
        (configuration, start) = (inner, at);
    }
    Ok(levels)
}

/// Returns the first option on a path in one evaluation.
fn level(ev: &mut Evaluator, configuration: Val, path: &[String], start: usize) -> Eval<Option<Level>> {
    let Some(mut value) = maybe(ev, configuration, &["options"])? else {
        return Ok(None);
    };
    for end in start..path.len() {
        let Reading::Value(next) = crate::system::read(ev, value, &path[end..=end])? else {
            return Ok(None);
        };
        if is_option(ev, next)? {
            return Ok(Some(Level {
                configuration,
                start,
                end: end + 1,
                option: next,
            }));
        }
        value = next;
    }
    Ok(None)
}

/// Returns the evaluation of the submodule that a path leads into from an option's value, and how many
/// names lead there. Only the library of late 2025 and later tells; else there is none.
fn inner(ev: &mut Evaluator, option: Val, path: &[String], end: usize) -> Eval<Option<(Val, usize)>> {
    let mut at = end;
    if at == path.len() {
        return Ok(None);
    }
    let Some(mut meta) = maybe(ev, option, &["valueMeta"])? else {
        return Ok(None);
    };
    loop {
        if let Some(configuration) = maybe(ev, meta, &["configuration"])? {
            return Ok((at < path.len()).then_some((configuration, at)));
        }
        let Some(name) = path.get(at) else { return Ok(None) };
        let Some(next) = maybe(ev, meta, &["attrs", name])? else {
            return Ok(None);
        };
        meta = next;
        at += 1;
    }
}

/// Whether something in `options` is an option and no set of them.
pub(crate) fn is_option(ev: &mut Evaluator, value: Val) -> Eval<bool> {
    let kind = maybe(ev, value, &["_type"])?;
    Ok(kind.and_then(Val::as_string) == Some(b"option"))
}

impl System {
    /// Returns the option at a path, or the innermost one on the way there, inside whose value the rest
    /// of the path leads; `None` if nothing declares it.
    pub fn option(&self, ev: &mut Evaluator, path: &[impl AsRef<str>]) -> Eval<Option<Declared>> {
        let path: Vec<String> = path.iter().map(|name| name.as_ref().to_owned()).collect();
        let configuration = self.readable(ev)?;
        let levels = levels(ev, configuration, &path)?;
        Ok(levels.last().and_then(|level| {
            Some(Declared {
                path: OptionPath::of(&path[..level.end])?,
                rest: path[level.end..].to_vec(),
                set: level.option,
            })
        }))
    }
}

impl Declared {
    /// Returns what `options` has at its path: the set with `value`, `type` and their kin.
    pub fn set(&self) -> Val {
        self.set
    }

    /// Returns its value.
    pub fn value(&self, ev: &mut Evaluator) -> Eval<Reading> {
        crate::system::read(ev, self.set, &["value"])
    }

    /// Returns the value of its default, as the declaration gives it.
    pub fn default_value(&self, ev: &mut Evaluator) -> Eval<Reading> {
        crate::system::read(ev, self.set, &["default"])
    }

    /// Returns what its type is in words, such as `boolean`.
    pub fn type_description(&self, ev: &mut Evaluator) -> Eval<Option<String>> {
        Ok(maybe(ev, self.set, &["type", "description"])?.and_then(text))
    }

    /// Returns the name of its type, such as `bool` or `attrsOf`.
    pub fn type_name(&self, ev: &mut Evaluator) -> Eval<Option<String>> {
        Ok(maybe(ev, self.set, &["type", "name"])?.and_then(text))
    }

    /// Returns its description in Markdown.
    pub fn description(&self, ev: &mut Evaluator) -> Eval<Option<String>> {
        let description = maybe(ev, self.set, &["description"])?;
        match description {
            Some(description) if description.is_attrs() => Ok(maybe(ev, description, &["text"])?.and_then(text)),
            other => Ok(other.and_then(text)),
        }
    }

    /// Returns its default: what the declaration says it is in words, else the value.
    pub fn default(&self, ev: &mut Evaluator) -> Eval<Option<Said>> {
        match self.literal(ev, "defaultText")? {
            Some(said) => Ok(Some(said)),
            None => self.literal(ev, "default"),
        }
    }

    /// Returns its example.
    pub fn example(&self, ev: &mut Evaluator) -> Eval<Option<Said>> {
        self.literal(ev, "example")
    }

    /// Whether the declaration keeps it out of the documentation (`internal`, or `visible = false`).
    pub fn is_hidden(&self, ev: &mut Evaluator) -> Eval<bool> {
        let internal = maybe(ev, self.set, &["internal"])?.and_then(Val::as_bool);
        let visible = maybe(ev, self.set, &["visible"])?;
        let unseen =
            visible.is_some_and(|value| value.as_bool() == Some(false) || value.as_string() == Some(b"transparent"));
        Ok(internal == Some(true) || unseen)
    }

    /// Whether the declaration says that it is not for users (`internal`).
    pub fn is_internal(&self, ev: &mut Evaluator) -> Eval<bool> {
        Ok(maybe(ev, self.set, &["internal"])?.and_then(Val::as_bool) == Some(true))
    }

    /// Whether it may be defined only once.
    pub fn is_read_only(&self, ev: &mut Evaluator) -> Eval<bool> {
        Ok(maybe(ev, self.set, &["readOnly"])?.and_then(Val::as_bool) == Some(true))
    }

    /// Whether something defines it; its default counts. `None` if that cannot be told.
    pub fn is_defined(&self, ev: &mut Evaluator) -> Eval<Option<bool>> {
        Ok(maybe(ev, self.set, &["isDefined"])?.and_then(Val::as_bool))
    }

    /// Returns the priority of the definitions that won.
    pub fn highest_priority(&self, ev: &mut Evaluator) -> Eval<Option<crate::definition::Priority>> {
        let number = maybe(ev, self.set, &["highestPrio"])?.and_then(Val::as_int);
        Ok(number.map(crate::definition::Priority))
    }

    /// Returns the files that declare it, as the module system calls them.
    pub fn declarations(&self, ev: &mut Evaluator) -> Eval<Vec<String>> {
        let Some(list) = maybe(ev, self.set, &["declarations"])? else {
            return Ok(Vec::new());
        };
        let mut files = Vec::new();
        for &cell in ev.elements(list) {
            files.extend(crate::system::forced(ev, cell)?.and_then(file_name));
        }
        Ok(files)
    }

    /// Returns where it is declared, as far as it is known: the path of each declaration.
    pub fn places(&self, ev: &mut Evaluator) -> Eval<Vec<Span>> {
        let mut spans = Vec::new();
        if let Some(list) = maybe(ev, self.set, &["declarationPositions"])? {
            for &cell in ev.elements(list) {
                let Some(entry) = crate::system::forced(ev, cell)? else {
                    continue;
                };
                let file = maybe(ev, entry, &["file"])?.and_then(file_name);
                let line = maybe(ev, entry, &["line"])?.and_then(Val::as_int);
                let column = maybe(ev, entry, &["column"])?.and_then(Val::as_int);
                if let (Some(file), Some(line), Some(column)) = (file, line, column) {
                    spans.extend(crate::diagnose::name_at(ev, &file, line, column));
                }
            }
        }
        if spans.is_empty() {
            for file in self.declarations(ev)? {
                spans.extend(crate::diagnose::declared_in(ev, &file, &self.path));
            }
        }
        Ok(spans)
    }

    /// Returns the default as a definition that competes with the others.
    pub(crate) fn default_trail(&self, ev: &mut Evaluator) -> Eval<Option<Trail>> {
        let Some(default) = attr(ev, self.set, "default") else {
            return Ok(None);
        };
        let file = self.declarations(ev)?.into_iter().next().unwrap_or_default();
        let mut trail = Trail::new(default.value, &file);
        trail.priorities = vec![crate::definition::Priority::OPTION_DEFAULT];
        trail.pos = self.places(ev)?.first().map_or(Pos::NONE, |span| span.start);
        trail.last = trail.pos;
        Ok(Some(trail))
    }

    /// Returns a text of the declaration: what `literalExpression` or `literalMD` wraps, or a value.
    fn literal(&self, ev: &mut Evaluator, name: &str) -> Eval<Option<Said>> {
        let Some(attr) = attr(ev, self.set, name) else {
            return Ok(None);
        };
        let Ok(value) = attempt(ev, |ev| ev.force(attr.value, attr.pos))? else {
            return Ok(None);
        };
        let kind = maybe(ev, value, &["_type"])?;
        let said = match kind.and_then(Val::as_string) {
            Some(b"literalExpression" | b"literalExample") => Said::Code,
            Some(b"literalMD" | b"literalDocBook") => Said::Prose,
            _ => Said::Code,
        };
        if kind.is_some()
            && let Some(literal) = maybe(ev, value, &["text"])?.and_then(text)
        {
            return Ok(Some(said(literal)));
        }
        // A default may be a secret by the option's name; an example is written to be read.
        let own = match name {
            "example" => "",
            _ => self.path.last().map_or("", String::as_str),
        };
        let shown = printed(ev, attr.value, own, &Secrets::new())?;
        Ok(Some(Said::Code(shown)))
    }
}

/// Returns the text of a path or string.
fn file_name(value: Val) -> Option<String> {
    match value.as_path() {
        Some(path) => Some(String::from_utf8_lossy(path).into_owned()),
        None => text(value),
    }
}
