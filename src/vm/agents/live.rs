//! The agents in real guests, of both processors and in every role: a kernel, Nix and a shell of Debian's packages, and a
//! system of two scripts.

#![expect(clippy::disallowed_methods, reason = "tests find their programs themselves")]

use super::agent;
use crate::Processor;
use crate::accel::Accel;
use crate::guest::{Call, GuestError};
use crate::image::{Entry, Plan, Size, Tools};
use crate::initrd::cpio::Archive;
use crate::initrd::{self, DISKS, LINE, Module, PARAMETER};
use crate::kit::{self, Kit};
use crate::link::{Link, Wait};
use crate::live::answers;
use crate::machine::{Console, Drive, End, Host, Machine, Medium, Network, Spec};
use crate::realised::{About, Limits, Realised};
use ::agent::{Mount, PORT, Reached, Role};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{HashAlgo, NarTree, StorePath, write_nar};
use sys::{DiskFs, Fs, Guard, Mode, ProcessExec, ProcessSpawn, RunFolder, SystemClock};

/// How long anything may take, on a processor that is emulated on a busy machine.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// The init of the system: says what it was started with, and waits.
const SYSTEM: &str = r#"#!/usr/bin/busybox sh
export PATH=/usr/bin
busybox mkdir -p /run
busybox mount -t tmpfs tmpfs /run
echo "$*" > /run/arguments
while :; do busybox sleep 1; done
"#;

/// Stage 1 of the system: ends whatever is not spared, mounts the root and starts the init, as NixOS's does. It fails if
/// something of the agent is in its way.
const STAGE_1: &str = r#"#!/bin/busybox sh
export PATH=/bin
b=/bin/busybox
$b mkdir -p /proc /dev /mnt
$b mount -t proc proc /proc || exit 1
$b mount -t devtmpfs dev /dev || exit 1
for process in /proc/[0-9]*; do
  first=$($b head -c 1 $process/cmdline)
  case "${process#/proc/}:$first" in 1:* | *: | *:@) ;; *) kill -9 "${process#/proc/}" ;; esac
done
for word in $($b cat /proc/cmdline); do case $word in init=*) init=${word#init=} ;; esac; done
until $b mount -t ext4 /dev/vda /mnt; do $b sleep 1; done
$b mount --move /proc /mnt/proc
$b mount --move /dev /mnt/dev
exec $b switch_root /mnt "$init" "$@"
"#;

/// What the guests of one processor are made of.
pub(super) struct Lab {
    processor: Processor,
    pub(super) realised: Realised,
    pub(super) kit: Kit,
    /// The path with the system's init, and one that the guest does not have at first.
    system: StorePath,
    other: StorePath,
    root: PathBuf,
    delta: PathBuf,
    guard: Guard,
    clock: SystemClock,
    run: RunFolder,
    path: String,
    _parent: tempfile::TempDir,
}

impl Lab {
    pub(super) fn new(processor: Processor) -> Lab {
        let parent = tempfile::tempdir().expect("a folder can be made");
        let built = std::env::current_exe().expect("a test has a program");
        let built = built.ancestors().nth(2).expect("tests lie in a folder of the build");
        let guard = Guard::at(built.join("examples/vm-guard"));
        let run = RunFolder::create(parent.path(), &guard, &ProcessSpawn).expect("a folder can be made");
        let realised = Realised::new(Arc::new(DiskFs), parent.path().join("realised"));
        let mirrors = kit::MIRRORS.map(str::to_owned);
        let source = kit::Source {
            cache: &built.join("debs"),
            mirrors: &mirrors,
            download: Some(&kit::tests::plainly),
        };
        let kit = kit::kit(processor, &realised, source, &mut |_| {}).expect("Debian's packages can be had");
        let system = add(&realised, "system", SYSTEM);
        let other = add(&realised, "other", "#!/usr/bin/busybox true\n");
        let mut lab = Lab {
            processor,
            root: parent.path().join("root"),
            delta: parent.path().join("delta"),
            kit,
            realised,
            system,
            other,
            guard,
            clock: SystemClock::new(),
            run,
            path: std::env::var("PATH").expect("there is a search path"),
            _parent: parent,
        };
        lab.make_disks();
        lab
    }

    fn make_disks(&mut self) {
        let closure = self
            .realised
            .closure([&self.kit.path, &self.system])
            .expect("a closure");
        let mut root = Plan::new(Size::Room(256 << 20));
        root.label = Some("agents".into());
        root.add_closure(&closure);
        let link = |target: String| Entry::Link(target);
        root.add("/usr", link(format!("{}/usr", self.kit.path.to_path())));
        for name in ["bin", "lib", "lib64"] {
            root.add(format!("/{name}"), link(format!("usr/{name}")));
        }
        for name in [
            "/proc",
            "/sys",
            "/dev",
            "/run",
            "/tmp",
            "/root",
            "/home/alice",
            "/nix/var/nix",
        ] {
            root.add(name, Entry::Folder);
        }
        let text = |text: &str| Entry::File(text.as_bytes().to_vec(), false);
        root.add(
            "/etc/passwd",
            text("root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/home/alice:/bin/sh\n"),
        );
        root.add("/etc/group", text("root:x:0:\nusers:x:100:\nwheel:x:1:bob,alice\n"));
        root.add("/etc/link", link("/etc/passwd".into()));
        let entry = format!("linux /k\noptions init={}/init\n", self.system.to_path());
        root.add("/boot/loader/entries/a.conf", text(&entry));
        root.add("/boot/loader/loader.conf", text("default a.conf\n"));
        let delta = Plan::delta(&self.realised, [&self.system], [&self.other]).expect("a delta");
        let tools = Tools {
            exec: &ProcessExec,
            path: &self.path,
        };
        root.make(&self.realised, tools, &self.root)
            .expect("a disk can be made");
        delta
            .make(&self.realised, tools, &self.delta)
            .expect("a disk can be made");
    }

    fn modules(&self, wanted: &[&str]) -> Vec<Module> {
        let folder = self.realised.folder().join("store");
        let store = initrd::Store {
            fs: &DiskFs,
            folder: &folder,
        };
        let modules = self.realised.outside(&self.kit.path).join("modules");
        store.modules(&modules, wanted).expect("the kernel has its modules")
    }

    /// Starts a guest with the root as its first disk, and more disks behind it.
    pub(super) fn start(&self, role: Role, theirs: &[u8], words: &str, more: Vec<Drive>) -> Guest<'_> {
        let wanted = if theirs.is_empty() { DISKS } else { LINE };
        let agent = agent(self.processor).expect("there is an agent");
        let ours = initrd::archive(agent, &self.modules(wanted), role);
        let place = |name: &str| self.run.path().join(format!("{name}-{}", sys::random_token().unwrap()));
        let initrd = place("initrd");
        DiskFs
            .write(&initrd, &initrd::joined(&ours, theirs), Mode::Sealed)
            .expect("a file can be written");
        let root = place("root");
        DiskFs.copy(&self.root, &root).expect("a disk can be copied");
        let mut drives = vec![drive(Medium::Raw(root), "root")];
        drives.extend(more);
        let spec = Spec {
            processor: self.processor,
            accel: Accel::Tcg,
            memory: 512,
            cpus: Accel::Tcg.processors(self.processor),
            kernel: self.kit.kernel.clone(),
            initrd,
            parameters: format!("{PARAMETER} console={} panic=-1 {words}", self.processor.console()),
            drives,
            ports: vec![PORT.into()],
            network: Network::None,
            screen: false,
            most_disk: 32 << 30,
        };
        let host = Host {
            spawn: &ProcessSpawn,
            fs: &DiskFs,
            clock: &self.clock,
            guard: &self.guard,
            user: sys::unprivileged(&DiskFs, None),
            path: &self.path,
            run: &self.run,
        };
        let console = Console::new(None);
        let mut machine = Machine::start(host, &spec, &console, None).expect("the machine starts");
        let link = Link::new(machine.take_port(0).expect("it has a line"));
        Guest {
            machine,
            link,
            console,
            clock: &self.clock,
            watch: answers,
            silence: LONG,
        }
    }
}

fn drive(medium: Medium, serial: &str) -> Drive {
    Drive {
        medium,
        serial: serial.into(),
    }
}

/// Adds a path with a script `init` to a store.
fn add(realised: &Realised, name: &str, script: &str) -> StorePath {
    let digest = HashAlgo::Sha256.hash(name);
    let digest: [u8; 20] = std::array::from_fn(|at| digest.digest()[at]);
    let path = StorePath::new(&digest, name.as_bytes()).expect("a name");
    let file = NarTree::File {
        executable: true,
        contents: script.into(),
    };
    let mut tree = NarTree::Directory([(b"init".to_vec(), file)].into_iter().collect());
    let mut archive = Vec::new();
    write_nar(&mut tree, &mut archive).expect("an archive");
    let added = realised.add(&path, &mut archive.as_slice(), About::default(), Limits::default());
    added.expect("a path can be added");
    path
}

/// A guest that runs.
pub(super) struct Guest<'l> {
    machine: Machine<'l>,
    link: Link,
    pub(super) console: Console,
    pub(super) clock: &'l SystemClock,
    /// Asks whether the machine and its agent are well.
    pub(super) watch: fn(&mut Machine<'_>, &Console) -> Result<(), GuestError>,
    /// How long the agent may say nothing while a program runs.
    pub(super) silence: Duration,
}

impl Guest<'_> {
    /// Asks something that has to be answered.
    pub(super) fn ask<T>(&mut self, ask: impl FnOnce(&mut Link, &mut Wait<'_>) -> Result<T, GuestError>) -> T {
        match self.within(LONG, ask) {
            Ok(answer) => answer,
            Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&self.console.text())),
        }
    }

    /// Asks something with a limit.
    pub(super) fn within<T>(
        &mut self,
        limit: Duration,
        ask: impl FnOnce(&mut Link, &mut Wait<'_>) -> Result<T, GuestError>,
    ) -> Result<T, GuestError> {
        let machine = &mut self.machine;
        let (console, watch) = (&self.console, self.watch);
        let mut watch = || watch(machine, console);
        let mut wait = Wait {
            clock: self.clock,
            limit,
            silence: self.silence,
            watch: &mut watch,
        };
        ask(&mut self.link, &mut wait)
    }

    /// Runs commands of a shell, and returns their code and output.
    fn shell(&mut self, commands: &str, user: Option<&str>) -> (i32, String) {
        let call = Call {
            user: user.map(str::to_owned),
            ..Call::new(["busybox", "sh", "-c", commands])
        };
        let ended = self.ask(|link, wait| link.run(&call, wait, &mut |_| {}));
        (ended.code, String::from_utf8_lossy(&ended.output).into_owned())
    }

    fn is_off(&mut self) {
        let end = self.machine.wait(LONG).expect("the machine can be asked");
        assert_eq!(
            end,
            Some(End::PoweredOff),
            "{}",
            String::from_utf8_lossy(&self.console.text())
        );
    }
}

fn root(options: &str) -> Mount {
    Mount {
        source: "LABEL=agents".into(),
        target: "/".into(),
        kind: "ext4".into(),
        options: options.into(),
    }
}

/// The agent is the init: programs, files, store paths.
fn builds(lab: &Lab) {
    let output = lab.run.path().join("output");
    DiskFs.create(&output, Mode::Plain).expect("a file can be made");
    DiskFs
        .write(&output, &vec![0; 16 << 20], Mode::Plain)
        .expect("a file can be written");
    let more = vec![
        drive(Medium::ReadOnly(lab.delta.clone()), "cfgcheck-delta"),
        drive(Medium::Raw(output.clone()), "output"),
    ];
    let mounts = vec![root("rw")];
    let mut guest = lab.start(Role::Build { mounts }, &[], "", more);
    let hello = guest.ask(|link, wait| link.up(wait));
    assert_eq!(
        (hello.role.as_str(), hello.processor.as_str()),
        ("build", lab.processor.name())
    );

    assert_eq!(
        guest.shell("echo out; echo err >&2; exit 7", None),
        (7, "out\nerr\n".into())
    );
    assert_eq!(guest.shell("kill -9 $$", None).0, 137);
    let as_alice = "id; busybox pwd; echo $HOME $USER";
    let (code, said) = guest.shell(&as_alice.replace("id;", "busybox id;"), Some("alice"));
    assert_eq!(
        (code, said.as_str()),
        (
            0,
            "uid=1000(alice) gid=100(users) groups=1(wheel),100(users)\n/home/alice\n/home/alice alice\n"
        )
    );
    let nobody = Call {
        user: Some("mallory".into()),
        ..Call::new(["busybox"])
    };
    let refused = guest.within(LONG, |link, wait| link.run(&nobody, wait, &mut |_| {}));
    assert!(matches!(refused, Err(GuestError::Refused { why }) if why.contains("mallory")));
    assert_eq!(
        guest
            .ask(|link, wait| link.run(&Call::new(["gone"]), wait, &mut |_| {}))
            .code,
        127
    );

    // What a program has started does not hold it up, and what takes too long is ended with all that it has started.
    assert_eq!(
        guest.shell("busybox sleep 4321 & echo begun", None),
        (0, "begun\n".into())
    );
    let long = Call::new(["busybox", "sh", "-c", "busybox sleep 1234; true"]);
    let late = guest.within(Duration::from_secs(3), |link, wait| link.run(&long, wait, &mut |_| {}));
    assert!(matches!(late, Err(GuestError::TimedOut { .. })), "{late:?}");
    let (_, left) = guest.shell("busybox ps", None);
    assert!(left.contains("sleep 4321") && !left.contains("sleep 1234"), "{left}");

    // Links are links in the guest, and nothing that has no end is read.
    let passwd = guest.ask(|link, wait| link.read("/etc/link", 1000, wait));
    assert!(passwd.starts_with(b"root:x:0"));
    for path in ["/dev/zero", "/etc", "/gone", "/etc/passwd"] {
        let refused = guest.within(LONG, |link, wait| link.read(path, 3, wait));
        assert!(
            matches!(refused, Err(GuestError::Refused { .. })),
            "{path}: {refused:?}"
        );
    }
    let bytes = vec![b'x'; 200_000];
    guest.ask(|link, wait| link.write("/tmp/new/folder/file", &bytes, true, wait));
    assert_eq!(
        guest.ask(|link, wait| link.read("/tmp/new/folder/file", 200_000, wait)),
        bytes
    );
    assert_eq!(
        guest.shell("busybox stat -c '%a %u' /tmp/new/folder/file", None),
        (0, "755 0\n".into())
    );

    assert!(!guest.ask(|link, wait| link.listens(4000, wait)));
    assert_eq!(
        guest
            .shell(
                "busybox ip link set lo up; busybox nc -l -p 4000 > /dev/null & busybox sleep 2",
                None
            )
            .0,
        0
    );
    assert!(guest.ask(|link, wait| link.listens(4000, wait)));
    assert_eq!(
        guest.ask(|link, wait| link.reaches([192, 0, 2, 1], wait)),
        Reached::NoRoute
    );

    let other = lab.other.to_path();
    assert_eq!(guest.shell(&format!("test -e {other}"), None).0, 1);
    assert_eq!(guest.ask(|link, wait| link.adopt("cfgcheck-delta", wait)), 1);
    assert_eq!(guest.ask(|link, wait| link.adopt("cfgcheck-delta", wait)), 0);
    let look = format!("busybox stat -c '%a %Y' {other}/init {other}; nix-store --check-validity {other} 2>/dev/null");
    assert_eq!(guest.shell(&look, None), (0, "555 1\n555 1\n".into()));
    let paths = [other, lab.system.to_path()];
    let places = guest.ask(|link, wait| link.export("vdc", &paths, wait));
    guest.ask(|link, wait| link.off(wait));
    guest.is_off();
    drop(guest);
    let disk = DiskFs.read(&output).expect("the disk can be read");
    for (place, path) in places.iter().zip([&lab.other, &lab.system]) {
        let mut archive = Vec::new();
        lab.realised.archive(path, &mut archive).expect("an archive");
        let from = usize::try_from(place.offset).unwrap();
        assert_eq!(disk[from..from + usize::try_from(place.size).unwrap()], archive);
    }
}

/// The system's own stage 1 runs as if nobody were there.
fn passes_through(lab: &Lab) {
    let busybox = DiskFs
        .read(&lab.realised.outside(&lab.kit.path).join("usr/bin/busybox"))
        .expect("a busybox");
    let mut theirs = Archive::new();
    theirs.folder("bin");
    theirs.file("bin/busybox", 0o755, &busybox);
    theirs.file("init", 0o755, STAGE_1.as_bytes());
    let words = format!("init={}/init a-word", lab.system.to_path());
    let mut guest = lab.start(
        Role::PassThrough { init: "/init".into() },
        &theirs.end(),
        &words,
        Vec::new(),
    );
    let before = guest.ask(|link, wait| link.hello(wait));
    runs_the_system(&mut guest, "a-word\n");
    let after = guest.ask(|link, wait| link.hello(wait));
    assert_eq!((before.role.as_str(), before.boot), ("pass-through", after.boot));
    goes_off(&mut guest);
}

/// The agent mounts the root and starts the system.
fn is_stage_1(lab: &Lab) {
    let role = Role::Stage1 {
        mounts: vec![root("rw,noatime")],
        init: format!("{}/init", lab.system.to_path()),
        prepare: Some("/usr/bin/busybox".into()),
    };
    let mut guest = lab.start(role, &[], "", Vec::new());
    runs_the_system(&mut guest, "\n");
    goes_off(&mut guest);
}

/// Waits for the system that runs beside the agent, and looks at it.
fn runs_the_system(guest: &mut Guest<'_>, arguments: &str) {
    let told = loop {
        match guest.within(LONG, |link, wait| link.read("/run/arguments", 1000, wait)) {
            Ok(told) if !told.is_empty() => break told,
            Ok(_) | Err(GuestError::Refused { .. }) => sys::Clock::sleep(guest.clock, Duration::from_millis(200)),
            Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&guest.console.text())),
        }
    };
    assert_eq!(String::from_utf8_lossy(&told), arguments);
    let (_, mounts) = guest.shell("busybox cat /proc/mounts", None);
    assert!(
        mounts.contains(" / ext4 rw") && !mounts.contains("cfgcheck"),
        "{mounts}"
    );
}

/// Switches a machine off from inside.
fn goes_off(guest: &mut Guest<'_>) {
    let off = Call::new(["busybox", "poweroff", "-f"]);
    let gone = guest.within(LONG, |link, wait| link.run(&off, wait, &mut |_| {}));
    assert!(!matches!(gone, Err(GuestError::TimedOut { .. })), "{gone:?}");
    guest.is_off();
}

/// The agent tells what the boot loader would start, or why it cannot.
fn reads_the_boot_loader(lab: &Lab) {
    let mut guest = lab.start(Role::BootDefault { mounts: vec![root("")] }, &[], "", Vec::new());
    let told = guest.ask(|link, wait| link.boot_default(wait));
    assert_eq!(
        told,
        (
            format!("{}/init", lab.system.to_path()),
            "/boot/loader/entries/a.conf".into()
        )
    );
    guest.ask(|link, wait| link.off(wait));
    guest.is_off();

    let broken = Mount {
        kind: "nosuchfs".into(),
        ..root("")
    };
    let mut guest = lab.start(Role::BootDefault { mounts: vec![broken] }, &[], "", Vec::new());
    let told = guest.within(LONG, |link, wait| link.boot_default(wait));
    assert!(
        matches!(&told, Err(GuestError::Refused { why }) if why.starts_with("cannot mount /dev/vda on /")),
        "{told:?}"
    );
    guest.ask(|link, wait| link.off(wait));
    guest.is_off();
}

fn all(processor: Processor) {
    let lab = Lab::new(processor);
    builds(&lab);
    passes_through(&lab);
    is_stage_1(&lab);
    reads_the_boot_loader(&lab);
}

#[test]
fn live_agents_do_what_they_are_for_on_x86_64() {
    all(Processor::X86);
}

#[test]
fn live_agents_do_what_they_are_for_on_aarch64() {
    all(Processor::Arm);
}
