//! Builds in real machines.

#![expect(clippy::disallowed_methods, reason = "tests look at the machine themselves")]

use super::*;
use crate::Processor;
use crate::accel::{Accel, Choice};
use crate::image::Tools;
use crate::kit::{self, Kit, MIRRORS};
use crate::machine::Host;
use std::path::PathBuf;
use sys::{Guard, ProcessSpawn, RunFolder, SystemClock};

/// The parts of this machine, with a folder of a run and a store.
struct Parts {
    guard: Guard,
    clock: SystemClock,
    run: RunFolder,
    path: String,
    realised: Realised,
    kit: Kit,
    folder: tempfile::TempDir,
}

impl Parts {
    fn new(processor: Processor) -> Parts {
        let tests = std::env::current_exe().expect("a test has a program");
        let built = tests
            .parent()
            .and_then(Path::parent)
            .expect("tests lie in a folder of the build");
        let guard = Guard::at(built.join("examples/vm-guard"));
        let folder = tempfile::tempdir_in(built).expect("a folder can be made");
        let realised = Realised::new(Arc::new(DiskFs), folder.path().join("realised"));
        let cache = built.join("kit-of-tests");
        let mirrors = MIRRORS.map(str::to_owned);
        let source = kit::Source {
            cache: &cache,
            mirrors: &mirrors,
            download: Some(&crate::kit::plainly),
        };
        Parts {
            run: RunFolder::create(folder.path(), &guard, &ProcessSpawn).expect("a folder can be made"),
            guard,
            clock: SystemClock::new(),
            path: std::env::var("PATH").expect("there is a search path"),
            kit: kit::kit(processor, &realised, source, &mut |_| {}).expect("a kit"),
            realised,
            folder,
        }
    }

    fn machine(&self, processor: Processor, limits: BuildLimits) -> BuildMachine<'_> {
        BuildMachine {
            host: Host {
                spawn: &ProcessSpawn,
                fs: &DiskFs,
                clock: &self.clock,
                guard: &self.guard,
                user: sys::unprivileged(&DiskFs, None),
                path: &self.path,
                run: &self.run,
            },
            tools: Tools {
                exec: &ProcessExec,
                path: &self.path,
            },
            processor,
            choice: Choice {
                accel: Accel::Tcg,
                why: "a test".into(),
                factor: 1.0,
            },
            kit: self.kit.clone(),
            substituters: None,
            sources: Sources {
                folders: &[],
                mirrors: &[],
                download: None,
            },
            limits,
        }
    }
}

/// Limits that a test can reach.
fn small() -> BuildLimits {
    BuildLimits {
        time: Duration::from_secs(60),
        disk: 512 << 20,
        memory: 1024,
        ..BuildLimits::default()
    }
}

#[test]
fn live_a_machine_builds() {
    let parts = Parts::new(Processor::X86);
    chain().is_built_by(&parts.machine(Processor::X86, small()), &parts.realised);
    let left: Vec<PathBuf> = std::fs::read_dir(parts.folder.path().join("realised/incoming"))
        .expect("it is there")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new());
}

/// Builds a derivation of one script, and returns the text of its output.
fn built(parts: &Parts, limits: BuildLimits, name: &str, script: &str) -> Result<String, BuildError> {
    let mut store = VirtualStore::new();
    let drv = store.add_derivation(derivation(name, script)).expect("a derivation");
    let wanted = [(drv.path, OutputName::new("out"))];
    let order = Order {
        store: &store,
        wanted: &wanted,
        sources: &[],
    };
    let machine = parts.machine(Processor::X86, limits);
    let outputs = machine.realise(&order, &parts.realised, &mut |_| {})?;
    let text = parts
        .realised
        .read(&outputs[0].to_path(), 9999)
        .expect("it can be read");
    Ok(String::from_utf8_lossy(&text.expect("it is a file")).into_owned())
}

#[test]
fn live_a_build_sees_nothing_but_its_inputs() {
    let parts = Parts::new(Processor::X86);
    let script = "{ for f in /* /nix/store/*; do echo \"$f\"; done; while read line; do echo \"net $line\"; done; } \
                  < /proc/net/dev > $out; [ ! -e /work ]; for p in /proc/[0-9]*; do echo \"$p\" >> $out; done";
    let seen = built(&parts, small(), "looks-around", script).expect("it is built");
    let cards: Vec<&str> = seen
        .lines()
        .filter(|line| line.starts_with("net ") && line.contains(':'))
        .collect();
    assert!(cards.len() == 1 && cards[0].contains("lo:"), "{seen}");
    let lines = |prefix: &str| seen.lines().filter(|line| line.starts_with(prefix)).count();
    assert!(lines("/proc/") <= 3, "other processes are seen: {seen}");
    assert_eq!(
        lines("/nix/store/"),
        1,
        "other paths of the store than its own are seen: {seen}"
    );
    for line in seen.lines().filter(|line| line.matches('/').count() == 1) {
        assert!(
            ["/bin", "/build", "/dev", "/etc", "/nix", "/proc", "/tmp"].contains(&line),
            "{line}"
        );
    }
}

#[test]
fn live_a_build_that_takes_too_much_is_stopped() {
    let parts = Parts::new(Processor::X86);
    for (name, script, expected) in [
        ("runs-for-ever", "while :; do :; done", "timed out after 20 seconds"),
        ("forks", "while :; do (while :; do :; done) & done", "can't fork"),
        (
            "fills-the-disk",
            "x=x; while [ ${#x} -lt 1000000 ]; do x=$x$x; done; while echo $x; do :; done > $out; exit 3",
            "No space left on device",
        ),
        ("reaches-out", "read x < /dev/tcp/10.0.2.2/80", "can't open"),
    ] {
        let limits = BuildLimits {
            // Only one of them is to come to the end of its time, however busy this machine is.
            time: Duration::from_secs(if name == "runs-for-ever" { 20 } else { 600 }),
            disk: 96 << 20,
            processes: 64,
            ..small()
        };
        let error = built(&parts, limits, name, script).expect_err(name);
        assert!(error.is_verdict(), "{error}");
        let BuildError::Failed { what, why, log } = error else {
            panic!("{name} failed for another reason");
        };
        let said = format!("{why}\n{}", log.join("\n"));
        assert!(said.contains(expected), "{name}: {said}");
        assert!(what.is_some_and(|path| path.name().starts_with(name)), "{name}: {said}");
    }
}
