//! Differences for tests: one of everything, and any at all.

use super::*;
use diag::Severity;
use proptest::prelude::*;

fn value(name: &str, before: &str, after: &str) -> Change {
    Change::value(name, Some(before.into()), Some(after.into()))
}

fn package(place: Place, direction: Direction, name: &str, before: &[&str], after: &[&str]) -> PackageChange {
    let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    PackageChange {
        place,
        name: name.into(),
        direction,
        before: texts(before),
        after: texts(after),
    }
}

fn unit(action: Action, name: &str, presence: Presence) -> UnitChange {
    UnitChange {
        action,
        manager: Manager::System,
        unit: name.into(),
        presence,
        if_running: false,
        settings: Vec::new(),
    }
}

fn host(name: &str, status: Status) -> HostDiff {
    HostDiff {
        kind: ConfigurationKind::Nixos,
        name: name.into(),
        system: Some("x86_64-linux".into()),
        status,
        changes: Changes::default(),
        failures: Vec::new(),
    }
}

fn common() -> Changes {
    Changes {
        options: vec![value("time.timeZone", "\"Europe/Berlin\"", "\"UTC\"")],
        packages: vec![
            package(Place::Installed, Direction::Up, "openssl", &["3.0.15"], &["3.0.16"]),
            package(
                Place::Used,
                Direction::Mixed,
                "python3",
                &["3.11.9", "3.12.4"],
                &["3.12.4"],
            ),
        ],
        ..Changes::default()
    }
}

fn web() -> Changes {
    let mut changes = common();
    let port = Change {
        location: Some(Location {
            file: "hosts/web/default.nix".into(),
            line: 12,
            column: 5,
        }),
        ..Change::elements(
            "networking.firewall.allowedTCPPorts",
            vec!["80".into()],
            vec!["443".into(), "8080".into()],
        )
    };
    changes.options.extend([
        port,
        Change::value("services.nginx.enable", Some("false".into()), Some("true".into())),
        value(
            "services.nginx.appendHttpConfig",
            "gzip on;\nserver_tokens off;\nkeepalive_timeout 65;\n",
            "gzip on;\nserver_tokens off;\nkeepalive_timeout 30;\n",
        ),
        value(
            "services.nginx.virtualHosts.\"www.example.org\".root",
            "\"/srv/www/example.org/releases/2026-11-20\"",
            "\"/srv/www/example.org/releases/2026-11-25\"",
        ),
        Change::secret("services.backup.password"),
        Change::value("programs.old.enable", Some("true".into()), None),
    ]);
    changes.packages.extend([
        package(Place::Installed, Direction::Added, "nginx", &[], &["1.28.0"]),
        package(Place::Installed, Direction::Down, "jq", &["1.7.1"], &["1.6"]),
        package(Place::Installed, Direction::Removed, "editor", &[], &[]),
    ]);
    let mut sshd = unit(Action::Restart, "sshd.service", Presence::Changed);
    sshd.settings = vec![Change::rebuilt("Service ExecStart"), value("Service Nice", "0", "5")];
    let mut sync = unit(Action::Restart, "sync.service", Presence::Changed);
    sync.manager = Manager::Home("anna".into());
    sync.if_running = true;
    changes.units = vec![
        unit(Action::Stop, "old.service", Presence::Removed),
        sshd,
        sync,
        unit(Action::Start, "nginx.service", Presence::Added),
        unit(Action::Keep, "display.service", Presence::Changed),
    ];
    let account = |is_group, name: &str, presence, settings| AccountChange {
        is_group,
        name: name.into(),
        presence,
        settings,
    };
    changes.accounts = vec![
        account(false, "anna", Presence::Changed, vec![value("shell", "bash", "zsh")]),
        account(false, "nginx", Presence::Added, Vec::new()),
        account(true, "nginx", Presence::Added, Vec::new()),
    ];
    let port = |opened, ports: &str, interface: Option<&str>| PortChange {
        opened,
        protocol: "tcp".into(),
        ports: ports.into(),
        interface: interface.map(str::to_owned),
    };
    changes.ports = vec![
        port(false, "80", None),
        port(true, "443", None),
        port(true, "60000-61000", Some("wg0")),
    ];
    changes.reboot = vec![value("kernel", "linux 6.12.8", "linux 6.12.9")];
    changes.facts = vec![
        Fact {
            section: Section::Kernel,
            change: Change::elements("parameters", vec!["quiet".into()], vec!["debug".into()]),
        },
        Fact {
            section: Section::FileSystems,
            change: Change::value("/data", None, Some("/dev/disk/by-label/data, ext4".into())),
        },
        Fact {
            section: Section::System,
            change: value("state version", "25.11", "26.05"),
        },
    ];
    changes.unknown = vec!["units of the package upower-1.90".into()];
    changes
}

/// Returns a difference with one of everything.
pub(crate) fn fleet() -> Diff {
    let pin = |rev: &str, date: &str| Pin {
        reference: "github:NixOS/nixpkgs/nixos-26.05".into(),
        rev: Some(rev.repeat(8)),
        date: Some(date.into()),
    };
    let input = |name: &str, before, after, days| InputChange {
        input: name.into(),
        before,
        after,
        days,
        compare: None,
    };
    let mut nixpkgs = input(
        "nixpkgs",
        Some(pin("12345", "2026-10-02")),
        Some(pin("abcde", "2026-11-20")),
        Some(49),
    );
    nixpkgs.compare = Some("https://github.com/NixOS/nixpkgs/compare/1234512...abcdeab".into());
    let mut hosts = vec![host("db", Status::Changed), host("web", Status::Changed)];
    hosts[0].changes = common();
    hosts[0].changes.units = vec![unit(Action::Reload, "postgresql.service", Presence::Changed)];
    hosts[1].changes = web();
    let mut broken = host("cache", Status::Errored);
    broken.failures = vec![Failure {
        side: Side::Head,
        finding: Finding::new("eval", Severity::Error, "undefined variable 'ture'").at("hosts/cache/default.nix", 7, 3),
    }];
    hosts.extend([
        broken,
        host("new", Status::Added),
        host("old", Status::Removed),
        host("same", Status::Unchanged),
    ]);
    let home = HostDiff {
        kind: ConfigurationKind::Home,
        ..host("anna", Status::Unchanged)
    };
    hosts.push(home);
    Diff {
        base: State {
            name: "main".into(),
            rev: Some("0123456789".repeat(4)),
            date: Some("2026-11-20".into()),
        },
        head: State {
            name: "work tree".into(),
            rev: None,
            date: None,
        },
        inputs: vec![
            nixpkgs,
            input("stylix", None, Some(pin("fedcb", "2026-11-01")), None),
            input("nur", Some(pin("98765", "2026-11-01")), None, None),
        ],
        hosts,
        notes: vec!["flake.lock of the base is not in step with its flake.nix".into()],
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let text = || any::<String>();
    let value = prop_oneof![
        (proptest::option::of(text()), proptest::option::of(text()))
            .prop_map(|(before, after)| ValueChange::Value { before, after }),
        (
            proptest::collection::vec(text(), 0..3),
            proptest::collection::vec(text(), 0..3)
        )
            .prop_map(|(removed, added)| ValueChange::Elements { removed, added }),
        Just(ValueChange::Secret),
        Just(ValueChange::Rebuilt),
    ];
    (text(), value, proptest::option::of(text())).prop_map(|(name, value, file)| Change {
        name,
        value,
        location: file.map(|file| Location {
            file,
            line: 1,
            column: 2,
        }),
    })
}

/// Returns any difference: few things, of any text.
pub(crate) fn any_diff() -> impl Strategy<Value = Diff> {
    let changes = || proptest::collection::vec(any_change(), 0..4);
    (
        changes(),
        changes(),
        proptest::collection::vec(any::<String>(), 6),
        any::<bool>(),
    )
        .prop_map(|(options, settings, texts, flag)| {
            let mut diff = fleet();
            let changes = &mut diff.hosts[0].changes;
            changes.options = options.clone();
            changes.reboot = options.clone();
            changes.facts = options
                .into_iter()
                .map(|change| Fact {
                    section: Section::Etc,
                    change,
                })
                .collect();
            changes.units[0].settings = settings.clone();
            changes.units[0].unit = texts[0].clone();
            changes.units[0].manager = Manager::Home(texts[1].clone());
            changes.accounts = vec![AccountChange {
                is_group: flag,
                name: texts[2].clone(),
                presence: Presence::Changed,
                settings,
            }];
            changes.packages[0].name = texts[3].clone();
            changes.packages[0].before = texts.clone();
            changes.ports = vec![PortChange {
                opened: flag,
                protocol: texts[4].clone(),
                ports: texts[5].clone(),
                interface: Some(texts[0].clone()),
            }];
            changes.unknown = vec![texts[1].clone()];
            diff.hosts[0].name = texts[2].clone();
            diff.hosts[0].system = Some(texts[3].clone());
            diff.hosts[2].failures[0].finding.message = texts[4].clone();
            diff.base.name = texts[0].clone();
            diff.base.rev = Some(texts[5].clone());
            diff.notes = texts.clone();
            diff.inputs[0].input = texts[1].clone();
            diff.inputs[0].compare = Some(texts[2].clone());
            diff
        })
}
