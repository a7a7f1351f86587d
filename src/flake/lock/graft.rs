//! A lock in which some inputs stand where another lock has them.

use super::{Edge, InputPath, Lock, LockError, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};

impl Lock {
    /// Returns this lock with some of the flake's own inputs, and all that they lead to, as another lock of the same flake has
    /// them; an input that the other does not have is left out. What follows a path of inputs follows it in the new lock.
    pub fn with_inputs_of(&self, other: &Lock, inputs: &BTreeSet<String>) -> Result<Lock, LockError> {
        let mut grafted = Lock::new();
        let root = |lock: &Lock| lock.node(NodeId::ROOT).inputs.clone();
        let mut known = [BTreeMap::new(), BTreeMap::new()];
        let kept = root(self).into_iter().filter(|(name, _)| !inputs.contains(name));
        let moved = root(other).into_iter().filter(|(name, _)| inputs.contains(name));
        for (name, edge) in kept {
            let edge = grafted.copied(self, &edge, &mut known[0])?;
            grafted.node_mut(NodeId::ROOT).inputs.insert(name, edge);
        }
        for (name, edge) in moved {
            let edge = grafted.copied(other, &edge, &mut known[1])?;
            grafted.node_mut(NodeId::ROOT).inputs.insert(name, edge);
        }
        Ok(grafted)
    }

    /// Returns the flake's own inputs that lead to something else in another lock.
    pub fn inputs_that_differ(&self, other: &Lock) -> Result<BTreeSet<String>, LockError> {
        let names = [self, other].map(|lock| lock.node(NodeId::ROOT).inputs.keys().cloned());
        let mut differ = BTreeSet::new();
        for name in names.into_iter().flatten().collect::<BTreeSet<_>>() {
            let moved = self.with_inputs_of(other, &BTreeSet::from([name.clone()]))?;
            if moved != *self {
                differ.insert(name);
            }
        }
        Ok(differ)
    }

    /// Adds what an edge of another lock leads to, and returns the edge to it here.
    fn copied(&mut self, of: &Lock, edge: &Edge, known: &mut BTreeMap<NodeId, NodeId>) -> Result<Edge, LockError> {
        let Edge::Node(top) = edge else {
            return Ok(edge.clone());
        };
        // Each node is added before its inputs are, so that circles end; depth first, without recursion.
        let mut pending: Vec<(NodeId, InputPath)> = Vec::new();
        let top = self.added(of, *top, known, &mut pending)?;
        while let Some((old, names)) = pending.pop() {
            let Some(new) = known.get(&old).copied() else { continue };
            for name in names {
                let Some(edge) = of.node(old).inputs.get(&name) else {
                    continue;
                };
                let edge = match edge {
                    Edge::Node(child) => Edge::Node(self.added(of, *child, known, &mut pending)?),
                    Edge::Follows(path) => Edge::Follows(path.clone()),
                };
                self.node_mut(new).inputs.insert(name, edge);
            }
        }
        Ok(Edge::Node(top))
    }

    fn added(
        &mut self,
        of: &Lock,
        id: NodeId,
        known: &mut BTreeMap<NodeId, NodeId>,
        pending: &mut Vec<(NodeId, InputPath)>,
    ) -> Result<NodeId, LockError> {
        if let Some(new) = known.get(&id) {
            return Ok(*new);
        }
        let Node { entry, inputs, key, .. } = of.node(id);
        let Some(entry) = entry else { return Ok(NodeId::ROOT) };
        let new = self.add(entry.clone())?;
        self.node_mut(new).key.clone_from(key);
        known.insert(id, new);
        pending.push((id, inputs.keys().cloned().collect()));
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(nixpkgs: &str, home: &str, extra: &str) -> Lock {
        let digits = |digit: &str| digit.repeat(40);
        let node = |rev: &str, inputs: &str| {
            format!(
                r#"{{ {inputs} "locked": {{ "type": "github", "owner": "o", "repo": "r", "rev": "{}",
                     "narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "lastModified": 1 }},
                     "original": {{ "type": "github", "owner": "o", "repo": "r" }} }}"#,
                digits(rev)
            )
        };
        let text = format!(
            r#"{{ "version": 7, "root": "root", "nodes": {{
                 "root": {{ "inputs": {{ "nixpkgs": "nixpkgs", "home": "home", "pkgs": ["home", "utils"] {extra} }} }},
                 "nixpkgs": {}, "home": {}, "utils": {} }} }}"#,
            node(nixpkgs, ""),
            node(home, r#""inputs": { "nixpkgs": ["nixpkgs"], "utils": "utils" },"#),
            node(home, ""),
        );
        Lock::parse(text.as_bytes(), "flake.lock").expect("it is a lock")
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn revs(lock: &Lock) -> String {
        let of = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
            let found = lock.find(&path).expect("no circle");
            let rev = found.and_then(|node| lock.node(node).entry.clone()).and_then(|entry| {
                let attrs = entry.locked.input.attrs().clone();
                attrs.str("rev").ok().flatten().map(|rev| rev[..1].to_owned())
            });
            rev.unwrap_or_else(|| "-".into())
        };
        [
            &["nixpkgs"][..],
            &["home"],
            &["home", "nixpkgs"],
            &["home", "utils"],
            &["pkgs"],
        ]
        .map(of)
        .concat()
    }

    #[test]
    fn inputs_move_with_all_that_they_lead_to() {
        let (old, new) = (lock("a", "b", ""), lock("c", "d", ""));
        let check = |inputs: &[&str], expected: &str| {
            let lock = old.with_inputs_of(&new, &set(inputs)).expect("it is a lock");
            assert_eq!(revs(&lock), expected, "{inputs:?}");
            lock.check().expect("it is in order");
            let again = Lock::parse(lock.to_text().as_bytes(), "flake.lock").expect("it is a lock");
            assert_eq!(again, lock);
        };
        check(&[], "ababb");
        // What follows another input follows it wherever that stands.
        check(&["nixpkgs"], "cbcbb");
        check(&["home"], "adadd");
        check(&["home", "nixpkgs", "pkgs"], "cdcdd");
        assert_eq!(old.with_inputs_of(&new, &set(&[])).expect("it is a lock"), old);
        let all = set(&["home", "nixpkgs", "pkgs"]);
        assert_eq!(old.with_inputs_of(&new, &all).expect("it is a lock"), new);
    }

    #[test]
    fn inputs_that_differ_are_those_that_lead_elsewhere() {
        let differ = |old: &Lock, new: &Lock| Vec::from_iter(old.inputs_that_differ(new).expect("it is a lock"));
        let (old, new) = (lock("a", "b", ""), lock("c", "d", ""));
        assert_eq!(differ(&old, &new), ["home", "nixpkgs"]);
        assert!(differ(&old, &old).is_empty());
        let more = lock("a", "b", r#", "more": ["nixpkgs"]"#);
        assert_eq!(differ(&old, &more), ["more"]);
        assert_eq!(differ(&more, &old), ["more"]);
    }
}
