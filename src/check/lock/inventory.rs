//! The inputs of a flake with their classes and ages, as `cfgcheck list inputs` tells them.

use flake::lock::{Edge, NodeId};
use serde::Serialize;

use super::view::{Problem, View};
use super::{Files, Request};
use crate::Day;
use crate::settings::{Class, MaxAge};

/// One input of a flake.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// Its name.
    pub name: String,
    /// How it is to move; none for a folder of the flake, and for an input that follows another one.
    pub class: Option<Class>,
    /// Whether the settings name the class; otherwise it is guessed from the reference.
    pub class_is_set: bool,
    /// What `flake.nix` refers to; none if it follows another input.
    pub reference: Option<String>,
    /// The input that it follows.
    pub follows: Option<String>,
    /// The revision that it is locked to.
    pub revision: Option<String>,
    /// The day of that revision.
    pub date: Option<Day>,
    /// Its age in days; negative if it is dated after today.
    pub age: Option<i64>,
    /// How many days old it may get; none for any age.
    pub max_age: Option<u32>,
    /// Whether the lock has it as `flake.nix` names it.
    pub locked: bool,
    /// Its own inputs that follow others, as pairs: name and what it follows.
    pub inputs: Vec<(String, String)>,
}

/// Returns the inputs of a flake in the order of their names, or why its files cannot be read.
pub fn inputs(files: &Files, request: &Request<'_>) -> Result<Vec<Row>, String> {
    let view = View::of(files, request);
    match &view.problem {
        Some(Problem::NoFlake) => return Err("there is no flake.nix".into()),
        Some(Problem::Syntax(diagnostic) | Problem::Flake(diagnostic)) => {
            let place = view.sources.place(diagnostic.span(), super::view::ROOT);
            return Err(match place {
                Some(place) => format!("{}, at {place}", diagnostic.message),
                None => diagnostic.message.clone(),
            });
        }
        Some(Problem::Lock(error)) => return Err(error.to_string()),
        None => {}
    }
    Ok(view.flake.inputs.keys().map(|name| row(&view, name)).collect())
}

fn row(view: &View<'_>, name: &str) -> Row {
    let declared = view.flake.inputs.get(name);
    let follows = declared.and_then(|declared| declared.follows.as_ref());
    let mut row = Row {
        name: name.to_owned(),
        class: None,
        class_is_set: false,
        reference: None,
        follows: follows.map(|path| path.join("/")),
        revision: None,
        date: None,
        age: None,
        max_age: None,
        locked: false,
        inputs: Vec::new(),
    };
    if let (Some(target), Some(file)) = (follows, &view.lock) {
        let edge = file.lock.node(NodeId::ROOT).inputs.get(name);
        row.locked = matches!(edge, Some(Edge::Follows(locked)) if locked == target);
    }
    let Some(input) = view.input(name) else { return row };
    row.class = input.class;
    row.class_is_set = input.said.is_some();
    row.reference = Some(input.reference.to_string());
    row.max_age = match input.max_age {
        MaxAge::Days(days) => Some(days),
        MaxAge::Any => None,
    };
    let Some((_, node, entry)) = view.locked().find(|(known, ..)| known.name == name) else {
        return row;
    };
    row.locked = true;
    row.age = view.age(entry);
    if row.age.is_some() {
        let seconds = entry.locked.input.last_modified().ok().flatten();
        row.date = seconds.map(|seconds| Day::of(std::time::Duration::from_secs(seconds)));
    }
    row.revision = entry.locked.input.rev().ok().flatten().map(|rev| rev.to_string());
    for (inner, edge) in &node.inputs {
        if let Edge::Follows(target) = edge {
            let target = if target.is_empty() {
                "nothing".to_owned()
            } else {
                target.join("/")
            };
            row.inputs.push((inner.clone(), target));
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Inputs;

    #[test]
    fn each_input_with_its_class_and_age() {
        let nix = r#"{ inputs = {
            nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
            tools = { url = "github:a/tools"; inputs.nixpkgs.follows = "nixpkgs"; };
            same.follows = "tools";
            own.url = "path:./own";
          }; outputs = _: { }; }"#;
        let lock = r#"{"nodes": {
            "nixpkgs": {"locked": {"lastModified": 1795241565, "owner": "NixOS", "repo": "nixpkgs", "type": "github",
                "rev": "5c52261a3f3ff828d1aa6870c27f9c6410505e3b", "narHash": "sha256-axp3bXf/kba2o1P7qFh5iBzTN2xnNeoJvmFUaK4Theo="},
                "original": {"owner": "NixOS", "ref": "nixos-26.05", "repo": "nixpkgs", "type": "github"}},
            "tools": {"inputs": {"nixpkgs": ["nixpkgs"]}, "locked": {"lastModified": 1, "owner": "a", "repo": "tools",
                "type": "github", "rev": "5c52261a3f3ff828d1aa6870c27f9c6410505e3b"},
                "original": {"owner": "a", "repo": "tools", "type": "github"}},
            "root": {"inputs": {"nixpkgs": "nixpkgs", "tools": "tools", "same": ["tools"]}}
          }, "root": "root", "version": 7}"#;
        let files = Files {
            flake_nix: Some(nix.as_bytes().into()),
            flake_lock: Some(lock.as_bytes().into()),
            ..Files::default()
        };
        let settings: Inputs = serde_yaml::from_str("tools: { class: rolling, max-age: none }").unwrap();
        let request = Request {
            inputs: &settings,
            today: "2026-11-25".parse().unwrap(),
            lint: true,
        };
        let rows = inputs(&files, &request).unwrap();
        let json = serde_json::to_value(&rows).unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["nixpkgs", "own", "same", "tools"]);
        assert_eq!(
            json[0],
            serde_json::json!({
                "name": "nixpkgs", "class": "stable", "class-is-set": false,
                "reference": "github:NixOS/nixpkgs/nixos-26.05", "follows": null,
                "revision": "5c52261a3f3ff828d1aa6870c27f9c6410505e3b", "date": "2026-11-21", "age": 4,
                "max-age": 30, "locked": true, "inputs": [],
            })
        );
        assert_eq!((rows[1].class, rows[1].locked), (None, false));
        assert_eq!((rows[2].follows.as_deref(), rows[2].locked), (Some("tools"), true));
        assert_eq!(
            (rows[3].class, rows[3].class_is_set, rows[3].max_age, rows[3].age),
            (Some(Class::Rolling), true, None, None)
        );
        assert_eq!(rows[3].inputs, [("nixpkgs".to_owned(), "nixpkgs".to_owned())]);
    }

    #[test]
    fn files_that_cannot_be_read_are_told() {
        let settings = Inputs::default();
        let request = Request {
            inputs: &settings,
            today: Day::of(std::time::Duration::ZERO),
            lint: true,
        };
        let check = |nix: Option<&str>, lock: Option<&str>, expected: &str| {
            let files = Files {
                flake_nix: nix.map(|text| text.as_bytes().into()),
                flake_lock: lock.map(|text| text.as_bytes().into()),
                ..Files::default()
            };
            assert_eq!(inputs(&files, &request).map(|_| ()), Err(expected.to_owned()));
        };
        check(None, None, "there is no flake.nix");
        check(
            Some("{ inputs = f; outputs = _: { }; }"),
            None,
            "expected a set but got a thunk, at flake.nix:1:3",
        );
        check(
            Some("{ outputs = _: { }; }"),
            Some("{"),
            "Could not parse 'flake.lock': parse error at line 1, column 2: unexpected end of input; expected a name in quotes",
        );
    }
}
