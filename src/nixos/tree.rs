//! Goes through the options of a configuration, one after the other.

use crate::option::{Declared, is_option};
use crate::option_path::OptionPath;
use crate::system::{Reading, System, attempt, attr, forced, maybe, read, text};
use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Ref};

/// Deepest nesting of sets of options; those of nixpkgs are less than ten deep.
const MOST_DEPTH: usize = 64;
/// Most options and sets of options that are gone through; a NixOS with home-manager has about 30,000.
const MOST_NODES: usize = 1_000_000;

/// The options that are still to come, in the order of their paths.
pub struct OptionTree {
    open: Vec<(Vec<String>, Ref)>,
    visited: usize,
    /// How many could not be looked at, as they do not evaluate.
    pub failed: usize,
}

impl System {
    /// Returns all options of the configuration; those of the module system itself are left out. An error
    /// says why there are none at all.
    pub fn options(&self, ev: &mut Evaluator) -> Eval<OptionTree> {
        self.options_below(ev, &[] as &[&str])
    }

    /// Returns all options below a path; an error says why they cannot be listed.
    pub fn options_below(&self, ev: &mut Evaluator, path: &[impl AsRef<str>]) -> Eval<OptionTree> {
        let mut tree = OptionTree {
            open: Vec::new(),
            visited: 0,
            failed: 0,
        };
        let path: Vec<String> = path.iter().map(|name| name.as_ref().to_owned()).collect();
        match self.declared_at(ev, &path)? {
            Reading::Value(value) => {
                let cell = ev.cell(value);
                tree.open.push((path, cell));
            }
            Reading::Failed(error) => return Err(ev.raise(error)),
            Reading::Absent | Reading::Undefined => {}
        }
        Ok(tree)
    }

    /// Returns what `options` has at a path.
    pub(crate) fn declared_at(&self, ev: &mut Evaluator, path: &[String]) -> Eval<Reading> {
        let readable = self.readable(ev)?;
        let names = [&["options".to_owned()], path].concat();
        read(ev, readable, &names)
    }

    /// Returns the names that stand directly below a path in the tree of options; `None` if there is
    /// no such set of options.
    pub fn option_names(&self, ev: &mut Evaluator, path: &[impl AsRef<str>]) -> Eval<Option<Vec<String>>> {
        let readable = self.readable(ev)?;
        let Some(mut value) = maybe(ev, readable, &["options"])? else {
            return Ok(None);
        };
        for name in path {
            match maybe(ev, value, &[name.as_ref()])? {
                Some(next) if !is_option(ev, next)? => value = next,
                _ => return Ok(None),
            }
        }
        if !value.is_attrs() {
            return Ok(None);
        }
        let names = ev.sorted_entries(value).into_iter();
        let names = names.map(|(symbol, _)| ev.symbols.text(symbol).into_owned());
        Ok(Some(names.filter(|name| name != "_module").collect()))
    }
}

impl OptionTree {
    /// Returns the options of a set of them, as `options` of an evaluation is.
    pub(crate) fn of(options: Ref) -> OptionTree {
        OptionTree {
            open: vec![(Vec::new(), options)],
            visited: 0,
            failed: 0,
        }
    }

    /// Returns the next option.
    pub fn next(&mut self, ev: &mut Evaluator) -> Eval<Option<Declared>> {
        while let Some((path, cell)) = self.open.pop() {
            self.visited += 1;
            if self.visited > MOST_NODES {
                return Ok(None);
            }
            let Some(value) = forced(ev, cell)? else {
                self.failed += 1;
                continue;
            };
            if is_option(ev, value)? {
                if let Some(path) = OptionPath::of(&path) {
                    return Ok(Some(Declared {
                        path,
                        rest: Vec::new(),
                        set: value,
                    }));
                }
            } else if value.is_attrs() && path.len() < MOST_DEPTH {
                for (symbol, attr) in ev.sorted_entries(value).into_iter().rev() {
                    let name = ev.symbols.text(symbol).into_owned();
                    if name != "_module" {
                        self.open.push(([&path[..], &[name]].concat(), attr.value));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Puts the options inside an option's type before those that are still to come: of a submodule,
    /// or of sets of them, whose names are then `<name>`.
    pub fn enter(&mut self, ev: &mut Evaluator, option: &Declared) -> Eval<()> {
        let inside = attempt(ev, |ev| {
            let Some(kind) = attr(ev, option.set, "type") else {
                return Ok(None);
            };
            let kind = ev.force(kind.value, kind.pos)?;
            let (Some(function), Some(path)) = (attr(ev, kind, "getSubOptions"), attr(ev, option.set, "loc")) else {
                return Ok(None);
            };
            let options = ev.call_cell(function.value, &[path.value], Pos::NONE)?;
            let options = ev.cell(options);
            ev.force_attrs(options, Pos::NONE, "while listing the options of a submodule")
                .map(Some)
        })?;
        let Ok(inside) = inside else {
            self.failed += 1;
            return Ok(());
        };
        let Some(inside) = inside else { return Ok(()) };
        let mut path = option.path.to_vec();
        if let Some(first) = first_option(ev, inside)?
            && let (Some(whole), Some(own)) = (location(ev, &first)?, location(ev, option)?)
        {
            // What stands between: `<name>` or `*`. Inside a submodule the locations begin with its own.
            let between = own.len()..whole.len().saturating_sub(first.path.len());
            path.extend(whole.get(between).unwrap_or_default().iter().cloned());
        }
        let cell = ev.cell(inside);
        if path.len() < MOST_DEPTH {
            self.open.push((path, cell));
        }
        Ok(())
    }
}

impl Declared {
    /// Returns the options of the submodules that its value is made of, at their real paths: below
    /// `users.users` those of `users.users.alice`. Only the library of late 2025 and later tells of these.
    pub fn inside(&self, ev: &mut Evaluator) -> Eval<OptionTree> {
        let mut tree = OptionTree {
            open: Vec::new(),
            visited: 0,
            failed: 0,
        };
        let Some(meta) = maybe(ev, self.set, &["valueMeta"])? else {
            return Ok(tree);
        };
        let mut open = vec![(self.path.to_vec(), meta)];
        while let Some((path, meta)) = open.pop() {
            if let Some(options) = maybe(ev, meta, &["configuration", "options"])? {
                tree.open.push((path, ev.cell(options)));
            } else if let Some(attrs) = maybe(ev, meta, &["attrs"])?
                && path.len() < MOST_DEPTH
            {
                for (symbol, inner) in ev.sorted_entries(attrs) {
                    let name = ev.symbols.text(symbol).into_owned();
                    if let Some(inner) = forced(ev, inner.value)? {
                        open.push(([&path[..], &[name]].concat(), inner));
                    }
                }
            }
        }
        Ok(tree)
    }
}

/// Returns the first option of a set of them, with its path in it.
fn first_option(ev: &mut Evaluator, set: eval::Val) -> Eval<Option<Declared>> {
    let cell = ev.cell(set);
    OptionTree::of(cell).next(ev)
}

/// Returns the path that an option says it has.
fn location(ev: &mut Evaluator, option: &Declared) -> Eval<Option<Vec<String>>> {
    let Some(list) = maybe(ev, option.set, &["loc"])? else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for &cell in ev.elements(list) {
        names.extend(forced(ev, cell)?.and_then(text));
    }
    Ok(Some(names))
}
