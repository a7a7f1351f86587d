//! `cfgcheck lint` as users and pre-commit call it.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write repositories and run programs"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::Program;

/// Returns a repository with these files; all are tracked but those whose name begins with `new`.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = plain(files);
    git(folder.path(), &["init", "-q", "-b", "main"]);
    let tracked = files
        .iter()
        .filter(|(path, _)| !path.starts_with("new"))
        .map(|(path, _)| *path);
    git(
        folder.path(),
        &[&["add"], tracked.collect::<Vec<_>>().as_slice()].concat(),
    );
    folder
}

/// Returns a folder with these files.
fn plain(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("folders can be made");
        std::fs::write(path, text).expect("files can be written");
    }
    folder
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Runs lint in a folder and returns its exit code and findings, each as `FILE:LINE:COLUMN RULE`, and the notes.
fn lint(folder: &Path, args: &[&str]) -> (i32, Vec<String>) {
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let output = program.run(folder, &[&["lint", "--output", "json=-"], args].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    let mut found = Vec::new();
    for case in report["cases"].as_array().expect("there are cases") {
        for finding in case["findings"].as_array().into_iter().flatten() {
            let at = &finding["location"];
            let file = at["file"].as_str().unwrap_or("-");
            found.push(format!(
                "{file}:{}:{} {}",
                at["line"],
                at["column"],
                finding["rule"].as_str().unwrap_or("-")
            ));
        }
    }
    for note in report["notes"].as_array().into_iter().flatten() {
        found.push(note.as_str().unwrap_or("-").to_owned());
    }
    (output.status.code().expect("it ends by itself"), found)
}

fn check(folder: &Path, args: &[&str], code: i32, expected: &[&str]) {
    let (ended, found) = lint(folder, args);
    assert_eq!(
        (ended, found),
        (code, expected.iter().map(|one| one.to_string()).collect()),
        "{args:?}"
    );
}

const FLAKE: (&str, &str) = (
    "flake.nix",
    "{\n  outputs = _: { nixosModules.default = ./modules; };\n}\n",
);
const BROKEN: (&str, &str) = ("modules/broken.nix", "{ x = ; }\n");
const ORPHAN: (&str, &str) = ("modules/orphan.nix", "{ }\n");
const MODULES: (&str, &str) = ("modules/default.nix", "{ imports = [ ./broken.nix ../new.nix ]; }\n");

#[test]
fn the_whole_repository_is_judged_from_anywhere_in_it() {
    let folder = repository(&[FLAKE, MODULES, BROKEN, ORPHAN, ("new.nix", "{ }\n")]);
    let all = [
        "modules/default.nix:1:28 module-untracked",
        "modules/broken.nix:1:7 syntax",
        "modules/orphan.nix:1:1 module-orphan",
    ];
    for (place, args) in [("", &[][..]), ("modules", &[]), ("modules", &[".."]), ("", &["."])] {
        let (code, mut found) = lint(&folder.path().join(place), args);
        found.sort();
        let mut expected = all.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!((code, found), (1, expected), "{place} {args:?}");
    }
}

#[test]
fn named_files_are_told_alone_and_the_others_are_known() {
    let folder = repository(&[FLAKE, MODULES, BROKEN, ORPHAN, ("new.nix", "{ }\n")]);
    let root = folder.path();
    check(root, &["modules/broken.nix"], 1, &["modules/broken.nix:1:7 syntax"]);
    check(
        root,
        &["modules/orphan.nix", "flake.nix"],
        0,
        &["modules/orphan.nix:1:1 module-orphan"],
    );
    check(
        root,
        &["--deny-warnings", "modules/orphan.nix"],
        1,
        &["modules/orphan.nix:1:1 module-orphan"],
    );
    check(root, &["flake.nix"], 0, &[]);
    check(
        &root.join("modules"),
        &["broken.nix"],
        1,
        &["modules/broken.nix:1:7 syntax"],
    );
    let absolute = root.join("modules/broken.nix");
    check(
        Path::new("/"),
        &[absolute.to_str().unwrap()],
        1,
        &["modules/broken.nix:1:7 syntax"],
    );
    check(root, &["gone.nix"], 0, &["gone.nix is not there"]);
    std::fs::remove_file(root.join("modules/broken.nix")).unwrap();
    check(root, &["modules/broken.nix"], 0, &["modules/broken.nix is not there"]);
}

#[test]
fn a_file_outside_of_any_repository_is_judged_by_itself() {
    let folder = plain(&[("a.nix", "{ x = ; }\n"), ("b.nix", "{ y = ; }\n")]);
    check(folder.path(), &["a.nix"], 1, &["a.nix:1:7 syntax"]);
    let (code, found) = lint(folder.path(), &[]);
    assert_eq!((code, found.len()), (1, 2), "{found:?}");
    let empty = plain(&[]);
    check(empty.path(), &[], 0, &[]);
}

#[test]
fn other_flakes_are_named_and_left_out() {
    let inner = ("sub/flake.nix", "{ outputs = _: { x = ./x.nix; }; }\n");
    let folder = repository(&[
        ("flake.nix", "{ outputs = _: { }; }\n"),
        inner,
        ("sub/x.nix", "{ x = ; }\n"),
    ]);
    check(folder.path(), &[], 0, &[]);
    check(
        folder.path(),
        &["sub/flake.nix"],
        0,
        &["sub is a flake of its own: `cfgcheck lint sub` looks at it"],
    );
    check(folder.path(), &["sub"], 1, &["sub/x.nix:1:7 syntax"]);
    check(&folder.path().join("sub"), &[], 1, &["sub/x.nix:1:7 syntax"]);
}

#[test]
fn settings_and_comments_count() {
    let settings = (
        "cfgcheck.yaml",
        "version: 1\nexclude: [old]\nrules: { module-orphan: error }\n",
    );
    let allowed = ("modules/kept.nix", "# cfgcheck: allow(module-orphan) for later\n{ }\n");
    let folder = repository(&[
        FLAKE,
        ("modules/default.nix", "{ }\n"),
        ORPHAN,
        allowed,
        ("old/x.nix", "{ x = ; }\n"),
        settings,
    ]);
    check(folder.path(), &[], 1, &["modules/orphan.nix:1:1 module-orphan"]);
    std::fs::write(folder.path().join("cfgcheck.yaml"), "version: 1\nexlude: []\n").unwrap();
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let output = program.run(folder.path(), &["lint"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.contains("did you mean `exclude`?") && stderr.contains("cfgcheck.yaml:2:1"),
        "{stderr}"
    );
}

#[test]
fn files_of_two_repositories_are_refused() {
    let (one, two) = (repository(&[FLAKE]), repository(&[FLAKE]));
    let paths = [&one, &two].map(|folder| folder.path().join("flake.nix").display().to_string());
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let output = program.run(Path::new("/"), &["lint", &paths[0], &paths[1]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("in two repositories"));
}

#[test]
fn no_secret_is_ever_printed() {
    let aws = concat!("AKIA", "IOSFODNN7EXAMPLE");
    let text = format!("{{\n  key = \"{aws}\";\n  adminPassword = \"kX9vQ2mZ7pLr\";\n}}\n");
    let folder = repository(&[
        ("flake.nix", "{ outputs = _: { x = ./keys.nix; }; }\n"),
        ("keys.nix", &text),
        (
            ".sops.yaml",
            "creation_rules:\n  - path_regex: ^secrets/\n    age: age1yubikey1x\n",
        ),
        ("secrets/a.yaml", "mail: open-text-1\n"),
    ]);
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    for form in ["text", "json", "junit", "github", "sarif", "gitlab", "markdown"] {
        let output = program.run(folder.path(), &["lint", "--output", &format!("{form}=-")]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("keys.nix"), "{form}: {said}");
        for secret in [aws, "kX9vQ2mZ7pLr", "open-text-1"] {
            assert!(!said.contains(secret), "{form}: {said}");
        }
    }
}
