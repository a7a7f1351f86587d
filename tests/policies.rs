//! Policies as a user meets them: the fleet's own, wrong files, and wrong examples.

#![expect(clippy::disallowed_methods, reason = "these tests write policies")]

use std::path::Path;

use testkit::{Program, root, said};

fn cfgcheck() -> Program {
    Program::at(env!("CARGO_BIN_EXE_cfgcheck"))
}

/// Runs `check --policies-only` on a flake with this file of policies; returns exit code and output.
fn try_policies(text: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // It is not even looked at.
    std::fs::write(
        folder.path().join("flake.nix"),
        "{ outputs = throw \"not evaluated\"; }",
    )
    .unwrap();
    std::fs::create_dir(folder.path().join("checks")).unwrap();
    std::fs::write(folder.path().join("checks/own.yaml"), text).unwrap();
    let output = cfgcheck().run(folder.path(), &["check", "path:.", "--policies-only"]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const POLICY: &str = "id: zone\ntitle: The zone is right\nwhy: w\nfix: f\nassert: { time.timeZone: UTC }\n";

#[test]
fn the_examples_of_the_fleets_policies_are_as_they_say() {
    for folder in ["", "fixtures/fleets/policy-broken"] {
        let output = cfgcheck().run(&root().join(folder), &["check", "path:.", "--policies-only"]);
        let text = said(&output);
        assert!(text.contains("clean: 0 errors, 0 warnings"), "{text}");
        assert!(!text.contains("no examples"), "{text}");
    }
}

#[test]
fn a_wrong_example_fails_the_run_without_any_evaluation() {
    let (code, out, _) = try_policies(&format!("{POLICY}examples: [pass: {{ time.timeZone: CET }}]\n"));
    assert_eq!(code, Some(1), "{out}");
    let message = "error[zone]: example 1 of the policy `zone` should pass, but it fails: `time.timeZone` is \"CET\" instead of \"UTC\"\n --> checks/own.yaml:6:12";
    assert!(out.contains(message), "{out}");
    let (code, out, _) = try_policies(POLICY);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("the policy `zone` has no examples"), "{out}");
}

#[test]
fn wrong_policies_end_with_usage_and_are_told_all_at_once() {
    let text = "policies:\n  - { id: a, title: t, why: w, fix: f, assert: { a: { eqals: 1 } } }\n  - { id: input-stale, title: t, why: w, fix: f, options: { ports: a.b }, cel: 'port.size() ==' }\n";
    let (code, out, err) = try_policies(text);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    for said in [
        "unknown key `eqals`\n --> checks/own.yaml:2:55",
        "did you mean `equals`?",
        "`input-stale` is the name of a rule of cfgcheck\n --> checks/own.yaml:3:11",
        "the expression ends too early\n --> checks/own.yaml:3:95",
    ] {
        assert!(err.contains(said), "{said}\n{err}");
    }
}

#[test]
fn a_policy_is_explained() {
    let run = |folder: &Path, args: &[&str]| cfgcheck().run(folder, args);
    let text = said(&run(&root(), &["explain", "rule", "ports-reviewed"]));
    assert!(
        text.starts_with("# ports-reviewed: Only well-known ports are open to everybody\n"),
        "{text}"
    );
    assert!(text.contains("    cel:\n      - expression: firewall"), "{text}");
    let output = run(&root(), &["explain", "rule", "ports-reviewd"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("did you mean `ports-reviewed`?"), "{said}");
}
