//! Policy files as a user writes them: what they say, and what is said about them.

use std::collections::BTreeMap;

use diag::{Diagnostic, Span};
use proptest::prelude::*;
use report::{Finding, Outcome};

use super::*;

fn file(path: &str, text: &str) -> File {
    File {
        path: path.as_bytes().to_vec(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn read(text: &str) -> Result<Policies, Box<Mistakes>> {
    Policies::read(&[file("/f/checks/a.yaml", text)], b"/f", &|id| id == "input-stale")
}

fn good(text: &str) -> Policies {
    read(text).unwrap_or_else(|mistakes| panic!("{text}: {:?}", told(&mistakes)))
}

/// Returns mistakes as `line:column-end: message (hint)`.
fn told(mistakes: &Mistakes) -> Vec<String> {
    let one = |diagnostic: &Diagnostic| {
        let place = mistakes.sources.place(diagnostic.span(), b"/f").expect("a place");
        let hint = diagnostic
            .hints
            .first()
            .map(|hint| format!(" ({hint})"))
            .unwrap_or_default();
        format!(
            "{}:{}-{}: {}{hint}",
            place.line, place.column, place.end_column, diagnostic.message
        )
    };
    mistakes.diagnostics.iter().map(one).collect()
}

/// A policy with more lines.
fn policy(lines: &str) -> String {
    format!("id: a\ntitle: Things are as they should be\nwhy: So that they work.\nfix: Mend them.\n{lines}")
}

/// Checks what is said about policies with these lines.
fn bad(all: &[(&str, &[&str])]) {
    let said: Vec<_> = all.iter().map(|(lines, _)| said(lines)).collect();
    let expected: Vec<Vec<String>> = all
        .iter()
        .map(|(_, expected)| expected.iter().map(|e| e.to_string()).collect())
        .collect();
    assert_eq!(said, expected, "{said:#?}");
}

fn said(lines: &str) -> Vec<String> {
    let text = policy(lines);
    told(&read(&text).err().unwrap_or_else(|| panic!("{text}")))
}

/// The options of a host that is no more than a tree.
struct Plain {
    values: Tree,
    evaluates: bool,
    read: Vec<(String, Demand)>,
}

impl Options for Plain {
    fn value(&mut self, path: &OptionPath, demand: &Demand) -> Tree {
        self.read.push((path.to_string(), demand.clone()));
        self.values.at(path.names())
    }

    fn place(&mut self, _: &[String]) -> Option<Span> {
        None
    }

    fn evaluates(&self) -> bool {
        self.evaluates
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let text = format!("{}: {:?} {:?}", diagnostic.message, diagnostic.hints, diagnostic.notes);
        Finding {
            text,
            ..Finding::new(
                diagnostic.rule.clone().unwrap(),
                diagnostic.severity,
                diagnostic.message.clone(),
            )
        }
    }
}

/// Returns a tree of values by their paths.
fn tree(values: &[(&str, Tree)]) -> Tree {
    let mut all = BTreeMap::new();
    for (path, value) in values {
        let mut names: Vec<&str> = path.split('.').collect();
        let last = names.pop().unwrap();
        let mut place: &mut BTreeMap<String, Tree> = &mut all;
        for name in names {
            let Tree::Attrs(inner) = place.entry(name.into()).or_insert(Tree::Attrs(BTreeMap::new())) else {
                panic!("{path}")
            };
            place = inner;
        }
        place.insert(last.into(), value.clone());
    }
    Tree::Attrs(all)
}

fn host(name: &str) -> Host {
    Host {
        name: name.into(),
        system: "x86_64-linux".into(),
        kind: Kind::Nixos,
        tags: vec!["server".into()],
    }
}

fn cases(text: &str, values: &[(&str, Tree)]) -> Vec<report::Case> {
    let mut options = Plain {
        values: tree(values),
        evaluates: true,
        read: Vec::new(),
    };
    good(text).cases(&host("web-1"), &mut options, &|_| true)
}

/// Checks how the only case ended, and the message of its first finding.
fn check(lines: &str, values: &[(&str, Tree)], outcome: Outcome, message: &str) {
    let text = policy(lines);
    let cases = cases(&text, values);
    assert_eq!(cases.len(), 1, "{text}");
    let found = cases[0]
        .findings
        .first()
        .map(|finding| finding.message.as_str())
        .unwrap_or_default();
    assert_eq!((&cases[0].outcome, found), (&outcome, message), "{text}");
}

fn text(text: &str) -> Tree {
    Tree::Text(text.into())
}

#[test]
fn a_policy_passes_fails_is_skipped_or_cannot_be_judged() {
    let lines = "when: { services.openssh.enable: true }\nassert: { time.timeZone: UTC }\n";
    let on = ("services.openssh.enable", Tree::Bool(true));
    check(
        lines,
        &[on.clone(), ("time.timeZone", text("UTC"))],
        Outcome::Passed,
        "",
    );
    check(
        lines,
        &[on.clone(), ("time.timeZone", text("CET"))],
        Outcome::Failed,
        "Things are as they should be: `time.timeZone` is \"CET\" instead of \"UTC\"",
    );
    check(
        lines,
        &[("services.openssh.enable", Tree::Bool(false))],
        Outcome::Skipped("`services.openssh.enable` is false instead of true".into()),
        "",
    );
    check(
        lines,
        &[on.clone(), ("time.timezone", text("CET"))],
        Outcome::Errored,
        "cannot judge whether “Things are as they should be”: `time.timeZone`: there is no attribute `timeZone`; did you mean `timezone`?",
    );
    check(
        lines,
        &[
            on,
            ("time.timeZone", Tree::Unknown("it cannot be evaluated: boom".into())),
        ],
        Outcome::Errored,
        "cannot judge whether “Things are as they should be”: `time.timeZone`: it cannot be evaluated: boom",
    );
    check(
        "severity: warning\nassert: { a.b: { at-most: 3 } }",
        &[("a.b", Tree::Int(4))],
        Outcome::Passed,
        "Things are as they should be: `a.b` is 4, more than 3",
    );
    check(
        "assert: { a.b: { at-most: 3 } }",
        &[("a.b", text("4"))],
        Outcome::Errored,
        "cannot judge whether “Things are as they should be”: `a.b` is a text, not a number",
    );
}

#[test]
fn expressions_see_the_options_that_they_name() {
    let lines = "options: { on: a.on, ports: a.ports }\ncel:\n  - on || size(ports) == 0\n  - { expression: 'ports.all(p, p < 1024)', message: some port is too large }\n";
    let ports = |ports: &[i64]| ("a.ports", Tree::List(ports.iter().copied().map(Tree::Int).collect()));
    check(lines, &[("a.on", Tree::Bool(true)), ports(&[22])], Outcome::Passed, "");
    check(
        lines,
        &[("a.on", Tree::Bool(false)), ports(&[22])],
        Outcome::Failed,
        "Things are as they should be: `on || size(ports) == 0` is not true",
    );
    check(
        lines,
        &[("a.on", Tree::Bool(true)), ports(&[8080])],
        Outcome::Failed,
        "Things are as they should be: some port is too large",
    );
    check(
        lines,
        &[ports(&[22])],
        Outcome::Errored,
        "cannot judge whether “Things are as they should be”: `a.on`: there is no attribute `on`",
    );
    check(
        "options: { on: a.on }\ncel: on == 1 || on > 2",
        &[("a.on", Tree::Bool(false))],
        Outcome::Errored,
        "cannot judge whether “Things are as they should be”: `on == 1 || on > 2`: `>` cannot be applied to bool and int",
    );
}

#[test]
fn findings_say_why_and_what_to_do() {
    let text = policy("assert: { users.users: { every: { attributes: { shell: { defined: true } } } } }");
    let values = [
        ("users.users.alice.shell", Tree::Null),
        ("users.users.bob.shell", text_of("sh")),
    ];
    let case = &cases(&text, &values)[0];
    let finding = &case.findings[0];
    assert_eq!(case.subject.name, "policy a");
    assert_eq!(
        (case.subject.host.as_deref(), case.subject.system.as_deref()),
        (Some("web-1"), Some("x86_64-linux"))
    );
    assert_eq!(
        (finding.rule.as_str(), finding.option.as_deref()),
        ("a", Some("users.users.alice.shell"))
    );
    assert_eq!(
        finding.text,
        "Things are as they should be: `users.users.alice.shell` is not set: [\"Mend them.\"] [\"So that they work.\"]"
    );
}

fn text_of(word: &str) -> Tree {
    text(word)
}

#[test]
fn secrets_are_not_shown() {
    for assertion in [
        "{ equals: x }",
        "{ matches: '^x$' }",
        "{ in: [x] }",
        "{ absent: true }",
        "{ contains: x }",
    ] {
        let text = policy(&format!("assert: {{ services.wiki.password: {assertion} }}"));
        let case = &cases(&text, &[("services.wiki.password", text_of("hunter2"))])[0];
        assert_eq!(case.outcome, Outcome::Failed, "{assertion}");
        let finding = &case.findings[0];
        assert!(!format!("{finding:?}").contains("hunter2"), "{finding:?}");
        assert_eq!(finding.text, "", "the source may show it");
    }
    let shown = show::shown(&tree(&[("a.password", text("hunter2")), ("a.b", Tree::Int(1))]));
    assert_eq!(shown, "{ a = { b = 1; password = …; }; }");
}

#[test]
fn a_host_that_does_not_evaluate_is_told_once() {
    let text = policy("assert: { a.b: 1, a.c: 1 }");
    let policies = good(&text);
    let mut options = Plain {
        values: tree(&[("a.b", Tree::Int(1)), ("a.c", Tree::Unknown("boom".into()))]),
        evaluates: false,
        read: Vec::new(),
    };
    let case = &policies.cases(&host("web-1"), &mut options, &|_| true)[0];
    assert_eq!((&case.outcome, case.findings.len()), (&Outcome::Errored, 0));
    assert_eq!(case.properties["reason"], "the host does not evaluate");
    options.values = tree(&[("a.b", Tree::Int(2)), ("a.c", Tree::Int(1))]);
    assert_eq!(
        policies.cases(&host("web-1"), &mut options, &|_| true)[0].outcome,
        Outcome::Failed
    );
}

#[test]
fn only_what_is_needed_is_read() {
    let text = policy(
        "when: { a.on: true }\nassert: { a.b: 1, a.users: { every: { attributes: { uid: { at-least: 1 } } } } }",
    );
    let policies = good(&text);
    let mut options = Plain {
        values: tree(&[("a.on", Tree::Bool(false))]),
        evaluates: true,
        read: Vec::new(),
    };
    policies.cases(&host("web-1"), &mut options, &|_| true);
    assert_eq!(
        options.read.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
        ["a.on"]
    );
    options.values = tree(&[
        ("a.on", Tree::Bool(true)),
        ("a.b", Tree::Int(1)),
        ("a.users.x.uid", Tree::Int(1)),
    ]);
    policies.cases(&host("web-1"), &mut options, &|_| true);
    let users = &options.read.last().unwrap().1;
    assert!(
        !users.whole
            && users
                .each
                .as_ref()
                .is_some_and(|each| !each.whole && each.names.contains_key("uid"))
    );
}

#[test]
fn hosts_are_selected() {
    let taken = |selector: &str, host: &Host| {
        let text = policy(&format!("hosts: {selector}\nassert: {{ a: 1 }}"));
        good(&text).all[0].hosts.take(host)
    };
    let web = host("web-1");
    assert!(taken("{}", &web));
    assert!(taken("{ include: ['web-*'] }", &web));
    assert!(!taken("{ include: ['db-*'] }", &web));
    assert!(!taken("{ exclude: [web-1] }", &web));
    assert!(taken("{ tags: ['ser*'] }", &web));
    assert!(!taken("{ tags: [laptop] }", &web));
    assert!(!taken("{ systems: ['*-darwin'] }", &web));
    assert!(!taken("{ kinds: [home, darwin] }", &web));
    let home = Host {
        kind: Kind::Home,
        ..web.clone()
    };
    assert!(!taken("{}", &home) && taken("{ kinds: [home] }", &home));
    assert!(
        good(&policy("severity: off\nassert: { a: 1 }"))
            .cases(
                &web,
                &mut Plain {
                    values: tree(&[]),
                    evaluates: true,
                    read: vec![]
                },
                &|_| true
            )
            .is_empty()
    );
}

#[test]
fn patterns_that_fit_nothing_are_told() {
    let text = policy("hosts:\n  include: ['web-*', db]\n  exclude: [wbe-1]\n  tags: [servers]\nassert: { a: 1 }");
    let policies = good(&text);
    let told = |finding: report::Finding| {
        let hint = finding.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}: {}{hint}", finding.location.expect("a place"), finding.message)
    };
    let warnings = policies.unmatched(&[host("web-1")]).into_iter().map(told);
    assert_eq!(
        warnings.collect::<Vec<_>>(),
        [
            "checks/a.yaml:6:22: no host fits `db`",
            "checks/a.yaml:7:13: no host fits `wbe-1` (did you mean `web-1`?)",
            "checks/a.yaml:8:10: no tag fits `servers` (did you mean `server`?)"
        ]
    );
}

#[test]
fn examples_are_tried() {
    let text = policy(
        "when: { a.on: true }\nassert: { a.b: { at-least: 1 } }\nexamples:\n  - pass: { a.on: true, a.b: 1 }\n  - fail: { a: { on: true, b: 0 } }\n  - skip: { a.on: false }\n  - pass: { a.on: true, a.b: 0 }\n  - fail: { a.on: true }\n",
    );
    let cases = good(&text).examples();
    let said = |n: usize| {
        let case: &report::Case = &cases[n];
        let finding = case
            .findings
            .first()
            .map(|f| format!("{} {}", f.location.as_ref().unwrap(), f.message));
        (
            case.subject.name.clone(),
            case.outcome.clone(),
            finding.unwrap_or_default(),
        )
    };
    for n in 0..3 {
        assert_eq!(
            said(n),
            (format!("policy a example {}", n + 1), Outcome::Passed, String::new())
        );
    }
    assert_eq!(
        said(3),
        (
            "policy a example 4".into(),
            Outcome::Failed,
            "checks/a.yaml:11:5 example 4 of the policy `a` should pass, but it fails: `a.b` is 0, less than 1".into()
        )
    );
    assert_eq!(
        said(4),
        (
            "policy a example 5".into(),
            Outcome::Errored,
            "checks/a.yaml:12:5 example 5 of the policy `a` should fail, but it cannot be judged: `a.b`: the example has no value for it".into()
        )
    );
}

#[test]
fn mistakes_of_the_format_have_a_place_and_a_hint() {
    bad(&[
        (
            "asert: { a: 1 }",
            &["5:1-6: unknown key `asert` (did you mean `assert`?)"],
        ),
        (
            "assert: { a: { eqals: 1 } }",
            &["5:16-21: unknown key `eqals` (did you mean `equals`?)"],
        ),
        (
            "assert: { a: { at-least: many } }",
            &["5:26-30: assert.a.at-least: invalid type: string \"many\", expected a number"],
        ),
        (
            "assert: { a: { at-least: [1] } }",
            &["5:26-28: assert.a.at-least: invalid type: sequence, expected a number"],
        ),
        (
            "assert: { a..b: 1 }",
            &["5:11-15: assert: `a..b` is no path of an option: a part of it is empty"],
        ),
        ("assert: { a: 1, a: 2 }", &["5:9-10: assert: `a` is there twice"]),
        (
            "severity: fatal\nassert: { a: 1 }",
            &["5:11-16: unknown value `fatal` (known here are `off`, `note`, `warning`, `error`)"],
        ),
        (
            "hosts: { kinds: [nixso] }\nassert: { a: 1 }",
            &["5:18-23: unknown value `nixso` (did you mean `nixos`?)"],
        ),
        (
            "assert: [\n",
            &["6:1-1: did not find expected node content, while parsing a flow node"],
        ),
        (
            "assert: { a: { in: null } }",
            &["5:20-24: assert.a.in: invalid type: unit value, expected a sequence"],
        ),
        (
            "assert: { a: { equals: 99999999999999999999 } }",
            &["5:24-44: assert.a.equals: 99999999999999999999 is too large; Nix has numbers up to 9223372036854775807"],
        ),
    ]);
    let missing = read("id: a\ntitle: x\nassert: { a: 1 }\n").err().unwrap();
    assert_eq!(told(&missing), ["1:1-3: missing key `why`"]);
    let wrong = read("- 1\n").err().unwrap();
    assert_eq!(
        told(&wrong),
        ["1:1-2: invalid type: sequence, expected a policy, or a map with `policies`"]
    );
    let wrong = read(&policy("").replace("id: a", "id: Time_Zone")).err().unwrap();
    assert_eq!(
        told(&wrong),
        [
            "1:5-14: id: `Time_Zone` is no name of a policy; one has small letters, digits and `-`, such as `time-zone-utc`"
        ]
    );
}

#[test]
fn mistakes_of_meaning_are_told_all_at_once() {
    bad(&[
        (
            "",
            &["1:5-6: the policy asks for nothing (say with `assert` or `cel` what must hold)"],
        ),
        ("assert: { a: {} }", &["5:14-15: there is no assertion here"]),
        (
            "assert: { a: { where: 1, equals: 1 } }",
            &["5:16-21: `where` is only known inside of `every` and `any`"],
        ),
        (
            "assert: { a: { matches: 'x(' }, b: { not-matches: '[z-a]' } }\noptions: { p: a.p }\ncel: |\n  p == 1 &&\n    q == 2\nexamples:\n  - pass: { a: 1, a.b: 2 }\n  - { pass: {}, fail: {} }\n  - skip: {}\n",
            &[
                "5:27-28: the regular expression is wrong here: unclosed group",
                "5:53-56: the regular expression is wrong here: invalid character class range, the start must be <= the end",
                "9:5-6: there is no name `q` (did you mean `p`?)",
                "11:19-22: `a.b` has two values in this example",
                "12:5-6: an example has one of `pass`, `fail` and `skip`",
                "13:5-9: the policy has no `when`, so that no host is skipped",
            ],
        ),
        (
            "options: { p: a.p }\nassert: { a: 1 }",
            &["5:12-13: no expression uses `p` (remove it, or use it in `cel`)"],
        ),
        (
            "options: { 'a-b': a.p }\ncel: 'true'",
            &[
                "5:12-17: options: `a-b` cannot be a name in expressions; one has letters, digits and `_`, such as `firewall`",
            ],
        ),
    ]);
}

#[test]
fn mistakes_of_all_policies_and_files_are_told_at_once() {
    let first = "policies:\n  - { id: a, title: t, why: w, fix: f, assert: { a: 1 } }\n  - { id: b, title: t, why: w, fx: f, assert: { a: 1 } }\n  - { id: c, title: t, why: w, fix: f, assert: { a: { matches: '(' } } }\n  - { id: a, title: t, why: w, fix: f, assert: { a: { equls: 1 } } }\nmore: 1\n";
    let second = "policies:\n  - { id: a, title: t, why: w, fix: f, assert: { a: 1 } }\n  - { id: input-stale, title: t, why: w, fix: f, assert: { a: 1 } }\n";
    let third = "policies: [";
    let files = [
        file("/f/checks/a.yaml", first),
        file("/f/checks/b.yaml", second),
        file("/f/checks/c.yaml", third),
    ];
    let mistakes = Policies::read(&files, b"/f", &|id| id == "input-stale").err().unwrap();
    assert_eq!(
        told(&mistakes),
        [
            "3:32-34: unknown key `fx` (did you mean `fix`?)",
            "4:65-66: the regular expression is wrong here: unclosed group",
            "5:55-60: unknown key `equls` (did you mean `equals`?)",
            "2:11-12: there are two policies with the name `a`",
            "3:11-22: `input-stale` is the name of a rule of cfgcheck (give the policy another name)",
            "1:12-12: did not find expected node content, while parsing a flow node",
        ]
    );
    let labels = &mistakes.diagnostics[3].labels;
    assert_eq!(
        mistakes.sources.place(labels[1].span, b"/f").unwrap().file,
        "checks/a.yaml"
    );
}

#[test]
fn a_policy_is_shown_as_it_stands() {
    let text = "policies:\n  - id: a\n    title: t\n    why: w\n    fix: f\n    assert: { a: 1 }\n  - { id: b, title: t, why: w, fix: f, assert: { a: 1 } }\n";
    let policies = good(text);
    assert_eq!(
        policies.source("a").unwrap(),
        "id: a\ntitle: t\nwhy: w\nfix: f\nassert: { a: 1 }"
    );
    assert_eq!(
        policies.source("b").unwrap(),
        "{ id: b, title: t, why: w, fix: f, assert: { a: 1 } }"
    );
    assert_eq!(
        policies.documents().map(|document| document.id).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let alone = policy("assert: { a: 1 }\n");
    assert_eq!(good(&alone).source("a").unwrap(), alone.trim_end());
}

#[test]
fn hostile_files_are_refused() {
    let mut text = String::from("policies:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..30 {
        let part = format!("*a{}, ", n - 1).repeat(9);
        text.push_str(&format!("  - &a{n} [{part}]\n"));
    }
    assert!(read(&text).is_err());
    assert!(read(&policy(&format!("assert: {{ a: {} }}", "[".repeat(100_000)))).is_err());
    assert!(
        read(&policy(&format!(
            "assert: {{ a: {}1{} }}",
            "{ every: ".repeat(200),
            "}".repeat(200)
        )))
        .is_err()
    );
    assert!(read(&" ".repeat(yaml::MOST_BYTES + 1)).is_err());
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), lines in "[a-z\\-:\\[\\]{}&*! \n#'\"é.|>]{0,60}", key in "(assert|cel|options|when|examples|hosts|policies): ") {
        let files = [
            file("/f/a", &lines),
            file("/f/b", &policy(&lines)),
            file("/f/c", &policy(&format!("{key}{lines}"))),
            file("/f/d", &format!("policies:\n  - {{ id: x, {key}{lines} }}")),
            File { path: b"/f/e".to_vec(), bytes },
        ];
        for file in files {
            if let Err(mistakes) = Policies::read(&[file], b"/f", &|_| false) {
                for diagnostic in &mistakes.diagnostics {
                    diag::render(diagnostic, &mistakes.sources, b"/f", diag::Style::default());
                }
            }
        }
    }
}
