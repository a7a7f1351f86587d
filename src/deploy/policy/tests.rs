//! Policies that are read, and every mistake with its place.

use super::*;
use crate::verdict::SecretKey;
use diag::SourceMap;
use proptest::prelude::*;

/// A key, made for these tests alone.
const KEY: &str = "fleet-1:6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
const SSH: &str = "alice@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7ALoCqXWiCfmHLJLXjXKBqWmKSWlUOq1b9Qn2BqE6k";

fn read(text: &str) -> Result<Policy, String> {
    let mut sources = SourceMap::new();
    // Places are told among other texts, too.
    sources.add(
        diag::Origin::File(b"/other".as_slice().into()),
        b"x: y\n".as_slice().into(),
    );
    Policy::read(&mut sources, b"/policy.yaml", text.as_bytes()).map_err(|diagnostic| {
        let place = sources.locate(diagnostic.span().start);
        let (line, column) = place.map_or((0, 0), |(file, line, column)| {
            assert_eq!(file.origin, diag::Origin::File(b"/policy.yaml".as_slice().into()));
            (line, column)
        });
        let hints = diagnostic.hints.join("; ");
        format!("{line}:{column} {} | {hints}", diagnostic.message)
    })
}

/// Returns a policy with these conditions, indented by two.
fn requiring(conditions: &str) -> String {
    format!("repository: github:acme/fleet\nbranch: main\nrequire:\n{conditions}")
}

#[test]
fn a_policy_with_all_conditions_is_read() {
    let policy = read(&requiring(&format!(
        "  verdict:\n    keys: [\"{KEY}\"]\n    stages: [policy, vm]\n  pull-request:\n    approvals: 2\n    by: [alice, bob]\n  \
         checks:\n  - name: fleet / check\n    app: 15368\n  signatures:\n    ssh:\n    - {SSH}\n"
    )))
    .expect("it is read");
    assert_eq!(policy.on_github(), Some(("acme", "fleet")));
    let require = &policy.require;
    let verdict = require.verdict.as_ref().expect("verdicts are demanded");
    assert_eq!(
        (verdict.keys.as_slice(), verdict.stages.as_slice()),
        (&[KEY.to_owned()][..], &[Stage::Policy, Stage::Vm][..])
    );
    let keys = verdict.public_keys().expect("they are keys");
    assert_eq!(keys[0].to_string(), KEY);
    let pull_request = require.pull_request.as_ref().expect("a pull request is demanded");
    assert_eq!((pull_request.approvals, pull_request.by.len()), (2, 2));
    let check = &require.checks.as_ref().expect("a check is demanded")[0];
    assert_eq!((check.name.as_str(), check.app), ("fleet / check", 15368));
    assert_eq!(require.signatures.as_ref().expect("signatures are demanded").ssh, [SSH]);
    for merged in ["  pull-request: {}\n", "  pull-request:\n"] {
        let merged = read(&requiring(merged)).expect("it is read");
        assert_eq!(merged.require.pull_request, Some(PullRequest::default()));
    }
}

#[test]
fn repositories_that_can_be_one_are_taken() {
    for repository in [
        "github:acme/fleet",
        "github:a/b.c_d-e",
        "git+https://git.example.org/fleet",
        "git+https://git.example.org:8443/a/fleet.git",
        "git+ssh://git@git.example.org/fleet",
        "git+file:///srv/fleet",
    ] {
        let text =
            format!("repository: {repository}\nbranch: feature/x\nrequire:\n  verdict: {{ keys: [\"{KEY}\"] }}\n");
        let policy = read(&text).unwrap_or_else(|error| panic!("{repository}: {error}"));
        assert_eq!(policy.on_github().is_some(), repository.starts_with("github:"));
    }
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let wrong = std::cell::RefCell::new(Vec::new());
    let check = |text: &str, expected: &str| {
        let error = read(text).expect_err(text);
        if !error.starts_with(expected) {
            wrong
                .borrow_mut()
                .push(format!("{text}\nis told as {error}\nand not as {expected}"));
        }
    };
    let conditions = |conditions: &str, expected: &str| check(&requiring(conditions), expected);
    // What the reader of YAML finds.
    check(
        "repository: [\n",
        "1:13 repository: invalid type: sequence, expected a text",
    );
    check("", "1:1 missing key `repository`");
    check(
        "repositry: x\n",
        "1:1 unknown key `repositry` | did you mean `repository`?",
    );
    check("branch: main\nrequire: {}\n", "1:1 missing key `repository`");
    check(
        "repository: github:a/b\nrepository: github:a/b\n",
        "1:1 duplicate key `repository`",
    );
    conditions("  verdct: {}\n", "4:3 unknown key `verdct` | did you mean `verdict`?");
    conditions(
        "  verdict:\n    stages: [evil]\n",
        "5:14 unknown value `evil` | did you mean `eval`?",
    );
    conditions(
        &format!("  verdict:\n    keys: [\"{KEY}\"]\n    stages: [evla]\n"),
        "6:14 unknown value `evla` | did you mean `eval`?",
    );
    // Lists that demand nothing.
    conditions(
        "  checks: []\n",
        "4:11 require.checks: an empty list of checks demands nothing; leave `checks` out or name one",
    );
    conditions(
        "  checks:\n",
        "4:10 require.checks: an empty list of checks demands nothing; leave `checks` out or name one",
    );
    conditions(
        "  verdict:\n    keys: []\n",
        "5:11 require.verdict.keys: an empty list of keys accepts no verdict",
    );
    conditions(
        &format!("  verdict:\n    keys: [\"{KEY}\"]\n    stages: []\n"),
        "6:13 require.verdict.stages: an empty list of stages demands nothing",
    );
    conditions(
        "  {}\n",
        "3:1 nothing is required, so that everybody who can push can deploy",
    );
    conditions(
        "  signatures: {}\n",
        "4:3 `signatures` names nobody whose signatures count",
    );
    // A condition without a value is there all the same.
    conditions("  verdict:\n", "4:11 require.verdict: missing key `keys`");
    conditions(
        "  signatures:\n",
        "4:3 `signatures` names nobody whose signatures count",
    );
    conditions("", "3:1 nothing is required, so that everybody who can push can deploy");
    // Keys of verdicts.
    conditions(
        "  verdict:\n    keys: [fleet-1]\n",
        "5:12 require.verdict.keys[0]: a key is written as NAME:BASE64",
    );
    conditions(
        "  verdict:\n    keys: [\"a:AAAA\"]\n",
        "5:12 require.verdict.keys[0]: `a` is no public key of ed25519",
    );
    let twice = format!(
        "  verdict:\n    keys:\n    - {KEY}\n    - {}\n",
        KEY.replace("fleet-1", "fleet-2")
    );
    conditions(
        &twice,
        "7:7 require.verdict.keys[1]: the key `fleet-2` is the same as `fleet-1`",
    );
    let other = SecretKey::generate("fleet-1").expect("there is randomness").public();
    let named = format!("  verdict:\n    keys:\n    - {KEY}\n    - {other}\n");
    conditions(&named, "7:7 require.verdict.keys[1]: two keys have the name `fleet-1`");
    let secret = SecretKey::generate("fleet-1").expect("there is randomness").to_text();
    conditions(
        &format!("  verdict:\n    keys:\n    - {secret}\n"),
        "6:7 require.verdict.keys[0]: `fleet-1` is a secret key",
    );
    conditions(
        &format!("  verdict:\n    keys: [\"{KEY}\"]\n    stages: [vm, vm]\n"),
        "6:13 require.verdict.stages: the stage `vm` is in this list twice",
    );
    // Pull requests.
    conditions(
        "  pull-request:\n    approvals: 11\n",
        "5:16 require.pull-request.approvals: 11 approvals are more than",
    );
    conditions(
        "  pull-request:\n    approvals: -1\n",
        "5:16 require.pull-request.approvals: invalid type: integer `-1`",
    );
    conditions(
        "  pull-request:\n    approvals: 2\n    by: [alice]\n",
        "4:3 2 approvals are demanded of 1 people, so that nothing is ever approved",
    );
    conditions(
        "  pull-request:\n    by: [alice, Alice]\n",
        "5:17 require.pull-request.by[1]: `Alice` is in this list twice",
    );
    conditions(
        "  pull-request:\n    by: [\"a b\"]\n",
        "5:10 require.pull-request.by[0]: `a b` is no name on the forge",
    );
    // Checks.
    conditions("  checks:\n  - name: x\n", "5:5 require.checks[0]: missing key `app`");
    conditions(
        "  checks:\n  - { name: x, app: 0 }\n",
        "5:21 require.checks[0].app: 0 is the number of no app",
    );
    conditions(
        "  checks:\n  - { name: \"\", app: 1 }\n",
        "5:13 require.checks[0].name: a check has a name",
    );
    conditions(
        "  checks:\n  - { name: x, app: 1 }\n  - { name: x, app: 1 }\n",
        "5:3 require.checks: the check `x` of app 1 is in this list twice",
    );
    // Signers.
    let signer = |line: &str, expected: &str| {
        conditions(&format!("  signatures:\n    ssh:\n    - {line}\n"), expected);
    };
    signer(
        "alice",
        "6:7 require.signatures.ssh[0]: there is no kind of key in `alice`",
    );
    signer(
        "ssh-ed25519 AAAA",
        "6:7 require.signatures.ssh[0]: whose key it is stands before the key",
    );
    signer(
        "alice ssh-ed25519 AAAA",
        "6:7 require.signatures.ssh[0]: what follows `ssh-ed25519` is no such key",
    );
    signer(
        &SSH.replace("ssh-ed25519", "ssh-rsa"),
        "6:7 require.signatures.ssh[0]: what follows `ssh-rsa` is no such key",
    );
    signer(
        &format!("{SSH}\n    - {SSH}"),
        "7:7 require.signatures.ssh[1]: `alice@example.org ssh-ed25519",
    );
    signer(
        "|\n      a\n      b",
        "6:7 require.signatures.ssh[0]: one item of the list is one line",
    );
    let openpgp = |text: &str, expected: &str| {
        conditions(&format!("  signatures:\n    openpgp: [\"{text}\"]\n"), expected);
    };
    openpgp(
        "AAAA",
        "5:15 require.signatures.openpgp[0]: a public key of OpenPGP begins with",
    );
    openpgp(
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "5:15 require.signatures.openpgp[0]: this is a private key",
    );
    // What is demanded of a repository that cannot have it.
    let elsewhere = |conditions: &str, expected: &str| {
        let text = format!("repository: git+https://example.org/fleet\nbranch: main\nrequire:\n{conditions}");
        check(&text, expected);
    };
    elsewhere(
        "  pull-request: {}\n",
        "4:3 `pull-request` is demanded of `git+https://example.org/fleet`, which is on no forge",
    );
    elsewhere("  checks: [{ name: x, app: 1 }]\n", "4:3 `checks` is demanded of");
    let wrong = wrong.into_inner();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn repositories_and_branches_that_cannot_be_one_are_refused() {
    let check = |key: &str, value: &str, expected: &str| {
        let (repository, branch) = match key {
            "repository" => (value, "main"),
            _ => ("github:a/b", value),
        };
        let text = format!("repository: '{repository}'\nbranch: '{branch}'\nrequire: {{}}\n");
        let error = read(&text).expect_err(value);
        let column = if key == "repository" { "1:13" } else { "2:9" };
        assert!(
            error.starts_with(column) && error.contains(expected),
            "{value}: {error}"
        );
    };
    for (value, expected) in [
        ("", "one looks like"),
        ("fleet", "one looks like"),
        ("github:acme", "one on GitHub looks like"),
        ("github:acme/fleet/main", "without a branch"),
        ("github:acme/fleet?ref=main", "without a branch"),
        ("github:-a/b", "one on GitHub looks like"),
        ("github:a/..", "one on GitHub looks like"),
        ("git+http://example.org/x", "anybody on the way"),
        ("git://example.org/x", "anybody on the way"),
        ("git+https://a:b@example.org/x", "a password"),
        ("git+https://example.org", "a host and a path"),
        ("git+ssh://-oProxyCommand=x/y", "a host and a path"),
        ("git+file://x", "one on this machine"),
        ("github:a b/c", "spaces"),
        ("path:/srv/fleet", "one looks like"),
    ] {
        check("repository", value, expected);
    }
    for (value, expected) in [
        ("", "no such name"),
        ("refs/heads/main", "name the branch alone"),
        ("origin/main", "name the branch alone"),
        ("HEAD", "checked out"),
        ("a..b", "no such name"),
        ("-b", "no such name"),
        ("a b", "no such name"),
        ("a//b", "no such name"),
        ("a.lock", "no such name"),
        (".a", "no such name"),
        ("a/.b", "no such name"),
        ("a@{1}", "no such name"),
        ("0123456789012345678901234567890123456789", "it is a commit"),
    ] {
        check("branch", value, expected);
    }
}

#[test]
fn a_digest_is_of_what_a_policy_says_and_not_of_how() {
    let one = read(&requiring("  verdict: { keys: [\"KEY\"] }\n").replace("KEY", KEY)).expect("it is read");
    let same =
        format!("# ours\nrequire:\n  verdict:\n    keys:\n    - {KEY}\nbranch: main\nrepository: github:acme/fleet\n");
    assert_eq!(one.digest(), read(&same).expect("it is read").digest());
    let other = same.replace("main", "trunk");
    assert_ne!(one.digest(), read(&other).expect("it is read").digest());
    assert!(one.digest().starts_with("sha256-"));
    // What logs have named once keeps its name.
    assert_eq!(one.digest(), "sha256-q8gG6k+N9bg9vu7bBTFosfpmHLIa3+rOc8F7vdu23u0=");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::read(&mut SourceMap::new(), b"/p", &bytes);
    }

    #[test]
    fn no_change_of_a_policy_panics_or_demands_nothing(
        at in 0usize..300,
        replaced in 0usize..40,
        with in "[a-z:{}\\[\\]\"' \n-]{0,12}",
    ) {
        let text = requiring(&format!("  verdict:\n    keys: [\"{KEY}\"]\n  pull-request:\n    approvals: 1\n"));
        let from = at.min(text.len());
        let to = (from + replaced).min(text.len());
        let changed = format!("{}{with}{}", &text[..from], &text[to..]);
        if let Ok(policy) = read(&changed) {
            let require = policy.require;
            let demands = require.verdict.is_some_and(|verdict| !verdict.keys.is_empty())
                || require.pull_request.is_some()
                || require.checks.is_some_and(|checks| !checks.is_empty())
                || require.signatures.is_some_and(|signers| signers.ssh.len() + signers.openpgp.len() > 0);
            prop_assert!(demands, "{}", changed);
        }
    }
}
