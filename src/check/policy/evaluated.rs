//! The options of an evaluated host: only the parts that a policy asks for are evaluated.

use diag::{Diagnostic, Pos, Span};
use eval::{ErrorKind, Evaluator, Ref, Tag, Val};
use nixos::diagnose::Viewpoint;
use nixos::{Reading, System};
use report::Finding;
use std::collections::BTreeMap;

use super::OptionPath;
use super::judge::Options;
use super::tree::{Demand, Package, Tree};

/// Most values, with those in them, that a policy may look at of one option.
const MOST_VALUES: usize = 200_000;

/// Deepest nesting of a value.
const MOST_NESTING: usize = 64;

/// Most bytes of a text.
const MOST_TEXT: usize = 1 << 20;

/// Most characters of an error that are told.
const MOST_TOLD: usize = 300;

/// The options of an evaluated configuration.
pub struct Evaluated<'e> {
    /// The evaluator that the configuration lives in.
    pub ev: &'e mut Evaluator,
    /// The configuration.
    pub system: &'e System,
    /// Whose files are the user's own.
    pub view: Viewpoint<'e>,
    /// Whether the configuration as a whole evaluates; what does not is told by its own case then.
    pub evaluates: bool,
}

impl Options for Evaluated<'_> {
    fn value(&mut self, path: &OptionPath, demand: &Demand) -> Tree {
        match self.system.value(self.ev, path.names()) {
            Ok(Reading::Value(value)) => {
                let mut reader = Reader {
                    ev: self.ev,
                    left: MOST_VALUES,
                };
                reader.tree(value, Some(demand), 0)
            }
            Ok(Reading::Absent) => Tree::Missing(self.absent(path)),
            Ok(Reading::Undefined) => Tree::Missing("nothing defines it".into()),
            Ok(Reading::Failed(error)) => Tree::Unknown(told(&error.message)),
            Err(_) => {
                let error = self.ev.take_error();
                Tree::Unknown(told(&error.message))
            }
        }
    }

    fn place(&mut self, way: &[String]) -> Option<Span> {
        // Elements of a list have no names: the list is meant.
        let names = way
            .iter()
            .take_while(|name| !name.starts_with('['))
            .cloned()
            .collect::<Vec<_>>();
        match self.system.place_of(self.ev, &names, &self.view) {
            Ok(span) => span.start.is_some().then_some(span),
            Err(_) => {
                // A place is only worth knowing: the host itself will do.
                self.ev.take_error();
                let span = self.system.place(self.ev);
                span.start.is_some().then_some(span)
            }
        }
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        Finding::from_diagnostic(diagnostic, &self.ev.sources, self.view.root)
    }

    fn evaluates(&self) -> bool {
        self.evaluates
    }
}

impl Evaluated<'_> {
    /// Returns what is said of an option that is not there, with a near name where its path ends.
    fn absent(&mut self, path: &OptionPath) -> String {
        let names = path.names();
        for length in (0..names.len()).rev() {
            let around = match self.system.value(self.ev, &names[..length]) {
                Ok(Reading::Value(value)) if value.is_attrs() => value,
                Ok(_) => continue,
                Err(_) => {
                    self.ev.take_error();
                    break;
                }
            };
            let wanted = self.ev.symbols.intern(names[length].as_bytes());
            let known = self.ev.mem.entries(around).shape.keys;
            let near = self.ev.near_names(wanted, known);
            let near: Vec<String> = near
                .iter()
                .map(|near| {
                    let names: Vec<String> = names[..length]
                        .iter()
                        .chain([near])
                        .chain(&names[length + 1..])
                        .cloned()
                        .collect();
                    super::option_path::shown(&names)
                })
                .collect();
            return match near.first() {
                Some(near) => format!("there is no such option; did you mean `{near}`?"),
                None => "there is no such option".into(),
            };
        }
        "there is no such option".into()
    }
}

/// Returns an error in one line.
fn told(message: &str) -> String {
    let line = message
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let mut line: String = line.chars().take(MOST_TOLD).collect();
    if line.is_empty() {
        line.push_str("it fails without saying why");
    }
    format!("it cannot be evaluated: {line}")
}

struct Reader<'r> {
    ev: &'r mut Evaluator,
    /// How many values more may be looked at.
    left: usize,
}

impl Reader<'_> {
    /// Returns the parts of a value that are asked for.
    fn tree(&mut self, value: Val, demand: Option<&Demand>, depth: usize) -> Tree {
        if self.left == 0 {
            return Tree::Unknown(format!("it has more than {MOST_VALUES} values in it"));
        }
        if depth > MOST_NESTING {
            return Tree::Unknown(format!("it is nested more than {MOST_NESTING} deep"));
        }
        self.left -= 1;
        match value.tag() {
            Tag::Null => Tree::Null,
            Tag::Bool => Tree::Bool(value.as_bool().unwrap_or_default()),
            Tag::Int => Tree::Int(value.as_int().unwrap_or_default()),
            Tag::Float => Tree::Float(value.as_float().unwrap_or_default()),
            Tag::String => text(value.as_string().unwrap_or_default()).map_or_else(Tree::Unknown, Tree::Text),
            Tag::Path => text(value.as_path().unwrap_or_default()).map_or_else(Tree::Unknown, Tree::Path),
            Tag::List => self.list(value, demand, depth),
            Tag::Attrs | Tag::Layered => match self.package(value) {
                Some(package) => Tree::Package(package),
                None => self.attrs(value, demand, depth),
            },
            Tag::Lambda | Tag::Builtin | Tag::Partial => Tree::Function,
            // A forced value is none of these.
            Tag::Thunk | Tag::Apply | Tag::ApplyTwo | Tag::Blackhole | Tag::Failed | Tag::Open => Tree::Unread,
        }
    }

    fn list(&mut self, value: Val, demand: Option<&Demand>, depth: usize) -> Tree {
        let inner = demand.and_then(Demand::of_element);
        let elements = self.ev.elements(value);
        let all = elements.iter().map(|&cell| match &inner {
            Some(inner) => self.cell(cell, Pos::NONE, inner, depth),
            None => Tree::Unread,
        });
        Tree::List(all.collect())
    }

    fn attrs(&mut self, value: Val, demand: Option<&Demand>, depth: usize) -> Tree {
        let mut attributes = BTreeMap::new();
        for (name, attr) in self.ev.sorted_entries(value) {
            let name = self.ev.symbols.text(name).into_owned();
            let inner = demand.and_then(|demand| demand.of_name(&name));
            let tree = match inner {
                Some(inner) => self.cell(attr.value, attr.pos, &inner, depth),
                None => Tree::Unread,
            };
            attributes.insert(name, tree);
        }
        Tree::Attrs(attributes)
    }

    fn cell(&mut self, cell: Ref, pos: Pos, demand: &Demand, depth: usize) -> Tree {
        match self.ev.contained(|ev| ev.force(cell, pos)) {
            Ok(value) => self.tree(value, Some(demand), depth + 1),
            Err(_) => {
                if self.ev.error_kind() == ErrorKind::Limit {
                    // All that follows would meet the limit again.
                    self.left = 0;
                }
                let error = self.ev.take_error();
                Tree::Unknown(told(&error.message))
            }
        }
    }

    /// Returns the names of a derivation; none if the value is none.
    fn package(&mut self, value: Val) -> Option<Package> {
        // Only the names are looked at: a set with an attribute `type` need not be a derivation, and
        // the attribute may fail.
        for name in ["type", "drvPath", "name"] {
            let name = self.ev.symbols.intern(name.as_bytes());
            self.ev.mem.attr(value, name)?;
        }
        match self.ev.contained(|ev| ev.is_derivation(value)) {
            Ok(true) => Some(Package {
                name: self.word(value, "name"),
                pname: self.word(value, "pname"),
                version: self.word(value, "version"),
            }),
            Ok(false) => None,
            Err(_) => {
                self.ev.take_error();
                None
            }
        }
    }

    /// Returns a text that a set has; nothing if it has none or that fails.
    fn word(&mut self, value: Val, name: &str) -> String {
        let symbol = self.ev.symbols.intern(name.as_bytes());
        let Some(attr) = self.ev.mem.attr(value, symbol) else {
            return String::new();
        };
        match self.ev.contained(|ev| ev.force(attr.value, attr.pos)) {
            Ok(found) => found
                .as_string()
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .unwrap_or_default(),
            Err(_) => {
                self.ev.take_error();
                String::new()
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<String, String> {
    if bytes.len() > MOST_TEXT {
        return Err(format!("it is a text of more than {MOST_TEXT} bytes"));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
#[path = "evaluated/tests.rs"]
mod tests;
