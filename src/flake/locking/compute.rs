//! The walk over inputs that decides, one by one, whether its old entry stays.

use super::{Flake, LockFlags, LockedFlake, Locker, LockingError, LockingErrorKind};
use crate::fetch::Tree;
use crate::flake_nix::FlakeInput;
use crate::flakeref::FlakeRef;
use crate::input::Scheme;
use crate::lock::{Edge, Entry, InputPath, Lock, NodeId};
use crate::registry::Lookup;
use crate::tree::resolve;
use crate::trust::Voice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Inputs of inputs, at most. A lock whose nodes name each other would go on for ever.
const MAX_DEPTH: usize = 100;

/// A folder of a tree: where a flake is.
#[derive(Clone)]
struct Place {
    tree: Arc<Tree>,
    dir: Vec<u8>,
}

/// A relative path and the flake that it starts from. It is looked up only when the input is fetched: below an entry
/// that is kept, the flake that it starts from is not known.
struct Relative {
    from: Place,
    path: String,
}

impl Relative {
    fn place(self) -> Result<Place, LockingError> {
        let Relative { from, path } = self;
        let dir = resolve(&from.dir, path.as_bytes()).ok_or(LockingErrorKind::LeadsOut(path))?;
        Ok(Place { tree: from.tree, dir })
    }
}

/// What is set for an input from further up.
struct Override {
    input: FlakeInput,
    /// The flake that sets it: relative paths start there.
    place: Place,
    /// The path of that flake; `None` if a flag of the user sets it.
    parent: Option<InputPath>,
}

/// Where the old entries of a node's inputs are.
#[derive(Clone, Copy)]
struct Old<'l> {
    lock: &'l Lock,
    node: NodeId,
}

/// A node whose inputs are to be locked.
struct Task<'t> {
    inputs: &'t BTreeMap<String, FlakeInput>,
    node: NodeId,
    /// Its path from the root.
    path: &'t [String],
    old: Option<Old<'t>>,
    /// What the `follows` in the old entries start from.
    follows_prefix: &'t [String],
    place: Place,
    /// Whether the inputs come from the old lock and not from a `flake.nix`.
    trust_lock: bool,
}

struct Computing<'c, 'l> {
    locker: &'c mut Locker<'l>,
    flags: &'c LockFlags,
    top: String,
    lock: Lock,
    overrides: BTreeMap<InputPath, Override>,
    overrides_used: BTreeSet<InputPath>,
    updates_used: BTreeSet<InputPath>,
    /// The references of the flakes that are being locked, to notice circles.
    parents: Vec<FlakeRef>,
    fetched: BTreeMap<NodeId, (Arc<Tree>, Vec<u8>)>,
    by_user: BTreeSet<NodeId>,
    warnings: Vec<String>,
}

pub(super) fn compute(locker: &mut Locker<'_>, flake: Flake, flags: &LockFlags) -> Result<LockedFlake, LockingError> {
    let top = flake.locked.to_string();
    compute_inner(locker, flake, flags)
        .map_err(|error| error.during(format!("while updating the lock file of flake '{top}'")))
}

fn compute_inner(locker: &mut Locker<'_>, flake: Flake, flags: &LockFlags) -> Result<LockedFlake, LockingError> {
    let old_lock = match &flags.reference {
        Some(lock) => Lock::clone(lock),
        None => locker.read_lock(&flake.tree, &flake.dir)?,
    };
    let place = Place {
        tree: flake.tree.clone(),
        dir: flake.dir.clone(),
    };
    let overrides = flags.overrides.iter().map(|(path, reference)| {
        let input = FlakeInput::of(reference.clone());
        (
            path.clone(),
            Override {
                input,
                place: place.clone(),
                parent: None,
            },
        )
    });
    let mut computing = Computing {
        overrides: overrides.collect(),
        locker,
        flags,
        top: flake.original.to_string(),
        lock: Lock::new(),
        overrides_used: BTreeSet::new(),
        updates_used: BTreeSet::new(),
        parents: Vec::new(),
        fetched: BTreeMap::from([(NodeId::ROOT, (flake.tree.clone(), flake.dir.clone()))]),
        by_user: BTreeSet::new(),
        warnings: old_lock.warnings.clone(),
    };
    let old = (!flags.recreate).then_some(Old {
        lock: &old_lock,
        node: NodeId::ROOT,
    });
    computing.inputs_of(&Task {
        inputs: &flake.nix.inputs,
        node: NodeId::ROOT,
        path: &[],
        old,
        follows_prefix: &[],
        place,
        trust_lock: false,
    })?;
    for (path, reference) in &flags.overrides {
        if !computing.overrides_used.contains(path) {
            let path = path.join("/");
            computing.warnings.push(format!(
                "the flag '--override-input {path} {reference}' does not match any input"
            ));
        }
    }
    for path in &flags.updates {
        if !computing.updates_used.contains(path) {
            computing
                .warnings
                .push(format!("'{}' does not match any input of this flake", path.join("/")));
        }
    }
    let Computing {
        lock,
        fetched,
        by_user,
        warnings,
        ..
    } = computing;
    lock.check()?;
    let changed = lock != old_lock;
    if changed && !flags.allow_changes {
        return Err(LockingErrorKind::ChangesNotAllowed {
            flake: flake.original.to_string(),
        }
        .into());
    }
    Ok(LockedFlake {
        flake,
        lock,
        old_lock,
        changed,
        fetched,
        by_user,
        warnings,
    })
}

impl Computing<'_, '_> {
    fn inputs_of(&mut self, task: &Task<'_>) -> Result<(), LockingError> {
        if task.path.len() > MAX_DEPTH {
            return Err(LockingErrorKind::TooDeep.into());
        }
        for (id, input) in task.inputs {
            let mut path = task.path.to_vec();
            path.push(id.clone());
            self.add_overrides(input, &path, task);
        }
        // Overrides of inputs that this node does not have.
        let direct = |path: &InputPath| path.len() == task.path.len() + 1 && path.starts_with(task.path);
        for path in self.overrides.keys().filter(|path| direct(path)) {
            let name = &path[path.len() - 1];
            if !task.inputs.contains_key(name) {
                self.warnings.push(format!(
                    "input '{}' has an override for a non-existent input '{name}'",
                    task.path.join("/")
                ));
            }
        }
        for (id, input) in task.inputs {
            let mut path = task.path.to_vec();
            path.push(id.clone());
            let what = || format!("while updating the flake input '{}'", path.join("/"));
            self.input(task, id, input, &path)
                .map_err(|error| error.during(what()))?;
        }
        Ok(())
    }

    /// Notes what an input sets for its own inputs; what was noted further up stays.
    fn add_overrides(&mut self, input: &FlakeInput, prefix: &[String], task: &Task<'_>) {
        for (id, inner) in &input.overrides {
            let mut path = prefix.to_vec();
            path.push(id.clone());
            if inner.reference.is_some() || inner.follows.is_some() {
                self.overrides.entry(path.clone()).or_insert_with(|| Override {
                    input: inner.clone(),
                    place: task.place.clone(),
                    parent: Some(task.path.to_vec()),
                });
            }
            self.add_overrides(inner, &path, task);
        }
    }

    fn input(
        &mut self,
        task: &Task<'_>,
        id: &str,
        declared: &FlakeInput,
        path: &InputPath,
    ) -> Result<(), LockingError> {
        let by_flag = self.flags.overrides.contains_key(path);
        let (mut input, place, parent) = match self.overrides.get(path) {
            Some(found) => {
                self.overrides_used.insert(path.clone());
                (found.input.clone(), found.place.clone(), found.parent.clone())
            }
            None => (declared.clone(), task.place.clone(), Some(task.path.to_vec())),
        };
        // Whether it is a flake is not overridden.
        input.is_flake = declared.is_flake;
        if let Some(target) = &input.follows {
            self.lock
                .node_mut(task.node)
                .inputs
                .insert(id.to_owned(), Edge::Follows(target.clone()));
            return Ok(());
        }
        let reference = match &input.reference {
            Some(reference) => reference.clone(),
            None => FlakeRef::indirect(id)?,
        };
        let relative = reference.input.relative_path().map(|path| Relative {
            from: place,
            path: path.to_owned(),
        });
        let parent = if relative.is_some() {
            Some(parent.unwrap_or_default())
        } else {
            None
        };
        // A flag sets a relative path for the flake at the top, whose path is empty and not written.
        let parent = if relative.is_some() && by_flag { None } else { parent };
        self.updates_used.insert(path.clone());

        let old = task.old.filter(|_| !self.flags.updates.contains(path));
        let old = old.and_then(|old| match old.lock.node(old.node).inputs.get(id) {
            Some(Edge::Node(node)) => Some(Old {
                lock: old.lock,
                node: *node,
            }),
            _ => None,
        });
        let entry = old.and_then(|old| old.lock.node(old.node).entry.as_ref());
        match (old, entry) {
            (Some(old), Some(entry))
                if entry.original.canonical() == reference.canonical() && entry.parent == parent && !by_flag =>
            {
                self.keep(task, id, path, old, entry, &reference, relative)
            }
            _ => self.make(task, id, path, &input, declared, &reference, parent, relative, by_flag),
        }
    }

    /// Keeps an old entry, and looks at its inputs for overrides that changed.
    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one step of the walk, used nowhere else"
    )]
    fn keep(
        &mut self,
        task: &Task<'_>,
        id: &str,
        path: &InputPath,
        old: Old<'_>,
        entry: &Entry,
        reference: &FlakeRef,
        relative: Option<Relative>,
    ) -> Result<(), LockingError> {
        let child = self.lock.add(entry.clone())?;
        self.lock
            .node_mut(task.node)
            .inputs
            .insert(id.to_owned(), Edge::Node(child));
        // An update of an input below needs this flake's `flake.nix`.
        let mut must_fetch = self
            .flags
            .updates
            .iter()
            .any(|update| update.len() > path.len() && update.starts_with(path));
        let mut inputs = BTreeMap::new();
        if !must_fetch {
            for (name, edge) in &old.lock.node(old.node).inputs {
                match edge {
                    Edge::Node(node) => {
                        let Some(entry) = &old.lock.node(*node).entry else {
                            continue;
                        };
                        let is_flake = entry.is_flake;
                        let input = FlakeInput {
                            is_flake,
                            ..FlakeInput::of(entry.original.clone())
                        };
                        inputs.insert(name.clone(), input);
                    }
                    Edge::Follows(target) => {
                        let mut below = path.clone();
                        below.push(name.clone());
                        // A `follows` without the override that made it may be the flake's own or be
                        // gone: only its `flake.nix` tells.
                        if !task.trust_lock && !self.overrides.contains_key(&below) {
                            must_fetch = true;
                            break;
                        }
                        let mut follows = task.follows_prefix.to_vec();
                        follows.extend(target.iter().cloned());
                        let input = FlakeInput {
                            follows: Some(follows),
                            ..FlakeInput::default()
                        };
                        inputs.insert(name.clone(), input);
                    }
                }
            }
        }
        if must_fetch {
            let (flake, place) = self.input_flake(&entry.locked, reference, path, relative, Voice::Flake)?;
            self.fetched.insert(child, (place.tree.clone(), place.dir.clone()));
            return self.inputs_of(&Task {
                inputs: &flake.nix.inputs,
                node: child,
                path,
                old: Some(old),
                follows_prefix: task.follows_prefix,
                place,
                trust_lock: false,
            });
        }
        self.inputs_of(&Task {
            inputs: &inputs,
            node: child,
            path,
            old: Some(old),
            follows_prefix: task.follows_prefix,
            place: task.place.clone(),
            trust_lock: true,
        })
    }

    /// Makes a new entry, for which the input is fetched.
    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one step of the walk, used nowhere else"
    )]
    fn make(
        &mut self,
        task: &Task<'_>,
        id: &str,
        path: &InputPath,
        input: &FlakeInput,
        declared: &FlakeInput,
        reference: &FlakeRef,
        parent: Option<InputPath>,
        relative: Option<Relative>,
        by_flag: bool,
    ) -> Result<(), LockingError> {
        if !self.flags.allow_changes && !by_flag {
            return Err(LockingErrorKind::ChangesNotAllowed {
                flake: self.top.clone(),
            }
            .into());
        }
        if !self.flags.allow_unlocked && !reference.input.is_locked() && relative.is_none() {
            return Err(LockingErrorKind::UnlockedInPureMode(path.join("/")).into());
        }
        // A flag does not change the reference that the lock was made for, so that it wears off.
        let original = match &declared.reference {
            Some(own) if by_flag => own.clone(),
            _ => reference.clone(),
        };
        let voice = if by_flag { Voice::User } else { Voice::Flake };
        if !input.is_flake {
            let (locked, place) = match relative {
                Some(relative) => (reference.clone(), relative.place()?),
                None => {
                    let lookup = self.lookup(false);
                    let fetched = self.locker.fetch_tree(reference, lookup, voice)?;
                    let locked = FlakeRef {
                        input: fetched.tree.locked()?,
                        dir: reference.dir.clone(),
                    };
                    (
                        locked,
                        Place {
                            tree: fetched.tree,
                            dir: Vec::new(),
                        },
                    )
                }
            };
            let child = self.lock.add(Entry {
                locked,
                original,
                is_flake: false,
                parent,
            })?;
            self.lock
                .node_mut(task.node)
                .inputs
                .insert(id.to_owned(), Edge::Node(child));
            self.note(child, place, by_flag);
            return Ok(());
        }
        let is_relative = relative.is_some();
        let (flake, place) = self.flake_of(reference, path, relative, voice, self.lookup(by_flag))?;
        let locked = match is_relative {
            true => reference.clone(),
            false => FlakeRef {
                input: place.tree.locked()?,
                dir: flake.locked.dir.clone(),
            },
        };
        let child = self.lock.add(Entry {
            locked,
            original,
            is_flake: true,
            parent,
        })?;
        self.lock
            .node_mut(task.node)
            .inputs
            .insert(id.to_owned(), Edge::Node(child));
        self.note(child, place.clone(), by_flag);
        if let Some(parent) = self.parents.iter().find(|parent| *parent == reference) {
            return Err(LockingErrorKind::Circular(parent.to_string()).into());
        }
        self.parents.push(reference.clone());
        let own = self.locker.read_lock(&place.tree, &place.dir)?;
        let result = self.inputs_of(&Task {
            inputs: &flake.nix.inputs,
            node: child,
            path,
            old: Some(Old {
                lock: &own,
                node: NodeId::ROOT,
            }),
            follows_prefix: path,
            place,
            trust_lock: false,
        });
        self.parents.pop();
        result
    }

    fn note(&mut self, node: NodeId, place: Place, by_flag: bool) {
        if by_flag {
            self.by_user.insert(node);
        }
        self.fetched.insert(node, (place.tree, place.dir));
    }

    fn lookup(&self, by_flag: bool) -> Lookup {
        match (self.flags.use_registries, by_flag) {
            (_, true) => Lookup::Everywhere,
            (true, false) => Lookup::Limited,
            (false, false) => Lookup::Nowhere,
        }
    }

    fn input_flake(
        &mut self,
        locked: &FlakeRef,
        reference: &FlakeRef,
        path: &InputPath,
        relative: Option<Relative>,
        voice: Voice,
    ) -> Result<(Flake, Place), LockingError> {
        let reference = if relative.is_some() { reference } else { locked };
        self.flake_of(reference, path, relative, voice, self.lookup(false))
    }

    /// Returns the flake that a reference leads to: in the tree of the flake that names it for a
    /// relative path, else fetched.
    fn flake_of(
        &mut self,
        reference: &FlakeRef,
        path: &InputPath,
        relative: Option<Relative>,
        voice: Voice,
        lookup: Lookup,
    ) -> Result<(Flake, Place), LockingError> {
        match relative {
            Some(relative) => {
                let place = relative.place()?;
                // A `dir` counts from the path.
                let dir = resolve(&place.dir, reference.dir.as_bytes());
                let dir = dir.ok_or_else(|| LockingErrorKind::LeadsOut(reference.dir.clone()))?;
                let nix = self.locker.read_flake_nix(&place.tree, &dir, reference, path)?;
                debug_assert_eq!(reference.input.scheme(), Some(Scheme::Path));
                let flake = Flake {
                    original: reference.clone(),
                    resolved: reference.clone(),
                    locked: reference.clone(),
                    tree: place.tree.clone(),
                    dir: dir.clone(),
                    nix,
                };
                Ok((flake, Place { tree: place.tree, dir }))
            }
            None => {
                let flake = self.locker.fetch_flake(reference, lookup, path, voice)?;
                let place = Place {
                    tree: flake.tree.clone(),
                    dir: flake.dir.clone(),
                };
                Ok((flake, place))
            }
        }
    }
}
