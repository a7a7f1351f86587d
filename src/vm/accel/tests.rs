use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use sys::{DiskFs, ManualClock, MemoryFs, Output, ProcessExec, SystemClock};

/// How a QEMU ends with an accelerator, and what it says.
type Ends = fn(Accel) -> (Exit, &'static str);

/// A QEMU that ends as a function of its accelerator says, and takes its time.
struct Fake<'c> {
    ends: Ends,
    clock: &'c ManualClock,
    /// Runs with each accelerator.
    runs: [AtomicU32; 2],
}

impl Exec for Fake<'_> {
    fn run(&self, command: &Command) -> Result<Output, ExecError> {
        let has = |word: &str| command.args.iter().any(|arg| arg == word);
        let accel = if has("kvm") { Accel::Kvm } else { Accel::Tcg };
        // The second run has all the rounds.
        let runs = &self.runs[usize::from(accel == Accel::Kvm)];
        let long = runs.fetch_add(1, Ordering::Relaxed) == 1;
        self.clock.advance(Duration::from_millis(if long { 700 } else { 100 }));
        let (exit, stderr) = (self.ends)(accel);
        Ok(Output {
            exit,
            stdout: Vec::new(),
            stderr: stderr.into(),
            truncated: false,
        })
    }
}

fn choose(ends: Ends, own: Option<Processor>, device: bool, wanted: Wanted) -> Result<Choice, AccelError> {
    let fs = MemoryFs::new().file("/run/there", "");
    let fs = if device { fs.file(DEVICE, "") } else { fs };
    choose_with(ends, own, &fs, wanted)
}

fn choose_with(ends: Ends, own: Option<Processor>, fs: &MemoryFs, wanted: Wanted) -> Result<Choice, AccelError> {
    let clock = ManualClock::at(Duration::ZERO);
    let exec = Fake {
        ends,
        clock: &clock,
        runs: Default::default(),
    };
    let probe = Probe {
        exec: &exec,
        fs,
        clock: &clock,
        path: "/bin",
        own,
        folder: Path::new("/run"),
        guard: &Guard::at("/cfgcheck"),
        user: None,
        memory: Path::new("/run/hung"),
    };
    let choice = probe.choose(Processor::X86, wanted);
    assert!(fs.stat(Path::new("/run/probe")).unwrap().is_none(), "nothing is left");
    choice
}

const X86: Option<Processor> = Some(Processor::X86);

fn well(_: Accel) -> (Exit, &'static str) {
    (Exit::Code(3), "")
}

/// KVM's calls succeed, and no guest ever runs.
fn lies(accel: Accel) -> (Exit, &'static str) {
    match accel {
        Accel::Kvm => (Exit::TimedOut, ""),
        Accel::Tcg => (Exit::Code(3), ""),
    }
}

fn refuses(accel: Accel) -> (Exit, &'static str) {
    match accel {
        Accel::Kvm => (Exit::Code(1), "\nCould not access KVM:\u{1b}[2J denied\nmore\n"),
        Accel::Tcg => (Exit::Code(3), ""),
    }
}

fn breaks(_: Accel) -> (Exit, &'static str) {
    (Exit::Signal(6), "")
}

#[test]
fn kvm_is_chosen_if_a_guest_runs_with_it_and_what_is_chosen_is_explained() {
    let table: [(Ends, _, _, _, Accel, &str); 7] = [
        (well, X86, true, Wanted::Best, Accel::Kvm, "a guest ran with it"),
        (
            well,
            X86,
            true,
            Wanted::Only(Accel::Kvm),
            Accel::Kvm,
            "a guest ran with it",
        ),
        (well, X86, true, Wanted::Only(Accel::Tcg), Accel::Tcg, "asked for"),
        (well, X86, false, Wanted::Best, Accel::Tcg, "there is no /dev/kvm"),
        (
            well,
            Some(Processor::Arm),
            true,
            Wanted::Best,
            Accel::Tcg,
            "the guest is x86_64 and this machine aarch64",
        ),
        (
            lies,
            X86,
            true,
            Wanted::Best,
            Accel::Tcg,
            "KVM does not run a guest: it did not come to its end within 10 seconds",
        ),
        (
            refuses,
            X86,
            true,
            Wanted::Best,
            Accel::Tcg,
            "KVM does not run a guest: QEMU ended with code 1: Could not access KVM:\u{241b}[2J denied",
        ),
    ];
    for (ends, own, device, wanted, accel, why) in table {
        let choice = choose(ends, own, device, wanted).expect("there is an accelerator");
        assert_eq!((choice.accel, &*choice.why), (accel, why));
        // Twice and three times as long as usual.
        let factor = if accel == Accel::Tcg { 8.0 * 2.0 } else { 3.0 };
        assert!((choice.factor - factor).abs() < 0.01, "{}", choice.factor);
    }
}

#[test]
fn without_an_accelerator_the_reason_is_told() {
    let table: [(Ends, _, _, &str); 3] = [
        (
            lies,
            true,
            Wanted::Only(Accel::Kvm),
            "KVM is asked for, but KVM does not run a guest: it did not come to its end within 10 seconds",
        ),
        (
            well,
            false,
            Wanted::Only(Accel::Kvm),
            "KVM is asked for, but there is no /dev/kvm",
        ),
        (
            breaks,
            true,
            Wanted::Best,
            "qemu-system-x86_64 cannot run a guest: QEMU was ended by signal 6",
        ),
    ];
    for (ends, device, wanted, message) in table {
        let error = choose(ends, X86, device, wanted).expect_err("there is none");
        assert_eq!(error.to_string(), message);
    }
}

fn missing(_: Accel) -> (Exit, &'static str) {
    (Exit::Code(125), "there is no program \"qemu\"\n")
}

#[test]
fn a_machine_without_qemu_says_so() {
    let error = choose(missing, X86, true, Wanted::Best)
        .expect_err("there is no QEMU")
        .to_string();
    assert_eq!(error, "QEMU cannot be started: there is no program \"qemu\"");
}

#[test]
fn guests_that_hang_with_kvm_are_remembered_until_the_machine_starts_anew() {
    let fs = || MemoryFs::new().file("/run/there", "").file(DEVICE, "");
    let machine = fs().file(BOOT_ID, "one\n");
    let why = |ends: Ends, fs: &MemoryFs, wanted| match choose_with(ends, X86, fs, wanted) {
        Ok(choice) => choice.why,
        Err(error) => error.to_string(),
    };
    assert!(why(lies, &machine, Wanted::Best).ends_with("within 10 seconds"));
    let remembered = "KVM does not run a guest: one hung since this machine was started";
    assert_eq!(why(well, &machine, Wanted::Best), remembered);
    // Who insists gets another try.
    assert_eq!(why(well, &machine, Wanted::Only(Accel::Kvm)), "a guest ran with it");
    let anew = machine.file(BOOT_ID, "two\n");
    assert_eq!(why(well, &anew, Wanted::Best), "a guest ran with it");
    // What fails at once is tried again: rights may change.
    let machine = fs().file(BOOT_ID, "one\n");
    assert!(why(refuses, &machine, Wanted::Best).contains("denied"));
    assert_eq!(why(well, &machine, Wanted::Best), "a guest ran with it");
    // Nothing is remembered of a machine that does not tell its starts apart.
    let machine = fs();
    assert!(why(lies, &machine, Wanted::Best).ends_with("within 10 seconds"));
    assert_eq!(why(well, &machine, Wanted::Best), "a guest ran with it");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "QEMU is looked up where this process would, and the guard beside the test"
)]
fn live_guests_of_both_processors_run() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = std::env::var("PATH").expect("there is a search path");
    let tests = std::env::current_exe().expect("a test has a program");
    let built = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in a folder of the build");
    let guard = Guard::at(built.join("examples/vm-guard"));
    let clock = SystemClock::new();
    let probe = |path: &str, guest, wanted| {
        let probe = Probe {
            exec: &ProcessExec,
            fs: &DiskFs,
            clock: &clock,
            path,
            own: Processor::own(),
            folder: folder.path(),
            guard: &guard,
            user: sys::unprivileged(&DiskFs, Some(Path::new(DEVICE))),
            memory: &folder.path().join("hung"),
        };
        probe.choose(guest, wanted)
    };
    for guest in [Processor::X86, Processor::Arm] {
        let choice = probe(&path, guest, Wanted::Best).expect("a guest runs");
        if Processor::own() != Some(guest) {
            assert_eq!(choice.accel, Accel::Tcg);
        }
        assert!(choice.factor >= 1.0, "{choice:?}");
        let asked = probe(&path, guest, Wanted::Only(Accel::Tcg)).expect("it runs");
        assert_eq!(asked.why, "asked for");
    }
    let missing = probe("/nowhere", Processor::X86, Wanted::Only(Accel::Tcg)).expect_err("there is no QEMU");
    assert_eq!(
        missing.to_string(),
        "QEMU cannot be started: there is no program \"qemu-system-x86_64\""
    );
}
