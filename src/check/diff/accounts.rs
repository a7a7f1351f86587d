//! Users, groups and the ports of the firewall.

use super::answers::{Firewall, Group, Ports, User};
use report::diff::{AccountChange, Change, Fact, PortChange, Presence, Section};
use std::collections::{BTreeMap, BTreeSet};

/// Digits of a key's end that tell it from others.
const KEY_END: usize = 8;

/// Returns what differs between users.
pub(super) fn users(old: &BTreeMap<String, User>, new: &BTreeMap<String, User>) -> Vec<AccountChange> {
    accounts(false, old, new, |before, after| {
        let mut settings = Vec::new();
        text(
            &mut settings,
            "uid",
            before.uid.map(|n| n.to_string()),
            after.uid.map(|n| n.to_string()),
        );
        text(&mut settings, "group", some(&before.group), some(&after.group));
        elements(&mut settings, "extra groups", &before.extra_groups, &after.extra_groups);
        text(&mut settings, "home", before.home.clone(), after.home.clone());
        text(&mut settings, "shell", before.shell.clone(), after.shell.clone());
        text(
            &mut settings,
            "description",
            some(&before.description),
            some(&after.description),
        );
        let keys = |user: &User| user.keys.iter().map(|key| short_key(key)).collect::<BTreeSet<String>>();
        elements(&mut settings, "keys", &keys(before), &keys(after));
        if before.key_files != after.key_files {
            settings.push(Change::rebuilt("files of keys"));
        }
        if before.password != after.password {
            settings.push(Change::secret("password"));
        }
        text(
            &mut settings,
            "file of the password",
            before.password_file.clone(),
            after.password_file.clone(),
        );
        settings
    })
}

/// Returns what differs between groups.
pub(super) fn groups(old: &BTreeMap<String, Group>, new: &BTreeMap<String, Group>) -> Vec<AccountChange> {
    accounts(true, old, new, |before, after| {
        let mut settings = Vec::new();
        text(
            &mut settings,
            "gid",
            before.gid.map(|n| n.to_string()),
            after.gid.map(|n| n.to_string()),
        );
        elements(&mut settings, "members", &before.members, &after.members);
        settings
    })
}

fn accounts<A: PartialEq>(
    is_group: bool,
    old: &BTreeMap<String, A>,
    new: &BTreeMap<String, A>,
    settings: impl Fn(&A, &A) -> Vec<Change>,
) -> Vec<AccountChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let (presence, settings) = match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) => match settings(before, after) {
                settings if settings.is_empty() => continue,
                settings => (Presence::Changed, settings),
            },
            (None, _) => (Presence::Added, Vec::new()),
            (_, None) => (Presence::Removed, Vec::new()),
        };
        changes.push(AccountChange {
            is_group,
            name: name.clone(),
            presence,
            settings,
        });
    }
    changes
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn text(settings: &mut Vec<Change>, name: &str, before: Option<String>, after: Option<String>) {
    if before != after {
        settings.push(Change::value(name, before, after));
    }
}

/// Adds the elements in which two lists differ.
pub(super) fn elements(settings: &mut Vec<Change>, name: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) {
    if before != after {
        let missing = |of: &BTreeSet<String>, in_: &BTreeSet<String>| of.difference(in_).cloned().collect();
        settings.push(Change::elements(name, missing(before, after), missing(after, before)));
    }
}

/// Returns a public key by its kind, its end and its comment.
fn short_key(key: &str) -> String {
    let words: Vec<&str> = key.split_whitespace().collect();
    let short = |word: &str| {
        let from = word.chars().count().saturating_sub(KEY_END);
        format!("…{}", word.chars().skip(from).collect::<String>())
    };
    let mut words = words.iter().map(|word| match word.starts_with("AAAA") {
        true => short(word),
        false => (*word).to_owned(),
    });
    let mut text = words.next().unwrap_or_default();
    for word in words {
        text.push(' ');
        text.push_str(&word);
    }
    text
}

/// A port or range: interface, protocol, first and last.
type Open = (Option<String>, &'static str, i64, i64);

fn open(firewall: &Firewall) -> BTreeSet<Open> {
    let mut open = BTreeSet::new();
    let mut add = |interface: Option<&String>, ports: &Ports| {
        for (protocol, single, ranges) in [
            ("tcp", &ports.tcp, &ports.tcp_ranges),
            ("udp", &ports.udp, &ports.udp_ranges),
        ] {
            let single = single.iter().map(|port| (*port, *port));
            let ranges = ranges.iter().map(|range| (range.from, range.to));
            open.extend(
                single
                    .chain(ranges)
                    .map(|(from, to)| (interface.cloned(), protocol, from, to)),
            );
        }
    };
    add(None, &firewall.all);
    // What is open everywhere stands in a set of its own too.
    let interfaces = firewall.interfaces.iter().filter(|(name, _)| *name != "default");
    interfaces.for_each(|(name, ports)| add(Some(name), ports));
    open
}

/// Returns the ports that are opened and closed, and what else differs of the firewall.
pub(super) fn firewall(old: &Firewall, new: &Firewall) -> (Vec<PortChange>, Vec<Fact>) {
    let mut ports = Vec::new();
    let is_on = |firewall: &Firewall| firewall.enable == Some(true);
    if is_on(old) && is_on(new) {
        let (before, after) = (open(old), open(new));
        let change = |opened: bool, (interface, protocol, from, to): &Open| PortChange {
            opened,
            protocol: (*protocol).to_owned(),
            ports: match from == to {
                true => from.to_string(),
                false => format!("{from}-{to}"),
            },
            interface: interface.clone(),
        };
        ports.extend(before.difference(&after).map(|port| change(false, port)));
        ports.extend(after.difference(&before).map(|port| change(true, port)));
    }
    let mut changes = Vec::new();
    let word = |firewall: &Firewall| match firewall.enable {
        Some(true) => "on".to_owned(),
        Some(false) => "off: all ports are open".to_owned(),
        None => "none".to_owned(),
    };
    if old.enable != new.enable {
        changes.push(Change::value("firewall", Some(word(old)), Some(word(new))));
    }
    elements(&mut changes, "trusted interfaces", &old.trusted, &new.trusted);
    if old.ping != new.ping {
        let word = |ping: Option<bool>| ping.map(|ping| if ping { "answered" } else { "not answered" }.to_owned());
        changes.push(Change::value("ping", word(old.ping), word(new.ping)));
    }
    let facts = changes.into_iter().map(|change| Fact {
        section: Section::Firewall,
        change,
    });
    (ports, facts.collect())
}

#[cfg(test)]
mod tests {
    use super::super::answers::Range;
    use super::*;

    fn user(edit: impl Fn(&mut User)) -> BTreeMap<String, User> {
        let mut user = User {
            uid: Some(1000),
            group: "users".into(),
            extra_groups: BTreeSet::from(["wheel".to_owned()]),
            home: Some("/home/anna".into()),
            shell: Some("bash".into()),
            description: String::new(),
            keys: BTreeSet::new(),
            key_files: BTreeSet::new(),
            password: "0".into(),
            password_file: None,
        };
        edit(&mut user);
        BTreeMap::from([("anna".to_owned(), user)])
    }

    #[test]
    fn users_differ_in_their_settings() {
        let before = user(|_| {});
        let check = |edit: &dyn Fn(&mut User), expected: Change| {
            let changes = users(&before, &user(edit));
            assert_eq!(changes[0].settings, [expected]);
        };
        assert_eq!(users(&before, &before), []);
        assert_eq!(users(&before, &BTreeMap::new())[0].presence, Presence::Removed);
        assert_eq!(users(&BTreeMap::new(), &before)[0].presence, Presence::Added);
        let shell = Change::value("shell", Some("bash".into()), Some("zsh".into()));
        check(&|user| user.shell = Some("zsh".into()), shell);
        let groups = Change::elements("extra groups", vec![], vec!["docker".into()]);
        check(&|user| user.extra_groups.extend(["docker".into()]), groups);
        check(&|user| user.password = "1".into(), Change::secret("password"));
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0123456789 anna@home";
        let keys = Change::elements("keys", vec![], vec!["ssh-ed25519 …23456789 anna@home".into()]);
        check(&|user| user.keys.extend([key.into()]), keys);
    }

    #[test]
    fn ports_are_opened_and_closed() {
        let ports = |tcp: &[i64], ranges: &[(i64, i64)]| Ports {
            tcp: tcp.to_vec(),
            udp_ranges: ranges.iter().map(|(from, to)| Range { from: *from, to: *to }).collect(),
            ..Ports::default()
        };
        let firewall = |enable: bool, all: Ports, inner: Ports| Firewall {
            enable: Some(enable),
            all,
            interfaces: BTreeMap::from([("wg0".to_owned(), inner)]),
            ..Firewall::default()
        };
        let old = firewall(true, ports(&[22, 80], &[]), ports(&[], &[]));
        let new = firewall(true, ports(&[22], &[(60000, 61000)]), ports(&[443], &[]));
        let (changes, facts) = super::firewall(&old, &new);
        let told: Vec<String> = changes
            .iter()
            .map(|c| format!("{} {} {} {:?}", c.opened, c.protocol, c.ports, c.interface))
            .collect();
        assert_eq!(
            told,
            [
                "false tcp 80 None",
                "true udp 60000-61000 None",
                "true tcp 443 Some(\"wg0\")"
            ]
        );
        assert_eq!(facts, []);
        let off = firewall(false, ports(&[22], &[]), ports(&[], &[]));
        let (changes, facts) = super::firewall(&old, &off);
        assert_eq!(changes, []);
        let expected = Change::value("firewall", Some("on".into()), Some("off: all ports are open".into()));
        assert_eq!(facts[0].change, expected);
    }
}
