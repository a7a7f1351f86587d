//! All of a corpus of real files, when `CFGCHECK_CORPUS` names the folder that holds `nixpkgs-2611`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a corpus lies on the disk, named by a variable"
)]

use super::outcome;
use std::path::{Path, PathBuf};
use syntax::ParseOptions;

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let kind = entry.file_type().expect("the kind of a file is known");
        let path = entry.path();
        if kind.is_dir() {
            collect(&path, files);
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "nix") {
            files.push(path);
        }
    }
}

#[test]
fn every_file_of_nixpkgs_parses() {
    let Some(corpus) = std::env::var_os("CFGCHECK_CORPUS") else {
        eprintln!("CFGCHECK_CORPUS is not set: nothing to read");
        return;
    };
    let mut files = Vec::new();
    collect(&Path::new(&corpus).join("nixpkgs-2611"), &mut files);
    assert!(files.len() > 40_000, "{} files", files.len());
    let mut options = ParseOptions::new(b"/");
    options.home = Some(b"/home/user");
    for file in files {
        let text = std::fs::read(&file).expect("the file can be read");
        if let Err(error) = outcome(&text, &options) {
            panic!("{}: {error}", file.display());
        }
    }
}
