//! Simpler scenes: what is tried to make a counterexample smaller.

use super::{Decl, Def, Module, Scene};

impl Scene {
    /// Returns scenes that are a step simpler than this one, the boldest steps first.
    pub fn simpler(&self) -> Vec<Scene> {
        let mut found = Vec::new();
        for modules in lists(&self.modules, Module::simpler) {
            found.push(Scene {
                modules,
                choices: self.choices.clone(),
            });
        }
        for (i, &choice) in self.choices.iter().enumerate() {
            for smaller in [0, choice / 2, choice.saturating_sub(1)] {
                if smaller < choice {
                    let mut scene = self.clone();
                    scene.choices[i] = smaller;
                    found.push(scene);
                }
            }
        }
        found
    }
}

/// Returns shorter lists first, then lists of the same length with one element simpler.
fn lists<T: Clone>(elements: &[T], simpler: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut found = Vec::new();
    for i in 0..elements.len() {
        let mut shorter = elements.to_vec();
        shorter.remove(i);
        found.push(shorter);
    }
    for (i, element) in elements.iter().enumerate() {
        for simple in simpler(element) {
            let mut changed = elements.to_vec();
            changed[i] = simple;
            found.push(changed);
        }
    }
    found
}

impl Module {
    fn simpler(&self) -> Vec<Module> {
        let mut found = Vec::new();
        let mut with = |change: &dyn Fn(&mut Module)| {
            let mut module = self.clone();
            change(&mut module);
            found.push(module);
        };
        for imports in lists(&self.imports, Module::simpler) {
            with(&|module| module.imports.clone_from(&imports));
        }
        for options in lists(&self.options, Decl::simpler) {
            with(&|module| module.options.clone_from(&options));
        }
        if let Some(config) = &self.config {
            with(&|module| module.config = None);
            for simple in config.simpler() {
                with(&|module| module.config = Some(simple.clone()));
            }
        }
        if self.freeform.is_some() {
            with(&|module| module.freeform = None);
        }
        if !self.disabled.is_empty() {
            with(&|module| module.disabled.clear());
        }
        found
    }
}

impl Decl {
    fn simpler(&self) -> Vec<Decl> {
        let mut found = Vec::new();
        let mut with = |change: &dyn Fn(&mut Decl)| {
            let mut declaration = self.clone();
            change(&mut declaration);
            found.push(declaration);
        };
        if self.apply.is_some() {
            with(&|declaration| declaration.apply = None);
        }
        if self.read_only {
            with(&|declaration| declaration.read_only = false);
        }
        if let Some(default) = &self.default {
            with(&|declaration| declaration.default = None);
            for simple in default.simpler() {
                with(&|declaration| declaration.default = Some(simple.clone()));
            }
        }
        for simple in self.ty.iter().flat_map(super::Ty::simpler) {
            with(&|declaration| declaration.ty = Some(simple.clone()));
        }
        found
    }
}

impl Def {
    /// Returns definitions that are a step simpler than this one, the boldest steps first.
    pub fn simpler(&self) -> Vec<Def> {
        match self {
            Def::Null | Def::Nix(_) | Def::Path(_) => Vec::new(),
            Def::Bool(value) => value.then_some(Def::Bool(false)).into_iter().collect(),
            Def::Int(value) => {
                let mut found: Vec<Def> = [0, value / 2]
                    .into_iter()
                    .filter(|v| v != value)
                    .map(Def::Int)
                    .collect();
                found.dedup();
                found
            }
            Def::Float(value) => {
                let whole = value.trunc();
                let steps = [0.0, whole].into_iter().filter(|step| step != value);
                steps.map(Def::Float).collect()
            }
            Def::Str(text) => {
                let half: String = text.chars().take(text.chars().count() / 2).collect();
                let steps = [String::new(), half, text.chars().take(1).collect()];
                let mut found: Vec<Def> = steps.into_iter().filter(|step| step != text).map(Def::Str).collect();
                found.dedup();
                found
            }
            Def::List(elements) => lists(elements, Def::simpler).into_iter().map(Def::List).collect(),
            Def::Attrs(entries) => {
                let simpler = |(name, value): &(String, Def)| {
                    let values = value.simpler().into_iter();
                    values.map(|value| (name.clone(), value)).collect()
                };
                lists(entries, simpler).into_iter().map(Def::Attrs).collect()
            }
            Def::Merge(defs) => {
                let mut found: Vec<Def> = defs.clone();
                found.extend(lists(defs, Def::simpler).into_iter().map(Def::Merge));
                found
            }
            Def::Constant(result) => result
                .simpler()
                .into_iter()
                .map(|simple| Def::Constant(Box::new(simple)))
                .collect(),
            Def::If(condition, def) => inside(def, |def| Def::If(*condition, def)),
            Def::Override(priority, def) => inside(def, |def| Def::Override(*priority, def)),
            Def::Order(order, def) => inside(def, |def| Def::Order(*order, def)),
        }
    }
}

fn inside(def: &Def, around: impl Fn(Box<Def>) -> Def) -> Vec<Def> {
    let mut found = vec![def.clone()];
    found.extend(def.simpler().into_iter().map(|def| around(Box::new(def))));
    found
}
