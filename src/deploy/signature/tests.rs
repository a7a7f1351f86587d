//! Real keys of both kinds, made for each test, and real repositories.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests make keys and damage repositories"
)]

use super::*;
use crate::git::tests::Bench;
use crate::policy::Signers;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use testkit::said;

/// 2026-11-26 12:00 UTC; `gpg` itself goes by the machine's clock.
const NOW: Duration = Duration::from_secs(1_795_694_400);

/// A keyring with private keys, which signs.
struct Ring {
    home: PathBuf,
}

impl Ring {
    fn new(bench: &Bench) -> Ring {
        let home = bench.at("ring");
        fs::create_dir_all(&home).expect("a folder can be made");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).expect("it can be made private");
        Ring { home }
    }

    fn gpg(&self, args: &[&str]) -> String {
        let mut gpg = Command::new("gpg");
        gpg.args(["--batch", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(args)
            .env("GNUPGHOME", &self.home);
        said(&gpg.output().expect("gpg runs"))
    }

    /// Makes a key, maybe at another time, and returns its fingerprint.
    fn make(&self, name: &str, expires: &str, time: &[&str]) -> String {
        let make = ["--quick-generate-key", name, "ed25519", "sign", expires];
        self.gpg(&[time, &make].concat());
        let listed = self.gpg(&["--with-colons", "--list-keys", &format!("={name}")]);
        let line = listed
            .lines()
            .find(|line| line.starts_with("fpr:"))
            .expect("it has one");
        line.split(':').nth(9).expect("it is the tenth").to_owned()
    }

    fn public(&self, key: &str) -> String {
        self.gpg(&["--armor", "--export", key])
    }

    /// Writes a program that is this keyring's `gpg`, at some time, and returns the options of Git that sign with it.
    fn signing(&self, key: &str, time: &[&str]) -> Vec<String> {
        let program = self.home.join(format!("sign-{}", time.len()));
        let text = format!(
            "#!/bin/sh\nexec gpg --homedir '{}' --batch --pinentry-mode loopback --passphrase '' {} \"$@\"\n",
            self.home.display(),
            time.join(" ")
        );
        fs::write(&program, text).expect("a file can be written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
        vec![
            "-c".into(),
            "gpg.format=openpgp".into(),
            "-c".into(),
            format!("gpg.program={}", program.display()),
            "-c".into(),
            format!("user.signingKey={key}!"),
        ]
    }
}

impl Drop for Ring {
    /// Ends the agent, which would otherwise outlive the test.
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        end.args(["--kill", "all"]).env("GNUPGHOME", &self.home);
        assert!(end.status().is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// Makes a key of SSH, and returns its public half and the options of Git that sign with it.
fn ssh_key(bench: &Bench, name: &str, kind: &str) -> (String, Vec<String>) {
    let file = bench.at(name);
    let mut make = Command::new("ssh-keygen");
    make.args(["-q", "-N", "", "-C", "", "-t", kind, "-f"]).arg(&file);
    said(&make.output().expect("ssh-keygen runs"));
    let public = fs::read_to_string(file.with_extension("pub")).expect("it has a public half");
    let options = [
        "-c",
        "gpg.format=ssh",
        "-c",
        "gpg.ssh.program=ssh-keygen",
        "-c",
        &format!("user.signingKey={}", file.display()),
    ];
    (public.trim().to_owned(), options.map(str::to_owned).to_vec())
}

/// Commits a change that is signed by these options.
fn signed(bench: &Bench, name: &str, options: &[String], date: &str) -> Commit {
    fs::write(bench.work().join(name), name).expect("a file can be written");
    bench.git(&["add", name]);
    let mut args: Vec<&str> = options.iter().map(String::as_str).collect();
    args.extend(["commit", "-q", "-S", "-m", name]);
    let mut commit = testkit::git_in(&bench.work(), &args);
    commit.env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date);
    said(&commit.output().expect("git runs"));
    bench.commit("HEAD")
}

fn standings(bench: &Bench, commits: &[&Commit], signers: &Signers) -> Vec<Standing> {
    bench.with(|place| {
        let keys = Keys::lay_out(place, signers, NOW).expect("the keys are taken");
        let commits: Vec<Commit> = commits.iter().map(|commit| (*commit).clone()).collect();
        let repository = Repository::copy(place, &bench.work(), &commits[0]).expect("it is copied");
        let found = verify(&repository, &commits, &keys).expect("Git tells it");
        assert!(
            found
                .iter()
                .zip(&commits)
                .all(|(found, commit)| found.commit == *commit)
        );
        found.into_iter().map(|found| found.standing).collect()
    })
}

fn kind(standing: &Standing) -> &'static str {
    match standing {
        Standing::Good { .. } => "good",
        Standing::Unsigned => "unsigned",
        Standing::UnknownKey { .. } => "unknown key",
        Standing::ForgeOnly { .. } => "forge only",
        Standing::Bad => "bad",
        Standing::ExpiredKey { .. } => "expired key",
        Standing::RevokedKey { .. } => "revoked key",
        Standing::Expired => "expired",
        Standing::Unclear { .. } => "unclear",
    }
}

fn kinds(bench: &Bench, commits: &[&Commit], signers: &Signers) -> Vec<&'static str> {
    standings(bench, commits, signers).iter().map(kind).collect()
}

/// Puts another commit object in place of one, with the same signature, and returns it.
fn forged(bench: &Bench, commit: &Commit, from: &str, to: &str) -> Commit {
    let text = bench.git(&["cat-file", "commit", commit.as_str()]);
    assert!(text.contains(from), "{text}");
    let file = bench.at("forged");
    fs::write(&file, format!("{}\n", text.replace(from, to))).expect("a file can be written");
    let file = file.display().to_string();
    let made = bench.git(&["hash-object", "-t", "commit", "-w", "--literally", &file]);
    Commit::new(&made).expect("Git tells commits")
}

const TODAY: &str = "1795690800 +0000";

#[test]
fn signatures_of_openpgp_are_worth_what_their_keys_are() {
    let bench = Bench::new();
    let ring = Ring::new(&bench);
    let past = ["--faked-system-time", "20200101T120000!"];
    let ann = ring.make("Ann <ann@example.org>", "never", &[]);
    let bob = ring.make("Bob <bob@example.org>", "never", &[]);
    let old = ring.make("Old <old@example.org>", "1d", &past);
    let gone = ring.make("Gone <gone@example.org>", "never", &[]);
    let base = bench.change("base", "base", &[]);
    let by_ann = signed(&bench, "a", &ring.signing(&ann, &[]), TODAY);
    let unsigned = bench.change("b", "b", &[]);
    let by_bob = signed(&bench, "c", &ring.signing(&bob, &[]), TODAY);
    let by_old = signed(&bench, "d", &ring.signing(&old, &past), "1577880000 +0000");
    let by_gone = signed(&bench, "e", &ring.signing(&gone, &[]), TODAY);
    let again = signed(&bench, "f", &ring.signing(&ann, &[]), TODAY);
    // Revoked with what GnuPG keeps for that day, which has a colon before the block against accidents.
    let file = ring.home.join(format!("openpgp-revocs.d/{gone}.rev"));
    let revocation = fs::read_to_string(&file)
        .expect("there is one")
        .replace(":-----BEGIN", "-----BEGIN");
    fs::write(&file, revocation).expect("a file can be written");
    ring.gpg(&["--import", &file.display().to_string()]);
    let signers = Signers {
        openpgp: [&ann, &old, &gone].map(|key| ring.public(key)).to_vec(),
        ssh: Vec::new(),
    };
    let all = [&again, &by_gone, &by_old, &by_bob, &unsigned, &by_ann, &base];
    let found = standings(&bench, &all, &signers);
    let kinds: Vec<_> = found.iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            "good",
            "revoked key",
            "expired key",
            "unknown key",
            "unsigned",
            "good",
            "unsigned"
        ]
    );
    let good = Standing::Good {
        by: "Ann <ann@example.org>".into(),
        key: ann.clone(),
        forge: false,
    };
    assert_eq!(found[0], good);
    assert_eq!(
        found[3],
        Standing::UnknownKey {
            key: bob[24..].to_owned()
        }
    );
    // The same keys of the policy a second time, and what was signed with another message.
    let bench = bench.again();
    let other = forged(&bench, &by_ann, "\na", "\nA");
    bench.git(&["update-ref", "refs/heads/forged", other.as_str()]);
    assert_eq!(super::tests::kinds(&bench, &[&other], &signers), ["bad"]);
}

#[test]
fn signatures_of_ssh_are_worth_what_their_keys_are() {
    let bench = Bench::new();
    let (ann, sign_ann) = ssh_key(&bench, "ann", "ed25519");
    let (_, sign_bob) = ssh_key(&bench, "bob", "ed25519");
    let (old, sign_old) = ssh_key(&bench, "old", "ecdsa");
    let (late, sign_late) = ssh_key(&bench, "late", "rsa");
    let by_ann = signed(&bench, "a", &sign_ann, TODAY);
    let unsigned = bench.change("b", "b", &[]);
    let by_bob = signed(&bench, "c", &sign_bob, TODAY);
    // Whoever has an old key says that it is still the time of that key.
    let by_old = signed(&bench, "d", &sign_old, "1577880000 +0000");
    let early = signed(&bench, "e", &sign_late, "1577880000 +0000");
    let by_late = signed(&bench, "f", &sign_late, TODAY);
    let signers = Signers {
        ssh: vec![
            format!("ann@example.org {ann}"),
            format!("old@example.org valid-before=\"20201231\" {old}"),
            format!("late@example.org valid-after=\"20261126\",namespaces=\"git\" {late}"),
        ],
        openpgp: Vec::new(),
    };
    let all = [&by_late, &early, &by_old, &by_bob, &unsigned, &by_ann];
    let found = standings(&bench, &all, &signers);
    let kinds: Vec<_> = found.iter().map(kind).collect();
    assert_eq!(
        kinds,
        ["good", "expired key", "expired key", "unknown key", "unsigned", "good"]
    );
    assert!(matches!(&found[5], Standing::Good { by, key, forge: false }
        if by == "ann@example.org" && key.starts_with("SHA256:")));
    let bench = bench.again();
    let other = forged(&bench, &by_ann, "\na", "\nA");
    bench.git(&["update-ref", "refs/heads/forged", other.as_str()]);
    assert_eq!(super::tests::kinds(&bench, &[&other], &signers), ["bad"]);
}

#[test]
fn no_settings_of_the_repository_make_a_signature_good() {
    let bench = Bench::new();
    let (ann, _) = ssh_key(&bench, "ann", "ed25519");
    let (_, sign_bob) = ssh_key(&bench, "bob", "ed25519");
    let ring = Ring::new(&bench);
    let eve = ring.make("Eve <eve@example.org>", "never", &[]);
    let by_bob = signed(&bench, "a", &sign_bob, TODAY);
    let by_eve = signed(&bench, "b", &ring.signing(&eve, &[]), TODAY);
    let plain = bench.change("c", "c", &[]);
    let yes = bench.yes_man();
    let all = bench.at("all").display().to_string();
    let bob = fs::read_to_string(bench.at("bob.pub")).expect("it has a public half");
    fs::write(&all, format!("ann@example.org {bob}")).expect("a file can be written");
    for name in [
        "gpg.program",
        "gpg.openpgp.program",
        "gpg.ssh.program",
        "gpg.x509.program",
    ] {
        bench.git(&["config", name, &yes]);
    }
    bench.git(&["config", "gpg.ssh.allowedSignersFile", &all]);
    // There the folder itself says yes.
    let itself = testkit::git_in(&bench.work(), &["verify-commit", by_eve.as_str()]).output();
    assert!(itself.expect("git runs").status.success() && bench.yes_was_called());
    fs::remove_file(bench.at("called")).expect("it can be removed");
    let signers = Signers {
        ssh: vec![format!("ann@example.org {ann}")],
        openpgp: Vec::new(),
    };
    let found = kinds(&bench, &[&plain, &by_eve, &by_bob], &signers);
    assert_eq!(found, ["unsigned", "unknown key", "unknown key"]);
    assert!(!bench.yes_was_called());
}

#[test]
fn what_replaces_a_commit_or_stands_in_its_file_is_not_it() {
    let bench = Bench::new();
    let (ann, sign_ann) = ssh_key(&bench, "ann", "ed25519");
    let good = signed(&bench, "a", &sign_ann, TODAY);
    let bad = bench.change("b", "b", &[]);
    let signers = Signers {
        ssh: vec![format!("ann@example.org {ann}")],
        openpgp: Vec::new(),
    };
    bench.git(&["replace", bad.as_str(), good.as_str()]);
    let replaced = bench.git(&["log", "-1", "--format=%s", bad.as_str()]);
    assert_eq!(
        (replaced.as_str(), kinds(&bench, &[&bad], &signers)),
        ("a", vec!["unsigned"])
    );
    let bench = bench.again();
    bench.git(&["replace", "-d", bad.as_str()]);
    let file = |commit: &Commit| {
        let (folder, name) = commit.as_str().split_at(2);
        bench.work().join(".git/objects").join(folder).join(name)
    };
    fs::remove_file(file(&bad)).expect("it can be removed");
    fs::copy(file(&good), file(&bad)).expect("it can be copied");
    let error = bench.copied(&bad, |_| ()).expect_err("it is refused");
    assert!(matches!(error, GitError::Said(_) | GitError::Missing(_)), "{error}");
}

#[test]
fn keys_that_are_none_are_told() {
    let bench = Bench::new();
    let refused = |signers: &Signers| {
        let error = bench.with(|place| Keys::lay_out(place, signers, NOW).map(|_| ()));
        error.expect_err("they are refused").to_string()
    };
    let signers = |ssh: &[&str], openpgp: &[&str]| Signers {
        ssh: ssh.iter().map(|line| (*line).to_owned()).collect(),
        openpgp: openpgp.iter().map(|key| (*key).to_owned()).collect(),
    };
    assert_eq!(
        refused(&signers(&[], &[])),
        "the policy demands signatures and names no key"
    );
    assert_eq!(
        refused(&signers(&["ann"], &[])),
        "line 1 of the policy's signers by SSH cannot be used: it has no kind of key"
    );
    let none = "key 1 of the policy's signers by OpenPGP cannot be used: ";
    let private = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx\n";
    let garbage = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZx\n-----END PGP PUBLIC KEY BLOCK-----\n";
    for key in ["", "x", private, garbage] {
        let told = refused(&signers(&[], &[key]));
        assert!(told.starts_with(none), "{told}");
    }
    let many = vec!["ann"; 1_001];
    assert_eq!(refused(&signers(&many, &[])), "the policy has more keys than are taken");
}

proptest! {
    /// Whatever programs say, or somebody makes them say: without a key of the policy nothing is good.
    #[test]
    fn nothing_that_is_said_is_good_without_a_key(
        code in 0i32..3,
        lines in proptest::collection::vec(
            prop_oneof![
                "\\[GNUPG:\\] (NEWSIG|GOODSIG|VALIDSIG|BADSIG|ERRSIG|NO_PUBKEY|EXPKEYSIG)( [0-9A-F]{0,40}){0,10}",
                "Good \"git\" signature (for|with) [ -~]{0,20}( with ED25519 key SHA256:[a-z]{0,9})?",
                any::<String>(),
            ],
            0..5,
        ),
    ) {
        let said = lines.join("\n");
        let found = standing(code, &said, &Keys::of_fingerprints(&[]));
        let good = matches!(found, Standing::Good { .. });
        prop_assert!(!good, "{said}");
    }

    #[test]
    fn no_line_of_a_policy_makes_the_reader_panic(line in "[ -~\\n\"é,=Z0-9]{0,80}") {
        let _read = ssh::Signer::read(&line);
    }
}
