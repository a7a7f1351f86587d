//! Values as JSON, as Nix (by nlohmann's library) writes it: `toJSON`, structured attributes.

use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Tag, Val};
use crate::text::{json, number};
use diag::Pos;

/// What is being written.
struct Writer {
    out: Vec<u8>,
    context: ContextId,
    strict: bool,
    copy_to_store: bool,
}

impl Evaluator {
    /// Returns the JSON of a value, and what its strings refer to. Everything inside is evaluated;
    /// with `copy_to_store` paths are copied and become store paths.
    pub fn to_json(&mut self, value: Val, copy_to_store: bool, pos: Pos) -> Eval<(Vec<u8>, ContextId)> {
        self.json_with(value, true, copy_to_store, pos)
    }

    /// As [`Evaluator::to_json`]; without `strict` only what is evaluated already can be written.
    pub fn json_with(&mut self, value: Val, strict: bool, copy_to_store: bool, pos: Pos) -> Eval<(Vec<u8>, ContextId)> {
        let mut writer = Writer {
            out: Vec::new(),
            context: ContextId::EMPTY,
            strict,
            copy_to_store,
        };
        let depth = self.depth;
        self.enter(pos)?;
        let result = self.json_value(&mut writer, value, pos);
        self.depth = depth;
        result.map(|()| (writer.out, writer.context))
    }

    fn json_cell(&mut self, to: &mut Writer, cell: Ref, pos: Pos) -> Eval<()> {
        let depth = self.depth;
        self.enter(pos)?;
        self.text_room(to.out.len())?;
        let result = if std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            Err(self.fail_at(
                ErrorKind::StackOverflow,
                pos,
                "stack overflow (possible infinite recursion)",
            ))
        } else {
            let value = if to.strict {
                self.force_apart(cell, pos)
            } else {
                Ok(self.peek(cell))
            };
            value.and_then(|value| self.json_value(to, value, pos))
        };
        self.depth = depth;
        result
    }

    fn json_string(&mut self, to: &mut Writer, string: Val) -> Eval<()> {
        to.context = self.contexts.union(to.context, string.context());
        self.json_bytes(to, string.as_string().unwrap_or_default())
    }

    fn json_bytes(&mut self, to: &mut Writer, bytes: &[u8]) -> Eval<()> {
        match json::push_string(&mut to.out, bytes) {
            Ok(()) => Ok(()),
            Err(why) => Err(self.fail(ErrorKind::Eval, format!("JSON serialization error: {why}"))),
        }
    }

    fn json_value(&mut self, to: &mut Writer, value: Val, pos: Pos) -> Eval<()> {
        match value.tag() {
            Tag::Null => to.out.extend_from_slice(b"null"),
            Tag::Bool => to.out.extend_from_slice(if value.as_bool() == Some(true) {
                b"true"
            } else {
                b"false"
            }),
            Tag::Int => to
                .out
                .extend_from_slice(value.as_int().unwrap_or(0).to_string().as_bytes()),
            Tag::Float => to
                .out
                .extend_from_slice(number::json(value.as_float().unwrap_or(0.0)).as_bytes()),
            Tag::String => self.json_string(to, value)?,
            Tag::Path if to.copy_to_store => {
                let path = self.copy_path(value.as_path().unwrap_or_default())?;
                self.json_string(to, path)?;
            }
            Tag::Path => self.json_bytes(to, value.as_path().unwrap_or_default())?,
            Tag::Attrs | Tag::Layered => self.json_attrs(to, value, pos)?,
            Tag::List => {
                to.out.push(b'[');
                for (i, &element) in self.elements(value).iter().enumerate() {
                    if i > 0 {
                        to.out.push(b',');
                    }
                    if let Err(fail) = self.json_cell(to, element, pos) {
                        return Err(self.trace(fail, pos, format!("while evaluating list element at index {i}")));
                    }
                }
                to.out.push(b']');
            }
            _ => return Err(self.not_json(value, pos)),
        }
        Ok(())
    }

    #[cold]
    fn not_json(&mut self, value: Val, pos: Pos) -> Fail {
        let at = value.as_lambda().map_or(pos, |(lambda, _)| lambda.pos);
        let message = format!("cannot convert {} to JSON", self.show_type(value));
        self.fail_at(ErrorKind::Type, at, message)
    }

    fn json_attrs(&mut self, to: &mut Writer, value: Val, pos: Pos) -> Eval<()> {
        if let Some(attr) = self.mem.attr(value, self.names.to_string) {
            let this = self.cell(value);
            let result = self.call_cell(attr.value, &[this], pos)?;
            let context = "while evaluating the result of the `__toString` attribute";
            let string = self.coerce(result, pos, context, crate::coerce::Coercion::PLAIN)?;
            return self.json_string(to, string);
        }
        if let Some(attr) = self.mem.attr(value, self.names.out_path) {
            return self.json_cell(to, attr.value, attr.pos);
        }
        to.out.push(b'{');
        for (i, (name, attr)) in self.sorted_entries(value).into_iter().enumerate() {
            if i > 0 {
                to.out.push(b',');
            }
            let bytes = self.symbols.bytes(name).to_vec();
            self.json_bytes(to, &bytes)?;
            to.out.push(b':');
            if let Err(fail) = self.json_cell(to, attr.value, attr.pos) {
                let text = format!("while evaluating attribute '{}'", self.shown_name(name));
                return Err(self.trace(fail, attr.pos, text));
            }
        }
        to.out.push(b'}');
        Ok(())
    }
}
