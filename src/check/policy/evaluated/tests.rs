//! Values of a real evaluation: what is asked for, and nothing else.

use super::*;
use crate::host::fixture::on_host;
use crate::policy::{Host, Kind, Policies, read::File};
use report::{Case, Outcome};

/// A host with an option for each kind of value.
const MODULE: &str = r#"{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  package = name: { type = "derivation"; inherit name; pname = "curl"; version = "8"; drvPath = throw "not built"; outPath = throw "not built"; };
in
{
  options.own = {
    port = mkOption { type = types.int; };
    ratio = mkOption { type = types.float; default = 0.5; };
    words = mkOption { type = types.listOf types.str; default = [ "a" "b" ]; };
    raw = mkOption { type = types.raw; default = { a = 1; b = throw "asked for"; f = x: x; n = null; p = /etc/x; l = [ 1 (throw "an element") ]; }; };
    packages = mkOption { type = types.raw; default = [ (package "curl-8") ]; };
    fails = mkOption { type = types.str; default = throw "broken for a reason"; };
    undefined = mkOption { type = types.str; };
    loop = mkOption { type = types.raw; default = let x = { inherit x; }; in x; };
    many = mkOption { type = types.raw; default = lib.genList (n: n) 300000; };
    password = mkOption { type = types.str; default = "x"; };
    users = mkOption {
      default = { };
      type = types.attrsOf (types.submodule { options = {
        normal = mkOption { type = types.bool; default = true; };
        uid = mkOption { type = types.int; };
        secret = mkOption { type = types.str; default = throw "nobody asked"; };
      }; });
    };
  };
  config.own = {
    port = 80;
    users.alice.uid = 1;
    users.bob = { normal = false; uid = 2; };
    password = "hunter2hunter2";
  };
}
"#;

/// Returns what is read of options.
fn read(asked: &[(&str, Demand)]) -> Vec<Tree> {
    let asked: Vec<(String, Demand)> = asked
        .iter()
        .map(|(path, demand)| (path.to_string(), demand.clone()))
        .collect();
    on_host(MODULE, move |host| {
        let mut options = Evaluated {
            ev: &mut *host.ev,
            system: host.system,
            view: host.view,
            evaluates: true,
        };
        let read = |(path, demand): &(String, Demand)| {
            let path = OptionPath::try_from(path.clone()).expect("a path");
            options.value(&path, demand)
        };
        asked.iter().map(read).collect()
    })
}

/// Returns the cases of policies.
fn cases(text: &str) -> Vec<Case> {
    let files = [File {
        path: b"/fleet/checks/a.yaml".to_vec(),
        bytes: text.as_bytes().to_vec(),
    }];
    on_host(MODULE, move |host| {
        let policies = Policies::read(&files, b"/fleet", &|_| false);
        let policies = policies.unwrap_or_else(|wrong| panic!("{:?}", wrong.diagnostics));
        let web = Host {
            name: "web".into(),
            system: "x86_64-linux".into(),
            kind: Kind::Nixos,
            tags: Vec::new(),
        };
        let mut options = Evaluated {
            ev: &mut *host.ev,
            system: host.system,
            view: host.view,
            evaluates: true,
        };
        policies.cases(&web, &mut options, &|_| true)
    })
}

/// Returns the place and message of the only finding of the only case.
fn found(assert: &str) -> (Outcome, String) {
    let cases = cases(&format!("id: a\ntitle: T\nwhy: w\nfix: f\n{assert}\n"));
    let findings: Vec<String> = cases[0]
        .findings
        .iter()
        .map(|finding| {
            let place = finding.location.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{place} {}", finding.message)
        })
        .collect();
    (cases[0].outcome.clone(), findings.join("; "))
}

#[test]
fn values_become_trees() {
    let attrs = |all: &[(&str, Tree)]| {
        Tree::Attrs(
            all.iter()
                .map(|(name, tree)| (name.to_string(), tree.clone()))
                .collect(),
        )
    };
    let why = |why: &str| Tree::Unknown(format!("it cannot be evaluated: {why}"));
    let read = read(&[
        ("own.port", Demand::default()),
        ("own.ratio", Demand::default()),
        ("own.words", Demand::default()),
        ("own.words", Demand::whole()),
        ("own.raw", Demand::whole()),
        ("own.raw.a", Demand::default()),
        ("own.packages", Demand::each(Demand::default())),
        ("own.fails", Demand::default()),
        ("own.undefined", Demand::default()),
        ("own.prot", Demand::default()),
        ("won.port", Demand::default()),
        ("own.raw.zzz", Demand::default()),
    ]);
    let package = Package {
        name: "curl-8".into(),
        pname: "curl".into(),
        version: "8".into(),
    };
    let raw = attrs(&[
        ("a", Tree::Int(1)),
        ("b", why("asked for")),
        ("f", Tree::Function),
        ("l", Tree::List(vec![Tree::Int(1), why("an element")])),
        ("n", Tree::Null),
        ("p", Tree::Path("/etc/x".into())),
    ]);
    let expected = [
        Tree::Int(80),
        Tree::Float(0.5),
        Tree::List(vec![Tree::Unread, Tree::Unread]),
        Tree::List(vec![Tree::Text("a".into()), Tree::Text("b".into())]),
        raw,
        Tree::Int(1),
        Tree::List(vec![Tree::Package(package)]),
        why("broken for a reason"),
        Tree::Missing("nothing defines it".into()),
        Tree::Missing("there is no such option; did you mean `own.port`?".into()),
        Tree::Missing("there is no such option; did you mean `own.port`?".into()),
        Tree::Missing("there is no such option".into()),
    ];
    for (read, expected) in read.iter().zip(&expected) {
        assert_eq!(read, expected);
    }
}

#[test]
fn values_are_bounded() {
    let read = read(&[("own.loop", Demand::whole()), ("own.many", Demand::whole())]);
    assert_eq!(read[0].unknown(), Some("it is nested more than 64 deep"));
    assert_eq!(read[1].unknown(), Some("it has more than 200000 values in it"));
}

#[test]
fn only_what_is_asked_for_is_evaluated() {
    let users = "assert: { own.users: { every: { where: { attributes: { normal: true } }, attributes: { uid: { at-least: 1 } } } } }";
    assert_eq!(found(users), (Outcome::Passed, String::new()));
    let cel = "options: { users: own.users }\ncel: users.all(name, !users[name].normal || users[name].uid == 1)";
    assert_eq!(found(cel), (Outcome::Passed, String::new()));
    let (outcome, said) = found("options: { users: own.users }\ncel: users.alice == {}");
    assert_eq!(outcome, Outcome::Errored);
    assert!(said.contains("nobody asked"), "{said}");
}

#[test]
fn findings_point_at_the_definition_or_the_policy() {
    let failed = |said: &str| (Outcome::Failed, said.to_string());
    let errored = |said: &str| (Outcome::Errored, said.to_string());
    assert_eq!(
        found("assert: { own.port: 443 }"),
        failed("host.nix:28:5 T: `own.port` is 80 instead of 443")
    );
    assert_eq!(
        found("assert: { own.users: { every: { attributes: { uid: 1 } } } }"),
        failed("host.nix:30:35 T: `own.users.bob.uid` is 2 instead of 1")
    );
    assert_eq!(
        found("assert: { own.prot: 443 }"),
        errored(
            "checks/a.yaml:5:11 cannot judge whether “T”: `own.prot`: there is no such option; did you mean `own.port`?"
        )
    );
    assert_eq!(
        found("assert: { own.prot: { absent: true } }"),
        (Outcome::Passed, String::new())
    );
    assert_eq!(
        found("assert: { own.undefined: { defined: false } }"),
        (Outcome::Passed, String::new())
    );
    let (outcome, said) = found("assert: { own.password: other }");
    assert_eq!(outcome, Outcome::Failed);
    assert!(
        said.contains("`own.password` is another value than the wanted one") && !said.contains("hunter2"),
        "{said}"
    );
}
