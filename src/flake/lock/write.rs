//! Writing `flake.lock` as Nix 2.34 does: version 7, sorted names, two spaces, nodes named after the
//! input that leads to them first, with `_2`, `_3` … for the next of the same name.

use super::{Edge, Entry, Lock, NodeId};
use crate::input::FINAL;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

impl Lock {
    /// Returns the text that Nix writes, without the line end that the file has after it.
    pub fn to_text(&self) -> String {
        let (json, _) = self.to_json();
        serde_json::to_string_pretty(&json).expect("maps with string keys are written without error")
    }

    /// Returns the name that each node gets in the text; `None` for nodes that nothing leads to.
    pub fn keys(&self) -> Vec<Option<String>> {
        let mut keys: Vec<Option<String>> = vec![None; self.nodes.len()];
        let mut taken: HashSet<String> = HashSet::new();
        // Depth first, each node's inputs by name, as Nix's recursion goes.
        let mut todo = vec![("root".to_owned(), NodeId::ROOT)];
        while let Some((name, id)) = todo.pop() {
            let slot = &mut keys[id.0 as usize];
            if slot.is_some() {
                continue;
            }
            let mut key = name.clone();
            let mut n = 2;
            while !taken.insert(key.clone()) {
                key = format!("{name}_{n}");
                n += 1;
            }
            *slot = Some(key);
            for (name, edge) in self.node(id).inputs.iter().rev() {
                if let Edge::Node(next) = edge {
                    todo.push((name.clone(), *next));
                }
            }
        }
        keys
    }

    /// Returns the lock as JSON, and the name of each node in it (see [`Lock::keys`]).
    pub fn to_json(&self) -> (Value, Vec<Option<String>>) {
        let keys = self.keys();
        let mut nodes: BTreeMap<&str, Value> = BTreeMap::new();
        for (id, node) in self.nodes() {
            let Some(key) = &keys[id.0 as usize] else { continue };
            // Members are put in in the order of their names.
            let mut json = Map::new();
            if node.entry.as_ref().is_some_and(|entry| !entry.is_flake) {
                json.insert("flake".into(), Value::Bool(false));
            }
            if !node.inputs.is_empty() {
                let edge = |edge: &Edge| match edge {
                    Edge::Node(next) => json!(keys[next.0 as usize]),
                    Edge::Follows(path) => json!(path),
                };
                let inputs = node.inputs.iter().map(|(name, to)| (name.clone(), edge(to))).collect();
                json.insert("inputs".into(), Value::Object(inputs));
            }
            if let Some(Entry {
                locked,
                original,
                parent,
                ..
            }) = &node.entry
            {
                let mut attrs = locked.to_attrs();
                attrs.remove(FINAL);
                json.insert("locked".into(), attrs.to_json());
                json.insert("original".into(), original.to_attrs().to_json());
                if let Some(parent) = parent {
                    json.insert("parent".into(), json!(parent));
                }
            }
            nodes.insert(key, Value::Object(json));
        }
        let nodes: Map<String, Value> = nodes.into_iter().map(|(key, node)| (key.to_owned(), node)).collect();
        let mut json = Map::new();
        json.insert("nodes".into(), Value::Object(nodes));
        json.insert("root".into(), Value::from(keys[0].clone()));
        json.insert("version".into(), Value::from(7));
        (Value::Object(json), keys)
    }
}
