//! The hooks of this repository: as Git calls them, and as the real pre-commit does.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make repositories and run git and pre-commit"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use testkit::Program;

/// Two hosts that are as little as a host can be.
const FLAKE: &str = r#"{
  outputs =
    _:
    let
      host = name: {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        config.system.build.toplevel = derivation {
          inherit name;
          system = "x86_64-linux";
          builder = "/bin/sh";
          value = import (./hosts + "/${name}.nix");
        };
      };
    in
    {
      nixosConfigurations.mail = host "mail";
      nixosConfigurations.web = host "web";
    };
}
"#;

/// A user's repository, and the one that it is pushed to.
struct Work {
    program: Program,
    folder: tempfile::TempDir,
}

impl Work {
    /// Returns a repository whose first commit is pushed.
    fn new() -> Work {
        let work = Work {
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        std::fs::create_dir_all(work.path("fleet/hosts")).expect("a folder can be made");
        work.write("flake.nix", FLAKE);
        work.write("hosts/mail.nix", "\"one\"\n");
        work.write("hosts/web.nix", "\"one\"\n");
        work.done(&["init", "--quiet", "--bare", "--initial-branch", "main", "../remote"]);
        work.done(&["init", "--quiet", "--initial-branch", "main"]);
        work.done(&["remote", "add", "origin", "../remote"]);
        work.commit("one");
        work.done(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        work
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path("fleet").join(name), text).expect("it can be written");
    }

    /// Returns a command in the user's repository.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.at_home(command.current_dir(self.path("fleet")));
        command
    }

    /// Has a command find the program under test, and nobody's settings.
    fn at_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = std::env::var("PATH").unwrap_or_default();
        self.program
            .at_home(command)
            .env("PATH", format!("{}:{path}", self.program.folder().display()))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env_remove("GITHUB_EVENT_NAME")
            .env_remove("GITHUB_ACTIONS")
    }

    fn git(&self, args: &[&str]) -> Output {
        let mut git = testkit::git_in(&self.path("fleet"), args);
        self.at_home(&mut git).output().expect("git is there")
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.git(args);
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    }

    fn commit(&self, message: &str) {
        self.done(&["add", "--all"]);
        self.done(&["commit", "--quiet", "--message", message]);
    }

    /// Does something that is to be refused, and returns what is said.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.git(args);
        assert!(!output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    }
}

/// Returns all that a program said.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .concat()
}

#[test]
fn a_push_is_refused_for_what_is_in_its_commits() {
    let work = Work::new();
    let hook = work.path("fleet/.git/hooks/pre-push");
    std::fs::create_dir_all(hook.parent().expect("it is in a folder")).expect("a folder can be made");
    std::fs::write(&hook, "#!/bin/sh\nexec cfgcheck hook pre-push --git \"$@\"\n").expect("it can be written");
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).expect("it can be run");
    // Not what lies in the folder counts, but what is pushed.
    work.write("hosts/web.nix", "\"two\"\n");
    work.commit("two");
    work.write("hosts/web.nix", "nonsense\n");
    let told = work.done(&["push"]);
    assert!(told.contains("left out, as nothing that it has read changed"), "{told}");
    assert!(told.contains("web") && !told.contains("\n✓ mail"), "{told}");
    work.commit("three");
    let told = work.refused(&["push"]);
    assert!(
        told.contains("hosts/web.nix:1:1") && told.contains("nonsense"),
        "{told}"
    );
    // A branch that the remote does not have is checked whole, and one that is deleted not at all.
    let told = work.refused(&["push", "origin", "main:new"]);
    assert!(
        told.contains("✓ mail") && told.contains("✗ web") || told.contains("? web"),
        "{told}"
    );
    work.done(&["push", "origin", "main~1:refs/heads/old"]);
    work.done(&["push", "origin", ":old"]);
    // The remote has what this repository has never seen.
    work.done(&[
        "-c",
        "core.hooksPath=/dev/null",
        "clone",
        "--quiet",
        "../remote",
        "../other",
    ]);
    let other = work.path("other");
    testkit::git(&other, &["commit", "--quiet", "--allow-empty", "--message", "x"]);
    testkit::git(&other, &["push", "--quiet"]);
    work.write("hosts/web.nix", "\"four\"\n");
    work.commit("four");
    let told = work.done(&["push", "--force"]);
    assert!(told.contains("which the remote has: all hosts are checked"), "{told}");
}

#[test]
fn what_is_pushed_can_be_named_by_variables() {
    let work = Work::new();
    work.write("hosts/web.nix", "nonsense\n");
    work.commit("two");
    let run = |from: &str, to: &str| {
        let mut command = work.command(Path::new("cfgcheck"));
        command.env("PRE_COMMIT_FROM_REF", from).env("PRE_COMMIT_TO_REF", to);
        let output = command.args(["hook", "pre-push"]).output().expect("it runs");
        (output.status.code(), said(&output))
    };
    assert_eq!(run("HEAD~1", "HEAD").0, Some(1));
    assert_eq!(run("", "HEAD~1").0, Some(0));
    let (code, told) = run("HEAD~1", "mian");
    assert_eq!(code, Some(2));
    assert!(told.contains("did you mean `main`?"), "{told}");
}

/// Returns the real pre-commit.
///
/// # Panics
///
/// If it is not there.
fn pre_commit() -> PathBuf {
    let path = std::env::var("CFGCHECK_PRE_COMMIT").expect("CFGCHECK_PRE_COMMIT names pre-commit: tests/pre-commit.sh");
    PathBuf::from(path)
}

/// Makes a repository that has this one's hooks, as pre-commit wants to fetch them.
fn hooks(work: &Work) -> String {
    let folder = work.path("hooks");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let name = ".pre-commit-hooks.yaml";
    std::fs::copy(testkit::root().join(name), folder.join(name)).expect("the hooks are there");
    let git = |args: &[&str]| testkit::git(&folder, args);
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "x"]);
    git(&["rev-parse", "HEAD"])
}

#[test]
fn precommit_runs_the_hooks_on_what_is_staged_and_pushed() {
    let work = Work::new();
    let rev = hooks(&work);
    let config = format!(
        "default_install_hook_types: [pre-commit, pre-push]\nrepos:\n  - repo: {}\n    rev: {rev}\n    hooks:\n      \
         - id: cfgcheck-lint-system\n      - id: cfgcheck-push-system\n",
        work.path("hooks").display()
    );
    work.write(".pre-commit-config.yaml", &config);
    let run = |args: &[&str]| {
        let output = work
            .command(&pre_commit())
            .args(args)
            .output()
            .expect("pre-commit runs");
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    };
    run(&["validate-config"]);
    let manifest = testkit::root().join(".pre-commit-hooks.yaml");
    run(&["validate-manifest", manifest.to_str().expect("the path is text")]);
    run(&["install", "--install-hooks"]);
    work.write("hosts/web.nix", "\"two\"\n");
    work.commit("two");
    // One line that cannot be parsed; what is not staged is of no account.
    work.write("hosts/web.nix", "{ a = 1 }\n");
    work.done(&["add", "hosts/web.nix"]);
    work.write("hosts/web.nix", "\"mended, and not staged\"\n");
    let told = work.refused(&["commit", "--quiet", "--message", "three"]);
    assert!(
        told.contains("cfgcheck lint") && told.contains("Failed") && told.contains("hosts/web.nix:1"),
        "{told}"
    );
    work.commit("three");
    let told = work.done(&["push"]);
    assert!(told.contains("cfgcheck check") && told.contains("Passed"), "{told}");
    work.write("hosts/web.nix", "nonsense\n");
    work.commit("four");
    let told = work.refused(&["push"]);
    assert!(
        told.contains("undefined variable 'nonsense'") && told.contains("hosts/web.nix:1:1"),
        "{told}"
    );
    // Files that no rule is about are none of the hook's business.
    work.write("README.md", "# x\n");
    work.done(&["add", "README.md"]);
    let told = work.done(&["commit", "--message", "five"]);
    assert!(told.contains("Skipped"), "{told}");
}

#[test]
fn the_hooks_of_both_kinds_do_the_same() {
    let text = std::fs::read_to_string(testkit::root().join(".pre-commit-hooks.yaml")).expect("the hooks are there");
    let hooks: serde_yaml::Value = serde_yaml::from_str(&text).expect("it is YAML");
    let hooks = hooks.as_sequence().expect("it is a list");
    let by_id = |id: &str| {
        let found = hooks.iter().find(|hook| hook["id"] == id).expect("the hook is there");
        (found["entry"].clone(), found["files"].clone(), found["stages"].clone())
    };
    for id in ["cfgcheck-lint", "cfgcheck-push"] {
        assert_eq!(by_id(id), by_id(&format!("{id}-system")));
    }
}
