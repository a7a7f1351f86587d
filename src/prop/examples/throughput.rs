//! Chooses small merge cases, judges them, or writes the same cases as one expression for Nix.
//!
//! `benches/throughput.sh` runs both and compares; `docs/performance.md` has the figures. A small case has two
//! options and three modules. The laws take turns, and a case is chosen if it is small and if Nix can be given it.
//! What is measured is then the work of exactly these cases: each is drawn anew from the seed and its number, as a
//! run does it.

#![expect(clippy::disallowed_macros, reason = "a program of its own prints")]

use clap::{Parser, ValueEnum};
use diag::Origin;
use eval::error::Eval;
use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use prop::random::{Draw, numbers};
use prop::run::{Verdict, ask};
use prop::{Answer, Binding, Claim, Ground, Law, Module, Question, Refusal, Scene, Seen};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use sys::{DiskFs, FixedEnv, SystemClock};

/// Stack of the thread that evaluates.
const STACK: usize = 64 << 20;
/// Cases of each law that are done a second time to stay, as in a run.
const WARM: usize = 4;

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

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Verb {
    /// Print laws and numbers of cases, one on a line.
    Choose,
    /// Judge the cases of such lines, which are read from standard input, and print how many there were.
    Judge,
    /// Write the cases of such lines as Nix.
    Write,
}

/// Chooses small merge cases, judges them, or writes them as one expression for Nix.
#[derive(Parser, Debug)]
struct Arguments {
    /// What to do.
    verb: Verb,
    /// The folder of nixpkgs's `lib`.
    library: PathBuf,
    /// How many cases are chosen.
    #[arg(long, default_value_t = 20_000)]
    cases: usize,
    /// The seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A case of a law, by its number.
type Case = (&'static Law, u64);

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
    let cases = match arguments.verb {
        Verb::Choose => Vec::new(),
        Verb::Judge | Verb::Write => listed()?,
    };
    let done = match arguments.verb {
        Verb::Choose => choose(&mut ev, arguments),
        Verb::Judge => judge(&mut ev, arguments, &cases),
        Verb::Write => write(&mut ev, arguments, &cases),
    };
    done.map_err(|_| ev.take_error().message)
}

/// Returns the laws whose cases Nix can be given.
fn laws() -> Vec<&'static Law> {
    let merging = |law: &&Law| LAWS.contains(&law.id);
    prop::laws::all().iter().filter(merging).collect()
}

/// Returns the cases that standard input lists.
fn listed() -> Result<Vec<Case>, String> {
    let text = std::io::read_to_string(std::io::stdin()).map_err(|error| error.to_string())?;
    let laws = laws();
    let case = |line: &str| {
        let (id, number) = line.split_once(' ')?;
        let law = laws.iter().find(|law| law.id == id)?;
        Some((*law, number.parse().ok()?))
    };
    let cases = text
        .lines()
        .map(|line| case(line).ok_or_else(|| format!("`{line}` is no case")));
    cases.collect()
}

/// Draws the scene of a case.
fn drawn((law, number): Case, seed: u64, ground: &Ground) -> Option<Scene> {
    let mut rng = numbers(seed, &[law.id, ""], number);
    (law.draw)(&mut Draw::new(&mut rng), ground)
}

/// Returns the question of a case.
fn asked(case: Case, seed: u64, ground: &Ground) -> Option<Question> {
    (case.0.question)(&drawn(case, seed, ground)?, ground)
}

fn judge(ev: &mut Evaluator, arguments: &Arguments, cases: &[Case]) -> Eval<()> {
    let mut ground = ground(ev, arguments)?;
    let (mut judged, mut held) = (0, 0);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for &case in cases {
        let seen = seen.entry(case.0.id).or_default();
        *seen += 1;
        let Some(question) = asked(case, arguments.seed, &ground) else {
            continue;
        };
        judged += 1;
        held += usize::from(ask(ev, &mut ground, &question, *seen <= WARM)? == Verdict::Holds);
    }
    println!("{judged} cases judged, {held} hold");
    Ok(())
}

fn write(ev: &mut Evaluator, arguments: &Arguments, cases: &[Case]) -> Eval<()> {
    let ground = ground(ev, arguments)?;
    let mut text = format!("let\n  lib = import {};\n{HEAD}", arguments.library.display());
    for &case in cases {
        if let Some(question) = asked(case, arguments.seed, &ground) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  ({})", written(&question));
        }
    }
    text.push_str("]\n");
    print(&text);
    Ok(())
}

/// Chooses cases, a law at a time in turn.
fn choose(ev: &mut Evaluator, arguments: &Arguments) -> Eval<()> {
    let mut ground = ground(ev, arguments)?;
    let mut text = String::new();
    let (mut chosen, mut left_out) = (0, 0);
    let laws = laws();
    let all = (0..).flat_map(|number| laws.iter().map(move |law| (*law, number)));
    for (law, number) in all {
        if chosen == arguments.cases {
            break;
        }
        let scene = drawn((law, number), arguments.seed, &ground).filter(is_small);
        let Some(question) = scene.and_then(|scene| (law.question)(&scene, &ground)) else {
            continue;
        };
        if catchable(ev, &mut ground, &question)? {
            chosen += 1;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {number}", law.id);
        } else {
            left_out += 1;
        }
    }
    eprintln!("{left_out} small cases are left out, as they would end Nix");
    print(&text);
    Ok(())
}

fn print(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).expect("standard output takes the text");
}

/// Whether all errors in a case are such as `tryEval` catches; one other would end the whole expression.
fn catchable(ev: &mut Evaluator, ground: &mut Ground, question: &Question) -> Eval<bool> {
    for side in &question.sides {
        ground.prepare(ev, &side.expr)?;
    }
    let looked = ev.trial(|ev| {
        let sides = question.sides.iter().map(|side| ground.look(ev, &side.expr));
        sides.collect::<Eval<Vec<Seen>>>()
    });
    Ok(looked.is_ok_and(|sides| {
        sides.iter().all(|seen| match seen {
            Seen::Whole(answer) => is_caught(answer),
            Seen::Parts(parts) => parts.values().all(is_caught),
        })
    }))
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
fn written(question: &Question) -> String {
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

/// Whether a scene has two options and three modules.
fn is_small(scene: &Scene) -> bool {
    fn all(modules: &[Module]) -> usize {
        modules.iter().map(|module| 1 + all(&module.imports)).sum()
    }
    let options: usize = scene.modules.iter().map(|module| module.options.len()).sum();
    options == 2 && all(&scene.modules) == 3
}
