//! The options of a fleet, each once: what its hosts and homes have in common, and who has what.

use crate::diagnose::{self, Viewpoint};
use crate::explained::DeclaredAs;
use crate::option::Declared;
use crate::system::{System, attr, forced, maybe};
use crate::targets::Kind;
use crate::tree::OptionTree;
use diag::{Pos, Span};
use eval::error::Eval;
use eval::{Evaluator, Ref, Val};

/// An option of some hosts or homes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferenceEntry {
    /// What kind of configuration it is an option of.
    pub kind: Kind,
    /// The option; where hosts differ, as the first of them has it.
    pub option: DeclaredAs,
    /// Whether a file of the user's own flake declares it.
    pub own: bool,
    /// The hosts or homes that have it, in order.
    pub hosts: Vec<String>,
}

/// The options of a fleet, ordered by kind and path.
#[derive(Clone, Default, Debug)]
pub struct Reference {
    entries: Vec<ReferenceEntry>,
    hosts: Vec<(Kind, String)>,
}

/// Deepest path into whose type is looked; types that hold themselves have no end.
const MOST_DEPTH: usize = 12;

impl Reference {
    /// Adds the options of a configuration: those that the user's own files declare, or all of them.
    pub fn add(&mut self, ev: &mut Evaluator, system: &System, view: &Viewpoint<'_>, all: bool) -> Eval<()> {
        let inputs = diagnose::inputs_of(ev, view);
        let view = &Viewpoint {
            inputs: &inputs,
            ..*view
        };
        let tree = system.options(ev)?;
        self.walk(ev, tree, system.kind(), system.name(), view, all)?;
        if system.kind() != Kind::Home {
            for (name, options) in homes(ev, system)? {
                let home = format!("{name}@{}", system.name());
                self.walk(ev, OptionTree::of(options), Kind::Home, &home, view, all)?;
            }
        }
        Ok(())
    }

    fn walk(
        &mut self,
        ev: &mut Evaluator,
        mut tree: OptionTree,
        kind: Kind,
        host: &str,
        view: &Viewpoint<'_>,
        all: bool,
    ) -> Eval<()> {
        self.hosts.push((kind, host.to_owned()));
        while let Some(option) = tree.next(ev)? {
            let own = is_own(ev, &option, view)?;
            if own && option.path.len() < MOST_DEPTH {
                tree.enter(ev, &option)?;
            }
            if !own && !all {
                continue;
            }
            let known = |entry: &&mut ReferenceEntry| entry.kind == kind && entry.option.path == option.path;
            match self.entries.iter_mut().rfind(known) {
                Some(entry) => {
                    if entry.hosts.last().is_none_or(|last| last != host) {
                        entry.hosts.push(host.to_owned());
                    }
                }
                None => self.entries.push(ReferenceEntry {
                    kind,
                    option: option.in_words(ev, view)?,
                    own,
                    hosts: vec![host.to_owned()],
                }),
            }
        }
        Ok(())
    }

    /// Returns the options, ordered by kind and path.
    pub fn entries(mut self) -> (Vec<ReferenceEntry>, Vec<(Kind, String)>) {
        self.entries
            .sort_by(|a, b| (a.kind, &a.option.path).cmp(&(b.kind, &b.option.path)));
        (self.entries, self.hosts)
    }
}

/// Files of nixpkgs' library in which the attributes of generated sets of options are bound.
const GENERATORS: [&str; 3] = ["/lib/attrsets.nix", "/lib/lists.nix", "/lib/trivial.nix"];

/// An option that the user's own flake declares.
pub struct OwnOption {
    /// The home that has it, by the name of its user, if the host has homes by home-manager and it is one of theirs.
    pub home: Option<String>,
    /// The option.
    pub option: Declared,
}

impl System {
    /// Returns the options that the user's own files declare, with those of the homes that a host has, but without
    /// those inside submodules: these are part of a type.
    pub fn own_options(&self, ev: &mut Evaluator, view: &Viewpoint<'_>) -> Eval<Vec<OwnOption>> {
        let inputs = diagnose::inputs_of(ev, view);
        let view = &Viewpoint {
            inputs: &inputs,
            ..*view
        };
        let mut trees = vec![(None, self.options(ev)?)];
        if self.kind() != Kind::Home {
            for (name, options) in homes(ev, self)? {
                trees.push((Some(name), OptionTree::of(options)));
            }
        }
        let mut found = Vec::new();
        for (home, mut tree) in trees {
            while let Some(option) = tree.next(ev)? {
                if is_own(ev, &option, view)? {
                    found.push(OwnOption {
                        home: home.clone(),
                        option,
                    });
                }
            }
        }
        Ok(found)
    }
}

/// Returns where a function is written, if it is a function with a place: the binding that it is a part of, else where
/// it begins. A set with `__functor` is the function that it calls.
pub fn function_at(ev: &mut Evaluator, value: Val) -> Eval<Option<Span>> {
    let Some(pos) = function_pos(ev, value)? else {
        return Ok(None);
    };
    Ok(Some(
        diagnose::binding_around(ev, pos).unwrap_or(Span::new(pos, pos.offset(1))),
    ))
}

/// Returns the position of a function.
pub fn function_pos(ev: &mut Evaluator, value: Val) -> Eval<Option<Pos>> {
    let function = match value.is_attrs() {
        true => maybe(ev, value, &["__functor"])?,
        false => Some(value),
    };
    let lambda = function.and_then(Val::as_lambda);
    Ok(lambda.map(|(lambda, _)| lambda.pos).filter(|pos| pos.is_some()))
}

/// Whether the user's own flake declares an option. A module of an input that is no file counts as part
/// of the file that imports it, so that the place is asked first.
fn is_own(ev: &mut Evaluator, option: &Declared, view: &Viewpoint<'_>) -> Eval<bool> {
    let files = option.declarations(ev)?;
    if !files.iter().any(|file| view.owns_file(file)) {
        return Ok(false);
    }
    let spans = option.places(ev)?;
    let is_generated = |span: &Span| {
        let file = ev.sources.locate(span.start).map(|(file, ..)| file.origin.display());
        file.is_some_and(|file| GENERATORS.iter().any(|end| file.ends_with(end)))
    };
    let of_own = |span: &Span| view.owns(&ev.sources, span.start) || is_generated(span);
    Ok(spans.is_empty() || spans.iter().any(of_own))
}

/// Returns the homes that a host has by home-manager, with the options of each.
fn homes(ev: &mut Evaluator, system: &System) -> Eval<Vec<(String, Ref)>> {
    let Some(users) = system.option(ev, &["home-manager", "users"])? else {
        return Ok(Vec::new());
    };
    let Some(attrs) = maybe(ev, users.set, &["valueMeta", "attrs"])? else {
        return Ok(Vec::new());
    };
    let mut homes = Vec::new();
    for (symbol, found) in ev.sorted_entries(attrs) {
        let name = ev.symbols.text(symbol).into_owned();
        let Some(meta) = forced(ev, found.value)? else { continue };
        if let Some(configuration) = maybe(ev, meta, &["configuration"])?
            && let Some(options) = attr(ev, configuration, "options")
        {
            homes.push((name, options.value));
        }
    }
    Ok(homes)
}

#[cfg(test)]
mod tests;
