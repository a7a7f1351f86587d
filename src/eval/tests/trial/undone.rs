//! That nothing is left of a trial.

use crate::world::World;
use crate::{attr, counts, shown, shown_cell, told, with_evaluator, with_plain_evaluator};
use eval::{ErrorKind, Evaluator, Limits, Settings, Stopped};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Expressions of all kinds: the library lazy and evaluated, files, failures, and what ends badly.
const EXPRESSIONS: [&str; 34] = [
    "1 + 1",
    "\"a\" + toString 12 + ''\n  b\n''",
    "{ a = 1; b.c = [ 1.5 null true ]; }",
    "let x = x; in x",
    "rec { a = b; b = a; }.a",
    "let f = n: 1 + f n; in f 0",
    "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 10000)",
    "builtins.genericClosure { startSet = [ { key = 1; } ]; operator = { key }: if key > 50 then [ ] else [ { key = key + 1; } ]; }",
    "throw \"thrown\"",
    "abort \"aborted\"",
    "assert 1 == 2; 3",
    "builtins.tryEval (throw \"caught\")",
    "{ }.a",
    "{ a }: undefined",
    "1 + \"a\"",
    "import ./double.nix 4",
    "import ./chain.nix",
    "import ./throws.nix",
    "import ./broken.nix",
    "import ./absent.nix",
    "import ./panics.nix",
    "builtins.readFile ./text.txt",
    "builtins.readDir ./.",
    "builtins.tryEval (import ./throws.nix)",
    "\"${./text.txt}\"",
    "(import ./.).extended",
    "(import ./.).fib 12",
    "(import ./.).fails",
    "let lib = import ./.; in lib.count (lib.extended // { another = 1; })",
    "let lib = import ./.; in lib.merge { a.b = 1; c = 2; } { a.d = lib.sum (lib.range 1 10); }",
    "builtins.attrNames (derivation { name = \"d\"; system = \"x\"; builder = \"b\"; src = ./text.txt; })",
    "builtins.trace \"told\" (builtins.typeOf 1)",
    "builtins.match \"a(b*)\" \"abbb\"",
    "builtins.concatStringsSep \"\" (builtins.genList toString 20000)",
];

/// Evaluates an expression in a trial and checks that nothing is left of it.
fn tried(ev: &mut Evaluator, expression: &str) -> String {
    let before = (counts(ev), ev.mem.heap.trials(), ev.is_exhausted());
    let outcome = ev.trial(|ev| shown(ev, expression));
    let after = (counts(ev), ev.mem.heap.trials(), ev.is_exhausted());
    assert_eq!(after, before, "{expression}");
    assert!(ev.messages.is_empty() && ev.calls.is_empty() && ev.builds.is_empty());
    told(&outcome)
}

#[test]
fn a_trial_says_the_same_as_a_fresh_evaluator_however_often() {
    with_plain_evaluator(|ev| {
        let lib = ev.eval_file(b"/lib").expect("the library evaluates");
        for _ in 0..3 {
            for expression in EXPRESSIONS {
                let found = tried(ev, expression);
                with_plain_evaluator(move |fresh| {
                    assert_eq!(found, told(&fresh.trial(|ev| shown(ev, expression))), "{expression}");
                });
            }
        }
        // What the trials evaluated of the library is not evaluated, and what they found failing not kept.
        let fails = attr(ev, lib, "fails");
        assert!(!ev.peek(fails).is_whnf());
        let extended = attr(ev, lib, "extended");
        let shown = shown_cell(ev, extended).expect("it evaluates outside, too");
        assert!(shown.contains("extra = 5050;"), "{shown}");
    });
}

#[test]
fn work_outside_goes_on_as_if_there_had_been_no_trials() {
    with_plain_evaluator(|ev| {
        for expression in EXPRESSIONS {
            for _ in 0..2 {
                tried(ev, expression);
            }
            if expression.contains("panics") || expression.contains("f n") {
                continue;
            }
            let found = shown(ev, expression).map_err(|_| ev.take_error().message);
            with_plain_evaluator(move |fresh| {
                let expected = shown(fresh, expression).map_err(|_| fresh.take_error().message);
                assert_eq!(found, expected, "{expression}");
            });
            ev.messages.clear();
        }
    });
}

#[test]
fn a_set_flattened_in_a_trial_is_flattened_anew() {
    with_plain_evaluator(|ev| {
        let lib = ev.eval_file(b"/lib").expect("the library evaluates");
        let extended = attr(ev, lib, "extended");
        let layered = ev.force(extended, diag::Pos::NONE).expect("it evaluates");
        assert!(layered.as_layered().is_some(), "the test is about layers");
        let names = |ev: &mut Evaluator| ev.mem.entries(layered).len();
        for _ in 0..3 {
            assert_eq!(told(&ev.trial(|ev| Ok(names(ev)))), "61");
            // What takes the place of what the trial had made must not be seen.
            let _ = ev.trial(|ev| shown(ev, "builtins.genList (x: x) 1000"));
        }
        assert_eq!(names(ev), 61);
    });
}

#[test]
fn trials_may_be_inside_each_other() {
    with_plain_evaluator(|ev| {
        let lib = ev.eval_file(b"/lib").expect("the library evaluates");
        let wide = attr(ev, lib, "wide");
        let names = attr(ev, lib, "names");
        let outer = ev.trial(|ev| {
            shown_cell(ev, names)?;
            let inside = counts(ev);
            for _ in 0..2 {
                let inner = ev.trial(|ev| shown_cell(ev, wide));
                assert!(inner.is_ok());
                assert_eq!(counts(ev), inside);
                assert!(ev.peek(names).is_whnf() && !ev.peek(wide).is_whnf());
            }
            shown(ev, "import ./chain.nix")
        });
        assert_eq!(told(&outer), "\"84\"");
        assert!(!ev.peek(names).is_whnf());
        let files = ["/lib/chain.nix", "/lib/double.nix"].map(|path| path.as_bytes().to_vec());
        assert_eq!(ev.imported_in_trial(), files);
    });
}

#[test]
fn a_trial_inside_an_evaluation_leaves_it_alone() {
    with_plain_evaluator(|ev| {
        let value = ev.eval_file(b"/lib").expect("the library evaluates");
        let inner = ev.cell(value);
        ev.messages.clear();
        assert!(shown(ev, "builtins.trace \"before\" 1").is_ok());
        let outcome = ev.trial(|ev| {
            assert!(ev.messages.is_empty());
            shown(ev, "builtins.trace \"inside\" 1")?;
            Ok(ev.messages.len())
        });
        assert_eq!((told(&outcome), ev.messages.len()), ("1".into(), 1));
        assert!(ev.peek(inner).is_attrs());
    });
}

#[test]
fn trials_that_do_the_same_take_nothing_for_good() {
    with_plain_evaluator(|ev| {
        let expression = "
          let lib = import ./.; all = lib.wide // { a = lib.count lib.extended; }; in
          [ (builtins.attrNames all) (import ./chain.nix) \"${./text.txt}\" (builtins.readDir ./.) (builtins.toFile \"n\" \"t\")
            (derivation { name = \"d\"; system = \"s\"; builder = ./text.txt; }).drvPath ]";
        let cell = {
            let function = ev.eval_text(diag::Origin::String, format!("_: {expression}").as_bytes(), b"/lib");
            let function = function.expect("it is a function");
            ev.cell(function)
        };
        let work = |ev: &mut Evaluator| {
            let value = ev.call_cell(cell, &[cell], diag::Pos::NONE)?;
            let value = ev.cell(value);
            shown_cell(ev, value)
        };
        let first = ev.trial(work).expect("it evaluates");
        let size = |ev: &mut Evaluator| (ev.mem.used(), ev.mem.arena.allocated_bytes(), ev.symbols.len());
        let before = size(ev);
        for _ in 0..100 {
            assert_eq!(ev.trial(work).expect("it evaluates"), first);
        }
        assert_eq!(size(ev), before);
        // Neither derivations nor texts of trials are in the store.
        let path = first
            .split('"')
            .find(|part| part.ends_with("-d.drv"))
            .expect("it is shown");
        let path = store::StorePath::parse(path).expect("it is a store path");
        assert!(!ev.store.contains(&path));
        assert!(work(ev).is_ok_and(|found| found == first));
        assert!(ev.store.contains(&path));
    });
}

#[test]
fn what_memory_ends_is_undone_as_well() {
    with_plain_evaluator(|ev| {
        let limits = Limits {
            memory: Some(8 << 20),
            ..Limits::default()
        };
        for expression in [
            "builtins.foldl' (a: b: a ++ [ b ]) [ ] (builtins.genList (x: x) 100000)",
            "builtins.length (builtins.genList (x: x) 2000000000)",
            "let f = n: s: if n == 0 then s else f (n - 1) (s + s); in builtins.stringLength (f 30 \"text\")",
        ] {
            for _ in 0..2 {
                let before = (counts(ev), ev.mem.heap.limit());
                let Err(Stopped::Failed(error)) = ev.trial_with(limits, |ev| shown(ev, expression)) else {
                    panic!("{expression} ends in the limit");
                };
                assert_eq!(error.kind, ErrorKind::Limit, "{}", error.message);
                assert_eq!((counts(ev), ev.mem.heap.limit()), before);
                assert!(!ev.is_exhausted());
            }
        }
        assert_eq!(tried(ev, "1 + 1"), "\"2\"");
    });
}

#[test]
fn a_stack_that_overflows_is_undone_as_well() {
    let settings = Settings {
        max_call_depth: u32::MAX - 1,
        ..Settings::default()
    };
    with_evaluator(World::default(), settings, |ev| {
        for _ in 0..2 {
            let found = tried(ev, "let f = n: 1 + f n; in f 0");
            assert_eq!(found, "StackOverflow: stack overflow (possible infinite recursion)");
        }
    });
}

/// Returns what expressions come to, each in a trial of its own, and how many files were read for that.
fn one_after_the_other(is_fixed: bool, expressions: &'static [&str]) -> (Vec<String>, u32) {
    let world = World {
        fixed: is_fixed.then_some(&b"/"[..]),
        ..World::default()
    };
    let (read, results) = (world.read.clone(), Arc::new(Mutex::new(Vec::new())));
    let told_to = results.clone();
    with_evaluator(world, Settings::default(), move |ev| {
        for expression in expressions {
            let outcome = ev.trial(|ev| shown(ev, expression));
            told_to.lock().expect("nobody panics").push(told(&outcome));
        }
    });
    let results = results.lock().expect("nobody panics").clone();
    (results, read.load(Ordering::Relaxed))
}

#[test]
fn files_that_stay_as_they_are_are_read_for_one_trial_only() {
    let imports = &[
        "import ./chain.nix",
        "import ./chain.nix",
        "import ./throws.nix",
        "import ./throws.nix",
    ];
    let (results, read) = one_after_the_other(true, imports);
    assert_eq!(read, 3, "chain, double and throws");
    assert_eq!((results, 6), one_after_the_other(false, imports));
}

#[test]
fn folders_that_stay_as_they_are_are_hashed_once_for_what_a_filter_keeps() {
    const PATHS: &[&str] = &[
        "builtins.path { path = ./.; name = \"a\"; filter = path: type: baseNameOf path != \"text.txt\"; }",
        "builtins.path { path = ./.; name = \"a\"; filter = path: type: baseNameOf path != \"chain.nix\"; }",
        "builtins.filterSource (path: type: baseNameOf path != \"text.txt\") ./.",
        "builtins.path { path = ./.; name = \"a\"; filter = path: type: ! builtins.elem (baseNameOf path) [ \"text.txt\" ]; }",
        "builtins.path { path = ./text.txt; name = \"a\"; recursive = false; filter = path: type: true; }",
        "builtins.path { path = ./text.txt; name = \"a\"; filter = path: type: throw \"not asked for the root\"; }",
        "builtins.path { path = ./.; filter = path: type: throw \"told once more\"; }",
        "builtins.readDir (builtins.path { path = ./.; filter = path: type: baseNameOf path != \"text.txt\"; })",
        "builtins.path { path = ./.; name = \"a\"; }",
        "builtins.path { path = ./.; name = \"a\"; filter = path: type: true; }",
    ];
    let (results, read) = one_after_the_other(true, PATHS);
    let (anew, read_anew) = one_after_the_other(false, PATHS);
    assert_eq!(results, anew);
    assert_eq!(results[0], results[3]);
    assert_ne!(results[0], results[1]);
    assert_eq!(results[8], results[9]);
    assert!(results[6].contains("told once more"), "{results:?}");
    // Of six files the first three folders have five, and the last two have all; a single file is hashed as such, and as an archive.
    assert_eq!((read, read_anew), (5 + 5 + 1 + 1 + 6 + 6, 4 * 5 + 5 + 1 + 1 + 6 + 6));
}
