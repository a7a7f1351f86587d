//! A machine: QEMU with a disk, a serial console that is kept, and the line of the test's shell.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bootloader::Entry;
use crate::image::Image;
use crate::shell::Shell;

/// How long a machine may take to answer, which is minutes where the processor is emulated.
const BOOT: Duration = Duration::from_secs(600);
/// How long it may take to go down.
const POWEROFF: Duration = Duration::from_secs(240);
/// How long it may take until a deployment reboots it, with all that comes before.
const REBOOT: Duration = Duration::from_secs(900);

/// The processor of a machine.
#[derive(Clone, Copy)]
pub enum Processor {
    X86,
    Arm,
}

/// What a machine has of a network: nothing but this.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Network {
    /// The port of this machine that leads to its sshd.
    pub port: Option<u16>,
    /// The command that serves each connection to port 22 of 10.0.2.100.
    pub server: Option<String>,
}

/// A machine that runs. It ends with this value, and with the test's process.
pub struct Machine {
    qemu: Child,
    shell: Shell,
    folder: TempDir,
}

impl Machine {
    /// Starts a machine as its boot loader would, and waits for its shell.
    pub fn boot(processor: Processor, image: &Image, entry: &Entry) -> Machine {
        Machine::boot_with_port(processor, image, entry, None)
    }

    /// Starts a machine, and has a port of this machine lead to its sshd. It reaches nothing itself.
    pub fn boot_with_port(processor: Processor, image: &Image, entry: &Entry, port: Option<u16>) -> Machine {
        let network = Network {
            port,
            ..Network::default()
        };
        Machine::boot_in(processor, image, entry, &network)
    }

    /// Starts a machine with what it has of a network.
    pub fn boot_in(processor: Processor, image: &Image, entry: &Entry, network: &Network) -> Machine {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let socket = folder.path().join("shell");
        let console = File::create(folder.path().join("console")).expect("files can be made");
        let arguments: &[&str] = match processor {
            Processor::X86 => &["qemu-system-x86_64", "-machine", "q35", "-cpu", "max"],
            Processor::Arm => &["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57"],
        };
        // QEMU dies with its parent: a test that is killed leaves nothing behind.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).args(arguments);
        // Several emulated processors of x86 do not always see what one of them writes into the kernel's code.
        let processors = match processor {
            Processor::X86 => "1",
            Processor::Arm => "2",
        };
        command.args(["-accel", "tcg,thread=multi", "-smp", processors, "-m", "1024"]);
        command.args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-serial",
            "stdio",
        ]);
        command
            .arg("-kernel")
            .arg(&entry.kernel)
            .arg("-initrd")
            .arg(&entry.initrd);
        command.args(["-append", &entry.options]);
        command.args([
            "-device",
            "virtio-rng-pci",
            "-device",
            "virtio-blk-pci,drive=disk",
            "-drive",
        ]);
        command.arg(format!("file={},if=none,id=disk,format=raw", image.path().display()));
        if *network != Network::default() {
            command.args(["-device", "virtio-net-pci,netdev=net", "-netdev"]);
            let mut options = "user,id=net,restrict=on".to_owned();
            if let Some(port) = network.port {
                options.push_str(&format!(",hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:22"));
            }
            if let Some(server) = &network.server {
                options.push_str(&format!(
                    ",guestfwd=tcp:10.0.2.100:22-cmd:{}",
                    server.replace(',', ",,")
                ));
            }
            command.arg(options);
        }
        command.args(["-device", "virtio-serial-pci", "-device"]);
        command.args(["virtserialport,chardev=shell,name=test-shell", "-chardev"]);
        command.arg(format!("socket,id=shell,path={},server=on,wait=off", socket.display()));
        command
            .stdin(Stdio::null())
            .stderr(console.try_clone().expect("files can be shared"))
            .stdout(console);
        let mut qemu = command.spawn().expect("QEMU starts; is it installed?");

        let deadline = Instant::now() + BOOT;
        let stream = loop {
            if let Ok(stream) = UnixStream::connect(&socket) {
                break stream;
            }
            let ended = qemu.try_wait().expect("QEMU can be asked");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "QEMU did not start: {}",
                said_by(&folder)
            );
            std::thread::sleep(Duration::from_millis(50));
        };
        let mut machine = Machine {
            qemu,
            shell: Shell::new(stream),
            folder,
        };
        if let Err(fault) = machine.shell.wait_ready(BOOT) {
            panic!("the machine did not boot: {fault}\n{}", said_by(&machine.folder));
        }
        machine
    }

    /// Runs commands in the guest and returns their exit code and output.
    pub fn run(&mut self, commands: &str) -> (i32, String) {
        match self.shell.run(commands) {
            Ok(answer) => {
                eprintln!("$ {commands}\n{}=> {}", answer.1, answer.0);
                answer
            }
            Err(fault) => panic!("no answer to `{commands}`: {fault}\n{}", said_by(&self.folder)),
        }
    }

    /// Runs commands that have to end with 0, and returns their output.
    pub fn succeed(&mut self, commands: &str) -> String {
        let (code, output) = self.run(commands);
        assert_eq!(code, 0, "{commands}\n{output}");
        output
    }

    /// Waits until the service manager has done all that it was asked to, and returns the state of the system.
    pub fn wait_until_up(&mut self) -> String {
        let state = self.run("systemctl is-system-running --wait").1;
        state.trim().to_owned()
    }

    /// Asserts that the system runs and no unit has failed.
    pub fn is_well(&mut self) {
        let state = self.wait_until_up();
        let failed = self.succeed("systemctl --failed --no-legend --no-pager --plain");
        let why = if failed.is_empty() {
            String::new()
        } else {
            self.run("journalctl -b -n 150 --no-pager").1
        };
        assert_eq!((state.as_str(), failed.as_str()), ("running", ""), "{why}");
    }

    /// Powers the machine off from inside and waits for its end.
    pub fn power_off(mut self) {
        self.shell.send("systemctl poweroff");
        self.ends_within(POWEROFF);
    }

    /// Waits until the machine reboots, which ends it here.
    pub fn goes_down(mut self) {
        self.ends_within(REBOOT);
    }

    fn ends_within(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.qemu.try_wait().expect("QEMU can be asked").is_none() {
            assert!(
                Instant::now() < deadline,
                "it does not go down: {}",
                said_by(&self.folder)
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Returns the end of what the machine wrote on its console.
fn said_by(folder: &TempDir) -> String {
    let console = std::fs::read(folder.path().join("console")).unwrap_or_default();
    let text = String::from_utf8_lossy(&console[console.len().saturating_sub(8000)..]).into_owned();
    format!("its console ends with:\n{text}")
}
