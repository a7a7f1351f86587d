//! The paths of closures, as Nix lists them: `nix path-info --recursive`, with or without `--json`.
//!
//! Only which paths there are, and which refers to which, is taken from it. A wrong list makes a verdict that fits no host,
//! and no verdict that fits a wrong one: hosts compare with what they have.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::{STORE_DIR, StorePath};

/// Most bytes of a list: 64 MiB.
const MOST_BYTES: usize = 64 << 20;

/// The paths of one or several closures.
#[derive(Debug, PartialEq, Eq)]
pub enum Listed {
    /// Paths alone: of one closure.
    Paths(BTreeSet<StorePath>),
    /// Paths with those that each refers to.
    Graph(BTreeMap<StorePath, BTreeSet<StorePath>>),
}

/// Why a list of paths is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum ListedError {
    /// It is too long.
    #[error("it is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is no text.
    #[error("it is not UTF-8")]
    NoText,
    /// It is no JSON, or other JSON.
    #[error("it is not what `nix path-info --recursive --json` prints: {0}")]
    Json(String),
    /// A path is none of the store.
    #[error("'{0}' is no store path")]
    NoStorePath(String),
    /// It does not have a path that is asked for.
    #[error("it does not have {0}, which this commit's host is built to; build this very commit, and list that")]
    WithoutOutPath(StorePath),
    /// It does not have a path that another one refers to.
    #[error("it does not have {missing}, which {of} refers to; `--recursive` lists all")]
    Incomplete {
        /// The path that is not there.
        missing: StorePath,
        /// The path that refers to it.
        of: StorePath,
    },
}

impl Listed {
    /// Returns the paths that a list has.
    pub fn read(bytes: &[u8]) -> Result<Listed, ListedError> {
        if bytes.len() > MOST_BYTES {
            return Err(ListedError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ListedError::NoText)?;
        if text.trim_start().starts_with(['{', '[']) {
            let value = serde_json::from_str(text).map_err(|error| ListedError::Json(error.to_string()))?;
            return graph(value).map(Listed::Graph);
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(path).collect::<Result<_, _>>().map(Listed::Paths)
    }

    /// Returns the closure of a path.
    pub fn closure(&self, of: &StorePath) -> Result<BTreeSet<StorePath>, ListedError> {
        let graph = match self {
            Listed::Paths(paths) if paths.contains(of) => return Ok(paths.clone()),
            Listed::Graph(graph) if graph.contains_key(of) => graph,
            Listed::Paths(_) | Listed::Graph(_) => return Err(ListedError::WithoutOutPath(of.clone())),
        };
        let mut closure = BTreeSet::from([of.clone()]);
        let mut next = vec![of];
        while let Some(path) = next.pop() {
            for reference in graph.get(path).into_iter().flatten() {
                if !graph.contains_key(reference) {
                    return Err(ListedError::Incomplete {
                        missing: reference.clone(),
                        of: path.clone(),
                    });
                }
                if closure.insert(reference.clone()) {
                    next.push(reference);
                }
            }
        }
        Ok(closure)
    }

    /// Whether it can have several closures apart from each other.
    pub fn has_references(&self) -> bool {
        matches!(self, Listed::Graph(_))
    }
}

/// Returns a store path, written whole or, as since Nix 2.33, without the store's folder.
fn path(text: &str) -> Result<StorePath, ListedError> {
    let base_name = text
        .strip_prefix(STORE_DIR)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(text);
    let path = StorePath::from_base_name(base_name).ok();
    let path = path.filter(|path| path.base_name().as_bytes().get(store::DIGEST_DIGITS) == Some(&b'-'));
    path.ok_or_else(|| ListedError::NoStorePath(text.chars().take(300).collect()))
}

/// Returns what is in JSON: a list of objects with their paths (before Nix 2.19), or objects by their paths, which may stand
/// below `info` (since Nix 2.33).
fn graph(value: Value) -> Result<BTreeMap<StorePath, BTreeSet<StorePath>>, ListedError> {
    let odd = |why: &str| ListedError::Json(why.to_owned());
    let mut graph = BTreeMap::new();
    match value {
        Value::Array(objects) => {
            for object in &objects {
                let name = object.get("path").and_then(Value::as_str);
                let name = name.ok_or_else(|| odd("an object has no `path`"))?;
                graph.insert(path(name)?, references(name, object)?);
            }
        }
        Value::Object(mut objects) => {
            let store = objects.get("storeDir").and_then(Value::as_str);
            if store.is_some_and(|store| store != STORE_DIR) {
                return Err(odd("it is of a store elsewhere"));
            }
            if let Some(Value::Object(info)) = objects.remove("info") {
                objects = info;
            }
            for (name, object) in &objects {
                graph.insert(path(name)?, references(name, object)?);
            }
        }
        _ => return Err(odd("it is neither a list nor an object")),
    }
    Ok(graph)
}

fn references(name: &str, object: &Value) -> Result<BTreeSet<StorePath>, ListedError> {
    let odd = |why: &str| ListedError::Json(format!("{} {why}", name.chars().take(300).collect::<String>()));
    if object.is_null() {
        return Err(odd("is not in the store"));
    }
    let list = object.get("references").and_then(Value::as_array);
    let list = list.ok_or_else(|| odd("has no `references`"))?;
    let texts = list
        .iter()
        .map(|one| one.as_str().ok_or_else(|| odd("has references that are no texts")));
    texts.map(|text| path(text?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

    fn named(name: &str) -> StorePath {
        StorePath::from_base_name(format!("{DIGEST}-{name}")).expect("a store path")
    }

    fn read(text: &str) -> Result<Listed, ListedError> {
        Listed::read(text.replace('@', DIGEST).as_bytes())
    }

    #[test]
    fn all_forms_of_nix_are_read() {
        for graph in [
            r#"[{"path":"/nix/store/@-a","references":["/nix/store/@-a","/nix/store/@-b"],"valid":true},
                {"path":"/nix/store/@-b","references":[]},{"path":"/nix/store/@-c","references":[]}]"#,
            r#"{"/nix/store/@-a":{"references":["/nix/store/@-b"],"narHash":"sha256-x"},
                "/nix/store/@-b":{"references":[]},"/nix/store/@-c":{"references":[]}}"#,
            r#"{"info":{"@-a":{"references":["@-b"],"version":2},"@-b":{"references":[]},"@-c":{"references":[]}},
                "storeDir":"/nix/store","version":2}"#,
        ] {
            let listed = read(graph).unwrap_or_else(|error| panic!("{graph}: {error}"));
            assert!(listed.has_references());
            assert_eq!(
                listed.closure(&named("a")).expect("it is whole"),
                [named("a"), named("b")].into()
            );
            assert_eq!(listed.closure(&named("c")).expect("it is whole"), [named("c")].into());
        }
        let plain = read("/nix/store/@-a\n\n/nix/store/@-b\n").expect("it is read");
        assert!(!plain.has_references());
        assert_eq!(
            plain.closure(&named("a")).expect("it is there"),
            [named("a"), named("b")].into()
        );
    }

    #[test]
    fn what_is_no_list_is_told() {
        let check = |text: &str, expected: &str| {
            let error = read(text).expect_err(text).to_string();
            assert!(error.contains(&expected.replace('@', DIGEST)), "{text}: {error}");
        };
        check("/etc/passwd\n", "'/etc/passwd' is no store path");
        check("/nix/store/@-a/bin\n", "is no store path");
        check("/nix/store/@+a\n", "is no store path");
        check("{", "EOF");
        check("[1]", "an object has no `path`");
        check(
            r#"{"info":{},"storeDir":"/gnu/store","version":2}"#,
            "it is of a store elsewhere",
        );
        check(r#"{"/nix/store/@-a":null}"#, "/nix/store/@-a is not in the store");
        check(r#"{"/nix/store/@-a":{}}"#, "/nix/store/@-a has no `references`");
        check(
            r#"{"/nix/store/@-a":{"references":[1]}}"#,
            "has references that are no texts",
        );
        let closure = |text: &str| {
            read(text)
                .expect("it is read")
                .closure(&named("a"))
                .expect_err(text)
                .to_string()
        };
        let told = closure(r#"{"/nix/store/@-a":{"references":["/nix/store/@-b"]}}"#);
        assert!(told.contains("-b, which /nix/store/"), "{told}");
        assert!(closure("").starts_with("it does not have /nix/store/"));
        assert!(closure("{}").contains("build this very commit"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..99), text in "[\\[{}\\]\":a-z,/-]{0,40}") {
            let _ = Listed::read(&bytes);
            let _ = Listed::read(text.as_bytes());
        }
    }
}
