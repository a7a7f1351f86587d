//! All that there is to say of one option of a configuration.

use crate::definition::{Definition, Owner, Priority, Standing};
use crate::diagnose::Viewpoint;
use crate::option::{Declared, Said};
use crate::option_path::{OptionPath, shown};
use crate::printed::printed;
use crate::system::{Reading, System};
use diag::{Place, Span};
use eval::error::Eval;
use eval::{EvalError, Evaluator};
use report::Secrets;

/// What there is to say of an option, or of an attribute inside one.
pub struct Explained {
    /// The path that was asked for.
    pub path: OptionPath,
    /// Its value.
    pub value: Told,
    /// The option's declaration.
    pub declared: DeclaredAs,
    /// Every definition: those that won first, in the order of merging.
    pub definitions: Vec<DefinedAs>,
    /// Whether these are all; if the modules of the configuration cannot be listed, those that lost are
    /// not known.
    pub complete: bool,
}

/// A value, or why there is none.
pub enum Told {
    /// The value as text.
    Value(String),
    /// Nothing defines it.
    Undefined,
    /// Why it has none.
    Failed(EvalError),
}

/// How an option is declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredAs {
    /// The path of the option: that which was asked for, or its beginning.
    pub path: OptionPath,
    /// Its type in words.
    pub kind: Option<String>,
    /// Where it is declared, or at least in which files.
    pub places: Vec<String>,
    /// Its description in Markdown.
    pub description: Option<String>,
    /// Its default.
    pub default: Option<Said>,
    /// Its example.
    pub example: Option<Said>,
    /// Whether it may be defined only once.
    pub read_only: bool,
    /// Whether its declaration keeps it out of the documentation.
    pub hidden: bool,
}

/// A definition in words.
pub struct DefinedAs {
    /// Where it is written, if that is known.
    pub place: Option<Place>,
    /// The file of its module.
    pub file: String,
    /// Its value as text.
    pub value: String,
    /// The definition itself.
    pub definition: Definition,
}

/// What is found at a path that is to be explained.
pub enum Asked {
    /// An option, or an attribute inside one.
    Option(Box<Explained>),
    /// A set of options: the names directly below it.
    Set(Vec<String>),
    /// Nothing: the nearest paths that are there.
    Unknown(Vec<String>),
}

/// Most near paths that are told.
const MOST_NEAR: usize = 5;

impl System {
    /// Returns all that there is to say of what stands at a path; `secrets` are never part of it.
    pub fn explain(
        &self,
        ev: &mut Evaluator,
        path: &OptionPath,
        view: &Viewpoint<'_>,
        secrets: &Secrets,
    ) -> Eval<Asked> {
        let Some(declared) = self.option(ev, path)? else {
            if let Some(names) = self.option_names(ev, path)? {
                return Ok(Asked::Set(names));
            }
            return match self.declared_at(ev, path)? {
                // It may be there, but cannot be looked at.
                Reading::Failed(error) => Err(ev.raise(error)),
                _ => Ok(Asked::Unknown(self.near(ev, path)?)),
            };
        };
        let definitions = self.definitions(ev, path, view)?;
        let reading = match declared.rest.as_slice() {
            [] => declared.value(ev)?,
            _ => self.value(ev, path)?,
        };
        if definitions.is_empty() && !declared.rest.is_empty() && matches!(reading, Reading::Absent) {
            return Ok(Asked::Unknown(near_inside(self, ev, &declared)?));
        }
        let name = path.last().map_or("", String::as_str);
        let value = match reading {
            Reading::Value(value) => {
                let cell = ev.cell(value);
                Told::Value(view.shorten(&printed(ev, cell, name, secrets)?).into_owned())
            }
            Reading::Absent | Reading::Undefined => Told::Undefined,
            Reading::Failed(error) if crate::diagnose::is_undefined(&error, path) => Told::Undefined,
            Reading::Failed(error) => Told::Failed(error),
        };
        let mut defined = Vec::new();
        for definition in definitions {
            // What is not asked for by the configuration may fail or cost much, and is told by its text.
            let value = match definition.standing {
                Standing::Inactive => written(ev, definition.span),
                _ => printed(ev, definition.value, name, secrets)?,
            };
            let value = secrets.text(&value);
            defined.push(DefinedAs {
                place: ev.sources.place(definition.span, view.root),
                file: view.shorten(&definition.file).into_owned(),
                value: view.shorten(&value).into_owned(),
                definition,
            });
        }
        Ok(Asked::Option(Box::new(Explained {
            path: path.clone(),
            value,
            declared: declared.in_words(ev, view)?,
            definitions: defined,
            complete: self.knows_modules(ev)?,
        })))
    }

    /// Returns paths of options that are near to one that is not there.
    fn near(&self, ev: &mut Evaluator, path: &OptionPath) -> Eval<Vec<String>> {
        // The names up to the first that is not there, and what is near to that one.
        for known in (0..path.len()).rev() {
            let Some(names) = self.option_names(ev, &path[..known])? else {
                continue;
            };
            let symbols: Vec<_> = names.iter().map(|name| ev.symbols.intern(name.as_bytes())).collect();
            let wanted = ev.symbols.intern(path[known].as_bytes());
            let near = ev.near_names(wanted, &symbols).into_iter().take(MOST_NEAR);
            let whole = |name: String| shown(&[&path[..known], &[name][..], &path[known + 1..]].concat());
            let near: Vec<String> = near.map(whole).collect();
            if !near.is_empty() {
                return Ok(near);
            }
            break;
        }
        // Else paths that end as the wanted one does.
        let mut ends = Vec::new();
        let mut tree = self.options(ev)?;
        while let Some(option) = tree.next(ev)? {
            if option.path.ends_with(path) && ends.len() < MOST_NEAR {
                ends.push(option.path.to_string());
            }
        }
        Ok(ends)
    }
}

/// Returns paths near to one that leads to nothing inside an option's value.
fn near_inside(system: &System, ev: &mut Evaluator, declared: &Declared) -> Eval<Vec<String>> {
    let Reading::Value(mut value) = system.value(ev, &declared.path)? else {
        return Ok(Vec::new());
    };
    for (at, name) in declared.rest.iter().enumerate() {
        match crate::system::read(ev, value, &[name])? {
            Reading::Value(next) => value = next,
            _ if value.is_attrs() => {
                let entries = ev.sorted_entries(value);
                let keys: Vec<_> = entries.iter().map(|(key, _)| *key).collect();
                let wanted = ev.symbols.intern(name.as_bytes());
                let around = [&declared.path[..], &declared.rest[..at]].concat();
                let whole = |name: String| shown(&[&around[..], &[name][..], &declared.rest[at + 1..]].concat());
                return Ok(ev.near_names(wanted, &keys).into_iter().map(whole).collect());
            }
            _ => break,
        }
    }
    Ok(Vec::new())
}

impl Declared {
    /// Returns what its declaration says, in words.
    pub fn in_words(&self, ev: &mut Evaluator, view: &Viewpoint<'_>) -> Eval<DeclaredAs> {
        let mut places: Vec<String> = Vec::new();
        let mut spans = self.places(ev)?;
        spans.sort_by_key(|span| !view.owns(&ev.sources, span.start));
        for span in spans {
            places.extend(ev.sources.place(span, view.root).map(|place| place.to_string()));
        }
        if places.is_empty() {
            let files = self.declarations(ev)?;
            places.extend(files.iter().map(|file| view.shorten(file).into_owned()));
        }
        let short = |text: &str| view.shorten(text.trim()).into_owned();
        Ok(DeclaredAs {
            path: self.path.clone(),
            kind: self.type_description(ev)?,
            places,
            description: self.description(ev)?.map(|text| short(&text)),
            default: self.default(ev)?.map(|said| said.map(short)),
            example: self.example(ev)?.map(|said| said.map(short)),
            read_only: self.is_read_only(ev)?,
            hidden: self.is_hidden(ev)?,
        })
    }
}

impl Explained {
    /// Returns in one sentence why the value is what it is.
    pub fn why(&self) -> String {
        let won: Vec<&DefinedAs> = self.definitions.iter().filter(|d| d.definition.won()).collect();
        let lost = self
            .definitions
            .iter()
            .filter(|d| d.definition.standing == Standing::Overridden);
        let next: Option<Priority> = lost.map(|d| d.definition.priority).min();
        let unknown = self
            .definitions
            .iter()
            .any(|d| d.definition.standing == Standing::Unknown);
        match won.as_slice() {
            [] if unknown => "a condition cannot be evaluated, so it cannot be told what counts".into(),
            [] => "nothing defines it".into(),
            [only] if only.definition.is_default => "nothing defines it, so its default counts".into(),
            [only] => match next {
                Some(next) => format!("{} is stronger than {}", only.definition.priority, self.named(next)),
                None => "nothing else defines it".into(),
            },
            [first, ..] => {
                if matches!(self.value, Told::Failed(_)) {
                    return format!(
                        "{} definitions have the strongest priority, {}",
                        won.len(),
                        first.definition.priority
                    );
                }
                let stronger = next.map(|next| format!(", stronger than {}", self.named(next)));
                format!(
                    "{} definitions of the strongest priority, {}{}, are merged in this order",
                    won.len(),
                    first.definition.priority,
                    stronger.unwrap_or_default()
                )
            }
        }
    }

    /// Returns a priority in words: that of the default by what it is.
    fn named(&self, priority: Priority) -> String {
        let of_default = |defined: &&DefinedAs| defined.definition.priority == priority;
        let mut all = self.definitions.iter().filter(of_default);
        match all.all(|defined| defined.definition.is_default) {
            true => format!("the option's default ({})", priority.0),
            false => priority.to_string(),
        }
    }
}

/// Returns the source text of a span.
fn written(ev: &Evaluator, span: Span) -> String {
    let text = || {
        let (file, start) = ev.sources.lookup(span.start)?;
        let (_, end) = ev.sources.lookup(span.end)?;
        let text = &ev.sources.file(file).text;
        let written = text.get(start as usize..end as usize)?;
        Some(String::from_utf8_lossy(written).into_owned())
    };
    text().unwrap_or_default()
}

impl DefinedAs {
    /// Returns where it is written, as far as that is known: place, or file.
    pub fn whereabouts(&self) -> String {
        match &self.place {
            Some(place) => place.to_string(),
            None => self.file.clone(),
        }
    }

    /// Returns whose it is in words: nothing for the user's own.
    pub fn whose(&self) -> Option<String> {
        match &self.definition.owner {
            Owner::Own => None,
            Owner::Input(input) => Some(input.clone()),
            Owner::Elsewhere => Some("a module without a place".into()),
        }
    }
}

#[cfg(test)]
mod tests;
