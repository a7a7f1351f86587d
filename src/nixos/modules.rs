//! The modules of an evaluation, each loaded once more by itself.
//!
//! The module system tells of every option which definitions won, and nothing of the others. What a
//! module says itself is known only by loading it again: with the same arguments its text gives the
//! same definitions, and their sets still know where each attribute is bound. Nothing inside a module
//! is evaluated but what is asked for.

use crate::system::{attempt, attr, forced, maybe, text};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{EvalError, Evaluator, Ref, Remembered, Tag, Val};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// A module of an evaluation.
pub struct Module {
    /// The file that the module system says its definitions are of.
    pub file: String,
    /// The name by which the module system knows it: the path of its file, or where it is written.
    pub key: String,
    /// The module that imports it, as the index in the list of all.
    pub importer: Option<usize>,
    /// Whether `disabledModules` keeps it out.
    pub disabled: bool,
    /// Why it cannot be loaded.
    pub error: Option<EvalError>,
    /// Where the list stands in which it is imported.
    pub imported_at: Pos,
    /// What it is: a set.
    pub(crate) set: Option<Val>,
    children: Vec<usize>,
}

/// The modules of an evaluation.
pub(crate) struct Modules {
    /// All of them, also those that are disabled.
    pub all: Vec<Module>,
    /// The indices of those that count, in the order in which the module system goes through them.
    pub order: Vec<usize>,
    /// What `load.nix` returned, for the evaluations of submodules.
    pub loader: Val,
}

/// The modules of an evaluation that were collected, and the path that leads to it.
pub(crate) type KnownModules = (Vec<String>, Remembered<Rc<Modules>>);

/// How modules are loaded, in Nix: the arguments of modules are values of theirs.
const LOAD: &str = include_str!("load.nix");
/// Most modules of one evaluation; a NixOS has about 2,000.
const MOST_MODULES: usize = 100_000;
/// The file of a module that has none.
const UNKNOWN_FILE: &str = "<unknown-file>";

/// A module that is to be loaded.
struct Task {
    cell: Ref,
    file: String,
    key: String,
    importer: Option<usize>,
    imported_at: Pos,
}

/// Returns the modules of an evaluation; `around` is the loader of the evaluation that this one is a
/// submodule of. An error says why it cannot be told which modules there are.
pub(crate) fn collect(ev: &mut Evaluator, configuration: Val, around: Option<Val>) -> Eval<Result<Modules, EvalError>> {
    attempt(ev, |ev| {
        let function = ev.eval_text(Origin::String, LOAD.as_bytes(), b"/")?;
        let around = around.unwrap_or_else(|| ev.mem.empty_attrs());
        let args = [ev.cell(configuration), ev.cell(around)];
        let loader = ev.call(function, &args, Pos::NONE)?;
        let loader = ev.cell(loader);
        let loader = ev.force_attrs(loader, Pos::NONE, "while loading the modules of a configuration")?;
        let context = "while listing the modules of a configuration";
        let roots = part(ev, loader, "roots")?;
        let roots = ev.force_list(roots, Pos::NONE, context)?;
        let mut loading = Loading {
            loader,
            all: Vec::new(),
            known: HashMap::new(),
            disabled: HashSet::new(),
        };
        let roots = loading.everything(ev, roots)?;
        Ok(loading.finish(roots))
    })
}

struct Loading {
    loader: Val,
    all: Vec<Module>,
    known: HashMap<String, usize>,
    disabled: HashSet<String>,
}

impl Loading {
    fn everything(&mut self, ev: &mut Evaluator, roots: &[Ref]) -> Eval<Vec<usize>> {
        let root = Task {
            cell: Ref::NONE,
            file: UNKNOWN_FILE.into(),
            key: String::new(),
            importer: None,
            imported_at: Pos::NONE,
        };
        let mut open: VecDeque<Task> = tasks(roots, &root).collect();
        let mut top = Vec::new();
        while let Some(task) = open.pop_front() {
            if self.all.len() >= MOST_MODULES {
                break;
            }
            let importer = task.importer;
            let (index, is_new) = self.one(ev, task)?;
            match importer {
                Some(importer) => self.all[importer].children.push(index),
                None => top.push(index),
            }
            if is_new {
                self.imports(ev, index, &mut open)?;
            }
        }
        Ok(top)
    }

    /// Loads a module unless it is there already; returns its index and whether it is new.
    fn one(&mut self, ev: &mut Evaluator, task: Task) -> Eval<(usize, bool)> {
        let named = match forced(ev, task.cell)? {
            Some(value) if matches!(value.tag(), Tag::Path | Tag::String) => {
                let path = value.as_path().or_else(|| value.as_string()).unwrap_or_default();
                Some(String::from_utf8_lossy(path).into_owned())
            }
            _ => None,
        };
        let key = named.clone().unwrap_or(task.key);
        if let Some(&known) = self.known.get(&key) {
            return Ok((known, false));
        }
        let loaded = attempt(ev, |ev| {
            let load = part(ev, self.loader, "load")?;
            let value = ev.call_cell(load, &[task.cell], Pos::NONE)?;
            let cell = ev.cell(value);
            ev.force_attrs(cell, Pos::NONE, "while loading a module")
        })?;
        let mut module = Module {
            file: named.unwrap_or(task.file),
            key,
            importer: task.importer,
            disabled: false,
            error: None,
            imported_at: task.imported_at,
            set: None,
            children: Vec::new(),
        };
        match loaded {
            Ok(set) => {
                module.set = Some(set);
                if let Some(file) = name_in(ev, set, "_file")? {
                    module.file = file;
                }
                if let Some(key) = name_in(ev, set, "key")? {
                    module.key = key;
                }
            }
            Err(error) => module.error = Some(error),
        }
        if let Some(&known) = self.known.get(&module.key) {
            return Ok((known, false));
        }
        self.known.insert(module.key.clone(), self.all.len());
        self.all.push(module);
        Ok((self.all.len() - 1, true))
    }

    fn imports(&mut self, ev: &mut Evaluator, index: usize, open: &mut VecDeque<Task>) -> Eval<()> {
        let Some(set) = self.all[index].set else { return Ok(()) };
        // A definition with a property around it, in the place of a module, is all configuration.
        if attr(ev, set, "_type").is_some() {
            return Ok(());
        }
        for name in ["require", "imports"] {
            let Some(attr) = attr(ev, set, name) else { continue };
            let Some(list) = forced(ev, attr.value)? else { continue };
            let parent = Task {
                cell: Ref::NONE,
                file: self.all[index].file.clone(),
                key: self.all[index].key.clone(),
                importer: Some(index),
                imported_at: attr.pos,
            };
            open.extend(tasks(ev.elements(list), &parent));
        }
        if let Some(list) = maybe(ev, set, &["disabledModules"])? {
            for &cell in ev.elements(list) {
                let key = attempt(ev, |ev| {
                    let function = part(ev, self.loader, "disabledKey")?;
                    ev.call_cell(function, &[cell], Pos::NONE)
                })?;
                self.disabled.extend(key.ok().and_then(text));
            }
        }
        Ok(())
    }

    fn finish(mut self, roots: Vec<usize>) -> Modules {
        for module in &mut self.all {
            module.disabled = self.disabled.contains(&module.key);
        }
        let mut seen = vec![false; self.all.len()];
        let mut order = Vec::new();
        let mut open: VecDeque<usize> = roots.into();
        while let Some(index) = open.pop_front() {
            if !self.all[index].disabled && !std::mem::replace(&mut seen[index], true) {
                order.push(index);
                open.extend(&self.all[index].children);
            }
        }
        // What only a disabled module imports is kept out with it.
        for (module, seen) in self.all.iter_mut().zip(seen) {
            module.disabled = !seen;
        }
        Modules {
            all: self.all,
            order,
            loader: self.loader,
        }
    }
}

/// Returns what `load.nix` has under a name.
fn part(ev: &mut Evaluator, loader: Val, name: &str) -> Eval<Ref> {
    let name = ev.symbols.intern(name.as_bytes());
    let attr = ev.require_attr(loader, name, "while loading the modules of a configuration")?;
    Ok(attr.value)
}

/// Returns the tasks of a list of modules, named as the module system names them.
fn tasks(cells: &[Ref], parent: &Task) -> impl Iterator<Item = Task> {
    let Task {
        ref file,
        ref key,
        importer,
        imported_at,
        ..
    } = *parent;
    let (file, key) = (file.clone(), key.clone());
    let cells = cells.to_vec();
    cells.into_iter().enumerate().map(move |(n, cell)| Task {
        cell,
        file: file.clone(),
        key: format!("{key}:anon-{}", n + 1),
        importer,
        imported_at,
    })
}

fn name_in(ev: &mut Evaluator, set: Val, name: &str) -> Eval<Option<String>> {
    let value = maybe(ev, set, &[name])?;
    Ok(value.and_then(|value| match value.as_path() {
        Some(path) => Some(String::from_utf8_lossy(path).into_owned()),
        None => text(value),
    }))
}
