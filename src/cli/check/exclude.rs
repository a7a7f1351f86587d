//! Excluded paths that fit no file of the flake: a slip, or a folder that is gone.

use crate::config::PathPattern;
use flake::tree::{Accessor, NodeKind, join};

/// Most names of a tree that are looked at for one pattern; in a larger tree it is taken to fit.
const MOST_NAMES: usize = 100_000;

/// Returns the patterns that fit nothing below a folder of a tree.
pub(super) fn unused<'p>(patterns: &'p [PathPattern], tree: &dyn Accessor, folder: &[u8]) -> Vec<&'p PathPattern> {
    patterns.iter().filter(|pattern| !fits(pattern, tree, folder)).collect()
}

/// Whether a pattern fits something; a folder that cannot be read holds nothing.
fn fits(pattern: &PathPattern, tree: &dyn Accessor, folder: &[u8]) -> bool {
    let root = pattern.root();
    let at = |path: &str| match path {
        "" => folder.to_vec(),
        path => join(folder, path.as_bytes()),
    };
    if !matches!(tree.lstat(&at(&root)), Ok(Some(_))) {
        return false;
    }
    let mut left = MOST_NAMES;
    let mut open = vec![root];
    while let Some(path) = open.pop() {
        if pattern.covers(&path) {
            return true;
        }
        for (name, kind) in tree.read_dir(&at(&path)).unwrap_or_default() {
            left -= 1;
            if left == 0 {
                return true;
            }
            let name = String::from_utf8_lossy(&name);
            let path = if path.is_empty() {
                name.into_owned()
            } else {
                format!("{path}/{name}")
            };
            match kind {
                NodeKind::Directory => open.push(path),
                _ if pattern.covers(&path) => return true,
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use flake::tree::MemoryTree;

    #[test]
    fn patterns_that_fit_nothing_are_told() {
        let tree = MemoryTree::new()
            .with_file("nix/flake.nix", "{ }")
            .with_file("nix/hosts/web/old/a.nix", "{ }")
            .with_file("docs/a.nix", "{ }");
        let check = |text: &str, fits: bool| {
            let patterns = [PathPattern::try_from(text.to_owned()).unwrap()];
            assert_eq!(unused(&patterns, &tree, b"nix").is_empty(), fits, "{text}");
        };
        check("hosts", true);
        check("flake.nix", true);
        check("hosts/*/old", true);
        check("**/a.nix", true);
        check("hosts/*/new", false);
        check("docs", false);
        check("host", false);
        check("flake.nix/a", false);
    }
}
