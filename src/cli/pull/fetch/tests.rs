//! A copy of a real repository, by real Git.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests make repositories, and break a copy of one"
)]

use super::Copy;
use crate::machine::Machine;
use ::deploy::commit::Commit;
use ::deploy::pull::Remote;
use std::path::PathBuf;
use std::sync::Arc;
use sys::{DiskFs, ProcessEnv, SystemClock};
use tempfile::TempDir;
use testkit::git;

/// A repository elsewhere, and a machine that fetches it.
struct Bench {
    folder: TempDir,
    machine: Machine,
    remote: Remote,
}

impl Bench {
    fn new(format: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let work = folder.path().join("work");
        std::fs::create_dir(&work).expect("a folder can be made");
        git(&work, &["init", "-q", "-b", "main", "--object-format", format]);
        let machine = Machine {
            fs: Arc::new(DiskFs),
            env: Arc::new(ProcessEnv),
            clock: Arc::new(SystemClock::new()),
            stack: 0,
        };
        let url = format!("file://{}", work.display());
        Bench {
            folder,
            machine,
            remote: Remote { url },
        }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn commit(&self, text: &str) -> Commit {
        std::fs::write(self.work().join("file"), text).expect("it can be written");
        git(&self.work(), &["add", "."]);
        git(&self.work(), &["commit", "-qm", text]);
        Commit::new(&git(&self.work(), &["rev-parse", "HEAD"])).expect("a commit")
    }

    fn copy(&self) -> Copy<'_> {
        Copy::new(&self.machine, &self.remote, &self.folder.path().join("copy.git"), None)
    }

    /// Returns what the branch is in the copy.
    fn copied(&self) -> String {
        git(&self.folder.path().join("copy.git"), &["rev-parse", "origin/main"])
    }
}

#[test]
fn a_branch_comes_with_what_was_pushed_and_pushed_over() {
    for format in ["sha1", "sha256"] {
        let bench = Bench::new(format);
        let first = bench.commit("first");
        let second = bench.commit("second");
        assert_eq!(bench.copy().branch("main").ok(), Some(second.clone()), "{format}");
        assert_eq!(bench.copied(), second.as_str());
        git(&bench.work(), &["reset", "-q", "--hard", first.as_str()]);
        let other = bench.commit("other");
        assert_eq!(bench.copy().branch("main").ok(), Some(other.clone()), "{format}");
        assert_eq!(bench.copied(), other.as_str());
        let copy = bench.folder.path().join("copy.git");
        assert!(!copy.join("hooks").exists(), "a copy has no programs");
    }
}

#[test]
fn a_copy_that_is_broken_is_made_anew() {
    let bench = Bench::new("sha1");
    bench.commit("first");
    bench.copy().branch("main").expect("it is copied");
    let copy = bench.folder.path().join("copy.git");
    std::fs::write(copy.join("config"), "[core\n").expect("it can be written");
    let second = bench.commit("second");
    assert_eq!(bench.copy().branch("main").ok(), Some(second.clone()));
    assert_eq!(bench.copied(), second.as_str());
}

#[test]
fn what_is_not_there_has_a_message() {
    let bench = Bench::new("sha1");
    let commit = bench.commit("first");
    let said = |error: super::FetchError| error.to_string();
    let branch = bench.copy().branch("next").map_err(said);
    assert!(branch.is_err_and(|said| said.ends_with("work has no branch `next`")));
    bench.copy().branch("main").expect("it is copied");
    assert_eq!(bench.copy().verdict(&commit, "web").ok(), Some(None));
    let absent = Remote {
        url: "file:///absent/fleet".into(),
    };
    let copy = Copy::new(&bench.machine, &absent, &bench.folder.path().join("copy.git"), None);
    let said = copy.branch("main").map_err(said).expect_err("there is nothing");
    assert!(
        said.starts_with("file:///absent/fleet cannot be fetched: git ls-remote: "),
        "{said}"
    );
    assert_eq!(bench.copied(), commit.as_str(), "what is there stays");
}

#[test]
fn references_come_under_names_of_their_own() {
    let bench = Bench::new("sha1");
    let commit = bench.commit("first");
    bench.copy().branch("main").expect("it is copied");
    let other = bench.commit("a pull request");
    git(&bench.work(), &["update-ref", "refs/pull/7/head", other.as_str()]);
    bench.copy().reference("refs/pull/7/head").expect("it is brought");
    assert_eq!(bench.copied(), commit.as_str());
    let copy = bench.folder.path().join("copy.git");
    assert_eq!(git(&copy, &["rev-parse", "refs/brought/pull/7/head"]), other.as_str());
}
