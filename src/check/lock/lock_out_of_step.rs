//! `lock-out-of-step`: the lock is the one of this `flake.nix`.

use std::collections::BTreeMap;

use diag::{Diagnostic, Span};
use flake::FlakeRef;
use flake::flake_nix::FlakeInput;
use flake::lock::{Edge, InputPath, Lock, Node, NodeId};
use report::Stage;

use super::view::View;
use crate::{Level, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    id: "lock-out-of-step",
    stage: Stage::Lock,
    level: Level::Error,
    title: "`flake.lock` has the inputs that `flake.nix` names, from there, and what follows what",
    why: "Nix mends a lock that is out of step without a word, and takes for the difference whatever is newest: what \
          is built is then not what was committed and reviewed. In pure evaluation it refuses.",
    fix: "Lock it anew with `nix flake lock`, which leaves all other inputs as they are, and commit flake.lock \
          together with flake.nix.",
    wrong: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";\n# flake.lock: \"ref\": \"nixos-25.11\"",
    right: "inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";\n# flake.lock: \"ref\": \"nixos-26.05\"",
};

const ANEW: &str = "lock it anew: `nix flake lock`, and commit flake.lock";

/// Returns the differences between the two files.
pub(super) fn run(view: &View<'_>) -> Vec<Diagnostic> {
    let Some(file) = &view.lock else { return Vec::new() };
    let mut step = Step {
        view,
        lock: &file.lock,
        found: Vec::new(),
        wanted: BTreeMap::new(),
    };
    for (name, declared) in &view.flake.inputs {
        step.input(NodeId::ROOT, std::slice::from_ref(name), declared);
    }
    step.unnamed();
    step.unasked();
    step.found
}

struct Step<'s> {
    view: &'s View<'s>,
    lock: &'s Lock,
    found: Vec<Diagnostic>,
    /// What `flake.nix` sets for inputs of inputs.
    wanted: BTreeMap<InputPath, &'s FlakeInput>,
}

impl<'s> Step<'s> {
    /// Compares an input, or what is set for an input of an input, with the lock.
    fn input(&mut self, parent: NodeId, path: &[String], declared: &'s FlakeInput) {
        let Some(name) = path.last() else { return };
        let is_direct = path.len() == 1;
        if !is_direct {
            self.wanted.insert(path.to_vec(), declared);
        }
        let edge = self.lock.node(parent).inputs.get(name);
        let shown = path.join("/");
        let reference = match (&declared.reference, &declared.follows) {
            (Some(reference), _) => Some(reference.clone()),
            (None, Some(_)) => None,
            (None, None) if is_direct => FlakeRef::indirect(name).ok(),
            // Only what is set for inputs further below.
            (None, None) => None,
        };
        let span = self.view.span(declared);
        match (edge, reference, &declared.follows) {
            // An input that the other flake does not have is told by `input-override-unused`.
            (None, ..) if !is_direct => return,
            (None, ..) => {
                let found = RULE.found(format!("flake.lock lacks the input `{shown}`"));
                let hint = "lock it: `nix flake lock`, and commit flake.lock";
                self.found.push(found.at(span, "").hint(hint));
                return;
            }
            (Some(Edge::Node(id)), Some(reference), _) => {
                if !self.node(&shown, *id, &reference, is_direct) {
                    return;
                }
            }
            (Some(Edge::Node(_)), None, Some(target)) => {
                let target = target.join("/");
                let message =
                    format!("flake.lock has the input `{shown}` by itself, and flake.nix lets it follow `{target}`");
                self.tell(message, span);
                return;
            }
            (Some(Edge::Follows(target)), Some(reference), _) => {
                let target = target.join("/");
                let message = format!(
                    "flake.lock lets the input `{shown}` follow `{target}`, and flake.nix has it at {reference}"
                );
                self.tell(message, span);
                return;
            }
            (Some(Edge::Follows(locked)), None, Some(target)) => {
                if locked != target {
                    let (locked, target) = (locked.join("/"), target.join("/"));
                    let message =
                        format!("flake.lock lets the input `{shown}` follow `{locked}`, and flake.nix `{target}`");
                    self.tell(message, span);
                }
                return;
            }
            (Some(_), None, None) => {}
        }
        let Some(Edge::Node(id)) = edge else { return };
        for (inner, declared) in &declared.overrides {
            let mut path = path.to_vec();
            path.push(inner.clone());
            self.input(*id, &path, declared);
        }
    }

    fn tell(&mut self, message: String, span: Span) {
        self.found.push(RULE.found(message).at(span, "").hint(ANEW));
    }

    /// Compares where an input comes from; returns whether it is the same.
    fn node(&mut self, shown: &str, id: NodeId, reference: &FlakeRef, is_direct: bool) -> bool {
        let node = self.lock.node(id);
        let Some(entry) = &node.entry else { return true };
        let (locked, own) = (entry.original.canonical(), reference.canonical());
        if locked != own {
            let message = format!(
                "flake.lock has the input `{shown}` at {}, and flake.nix at {reference}",
                entry.original
            );
            let attr = differing(&locked, &own).unwrap_or_default();
            self.tell(message, self.view.attr(node, "original", &attr));
            return false;
        }
        let is_relative = reference.input.relative_path().is_some();
        if is_relative && is_direct && entry.parent.as_deref() != Some(&[]) {
            let message = format!("flake.lock does not say from where the path of the input `{shown}` starts");
            self.tell(message, self.view.node(node));
            return false;
        }
        true
    }

    /// Tells the inputs of the lock that `flake.nix` does not name.
    fn unnamed(&mut self) {
        for (name, edge) in &self.lock.node(NodeId::ROOT).inputs {
            if self.view.flake.inputs.contains_key(name) {
                continue;
            }
            let root: &Node = self.lock.node(NodeId::ROOT);
            let span = match edge {
                Edge::Node(id) => self.view.node(self.lock.node(*id)),
                Edge::Follows(_) => {
                    let place = self.view.member(&["nodes", &root.key, "inputs", name]);
                    place.unwrap_or_default()
                }
            };
            self.tell(
                format!("flake.lock has the input `{name}`, which flake.nix does not name"),
                span,
            );
        }
    }

    /// Tells the inputs of inputs that follow one of this flake though `flake.nix` does not say so. A flake lets its
    /// own inputs follow only what is below it, so that such a `follows` can come from nowhere else.
    fn unasked(&mut self) {
        for (path, (node, edge)) in self.lock.all_inputs() {
            let Edge::Follows(target) = edge else { continue };
            let is_own = target.first() == path.first();
            if path.len() < 2 || is_own || self.is_asked(&path) || self.is_moved(&path) {
                continue;
            }
            let (shown, target) = (path.join("/"), target.join("/"));
            let key = &self.lock.node(node).key;
            let name = path.last().map(String::as_str).unwrap_or_default();
            let span = self.view.member(&["nodes", key, "inputs", name]).unwrap_or_default();
            let message =
                format!("flake.lock lets the input `{shown}` follow `{target}`, which flake.nix does not ask for");
            self.tell(message, span);
        }
    }

    fn is_asked(&self, path: &[String]) -> bool {
        self.wanted.contains_key(path)
    }

    /// Whether the direct input above has been told already: it is another one in `flake.nix`, or gone.
    fn is_moved(&self, path: &[String]) -> bool {
        let above = path.first().and_then(|name| self.view.input(name));
        above.is_none_or(|input| input.node.is_none())
    }
}

/// Returns the first attribute of a reference that the other one has not, or not so.
fn differing(locked: &FlakeRef, own: &FlakeRef) -> Option<String> {
    let (locked, own) = (locked.to_attrs(), own.to_attrs());
    let differs = |(name, value): &(&String, &flake::Attr)| own.0.get(*name) != Some(*value);
    locked.0.iter().find(differs).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::RULE;

    const ANEW: &str = super::ANEW;

    #[test]
    fn inputs_that_are_there_once_or_elsewhere() {
        let table = Table::of(&RULE);
        let lacks = "flake.nix:2:14: flake.lock lacks the input `a`; lock it: `nix flake lock`, and commit flake.lock";
        table.check("a.url = \"github:a/b\";", "a = github:a/b", &[]);
        table.check("a.url = \"github:a/b\"; b = { };", "a = github:a/b\nb = flake:b", &[]);
        table.check(
            "a.url = \"github:a/b\"; c.url = \"path:./c\";",
            "c = path:./c",
            &[lacks],
        );
        table.check(
            "",
            "b = github:a/b",
            &[&format!(
                "flake.lock:3:5: flake.lock has the input `b`, which flake.nix does not name; {ANEW}"
            )],
        );
        table.check(
            "a.url = \"github:a/b/nixos-26.05\";",
            "a = github:a/b/nixos-25.11",
            &[&format!(
                "flake.lock:14:9: flake.lock has the input `a` at github:a/b/nixos-25.11, and flake.nix at github:a/b/nixos-26.05; {ANEW}"
            )],
        );
        table.check(
            "a.url = \"github:a/b/main\";",
            "a = github:a/b",
            &[&format!(
                "flake.lock:12:7: flake.lock has the input `a` at github:a/b, and flake.nix at github:a/b/main; {ANEW}"
            )],
        );
    }

    #[test]
    fn follows_that_differ() {
        let table = Table::of(&RULE);
        let both = "n.url = \"github:a/n\"; a.url = \"github:a/b\";";
        let locked = "n = github:a/n\na = github:a/b";
        table.check(
            &format!("{both} a.inputs.n.follows = \"n\";"),
            &format!("{locked}\na/n -> n"),
            &[],
        );
        table.check(
            &format!("{both} a.inputs.n.follows = \"n\";"),
            &format!("{locked}\na/n = github:a/n"),
            &[&format!(
                "flake.nix:2:58: flake.lock has the input `a/n` by itself, and flake.nix lets it follow `n`; {ANEW}"
            )],
        );
        table.check(
            &format!("{both} a.inputs.n.follows = \"n\";"),
            &format!("{locked}\na/n -> a"),
            &[&format!(
                "flake.nix:2:58: flake.lock lets the input `a/n` follow `a`, and flake.nix `n`; {ANEW}"
            )],
        );
        table.check(
            both,
            &format!("{locked}\na/n -> n"),
            &[&format!(
                "flake.lock:5:9: flake.lock lets the input `a/n` follow `n`, which flake.nix does not ask for; {ANEW}"
            )],
        );
        table.check(
            &format!("{both} b.follows = \"n\";"),
            &format!("{locked}\nb = github:a/n"),
            &[&format!(
                "flake.nix:2:58: flake.lock has the input `b` by itself, and flake.nix lets it follow `n`; {ANEW}"
            )],
        );
        table.check(
            both,
            "n = github:a/n\na -> n",
            &[&format!(
                "flake.nix:2:36: flake.lock lets the input `a` follow `n`, and flake.nix has it at github:a/b; {ANEW}"
            )],
        );
    }

    #[test]
    fn what_another_flake_says_of_its_own_inputs_is_its_own() {
        let table = Table::of(&RULE);
        let nix = "a.url = \"github:a/b\"; a.inputs.d.follows = \"\";";
        table.check(
            nix,
            "a = github:a/b\na/n = github:a/n\na/c = github:a/c\na/c/n -> a/n\na/d -> ",
            &[],
        );
        // What is set for an input that is not there is told by another rule.
        table.check(nix, "a = github:a/b", &[]);
    }

    #[test]
    fn an_input_of_an_input_can_be_set() {
        let table = Table::of(&RULE);
        let nix = "a.url = \"github:a/b\"; a.inputs.c.url = \"github:a/d\";";
        table.check(nix, "a = github:a/b\na/c = github:a/d", &[]);
        table.check(
            nix,
            "a = github:a/b\na/c = github:a/c",
            &[&format!(
                "flake.lock:32:9: flake.lock has the input `a/c` at github:a/c, and flake.nix at github:a/d; {ANEW}"
            )],
        );
    }
}
