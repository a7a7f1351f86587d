//! The disk of a machine: a file with an ext4 file system that holds systems and their closures.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::said;

use crate::builder::Builder;

/// A disk with systems, the first of which is generation 1 of the machine.
pub struct Image {
    _folder: TempDir,
    path: PathBuf,
}

impl Image {
    /// Makes a disk without mounting anything.
    pub fn new(builder: &Builder, systems: &[&str]) -> Image {
        let folder = builder.folder();
        let tree = folder.path().join("tree");
        let make = |name: &str| std::fs::create_dir_all(tree.join(name)).expect("folders can be made");
        for name in [
            "nix/store",
            "nix/var/nix/profiles",
            "nix/var/nix/gcroots",
            "boot",
            "etc",
            "root",
            "var/lib/sops-nix",
            "tmp",
        ] {
            make(name);
        }
        let closure = builder.closure(systems);
        // Links, as copies would be gigabytes; mke2fs reads them as files.
        let outside: Vec<_> = closure.iter().map(|path| builder.outside(path)).collect();
        let mut link = Command::new("cp");
        link.arg("-al").args(&outside).arg(tree.join("nix/store"));
        said(&link.output().expect("cp runs"));
        std::fs::write(tree.join("nix/registration"), builder.registration(&closure)).expect("files can be written");
        // The key of the host's secrets, which somebody has to bring: here the throw-away one.
        let key = testkit::root().join(format!("fixtures/keys/{}.age", builder.host()));
        std::fs::copy(key, tree.join("var/lib/sops-nix/key.txt")).expect("the host has a key");
        let profiles = tree.join("nix/var/nix/profiles");
        symlink(systems[0], profiles.join("system-1-link")).expect("links can be made");
        symlink("system-1-link", profiles.join("system")).expect("links can be made");

        bring_loader(&tree);

        let size = said(&Command::new("du").arg("-sm").arg(&tree).output().expect("du runs"));
        let used: u64 = size
            .split_whitespace()
            .next()
            .and_then(|n| n.parse().ok())
            .expect("du says a number");
        let path = folder.path().join("disk.ext4");
        let mut format = Command::new("mke2fs");
        format
            .args(["-q", "-t", "ext4", "-L", "nixos", "-d"])
            .arg(&tree)
            .arg(&path);
        format.arg(format!("{}M", used * 5 / 4 + 400));
        said(&format.output().expect("mke2fs runs"));
        std::fs::remove_dir_all(&tree).expect("the tree can be removed");
        Image { _folder: folder, path }
    }

    /// Returns a copy of it, as it is at this moment.
    pub fn copied(&self) -> Image {
        let beside = self.path.parent().and_then(Path::parent).expect("it lies in a folder");
        let folder = tempfile::tempdir_in(beside).expect("a temporary folder can be made");
        let path = folder.path().join("disk.ext4");
        let mut copy = Command::new("cp");
        copy.arg("--sparse=always").arg(&self.path).arg(&path);
        said(&copy.output().expect("cp runs"));
        Image { _folder: folder, path }
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Brings the file system of a machine that has gone off into order, as mounting it would.
    pub fn settle(&self) {
        let check = Command::new("e2fsck")
            .arg("-p")
            .arg(&self.path)
            .output()
            .expect("e2fsck runs");
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        // 0 clean, 1 mended.
        assert!(matches!(check.status.code(), Some(0 | 1)), "{said}");
    }

    /// Reads a text file of a machine that is off.
    pub fn read(&self, file: &str) -> String {
        String::from_utf8(self.debugfs(&format!("cat {file}"))).expect("the file is text")
    }

    /// Copies a file out of a machine that is off, as its boot loader would read it.
    pub fn take(&self, file: &str, to: &Path) {
        self.debugfs(&format!("dump {file} {}", to.display()));
        let size = to.metadata().map_or(0, |metadata| metadata.len());
        assert!(size > 0, "{file} is not on the disk, or is empty");
    }

    fn debugfs(&self, request: &str) -> Vec<u8> {
        let output = Command::new("debugfs")
            .args(["-R", request])
            .arg(&self.path)
            .output()
            .expect("debugfs runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

/// Brings the dynamic loader and the libraries that programs of this machine are linked with, where these look for them.
fn bring_loader(tree: &Path) {
    let linked = said(
        &Command::new("ldd")
            .arg(env!("CARGO_BIN_EXE_cfgcheck"))
            .output()
            .expect("ldd runs"),
    );
    for file in linked.split_whitespace().filter(|word| word.starts_with('/')) {
        // The loader itself is found by its whole path, all others where it looks for them.
        let to = tree.join(file.trim_start_matches('/'));
        std::fs::create_dir_all(to.parent().expect("it is in a folder")).expect("folders can be made");
        std::fs::copy(file, &to).expect("files can be copied");
    }
}
