//! An evaluation of modules: the tree of options, the definitions that found none, and the configuration.

use super::collect::UNKNOWN;
use super::equal::entries;
use super::merge::whole;
use super::option::Entry;
use super::properties::{Given, push_down};
use super::words::{Fault, Outcome};
use super::{Edition, Model};
use crate::{Decl, Def, Plain, Ty};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What one module contributes.
#[derive(Clone, Debug)]
pub(super) struct Part<'s> {
    /// What messages call it.
    pub file: Rc<str>,
    /// The options that it declares.
    pub options: Cow<'s, [Decl]>,
    /// What it defines.
    pub config: Option<Cow<'s, Def>>,
    /// The type of what no option takes.
    pub freeform: Option<&'s Ty>,
}

/// A part of the tree of options.
#[derive(Debug)]
pub(super) enum Node {
    /// An option.
    Option(Box<Entry>),
    /// Options by name, and why the set that holds their values is none.
    Set(BTreeMap<String, Node>, Option<Fault>),
    /// Neither can be told.
    Broken(Fault),
}

/// What an evaluation gives.
#[derive(Debug)]
pub(super) struct Evaluated {
    /// The configuration, by its attributes; why there is none.
    pub values: Outcome<BTreeMap<String, Outcome<Plain>>>,
    /// The tree of options; why nothing can be told of it.
    pub options: Outcome<BTreeMap<String, Node>>,
}

/// A declaration, and how much of its path is above.
#[derive(Clone, Copy, Debug)]
struct Leaf<'s> {
    file: &'s Rc<str>,
    decl: &'s Decl,
    above: usize,
}

/// A set of definitions of a module, without properties around it.
struct Config {
    file: Rc<str>,
    value: Def,
}

/// A definition that found no option, and where.
struct Stray {
    path: Vec<String>,
    given: Given,
}

impl Model {
    /// Evaluates modules, given in the order in which they were collected.
    ///
    /// Everything goes through them backwards: the last module's declarations and definitions come first.
    pub(super) fn evaluate(&self, parts: &[Part<'_>], prefix: &[String]) -> Evaluated {
        let freeform = match self.freeform(parts, prefix) {
            Ok(freeform) => freeform,
            Err(fault) => return Evaluated::broken(&fault),
        };
        let mut leaves = Vec::new();
        let mut configs = Vec::new();
        for part in parts.iter().rev() {
            for decl in part.options.iter().filter(|decl| !decl.path.is_empty()) {
                leaves.push(Leaf {
                    file: &part.file,
                    decl,
                    above: 0,
                });
            }
            for value in part.config.iter().flat_map(|config| push_down(config)) {
                configs.push(Config {
                    file: part.file.clone(),
                    value,
                });
            }
        }
        let mut strays = Vec::new();
        let (nodes, fault) = match self.tree(prefix, &leaves, &configs, &mut strays) {
            Ok(Node::Set(nodes, fault)) => (nodes, fault),
            Ok(_) => (BTreeMap::new(), None),
            Err(fault) => return Evaluated::broken(&fault),
        };
        let values = match (fault, freeform, strays.first()) {
            (Some(fault), ..) => Err(fault),
            (None, None, Some(stray)) if self.edition == Edition::Current => {
                let path = [prefix, &stray.path].concat();
                let fault = self.edition.undeclared(&path, &stray.given.file);
                return Evaluated::broken(&fault);
            }
            (None, freeform, _) => {
                let declared = nodes.iter().map(|(name, node)| (name.clone(), node.value())).collect();
                match freeform {
                    Some(ty) if !strays.is_empty() => self.with_strays(&ty, prefix, strays, declared),
                    _ => Ok(declared),
                }
            }
        };
        Evaluated {
            values,
            options: Ok(nodes),
        }
    }

    /// Returns the type of what no option takes: all modules' free-form types joined as those of two declarations are.
    fn freeform(&self, parts: &[Part<'_>], prefix: &[String]) -> Outcome<Option<Ty>> {
        let mut all: Option<Ty> = None;
        let mut files: Vec<Rc<str>> = Vec::new();
        let loc = [prefix, &["_module".to_owned(), "freeformType".to_owned()]].concat();
        for part in parts.iter().rev() {
            let Some(ty) = part.freeform else { continue };
            all = Some(match all {
                None => ty.clone(),
                Some(before) => match self.join(&before, ty)? {
                    Some(joined) => joined,
                    None => return Err(self.edition.declared(&loc, &part.file, &files)),
                },
            });
            files.push(part.file.clone());
        }
        // The options of submodules are known to all of them only after that.
        Ok(all.map(|ty| if files.len() > 1 { self.rebuilt(ty) } else { ty }))
    }

    /// Lays declarations over each other, and definitions over these.
    ///
    /// What is declared at a name is an option, if all that is declared there are options; a set of options, if
    /// none is; else an error, but for submodules, to which options below them are added.
    fn tree(
        &self,
        prefix: &[String],
        leaves: &[Leaf<'_>],
        configs: &[Config],
        strays: &mut Vec<Stray>,
    ) -> Outcome<Node> {
        let mut by_name: BTreeMap<&str, Vec<Leaf<'_>>> = BTreeMap::new();
        for leaf in leaves {
            by_name.entry(&leaf.decl.path[leaf.above]).or_default().push(Leaf {
                above: leaf.above + 1,
                ..*leaf
            });
        }
        let mut given: BTreeMap<String, Vec<Given>> = BTreeMap::new();
        let mut unknown = None;
        for config in configs {
            let Some(entries) = entries(&config.value) else {
                return Err(self.edition.no_set(prefix, &config.file));
            };
            let mut names: Vec<&String> = entries.iter().map(|(name, _)| name).collect();
            names.sort();
            for name in names {
                if self.edition == Edition::Of2020 && unknown.is_none() && !by_name.contains_key(name.as_str()) {
                    let path = [prefix, std::slice::from_ref(name)].concat();
                    unknown = Some(self.edition.undeclared(&path, &config.file));
                }
            }
            for (name, value) in entries.iter() {
                given
                    .entry(name.clone())
                    .or_default()
                    .push(Given::new(&config.file, value.clone()));
            }
        }
        let mut nodes = BTreeMap::new();
        let mut names: BTreeSet<&str> = given.keys().map(String::as_str).collect();
        names.extend(by_name.keys());
        for name in names {
            let defs = given.get(name).map_or(&[][..], Vec::as_slice);
            let Some(leaves) = by_name.get(name) else {
                strays.extend(defs.iter().map(|given| Stray {
                    path: vec![name.to_owned()],
                    given: given.clone(),
                }));
                continue;
            };
            let loc = [prefix, &[name.to_owned()]].concat();
            let before = strays.len();
            let node = self.branch(&loc, leaves, defs, strays)?;
            for stray in &mut strays[before..] {
                stray.path.insert(0, name.to_owned());
            }
            nodes.insert(name.to_owned(), node);
        }
        Ok(Node::Set(nodes, unknown))
    }

    fn branch(&self, loc: &[String], leaves: &[Leaf<'_>], defs: &[Given], strays: &mut Vec<Stray>) -> Outcome<Node> {
        let ends = |leaf: &&Leaf<'_>| leaf.decl.path.len() == leaf.above;
        let options: Vec<&Leaf<'_>> = leaves.iter().filter(ends).collect();
        if options.is_empty() {
            let mut configs = Vec::new();
            for def in defs {
                configs.extend(push_down(&def.value).into_iter().map(|value| Config {
                    file: def.file.clone(),
                    value,
                }));
            }
            return self.tree(loc, leaves, &configs, strays);
        }
        let option = |leaves: &[Leaf<'_>]| {
            let decls: Vec<(Rc<str>, Cow<'_, Decl>)> = leaves
                .iter()
                .map(|leaf| (leaf.file.clone(), leaf.as_option()))
                .collect();
            Ok(Node::Option(Box::new(self.entry(loc, &decls, defs))))
        };
        if options.len() == leaves.len() {
            return option(leaves);
        }
        let submodule = |leaf: &&Leaf<'_>| matches!(leaf.decl.ty, Some(Ty::Submodule(..)));
        if self.edition == Edition::Current && options.iter().all(submodule) {
            return option(leaves);
        }
        let below = leaves.iter().find(|leaf| !ends(leaf));
        let description = options[0].decl.ty.as_ref().and_then(|ty| self.described(ty));
        let below = below.map_or(UNKNOWN, |leaf| &**leaf.file);
        let fault = self.edition.parent(loc, options[0].file, description, below);
        match self.edition {
            Edition::Current => Err(fault),
            Edition::Of2020 => Ok(Node::Broken(fault)),
        }
    }

    /// Merges what found no option by the free-form type, and lays it under the options' values.
    fn with_strays(
        &self,
        ty: &Ty,
        prefix: &[String],
        strays: Vec<Stray>,
        mut declared: BTreeMap<String, Outcome<Plain>>,
    ) -> Outcome<BTreeMap<String, Outcome<Plain>>> {
        let defs = strays
            .into_iter()
            .map(|stray| Given::new(&stray.given.file, Def::at(&stray.path, stray.given.value)));
        let defs: Vec<Given> = defs.collect();
        for (name, value) in self.merge_parts(ty, prefix, &defs)? {
            let both = match declared.remove(&name) {
                None => value,
                Some(option) => match (value, option) {
                    (Ok(free), Ok(option)) => Ok(laid_over(option, free)),
                    (Err(fault), Ok(_)) | (Ok(_), Err(fault)) => Err(fault),
                    (Err(_), Err(_)) => Err(Fault::Unknown),
                },
            };
            declared.insert(name, both);
        }
        Ok(declared)
    }
}

/// Returns a set with another one's attributes, sets in both likewise; else the first value.
fn laid_over(over: Plain, under: Plain) -> Plain {
    match (over, under) {
        (Plain::Attrs(over), Plain::Attrs(mut under)) => {
            for (name, value) in over {
                let value = match under.remove(&name) {
                    Some(below) => laid_over(value, below),
                    None => value,
                };
                under.insert(name, value);
            }
            Plain::Attrs(under)
        }
        (over, _) => over,
    }
}

impl<'s> Leaf<'s> {
    /// Returns the declaration as that of an option here: itself, or a submodule with it.
    fn as_option(&self) -> Cow<'s, Decl> {
        let below = &self.decl.path[self.above..];
        if below.is_empty() {
            return Cow::Borrowed(self.decl);
        }
        let inner = Decl {
            path: below.to_vec(),
            ..self.decl.clone()
        };
        Cow::Owned(Decl {
            path: self.decl.path[..self.above].to_vec(),
            ty: Some(Ty::Submodule(vec![inner], None)),
            default: None,
            apply: None,
            read_only: false,
        })
    }
}

impl Node {
    /// Returns the value, or the fault of the first part that has none.
    pub fn value(&self) -> Outcome<Plain> {
        match self {
            Node::Option(entry) => entry.value.clone(),
            Node::Set(_, Some(fault)) | Node::Broken(fault) => Err(fault.clone()),
            Node::Set(nodes, None) => each(nodes, Node::value),
        }
    }

    /// Returns what `options` says of what is here.
    pub fn facts(&self) -> Outcome<Plain> {
        match self {
            Node::Option(entry) => entry.facts(),
            Node::Broken(fault) => Err(fault.clone()),
            Node::Set(nodes, _) => each(nodes, Node::facts),
        }
    }
}

fn each(nodes: &BTreeMap<String, Node>, of: impl Fn(&Node) -> Outcome<Plain>) -> Outcome<Plain> {
    whole(nodes.iter().map(|(name, node)| (name.clone(), of(node))).collect())
}

impl Evaluated {
    fn broken(fault: &Fault) -> Evaluated {
        Evaluated {
            values: Err(fault.clone()),
            options: Err(fault.clone()),
        }
    }

    /// Returns the configuration as one value, or the first fault in it.
    pub fn whole(self) -> Outcome<Plain> {
        whole(self.values?)
    }
}
