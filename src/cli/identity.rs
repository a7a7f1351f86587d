//! Names the build: a hash of all sources that the program is made of, so that results kept by another one are not taken for its
//! own. Sets `CFGCHECK_BUILD` for the program.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads sources and speaks to cargo"
)]

use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

fn main() {
    let mut files = Vec::new();
    for name in ["src", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={name}");
        gather(Path::new(name), &mut files);
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        hasher.write(file.as_os_str().as_encoded_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    println!("cargo::rustc-env=CFGCHECK_BUILD={:016x}", hasher.finish());
}

/// Adds a file, or all files in a folder.
fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().for_each(|entry| gather(&entry.path(), files)),
        Err(_) => files.push(path.to_owned()),
    }
}
