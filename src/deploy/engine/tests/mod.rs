//! Engines on a simulated machine: each fault of a new system, and an engine that is killed or a machine that loses its
//! power at each call that the engine makes.

mod approval;
mod home;
mod machine;
mod refused;

use super::{Move, go_back, next, plan, resume, run, start};
use crate::health::Probe;
use crate::order::{Action, Confirm, Order};
use crate::state::{Deployment, Outcome, Phase};
use machine::{Blow, Ended, Fault, Machine, NEW, OLD};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Orders the new system and carries it out to the end, by as many engines and boots as that takes.
fn deploy(machine: &Machine, action: Action) -> Outcome {
    deploy_order(machine, machine.wanted(action))
}

fn deploy_order(machine: &Machine, order: Order) -> Outcome {
    let ordered = catch_unwind(AssertUnwindSafe(|| start(machine.host(), order, false)));
    if let Ok(ordered) = &ordered {
        assert!(ordered.is_ok(), "{:?}", ordered.as_ref().err());
    }
    for _ in 0..10 {
        if machine.is_down() {
            machine.boot();
        }
        // An order that was lost with the machine is no deployment; whoever gave it is told so.
        if Deployment::current(&machine.host()).expect("it can be read").is_none() {
            return Outcome::Refused(vec!["lost".into()]);
        }
        let ran = catch_unwind(AssertUnwindSafe(|| run(machine.host(), &mut |_| {})));
        match ran {
            Ok(Ok(Some(outcome))) => return outcome,
            Ok(Ok(None)) => panic!("a machine that goes down ends its engine"),
            Ok(Err(error)) => panic!("{error}"),
            Err(end) => assert!(end.is::<Ended>(), "an engine panics"),
        }
    }
    panic!("it does not come to an end");
}

/// Asserts that a machine is in one of the two states that there are, and says which.
fn is_new(machine: &Machine, outcome: &Outcome, about: &str) -> bool {
    let deployed = match outcome {
        Outcome::Deployed => true,
        Outcome::RolledBack(_) | Outcome::Refused(_) => false,
        other => panic!("{about}: {other:?}"),
    };
    let (system, units) = if deployed { (NEW, 2) } else { (OLD, 3) };
    for link in ["/run/current-system", "/nix/var/nix/profiles/system"] {
        assert_eq!(machine.link(link), system, "{about}: {link}, {outcome:?}");
    }
    let now = crate::host::Observed::of(&machine.host()).expect("it can be observed");
    assert_eq!(now.default.as_deref(), Some(system), "{about}: what boots, {outcome:?}");
    assert_eq!(machine.units().len(), units, "{about}: {:?}", machine.units());
    assert!(machine.units().values().all(|state| *state == "active"), "{about}");
    assert!(machine.timers().is_empty(), "{about}: {:?}", machine.timers());
    deployed
}

/// Silences the panics by which engines are killed.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Ended>() {
            hook(info);
        }
    }));
    let done = work();
    let _ = std::panic::take_hook();
    done
}

const FAULTS: [Fault; 11] = [
    Fault::None,
    Fault::UnitFails,
    Fault::ActivationFails,
    Fault::ActivationHangs,
    Fault::NetworkLost,
    Fault::BootLoaderFails,
    Fault::BootLoaderLies,
    Fault::OtherKernel,
    Fault::DoesNotBootWell,
    Fault::SwitchLocked,
    Fault::WayBackFails,
];

#[test]
fn each_fault_ends_where_it_should() {
    quietly(|| {
        for (action, fault, expected) in [
            (Action::Switch, Fault::None, "Deployed"),
            (Action::Switch, Fault::OtherKernel, "Deployed"),
            (Action::Switch, Fault::KnowsNoCheck, "Deployed"),
            (Action::Switch, Fault::DoesNotBootWell, "Deployed"),
            (
                Action::Switch,
                Fault::UnitFails,
                "RolledBack(\"web.service has failed\")",
            ),
            (
                Action::Switch,
                Fault::ActivationFails,
                "RolledBack(\"the activation script `etc` fails\")",
            ),
            (
                Action::Switch,
                Fault::ActivationHangs,
                "RolledBack(\"the activation did not end within 600 s\")",
            ),
            (
                Action::Switch,
                Fault::NetworkLost,
                "RolledBack(\"nobody has connected anew to confirm it within 120 s\")",
            ),
            (
                Action::Switch,
                Fault::BootLoaderFails,
                "RolledBack(\"the boot loader cannot be installed (it exits 1): Failed to install bootloader\")",
            ),
            (
                Action::Switch,
                Fault::BootLoaderLies,
                "RolledBack(\"the boot loader was installed, and would boot",
            ),
            (
                Action::Switch,
                Fault::SwitchLocked,
                "Refused([\"another switch holds the lock of the machine\"])",
            ),
            (
                Action::Switch,
                Fault::WayBackFails,
                "RolledBack(\"web.service has failed\")",
            ),
            (Action::Reboot, Fault::None, "Deployed"),
            (Action::Reboot, Fault::OtherKernel, "Deployed"),
            (
                Action::Reboot,
                Fault::DoesNotBootWell,
                "RolledBack(\"web.service has failed\")",
            ),
            (
                Action::Reboot,
                Fault::NetworkLost,
                "RolledBack(\"nobody has connected anew to confirm it within 120 s\")",
            ),
            (
                Action::Reboot,
                Fault::BootLoaderFails,
                "RolledBack(\"the boot loader cannot be installed (it exits 1): Failed to install bootloader\")",
            ),
        ] {
            let machine = Machine::new(fault, None);
            let outcome = deploy(&machine, action);
            let about = format!("{action:?} {fault:?}");
            assert!(format!("{outcome:?}").starts_with(expected), "{about}: {outcome:?}");
            is_new(&machine, &outcome, &about);
        }
    });
}

/// Strikes at each call of a deployment, and returns how many there were and how many of them ended with the new system.
fn struck(fault: Fault, action: Action, blow: Blow) -> (u32, u32) {
    let whole = Machine::new(fault, None);
    deploy(&whole, action);
    let mut new = 0;
    for call in 1..=whole.calls() {
        let machine = Machine::new(fault, Some((call, blow)));
        let outcome = deploy(&machine, action);
        let about = format!("{action:?} {fault:?} {blow:?} at call {call} of {}", whole.calls());
        if fault == Fault::DoesNotBootWell
            && action == Action::Switch
            && outcome == Outcome::Deployed
            && machine.boots() > 1
        {
            // It had ended before the machine went down: what its next boots are like is nobody's business here.
            continue;
        }
        let deployed = is_new(&machine, &outcome, &about);
        let good = match action {
            Action::Switch => matches!(fault, Fault::None | Fault::OtherKernel | Fault::DoesNotBootWell),
            // What only a switch does is not done.
            _ => !matches!(
                fault,
                Fault::UnitFails
                    | Fault::WayBackFails
                    | Fault::DoesNotBootWell
                    | Fault::NetworkLost
                    | Fault::BootLoaderFails
                    | Fault::BootLoaderLies
            ),
        };
        assert!(good || !deployed, "{about}: {outcome:?}");
        new += u32::from(deployed);
    }
    (whole.calls(), new)
}

#[test]
fn no_blow_leaves_a_third_state() {
    quietly(|| {
        let mut blows = 0;
        for fault in FAULTS {
            for action in [Action::Switch, Action::Reboot] {
                for done in [false, true] {
                    for blow in [Blow::Killed { done }, Blow::PowerLost { done }] {
                        blows += struck(fault, action, blow).0;
                    }
                }
            }
        }
        assert!(blows > 1_000, "only {blows} blows");
    });
}

#[test]
fn a_blow_after_the_end_takes_nothing_back() {
    quietly(|| {
        let (calls, new) = struck(Fault::None, Action::Switch, Blow::Killed { done: true });
        // The calls from the last phase on, and none before.
        assert!(new > 0 && new < calls / 3, "{new} of {calls}");
    });
}

#[test]
fn staging_changes_what_boots_and_nothing_else() {
    let machine = Machine::new(Fault::OtherKernel, None);
    assert_eq!(deploy(&machine, Action::Boot), Outcome::RebootPending);
    assert_eq!(machine.link("/run/current-system"), OLD);
    let now = crate::host::Observed::of(&machine.host()).expect("it can be observed");
    assert_eq!(now.default.as_deref(), Some(NEW));
    assert_eq!(machine.boots(), 1);
    let ended = || {
        let status = crate::Status::of(&machine.host(), "1.0.0");
        status.expect("it can be observed").ended()
    };
    assert_eq!(ended(), Some(Outcome::RebootPending));
    machine.boot();
    assert_eq!(ended(), Some(Outcome::Deployed), "what it waited for has come");
}

#[test]
fn the_timer_goes_back_and_leaves_alone_what_has_ended() {
    let machine = Machine::new(Fault::None, None);
    start(machine.host(), Machine::order(Action::Switch), false).expect("it is taken");
    let outcome = go_back(machine.host(), "its time was up", &mut |_| {}).expect("it goes back");
    assert_eq!(outcome, Some(Outcome::RolledBack("its time was up".into())));
    let outcome = go_back(machine.host(), "its time was up", &mut |_| {}).expect("it has ended");
    assert_eq!(outcome, Some(Outcome::RolledBack("its time was up".into())));
    is_new(&machine, &outcome.expect("it has ended"), "timer");
}

#[test]
fn a_machine_that_has_to_reach_something_goes_back_when_it_does_not() {
    for (fault, expected) in [
        (Fault::None, Outcome::Deployed),
        (
            Fault::NetworkLost,
            Outcome::RolledBack(
                "port git.example.org:443 is out of reach: it exits 1: Network is unreachable within 120 s".into(),
            ),
        ),
    ] {
        let machine = Machine::new(fault, None);
        let mut order = Machine::order(Action::Switch);
        order.confirm = Confirm::Outbound(vec![Probe::Tcp("git.example.org:443".into())]);
        let outcome = deploy_order(&machine, order);
        assert_eq!(outcome, expected);
        is_new(&machine, &outcome, "outbound");
    }
}

#[test]
fn an_order_whose_engine_does_not_start_has_ended() {
    let machine = Machine::new(Fault::NoUnits, None);
    start(machine.host(), Machine::order(Action::Switch), false).expect_err("no unit can be started");
    let last = Deployment::current(&machine.host())
        .expect("it can be read")
        .expect("there is one");
    let Some(Outcome::Refused(reasons)) = last.outcome else {
        panic!("{:?}", last.outcome)
    };
    assert!(reasons[0].contains("systemd-run"), "{reasons:?}");
    is_new(&machine, &Outcome::Refused(reasons), "no units");
}

#[test]
fn who_starts_an_engine_second_leaves_it_to_the_first() {
    let mut machine = Machine::new(Fault::None, None);
    start(machine.host(), Machine::order(Action::Switch), false).expect("it is taken");
    assert!(resume(&machine.host()).expect("it starts"), "it has no engine so far");
    machine.fault = Fault::NoUnits;
    resume(&machine.host()).expect_err("no unit can be started");
    machine.fault = Fault::StartedMeanwhile;
    assert!(!resume(&machine.host()).expect("another one has it in hand"));
}

#[test]
fn orders_come_one_after_the_other() {
    let machine = Machine::new(Fault::None, None);
    let order = || Machine::order(Action::Switch);
    start(machine.host(), order(), false).expect("it is taken");
    let second = start(machine.host(), order(), false).expect_err("the first has not ended");
    assert_eq!(
        second.to_string(),
        "the deployment one has not ended on this machine: it is accepted"
    );
    run(machine.host(), &mut |_| {}).expect("it runs");
    let same = start(machine.host(), order(), false).expect_err("its name is taken");
    assert_eq!(same.to_string(), "a deployment with the name one was ordered before");
}

#[test]
fn what_was_left_behind_is_ended_as_its_phase_says() {
    use Phase::{Accepted, Confirming, Disarming, Done, Installing, Preflight, Rebooting, RebootingBack};
    let back = |why: &str| Move::Back(why.to_owned());
    for (phase, same_boot, expected) in [
        (Done, true, Move::Nothing),
        (Done, false, Move::Nothing),
        (Accepted, true, Move::Begin),
        (Accepted, false, back("the machine went down while it was accepted")),
        (Preflight, true, back("the engine ended while it was in preflight")),
        (Confirming, true, back("the engine ended while it was confirming")),
        (Installing, false, back("the machine went down while it was installing")),
        (Disarming, true, Move::Finish),
        (Disarming, false, Move::LookAgain),
        (Rebooting, true, Move::Reboot),
        (Rebooting, false, Move::AfterReboot),
        (RebootingBack, true, Move::RebootBack),
        (RebootingBack, false, Move::AfterRebootBack),
    ] {
        assert_eq!(next(phase, same_boot), expected, "{phase} {same_boot}");
    }
}
