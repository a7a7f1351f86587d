//! How much the closure of some paths takes, as far as sizes are known.

use std::collections::{BTreeMap, BTreeSet};

use store::StorePath;

use super::stores::{PathInfo, Store, StoreError};

/// Most paths of one closure; a large desktop has five thousand.
const MOST_PATHS: usize = 200_000;

/// The sizes that were found, of all paths that were reached.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    known: BTreeMap<StorePath, PathInfo>,
    unknown: BTreeSet<StorePath>,
    /// What a store said instead of an answer.
    pub failed: Vec<String>,
}

impl Sizes {
    /// Adds what is known without any store: the sources that evaluation itself copies.
    pub(super) fn add(&mut self, path: StorePath, info: PathInfo) {
        self.unknown.remove(&path);
        self.known.insert(path, info);
    }

    /// Looks up paths and all that they refer to. A store that gives no answer is not asked again.
    pub(super) fn look_up(&mut self, roots: &[StorePath], stores: &[&dyn Store]) {
        let mut stores = stores.to_vec();
        let mut seen: BTreeSet<StorePath> = BTreeSet::new();
        let mut layer: Vec<StorePath> = roots.to_vec();
        while !layer.is_empty() && seen.len() < MOST_PATHS {
            layer.retain(|path| seen.insert(path.clone()));
            let mut missing: Vec<StorePath> = layer
                .iter()
                .filter(|path| !self.known.contains_key(path) && !self.unknown.contains(path))
                .cloned()
                .collect();
            stores.retain(|store| {
                if missing.is_empty() {
                    return true;
                }
                match store.infos(&missing) {
                    Ok(infos) => {
                        for (path, info) in missing.iter().zip(infos) {
                            if let Some(info) = info {
                                self.known.insert(path.clone(), info);
                            }
                        }
                        missing.retain(|path| !self.known.contains_key(path));
                        true
                    }
                    Err(error) => {
                        self.failed.push(told(*store, &error));
                        false
                    }
                }
            });
            self.unknown.extend(missing);
            let next: BTreeSet<&StorePath> = layer
                .iter()
                .filter_map(|path| self.known.get(path))
                .flat_map(|info| &info.references)
                .collect();
            layer = next.into_iter().filter(|path| !seen.contains(*path)).cloned().collect();
        }
    }

    /// Whether the size of a path is known.
    pub(super) fn knows(&self, path: &StorePath) -> bool {
        self.known.contains_key(path)
    }

    /// Returns how much the closure of some paths takes.
    pub(super) fn closure(&self, roots: &[StorePath]) -> Weight {
        let mut weight = Weight::default();
        let mut seen: BTreeSet<&StorePath> = roots.iter().collect();
        let mut open: Vec<&StorePath> = seen.iter().copied().collect();
        while let Some(path) = open.pop() {
            weight.paths += 1;
            let Some(info) = self.known.get(path) else {
                weight.unknown += 1;
                continue;
            };
            weight.bytes = weight.bytes.saturating_add(info.size);
            open.extend(info.references.iter().filter(|reference| seen.insert(*reference)));
        }
        weight
    }
}

fn told(store: &dyn Store, error: &StoreError) -> String {
    format!("{} is not asked: {error}", store.name())
}

/// How much a closure takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weight {
    /// The bytes of all paths whose size is known.
    pub bytes: u64,
    /// The number of paths.
    pub paths: usize,
    /// How many of them have no known size; what these refer to is not known either.
    pub unknown: usize,
}

impl Weight {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.unknown == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> StorePath {
        StorePath::new(&[7; 20], name.as_bytes()).unwrap()
    }

    /// A store with these paths: name, size, references.
    struct Table(
        &'static [(&'static str, u64, &'static [&'static str])],
        Option<&'static str>,
    );

    impl Store for Table {
        fn name(&self) -> &str {
            "table"
        }

        fn infos(&self, paths: &[StorePath]) -> Result<Vec<Option<PathInfo>>, StoreError> {
            if let Some(broken) = self.1 {
                return Err(StoreError::Machine(broken.into()));
            }
            let info = |wanted: &StorePath| {
                let found = self.0.iter().find(|(name, ..)| path(name) == *wanted);
                found.map(|(_, size, references)| PathInfo {
                    size: *size,
                    references: references.iter().map(|name| path(name)).collect(),
                })
            };
            Ok(paths.iter().map(info).collect())
        }
    }

    #[test]
    fn a_closure_counts_each_path_once() {
        let first = Table(&[("a", 1, &["b", "c"]), ("b", 10, &["b", "d"])], None);
        let second = Table(&[("c", 100, &["d"]), ("d", 1000, &[])], None);
        let broken = Table(&[], Some("it burns"));
        let mut sizes = Sizes::default();
        sizes.add(
            path("own"),
            PathInfo {
                size: 10_000,
                references: BTreeSet::from([path("a")]),
            },
        );
        sizes.look_up(&[path("own"), path("x")], &[&broken, &first, &second]);
        assert_eq!(sizes.failed, ["table is not asked: it burns"]);
        let weight = |names: &[&str]| {
            let roots: Vec<StorePath> = names.iter().map(|name| path(name)).collect();
            let Weight { bytes, paths, unknown } = sizes.closure(&roots);
            (bytes, paths, unknown)
        };
        assert_eq!(weight(&["own"]), (11_111, 5, 0));
        assert_eq!(weight(&["own", "a", "d"]), (11_111, 5, 0));
        assert_eq!(weight(&["x", "c"]), (1_100, 3, 1));
        assert_eq!(weight(&[]), (0, 0, 0));
        assert!(sizes.knows(&path("d")) && !sizes.knows(&path("x")));
        assert!(sizes.closure(&[path("a")]).is_complete() && !sizes.closure(&[path("x")]).is_complete());
    }
}
