//! Reading `flake.lock`: versions 5, 6 and 7.

use super::json::{Json, Kind};
use super::{Edge, Entry, InputPath, Lock, LockError, LockErrorKind, MAX_NODES, Node, NodeId};
use crate::attrs::{Attr, Attrs};
use crate::flakeref::FlakeRef;
use crate::input::FINAL;
use std::collections::HashMap;

impl Lock {
    /// Returns the lock that a file's text is; `file` is how messages name the file.
    ///
    /// Nodes that nothing leads to are left out, as in Nix.
    pub fn parse(text: &[u8], file: &str) -> Result<Lock, LockError> {
        let lines = Lines::new(text);
        let reader = Reader { file, lines: &lines };
        let text = std::str::from_utf8(text)
            .map_err(|error| reader.syntax(error.valid_up_to(), "invalid UTF-8 byte".to_owned()))?;
        let json = Json::parse(text).map_err(|broken| reader.syntax(broken.at, broken.why))?;
        reader.lock(&json)
    }
}

/// Where lines start, to turn byte offsets into places.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: &[u8]) -> Lines {
        let ends = text
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        Lines {
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    fn place(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|&start| start <= at);
        (line as u32, (at - self.starts[line - 1] + 1) as u32)
    }
}

struct Reader<'a> {
    file: &'a str,
    lines: &'a Lines,
}

impl<'a> Reader<'a> {
    fn error(&self, at: usize, kind: LockErrorKind) -> LockError {
        LockError {
            kind,
            file: self.file.to_owned(),
            place: Some(self.lines.place(at)),
        }
    }

    fn syntax(&self, at: usize, why: String) -> LockError {
        let (line, column) = self.lines.place(at);
        let why = format!("parse error at line {line}, column {column}: {why}");
        self.error(
            at,
            LockErrorKind::Syntax {
                path: self.file.to_owned(),
                why,
            },
        )
    }

    fn shape(&self, at: usize, what: impl Into<String>) -> LockError {
        self.error(
            at,
            LockErrorKind::Shape {
                path: self.file.to_owned(),
                what: what.into(),
            },
        )
    }

    fn lock(&self, json: &Json) -> Result<Lock, LockError> {
        if !matches!(json.kind, Kind::Object(_)) {
            return Err(self.shape(json.at, "it is not an object"));
        }
        let version = match json.get("version") {
            None => 0,
            Some(Json {
                kind: Kind::Int(version),
                ..
            }) => *version,
            Some(other) => return Err(self.shape(other.at, "'version' is not a number")),
        };
        if !(5..=7).contains(&version) {
            let at = json.get("version").map_or(json.at, |version| version.at);
            return Err(self.error(
                at,
                LockErrorKind::Version {
                    path: self.file.to_owned(),
                    version,
                },
            ));
        }
        let root = json
            .get("root")
            .ok_or_else(|| self.shape(json.at, "'root' is missing"))?;
        let root_key = root
            .as_str()
            .ok_or_else(|| self.shape(root.at, "'root' is not a string"))?;
        let nodes_json = json
            .get("nodes")
            .ok_or_else(|| self.shape(json.at, "'nodes' is missing"))?;
        let Kind::Object(members) = &nodes_json.kind else {
            return Err(self.shape(nodes_json.at, "'nodes' is not an object"));
        };
        if members.len() > MAX_NODES {
            let what = "too many nodes";
            return Err(self.error(
                nodes_json.at,
                LockErrorKind::TooLarge {
                    path: self.file.to_owned(),
                    what,
                },
            ));
        }
        let by_key: HashMap<&str, (usize, &Json)> = members
            .iter()
            .map(|member| (member.key.as_str(), (member.key_at, &member.value)))
            .collect();

        let mut lock = Lock::new();
        let mut known: HashMap<&str, NodeId> = HashMap::from([(root_key, NodeId::ROOT)]);
        let Some(&(root_at, root_json)) = by_key.get(root_key) else {
            return Err(self.error(root.at, LockErrorKind::MissingNode(root_key.to_owned())));
        };
        lock.nodes[0].place = Some(self.lines.place(root_at));
        lock.nodes[0].key = root_key.to_owned();
        let mut todo = vec![(NodeId::ROOT, root_json)];
        while let Some((id, node_json)) = todo.pop() {
            if !matches!(node_json.kind, Kind::Object(_)) {
                return Err(self.shape(node_json.at, "a node is not an object"));
            }
            let Some(inputs) = node_json.get("inputs") else {
                continue;
            };
            let Kind::Object(inputs) = &inputs.kind else {
                return Err(self.shape(inputs.at, "'inputs' is not an object"));
            };
            for input in inputs {
                let edge = match &input.value.kind {
                    Kind::Array(_) => Edge::Follows(self.path(&input.value)?),
                    Kind::String(key) => {
                        let next = match known.get(key.as_str()) {
                            Some(&next) => next,
                            None => {
                                let Some((&key, &(key_at, next_json))) = by_key.get_key_value(key.as_str()) else {
                                    let kind = LockErrorKind::MissingNode(key.clone());
                                    return Err(self.error(input.value.at, kind));
                                };
                                let entry = self.entry(next_json, &mut lock.warnings)?;
                                let next = NodeId(lock.nodes.len() as u32);
                                let place = Some(self.lines.place(key_at));
                                lock.nodes.push(Node {
                                    entry: Some(entry),
                                    key: key.to_owned(),
                                    place,
                                    ..Node::default()
                                });
                                known.insert(key, next);
                                todo.push((next, next_json));
                                next
                            }
                        };
                        if next == NodeId::ROOT {
                            return Err(self.error(input.value.at, LockErrorKind::CycleToRoot));
                        }
                        Edge::Node(next)
                    }
                    _ => return Err(self.shape(input.value.at, "an input is neither a string nor a list")),
                };
                let node = &mut lock.nodes[id.0 as usize];
                node.inputs.insert(input.key.clone(), edge);
                node.input_places
                    .insert(input.key.clone(), self.lines.place(input.key_at));
            }
        }
        Ok(lock)
    }

    fn entry(&self, json: &Json, warnings: &mut Vec<String>) -> Result<Entry, LockError> {
        if !matches!(json.kind, Kind::Object(_)) {
            return Err(self.shape(json.at, "a node is not an object"));
        }
        // Version 5 kept what was found out about the tree in `info`.
        let mut locked = self.reference(json, "locked", json.get("info"))?;
        let original = self.reference(json, "original", None)?;
        let is_flake = match json.get("flake") {
            None => true,
            Some(Json {
                kind: Kind::Bool(is_flake),
                ..
            }) => *is_flake,
            Some(other) => return Err(self.shape(other.at, "'flake' is not a boolean")),
        };
        let parent = json.get("parent").map(|parent| self.path(parent)).transpose()?;
        let at = json.get("locked").map_or(json.at, |locked| locked.at);
        if !locked.input.is_locked() && locked.input.relative_path().is_none() {
            if locked.input.attrs().contains("narHash") && locked.input.scheme().is_some() {
                warnings.push(format!(
                    "Lock file entry '{locked}' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. \
                     This is not reproducible and will break after garbage collection or when shared."
                ));
            } else {
                let shown = locked.input.attrs().to_json().to_string();
                return Err(self.error(at, LockErrorKind::Unlocked(shown)));
            }
        }
        if locked.input.attrs().contains(FINAL) {
            return Err(self.shape(at, format!("'{FINAL}' stands in it")));
        }
        locked.input.set(FINAL, true);
        Ok(Entry {
            locked,
            original,
            is_flake,
            parent,
        })
    }

    fn reference(&self, json: &Json, name: &'static str, info: Option<&Json>) -> Result<FlakeRef, LockError> {
        let value = json
            .get(name)
            .ok_or_else(|| self.error(json.at, LockErrorKind::MissingAttr(name)))?;
        let mut attrs = Attrs::new();
        self.attrs(value, &mut attrs)?;
        if let Some(info) = info {
            self.attrs(info, &mut attrs)?;
        }
        FlakeRef::from_attrs(attrs).map_err(|error| self.error(value.at, error.into()))
    }

    fn attrs(&self, json: &Json, attrs: &mut Attrs) -> Result<(), LockError> {
        let Kind::Object(members) = &json.kind else {
            return Err(self.shape(json.at, "attributes of an input are not an object"));
        };
        for member in members {
            let value = match &member.value.kind {
                Kind::Int(number) => Attr::Int(*number),
                Kind::String(text) => Attr::Str(text.clone()),
                Kind::Bool(truth) => Attr::Bool(*truth),
                _ => return Err(self.error(member.value.at, LockErrorKind::AttrType)),
            };
            attrs.set(&member.key, value);
        }
        Ok(())
    }

    fn path(&self, json: &Json) -> Result<InputPath, LockError> {
        let Kind::Array(values) = &json.kind else {
            return Err(self.shape(json.at, "a path of inputs is not a list"));
        };
        let name = |value: &Json| {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| self.shape(value.at, "an input's name is not a string"))
        };
        values.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn broken(text: &str, place: (u32, u32), message: &str) {
        let error = Lock::parse(text.as_bytes(), "flake.lock").unwrap_err();
        assert_eq!(
            (error.place, error.to_string().as_str()),
            (Some(place), message),
            "{text}"
        );
    }

    #[test]
    fn errors_have_places() {
        broken(
            "{\n  \"version\": 7,\n}",
            (3, 1),
            "Could not parse 'flake.lock': parse error at line 3, column 1: unexpected '}'; expected a name in quotes",
        );
        broken(
            "{\"nodes\": {},\n \"version\": 8}",
            (2, 13),
            "lock file 'flake.lock' has unsupported version 8",
        );
        broken(
            "{\"version\": 7, \"root\": \"r\", \"nodes\": {\n\"r\": {\"inputs\": {\"a\": \"b\"}}}}",
            (2, 23),
            "lock file references missing node 'b'",
        );
        broken(
            "{\"version\": 7, \"root\": \"r\", \"nodes\": {\"r\": {\"inputs\":\n{\"a\": \"r\"}}}}",
            (2, 7),
            "lock file contains cycle to root node",
        );
        broken("[]", (1, 1), "lock file 'flake.lock' is broken: it is not an object");
    }

    #[test]
    fn follows_circles_have_places() {
        let text =
            "{\"version\": 7, \"root\": \"r\", \"nodes\": {\"r\": {\"inputs\": {\n\"a\": [\"b\"],\n\"b\": [\"a\"]}}}}";
        let lock = Lock::parse(text.as_bytes(), "flake.lock").unwrap();
        let error = lock.check().unwrap_err();
        assert_eq!(error.to_string(), "follow cycle detected: [b -> a -> b]");
        assert_eq!(error.place, Some((2, 1)));
    }

    proptest::proptest! {
        #[test]
        fn no_lock_panics_and_what_is_read_is_written_the_same(
            root in "(\"a\": (\"x\"|\"y\"|\\[\"a\"\\]|\\[\\]))?", x in "(\"b\": (\"x\"|\"y\"|\"r\"|\\[\"a\", \"b\"\\]|1))?", version in 4u8..9
        ) {
            let node = |inputs: &str| format!(
                "{{\"inputs\": {{{inputs}}}, \"locked\": {{\"type\": \"path\", \"path\": \"./x\"}}, \"original\": {{\"type\": \"path\", \"path\": \"./x\"}}}}"
            );
            let text = format!(
                "{{\"version\": {version}, \"root\": \"r\", \"nodes\": {{\"r\": {{\"inputs\": {{{root}}}}}, \"x\": {}, \"y\": {}}}}}",
                node(&x), node("")
            );
            if let Ok(lock) = Lock::parse(text.as_bytes(), "flake.lock") {
                let written = lock.to_text();
                let again = Lock::parse(written.as_bytes(), "flake.lock").unwrap();
                proptest::prop_assert_eq!(again.to_text(), written);
                let _ = lock.check();
            }
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Lock::parse(&bytes, "flake.lock");
        }
    }
}
