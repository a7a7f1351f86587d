//! What is found of definitions, for each way in which modules write them.

use super::*;
use crate::Reading;
use crate::fixture::{with_flake, with_host};

/// The options of every configuration here.
const OPTIONS: &str = r#"{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.server = {
    enable = lib.mkEnableOption "the server";
    port = mkOption { type = types.port; default = 80; };
    name = mkOption { type = types.str; };
    lines = mkOption { type = types.listOf types.str; default = [ ]; };
    settings = mkOption {
      default = { };
      type = types.submodule {
        freeformType = types.attrsOf types.anything;
        options.root = mkOption { type = types.str; default = "no"; };
      };
    };
    tree = mkOption { type = types.attrsOf types.anything; default = { }; };
  };
  options.users = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule {
        options.uid = mkOption { type = types.int; default = 1; };
        options.shell = mkOption { type = types.str; };
      }
    );
  };
}
"#;

/// Returns the definitions at a path, each as `FILE:LINE:COLUMN text | priority, order, standing`.
fn found(files: &[(&str, &str)], modules: &str, path: &str) -> Vec<String> {
    let mut all = vec![("options.nix", OPTIONS)];
    all.extend(files);
    let path: OptionPath = path.parse().expect("a path");
    with_host(&all, &format!("./options.nix {modules}"), move |ev, system, view| {
        let Ok(definitions) = system.definitions(ev, &path, view) else {
            panic!("{}", ev.take_error().message);
        };
        definitions.iter().map(|definition| line(ev, definition)).collect()
    })
}

fn line(ev: &Evaluator, definition: &Definition) -> String {
    let order = definition
        .order
        .word()
        .map_or_else(String::new, |word| format!(", {word}"));
    let default = if definition.is_default { ", default" } else { "" };
    let guessed = if definition.guessed { ", guessed" } else { "" };
    format!(
        "{} | {}{order}{default}{guessed}, {:?}",
        place(ev, definition.span),
        definition.priority.word(),
        definition.standing
    )
}

fn place(ev: &Evaluator, span: Span) -> String {
    let Some(place) = ev.sources.place(span, b"/fleet") else {
        return "nowhere".into();
    };
    let (file, start) = ev.sources.lookup(span.start).expect("it has a place");
    let (_, end) = ev.sources.lookup(span.end).expect("it has an end");
    let text = &ev.sources.file(file).text[start as usize..end as usize];
    format!("{place} {}", String::from_utf8_lossy(text))
}

#[track_caller]
fn check(files: &[(&str, &str)], modules: &str, path: &str, expected: &[&str]) {
    assert_eq!(found(files, modules, path), expected, "{path}");
}

#[test]
fn a_plain_definition_beats_the_default() {
    check(
        &[("a.nix", "{\n  server.port = 1;\n}\n")],
        "./a.nix",
        "server.port",
        &[
            "a.nix:2:3 server.port = 1 | plain, Won",
            "options.nix:8:5 port = mkOption { type = types.port; default = 80; } | mkOptionDefault, default, Overridden",
        ],
    );
}

#[test]
fn all_definitions_are_told_with_their_priorities() {
    check(
        &[
            (
                "a.nix",
                "{ lib, ... }:\n{\n  server = {\n    port = lib.mkForce 1;\n  };\n}\n",
            ),
            (
                "b.nix",
                "{ lib, ... }: {\n  config = lib.mkDefault { server.port = 2; };\n}\n",
            ),
            (
                "c.nix",
                "{ lib, config, ... }: {\n  server.port = lib.mkIf config.server.enable 3;\n}\n",
            ),
            (
                "d.nix",
                "{ lib, ... }: lib.mkMerge [ { server.port = 4; } { server.port = lib.mkOverride 30 5; } ]\n",
            ),
        ],
        "./a.nix ./b.nix ./c.nix ./d.nix",
        "server.port",
        &[
            "d.nix:1:52 server.port = lib.mkOverride 30 5 | mkOverride 30, Won",
            "a.nix:4:5 port = lib.mkForce 1 | mkForce, Overridden",
            "d.nix:1:31 server.port = 4 | plain, Overridden",
            "b.nix:2:28 server.port = 2 | mkDefault, Overridden",
            "options.nix:8:5 port = mkOption { type = types.port; default = 80; } | mkOptionDefault, default, Overridden",
            "c.nix:2:3 server.port = lib.mkIf config.server.enable 3 | plain, Inactive",
        ],
    );
}

#[test]
fn lists_are_told_in_the_order_of_merging() {
    check(
        &[
            ("a.nix", "{ server.lines = [ \"a\" ]; }\n"),
            ("b.nix", "{ lib, ... }: { server.lines = lib.mkBefore [ \"b\" ]; }\n"),
            ("c.nix", "{ lib, ... }: { server.lines = lib.mkAfter [ \"c\" ]; }\n"),
            ("d.nix", "{ server.lines = [ \"d\" ]; }\n"),
        ],
        "./a.nix ./b.nix ./c.nix ./d.nix",
        "server.lines",
        &[
            "b.nix:1:17 server.lines = lib.mkBefore [ \"b\" ] | plain, mkBefore, Won",
            "d.nix:1:3 server.lines = [ \"d\" ] | plain, Won",
            "a.nix:1:3 server.lines = [ \"a\" ] | plain, Won",
            "c.nix:1:17 server.lines = lib.mkAfter [ \"c\" ] | plain, mkAfter, Won",
            "options.nix:10:5 lines = mkOption { type = types.listOf types.str; default = [ ]; } | mkOptionDefault, default, Overridden",
        ],
    );
}

#[test]
fn attributes_below_options_are_found() {
    let files = [
        (
            "a.nix",
            "{ lib, ... }:\n{\n  server.settings.root = lib.mkDefault \"yes\";\n  server.settings.x.y = 1;\n}\n",
        ),
        (
            "b.nix",
            "{ lib, ... }:\n{\n  server = { settings = { root = \"no\"; }; };\n}\n",
        ),
        ("c.nix", "{ lib, ... }: { server.tree = lib.mkForce { a.b = 1; }; }"),
        ("d.nix", "{ server.tree = { a.b = 2; c = 3; }; }"),
    ];
    let modules = "./a.nix ./b.nix ./c.nix ./d.nix";
    check(
        &files,
        modules,
        "server.settings.root",
        &[
            "b.nix:3:27 root = \"no\" | plain, Won",
            "a.nix:3:3 server.settings.root = lib.mkDefault \"yes\" | mkDefault, Overridden",
            "options.nix:15:9 options.root = mkOption { type = types.str; default = \"no\"; } | mkOptionDefault, default, Overridden",
        ],
    );
    check(
        &files,
        modules,
        "server.settings.x.y",
        &["a.nix:4:3 server.settings.x.y = 1 | plain, Won"],
    );
    check(
        &files,
        modules,
        "server.tree.a.b",
        &[
            "c.nix:1:45 a.b = 1 | plain, Won",
            "d.nix:1:19 a.b = 2 | plain, Overridden",
        ],
    );
    check(
        &files,
        modules,
        "server.tree.c",
        &["d.nix:1:28 c = 3 | plain, Overridden"],
    );
}

#[test]
fn submodules_are_looked_into() {
    let files = [
        (
            "a.nix",
            "{\n  users.alice.uid = 7;\n  users.bob = import ./bob.nix;\n  users.\"c.d\" = ./cd.nix;\n}\n",
        ),
        ("bob.nix", "{ lib, ... }:\n{\n  uid = lib.mkForce 8;\n}\n"),
        ("cd.nix", "{ name, ... }:\n{\n  config.shell = name;\n}\n"),
    ];
    check(
        &files,
        "./a.nix",
        "users.alice.uid",
        &[
            "a.nix:2:3 users.alice.uid = 7 | plain, Won",
            "options.nix:24:9 options.uid = mkOption { type = types.int; default = 1; } | mkOptionDefault, default, Overridden",
        ],
    );
    check(
        &files,
        "./a.nix",
        "users.bob.uid",
        &[
            "bob.nix:3:3 uid = lib.mkForce 8 | mkForce, Won",
            "options.nix:24:9 options.uid = mkOption { type = types.int; default = 1; } | mkOptionDefault, default, Overridden",
        ],
    );
    check(
        &files,
        "./a.nix",
        "users.\"c.d\".shell",
        &["cd.nix:3:3 config.shell = name | plain, Won"],
    );
    check(
        &files,
        "./a.nix",
        "users.bob",
        &["a.nix:3:3 users.bob = import ./bob.nix | plain, Won"],
    );
    check(&files, "./a.nix", "users.nobody", &[]);
}

#[test]
fn what_functions_make_points_at_the_nearest_binding() {
    check(
        &[(
            "a.nix",
            "{ lib, ... }:\n{\n  users = lib.genAttrs [ \"alice\" \"bob\" ] (name: { shell = \"fish\"; });\n}\n",
        )],
        "./a.nix",
        "users.bob.shell",
        &["a.nix:3:51 shell = \"fish\" | plain, Won"],
    );
    check(
        &[(
            "a.nix",
            "{ lib, ... }:\n{\n  users = lib.genAttrs [ \"bob\" ] (name: { });\n}\n",
        )],
        "./a.nix",
        "users.bob",
        &["a.nix:3:3 users = lib.genAttrs [ \"bob\" ] (name: { }) | plain, guessed, Won"],
    );
}

#[test]
fn modules_in_the_flake_and_their_imports_are_loaded() {
    check(
        &[
            (
                "a.nix",
                "{\n  imports = [ ./b ({ lib, ... }: { server.name = lib.mkDefault \"c\"; }) ];\n}\n",
            ),
            ("b/default.nix", "{ server.name = \"b\"; }\n"),
        ],
        "./a.nix { server.port = 9; }",
        "server.name",
        &[
            "b/default.nix:1:3 server.name = \"b\" | plain, Won",
            "a.nix:2:36 server.name = lib.mkDefault \"c\" | mkDefault, Overridden",
        ],
    );
    check(
        &[],
        "{ server.port = 9; }",
        "server.port",
        &[
            "flake.nix:6:33 server.port = 9 | plain, Won",
            "options.nix:8:5 port = mkOption { type = types.port; default = 80; } | mkOptionDefault, default, Overridden",
        ],
    );
    check(
        &[("a.nix", "{ server.name = \"a\"; }\n")],
        "./a.nix { disabledModules = [ ./a.nix ]; server.name = \"b\"; }",
        "server.name",
        &["flake.nix:6:72 server.name = \"b\" | plain, Won"],
    );
}

#[test]
fn a_host_with_a_misspelt_option_is_read_all_the_same() {
    let files = [
        ("options.nix", OPTIONS),
        ("a.nix", "{ server.prot = 1; server.port = 7; }\n"),
    ];
    let (value, found) = with_host(&files, "./options.nix ./a.nix", |ev, system, view| {
        let value = match system.value(ev, &["server", "port"]) {
            Ok(Reading::Value(value)) => value.as_int(),
            _ => None,
        };
        let Ok(definitions) = system.definitions(ev, &["server", "port"], view) else {
            panic!("{}", ev.take_error().message);
        };
        (value, line(ev, &definitions[0]))
    });
    assert_eq!(value, Some(7));
    assert_eq!(found, "a.nix:1:20 server.port = 7 | plain, Won");
}

#[test]
fn a_condition_that_fails_leaves_the_definition_open() {
    check(
        &[(
            "a.nix",
            "{ lib, ... }: { server.name = lib.mkIf (throw \"no\") \"a\"; }\n",
        )],
        "./a.nix { server.name = \"b\"; }",
        "server.name",
        &[
            "flake.nix:6:41 server.name = \"b\" | plain, Won",
            "a.nix:1:17 server.name = lib.mkIf (throw \"no\") \"a\" | plain, Unknown",
        ],
    );
}

/// A library may hand on only `config` and `options` of what it evaluates.
#[test]
fn without_a_list_of_modules_the_winners_are_found_by_text() {
    let flake = "let\n  lib = import /nixpkgs/lib;\n  made = lib.evalModules { modules = [ ./options.nix ./a.nix ./b.nix ]; };\nin\n{\n  nixosConfigurations.web = {\n    inherit (made) config;\n    options = removeAttrs made.options [ \"_module\" ];\n  };\n}\n";
    let files = [
        ("options.nix", OPTIONS),
        ("a.nix", "{ lib, ... }: {\n  server.port = lib.mkForce 3;\n}\n"),
        ("b.nix", "{ server.port = 4; }\n"),
    ];
    let found = with_flake(&files, flake.into(), |ev, system, view| {
        let Ok(definitions) = system.definitions(ev, &["server", "port"], view) else {
            panic!("{}", ev.take_error().message);
        };
        definitions
            .iter()
            .map(|definition| line(ev, definition))
            .collect::<Vec<_>>()
    });
    assert_eq!(
        found,
        [
            "a.nix:2:3 server.port = lib.mkForce 3 | mkForce, guessed, Won",
            "options.nix:8:5 port = mkOption { type = types.port; default = 80; } | mkOptionDefault, default, Overridden",
        ]
    );
}

/// Returns where a finding about an option points.
fn pointed_at(files: &[(&str, &str)], path: &str) -> String {
    let mut all = vec![("library/options.nix", OPTIONS)];
    all.extend(files);
    let path: OptionPath = path.parse().expect("a path");
    with_host(&all, "./library/options.nix ./a.nix", move |ev, system, view| {
        let mut view = *view;
        let with_options = [&[(b"/fleet/library".to_vec(), "library".to_owned())], view.inputs].concat();
        view.inputs = &with_options;
        match system.place_of(ev, &path, &view) {
            Ok(span) => place(ev, span),
            Err(_) => panic!("{}", ev.take_error().message),
        }
    })
}

#[test]
fn a_finding_points_at_the_definition_or_what_is_around_it() {
    let a =
        "{ lib, ... }: {\n  server.enable = true;\n  server.settings.x = 1;\n  users.bob.uid = lib.mkDefault 1;\n}\n";
    let check = |path: &str, expected: &str| assert_eq!(pointed_at(&[("a.nix", a)], path), expected, "{path}");
    check("server.enable", "a.nix:2:3 server.enable = true");
    check("server.settings.root", "a.nix:3:3 server.settings.x = 1");
    check("users.bob.shell", "a.nix:4:3 users.bob.uid = lib.mkDefault 1");
    check("users.bob.uid", "a.nix:4:3 users.bob.uid = lib.mkDefault 1");
    // Nothing of the user's has to do with these.
    check("networking.hostName", "flake.nix:5:3 nixosConfigurations.web");
    check("users.alice.uid", "flake.nix:5:3 nixosConfigurations.web");
}
