//! No form of the report tells a secret: a flake that throws, traces, warns and asserts with one.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make flakes and run the program"
)]

use std::path::Path;
use std::process::{Command, Stdio};

/// What must not be told. Bound to a name of a secret in the flake, it is met again in messages.
const SECRET: &str = "Tr0ub4dor&3\\\"x";

/// How the secret may look in any form: as it is, and as Nix, JSON, XML, HTML and commands write it.
const LEAKS: [&str; 3] = ["Tr0ub4dor", "Tr0ub4", "b4dor"];

const FORMS: [&str; 9] = [
    "text", "json", "junit", "jenkins", "github", "sarif", "gitlab", "markdown", "html",
];

/// A flake whose packages tell the secret in every way that a message has.
fn flake() -> String {
    let good = r#"derivation { name = "good"; system = "x86_64-linux"; builder = "/bin/sh"; }"#;
    format!(
        r#"{{
  outputs = {{ self }}:
    let
      dbPassword = "{SECRET}";
      good = {good};
    in {{
      packages.x86_64-linux = {{
        a = throw "cannot log in with ${{dbPassword}} at the database";
        b = builtins.trace "password is ${{dbPassword}}" good;
        c = builtins.warn "do not use ${{dbPassword}}" good;
        d = assert dbPassword == "{SECRET}-not"; good;
        e = throw "DB_PASSWORD={SECRET} is wrong";
        f = builtins.fromJSON (builtins.toJSON {{ x = dbPassword; }} + "}}");
        g = (import ./other.nix).missing;
        h = builtins.addErrorContext "while using ${{dbPassword}}" (throw "no");
      }};
    }};
}}
"#
    )
}

fn run(folder: &Path, args: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cfgcheck"))
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .env_remove("XDG_CACHE_HOME")
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
    text(output.stdout) + &text(output.stderr)
}

#[track_caller]
fn tells_nothing(name: &str, text: &str) {
    for leak in LEAKS {
        let line = text.lines().find(|line| line.contains(leak));
        assert_eq!(line, None, "{name} tells `{leak}`");
    }
}

#[test]
fn no_form_tells_a_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    write("flake.nix", &flake());
    write(
        "other.nix",
        &format!("{{ apiToken = \"{SECRET}\"; present = throw \"x\"; }}\n"),
    );
    let mut args: Vec<String> = ["check", "path:.", "--show-trace", "--output", "github=-"]
        .map(String::from)
        .into();
    for form in FORMS {
        args.extend(["--output".into(), format!("{form}=report.{form}")]);
    }
    let said = run(folder.path(), &args);
    assert!(said.contains("•••"), "{said}");
    tells_nothing("the log", &said);
    for form in FORMS {
        let text = std::fs::read_to_string(folder.path().join(format!("report.{form}"))).expect("the report is there");
        tells_nothing(form, &text);
    }
    let summary = std::fs::read_to_string(folder.path().join("summary.md")).expect("the summary is there");
    tells_nothing("the summary", &summary);
    let text = std::fs::read_to_string(folder.path().join("report.text")).expect("the report is there");
    for told in ["cannot log in with •••", "at the database", "DB_PASSWORD=•••"] {
        assert!(text.contains(told), "`{told}` is not in\n{text}");
    }
    let args = ["report", "--from", "report.json", "--output", "html=again.html"].map(String::from);
    run(folder.path(), &args);
    let again = std::fs::read(folder.path().join("again.html")).expect("the page is there");
    let page = std::fs::read(folder.path().join("report.html")).expect("the page is there");
    assert!(again == page, "a saved report gives the same page");
}

#[test]
fn what_compares_two_states_tells_no_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let host = |toplevel: &str| {
        format!(
            r#"{{
  outputs = _:
    let
      dbPassword = "{SECRET}";
    in {{
      nixosConfigurations.web = {{
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        config.system.build.toplevel = {toplevel};
      }};
    }};
}}
"#
        )
    };
    let good = host(r#"derivation { name = "good"; system = "x86_64-linux"; builder = "/bin/sh"; }"#);
    let bad = host(r#"throw "cannot log in with ${dbPassword} at the database""#);
    let broken = good.replace("in {", "in throw \"no ${dbPassword}\" {");
    testkit::git(folder.path(), &["init", "--quiet", "--initial-branch", "main"]);
    for flake in [&good, &bad, &broken] {
        std::fs::write(folder.path().join("flake.nix"), flake).expect("it can be written");
        testkit::git(folder.path(), &["add", "--all"]);
        testkit::git(folder.path(), &["commit", "--quiet", "--message", "x"]);
    }
    let check = |args: &[&str]| {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let said = run(folder.path(), &args);
        assert!(said.contains("•••"), "{args:?}: {said}");
        tells_nothing(&args.join(" "), &said);
    };
    for form in ["text", "json", "markdown"] {
        check(&["diff", "HEAD~2", "HEAD~1", "--output", form]);
        check(&["diff", "HEAD~2", "HEAD", "--output", form]);
    }
    testkit::git(folder.path(), &["checkout", "--quiet", "--detach", "HEAD~1"]);
    for form in FORMS {
        check(&["ci", "--base", "HEAD~1", "--output", &format!("{form}=-")]);
        check(&["ci", "--base", "main", "--output", &format!("{form}=-")]);
    }
}
