//! All of a corpus of real files, when `CFGCHECK_CORPUS` names the folder that holds it: `nixpkgs-2611`
//! and `nix-lang`, the files of Nix's own language tests.

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

/// Returns the `*.nix` files below a folder of the corpus; none when no corpus is named.
fn files_of(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    match std::env::var_os("CFGCHECK_CORPUS") {
        Some(corpus) => collect(&Path::new(&corpus).join(folder), &mut files),
        None => eprintln!("CFGCHECK_CORPUS is not set: nothing to read"),
    }
    files
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the file can be read")
}

#[test]
fn every_file_of_nixpkgs_parses() {
    let mut options = ParseOptions::new(b"/");
    options.home = Some(b"/home/user");
    for file in files_of("nixpkgs-2611") {
        if let Err(error) = outcome(&read(&file), &options) {
            panic!("{}: {error}", file.display());
        }
    }
}

#[test]
fn the_language_tests_of_nix_come_out_alike() {
    let mut options = ParseOptions::new(b"/");
    options.home = Some(b"/home/user");
    let (mut okay, mut fail) = (0, 0);
    for file in files_of("nix-lang") {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = read(&file);
        if name.starts_with("parse-okay-") {
            let printed = outcome(&text, &options).map(|printed| printed + "\n");
            assert_eq!(
                printed.map(String::into_bytes),
                Ok(read(&file.with_extension("exp"))),
                "{name}"
            );
            okay += 1;
        } else if name.starts_with("parse-fail-") {
            let expected = String::from_utf8_lossy(&read(&file.with_extension("err.exp"))).replace("«stdin»:", "");
            let mut lines = expected
                .lines()
                .map(|line| line.trim().trim_start_matches("error: ").trim_end_matches(':'));
            let expected = [lines.next().unwrap_or_default(), lines.next().unwrap_or_default()].join(" ");
            // Which variables there are is the evaluator's business.
            if expected.starts_with("undefined variable") {
                assert!(outcome(&text, &options).is_ok(), "{name}");
            } else {
                assert_eq!(outcome(&text, &options), Err(expected), "{name}");
            }
            fail += 1;
        }
    }
    assert!(
        (okay, fail) == (0, 0) || (okay >= 13 && fail >= 41),
        "{okay} and {fail} files"
    );
}
