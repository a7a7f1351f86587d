//! Revisions as people write them: `main`, `v1.2`, `3f2a1c9`, `HEAD~2`, `main^`.
//!
//! Of Git's language for revisions this is what names a commit by its place: `REV~N` and `REV^N` may be
//! chained, `@` is `HEAD`. Times (`@{yesterday}`), searches (`:/text`) and paths are refused.

use super::{GitError, Objects, Oid, Repository};
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::path::Path;
use sys::FileKind;

/// The fewest digits that stand for a commit, as in Git.
const LEAST_DIGITS: usize = 4;
/// Most references that are listed.
const MOST_NAMES: usize = 10_000;
/// Deepest folder of references.
const MAX_DEPTH: usize = 16;

/// A revision that names no commit.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// No branch, tag or commit goes by the name.
    #[error("there is no branch, tag or commit '{0}'")]
    Unknown(String),
    /// More than one object begins with these digits.
    #[error("more than one object begins with '{0}'; give more digits")]
    Ambiguous(String),
    /// A commit has not that many parents.
    #[error("'{revision}' has no {step}")]
    NoParent {
        /// The revision as it was written.
        revision: String,
        /// The step that leads nowhere, in words.
        step: String,
    },
    /// It is written in a way that is not understood.
    #[error("'{0}' is no revision that cfgcheck understands; a branch, a tag, a commit, REV~N and REV^N are")]
    Syntax(String),
}

/// A step from a commit to one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// So many times to the first parent.
    Back(u32),
    /// To this parent; 0 is the commit itself.
    Parent(u32),
}

impl Repository {
    /// Returns the commit that a revision names.
    pub fn revision(&self, text: &str) -> Result<Oid, RevisionError> {
        let (name, steps) = split(text).ok_or_else(|| RevisionError::Syntax(text.to_owned()))?;
        let mut at = self.named(name)?;
        for step in steps {
            at = self.step(&at, step)?.ok_or_else(|| RevisionError::NoParent {
                revision: text.to_owned(),
                step: match step {
                    Step::Back(count) => format!("{count} commits before it"),
                    Step::Parent(number) => format!("parent {number}"),
                },
            })?;
        }
        Ok(at)
    }

    /// Returns the commit that a branch, a tag or the digits of a commit name.
    fn named(&self, name: &str) -> Result<Oid, RevisionError> {
        let unknown = || RevisionError::Unknown(name.to_owned());
        let name = if name == "@" { "HEAD" } else { name };
        let is_hex = name.len() >= LEAST_DIGITS && name.bytes().all(|b| b.is_ascii_hexdigit());
        let id = match self.resolve(name) {
            Ok(id) => id,
            Err(GitError::NoSuchRef { .. }) if is_hex => match self.objects().by_prefix(&name.to_ascii_lowercase())? {
                Some(Ok(id)) => id,
                Some(Err(())) => return Err(RevisionError::Ambiguous(name.to_owned())),
                None => return Err(unknown()),
            },
            Err(GitError::NoSuchRef { .. }) => return Err(unknown()),
            // Not a legal name of a reference.
            Err(GitError::Broken { .. }) if !crate::refname::is_legal_ref_name(name) => return Err(unknown()),
            Err(error) => return Err(error.into()),
        };
        match self.objects().commit(&id) {
            Ok((id, _)) => Ok(id),
            Err(GitError::Missing(_)) if is_hex => Err(unknown()),
            Err(error) => Err(error.into()),
        }
    }

    fn step(&self, id: &Oid, step: Step) -> Result<Option<Oid>, GitError> {
        let mut at = *id;
        let (count, index) = match step {
            Step::Back(count) => (count, 0),
            Step::Parent(0) => (0, 0),
            Step::Parent(number) => (1, number as usize - 1),
        };
        for _ in 0..count {
            match self.objects().commit(&at)?.1.parents.get(index) {
                Some(parent) => at = *parent,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Returns the newest commit that two have in common, or `None` if their histories never met.
    pub fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        let shallow = self.shallow_commits()?;
        let objects: &Objects = self.objects();
        let mut sides: HashMap<Oid, u8> = HashMap::new();
        // By time, so that most of the history is never read; the id makes equal times a fixed order.
        let mut todo: BinaryHeap<(u64, Oid)> = BinaryHeap::new();
        let mut best: Option<(u64, Oid)> = None;
        for (id, side) in [(one, 1), (other, 2)] {
            let (id, commit) = objects.commit(id)?;
            *sides.entry(id).or_default() |= side;
            todo.push((commit.time, id));
        }
        while let Some((time, id)) = todo.pop() {
            let seen = sides[&id];
            if seen == 3 {
                // What is left is no newer, unless a clock went wrong; Git's own answer is no better then.
                best = best.max(Some((time, id)));
                break;
            }
            if shallow.contains(&id) {
                continue;
            }
            for parent in objects.commit(&id)?.1.parents {
                let known = sides.entry(parent).or_default();
                if *known | seen != *known {
                    *known |= seen;
                    todo.push((objects.commit(&parent)?.1.time, parent));
                }
            }
        }
        Ok(best.map(|(_, id)| id))
    }

    /// Returns the names of all branches, tags and remote branches, as people write them.
    pub fn names(&self) -> Result<BTreeSet<String>, GitError> {
        let mut names = BTreeSet::new();
        for prefix in ["refs/heads/", "refs/tags/", "refs/remotes/"] {
            self.loose_names(&self.common_dir().join(prefix), "", 0, &mut names)?;
            let packed = self.packed_names()?;
            let packed = packed.iter().filter_map(|name| name.strip_prefix(prefix));
            names.extend(packed.map(str::to_owned));
        }
        Ok(names)
    }

    fn loose_names(
        &self,
        folder: &Path,
        above: &str,
        depth: usize,
        names: &mut BTreeSet<String>,
    ) -> Result<(), GitError> {
        if depth > MAX_DEPTH || names.len() > MOST_NAMES || self.fs().stat(folder)?.is_none() {
            return Ok(());
        }
        for entry in self.fs().read_dir(folder)? {
            let name = format!("{above}{}", entry.name.to_string_lossy());
            match entry.kind {
                FileKind::Directory => {
                    self.loose_names(&folder.join(&entry.name), &format!("{name}/"), depth + 1, names)?;
                }
                _ => {
                    names.insert(name);
                }
            }
        }
        Ok(())
    }
}

/// Splits a revision into a name and the steps behind it; `None` if it is not written like that.
fn split(text: &str) -> Option<(&str, Vec<Step>)> {
    let end = text.find(['~', '^']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() || name.contains(['{', ':']) {
        return None;
    }
    let mut steps = Vec::new();
    while let Some(sign) = rest.chars().next() {
        rest = &rest[1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = match &rest[..digits] {
            "" => 1,
            digits => digits.parse().ok()?,
        };
        rest = &rest[digits..];
        steps.push(match sign {
            '~' => Step::Back(number),
            '^' => Step::Parent(number),
            _ => return None,
        });
    }
    Some((name, steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;
    use sys::{Command, DiskFs, Env, Exec, ProcessEnv, ProcessExec};

    #[test]
    fn steps_stand_behind_a_name() {
        let check = |text: &str, name: &str, steps: &[Step]| {
            assert_eq!(split(text), Some((name, steps.to_vec())), "{text}");
        };
        check("main", "main", &[]);
        check("HEAD~2", "HEAD", &[Step::Back(2)]);
        check("v1^", "v1", &[Step::Parent(1)]);
        check(
            "a/b^2~3^^",
            "a/b",
            &[Step::Parent(2), Step::Back(3), Step::Parent(1), Step::Parent(1)],
        );
        for wrong in [
            "",
            "~1",
            "main@{1}",
            "HEAD:flake.nix",
            ":/text",
            "main^{tree}",
            "main~x",
            "main~99999999999",
        ] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }

    /// A repository whose history forks and joins: `a - b - d (merge of b and c) - e`, `c` on a branch.
    fn repository() -> (tempfile::TempDir, Repository, HashMap<&'static str, Oid>) {
        let folder = tempfile::tempdir().unwrap();
        let git = |args: &[&str], second: u32| {
            let date = format!("{} +0000", 1_700_000_000 + second);
            let mut command = Command::new("git").args(args).cwd(folder.path());
            for (name, value) in [
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_AUTHOR_NAME", "a"),
                ("GIT_AUTHOR_EMAIL", "a@b"),
                ("GIT_COMMITTER_NAME", "a"),
                ("GIT_COMMITTER_EMAIL", "a@b"),
                ("GIT_AUTHOR_DATE", &date),
                ("GIT_COMMITTER_DATE", &date),
            ] {
                command = command.env(name, value);
            }
            command = command.env("PATH", ProcessEnv.text("PATH").unwrap_or_default());
            let done = ProcessExec.run(&command.timeout(Duration::from_secs(60))).unwrap();
            assert!(
                done.success(),
                "git {args:?}: {}",
                String::from_utf8_lossy(&done.stderr)
            );
        };
        git(&["init", "-q", "-b", "main"], 0);
        git(&["commit", "-q", "--allow-empty", "-m", "a"], 1);
        git(&["tag", "-a", "v1", "-m", "first"], 1);
        git(&["branch", "side/one"], 1);
        git(&["commit", "-q", "--allow-empty", "-m", "b"], 2);
        git(&["checkout", "-q", "side/one"], 2);
        git(&["commit", "-q", "--allow-empty", "-m", "c"], 3);
        git(&["pack-refs", "--all"], 3);
        git(&["checkout", "-q", "main"], 3);
        git(&["merge", "-q", "--no-ff", "-m", "d", "side/one"], 4);
        git(&["commit", "-q", "--allow-empty", "-m", "e"], 5);
        let repository = Repository::open(Arc::new(DiskFs), folder.path()).unwrap();
        let mut ids = HashMap::new();
        let mut at = repository.head().unwrap().unwrap();
        ids.insert("e", at);
        for names in [["d", "c"], ["b", ""], ["a", ""]] {
            let parents = repository.objects().commit(&at).unwrap().1.parents;
            for (name, id) in names.iter().zip(&parents) {
                ids.insert(*name, *id);
            }
            at = parents[0];
            if names[0] == "d" {
                let merge = repository.objects().commit(&at).unwrap().1.parents;
                ids.insert("c", merge[1]);
            }
        }
        (folder, repository, ids)
    }

    #[test]
    fn revisions_lead_to_commits() {
        let (_folder, repository, ids) = repository();
        let whole = ids["c"].to_string();
        for (text, expected) in [
            ("HEAD", "e"),
            ("@", "e"),
            ("main", "e"),
            ("HEAD~1", "d"),
            ("HEAD^", "d"),
            ("main~1^2", "c"),
            ("main~2", "b"),
            ("side/one", "c"),
            ("refs/heads/side/one", "c"),
            ("v1", "a"),
            ("v1^0", "a"),
            (&whole, "c"),
            (&whole[..8], "c"),
            (&whole[..8].to_uppercase(), "c"),
        ] {
            assert_eq!(repository.revision(text).unwrap(), ids[expected], "{text}");
        }
    }

    #[test]
    fn what_names_no_commit_is_told() {
        let (_folder, repository, _ids) = repository();
        for (text, message) in [
            ("mian", "there is no branch, tag or commit 'mian'"),
            ("..", "there is no branch, tag or commit '..'"),
            ("abcd", "there is no branch, tag or commit 'abcd'"),
            ("v1^", "'v1^' has no parent 1"),
            ("HEAD~9", "'HEAD~9' has no 9 commits before it"),
            (
                "HEAD@{1}",
                "'HEAD@{1}' is no revision that cfgcheck understands; a branch, a tag, a commit, REV~N and REV^N are",
            ),
        ] {
            assert_eq!(repository.revision(text).unwrap_err().to_string(), message, "{text}");
        }
        let absent = "1".repeat(40);
        assert!(matches!(repository.revision(&absent), Err(RevisionError::Unknown(_))));
        let names = repository.names().unwrap();
        assert_eq!(Vec::from_iter(&names), ["main", "side/one", "v1"]);
    }

    #[test]
    fn histories_meet_at_their_merge_base() {
        let (_folder, repository, ids) = repository();
        let base = |one: &str, other: &str| repository.merge_base(&ids[one], &ids[other]).unwrap().unwrap();
        assert_eq!(base("b", "c"), ids["a"]);
        assert_eq!(base("e", "c"), ids["c"]);
        assert_eq!(base("c", "e"), ids["c"]);
        assert_eq!(base("d", "d"), ids["d"]);
    }
}
