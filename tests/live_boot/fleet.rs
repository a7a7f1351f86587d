//! A fleet of two machines: a canary that is taken back keeps the other one as it is, and one that is well lets it come next.

use crate::bootloader::Entry;
use crate::host::Host;
use crate::image::Image;
use crate::link::free_port;
use crate::machine::{Machine, Processor};
use crate::push::Deployer;

/// The second machine of the fleet: a copy of the first one's disk.
struct Second {
    _image: Image,
    machine: Machine,
}

impl Second {
    /// Boots it, and has SSH lead to it by the name `db`.
    fn boot(host: &mut Host, deployer: &Deployer) -> Second {
        // What the machine has written so far is on its disk, but for the end of its journals, which mounting brings into order.
        host.machine().succeed("sync");
        let image = host.image().copied();
        let default = Entry::of_systemd_boot(&image);
        let port = free_port();
        deployer.leads_to("db", port);
        let mut machine = Machine::boot_with_port(Processor::X86, &image, &default, Some(port));
        machine.is_well();
        Second { _image: image, machine }
    }

    /// Returns what it runs, what its profile is, what it boots and in which boot it is.
    fn state(&mut self) -> String {
        self.machine.succeed(
            "readlink -f /run/current-system /nix/var/nix/profiles/system; cat /boot/loader/loader.conf /proc/sys/kernel/random/boot_id; \
             ls /var/lib/cfgcheck 2>&1 || true",
        )
    }
}

/// Deploys systems to both machines, the first of which is the canary, and returns the exit code and all that was said.
fn deploy(deployer: &Deployer, web: &str, db: &str, more: &[&str]) -> (Option<i32>, String) {
    let systems = format!("{{\"web\": \"{web}\", \"db\": \"{db}\"}}");
    let at = |name: &str| deployer.path(name).to_str().expect("it is text").to_owned();
    std::fs::write(at("systems.json"), systems).expect("files can be written");
    let fleet = "hosts: { web: { target: web }, db: { target: db } }\ncanary: [web]\n";
    std::fs::write(at("deploy.yaml"), fleet).expect("files can be written");
    let (systems, fleet, junit) = (
        at("systems.json"),
        at("deploy.yaml"),
        format!("junit={}", at("deploy.xml")),
    );
    let args = [
        "switch",
        "--systems",
        &systems,
        "--fleet",
        &fleet,
        "--hosts",
        "*",
        "--override",
        "test",
        "--grace",
        "1",
        "--output",
        &junit,
    ];
    deployer.cfgcheck(&[&args[..], more].concat())
}

/// Has a canary that nobody reaches any more be taken back, and then a good one be followed by the other machine.
pub fn a_canary_decides_for_the_others(host: &mut Host, deployer: &Deployer) {
    let mut second = Second::boot(host, deployer);
    let before = second.state();
    let (a, b, unreachable) = (host.path("a"), host.path("b"), host.path("unreachable"));
    let (code, said) = deploy(deployer, &unreachable, &b, &["--confirm-time", "10"]);
    assert_eq!(code, Some(4), "{said}\n{}", host.journal());
    for line in [
        "canary: web\nwave 1: db\n",
        "web: confirming\n",
        "web: rolling back\n",
        "no other host is begun: web was rolled back, and is the canary\n",
        "db    wave 1  not begun\n",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
    host.is_as_before();
    assert_eq!(second.state(), before, "it was planned, and nothing else");
    let junit = std::fs::read_to_string(deployer.path("deploy.xml")).expect("there is a report");
    for expected in ["tests=\"2\"", "skipped=\"1\"", "failures=\"1\""] {
        assert!(junit.contains(expected), "{expected} is not in {junit}");
    }

    let (code, said) = deploy(deployer, &a, &b, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("web   canary  as before") && said.contains("db    wave 1  deployed"),
        "{said}"
    );
    host.is_as_before();
    let runs = second
        .machine
        .succeed("readlink -f /run/current-system /nix/var/nix/profiles/system");
    assert_eq!(runs, format!("{b}\n{b}\n"));
    second.machine.is_well();
}
