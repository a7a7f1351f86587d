//! Every reason why a verdict that can be read does not hold.

use super::*;

/// Checks what is refused of a verdict that was changed before it was signed.
fn check(change: impl Fn(&mut Verdict), expected: &[&str]) {
    let mut verdict = verdict();
    change(&mut verdict);
    assert_eq!(refusals(&signed(&verdict), &wanted(), NOW), expected);
}

#[test]
fn a_verdict_of_something_else_is_refused() {
    check(
        |v| v.repository = "github:evil/fleet".into(),
        &["the verdict is of the repository `github:evil/fleet` and not of `github:acme/fleet`"],
    );
    check(
        |v| v.commit = "3".repeat(40),
        &[
            "the verdict is of commit 3333333333333333333333333333333333333333 and not of \
         1111111111111111111111111111111111111111",
        ],
    );
    check(
        |v| v.tree = "3".repeat(40),
        &[
            "the verdict is of the tree 3333333333333333333333333333333333333333, and the commit has the tree \
         2222222222222222222222222222222222222222",
        ],
    );
    check(
        |v| v.lock = None,
        &["the verdict was made with nothing for flake.lock, and the commit has \
         sha256-DAMFhpRf5QS2BOzC6HXDjt5ADNXNc9qXMDAhYuawLG8="],
    );
    check(
        |v| v.host = "db".into(),
        &["the verdict is of the host `db` and not of `web`"],
    );
    check(
        |v| v.system = "aarch64-linux".into(),
        &["the verdict is for aarch64-linux, and this is x86_64-linux"],
    );
    check(
        |v| v.drv = path("other.drv"),
        &[
            "the verdict is of /nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-other.drv and not of \
         /nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-nixos-system-web.drv",
        ],
    );
    check(
        |v| {
            v.out = path("other");
            v.closure.insert(path("other"), hash("c"));
        },
        &[
            "the verdict is of /nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-other and not of \
           /nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-nixos-system-web",
        ],
    );
    check(
        |v| v.closure.retain(|path, _| path.name() != "nixos-system-web"),
        &["the verdict's closure does not have /nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-nixos-system-web itself"],
    );
}

#[test]
fn results_that_did_not_pass_are_refused() {
    let counts = |v: &mut Verdict, stage, change: fn(&mut Counts)| change(v.results.stages.entry(stage).or_default());
    check(
        |v| counts(v, Stage::Policy, |c| c.failed = 1),
        &["the stage `policy` did not pass: 1 failed"],
    );
    check(
        |v| counts(v, Stage::Vm, |c| (c.errored, c.crashed) = (2, 1)),
        &["the stage `vm` did not pass: 2 could not be judged, 1 broke cfgcheck"],
    );
    check(
        |v| v.results.errors = 4,
        &["the verdict counts 4 findings that are errors"],
    );
    check(
        |v| v.results.stages.retain(|stage, _| *stage != Stage::Policy),
        &["the stage `policy` is demanded, and it did not run"],
    );
    // Skipping all is not running.
    check(
        |v| counts(v, Stage::Policy, |c| c.passed = 0),
        &["the stage `policy` is demanded, and it did not run"],
    );
    check(
        |v| v.results.stages.clear(),
        &[
            "the stage `eval` is demanded, and it did not run",
            "the stage `policy` is demanded, and it did not run",
        ],
    );
    check(
        |v| counts(v, Stage::Policy, |c| c.failed = u64::MAX),
        &["the stage `policy` did not pass: 18446744073709551615 failed"],
    );
}

#[test]
fn the_time_of_a_verdict_is_bounded() {
    let at = |seconds: i64| {
        let now = NOW.as_secs().checked_add_signed(seconds).expect("it is a time");
        refusals(&signed(&verdict()), &wanted(), Duration::from_secs(now))
    };
    assert_eq!(at(3599), [""; 0]);
    assert_eq!(
        at(3600),
        ["the verdict expired at 2026-11-18T12:06:40Z, and it is 2026-11-18T12:06:40Z now"]
    );
    assert_eq!(at(-300), [""; 0], "a small skew is allowed for");
    assert_eq!(
        at(-301),
        [
            "the verdict was made at 2026-11-18T11:06:40Z, and by the clock of this machine it is only \
         2026-11-18T11:01:39Z: one of the two clocks is wrong"
        ]
    );
    // A clock that lost its battery.
    let lost = refusals(&signed(&verdict()), &wanted(), Duration::ZERO);
    assert!(lost[0].contains("it is only 1970-01-01T00:00:00Z"), "{lost:?}");
}

#[test]
fn all_reasons_are_told() {
    let mut other = verdict();
    other.host = "db".into();
    other.commit = "3".repeat(40);
    other.results.errors = 1;
    let mut envelope = Envelope::of(&other);
    envelope.sign(&key("evil", 8));
    let told = refusals(&envelope.to_text(), &wanted(), NOW + Duration::from_secs(9999));
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn signatures_count_only_by_known_keys() {
    let of = |keys: &[SecretKey]| {
        let mut envelope = Envelope::of(&verdict());
        keys.iter().for_each(|key| envelope.sign(key));
        refusals(&envelope.to_text(), &wanted(), NOW)
    };
    assert_eq!(of(&[]), ["the verdict is signed by nobody"]);
    let unknown = "the verdict is signed with the unknown key `evil`; known here is `fleet-1`";
    assert_eq!(of(&[key("evil", 8)]), [unknown]);
    // The same key under another name is not the key of the policy.
    assert_eq!(of(&[key("evil", 7)]), [unknown]);
    let forged = "the signature in the name of `fleet-1` is forged, or the verdict was changed after it was signed";
    assert_eq!(of(&[key("fleet-1", 8)]), [forged]);
    // An old key that the policy no longer has does not hurt, beside the new one.
    assert_eq!(of(&[key("evil", 8), key("fleet-1", 7)]), [""; 0]);
    let none = verify(signed(&verdict()).as_bytes(), &[], &wanted(), NOW).expect_err("no key is known");
    assert_eq!(
        none[0].to_string(),
        "the verdict is signed with the unknown key `fleet-1`; known here is none"
    );
    // Beside a good signature, a bad one in the name of a known key says that something was changed.
    let mut envelope = Envelope::of(&verdict());
    envelope.sign(&key("fleet-1", 7));
    envelope.sign(&key("fleet-2", 8));
    let keys = [key("fleet-1", 7).public(), key("fleet-2", 9).public()];
    let told = verify(envelope.to_text().as_bytes(), &keys, &wanted(), NOW).expect_err("one is bad");
    assert_eq!(told.len(), 1);
    assert!(
        matches!(&told[0], Refusal::Forged(name) if name == "fleet-2"),
        "{told:?}"
    );
}

#[test]
fn a_verdict_that_was_changed_after_it_was_signed_is_forged() {
    let text = signed(&verdict());
    for (from, to) in [
        ("github:acme/fleet", "github:acme/fleet2"),
        (&"1".repeat(40)[..], &"3".repeat(40)[..]),
        ("nixos-system-web.drv", "nixos-system-wob.drv"),
        ("\\\"passed\\\":40", "\\\"passed\\\":41"),
        ("\\\"host\\\":\\\"web\\\"", "\\\"host\\\":\\\"wab\\\""),
        // The same value, written otherwise.
        ("\\\"host\\\":\\\"web\\\"", "\\\"host\\\": \\\"web\\\""),
        ("\\\"expires-at\\\":1795003600", "\\\"expires-at\\\":1795003601"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let told = refusals(&changed, &wanted(), NOW);
        assert!(
            told[0].contains("is forged, or the verdict was changed"),
            "{from}: {told:?}"
        );
    }
}
