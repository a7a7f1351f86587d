//! Calling a flake: from the graph of its locked inputs to its value.
//!
//! What a flake is made of is said in the language itself (`call_flake.nix`), so that it is exactly
//! as lazy as Nix's: an input is fetched when something in it is used.

use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use crate::io::FetchRequest;
use crate::shared::FIXED;
use diag::Pos;

/// One node of the graph of a flake's inputs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlakeNode {
    /// Whether it is a flake rather than a plain tree.
    pub is_flake: bool,
    /// The folder of the flake in its tree; empty for the root.
    pub dir: String,
    /// The node that its path is relative to, and that path.
    pub parent: Option<(u32, String)>,
    /// Its inputs: names and the indices of nodes.
    pub inputs: Vec<(String, u32)>,
}

/// The graph of a locked flake's inputs; the first node is the flake itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlakeGraph {
    /// The number under which the world knows the flake.
    pub flake: u32,
    /// The nodes.
    pub nodes: Vec<FlakeNode>,
}

const TEXT: &[u8] = include_bytes!("call_flake.nix");

impl Evaluator {
    /// Returns the value of a locked flake. The sources of its nodes are asked of the world, by
    /// [`FetchRequest::Node`], when they are needed.
    pub fn call_flake(&mut self, graph: &FlakeGraph) -> Eval<Val> {
        let function = match self.caches.call_flake {
            Some(cell) => cell,
            None => {
                let function = super::internal_text(self, "call-flake.nix", TEXT)?;
                let cell = self.cell(function);
                self.mem.heap.pin();
                self.caches.call_flake = Some(cell);
                cell
            }
        };
        let nodes = self.graph_value(graph);
        let source = self.internal_builtin("fetchFlakeNode", 2, fetch_node);
        let flake = self.cell(Val::int(i64::from(graph.flake)));
        let source = self.cell(Val::partial(source, flake));
        let root = self.string_cell(b"0");
        let used = self.internal_builtin("useFlakeNode", 3, use_node);
        let used = self.cell(Val::partial(used, flake));
        let settle = self.internal_builtin("settleFlakeNodes", 2, settle);
        let argument = self.small_set(&[
            ("nodes", nodes),
            ("root", root),
            ("settle", settle),
            ("source", source),
            ("use", used),
        ]);
        let argument = self.cell(argument);
        self.call_cell(function, &[argument], Pos::NONE)
    }

    /// Returns the cell of a builtin that has no name in the global scope.
    pub(crate) fn internal_builtin(
        &mut self,
        name: &'static str,
        arity: usize,
        function: fn(&mut Evaluator, &[Ref]) -> Eval<Val>,
    ) -> Ref {
        let index = match self.builtins.iter().position(|b| b.name == name) {
            Some(index) => index,
            None => {
                self.builtins.push(super::Builtin {
                    name,
                    arity,
                    function,
                    traced: false,
                });
                self.builtins.len() - 1
            }
        };
        self.cell(Val::builtin(index as u32))
    }

    fn small_set(&mut self, attrs: &[(&str, Ref)]) -> Val {
        let list = attrs
            .iter()
            .map(|(name, cell)| (self.symbols.intern(name.as_bytes()), Pos::NONE, *cell))
            .collect();
        self.mem.attrs_from(list)
    }

    fn graph_value(&mut self, graph: &FlakeGraph) -> Ref {
        let mut list = Vec::with_capacity(graph.nodes.len());
        let fixed = fixed_nodes(&graph.nodes);
        for (key, node) in graph.nodes.iter().enumerate() {
            let mut inputs = Vec::with_capacity(node.inputs.len());
            for (name, target) in &node.inputs {
                let name = self.symbols.intern(name.as_bytes());
                inputs.push((name, Pos::NONE, self.string_cell(target.to_string().as_bytes())));
            }
            let inputs = self.mem.attrs_from(inputs);
            let inputs = self.cell(inputs);
            let is_flake = self.mem.bool_cell(node.is_flake);
            let dir = self.string_cell(node.dir.as_bytes());
            let is_fixed = self.mem.bool_cell(fixed[key]);
            let mut attrs = vec![
                ("dir", dir),
                ("fixed", is_fixed),
                ("flake", is_flake),
                ("inputs", inputs),
            ];
            if let Some((parent, path)) = &node.parent {
                attrs.push(("parent", self.string_cell(parent.to_string().as_bytes())));
                attrs.push(("path", self.string_cell(path.as_bytes())));
            }
            let set = self.small_set(&attrs);
            let key = self.symbols.intern(key.to_string().as_bytes());
            list.push((key, Pos::NONE, self.cell(set)));
        }
        let set = self.mem.attrs_from(list);
        self.cell(set)
    }
}

/// Returns for each node whether it leads to inputs only, and not back to the flake itself.
fn fixed_nodes(nodes: &[FlakeNode]) -> Vec<bool> {
    let mut fixed = vec![true; nodes.len()];
    let leads_back = |node: &FlakeNode, fixed: &[bool]| {
        let parent = node.parent.as_ref().map(|(parent, _)| *parent);
        let mut next = node.inputs.iter().map(|(_, target)| *target).chain(parent);
        next.any(|next| !fixed.get(next as usize).copied().unwrap_or(false))
    };
    if let Some(root) = fixed.first_mut() {
        *root = false;
    }
    while let Some(node) = (0..nodes.len()).find(|&node| fixed[node] && leads_back(&nodes[node], &fixed)) {
        fixed[node] = false;
    }
    fixed
}

/// Labels the values of nodes that lead to inputs only: the nodes, and the set of the values.
fn settle(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let nodes = ev.force(args[0], Pos::NONE)?;
    let flakes = ev.force(args[1], Pos::NONE)?;
    let fixed = ev.symbols.intern(b"fixed");
    let entries = ev.mem.entries(flakes);
    for (key, attr) in entries.iter() {
        let node = ev.mem.attr(nodes, key).map(|node| ev.peek(node.value));
        let is_fixed = node
            .and_then(|node| ev.mem.attr(node, fixed))
            .map(|is| ev.peek(is.value));
        let value = ev.peek(attr.value);
        if is_fixed.and_then(Val::as_bool) == Some(true) && !value.is_whnf() {
            ev.mem.heap.set(attr.value, value.labelled(FIXED));
        }
    }
    Ok(flakes)
}

/// Returns the value of a node, the third argument, as an input of another one; that it is used is told to the world.
fn use_node(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let flake = ev.force_int(args[0], Pos::NONE, "")?;
    let key = ev.force_plain_string(args[1], Pos::NONE, "")?;
    let node = String::from_utf8_lossy(key).parse().unwrap_or(u32::MAX);
    // What inputs use of each other is used by whoever uses these.
    if ev.mem.heap.label != FIXED {
        ev.shows();
        ev.io.uses_node(flake as u32, node);
    }
    ev.force(args[2], Pos::NONE)
}

/// Fetches the source of a node: the flake's number and the node's key.
fn fetch_node(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let flake = ev.force_int(args[0], Pos::NONE, "")?;
    let key = ev.force_plain_string(args[1], Pos::NONE, "")?;
    let node = String::from_utf8_lossy(key).parse().unwrap_or(u32::MAX);
    let flake = flake as u32;
    match ev.io.fetch(&FetchRequest::Node { flake, node }) {
        Ok(fetched) => {
            let own = ev.is_own_node(flake, node);
            if own {
                ev.found_own(&fetched.path);
            }
            Ok(super::fetch::tree_value(ev, fetched.path, &fetched.attrs, false, own))
        }
        Err(error) => Err(ev.fail(ErrorKind::Io, error.to_string())),
    }
}
