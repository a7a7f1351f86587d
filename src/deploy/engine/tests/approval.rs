//! What the machine itself refuses, whatever whoever deploys believes.

use super::machine::{Fault, Machine, NEW, OLD};
use super::{deploy_order, is_new, plan};
use crate::commit::Commit;
use crate::failed::{self, FailedCommits, Stage as FailedAt};
use crate::host::Host;
use crate::order::{Action, Approval, Order};
use crate::policy::{self, Policy};
use crate::state::{Deployment, Outcome};
use crate::verdict::{Counts, Envelope, Results, SecretKey, Verdict, hash_closure};
use report::{Stage, Tool};
use std::path::Path;
use std::time::Duration;
use store::StorePath;
use sys::{Clock, Mode};

/// A machine with a policy that asks for a verdict, and the key that signs those.
struct Guarded {
    machine: Machine,
    key: SecretKey,
    policy: Policy,
}

fn policy_text(key: &SecretKey, branch: &str) -> String {
    let key = key.public();
    format!("repository: github:acme/fleet\nbranch: {branch}\nrequire: {{ verdict: {{ keys: [\"{key}\"] }} }}\n")
}

impl Guarded {
    fn new(fault: Fault) -> Guarded {
        let machine = Machine::new(fault, None);
        let key = SecretKey::generate("fleet-1").expect("there is randomness");
        let policy = policy::enroll(&machine.host(), policy_text(&key, "main").as_bytes());
        let policy = policy.expect("it is a policy");
        Guarded { machine, key, policy }
    }

    fn host(&self) -> Host<'_> {
        self.machine.host()
    }

    fn verdict(&self) -> Verdict {
        let path = |text: &str| StorePath::parse(text).expect("a store path");
        let out = path(NEW);
        let closure = hash_closure(self.host().fs, Path::new("/"), [&out], &mut |_| true).expect("it is there");
        let counts = Counts {
            passed: 1,
            ..Counts::default()
        };
        let now = self.machine.unix_time();
        Verdict {
            repository: "github:acme/fleet".into(),
            commit: "1".repeat(40),
            tree: "2".repeat(40),
            lock: None,
            host: "web".into(),
            system: "x86_64-linux".into(),
            drv: path(&format!("{NEW}.drv")),
            out,
            closure,
            results: Results {
                tool: Tool::default(),
                stages: [(Stage::Eval, counts)].into(),
                errors: 0,
                warnings: 0,
                waived: 0,
            },
            made: now,
            expires: now + Duration::from_secs(3600),
        }
    }

    fn order(&self, verdict: &Verdict) -> Order {
        let mut envelope = Envelope::of(verdict);
        envelope.sign(&self.key);
        let mut order = Machine::order(Action::Switch);
        order.origin.commit = Some("1".repeat(40));
        order.origin.host = Some("web".into());
        order.approval = Approval {
            overridden: None,
            policy: Some(self.policy.digest()),
            shown: Vec::new(),
            verdict: Some(envelope.to_text()),
        };
        order
    }

    /// Orders something, and returns the reasons for which it is refused; none if it is deployed.
    fn refusals(&self, order: Order) -> Vec<String> {
        let outcome = deploy_order(&self.machine, order);
        is_new(&self.machine, &outcome, "approval");
        match outcome {
            Outcome::Deployed => Vec::new(),
            Outcome::Refused(reasons) => reasons,
            other => panic!("{other:?}"),
        }
    }

    fn write(&self, path: &str, text: &str) {
        let path = Path::new(path);
        self.host()
            .fs
            .create_dir_all(path.parent().expect("a folder"))
            .expect("it can be made");
        self.host()
            .fs
            .write(path, text.as_bytes(), Mode::Plain)
            .expect("it can be written");
    }
}

/// Asserts that an order is refused for one reason, after something was changed in it or around it.
fn refused(expected: &str, change: impl FnOnce(&Guarded, &mut Verdict) -> Box<dyn FnOnce(&mut Order)>) {
    let guarded = Guarded::new(Fault::None);
    let mut verdict = guarded.verdict();
    let change = change(&guarded, &mut verdict);
    let mut order = guarded.order(&verdict);
    change(&mut order);
    let reasons = guarded.refusals(order);
    assert!(
        matches!(&reasons[..], [reason] if reason.contains(expected)),
        "{expected}: {reasons:?}"
    );
}

fn nothing() -> Box<dyn FnOnce(&mut Order)> {
    Box::new(|_| {})
}

#[test]
fn what_is_attested_is_deployed() {
    let guarded = Guarded::new(Fault::None);
    assert_eq!(
        guarded.refusals(guarded.order(&guarded.verdict())),
        Vec::<String>::new()
    );
}

#[test]
fn each_lack_of_approval_is_refused_by_the_machine() {
    refused("no policy is enrolled", |guarded, _| {
        let policy = policy::file(&guarded.host());
        guarded.host().fs.remove_file(&policy).expect("it is there");
        nothing()
    });
    refused("judged by another policy", |_, _| {
        Box::new(|order| order.approval.policy = Some("0".repeat(64)))
    });
    refused("judged by another policy", |_, _| {
        Box::new(|order| order.approval.policy = None)
    });
    refused("asks for a signed verdict", |_, _| {
        Box::new(|order| order.approval.verdict = None)
    });
    refused("names no commit", |_, _| Box::new(|order| order.origin.commit = None));
    refused("names no host", |_, _| Box::new(|order| order.origin.host = None));
    refused("is of commit", |_, verdict| {
        verdict.commit = "3".repeat(40);
        nothing()
    });
    refused("is of the host", |_, verdict| {
        verdict.host = "db".into();
        nothing()
    });
    refused("is of the repository", |_, verdict| {
        verdict.repository = "github:evil/fleet".into();
        nothing()
    });
    refused("the verdict expired at", |guarded, verdict| {
        verdict.made -= Duration::from_secs(7200);
        verdict.expires = guarded.machine.unix_time() - Duration::from_secs(1);
        nothing()
    });
    refused("clock", |_, verdict| {
        verdict.made += Duration::from_secs(86_400);
        verdict.expires += Duration::from_secs(86_400);
        nothing()
    });
    refused("has the hash", |guarded, _| {
        guarded.write(&format!("{NEW}/etc/passwd"), "eve::0:0::/:/bin/sh\n");
        nothing()
    });
    refused("is not in the store", |_, verdict| {
        let path = StorePath::parse("/nix/store/3c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-gone").expect("a store path");
        let hash = *verdict.closure.values().next().expect("there is one");
        verdict.closure.insert(path, hash);
        nothing()
    });
    refused("unknown key", |_, _| {
        Box::new(|order| {
            let text = order.approval.verdict.take().expect("there is one");
            order.approval.verdict = Some(text.replace("fleet-1", "fleet-2"));
        })
    });
}

#[test]
fn an_older_verdict_is_a_downgrade() {
    let guarded = Guarded::new(Fault::None);
    let old = guarded.verdict();
    guarded.machine.sleep(Duration::from_secs(600));
    assert_eq!(
        guarded.refusals(guarded.order(&guarded.verdict())),
        Vec::<String>::new()
    );
    let mut again = guarded.order(&old);
    again.id = "two".into();
    let outcome = deploy_order(&guarded.machine, again);
    let Outcome::Refused(reasons) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reasons[0].ends_with("a downgrade"), "{reasons:?}");
}

#[test]
fn an_override_lets_nobody_step_back_behind_what_was_approved() {
    let guarded = Guarded::new(Fault::None);
    let old = guarded.verdict();
    guarded.machine.sleep(Duration::from_secs(600));
    assert_eq!(
        guarded.refusals(guarded.order(&guarded.verdict())),
        Vec::<String>::new()
    );
    let mut back = Machine::order(Action::Switch);
    (back.id, back.system) = ("back".into(), OLD.into());
    assert_eq!(deploy_order(&guarded.machine, back), Outcome::Deployed);
    let approved = Deployment::approved(&guarded.host())
        .expect("it can be read")
        .expect("there is one");
    assert_eq!(approved.order.system, NEW);
    let mut again = guarded.order(&old);
    again.id = "again".into();
    let outcome = deploy_order(&guarded.machine, again);
    let Outcome::Refused(reasons) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reasons[0].ends_with("a downgrade"), "{reasons:?}");
}

#[test]
fn the_next_policy_comes_with_what_this_one_approves() {
    for (fault, overridden, expected) in [
        (Fault::None, false, "next"),
        (Fault::UnitFails, false, "main"),
        (Fault::None, true, "main"),
    ] {
        let guarded = Guarded::new(fault);
        let next = policy_text(&guarded.key, "next");
        guarded.write(&format!("{NEW}/etc/cfgcheck/policy.yaml"), &next);
        let mut order = guarded.order(&guarded.verdict());
        if overridden {
            order.approval = Approval::overridden("a test");
        }
        let outcome = deploy_order(&guarded.machine, order);
        is_new(&guarded.machine, &outcome, "policy");
        let policy = policy::enrolled(&guarded.host()).expect("there is one");
        assert_eq!(policy.branch, expected, "{fault:?} {overridden} {outcome:?}");
    }
}

#[test]
fn a_policy_that_is_none_takes_nothings_place() {
    let guarded = Guarded::new(Fault::None);
    guarded.write(&format!("{NEW}/etc/cfgcheck/policy.yaml"), "require: {}\n");
    let outcome = deploy_order(&guarded.machine, guarded.order(&guarded.verdict()));
    assert_eq!(outcome, Outcome::Deployed);
    let told = Deployment::current(&guarded.host())
        .expect("it can be read")
        .expect("there is one")
        .notes;
    assert!(
        told.iter()
            .any(|note| note.starts_with("the policy of before still counts: ")),
        "{told:?}"
    );
    assert!(guarded.machine.link("/run/current-system") != OLD);
}

#[test]
fn an_approved_commit_that_was_taken_back_is_remembered_until_it_does() {
    let commit = Commit::new(&"1".repeat(40)).expect("a commit");
    let order = |guarded: &Guarded, id: &str| {
        let mut order = guarded.order(&guarded.verdict());
        order.id = id.into();
        order
    };
    let failed = |guarded: &Guarded| {
        let failed = FailedCommits::read(&guarded.host()).expect("it can be read");
        failed.get(&commit).map(|failed| (failed.at, failed.why.clone()))
    };
    let mut guarded = Guarded::new(Fault::UnitFails);
    let mut overridden = order(&guarded, "zero");
    overridden.approval = Approval::overridden("a test");
    let outcome = deploy_order(&guarded.machine, overridden);
    assert!(matches!(outcome, Outcome::RolledBack(_)), "{outcome:?}");
    assert_eq!(failed(&guarded), None, "nobody vouches for its commit");
    let outcome = deploy_order(&guarded.machine, order(&guarded, "one"));
    assert!(matches!(outcome, Outcome::RolledBack(_)), "{outcome:?}");
    let why = "web.service has failed".to_owned();
    assert_eq!(failed(&guarded), Some((FailedAt::Deployed, why)));
    guarded.machine.fault = Fault::None;
    assert_eq!(
        deploy_order(&guarded.machine, order(&guarded, "two")),
        Outcome::Deployed
    );
    assert_eq!(failed(&guarded), None);
}

#[test]
fn the_oldest_failures_are_forgotten() {
    let guarded = Guarded::new(Fault::None);
    let commit = |number: usize| Commit::new(&format!("{number:040x}")).expect("a commit");
    for number in 0..101 {
        failed::remember(&guarded.host(), &commit(number), FailedAt::Built, "no\x1b[2Jluck\n").expect("it is kept");
        guarded.machine.sleep(Duration::from_secs(1));
    }
    let all = FailedCommits::read(&guarded.host()).expect("it can be read");
    assert_eq!(
        (all.0.len(), all.get(&commit(0)), all.get(&commit(100)).is_some()),
        (100, None, true)
    );
    let shown = all.get(&commit(1)).map(|failed| failed.why.as_str());
    assert!(shown.is_some_and(|why| !why.contains(char::is_control)), "{shown:?}");
}

#[test]
fn nothing_of_a_system_is_run_before_it_is_known_who_vouches_for_it() {
    let guarded = Guarded::new(Fault::None);
    let good = guarded.order(&guarded.verdict());
    let mut forged = guarded.verdict();
    forged.host = "db".into();
    let mut unsigned = good.clone();
    unsigned.approval.verdict = None;
    for (order, expected) in [
        (guarded.order(&forged), "is of the host"),
        (unsigned, "asks for a signed verdict"),
        (good.clone(), ""),
    ] {
        let before = guarded.machine.calls();
        let planned = plan(&guarded.host(), &order).expect("the machine answers");
        let ran = guarded.machine.calls() > before;
        match expected {
            "" => assert!(planned.refusals.is_empty() && ran, "{:?}", planned.refusals),
            _ => {
                assert!(planned.refusals[0].contains(expected), "{:?}", planned.refusals);
                assert!(!ran, "a program was run: {expected}");
            }
        }
    }
}
