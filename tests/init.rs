//! `cfgcheck init` on flakes of all kinds: what it writes, and that it overwrites nothing.

#![expect(clippy::disallowed_methods, reason = "these tests make repositories")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use testkit::Program;

/// A host and a home that are as little as they can be.
const FLAKE: &str = r#"{
  outputs = _: {
    nixosConfigurations.web = {
      pkgs.stdenv.hostPlatform.system = "x86_64-linux";
      config.system.build.toplevel = derivation {
        name = "web";
        system = "x86_64-linux";
        builder = "/bin/sh";
      };
    };
    nixosConfigurations.broken = throw "no";
    homeConfigurations.alice.pkgs.stdenv.hostPlatform.system = "aarch64-linux";
  };
}
"#;

struct Repository {
    program: Program,
    folder: tempfile::TempDir,
}

impl Repository {
    fn new(remote: Option<&str>) -> Repository {
        let repository = Repository {
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        repository.write("flake.nix", FLAKE);
        repository.git(&["init", "--quiet", "--initial-branch", "trunk"]);
        if let Some(url) = remote {
            repository.git(&["remote", "add", "origin", url]);
        }
        repository.git(&["add", "--all"]);
        repository.git(&["commit", "--quiet", "--message", "x"]);
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("fleet").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("it can be written");
    }

    fn git(&self, args: &[&str]) {
        testkit::git(&self.path(""), args);
    }

    /// Returns the exit code and what is said.
    fn init(&self, args: &[&str]) -> (Option<i32>, String) {
        let all = [&["init"][..], args].concat();
        let output = self.program.run(&self.path(""), &all);
        let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), texts.concat())
    }

    /// Returns all files beside those of Git, with their texts.
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut pending = vec![self.path("")];
        while let Some(folder) = pending.pop() {
            for entry in std::fs::read_dir(folder).expect("it can be listed") {
                let path = entry.expect("it can be read").path();
                if path.is_dir() && !path.ends_with(".git") {
                    pending.push(path);
                } else if path.is_file() {
                    let name = path
                        .strip_prefix(self.path(""))
                        .expect("it lies in it")
                        .display()
                        .to_string();
                    files.insert(name, std::fs::read_to_string(&path).expect("it is text"));
                }
            }
        }
        files
    }
}

#[test]
fn a_flake_on_github_gets_settings_workflows_and_hooks() {
    let repository = Repository::new(Some("git@github.com:octo/fleet.git"));
    let (code, told) = repository.init(&["--dry-run"]);
    assert_eq!((code, repository.files().len()), (Some(0), 1), "{told}");
    assert!(told.contains("would write .github/workflows/fleet.yml"), "{told}");
    let (code, told) = repository.init(&[]);
    assert_eq!(code, Some(0), "{told}");
    for line in [
        "found  host broken (its system could not be evaluated)",
        "found  host web (x86_64-linux)",
        "found  home alice (aarch64-linux)",
        "wrote  cfgcheck.yaml",
        "git add cfgcheck.yaml .github/workflows/fleet.yml .github/workflows/publish.yml .pre-commit-config.yaml",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let files = repository.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let expected = [
        ".github/workflows/fleet.yml",
        ".github/workflows/publish.yml",
        ".pre-commit-config.yaml",
        "cfgcheck.yaml",
        "flake.nix",
    ];
    assert_eq!(names, expected);
    assert!(files[".github/workflows/fleet.yml"].contains("branches: [trunk]"));
    let judged = repository
        .program
        .run(&repository.path(""), &["check", "--host", "web"]);
    assert_eq!(judged.status.code(), Some(0), "the settings are right");
    // Once more changes nothing.
    let (code, told) = repository.init(&[]);
    assert_eq!((code, repository.files()), (Some(0), files));
    assert!(told.contains("kept   cfgcheck.yaml, which is there already"), "{told}");
    assert!(
        told.contains("to add to it:") && told.contains("      - id: cfgcheck-lint-system"),
        "{told}"
    );
}

#[test]
fn what_is_there_is_never_overwritten() {
    let repository = Repository::new(Some("https://github.com/octo/fleet"));
    repository.write("cfgcheck.yaml", "version: 1 # mine\n");
    repository.write(".github/workflows/fleet.yml", "mine\n");
    repository.git(&["checkout", "--quiet", "-b", "master"]);
    std::os::unix::fs::symlink("nowhere", repository.path(".pre-commit-config.yaml")).expect("nothing is in the way");
    let (code, told) = repository.init(&[]);
    assert_eq!(code, Some(0), "{told}");
    let files = repository.files();
    assert_eq!(
        (
            files["cfgcheck.yaml"].as_str(),
            files[".github/workflows/fleet.yml"].as_str()
        ),
        ("version: 1 # mine\n", "mine\n")
    );
    assert!(files.contains_key(".github/workflows/publish.yml"));
    assert!(!repository.path("nowhere").exists(), "{told}");
}

#[test]
fn a_link_leads_no_file_out_of_the_repository() {
    let repository = Repository::new(Some("https://github.com/octo/fleet"));
    let outside = repository.folder.path().join("outside");
    std::fs::create_dir_all(&outside).expect("a folder can be made");
    std::os::unix::fs::symlink(&outside, repository.path(".github")).expect("nothing is in the way");
    let (code, told) = repository.init(&[]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("would lie outside of the repository"), "{told}");
    let left = std::fs::read_dir(outside.join("workflows")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

#[test]
fn other_places_get_what_suits_them() {
    let check = |remote: Option<&str>, args: &[&str], expected: &[&str]| {
        let repository = Repository::new(remote);
        let (code, told) = repository.init(args);
        assert_eq!(code, Some(0), "{told}");
        let files = repository.files();
        let names: Vec<&str> = files
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "flake.nix")
            .collect();
        assert_eq!(names, expected, "{told}");
    };
    let hooks = ".pre-commit-config.yaml";
    check(
        Some("https://gitlab.example.org/o/fleet.git"),
        &[],
        &[".gitlab-ci.yml", hooks, "cfgcheck.yaml"],
    );
    check(Some("ssh://git@git.example.org/fleet"), &[], &[hooks, "cfgcheck.yaml"]);
    check(None, &["--no-hooks"], &["cfgcheck.yaml"]);
    check(
        None,
        &["--ci", "gitlab", "--no-hooks"],
        &[".gitlab-ci.yml", "cfgcheck.yaml"],
    );
}

#[test]
fn what_is_no_flake_here_is_told() {
    let repository = Repository::new(None);
    let (code, told) = repository.init(&["path:/nowhere"]);
    assert_eq!(code, Some(1), "{told}");
    repository.write("flake.nix", "{ outputs = _: nonsense; }\n");
    let (code, told) = repository.init(&[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("undefined variable 'nonsense'"), "{told}");
    assert_eq!(repository.files().len(), 1);
}
