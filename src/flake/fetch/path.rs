//! `path:` inputs: a folder as it is.

use super::{FetchErrorKind, Fetcher, Tree};
use crate::input::Input;
use crate::tree::{FolderTree, TreeError};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

impl Fetcher {
    pub(super) fn fetch_path(&self, input: &Input) -> Result<Tree, FetchErrorKind> {
        let text = input.attrs().required_str("path")?;
        if !text.starts_with('/') {
            return Err(FetchErrorKind::RelativePath(input.display()));
        }
        let path = canonical(text);
        if self.fs.stat(&path).map_err(TreeError::from)?.is_none() {
            return Err(FetchErrorKind::NoSuchPath(path.to_string_lossy().into_owned()));
        }
        // The root may be a link; below it none is followed.
        let root = self.fs.canonicalize(&path).map_err(TreeError::from)?;
        let folder = FolderTree::new(self.fs.clone(), root);
        if input.last_modified()?.is_some() {
            return Ok(Tree::new(Arc::new(folder), input.clone()));
        }
        // Whatever has no time is not locked yet, and so its hash is asked for next; both are found on one way. What cannot be
        // hashed is told where that is needed.
        let hashed = folder.hashed().ok();
        let latest_change = match hashed {
            Some((_, latest_change)) => latest_change,
            None => folder.latest_change()?,
        };
        let mut input = input.clone();
        input.set("lastModified", latest_change);
        let tree = Tree::new(Arc::new(folder), input);
        if let Some((hash, _)) = hashed {
            let _ = tree.nar_hash.set(hash);
        }
        Ok(tree)
    }
}

/// Returns an absolute path without `.`, `..` and doubled slashes.
fn canonical(text: &str) -> PathBuf {
    let mut path = PathBuf::from("/");
    for part in Path::new(text).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    path
}
