//! Reports for tests: a small fleet with one of everything, any report at all, and golden files.

#![expect(
    clippy::disallowed_methods,
    reason = "golden files are read and, on request, written"
)]

use std::time::Duration;

use diag::Severity;
use proptest::prelude::*;

use crate::case::{Attachment, Case, Outcome, Stage, Waived, WaivedBy};
use crate::event::{Event, Recorder, Sink};
use crate::finding::{Finding, Location, Position};
use crate::rule::RuleDoc;
use crate::run::{Report, Tool};

/// Compares text with a file in `golden/`. After a wanted change, run
/// `UPDATE_GOLDEN=1 cargo test -p cfgcheck-report` and read the difference before committing it.
pub(crate) fn golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file is there; UPDATE_GOLDEN=1 writes it");
    assert!(
        text == expected,
        "{name} differs; UPDATE_GOLDEN=1 accepts this:\n{text}"
    );
}

/// Returns a report of three hosts with one of each outcome.
pub(crate) fn fleet() -> Report {
    let tool = Tool {
        name: "cfgcheck".into(),
        version: "0.1.0".into(),
    };
    let seconds = Duration::from_millis;
    let renamed = || {
        Finding::new(
            "option-renamed",
            Severity::Warning,
            "The option `services.foo.port` was renamed to `services.foo.settings.port`.",
        )
        .option("services.foo.port")
        .at("modules/services/foo.nix", 12, 3)
        .hint("write `services.foo.settings.port`")
    };
    let undefined = Finding {
        text: "error[eval]: undefined variable 'ture'\n --> hosts/db/default.nix:7:30\n  |\n7 |   services.openssh.enable = ture;\n  |                             ^^^^ not defined here\n  |\n  = help: did you mean `true`?\n".into(),
        ..Finding::new("eval", Severity::Error, "undefined variable 'ture'")
    }
    .option("services.openssh.enable")
    .at("hosts/db/default.nix", 7, 30)
    .hint("did you mean `true`?");
    let undefined = Finding {
        end: Some(Position { line: 7, column: 34 }),
        ..undefined
    };
    let password = Finding::new(
        "ssh-password-login",
        Severity::Error,
        "root may log in with a password \u{1b}[31m]]>",
    )
    .option("services.openssh.settings.PermitRootLogin")
    .at("modules/ssh.nix", 4, 5);
    let stale =
        Finding::new("input-stale", Severity::Warning, "input `nixpkgs` is 93 days old").at("flake.lock", 20, 1);
    let open = |host: &str| {
        let finding = Finding::new("firewall-disabled", Severity::Error, "the firewall is off")
            .option("networking.firewall.enable")
            .at("modules/network.nix", 9, 3);
        let mut case = Case::new(Stage::Policy, "firewall-disabled", Outcome::Passed)
            .on(host, if host == "web" { "x86_64-linux" } else { "aarch64-linux" })
            .rule("firewall-disabled");
        case.waived.push(Waived {
            finding,
            by: WaivedBy::Waiver,
            reason: "closed network until the move in spring".into(),
        });
        case
    };
    let cases = [
        open("web"),
        open("cache"),
        Case::new(Stage::Eval, "toplevel", Outcome::Passed)
            .on("web", "x86_64-linux")
            .finding(renamed())
            .location(Location {
                file: "hosts/web/default.nix".into(),
                line: 1,
                column: 1,
            })
            .property(
                "drv",
                "/nix/store/00000000000000000000000000000000-nixos-system-web-26.11.drv",
            )
            .took(seconds(1234)),
        Case::new(Stage::Policy, "ssh-password-login", Outcome::Failed)
            .on("web", "x86_64-linux")
            .rule("ssh-password-login")
            .finding(password)
            .took(seconds(3)),
        Case::new(Stage::Eval, "toplevel", Outcome::Errored)
            .on("db", "x86_64-linux")
            .finding(undefined)
            .took(seconds(890)),
        Case::new(
            Stage::Eval,
            "toplevel",
            Outcome::Skipped("import from derivation needs an aarch64-darwin builder".into()),
        )
        .on("mac", "aarch64-darwin"),
        Case::new(Stage::Eval, "toplevel", Outcome::Passed)
            .on("cache", "aarch64-linux")
            .finding(renamed())
            .took(seconds(61_500)),
        Case::new(Stage::Eval, "toplevel", Outcome::Crashed)
            .on("odd", "x86_64-linux")
            .finding(Finding::new(
                "crash",
                Severity::Error,
                "the evaluator broke: index out of bounds",
            )),
        Case::new(Stage::Lock, "input-stale", Outcome::Passed)
            .rule("input-stale")
            .finding(stale),
    ];
    let mut recorder = Recorder::new();
    let started = Duration::from_secs(1_790_000_000);
    recorder.take(&Event::RunStarted {
        tool,
        flake: "git+file:///srv/fleet".into(),
        started,
    });
    let rule = |id: &str, title: &str, why: &str, fix: &str| {
        Event::RuleKnown(RuleDoc {
            id: id.into(),
            title: title.into(),
            why: why.into(),
            fix: fix.into(),
        })
    };
    recorder.take(&rule(
        "ssh-password-login",
        "root does not log in with a password",
        "Passwords of root are guessed all day long on every public address.",
        "Set `services.openssh.settings.PermitRootLogin` to `prohibit-password` or `no`.",
    ));
    recorder.take(&rule(
        "input-stale",
        "inputs are younger than their policy allows",
        "An old input misses the security fixes of its upstream.",
        "Run `nix flake update nixpkgs`.",
    ));
    recorder.take(&rule("unused-rule", "nothing here breaks this", "", ""));
    for case in cases {
        recorder.take(&Event::CaseStarted(case.subject.clone()));
        recorder.take(&Event::CaseFinished(case));
    }
    recorder.take(&Event::Note("2 of 5 hosts came from the cache".into()));
    recorder.take(&Event::RunFinished {
        duration: seconds(63_000),
    });
    recorder.finish()
}

/// Returns a report of a broken law, with its counterexample.
pub(crate) fn law() -> Report {
    let finding = Finding {
        text: "warning[a-law]: this does not hold: a is b\n --> a.nix:1:1\n  |\n1 | { }\n  | ^\n".into(),
        counterexample: Some("# a-law: a is b\n{\n  law = \"a-law\";\n}\n".into()),
        ..Finding::new("a-law", Severity::Warning, "this does not hold: a is b")
    };
    let case = Case::new(Stage::Prop, "a-law", Outcome::Failed)
        .on("web", "x86_64-linux")
        .rule("a-law")
        .finding(finding.at("a.nix", 1, 1).option("a.b"));
    Report {
        cases: vec![case],
        ..Report::default()
    }
}

/// Returns a report whose every text tries to be something else than text.
pub(crate) fn hostile() -> Report {
    let text = concat!(
        "]]> ::error::x\n::error file=a::b ##[error]c \u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} ",
        "<script>alert(1)</script><img src=x onerror=alert(1)> </pre></textarea></style></title>--> \" ' & &amp; ",
        "@octocat #1 octo/repo#1 GH-1 !1 ~bug https://evil.example www.evil.example me@evil.example ",
        "| a | b | ``` ~~~ **bold** _em_ [link](javascript:alert(1)) ![image](https://evil.example/x.png) ",
        "<!-- comment --> <details> $(id) `id` ${x} \u{0} \u{202e}reversed\u{2066} \u{2028} \u{feff} \u{fffe} \u{200b} 漢字\n",
        "# heading\n- [ ] task\n> quote\n1. one\n\n    code\n---\n```\nfence\n~~~\n",
    );
    let long = format!("{text}{}", "long ".repeat(20_000));
    let finding = |message: &str| Finding {
        text: format!("error: {message}\n --> {text}:1:1\n  |\n1 | {text}\n"),
        counterexample: Some(format!("# {message}\n{text}\n")),
        ..Finding::new(text, Severity::Error, message)
    };
    let placed = finding(text).option(text).hint(text).at(text, 1, 1);
    let mut case = Case::new(Stage::Eval, text, Outcome::Failed)
        .on(text, text)
        .rule(text)
        .property(text, text)
        .finding(placed)
        .finding(finding(&long))
        .finding(Finding::new(text, Severity::Warning, text).at("/nix/store/x", 1, 1))
        .finding(Finding::new(text, Severity::Note, text));
    case.waived.push(Waived {
        finding: finding(text),
        by: WaivedBy::Comment,
        reason: text.into(),
    });
    case.attachments = ["a", "//evil.example/x", "/y", text]
        .map(|file| Attachment {
            name: text.into(),
            media_type: text.into(),
            file: file.into(),
        })
        .to_vec();
    let skipped = Case::new(Stage::Policy, text, Outcome::Skipped(text.into())).on(text, text);
    let rule = RuleDoc {
        id: text.into(),
        title: text.into(),
        why: text.into(),
        fix: text.into(),
    };
    let mut report = Report {
        flake: text.into(),
        cases: vec![case, skipped],
        notes: vec![text.into(), long],
        rules: vec![rule],
        ..Report::default()
    };
    report.sort();
    report
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Passed),
        Just(Outcome::Failed),
        Just(Outcome::Errored),
        Just(Outcome::Crashed),
        any::<String>().prop_map(Outcome::Skipped),
    ]
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let severity = prop_oneof![Just(Severity::Note), Just(Severity::Warning), Just(Severity::Error)];
    let place = proptest::option::of((any::<String>(), any::<u32>(), any::<u32>()));
    let text = || any::<String>();
    (
        text(),
        severity,
        text(),
        proptest::option::of(text()),
        place,
        proptest::option::of(text()),
        text(),
        proptest::option::of(text()),
    )
        .prop_map(
            |(rule, severity, message, option, place, hint, text, counterexample)| Finding {
                rule,
                severity,
                message,
                option,
                end: place.as_ref().map(|&(_, line, column)| Position { line, column }),
                location: place.map(|(file, line, column)| Location { file, line, column }),
                hint,
                text,
                counterexample,
            },
        )
}

fn any_case() -> impl Strategy<Value = Case> {
    let stage = prop_oneof![Just(Stage::Source), Just(Stage::Eval), Just(Stage::Vm)];
    let on = proptest::option::of((any::<String>(), any::<String>()));
    let properties = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    let findings = proptest::collection::vec(any_finding(), 0..4);
    (
        stage,
        any::<String>(),
        any_outcome(),
        on,
        properties,
        findings,
        0u64..1_000_000,
    )
        .prop_map(|(stage, name, outcome, on, properties, findings, ms)| {
            let waived = findings.iter().skip(2).map(|finding: &Finding| Waived {
                finding: finding.clone(),
                by: WaivedBy::Comment,
                reason: name.clone(),
            });
            let attachment = |(name, file): (&String, &String)| Attachment {
                name: name.clone(),
                media_type: "text/plain".into(),
                file: file.clone(),
            };
            let case = Case {
                attachments: properties.iter().map(attachment).collect(),
                waived: waived.collect(),
                measured: properties.clone(),
                properties,
                findings,
                ..Case::new(stage, name, outcome)
            }
            .took(Duration::from_millis(ms));
            match on {
                Some((host, system)) => case.on(host, system),
                None => case,
            }
        })
}

/// Any report at all, with every character in every text.
pub(crate) fn any_report() -> impl Strategy<Value = Report> {
    let notes = proptest::collection::vec(any::<String>(), 0..2);
    (
        proptest::collection::vec(any_case(), 0..5),
        any::<String>(),
        notes,
        0u64..1_000_000,
    )
        .prop_map(|(cases, flake, notes, ms)| {
            let duration = Duration::from_millis(ms);
            Report {
                cases,
                flake,
                notes,
                duration,
                ..Report::default()
            }
        })
}
