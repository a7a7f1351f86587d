//! Whether a verdict is to be believed, and says what is asked of it.

use std::collections::BTreeSet;
use std::time::Duration;

use report::Stage;
use store::{Hash, HashFormat, StorePath};

use super::key::PublicKey;
use super::{Envelope, Refusal, Verdict};
use crate::moment;

/// How far the clock that signed may be ahead of ours.
pub const SKEW: Duration = Duration::from_secs(300);

/// What a verdict is asked to be of. What is `None` is not asked, and may be anything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// The repository, as the policy writes it.
    pub repository: String,
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// The host, by its name in the flake.
    pub host: String,
    /// The commit's tree.
    pub tree: Option<String>,
    /// The hash of the commit's `flake.lock`; the inner `None` is that there is no such file.
    pub lock: Option<Option<Hash>>,
    /// The system of the machine, such as `x86_64-linux`.
    pub system: Option<String>,
    /// The derivation of the host's system.
    pub drv: Option<StorePath>,
    /// The built system that is to be deployed.
    pub out: Option<StorePath>,
    /// The stages that have to have run. Evaluation always has to.
    pub stages: BTreeSet<Stage>,
}

/// Returns the verdict in an envelope that one of the keys has signed and that is what is wanted, at a time since
/// 1970-01-01 UTC; else all reasons why not.
///
/// One good signature is enough, so that a verdict may be signed with an old and a new key. Yet no signature in the name
/// of a known key may be bad: somebody has changed something then.
pub fn verify(bytes: &[u8], keys: &[PublicKey], wanted: &Wanted, now: Duration) -> Result<Verdict, Vec<Refusal>> {
    let (envelope, verdict) = match Envelope::read(bytes) {
        Ok(read) => read,
        Err(error) => return Err(vec![error.into()]),
    };
    let mut refusals = signatures(&envelope, keys);
    refusals.extend(time(&verdict, now));
    refusals.extend(identity(&verdict, wanted));
    refusals.extend(results(&verdict, wanted));
    match refusals.is_empty() {
        true => Ok(verdict),
        false => Err(refusals),
    }
}

fn signatures(envelope: &Envelope, keys: &[PublicKey]) -> Vec<Refusal> {
    if envelope.signatures().is_empty() {
        return vec![Refusal::Unsigned];
    }
    let signed = envelope.signed_bytes();
    let mut forged = Vec::new();
    let mut unknown = Vec::new();
    let mut is_vouched_for = false;
    for one in envelope.signatures() {
        let mut named = keys.iter().filter(|key| key.name() == one.key).peekable();
        if named.peek().is_none() {
            unknown.push(one.key.clone());
        } else if named.any(|key| key.has_signed(&signed, &one.signature)) {
            is_vouched_for = true;
        } else {
            forged.push(Refusal::Forged(one.key.clone()));
        }
    }
    if forged.is_empty() && !is_vouched_for {
        let known: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name())).collect();
        let known = match known.is_empty() {
            true => "none".to_owned(),
            false => known.join(", "),
        };
        let refusal = |name| Refusal::UnknownKey {
            name,
            known: known.clone(),
        };
        return unknown.into_iter().map(refusal).collect();
    }
    forged
}

fn time(verdict: &Verdict, now: Duration) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if now >= verdict.expires {
        refusals.push(Refusal::Expired {
            expires: moment(verdict.expires),
            now: moment(now),
        });
    }
    if verdict.made > now.saturating_add(SKEW) {
        refusals.push(Refusal::FromTheFuture {
            made: moment(verdict.made),
            now: moment(now),
        });
    }
    refusals
}

fn identity(verdict: &Verdict, wanted: &Wanted) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let differs = |said: &str, wanted: &str| (said != wanted).then(|| (said.to_owned(), wanted.to_owned()));
    if let Some((said, wanted)) = differs(&verdict.repository, &wanted.repository) {
        refusals.push(Refusal::Repository { said, wanted });
    }
    if let Some((said, wanted)) = differs(&verdict.commit, &wanted.commit) {
        refusals.push(Refusal::Commit { said, wanted });
    }
    let tree = wanted.tree.as_deref().and_then(|tree| differs(&verdict.tree, tree));
    if let Some((said, wanted)) = tree {
        refusals.push(Refusal::Tree { said, wanted });
    }
    if let Some(lock) = wanted.lock.filter(|lock| *lock != verdict.lock) {
        let (said, wanted) = (lock_text(verdict.lock), lock_text(lock));
        refusals.push(Refusal::Lock { said, wanted });
    }
    if let Some((said, wanted)) = differs(&verdict.host, &wanted.host) {
        refusals.push(Refusal::Host { said, wanted });
    }
    let system = wanted.system.as_deref();
    if let Some((said, wanted)) = system.and_then(|system| differs(&verdict.system, system)) {
        refusals.push(Refusal::System { said, wanted });
    }
    if let Some(drv) = wanted.drv.as_ref().filter(|drv| **drv != verdict.drv) {
        let (said, wanted) = (verdict.drv.clone(), drv.clone());
        refusals.push(Refusal::Derivation { said, wanted });
    }
    if let Some(out) = wanted.out.as_ref().filter(|out| **out != verdict.out) {
        let (said, wanted) = (verdict.out.clone(), out.clone());
        refusals.push(Refusal::OutPath { said, wanted });
    }
    if !verdict.closure.contains_key(&verdict.out) {
        refusals.push(Refusal::ClosureWithoutOutPath(verdict.out.clone()));
    }
    refusals
}

fn lock_text(lock: Option<Hash>) -> String {
    lock.map_or_else(|| "nothing".to_owned(), |hash| hash.to_text(HashFormat::Sri, true))
}

fn results(verdict: &Verdict, wanted: &Wanted) -> Vec<Refusal> {
    let results = &verdict.results;
    let mut refusals = Vec::new();
    for (&stage, &counts) in results.stages.iter().filter(|(_, counts)| counts.bad() > 0) {
        refusals.push(Refusal::NotPassed { stage, counts });
    }
    if results.errors > 0 {
        refusals.push(Refusal::Errors(results.errors));
    }
    let mut demanded = wanted.stages.clone();
    demanded.insert(Stage::Eval);
    for stage in demanded {
        let is_told = results.stages.get(&stage).is_some_and(|counts| counts.bad() > 0);
        if !results.has_run(stage) && !is_told {
            refusals.push(Refusal::DidNotRun(stage));
        }
    }
    refusals
}
