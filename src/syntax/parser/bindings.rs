//! Bindings of sets and `let`, and how `a.b = 1; a.c = 2; a = { d = 3; };` becomes one nested set.
//!
//! A set is built from a list of entries and frozen into the arena at its end. A nested set that is
//! added to later is thawed into such a list again, once, so that adding stays linear.

use super::stacks::emptied;
use super::{Outcome, Parser};
use crate::ast::{AttrName, Binding, BindingValue, Bindings, DynamicBinding, Expr, ExprKind, ExprRef};
use crate::error::SyntaxError;
use crate::print;
use crate::token::Kind;
use crate::{Symbol, Symbols};
use bumpalo::Bump;
use diag::{Pos, Span};
use rustc_hash::FxHashMap;

/// Up to so many entries a list is searched, not a table.
const SEARCHED: usize = 12;

/// The largest table that the next set goes on with: clearing a larger one takes longer than making one.
const KEPT: usize = 256;

/// A set that may still be added to.
#[derive(Default)]
pub(super) struct SetBuilder<'a> {
    entries: Vec<Entry<'a>>,
    /// Where each name is in `entries`; empty while there are few.
    index: FxHashMap<Symbol, u32>,
    sources: Vec<(Pos, ExprRef<'a>)>,
    dynamic: Vec<DynamicBinding<'a>>,
    recursive: bool,
}

struct Entry<'a> {
    name: Symbol,
    pos: Pos,
    value: Value<'a>,
}

enum Value<'a> {
    Plain(ExprRef<'a>),
    Nested(Box<Nested<'a>>),
    Inherited,
    InheritedFrom {
        /// The index of the source that Nix arrives at.
        source: u32,
        /// The index of the source that is meant.
        meant: u32,
    },
}

/// A nested set that was thawed, with the place of the expression it was.
struct Nested<'a> {
    set: SetBuilder<'a>,
    span: Span,
    pos: Pos,
}

impl<'a> SetBuilder<'a> {
    fn find(&self, name: Symbol) -> Option<usize> {
        if self.entries.len() <= SEARCHED {
            return self.entries.iter().position(|entry| entry.name == name);
        }
        self.index.get(&name).map(|&n| n as usize)
    }

    fn insert(&mut self, name: Symbol, pos: Pos, value: Value<'a>) {
        if self.entries.len() >= SEARCHED {
            if self.index.is_empty() {
                self.index
                    .extend(self.entries.iter().enumerate().map(|(n, entry)| (entry.name, n as u32)));
            }
            self.index.insert(name, self.entries.len() as u32);
        }
        self.entries.push(Entry { name, pos, value });
    }

    /// Returns the same memory with nothing in it.
    pub(super) fn emptied<'b>(mut self) -> SetBuilder<'b> {
        self.clear_index();
        SetBuilder {
            entries: emptied(self.entries),
            index: self.index,
            sources: emptied(self.sources),
            dynamic: emptied(self.dynamic),
            recursive: false,
        }
    }

    fn clear_index(&mut self) {
        if self.index.capacity() > KEPT {
            self.index = FxHashMap::default();
        } else if !self.index.is_empty() {
            self.index.clear();
        }
    }

    fn thaw(bindings: &Bindings<'a>) -> SetBuilder<'a> {
        let mut set = SetBuilder {
            recursive: bindings.recursive,
            ..SetBuilder::default()
        };
        for binding in bindings.attrs {
            let value = match binding.value {
                BindingValue::Plain(expr) => Value::Plain(expr),
                BindingValue::Inherited => Value::Inherited,
                BindingValue::InheritedFrom(source) => Value::InheritedFrom { source, meant: source },
            };
            set.insert(binding.name, binding.pos, value);
        }
        set.sources.extend_from_slice(bindings.inherit_from);
        set.dynamic.extend_from_slice(bindings.dynamic);
        set
    }
}

impl<'a> Entry<'a> {
    /// Returns the nested set that this entry is, ready to be added to; `None` when it is none.
    fn nested(&mut self) -> Option<&mut SetBuilder<'a>> {
        if let Value::Plain(Expr {
            kind: ExprKind::Attrs(bindings),
            span,
            pos,
        }) = self.value
        {
            self.value = Value::Nested(Box::new(Nested {
                set: SetBuilder::thaw(bindings),
                span: *span,
                pos: *pos,
            }));
        }
        match &mut self.value {
            Value::Nested(nested) => Some(&mut nested.set),
            _ => None,
        }
    }

    /// Whether this entry is a set.
    fn is_set(&self) -> bool {
        matches!(
            self.value,
            Value::Nested(_)
                | Value::Plain(Expr {
                    kind: ExprKind::Attrs(_),
                    ..
                })
        )
    }
}

/// A name that is defined twice.
struct Twice {
    path: Vec<Symbol>,
    pos: Pos,
    previous: Pos,
}

impl Twice {
    fn error(&self, symbols: &Symbols, span: Span) -> SyntaxError {
        let names: Vec<String> = self.path.iter().map(|&name| print::identifier(symbols, name)).collect();
        SyntaxError {
            message: format!("attribute '{}' already defined at ", names.join(".")),
            pos: self.pos,
            span,
            previous: Some(self.previous),
            hint: None,
        }
    }
}

impl<'a> Parser<'a, '_> {
    /// The bindings up to the token `close`, which is not read.
    pub(super) fn bindings(&mut self, close: Kind, recursive: bool) -> Outcome<&'a Bindings<'a>> {
        // The sets being built are kept in the parser, not on the thread's stack.
        let level = self.open_sets;
        if level == self.stacks.sets.len() {
            self.stacks.sets.push(SetBuilder {
                entries: Vec::with_capacity(SEARCHED),
                ..SetBuilder::default()
            });
        }
        self.open_sets += 1;
        while self.token.kind != close {
            match self.token.kind {
                Kind::Inherit => self.inherit(level)?,
                Kind::Id | Kind::OrWord | Kind::Quote | Kind::DollarBrace => self.binding(level)?,
                _ => return self.unexpected(),
            }
        }
        Ok(self.close_set(level, recursive))
    }

    #[inline(never)]
    fn close_set(&mut self, level: usize, recursive: bool) -> &'a Bindings<'a> {
        self.open_sets = level;
        let set = &mut self.stacks.sets[level];
        set.recursive = recursive;
        freeze(self.arena, set)
    }

    fn binding(&mut self, level: usize) -> Outcome<()> {
        let start = self.token.start;
        let first = self.attr_name()?;
        if let (Kind::Assign, AttrName::Static(name)) = (self.token.kind, first) {
            let end = self.previous_end;
            self.bump();
            let value = self.expr()?.expr;
            self.expect(Kind::Semicolon)?;
            let pos = self.pos(start);
            let set = &mut self.stacks.sets[level];
            match set.find(name) {
                None => set.insert(name, pos, Value::Plain(value)),
                Some(_) => self.add_binding(level, &[first], (pos, end), value),
            }
            return Ok(());
        }
        let mark = self.stacks.path.len();
        self.stacks.path.push(first);
        if self.token.kind == Kind::Dot {
            self.bump();
            self.attr_path_names()?;
        }
        let end = self.previous_end;
        self.expect(Kind::Assign)?;
        // A long path nests as deep as the braces it stands for.
        let deeper = (self.stacks.path.len() - mark - 1) as u32;
        if deeper > 0 && deeper + 1 >= super::MAX_NESTING - self.depth {
            return self.too_deep();
        }
        self.depth += deeper;
        let value = self.expr()?.expr;
        self.depth -= deeper;
        self.expect(Kind::Semicolon)?;
        let pos = self.pos(start);
        let mut path = std::mem::take(&mut self.stacks.path);
        self.add_binding(level, &path[mark..], (pos, end), value);
        path.truncate(mark);
        self.stacks.path = path;
        Ok(())
    }

    /// Adds a binding to the set of a level; its name is from `pos` up to `end`.
    fn add_binding(&mut self, level: usize, path: &[AttrName<'a>], (pos, end): (Pos, u32), value: ExprRef<'a>) {
        if let Err(twice) = add(self.arena, &mut self.stacks.sets[level], path, pos, value) {
            self.report_twice(&twice, Span::new(pos, self.pos(end)));
        }
    }

    #[cold]
    fn report_twice(&mut self, twice: &Twice, path: Span) {
        // Of an inner name only the start is known.
        let span = if twice.pos == path.start {
            path
        } else {
            let length = twice.path.last().map_or(0, |&name| self.symbols.bytes(name).len());
            Span::new(twice.pos, twice.pos.offset(length as u32))
        };
        self.errors.push(twice.error(self.symbols, span));
    }

    fn inherit(&mut self, level: usize) -> Outcome<()> {
        self.bump();
        let mut source = None;
        if self.token.kind == Kind::ParenOpen {
            self.bump();
            let node = self.expr()?;
            self.expect(Kind::ParenClose)?;
            source = Some((self.pos(node.start), node.expr));
        }
        self.inherited_names(level, source)
    }

    #[inline(never)]
    fn inherited_names(&mut self, level: usize, source: Option<(Pos, ExprRef<'a>)>) -> Outcome<()> {
        // The names are checked after the semicolon, as the generated parser does.
        let mark = self.stacks.inherited.len();
        loop {
            let start = self.token.start;
            match self.token.kind {
                Kind::Id | Kind::OrWord | Kind::Quote | Kind::DollarBrace => {}
                _ => break,
            }
            let name = self.attr_name()?;
            let span = Span::new(self.pos(start), self.pos(self.previous_end));
            match name {
                AttrName::Static(name) => self.stacks.inherited.push((name, span)),
                AttrName::Dynamic(_) => {
                    let end = self.previous_end;
                    self.report("dynamic attributes not allowed in inherit".into(), start, start, end);
                }
            }
        }
        self.expect(Kind::Semicolon)?;
        let set = &mut self.stacks.sets[level];
        let index = set.sources.len() as u32;
        set.sources.extend(source);
        for (name, span) in self.stacks.inherited.drain(mark..) {
            if let Some(n) = set.find(name) {
                let twice = Twice {
                    path: vec![name],
                    pos: span.start,
                    previous: set.entries[n].pos,
                };
                self.errors.push(twice.error(self.symbols, span));
                continue;
            }
            let value = match source {
                Some(_) => Value::InheritedFrom {
                    source: index,
                    meant: index,
                },
                None => Value::Inherited,
            };
            set.insert(name, span.start, value);
        }
        Ok(())
    }
}

/// Adds a value to an entry that is already there: two sets become one, anything else is an error.
/// A `rec` of the second set is lost, as in Nix.
fn merge<'a>(
    entry: &mut Entry<'a>,
    path: &mut Vec<Symbol>,
    pos: Pos,
    value: BindingValue<'a>,
) -> Result<(), Box<Twice>> {
    let previous = entry.pos;
    let (
        BindingValue::Plain(Expr {
            kind: ExprKind::Attrs(more),
            ..
        }),
        true,
    ) = (value, entry.is_set())
    else {
        return Err(Box::new(Twice {
            path: path.clone(),
            pos,
            previous,
        }));
    };
    let Some(set) = entry.nested() else {
        return Ok(());
    };
    let sources = set.sources.len() as u32;
    // Nix counts an `inherit (…)` up by the number of sources before it once for each of its names,
    // as those share one object.
    let mut names_of_source = vec![0u32; more.inherit_from.len()];
    for binding in more.attrs {
        if let BindingValue::InheritedFrom(source) = binding.value {
            names_of_source[source as usize] += 1;
        }
    }
    for binding in more.attrs {
        path.push(binding.name);
        match set.find(binding.name) {
            Some(at) => merge(&mut set.entries[at], path, binding.pos, binding.value)?,
            None => {
                let value = match binding.value {
                    BindingValue::Plain(expr) => Value::Plain(expr),
                    BindingValue::Inherited => Value::Inherited,
                    BindingValue::InheritedFrom(source) => Value::InheritedFrom {
                        source: source.saturating_add(sources.saturating_mul(names_of_source[source as usize])),
                        meant: source + sources,
                    },
                };
                set.insert(binding.name, binding.pos, value);
            }
        }
        path.pop();
    }
    set.dynamic.extend_from_slice(more.dynamic);
    set.sources.extend_from_slice(more.inherit_from);
    Ok(())
}

/// Adds `path = value` to a set.
fn add<'a>(
    arena: &'a Bump,
    set: &mut SetBuilder<'a>,
    path: &[AttrName<'a>],
    pos: Pos,
    value: ExprRef<'a>,
) -> Result<(), Box<Twice>> {
    let mut set = set;
    for (n, name) in path.iter().enumerate() {
        let rest = &path[n + 1..];
        let name = match *name {
            AttrName::Static(name) => name,
            AttrName::Dynamic(name) => {
                let value = nest(arena, rest, pos, value);
                set.dynamic.push(DynamicBinding { name, value, pos });
                return Ok(());
            }
        };
        let Some(at) = set.find(name) else {
            let value = nest(arena, rest, pos, value);
            set.insert(name, pos, Value::Plain(value));
            return Ok(());
        };
        // Dynamic names lead to new sets, so all names up to one that is found are known.
        let statics = |names: &[AttrName<'a>]| {
            names
                .iter()
                .filter_map(|name| {
                    if let AttrName::Static(name) = name {
                        Some(*name)
                    } else {
                        None
                    }
                })
                .collect()
        };
        let previous = set.entries[at].pos;
        if rest.is_empty() {
            let mut names: Vec<Symbol> = statics(path);
            return merge(&mut set.entries[at], &mut names, pos, BindingValue::Plain(value));
        }
        match set.entries[at].nested() {
            Some(nested) => set = nested,
            None => {
                return Err(Box::new(Twice {
                    path: statics(&path[..=n]),
                    pos,
                    previous,
                }));
            }
        }
    }
    Ok(())
}

/// Returns `{ a.b = value; }` for the path `a.b`, and `value` for no path at all.
fn nest<'a>(arena: &'a Bump, path: &[AttrName<'a>], pos: Pos, value: ExprRef<'a>) -> ExprRef<'a> {
    path.iter().rev().fold(value, |value, name| {
        let bindings = match *name {
            AttrName::Static(name) => Bindings {
                recursive: false,
                attrs: arena.alloc_slice_copy(&[Binding {
                    name,
                    pos,
                    value: BindingValue::Plain(value),
                }]),
                inherit_from: &[],
                dynamic: &[],
            },
            AttrName::Dynamic(name) => Bindings {
                recursive: false,
                attrs: &[],
                inherit_from: &[],
                dynamic: arena.alloc_slice_copy(&[DynamicBinding { name, value, pos }]),
            },
        };
        arena.alloc(Expr {
            span: Span::default(),
            pos: Pos::NONE,
            kind: ExprKind::Attrs(arena.alloc(bindings)),
        })
    })
}

/// Returns the finished set and leaves `set` empty.
fn freeze<'a>(arena: &'a Bump, set: &mut SetBuilder<'a>) -> &'a Bindings<'a> {
    set.entries.sort_unstable_by_key(|entry| entry.name);
    let sources = set.sources.len() as u32;
    let attrs = arena.alloc_slice_fill_iter(set.entries.drain(..).map(|entry| {
        let value = match entry.value {
            Value::Plain(expr) => BindingValue::Plain(expr),
            Value::Inherited => BindingValue::Inherited,
            // Where Nix would read beyond its list of sources, there is nothing to be equal to.
            Value::InheritedFrom { source, meant } => {
                BindingValue::InheritedFrom(if source < sources { source } else { meant })
            }
            Value::Nested(mut nested) => {
                let kind = ExprKind::Attrs(freeze(arena, &mut nested.set));
                let Nested { span, pos, .. } = *nested;
                BindingValue::Plain(arena.alloc(Expr { span, pos, kind }))
            }
        };
        Binding {
            name: entry.name,
            pos: entry.pos,
            value,
        }
    }));
    let (mut inherit_from, mut dynamic): (&[_], &[_]) = (&[], &[]);
    if !set.sources.is_empty() {
        inherit_from = arena.alloc_slice_copy(&set.sources);
        set.sources.clear();
    }
    if !set.dynamic.is_empty() {
        dynamic = arena.alloc_slice_copy(&set.dynamic);
        set.dynamic.clear();
    }
    set.clear_index();
    arena.alloc(Bindings {
        recursive: set.recursive,
        attrs,
        inherit_from,
        dynamic,
    })
}
