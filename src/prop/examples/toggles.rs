//! Measures what a case of the toggle laws costs beside a fresh evaluation of the same host:
//!
//! `toggles HOST.nix NIXPKGS [CASES]`, where HOST.nix is a function from `{ nixpkgs }` to a host; its folder is
//! the user's own. Prints user CPU time, in one run, and what was found.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program of its own, which reads its arguments and the time that it took"
)]

use diag::{Origin, Pos, Severity};
use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use nixos::diagnose::Viewpoint;
use nixos::{Kind, System, Target};
use prop::run::{Budget, Slot, Watcher};
use prop::toggle;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FixedEnv, ManualClock};

const STACK: usize = 1 << 30;
const FRESH: u32 = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, nixpkgs, rest @ ..] = arguments.as_slice() else {
        eprintln!("toggles HOST.nix NIXPKGS [CASES]");
        std::process::exit(2);
    };
    let cases = rest
        .first()
        .map_or(200, |cases| cases.parse().expect("a number of cases"));
    let text = format!("import {host} {{ nixpkgs = {nixpkgs}; }}");
    let (host, nixpkgs) = (host.clone(), nixpkgs.clone());
    let work = move || measure(&text, &host, &nixpkgs, cases);
    let thread = std::thread::Builder::new().stack_size(STACK + (8 << 20)).spawn(work);
    thread.expect("a thread can be made").join().expect("the work ends");
}

/// Returns the user CPU time of this process so far.
fn used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields
        .into_iter()
        .nth(11)
        .and_then(|field| field.parse().ok())
        .unwrap_or_default();
    // Linux shows a hundred ticks a second to programs, whatever its own clock is.
    Duration::from_millis(ticks * 10)
}

struct Timed {
    /// When the first case began.
    began: Option<Duration>,
}

impl Watcher for Timed {
    fn progressed(&mut self, _: &Slot, _: u64, _: u64) {
        self.began.get_or_insert_with(used);
    }
    fn now(&self) -> Duration {
        used()
    }
    fn interrupted(&self) -> bool {
        false
    }
}

fn evaluator() -> Evaluator {
    let world = World::new(
        Arc::new(DiskFs),
        Arc::new(FixedEnv::at("/")),
        Arc::new(ManualClock::at(Duration::ZERO)),
        Access::Everything,
        Box::new(|_: &[u8]| {}),
    );
    Evaluator::new(Settings::default(), Box::new(world), STACK)
}

fn target(ev: &mut Evaluator, text: &str) -> Target {
    let host = ev
        .eval_text(Origin::String, text.as_bytes(), b"/")
        .expect("the host evaluates");
    Target {
        kind: Kind::Nixos,
        name: "host".into(),
        system: None,
        value: ev.cell(host),
        pos: Pos::NONE,
    }
}

fn measure(text: &str, host: &str, nixpkgs: &str, cases: u64) {
    let start = used();
    for _ in 0..FRESH {
        let mut ev = evaluator();
        let target = target(&mut ev, text);
        let (judged, _) = nixos::judge(&mut ev, &target, None);
        assert!(judged.drv.is_some(), "the host evaluates");
    }
    let fresh = (used() - start) / FRESH;
    println!("fresh evaluation   {:8.3} s", fresh.as_secs_f64());
    let mut ev = evaluator();
    let target = target(&mut ev, text);
    let system = System::of(&mut ev, &target, None).expect("the host is a set");
    let root = Path::new(host).parent().unwrap_or(Path::new("/"));
    let inputs = [(nixpkgs.as_bytes().to_vec(), "nixpkgs".to_owned())];
    let view = Viewpoint {
        root: root.as_os_str().as_encoded_bytes(),
        inputs: &inputs,
        ..Viewpoint::default()
    };
    let start = used();
    let survey = toggle::survey(&mut ev, &system, &view, &mut |_| true).expect("the options can be listed");
    println!(
        "finding {:3} toggles {:7.3} s",
        survey.toggles.len(),
        (used() - start).as_secs_f64()
    );
    for left in &survey.left_out {
        println!("left out: {}: {}", left.path, left.why);
    }
    let start = used();
    let mut timed = Timed { began: None };
    let budget = Budget {
        cases,
        deadline: None,
        seed: 1,
    };
    let outcome = toggle::run(&mut ev, &system, &view, &survey.toggles, budget, &mut timed).expect("the run ends");
    let end = used();
    if let Some(why) = &outcome.unjudged {
        println!("not judged: {}", why.message);
    }
    let began = timed.began.unwrap_or(end);
    println!("first evaluation   {:8.3} s", (began - start).as_secs_f64());
    let ran = outcome.ran + outcome.stopped;
    let case = (end - began) / u32::try_from(ran.max(1)).expect("few cases");
    println!(
        "{ran} cases, each      {:8.3} s: {:.2} of a fresh evaluation, {:.0} a minute",
        case.as_secs_f64(),
        case.as_secs_f64() / fresh.as_secs_f64(),
        60.0 / case.as_secs_f64().max(1e-6)
    );
    println!(
        "refused {}, stopped {} {}",
        outcome.refused,
        outcome.stopped,
        outcome.why.unwrap_or_default()
    );
    for finding in &outcome.findings {
        let level = if finding.diagnostic.severity == Severity::Error {
            "error"
        } else {
            "note"
        };
        let place = ev.sources.locate(finding.diagnostic.span().start);
        let place = place
            .map(|(file, line, _)| format!("{}:{line}", file.origin.display()))
            .unwrap_or_default();
        println!("{level}[{}] {place}: {}", finding.law.id, finding.diagnostic.message);
        for label in &finding.diagnostic.labels {
            println!("    {}: {}", ev.show_pos(label.span.start), label.text);
        }
    }
}
