//! `cfgcheck switch --hosts` by the command line, with a fleet of programs in the place of SSH: what is done to which host, in which
//! order, and what stops it. A canary on real machines is in `live_boot`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and run programs"
)]

mod flake;
mod fleet;
mod wrong;

use deploy::Outcome;
use fleet::{Fleet, SWITCH, system};

/// What is said of the fleet in most tests: one canary, a wave of the other web servers, and the rest.
const WAVES: &str = "canary: [web-1]\nwaves:\n  - ['web-*']\n";

/// Returns a fleet of a canary, two hosts of a wave, and one that comes last.
fn four() -> Fleet {
    let fleet = Fleet::of(&["db", "web-1", "web-2", "web-3"]);
    fleet.file("deploy.yaml", WAVES);
    fleet
}

#[test]
fn a_fleet_is_deployed_wave_by_wave() {
    let fleet = four();
    let ran = fleet.switch(&["--output", "junit=deploy.xml", "--output", "json=deploy.json"]);
    ran.ended(
        0,
        &[
            "canary: web-1\nwave 1: web-2, web-3\nwave 2: db\n",
            "web-1: activating\n",
            "web-1: confirming\n",
            "web-1: deployed\n",
            "4 hosts: 4 deployed\n",
        ],
    );
    assert!(
        ran.out
            .starts_with("host   wave    outcome   time\nweb-1  canary  deployed  "),
        "{}",
        ran.out
    );
    assert_eq!(fleet.told("start"), ["web-1", "web-2", "web-3", "db"]);
    assert_eq!(fleet.told("confirm"), ["web-1", "web-2", "web-3", "db"]);
    // All of them are asked before the first one is changed.
    let calls = fleet.told("plan");
    assert_eq!(calls.len(), 4);
    let junit = fleet.text("deploy.xml");
    assert!(
        junit.contains("tests=\"4\"") && junit.contains("failures=\"0\""),
        "{junit}"
    );
    let json: serde_json::Value = serde_json::from_str(&fleet.text("deploy.json")).expect("it is JSON");
    assert_eq!(json["cases"][0]["stage"], "deploy", "{json:#}");
}

#[test]
fn a_canary_that_fails_keeps_all_others_as_they_are() {
    let fleet = four();
    fleet.is_ill("web-1");
    let ran = fleet.switch(&["--at-once", "4", "--max-failures", "9", "--output", "junit=deploy.xml"]);
    ran.ended(
        4,
        &[
            "web-1: rolled back: nginx.service has failed\n",
            "no other host is begun: web-1 was rolled back, and is the canary\n",
            "1 rolled back, 3 not begun\n",
        ],
    );
    assert_eq!(fleet.told("start"), ["web-1"]);
    let junit = fleet.text("deploy.xml");
    for expected in [
        "tests=\"4\"",
        "skipped=\"3\"",
        "failures=\"1\"",
        "rolled back: nginx.service has failed",
        "web-1 was rolled back, and is the canary",
    ] {
        assert!(junit.contains(expected), "{expected} is not in {junit}");
    }
}

#[test]
fn a_failure_in_a_wave_leaves_the_hosts_before_it_deployed() {
    let fleet = four();
    fleet.is_ill("web-2");
    fleet.switch(&[]).ended(
        4,
        &[
            "no other host is begun: web-2 was rolled back\n",
            "4 hosts: 1 deployed, 1 rolled back, 2 not begun; what was deployed stays so\n",
            "web-3, db: not begun: web-2 was rolled back\n",
        ],
    );
    assert_eq!(fleet.told("start"), ["web-1", "web-2"]);
}

#[test]
fn what_is_under_way_ends_and_never_more_than_the_limit_is() {
    let fleet = Fleet::of(&["a", "b", "c", "d", "e"]);
    fleet.is_ill("a");
    fleet.answers("b", "slow", "");
    fleet.answers("c", "slow", "");
    fleet.switch(&["--at-once", "3"]).ended(
        4,
        &[
            "wave 1: a, b, c, d, e (3 at the same time)\n",
            "5 hosts: 1 rolled back, 2 deployed, 2 not begun; what was deployed stays so\n",
        ],
    );
    let mut begun = fleet.told("start");
    begun.sort();
    assert_eq!(begun, ["a", "b", "c"]);
    let (mut now, mut most) = (0, 0);
    for line in fleet.log() {
        now = if line.starts_with("begin ") { now + 1 } else { now - 1 };
        most = most.max(now);
    }
    assert_eq!((now, most), (0, 3), "{:?}", fleet.log());
}

#[test]
fn a_wave_waits_for_the_one_before_it() {
    let fleet = four();
    fleet.file("deploy.yaml", &format!("{WAVES}at-once: 4\n"));
    fleet
        .switch(&[])
        .ended(0, &["wave 1: web-2, web-3 (2 at the same time)\n"]);
    let log = fleet.log();
    assert_eq!(log[..2], ["begin web-1", "end web-1"]);
    assert_eq!(log[6..], ["begin db", "end db"]);
}

#[test]
fn as_many_may_fail_as_are_allowed() {
    let fleet = four();
    fleet.is_ill("web-2");
    fleet
        .switch(&["--max-failures", "1"])
        .ended(4, &["4 hosts: 3 deployed, 1 rolled back; what was deployed stays so\n"]);
    let fleet = four();
    fleet.is_ill("web-2");
    fleet.is_ill("web-3");
    fleet.switch(&["--max-failures", "1"]).ended(
        4,
        &["no other host is begun: web-3 was rolled back, and no more than 1 may fail\n"],
    );
    assert_eq!(fleet.told("start"), ["web-1", "web-2", "web-3"]);
}

#[test]
fn a_rollback_that_fails_is_the_worst() {
    let fleet = four();
    let why = "the old system does not activate";
    fleet.ends("web-3", Some(why), Outcome::RollbackFailed(why.into()));
    fleet.is_ill("web-2");
    fleet.switch(&["--max-failures", "9"]).ended(
        5,
        &[
            "web-3: rollback failed: the old system does not activate\n",
            "no other host is begun: web-3 could not be rolled back\n",
        ],
    );
}

#[test]
fn a_host_that_is_out_of_reach_keeps_all_as_they_are() {
    let fleet = four();
    fleet.is_away("db");
    fleet.switch(&[]).ended(
        3,
        &[
            "db: error: root@db cannot be reached: ssh: connect to host db port 22: No route to host\n",
            "db     wave 2  out of reach\n",
            "web-1  canary  not begun\n",
        ],
    );
    assert_eq!(fleet.told("start"), Vec::<String>::new());
    assert_eq!(fleet.told("plan"), Vec::<String>::new());
    // It can be left out.
    fleet
        .switch(&["--keep-going"])
        .ended(3, &["3 deployed", "1 out of reach"]);
    assert_eq!(fleet.told("start"), ["web-1", "web-2", "web-3"]);
}

#[test]
fn a_host_that_refuses_its_plan_keeps_all_as_they_are() {
    let fleet = four();
    fleet.plans("web-3", &["/boot is full: 3 KiB are left"]);
    fleet.switch(&[]).ended(
        6,
        &[
            "web-3: refused: /boot is full: 3 KiB are left\n",
            "web-1, web-2, db: not begun: web-3 refused, and no host is changed then\n",
        ],
    );
    assert_eq!(fleet.told("start"), Vec::<String>::new());
    fleet.switch(&["--keep-going"]).ended(6, &["3 deployed, 1 refused"]);
    assert_eq!(fleet.told("start"), ["web-1", "web-2", "db"]);
}

#[test]
fn without_its_canary_nothing_is_begun() {
    let fleet = four();
    fleet.plans("web-1", &["/boot is full"]);
    fleet
        .switch(&["--keep-going"])
        .ended(6, &["web-2, web-3, db: not begun: no canary is left\n"]);
    assert_eq!(fleet.told("start"), Vec::<String>::new());
}

#[test]
fn an_order_that_is_not_taken_is_a_refusal() {
    let fleet = four();
    fleet.answers(
        "web-2",
        "not-taken",
        "error: the deployment 1-b has not ended on this machine: it is examining\n",
    );
    fleet.switch(&[]).ended(
        6,
        &["web-2: refused: the deployment 1-b has not ended on this machine: it is examining\n"],
    );
    assert_eq!(fleet.told("start"), ["web-1", "web-2"]);
}

#[test]
fn all_or_nothing_takes_the_others_back() {
    let fleet = four();
    fleet.is_ill("web-3");
    let ran = fleet.switch(&["--all-or-nothing", "--at-once", "2", "--output", "json=deploy.json"]);
    ran.ended(
        4,
        &[
            "web-1: goes back with the others\n",
            "web-1, web-2: taken back: web-3 was rolled back\n",
            "1 rolled back, 1 not begun\n",
        ],
    );
    let mut told = fleet.told("start");
    told.sort();
    assert_eq!(told, ["web-1", "web-1", "web-2", "web-2", "web-3"]);
    let json: serde_json::Value = serde_json::from_str(&fleet.text("deploy.json")).expect("it is JSON");
    let web = json["cases"]
        .as_array()
        .and_then(|cases| cases.iter().find(|case| case["host"] == "web-1"));
    assert_eq!(web.expect("it is there")["outcome"]["is"], "failed", "{json:#}");

    // One that does not go back is told as the worst.
    let fleet = four();
    fleet.is_ill("web-2");
    fleet.ends_second("web-1", Outcome::RolledBack("sshd.service has failed".into()));
    fleet.switch(&["--all-or-nothing"]).ended(
        5,
        &["web-1: rollback failed: it was to go back with the others, and that has failed: rolled back: sshd.service has failed\n"],
    );
}

#[test]
fn a_dry_run_tells_each_plan_and_changes_nothing() {
    let fleet = four();
    let ran = fleet.switch(&["--dry-run"]);
    ran.ended(
        0,
        &[
            &format!("\ndb (db)\n  runs      {}\n", system("old")),
            "  restarts  nginx.service\n",
        ],
    );
    assert!(
        ran.out.starts_with("canary: web-1\nwave 1: web-2, web-3\nwave 2: db\n"),
        "{}",
        ran.out
    );
    fleet.plans("db", &["/boot is full"]);
    fleet.switch(&["--dry-run"]).ended(6, &["  refused   /boot is full\n"]);
    assert_eq!(fleet.told("start"), Vec::<String>::new());
}

#[test]
fn a_form_on_standard_output_stands_there_alone() {
    let ran = four().switch(&["--output", "json=-"]);
    ran.ended(0, &[]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("it is JSON and nothing else");
    assert_eq!(json["cases"].as_array().map(Vec::len), Some(4));
    assert!(ran.err.contains("4 hosts: 4 deployed\n"), "{}", ran.err);
}

#[test]
fn an_interruption_begins_no_other_host() {
    let fleet = four();
    fleet.answers("web-1", "slow", "");
    let ran = fleet.run_interrupted(&[&SWITCH[..], &["--output", "json=deploy.json"]].concat());
    ran.ended(
        3,
        &[
            "web-1  canary  lost",
            "web-2  wave 1  not begun\n",
            "1 lost, 3 not begun\n",
            "`cfgcheck status` tells",
        ],
    );
    assert_eq!(fleet.told("start"), ["web-1"]);
    assert!(fleet.text("deploy.json").contains("\"skipped\""));
}

#[test]
fn what_a_host_says_steers_no_terminal() {
    let fleet = four();
    let why = "\u{1b}[2J\u{7}\r::error::gone\nnew line";
    fleet.ends("web-1", Some(why), Outcome::RolledBack(why.into()));
    let ran = fleet.switch(&["--output", "text=report.txt"]);
    ran.ended(4, &[]);
    assert!(
        !ran.err.lines().any(|line| line.trim_start().starts_with("::")),
        "{}",
        ran.err
    );
    assert!(!fleet.text("report.txt").contains('\u{1b}'));
}

#[test]
fn hosts_are_reached_and_examined_as_the_file_says() {
    let fleet = Fleet::of(&["web.example.org", "db.example.org"]);
    let systems = format!("{{\"web\": \"{0}\", \"db\": \"{0}\"}}", system("new"));
    fleet.file("systems.json", &systems);
    fleet.file(
        "deploy.yaml",
        "defaults:\n  target: deploy@{host}.example.org\n  sudo: true\n  remote-program: /opt/cfgcheck\n  health: { units: [sshd.service], grace: 3 }\n\
         hosts:\n  web: { health: { tcp: ['localhost:80'] }, patience: 2 }\n  db: { sudo: false, reach: ['backup:22'] }\n",
    );
    fleet
        .switch(&["--healthy-unit", "cron.service", "--grace", "7"])
        .ended(0, &["2 deployed"]);
    let calls = fleet.told("start");
    assert_eq!(calls, ["db.example.org", "web.example.org"]);
    let order = |host: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(fleet.order(host)).expect("it was ordered");
        serde_json::from_str(&text).expect("it is JSON")
    };
    let web = order("web.example.org");
    assert_eq!(
        web["health"]["units"],
        serde_json::json!(["cron.service", "sshd.service"])
    );
    assert_eq!(web["health"]["probes"], serde_json::json!([{ "tcp": "localhost:80" }]));
    assert_eq!(
        (&web["health"]["grace"], &web["limits"]["health"]),
        (&7.into(), &240.into())
    );
    assert_eq!(web["confirm"], "connection");
    let db = order("db.example.org");
    assert_eq!(
        db["confirm"],
        serde_json::json!({ "outbound": [{ "tcp": "backup:22" }] })
    );
    let called = fleet.called();
    let is_called = |start: &str| called.iter().any(|call| call.starts_with(start));
    assert!(
        is_called("web.example.org sudo --non-interactive -- /opt/cfgcheck engine start"),
        "{called:?}"
    );
    assert!(is_called("db.example.org /opt/cfgcheck engine start"), "{called:?}");
}
