//! Values as text: as `trace` and messages show them, and as `nix-instantiate --eval` prints them.

use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use crate::text::{number, print};
use diag::Pos;
use rustc_hash::FxHashSet;

/// How much of a value is shown. The defaults show all of what is evaluated already.
#[derive(Clone, Copy, Debug)]
pub struct ShowOptions {
    /// Whether what is not evaluated is evaluated for it.
    pub force: bool,
    /// Whether derivations are shown as their path.
    pub derivation_paths: bool,
    /// Whether what was shown before is marked so instead of being shown again.
    pub track_repeated: bool,
    /// How deep.
    pub max_depth: usize,
    /// How many attributes in all.
    pub max_attrs: usize,
    /// How many list elements in all.
    pub max_items: usize,
    /// How many bytes of a string.
    pub max_string: usize,
    /// Spaces by which lines are indented; zero for one line.
    pub indent: usize,
}

impl Default for ShowOptions {
    fn default() -> Self {
        ShowOptions {
            force: false,
            derivation_paths: false,
            track_repeated: true,
            max_depth: usize::MAX,
            max_attrs: usize::MAX,
            max_items: usize::MAX,
            max_string: usize::MAX,
            indent: 0,
        }
    }
}

/// What messages show; the limits are Nix's `errorPrintOptions`.
const IN_ERRORS: ShowOptions = ShowOptions {
    force: false,
    derivation_paths: false,
    track_repeated: true,
    max_depth: 10,
    max_attrs: 10,
    max_items: 10,
    max_string: 1024,
    indent: 0,
};

/// What `nix eval` prints.
pub const NIX_EVAL: ShowOptions = ShowOptions {
    force: true,
    derivation_paths: true,
    track_repeated: true,
    max_depth: usize::MAX,
    max_attrs: usize::MAX,
    max_items: usize::MAX,
    max_string: usize::MAX,
    indent: 0,
};

struct Shower {
    out: Vec<u8>,
    options: ShowOptions,
    seen: FxHashSet<(u64, u64)>,
    attrs: usize,
    items: usize,
    indent: usize,
}

impl Evaluator {
    /// Returns a value as `builtins.trace` shows it: nothing is evaluated for it.
    pub fn show(&mut self, value: Val) -> Vec<u8> {
        self.show_with(value, ShowOptions::default())
            .unwrap_or_else(|_| b"...".to_vec())
    }

    /// Returns a value as messages show it: cut to size, nothing is evaluated for it.
    pub fn show_for_error(&mut self, value: Val) -> String {
        let under_way = self.suspend_error();
        let shown = self.show_with(value, IN_ERRORS).unwrap_or_else(|_| "«…»".into());
        self.resume_error(under_way);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Returns a value as text. Fails only if `force` is set and evaluation fails at the top, or on
    /// values nested too deeply.
    pub fn show_with(&mut self, value: Val, options: ShowOptions) -> Eval<Vec<u8>> {
        let mut shower = Shower {
            out: Vec::new(),
            options,
            seen: FxHashSet::default(),
            attrs: 0,
            items: 0,
            indent: 0,
        };
        self.show_value(&mut shower, None, value, 0)?;
        Ok(shower.out)
    }

    fn show_cell(&mut self, to: &mut Shower, cell: Ref, depth: usize) -> Eval<()> {
        let mut value = self.peek(cell);
        if to.options.force && !value.is_whnf() {
            match self.force(cell, Pos::NONE) {
                Ok(forced) => value = forced,
                Err(fail) if self.error_kind().is_of_this_run() => return Err(fail),
                Err(_) => {
                    let error = self.take_error();
                    to.out
                        .extend_from_slice(format!("«error: {}»", error.message).as_bytes());
                    return Ok(());
                }
            }
        }
        self.show_value(to, Some(cell), value, depth)
    }

    fn show_value(&mut self, to: &mut Shower, cell: Option<Ref>, value: Val, depth: usize) -> Eval<()> {
        if depth > self.settings.max_call_depth as usize || std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            return Err(self.fail(ErrorKind::StackOverflow, "stack overflow; max-call-depth exceeded"));
        }
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
                .extend_from_slice(number::shown(value.as_float().unwrap_or(0.0)).as_bytes()),
            Tag::String => {
                print::push_string_cut(
                    &mut to.out,
                    value.as_string().unwrap_or_default(),
                    to.options.max_string,
                );
            }
            Tag::Path => crate::files::push_path(&mut to.out, value.as_path().unwrap_or_default()),
            Tag::List => self.show_list(to, cell, value, depth)?,
            Tag::Attrs | Tag::Layered => self.show_attrs(to, value, depth)?,
            Tag::Lambda | Tag::Builtin | Tag::Partial => {
                let text = self.show_function(value);
                to.out.extend_from_slice(text.as_bytes());
            }
            Tag::Thunk | Tag::Apply | Tag::ApplyTwo | Tag::Failed | Tag::Open => {
                to.out.extend_from_slice("«thunk»".as_bytes())
            }
            Tag::Blackhole => to.out.extend_from_slice("«potential infinite recursion»".as_bytes()),
        }
        Ok(())
    }

    fn show_function(&mut self, value: Val) -> String {
        if let Some((lambda, _)) = value.as_lambda() {
            let name = lambda
                .name
                .get()
                .map(|n| format!(" {}", self.symbols.text(n)))
                .unwrap_or_default();
            return format!("«lambda{name} @ {}»", self.show_pos(lambda.pos));
        }
        let mut base = value;
        while let Some((left, _)) = base.as_partial() {
            base = self.peek(left);
        }
        let name = self.builtins[base.as_builtin().unwrap_or(0) as usize].name;
        let partial = if value.tag() == Tag::Partial {
            "partially applied "
        } else {
            ""
        };
        format!("«{partial}primop {name}»")
    }

    fn show_space(to: &mut Shower, lines: bool) {
        if lines {
            to.out.push(b'\n');
            to.out.resize(to.out.len() + to.indent, b' ');
        } else {
            to.out.push(b' ');
        }
    }

    /// Whether a collection stands on several lines: it has more than one part, or one with parts.
    fn on_lines(&mut self, to: &Shower, parts: &[Ref]) -> Eval<bool> {
        match parts {
            _ if to.options.indent == 0 => Ok(false),
            [] => Ok(false),
            [only] => {
                let value = self.force(*only, Pos::NONE)?;
                Ok(matches!(value.tag(), Tag::List | Tag::Attrs | Tag::Layered))
            }
            _ => Ok(true),
        }
    }

    fn show_list(&mut self, to: &mut Shower, cell: Option<Ref>, value: Val, depth: usize) -> Eval<()> {
        let elements = self.elements(value);
        if to.options.track_repeated && !elements.is_empty() {
            let key = match cell {
                Some(cell) => (1, u64::from(cell.index())),
                None => (2, value.as_list().map_or(0, |l| u64::from(l.0.index()))),
            };
            if !to.seen.insert(key) {
                to.out.extend_from_slice("«repeated»".as_bytes());
                return Ok(());
            }
        }
        if depth >= to.options.max_depth {
            to.out.extend_from_slice(b"[ ... ]");
            return Ok(());
        }
        to.indent += to.options.indent;
        to.out.push(b'[');
        let lines = self.on_lines(to, elements)?;
        for (i, &element) in elements.iter().enumerate() {
            Self::show_space(to, lines);
            if to.items >= to.options.max_items {
                print::push_elided(&mut to.out, elements.len() - i, "item", "items");
                break;
            }
            self.show_cell(to, element, depth + 1)?;
            to.items += 1;
        }
        to.indent -= to.options.indent;
        Self::show_space(to, lines);
        to.out.push(b']');
        Ok(())
    }

    fn show_attrs(&mut self, to: &mut Shower, value: Val, depth: usize) -> Eval<()> {
        if to.options.track_repeated && !to.seen.insert(self.set_identity(value)) {
            to.out.extend_from_slice("«repeated»".as_bytes());
            return Ok(());
        }
        if to.options.force && to.options.derivation_paths && self.is_derivation(value)? {
            to.out.extend_from_slice("«derivation".as_bytes());
            if let Some(attr) = self.mem.attr(value, self.names.drv_path) {
                let context = "while evaluating the drvPath of a derivation";
                let path = self.coerce_cell(attr.value, attr.pos, context, crate::coerce::Coercion::PLAIN)?;
                to.out.push(b' ');
                to.out.extend_from_slice(path.as_string().unwrap_or_default());
            }
            to.out.extend_from_slice("»".as_bytes());
            return Ok(());
        }
        if depth >= to.options.max_depth {
            to.out.extend_from_slice(b"{ ... }");
            return Ok(());
        }
        let mut entries = self.sorted_entries(value);
        if to.options.max_attrs != usize::MAX {
            // When not all are shown, the type comes first.
            let important = |n: &[u8]| n == b"type" || n == b"_type";
            entries.sort_by_key(|(name, _)| !important(self.symbols.bytes(*name)));
        }
        let cells: Vec<Ref> = entries.iter().map(|(_, a)| a.value).collect();
        to.indent += to.options.indent;
        to.out.push(b'{');
        let lines = self.on_lines(to, &cells)?;
        for (i, (name, attr)) in entries.iter().enumerate() {
            Self::show_space(to, lines);
            if to.attrs >= to.options.max_attrs {
                print::push_elided(&mut to.out, entries.len() - i, "attribute", "attributes");
                break;
            }
            print::push_attribute_name(&mut to.out, self.symbols.bytes(*name));
            to.out.extend_from_slice(b" = ");
            self.show_cell(to, attr.value, depth + 1)?;
            to.out.push(b';');
            to.attrs += 1;
        }
        to.indent -= to.options.indent;
        Self::show_space(to, lines);
        to.out.push(b'}');
        Ok(())
    }

    /// Returns what tells whether two sets are one and the same in memory; all empty ones are.
    pub(crate) fn set_identity(&self, value: Val) -> (u64, u64) {
        if self.mem.attrs_len(value) == 0 {
            return (3, 0);
        }
        match (value.as_flat(), value.as_layered()) {
            (Some((_, words)), _) => (3, u64::from(words.index())),
            (_, Some(layer)) => (4, std::ptr::from_ref(layer) as u64),
            _ => (5, 0),
        }
    }

    /// Appends a value as `nix-instantiate --eval` prints it (`printAmbiguous`): evaluated parts in
    /// full, others as `<CODE>`.
    pub fn show_plain(&mut self, value: Val) -> Eval<Vec<u8>> {
        let mut out = Vec::new();
        let mut seen = FxHashSet::default();
        self.show_plain_inside(&mut out, None, value, &mut seen, 0)?;
        Ok(out)
    }

    fn show_plain_inside(
        &mut self,
        out: &mut Vec<u8>,
        cell: Option<Ref>,
        value: Val,
        seen: &mut FxHashSet<(u64, u64)>,
        depth: u32,
    ) -> Eval<()> {
        if depth > self.settings.max_call_depth || std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            return Err(self.fail(ErrorKind::StackOverflow, "stack overflow; max-call-depth exceeded"));
        }
        match value.tag() {
            Tag::Null => out.extend_from_slice(b"null"),
            Tag::Bool => out.extend_from_slice(if value.as_bool() == Some(true) {
                b"true"
            } else {
                b"false"
            }),
            Tag::Int => out.extend_from_slice(value.as_int().unwrap_or(0).to_string().as_bytes()),
            Tag::Float => out.extend_from_slice(number::shown(value.as_float().unwrap_or(0.0)).as_bytes()),
            Tag::String => print::push_string(out, value.as_string().unwrap_or_default()),
            Tag::Path => crate::files::push_path(out, value.as_path().unwrap_or_default()),
            Tag::List => {
                let elements = self.elements(value);
                let key = match cell {
                    Some(cell) => (1, u64::from(cell.index())),
                    None => (2, 0),
                };
                if !elements.is_empty() && !seen.insert(key) {
                    out.extend_from_slice("«repeated»".as_bytes());
                    return Ok(());
                }
                out.extend_from_slice(b"[ ");
                for &element in elements {
                    self.show_plain_inside(out, Some(element), self.peek(element), seen, depth + 1)?;
                    out.push(b' ');
                }
                out.push(b']');
            }
            Tag::Attrs | Tag::Layered => {
                if self.mem.attrs_len(value) > 0 && !seen.insert(self.set_identity(value)) {
                    out.extend_from_slice("«repeated»".as_bytes());
                    return Ok(());
                }
                out.extend_from_slice(b"{ ");
                for (name, attr) in self.sorted_entries(value) {
                    print::push_identifier(out, self.symbols.bytes(name));
                    out.extend_from_slice(b" = ");
                    self.show_plain_inside(out, Some(attr.value), self.peek(attr.value), seen, depth + 1)?;
                    out.extend_from_slice(b"; ");
                }
                out.push(b'}');
            }
            Tag::Lambda => out.extend_from_slice(b"<LAMBDA>"),
            Tag::Builtin => out.extend_from_slice(b"<PRIMOP>"),
            Tag::Partial => out.extend_from_slice(b"<PRIMOP-APP>"),
            Tag::Thunk | Tag::Apply | Tag::ApplyTwo | Tag::Failed | Tag::Open => out.extend_from_slice(b"<CODE>"),
            Tag::Blackhole => out.extend_from_slice("«potential infinite recursion»".as_bytes()),
        }
        Ok(())
    }
}
