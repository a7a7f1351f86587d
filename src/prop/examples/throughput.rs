//! Draws small merge cases and judges them, or writes the same cases as one expression for Nix.
//!
//! `benches/throughput.sh` runs both and compares; `docs/performance.md` has the figures. A small case has two
//! options and three modules; the laws take turns, and what they draw that is not small is left out.

#![expect(clippy::disallowed_macros, reason = "a program of its own prints")]

use clap::{Parser, ValueEnum};
use diag::Origin;
use eval::error::Eval;
use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use prop::random::{Draw, numbers};
use prop::run::{Verdict, ask};
use prop::{Answer, Binding, Claim, Ground, Law, Module, Question, Refusal, Scene, Seen};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use sys::{DiskFs, FixedEnv, SystemClock};

/// Stack of the thread that evaluates.
const STACK: usize = 64 << 20;
/// Cases of each law that are done a second time to stay, as in a run.
const WARM: u64 = 4;

/// The laws about merging whose cases Nix can be given: it does not import files that an evaluation makes.
const LAWS: [&str; 7] = [
    "lib-import-order",
    "lib-merge-flat",
    "lib-false-absent",
    "lib-priority-order",
    "lib-apply-once",
    "lib-list-union",
    "lib-list-order",
];

/// What to do with the cases.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Verb {
    /// Judge them, and print how many there were.
    Judge,
    /// Write them as Nix.
    Write,
}

/// Draws small merge cases and judges them, or writes the same cases as one expression for Nix.
#[derive(Parser, Debug)]
struct Arguments {
    /// What to do.
    verb: Verb,
    /// The folder of nixpkgs's `lib`.
    library: PathBuf,
    /// How many cases.
    #[arg(long, default_value_t = 20_000)]
    cases: usize,
    /// The seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let thread = std::thread::Builder::new().stack_size(STACK);
    let work = thread.spawn(move || run(&arguments)).expect("a thread can be made");
    match work.join().expect("the work ends") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let world = World::new(
        Arc::new(DiskFs),
        Arc::new(FixedEnv::at("/")),
        Arc::new(SystemClock::new()),
        Access::Everything,
        Box::new(|_: &[u8]| {}),
    );
    let mut ev = Evaluator::new(Settings::default(), Box::new(world), STACK - (1 << 20));
    let done = match arguments.verb {
        Verb::Judge => judge(&mut ev, arguments),
        Verb::Write => write(&mut ev, arguments),
    };
    done.map_err(|_| ev.take_error().message)
}

fn judge(ev: &mut Evaluator, arguments: &Arguments) -> Eval<()> {
    let mut ground = ground(ev, arguments)?;
    let mut held = 0;
    each(arguments, ev, &mut ground, |ev, ground, case, question| {
        held += usize::from(ask(ev, ground, question, case < WARM)? == Verdict::Holds);
        Ok(())
    })?;
    println!("{} cases judged, {held} hold", arguments.cases);
    Ok(())
}

fn write(ev: &mut Evaluator, arguments: &Arguments) -> Eval<()> {
    let mut ground = ground(ev, arguments)?;
    let mut text = format!("let\n  lib = import {};\n{HEAD}", arguments.library.display());
    let mut left_out = 0;
    each(arguments, ev, &mut ground, |ev, ground, _, question| {
        if catchable(ev, ground, question)? {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  ({})", case(question));
        } else {
            left_out += 1;
        }
        Ok(())
    })?;
    eprintln!("{left_out} cases are left out, as they would end Nix");
    text.push_str("]\n");
    std::io::stdout()
        .write_all(text.as_bytes())
        .expect("standard output takes the text");
    Ok(())
}

/// Whether all errors in a case are such as `tryEval` catches; one other would end the whole expression.
fn catchable(ev: &mut Evaluator, ground: &mut Ground, question: &Question) -> Eval<bool> {
    for side in &question.sides {
        ground.prepare(ev, &side.expr)?;
        let caught = match ground.look(ev, &side.expr)? {
            Seen::Whole(answer) => is_caught(&answer),
            Seen::Parts(parts) => parts.values().all(is_caught),
        };
        if !caught {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_caught(answer: &Answer) -> bool {
    answer.as_ref().err().is_none_or(Refusal::is_said)
}

/// What Nix does with a case: looks at each part by itself, as one may fail and another not, and compares.
const HEAD: &str = r#"
  look = value: builtins.tryEval (builtins.deepSeq value value);
  seen = config:
    let whole = builtins.tryEval config;
    in if whole.success then builtins.mapAttrs (_: look) whole.value else whole;
  same = left: right: seen left == seen right;
  evaluated = config: builtins.deepSeq (seen config) true;
  count = builtins.foldl' (n: held: if held then n + 1 else n) 0;
in count [
"#;

/// Returns what Nix is asked for a question: what the first claim compares.
fn case(question: &Question) -> String {
    let side = |at: usize| format!("({})", question.sides[at].expr.print(0).replace('\n', " "));
    match question.claims.first() {
        Some(Claim::Same(left, right) | Claim::SameUpToOrder(left, right)) => {
            format!("same {} {}", side(*left), side(*right))
        }
        _ => {
            let sides = (0..question.sides.len()).map(|at| format!("evaluated {}", side(at)));
            sides.collect::<Vec<_>>().join(" && ")
        }
    }
}

fn ground(ev: &mut Evaluator, arguments: &Arguments) -> Eval<Ground> {
    let nix = format!("import {}", arguments.library.display());
    let lib = ev.eval_text(Origin::String, nix.as_bytes(), b"/")?;
    let binding = Binding {
        name: "lib".into(),
        cell: ev.cell(lib),
        nix,
    };
    Ground::new(ev, vec![binding])
}

/// Draws cases, a law at a time in turn, until there are enough small ones, and calls `work` with each of these.
fn each(
    arguments: &Arguments,
    ev: &mut Evaluator,
    ground: &mut Ground,
    mut work: impl FnMut(&mut Evaluator, &mut Ground, u64, &Question) -> Eval<()>,
) -> Eval<()> {
    let merging = |law: &&Law| LAWS.contains(&law.id);
    let laws: Vec<&Law> = prop::laws::all().iter().filter(merging).collect();
    let mut left = arguments.cases;
    for case in 0.. {
        for law in &laws {
            let mut rng = numbers(arguments.seed, &[law.id, ""], case);
            let scene = (law.draw)(&mut Draw::new(&mut rng), ground).filter(is_small);
            let Some(question) = scene.and_then(|scene| (law.question)(&scene, ground)) else {
                continue;
            };
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            work(ev, ground, case, &question)?;
        }
    }
    Ok(())
}

/// Whether a scene has two options and three modules.
fn is_small(scene: &Scene) -> bool {
    fn all(modules: &[Module]) -> usize {
        modules.iter().map(|module| 1 + all(&module.imports)).sum()
    }
    let options: usize = scene.modules.iter().map(|module| module.options.len()).sum();
    options == 2 && all(&scene.modules) == 3
}
