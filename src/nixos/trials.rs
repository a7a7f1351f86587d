//! That a configuration can be looked at in trials: what is found out in one is not there afterwards.

use crate::diagnose::Viewpoint;
use crate::fixture::with_host;
use crate::{Kind, OptionPath, Reading, System, Target};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Ref, Stopped, Val};

/// Modules with options of several kinds, a file of their own, and definitions that cannot be merged.
const MODULES: &str = r#"
  ./services.nix
  ({ lib, config, ... }: {
    options.port = lib.mkOption { type = lib.types.port; default = 80; };
    options.twice = lib.mkOption { type = lib.types.int; default = config.port * 2; };
    options.conflict = lib.mkOption { type = lib.types.str; default = "none"; };
  })
  { conflict = "one"; port = 8080; }
  { conflict = "two"; services.web.root = "/srv"; }
"#;

const SERVICES: &str = r#"{ lib, config, ... }: {
  options.services = lib.mkOption {
    default = { };
    type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: {
      options.root = lib.mkOption { type = lib.types.str; default = "/var/${name}"; };
    }));
  };
  config.services.mail = lib.mkIf (config.port > 1000) { root = lib.mkForce "/mail"; };
  config.services.other = { };
}
"#;

const PATHS: [&str; 6] = ["port", "twice", "conflict", "services", "services.mail.root", "absent"];

fn shown(ev: &mut Evaluator, value: Val) -> Eval<String> {
    let cell = ev.cell(value);
    let value = ev.force_deep(cell)?;
    Ok(String::from_utf8_lossy(&ev.show_plain(value)?).into_owned())
}

/// Returns the value of an option, or why there is none.
fn value(ev: &mut Evaluator, system: &System, path: &OptionPath) -> Eval<String> {
    Ok(match system.value(ev, path)? {
        Reading::Absent => "absent".to_owned(),
        Reading::Undefined => "undefined".to_owned(),
        Reading::Value(value) => shown(ev, value)?,
        Reading::Failed(error) => error.message,
    })
}

/// Returns what can be told of an option.
fn told(ev: &mut Evaluator, system: &System, view: &Viewpoint<'_>, path: &str) -> Eval<String> {
    let names: OptionPath = path.parse().expect("a path");
    let value = value(ev, system, &names)?;
    let definitions = system.definitions(ev, &names, view)?;
    let places: Vec<String> = definitions
        .iter()
        .map(|definition| ev.show_pos(definition.span.start))
        .collect();
    Ok(format!("{path}: {value} at {places:?}"))
}

fn all(ev: &mut Evaluator, system: &System, view: &Viewpoint<'_>) -> Eval<Vec<String>> {
    PATHS.iter().map(|path| told(ev, system, view, path)).collect()
}

#[test]
fn a_system_looked_at_in_trials_says_what_it_says_outside() {
    let files = [("services.nix", SERVICES)];
    let fresh = with_host(&files, MODULES, |ev, system, view| {
        all(ev, system, view).unwrap_or_else(|_| panic!("{}", ev.take_error().message))
    });
    assert!(fresh[1].starts_with("twice: 16160 at"), "{fresh:?}");
    with_host(&files, MODULES, move |ev, system, view| {
        let counts = |ev: &Evaluator| {
            (
                ev.mem.heap.cell_count(),
                ev.mem.heap.word_count(),
                ev.mem.heap.byte_count(),
            )
        };
        let before = counts(ev);
        for _ in 0..3 {
            match ev.trial(|ev| all(ev, system, view)) {
                Ok(found) => assert_eq!(found, fresh),
                Err(Stopped::Failed(error)) => panic!("{}", error.message),
                Err(Stopped::Panicked(message)) => panic!("{message}"),
            }
            assert_eq!(counts(ev), before);
            // What takes the place of what the trial remembered must not be taken for it.
            let other = ev.trial(|ev| {
                let cells: Vec<_> = (0..100_000).map(|i| ev.cell(Val::int(i))).collect();
                Ok(cells.len())
            });
            assert!(other.is_ok());
        }
        assert!(all(ev, system, view).is_ok_and(|found| found == fresh));
        // What was found out outside serves the trials, and stays.
        let inside = ev.trial(|ev| all(ev, system, view));
        assert!(inside.is_ok_and(|found| found == fresh));
        assert!(all(ev, system, view).is_ok_and(|found| found == fresh));
    });
}

/// Returns a configuration of a function from the port to modules.
fn configuration(ev: &mut Evaluator, port: Ref) -> System {
    let text = format!("port: (import /nixpkgs/lib).evalModules {{ modules = [ {MODULES} {{ port = port; }} ]; }}");
    let text = text.replace("port = 8080;", "");
    let value = ev
        .eval_text(Origin::String, text.as_bytes(), b"/fleet")
        .and_then(|function| ev.call(function, &[port], Pos::NONE));
    let Ok(value) = value else {
        panic!("{}", ev.take_error().message);
    };
    let target = Target {
        kind: Kind::Nixos,
        name: "made".into(),
        system: None,
        value: ev.cell(value),
        pos: Pos::NONE,
    };
    let made = System::of(ev, &target, None);
    made.unwrap_or_else(|_| panic!("{}", ev.take_error().message))
}

#[test]
fn what_needs_an_option_that_is_not_known_yet_is_asked_again_once_it_is() {
    let files = [("services.nix", SERVICES)];
    with_host(&files, MODULES, move |ev, _, view| {
        let port = ev.open_cell();
        let system = configuration(ev, port);
        for _ in 0..2 {
            for (path, open) in [("conflict", false), ("port", true), ("twice", true), ("services", true)] {
                match told(ev, &system, view, path) {
                    Ok(found) => assert!(!open, "{found}"),
                    Err(_) => {
                        let error = ev.take_error();
                        assert!(open && error.kind == ErrorKind::Open, "{path}: {}", error.message);
                    }
                }
            }
        }
        for number in [8080, 80, 8080] {
            let mut calls = (0, 0);
            let found = ev.trial(|ev| {
                let before = ev.stats.calls;
                ev.fill(port, Val::int(number));
                let found = values(ev, &system)?;
                let after = ev.stats.calls;
                let port = ev.cell(Val::int(number));
                let fresh = configuration(ev, port);
                assert_eq!(values(ev, &fresh)?, found);
                calls = (after - before, ev.stats.calls - after);
                Ok(found)
            });
            let Ok(found) = found else { panic!("{found:?}") };
            assert_eq!(found[1], (number * 2).to_string());
            assert!(calls.0 + 500 < calls.1, "{calls:?} with and without what was known");
        }
    });
}

/// Returns the values of the options.
fn values(ev: &mut Evaluator, system: &System) -> Eval<Vec<String>> {
    let paths = PATHS.iter().map(|path| path.parse().expect("a path"));
    paths.map(|path| value(ev, system, &path)).collect()
}
