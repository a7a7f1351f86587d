//! `cfgcheck diff`, run as people run it: on revisions, on the fleet, on the twins and on hostile flakes.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make repositories and run programs"
)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use testkit::{Program, said};

/// A flake whose host is as little as one can be: `WORD` is its time zone and its name `HOST`.
const TINY: &str = r#"{ outputs = _:
  let host = { word, secret ? "first-secret-value" }: rec {
    option = value: file: { _type = "option"; inherit value; files = [ file ]; declarations = [ ]; };
    options.time.zone = option word (toString ./flake.nix);
    options.app.password = option secret (toString ./flake.nix);
    options.other.thing = option 1 "elsewhere.nix";
    config = {
      time.zone = word;
      app.password = secret;
      other.thing = word;
      system.build.toplevel = derivation { name = "host"; system = "x86_64-linux"; builder = "/b"; inherit secret word; };
    };
    pkgs.stdenv.hostPlatform.system = "x86_64-linux";
  };
  in { nixosConfigurations = { "HOST" = host { word = "WORD"; }; same = host { word = "same"; }; }; }; }
"#;

fn tiny(host: &str, word: &str) -> String {
    TINY.replace("HOST", host).replace("WORD", word)
}

/// A Git repository in a temporary folder.
struct Repository {
    folder: tempfile::TempDir,
    program: Program,
}

impl Repository {
    fn new() -> Repository {
        let repository = Repository {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
        };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, args: &[&str]) {
        let mut command = Command::new("git");
        let command = command
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(args)
            .env("GIT_AUTHOR_DATE", "2026-11-20T12:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-11-20T12:00:00Z")
            .current_dir(self.path());
        let output = self.program.at_home(command).output().expect("git runs");
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn commit(&self, flake: &str) {
        std::fs::write(self.path().join("flake.nix"), flake).expect("the folder can be written to");
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    fn diff(&self, args: &[&str]) -> Output {
        self.program.run(self.path(), &[&["diff"], args].concat())
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn two_commits_are_compared_without_a_checkout() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    repository.commit(&tiny("web", "two"));
    std::fs::write(repository.path().join("flake.nix"), "{ broken").expect("the file can be written");
    let output = repository.diff(&["HEAD~1", "HEAD"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for line in [
        "    ~ time.zone: \"one\" → \"two\"\n",
        "unchanged: same\n",
        "compared 2 hosts: 1 changed, 1 unchanged\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in:\n{text}");
    }
    // An option of somebody else follows from what is told.
    assert!(!text.contains("other.thing"), "{text}");
    assert_eq!(
        repository.diff(&["HEAD~1", "HEAD", "--exit-code"]).status.code(),
        Some(1)
    );
    assert_eq!(repository.diff(&["HEAD", "HEAD", "--exit-code"]).status.code(), Some(0));
    for (revisions, lines) in [("HEAD~1..HEAD", 1), ("HEAD~1...HEAD", 1), ("HEAD..HEAD", 0)] {
        let text = stdout(&repository.diff(&[revisions]));
        assert_eq!(text.matches("time.zone").count(), lines, "{revisions}: {text}");
    }
}

#[test]
fn the_work_tree_is_the_head() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    repository.git(&["checkout", "-q", "-b", "feature/x"]);
    repository.commit(&tiny("web", "two"));
    repository.git(&["checkout", "-q", "main"]);
    repository.commit(&tiny("web", "three"));
    repository.git(&["checkout", "-q", "feature/x"]);
    std::fs::write(repository.path().join("flake.nix"), tiny("web", "four")).expect("the file can be written");
    let told = |args: &[&str]| stdout(&repository.diff(args));
    assert!(told(&["main"]).contains("\"three\" → \"four\""));
    // From where the branch left main.
    let text = told(&["main..."]);
    assert!(
        text.contains("\"one\" → \"four\"") && text.contains("merge base of main and HEAD"),
        "{text}"
    );
    let whole = format!("git+file://{}?ref=main", repository.path().display());
    assert!(told(&[&whole, "."]).contains("\"three\" → \"four\""));
}

#[test]
fn what_names_nothing_is_wrong_usage() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    repository.git(&["branch", "staging"]);
    for (args, message) in [
        (
            &["stagin"][..],
            "there is no branch, tag or commit 'stagin'\nhelp: did you mean `staging`?\n",
        ),
        (&["HEAD~7"], "'HEAD~7' has no 7 commits before it\n"),
        (&["main@{1}"], "is no revision that cfgcheck understands"),
        (
            &["main", "--flake", "path:."],
            "not in a Git repository of this machine",
        ),
        (&[".#web"], "`diff` takes whole flakes"),
    ] {
        let output = repository.diff(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(message), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn hosts_come_and_go_and_break() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    repository.commit(&tiny("db", "one"));
    let text = stdout(&repository.diff(&["HEAD~1", "HEAD"]));
    assert!(text.contains("added: db\nremoved: web\nunchanged: same\n"), "{text}");
    let text = stdout(&repository.diff(&["HEAD~1", "HEAD", "--host", "d*"]));
    assert!(text.contains("compared 1 host: 1 added\n"), "{text}");
    let output = repository.diff(&["HEAD~1", "HEAD", "--host", "dc"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a host that is nowhere is no clean comparison"
    );
    assert!(stderr(&output).contains("did you mean `db`?"), "{}", stderr(&output));

    repository.commit(&tiny("db", "${throw \"no word\"}"));
    let output = repository.diff(&["HEAD~1", "HEAD"]);
    assert_eq!(output.status.code(), Some(1), "what cannot be compared is not clean");
    let text = stdout(&output);
    assert!(
        text.contains("db does not evaluate in HEAD") && text.contains("no word"),
        "{text}"
    );
    repository.commit("{ outputs = _: throw \"nothing here\"; }");
    let output = repository.diff(&["HEAD~1", "HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nothing here"), "{}", stderr(&output));
}

#[test]
fn secrets_are_only_told_to_differ() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    let other = tiny("web", "a second-secret-value b").replace("first-secret", "second-secret");
    repository.commit(&other);
    for form in ["text", "json", "markdown"] {
        let text = stdout(&repository.diff(&["HEAD~1", "HEAD", "--output", form]));
        assert!(text.contains("app.password"), "{text}");
        // Neither under its own name nor in another value that holds it.
        assert!(!text.contains("secret-value"), "{form}: {text}");
    }
}

#[test]
fn nothing_of_a_flake_steers_what_is_shown() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    let word = "</details>\\n::error::x ```\\n<img src=x> \u{1b}[2J\u{202e}@all ${\"\\r\"}";
    repository.commit(&tiny("web\u{1b}[31m|<b>", word));
    repository.commit(&tiny("web\u{1b}[31m|<b>", &format!("{word}2")));
    let told = |form: &str| stdout(&repository.diff(&["HEAD~1", "HEAD", "--output", form]));
    for form in ["text", "json", "markdown"] {
        let text = told(form);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{form}: {text}");
    }
    let markdown = told("markdown");
    let lines = |begin: &str| markdown.lines().filter(|line| line.starts_with(begin)).count();
    assert_eq!(lines("<details"), lines("</details>"), "{markdown}");
    let json: Value = serde_json::from_str(&told("json")).expect("it is JSON");
    assert_eq!(
        (json["schema"].as_u64(), json["tool"]["name"].as_str()),
        (Some(1), Some("cfgcheck"))
    );
    assert_eq!(
        json["hosts"][1]["changes"]["options"][0]["name"], "time.zone",
        "{json:#}"
    );
}

#[test]
fn forms_go_to_files() {
    let repository = Repository::new();
    repository.commit(&tiny("web", "one"));
    repository.commit(&tiny("web", "two"));
    let output = repository.diff(&["HEAD~1", "HEAD", "--output", "json=a.json", "--output", "markdown=a.md"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
    let read = |name: &str| std::fs::read_to_string(repository.path().join(name)).expect("it was written");
    assert!(read("a.md").starts_with("<!-- cfgcheck: diff -->\n") && read("a.json").starts_with('{'));
    let output = repository.diff(&["HEAD", "--output", "html=x"]);
    assert_eq!(output.status.code(), Some(2));
}

/// Returns a copy of the repository.
fn fleet() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    testkit::copy(folder.path());
    folder
}

/// Returns the difference of two flakes as JSON.
fn json(folder: &Path, args: &[&str]) -> Value {
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let text = said(&program.run(folder, &[&["diff", "--output", "json"], args].concat()));
    serde_json::from_str(&text).expect("it is JSON")
}

/// Returns what is told of the first host, as lines that name kind and thing.
fn told(diff: &Value) -> Vec<String> {
    let changes = &diff["hosts"][0]["changes"];
    let list = |kind: &str| changes[kind].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for (kind, name) in [
        ("reboot", "name"),
        ("options", "name"),
        ("packages", "name"),
        ("ports", "ports"),
    ] {
        lines.extend(list(kind).iter().map(|item| format!("{kind} {}", text(&item[name]))));
    }
    for unit in list("units") {
        lines.push(format!("unit {} {}", text(&unit["unit"]), text(&unit["action"])));
    }
    for account in list("accounts") {
        let kind = if account["is-group"] == true { "group" } else { "user" };
        lines.push(format!(
            "{kind} {} {}",
            text(&account["name"]),
            text(&account["presence"])
        ));
    }
    lines
}

#[test]
fn twins_differ_from_what_they_were_made_of() {
    let fleet = fleet();
    let check = |base: &str, head: &str, expected: &[&str]| {
        let flake = |name: &str| format!("path:.?dir=fixtures/fleets/{name}");
        let diff = json(fleet.path(), &[&flake(base), &flake(head)]);
        assert_eq!(told(&diff), expected, "{head}: {diff:#}");
    };
    check(
        "bootable",
        "kernel-changed",
        &["reboot kernel parameters", "options boot.kernelParams"],
    );
    check(
        "bootable",
        "unit-failed",
        &[
            "options systemd.services.wiki.description",
            "options systemd.services.wiki.script",
            "options systemd.services.wiki.serviceConfig.NoNewPrivileges",
            "options systemd.services.wiki.wantedBy",
            "unit wiki.service start",
        ],
    );
    check(
        "bootable",
        "init-interface-changed",
        &["reboot interface of systemd, so that a switch ends with 100"],
    );
    check("bootable", "bootable", &[]);
    check(
        "healthy",
        "service-unhardened",
        &[
            "options networking.firewall.allowedTCPPorts",
            "options services.nginx.enable",
            "options services.nginx.virtualHosts.\"www.example.org\".root",
            "options systemd.services.wiki.description",
            "options systemd.services.wiki.serviceConfig.ExecStart",
            "options systemd.services.wiki.wantedBy",
            "packages nginx",
            "ports 80",
            "unit nginx.service stop",
            "unit firewall.service stop-start",
            "unit wiki.service start",
            "user nginx removed",
            "group nginx removed",
        ],
    );
}

#[test]
fn the_inputs_of_a_lock_move() {
    let fleet = fleet();
    let diff = json(
        fleet.path(),
        &[
            "path:.?dir=fixtures/fleets/healthy",
            "path:.?dir=fixtures/fleets/home-broken",
        ],
    );
    let input = &diff["inputs"][0];
    assert_eq!(
        (&input["input"], &input["before"]),
        (&Value::from("home-manager"), &Value::Null),
        "{diff:#}"
    );
}

/// What a switch does with the services of `tests/boot`, foretold from evaluation. What it does in truth
/// is what the machine of `tests/live_boot/server.rs` says in `switch_to_b`: the lines are the same.
#[test]
fn a_switch_is_foretold_as_the_machine_does_it() {
    const LIVE: &str = include_str!("live_boot/server.rs");
    let fleet = fleet();
    let flake = |module: &str| {
        format!(
            "{{ inputs.fleet.url = \"path:../\"; outputs = {{ fleet, ... }}: {{
              nixosConfigurations.server = fleet.nixosConfigurations.server.extendModules {{
                modules = [ ../tests/boot/vm.nix ../tests/boot/services.nix ../tests/boot/certificates.nix {module} ];
              }}; }}; }}"
        )
    };
    let b = "{ test.word = \"new\"; test.removed.enable = false; test.added.enable = true; \
             users.users.carol = { isNormalUser = true; initialHashedPassword = \"!\"; }; \
             environment.etc.\"test/only-b\".text = \"here\\n\"; }";
    for (name, module) in [("a", "{ }"), ("b", b)] {
        std::fs::create_dir(fleet.path().join(name)).expect("a folder can be made");
        std::fs::write(fleet.path().join(name).join("flake.nix"), flake(module)).expect("it can be written to");
    }
    let diff = json(fleet.path(), &["path:.?dir=a", "path:.?dir=b"]);
    let units = diff["hosts"][0]["changes"]["units"].as_array().expect("units differ");
    let of = |manager: &str, actions: &[&str]| -> String {
        let acted = |unit: &&Value| {
            unit["manager"] == manager
                && actions.contains(&unit["action"].as_str().unwrap_or_default())
                && unit["presence"] != "added"
        };
        let mut names: Vec<&str> = units
            .iter()
            .filter(acted)
            .filter_map(|unit| unit["unit"].as_str())
            .collect();
        names.sort_unstable();
        names.join(", ")
    };
    let units_with = |actions: &[&str]| of("system", actions);
    for line in [
        format!("stopping the following user units: {}", of("users", &["stop-start"])),
        format!(
            "would stop the following units: {}",
            units_with(&["stop", "stop-start"])
        ),
        format!("would NOT stop the following changed units: {}", units_with(&["keep"])),
        format!("would reload the following units: {}", units_with(&["reload"])),
        format!("would restart the following units: {}", units_with(&["restart"])),
        format!("would start the following units: {}", units_with(&["stop-start"])),
    ] {
        assert!(LIVE.contains(&format!("\"{line}\\n\"")), "{line}: {diff:#}");
    }
    let lines = told(&diff);
    for line in ["unit test-added.service start", "user carol added"] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
    }
    assert!(!lines.iter().any(|line| line.contains("test-constant")), "{lines:?}");
}

#[test]
fn a_host_of_the_fleet_changes_for_both_architectures() {
    let base = fleet();
    let head = fleet();
    let path = head.path().join("hosts/server/default.nix");
    let text = std::fs::read_to_string(&path).expect("there is a server");
    let text = text.replace("memory = \"1GB\";", "memory = \"2GB\";").replacen(
        "  fleet = {\n",
        "  networking.firewall.allowedTCPPorts = [ 8443 ];\n  boot.kernelParams = [ \"debug\" ];\n  fleet = {\n",
        1,
    );
    std::fs::write(&path, text).expect("it can be written");
    let flake = |folder: &tempfile::TempDir| format!("path:{}", folder.path().display());
    let diff = json(head.path(), &[&flake(&base), &flake(&head)]);
    let hosts = diff["hosts"].as_array().expect("there are hosts");
    let changed: Vec<(&str, &str)> = hosts
        .iter()
        .filter(|host| host["status"] == "changed")
        .filter_map(|host| host["name"].as_str().zip(host["system"].as_str()))
        .collect();
    // A host that has the flake in its registry differs with every change; what differs is told.
    for system in ["x86_64-linux", "aarch64-linux"] {
        assert!(changed.contains(&("server", system)), "{changed:?}");
    }
    let server = hosts
        .iter()
        .find(|host| host["name"] == "server")
        .expect("there is a server");
    let text = server.to_string();
    for part in [
        "fleet.services.database.memory",
        "\"hosts/server/default.nix\"",
        "postgresql.service",
        "8443",
        "kernel parameters",
    ] {
        assert!(text.contains(part), "{part}: {server:#}");
    }
    let port = server["changes"]["options"].as_array().expect("options differ").iter();
    let port = port
        .clone()
        .find(|o| o["name"] == "networking.firewall.allowedTCPPorts")
        .expect("it differs");
    assert_eq!(
        port["location"]["file"], "hosts/server/default.nix",
        "the definition that is new"
    );
    let other = hosts
        .iter()
        .find(|host| host["name"] == "laptop")
        .expect("there is a laptop");
    assert!(
        other["changes"]["units"].is_null() && other["changes"]["packages"].is_null(),
        "{other:#}"
    );
}
