//! Machines with real QEMUs, and a kernel of a few instructions in them.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at processes and files themselves"
)]

mod kernel;

use super::*;
use crate::accel::Accel;
use kernel::{Then, kernel};
use std::process::Stdio;
use sys::{DiskFs, ProcessSpawn, SystemClock};

/// How long a test waits for what must come.
const LONG: Duration = Duration::from_secs(60);
/// What tells a test that it is to start a machine in a folder and wait to be killed.
const FOLDER: &str = "CFGCHECK_TEST_FOLDER";

/// The parts of this machine, with a folder of a run.
struct Parts {
    guard: Guard,
    clock: SystemClock,
    run: RunFolder,
    path: String,
}

impl Parts {
    fn new(parent: &Path) -> Parts {
        let tests = std::env::current_exe().expect("a test has a program");
        let built = tests
            .parent()
            .and_then(Path::parent)
            .expect("tests lie in a folder of the build");
        let guard = Guard::at(built.join("examples/vm-guard"));
        Parts {
            run: RunFolder::create(parent, &guard, &ProcessSpawn).expect("a folder can be made"),
            guard,
            clock: SystemClock::new(),
            path: std::env::var("PATH").expect("there is a search path"),
        }
    }

    fn host(&self) -> Host<'_> {
        Host {
            spawn: &ProcessSpawn,
            fs: &DiskFs,
            clock: &self.clock,
            guard: &self.guard,
            user: sys::unprivileged(&DiskFs, None),
            path: &self.path,
            run: &self.run,
        }
    }

    /// Returns a machine that says something, and what it then does.
    fn spec(&self, text: &str, then: Then) -> Spec {
        let file = |name: &str, bytes: &[u8]| {
            let path = self.run.path().join(name);
            // The next test may have another one.
            DiskFs
                .remove_dir_all(&path.with_extension("none"))
                .expect("nothing is there");
            if path.exists() {
                DiskFs.remove_file(&path).expect("files can be removed");
            }
            DiskFs.write(&path, bytes, Mode::Sealed).expect("files can be written");
            path
        };
        Spec {
            processor: Processor::X86,
            accel: Accel::Tcg,
            memory: 64,
            cpus: 1,
            kernel: file("kernel", &kernel(text, then)),
            initrd: file("initrd", b"none"),
            parameters: String::new(),
            drives: Vec::new(),
            ports: vec!["a-line".into()],
            network: Network::Restricted { cable: None },
            screen: true,
            most_disk: 1 << 30,
        }
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

fn start<'h>(parts: &'h Parts, spec: &Spec, console: &Console) -> Machine<'h> {
    Machine::start(parts.host(), spec, console, None).expect("the machine starts")
}

/// Waits until a console has a text.
fn wait_for(console: &Console, text: &str) {
    let clock = SystemClock::new();
    while !String::from_utf8_lossy(&console.text()).contains(text) {
        assert!(clock.monotonic() < LONG, "{}", String::from_utf8_lossy(&console.text()));
        clock.sleep(PAUSE);
    }
}

/// Returns the command lines of all processes whose `file` in /proc has a text.
fn processes(file: &str, text: &str) -> Vec<String> {
    let read = |folder: &Path, file: &str| {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    let folders = std::fs::read_dir("/proc")
        .expect("there is /proc")
        .flatten()
        .map(|entry| entry.path());
    let found = folders.filter(|folder| read(folder, file).contains(text));
    found
        .map(|folder| read(&folder, "cmdline"))
        .filter(|line| !line.is_empty())
        .collect()
}

/// Waits until nothing is left of a run whose folder was in another one: no guard, no janitor, and nothing with the run's token.
fn wait_gone(parent: &Path, tokens: &[String]) {
    let clock = SystemClock::new();
    loop {
        let mut left = processes("cmdline", &parent.display().to_string());
        left.extend(tokens.iter().flat_map(|token| processes("environ", token)));
        left.extend(runs(parent));
        if left.is_empty() {
            return;
        }
        assert!(clock.monotonic() < LONG, "{left:?}");
        clock.sleep(PAUSE);
    }
}

/// Returns the tokens of the runs that have a folder in another one.
fn runs(parent: &Path) -> Vec<String> {
    let names = std::fs::read_dir(parent)
        .expect("it is there")
        .flatten()
        .map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names
        .map(|name| name.rsplit('-').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn live_a_machine_speaks_and_tells_how_it_went_off() {
    let parent = folder();
    let parts = Parts::new(parent.path());
    let table = [
        (Then::PowerOff, End::PoweredOff, "the guest powered the machine off"),
        (Then::Reset, End::Reset, "the guest reset the machine"),
    ];
    for (then, end, told) in table {
        let console = Console::new(None);
        let mut machine = start(&parts, &parts.spec("good bye\r\n", then), &console);
        let ended = machine.wait(LONG).expect("it can be waited for");
        assert_eq!(ended, Some(end));
        assert_eq!(ended.map(|end| end.to_string()).as_deref(), Some(told));
        assert!(String::from_utf8_lossy(&console.text()).contains("good bye"));
    }
    let console = Console::new(None);
    let spec = parts.spec("[ 1.0] Kernel panic - not syncing: no\r\n", Then::Wait);
    let mut machine = start(&parts, &spec, &console);
    wait_for(&console, "no\r\n");
    assert_eq!(console.panic().as_deref(), Some("Kernel panic - not syncing: no"));
    assert_eq!(machine.end().expect("it can be asked"), None);
    machine.plug(false).expect("it has a network card");
    machine.plug(true).expect("it has a network card");
    for _ in 0..3 {
        let picture = machine.screenshot().expect("it has a screen");
        assert!(
            picture.starts_with(PNG) && picture.ends_with(b"IEND\xaeB`\x82"),
            "{} bytes",
            picture.len()
        );
    }
    machine.quit().expect("it can be switched off");
    assert_eq!(machine.end().expect("it can be asked"), Some(End::SwitchedOff));
    let gone = machine.screenshot().expect_err("it is off").to_string();
    assert_eq!(gone, "the machine was switched off");
    let mut machine = start(&parts, &spec, &console);
    assert!(machine.take_port(0).is_some() && machine.take_port(0).is_none());
    machine.pull_plug().expect("it can be killed");
    assert_eq!(machine.end().expect("it can be asked"), Some(End::SwitchedOff));
}

#[test]
fn live_a_machine_that_cannot_be_says_why() {
    let parent = folder();
    let parts = Parts::new(parent.path());
    let console = Console::new(None);
    let failed = |spec: &Spec| {
        let started = Machine::start(parts.host(), spec, &console, None);
        started.map(drop).expect_err("there is no such machine").to_string()
    };
    let mut spec = parts.spec("", Then::Wait);
    spec.kernel = "/no/kernel".into();
    assert_eq!(
        failed(&spec),
        "QEMU cannot be started: cannot open '/no/kernel': No such file or directory (os error 2)"
    );
    let mut spec = parts.spec("", Then::Wait);
    spec.memory = 1 << 24;
    let error = failed(&spec);
    assert!(error.starts_with("QEMU ended with code 1: "), "{error}");
    let spec = parts.spec("", Then::Wait);
    let mut host = parts.host();
    host.path = "/nowhere";
    let error = Machine::start(host, &spec, &console, None)
        .map(drop)
        .expect_err("there is no QEMU");
    assert_eq!(
        error.to_string(),
        "QEMU cannot be started: there is no program \"qemu-system-x86_64\""
    );
    let left: Vec<_> = std::fs::read_dir(parts.run.path())
        .expect("it is there")
        .flatten()
        .collect();
    assert_eq!(left.len(), 3, "lock, kernel and initrd: {left:?}");
}

#[test]
fn live_qemu_tells_its_version() {
    let parent = folder();
    let parts = Parts::new(parent.path());
    for processor in [Processor::X86, Processor::Arm] {
        let version = parts.host().version(processor).expect("QEMU is installed");
        assert!(version.contains("version"), "{version}");
    }
}

#[test]
fn live_qemu_has_no_rights() {
    let parent = folder();
    let parts = Parts::new(parent.path());
    let console = Console::new(None);
    let machine = start(&parts, &parts.spec("here", Then::Wait), &console);
    wait_for(&console, "here");
    let guard = machine.id();
    let children = std::fs::read_to_string(format!("/proc/{guard}/task/{guard}/children")).expect("it runs");
    let qemu = children.trim();
    let status = std::fs::read_to_string(format!("/proc/{qemu}/status")).expect("it runs");
    let value = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default();
        line.split_whitespace().next().unwrap_or_default().to_owned()
    };
    assert_eq!(value("NoNewPrivs:"), "1");
    assert_eq!(value("Seccomp:"), "2");
    assert_eq!(value("CapEff:"), "0000000000000000");
    if sys::unprivileged(&DiskFs, None).is_some() {
        assert_eq!(value("Uid:"), "65534");
    }
    // What it has open by a name is its program's, and what was handed to it.
    let limits = std::fs::read_to_string(format!("/proc/{qemu}/limits")).expect("it runs");
    assert!(
        limits
            .lines()
            .any(|line| line.starts_with("Max core file size        0")),
        "{limits}"
    );
    assert!(
        limits
            .lines()
            .any(|line| line.starts_with("Max file size             1073741824")),
        "{limits}"
    );
}

#[test]
fn live_twenty_machines_leave_nothing() {
    let parent = folder();
    let tokens;
    {
        let parts = Parts::new(parent.path());
        let console = Console::new(None);
        let spec = parts.spec("here", Then::Wait);
        for round in 0..20 {
            console.start();
            let machine = start(&parts, &spec, &console);
            if round % 2 == 0 {
                wait_for(&console, "here");
            }
            drop(machine);
            let left = std::fs::read_dir(parts.run.path()).expect("it is there").count();
            assert_eq!(left, 3, "lock, kernel and initrd");
        }
        tokens = runs(parent.path());
        assert_eq!(processes("cmdline", &tokens[0]).len(), 1, "the janitor");
    }
    wait_gone(parent.path(), &tokens);
}

#[test]
fn live_a_machine_waits_to_be_killed() {
    let named = std::env::var(FOLDER).ok();
    let own = folder();
    let parts = Parts::new(named.as_deref().map_or(own.path(), Path::new));
    let console = Console::new(None);
    let machine = start(&parts, &parts.spec("here", Then::Wait), &console);
    if named.is_some() {
        // The other test kills this process at some moment.
        wait_for(&console, "here");
        DiskFs
            .write(&parts.run.path().join("ready"), b"", Mode::Plain)
            .expect("files can be written");
        parts.clock.sleep(LONG * 10);
    }
    let token = runs(own.path());
    assert!(
        processes("environ", &token[0])
            .iter()
            .any(|line| line.starts_with("qemu-system-x86_64"))
    );
    drop(machine);
    assert_eq!(processes("environ", &token[0]), [""; 0]);
}

#[test]
fn live_a_run_that_is_killed_leaves_nothing() {
    let test = "machine::tests::live_a_machine_waits_to_be_killed";
    // Moments from before the folder is there to when the guest runs.
    for millis in [0, 5, 20, 40, 60, 80, 120, 200, 400, 1000] {
        let parent = folder();
        let mut run = std::process::Command::new(std::env::current_exe().expect("a test has a program"));
        run.args(["--exact", test, "--nocapture"]).env(FOLDER, parent.path());
        let mut run = run
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        SystemClock::new().sleep(Duration::from_millis(millis));
        if millis == 1000 {
            let ready = |entry: std::fs::DirEntry| entry.path().join("ready").exists();
            while !std::fs::read_dir(parent.path())
                .expect("it is there")
                .flatten()
                .any(ready)
            {
                SystemClock::new().sleep(PAUSE);
            }
        }
        let tokens = runs(parent.path());
        run.kill().expect("it runs");
        run.wait().expect("it ends");
        wait_gone(parent.path(), &tokens);
    }
}
