//! The repository that is built, whose root is the model fleet's flake.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the root folder of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the room lies in src").to_path_buf()
}

/// Copies the files that Git does not ignore, as they are now, into a folder that is made.
///
/// # Panics
///
/// If Git or the disk fails.
pub fn copy(to: &Path) {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("the repository's names are text");
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), to.join(name));
        // What is deleted and not yet committed is listed, too.
        if from.symlink_metadata().is_ok() {
            std::fs::create_dir_all(to.parent().expect("it lies in the folder")).expect("folders can be made");
            copy_file(&from, &to);
        }
    }
}

/// Copies a file or a link with its mode.
fn copy_file(from: &Path, to: &Path) {
    if from.is_symlink() {
        let target = std::fs::read_link(from).expect("a link can be read");
        std::os::unix::fs::symlink(target, to).expect("a link can be made");
    } else {
        std::fs::copy(from, to).expect("the repository can be read");
    }
}
