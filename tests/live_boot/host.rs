//! A server that is deployed to: what it runs and boots, and blows from outside.

use crate::bootloader::Entry;
use crate::builder::Builder;
use crate::image::Image;
use crate::machine::{Machine, Network, Processor};

/// The deployment that is under way, or the last one.
const STATE: &str = "/var/lib/cfgcheck/switch.json";
/// The control group of the engine.
const CGROUP: &str = "/sys/fs/cgroup/system.slice/cfgcheck-switch.service";

/// What a deployment is struck with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blow {
    EngineKilled,
    PowerLost,
}

/// A machine with systems, of which it runs and boots the first one.
pub struct Host {
    image: Image,
    machine: Option<Machine>,
    network: Network,
    systems: Vec<(&'static str, String)>,
    /// The system that it runs and boots.
    pub old: &'static str,
}

impl Host {
    /// Returns a machine with these systems, that has booted the first one.
    pub fn new(names: &[&'static str]) -> Host {
        Host::with_port(names, None)
    }

    /// Returns the same with a network, in which a port of this machine leads to its sshd.
    pub fn with_port(names: &[&'static str], port: Option<u16>) -> Host {
        let builder = Builder::with_cfgcheck("server", "x86_64-linux");
        let systems: Vec<(&str, String)> = names.iter().map(|name| (*name, builder.build(name))).collect();
        let network = Network {
            port,
            ..Network::default()
        };
        Host::of_systems(&builder, systems, network)
    }

    /// Returns a machine with systems that are built already, that has booted the first one.
    pub fn of_systems(builder: &Builder, systems: Vec<(&'static str, String)>, network: Network) -> Host {
        let paths: Vec<&str> = systems.iter().map(|(_, path)| path.as_str()).collect();
        let image = Image::new(builder, &paths);
        let entry = Entry::of_system(builder, paths[0]);
        let machine = Machine::boot_in(Processor::X86, &image, &entry, &network);
        let old = systems[0].0;
        let mut host = Host {
            image,
            machine: Some(machine),
            network,
            systems,
            old,
        };
        host.machine().is_well();
        // The boot loader's files, as an installer would have written them.
        let first = host.path(old);
        host.machine()
            .succeed(&format!("{first}/bin/switch-to-configuration boot"));
        host
    }

    pub fn machine(&mut self) -> &mut Machine {
        self.machine.as_mut().expect("the machine is on")
    }

    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn path(&self, name: &str) -> String {
        let system = self.systems.iter().find(|(known, _)| *known == name);
        system.map_or_else(|| name.to_owned(), |(_, path)| path.clone())
    }

    /// Deploys a system and returns the exit code and what was said.
    pub fn deploy(&mut self, name: &str, more: &str) -> (i32, String) {
        let command = self.command(name, more);
        self.machine().run(&command)
    }

    fn command(&self, name: &str, more: &str) -> String {
        format!(
            "cfgcheck switch --system {} --override test --grace 1 {more} 2>&1",
            self.path(name)
        )
    }

    /// Asserts that a deployment ends with this code, and that what was before is there again.
    pub fn goes_back(&mut self, name: &str, more: &str, code: i32, said: &str) {
        let (ended, output) = self.deploy(name, more);
        assert_eq!(ended, code, "{name} {more}\n{output}\n{}", self.journal());
        assert!(output.contains(said), "{said} is not in:\n{output}");
        self.is_as_before();
    }

    /// Asserts that a deployment comes to its end with the new system.
    pub fn is_deployed(&mut self, name: &'static str) {
        let (ended, output) = self.deploy(name, "");
        assert_eq!(ended, 0, "{output}\n{}", self.journal());
        self.old = name;
        self.is_as_before();
    }

    /// Asserts that `cfgcheck rollback` brings this system back.
    pub fn is_taken_back_to(&mut self, name: &'static str) {
        let (code, said) = self.machine().run("cfgcheck rollback 2>&1");
        assert_eq!(code, 0, "{said}\n{}", self.journal());
        self.old = name;
        self.is_as_before();
    }

    /// Waits until a deployment is in a phase, and stops its engine with all that this has started, as if nobody gave them
    /// time: so a blow hits what it is meant for, however short the phase is. Returns whether the deployment was still in it.
    pub fn frozen_in(&mut self, phase: &str) -> bool {
        self.frozen_after("", phase)
    }

    /// Runs commands first.
    fn frozen_after(&mut self, first: &str, phase: &str) -> bool {
        let watch = format!(
            "{first}\n\
             IFS= read -r -d '' before </run/test-before\n\
             until [ -e {STATE} ] && IFS= read -r -d '' now <{STATE}; [[ $now == *'\"phase\": \"{phase}\"'* || \
             $now != \"$before\" && $now == *'\"phase\": \"done\"'* ]]; do if (( SECONDS > 600 )); then exit 1; fi; done\n\
             cd {CGROUP} || exit 1\n\
             echo 1 >cgroup.freeze || exit 1\n\
             for look in {{1..500}}; do if grep -qx 'frozen 1' cgroup.events; then break; fi; sleep 0.02; done\n\
             grep -q '\"phase\": \"{phase}\"' {STATE}"
        );
        self.machine().run(&watch).0 == 0
    }

    /// Lets a frozen engine go on.
    pub fn thaw(&mut self) {
        self.machine().run(&format!("echo 0 >{CGROUP}/cgroup.freeze"));
    }

    /// Remembers how the last deployment ended, so that the next one is told from it.
    pub fn expects_another(&mut self) {
        self.machine()
            .succeed(&format!("cp {STATE} /run/test-before || echo >/run/test-before"));
    }

    /// Deploys a good system, strikes in a phase, and asserts that the machine ends with what was before, or with the new
    /// system where only the end was missing. Returns why it went back, or nothing; `None` if the phase was over before.
    pub fn struck(&mut self, name: &'static str, phase: &str, blow: Blow) -> Option<String> {
        self.expects_another();
        // What it has to reach is itself, so that there is something to confirm.
        let command = self.command(name, "--reach 127.0.0.1:22");
        let begins = format!("rm -f /run/test-code; ({command}; echo $? >/run/test-code) >/run/test-said 2>&1 &");
        let is_hit = self.frozen_after(&begins, phase);
        let output = match blow {
            Blow::EngineKilled => {
                self.machine()
                    .run("systemctl kill --kill-whom=main --signal=KILL cfgcheck-switch.service");
                self.thaw();
                self.machine()
                    .run("until [ -e /run/test-code ]; do sleep 0.2; done; cat /run/test-said; exit $(cat /run/test-code)")
                    .1
            }
            Blow::PowerLost => {
                self.loses_power();
                self.machine()
                    .succeed(&format!("until grep -q '\"outcome\": {{' {STATE}; do sleep 1; done"));
                self.machine().run("cfgcheck status").1
            }
        };
        let ended = self.machine().succeed(&format!("cat {STATE}"));
        let ended: serde_json::Value = serde_json::from_str(&ended).expect("it is JSON");
        let (is, why) = (
            ended["outcome"]["is"].as_str(),
            ended["why"].as_str().unwrap_or_default().to_owned(),
        );
        let about = format!("{phase} {blow:?}\n{output}\n{ended:#}\n{}", self.journal());
        match is {
            Some("rolled-back") => assert!(!why.is_empty(), "{about}"),
            Some("deployed") if phase == "disarming" || !is_hit => self.old = name,
            _ => panic!("{about}"),
        }
        self.is_as_before();
        is_hit.then_some(why)
    }

    /// Has the machine lose its power, and boots it.
    pub fn loses_power(&mut self) {
        drop(self.machine.take());
        self.boots();
    }

    /// Waits until the machine goes down by itself, and boots it.
    pub fn reboots(&mut self) {
        self.machine.take().expect("the machine is on").goes_down();
        self.boots();
    }

    /// Boots what the boot loader would.
    fn boots(&mut self) {
        let default = Entry::of_systemd_boot(&self.image);
        self.machine = Some(Machine::boot_in(Processor::X86, &self.image, &default, &self.network));
    }

    pub fn journal(&mut self) -> String {
        self.machine()
            .run("journalctl -b -n 120 --no-pager -u 'cfgcheck-*' -u 'sshd*'")
            .1
    }

    /// Asserts that the system of before runs and boots, and that all is well.
    pub fn is_as_before(&mut self) {
        let system = self.path(self.old);
        let is_new = self.old == "b";
        let machine = self.machine();
        machine.is_well();
        assert_eq!(
            machine.succeed("readlink -f /run/current-system /nix/var/nix/profiles/system"),
            format!("{system}\n{system}\n")
        );
        let default = machine.succeed("cat /boot/loader/loader.conf");
        let entry = default.lines().find_map(|line| line.strip_prefix("default "));
        let entry = entry.expect("there is a default").trim();
        let entry = machine.succeed(&format!("cat /boot/loader/entries/{entry}"));
        assert!(entry.contains(&format!("init={system}/init")), "{entry}");
        // The engine ends a moment after the deployment has.
        let units = "for look in {1..200}; do\n\
                       left=$(systemctl list-units --all --plain --no-legend 'cfgcheck-rollback*' 'cfgcheck-switch*')\n\
                       if [ -z \"$left\" ]; then break; fi; sleep 0.3\n\
                     done; echo -n \"$left\"";
        assert_eq!(machine.succeed(units), "", "no unit of a deployment is left");
        let (word, service) = if is_new {
            ("new", "test-added")
        } else {
            ("old", "test-removed")
        };
        assert_eq!(machine.succeed("cat /run/test-changed"), format!("{word}\n"));
        // The home of a user comes and goes with the system that it is part of.
        assert_eq!(machine.succeed("cat /home/alice/.test-word"), format!("{word}\n"));
        machine.succeed(&format!("systemctl is-active {service}"));
    }

    pub fn power_off(mut self) {
        self.machine.take().expect("the machine is on").power_off();
    }
}
