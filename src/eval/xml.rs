//! Values as XML: `toXML` and `nix-instantiate --xml`.

use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Tag, Val};
use crate::text::number;
use crate::text::xml::XmlWriter;
use diag::{Origin, Pos};
use std::collections::HashSet;

/// What is being written.
struct Writer {
    xml: XmlWriter,
    context: ContextId,
    strict: bool,
    location: bool,
    /// Derivations that were written before.
    seen: HashSet<Vec<u8>>,
}

impl Evaluator {
    /// Returns the XML of a value, and what its strings refer to. With `strict` everything inside is
    /// evaluated; with `location` attributes and functions tell where they stand.
    pub fn to_xml(&mut self, value: Val, strict: bool, location: bool) -> Eval<(Vec<u8>, ContextId)> {
        let mut to = Writer {
            xml: XmlWriter::new(),
            context: ContextId::EMPTY,
            strict,
            location,
            seen: HashSet::new(),
        };
        to.xml.open("expr", &[]);
        self.xml_value(&mut to, value)?;
        to.xml.close();
        Ok((to.xml.finish(), to.context))
    }

    fn xml_cell(&mut self, to: &mut Writer, cell: Ref, pos: Pos) -> Eval<()> {
        let depth = self.depth;
        self.enter(pos)?;
        let result = if std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            Err(self.fail_at(
                ErrorKind::StackOverflow,
                pos,
                "stack overflow (possible infinite recursion)",
            ))
        } else {
            let value = if to.strict {
                self.force(cell, pos)
            } else {
                Ok(self.peek(cell))
            };
            value.and_then(|value| self.xml_value(to, value))
        };
        self.depth = depth;
        result
    }

    fn xml_value(&mut self, to: &mut Writer, value: Val) -> Eval<()> {
        match value.tag() {
            Tag::Null => to.xml.empty("null", &[]),
            Tag::Bool => {
                let text: &[u8] = if value.as_bool() == Some(true) {
                    b"true"
                } else {
                    b"false"
                };
                to.xml.empty("bool", &[("value", text)]);
            }
            Tag::Int => to
                .xml
                .empty("int", &[("value", value.as_int().unwrap_or(0).to_string().as_bytes())]),
            Tag::Float => {
                let text = number::shown(value.as_float().unwrap_or(0.0));
                to.xml.empty("float", &[("value", text.as_bytes())]);
            }
            Tag::String => {
                to.context = self.contexts.union(to.context, value.context());
                to.xml
                    .empty("string", &[("value", value.as_string().unwrap_or_default())]);
            }
            Tag::Path => to.xml.empty("path", &[("value", value.as_path().unwrap_or_default())]),
            Tag::List => {
                to.xml.open("list", &[]);
                for &element in self.elements(value) {
                    self.xml_cell(to, element, Pos::NONE)?;
                }
                to.xml.close();
            }
            Tag::Attrs | Tag::Layered => self.xml_attrs(to, value)?,
            Tag::Lambda => self.xml_function(to, value),
            _ => to.xml.empty("unevaluated", &[]),
        }
        Ok(())
    }

    fn xml_place(&self, pos: Pos) -> Vec<(&'static str, Vec<u8>)> {
        let Some((file, line, column)) = self.sources.locate(pos) else {
            return Vec::new();
        };
        // In the order of the attributes' names, as Nix keeps them sorted.
        let mut place = vec![
            ("column", column.to_string().into_bytes()),
            ("line", line.to_string().into_bytes()),
        ];
        if let Origin::File(path) = &file.origin {
            place.push(("path", path.to_vec()));
        }
        place
    }

    fn xml_attrs(&mut self, to: &mut Writer, value: Val) -> Eval<()> {
        if !self.is_derivation(value)? {
            to.xml.open("attrs", &[]);
            self.xml_entries(to, value)?;
            to.xml.close();
            return Ok(());
        }
        let mut paths: Vec<(&'static str, &'static [u8])> = Vec::new();
        for (text, name) in [("drvPath", self.names.drv_path), ("outPath", self.names.out_path)] {
            if let Some(attr) = self.mem.attr(value, name) {
                let path = if to.strict {
                    self.force(attr.value, attr.pos)?
                } else {
                    self.peek(attr.value)
                };
                if let Some(path) = path.as_string() {
                    paths.push((text, path));
                }
            }
        }
        let drv = paths.iter().find(|p| p.0 == "drvPath").map(|p| p.1).unwrap_or_default();
        to.xml.open("derivation", &paths);
        if !drv.is_empty() && to.seen.insert(drv.to_vec()) {
            self.xml_entries(to, value)?;
        } else {
            to.xml.empty("repeated", &[]);
        }
        to.xml.close();
        Ok(())
    }

    fn xml_entries(&mut self, to: &mut Writer, value: Val) -> Eval<()> {
        for (name, attr) in self.sorted_entries(value) {
            let place = if to.location {
                self.xml_place(attr.pos)
            } else {
                Vec::new()
            };
            let name = self.symbols.bytes(name).to_vec();
            let mut attributes: Vec<(&str, &[u8])> = place.iter().map(|(k, v)| (*k, v.as_slice())).collect();
            // "name" sorts between "line" and "path".
            let at = attributes.iter().position(|a| a.0 > "name").unwrap_or(attributes.len());
            attributes.insert(at, ("name", &name));
            to.xml.open("attr", &attributes);
            self.xml_cell(to, attr.value, attr.pos)?;
            to.xml.close();
        }
        Ok(())
    }

    fn xml_function(&mut self, to: &mut Writer, value: Val) {
        let Some((lambda, _)) = value.as_lambda() else { return };
        let place = if to.location {
            self.xml_place(lambda.pos)
        } else {
            Vec::new()
        };
        let attributes: Vec<(&str, &[u8])> = place.iter().map(|(k, v)| (*k, v.as_slice())).collect();
        to.xml.open("function", &attributes);
        let arg = lambda.arg.map(|a| self.symbols.bytes(a).to_vec());
        match &lambda.formals {
            Some(formals) => {
                let mut attributes: Vec<(&str, &[u8])> = Vec::new();
                if formals.ellipsis {
                    attributes.push(("ellipsis", b"1"));
                }
                if let Some(arg) = &arg {
                    attributes.push(("name", arg));
                }
                to.xml.open("attrspat", &attributes);
                for &i in formals.shape.lexical(&self.symbols, self.mem.arena) {
                    let name = self.symbols.bytes(formals.shape.keys[i as usize]);
                    to.xml.empty("attr", &[("name", name)]);
                }
                to.xml.close();
            }
            None => to.xml.empty("varpat", &[("name", arg.as_deref().unwrap_or_default())]),
        }
        to.xml.close();
    }
}
