//! Package sets that trials share: whatever is shared, each host comes to what it comes to by itself.

use super::{World, shown, with_evaluator};
use eval::{Evaluator, Settings, Stopped};
use std::sync::{Arc, Mutex};

/// Package sets, by the names that `kept/hosts.nix` has for them.
const SETS: &[&str] = &[
    "text",
    "other",
    "elaborated",
    "unfree",
    "of-host",
    "of-file",
    "plain",
    "named",
    "reading",
    "importing",
    "speaking",
    "making",
    "failing",
];

/// What hosts make of their package set `s`.
const USES: &[&str] = &[
    "s.system + s.text",
    "s.value",
    "s.elaborated == h.platform",
    "[ s.same ] == [ s.same ]",
    "[ s.same ] == [ h.elaborated.same ]",
    "s.length + l.length",
    "s.failing",
    "(builtins.tryEval s.failing).success",
    "s.drv.drvPath",
    "s.loud + l.loud",
    "s.again.system",
    "builtins.toJSON s.given",
    "s.text + throw host",
    "import /own/value.nix // { inherit (s) unfree; }",
];

/// Returns the expression of a host.
fn host(name: &str, set: &str, made_of_it: &str) -> String {
    format!(
        "let host = \"{name}\"; l = import /in/lib.nix // {{ length = 1; }}; h = import /own/hosts.nix host; s = h.{set}; in {made_of_it}"
    )
}

/// What can be told of a host: what it comes to with all that an error says, what was said, and which calls were noted.
type Told = (String, Vec<Vec<u8>>, Vec<String>);

fn told(ev: &mut Evaluator, expression: &str, shares: bool) -> Told {
    let mut said = (Vec::new(), Vec::new());
    let work = |ev: &mut Evaluator| {
        let result = shown(ev, expression);
        said = (
            ev.messages.iter().map(|message| message.text.clone()).collect(),
            ev.calls.iter().map(|call| ev.show_pos(call.site)).collect(),
        );
        result
    };
    let outcome = if shares { ev.trial_sharing(work) } else { ev.trial(work) };
    let outcome = match outcome {
        Ok(text) => text,
        Err(Stopped::Failed(error)) => {
            let traces: Vec<String> = error
                .traces
                .iter()
                .map(|frame| format!("{} {}", ev.show_pos(frame.pos), frame.text))
                .collect();
            format!(
                "{:?} {} at {}: {traces:?}",
                error.kind,
                error.message,
                ev.show_pos(error.pos)
            )
        }
        Err(Stopped::Panicked(message)) => message,
    };
    (outcome, said.0, said.1)
}

fn with_inputs(test: impl FnOnce(&mut Evaluator) + Send + 'static) {
    let world = World {
        fixed: Some(b"/in"),
        ..World::default()
    };
    let settings = Settings {
        note_calls: &["/set.nix"],
        keep: Some(1 << 30),
        ..Settings::default()
    };
    with_evaluator(world, settings, test);
}

/// Returns how often hosts had the package set of an earlier one, after it was compared what they come to.
fn shared(hosts: Vec<String>) -> u64 {
    let hits = Arc::new(Mutex::new(0));
    let to = hits.clone();
    with_inputs(move |ev| {
        for expression in hosts {
            let beside = told(ev, &expression, true);
            *to.lock().expect("nobody panics") = ev.kept_calls();
            assert_eq!(beside, told(ev, &expression, false), "{expression}");
        }
    });
    *hits.lock().expect("nobody panics")
}

#[test]
fn each_host_comes_to_what_it_comes_to_by_itself() {
    let all = || SETS.iter().flat_map(|set| USES.iter().map(move |used| (set, used)));
    for (i, (set, used)) in all().enumerate() {
        // One is the first of all, whose memory stays.
        let first = host("first", set, used);
        let others = all().map(|(set, used)| host(&format!("of {i}"), set, used));
        shared(std::iter::once(first).chain(others).collect());
    }
}

/// Returns how often two of three hosts with these set had the package set of an earlier one.
fn shared_with(set: &str, used: &str) -> u64 {
    shared(["x", "y", "z"].map(|name| host(name, set, used)).into())
}

#[test]
fn package_sets_that_are_made_alike_are_made_once() {
    for set in ["text", "elaborated", "unfree", "of-file"] {
        assert_eq!(shared_with(set, "s.system"), 2, "{set}");
    }
    assert_eq!(shared_with("of-host", "s.system"), 0, "each has its name in it");
    // A function is what it is made of, whatever is in scope.
    assert_eq!(shared_with("plain", "s.text"), 2);
    assert_eq!(shared_with("named", "s.text"), 0);
}

#[test]
fn what_each_host_has_to_do_by_itself_is_not_shared() {
    for (set, used) in [
        ("reading", "s.text"),
        ("importing", "s.value"),
        ("speaking", "s.text"),
        ("making", "s.text"),
        ("text", "s.loud"),
    ] {
        assert_eq!(shared_with(set, used), 0, "{set}: {used}");
    }
    // What the first one has not looked at is as good as unsaid.
    assert_eq!(shared_with("speaking", "s.system"), 2);
}

#[test]
fn hosts_in_doubt_are_evaluated_by_themselves() {
    for used in [
        "s.elaborated == h.platform",
        "[ s.same ] == [ h.elaborated.same ]",
        "s.failing",
        "(builtins.tryEval s.failing).success",
    ] {
        assert!(shared_with("text", used) >= 2, "{used}");
    }
}

#[test]
fn little_memory_keeps_nothing() {
    let world = World {
        fixed: Some(b"/in"),
        ..World::default()
    };
    let settings = Settings {
        note_calls: &["/set.nix"],
        keep: Some(0),
        ..Settings::default()
    };
    with_evaluator(world, settings, |ev| {
        let before = super::counts(ev);
        for name in ["x", "y"] {
            told(ev, &host(name, "elaborated", "s.text"), true);
        }
        assert_eq!((ev.kept_calls(), super::counts(ev)), (0, before));
    });
}
