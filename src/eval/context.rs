//! String contexts: which store paths a string refers to.
//!
//! Contexts are interned: a string carries a number. Most strings share few contexts, unions are
//! remembered, and comparing two is comparing numbers.

use crate::heap::ContextId;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use store::{OutputName, StorePath};

/// One thing that a string refers to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Element {
    /// A store path as it is.
    Opaque(StorePath),
    /// A derivation with all that it needs (`drvPath`).
    DrvDeep(StorePath),
    /// An output of a derivation.
    Built(Rc<Built>),
}

/// An output of a derivation, which itself may be the output of a derivation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Built {
    /// The derivation.
    pub drv: Deriver,
    /// The output's name.
    pub output: OutputName,
}

/// Where a derivation comes from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Deriver {
    /// A `.drv` file.
    Path(StorePath),
    /// The output of another derivation (dynamic derivations).
    Output(Rc<Built>),
}

impl Deriver {
    /// Returns the `.drv` file that building must start from.
    pub fn base_path(&self) -> &StorePath {
        let mut deriver = self;
        loop {
            match deriver {
                Deriver::Path(path) => return path,
                Deriver::Output(built) => deriver = &built.drv,
            }
        }
    }

    /// Returns the derivation as messages show it: its path, or `PATH^OUTPUT` and so on.
    pub fn display(&self) -> String {
        match self {
            Deriver::Path(path) => path.to_path(),
            Deriver::Output(built) => built.display(),
        }
    }
}

impl Built {
    /// Returns the output as messages show it: `PATH^OUTPUT`.
    pub fn display(&self) -> String {
        format!("{}^{}", self.drv.display(), self.output)
    }
}

impl Element {
    /// Returns the store path that must be there for this: the path itself, or the derivation that
    /// building starts from.
    pub fn base_path(&self) -> &StorePath {
        match self {
            Element::Opaque(path) | Element::DrvDeep(path) => path,
            Element::Built(built) => built.drv.base_path(),
        }
    }

    /// Returns the element as messages show it: a store path, `PATH (deep)`, or `PATH^OUTPUT`.
    pub fn display(&self) -> String {
        match self {
            Element::Opaque(path) => path.to_path(),
            Element::DrvDeep(path) => format!("{} (deep)", path.to_path()),
            Element::Built(built) => built.display(),
        }
    }

    /// Returns the element in Nix's internal notation, which a message of `toFile` shows: a base
    /// name, `=DRV`, or `!OUTPUT!DRV`.
    pub fn encode(&self) -> String {
        match self {
            Element::Opaque(path) => path.base_name().to_owned(),
            Element::DrvDeep(path) => format!("={}", path.base_name()),
            Element::Built(built) => {
                let mut text = format!("!{}!", built.output);
                let mut deriver = &built.drv;
                loop {
                    match deriver {
                        Deriver::Path(path) => {
                            text.push_str(path.base_name());
                            return text;
                        }
                        Deriver::Output(above) => {
                            text.push_str(&format!("{}!", above.output));
                            deriver = &above.drv;
                        }
                    }
                }
            }
        }
    }
}

/// The table of contexts of an evaluator.
pub struct Contexts {
    elements: Vec<Element>,
    element_ids: FxHashMap<Element, u32>,
    /// Each a sorted list of element ids; the first is empty.
    sets: Vec<Rc<[u32]>>,
    set_ids: FxHashMap<Rc<[u32]>, u32>,
    unions: FxHashMap<(u32, u32), u32>,
}

impl Default for Contexts {
    fn default() -> Self {
        Contexts::new()
    }
}

impl Contexts {
    /// Returns a table with the empty context only.
    pub fn new() -> Contexts {
        let empty: Rc<[u32]> = Rc::from([]);
        let set_ids = FxHashMap::from_iter([(empty.clone(), 0)]);
        Contexts {
            elements: Vec::new(),
            element_ids: FxHashMap::default(),
            sets: vec![empty],
            set_ids,
            unions: FxHashMap::default(),
        }
    }

    fn element(&mut self, element: Element) -> u32 {
        if let Some(&id) = self.element_ids.get(&element) {
            return id;
        }
        let id = self.elements.len() as u32;
        self.elements.push(element.clone());
        self.element_ids.insert(element, id);
        id
    }

    fn set(&mut self, ids: Vec<u32>) -> ContextId {
        if let Some(&id) = self.set_ids.get(ids.as_slice()) {
            return ContextId(id);
        }
        let ids: Rc<[u32]> = ids.into();
        let id = self.sets.len() as u32;
        self.sets.push(ids.clone());
        self.set_ids.insert(ids, id);
        ContextId(id)
    }

    /// Returns the context of one element.
    pub fn single(&mut self, element: Element) -> ContextId {
        let id = self.element(element);
        self.set(vec![id])
    }

    /// Returns the context of these elements.
    pub fn of(&mut self, elements: impl IntoIterator<Item = Element>) -> ContextId {
        let mut ids: Vec<u32> = elements.into_iter().map(|e| self.element(e)).collect();
        ids.sort_unstable();
        ids.dedup();
        self.set(ids)
    }

    /// Returns the context of a string that refers to all that two strings refer to.
    #[inline]
    pub fn union(&mut self, a: ContextId, b: ContextId) -> ContextId {
        if a == b || b == ContextId::EMPTY {
            return a;
        }
        if a == ContextId::EMPTY {
            return b;
        }
        self.union_slow(a, b)
    }

    fn union_slow(&mut self, a: ContextId, b: ContextId) -> ContextId {
        let key = (a.0.min(b.0), a.0.max(b.0));
        if let Some(&id) = self.unions.get(&key) {
            return ContextId(id);
        }
        let mut ids: Vec<u32> = Vec::with_capacity(self.sets[a.0 as usize].len() + self.sets[b.0 as usize].len());
        ids.extend_from_slice(&self.sets[a.0 as usize]);
        ids.extend_from_slice(&self.sets[b.0 as usize]);
        ids.sort_unstable();
        ids.dedup();
        let id = self.set(ids);
        self.unions.insert(key, id.0);
        id
    }

    /// Returns the elements that any of the contexts has, each once, in Nix's order. Unlike a chain of
    /// unions this interns nothing.
    pub fn gather(&self, contexts: &[ContextId]) -> Vec<&Element> {
        let mut ids: Vec<u32> = contexts
            .iter()
            .flat_map(|c| self.sets[c.0 as usize].iter().copied())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut elements: Vec<&Element> = ids.into_iter().map(|id| &self.elements[id as usize]).collect();
        elements.sort_unstable();
        elements
    }

    /// Returns the elements of a context in the order of their first use in this evaluation.
    pub fn elements(&self, context: ContextId) -> impl Iterator<Item = &Element> {
        self.sets[context.0 as usize]
            .iter()
            .map(|&id| &self.elements[id as usize])
    }

    /// Returns the elements of a context in Nix's order: by kind, then by path.
    pub fn sorted(&self, context: ContextId) -> Vec<Element> {
        let mut elements: Vec<Element> = self.elements(context).cloned().collect();
        elements.sort();
        elements
    }
}
