//! From modules that import modules to a flat list.

use crate::{Decl, Module};
use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::modules::Part;

/// What messages call a module without a name that nothing with a name imports.
pub(super) const UNKNOWN: &str = "<unknown-file>";

/// Returns the modules in the order in which they are found: those that were given first, then those that these
/// import, level by level. Of several with one key the first stays, and no module whose key is disabled anywhere,
/// even by a module that is itself disabled. A module without a key gets one from its place: `:anon-2`, and
/// `KEY:anon-1` for one that is imported. A module without a name has that of its importer.
pub(super) fn collect(modules: &[Module]) -> Vec<Part<'_>> {
    let mut disabled = BTreeSet::new();
    modules.iter().for_each(|module| find_disabled(module, &mut disabled));
    let mut waiting = VecDeque::new();
    let unknown: Rc<str> = UNKNOWN.into();
    queue(modules, "", &unknown, &mut waiting);
    let mut known = BTreeSet::new();
    let mut parts = Vec::new();
    while let Some((key, file, module)) = waiting.pop_front() {
        if disabled.contains(key.as_str()) || known.contains(&key) {
            continue;
        }
        queue(&module.imports, &key, &file, &mut waiting);
        known.insert(key);
        parts.push(Part {
            file,
            options: declared(&module.options),
            config: module.config.as_ref().map(Cow::Borrowed),
            freeform: module.freeform.as_ref(),
        });
    }
    parts
}

/// Returns the declarations that can stand in one set: of two at one path, or of which one is below the other, the
/// first.
fn declared(options: &[Decl]) -> Cow<'_, [Decl]> {
    let clash = |a: &Decl, b: &Decl| a.path.starts_with(&b.path) || b.path.starts_with(&a.path);
    let clashes = |i: usize| options[..i].iter().any(|before| clash(before, &options[i]));
    if !(0..options.len()).any(clashes) {
        return Cow::Borrowed(options);
    }
    let mut kept: Vec<Decl> = Vec::new();
    for option in options {
        if !kept.iter().any(|before| clash(before, option)) {
            kept.push(option.clone());
        }
    }
    Cow::Owned(kept)
}

fn queue<'s>(
    modules: &'s [Module],
    parent: &str,
    parent_file: &Rc<str>,
    waiting: &mut VecDeque<(String, Rc<str>, &'s Module)>,
) {
    for (i, module) in modules.iter().enumerate() {
        let key = if module.key.is_empty() {
            format!("{parent}:anon-{}", i + 1)
        } else {
            module.key.clone()
        };
        let file = if module.file.is_empty() {
            parent_file.clone()
        } else {
            module.file.as_str().into()
        };
        waiting.push_back((key, file, module));
    }
}

fn find_disabled<'s>(module: &'s Module, found: &mut BTreeSet<&'s str>) {
    found.extend(module.disabled.iter().map(String::as_str));
    module.imports.iter().for_each(|import| find_disabled(import, found));
}
