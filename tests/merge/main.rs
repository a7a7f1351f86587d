//! The laws of merging that the stand-in nixpkgs's module system keeps.
//!
//! `fixtures/modules/merge` has one small module file for each law, and beside it what the real
//! nixpkgs's library says of it: the options with their types, definitions, files, priorities and
//! values, the messages of all errors, and the documentation (`fixtures/modules/facts.nix`). Here the
//! stand-in's library says the same, in our evaluator and in Nix. With a corpus the real library is
//! asked (`tests/corpus/module_system.rs`), and writes its answers anew:
//!
//! ```text
//! CFGCHECK_CORPUS=… UPDATE_GOLDEN=1 cargo nextest run corpus_merging
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests run programs on files of the repository"
)]

mod answers;

use answers::{Asked, STAND_IN, compare, expected, fixtures, laws, named_with};
use std::path::Path;

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in from.read_dir().expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let to = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("a file can be copied");
        }
    }
}

/// Returns the differences between the answers that are expected and those that are given.
fn differences(asked: &Asked) -> String {
    let laws = laws();
    assert!(laws.len() > 40, "there are module files: {laws:?}");
    let mut wrong = Vec::new();
    for law in laws {
        compare(&law, &expected(&law), &asked.answer(&law), &mut wrong);
    }
    wrong.join("\n")
}

#[test]
fn every_law_has_its_answer() {
    assert_eq!(laws(), named_with("json"));
}

#[test]
fn the_stand_in_merges_as_the_real_library_does() {
    let links = tempfile::tempdir().expect("a folder can be made");
    let program = links.path().join("nix-instantiate");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cfgcheck"), &program).expect("a link can be made");
    let fixtures = fixtures();
    let asked = Asked {
        command: vec![program.display().to_string()],
        library: fixtures.join(STAND_IN).display().to_string(),
        modules: fixtures.join("modules").display().to_string(),
    };
    let wrong = differences(&asked);
    assert!(wrong.is_empty(), "{wrong}");
}

/// Nix with the stand-in's library says what cfgcheck says with it.
#[test]
fn oracle_the_stand_in_merges_alike_in_nix() {
    let oracle = std::env::var("CFGCHECK_ORACLE").expect("CFGCHECK_ORACLE names a command; see tests/oracle.sh");
    let root = oracle.strip_prefix("chroot ").expect("the oracle is a `chroot DIR`");
    let root = Path::new(root.trim());
    let place = tempfile::tempdir_in(root.join("tmp")).expect("the oracle can be written to");
    for part in ["modules", STAND_IN] {
        copy(&fixtures().join(part), &place.path().join(part));
    }
    let name = place.path().file_name().expect("it has a name").to_string_lossy();
    let asked = Asked {
        command: vec![
            "chroot".to_owned(),
            root.display().to_string(),
            "nix-instantiate".to_owned(),
        ],
        library: format!("/tmp/{name}/{STAND_IN}"),
        modules: format!("/tmp/{name}/modules"),
    };
    let wrong = differences(&asked);
    assert!(wrong.is_empty(), "{wrong}");
}
