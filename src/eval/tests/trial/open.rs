//! Open cells: all that does not need them is evaluated once.

use crate::{shown, shown_cell, told, with_plain_evaluator};
use diag::Pos;
use eval::{ErrorKind, Evaluator, Ref, Remembered, Val};

/// Returns the set that the function of an expression gives for an argument.
fn applied(ev: &mut Evaluator, expression: &str, argument: Ref) -> Val {
    let function = ev.eval_text(diag::Origin::String, expression.as_bytes(), b"/lib");
    let function = function.expect("the function evaluates");
    ev.call(function, &[argument], Pos::NONE).expect("the call evaluates")
}

/// Half of this needs the argument, half does not; `mixed` needs both.
const CONFIG: &str = "
  port: let
    lib = import ./.;
    config = {
      heavy = lib.fib 15;
      names = lib.count lib.extended;
      url = \"http://host:${toString port}\";
      mixed = config.heavy + port;
      caught = builtins.tryEval (if port == 80 then throw \"eighty\" else port);
      fails = if port == 81 then throw \"eighty-one\" else config.heavy;
    };
  in config";

#[test]
fn what_needs_an_open_cell_is_evaluated_once_it_is_filled() {
    with_plain_evaluator(|ev| {
        let port = ev.open_cell();
        let config = applied(ev, CONFIG, port);
        // Warms all that can be evaluated, twice, as failures that are kept would show then.
        for _ in 0..2 {
            for (name, attr) in ev.mem.entries(config).iter() {
                let name = ev.symbols.text(name).into_owned();
                let needs = ["url", "mixed", "caught", "fails"].contains(&name.as_str());
                match shown_cell(ev, attr.value) {
                    Ok(_) => assert!(!needs || name == "caught", "{name}"),
                    Err(_) => {
                        let error = ev.take_error();
                        assert_eq!(error.kind, ErrorKind::Open, "{name}: {}", error.message);
                        assert!(needs);
                    }
                }
            }
        }
        for number in [80, 81, 82, 80] {
            let mut calls = 0;
            let warm = ev.trial(|ev| {
                ev.fill(port, Val::int(number));
                let before = ev.stats.calls;
                let cell = ev.cell(config);
                let texts: Vec<_> = ev
                    .mem
                    .entries(config)
                    .iter()
                    .map(|(_, attr)| shown_cell(ev, attr.value).map_err(|_| ev.take_error().message))
                    .collect();
                calls = ev.stats.calls - before;
                assert!(ev.peek(cell).is_attrs());
                Ok(texts)
            });
            let (expected, cold) = fresh(number);
            assert_eq!(warm.expect("only parts of it fail"), expected, "{number}");
            assert!(calls * 10 < cold, "{calls} calls warm, {cold} cold");
            assert!(!ev.peek(port).is_whnf(), "it is open again");
        }
    });
}

/// Returns what the attributes are for a known argument, and the calls that it took.
fn fresh(number: i64) -> (Vec<Result<String, String>>, u64) {
    let (send, receive) = std::sync::mpsc::channel();
    with_plain_evaluator(move |ev| {
        let port = ev.cell(Val::int(number));
        let config = applied(ev, CONFIG, port);
        let before = ev.stats.calls;
        let texts = ev
            .mem
            .entries(config)
            .iter()
            .map(|(_, attr)| shown_cell(ev, attr.value).map_err(|_| ev.take_error().message))
            .collect();
        send.send((texts, ev.stats.calls - before)).expect("it is received");
    });
    receive.recv().expect("it was sent")
}

#[test]
fn nothing_turns_the_need_for_an_open_cell_into_something_else() {
    with_plain_evaluator(|ev| {
        for expression in [
            "x: builtins.tryEval x",
            "x: builtins.tryEval (builtins.deepSeq [ 1 x ] 2)",
            "x: { a = 1; } ? ${x}",
            "x: { a = 1; }.${x} or 2",
            "x: builtins.seq x 1",
            "x: builtins.addErrorContext \"context\" x",
            "x: builtins.trace x 1",
            "x: builtins.sort (a: b: a < b) [ 1 x ]",
            "x: builtins.elem x [ 1 2 ]",
            "x: builtins.toJSON { a = x; }",
            "x: builtins.toXML { a = x; }",
            "x: \"${x}\"",
            "x: import x",
            "x: with x; a",
            "x: assert x; 1",
            "x: assert 1 == x; 1",
            "x: builtins.pathExists x",
            "x: builtins.tryEval (builtins.findFile x \"a\")",
            "x: (derivation { name = \"d\"; system = \"s\"; builder = x; }).drvPath",
            "x: builtins.genericClosure { startSet = [ { key = x; } { key = 1; } ]; operator = _: [ ]; }",
        ] {
            let open = ev.open_cell();
            let trial = ev.trial(|ev| {
                let function = ev.eval_text(diag::Origin::String, expression.as_bytes(), b"/lib")?;
                let value = ev.call(function, &[open], Pos::NONE)?;
                let cell = ev.cell(value);
                shown_cell(ev, cell)
            });
            assert_eq!(
                told(&trial),
                "Open: a value that is not known yet was needed",
                "{expression}"
            );
        }
        assert!(shown(ev, "1").is_ok());
    });
}

#[test]
fn an_error_that_could_not_say_all_is_not_kept() {
    with_plain_evaluator(|ev| {
        let open = ev.open_cell();
        // The error names the whole path, of which the last name is not known yet.
        let set = applied(ev, "name: { value = { fails = throw \"no\"; }.fails.${name}; }", open);
        let (_, attr) = ev.mem.entries(set).iter().next().expect("there is one attribute");
        let text = |ev: &mut Evaluator| {
            assert!(shown_cell(ev, attr.value).is_err());
            let error = ev.take_error();
            [
                vec![error.message],
                error.traces.into_iter().map(|trace| trace.text).collect(),
            ]
            .concat()
        };
        let before = text(ev);
        assert!(!before.concat().contains("filled"), "{before:?}");
        let name = ev.mem.string(b"filled");
        ev.fill(open, name);
        let after = text(ev);
        assert!(after.concat().contains("fails.filled"), "{after:?}");
    });
}

#[test]
fn what_is_remembered_goes_with_the_trial_in_which_it_was_found() {
    with_plain_evaluator(|ev| {
        let (early, late) = (Remembered::default(), Remembered::default());
        early.set(ev, 1);
        let _ = ev.trial(|ev| {
            late.set(ev, 2);
            let _ = ev.trial(|ev| {
                assert_eq!((early.get(ev), late.get(ev)), (Some(1), Some(2)));
                Ok(())
            });
            assert_eq!((early.get(ev), late.get(ev)), (Some(1), Some(2)));
            Ok(())
        });
        assert_eq!((early.get(ev), late.get(ev)), (Some(1), None));
        let _ = ev.trial(|ev| {
            assert_eq!(late.get(ev), None);
            Ok(())
        });
        late.set(ev, 3);
        assert_eq!(late.get(ev), Some(3));
    });
}

#[test]
#[should_panic(expected = "only an open cell can be filled")]
fn a_cell_is_filled_once() {
    with_plain_evaluator(|ev| {
        let cell = ev.open_cell();
        ev.fill(cell, Val::int(1));
        ev.fill(cell, Val::int(2));
    });
}

#[test]
fn a_rehearsal_leaves_to_later_trials_what_needs_the_open_cell() {
    with_plain_evaluator(|ev| {
        let port = ev.open_cell();
        let config = applied(ev, CONFIG, port);
        let calls = std::sync::atomic::AtomicU64::new(0);
        let work = |ev: &mut Evaluator| {
            ev.fill(port, Val::int(82));
            let before = ev.stats.calls;
            let mut texts = Vec::new();
            for (_, attr) in ev.mem.entries(config).iter() {
                texts.push(shown_cell(ev, attr.value).map_err(|_| ev.take_error().message));
            }
            calls.store(ev.stats.calls - before, std::sync::atomic::Ordering::Relaxed);
            Ok(texts)
        };
        let (expected, cold) = fresh(82);
        let mut last = usize::MAX;
        while last > 0 {
            let rehearsed = ev.rehearse(eval::Limits::default(), work);
            let (texts, evaluated) = rehearsed.expect("only parts of it fail");
            assert_eq!(texts, expected);
            assert!(evaluated < last, "each rehearsal leaves less to evaluate");
            last = evaluated;
        }
        let warm = calls.into_inner();
        assert!(warm * 10 < cold, "{warm} calls warm, {cold} cold");
        assert!(!ev.peek(port).is_whnf(), "it is open again");
    });
}

#[test]
fn a_rehearsal_that_fails_leaves_nothing_behind() {
    with_plain_evaluator(|ev| {
        let port = ev.open_cell();
        let config = applied(ev, CONFIG, port);
        let fails = ev.rehearse(eval::Limits::default(), |ev| {
            ev.fill(port, Val::int(81));
            let cell = crate::attr(ev, config, "fails");
            shown_cell(ev, cell)
        });
        assert_eq!(told(&fails.map(|(text, _)| text)), "Thrown: eighty-one");
        let seven = ev.trial(|ev| {
            ev.fill(port, Val::int(7));
            let cell = crate::attr(ev, config, "url");
            shown_cell(ev, cell)
        });
        assert_eq!(seven.expect("it evaluates"), "\"http://host:7\"");
    });
}
