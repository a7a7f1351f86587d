//! The toggle laws on small hosts.

use super::fixture::{judged, judged_from, module};
use super::*;

/// Holds what is found on a host with these modules against lines.
fn check(modules: &[String], expected: &[&str]) {
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let (_, outcome, found) = judged(&modules, 50);
    assert_eq!(found, expected, "{modules:#?}");
    assert_eq!((outcome.stopped, outcome.why), (0, None));
}

#[test]
fn what_nobody_worded_is_a_finding() {
    let check = |config: &str, expected: &str| {
        check(&[module("app", false, config)], &[&format!("a.nix:{expected}")]);
    };
    check(
        "networking.name = config.fleet.absent.name;",
        "5 toggle-fails with `fleet.app.enable = true`: attribute 'absent' missing",
    );
    check(
        "networking.name = \"port \" + 80;",
        "5 toggle-fails with `fleet.app.enable = true`: cannot coerce an integer to a string: 80",
    );
    check(
        "networking.ports = [ \"80\" ];",
        "5 toggle-fails with `fleet.app.enable = true`: A definition for option `networking.ports.\"[definition 1-entry 1]\"' is not of type `16 bit unsigned integer; between 0 and 65535 (both inclusive)'",
    );
    check(
        "networking.name = config.networking.name;",
        "5 toggle-fails with `fleet.app.enable = true`: infinite recursion encountered",
    );
    check(
        "services.app.port = 1;",
        "5 toggle-fails with `fleet.app.enable = true`: The option `services.app.port' does not exist",
    );
    check(
        "networking.name = lib.mkMerge [ \"a\" \"b\" ];",
        "5 toggle-fails with `fleet.app.enable = true`: The option `networking.name' has conflicting definition values",
    );
    check(
        "networking.name = lib.head [ ];",
        "5 toggle-fails with `fleet.app.enable = true`: 'builtins.head' called on an empty list",
    );
    check(
        "networking.name = throw \"\";",
        "5 toggle-fails with `fleet.app.enable = true`: it fails and does not say why",
    );
    check(
        "assertions = [ { assertion = false; message = \"\"; } ];",
        "3 toggle-fails with `fleet.app.enable = true`: it fails and does not say why",
    );
}

#[test]
fn what_somebody_worded_is_a_refusal() {
    for config in [
        "assertions = [ { assertion = false; message = \"not here\"; } ];",
        "networking.name = throw \"not for this platform\";",
        "networking.name = abort \"not yet\";",
        "networking.name = lib.throwIf true \"not so\" \"name\";",
        "networking.name = assert lib.assertMsg false \"not like that\"; \"name\";",
    ] {
        let (_, outcome, found) = judged(&[&module("app", false, config)], 50);
        assert_eq!((outcome.refused, outcome.ran, found), (1, 1, vec![]), "{config}");
    }
}

#[test]
fn an_assertion_that_is_never_told_is_named() {
    let config = "assertions = [ { assertion = false; message = \"app has no name\"; } { assertion = lib.head [ ]; message = \"\"; } ];";
    let (_, outcome, found) = judged(&[&module("app", false, config)], 50);
    assert_eq!(
        found,
        ["a.nix:5 toggle-fails with `fleet.app.enable = true`: 'builtins.head' called on an empty list"]
    );
    let notes = &outcome.findings[0].diagnostic.notes;
    let told = "evaluation fails before this assertion could be told: app has no name";
    assert!(notes.iter().any(|note| note == told), "{notes:?}");
}

#[test]
fn an_option_without_default_is_asked_for_by_the_module_that_has_it() {
    let wants = "{ config, lib, ... }:\n{\n  options.fleet.app.enable = lib.mkEnableOption \"it\";\n  options.fleet.app.name = lib.mkOption { type = lib.types.str; };\n  config.networking.name = lib.mkIf config.fleet.app.enable config.fleet.app.name;\n}\n";
    let (_, outcome, found) = judged(&[wants], 50);
    assert_eq!((outcome.refused, found), (1, vec![]));
    assert_eq!(outcome.needs, ["fleet.app.enable: fleet.app.name"]);
    let shared = "{ lib, ... }: { options.fleet.domain = lib.mkOption { type = lib.types.str; }; }";
    let app = module("app", false, "networking.name = config.fleet.domain;");
    let (_, outcome, found) = judged(&[&app, shared], 50);
    assert_eq!(
        (outcome.needs, found),
        (vec!["fleet.app.enable: fleet.domain".into()], vec![])
    );
    // What else is switched off has nothing to do with it.
    let other = module("other", true, "users.other = 1;");
    let (_, outcome, found) = judged(&[&app, shared, &other], 50);
    assert_eq!((outcome.ran, outcome.refused, found), (3, 2, vec![]));
    // Here it is another module that goes without it.
    let gives = module("app", true, "users.app = 1;");
    let takes = "{ config, lib, ... }:\n{\n  options.fleet.id = lib.mkOption { type = lib.types.int; };\n  config.fleet.id = lib.mkIf (config.users ? app) 1;\n  config.networking.ports = [ config.fleet.id ];\n}\n".to_owned();
    check(
        &[gives, takes],
        &[
            "b.nix:5 toggle-fails with `fleet.app.enable = false`: The option `fleet.id' was accessed but has no value defined",
        ],
    );
}

#[test]
fn flips_that_fail_together_only_are_told_together() {
    let modules = [
        module("one", false, "users.one = 1;"),
        module("two", true, "users.two = 2;"),
        module("three", false, "users.three = 3;"),
        "{ config, ... }:\n{\n  networking.ports = if config.users ? one && config.users ? three then [ config.users.four ] else [ ];\n}\n".into(),
    ];
    check(
        &modules,
        &[
            "d.nix:3 toggle-fails with `fleet.one.enable = true` and `fleet.three.enable = true`: attribute 'four' missing",
        ],
    );
}

#[test]
fn a_case_without_end_does_not_end_the_run() {
    let modules = [
        module(
            "endless",
            false,
            "networking.name = toString (builtins.genericClosure { startSet = [ { key = 0; } ]; operator = one: [ { key = one.key + 1; } ]; });",
        ),
        module(
            "hungry",
            false,
            "networking.name = toString (builtins.length (builtins.genList (n: n) 2000000000));",
        ),
        module(
            "deep",
            false,
            "networking.name = let go = n: 1 + go (n + 1); in toString (go 0);",
        ),
        module("fine", false, "users.fine = 1;"),
    ];
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let (_, outcome, found) = judged(&modules, 4);
    assert_eq!((outcome.ran, outcome.stopped), (2, 2), "{:?}", outcome.why);
    assert_eq!(
        found,
        ["c.nix:5 toggle-fails with `fleet.deep.enable = true`: stack overflow; max-call-depth exceeded"]
    );
}

#[test]
fn what_is_no_switch_is_left_out() {
    let modules = [
        "{ lib, ... }:\n{\n  options.fleet.fixed.enable = lib.mkOption { type = lib.types.bool; readOnly = true; default = true; };\n  options.fleet.inner.enable = lib.mkOption { type = lib.types.bool; internal = true; default = true; };\n  options.fleet.none.enable = lib.mkOption { type = lib.types.bool; };\n  options.fleet.word.enable = lib.mkOption { type = lib.types.str; default = \"\"; };\n  options.fleet.plain.enabled = lib.mkOption { type = lib.types.bool; default = true; };\n}\n",
    ];
    let (survey, outcome, _) = judged(&modules, 50);
    let left: Vec<String> = survey
        .left_out
        .iter()
        .map(|left| format!("{}: {}", left.path, left.why))
        .collect();
    assert_eq!(
        left,
        [
            "fleet.fixed.enable: it is read-only",
            "fleet.inner.enable: it is internal",
            "fleet.none.enable: nothing says whether it is on",
        ]
    );
    assert_eq!(
        survey
            .toggles
            .iter()
            .map(|toggle| toggle.path.to_string())
            .collect::<Vec<_>>(),
        ["fleet.plain.enabled"]
    );
    assert_eq!(outcome.without_effect, ["fleet.plain.enabled"]);
}

#[test]
fn switches_inside_of_submodules_are_flipped() {
    let sites = "{ config, lib, ... }:
    {
      options.fleet.sites = lib.mkOption {
        default = { };
        type = lib.types.attrsOf (lib.types.submodule {
          options.enable = lib.mkEnableOption \"a site\";
          options.port = lib.mkOption { type = lib.types.port; default = 80; };
        });
      };
      config.networking.ports = lib.mapAttrsToList (_: site: if site.enable then site.port else 1) config.fleet.sites;
      config.users = lib.mkIf (!config.fleet.sites.blog.enable) { blog = \"nobody\"; };
    }";
    let hosts = "{ fleet.sites = { blog.enable = true; wiki = { }; }; }";
    let (survey, outcome, found) = judged(&[sites, hosts], 50);
    let paths: Vec<String> = survey.toggles.iter().map(|toggle| toggle.path.to_string()).collect();
    assert_eq!(paths, ["fleet.sites.blog.enable", "fleet.sites.wiki.enable"]);
    assert_eq!(
        found,
        [
            "a.nix:11 toggle-fails with `fleet.sites.blog.enable = false`: A definition for option `users.blog' is not of type `signed integer'"
        ]
    );
    assert_eq!((outcome.ran, outcome.without_effect), (2, Vec::<String>::new()));
}

#[test]
fn a_switch_is_not_flipped_inside_of_what_another_one_takes_away() {
    let sites = "{ config, lib, ... }:
    {
      options.fleet.sites = lib.mkOption {
        default = { };
        type = lib.types.attrsOf (lib.types.submodule ({ config, ... }: {
          options.enable = lib.mkOption { type = lib.types.bool; default = true; };
          options.hosts = lib.mkOption {
            default = { };
            type = lib.types.attrsOf (lib.types.submodule {
              options.enable = lib.mkEnableOption \"a name\";
              options.port = lib.mkOption { type = lib.types.port; };
            });
          };
          config.hosts = lib.mkIf config.enable { www.port = 80; };
        }));
      };
      config.networking.ports =
        lib.concatMap (site: lib.mapAttrsToList (_: host: host.port) site.hosts) (lib.attrValues config.fleet.sites);
    }";
    let (survey, outcome, found) = judged(&[sites, "{ fleet.sites.blog = { }; }"], 50);
    let paths: Vec<String> = survey.toggles.iter().map(|toggle| toggle.path.to_string()).collect();
    assert_eq!(paths, ["fleet.sites.blog.enable", "fleet.sites.blog.hosts.www.enable"]);
    assert_eq!((outcome.ran, outcome.refused, found), (3, 1, vec![]));
}

#[test]
fn a_host_that_does_not_evaluate_is_not_judged() {
    let modules = [
        module("app", false, "users.app = 1;"),
        "{ networking.name = 1; }".into(),
    ];
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let (_, outcome, found) = judged(&modules, 50);
    let why = outcome.unjudged.expect("it says why").message;
    assert!(
        why.starts_with("A definition for option `networking.name' is not of type"),
        "{why}"
    );
    assert_eq!((outcome.ran, found), (0, vec![]));
}

#[test]
fn a_counterexample_is_complete() {
    let modules = [
        module("app", false, "networking.name = config.absent;"),
        "{ lib, ... }: { fleet.app.enable = lib.mkForce false; }".into(),
    ];
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let (_, outcome, _) = judged(&modules, 50);
    let [finding] = outcome.findings.as_slice() else {
        panic!("one is found")
    };
    assert_eq!(
        finding.flips,
        [Flip {
            path: "fleet.app.enable".into(),
            to: true
        }]
    );
    assert_eq!(
        finding.expr.as_deref(),
        Some(
            "(host.extendModules {\n  modules = [\n    ({ lib, ... }: {\n      fleet.app.enable = lib.mkOverride 49 true;\n    })\n  ];\n}).config.system.build.toplevel.drvPath"
        )
    );
}

/// A module whose definitions in part depend on its switch: `always` do not.
fn leaky(always: &str) -> String {
    format!(
        "{{ config, lib, ... }}:\nlet cfg = config.fleet.app; in\n{{\n  options.fleet.app.enable = lib.mkEnableOption \"it\";\n  options.fleet.app.size = lib.mkOption {{ type = lib.types.int; default = 1; }};\n  config = lib.mkMerge [\n    (lib.mkIf cfg.enable {{ users.app = 1; services.app = {{ }}; networking.ports = [ 1 ]; }})\n    {{ {always} }}\n  ];\n}}\n"
    )
}

#[test]
fn what_does_not_depend_on_the_switch_is_told() {
    let check = |always: &str, expected: &str| {
        check(
            &[leaky(always)],
            &[&format!(
                "a.nix:8 toggle-leaks `fleet.app.enable = false` leaves {expected} as defined as before"
            )],
        );
    };
    check("networking.name = \"app\";", "`networking.name`");
    check(
        "services.web.text = \"x\"; users.web = 2;",
        "`services.web`, `users.web`",
    );
    check(
        "services = lib.mkIf (config.users ? root || true) { web = { text = \"y\"; }; };",
        "`services.web`",
    );
    check("networking.name = lib.mkDefault \"app\";", "`networking.name`");
}

#[test]
fn what_depends_on_the_switch_or_asks_for_nothing_is_not_told() {
    for always in [
        "",
        "networking.name = lib.mkIf (!cfg.enable) \"off\";",
        "networking.name = if cfg.enable then \"on\" else \"off\";",
        "networking.ports = lib.optional cfg.enable 2;",
        "networking.ports = [ ];",
        "networking.name = \"host\";",
        "networking.name = lib.mkOverride 1400 \"weaker\";",
        "fleet.app.size = 2;",
        "assertions = [ { assertion = true; message = \"it holds\"; } ];",
        "services.app.text = \"x\";",
        "users.web = throw \"not now\";",
        // Most of it is there anyway: the switch is for a part.
        "users = { a = 1; b = 2; c = 3; d = 4; };",
    ] {
        let strong = "{ lib, ... }: { networking.name = lib.mkIf false \"nothing\"; }".to_owned();
        let other = "{ lib, ... }: { networking.name = lib.mkDefault \"host\"; }".to_owned();
        let modules = if always.contains("1400") {
            vec![leaky(always), other]
        } else {
            vec![leaky(always), strong]
        };
        let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
        let (_, _, found) = judged(&modules, 1);
        assert_eq!(found, Vec::<String>::new(), "{always}");
    }
}

#[test]
fn modules_that_are_imported_as_values_are_told_apart() {
    // The module system calls each of them by the name of the last one.
    let modules = [
        leaky("networking.name = \"app\";"),
        module("other", true, "users.other = 1;"),
    ];
    let others = "{ services.web.text = \"x\"; users.web = 2; }";
    let imports = "{ imports = map import [ ./a.nix ./b.nix ./c.nix ]; }";
    let modules = [modules[0].as_str(), modules[1].as_str(), others, imports];
    let (_, _, found) = judged_from(&modules, 3, 50);
    assert_eq!(
        found,
        ["a.nix:8 toggle-leaks `fleet.app.enable = false` leaves `networking.name` as defined as before"]
    );
}

#[test]
fn switches_of_one_file_are_told_of_together() {
    let two = "{ config, lib, ... }:\n{\n  options.fleet.one.enable = lib.mkEnableOption \"one\";\n  options.fleet.two.enable = lib.mkOption { type = lib.types.bool; default = true; };\n  config.users.one = lib.mkIf config.fleet.one.enable 1;\n  config.users.two = lib.mkIf config.fleet.two.enable 2;\n  config.users.both = 3;\n}\n";
    check(
        &[two.to_owned()],
        &[
            "a.nix:7 toggle-leaks `fleet.one.enable = false` and `fleet.two.enable = false` leave `users.both` as defined as before",
        ],
    );
}
