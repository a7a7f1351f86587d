//! `cfgcheck pull`: a machine brings itself to the newest commit of its repository that its policy approves.

mod args;
mod fetch;
mod reach;

pub use args::PullArgs;
pub use fetch::VERDICTS;

use crate::approval::{history, token};
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use crate::switch::approve::{self, Approved, approved};
use crate::switch::source::{self, Named};
use crate::switch::{ApproveArgs, Deploy, HowArgs, Target, TargetError, WhatArgs, by, deploy};
use ::deploy::commit::Commit;
use ::deploy::failed::{self, Stage};
use ::deploy::host::Host;
use ::deploy::order::Origin;
use ::deploy::pull::{Choice, Remote};
use ::deploy::{Policy, Status};
use diag::clean_line;
use fetch::{Copy, FetchError};
use std::path::Path;
use sys::{Mode, ProcessExec};

/// The folder of what was fetched.
const FOLDER: &str = "/var/lib/cfgcheck/pull";
/// The file that is locked while this runs.
const LOCK: &str = "/var/lib/cfgcheck/pull/lock";

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &PullArgs) -> u8 {
    pulled(machine, args).unwrap_or_else(|code| code)
}

/// What a machine is asked to take, and by whose rules.
struct Pull<'p> {
    machine: &'p Machine,
    args: &'p PullArgs,
    target: Target,
    policy: Policy,
    status: Status,
    copy: Copy<'p>,
    remote: &'p Remote,
    /// The host's name in its flake.
    host: String,
}

/// Takes what is new; what keeps it from that has been told, and is the exit code.
fn pulled(machine: &Machine, args: &PullArgs) -> Result<u8, u8> {
    let target = Target::this_machine(machine);
    let status: Status = target.ask(machine, &["observe"]).map_err(|error| told(&error))?;
    if let Some(last) = status.last.as_ref().filter(|last| last.outcome.is_none()) {
        complain(&format!(
            "a deployment is under way on this machine: it is {}",
            last.phase
        ));
        return Ok(exit::REBOOT_PENDING);
    }
    let policy = approve::policy(machine, &target)?;
    let folder = Path::new(FOLDER);
    let locked = machine
        .fs
        .create_dir_all(folder)
        .and_then(|()| machine.fs.lock(Path::new(LOCK)));
    let Some(_lock) = locked.map_err(|error| exit::cannot_start(&error))? else {
        return Err(exit::refuse(&"another `cfgcheck pull` is under way on this machine"));
    };
    let remote = match &args.from {
        Some(url) => Remote { url: url.clone() },
        None => Remote::of_policy(&policy.repository),
    };
    let token = match args.from.is_none() && policy.repository.starts_with("github:") {
        true => token(machine).map_err(|error| exit::wrong_usage(&error))?,
        false => None,
    };
    let host = args.host.clone().unwrap_or_else(|| status.now.name.clone());
    Pull {
        machine,
        args,
        target,
        policy,
        status,
        copy: Copy::new(machine, &remote, &folder.join("repository.git"), token),
        remote: &remote,
        host,
    }
    .newest()
}

impl Pull<'_> {
    /// Deploys the newest commit that is approved.
    fn newest(&self) -> Result<u8, u8> {
        let unreachable = |error: &dyn std::fmt::Display| exit::cannot_start(error);
        let how = self.how()?;
        let head = self
            .copy
            .branch(&self.policy.branch)
            .map_err(|error| unreachable(&error))?;
        let deployed = approve::deployed(&self.status)?;
        let history = history(self.machine, self.copy.folder(), deployed.as_ref(), &head);
        let history = history.map_err(|error| unreachable(&error))?;
        let choice = Choice::of(&history, &self.status.failed, self.args.again);
        for commit in &choice.candidates {
            match self.approved(commit) {
                Ok(Some(approved)) => return self.deploy(commit, approved, &how),
                Ok(None) | Err(exit::REFUSED) => complain(&format!("commit {commit} is not approved")),
                Err(code) => return Err(code),
            }
        }
        if let Some((commit, failed)) = &choice.failed {
            let (when, why) = (
                ::deploy::moment(std::time::Duration::from_secs(failed.when)),
                clean_line(&failed.why),
            );
            complain(&format!(
                "commit {commit} failed at {when}, and is not tried again: {why}\nhelp: push one that mends it, or try it once more: \
                 `cfgcheck pull --again`"
            ));
            return Ok(match failed.at {
                Stage::Built => exit::FINDINGS,
                Stage::Deployed => exit::ROLLED_BACK,
                Stage::TakenBack => exit::ROLLBACK_FAILED,
            });
        }
        if choice.candidates.is_empty() {
            say(format!(
                "nothing new: commit {head} is the newest of {}, and was deployed\n",
                self.policy.branch
            )
            .as_bytes());
            return Ok(exit::CLEAN);
        }
        Ok(exit::REFUSED)
    }

    /// Returns how a deployment is carried out: confirmed by what the machine has to reach, so that a mended commit can come.
    fn how(&self) -> Result<HowArgs, u8> {
        let mut how = self.args.how.clone();
        if how.reach.is_empty() {
            how.reach = reach::of(self.machine, self.remote).map_err(|error| exit::wrong_usage(&error))?;
        }
        Ok(how)
    }

    /// Returns what approves a commit; `None` if the verdict that the policy asks for is not there yet.
    fn approved(&self, commit: &Commit) -> Result<Option<Approved>, u8> {
        let mut args = ApproveArgs {
            verdict: None,
            commit: Some(commit.as_str().to_owned()),
            repository: None,
            r#override: None,
        };
        if self.policy.require.verdict.is_some() {
            let verdict = self.copy.verdict(commit, &self.host);
            let Some(verdict) = verdict.map_err(|error| exit::cannot_start(&error))? else {
                complain(&format!(
                    "refused: {VERDICTS}/{} has no verdict of {}\nhelp: `cfgcheck verdict push` brings it there",
                    commit.as_str(),
                    clean_line(&self.host)
                ));
                return Ok(None);
            };
            let file = Path::new(FOLDER).join("verdict.json");
            let kept = self.machine.fs.write_atomic(&file, &verdict, Mode::Private);
            kept.map_err(|error| exit::cannot_start(&error))?;
            args.verdict = Some(file);
        }
        let bring = |name: &str| self.copy.reference(name).map_err(|error: FetchError| error.to_string());
        approved(
            self.machine,
            &self.target,
            &args,
            &self.named(),
            &self.status,
            Some(&bring),
        )
        .map(Some)
    }

    fn named(&self) -> Named {
        Named {
            host: Some(self.host.clone()),
            system: None,
            flake: Some(self.remote.url.clone()),
            repository: Some((self.copy.folder().to_path_buf(), self.args.dir.clone())),
        }
    }

    fn deploy(&self, commit: &Commit, approved: Approved, how: &HowArgs) -> Result<u8, u8> {
        let system = match self.args.from_caches {
            true => self.attested(&approved),
            false => self.built(commit),
        }?;
        let wanted = Deploy {
            system,
            origin: Origin {
                host: approved.host,
                flake: Some(self.remote.url.clone()),
                commit: approved.commit,
                by: by(self.machine),
            },
            approval: approved.approval,
        };
        deploy(self.machine, &self.target, wanted, how, self.args.dry_run).map_err(|error| told(&error))
    }

    /// Evaluates and builds the host. That it cannot be is remembered.
    fn built(&self, commit: &Commit) -> Result<String, u8> {
        let what = WhatArgs {
            flake: None,
            system: None,
            host: Some(self.host.clone()),
            platform: self.args.platform.clone(),
            offline: false,
            trust: self.args.trust,
        };
        let system = source::system(self.machine, &what, &self.target, &self.named(), Some(commit.as_str()));
        system.inspect_err(|code| {
            if *code == exit::FINDINGS && !self.args.dry_run {
                let why = "it does not evaluate, or cannot be built";
                if let Err(error) = failed::remember(&self.own(), commit, Stage::Built, why) {
                    complain(&format!("error: {error}"));
                }
            }
        })
    }

    /// Has this machine's Nix fetch the system that the verdict names. Whether it is that is for the engine to verify.
    fn attested(&self, approved: &Approved) -> Result<String, u8> {
        let Some(out) = &approved.out else {
            return Err(exit::refuse(
                &"only a signed verdict names a system that could be fetched, and the policy asks for none",
            ));
        };
        source::fetched(self.machine, out)?;
        Ok(out.clone())
    }

    fn own(&self) -> Host<'_> {
        Host {
            fs: self.machine.fs.as_ref(),
            exec: &ProcessExec,
            clock: self.machine.clock.as_ref(),
            program: Path::new(&self.target.program),
        }
    }
}

fn told(error: &TargetError) -> u8 {
    complain(&format!("error: {error}"));
    error.code()
}
