//! What approves a deployment: the policy of the host, judged here as far as the forge and Git tell, and on the host by the signed
//! verdict.

use super::args::ApproveArgs;
use super::source::Named;
use super::target::Target;
use super::trouble::Trouble;
use crate::approval::{Bring, of_clone, revision};
use crate::machine::Machine;
use ::deploy::approval::Judgement;
use ::deploy::commit::Commit;
use ::deploy::order::Approval;
use ::deploy::verdict::Envelope;
use ::deploy::{Policy, Reason, Status};
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
    /// The system that the verdict names, if there is one.
    pub out: Option<String>,
    /// Whether what is built has to be of that very commit, whatever lies in the folder.
    pub is_pinned: bool,
}

/// Returns what approves a system for a host, or why nothing does.
pub fn approved(
    machine: &Machine,
    target: &Target,
    args: &ApproveArgs,
    named: &Named,
    status: &Status,
    bring: Option<Bring<'_>>,
) -> Result<Approved, Trouble> {
    let policy = asked_policy(machine, target, args)?;
    let mut judgements = Judgements::default();
    by_policy(machine, policy.as_ref(), args, named, status, bring, &mut judgements)
}

/// What was judged already: many hosts have one policy, and one commit that was deployed last.
#[derive(Default)]
pub struct Judgements(Vec<(Policy, Commit, Option<Commit>, Judgement)>);

impl Judgements {
    /// Returns whether a commit of a clone is approved, asked once for hosts of which the same is to be asked.
    fn of(
        &mut self,
        machine: &Machine,
        policy: &Policy,
        clone: (&Path, &Repository),
        commit: &Commit,
        deployed: Option<&Commit>,
        bring: Option<Bring<'_>>,
    ) -> Result<Judgement, Trouble> {
        let asked = (policy, commit, deployed);
        let is_known = |(policy, commit, deployed, _): &&(Policy, Commit, Option<Commit>, Judgement)| {
            asked == (policy, commit, deployed.as_ref())
        };
        if let Some((.., judgement)) = self.0.iter().find(is_known) {
            return Ok(judgement.clone());
        }
        let judgement = of_clone(machine, policy, clone, commit, deployed, bring).map_err(Trouble::usage)?;
        self.0
            .push((policy.clone(), commit.clone(), deployed.cloned(), judgement.clone()));
        Ok(judgement)
    }
}

/// Returns the policy by which a host is deployed to; none if that is to be without one.
pub fn asked_policy(machine: &Machine, target: &Target, args: &ApproveArgs) -> Result<Option<Policy>, Trouble> {
    match args.r#override {
        Some(_) => Ok(None),
        None => policy(machine, target).map(Some),
    }
}

/// Returns what approves a system for a host that has this policy, or why nothing does; without one it is overridden.
pub fn by_policy(
    machine: &Machine,
    policy: Option<&Policy>,
    args: &ApproveArgs,
    named: &Named,
    status: &Status,
    bring: Option<Bring<'_>>,
    judgements: &mut Judgements,
) -> Result<Approved, Trouble> {
    let verdict = args
        .verdict
        .as_deref()
        .map(|path| envelope(machine, path))
        .transpose()?;
    let attested = verdict.as_ref().map(|(_, verdict)| verdict);
    let out = attested.map(|verdict| verdict.out.to_path());
    let host = named
        .host
        .clone()
        .or_else(|| attested.map(|verdict| verdict.host.clone()));
    let wanted = args
        .commit
        .clone()
        .or_else(|| attested.map(|verdict| verdict.commit.clone()));
    let Some(policy) = policy else {
        return Ok(Approved {
            approval: Approval::overridden(args.r#override.as_deref().unwrap_or_default()),
            commit: wanted,
            host,
            out,
            is_pinned: false,
        });
    };
    let (folder, clone, commit) = commit(machine, args, named, wanted.as_deref())?;
    let deployed = deployed(status)?;
    let judgement = judgements.of(machine, policy, (&folder, &clone), &commit, deployed.as_ref(), bring)?;
    let refusals = judgement.refusals.iter();
    let mut reasons: Vec<Reason> = refusals
        .map(|refusal| Reason::new(refusal.to_string()).hint(refusal.hint()))
        .collect();
    if policy.require.verdict.is_some() && verdict.is_none() {
        let why = Reason::new("the policy asks for a signed verdict");
        reasons.push(why.hint("name the file that `cfgcheck verdict sign` wrote: `--verdict FILE`"));
    }
    if policy.require.verdict.is_none() && named.flake.is_none() {
        let why = Reason::new("nothing says that this system is of the commit");
        reasons.push(why.hint("name the flake and not a system, or have the policy ask for a signed verdict"));
    }
    if !reasons.is_empty() {
        return Err(Trouble::refused(reasons));
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
        out,
        is_pinned: true,
    })
}

/// Returns the policy of a host, or that it has none.
pub fn policy(machine: &Machine, target: &Target) -> Result<Policy, Trouble> {
    let text: Option<String> = target.ask(machine, &["policy"])?;
    let refused = |why: String, hint: &str| Trouble::refused(vec![Reason::new(why).hint(hint)]);
    let Some(text) = text else {
        let (place, how) = if target.home {
            (
                "for the home on",
                "as its user: `cfgcheck switch --home --enroll policy.yaml`",
            )
        } else {
            ("on", "as root on it: `cfgcheck switch --enroll policy.yaml`")
        };
        let why = format!("no policy is enrolled {place} {}", target.name());
        let hint = format!("{how}; or say why it is to be without: `--override REASON`");
        return Err(refused(why, &hint));
    };
    let mut sources = SourceMap::new();
    let policy = Policy::read(&mut sources, b"policy.yaml", text.as_bytes()).map_err(|error| {
        let why = format!("the policy of {} is wrong: {}", target.name(), error.message);
        Trouble::refused(vec![Reason::new(why)])
    })?;
    if target.home && policy.require.verdict.is_some() {
        let why = "the policy asks for a signed verdict, and those are of hosts and not of homes";
        let hint = "enrol a policy for this home that asks for something else";
        return Err(refused(why.to_owned(), hint));
    }
    Ok(policy)
}

/// Returns the envelope in a file, with what it says. That it says so is nothing yet: the host verifies it.
fn envelope(machine: &Machine, path: &Path) -> Result<(String, ::deploy::verdict::Verdict), Trouble> {
    let bytes = machine.fs.read(path).map_err(Trouble::usage)?;
    let (_, verdict) = Envelope::read(&bytes).map_err(|error| {
        let why = format!("the verdict {} cannot be read: {error}", path.display());
        Trouble::refused(vec![Reason::new(why)])
    })?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), verdict))
}

/// Returns the repository with its folder, and the commit that is to be deployed: as it is named, or the one that is checked out.
fn commit(
    machine: &Machine,
    args: &ApproveArgs,
    named: &Named,
    wanted: Option<&str>,
) -> Result<(PathBuf, Repository, Commit), Trouble> {
    let own = named.repository.as_ref().map(|(root, _)| root.clone());
    let folder = args.repository.clone().or(own).unwrap_or_else(|| ".".into());
    let base = machine.env.current_dir().map_err(Trouble::usage)?;
    let folder = machine.fs.canonicalize(&base.join(folder)).map_err(Trouble::usage)?;
    let repository = Repository::open(machine.fs.clone(), &folder).map_err(Trouble::usage)?;
    let commit = revision(&repository, wanted.unwrap_or("HEAD")).map_err(Trouble::usage)?;
    Ok((folder, repository, commit))
}

/// Returns the commit that was approved for a host last, if one was. What was deployed since by an override, such as a way back,
/// takes nothing of its place: whoever steps back behind it needs an override again.
pub fn deployed(status: &Status) -> Result<Option<Commit>, Trouble> {
    let commit = status
        .approved
        .as_ref()
        .and_then(|approved| approved.order.origin.commit.as_deref());
    commit.map(Commit::new).transpose().map_err(|error| {
        Trouble::cannot_start(format!(
            "what the host says of its last deployment cannot be read: {error}"
        ))
    })
}
