//! Verdicts that hold, closures, and what all of the tests need.

mod refused;
mod unreadable;

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use store::HashAlgo;
use sys::MemoryFs;

/// The time of these tests.
const NOW: Duration = Duration::from_secs(1_795_000_000);
const DIGEST: &str = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

fn path(name: &str) -> StorePath {
    StorePath::from_base_name(format!("{DIGEST}-{name}")).expect("a store path")
}

fn hash(text: &str) -> Hash {
    HashAlgo::Sha256.hash(text)
}

fn key(name: &str, seed: u8) -> SecretKey {
    // A key of a fixed seed: the same in each run.
    let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let bytes = secret.to_keypair_bytes();
    let mut digits = String::new();
    store::base64::encode_into(&bytes, &mut digits);
    SecretKey::parse(&format!("{name}:{digits}")).expect("a key")
}

fn verdict() -> Verdict {
    let counts = Counts {
        passed: 40,
        skipped: 1,
        ..Counts::default()
    };
    Verdict {
        repository: "github:acme/fleet".into(),
        commit: "1".repeat(40),
        tree: "2".repeat(40),
        lock: Some(hash("lock")),
        host: "web".into(),
        system: "x86_64-linux".into(),
        drv: path("nixos-system-web.drv"),
        out: path("nixos-system-web"),
        closure: [("nixos-system-web", "a"), ("bash", "b")]
            .into_iter()
            .map(|(name, contents)| (path(name), hash(contents)))
            .collect(),
        results: Results {
            tool: Tool::default(),
            stages: [(Stage::Eval, counts), (Stage::Policy, counts)].into_iter().collect(),
            errors: 0,
            warnings: 2,
            waived: 3,
        },
        made: NOW,
        expires: NOW + Duration::from_secs(3600),
    }
}

fn signed(verdict: &Verdict) -> String {
    let mut envelope = Envelope::of(verdict);
    envelope.sign(&key("fleet-1", 7));
    envelope.to_text()
}

fn wanted() -> Wanted {
    let verdict = verdict();
    Wanted {
        repository: verdict.repository,
        commit: verdict.commit,
        host: verdict.host,
        tree: Some(verdict.tree),
        lock: Some(verdict.lock),
        system: Some(verdict.system),
        drv: Some(verdict.drv),
        out: Some(verdict.out),
        stages: [Stage::Policy].into(),
    }
}

fn refusals(text: &str, wanted: &Wanted, now: Duration) -> Vec<String> {
    match verify(text.as_bytes(), &[key("fleet-1", 7).public()], wanted, now) {
        Ok(_) => Vec::new(),
        Err(refusals) => {
            assert!(refusals.iter().all(|refusal| !refusal.hint().is_empty()));
            refusals.iter().map(ToString::to_string).collect()
        }
    }
}

#[test]
fn a_signed_verdict_holds() {
    let text = signed(&verdict());
    let keys = [key("other", 8).public(), key("fleet-1", 7).public()];
    assert_eq!(
        verify(text.as_bytes(), &keys, &wanted(), NOW).expect("it holds"),
        verdict()
    );
    // What is not asked may be anything.
    let least = Wanted {
        repository: "github:acme/fleet".into(),
        commit: "1".repeat(40),
        host: "web".into(),
        ..Wanted::default()
    };
    assert!(verify(text.as_bytes(), &keys, &least, NOW).is_ok());
    // A verdict of a flake without any input.
    let mut without = verdict();
    without.lock = None;
    let none = Wanted {
        lock: Some(None),
        ..wanted()
    };
    assert_eq!(
        verify(signed(&without).as_bytes(), &keys, &none, NOW).expect("it holds"),
        without
    );
}

#[test]
fn the_bytes_that_are_signed_are_those_of_dsse() {
    let envelope = Envelope::of(&verdict());
    let payload = read::payload(&verdict());
    let expected = format!(
        "DSSEv1 40 application/vnd.cfgcheck.verdict.v1+json {} {payload}",
        payload.len()
    );
    assert_eq!(
        String::from_utf8(envelope.signed_bytes()).expect("it is text"),
        expected
    );
}

#[test]
fn a_closure_on_the_disk_is_compared() {
    let store = |name: &str| format!("/mnt/nix/store/{DIGEST}-{name}");
    let fs = MemoryFs::new()
        .file(store("a"), "a")
        .executable(store("b/bin/b"), "b")
        .link(store("c"), "a");
    let paths = ["a", "b", "c"].map(path);
    let mut asked = 0;
    let found = hash_closure(&fs, Path::new("/mnt"), &paths, &mut |done| {
        asked += 1;
        done < 9
    });
    let found = found.expect("they are there");
    assert_eq!((found.len(), asked), (3, 3));
    assert_eq!(differences(&found, &found), []);
    let mut attested = found.clone();
    attested.insert(path("a"), hash("x"));
    attested.remove(&path("b"));
    attested.insert(path("d"), hash("y"));
    let told: Vec<String> = differences(&attested, &found).iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3);
    assert!(
        told[0].contains("-a has the hash sha256-") && told[0].contains("and the verdict is of sha256-"),
        "{told:?}"
    );
    assert!(told[1].ends_with("-b is not in the verdict"), "{told:?}");
    assert!(told[2].ends_with("-d is missing"), "{told:?}");

    let error = hash_closure(&fs, Path::new("/"), &paths, &mut |_| true).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} is not in the store at '/nix/store'", path("a"))
    );
    let error = hash_closure(&fs, Path::new("/mnt"), &paths, &mut |done| done < 2).unwrap_err();
    assert!(matches!(error, ClosureError::Interrupted));
    // The hash that Nix computes of a file with these six bytes.
    let fs = MemoryFs::new().file(path("f").to_path(), "hello\n");
    let found = hash_closure(&fs, Path::new("/"), &[path("f")], &mut |_| true).expect("it is there");
    assert_eq!(
        found[&path("f")].to_string(),
        "sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM="
    );
}

#[test]
fn results_are_counted() {
    use report::Finding;
    let case = |stage, outcome| Case::new(stage, "x", outcome);
    let warning = Finding::new("r", diag::Severity::Warning, "w");
    let error = Finding::new("r", diag::Severity::Error, "e");
    let cases = [
        case(Stage::Eval, Outcome::Passed).finding(warning),
        case(Stage::Eval, Outcome::Failed).finding(error),
        case(Stage::Vm, Outcome::Skipped("no KVM".into())),
        case(Stage::Vm, Outcome::Errored),
        case(Stage::Vm, Outcome::Crashed),
    ];
    let results = Results::of(Tool::default(), cases.iter());
    assert_eq!((results.errors, results.warnings, results.waived), (1, 1, 0));
    assert!(results.has_run(Stage::Eval) && !results.has_run(Stage::Vm) && !results.has_run(Stage::Prop));
    assert_eq!(
        (results.stages[&Stage::Eval].bad(), results.stages[&Stage::Vm].bad()),
        (1, 2)
    );
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    let text = "[ -~é]{1,40}";
    let counts = any::<[u64; 5]>().prop_map(|[passed, failed, skipped, errored, crashed]| Counts {
        passed,
        failed,
        skipped,
        errored,
        crashed,
    });
    let stages = proptest::collection::btree_map(
        proptest::sample::select(vec![Stage::Source, Stage::Eval, Stage::Vm]),
        counts,
        0..3,
    );
    let closure = proptest::collection::btree_map("[a-z]{1,9}", any::<u8>(), 0..9);
    let times = (0u64..u64::MAX / 2, 1u64..LONGEST_LIFE.as_secs());
    (text, text, stages, closure, times, any::<Option<u8>>()).prop_map(
        |(repository, host, stages, closure, (made, life), lock)| Verdict {
            repository,
            host,
            results: Results {
                stages,
                ..verdict().results
            },
            closure: closure
                .into_iter()
                .map(|(name, byte)| (path(&name), hash(&byte.to_string())))
                .collect(),
            made: Duration::from_secs(made),
            expires: Duration::from_secs(made + life),
            lock: lock.map(|byte| hash(&byte.to_string())),
            ..verdict()
        },
    )
}

proptest! {
    #[test]
    fn a_verdict_survives_its_envelope(verdict in any_verdict()) {
        let (_, again) = Envelope::read(signed(&verdict).as_bytes()).expect("it is read");
        prop_assert_eq!(again, verdict);
    }

    #[test]
    fn no_changed_byte_is_believed(at in any::<prop::sample::Index>(), byte: u8) {
        let text = signed(&verdict());
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // Between the fields of the envelope, space means nothing.
        if let Ok(believed) = verify(&bytes, &[key("fleet-1", 7).public()], &wanted(), NOW) {
            prop_assert_eq!(believed, verdict());
            let of = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("it is JSON");
            prop_assert_eq!(of(&bytes), of(text.as_bytes()));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>()) {
        let _ = Envelope::read(&bytes);
        let text = signed(&verdict());
        let _ = Envelope::read(&text.as_bytes()[..cut.index(text.len())]);
    }
}
