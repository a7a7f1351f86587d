//! What expressions say, what is wrong with them, and that they end.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::policy::tree::Package;

const NAMES: &[&str] = &["firewall", "ports", "users", "packages", "zone"];

fn values() -> Vec<(&'static str, Tree)> {
    let user = |normal| Tree::Attrs(BTreeMap::from([("isNormalUser".to_string(), Tree::Bool(normal))]));
    let package = |name: &str| {
        Tree::Package(Package {
            name: format!("{name}-1.0"),
            pname: name.into(),
            version: "1.0".into(),
        })
    };
    vec![
        ("firewall", Tree::Bool(true)),
        ("ports", Tree::List(vec![Tree::Int(22), Tree::Int(443)])),
        (
            "users",
            Tree::Attrs(BTreeMap::from([
                ("alice".to_string(), user(true)),
                ("nginx".to_string(), user(false)),
            ])),
        ),
        ("packages", Tree::List(vec![package("curl"), package("git")])),
        ("zone", Tree::Text("Europe/Berlin".into())),
    ]
}

fn run(source: &str) -> Result<bool, String> {
    let environment = environment();
    let program = compile(&environment, source, NAMES).unwrap_or_else(|wrong| panic!("{source}: {wrong:?}"));
    let values = values();
    let values: Vec<(&str, &Tree)> = values.iter().map(|(name, tree)| (*name, tree)).collect();
    let host = Host {
        name: "web-1",
        system: "x86_64-linux",
        kind: "nixos",
        tags: &["web".to_string()],
    };
    program.holds(&environment, &values, &host)
}

#[test]
fn expressions_are_true_or_not() {
    let check = |source: &str, expected: bool| assert_eq!(run(source), Ok(expected), "{source}");
    check("firewall", true);
    check("!firewall || ports.size() == 0", false);
    check("22 in ports && size(ports) == 2", true);
    check("ports.all(port, port > 0 && port < 1024)", true);
    check("ports.exists(port, port == 80)", false);
    check("ports.filter(port, port != 22) == [443]", true);
    check("ports.map(port, port + 1).exists_one(port, port == 444)", true);
    check(
        "users.all(name, !users[name].isNormalUser || name.matches('^[a-z]+$'))",
        true,
    );
    check("'alice' in users && has(users.alice) && !has(users.bob)", true);
    check(
        "packages.exists(p, p.pname == 'curl' && p.version.startsWith('1.'))",
        true,
    );
    check("zone.contains('/') ? zone.endsWith('Berlin') : false", true);
    check(
        "host.name == 'web-1' && host.tags == ['web'] && host.kind == 'nixos' && host.system.endsWith('linux')",
        true,
    );
    check("users.?bob.?isNormalUser.orValue(false)", false);
    check("optional.of(1).hasValue()", true);
    check("{'a': 1}.a == 1 && type(zone) == string", true);
    check("1.0 == 1 && ports[0] == 22.0", true);
}

#[test]
fn what_has_no_answer_says_why() {
    let check = |source: &str, why: &str| assert_eq!(run(source), Err(why.into()), "{source}");
    check("ports", "the expression is a list, not true or false");
    check(
        "users.bob.isNormalUser",
        "there is no `bob` where the expression looks for it; `has(…)` tells whether it is there",
    );
    check("zone > 1", "`>` cannot be applied to string and int");
    check(
        "ports[7] == 1",
        "a list has no element with the number that the expression asks for",
    );
    check("1 / 0 == 1", "the expression divides by zero");
    check(
        "zone.matches(zone)",
        "`matches`: the regular expression must stand in the expression as a text",
    );
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    let environment = environment();
    let mut wrong = Vec::new();
    let mut check = |source: &str, part: &str, message: &str, hint: Option<&str>| {
        let mistakes = compile(&environment, source, NAMES)
            .err()
            .unwrap_or_else(|| panic!("{source}"));
        let found = mistakes
            .iter()
            .map(|m| (source[m.at.clone()].to_string(), m.message.as_str(), m.hint.as_deref()))
            .next();
        let expected = Some((part.to_string(), message, hint));
        if found != expected {
            wrong.push(format!("{source}: {found:?}"));
        }
    };
    check(
        "firewal && zone == ''",
        "firewal",
        "there is no name `firewal`",
        Some("did you mean `firewall`?"),
    );
    check(
        "ssh.enable",
        "ssh",
        "there is no name `ssh`",
        Some("name the option under `options`, such as `ssh: services.openssh.enable`"),
    );
    check(
        "ports.sizes() == 1",
        "sizes",
        "there is no function `sizes`",
        Some("did you mean `size`?"),
    );
    check(
        "zone.matches('a[')",
        "[",
        "the regular expression is wrong here: unclosed character class",
        None,
    );
    check("firewall &&", "", "the expression ends too early", None);
    check(
        "firewall & zone",
        "&",
        "the expression is wrong here: token recognition error at: '& '",
        None,
    );
    check(
        "ports.all(port)",
        "port",
        "there is no name `port`",
        Some("did you mean `ports`?"),
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_what_an_expression_reads_is_asked_for() {
    let environment = environment();
    let demand = |source: &str, name: &str| {
        let program = compile(&environment, source, NAMES).unwrap();
        program.demands.get(name).cloned().unwrap_or_default()
    };
    let users = demand("users.all(name, users[name].isNormalUser || name != 'root')", "users");
    assert!(!users.whole);
    assert_eq!(
        users
            .of_name("alice")
            .map(|of| (of.whole, of.names.keys().cloned().collect::<Vec<_>>())),
        Some((false, vec!["isNormalUser".to_string()]))
    );
    assert_eq!(
        demand("users.size() > 0 && has(users.alice)", "users"),
        Demand::default()
    );
    assert!(demand("users == {}", "users").whole);
    assert_eq!(demand("22 in ports", "ports").of_element(), Some(Demand::whole()));
    assert!(demand("22 in ports", "ports").of_name("x").is_none());
    let packages = demand("packages.exists(p, p.pname == 'curl')", "packages");
    assert_eq!(
        packages.of_element().unwrap().names.keys().collect::<Vec<_>>(),
        ["pname"]
    );
    assert_eq!(demand("users.alice.home == zone", "users").of_name("bob"), None);
    assert!(demand("users['alice'].home == zone", "users").names["alice"].names["home"].whole);
}

#[test]
fn expressions_end() {
    let list = format!("[{}]", vec!["1"; 300].join(","));
    let bombs = [
        // Loops in loops.
        format!("{list}.all(a, {list}.all(b, {list}.all(c, {list}.all(d, a + b + c + d > 0))))"),
        format!("{list}.map(a, {list}.map(b, {list}.map(c, [a, b, c]))).size() == 0"),
        // A text that is doubled.
        format!(
            "{}'x' == 'y'{}",
            "['xxxxxxxx'].all(a, [a+a+a+a+a+a+a+a+a+a].all(b, [b+b+b+b+b+b+b+b+b+b].all(c, [c+c+c+c+c+c+c+c+c+c].all(d, [d+d+d+d+d+d+d+d+d+d].all(e, [e+e+e+e+e+e+e+e+e+e].all(f, [f+f+f+f+f+f+f+f+f+f].all(g, ",
            ")))))))"
        ),
        // A list that is copied.
        format!(
            "{list}.map(a, {list}).map(b, [b, b, b, b, b, b, b]).map(c, [c, c, c, c, c, c, c, c, c]).map(d, [d, d, d, d, d, d, d, d]).size() == 0"
        ),
        format!("{{'a': {list}, 'b': {list}}}.map(k, {list}.map(l, {list}.map(m, {list} == {list}))).size() == 0"),
    ];
    let started = std::time::Duration::ZERO;
    for bomb in bombs {
        assert_eq!(
            run(&bomb),
            Err("the expression needs too much work".into()),
            "{}",
            &bomb[..60]
        );
    }
    assert!(started.is_zero());
    let environment = environment();
    let deep = format!("{}1{} == 1", "(".repeat(400), ")".repeat(400));
    assert!(compile(&environment, &deep, NAMES).is_err());
    let long = format!("zone == '{}'", "x".repeat(5000));
    assert!(
        compile(&environment, &long, NAMES).err().unwrap()[0]
            .message
            .contains("longer than")
    );
    let many = "!".repeat(4000) + "firewall";
    assert!(compile(&environment, &many, NAMES).is_err() || run(&many) == Ok(true));
}

proptest! {
    #[test]
    fn no_expression_panics(source in "[a-c01'\"()\\[\\]{}.?:,!<>=&|+ \\-]{0,24}", part in "(ports|zone|users|has|all|map|matches|[.(),x1'])*") {
        let environment = environment();
        for source in [&source, &part] {
            match compile(&environment, source, NAMES) {
                Ok(_) => {
                    let _ = run(source);
                }
                Err(mistakes) => for mistake in mistakes {
                    prop_assert!(source.get(mistake.at.start.min(source.len())..).is_some());
                }
            }
        }
    }
}
