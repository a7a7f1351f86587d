//! Fleets: what their files say and what is wrong with them, who is meant, and in which order hosts come.

mod law;
mod read;
mod rollout;

use super::{Fleet, Known, Selector, Waves, select};
use diag::SourceMap;

fn names(names: &str) -> Vec<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// Returns a fleet that a text says, of a flake with the hosts `web-1`, `web-2`, `web-3`, `db` and `mail`.
fn fleet(text: &str) -> Result<Fleet, String> {
    let known = names("web-1 web-2 web-3 db mail");
    let mut sources = SourceMap::new();
    Fleet::read(&mut sources, b"deploy.yaml", text.as_bytes(), Known::All(&known)).map_err(|diagnostic| {
        let place = sources
            .place(diagnostic.span(), b"")
            .map(|place| format!("{}:{}", place.line, place.column));
        let hints: String = diagnostic.hints.iter().map(|hint| format!("; {hint}")).collect();
        format!("{} {}{hints}", place.unwrap_or_default(), diagnostic.message)
    })
}

fn selectors(text: &str) -> Vec<Selector> {
    text.split_whitespace()
        .map(|text| text.parse().expect("it is a selector"))
        .collect()
}

/// Returns waves as a line: those of numbers by them, hosts by commas.
fn line(waves: &Waves) -> String {
    let line = waves.0.iter().map(|wave| format!("{wave}: {}", wave.hosts.join(" ")));
    line.collect::<Vec<_>>().join(", ")
}

#[test]
fn hosts_are_meant_by_name_pattern_and_tag() {
    let fleet = fleet("hosts:\n  web-1: { tags: [edge, eu] }\n  db: { tags: [eu-west] }\n").expect("it is a fleet");
    let hosts = fleet.tagged(&names("db web-1 web-2"));
    for (asked, expected) in [
        ("db", Ok("db")),
        ("*", Ok("db web-1 web-2")),
        ("web-*", Ok("web-1 web-2")),
        ("web-?", Ok("web-1 web-2")),
        ("*-2 db", Ok("db web-2")),
        ("@edge", Ok("web-1")),
        ("@eu*", Ok("db web-1")),
        ("@eu", Ok("web-1")),
        ("**b**", Ok("db web-1 web-2")),
        ("web-2 @edge web-2", Ok("web-1 web-2")),
        ("bd", Err("`bd` fits no host; did you mean `db`?")),
        ("@egde", Err("`@egde` fits no host; did you mean `@edge`?")),
        ("web", Err("`web` fits no host")),
        ("web-1 nothing-like-it", Err("`nothing-like-it` fits no host")),
    ] {
        let found = select(&selectors(asked), &hosts).map(|hosts| hosts.join(" "));
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{asked}");
    }
    for (text, why) in [
        ("", "which hosts?"),
        ("@", "which hosts?"),
        (&*"x".repeat(300), "no host and no tag"),
    ] {
        let error = text.parse::<Selector>().expect_err("it is none");
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn waves_are_in_order() {
    let fleet = fleet("hosts:\n  web-2: { tags: [edge] }\n  mail: { tags: [edge] }\n").expect("it is a fleet");
    let all = names("db mail web-1 web-2 web-3");
    for (hosts, canary, waves, expected) in [
        ("db mail", "", "", "wave 1: db mail"),
        (
            "db mail web-1 web-2 web-3",
            "web-1",
            "",
            "canary: web-1, wave 1: db mail web-2 web-3",
        ),
        (
            "db mail web-1 web-2 web-3",
            "web-3",
            "@edge / web-*",
            "canary: web-3, wave 1: mail web-2, wave 2: web-1, wave 3: db",
        ),
        // A host is in the first wave that means it; waves without a host are none.
        ("db web-1", "", "@edge / * / db", "wave 1: db web-1"),
        ("db", "web-1", "web-*", "wave 1: db"),
        ("db", "*", "", "canary: db"),
        ("", "web-1", "", ""),
    ] {
        let waves: Vec<Vec<Selector>> = waves.split(" / ").map(selectors).collect();
        let hosts: Vec<String> = all.iter().filter(|name| names(hosts).contains(name)).cloned().collect();
        let found = Waves::of(&fleet.tagged(&hosts), &selectors(canary), &waves);
        assert_eq!(line(&found), expected);
    }
}

#[test]
fn hosts_that_are_left_out_are_in_no_wave() {
    let fleet = Fleet::default();
    let waves = Waves::of(&fleet.tagged(&names("a b c")), &selectors("a"), &[selectors("b")]);
    assert_eq!(line(&waves.without(|host| host == "b")), "canary: a, wave 2: c");
    assert_eq!(waves.wave_of("b").map(ToString::to_string).as_deref(), Some("wave 1"));
}
