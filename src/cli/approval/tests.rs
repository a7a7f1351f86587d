//! What is asked of whom, with a real repository and a server that has GitHub's answers.

use super::*;
use deploy::policy::{self, Conditions};
use std::sync::Arc;
use sys::{DiskFs, FixedEnv, Fs, ManualClock};
use testkit::{Answers, git};

/// What else is wanted of a commit.
#[derive(Clone, Copy, Default)]
struct More<'m> {
    deployed: Option<&'m Commit>,
    head: Option<&'m Commit>,
    bring: Option<Bring<'m>>,
    without_token: bool,
}

/// A folder for all of it, with the repository `work`.
struct Bench {
    folder: tempfile::TempDir,
    policy: Policy,
}

impl Bench {
    fn new(repository: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a folder can be made");
        for name in ["work", "run"] {
            DiskFs
                .create_dir_all(&folder.path().join(name))
                .expect("a folder can be made");
        }
        git(&folder.path().join("work"), &["init", "-q", "-b", "main"]);
        let policy = Policy {
            repository: repository.into(),
            branch: "main".into(),
            require: Conditions::default(),
        };
        Bench { folder, policy }
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.folder.path().join("work"), args)
    }

    fn change(&self, text: &str) -> Commit {
        let file = self.folder.path().join("work").join(text);
        DiskFs
            .write(&file, text.as_bytes(), sys::Mode::Plain)
            .expect("a file can be written");
        self.git(&["add", text]);
        self.git(&["commit", "-q", "-m", text]);
        self.at("HEAD")
    }

    fn at(&self, name: &str) -> Commit {
        Commit::new(&self.git(&["rev-parse", name])).expect("Git tells commits")
    }

    /// Finds out all of a commit, with a token, and with GitHub at an address if there is one.
    fn found(&self, api: Option<&str>, commit: &Commit, more: More<'_>) -> Facts {
        let path = sys::ProcessEnv;
        let path = sys::Env::text(&path, "PATH").expect("programs are somewhere");
        let mut env = FixedEnv::at("/");
        if let Some(api) = api {
            env = env.with("GITHUB_API_URL", api);
        }
        let machine = Machine {
            fs: Arc::new(DiskFs),
            env: Arc::new(env),
            clock: Arc::new(ManualClock::at(Duration::from_secs(1_795_694_400))),
            stack: 0,
        };
        let run = self.folder.path().join("run");
        DiskFs.remove_dir_all(&run).expect("it can be removed");
        DiskFs.create_dir_all(&run).expect("a folder can be made");
        let place = Place {
            exec: &ProcessExec,
            fs: &DiskFs,
            path: &path,
            folder: &run,
        };
        let token = Token::new("ghs_notasecret").expect("it is one");
        let wanted = Wanted {
            policy: &self.policy,
            folder: &self.folder.path().join("work"),
            commit,
            deployed: more.deployed,
            head: more.head,
            token: Some(&token).filter(|_| !more.without_token),
            bring: more.bring,
        };
        found(&machine, &wanted, place)
    }
}

fn reason<T: std::fmt::Debug>(told: &Told<T>) -> (Why, &str) {
    let untold = told.as_ref().expect_err("it is not known");
    (untold.why, untold.reason.as_str())
}

#[test]
fn of_a_repository_on_no_forge_git_knows_the_branch() {
    let mut bench = Bench::new("git+https://git.example.org/fleet");
    let (a, b) = (bench.change("a"), bench.change("b"));
    bench.git(&["checkout", "-q", "-b", "side", a.as_str()]);
    let c = bench.change("c");
    let branch = |commit: &Commit, deployed: Option<&Commit>, head: Option<&Commit>| {
        let more = More {
            deployed,
            head,
            ..More::default()
        };
        let facts = bench.found(None, commit, more);
        facts
            .branch
            .map(|branch| (branch.protected, branch.has_commit, branch.has_deployed))
    };
    assert_eq!(branch(&a, None, Some(&b)), Ok((None, true, None)));
    assert_eq!(branch(&b, Some(&a), Some(&b)), Ok((None, true, None)));
    assert_eq!(branch(&c, Some(&b), Some(&b)), Ok((None, false, Some(true))));
    // What is deployed was pushed away.
    assert_eq!(branch(&b, Some(&c), Some(&b)), Ok((None, true, Some(false))));
    let nobody = branch(&b, None, None);
    assert_eq!(reason(&nobody), (Why::Nobody, "nobody says where the branch main is"));
    bench.policy.require.checks = Some(Vec::new());
    let facts = bench.found(None, &b, More::default());
    let none = "git+https://git.example.org/fleet is on no forge that could be asked";
    assert_eq!(reason(&facts.checks), (Why::Nobody, none));
}

#[test]
fn what_cannot_be_had_is_a_fact_that_is_missing() {
    let mut bench = Bench::new("github:octo/fleet");
    let a = bench.change("a");
    let facts = bench.found(
        None,
        &a,
        More {
            without_token: true,
            ..More::default()
        },
    );
    assert_eq!(reason(&facts.branch), (Why::Nobody, "there is no token for GitHub"));
    let facts = bench.found(Some("http://github.example"), &a, More::default());
    assert_eq!(reason(&facts.branch).0, Why::Nobody);
    // Nothing listens there any more.
    let gone = Answers::start([]).address().to_owned();
    let facts = bench.found(Some(&gone), &a, More::default());
    assert_eq!(reason(&facts.branch).0, Why::Unreachable);
    assert_eq!(reason(&facts.pull_requests).0, Why::Unreachable);
    let server = Answers::start([]);
    let facts = bench.found(Some(server.address()), &a, More::default());
    assert_eq!(reason(&facts.branch).0, Why::Denied);
    let none = Commit::new(&"0".repeat(40)).expect("it is one");
    bench.policy.require.signatures = Some(Signers::default());
    let facts = bench.found(Some(server.address()), &none, More::default());
    assert_eq!(reason(&facts.history).0, Why::Machine);
    assert_eq!(reason(&facts.signatures), reason(&facts.history));
    let facts = bench.found(Some(server.address()), &a, More::default());
    let empty = (Why::Machine, "the policy demands signatures and names no key");
    assert_eq!(reason(&facts.signatures), empty);
    bench.policy.repository = "github:octo".into();
    assert_eq!(reason(&bench.found(None, &a, More::default()).branch).0, Why::Nobody);
}

#[test]
fn more_steps_than_are_judged_at_once_are_not_asked_for() {
    let mut bench = Bench::new("github:octo/fleet");
    bench.policy.require.pull_request = Some(policy::PullRequest::default());
    let first = bench.change("a");
    for _ in 0..=MOST_STEPS {
        bench.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }
    let last = bench.at("HEAD");
    let server = Answers::start([]);
    let facts = bench.found(
        Some(server.address()),
        &last,
        More {
            deployed: Some(&first),
            ..More::default()
        },
    );
    let many = "the branch moved on by 101 steps, and at most 100 are judged at once";
    assert_eq!(reason(&facts.pull_requests), (Why::NotAsked, many));
    assert_eq!(server.asked(), ["/repos/octo/fleet/branches/main"]);
}

#[test]
fn a_reviewed_head_that_is_missing_is_brought() {
    let mut bench = Bench::new("github:octo/fleet");
    bench.policy.require.pull_request = Some(policy::PullRequest::default());
    bench.change("a");
    bench.git(&["clone", "-q", "--no-local", ".", "../forge"]);
    let forge = bench.folder.path().join("forge");
    git(&forge, &["commit", "-q", "--allow-empty", "-m", "head"]);
    let head = git(&forge, &["rev-parse", "HEAD"]);
    git(&forge, &["update-ref", "refs/pull/7/head", "HEAD"]);
    bench.git(&["commit", "-q", "--allow-empty", "-m", "squash"]);
    let squash = bench.at("HEAD");
    let user = |name: &str| format!("{{\"login\": \"{name}\", \"id\": 4, \"type\": \"User\"}}");
    let base = "{\"ref\": \"main\", \"repo\": {\"full_name\": \"octo/fleet\"}}";
    let all = "/repos/octo/fleet";
    let pull = format!(
        "\"number\": 7, \"merged\": true, \"merged_at\": \"x\", \"merge_commit_sha\": \"{}\", \"commits\": 1, \"user\": {}, \
         \"head\": {{\"sha\": \"{head}\"}}, \"base\": {base}",
        squash.as_str(),
        user("dora")
    );
    let server = Answers::start([
        (
            format!("{all}/branches/main"),
            format!(
                "{{\"name\": \"main\", \"protected\": true, \"commit\": {{\"sha\": \"{}\"}}}}",
                squash.as_str()
            ),
        ),
        (
            format!("{all}/commits/{}/pulls", squash.as_str()),
            format!("[{{{pull}}}]"),
        ),
        (format!("{all}/pulls/7"), format!("{{{pull}}}")),
        (format!("{all}/pulls/7/reviews"), "[]".into()),
        (
            format!("{all}/pulls/7/commits"),
            format!("[{{\"sha\": \"{head}\", \"author\": {{}}, \"committer\": null}}]"),
        ),
    ]);
    let content = |bring: Option<Bring<'_>>| {
        let facts = bench.found(
            Some(server.address()),
            &squash,
            More {
                bring,
                ..More::default()
            },
        );
        facts.pull_requests.expect("they are known").remove(0).content
    };
    assert_eq!(content(None), Ok(Content::HeadMissing));
    let fails = |_: &str| Err("no network".to_owned());
    assert_eq!(reason(&content(Some(&fails))), (Why::Unreachable, "no network"));
    let brings = |name: &str| {
        bench.git(&["fetch", "-q", "../forge", &format!("{name}:refs/heads/brought")]);
        Ok(())
    };
    let covers = vec![squash.clone()];
    assert_eq!(content(Some(&brings)), Ok(Content::Shown { covers }));
}
