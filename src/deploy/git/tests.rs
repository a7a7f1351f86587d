//! Real repositories, and those that lie.

#![expect(clippy::disallowed_methods, reason = "tests make repositories and damage them")]

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use sys::{DiskFs, Env, ProcessEnv, ProcessExec};
use testkit::git;

/// A repository, and a folder of a run.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    path: String,
}

impl Bench {
    /// Returns an empty repository, which signs nothing.
    pub(crate) fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a folder can be made");
        for name in ["work", "run"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        let path = ProcessEnv.text("PATH").expect("programs are somewhere");
        let bench = Bench { folder, path };
        bench.git(&["init", "-q", "-b", "main"]);
        bench
    }

    /// Returns the folder of the repository.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Returns a path beside the repository.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs Git in the repository.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.work(), args)
    }

    /// Returns what a name stands for.
    pub(crate) fn commit(&self, name: &str) -> Commit {
        Commit::new(&self.git(&["rev-parse", &format!("{name}^{{commit}}")])).expect("Git tells commits")
    }

    /// Writes a file and commits it, by these options as well, and returns the commit.
    pub(crate) fn change(&self, name: &str, text: &str, options: &[&str]) -> Commit {
        fs::write(self.work().join(name), text).expect("a file can be written");
        self.git(&["add", name]);
        self.git(&[&["commit", "-q", "-m", text], options].concat());
        self.commit("HEAD")
    }

    /// Returns the same repository, to be asked from an empty folder.
    pub(crate) fn again(self) -> Bench {
        fs::remove_dir_all(self.at("run")).expect("it can be removed");
        fs::create_dir(self.at("run")).expect("a folder can be made");
        self
    }

    /// Writes a program that says yes to everything, and takes down that it was called.
    pub(crate) fn yes_man(&self) -> String {
        let program = self.at("yes");
        let text = format!(
            "#!/bin/sh\necho called >>'{}'\ncat >/dev/null\nprintf '%s\\n' '[GNUPG:] NEWSIG' '[GNUPG:] GOODSIG 8899 Ann' \
             '[GNUPG:] VALIDSIG AA 2026-11-26 1 0 4 0 1 8 00 AA' 'Good \"git\" signature for ann with ED25519 key SHA256:x'\n",
            self.at("called").display()
        );
        fs::write(&program, text).expect("a file can be written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
        program.display().to_string()
    }

    /// Whether the program that says yes was called.
    pub(crate) fn yes_was_called(&self) -> bool {
        self.at("called").exists()
    }

    /// Hands over where Git is run.
    pub(crate) fn with<R>(&self, work: impl FnOnce(Place<'_>) -> R) -> R {
        let folder = self.at("run");
        work(Place {
            exec: &ProcessExec,
            fs: &DiskFs,
            path: &self.path,
            folder: &folder,
        })
    }

    /// Hands over a copy of a commit.
    pub(crate) fn copied<R>(&self, commit: &Commit, work: impl FnOnce(&Repository<'_>) -> R) -> Result<R, GitError> {
        self.with(|place| Repository::copy(place, &self.work(), commit).map(|repository| work(&repository)))
    }
}

fn told<T: std::fmt::Debug>(result: Result<T, GitError>) -> String {
    result.expect_err("it is refused").to_string()
}

#[test]
fn a_history_is_all_that_a_deployment_brings() {
    let bench = Bench::new();
    let a = bench.change("a", "a", &[]);
    bench.git(&["checkout", "-q", "-b", "side"]);
    let b = bench.change("b", "b", &[]);
    bench.git(&["checkout", "-q", "main"]);
    let c = bench.change("c", "c", &[]);
    bench.git(&["merge", "-q", "--no-ff", "-m", "d", "side"]);
    let d = bench.commit("HEAD");
    let e = bench.change("e", "e", &[]);
    let gone = Commit::new(&"0123456789".repeat(4)).expect("it is one");
    bench
        .copied(&e, |repository| {
            let check = |deployed: Option<&Commit>, commit: &Commit, relation, steps: &[&Commit], commits: usize| {
                let history = repository.history(deployed, commit).expect("Git tells it");
                assert_eq!(history.relation, relation);
                assert_eq!(history.steps.iter().collect::<Vec<_>>(), steps);
                assert_eq!(history.commits.len(), commits);
                assert!(steps.iter().all(|step| history.commits.contains(step)));
            };
            check(None, &e, Relation::First, &[&e], 1);
            check(Some(&e), &e, Relation::Same, &[&e], 1);
            check(Some(&a), &e, Relation::Descendant, &[&e, &d, &c], 4);
            check(Some(&c), &d, Relation::Descendant, &[&d], 2);
            check(Some(&b), &e, Relation::Descendant, &[&e, &d, &c], 3);
            check(Some(&e), &a, Relation::Ancestor, &[&a], 1);
            check(Some(&b), &c, Relation::Diverged, &[&c], 1);
            check(Some(&gone), &e, Relation::Gone, &[&e], 1);
        })
        .expect("it is copied");
    assert!(!bench.with(|place| place.at("repository.git/FETCH_HEAD")).exists());
}

#[test]
fn commits_of_sha_256_are_commits() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.work().join(".git")).expect("it can be removed");
    bench.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    let (a, b) = (bench.change("a", "a", &[]), bench.change("b", "b", &[]));
    let history = bench.copied(&b, |repository| repository.history(Some(&a), &b).expect("Git tells it"));
    assert_eq!(history.expect("it is copied").commits, [b]);
}

#[test]
fn what_cannot_be_copied_is_told() {
    let bench = Bench::new();
    let a = bench.change("a", "a", &[]);
    let b = bench.change("b", "b", &[]);
    let gone = Commit::new(&"0123456789".repeat(4)).expect("it is one");
    let missing = format!("the repository has no commit {}", gone.as_str());
    assert_eq!(told(bench.copied(&gone, |_| ())), missing);
    let relative = bench.with(|place| Repository::copy(place, Path::new("ext::sh -c x"), &a).map(|_| ()));
    assert_eq!(told(relative), "'ext::sh -c x' is no absolute path");
    let bench = bench.again();
    // The digits of a tree are those of no commit, and neither are those of a tag.
    let tree = Commit::new(&bench.git(&["rev-parse", "HEAD^{tree}"])).expect("digits are digits");
    assert!(told(bench.copied(&tree, |_| ())).starts_with("the repository has no commit"));
    let bench = bench.again();
    bench.git(&["tag", "-a", "-m", "x", "v1"]);
    let tag = Commit::new(&bench.git(&["rev-parse", "v1"])).expect("digits are digits");
    assert!(told(bench.copied(&tag, |_| ())).starts_with("the repository has no commit"));
    let bench = bench.again();
    let none = bench.with(|place| Repository::copy(place, &bench.at("none"), &a).map(|_| ()));
    assert!(told(none).starts_with("git says: fatal: "), "no repository");
    let bench = bench.again();
    let url = format!("file://{}", bench.work().display());
    git(bench.folder.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let shallow = bench.with(|place| Repository::copy(place, &bench.at("shallow"), &b).map(|_| ()));
    let error = shallow.expect_err("it is refused");
    assert_eq!(error.hint(), Some("bring the whole history: git fetch --unshallow"));
    assert!(matches!(error, GitError::Shallow), "{error}");
}

#[test]
fn parents_are_those_of_the_objects_whatever_the_folder_says_of_them() {
    let bench = Bench::new();
    let a = bench.change("a", "a", &[]);
    let b = bench.change("b", "b", &[]);
    let c = bench.change("c", "c", &[]);
    let d = bench.change("d", "d", &[]);
    let length = |bench: &Bench| {
        let history = bench.copied(&d, |repository| repository.history(Some(&a), &d).expect("Git tells it"));
        history.expect("it is copied").commits.len()
    };
    assert_eq!(length(&bench), 3);
    // Each of these hides `b` and `c` from whoever asks the folder itself.
    let hidden = |bench: &Bench| bench.git(&["rev-list", "--count", "HEAD", &format!("^{}", a.as_str())]) == "1";
    let bench = bench.again();
    bench.git(&["replace", "--graft", d.as_str(), a.as_str()]);
    assert!(hidden(&bench));
    assert_eq!(length(&bench), 3);
    let bench = bench.again();
    bench.git(&["replace", "-d", d.as_str()]);
    let info = bench.work().join(".git/info");
    fs::create_dir_all(&info).expect("a folder can be made");
    fs::write(info.join("grafts"), format!("{} {}\n", d.as_str(), a.as_str())).expect("a file can be written");
    assert!(hidden(&bench));
    // What is missing then is noticed; if it is there all the same, it counts.
    match bench.copied(&d, |repository| repository.history(Some(&a), &d)) {
        Ok(history) => assert_eq!(history.expect("Git tells it").commits.len(), 3),
        Err(error) => assert!(error.to_string().starts_with("git says: "), "{error}"),
    }
    let bench = bench.again();
    fs::remove_file(info.join("grafts")).expect("it can be removed");
    bench.git(&["checkout", "-q", "-b", "x", a.as_str()]);
    let other = bench.change("d", "d", &[]);
    // The file of `d` has the bytes of another commit, whose parent is `a`.
    let file = |commit: &Commit| {
        let (folder, name) = commit.as_str().split_at(2);
        bench.work().join(".git/objects").join(folder).join(name)
    };
    fs::remove_file(file(&d)).expect("it can be removed");
    fs::copy(file(&other), file(&d)).expect("it can be copied");
    assert!(matches!(
        bench.copied(&d, |_| ()),
        Err(GitError::Said(_) | GitError::Missing(_))
    ));
    assert!(bench.git(&["cat-file", "-t", b.as_str()]) == "commit" && c != d);
}

#[test]
fn no_program_of_the_folder_is_run() {
    let bench = Bench::new();
    let a = bench.change("a", "a", &[]);
    let b = bench.change("b", "b", &[]);
    let yes = bench.yes_man();
    for (name, value) in [
        ("core.fsmonitor", yes.as_str()),
        ("core.sshCommand", &yes),
        ("core.alternateRefsCommand", &yes),
        ("core.pager", &yes),
        ("uploadpack.packObjectsHook", &yes),
        ("gpg.program", &yes),
        ("gpg.ssh.program", &yes),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &format!("ext::{yes}")),
        ("protocol.ext.allow", "always"),
        ("core.hooksPath", &bench.at("").display().to_string()),
    ] {
        bench.git(&["config", name, value]);
    }
    let history = bench.copied(&b, |repository| repository.history(Some(&a), &b).expect("Git tells it"));
    assert_eq!(history.expect("it is copied").steps, std::slice::from_ref(&b));
    // Now an object is missing that the folder says can be fetched.
    let (folder, name) = a.as_str().split_at(2);
    fs::remove_file(bench.work().join(".git/objects").join(folder).join(name)).expect("it can be removed");
    let bench = bench.again();
    assert!(matches!(bench.copied(&b, |_| ()), Err(GitError::Said(_))));
    assert!(!bench.yes_was_called());
}

/// Returns what landed, compared with a head.
fn content(bench: &Bench, merged: &Commit, head: &Commit, commits: &[&Commit], deployed: &Commit) -> Content {
    let commits: Vec<Commit> = commits.iter().map(|commit| (*commit).clone()).collect();
    let landed = Landed {
        merged,
        head,
        commits: &commits,
    };
    let content = bench.copied(merged, |repository| {
        let history = repository.history(Some(deployed), merged).expect("Git tells it");
        repository.content(&landed, &history.steps).expect("Git tells it")
    });
    content.expect("it is copied")
}

fn covering(commits: &[&Commit]) -> Content {
    Content::Shown {
        covers: commits.iter().map(|commit| (*commit).clone()).collect(),
    }
}

#[test]
fn what_git_itself_makes_of_the_reviewed_head_is_what_was_reviewed() {
    let bench = Bench::new();
    let base = bench.change("a", "a", &[]);
    bench.git(&["checkout", "-q", "-b", "topic"]);
    let first = bench.change("b", "b", &[]);
    let head = bench.change("b", "b2", &[]);
    bench.git(&["checkout", "-q", "main"]);
    let before = bench.change("c", "c", &[]);
    let both = [&first, &head];
    let back = |bench: Bench| {
        bench.git(&["checkout", "-q", "-B", "main", before.as_str()]);
        bench.again()
    };
    // A merge.
    bench.git(&["merge", "-q", "--no-ff", "-m", "merge", "topic"]);
    let merge = bench.commit("HEAD");
    assert_eq!(content(&bench, &merge, &head, &both, &before), covering(&[&merge]));
    // The same, with something that nobody has reviewed.
    let bench = bench.again();
    let evil = bench.change("evil", "evil", &["--amend"]);
    assert_eq!(content(&bench, &evil, &head, &both, &before), Content::Differs);
    // A squash, and one with more in it.
    let bench = back(bench);
    bench.git(&["merge", "-q", "--squash", "topic"]);
    bench.git(&["commit", "-q", "-m", "squash"]);
    let squash = bench.commit("HEAD");
    assert_eq!(content(&bench, &squash, &head, &both, &before), covering(&[&squash]));
    let bench = bench.again();
    assert_eq!(content(&bench, &squash, &first, &[&first], &before), Content::Differs);
    let bench = bench.again();
    let evil = bench.change("evil", "evil", &["--amend"]);
    assert_eq!(content(&bench, &evil, &head, &both, &before), Content::Differs);
    // Written anew, both commits; but not if the pull request has only one, nor if somebody adds a third one.
    let bench = back(bench);
    bench.git(&["cherry-pick", first.as_str(), head.as_str()]);
    let (second, one) = (bench.commit("HEAD"), bench.commit("HEAD^"));
    assert_eq!(
        content(&bench, &second, &head, &both, &before),
        covering(&[&second, &one])
    );
    let bench = bench.again();
    assert_eq!(content(&bench, &second, &head, &[&head], &before), Content::Differs);
    let bench = bench.again();
    let third = bench.change("evil", "evil", &[]);
    assert_eq!(
        content(&bench, &third, &head, &[&first, &head, &head], &before),
        Content::Differs
    );
    let bench = bench.again();
    assert_eq!(content(&bench, &third, &head, &both, &before), Content::Differs);
    // What is deployed may lie in the middle of them.
    let bench = bench.again();
    assert_eq!(content(&bench, &second, &head, &both, &one), covering(&[&second]));
    // The branch was up to date, and moved on to the very head.
    bench.git(&["checkout", "-q", "-B", "main", head.as_str()]);
    let bench = bench.again();
    assert_eq!(content(&bench, &head, &head, &both, &base), covering(&[&head, &first]));
    // What was pushed to the branch before the pull request began is none of it, although the head descends from it.
    let bench = bench.again();
    assert_eq!(content(&bench, &head, &head, &[&head], &base), covering(&[&head]));
    // A head that is nowhere, and a merge that is not among what comes.
    let gone = Commit::new(&"0123456789".repeat(4)).expect("it is one");
    let bench = bench.again();
    assert_eq!(content(&bench, &head, &gone, &both, &base), Content::HeadMissing);
    let bench = bench.again();
    let landed = Landed {
        merged: &merge,
        head: &head,
        commits: &[],
    };
    let elsewhere = bench.copied(&head, |repository| {
        repository.content(&landed, std::slice::from_ref(&head))
    });
    assert_eq!(
        elsewhere.expect("it is copied").expect("Git tells it"),
        Content::Elsewhere
    );
}

#[test]
fn what_a_person_has_resolved_is_not_shown() {
    let bench = Bench::new();
    let base = bench.change("a", "a", &[]);
    bench.git(&["checkout", "-q", "-b", "topic"]);
    let head = bench.change("a", "b", &[]);
    bench.git(&["checkout", "-q", "main"]);
    bench.change("a", "c", &[]);
    bench.git(&["merge", "-q", "-s", "ours", "-m", "merge", "topic"]);
    let merge = bench.commit("HEAD");
    assert_eq!(content(&bench, &merge, &head, &[&head], &base), Content::Differs);
}
