//! Faults that git cannot hold, made from the healthy twin.

use std::path::Path;
use std::process::Command;

use crate::folder::{TWINS, check, copy_to, found, repository};
use crate::golden::Expected;

/// Returns a copy of the healthy twin among the others, in which a module is added to its host.
fn with_module(module: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder can be made");
    copy_to(root.path());
    let flake = root.path().join(TWINS).join("healthy/flake.nix");
    let text = std::fs::read_to_string(&flake).expect("the healthy twin is there");
    let more = text.replace("./web.nix", &format!("./web.nix\n          {module}"));
    assert_ne!(more, text, "the healthy twin has another shape");
    std::fs::write(flake, more).expect("the copy can be written to");
    root
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=Twin", "-c", "user.email=twin@example.org"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder)
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Checks that a flake gives exactly this finding.
fn gives(root: &Path, flake: &str, expected: &str) {
    let (code, report) = check(root, &[flake]).expect("there is a report");
    let twin = repository().join(TWINS).join("healthy");
    let found = found(&report, &twin, &format!("{TWINS}/healthy/"));
    let expected: Expected = serde_yaml::from_str(expected).expect("the finding is well formed");
    // The folder is another one in each run, and the lines are not those of the repository.
    let own = root.display().to_string();
    let found: Vec<Expected> = found
        .into_iter()
        .map(|f| Expected {
            source: None,
            message: f.message.replace(&own, "/fleet"),
            ..f
        })
        .collect();
    assert_eq!((code, found.as_slice()), (1, [expected].as_slice()), "{found:#?}");
}

fn path(root: &Path) -> String {
    format!("path:{}?dir={TWINS}/healthy", root.display())
}

#[test]
fn a_module_that_git_does_not_track_is_told() {
    let root = with_module("./backup.nix");
    git(root.path(), &["init", "-q", "-b", "main"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "-q", "-m", "A fleet"]);
    std::fs::write(root.path().join(TWINS).join("healthy/backup.nix"), "{ }\n").expect("the copy can be written to");
    gives(
        root.path(),
        &format!("git+file://{}?dir={TWINS}/healthy", root.path().display()),
        r#"
since: now
stage: eval
rule: eval
severity: error
host: web
system: unknown
at: flake.nix:15:11
message: Path 'backup.nix' in the repository "/fleet" is not tracked by Git
hint: git add backup.nix
"#,
    );
}

#[test]
fn a_folder_without_files_is_told() {
    let root = with_module("./hardware");
    std::fs::create_dir(root.path().join(TWINS).join("healthy/hardware")).expect("the copy can be written to");
    gives(
        root.path(),
        &path(root.path()),
        r#"
since: now
stage: eval
rule: eval
severity: error
host: web
system: unknown
at: flake.nix:15:11
message: 'opening file ''hardware/default.nix'': No such file or directory'
hint: 'a flake sees only files that Git knows: if it is there, `git add hardware/default.nix`'
"#,
    );
}

#[test]
fn a_pipe_among_the_files_is_told() {
    let root = with_module("./socket.nix");
    let pipe = root.path().join(TWINS).join("healthy/socket.nix");
    let made = Command::new("mkfifo").arg(pipe).status().expect("mkfifo runs");
    assert!(made.success());
    gives(
        root.path(),
        &path(root.path()),
        r#"
since: now
stage: eval
rule: eval
severity: error
at: socket.nix:1:1
message: file '/socket.nix' has an unsupported type
"#,
    );
}
