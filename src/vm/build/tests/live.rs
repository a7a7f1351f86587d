//! Builds in real machines.

#![expect(clippy::disallowed_methods, reason = "tests look at the machine themselves")]

use super::*;
use crate::Processor;
use crate::accel::{Accel, Choice};
use crate::egress::{AddressRule, Rules};
use crate::image::Tools;
use crate::kit::{self, Kit, MIRRORS};
use crate::machine::Host;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use sys::{ExecError, Guard, ProcessSpawn, RunFolder, Spawn, SystemClock};

type Making = dyn Fn(&mut dyn FnMut(&str)) -> Result<Equipment, BuildError>;

/// Returns what a machine is run with.
fn equip(kit: &Kit) -> Box<Making> {
    let kit = kit.clone();
    Box::new(move |_| {
        let choice = Choice {
            accel: Accel::Tcg,
            why: "a test".into(),
            factor: 1.0,
        };
        let kit = kit.clone();
        Ok(Equipment { choice, kit })
    })
}

/// The parts of this machine, with a folder of a run and a store.
struct Parts {
    guard: Guard,
    clock: SystemClock,
    run: RunFolder,
    path: String,
    realised: Realised,
    kit: Kit,
    cache: PathBuf,
    equipment: Box<Making>,
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
        let kit = kit::kit(processor, &realised, source, &mut |_| {}).expect("a kit");
        Parts {
            equipment: equip(&kit),
            run: RunFolder::create(folder.path(), &guard, &ProcessSpawn).expect("a folder can be made"),
            guard,
            clock: SystemClock::new(),
            path: std::env::var("PATH").expect("there is a search path"),
            kit,
            realised,
            cache,
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
            equipment: &self.equipment,
            substituters: None,
            sources: Sources {
                folders: &[],
                mirrors: &[],
                download: None,
            },
            egress: None,
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

/// Starts programs and knows the one that was started last.
struct Watched(AtomicU32);

impl Spawn for Watched {
    fn spawn(&self, command: &sys::Command) -> Result<Box<dyn sys::Running>, ExecError> {
        let running = ProcessSpawn.spawn(command)?;
        self.0.store(running.id(), Ordering::Relaxed);
        Ok(running)
    }
}

#[test]
fn live_a_machine_that_ends_of_itself_is_started_anew_once() {
    let parts = Parts::new(Processor::X86);
    let watched = Watched(AtomicU32::new(0));
    let mut store = VirtualStore::new();
    let made = |store: &mut VirtualStore, name: &str, script: &str| {
        let drv = store.add_derivation(derivation(name, script)).expect("a derivation");
        (drv.path, OutputName::new("out"))
    };
    let wanted = [
        made(&mut store, "good", "echo good > $out"),
        made(&mut store, "bad", "echo this is bad; exit 3"),
    ];
    let order = Order {
        store: &store,
        wanted: &wanted,
        sources: &[],
    };
    for kills in [1, 2] {
        let folder = parts.folder.path().join(format!("killed-{kills}"));
        let realised = Realised::new(Arc::new(DiskFs), folder);
        let kit = kit::kit(
            Processor::X86,
            &realised,
            kit::Source {
                cache: &parts.cache,
                mirrors: &[],
                download: None,
            },
            &mut |_| {},
        );
        let equipment = equip(&kit.expect("a kit"));
        let mut machine = parts.machine(Processor::X86, small());
        machine.host.spawn = &watched;
        machine.equipment = &equipment;
        let (mut left, mut told) = (kills, String::new());
        let outcomes = machine.realise_each(&order, &realised, &mut |line| {
            told.push_str(line);
            if line.starts_with("building '") && left > 0 {
                left -= 1;
                let group = format!("-{}", watched.0.load(Ordering::Relaxed));
                let kill = sys::Command::new("kill")
                    .args(["-9", "--", &group])
                    .env("PATH", &parts.path);
                assert!(sys::Exec::run(&ProcessExec, &kill).expect("it runs").success());
            }
        });
        assert!(told.contains("is started anew"), "{told}");
        match (kills, outcomes) {
            (1, Ok(outcomes)) => {
                // Each of several has its own verdict, of one machine.
                assert!(outcomes[0].is_ok(), "{:?}", outcomes[0]);
                let Err(BuildError::Failed { what, log, .. }) = &outcomes[1] else {
                    panic!("it is no verdict: {:?}", outcomes[1]);
                };
                assert_eq!(
                    (what.as_ref(), &log[..]),
                    (Some(&wanted[1].0), &["this is bad".to_owned()][..])
                );
            }
            (2, Err(error)) => assert!(matches!(error, BuildError::Crashed { .. }), "{error}"),
            (_, other) => panic!("killed {kills} times: {other:?}"),
        }
    }
}

#[test]
fn live_what_was_built_for_something_that_fails_is_kept() {
    let parts = Parts::new(Processor::X86);
    let mut store = VirtualStore::new();
    let first = store
        .add_derivation(derivation("first", "echo first > $out"))
        .expect("a derivation");
    let mut last = derivation("last", &format!("read a < {}; exit 7", first.outputs[0].1.render()));
    last.add_input(first.path.clone(), OutputName::new("out"));
    let last = store.add_derivation(last).expect("a derivation").path;
    let wanted = [(last.clone(), OutputName::new("out"))];
    let order = Order {
        store: &store,
        wanted: &wanted,
        sources: &[],
    };
    let machine = parts.machine(Processor::X86, small());
    for expected in [2, 1] {
        let forecast = machine
            .forecast(&order, &parts.realised, &mut |_| {})
            .expect("it can be planned");
        assert_eq!(forecast.built.len(), expected);
        let error = machine
            .realise(&order, &parts.realised, &mut |_| {})
            .expect_err("it fails");
        let BuildError::Failed { what, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(what.as_ref(), Some(&last));
    }
}

/// Answers each request with a text, for ever.
fn serve(text: &'static str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut piece = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut piece);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    port
}

#[test]
fn live_a_builder_that_fetches_by_itself_reaches_what_is_allowed() {
    const TEXT: &str = "what is fetched\n";
    let parts = Parts::new(Processor::X86);
    let port = serve(TEXT);
    let mut machine = parts.machine(Processor::X86, small());
    let address: AddressRule = Arc::new(|host, address| match host {
        "127.0.0.2" => Err(format!("'{host}' has the private address {address}")),
        _ => Ok(()),
    });
    machine.egress = Some(Rules {
        ports: vec![port],
        ..Rules::new(vec!["127.0.0.1".into(), "127.0.0.2".into()], address)
    });
    let mut store = VirtualStore::new();
    let busybox = parts.realised.outside(&parts.kit.path).join("usr/bin/busybox");
    let mut tool = NarTree::Directory(store::SortedMap::from_iter([(
        b"wget".to_vec(),
        NarTree::File {
            executable: true,
            contents: std::fs::read(busybox).expect("the kit has it"),
        },
    )]));
    let mut archive = Vec::new();
    write_nar(&mut tool, &mut archive).expect("an archive");
    let method = ContentAddressMethod::Nar;
    let hash = hash_source(&mut tool, method, HashAlgo::Sha256).expect("a hash");
    let tool = store.add_source(
        b"tool",
        &ContentAddress { method, hash },
        SortedSet::new(),
        Origin::Token(1),
    );
    let tool = tool.expect("a source");
    let mut fetching = |name: &str, host: &str, text: &str| {
        let script = format!("{}/wget -O $out http://{host}:{port}/", tool.to_path());
        let mut drv = derivation(name, &script);
        let address = ContentAddress {
            method: ContentAddressMethod::Flat,
            hash: HashAlgo::Sha256.hash(text),
        };
        let output = Output::Fixed(address);
        let path = output
            .path(name, &OutputName::new("out"))
            .expect("a path")
            .expect("it is known");
        drv.outputs = store::SortedMap::from_iter([(OutputName::new("out"), output)]);
        let mut set = |name: &str, value: &str| {
            drv.env
                .insert(name.as_bytes().to_vec().into(), value.as_bytes().to_vec().into())
        };
        set("out", &path.to_path());
        set("impureEnvVars", "http_proxy https_proxy");
        drv.input_sources.insert(tool.clone());
        store.add_derivation(drv).expect("a derivation").path
    };
    let good = fetching("good", "127.0.0.1", TEXT);
    let others = [
        (
            fetching("private", "127.0.0.2", "a"),
            "has the private address 127.0.0.2",
        ),
        (
            fetching("elsewhere", "localhost", "b"),
            "none of the hosts that --fetch-from names",
        ),
        (fetching("changed", "127.0.0.1", "c"), "got sha256-"),
    ];
    // What is built of it has no way out.
    let script = "read a < $good; { echo $a; while read line; do case $line in *:*) echo $line;; esac; done; } < /proc/net/dev > $out";
    let mut user = derivation("user", script);
    let out = OutputName::new("out");
    let made = store
        .derivation(&good)
        .and_then(|drv| drv.outputs.get(&out)?.path("good", &out).ok()?);
    user.env.insert(
        b"good".to_vec().into(),
        made.expect("it is known").to_path().into_bytes().into(),
    );
    user.add_input(good, out.clone());
    let user = store.add_derivation(user).expect("a derivation").path;
    let mut wanted = vec![(user, out.clone())];
    wanted.extend(others.iter().map(|(drv, _)| (drv.clone(), out.clone())));
    let order = Order {
        store: &store,
        wanted: &wanted,
        sources: &[(tool, archive)],
    };
    let mut told = String::new();
    let outcomes = machine.realise_each(&order, &parts.realised, &mut |line| {
        told.push_str(line);
        told.push('\n');
    });
    let outcomes = outcomes.expect("the machines work");
    let path = outcomes[0].as_ref().expect("it is built");
    let text = parts.realised.read(&path.to_path(), 9999).expect("it can be read");
    let text = String::from_utf8(text.expect("it is a file")).expect("text");
    assert!(text.starts_with(TEXT) && text.matches(':').count() == 1, "{text}");
    assert!(told.contains(&format!("fetched from 127.0.0.1:{port}: ")), "{told}");
    for ((drv, expected), outcome) in others.iter().zip(&outcomes[1..]) {
        let Err(BuildError::Failed { what, why, log }) = outcome else {
            panic!("{expected}: {outcome:?}");
        };
        let said = format!("{why}\n{}", log.join("\n"));
        assert!(
            what.as_ref() == Some(drv) && said.contains(expected),
            "{expected}: {said}"
        );
    }
}
