//! The steps that people write.

use super::scripted::{Scripted, timed_out};
use super::*;
use crate::guest::GuestError;

/// Plays steps after a boot of the base, and returns the outcome and the first message.
fn after_boot(steps: &str, guest: Scripted) -> (Outcome, String) {
    let shown = written(&format!("steps:\n- boot: base\n{steps}"), guest);
    let message = shown.played.found.first().map(|found| found.message.clone());
    (shown.played.outcome, message.unwrap_or_default())
}

fn passes(steps: &str, guest: Scripted) {
    assert_eq!(after_boot(steps, guest), (Outcome::Passed, String::new()), "{steps}");
}

fn fails(steps: &str, guest: Scripted, message: &str) {
    assert_eq!(
        after_boot(steps, guest),
        (Outcome::Failed, message.to_owned()),
        "{steps}"
    );
}

fn plain() -> Scripted {
    Scripted::default()
}

fn answering(part: &'static str, answers: &[(i32, &'static str)]) -> Scripted {
    let mut guest = Scripted::default();
    guest.world.answers.insert(part, answers.iter().copied().collect());
    guest
}

#[test]
fn units_are_waited_for() {
    passes("- wait_for_unit: greeter.service\n", plain());
    fails(
        "- wait_for_unit: { unit: wiki.service, within: 5s }\n",
        plain(),
        "wiki.service is not active after 5 s: it is inactive",
    );
    passes("- wait_for_unit: { unit: wiki.service, state: inactive }\n", plain());
    let mut guest = plain();
    guest.world.unit("wiki.service", "failed failed");
    fails(
        "- wait_for_unit: wiki.service\n",
        guest,
        "wiki.service has failed, and `active` was expected",
    );
    let mut guest = plain();
    guest.world.later(std::time::Duration::from_secs(30), |world| {
        world.unit("wiki.service", "active running")
    });
    passes("- wait_for_unit: wiki.service\n", guest);
}

#[test]
fn ports_files_and_texts_are_waited_for() {
    let mut guest = plain();
    guest.world.listening.push(80);
    passes(
        "- wait_for_port: 80\n- wait_for_port: { port: 81, open: false }\n",
        guest,
    );
    fails(
        "- wait_for_port: { port: 80, within: 1s }\n",
        plain(),
        "nothing listens on port 80 after 1 s",
    );
    let mut guest = plain();
    guest.world.files.insert("/run/ready".into(), Vec::new());
    passes(
        "- wait_for_file: /run/ready\n- wait_for_file: { path: /run/x, there: false }\n",
        guest,
    );
    fails(
        "- wait_for_file: { path: /run/x, within: 1s }\n",
        plain(),
        "/run/x is not there after 1 s",
    );
    passes("- wait_for_console: Linux version\n", plain());
    fails(
        "- wait_for_console: { text: login, within: 1s }\n",
        plain(),
        "the console does not show `login` after 1 s",
    );
}

#[test]
fn commands_are_run() {
    passes(
        "- run: { command: curl x, prints: hello }\n",
        answering("curl", &[(0, "hello\n")]),
    );
    fails(
        "- run: curl x\n",
        answering("curl", &[(7, "no\n")]),
        "`curl x` exits 7, and 0 was expected",
    );
    passes("- run: { command: curl x, exit: 7 }\n", answering("curl", &[(7, "")]));
    fails(
        "- run: { command: curl x, prints: hello }\n",
        answering("curl", &[(0, "bye\n")]),
        "`curl x` does not print `hello`",
    );
}

#[test]
fn a_retried_success_is_flaky() {
    let guest = answering("curl", &[(7, ""), (7, ""), (0, "")]);
    let shown = written(
        "steps:\n- boot: base\n- retry: { times: 5, steps: [{ run: curl x }] }\n",
        guest,
    );
    assert_eq!(shown.played.outcome, Outcome::Passed);
    let expected = "warning step-flaky: it succeeded at attempt 3 only: `curl x` exits 7, and 0 was expected |  | Step";
    assert_eq!(lines(&shown), [expected]);
    fails(
        "- retry: { times: 2, steps: [{ run: curl x }] }\n",
        answering("curl", &[(7, "")]),
        "`curl x` exits 7, and 0 was expected",
    );
    let at_once = answering("curl", &[(0, "")]);
    passes("- retry: { times: 2, steps: [{ run: curl x }] }\n", at_once);
}

#[test]
fn the_machine_is_looked_at() {
    passes(
        "- expect: { system: running, failed_units: [], units: { greeter.service: active }, generation: base, reachable: true, same_as_before: true }\n",
        plain(),
    );
    fails(
        "- expect: { system: degraded }\n",
        plain(),
        "the system is running, and `degraded` was expected",
    );
    fails("- expect: { generation: head }\n", plain(), "the head does not run");
    fails(
        "- expect: { units: { greeter.service: inactive } }\n",
        plain(),
        "greeter.service is active, and `inactive` was expected",
    );
    let mut guest = plain();
    guest.world.unit("a.service", "failed failed");
    fails(
        "- expect: { failed_units: [] }\n",
        guest,
        "a.service failed, which is not expected",
    );
    fails(
        "- expect: { failed_units: [a.service] }\n",
        plain(),
        "a.service did not fail, which is expected",
    );
    fails(
        "- network: cut\n- expect: { reachable: true }\n",
        plain(),
        "the machine has no neighbour in its network",
    );
    passes(
        "- network: cut\n- network: restore\n- expect: { reachable: true }\n",
        plain(),
    );
}

#[test]
fn web_servers_are_asked() {
    let answer = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nwelcome\n";
    let http = "- expect: { http: { path: /, prints: welcome } }\n";
    passes(http, answering("/dev/tcp", &[(0, answer)]));
    let missing = answering("/dev/tcp", &[(0, "HTTP/1.0 404 Not Found\r\n\r\n")]);
    fails(http, missing, "http://localhost:80/ answers 404, and 200 was expected");
    fails(
        http,
        answering("/dev/tcp", &[(7, "refused")]),
        "http://localhost:80/ does not answer",
    );
    let other = answering("/dev/tcp", &[(0, "HTTP/1.0 200 OK\r\n\r\nbye")]);
    fails(http, other, "http://localhost:80/ does not answer with `welcome`");
}

#[test]
fn a_planned_switch_is_compared() {
    let dry = "would stop the following units: a.service, b.service\nwould start the following units: a.service\n";
    let guest = || plain().refuse("head dry-activate", 0, dry);
    passes(
        "- dry_activate: { generation: head, restarts: [a.service], stops: [b.service], reloads: [] }\n",
        guest(),
    );
    fails(
        "- dry_activate: { generation: head, restarts: [] }\n",
        guest(),
        "the switch would restart a.service, which is not expected",
    );
    fails(
        "- dry_activate: { generation: head, reloads: [c.service] }\n",
        guest(),
        "the switch would not reload c.service, which is expected",
    );
}

#[test]
fn a_switch_with_an_expected_code_is_not_judged() {
    passes(
        "- switch_to: { generation: head, exit: 2 }\n",
        plain().refuse("head test", 2, ""),
    );
    fails(
        "- switch_to: { generation: head, exit: 0 }\n",
        plain().refuse("head test", 2, "x\n"),
        "switch-to-configuration exits 2, and 0 was expected",
    );
}

#[test]
fn specialisations_are_switched_to() {
    let shown = written(
        "steps:\n- boot: base\n- switch_to: { generation: head, specialisation: '*' }\n",
        plain(),
    );
    assert_eq!(shown.log, ["start base", "head test quiet", "head test rescue"]);
    let shown = written(
        "steps:\n- boot: base\n- switch_to: { generation: head, specialisation: quite }\n",
        plain(),
    );
    assert_eq!(
        lines(&shown),
        ["error step-failed: the head has no specialisation `quite` | did you mean `quiet`? | Step"]
    );
}

#[test]
fn a_unit_that_fails_in_a_specialisation_is_blamed_on_it() {
    let guest = plain().switch("head test quiet", |world| {
        world.unit("tunnel.service", "failed failed");
        Ok((4, String::new()))
    });
    let shown = written(
        "steps:\n- boot: base\n- switch_to: head\n- switch_to: { generation: head, specialisation: quiet }\n",
        guest,
    );
    assert_eq!(
        lines(&shown),
        [
            "error unit-failed: after the switch to the specialisation `quiet` tunnel.service has failed, which was not \
          there before (switch-to-configuration exits 4) |  | Unit(\"tunnel.service\")"
        ]
    );
    assert_eq!(shown.played.found[0].specialisation.as_deref(), Some("quiet"));
}

#[test]
fn a_switch_that_ends_before_the_power_fails_is_told_so() {
    let scenario = scenario::shipped("power-loss-during-switch").expect("it is shipped");
    let mut guest = plain();
    guest.world.answers.insert("kill -0", [(1, "done\n")].into());
    let shown = play_with(
        &scenario,
        &generation("base"),
        &generation("head"),
        &Settings::default(),
        guest,
    );
    assert_eq!(shown.played.outcome, Outcome::Passed, "{:?}", shown.played.found);
    assert_eq!(shown.played.properties["power-loss"], "after the switch had ended");
}

#[test]
fn a_power_loss_in_the_switch_leaves_one_of_both() {
    let scenario = scenario::shipped("power-loss-during-switch").expect("it is shipped");
    for default in ["base", "head"] {
        let guest = plain().switch("head switch", move |world| {
            world.default = default;
            Ok((0, String::new()))
        });
        let shown = play_with(
            &scenario,
            &generation("base"),
            &generation("head"),
            &Settings::default(),
            guest,
        );
        assert_eq!(
            (shown.played.outcome.clone(), lines(&shown)),
            (Outcome::Passed, vec![]),
            "{default}"
        );
        let last = format!("start {default}");
        assert_eq!(
            shown.log,
            ["start base", "profile head", "head switch", "stop PowerLoss", &last]
        );
        assert_eq!(
            shown.played.properties.get("power-loss").map(String::as_str),
            Some("in the middle of the switch")
        );
    }
    let guest = plain().booting("base", |world| match world.log.len() {
        1 => Ok(()),
        _ => Err(GuestError::Off {
            why: "QEMU ended".into(),
        }),
    });
    let shown = play_with(
        &scenario,
        &generation("base"),
        &generation("head"),
        &Settings::default(),
        guest,
    );
    assert!(
        lines(&shown)[0].starts_with("error boot-failed: the machine does not come back after the power loss"),
        "{:?}",
        lines(&shown)
    );
}

#[test]
fn files_go_in_and_out() {
    let shown = written(
        "steps:\n- boot: base\n- put: { file: wiki.sql, to: /tmp/wiki.sql }\n- put: { text: hello, to: /tmp/hello }\n\
         - get: { path: /tmp/wiki.sql, name: wiki.txt }\n- screenshot: login\n- collect: [units, journal]\n",
        plain(),
    );
    assert_eq!(shown.played.outcome, Outcome::Passed, "{:?}", lines(&shown));
    let kept = |name: &str| shown.played.artifacts.iter().find(|artifact| artifact.name == name);
    assert_eq!(
        kept("wiki.txt").map(|kept| kept.bytes.as_slice()),
        Some(b"create table".as_slice())
    );
    assert_eq!(kept("login.png").map(|kept| kept.media_type), Some("image/png"));
    assert!(kept("units.txt").is_some() && kept("journal.log").is_some() && kept("journal-2.log").is_some());
    fails(
        "- get: { path: /x, name: x }\n",
        plain(),
        "/x cannot be read: /x is not there",
    );
}

#[test]
fn what_is_done_is_told() {
    let guest = answering("curl", &[(0, "one\n\u{1b}[2Jtwo")]);
    let shown = written("steps:\n- boot: base\n- run: curl x\n", guest);
    assert_eq!(shown.told, ["1/2 boot base", "2/2 run curl x", "one", "␛[2Jtwo"]);
}

#[test]
fn a_step_knows_its_line() {
    let mut sources = SourceMap::new();
    let text = "steps:\n- boot: base\n# hm\n- run: curl x\n";
    let scenario = scenario::read(&mut sources, b"/f/vm-tests/a.yaml", text.as_bytes()).expect("it is right");
    let guest = answering("curl", &[(7, "")]);
    let shown = play_with(
        &scenario,
        &generation("base"),
        &generation("head"),
        &Settings::default(),
        guest,
    );
    let place = sources.place(shown.played.found[0].at, b"/f").expect("it has a place");
    assert_eq!(place.to_string(), "vm-tests/a.yaml:4:3");
}

#[test]
fn a_command_that_hangs_fails_its_step() {
    let guest = plain().switch("head test", |_| Err(timed_out()));
    fails(
        "- switch_to: head\n",
        guest,
        "the switch still runs when its time is up",
    );
}

#[test]
fn a_base_and_a_head_that_are_one_system_are_told_apart_by_what_was_meant() {
    let one = generation("base");
    for (name, _) in scenario::SHIPPED {
        let scenario = scenario::shipped(name).expect("it is shipped");
        let shown = play_with(&scenario, &one, &one, &Settings::default(), plain());
        assert_eq!(
            (shown.played.outcome, shown.played.found),
            (Outcome::Passed, Vec::new()),
            "{name}: {:?}",
            shown.log
        );
    }
}

#[test]
fn a_generation_that_is_started_once_is_not_the_default() {
    let steps = "steps:\n- boot: head\n- reboot\n";
    let shown = written(steps, plain());
    assert_eq!(shown.played.outcome, Outcome::Passed, "{:?}", shown.played.found);
    assert_eq!(shown.log, ["start head", "stop Orderly", "start base"]);
}
