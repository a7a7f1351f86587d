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
use crate::switch::changes;
use crate::switch::deploy::{Wanted, by, code_of};
use crate::switch::source::{self, Named};
use crate::switch::told::Told;
use crate::switch::trouble::Trouble;
use crate::switch::{ApproveArgs, Done, HowArgs, Target, WhatArgs, bring};
use ::deploy::commit::Commit;
use ::deploy::failed::{self, Failed, Stage};
use ::deploy::host::{Host, Realm};
use ::deploy::order::Origin;
use ::deploy::pull::{Choice, Remote};
use ::deploy::{Ended, Policy, Reason, Status, moment};
use fetch::{Copy, FetchError};
use std::path::Path;
use std::time::Duration;
use sys::{Mode, ProcessExec};

/// The folder of what was fetched.
const FOLDER: &str = "/var/lib/cfgcheck/pull";
/// The file that is locked while this runs.
const LOCK: &str = "/var/lib/cfgcheck/pull/lock";

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &PullArgs) -> u8 {
    let target = Target::this_machine(machine);
    let mut told = Told::begin(machine, args.from.as_deref().unwrap_or_default());
    let mut host = args.host.clone();
    let (code, ended) = match pulled(machine, args, &target, &mut host) {
        Ok(Pulled::Nothing(code)) => return code,
        Ok(Pulled::Done(Done::Planned(code))) => return code,
        Ok(Pulled::Done(Done::Ended(ended))) => (code_of(&ended), ended),
        Ok(Pulled::FailedBefore(failed)) => (code_of_failed(failed.at), ended_before(&failed)),
        Err(trouble) => {
            trouble.tell(&target);
            if trouble.code == exit::USAGE {
                return trouble.code;
            }
            (trouble.code, trouble.ended())
        }
    };
    told.host(&host.unwrap_or_else(|| target.name()), &ended, None);
    told.write_asked(&args.output, code)
}

/// What came of it.
enum Pulled {
    /// There was nothing to do; the exit code.
    Nothing(u8),
    /// The newest commit failed before.
    FailedBefore(Failed),
    /// Something was, or would be.
    Done(Done),
}

/// Returns a reason that says which commit it is about, as several are tried.
fn of_commit(commit: &Commit, reason: Reason) -> Reason {
    if reason.why.contains(&commit.to_string()) {
        return reason;
    }
    Reason {
        why: format!("commit {commit}: {}", reason.why),
        ..reason
    }
}

fn code_of_failed(at: Stage) -> u8 {
    match at {
        Stage::Built => exit::FINDINGS,
        Stage::Deployed => exit::ROLLED_BACK,
        Stage::TakenBack => exit::ROLLBACK_FAILED,
    }
}

fn ended_before(failed: &Failed) -> Ended {
    let why = failed.why.clone();
    match failed.at {
        Stage::Built => Ended::NotBuilt(why),
        Stage::Deployed => Ended::RolledBack(why),
        Stage::TakenBack => Ended::RollbackFailed(why),
    }
}

/// What a machine is asked to take, and by whose rules.
struct Pull<'p> {
    machine: &'p Machine,
    args: &'p PullArgs,
    target: &'p Target,
    policy: Policy,
    status: Status,
    copy: Copy<'p>,
    remote: &'p Remote,
    /// The host's name in its flake.
    host: String,
}

/// Takes what is new.
fn pulled(machine: &Machine, args: &PullArgs, target: &Target, host: &mut Option<String>) -> Result<Pulled, Trouble> {
    let status: Status = target.ask(machine, &["observe"])?;
    if let Some(last) = status.last.as_ref().filter(|last| last.outcome.is_none()) {
        complain(&format!(
            "a deployment is under way on this machine: it is {}",
            last.phase
        ));
        return Ok(Pulled::Nothing(exit::REBOOT_PENDING));
    }
    let policy = approve::policy(machine, target)?;
    let folder = Path::new(FOLDER);
    machine.fs.create_dir_all(folder).map_err(Trouble::cannot_start)?;
    let Some(_lock) = machine.fs.lock(Path::new(LOCK)).map_err(Trouble::cannot_start)? else {
        let why = "another `cfgcheck pull` is under way on this machine";
        return Err(Trouble::refused(vec![Reason::new(why)]));
    };
    let remote = match &args.from {
        Some(url) => Remote { url: url.clone() },
        None => Remote::of_policy(&policy.repository),
    };
    let token = match args.from.is_none() && policy.repository.starts_with("github:") {
        true => token(machine).map_err(Trouble::usage)?,
        false => None,
    };
    let pull = Pull {
        machine,
        args,
        target,
        policy,
        copy: Copy::new(machine, &remote, &folder.join("repository.git"), token),
        remote: &remote,
        host: host.get_or_insert_with(|| status.now.name.clone()).clone(),
        status,
    };
    pull.newest()
}

impl Pull<'_> {
    /// Deploys the newest commit that is approved.
    fn newest(&self) -> Result<Pulled, Trouble> {
        let how = self.how()?;
        let head = self.copy.branch(&self.policy.branch).map_err(Trouble::cannot_start)?;
        let deployed = approve::deployed(&self.status)?;
        let history = history(self.machine, self.copy.folder(), deployed.as_ref(), &head);
        let history = history.map_err(Trouble::cannot_start)?;
        let choice = Choice::of(&history, &self.status.failed, self.args.again);
        let mut refused = Vec::new();
        for commit in &choice.candidates {
            match self.approved(commit) {
                Ok(approved) => return self.deploy(commit, approved, &how).map(Pulled::Done),
                Err(trouble) if trouble.code == exit::REFUSED => {
                    let reasons = trouble.reasons.into_iter();
                    refused.extend(reasons.map(|reason| of_commit(commit, reason)));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        if let Some((commit, failed)) = choice.failed {
            Trouble::refused(refused).tell(self.target);
            let (when, why) = (moment(Duration::from_secs(failed.when)), diag::clean_line(&failed.why));
            complain(&format!(
                "commit {commit} failed at {when}, and is not tried again: {why}\nhelp: push one that mends it, or try it \
                 once more: `cfgcheck pull --again`"
            ));
            return Ok(Pulled::FailedBefore(failed));
        }
        if refused.is_empty() {
            let branch = &self.policy.branch;
            say(format!("nothing new: {branch} is at {head}, which was deployed\n").as_bytes());
            return Ok(Pulled::Nothing(exit::CLEAN));
        }
        Err(Trouble::refused(refused))
    }

    /// Returns how a deployment is carried out: confirmed by what the machine has to reach, so that a mended commit can come.
    fn how(&self) -> Result<HowArgs, Trouble> {
        let mut how = self.args.how.clone();
        if how.reach.is_empty() {
            how.reach = reach::of(self.machine, self.remote).map_err(Trouble::usage)?;
        }
        Ok(how)
    }

    /// Returns what approves a commit, or why nothing does.
    fn approved(&self, commit: &Commit) -> Result<Approved, Trouble> {
        let mut args = ApproveArgs {
            verdict: None,
            commit: Some(commit.as_str().to_owned()),
            repository: None,
            r#override: None,
        };
        if self.policy.require.verdict.is_some() {
            let verdict = self.copy.verdict(commit, &self.host);
            let Some(verdict) = verdict.map_err(Trouble::cannot_start)? else {
                let why = format!("{VERDICTS}/{} has no verdict of {}", commit.as_str(), self.host);
                let hint = "`cfgcheck verdict push` brings it there";
                return Err(Trouble::refused(vec![Reason::new(why).hint(hint)]));
            };
            let file = Path::new(FOLDER).join("verdict.json");
            let kept = self.machine.fs.write_atomic(&file, &verdict, Mode::Private);
            kept.map_err(Trouble::cannot_start)?;
            args.verdict = Some(file);
        }
        let bring = |name: &str| self.copy.reference(name).map_err(|error: FetchError| error.to_string());
        let (machine, target, status) = (self.machine, self.target, &self.status);
        approved(machine, target, &args, &self.named(), status, Some(&bring))
    }

    fn named(&self) -> Named {
        Named {
            host: Some(self.host.clone()),
            system: None,
            flake: Some(self.remote.url.clone()),
            repository: Some((self.copy.folder().to_path_buf(), self.args.dir.clone())),
        }
    }

    fn deploy(&self, commit: &Commit, approved: Approved, how: &HowArgs) -> Result<Done, Trouble> {
        complain(&format!("commit {commit} is approved"));
        let system = match self.args.from_caches {
            true => self.attested(&approved),
            false => self.built(commit),
        }?;
        if self.args.dry_run && !self.args.from_caches {
            let (machine, target, status) = (self.machine, self.target, &self.status);
            changes::tell(
                machine,
                target,
                &self.what(),
                &self.named(),
                status,
                Some(commit.as_str()),
            );
        }
        let wanted = Wanted {
            system,
            origin: Origin {
                host: approved.host,
                flake: Some(self.remote.url.clone()),
                commit: approved.commit,
                by: by(self.machine),
            },
            approval: approved.approval,
        };
        bring(self.machine, self.target, wanted, how, self.args.dry_run)
    }

    fn what(&self) -> WhatArgs {
        WhatArgs {
            flake: None,
            system: None,
            host: Some(self.host.clone()),
            platform: self.args.platform.clone(),
            offline: false,
            trust: self.args.trust,
        }
    }

    /// Evaluates and builds the host. That it cannot be is remembered.
    fn built(&self, commit: &Commit) -> Result<String, Trouble> {
        let what = self.what();
        let (machine, named) = (self.machine, self.named());
        let system = source::system(machine, &what, self.target, &named, Some(commit.as_str()));
        system.inspect_err(|trouble| {
            if trouble.code == exit::FINDINGS && !self.args.dry_run {
                let why = "it does not evaluate, or cannot be built";
                if let Err(error) = failed::remember(&self.own(), commit, Stage::Built, why) {
                    complain(&format!("error: {error}"));
                }
            }
        })
    }

    /// Has this machine's Nix fetch the system that the verdict names. Whether it is that is for the engine to verify.
    fn attested(&self, approved: &Approved) -> Result<String, Trouble> {
        let Some(out) = &approved.out else {
            let why =
                Reason::new("only a signed verdict names a system that could be fetched, and the policy asks for none");
            let hint = "leave --from-caches out, or have the policy ask for verdicts";
            return Err(Trouble::refused(vec![why.hint(hint)]));
        };
        complain(&format!("fetching {out}"));
        source::fetch(self.machine, out)?;
        Ok(out.clone())
    }

    fn own(&self) -> Host<'_> {
        Host {
            fs: self.machine.fs.as_ref(),
            exec: &ProcessExec,
            clock: self.machine.clock.as_ref(),
            program: Path::new(&self.target.program),
            realm: Realm::System,
        }
    }
}
