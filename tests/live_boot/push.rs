//! Deployments by SSH, over a link that can be cut.

use crate::deploy::TRIES;
use crate::fleet;
use crate::host::{Blow, Host};
use crate::link::{Link, free_port};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// Whoever deploys: this machine, with an SSH that is configured for the host.
pub struct Deployer {
    folder: TempDir,
    link: Link,
}

/// A deployment that is under way.
pub struct Deploying {
    switch: Child,
    said: JoinHandle<String>,
}

impl Deploying {
    /// Waits for its end, and returns the exit code and what was said.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let code = self.switch.wait().expect("it ends").code();
        (code, self.said.join().expect("what it says is text"))
    }
}

impl Deployer {
    /// Returns a deployer with a key that the host knows.
    fn new(host: &mut Host, port: u16) -> Deployer {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let link = Link::to(port);
        let at = |name: &str| folder.path().join(name);
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at("key"));
        assert!(keygen.status().expect("ssh-keygen runs").success());
        let public = std::fs::read_to_string(at("key.pub")).expect("there is a key");
        host.machine().succeed(&format!(
            "mkdir -p -m 700 ~/.ssh; echo '{}' >~/.ssh/authorized_keys; networkctl --no-pager",
            public.trim()
        ));
        let config = format!(
            "Host web\n  HostName 127.0.0.1\n  Port {}\n  User root\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n",
            link.port(),
            at("key").display()
        );
        std::fs::write(at("config"), config).expect("files can be written");
        std::fs::create_dir(at("bin")).expect("folders can be made");
        // OpenSSH takes the home of the user database, and not that of the environment.
        let ssh = format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", at("config").display());
        std::fs::write(at("bin/ssh"), ssh).expect("files can be written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(at("bin/ssh"), executable).expect("it can be made executable");
        Deployer { folder, link }
    }

    /// Returns a path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has SSH lead to another host by this name, which knows the same key.
    pub fn leads_to(&self, name: &str, port: u16) {
        let config = std::fs::read_to_string(self.path("config")).expect("there is one");
        let own = format!("Port {}\n", self.link.port());
        let other = config.replace("Host web\n", &format!("Host {name}\n"));
        let other = other.replace(&own, &format!("Port {port}\n"));
        std::fs::write(self.path("config"), config + &other).expect("files can be written");
    }

    /// Deploys a system, and cuts the link for some seconds when a phase has begun. Returns the exit code and what was said,
    /// and whether the phase was not over before.
    fn deploy_and_cut(
        &self,
        host: &mut Host,
        system: &str,
        (phase, seconds): (&str, u64),
    ) -> (Option<i32>, String, bool) {
        host.expects_another();
        let deploying = self.begin(system, &["--confirm-time", "20"]);
        let is_hit = host.frozen_in(phase);
        self.link.cut();
        host.thaw();
        std::thread::sleep(Duration::from_secs(seconds));
        self.link.mend();
        let (code, said) = deploying.ended();
        (code, said, is_hit)
    }

    /// Begins to deploy a system.
    pub fn begin(&self, system: &str, more: &[&str]) -> Deploying {
        let mut switch = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        switch
            .args([
                "switch",
                "--system",
                system,
                "--target",
                "web",
                "--override",
                "test",
                "--grace",
                "1",
            ])
            .args(more);
        let path = std::env::var("PATH").expect("there is a search path");
        let path = format!("{}:{path}", self.folder.path().join("bin").display());
        switch
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut switch = switch.spawn().expect("cfgcheck runs");
        let stderr = BufReader::new(switch.stderr.take().expect("it is piped"));
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            for line in stderr.lines() {
                let line = line.expect("it is text");
                eprintln!("{line}");
                said.push_str(&line);
                said.push('\n');
            }
            said
        });
        Deploying { switch, said }
    }

    /// Runs cfgcheck and returns its exit code and all that it said.
    pub fn cfgcheck(&self, args: &[&str]) -> (Option<i32>, String) {
        let path = std::env::var("PATH").expect("there is a search path");
        let path = format!("{}:{path}", self.path("bin").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        let output = command.args(args).env("PATH", path).output().expect("cfgcheck runs");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        eprintln!("{}", said.concat());
        (output.status.code(), said.concat())
    }

    /// Runs another command of cfgcheck for the host.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        self.cfgcheck(&[args, &["--target", "web"]].concat())
    }
}

/// Returns a host that SSH leads to, and whoever deploys to it.
pub fn pair(names: &[&'static str]) -> (Host, Deployer) {
    assert!(Path::new("/usr/bin/ssh").exists(), "OpenSSH is installed");
    let port = free_port();
    let mut host = Host::with_port(names, Some(port));
    let deployer = Deployer::new(&mut host, port);
    (host, deployer)
}

/// A sample of all that is tried here and in `deploy.rs`, in one machine.
#[test]
fn live_a_deployment_is_done_or_undone() {
    let (mut host, deployer) = pair(&["a", "b"]);
    let b = host.path("b");
    let (code, said) = host
        .machine()
        .run(&format!("cfgcheck switch --system {b} --dry-run 2>&1"));
    assert_eq!(code, 6, "no policy is enrolled\n{said}");

    let (code, said, is_hit) = deployer.deploy_and_cut(&mut host, &b, ("activating", 5));
    assert_eq!((code, is_hit), (Some(0), true), "{said}\n{}", host.journal());
    host.old = "b";
    host.is_as_before();
    let (code, said) = deployer.run(&["status"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(&format!("  runs      {b}\n")) && said.contains("  boots     the same\n"),
        "{said}"
    );
    assert!(said.contains("approval  none; overridden: test"), "{said}");

    let why = host.struck("a", "examining", Blow::EngineKilled);
    assert_eq!(why.as_deref(), Some("the engine ended while it was examining"));
    host.power_off();
}

#[test]
fn machine_a_canary_decides_for_the_others() {
    let (mut host, deployer) = pair(&["a", "b", "unreachable"]);
    fleet::a_canary_decides_for_the_others(&mut host, &deployer);
    host.power_off();
}

/// Cuts the link in each phase for so many seconds, there and back again.
fn cut_in_each_phase(seconds: u64) {
    let (mut host, deployer) = pair(&["a", "b"]);
    let phases = [
        "preflight",
        "arming",
        "activating",
        "examining",
        "confirming",
        "committing",
        "installing",
        "disarming",
    ];
    let mut survived = Vec::new();
    for phase in phases {
        // A phase may be over before the machine has looked; then it counts for nothing.
        let code = (0..TRIES).find_map(|_| {
            let name = if host.old == "a" { "b" } else { "a" };
            let system = host.path(name);
            let (code, said, is_hit) = deployer.deploy_and_cut(&mut host, &system, (phase, seconds));
            match code {
                Some(0) => host.old = name,
                Some(4) => assert!(said.contains("nobody has connected anew"), "{said}"),
                _ => panic!("{phase}: {code:?}\n{said}"),
            }
            host.is_as_before();
            is_hit.then_some(code)
        });
        let code = code.unwrap_or_else(|| panic!("{phase} was never hit"));
        survived.push(format!("{phase}: exit code {}", code.unwrap_or(-1)));
    }
    eprintln!("{} survived\n{}", survived.len(), survived.join("\n"));
    host.power_off();
}

#[test]
fn machine_a_link_that_is_cut_for_a_moment_leaves_no_third_state() {
    cut_in_each_phase(3);
}

#[test]
fn machine_a_link_that_is_cut_for_long_leaves_no_third_state() {
    cut_in_each_phase(40);
}
