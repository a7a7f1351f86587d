//! What approves a deployment: the policy of the host, judged here as far as the forge and Git tell, and on the host by the signed
//! verdict.

use super::args::ApproveArgs;
use super::source::Named;
use super::target::{Target, TargetError};
use crate::approval::{of_clone, revision};
use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use ::deploy::commit::Commit;
use ::deploy::order::Approval;
use ::deploy::verdict::Envelope;
use ::deploy::{Policy, Status};
use diag::{SourceMap, clean_line};
use flake::git::Repository;
use std::path::{Path, PathBuf};

/// What approves a deployment, and of which commit it is.
pub struct Approved {
    /// What goes into the order.
    pub approval: Approval,
    /// The commit, if it is known.
    pub commit: Option<String>,
    /// The host's name in its flake.
    pub host: Option<String>,
    /// Whether what is built has to be of that very commit, whatever lies in the folder.
    pub is_pinned: bool,
}

/// Returns what approves a system for a host; why nothing does has been told, and is the exit code.
pub fn approved(
    machine: &Machine,
    target: &Target,
    args: &ApproveArgs,
    named: &Named,
    status: &Status,
) -> Result<Approved, u8> {
    let verdict = args
        .verdict
        .as_deref()
        .map(|path| envelope(machine, path))
        .transpose()?;
    let attested = verdict.as_ref().map(|(_, verdict)| verdict);
    let host = named
        .host
        .clone()
        .or_else(|| attested.map(|verdict| verdict.host.clone()));
    let wanted = args
        .commit
        .clone()
        .or_else(|| attested.map(|verdict| verdict.commit.clone()));
    if let Some(reason) = &args.r#override {
        return Ok(Approved {
            approval: Approval::overridden(reason),
            commit: wanted,
            host,
            is_pinned: false,
        });
    }
    let asked: Result<Option<String>, TargetError> = target.ask(machine, &["policy"]);
    let text = asked.map_err(|error| {
        complain(&format!("error: {error}"));
        error.code()
    })?;
    let Some(text) = text else {
        let hint = "as root on it: `cfgcheck switch --enroll policy.yaml`; or say why it is to be without: `--override REASON`";
        complain(&format!(
            "refused: no policy is enrolled on {}\nhelp: {hint}",
            target.name()
        ));
        return Err(exit::REFUSED);
    };
    let mut sources = SourceMap::new();
    let policy = Policy::read(&mut sources, b"policy.yaml", text.as_bytes()).map_err(|error| {
        complain(&format!(
            "refused: the policy of {} is wrong: {}",
            target.name(),
            error.message
        ));
        exit::REFUSED
    })?;
    let (folder, clone, commit) = commit(machine, args, named, wanted.as_deref())?;
    let deployed = deployed(status)?;
    let judgement = of_clone(machine, &policy, (&folder, &clone), &commit, deployed.as_ref());
    let judgement = judgement.map_err(|error| exit::wrong_usage(&error))?;
    let mut refused = !judgement.is_approved();
    for refusal in &judgement.refusals {
        let (why, hint) = (refusal.to_string(), refusal.hint());
        complain(&format!("refused: {}\nhelp: {}", clean_line(&why), clean_line(&hint)));
    }
    if policy.require.verdict.is_some() && verdict.is_none() {
        complain(
            "refused: the policy asks for a signed verdict\nhelp: name the file that `cfgcheck verdict sign` wrote: `--verdict FILE`",
        );
        refused = true;
    }
    if policy.require.verdict.is_none() && named.flake.is_none() {
        complain(
            "refused: nothing says that this system is of the commit\nhelp: name the flake and not a system, or have the policy ask for a signed verdict",
        );
        refused = true;
    }
    if refused {
        return Err(exit::REFUSED);
    }
    let shown = judgement
        .shown
        .iter()
        .map(|shown| clean_line(&shown.to_string()).into_owned());
    Ok(Approved {
        approval: Approval {
            overridden: None,
            policy: Some(policy.digest()),
            shown: shown.collect(),
            verdict: verdict.map(|(text, _)| text),
        },
        commit: Some(commit.as_str().to_owned()),
        host,
        is_pinned: true,
    })
}

/// Returns the envelope in a file, with what it says. That it says so is nothing yet: the host verifies it.
fn envelope(machine: &Machine, path: &Path) -> Result<(String, ::deploy::verdict::Verdict), u8> {
    let bytes = machine.fs.read(path).map_err(|error| exit::wrong_usage(&error))?;
    let (_, verdict) = Envelope::read(&bytes).map_err(|error| {
        complain(&format!(
            "refused: the verdict {} cannot be read: {error}",
            path.display()
        ));
        exit::REFUSED
    })?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), verdict))
}

/// Returns the repository with its folder, and the commit that is to be deployed: as it is named, or the one that is checked out.
fn commit(
    machine: &Machine,
    args: &ApproveArgs,
    named: &Named,
    wanted: Option<&str>,
) -> Result<(PathBuf, Repository, Commit), u8> {
    let own = named.repository.as_ref().map(|(root, _)| root.clone());
    let folder = args.repository.clone().or(own).unwrap_or_else(|| ".".into());
    let base = machine.env.current_dir().map_err(|error| exit::wrong_usage(&error))?;
    let folder = machine
        .fs
        .canonicalize(&base.join(folder))
        .map_err(|error| exit::wrong_usage(&error))?;
    let repository = Repository::open(machine.fs.clone(), &folder).map_err(|error| exit::wrong_usage(&error))?;
    let commit = revision(&repository, wanted.unwrap_or("HEAD")).map_err(|error| exit::wrong_usage(&error))?;
    Ok((folder, repository, commit))
}

/// Returns the commit that was approved for a host last, if one was. What was deployed since by an override, such as a way back,
/// takes nothing of its place: whoever steps back behind it needs an override again.
fn deployed(status: &Status) -> Result<Option<Commit>, u8> {
    let commit = status
        .approved
        .as_ref()
        .and_then(|approved| approved.order.origin.commit.as_deref());
    commit.map(Commit::new).transpose().map_err(|error| {
        complain(&format!(
            "error: what the host says of its last deployment cannot be read: {error}"
        ));
        exit::CANNOT_START
    })
}
