//! Calling flakes: locked in memory, mounted where their store path would be, and evaluated.
//!
//! One [`Flakes`] serves a run. The evaluator's world ([`crate::world::World`]) asks it for the
//! source of a node when the flake's own code needs it, so inputs that nothing uses are never read.

use crate::attrs::Attr;
use crate::fetch::{FetchError, Fetcher, Tree};
use crate::flakeref::{FlakeRef, Reading};
use crate::input::Scheme;
use crate::lock::{Edge, NodeId};
use crate::locking::{LockFlags, LockedFlake, Locker, LockingError, LockingErrorKind, NodeSource, SourceError};
use crate::registry::Registries;
use crate::trust::Voice;
use diag::FileId;
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, FetchAttr, FlakeGraph, FlakeNode, Val};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use store::{ContentAddress, ContentAddressMethod, References, StorePath, content_addressed_path};

/// The flakes of a run.
pub struct Flakes {
    /// Fetches trees.
    pub fetcher: Arc<Fetcher>,
    /// Resolves flake IDs.
    pub registries: Registries,
    /// Whether evaluation is pure: `getFlake` then wants locked references.
    pub pure: bool,
    locked: RefCell<Vec<Rc<LockedFlake>>>,
    mounted: RefCell<Vec<(Vec<u8>, String)>>,
}

/// A tree with the store path at which it is read.
pub struct Mounted {
    /// The tree.
    pub tree: Arc<Tree>,
    /// Its store path.
    pub path: StorePath,
    /// The attributes of the tree, in the order of their names.
    pub attrs: Vec<(String, FetchAttr)>,
}

/// Why a node of a flake cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Its source cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its tree cannot be read.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its name makes no store path.
    #[error("{0}")]
    Name(String),
    /// There is no such flake or node: our bug.
    #[error("the graph of this flake has no such node")]
    Unknown,
}

impl Flakes {
    /// Returns flakes of which none is locked yet.
    pub fn new(fetcher: Arc<Fetcher>, registries: Registries, pure: bool) -> Flakes {
        Flakes {
            fetcher,
            registries,
            pure,
            locked: RefCell::new(Vec::new()),
            mounted: RefCell::new(Vec::new()),
        }
    }

    /// Locks a flake in memory and returns its number.
    pub fn lock(
        &self,
        ev: &mut Evaluator,
        reference: &FlakeRef,
        flags: &LockFlags,
        voice: Voice,
    ) -> Result<u32, LockingError> {
        let pipe_operators = ev.settings.pipe_operators;
        let known = ev.sources.len();
        let mut locker = Locker {
            fetcher: &self.fetcher,
            registries: &self.registries,
            sources: &mut ev.sources,
            symbols: &mut ev.symbols,
            pipe_operators,
        };
        let locked = locker.lock_as(reference, flags, voice);
        (known..ev.sources.len()).for_each(|number| ev.reads(FileId(number as u32)));
        let locked = locked?;
        let mut all = self.locked.borrow_mut();
        all.push(Rc::new(locked));
        Ok(all.len() as u32 - 1)
    }

    /// Returns a locked flake by its number.
    pub fn get(&self, flake: u32) -> Option<Rc<LockedFlake>> {
        self.locked.borrow().get(flake as usize).cloned()
    }

    /// Returns the value of a locked flake.
    pub fn call(&self, ev: &mut Evaluator, flake: u32) -> Eval<Val> {
        let Some(locked) = self.get(flake) else {
            return Err(ev.fail(ErrorKind::Eval, NodeError::Unknown.to_string()));
        };
        match self.graph(flake, &locked) {
            Ok(graph) => ev.call_flake(&graph),
            Err(error) => Err(ev.fail(ErrorKind::Eval, error.to_string())),
        }
    }

    /// Returns the value of the flake that a text names (`getFlake`).
    pub fn get_flake(&self, ev: &mut Evaluator, reference: &str) -> Eval<Val> {
        let parsed = match FlakeRef::parse(reference, Reading::ABSOLUTE) {
            Ok(parsed) => parsed,
            Err(error) => return Err(ev.fail(ErrorKind::Eval, error.to_string())),
        };
        if self.pure && !parsed.input.is_locked() {
            let message = format!(
                "cannot call 'getFlake' on unlocked flake reference '{reference}' (use '--impure' to override)"
            );
            return Err(ev.fail(ErrorKind::Eval, message));
        }
        let flags = LockFlags {
            use_registries: !self.pure,
            allow_unlocked: !self.pure,
            ..LockFlags::default()
        };
        match self.lock(ev, &parsed, &flags, Voice::Flake) {
            Ok(flake) => self.call(ev, flake),
            Err(error) => Err(raise(ev, &error)),
        }
    }

    fn graph(&self, flake: u32, locked: &LockedFlake) -> Result<FlakeGraph, NodeError> {
        let mut nodes = Vec::new();
        for (id, node) in locked.lock.nodes() {
            let mut inputs = Vec::with_capacity(node.inputs.len());
            for (name, edge) in &node.inputs {
                let target = match edge {
                    Edge::Node(target) => Some(*target),
                    Edge::Follows(path) => locked.lock.find(path).map_err(SourceError::from)?,
                };
                if let Some(target) = target {
                    inputs.push((name.clone(), target.0));
                }
            }
            nodes.push(self.graph_node(locked, id, inputs)?);
        }
        Ok(FlakeGraph { flake, nodes })
    }

    fn graph_node(&self, locked: &LockedFlake, id: NodeId, inputs: Vec<(String, u32)>) -> Result<FlakeNode, NodeError> {
        let node = locked.lock.node(id);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some((_, dir)) = locked.fetched.get(&id) {
            let is_flake = node.entry.as_ref().is_none_or(|e| e.is_flake);
            return Ok(FlakeNode {
                is_flake,
                dir: text(dir),
                parent: None,
                inputs,
            });
        }
        let Some(entry) = &node.entry else {
            return Ok(FlakeNode {
                is_flake: true,
                dir: text(&locked.flake.dir),
                parent: None,
                inputs,
            });
        };
        let parent = match entry.locked.input.relative_path() {
            None => None,
            Some(path) => {
                let above = entry.parent.clone().unwrap_or_default();
                let found = locked.lock.find(&above).map_err(SourceError::from)?;
                let found = found.ok_or(SourceError::NoParent(above.join("/")))?;
                Some((found.0, path.to_owned()))
            }
        };
        Ok(FlakeNode {
            is_flake: entry.is_flake,
            dir: entry.locked.dir.clone(),
            parent,
            inputs,
        })
    }

    /// Returns the tree of a node, fetching it if that was not done yet.
    pub fn node(&self, flake: u32, node: u32) -> Result<Mounted, NodeError> {
        let locked = self.get(flake).ok_or(NodeError::Unknown)?;
        let id = NodeId(node);
        let mounted = match locked.source(id, &self.fetcher)? {
            // A lock that is not the one on the disk makes the flake itself count as changed.
            NodeSource::Tree { tree, .. } => mount(tree, id == NodeId::ROOT && locked.changed)?,
            NodeSource::Relative { .. } => return Err(NodeError::Unknown),
        };
        // A folder of the flake's own tree is told by its files, as the tree has the flake's, too.
        if id != NodeId::ROOT && !Arc::ptr_eq(&mounted.tree, &locked.flake.tree) {
            let inputs = locked.lock.all_inputs();
            let leads_here = |edge: &Edge| matches!(edge, Edge::Node(target) if *target == id);
            let paths = inputs
                .iter()
                .filter(|(_, (_, edge))| leads_here(edge))
                .map(|(path, _)| path);
            if let Some(name) = paths.min_by_key(|path| path.len()) {
                let at = (mounted.path.to_path().into_bytes(), name.join("/"));
                self.mounted.borrow_mut().push(at);
            }
        }
        Ok(mounted)
    }

    /// Returns a node of a locked flake and all that it leads to but the flake itself: its inputs, theirs, and so on.
    pub fn reached_from(&self, flake: u32, node: u32) -> Vec<u32> {
        let mut reached = vec![node];
        let Some(locked) = self.get(flake) else { return reached };
        let mut next = 0;
        while let Some(&node) = reached.get(next) {
            next += 1;
            for edge in locked.lock.node(NodeId(node)).inputs.values() {
                let target = match edge {
                    Edge::Node(target) => Some(*target),
                    Edge::Follows(path) => locked.lock.find(path).ok().flatten(),
                };
                if let Some(NodeId(target)) = target
                    && target != 0
                    && !reached.contains(&target)
                {
                    reached.push(target);
                }
            }
        }
        reached
    }

    /// Returns the shortest path of input names that leads to a node of a locked flake, and what it is locked to: the same text
    /// as long as its tree and the attributes of that are the same. `None` if that cannot be said without looking at the tree's
    /// files.
    pub fn identity(&self, flake: u32, node: u32) -> Option<(String, String)> {
        let locked = self.get(flake)?;
        let id = NodeId(node);
        let inputs = locked.lock.all_inputs();
        let leads_here = |edge: &Edge| matches!(edge, Edge::Node(target) if *target == id);
        let paths = inputs.iter().filter(|(_, (_, edge))| leads_here(edge));
        let path = paths.map(|(path, _)| path).min_by_key(|path| path.len())?;
        Some((path.join("/"), self.locked_to(&locked, id)?))
    }

    fn locked_to(&self, locked: &LockedFlake, id: NodeId) -> Option<String> {
        let entry = locked.lock.node(id).entry.as_ref()?;
        let input = &entry.locked.input;
        if input.attrs().contains("narHash") && input.scheme() != Some(Scheme::Path) {
            return Some(format!("{:?}", entry.locked.to_attrs().0));
        }
        // Locked for this run only, or a folder, which may have changed whatever its lock says.
        let NodeSource::Tree { tree, .. } = locked.source(id, &self.fetcher).ok()? else {
            return None;
        };
        let mounted = mount(tree, false).ok()?;
        Some(format!("{} {:?}", mounted.path, attributes(&mounted)))
    }

    /// Returns what an input of a locked flake is locked to, by the path of names that leads to it.
    pub fn identity_of_input(&self, flake: u32, path: &str) -> Option<String> {
        let locked = self.get(flake)?;
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        let id = locked.lock.find(&path).ok().flatten()?;
        self.locked_to(&locked, id)
    }

    /// Returns a text of how the inputs of a locked flake lead to each other, which says nothing of what they are locked to.
    pub fn outline(&self, flake: u32) -> Option<String> {
        let locked = self.get(flake)?;
        let graph = self.graph(flake, &locked).ok()?;
        Some(format!("{:?}", graph.nodes))
    }

    /// Returns the store paths of the inputs that were read so far, with the names that the flake's
    /// lock has for them.
    pub fn mounted(&self) -> Vec<(Vec<u8>, String)> {
        self.mounted.borrow().clone()
    }
}

/// Raises why a flake cannot be locked, at the place of a syntax error; the place of other errors
/// stands in their messages, as in Nix.
pub fn raise(ev: &mut Evaluator, error: &LockingError) -> eval::Fail {
    let message = error.message(&ev.sources);
    let is_syntax = matches!(*error.kind, LockingErrorKind::Syntax(_));
    let pos = error.pos().filter(|_| is_syntax).unwrap_or_default();
    ev.fail_at(ErrorKind::Eval, pos, message)
}

/// Returns a tree with its store path and the attributes that `fetchTree` gives it.
pub fn mount(tree: Arc<Tree>, force_dirty: bool) -> Result<Mounted, NodeError> {
    let nar_hash = tree.nar_hash()?;
    let address = ContentAddress {
        method: ContentAddressMethod::Nar,
        hash: *nar_hash.hash(),
    };
    let path = content_addressed_path(tree.input.name().as_bytes(), &address, &References::default())
        .map_err(|e| NodeError::Name(e.to_string()))?;
    let mut attrs: Vec<(String, FetchAttr)> = vec![("narHash".into(), FetchAttr::String(nar_hash.to_string()))];
    let mut put = |name: &str, value: FetchAttr| attrs.push((name.to_owned(), value));
    if tree.input.scheme() == Some(Scheme::Git) {
        put("submodules", FetchAttr::Bool(tree.submodules().unwrap_or(false)));
    }
    if !force_dirty {
        if let Some(rev) = tree.rev() {
            put("rev", FetchAttr::String(rev.to_string()));
            put("shortRev", FetchAttr::String(rev.short()));
        }
        if let Some(count) = tree.rev_count()? {
            put("revCount", FetchAttr::Int(count));
        }
    }
    if let Some(rev) = tree.dirty_rev() {
        put("dirtyRev", FetchAttr::String(rev.to_owned()));
    }
    if let Some(rev) = tree.dirty_short_rev() {
        put("dirtyShortRev", FetchAttr::String(rev.to_owned()));
    }
    if let Some(time) = tree.last_modified() {
        put("lastModified", FetchAttr::Int(time));
        put("lastModifiedDate", FetchAttr::String(date(time)));
    }
    attrs.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Mounted { tree, path, attrs })
}

/// Returns the attributes of a tree as text, and under the empty name which of them there are.
pub fn attributes(mounted: &Mounted) -> BTreeMap<String, String> {
    let text = |value: &FetchAttr| match value {
        FetchAttr::String(text) => text.clone(),
        FetchAttr::Int(number) => number.to_string(),
        FetchAttr::Bool(value) => value.to_string(),
    };
    let names: Vec<&str> = mounted.attrs.iter().map(|(name, _)| name.as_str()).collect();
    let names = (String::new(), names.join(" "));
    let all = mounted.attrs.iter().map(|(name, value)| (name.clone(), text(value)));
    all.chain([names]).collect()
}

/// Returns a time as `YYYYMMDDhhmmss` in UTC.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, so that a leap day is a year's last (Howard Hinnant's civil_from_days).
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}{month:02}{day:02}{:02}{:02}{:02}",
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Returns attributes as the evaluator has them.
pub(crate) fn to_fetch_attrs(attrs: &crate::Attrs) -> Vec<(String, FetchAttr)> {
    let value = |attr: &Attr| match attr {
        Attr::Int(n) => FetchAttr::Int(*n),
        Attr::Str(s) => FetchAttr::String(s.clone()),
        Attr::Bool(b) => FetchAttr::Bool(*b),
    };
    attrs.0.iter().map(|(name, attr)| (name.clone(), value(attr))).collect()
}

/// Returns attributes of the evaluator as those of a reference.
pub(crate) fn from_fetch_attrs(attrs: &[(String, FetchAttr)]) -> crate::Attrs {
    let mut result = crate::Attrs::new();
    for (name, value) in attrs {
        match value {
            FetchAttr::Int(n) => result.set(name, *n),
            FetchAttr::String(s) => result.set(name, s.clone()),
            FetchAttr::Bool(b) => result.set(name, *b),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "19700101000000"),
            (951_782_400, "20000229000000"),
            (1_700_000_000, "20231114221320"),
            (4_107_542_399, "21000228235959"),
            (4_107_542_400, "21000301000000"),
        ] {
            assert_eq!(date(seconds), text, "{seconds}");
        }
    }
}
