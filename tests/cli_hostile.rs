//! Hostile and broken flakes through the whole program: the exit code, and what is said.
//!
//! What a lower level shows is tested there; here is that nothing is lost between the levels: a
//! runaway does not stop the run, refusals are said, and nothing raw reaches a terminal.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make flakes and run the program"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A derivation that evaluates.
const GOOD: &str = r#"derivation { name = "good"; system = "x86_64-linux"; builder = "/bin/sh"; }"#;

struct Flake(tempfile::TempDir);

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        Said {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Checks exit code and that a text is said, on either stream.
    #[track_caller]
    fn is(&self, code: i32, said: &str) {
        let Said { out, err, .. } = self;
        assert_eq!(self.code, Some(code), "{out}\n{err}");
        assert!(
            out.contains(said) || err.contains(said),
            "`{said}` is not in\n{out}\n{err}"
        );
        assert!(!err.contains("panicked") && !err.contains("cfgcheck broke"), "{err}");
    }
}

impl Flake {
    fn new(flake_nix: &str) -> Flake {
        let flake = Flake(tempfile::tempdir().expect("a temporary folder can be made"));
        flake.file("flake.nix", flake_nix);
        flake
    }

    /// Returns a flake with three packages, the middle one as given.
    fn with(package: &str) -> Flake {
        Flake::new(&format!(
            "{{ outputs = {{ self }}: {{ packages.x86_64-linux = {{ a = {GOOD}; b = {package}; c = {GOOD}; }}; }}; }}"
        ))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).expect("the folder can be written to");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        command
            .args(["check", "path:."])
            .args(args)
            .current_dir(self.path())
            .env_remove("NIX_PATH");
        command
            .env("HOME", self.path())
            .env("XDG_CACHE_HOME", self.path().join("cache"));
        command.stdin(Stdio::null());
        command
    }

    fn check(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().expect("the program runs"))
    }
}

#[test]
fn a_runaway_is_one_errored_case_and_the_others_are_judged() {
    for (package, said) in [
        ("let f = x: f x; in f 1", "stack overflow; max-call-depth exceeded"),
        (
            "builtins.foldl' (a: _: a ++ a) [ 1 2 ] (builtins.genList (x: x) 60)",
            "more memory than allowed",
        ),
        (
            r#"builtins.foldl' (a: _: a + a) "0123456789" (builtins.genList (x: x) 60)"#,
            "more memory than allowed",
        ),
        (
            r#"builtins.foldl' (a: _: "${a}${a}") "0123456789" (builtins.genList (x: x) 60)"#,
            "more memory than allowed",
        ),
        ("builtins.genList (x: x) 1000000000", "needs more memory than allowed"),
        (
            "builtins.deepSeq (builtins.foldl' (a: _: [ a ]) [ ] (builtins.genList (x: x) 200000)) 1",
            "stack overflow",
        ),
        (
            "builtins.toJSON (builtins.foldl' (a: _: [ a a ]) [ ] (builtins.genList (x: x) 200))",
            "than allowed",
        ),
        (
            "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }",
            "than allowed",
        ),
        ("throw \"no\"", "no"),
    ] {
        let said_all = Flake::with(package).check(&["--max-memory", "128MiB", "--max-time", "20s"]);
        said_all.is(1, said);
        said_all.is(1, "1 error · 2 of 3 passed");
    }
}

#[test]
fn a_time_limit_stops_long_builtins_too() {
    let begun = Instant::now();
    let said = Flake::with("builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 200000000)").check(&[
        "--max-memory",
        "16GiB",
        "--max-time",
        "500ms",
    ]);
    said.is(1, "evaluation took longer than allowed (500 ms)");
    said.is(1, "1 error · 2 of 3 passed");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_a_limit_stopped_in_one_target_is_evaluated_anew_for_the_next() {
    let said = Flake::new(&format!(
        "{{ outputs = {{ self }}: let
             deep = n: then': if n == 0 then then' else 0 + deep (n - 1) then';
             shared = deep 6000 1;
             good = n: builtins.seq n ({GOOD});
           in {{ packages.x86_64-linux = {{ a = good (deep 6000 shared); b = good shared; }}; }}; }}"
    ))
    .check(&[]);
    said.is(1, "stack overflow; max-call-depth exceeded");
    said.is(1, "1 error · 1 of 2 passed");
}

#[test]
fn hostile_text_reaches_no_terminal_and_breaks_no_report() {
    let flake = Flake::with("throw \"\u{1b}[31mred\u{1b}]0;title\u{7} \u{202e}evil ]]> \u{1}\"");
    let said = flake.check(&[
        "--output",
        "text=-",
        "--output",
        "json=r.json",
        "--output",
        "junit=r.xml",
    ]);
    said.is(1, "\u{241b}[31mred\u{241b}]0;title\u{2407} \\u{202e}evil");
    let json = std::fs::read_to_string(flake.path().join("r.json")).expect("the report is there");
    let _: serde_json::Value = serde_json::from_str(&json).expect("the report is JSON");
    let junit = std::fs::read_to_string(flake.path().join("r.xml")).expect("the report is there");
    for text in [&said.out, &said.err, &json, &junit] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{1}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn inputs_that_lead_elsewhere_are_refused() {
    for url in [
        "path:/etc",
        "git+file:///etc",
        "file:///etc/passwd",
        "tarball+file:///etc/x.tar.gz",
        "git+ssh://git@example.org/x",
        "git+ext://sh/x",
        "http://127.0.0.1:9/x.tar.gz",
        "http://[::ffff:127.0.0.1]:9/x.tar.gz",
        "http://169.254.169.254/latest",
        "http://github.com@127.0.0.1:9/x.tar.gz",
    ] {
        let flake = Flake::new(&format!(
            "{{ inputs.x.url = \"{url}\"; outputs = {{ self, x }}: {{ }}; }}"
        ));
        flake.check(&[]).is(1, "is refused");
        flake.check(&[]).is(1, "--trust");
    }
}

#[test]
fn files_of_the_machine_cannot_be_read() {
    for package in [
        r#"builtins.readFile "/etc/passwd""#,
        r#"builtins.readFile ./link"#,
        r#"import ./link"#,
        r#"builtins.readFile ./folder/passwd"#,
        r#"builtins.path { path = /etc; }"#,
        r#"builtins.hashFile "sha256" ./link"#,
        r#"import ../../../../../../../../etc/passwd"#,
    ] {
        let flake = Flake::with(package);
        for (target, name) in [("/etc/passwd", "link"), ("/etc", "folder")] {
            std::os::unix::fs::symlink(target, flake.path().join(name)).expect("a link can be made");
        }
        let said = flake.check(&[]);
        said.is(1, "is forbidden in pure evaluation mode");
        assert!(!said.out.contains("root:"), "{}", said.out);
    }
}

#[test]
fn settings_that_lead_out_of_the_flake_are_not_shown() {
    let flake = Flake::with(GOOD);
    std::os::unix::fs::symlink("/etc/passwd", flake.path().join("cfgcheck.yaml")).expect("a link can be made");
    let said = flake.check(&[]);
    said.is(2, "is a link that leads out of the flake");
    assert!(!said.err.contains("root:"), "{}", said.err);
}

#[test]
fn exit_codes_tell_the_flake_from_the_machine_and_from_usage() {
    let lock = |version: u32| format!(r#"{{"nodes":{{"root":{{}}}},"root":"root","version":{version}}}"#);
    let flake = Flake::with(GOOD);
    flake.check(&[]).is(0, "clean");
    flake.file("flake.lock", lock(8));
    flake.check(&[]).is(1, "has unsupported version 8");
    flake.file("flake.lock", &lock(7)[..20]);
    flake.check(&[]).is(1, "parse error at line 1");
    flake.file("flake.lock", "[".repeat(100_000));
    flake.check(&[]).is(1, "nested too deeply");
    flake.file("flake.lock", lock(7));
    flake.file("cfgcheck.yaml", "no-such-key: 1\n");
    flake.check(&[]).is(2, "no-such-key");
    Flake::with(&"[".repeat(100_000)).check(&[]).is(1, "nesting too deep");
    Flake::new("{ outputs = { self }: { a = ; }; }")
        .check(&[])
        .is(1, "flake.nix:1:29");
    let absent = Flake::new("{ inputs.x.url = \"github:a/b\"; outputs = { self, x }: { }; }");
    absent.check(&["--offline"]).is(3, "cannot be fetched with --offline");
}

#[test]
fn a_report_that_cannot_be_written_does_not_take_the_others_with_it() {
    let flake = Flake::with(GOOD);
    let said = flake.check(&["--output", "junit=no/such/folder/r.xml", "--output", "json=r.json"]);
    said.is(3, "cannot write 'no/such/folder/r.xml'");
    // How long a host took is told between its name and its cases, if it took long.
    said.is(3, "flake x86_64-linux");
    said.is(3, "checked 21 cases: 21 passed");
    assert!(flake.path().join("r.json").exists());
    if Path::new("/dev/full").exists() {
        flake
            .check(&["--output", "json=/dev/full"])
            .is(3, "No space left on device");
    }
}

#[test]
fn an_interrupted_run_reports_what_it_has_and_leaves_nothing_behind() {
    let sum = "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 1000)";
    let flake = Flake::with(&format!(
        "builtins.all (n: {sum} > 0) (builtins.genList (x: x) 10000000)"
    ));
    let child = flake
        .command(&["--output", "junit=r.xml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(Duration::from_millis(700));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    said.is(130, "interrupted");
    let names: Vec<String> = std::fs::read_dir(flake.path())
        .expect("the folder is there")
        .map(|entry| {
            entry
                .expect("the folder can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(names.iter().all(|name| !name.ends_with(".tmp")), "{names:?}");
    assert!(names.iter().any(|name| name == "r.xml"), "{names:?}");
}

#[test]
fn a_build_that_evaluation_needs_is_named_with_its_place() {
    let said = Flake::with(&format!("import ({GOOD})")).check(&[]);
    said.is(1, "-good.drv");
    said.is(1, "flake.nix:1:");
    said.is(1, "--ifd");
}

/// Builds with the Nix behind CFGCHECK_ORACLE, which must be of the form `chroot DIR`: the program
/// runs inside, and must find the same derivation as Nix itself.
#[test]
fn oracle_import_from_derivation_gives_what_nix_gives() {
    let oracle = testkit::Oracle::named();
    let place = oracle.share();
    let (inside, at) = (place.outside(), place.inside());
    std::fs::copy(env!("CARGO_BIN_EXE_cfgcheck"), inside.join("cfgcheck")).expect("the program is copied");
    std::fs::create_dir(inside.join("flake")).expect("a folder can be made");
    std::fs::write(inside.join("flake/source"), "from a source\n").expect("a file can be written");
    // What is built reads a dependency, a copied source and a text with all that is quoted.
    let flake = r#"{ outputs = { self }: let
        drv = name: args: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // args);
        dep = drv "dep" { args = [ "-c" "echo dep > $out" ]; };
        text = builtins.toFile "text" "a \${x} \"q\" \\ $ text\r\n";
        made = drv "made" { args = [ "-c" "read x < ${dep}; read y < ${./source}; read z < ${text}; echo \"\\\"$x $y\\\"\" > $out" ]; };
      in { result = drv "result" { a = import made; b = builtins.readFile "${made}"; }; }; }"#;
    std::fs::write(inside.join("flake/flake.nix"), flake).expect("a file can be written");
    let ask = |program: &str, words: &[&str]| {
        let mut command = oracle.command(program);
        command.args(words).arg(format!("path:{at}/flake#result.drvPath"));
        Said::of(command.output().expect("chroot runs"))
    };
    let program = format!("{at}/cfgcheck");
    let ours = ask(&program, &["eval", "--ifd", "nix"]);
    let nix = ask("nix", &["eval", "--extra-experimental-features", "nix-command flakes"]);
    ours.is(0, "-result.drv");
    assert_eq!(ours.out, nix.out, "{}", nix.err);
}

/// Runs inside the oracle's root, so that both read the same files.
#[test]
fn oracle_files_without_a_size_are_as_empty_as_in_nix() {
    let oracle = testkit::Oracle::named();
    let place = oracle.share();
    std::fs::copy(env!("CARGO_BIN_EXE_cfgcheck"), place.outside().join("cfgcheck")).expect("the program is copied");
    let program = format!("{}/cfgcheck", place.inside());
    for file in ["/proc/version", "/proc/self/status", "/dev/zero", "/dev/null"] {
        let expression = format!("{{ text = builtins.readFile {file}; hash = builtins.hashFile \"sha256\" {file}; }}");
        let ask = |program: &str| {
            let mut command = oracle.command(program);
            command.args(["eval", "--extra-experimental-features", "nix-command", "--impure"]);
            command.args(["--json", "--expr", &expression]);
            Said::of(command.output().expect("chroot runs"))
        };
        let (ours, nix) = (ask(&program), ask("nix"));
        ours.is(0, "\"text\":\"\"");
        assert_eq!(ours.out.trim_end(), nix.out.trim_end(), "{file}: {}", nix.err);
    }
}
