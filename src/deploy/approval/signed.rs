//! Whether each commit that a deployment brings is signed by a key of the policy.

use super::facts::Facts;
use super::judge::Judgement;
use super::refusal::{Condition, Refusal};
use super::shown::Shown;
use crate::commit::Commit;
use crate::git::History;
use crate::signature::Standing;

pub(super) fn judge(judgement: &mut Judgement, facts: &Facts, history: Option<&History>) {
    let Some(signatures) = judgement.known(Condition::Signatures, &facts.signatures) else {
        return;
    };
    // Without a history, which is refused already, the commit itself is all that is known.
    let alone = [facts.commit.clone()];
    let commits = history.map_or(&alone[..], |history| &history.commits);
    // Those with the same standing are told together, in the order of the first of each.
    let mut groups: Vec<(Option<&Standing>, Vec<Commit>)> = Vec::new();
    for commit in commits {
        let mut of_it = signatures.iter().filter(|signature| signature.commit == *commit);
        let standing = match (of_it.next(), of_it.next()) {
            (Some(signature), None) => Some(&signature.standing),
            // Two answers are none.
            _ => None,
        };
        match groups.iter_mut().find(|(known, _)| *known == standing) {
            Some((_, commits)) => commits.push(commit.clone()),
            None => groups.push((standing, vec![commit.clone()])),
        }
    }
    for (standing, commits) in groups {
        match told(standing, commits) {
            Ok(shown) => judgement.show(shown),
            Err(refusal) => judgement.refuse(refusal),
        }
    }
}

fn told(standing: Option<&Standing>, commits: Vec<Commit>) -> Result<Shown, Refusal> {
    let Some(standing) = standing else {
        return Err(Refusal::NotVerified { commits });
    };
    Err(match standing.clone() {
        Standing::Good { by, key, forge } => {
            return Ok(Shown::Signed {
                commits: commits.len(),
                by,
                key,
                forge,
            });
        }
        Standing::Unsigned => Refusal::Unsigned { commits },
        Standing::UnknownKey { key } => Refusal::UnknownKey { commits, key },
        Standing::ForgeOnly { key } => Refusal::ForgeSignature { commits, key },
        Standing::Bad => Refusal::BadSignature { commits },
        Standing::ExpiredKey { key } => Refusal::ExpiredKey { commits, key },
        Standing::RevokedKey { key } => Refusal::RevokedKey { commits, key },
        Standing::Expired => Refusal::ExpiredSignature { commits },
        Standing::Unclear { said } => Refusal::UnclearSignature { commits, said },
    })
}
