//! A machine under test with a real system in it: one whose toplevel `CFGCHECK_TOPLEVEL` names, in the store of the Nix that
//! `CFGCHECK_ORACLE` is. Its root has the label `root`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests ask a real Nix"
)]

use super::*;
use crate::accel::Accel;
use crate::image::{RootDisk, Tools, overlay};
use crate::machine::Medium;
use crate::realised::{Limits, Realised};
use crate::turns::Turns;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use store::StorePath;
use sys::{DiskFs, Guard, ProcessExec, ProcessSpawn, RunFolder, SystemClock};

/// What machines are made of here: a store with one system, and a disk with it.
struct World {
    folder: tempfile::TempDir,
    guard: Guard,
    clock: SystemClock,
    path: String,
    store: PathBuf,
    generation: Generation,
    base: PathBuf,
    key: String,
}

impl World {
    fn new() -> World {
        let oracle = std::env::var("CFGCHECK_ORACLE").expect("CFGCHECK_ORACLE names a real Nix; see tests/oracle.sh");
        let toplevel = std::env::var("CFGCHECK_TOPLEVEL").expect("CFGCHECK_TOPLEVEL names a system in its store");
        let nix = |arguments: &[&str]| {
            let mut words = oracle.split_whitespace();
            let mut nix = Command::new(words.next().expect("the oracle is a command"));
            nix.args(words)
                .arg("nix-store")
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::piped());
            nix
        };
        let closure = nix(&["--query", "--requisites", &toplevel]).output().expect("Nix runs");
        let closure = String::from_utf8(closure.stdout).expect("store paths are text");
        let mut export = vec!["--export"];
        export.extend(closure.lines());
        let folder = tempfile::tempdir().expect("a folder can be made");
        let realised = folder.path().join("realised");
        let realised = Realised::new(Arc::new(DiskFs), realised);
        let store = realised.folder().join("store");
        let mut export = nix(&export).spawn().expect("Nix runs");
        let mut stream = export.stdout.take().expect("it is a pipe");
        realised
            .import(&mut stream, "the oracle", Limits::default(), 10_000)
            .expect("Nix exports what it has");
        assert!(export.wait().expect("it ends").success());
        let toplevel = StorePath::parse(&toplevel).expect("it is a store path");
        let path = std::env::var("PATH").expect("there is a search path");
        let mut disk = RootDisk::new(vec![toplevel.clone()]);
        disk.label = "root".to_owned().into();
        let plan = disk.plan(&realised).expect("the closure is there");
        let base = folder.path().join("base");
        let tools = Tools {
            exec: &ProcessExec,
            path: &path,
        };
        plan.make(&realised, tools, &base).expect("a disk can be made");
        let tests = std::env::current_exe().expect("a test has a program");
        let built = tests
            .parent()
            .and_then(Path::parent)
            .expect("tests lie in a folder of the build");
        World {
            guard: Guard::at(built.join("examples/vm-guard")),
            clock: SystemClock::new(),
            generation: realised.generation(&toplevel).expect("it is a system"),
            key: plan.key(),
            store,
            base,
            path,
            folder,
        }
    }
}

const LONG: Duration = Duration::from_secs(120);

impl World {
    /// Does something with a machine that is off, and whose disk is as it was made.
    fn machine(&self, moments: Option<&Path>, work: impl FnOnce(&mut Live<'_>)) {
        let run = RunFolder::create(self.folder.path(), &self.guard, &ProcessSpawn).expect("a folder can be made");
        let host = Host {
            spawn: &ProcessSpawn,
            fs: &DiskFs,
            clock: &self.clock,
            guard: &self.guard,
            user: sys::unprivileged(&DiskFs, None),
            path: &self.path,
            run: &run,
        };
        let file = run.path().join("disk");
        let tools = Tools {
            exec: &ProcessExec,
            path: &self.path,
        };
        overlay(tools, &self.base, &file).expect("an overlay can be made");
        let turns = Turns::default();
        let moments = moments.map(|folder| Moments {
            folder,
            fs: &DiskFs,
            turns: &turns,
        });
        let setup = Setup {
            name: "machine".into(),
            processor: Processor::X86,
            choice: Choice {
                accel: Accel::Tcg,
                why: "for the test".into(),
                factor: 8.0,
            },
            memory: 1024,
            cpus: Accel::Tcg.processors(Processor::X86),
            drives: vec![Drive {
                medium: Medium::Overlay {
                    file,
                    base: self.base.clone(),
                },
                serial: "root".into(),
            }],
            network: Network::Restricted { cable: None },
            screen: true,
            most_disk: 8 << 30,
            speaker: Speaker::Agent(crate::agents::agent(Processor::X86).expect("this program has an agent")),
            store: initrd::Store {
                fs: &DiskFs,
                folder: &self.store,
            },
            stage1: Stage1::Theirs,
            mounts: vec![Mount {
                source: "LABEL=root".into(),
                target: "/".into(),
                kind: "ext4".into(),
                options: String::new(),
            }],
            generations: vec![self.generation.clone()],
            delta: None,
            moments: moments.map(|moments| (moments, self.key.clone().into_bytes())),
        };
        let console = Console::new(None);
        let mut live = Live::new(host, setup, console.clone());
        work(&mut live);
    }
}

/// Returns what a shell in the machine says, which has to end well.
fn say(live: &mut Live<'_>, commands: &str) -> String {
    let ended = live
        .run(&Call::shell(commands), LONG, &mut |_| {})
        .expect("the machine answers");
    let output = String::from_utf8_lossy(&ended.output).into_owned();
    assert_eq!(ended.code, 0, "{commands}: {output}");
    output
}

/// Starts a machine, or shows its console.
fn start(live: &mut Live<'_>, how: &Start) -> Generation {
    let started = live.start(how, LONG);
    let console = String::from_utf8_lossy(&live.console()).into_owned();
    started.unwrap_or_else(|error| panic!("{error}\n{console}"))
}

#[test]
fn toplevel_a_system_starts_answers_and_goes_off() {
    let world = World::new();
    world.machine(None, |live| {
        let off = live
            .run(&Call::shell("true"), LONG, &mut |_| {})
            .expect_err("it is off")
            .to_string();
        assert_eq!(off, "the machine is off: it was not started");
        let first = start(live, &Start::Generation(world.generation.clone()));
        assert_eq!(first, world.generation);
        assert_eq!(
            say(live, "readlink /run/current-system").trim(),
            first.toplevel.to_path()
        );
        say(live, "systemctl is-system-running --wait");
        let boot = say(live, "cat /proc/sys/kernel/random/boot_id");
        live.write("/var/lib/deep/er", b"kept", false)
            .expect("files can be written");
        assert_eq!(live.read("/var/lib/deep/er", 100).expect("it is there"), b"kept");
        let error = live.read("/nothing", 100).expect_err("it is not there");
        assert!(matches!(error, GuestError::Refused { .. }), "{error:?}");
        assert!(live.screenshot().expect("it has a screen").len() > 100);
        assert!(!live.listens(9).expect("it can be asked"));
        say(live, "ip link set eth0 up && ip address add 10.0.2.15/24 dev eth0");
        assert!(live.reaches("10.0.2.2").expect("it can be asked"));
        live.plug(false).expect("it has a card");
        assert!(!live.reaches("10.0.2.2").expect("it can be asked"));
        live.plug(true).expect("it has a card");
        let error = live.reaches("x\u{1b}").expect_err("that is no address").to_string();
        assert_eq!(error, "'x\u{241b}' is no IPv4 address");
        // The factor makes eight seconds of it.
        let slow = live.run(&Call::shell("sleep 1000"), Duration::from_secs(1), &mut |_| {});
        assert!(matches!(slow, Err(GuestError::TimedOut { .. })), "{slow:?}");
        assert_eq!(say(live, "echo still there").trim(), "still there");
        live.stop(Down::Orderly, LONG).expect("it goes off");

        let again = start(live, &Start::Default);
        assert_eq!(again, world.generation);
        assert_ne!(say(live, "cat /proc/sys/kernel/random/boot_id"), boot);
        assert_eq!(say(live, "cat /var/lib/deep/er"), "kept");
        say(live, "echo flushed >/root/flushed && sync && echo lost >/root/lost");
        live.stop(Down::PowerLoss, LONG).expect("the plug can be pulled");
        start(live, &Start::Default);
        assert_eq!(say(live, "cat /root/flushed").trim(), "flushed");
        assert_eq!(say(live, "test -s /root/lost || echo lost").trim(), "lost");
        let panic = Call::shell("echo c >/proc/sysrq-trigger; sleep 1000");
        let panicked = live.run(&panic, LONG, &mut |_| {});
        assert!(
            matches!(&panicked, Err(GuestError::Panicked { line }) if line.contains("sysrq")),
            "{panicked:?}"
        );
        live.stop(Down::PowerLoss, LONG).expect("the plug can be pulled");
    });
}

#[test]
fn toplevel_a_moment_is_kept_and_restored() {
    let world = World::new();
    let moments = world.folder.path().join("moments");
    let mut boot = String::new();
    world.machine(Some(&moments), |live| {
        start(live, &Start::Generation(world.generation.clone()));
        assert_eq!(live.moment(), Moment::Kept);
        boot = say(live, "cat /proc/sys/kernel/random/boot_id");
        say(live, "echo of the first >/root/file; sync");
    });
    for _ in 0..2 {
        world.machine(Some(&moments), |live| {
            start(live, &Start::Generation(world.generation.clone()));
            assert_eq!(live.moment(), Moment::Restored);
            assert_eq!(say(live, "cat /proc/sys/kernel/random/boot_id"), boot);
            assert_eq!(say(live, "systemctl is-system-running").trim(), "running");
            assert_eq!(say(live, "test -e /root/file || echo none").trim(), "none");
            say(live, "echo mine >/root/file; sync");
        });
    }
    // A moment that is broken is no reason not to start.
    let kept = std::fs::read_dir(&moments)
        .expect("it is there")
        .flatten()
        .next()
        .expect("one is kept");
    let disk = kept.path().join("disk0");
    let half = std::fs::read(&disk).expect("it is there");
    std::fs::write(&disk, &half[..half.len() / 2]).expect("files can be written");
    world.machine(Some(&moments), |live| {
        start(live, &Start::Generation(world.generation.clone()));
        assert_eq!(live.moment(), Moment::Kept);
        assert_ne!(say(live, "cat /proc/sys/kernel/random/boot_id"), boot);
        say(live, "echo mine >/root/file; sync");
        live.stop(Down::Orderly, LONG).expect("it goes off");
        start(live, &Start::Default);
        assert_eq!(say(live, "cat /root/file").trim(), "mine");
    });
}
