//! What keeps a finding from counting, as a user writes it: levels, comments, waivers and the baseline; and
//! what is said of mistakes in them.

#![expect(clippy::disallowed_methods, reason = "these tests write the files of small flakes")]

use std::path::Path;
use testkit::Program;

const FLAKE: &str = r#"{
  outputs = _: {
    packages.x86_64-linux.a = derivation {
      name = "a";
      system = "x86_64-linux";
      builder = import ./builder.nix;
    };
  };
}
"#;

/// A file with the key that the documentation of AWS has for an example.
const KEY: &str = "{\n  key = \"AKIAIOSFODNN7EXAMPLE\";\n}.key\n";

/// A flake in a folder of its own, without a lock as it has no inputs.
struct Fleet {
    program: Program,
    folder: tempfile::TempDir,
}

impl Fleet {
    fn new(settings: &str, builder: &str) -> Fleet {
        let fleet = Fleet {
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        fleet.write("flake.nix", FLAKE);
        fleet.write("builder.nix", builder);
        if !settings.is_empty() {
            fleet.write("cfgcheck.yaml", &format!("version: 1\n{settings}"));
        }
        fleet
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder can be written to");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command on the flake and returns its exit code and all that it says.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.program.run(self.path(), args);
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.code(), text.concat())
    }

    fn check(&self, more: &[&str]) -> (Option<i32>, String) {
        let day = ["check", "path:.", "--as-of", "2026-11-25"];
        self.run(&[&day[..], more].concat())
    }
}

/// Checks the exit code of a flake with these settings, and what its report says and does not say.
fn check(settings: &str, builder: &str, code: i32, says: &[&str], never: &[&str]) {
    let (found, said) = Fleet::new(settings, builder).check(&[]);
    assert_eq!(found, Some(code), "{settings}\n{said}");
    for text in says {
        assert!(said.contains(text), "{settings}\n`{text}` is not in\n{said}");
    }
    for text in never.iter().chain(&["AKIAIOSFODNN7EXAMPLE"]) {
        assert!(!said.contains(text), "{settings}\n`{text}` is in\n{said}");
    }
}

#[test]
fn a_level_decides_whether_a_run_fails() {
    let rule = "secret-in-repository";
    check("", KEY, 1, &["error[secret-in-repository]", "builder.nix:2:10"], &[]);
    check(
        "rules: { secret-in-repository: warning }\n",
        KEY,
        0,
        &[rule, "1 warning"],
        &["error["],
    );
    check("rules: { secret-in-repository: off }\n", KEY, 0, &["clean"], &[rule]);
    let strict = "rules: { secret-in-repository: warning }\noutput: { deny: warning }\n";
    check(strict, KEY, 1, &["not clean"], &[]);
}

#[test]
fn a_comment_allows_what_it_names_on_its_line_or_below() {
    let beside = KEY.replace(";\n", "; # cfgcheck: allow(secret-in-repository) an example\n");
    let above = KEY.replace("{\n", "{\n  # cfgcheck: allow(secret-in-repository) an example\n");
    check("", &beside, 0, &["1 waived"], &["error["]);
    check("", &above, 0, &["1 waived"], &["error["]);
    check(
        "",
        &above.replace("secret-in", "module-in"),
        1,
        &["error[secret-in-repository]"],
        &[],
    );
}

#[test]
fn a_waiver_counts_until_its_last_day() {
    let waiver = |more: &str| format!("waivers:\n  - rule: secret-in-repository\n    reason: an example\n{more}");
    check(&waiver(""), KEY, 0, &["1 waived"], &["error["]);
    check(&waiver("    paths: [builder.nix]\n"), KEY, 0, &["1 waived"], &[]);
    check(
        &waiver("    paths: [modules]\n"),
        KEY,
        1,
        &["error[secret-in-repository]", "fits no finding"],
        &[],
    );
    check(&waiver("    expires: 2026-11-25\n"), KEY, 0, &["1 waived"], &[]);
    let ended = [
        "error[secret-in-repository]",
        "error[waiver-expired]",
        "cfgcheck.yaml:3:5",
    ];
    check(&waiver("    expires: 2026-11-24\n"), KEY, 1, &ended, &[]);
}

#[test]
fn a_baseline_takes_what_was_there_and_nothing_else() {
    let fleet = Fleet::new("", KEY);
    let (code, said) = fleet.run(&["baseline", "write", "path:.", "--as-of", "2026-11-25"]);
    assert!(code == Some(0) && said.contains("1 finding written to"), "{said}");
    let file = fleet.path().join("cfgcheck-baseline.json");
    let text = std::fs::read_to_string(&file).expect("the baseline is there");
    assert!(
        text.contains("secret-in-repository") && !text.contains("AKIA"),
        "{text}"
    );
    let (code, said) = fleet.check(&[]);
    assert!(code == Some(0) && said.contains("1 waived"), "{said}");
    let (code, _) = fleet.check(&["--no-baseline"]);
    assert_eq!(code, Some(1));
    // The same fault further down is the old one; one more of it is new.
    fleet.write("builder.nix", &format!("# moved\n{KEY}"));
    assert_eq!(fleet.check(&[]).0, Some(0));
    fleet.write(
        "builder.nix",
        &KEY.replace("}.key", "  other = \"AKIAIOSFODNN7EXAMPLE\";\n}.key"),
    );
    assert_eq!(fleet.check(&[]).0, Some(1));
    // Written anew, it has what it had and what is new.
    assert_eq!(fleet.run(&["baseline", "write", "path:."]).0, Some(0));
    assert_eq!(fleet.check(&[]).0, Some(0));
    std::fs::write(&file, "{ \"schema\": 1, \"findings\": [ 3 ] }").expect("the folder can be written to");
    let (code, said) = fleet.check(&[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("cfgcheck-baseline.json:1:") && said.contains("baseline write"),
        "{said}"
    );
}

#[test]
fn mistakes_in_settings_are_told_with_their_place_and_a_near_name() {
    let wrong = |settings: &str, says: &[&str]| check(settings, KEY, 2, says, &["checked"]);
    wrong(
        "rules: { secret-in-repositry: off }\n",
        &["there is no rule `secret-in-repositry`"],
    );
    wrong(
        "rules:\n  secret-in-repositry: off\n",
        &[
            "there is no rule `secret-in-repositry`",
            "cfgcheck.yaml:3:3",
            "did you mean `secret-in-repository`?",
        ],
    );
    wrong(
        "rules:\n  input-stale: of\n",
        &["unknown value `of`", "cfgcheck.yaml:3:16", "did you mean `off`?"],
    );
    wrong(
        "waivers:\n  - rule: input-stale\n",
        &["missing key `reason`", "cfgcheck.yaml:3:"],
    );
    wrong(
        "waivers:\n  - rule: inptu-stale\n    reason: r\n",
        &["cfgcheck.yaml:3:5", "did you mean `input-stale`?"],
    );
    wrong(
        "waivers:\n  - rule: a\n    reason: r\n    until: 2026\n",
        &["unknown key `until`", "cfgcheck.yaml:5:5"],
    );
    wrong(
        "waivers:\n  - rule: a\n    reason: r\n    expires: soon\n",
        &["`soon` is no day", "cfgcheck.yaml:5:14"],
    );
}

#[test]
fn an_unknown_rule_is_not_explained() {
    let fleet = Fleet::new("", KEY);
    let (code, said) = fleet.run(&["explain", "rule", "input-stael"]);
    assert!(
        code == Some(2) && said.contains("did you mean `input-stale`?"),
        "{said}"
    );
    let (code, said) = fleet.run(&["explain", "rule", "input-stale"]);
    assert!(code == Some(0) && said.starts_with("# input-stale: "), "{said}");
}

#[test]
fn a_host_that_is_not_there_is_no_clean_run() {
    let fleet = Fleet::new("", KEY);
    let host = "(derivation { name = \"s\"; system = \"x86_64-linux\"; builder = \"b\"; })";
    let flake = format!("{{ outputs = _: {{ nixosConfigurations.server.config.system.build.toplevel = {host}; }}; }}");
    fleet.write("flake.nix", &flake);
    let (code, said) = fleet.check(&["--host", "srever"]);
    assert!(code == Some(2) && said.contains("no host or home `srever`"), "{said}");
    assert!(said.contains("did you mean `server`?"), "{said}");
    let (code, said) = fleet.check(&["--host", "web-*"]);
    assert!(code == Some(2) && said.contains("cfgcheck list hosts"), "{said}");
    let (code, said) = fleet.check(&["--host", "s*"]);
    assert!(code == Some(1) && said.contains("server"), "{said}");
}
