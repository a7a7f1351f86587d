//! `cfgcheck bisect` on updates whose inputs break hosts alone, together, or not at all.

#![expect(clippy::disallowed_methods, reason = "these tests make repositories")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Output;
use testkit::Program;

/// Hosts that depend on inputs: `db` on one, `web` on two of which either alone is fine, `mail` is changed and `old` mended.
const FLAKE: &str = r#"{
  inputs.a.url = "git+file://FOLDER/a";
  inputs.b.url = "git+file://FOLDER/b";
  inputs.c.url = "git+file://FOLDER/c";
  inputs.unused.url = "git+file://FOLDER/unused";
  outputs =
    { a, b, c, ... }:
    let
      host = name: value: {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        config.system.build.toplevel = derivation {
          inherit name value;
          system = "x86_64-linux";
          builder = "/bin/sh";
        };
      };
    in
    {
      nixosConfigurations = {
        db = host "db" a.name;
        mail = host "mail" c.value;
        web = host "web" (if a.value == 2 && b.value == 2 then throw "both are new" else "web");
        old = host "old" (if c.value == 1 then throw "c is old" else "old");
        lone = host "lone" "lone";
      };
    };
}
"#;

struct Fleet {
    program: Program,
    folder: tempfile::TempDir,
    revs: BTreeMap<String, [String; 2]>,
}

impl Fleet {
    fn new() -> Fleet {
        let mut fleet = Fleet {
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            revs: BTreeMap::new(),
        };
        for input in ["a", "b", "c", "unused"] {
            let name = if input == "a" { "name = \"a\";" } else { "" };
            fleet.git(input, &["init", "--quiet", "--initial-branch", "main"]);
            let first = fleet.commit(input, &format!("{{ outputs = _: {{ value = 1; {name} }}; }}\n"));
            // The second `a` has no name any more, which `db` asks for.
            let second = fleet.commit(input, "{ outputs = _: { value = 2; }; }\n");
            fleet.revs.insert(input.to_owned(), [first, second]);
        }
        fleet.git("fleet", &["init", "--quiet", "--initial-branch", "main"]);
        let here = fleet.folder.path().display().to_string();
        fleet.lock(&[]);
        fleet.commit("fleet", &FLAKE.replace("FOLDER", &here));
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        path
    }

    fn git(&self, repository: &str, args: &[&str]) -> String {
        testkit::git(&self.path(repository), args)
    }

    fn commit(&self, repository: &str, flake: &str) -> String {
        std::fs::write(self.path(repository).join("flake.nix"), flake).expect("it can be written");
        self.git(repository, &["add", "--all"]);
        self.git(repository, &["commit", "--quiet", "--message", "x"]);
        self.git(repository, &["rev-parse", "HEAD"])
    }

    /// Writes the lock in which these inputs have moved.
    fn lock(&self, moved: &[&str]) {
        let node = |input: &str, [first, second]: &[String; 2]| {
            let rev = if moved.contains(&input) { second } else { first };
            let url = format!("file://{}", self.path(input).display());
            json!({
                "locked": { "type": "git", "url": url, "rev": rev, "ref": "refs/heads/main" },
                "original": { "type": "git", "url": url },
            })
        };
        let mut nodes: BTreeMap<String, Value> = self
            .revs
            .iter()
            .map(|(input, revs)| (input.clone(), node(input, revs)))
            .collect();
        let inputs: BTreeMap<&String, &String> = self.revs.keys().map(|input| (input, input)).collect();
        nodes.insert("root".into(), json!({ "inputs": inputs }));
        let lock = json!({ "nodes": nodes, "root": "root", "version": 7 });
        std::fs::write(self.path("fleet").join("flake.lock"), lock.to_string()).expect("it can be written");
    }

    fn run(&self, args: &[&str]) -> Output {
        let all = [&["bisect", "--trust"][..], args].concat();
        self.program.run(&self.path("fleet"), &all)
    }

    /// Returns the exit code and what is told.
    fn bisect(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.run(args);
        let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), texts.concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[&["--json"][..], args].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

#[test]
fn each_input_is_told_what_it_does_alone() {
    let fleet = Fleet::new();
    fleet.lock(&["a", "c", "unused"]);
    let (code, text) = fleet.bisect(&[]);
    assert_eq!(code, Some(1), "{text}");
    let update = fleet.json(&[]);
    let told: Vec<String> = update["inputs"]
        .as_array()
        .expect("they are a list")
        .iter()
        .map(|moved| {
            format!(
                "{} breaks {} changes {} mends {}",
                moved["input"], moved["breaks"], moved["changes"], moved["mends"]
            )
        })
        .collect();
    let expected = [
        r#""a" breaks ["db"] changes [] mends []"#,
        r#""c" breaks [] changes ["mail"] mends ["old"]"#,
        r#""unused" breaks [] changes [] mends []"#,
    ];
    assert_eq!(told, expected, "{text}");
    assert_eq!(update["broken"][0]["name"], "db");
    assert_eq!(
        (&update["broken"][0]["by"], &update["without"]),
        (&json!(["a"]), &json!(["a"]))
    );
    for line in [
        "db is broken by a",
        "attribute 'name' missing",
        "flake.nix:20:",
        "3 inputs of the lock moved, 1 broken of 5 hosts",
        "without a, nothing is broken",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn inputs_that_break_a_host_only_together_are_found() {
    let fleet = Fleet::new();
    fleet.lock(&["a", "b", "unused"]);
    let update = fleet.json(&["--host", "web"]);
    assert_eq!(update["broken"][0]["by"], json!(["a", "b"]), "{update}");
    assert_eq!(update["without"], json!(["a", "b"]));
    let (_, text) = fleet.bisect(&["--host", "web"]);
    assert!(text.contains("web is broken by a and b together"), "{text}");
    // An update of nothing else has no part that breaks nothing.
    fleet.lock(&["a", "b"]);
    let update = fleet.json(&["--host", "web"]);
    assert_eq!(
        (&update["broken"][0]["by"], &update["without"]),
        (&json!(["a", "b"]), &Value::Null)
    );
}

#[test]
fn an_update_that_breaks_nothing_is_clean() {
    let fleet = Fleet::new();
    fleet.lock(&["b", "c"]);
    let (code, text) = fleet.bisect(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("2 inputs of the lock moved, 0 broken of 5 hosts"),
        "{text}"
    );
    // What was broken before is told, and is not the update's.
    fleet.lock(&["b"]);
    let (code, text) = fleet.bisect(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("old did not evaluate before either"), "{text}");
    fleet.lock(&[]);
    let (code, text) = fleet.bisect(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 inputs of the lock moved"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let fleet = Fleet::new();
    fleet.lock(&["c"]);
    let check = |args: &[&str], code: i32, expected: &str| {
        let (found, text) = fleet.bisect(args);
        assert_eq!(found, Some(code), "{text}");
        assert!(text.contains(expected), "{text}");
    };
    check(&["mian"], 2, "did you mean `main`?");
    check(&["--host", "wbe"], 2, "did you mean `web`?");
    std::fs::write(fleet.path("fleet").join("flake.lock"), "{").expect("it can be written");
    check(&[], 1, "flake.lock");
}
