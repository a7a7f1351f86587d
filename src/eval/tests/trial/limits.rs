//! The limits of trials.

use crate::world::World;
use crate::{shown, told, with_evaluator, with_plain_evaluator};
use diag::{Origin, Pos};
use eval::{ErrorKind, Evaluator, Limits, Settings, Val};

const LONG: &str = "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 100000)";

fn calls(most: u64) -> Limits {
    Limits {
        calls: Some(most),
        ..Limits::default()
    }
}

/// Returns the least number of steps that an expression can do with.
fn least(ev: &mut Evaluator, expression: &str) -> u64 {
    let (mut fails, mut does) = (0u64, 1u64 << 30);
    while fails + 1 < does {
        let most = fails.midpoint(does);
        if ev.trial_with(calls(most), |ev| shown(ev, expression)).is_ok() {
            does = most;
        } else {
            fails = most;
        }
    }
    does
}

#[test]
fn the_same_work_takes_the_same_steps() {
    with_plain_evaluator(|ev| {
        let first = least(ev, LONG);
        assert!((100_000..400_000).contains(&first), "{first}");
        let _ = ev.trial(|ev| shown(ev, "import ./."));
        assert_eq!(least(ev, LONG), first);
        assert_eq!(least(ev, "1"), 1);
    });
}

#[test]
fn steps_that_are_spent_are_a_limit_and_outer_limits_hold() {
    with_plain_evaluator(|ev| {
        let spent = "Limit: evaluation took more steps than allowed";
        for most in [0, 1, 5, 2047, 2048, 2049, 50_000] {
            let found = told(&ev.trial_with(calls(most), |ev| shown(ev, LONG)));
            assert_eq!(found, format!("{spent} ({most})"));
        }
        // What an inner trial takes counts for the outer one, and it cannot take more than that has.
        let found = ev.trial_with(calls(500_000), |ev| {
            let mut results = Vec::new();
            for most in [10, 1 << 40, 1 << 40, 1 << 40, 1 << 40, 1 << 40] {
                results.push(told(&ev.trial_with(calls(most), |ev| shown(ev, LONG))));
            }
            Ok(results)
        });
        let found = found.expect("the outer one does no steps of its own");
        assert_eq!(found[0], format!("{spent} (10)"));
        assert_eq!(found[1], "\"4999950000\"");
        assert_eq!(found[5], format!("{spent} (500000)"));
        // Outside, nothing is limited.
        assert!(shown(ev, LONG).is_ok());
    });
}

#[test]
fn the_clock_of_a_trial_is_its_own() {
    let settings = Settings {
        max_millis: Some(10_000),
        ..Settings::default()
    };
    let world = World {
        tick: 1,
        ..World::default()
    };
    with_evaluator(world, settings, |ev| {
        let millis = |most| Limits {
            millis: Some(most),
            ..Limits::default()
        };
        for _ in 0..2 {
            let found = told(&ev.trial_with(millis(20), |ev| shown(ev, LONG)));
            assert_eq!(found, "Limit: evaluation took longer than allowed (20 ms)");
            assert_eq!(
                told(&ev.trial_with(millis(5000), |ev| shown(ev, LONG))),
                "\"4999950000\""
            );
        }
        // The limit around it is the nearer one in the end.
        let mut told_last = String::new();
        for _ in 0..200 {
            told_last = told(&ev.trial_with(millis(5000), |ev| shown(ev, LONG)));
        }
        assert_eq!(told_last, "Limit: evaluation took longer than allowed (10000 ms)");
    });
}

#[test]
fn a_call_that_a_limit_kept_from_coming_about_is_not_counted_as_under_way() {
    let settings = Settings {
        max_call_depth: 0,
        max_millis: Some(1),
        ..Settings::default()
    };
    let world = World {
        tick: 1,
        ..World::default()
    };
    with_evaluator(world, settings, |ev| {
        let same = ev
            .eval_text(Origin::String, b"x: x", b"/lib")
            .expect("it is a function");
        let one = ev.cell(Val::int(1));
        let mut limited = 0;
        for _ in 0..20_000 {
            if ev.call(same, &[one], Pos::NONE).is_err() {
                let error = ev.take_error();
                assert_eq!(error.kind, ErrorKind::Limit, "{}", error.message);
                limited += 1;
            }
        }
        assert!(limited > 1, "{limited}");
    });
}
