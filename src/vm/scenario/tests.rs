//! What people write, and what they are told about their mistakes.

use std::time::Duration;

use diag::SourceMap;
use proptest::prelude::*;

use super::*;

fn good(text: &str) -> Scenario {
    let mut sources = SourceMap::new();
    let read = read(&mut sources, b"/f/vm-tests/wiki.yaml", text.as_bytes());
    read.unwrap_or_else(|mistake| panic!("{text}: {}", mistake.message))
}

fn action(step: &str) -> Action {
    let mut scenario = good(&format!("steps:\n- boot: base\n- {step}\n"));
    scenario.steps.remove(1).action
}

/// Returns what is said of a mistake, if it is something else than expected, or stands elsewhere.
fn bad(text: &str, message: &str, place: &str, hint: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let mistake = match read(&mut sources, b"/f/vm-tests/wiki.yaml", text.as_bytes()) {
        Ok(_) => return Some(format!("{text} is taken")),
        Err(mistake) => mistake,
    };
    let found = sources
        .place(mistake.span(), b"/f")
        .map(|place| format!("{}:{}", place.line, place.column));
    let said = (mistake.message.as_str(), found.as_deref(), mistake.hints.join("; "));
    (said != (message, Some(place), hint.to_owned())).then(|| format!("{text} {said:?}"))
}

#[test]
fn the_shipped_scenarios_are_read() {
    for (name, text) in SHIPPED {
        let scenario = shipped(name).unwrap_or_else(|| panic!("{name} is read"));
        assert_eq!(
            scenario,
            Scenario {
                steps: scenario.steps.clone(),
                ..good(text)
            }
            .named(name)
        );
        assert!(scenario.steps.iter().all(|step| step.at == Span::default()), "{name}");
        assert!(!scenario.description.is_empty() && scenario.hosts.is_empty(), "{name}");
    }
    assert!(DEFAULT.into_iter().all(|name| shipped(name).is_some()));
    assert!(shipped("nothing").is_none());
}

impl Scenario {
    fn named(mut self, name: &str) -> Scenario {
        self.name = name.to_owned();
        self
    }
}

#[test]
fn a_scenario_has_its_files_name_its_hosts_and_places() {
    let mut sources = SourceMap::new();
    let text = "description: x\nhosts: [web, 'db-*']\nsteps:\n- boot: base\n- put: { file: a/b, to: /x }\n- crash\n";
    let scenario = read(&mut sources, b"/f/vm-tests/wiki.yml", text.as_bytes()).expect("it is right");
    let hosts: Vec<&str> = scenario.hosts.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!((scenario.name.as_str(), hosts), ("wiki", vec!["web", "db-*"]));
    assert_eq!(scenario.files().map(|(file, _)| file).collect::<Vec<_>>(), ["a/b"]);
    let place = |at| sources.place(at, b"/f").map(|place| (place.line, place.column));
    assert_eq!(place(scenario.steps[1].at), Some((5, 3)));
}

#[test]
fn steps_have_short_and_long_forms() {
    let unit = |name: &str| UnitName::try_from(name).expect("it is one");
    let path = |path: &str| GuestPath::try_from(path).expect("it is one");
    let time = |seconds| Some(Time(Duration::from_secs(seconds)));
    let wait = |state, within| {
        Action::WaitForUnit(WaitForUnit {
            unit: unit("a.service"),
            state,
            within,
        })
    };
    assert_eq!(action("wait_for_unit: a.service"), wait(UnitState::Active, None));
    assert_eq!(
        action("wait_for_unit: { unit: a.service, state: failed, within: 2min }"),
        wait(UnitState::Failed, time(120))
    );
    let port = |open| {
        Action::WaitForPort(WaitForPort {
            port: 80,
            open,
            within: None,
        })
    };
    assert_eq!(
        (
            action("wait_for_port: 80"),
            action("wait_for_port: { port: 80, open: false }")
        ),
        (port(true), port(false))
    );
    let file = |there| {
        Action::WaitForFile(WaitForFile {
            path: path("/x"),
            there,
            within: None,
        })
    };
    assert_eq!(
        (
            action("wait_for_file: /x"),
            action("wait_for_file: { path: /x, there: false }")
        ),
        (file(true), file(false))
    );
    assert_eq!(action("record"), Action::Record);
    assert_eq!(
        (action("rollback"), action("rollback: {}")),
        (
            Action::Rollback(Rollback::default()),
            Action::Rollback(Rollback::default())
        )
    );
    assert_eq!(
        (action("reboot"), action("crash")),
        (Action::Reboot(Reboot::default()), Action::Crash)
    );
    assert_eq!(
        action("reboot: { into: head, within: 3s }"),
        Action::Reboot(Reboot {
            into: Some(Which::Head),
            within: time(3)
        })
    );
    assert_eq!(
        (action("network: cut"), action("network: restore")),
        (Action::Network(Network::Cut), Action::Network(Network::Restore))
    );
    assert_eq!(action("watch: 500ms"), Action::Watch(Time(Duration::from_millis(500))));
    assert_eq!(
        action("collect: [journal, units]"),
        Action::Collect(vec![Collect::Journal, Collect::Units])
    );
    let switch =
        action("switch_to: { generation: head, action: switch, exit: 4, specialisation: '*', power_loss_after: 2s }");
    let expected = SwitchTo {
        generation: Which::Head,
        action: SwitchAction::Switch,
        specialisation: Some("*".into()),
        exit: Some(4),
        within: None,
        power_loss_after: time(2),
    };
    assert_eq!(switch, Action::SwitchTo(expected));
    let run = Run {
        command: "true\nfalse".into(),
        user: None,
        exit: 0,
        prints: None,
        within: None,
    };
    assert_eq!(action("run: |-\n    true\n    false"), Action::Run(run));
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    let table = [
        (
            "steps:\n- boot: base\n- wait_for_unt: a.service\n",
            "unknown key `wait_for_unt`",
            "3:3",
            "did you mean `wait_for_unit`?",
        ),
        (
            "steps:\n- boot: base\n- wait_for_unit: { unit: a.service, withn: 2s }\n",
            "unknown key `withn`",
            "3:37",
            "did you mean `within`?",
        ),
        (
            "steps:\n- boot: hed\n",
            "unknown value `hed`",
            "2:9",
            "did you mean `head`?",
        ),
        (
            "steps:\n- boot: base\n- reboott\n",
            "unknown value `reboott`",
            "3:3",
            "did you mean `reboot`?",
        ),
        ("stepps: []\n", "unknown key `stepps`", "1:1", "did you mean `steps`?"),
        ("hosts: [web]\n", "missing key `steps`", "1:1", ""),
        ("steps: []\n", "the scenario has no steps", "1:1", ""),
        (
            "steps:\n- boot: base\n- wait_for_unit: wiki\n",
            "steps[1].wait_for_unit: `wiki` is no name of a unit; one looks like `nginx.service`",
            "3:18",
            "",
        ),
        (
            "steps:\n- boot: base\n- watch: 10\n",
            "steps[1].watch: `10` is no length of time up to a day; one looks like `90s`, `10min` or `500ms`",
            "3:10",
            "",
        ),
        (
            "steps:\n- boot: base\n- wait_for_file: run/x\n",
            "steps[1].wait_for_file: `run/x` is no absolute path",
            "3:18",
            "",
        ),
        (
            "steps:\n- boot: base\n- wait_for_port: 70000\n",
            "steps[1].wait_for_port: `70000` is no port",
            "3:18",
            "",
        ),
        (
            "steps:\n- boot: base\n- screenshot: ../x\n",
            "steps[1].screenshot: `../x` is no name; one has letters, digits, `-`, `_` and `.`",
            "3:15",
            "",
        ),
        (
            "steps:\n- boot: base\n  crash:\n",
            "steps[0]: a step has two keys; begin each step with `- `",
            "2:3",
            "",
        ),
        (
            "steps:\n- run: x\n",
            "the machine does not run here",
            "2:3",
            "start it before, with `boot: base`",
        ),
        (
            "steps:\n- boot: base\n- boot: head\n",
            "the machine runs already",
            "3:3",
            "restart it with `reboot`, or cut its power with `crash`",
        ),
        (
            "steps:\n- boot: base\n- crash\n- rollback\n",
            "the machine does not run here",
            "4:3",
            "start it before, with `boot: base`",
        ),
        (
            "steps:\n- boot: base\n- put: { to: /x }\n",
            "`put` wants either `file` or `text`",
            "3:3",
            "write one of them",
        ),
        (
            "steps:\n- boot: base\n- retry: { steps: [rollback] }\n",
            "`retry` has a step that cannot be tried again",
            "3:3",
            "`run`, `expect` and the waiting ones can be tried again",
        ),
        (
            "steps:\n- boot: base\n- retry: { times: 1, steps: [{ run: x }] }\n",
            "`times` is a number from 2 to 100",
            "3:3",
            "",
        ),
        (
            "steps: 3\n",
            "steps: invalid type: integer `3`, expected a sequence",
            "1:8",
            "",
        ),
        ("[]\n", "invalid type: sequence, expected a map with `steps`", "1:1", ""),
    ];
    let wrong: Vec<_> = table
        .into_iter()
        .filter_map(|(text, message, place, hint)| bad(text, message, place, hint))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn values_are_read_or_refused() {
    let time = |text: &str| Time::try_from(text).ok().map(|time| time.0.as_millis());
    assert_eq!(
        [time("500ms"), time("90 s"), time("10min"), time("24h")],
        [Some(500), Some(90_000), Some(600_000), Some(86_400_000)]
    );
    assert_eq!(
        [
            time("10"),
            time("0s"),
            time("25h"),
            time("-1s"),
            time(""),
            time("99999999999999h")
        ],
        [None; 6]
    );
    let unit = |text: &str| UnitName::try_from(text).is_ok();
    for name in [
        "a.service",
        "getty@tty1.service",
        "-.mount",
        "dev-disk-by\\x2dlabel-x.device",
        "a.b.timer",
    ] {
        assert!(unit(name), "{name}");
    }
    for name in [
        "a",
        "",
        ".service",
        "a.servce",
        "a b.service",
        "-x.service",
        "a/b.service",
        "--.service",
    ] {
        assert!(!unit(name), "{name}");
    }
    let name = |text: &str| ArtifactName::try_from(text).is_ok();
    assert!(name("login-screen") && name("a.txt"));
    assert!(!name("") && !name("..") && !name("a/b") && !name(".x") && !name(&"a".repeat(101)));
}

proptest! {
    #[test]
    fn reading_never_panics(text in "[a-z_\\-:\\[\\]{}&*! \n#'\"é0-9]{0,80}",
                            key in "(boot|run|retry|expect|switch_to|put|watch|crash)", value in "[a-z0-9{}\\[\\]:, ]{0,30}") {
        let step = format!("steps:\n- boot: base\n- {key}: {value}\n");
        for text in [&text, &step] {
            let mut sources = SourceMap::new();
            if let Err(mistake) = read(&mut sources, b"/f/x.yaml", text.as_bytes()) {
                diag::render(&mistake, &sources, b"/f", diag::Style::default());
            }
        }
    }
}
