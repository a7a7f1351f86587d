//! What only the whole program shows: that settings reach the evaluation, and that files of inputs are named.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make flakes and run the program"
)]

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `cfgcheck check` on the flake of a folder with these files, and returns its exit code and output.
fn check(files: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String) {
    let (code, out, _) = check_flake("path:.", files, args);
    (code, out)
}

/// Does that for another flake of the folder, and returns what is said on standard error, too.
fn check_flake(flake: &str, files: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("folders can be made");
        std::fs::write(path, content).expect("the folder can be written to");
    }
    run_in(folder.path(), &[&["check", flake], args].concat())
}

/// Runs the program in a folder that is its home as well; returns the exit code, what is printed and what is told.
fn run_in(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cfgcheck"))
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// A flake whose package calls a function 500 deep.
const DEEP: &str = r#"{ outputs = _: { packages.x86_64-linux.a =
  let f = n: if n == 0 then { name = "a"; system = "b"; builder = "c"; } else f (n - 1); in derivation (f 500); }; }"#;

#[test]
fn the_limits_of_the_settings_hold() {
    let (code, out) = check(&[("flake.nix", DEEP)], &[]);
    assert_eq!(code, Some(0), "{out}");
    let settings = "version: 1\nlimits: { max-call-depth: 100 }\n";
    let (code, out) = check(&[("flake.nix", DEEP), ("cfgcheck.yaml", settings)], &[]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("max-call-depth exceeded"), "{out}");
    let (code, out) = check(
        &[("flake.nix", DEEP), ("cfgcheck.yaml", settings)],
        &["--max-call-depth", "1000"],
    );
    assert_eq!(code, Some(0), "the command line wins: {out}");
}

#[test]
fn the_form_of_the_settings_is_that_of_standard_output() {
    let settings = "version: 1\noutput: { format: json }\n";
    let (code, out) = check(&[("flake.nix", DEEP), ("cfgcheck.yaml", settings)], &[]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with('{') && out.contains("\"cases\""), "{out}");
}

#[test]
fn an_error_in_an_input_names_its_file() {
    let flake = r#"{ inputs.lib.url = "path:./lib"; inputs.lib.inputs.inner.url = "path:./inner";
      outputs = { self, lib }: { packages.x86_64-linux.a = lib.broken 1; }; }"#;
    let lib = "{ inputs.inner = { }; outputs = { self, inner }: { broken = x:\n  throw \"no ${toString x}\"; }; }";
    let inner = "{ outputs = _: { }; }";
    let files = [("flake.nix", flake), ("lib/flake.nix", lib), ("inner/flake.nix", inner)];
    let (code, out) = check(&files, &["--show-trace"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("no 1") && out.contains("lib/flake.nix:2:"), "{out}");
}

#[test]
fn an_error_is_told_beside_assertions_that_do_not_hold() {
    let flake = |error: &str| {
        format!(
            r#"{{ outputs = _: {{ nixosConfigurations.h.config = {{
              assertions = [ {{ assertion = false; message = "first things first"; }} ];
              system.build.toplevel = throw "{error}"; }}; }}; }}"#
        )
    };
    let (code, out) = check(
        &[("flake.nix", &flake(r"\nFailed assertions:\n- first things first"))],
        &[],
    );
    assert_eq!(code, Some(1));
    assert!(out.contains("1 failed") && out.contains("first things first"), "{out}");
    let (code, out) = check(&[("flake.nix", &flake("something else"))], &[]);
    assert_eq!(code, Some(1));
    assert!(out.contains("2 errors") && out.contains("could not be judged"), "{out}");
    assert!(
        out.contains("first things first") && out.contains("something else"),
        "{out}"
    );
}

#[test]
fn an_excluded_path_that_fits_no_file_is_noted() {
    let settings = "version: 1\nexclude: [old, docs]\n";
    let files = [("flake.nix", DEEP), ("docs/a.nix", "{ }"), ("cfgcheck.yaml", settings)];
    let (code, out) = check(&files, &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("`exclude` names `old`") && !out.contains("`docs`"),
        "{out}"
    );
}

/// Nix reads `a/b/c` as a name in the registry with a branch and a commit; people mean the folder.
#[test]
fn a_folder_without_its_dot_is_recognised() {
    let files = [("nix/hosts/web/flake.nix", DEEP)];
    let (code, _, err) = check_flake("nix/hosts/web", &files, &[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("write `./nix/hosts/web`"), "{err}");
    let (code, out, _) = check_flake("./nix/hosts/web", &files, &[]);
    assert_eq!(code, Some(0), "{out}");
}

/// Runs `cfgcheck eval` on hosts that call a package set each; returns the exit code, what is printed and what is told.
fn eval_hosts(sharing: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let set = "{ system }: { name = builtins.trace \"a set for ${system}\" system; }";
    std::fs::write(folder.path().join("set.nix"), set).expect("the folder can be written to");
    let hosts = "builtins.genList (i: \"${(import ./set.nix { system = \"x\"; }).name}${toString i}\") 2";
    run_in(
        folder.path(),
        &["eval", "--json", "--sharing", sharing, "--expr", hosts],
    )
}

#[test]
fn evaluation_with_and_without_sharing_prints_and_tells_the_same() {
    let on = eval_hosts("on");
    assert_eq!((on.0, on.1.as_str()), (Some(0), "[\"x0\",\"x1\"]\n"), "{}", on.2);
    assert_eq!(on.2, "trace: a set for x\ntrace: a set for x\n");
    assert_eq!(eval_hosts("off"), on);
    let (code, out, told) = eval_hosts("verify");
    assert_eq!((code, out), (Some(0), on.1));
    let note = "note: evaluation without sharing gives the same\n";
    assert_eq!(told, [&on.2, &on.2, note].concat());
}
