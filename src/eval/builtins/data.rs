//! Data formats: JSON, TOML, XML.

use super::{Entry, entry};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use crate::text::json::{Event, JsonError, Reader};
use crate::text::toml::{self, Toml};
use diag::Pos;
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("toJSON", 1, to_json),
    entry("fromJSON", 1, from_json),
    entry("fromTOML", 1, from_toml).global(),
    entry("toXML", 1, to_xml),
];

fn to_json(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let (json, context) = ev.to_json(value, true, Pos::NONE)?;
    Ok(ev.mem.string_in(&json, context))
}

fn to_xml(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let (xml, context) = ev.to_xml(value, true, false)?;
    Ok(ev.mem.string_in(&xml, context))
}

fn from_json(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the first argument passed to builtins.fromJSON";
    let text = ev.force_plain_string(args[0], Pos::NONE, context)?;
    ev.looks_at(text);
    match ev.read_json(text) {
        Ok(value) => Ok(value),
        Err(error) => {
            let fail = ev.fail(ErrorKind::Eval, error.to_string());
            // Nix adds the frame to what its JSON library says, not to what it says itself.
            let ours = matches!(error, JsonError::IntegerOverflow(_) | JsonError::Nul(_));
            Err(if ours {
                fail
            } else {
                ev.trace(fail, Pos::NONE, "while decoding a JSON string")
            })
        }
    }
}

/// A list or object whose end is not read yet.
enum Open {
    List(Vec<Ref>),
    Object(Vec<(Symbol, Pos, Ref)>, Symbol),
}

impl Evaluator {
    /// Returns the value that a JSON text stands for. Does not recurse, however deep the text nests.
    pub fn read_json(&mut self, text: &[u8]) -> Result<Val, JsonError> {
        let mut open: Vec<Open> = Vec::new();
        let mut document = Val::NULL;
        for event in Reader::new(text) {
            let value = match event? {
                Event::Null => Val::NULL,
                Event::Bool(b) => Val::bool(b),
                Event::Integer(n) => Val::int(n),
                Event::Float(n) => Val::float(n),
                Event::String(s) => self.mem.string(s.as_bytes()),
                Event::ListStart => {
                    open.push(Open::List(Vec::new()));
                    continue;
                }
                Event::ObjectStart => {
                    open.push(Open::Object(Vec::new(), self.names.name));
                    continue;
                }
                Event::Key(name) => {
                    self.looks_at(name.as_bytes());
                    let name = self.symbols.intern(name.as_bytes());
                    if let Some(Open::Object(_, key)) = open.last_mut() {
                        *key = name;
                    }
                    continue;
                }
                Event::ListEnd | Event::ObjectEnd => match open.pop() {
                    Some(Open::List(elements)) => self.mem.list(&elements),
                    Some(Open::Object(attrs, _)) => self.mem.attrs_from(attrs),
                    None => Val::NULL,
                },
            };
            match open.last_mut() {
                // Going on tells whether something stands behind the document.
                None => document = value,
                Some(Open::List(elements)) => elements.push(self.mem.heap.alloc(value)),
                Some(Open::Object(attrs, key)) => attrs.push((*key, Pos::NONE, self.mem.heap.alloc(value))),
            }
        }
        Ok(document)
    }

    fn toml_value(&mut self, toml: Toml) -> Val {
        match toml {
            Toml::String(s) => self.mem.string(s.as_bytes()),
            Toml::Integer(n) => Val::int(n),
            Toml::Float(n) => Val::float(n),
            Toml::Bool(b) => Val::bool(b),
            Toml::Timestamp(text) => {
                let kind = self.symbols.intern(b"_type");
                let timestamp = self.string_cell(b"timestamp");
                let text = self.string_cell(text.as_bytes());
                let value = self.names.value;
                self.mem
                    .attrs_from(vec![(kind, Pos::NONE, timestamp), (value, Pos::NONE, text)])
            }
            Toml::List(elements) => {
                let cells: Vec<Ref> = elements
                    .into_iter()
                    .map(|e| {
                        let value = self.toml_value(e);
                        self.cell(value)
                    })
                    .collect();
                self.mem.list(&cells)
            }
            Toml::Table(table) => self.toml_table(table),
        }
    }

    fn toml_table(&mut self, table: std::collections::BTreeMap<String, Toml>) -> Val {
        let attrs = table
            .into_iter()
            .map(|(key, value)| {
                self.looks_at(key.as_bytes());
                let name = self.symbols.intern(key.as_bytes());
                let value = self.toml_value(value);
                (name, Pos::NONE, self.cell(value))
            })
            .collect();
        self.mem.attrs_from(attrs)
    }
}

fn from_toml(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the argument passed to builtins.fromTOML";
    let text = ev.force_plain_string(args[0], Pos::NONE, context)?;
    ev.looks_at(text);
    match toml::parse(text, ev.settings.parse_toml_timestamps) {
        Ok(table) => Ok(ev.toml_table(table)),
        Err(error) => Err(ev.fail(ErrorKind::Eval, format!("while parsing TOML: {error}"))),
    }
}
