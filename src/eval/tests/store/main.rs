//! Golden answers of what has to do with files and the store: each table in this folder has
//! expressions, and below each what Nix 2.34.8 says to it (`nix-instantiate --eval --strict
//! --read-write-mode --show-trace`, frames of calls left out), in a world with the folder of
//! `world.rs`.
//!
//! ```text
//! EXPRESSION
//!   = VALUE
//! EXPRESSION
//!   . FRAME            of the trace, outermost first
//!   ! MESSAGE
//! ```

mod world;

use diag::Origin;
use eval::{Evaluator, Settings};
use std::fmt::Write;
use world::SmallWorld;

/// Stack of the thread that a table is evaluated on.
const STACK: usize = 64 << 20;

fn evaluator(settings: Settings) -> Evaluator {
    let world = SmallWorld::new(settings.pure);
    Evaluator::new(settings, Box::new(world), STACK / 2)
}

/// Returns what the evaluator says to an expression, in the tables' form.
fn answer(ev: &mut Evaluator, expression: &str) -> String {
    let value = ev.eval_text(Origin::String, expression.as_bytes(), b"/");
    let shown = value.and_then(|value| {
        let cell = ev.cell(value);
        ev.force_deep(cell)?;
        ev.show_plain(value)
    });
    let mut out = String::new();
    match shown {
        Ok(shown) => _ = writeln!(out, "  = {}", String::from_utf8_lossy(&shown)),
        Err(_) => {
            let error = ev.take_error();
            let told = |t: &&eval::Trace| !t.call && !t.text.is_empty() && t.text != "from call site";
            for trace in error.traces.iter().rev().filter(told) {
                let lines: Vec<&str> = trace.text.lines().map(str::trim).collect();
                _ = writeln!(out, "  . {}", lines.join("\\n"));
            }
            let lines: Vec<&str> = error.message.lines().map(str::trim).collect();
            _ = writeln!(out, "  ! {}", lines.join("\\n"));
        }
    }
    out
}

/// Returns what the evaluator says, and what it says in a trial if that is something else.
fn answer_in_trials_too(ev: &mut Evaluator, expression: &str) -> String {
    let tried = [(); 2].map(|()| ev.trial(|ev| Ok(answer(ev, expression))).expect("it is a text"));
    let mut found = answer(ev, expression);
    if let Some(other) = tried.into_iter().find(|tried| *tried != found) {
        _ = write!(found, "in a trial\n{other}");
    }
    found
}

/// Runs something on a thread with enough stack.
fn on_a_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    let thread = thread.expect("a thread can be made");
    thread.join().expect("the evaluator does not panic")
}

/// Compares a table with what the evaluator says now.
fn check(table: &'static str, settings: fn() -> Settings) {
    let (count, wrong) = on_a_thread(move || {
        let mut wrong = String::new();
        let mut lines = table.lines().peekable();
        let mut count = 0;
        while let Some(expression) = lines.next() {
            let mut expected = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
                _ = writeln!(expected, "{line}");
            }
            assert!(!expected.is_empty(), "nothing is expected of {expression}");
            // Each has a store of its own, as it had in the oracle.
            let found = answer_in_trials_too(&mut evaluator(settings()), expression);
            count += 1;
            if found != expected {
                _ = writeln!(wrong, "{expression}\nexpected\n{expected}found\n{found}");
            }
        }
        (count, wrong)
    });
    assert!(count > 0);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn derivations() {
    check(include_str!("derivations.txt"), Settings::default);
}

#[test]
fn contexts() {
    check(include_str!("contexts.txt"), Settings::default);
}

#[test]
fn files() {
    check(include_str!("files.txt"), Settings::default);
}

#[test]
fn hashes() {
    check(include_str!("hashes.txt"), Settings::default);
}

#[test]
fn fetching() {
    check(include_str!("fetching.txt"), Settings::default);
}

/// As `nix eval` without `--impure` has it.
#[test]
fn pure() {
    check(include_str!("pure.txt"), || Settings {
        pure: true,
        ..Settings::default()
    });
}

/// With the experimental features that the settings know.
#[test]
fn features() {
    check(include_str!("features.txt"), || Settings {
        ca_derivations: true,
        impure_derivations: true,
        dynamic_derivations: true,
        flakes: true,
        ..Settings::default()
    });
}

#[test]
fn nothing_is_built_where_that_is_not_allowed() {
    let found = on_a_thread(|| {
        let settings = Settings {
            allow_import_from_derivation: false,
            ..Settings::default()
        };
        let drv = "derivation { name = \"a\"; builder = \"b\"; system = \"c\"; }";
        answer(&mut evaluator(settings), &format!("import ({drv})"))
    });
    let expected = "cannot build '/nix/store/arhvjaf6zmlyn8vh8fgn55rpwnxq0n7l-a.drv^out' during evaluation because \
                    the option 'allow-import-from-derivation' is disabled";
    assert!(found.contains(expected), "{found}");
}

#[test]
fn places_in_the_text_of_derivation_are_those_of_nix() {
    let found = on_a_thread(|| {
        let places = r#"
            let
              d = derivation { name = "a"; };
              line = name: (builtins.unsafeGetAttrPos name d).line;
            in
            map line [ "all" "drvAttrs" "outPath" "drvPath" "type" "outputName" ]
        "#;
        answer(&mut evaluator(Settings::default()), places)
    });
    assert_eq!(found, "  = [ 43 44 50 51 52 53 ]\n");
}

#[test]
fn a_fetched_tree_is_a_set() {
    let found = on_a_thread(|| {
        let expression = "builtins.fetchGit { url = \"/x\"; ref = \"main\"; }";
        answer(&mut evaluator(Settings::default()), expression)
    });
    let expected = "  = { exportIgnore = true; lastModified = 7; outPath = \
                    \"/nix/store/y9zv5w7ja3pncr0gnzkya5glbq2cy33a-source\"; ref = \"main\"; rev = \
                    \"0000000000000000000000000000000000000000\"; revCount = 0; shortRev = \"0000000\"; }\n";
    assert_eq!(found, expected);
}

#[test]
fn calls_of_noted_files_are_kept_with_their_places() {
    fn check(expression: &'static str, calls: &[&str]) {
        let found: Vec<String> = on_a_thread(move || {
            let note_calls = &["/tree/default.nix", "/tree/scoped.nix"];
            let mut ev = evaluator(Settings {
                note_calls,
                ..Settings::default()
            });
            answer(&mut ev, expression);
            let calls = ev.calls.iter();
            calls
                .map(|c| format!("{} {}", String::from_utf8_lossy(c.file), ev.show_pos(c.site)))
                .collect()
        });
        assert_eq!(found, calls, "{expression}");
    }
    check("import /tmp/tree", &[]);
    check("import /tmp/tree 1", &["/tmp/tree/default.nix «string»:1:1"]);
    check(
        "let f = import /tmp/tree; in f 1",
        &["/tmp/tree/default.nix «string»:1:30"],
    );
    check(
        "let f = import /tmp/tree; x = f 1; in [ x x (f 2) ]",
        &[
            "/tmp/tree/default.nix «string»:1:31",
            "/tmp/tree/default.nix «string»:1:46",
        ],
    );
    check("(x: x) (import /tmp/tree) 1", &["/tmp/tree/default.nix «string»:1:1"]);
    check("import /tmp/tree/scope2.nix", &[]);
    check(
        "builtins.scopedImport { foo = 1; } /tmp/tree/scoped.nix { y = 1; }",
        &["/tmp/tree/scoped.nix «string»:1:1"],
    );
    check("import /tmp/tree/scoped.nix { z = 1; }", &[]);
}

#[test]
fn builds_that_evaluation_needs_are_kept() {
    let found = on_a_thread(|| {
        let drv = "derivation { name = \"ports.nix\"; builder = \"b\"; system = \"c\"; }";
        let mut ev = evaluator(Settings::default());
        let expression = format!("let f = x: builtins.readFile x; in f ({drv})");
        assert!(answer(&mut ev, &expression).contains("cannot build"));
        let places: Vec<String> = ev.builds[0].sites.iter().map(|site| ev.show_pos(*site)).collect();
        (ev.builds.len(), ev.builds[0].name.clone(), places)
    });
    assert_eq!(found, (1, "ports.nix".to_owned(), vec!["«string»:1:36".to_owned()]));
}

#[test]
fn a_source_that_is_copied_to_where_it_lies_can_be_read() {
    let copied = answer(
        &mut evaluator(Settings::default()),
        "builtins.path { path = /tmp/tree/sub/deep; name = \"source\"; }",
    );
    let path = copied.trim().trim_start_matches("= ").trim_matches('"');
    for copy in [
        "builtins.path { path = tree; name = \"source\"; }",
        "builtins.path { path = tree; name = \"source\"; filter = _: _: true; }",
        // By way of another name.
        "builtins.path { path = builtins.path { path = tree; name = \"other\"; }; name = \"source\"; }",
    ] {
        let world = SmallWorld::new(false).copied("/tmp/tree/sub/deep", path);
        let mut ev = Evaluator::new(Settings::default(), Box::new(world), STACK / 2);
        let expression = format!(
            "let tree = /. + \"{path}\"; copy = {copy}; in [ (copy == \"{path}\") (builtins.readFile (copy + \"/c\")) (builtins.readDir tree) ]"
        );
        assert_eq!(
            answer_in_trials_too(&mut ev, &expression),
            "  = [ true \"y\\n\" { c = \"regular\"; } ]\n",
            "{copy}"
        );
    }
}
