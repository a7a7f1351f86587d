//! `cfgcheck prop` on a flake whose options, types and toggles run away: each is told, the others are tried, and the
//! run ends by itself within its memory.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make flakes and watch the program"
)]

use report::{Case, Outcome, Report};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use testkit::root;

/// What runs away: a name, and a function of any value.
const BAD: [(&str, &str); 14] = [
    ("calls", "v: let f = x: 1 + f (x + 1); in f 1"),
    (
        "endless",
        "v: let l = builtins.genList (x: x) 10000; in builtins.foldl' (a: _: builtins.foldl' (b: _: b + 1) a l) 0 l",
    ),
    ("json", "v: builtins.toJSON (deep 200000)"),
    ("equal", "v: deep 200000 == deep 200000"),
    ("forced", "v: builtins.deepSeq (deep 200000) 1"),
    (
        "closure",
        "v: builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }",
    ),
    ("doubled", "v: double 40"),
    ("list", "v: builtins.length (builtins.genList (x: x) 1099511627776)"),
    ("regex", "v: builtins.match \"((a{1000}){1000}){1000}\" \"a\""),
    (
        "arguments",
        "v: (derivation { name = \"x\"; system = \"x\"; builder = \"x\"; args = builtins.genList (x: double 16) 100000; }).drvPath",
    ),
    // These keep texts outside of the heap.
    (
        "traced",
        "v: let s = double 16; in builtins.foldl' (a: _: builtins.trace s a) 1 (builtins.genList (x: x) 1000000)",
    ),
    (
        "caught",
        "v: let s = double 20; in builtins.foldl' (a: _: builtins.seq (builtins.tryEval (throw s)).success a) 1 (builtins.genList (x: x) 1000000)",
    ),
    (
        "context",
        "v: let s = double 18; f = n: if n == 0 then throw \"no\" else builtins.addErrorContext s (f (n - 1)); in f 4000",
    ),
    (
        "files",
        "v: let s = double 16; in builtins.foldl' (a: x: builtins.seq (builtins.toFile \"x${toString x}\" s) a) 1 (builtins.genList (x: x) 1000000)",
    ),
];

/// What the functions have in common.
const SHARED: &str = r#"
  deep = n: builtins.foldl' (a: _: [ a ]) [ ] (builtins.genList (x: x) n);
  double = n: builtins.foldl' (a: _: a + a) "0123456789" (builtins.genList (x: x) n);
"#;

/// Most memory that the process may take: the allowed gibibyte, and the stack of deep recursion.
const MOST: u64 = 2 << 30;

/// Returns a flake with one host, `web`, that is made of a module on the stand-in's library.
fn flake(module: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    copy(&root().join("fixtures/inputs/nixpkgs/lib"), &folder.path().join("lib"));
    let outputs = "{ outputs = { self }: let lib = import ./lib; in {
        nixosConfigurations.web = lib.evalModules { modules = [ ./module.nix ]; } // { inherit lib; }; }; }";
    for (name, text) in [("flake.nix", outputs), ("module.nix", module)] {
        std::fs::write(folder.path().join(name), text).expect("the folder can be written to");
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a folder can be made");
        for entry in std::fs::read_dir(from).expect("the library can be read") {
            let name = entry.expect("it can be listed").file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::copy(from, to).expect("the library can be read");
    }
}

/// Runs the laws on a flake; returns the exit code, the report, and the most memory that the process took.
fn run(flake: &Path, args: &[&str]) -> (Option<i32>, Report, u64) {
    let report = flake.join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_cfgcheck"))
        .args(["prop", "path:.", "--max-memory", "1GiB", "--output", "json=report.json"])
        .args(args)
        .current_dir(flake)
        .env("HOME", flake)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut most = 0;
    let status = loop {
        most = most.max(taken(&child));
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let text = std::fs::read(&report).unwrap_or_else(|error| panic!("there is no report, {status}: {error}"));
    (status.code(), report::json::read(&text).expect("it is a report"), most)
}

/// Returns the most memory in bytes that a process has taken so far.
fn taken(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

fn case<'r>(report: &'r Report, name: &str) -> &'r Case {
    let case = report.cases.iter().find(|case| case.subject.name == name);
    case.unwrap_or_else(|| panic!("there is no case `{name}`: {:?}", report.cases))
}

#[test]
fn toggles_that_run_away_are_told_and_the_others_are_flipped() {
    let options: String = BAD
        .iter()
        .map(|(name, bad)| format!("({{ config, lib, ... }}: {{ options.{name}.enable = lib.mkEnableOption \"it\"; config.values = lib.mkIf config.{name}.enable [ (({bad}) 1) ]; }})\n"))
        .collect();
    let flake = flake(&format!(
        "{{ lib, config, ... }}: let {SHARED} in {{ imports = [ {options} ];
           options.values = lib.mkOption {{ type = lib.types.listOf lib.types.raw; default = [ ]; }};
           options.fine.enable = lib.mkEnableOption \"nothing\";
           options.system.build.toplevel = lib.mkOption {{ type = lib.types.raw; }};
           config.system.build.toplevel = derivation {{ name = builtins.foldl' (a: v: builtins.seq v a) \"web\" config.values; system = \"x86_64-linux\"; builder = \"/bin/sh\"; }}; }}"
    ));
    let (code, report, most) = run(flake.path(), &["--laws", "toggles"]);
    let fails = case(&report, "toggle-fails");
    assert_eq!((code, &fails.outcome), (Some(1), &Outcome::Failed));
    assert!(
        fails.properties["without-effect"].contains("fine.enable"),
        "{:?}",
        fails.properties
    );
    let number = |name: &str| fails.properties[name].parse::<usize>().expect("it is a number");
    // Each alone, and ten sets.
    assert_eq!(
        number("cases") + number("stopped"),
        BAD.len() + 1 + 10,
        "{:?}",
        fails.properties
    );
    assert!(number("stopped") >= 8, "{:?}", fails.properties);
    let told = |text: &str| fails.findings.iter().any(|finding| finding.message.contains(text));
    for text in [
        "`calls.enable = true`: stack overflow",
        "`regex.enable = true`: memory limit exceeded",
    ] {
        assert!(told(text), "{text}: {:?}", fails.findings);
    }
    assert!(most < MOST, "{most}");
}

#[test]
fn options_that_run_away_are_told_and_the_laws_are_tried_on_the_others() {
    let options: String = BAD
        .iter()
        .map(|(name, bad)| {
            format!("options.{name} = lib.mkOption {{ type = lib.types.int; default = 1; apply = {bad}; }};\n")
        })
        .collect();
    let flake = flake(&format!(
        "{{ lib, ... }}: let {SHARED} in {{ {options}
           options.last = lib.mkOption {{ default = \"a\"; type = lib.mkOptionType {{ name = \"last\"; check = lib.isString; merge = _: defs: (lib.last defs).value; }}; }}; }}"
    ));
    let (code, report, most) = run(flake.path(), &["--laws", "own", "--cases", "2"]);
    assert_eq!(code, Some(1));
    let order = case(&report, "merge-order-dependent");
    assert_eq!(
        (&order.outcome, order.findings[0].option.as_deref()),
        (&Outcome::Failed, Some("last"))
    );
    for (name, _) in BAD {
        let unread = format!("{name} can be read");
        let told = |case: &Case| {
            let about = |finding: &report::Finding| finding.option.as_deref() == Some(name);
            case.subject.name == unread && case.outcome == Outcome::Errored || case.findings.iter().any(about)
        };
        let stopped = case(&report, "apply-crashes").properties.contains_key("stopped");
        assert!(
            stopped || report.cases.iter().any(told),
            "{name} is not told: {:?}",
            report.cases
        );
    }
    assert!(
        report.cases.iter().all(|case| case.outcome != Outcome::Crashed),
        "{:?}",
        report.cases
    );
    assert!(most < MOST, "{most}");
}
