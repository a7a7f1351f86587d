//! What is taken of the packages, and where it goes.

use super::deb::{File, Node};
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use store::NarTree;

/// The only module of Debian's kernel that a build VM needs; what else it needs is built in.
const MODULE: &str = "kernel/drivers/block/virtio_blk.ko.xz";

/// Files of packages, by where they go.
pub(super) struct Tree {
    files: BTreeMap<PathBuf, NarTree>,
}

impl Tree {
    pub fn new() -> Tree {
        Tree { files: BTreeMap::new() }
    }

    /// Takes a file, if it is needed.
    pub fn take(&mut self, file: File) {
        let Some(place) = place(&file.path) else {
            return;
        };
        let node = match file.node {
            Node::File(contents, executable) => NarTree::File { executable, contents },
            Node::Symlink(target) => NarTree::Symlink(target.into_os_string().into_vec()),
            Node::Same(other) => match place_of(&other).and_then(|other| self.files.get(&other)) {
                Some(node) => node.clone(),
                None => return,
            },
        };
        self.files.insert(place, node);
    }

    /// Returns the whole tree.
    pub fn finish(self) -> NarTree {
        let mut root = NarTree::Directory(Default::default());
        for (place, mut node) in self.files {
            // What `depmod` would say: the module needs no other one.
            if place.ends_with(MODULE) {
                let version: PathBuf = place.iter().take(4).collect();
                let list = NarTree::File {
                    executable: false,
                    contents: format!("{MODULE}:\n").into_bytes(),
                };
                insert(&mut root, &version.join("modules.dep"), list);
            }
            if let NarTree::File { executable, .. } = &mut node
                && place == Path::new("vmlinuz")
            {
                *executable = false;
            }
            insert(&mut root, &place, node);
        }
        insert(
            &mut root,
            Path::new("usr/bin/sh"),
            NarTree::Symlink(b"busybox".to_vec()),
        );
        root
    }
}

/// Puts a node into a tree, in which nothing but folders is on the way.
fn insert(root: &mut NarTree, place: &Path, node: NarTree) {
    let Some(name) = place.file_name() else {
        return;
    };
    let mut at = root;
    for part in place.parent().into_iter().flat_map(Path::iter) {
        let NarTree::Directory(entries) = at else {
            return;
        };
        let part = part.to_os_string().into_vec();
        if !entries.contains_key(&part) {
            entries.insert(part.clone(), NarTree::Directory(Default::default()));
        }
        let Some(next) = entries.get_mut(&part) else {
            return;
        };
        at = next;
    }
    if let NarTree::Directory(entries) = at {
        entries.insert(name.to_os_string().into_vec(), node);
    }
}

/// Returns where a file of a package goes; `None` if it is not needed.
fn place(path: &Path) -> Option<PathBuf> {
    let place = place_of(path)?;
    let text = place.to_str()?;
    let parts: Vec<&str> = text.split('/').collect();
    let needed = match parts.as_slice() {
        ["vmlinuz"] => true,
        ["modules", "lib", "modules", _, rest @ ..] => {
            let rest = rest.join("/");
            rest == MODULE || rest.starts_with("modules.builtin")
        }
        ["usr", "bin" | "sbin" | "libexec" | "lib64", ..] => true,
        // Conversions between character sets and the like: no program of a build needs them from here.
        [
            "usr",
            "lib",
            _,
            "gconv" | "perl" | "audit" | "engines-3" | "ossl-modules",
            ..,
        ] => false,
        ["usr", "lib", ..] => true,
        _ => false,
    };
    needed.then_some(place)
}

/// Returns where a path of a package lies in our tree. Debian has all programs and libraries below `/usr` (and `/lib` and
/// the others are links), whatever a package says.
fn place_of(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    let first = plain.iter().next()?.to_str()?.to_owned();
    match first.as_str() {
        "bin" | "sbin" | "lib" | "lib64" => plain = Path::new("usr").join(plain),
        "boot" => {
            let is_kernel = plain.file_name()?.to_str()?.starts_with("vmlinuz-");
            return is_kernel.then(|| "vmlinuz".into());
        }
        _ => {}
    }
    match plain.strip_prefix("usr/lib/modules") {
        Ok(rest) => Some(Path::new("modules/lib/modules").join(rest)),
        Err(_) => Some(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_has_its_place() {
        for (path, expected) in [
            ("./usr/bin/nix", Some("usr/bin/nix")),
            ("./lib64/ld-linux-x86-64.so.2", Some("usr/lib64/ld-linux-x86-64.so.2")),
            ("./boot/vmlinuz-6.12.1-cloud", Some("vmlinuz")),
            ("./boot/config-6.12.1-cloud", None),
            ("./usr/share/doc/nix-bin/copyright", None),
            (
                "./usr/lib/x86_64-linux-gnu/libc.so.6",
                Some("usr/lib/x86_64-linux-gnu/libc.so.6"),
            ),
            ("./usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", None),
            (
                "./usr/lib/modules/6.12.1/kernel/drivers/block/virtio_blk.ko.xz",
                Some("modules/lib/modules/6.12.1/kernel/drivers/block/virtio_blk.ko.xz"),
            ),
            ("./usr/lib/modules/6.12.1/kernel/drivers/block/nbd.ko.xz", None),
            ("../etc/passwd", None),
            ("./etc/passwd", None),
        ] {
            assert_eq!(place(Path::new(path)), expected.map(PathBuf::from), "{path}");
        }
    }
}
