//! What is said of options, in the words that `explain option` prints.

use super::*;
use crate::fixture::with_host;

const OPTIONS: &str = r#"{ lib, config, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.server = {
    enable = lib.mkEnableOption "the server";
    port = mkOption {
      type = types.port;
      default = 80;
      example = 8080;
      description = "Where it *listens*.";
    };
    name = mkOption { type = types.str; };
    again = mkOption { type = types.str; readOnly = true; default = config.server.again; };
    lines = mkOption { type = types.listOf types.str; default = [ ]; defaultText = lib.literalMD "no lines"; };
    password = mkOption { type = types.nullOr types.str; default = null; };
    users = mkOption { type = types.attrsOf types.anything; default = { }; };
  };
}
"#;

/// Returns what is said of a path as a few lines.
fn said(module: &'static str, path: &str) -> String {
    let files = [("options.nix", OPTIONS), ("a.nix", module)];
    let path: OptionPath = path.parse().expect("a path");
    with_host(&files, "./options.nix ./a.nix", move |ev, system, view| {
        let mut secrets = Secrets::new();
        secrets.learn("hunter2hunter2");
        let asked = match system.explain(ev, &path, view, &secrets) {
            Ok(asked) => asked,
            Err(_) => panic!("{}", ev.take_error().message),
        };
        match asked {
            Asked::Set(names) => format!("set of {}", names.join(" ")),
            Asked::Unknown(near) => format!("unknown, near {}", near.join(" ")),
            Asked::Option(explained) => {
                let value = match &explained.value {
                    Told::Value(value) => value.clone(),
                    Told::Undefined => "undefined".into(),
                    Told::Failed(error) => format!("error: {}", error.message.lines().next().unwrap_or_default()),
                };
                let mut lines = vec![value, explained.why()];
                for defined in &explained.definitions {
                    lines.push(format!("{} {}", defined.whereabouts(), defined.value));
                }
                lines.join("\n")
            }
        }
    })
}

#[track_caller]
fn check(module: &'static str, path: &str, expected: &str) {
    assert_eq!(said(module, path), expected, "{path}");
}

#[test]
fn one_sentence_says_why_a_value_counts() {
    check(
        "{ lib, ... }: { server.port = lib.mkForce 1; }",
        "server.port",
        "1\nmkForce (50) is stronger than the option's default (1500)\na.nix:1:17 1\noptions.nix:8:5 80",
    );
    check(
        "{ }",
        "server.port",
        "80\nnothing defines it, so its default counts\noptions.nix:8:5 80",
    );
    check("{ }", "server.name", "undefined\nnothing defines it");
    check(
        "{ server.name = \"x\"; }",
        "server.name",
        "\"x\"\nnothing else defines it\na.nix:1:3 \"x\"",
    );
    check(
        "{ lib, ... }: { imports = [ { server.lines = [ \"b\" ]; } ]; server.lines = lib.mkBefore [ \"a\" ]; }",
        "server.lines",
        "[ \"a\" \"b\" ]\n2 definitions of the strongest priority, plain (100), stronger than the option's default (1500), are merged in this order\na.nix:1:60 [ \"a\" ]\na.nix:1:31 [ \"b\" ]\noptions.nix:16:5 [ ]",
    );
    check(
        "{ imports = [ { server.name = \"b\"; } ]; server.name = \"a\"; }",
        "server.name",
        "error: The option `server.name' has conflicting definition values:\n2 definitions have the strongest priority, plain (100)\na.nix:1:17 \"b\"\na.nix:1:41 \"a\"",
    );
}

#[test]
fn a_definition_that_is_not_active_is_shown_as_it_is_written() {
    check(
        "{ lib, ... }: { server.name = lib.mkIf false (throw \"no\"); }",
        "server.name",
        "undefined\nnothing defines it\na.nix:1:17 server.name = lib.mkIf false (throw \"no\")",
    );
}

#[test]
fn secrets_are_not_part_of_it() {
    let module = "{ server.password = \"correct horse\"; server.name = \"x hunter2hunter2\"; server.users.a = { token = \"abc\"; n = 1; }; }";
    check(
        module,
        "server.password",
        "•••\nplain (100) is stronger than the option's default (1500)\na.nix:1:3 •••\noptions.nix:17:5 null",
    );
    check(
        module,
        "server.name",
        "\"x •••\"\nnothing else defines it\na.nix:1:38 \"x •••\"",
    );
    check(
        module,
        "server.users.a",
        "{ n = 1; token = •••; }\nnothing else defines it\na.nix:1:72 { n = 1; token = •••; }",
    );
}

#[test]
fn paths_that_are_no_options_are_told_apart() {
    check("{ }", "server", "set of again enable lines name password port users");
    check("{ }", "server.prot", "unknown, near server.port");
    check("{ }", "sever.port", "unknown, near server.port");
    check("{ }", "port", "unknown, near server.port");
    check("{ }", "nothing.like.it", "unknown, near ");
    check(
        "{ server.users.alice = 1; }",
        "server.users.alcie",
        "unknown, near server.users.alice",
    );
}

#[test]
fn an_option_that_cannot_be_looked_at_is_not_called_unknown() {
    let files = [
        ("options.nix", OPTIONS),
        ("a.nix", "{ options.server.bad = throw \"no\"; }"),
    ];
    let message = with_host(&files, "./options.nix ./a.nix", |ev, system, view| {
        let path: OptionPath = "server.bad".parse().expect("a path");
        match system.explain(ev, &path, view, &Secrets::new()) {
            Ok(_) => "it was looked at".to_owned(),
            Err(_) => ev.take_error().message,
        }
    });
    assert_eq!(message, "no");
}

#[test]
fn an_option_that_needs_itself_fails() {
    check(
        "{ }",
        "server.again",
        "error: infinite recursion encountered\nnothing defines it, so its default counts\noptions.nix:15:5 «error: infinite recursion encountered»",
    );
}

#[test]
fn the_declaration_is_told_in_words() {
    let files = [("options.nix", OPTIONS)];
    let declared = with_host(&files, "./options.nix", |ev, system, view| {
        let read = |ev: &mut Evaluator, path: &[&str]| {
            let option = system.option(ev, path)?.expect("it is declared");
            option.in_words(ev, view)
        };
        let both = read(ev, &["server", "port"]).and_then(|port| Ok((port, read(ev, &["server", "lines"])?)));
        match both {
            Ok(both) => both,
            Err(_) => panic!("{}", ev.take_error().message),
        }
    });
    let (port, lines) = declared;
    assert_eq!(
        port.kind.as_deref(),
        Some("16 bit unsigned integer; between 0 and 65535 (both inclusive)")
    );
    assert_eq!(port.places, ["options.nix:8:5"]);
    assert_eq!(port.description.as_deref(), Some("Where it *listens*."));
    assert_eq!(port.default, Some(Said::Code("80".into())));
    assert_eq!(port.example, Some(Said::Code("8080".into())));
    assert!(!port.read_only && !port.hidden);
    assert_eq!(lines.default, Some(Said::Prose("no lines".into())));
}
