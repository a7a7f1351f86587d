//! Whether what was merged is what was reviewed.
//!
//! A review is of the last commit of a pull request, the *head*. What is deployed is another commit: a merge, a squash, or
//! commits that were written anew. That both say the same is shown by Git itself: it merges the head into what the branch
//! was before, without asking anybody, and the outcome must be the very tree that was merged. For a squash and for commits
//! that were written anew this is as good as for a merge: only trees are deployed.
//!
//! What this does not show: that the outcome of the merge works, or that a reviewer has seen what else was on the branch.

use super::answer::{code, said};
use super::{GitError, Repository};
use crate::commit::Commit;
use serde::{Deserialize, Serialize};

/// What was merged, compared with what was reviewed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// It is what Git makes of the head and of what the branch was before.
    Shown {
        /// The commits of the branch that came by it, the merged one among them.
        covers: Vec<Commit>,
    },
    /// It is something else.
    Differs,
    /// The repository has no such head, so that nothing can be compared.
    HeadMissing,
    /// What was merged is not among what is to be deployed.
    Elsewhere,
}

/// A pull request as it landed on the branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Landed<'l> {
    /// The commit by which it was merged: the merge, the squash, or the last of those that were written anew.
    pub merged: &'l Commit,
    /// The last commit of the pull request.
    pub head: &'l Commit,
    /// The commits of the pull request, as the forge lists them.
    pub commits: &'l [Commit],
}

impl Repository<'_> {
    /// Returns whether what landed is what was reviewed. `steps` are the commits by which the branch moved on.
    pub fn content(&self, landed: &Landed<'_>, steps: &[Commit]) -> Result<Content, GitError> {
        let Some(at) = steps.iter().position(|step| step == landed.merged) else {
            return Ok(Content::Elsewhere);
        };
        if !self.bring(landed.head)? {
            return Ok(Content::HeadMissing);
        }
        let tree = self.tree(landed.merged)?;
        let merges_to = |base: &Commit| Ok::<bool, GitError>(self.merged(base, landed.head)?.as_ref() == Some(&tree));
        let parents = self.parents(landed.merged)?;
        let shown = |count: usize| {
            let (by_it, before) = steps[at..].split_at(count.min(steps.len() - at));
            // Where the branch moved on to the very head, those before it are the pull request's own as well.
            let own = before.iter().take_while(|step| landed.commits.contains(step));
            Content::Shown {
                covers: by_it.iter().chain(own).cloned().collect(),
            }
        };
        let base = match parents.as_slice() {
            [base] => base,
            // A merge of something else is none of this pull request.
            [base, head] if head == landed.head => {
                return Ok(match merges_to(base)? {
                    true => shown(1),
                    false => Content::Differs,
                });
            }
            _ => return Ok(Content::Differs),
        };
        if merges_to(base)? {
            return Ok(shown(1));
        }
        // Written anew: further back by as many commits as the pull request has, at most, and all of them in a row. What lies
        // before what is deployed need not be covered, and may be a part of it.
        let (mut base, mut count) = (base.clone(), 1);
        while count < landed.commits.len() {
            let parents = self.parents(&base)?;
            let [before] = parents.as_slice() else {
                break;
            };
            (base, count) = (before.clone(), count + 1);
            if merges_to(&base)? {
                return Ok(shown(count));
            }
        }
        Ok(Content::Differs)
    }

    fn tree(&self, commit: &Commit) -> Result<String, GitError> {
        said(self.git(&[
            "rev-parse",
            "--verify",
            "--end-of-options",
            &format!("{}^{{tree}}", commit.as_str()),
        ])?)
    }

    fn parents(&self, commit: &Commit) -> Result<Vec<Commit>, GitError> {
        let line = said(self.git(&["rev-list", "--parents", "--max-count=1", commit.as_str()])?)?;
        let words = line.split(' ').skip(1);
        let commit = |word| Commit::new(word).map_err(|error| GitError::Said(error.to_string()));
        words.map(commit).collect()
    }

    /// Returns the tree of a head merged into a commit of the branch; `None` if that takes a person.
    fn merged(&self, base: &Commit, head: &Commit) -> Result<Option<String>, GitError> {
        if self.is_ancestor(base, head)? {
            return self.tree(head).map(Some);
        }
        let output = self.git(&[
            "merge-tree",
            "--write-tree",
            "--no-messages",
            base.as_str(),
            head.as_str(),
        ])?;
        match code(&output)? {
            0 => Ok(said(output)?.lines().next().map(str::to_owned)),
            1 => Ok(None),
            _ => Err(GitError::of(&output)),
        }
    }
}
