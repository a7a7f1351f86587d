//! A fleet that is none: programs in the place of SSH and Nix, which answer as hosts' engines and stores do, and write down how
//! they are called.

use deploy::health::Health;
use deploy::host::{Observed, Profile};
use deploy::order::{Action, Approval, Confirm, Limits, Order, Origin, VERSION};
use deploy::plan::UnitPlan;
use deploy::{Deployment, Outcome, Phase, Plan, Status};
use serde::Serialize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// SSH: each host is a folder with the answers of its engine. A host without a folder is out of reach.
const SSH: &str = r#"#!/bin/sh
set -u
while [ "$1" != -- ]; do shift; done
host=${2#*@}
at=$FLEET/$host
eval "set -- $3"
printf '%s %s\n' "$host" "$*" >>"$FLEET/calls"
[ -d "$at" ] || { echo "ssh: connect to host $host port 22: No route to host" >&2; exit 255; }
while [ "$1" != engine ]; do shift; done
case $2 in
  start)
    cat >"$at/order-$(ls "$at" | grep -c order)"
    [ ! -e "$at/not-taken" ] || { cat "$at/not-taken" >&2; exit 6; }
    ;;
  follow)
    printf 'begin %s\n' "$host" >>"$FLEET/log"
    count=$(ls "$at" | grep -c order)
    if [ -e "$at/slow" ]; then sleep 3; else sleep 0.3; fi
    if [ -e "$at/follow-$count" ]; then cat "$at/follow-$count"; else cat "$at/follow"; fi
    printf 'end %s\n' "$host" >>"$FLEET/log"
    ;;
  confirm) ;;
  observe) if [ -e "$at/order-0" ] && [ -e "$at/observe-after" ]; then cat "$at/observe-after"; else cat "$at/observe"; fi ;;
  *) cat "$at/$2" ;;
esac
"#;

/// Nix's old programs: all derivations are there, and each builds to a path of its own digits.
const NIX_STORE: &str = r#"#!/bin/sh
case $1 in
  --realise) for drv in "$@"; do case $drv in *.drv!out) echo "${drv%.drv!out}" ;; esac; done ;;
esac
"#;

/// Nix itself, which copies.
const NIX: &str = r#"#!/bin/sh
printf 'nix %s\n' "$*" >>"$FLEET/calls"
case $* in *unwilling*) echo "error: cannot open connection" >&2; exit 1 ;; esac
"#;

/// Deploys to all hosts what is in their stores already, without asking for an approval.
pub const SWITCH: [&str; 7] = [
    "switch",
    "--systems",
    "systems.json",
    "--hosts",
    "*",
    "--override",
    "test",
];

/// Digits of a store path.
const DIGITS: &str = "0c0i1jmm8dahaah5sm4pxgz9xdgxsz4l";

/// A fleet.
pub struct Fleet {
    folder: TempDir,
}

/// What a run of cfgcheck came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Asserts the exit code and that something was said.
    pub fn ended(&self, code: i32, said: &[&str]) -> &Ran {
        let all = format!("{}---\n{}", self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        for said in said {
            assert!(all.contains(said), "{said:?} is not in:\n{all}");
        }
        self
    }
}

/// Returns a store path of a name.
pub fn system(name: &str) -> String {
    format!("/nix/store/{DIGITS}-nixos-system-{name}")
}

fn observed(host: &str, system: &str) -> Observed {
    Observed {
        name: host.to_owned(),
        boot_id: "b0".into(),
        user: None,
        current: Some(system.to_owned()),
        booted: Some(system.to_owned()),
        profile: Some(Profile {
            link: "system-1-link".into(),
            system: system.to_owned(),
            newest: 1,
        }),
        programs: None,
        default: Some(system.to_owned()),
    }
}

/// Returns a deployment on a host, as its engine tells it in a phase.
fn deployment(host: &str, phase: Phase, why: Option<&str>, outcome: Option<Outcome>) -> Deployment {
    Deployment {
        version: VERSION,
        order: Order {
            version: VERSION,
            id: "1-a".into(),
            system: system("new"),
            origin: Origin {
                host: Some(host.to_owned()),
                commit: Some("3f2a91c0d2e4f5061728394a5b6c7d8e9f001122".into()),
                ..Origin::default()
            },
            approval: Approval::overridden("test"),
            action: Action::Switch,
            confirm: Confirm::Connection,
            health: Health::default(),
            limits: Limits::default(),
        },
        phase,
        boot_id: "b0".into(),
        began: 1,
        since: 1,
        recorded: Some(observed(host, &system("old"))),
        activated: true,
        committed: false,
        verdict_made: None,
        why: why.map(str::to_owned),
        notes: Vec::new(),
        outcome,
    }
}

impl Fleet {
    /// Returns a fleet of hosts that take what they are told to.
    pub fn of(hosts: &[&str]) -> Fleet {
        let fleet = Fleet {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        for name in ["bin", "fleet", "work", "home"] {
            std::fs::create_dir(fleet.path(name)).expect("a folder can be made");
        }
        for (name, text) in [("ssh", SSH), ("nix", NIX), ("nix-store", NIX_STORE)] {
            let file = fleet.path("bin").join(name);
            std::fs::write(&file, text).expect("a file can be written");
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&file, executable).expect("it can be made executable");
        }
        let mut systems = serde_json::Map::new();
        for host in hosts {
            fleet.host(host);
            systems.insert((*host).to_owned(), system("new").into());
        }
        let systems = serde_json::to_string(&systems).expect("it is JSON");
        fleet.file("systems.json", &systems);
        fleet
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the folder in which cfgcheck runs.
    pub fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path("work").join(name), text).expect("a file can be written");
    }

    /// Returns the text of a file of the folder in which cfgcheck runs.
    pub fn text(&self, name: &str) -> String {
        let file = self.path("work").join(name);
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    fn answer(&self, host: &str, name: &str, value: &impl Serialize) {
        let text = serde_json::to_string(value).expect("it is JSON") + "\n";
        self.answers(host, name, &text);
    }

    /// Has a host answer with a text.
    pub fn answers(&self, host: &str, name: &str, text: &str) {
        std::fs::write(self.path("fleet").join(host).join(name), text).expect("a file can be written");
    }

    fn host(&self, host: &str) {
        std::fs::create_dir(self.path("fleet").join(host)).expect("a folder can be made");
        self.answer(host, "observe", &self.status(host, "old", None));
        let done = deployment(host, Phase::Done, None, Some(Outcome::Deployed));
        self.answer(host, "observe-after", &self.status(host, "new", Some(done)));
        self.answer(host, "policy", &None::<String>);
        self.plans(host, &[]);
        self.ends(host, None, Outcome::Deployed);
    }

    fn status(&self, host: &str, runs: &str, last: Option<Deployment>) -> Status {
        Status {
            cfgcheck: "0.1.0".into(),
            now: observed(host, &system(runs)),
            deployed: last.clone(),
            last,
            approved: None,
            failed: deploy::FailedCommits::default(),
        }
    }

    /// Has a host run what was deployed of a commit.
    pub fn runs(&self, host: &str, commit: &str) {
        let mut done = deployment(host, Phase::Done, None, Some(Outcome::Deployed));
        done.order.system = system("old");
        done.order.origin.commit = Some(commit.to_owned());
        self.answer(host, "observe", &self.status(host, "old", Some(done)));
    }

    /// Has a host refuse its plan for these reasons.
    pub fn plans(&self, host: &str, refusals: &[&str]) {
        let plan = Plan {
            system: system("new"),
            action: Action::Switch,
            now: observed(host, &system("old")),
            is_done: false,
            refusals: refusals.iter().map(|text| (*text).to_owned()).collect(),
            needs_reboot: Vec::new(),
            units: UnitPlan {
                restarts: vec!["nginx.service".into()],
                ..UnitPlan::default()
            },
        };
        self.answer(host, "plan", &plan);
    }

    /// Has a host's deployment end in this way.
    pub fn ends(&self, host: &str, why: Option<&str>, outcome: Outcome) {
        self.ends_with(host, "follow", why, outcome);
    }

    /// Has a host's second deployment end in this way.
    pub fn ends_second(&self, host: &str, outcome: Outcome) {
        self.ends_with(host, "follow-2", None, outcome);
    }

    fn ends_with(&self, host: &str, file: &str, why: Option<&str>, outcome: Outcome) {
        let mut steps = vec![
            deployment(host, Phase::Activating, None, None),
            deployment(host, Phase::Confirming, None, None),
        ];
        if why.is_some() {
            steps.push(deployment(host, Phase::RollingBack, why, None));
        }
        steps.push(deployment(host, Phase::Done, why, Some(outcome)));
        let line = |step: &Deployment| serde_json::to_string(step).expect("it is JSON") + "\n";
        self.answers(host, file, &steps.iter().map(line).collect::<String>());
    }

    /// Has a host be rolled back.
    pub fn is_ill(&self, host: &str) {
        let why = "nginx.service has failed";
        self.ends(host, Some(why), Outcome::RolledBack(why.into()));
    }

    /// Has a host be out of reach.
    pub fn is_away(&self, host: &str) {
        std::fs::remove_dir_all(self.path("fleet").join(host)).expect("the folder was there");
    }

    /// Returns cfgcheck, as it is run here.
    fn command(&self, args: &[&str]) -> Command {
        let path = std::env::var("PATH").expect("there is a search path");
        let path = format!("{}:{path}", self.path("bin").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        command
            .args(args)
            .current_dir(self.path("work"))
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("FLEET", self.path("fleet"))
            .env_remove("XDG_CACHE_HOME")
            .env_remove("GITHUB_ACTIONS");
        command
    }

    /// Runs cfgcheck.
    pub fn run(&self, args: &[&str]) -> Ran {
        Fleet::ran(self.command(args).output().expect("cfgcheck runs"))
    }

    /// Runs cfgcheck, and interrupts it as soon as the first host has begun.
    pub fn run_interrupted(&self, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("cfgcheck runs");
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.log().is_empty() {
            assert!(Instant::now() < deadline, "no host has begun");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut kill = Command::new("kill");
        kill.args(["-INT", &child.id().to_string()]);
        assert!(kill.status().expect("kill runs").success());
        Fleet::ran(child.wait_with_output().expect("it ends"))
    }

    fn ran(output: Output) -> Ran {
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        let harmless = |text: &str| !text.contains(['\u{1b}', '\u{7}', '\r']);
        assert!(harmless(&ran.out) && harmless(&ran.err), "{}\n{}", ran.out, ran.err);
        ran
    }

    /// Deploys to all hosts what is in their stores already, without asking for an approval.
    pub fn switch(&self, more: &[&str]) -> Ran {
        self.run(&[&SWITCH[..], more].concat())
    }

    /// Returns the hosts to which something was said, such as `start`, in that order.
    pub fn told(&self, what: &str) -> Vec<String> {
        let what = format!(" engine {what}");
        let calls = self.lines("calls");
        let calls = calls
            .iter()
            .filter(|call| format!("{call} ").contains(&format!("{what} ")));
        calls
            .filter_map(|call| call.split(' ').next().map(str::to_owned))
            .collect()
    }

    /// Returns the folder in which cfgcheck runs.
    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// Returns the file of the first order that a host was given.
    pub fn order(&self, host: &str) -> PathBuf {
        self.path("fleet").join(host).join("order-0")
    }

    /// Returns all calls of SSH and Nix.
    pub fn called(&self) -> Vec<String> {
        self.lines("calls")
    }

    /// Returns the calls of Nix.
    pub fn copies(&self) -> Vec<String> {
        self.called()
            .into_iter()
            .filter(|call| call.starts_with("nix "))
            .collect()
    }

    /// Returns when each host began and ended, as lines.
    pub fn log(&self) -> Vec<String> {
        self.lines("log")
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = read_if_there(&self.path("fleet").join(name));
        text.lines().map(str::to_owned).collect()
    }
}

fn read_if_there(file: &Path) -> String {
    if file.exists() {
        std::fs::read_to_string(file).expect("it can be read")
    } else {
        String::new()
    }
}
