//! Engines on a simulated machine that bring a user's home to another generation: each fault, each blow, each refusal.

use super::machine::{Blow, Fault, HOME, Machine, NEW_HOME, OLD_HOME};
use super::{deploy_order, quietly};
use crate::host::Observed;
use crate::order::Action;
use crate::policy;
use crate::state::{Deployment, Outcome};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use sys::Mode;

/// What a home is at one moment.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    current: Option<String>,
    /// Each profile by its link, what that leads to and its newest generation.
    profiles: [Option<(String, String, u64)>; 2],
    files: BTreeMap<PathBuf, String>,
    units: BTreeMap<String, &'static str>,
}

fn seen(machine: &Machine) -> Seen {
    let now = Observed::of(&machine.host()).expect("it can be observed");
    let mut files = machine.below_home();
    // Nix makes this link by itself, at whatever it is asked, and it leads nowhere where there is no profile.
    if now.programs.is_none() {
        files.remove(&Path::new(HOME).join(".nix-profile"));
    }
    Seen {
        current: now.current,
        profiles: [now.profile, now.programs]
            .map(|profile| profile.map(|profile| (profile.link, profile.system, profile.newest))),
        files,
        units: machine.units(),
    }
}

/// Makes a machine.
type Make = fn(Fault, Option<(u32, Blow)>) -> Machine;

/// The machines that homes are tried on: what they have before.
const BEFORE: [(&str, Make); 2] = [("old", Machine::of_home), ("first", Machine::of_first_home)];

fn deploy(machine: &Machine) -> Outcome {
    deploy_order(machine, machine.wanted(Action::Switch))
}

/// Asserts that a home is what it was, or what was wanted; says which.
fn is_new(machine: &Machine, outcome: &Outcome, before: &Seen, about: &str) -> bool {
    let now = seen(machine);
    assert!(machine.timers().is_empty(), "{about}: {:?}", machine.timers());
    match outcome {
        Outcome::Deployed => {
            assert_eq!(now.current.as_deref(), Some(NEW_HOME), "{about}");
            let profile = now.profiles[0].as_ref().map(|(_, leads, _)| leads.as_str());
            assert_eq!(profile, Some(NEW_HOME), "{about}");
            let place = |name: &str| now.files.get(&Path::new(HOME).join(name)).map(String::as_str);
            for name in [".bashrc", ".only-new", ".config/only/new"] {
                assert!(
                    place(name).is_some_and(|target| target.starts_with("/nix/store/6c0")),
                    "{about}: {name}"
                );
            }
            assert_eq!(place(".config/only/old"), None, "{about}");
            assert_eq!(now.units.len(), 2, "{about}: {:?}", now.units);
            true
        }
        Outcome::RolledBack(_) | Outcome::Refused(_) => {
            assert_eq!(&now, before, "{about}");
            false
        }
        other => panic!("{about}: {other:?}"),
    }
}

const FAULTS: [Fault; 7] = [
    Fault::None,
    Fault::OlderForm,
    Fault::UnitFails,
    Fault::ActivationFails,
    Fault::ActivationHangs,
    Fault::NetworkLost,
    Fault::DoesNotBootWell,
];

#[test]
fn each_fault_of_a_home_ends_where_it_should() {
    for (fault, expected) in [
        (Fault::None, "Deployed"),
        (Fault::OlderForm, "Deployed"),
        (Fault::UnitFails, "RolledBack(\"web.service has failed\")"),
        (
            Fault::ActivationFails,
            "RolledBack(\"its activation ends with 1 in `onFilesChange`: no luck\")",
        ),
        (
            Fault::ActivationHangs,
            "RolledBack(\"the activation did not end within 600 s\")",
        ),
        (
            Fault::NetworkLost,
            "RolledBack(\"nobody has connected anew to confirm it within 120 s\")",
        ),
    ] {
        for (name, machine) in BEFORE {
            let machine = machine(fault, None);
            let before = seen(&machine);
            let outcome = deploy(&machine);
            let about = format!("{fault:?} {name}");
            assert_eq!(format!("{outcome:?}"), expected, "{about}");
            is_new(&machine, &outcome, &before, &about);
            let roots = machine.host().kept().join("roots");
            assert_eq!(
                machine.host().fs.stat(&roots).expect("it can be asked"),
                None,
                "{about}"
            );
        }
    }
}

#[test]
fn no_blow_leaves_a_third_home() {
    quietly(|| {
        let (mut blows, mut deployed) = (0, 0);
        for (name, machine) in BEFORE {
            for fault in FAULTS {
                let whole = machine(fault, None);
                deploy(&whole);
                for call in 1..=whole.calls() {
                    for done in [false, true] {
                        for blow in [Blow::Killed { done }, Blow::PowerLost { done }] {
                            let machine = machine(fault, Some((call, blow)));
                            let before = seen(&machine);
                            let outcome = deploy(&machine);
                            let about = format!("{name} {fault:?} {blow:?} at call {call} of {}", whole.calls());
                            if fault == Fault::DoesNotBootWell && machine.boots() > 1 && outcome == Outcome::Deployed {
                                // It had ended before the machine went down.
                                continue;
                            }
                            let is_new = is_new(&machine, &outcome, &before, &about);
                            let good = matches!(fault, Fault::None | Fault::OlderForm | Fault::DoesNotBootWell);
                            assert!(good || !is_new, "{about}: {outcome:?}");
                            blows += 1;
                            deployed += u32::from(is_new);
                        }
                    }
                }
            }
        }
        assert!(blows > 1_000 && deployed > 0, "{blows} blows, {deployed} deployed");
    });
}

#[test]
fn a_home_that_does_not_come_back_is_told() {
    let machine = Machine::of_home(Fault::WayBackFails, None);
    let outcome = deploy(&machine);
    let Outcome::RollbackFailed(why) = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        why.starts_with("web.service has failed; and what was before is not back: "),
        "{why}"
    );
    assert!(why.contains("/home/alice/.bashrc"), "{why}");
    // Which is no reason to reboot the whole machine.
    assert_eq!(machine.boots(), 1);
    let last = Deployment::current(&machine.host())
        .expect("it can be read")
        .expect("there is one");
    assert!(
        last.notes.iter().any(|note| note.contains("it does not go back")),
        "{:?}",
        last.notes
    );
}

#[test]
fn what_is_the_home_already_is_left_alone() {
    let machine = Machine::of_home(Fault::None, None);
    assert_eq!(deploy(&machine), Outcome::Deployed);
    let before = seen(&machine);
    let mut again = machine.wanted(Action::Switch);
    again.id = "two".into();
    assert_eq!(deploy_order(&machine, again), Outcome::Deployed);
    assert_eq!(seen(&machine), before);
}

#[test]
fn a_home_goes_back_to_the_one_before_like_to_any_other() {
    let machine = Machine::of_home(Fault::None, None);
    assert_eq!(deploy(&machine), Outcome::Deployed);
    let mut back = machine.wanted(Action::Switch);
    (back.id, back.system) = ("two".into(), OLD_HOME.into());
    assert_eq!(deploy_order(&machine, back), Outcome::Deployed);
    let now = seen(&machine);
    assert_eq!(now.current.as_deref(), Some(OLD_HOME));
    assert_eq!(
        now.profiles[0],
        Some(("home-manager-3-link".into(), OLD_HOME.into(), 3))
    );
    assert_eq!(now.units.len(), 3);
}

/// Changes something of a machine.
type Change = fn(&Machine);

fn write(machine: &Machine, path: &str, text: &str) {
    let (fs, path) = (machine.host().fs, Path::new(path));
    fs.create_dir_all(path.parent().expect("a folder"))
        .expect("it can be made");
    fs.write(path, text.as_bytes(), Mode::Plain).expect("it can be written");
}

fn remove(machine: &Machine, path: &str) {
    machine.host().fs.remove_file(Path::new(path)).expect("it is there");
}

#[test]
fn each_reason_against_a_home_has_its_message() {
    let cases: [(Change, &str); 15] = [
        (
            |m| m.host().fs.remove_dir_all(Path::new(NEW_HOME)).expect("it is there"),
            "is not in the store of this machine",
        ),
        (
            |m| remove(m, &format!("{NEW_HOME}/activate")),
            "is no home of home-manager: it has no `activate`",
        ),
        (
            |m| remove(m, &format!("{NEW_HOME}/home-files")),
            "is no home of home-manager: it has no `home-files`",
        ),
        (
            |m| {
                m.host()
                    .fs
                    .remove_dir_all(&Path::new(NEW_HOME).join("home-path"))
                    .expect("it is there")
            },
            "is no home of home-manager: it has no `home-path`",
        ),
        (
            |m| write(m, &format!("{NEW_HOME}/gen-version"), "2\n"),
            "is of the form 2, and this cfgcheck knows form 1 of homes",
        ),
        (
            |m| write(m, "/etc/systemd/system/home-manager-alice.service", ""),
            "the home of alice is part of the machine's system: deploy that",
        ),
        (
            |m| m.answers("manager", 1, "offline\n"),
            "the service manager of alice does not run: offline",
        ),
        (
            |m| m.answers("linger", 0, "no\n"),
            "ends with the last session, and the deployment with it: `loginctl enable-linger alice`",
        ),
        (
            |m| {
                m.answers(
                    "linger",
                    1,
                    "Failed to get user: User ID 1000 is not logged in or lingering\n",
                )
            },
            "`loginctl enable-linger alice`",
        ),
        (
            |m| m.has_room(HOME, 1 << 20),
            "the disk of /home/alice is full: 1024 KiB are left",
        ),
        (
            |m| write(m, &format!("{HOME}/.only-new"), "mine\n"),
            "files are in the way of the home's links, and could not be brought back: /home/alice/.only-new; move them",
        ),
        (
            |m| {
                let path = format!("{HOME}/.only-new");
                let made = m.host().fs.symlink(Path::new("/home/alice/notes"), Path::new(&path));
                made.expect("it can be made");
            },
            "files are in the way of the home's links, and could not be brought back: /home/alice/.only-new; move them",
        ),
        (
            |m| {
                remove(m, &format!("{HOME}/.config/only/old"));
                write(m, &format!("{HOME}/.config/only/old"), "mine\n");
            },
            "of the home that is there, so that there is no way back: /home/alice/.config/only/old; move them away",
        ),
        (
            |m| remove(m, &format!("{OLD_HOME}/activate")),
            "there is no way back: /nix/store/3c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-home-manager-generation is no home",
        ),
        (
            |m| {
                m.answers(
                    "dry run",
                    1,
                    "Starting Home Manager activation\nUSER is \"alice\", expected \"bob\"\n",
                )
            },
            "the new home refuses to be activated (it exits 1): USER is \"alice\", expected \"bob\"",
        ),
    ];
    for (change, message) in cases {
        let machine = Machine::of_home(Fault::None, None);
        change(&machine);
        let before = seen(&machine);
        let outcome = deploy(&machine);
        let Outcome::Refused(reasons) = &outcome else {
            panic!("{message}: {outcome:?}")
        };
        assert!(
            matches!(&reasons[..], [reason] if reason.contains(message)),
            "{message}: {reasons:?}"
        );
        is_new(&machine, &outcome, &before, message);
    }
}

#[test]
fn a_file_that_is_the_same_is_in_nobodys_way() {
    let machine = Machine::of_home(Fault::None, None);
    let place = ".only-new";
    write(&machine, &format!("{HOME}/{place}"), &format!("{place} of {NEW_HOME}"));
    let plan = crate::Plan::of(&machine.host(), NEW_HOME, Action::Switch).expect("it can be planned");
    assert_eq!(plan.refusals, Vec::<String>::new());
    assert_eq!(plan.units.stops, ["removed.service"]);
    assert_eq!(plan.units.restarts, ["web.service"]);
    assert_eq!(plan.units.starts, Vec::<String>::new());
}

#[test]
fn a_home_comes_about_by_no_boot() {
    for action in [Action::Boot, Action::Reboot] {
        let machine = Machine::of_home(Fault::None, None);
        let before = seen(&machine);
        let outcome = deploy_order(&machine, machine.wanted(action));
        let Outcome::Refused(reasons) = &outcome else {
            panic!("{outcome:?}")
        };
        assert!(reasons[0].starts_with("a home is there at once"), "{reasons:?}");
        is_new(&machine, &outcome, &before, "boot");
    }
}

#[test]
fn a_home_has_a_policy_of_its_own() {
    let key = crate::verdict::SecretKey::generate("fleet-1")
        .expect("there is randomness")
        .public();
    let head = "repository: github:acme/fleet\nbranch: main\nrequire:";
    for (policy, expected) in [
        (
            None,
            "as its user: `cfgcheck switch --home --enroll policy.yaml`".to_owned(),
        ),
        (
            Some(format!("{head} {{ verdict: {{ keys: [\"{key}\"] }} }}\n")),
            "those are of hosts and not of homes: enrol another one".into(),
        ),
        (Some(format!("{head} {{ pull-request: {{}} }}\n")), String::new()),
    ] {
        let machine = Machine::of_home(Fault::None, None);
        let host = machine.host();
        let mut order = machine.wanted(Action::Switch);
        order.approval.overridden = None;
        if let Some(text) = &policy {
            let enrolled = policy::enroll(&host, text.as_bytes()).expect("it is a policy");
            assert!(
                host.has("/home/alice/.local/state/cfgcheck/policy.yaml")
                    .expect("it can be asked")
            );
            order.approval.policy = Some(enrolled.digest());
        }
        // The next one comes with the home.
        let next = format!("{head} {{ pull-request: {{ approvals: 1 }} }}\n");
        let path = format!("{NEW_HOME}/home-files/.config/cfgcheck/policy.yaml");
        host.fs
            .create_dir_all(Path::new(&path).parent().expect("a folder"))
            .expect("it can be made");
        host.fs
            .write(Path::new(&path), next.as_bytes(), Mode::Plain)
            .expect("it can be written");
        match deploy_order(&machine, order) {
            Outcome::Refused(reasons) => assert!(!expected.is_empty() && reasons[0].contains(&expected), "{reasons:?}"),
            outcome => {
                assert_eq!((outcome, expected.as_str()), (Outcome::Deployed, ""));
                let counts = policy::enrolled(&host).expect("one counts");
                assert_eq!(counts.require.pull_request.map(|demanded| demanded.approvals), Some(1));
            }
        }
    }
}
