//! What is shown for errors that users meet, each with a small configuration that has it.
//!
//! After a wanted change, run `UPDATE_GOLDEN=1 cargo test -p cfgcheck-nixos golden` and read the
//! difference before committing it.

#![expect(
    clippy::disallowed_methods,
    reason = "golden files are read and, on request, written"
)]

use super::{Viewpoint, diagnose_from, failed_assertion};
use crate::fixture::fleet;
use diag::{Origin, Pos, Style, render};
use eval::coerce::Coercion;
use eval::error::Eval;
use eval::{Evaluator, Val};

/// Stack of the thread that evaluates.
const STACK: usize = 64 << 20;

/// What every configuration starts from: options of some common types.
const OPTIONS: &str = r#"{ lib, config, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    out = mkOption { type = types.anything; };
    name = mkOption { type = types.str; };
    port = mkOption {
      type = types.port;
      description = "The port.";
    };
    server.enable = lib.mkEnableOption "the server";
    server.lines = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    users = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options.uid = mkOption { type = types.int; };
          options.shell = mkOption { type = types.str; default = "sh"; };
        }
      );
    };
  };
}
"#;

/// How a configuration of some modules is evaluated; `@` stands for them.
const HOST: &str =
    "let\n  lib = import /nixpkgs/lib;\nin\n(lib.evalModules { modules = [ ./options.nix @ ]; }).config.out\n";

/// Evaluates `/fleet/host.nix` and returns what is shown for its error.
fn shown(files: &[(&str, &str)], show_trace: bool) -> String {
    let files: Vec<(String, String)> = files
        .iter()
        .map(|(p, t)| (format!("/fleet/{p}"), (*t).to_owned()))
        .collect();
    let run = move || {
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let mut ev = fleet(&files, STACK);
        let error = match whole(&mut ev) {
            Ok(value) => panic!("this evaluates: {}", value.is_some()),
            Err(_) => ev.take_error(),
        };
        let inputs = [(b"/nixpkgs".to_vec(), "nixpkgs".to_owned())];
        let view = Viewpoint {
            root: b"/fleet",
            inputs: &inputs,
            show_trace,
            ..Viewpoint::default()
        };
        let diagnosis = diagnose_from(&mut ev, &error, &view);
        let style = Style {
            width: 80,
            frames: if show_trace { 1000 } else { 6 },
            color: false,
        };
        let text = render(&diagnosis.diagnostic, &ev.sources, b"/fleet", style);
        match diagnosis.option {
            Some(option) => format!("{text}option: {option}\n"),
            None => text,
        }
    };
    let thread = std::thread::Builder::new()
        .stack_size(STACK + (8 << 20))
        .spawn(run)
        .expect("a thread starts");
    thread.join().expect("nothing panics")
}

/// Evaluates the host and its value to the end, as printing it would.
fn whole(ev: &mut Evaluator) -> Eval<Option<Val>> {
    let value = ev.eval_file(b"/fleet/host.nix")?;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        for &cell in ev.elements(value) {
            open.push(ev.force(cell, Pos::NONE)?);
        }
        if value.tag() == eval::Tag::Attrs {
            for (_, attr) in ev.sorted_entries(value) {
                open.push(ev.force(attr.value, attr.pos)?);
            }
        } else if value.as_string().is_some() {
            ev.coerce(value, Pos::NONE, "", Coercion::PLAIN)?;
        }
    }
    Ok(Some(value))
}

/// Returns a text without what the stand-in's library may change: where in it an error is raised, and
/// how many steps of it are left out.
fn lasting(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if let Some((before, count)) = line.split_once("= note: ")
            && let Some((count, rest)) = count.split_once(" more step")
            && count.parse::<u32>().is_ok()
        {
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            return format!("{before}= note: … more steps{rest}\n");
        }
        match line.split_once("raised in nixpkgs: ") {
            Some((before, place)) => {
                let file = place.split(':').next().unwrap_or_default();
                format!("{before}raised in nixpkgs: {file}:…\n")
            }
            None => format!("{}\n", without_line(line)),
        }
    });
    lines.collect()
}

/// Leaves the line out of the place at which a function of the stand-in library stands.
fn without_line(line: &str) -> String {
    let Some((before, place)) = line.split_once(" @ <nixpkgs>/") else {
        return line.to_owned();
    };
    let (place, after) = place.split_once('»').unwrap_or((place, ""));
    let file = place.split(':').next().unwrap_or_default();
    format!("{before} @ <nixpkgs>/{file}:…»{after}")
}

fn golden(name: &str, text: &str) {
    let text = &lasting(text);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("diagnose/golden")
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file is there; UPDATE_GOLDEN=1 writes it");
    assert!(
        *text == expected,
        "{name} differs; UPDATE_GOLDEN=1 accepts this:\n{text}"
    );
}

/// Checks what is shown for a configuration of these modules, named after the golden file.
fn check(name: &str, modules: &[(&str, &str)]) {
    let list: Vec<String> = modules.iter().map(|(path, _)| format!("./{path}")).collect();
    let host = HOST.replace('@', &list.join(" "));
    let mut files = vec![("options.nix", OPTIONS), ("host.nix", host.as_str())];
    files.extend_from_slice(modules);
    golden(name, &shown(&files, false));
}

/// Checks what is shown for a text that is no configuration.
fn check_text(name: &str, host: &str) {
    golden(name, &shown(&[("host.nix", host)], false));
}

#[test]
fn conflicting_definitions_are_shown_with_both_places() {
    check(
        "conflict",
        &[
            ("a.nix", "{\n  name = \"one\";\n}\n"),
            (
                "b.nix",
                "{ config, lib, ... }:\n{\n  config = lib.mkIf true { name = \"two\"; };\n}\n",
            ),
            ("out.nix", "{ config, ... }: { out = config.name; }\n"),
        ],
    );
    check(
        "conflict-in-one-file",
        &[(
            "a.nix",
            "{ config, lib, ... }:\nlib.mkMerge [\n  { port = 80; }\n  { port = 81; }\n  { out = config.port; }\n]\n",
        )],
    );
    check(
        "conflict-in-submodule",
        &[
            ("a.nix", "{\n  users.alice.uid = 1;\n}\n"),
            (
                "b.nix",
                "{ config, ... }:\n{\n  users = {\n    alice = {\n      uid = 2;\n    };\n  };\n  out = config.users;\n}\n",
            ),
        ],
    );
    check(
        "conflict-of-computed",
        &[
            ("a.nix", "let\n  n = \"one\";\nin\n{\n  name = n + \"!\";\n}\n"),
            (
                "b.nix",
                "{ config, ... }:\n{\n  inherit (rec { name = \"two\"; }) name;\n  out = config.name;\n}\n",
            ),
        ],
    );
}

#[test]
fn modules_without_a_file_are_found_in_the_flake() {
    golden(
        "conflict-inline",
        &shown(
            &[
                ("options.nix", OPTIONS),
                (
                    "host.nix",
                    "let\n  lib = import /nixpkgs/lib;\nin\n(lib.evalModules {\n  modules = [\n    ./options.nix\n    { port = 80; }\n    ({ config, ... }: { port = 443; out = config.port; })\n  ];\n}).config.out\n",
                ),
            ],
            false,
        ),
    );
}

#[test]
fn definitions_of_a_wrong_type_are_marked() {
    let out = ("out.nix", "{ config, ... }: { out = config.port; }\n");
    check("type-port-quoted", &[("a.nix", "{\n  port = \"80\";\n}\n"), out]);
    check("type-port-too-large", &[("a.nix", "{\n  port = 70000;\n}\n"), out]);
    check(
        "type-boolean-quoted",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  server = {\n    enable = \"true\";\n  };\n  out = config.server.enable;\n}\n",
        )],
    );
    check(
        "type-list",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  server.lines = \"x\";\n  out = config.server.lines;\n}\n",
        )],
    );
    check(
        "type-element",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  server.lines = [\n    \"x\"\n    7\n  ];\n  out = config.server.lines;\n}\n",
        )],
    );
    check(
        "type-large-value",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  name = {\n    a = 1;\n    b = 2;\n    c = 3;\n  };\n  out = config.name;\n}\n",
        )],
    );
}

#[test]
fn options_that_do_not_exist_are_marked() {
    check(
        "missing-near",
        &[("a.nix", "{\n  server.enabel = true;\n  out = 1;\n}\n")],
    );
    check(
        "missing-in-submodule",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  users.alice.uidd = 1;\n  out = config.users;\n}\n",
        )],
    );
    check(
        "missing-parent",
        &[("a.nix", "{\n  services.web.enable = true;\n  out = 1;\n}\n")],
    );
    check(
        "missing-home",
        &[("a.nix", "{\n  home.packages = [ ];\n  out = 1;\n}\n")],
    );
}

#[test]
fn options_without_a_value_are_shown_where_they_are_needed() {
    check(
        "no-value",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  out = \"port ${toString config.port}\";\n}\n",
        )],
    );
    check(
        "no-value-in-submodule",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  users.alice = { };\n  out = config.users.alice.uid;\n}\n",
        )],
    );
}

#[test]
fn modules_of_a_wrong_shape_are_shown() {
    check(
        "unsupported-attribute",
        &[(
            "a.nix",
            "{ lib, ... }:\n{\n  options.x = lib.mkOption { };\n  out = 1;\n}\n",
        )],
    );
    check(
        "declared-twice",
        &[(
            "a.nix",
            "{ lib, config, ... }:\n{\n  options.port = lib.mkOption { description = \"mine\"; };\n  config.out = config.port;\n}\n",
        )],
    );
    check(
        "missing-argument",
        &[("a.nix", "{ lib, fleetData, ... }:\n{\n  out = fleetData.x;\n}\n")],
    );
    check(
        "missing-file",
        &[("a.nix", "{\n  imports = [ ./nowhere.nix ];\n  out = 1;\n}\n")],
    );
    check("not-a-module", &[("a.nix", "5\n")]);
}

#[test]
fn recursions_are_shown_with_their_cycle() {
    check(
        "recursion-of-options",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  name = \"${toString config.port}\";\n  port = builtins.stringLength config.name;\n  out = config.name;\n}\n",
        )],
    );
    check(
        "recursion-of-one",
        &[(
            "a.nix",
            "{ config, ... }:\n{\n  name = config.name + \"!\";\n  out = config.name;\n}\n",
        )],
    );
    check(
        "recursion-in-imports",
        &[(
            "a.nix",
            "{ config, lib, ... }:\n{\n  imports = lib.optional config.server.enable ./b.nix;\n  out = 1;\n}\n",
        )],
    );
    check(
        "recursion-of-structure",
        &[(
            "a.nix",
            "{ config, lib, ... }:\nif config.server.enable then { out = 1; } else { out = 2; }\n",
        )],
    );
    check_text("recursion-of-language", "let\n  a = b;\n  b = a;\nin\na\n");
}

#[test]
fn errors_of_the_language_are_marked_whole() {
    check(
        "attribute-missing",
        &[(
            "a.nix",
            "let\n  users = { alice = 1; };\nin\n{\n  out = users.alcie;\n}\n",
        )],
    );
    check(
        "undefined-variable",
        &[("a.nix", "{ config, ... }:\n{\n  out = lib.mkForce 1;\n}\n")],
    );
    check("coercion", &[("a.nix", "{\n  out = \"at ${{ }}\";\n}\n")]);
    check("thrown", &[("a.nix", "{\n  out = throw \"not in this house\";\n}\n")]);
    check(
        "thrown-in-input",
        &[("a.nix", "{ lib, ... }:\n{\n  out = lib.head (lib.mkIf 1);\n}\n")],
    );
    check_text("asserted", "let\n  x = 1;\nin\nassert x == 2; x\n");
    check_text("call-lacks-argument", "let\n  f = { a, b }: a;\nin\nf { a = 1; }\n");
    check_text("call-has-more", "let\n  f = { a }: a;\nin\nf { a = 1; aa = 2; }\n");
    check_text("defined-twice", "{\n  a.b = 1;\n  c = 2;\n  a.b = 3;\n}\n");
    check_text("syntax", "{\n  a = 1\n  b = 2;\n}\n");
}

#[test]
fn with_show_trace_every_frame_is_there() {
    let host = HOST.replace('@', "./a.nix");
    let a = "{ config, ... }:\n{\n  port = \"80\";\n  out = config.port;\n}\n";
    let files = [("options.nix", OPTIONS), ("host.nix", host.as_str()), ("a.nix", a)];
    let (short, long) = (shown(&files, false), shown(&files, true));
    assert!(long.lines().count() > short.lines().count() + 10, "{long}");
    assert!(!long.contains("--show-trace"), "{long}");
}

#[test]
fn a_failed_assertion_is_shown_with_what_it_is_about() {
    let a = "{ config, ... }:\n{\n  server.enable = true;\n  out = {\n    assertion = false;\n    message = \"server.enable needs a port, not ${toString 0}\";\n  };\n}\n";
    let mut ev = fleet(&[], 1 << 20);
    let (text, _) = ev
        .sources
        .add(Origin::File(b"/fleet/a.nix".as_slice().into()), a.as_bytes().into());
    ev.reads(text);
    let view = Viewpoint {
        root: b"/fleet",
        ..Viewpoint::default()
    };
    let diagnostic = failed_assertion(&mut ev, "server.enable needs a port, not 0", &view);
    golden(
        "assertion",
        &render(&diagnostic, &ev.sources, b"/fleet", Style::default()),
    );
}
