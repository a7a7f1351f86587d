//! Rules over several hosts: each host is compared with those that were judged before it.

mod disk_device_shared;
mod host_id_shared;

use crate::Rule;
use crate::host::{Found, Host, Stop, contained, judged, stopped};
use report::Case;
use serde::{Deserialize, Serialize};

/// A rule over several hosts, and what applies it.
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    facts: fn(&mut Host<'_>) -> Result<Vec<Fact>, Stop>,
    found: fn(&mut Host<'_>, &Shared<'_>) -> Result<Found, Stop>,
}

/// The rules over several hosts, in the order in which they are applied.
pub static RULES: &[Entry] = &[
    Entry {
        rule: &disk_device_shared::RULE,
        facts: disk_device_shared::facts,
        found: disk_device_shared::found,
    },
    Entry {
        rule: &host_id_shared::RULE,
        facts: host_id_shared::facts,
        found: host_id_shared::found,
    },
];

/// Something that only one host can have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    /// What it is, such as the name of a disk.
    value: String,
    /// The option that says so.
    option: Vec<String>,
    /// Where that is written, as far as it is known without looking for it.
    place: Option<String>,
}

/// A fact of a host that another one has, too.
struct Shared<'s> {
    fact: &'s Fact,
    /// The other host.
    other: &'s str,
}

/// The hosts that were judged so far.
#[derive(Default)]
pub struct Fleet {
    hosts: Vec<Known>,
}

/// A host that was judged: what others are compared with, and what it has in common with those before it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    name: String,
    /// What it calls itself: variants of one machine are called the same.
    host_name: Option<String>,
    facts: Vec<Vec<Fact>>,
    /// By rules, each fact that another host has too, and which.
    shared: Vec<Vec<(String, String)>>,
}

impl Fleet {
    /// Returns the cases of all rules for a host, compared with the hosts before it, and remembers the
    /// host. Further systems of one host are the host itself. `applies` tells whether a rule is wanted.
    pub fn cases(&mut self, host: &mut Host<'_>, applies: &dyn Fn(&str) -> bool) -> Vec<Case> {
        if host.system.kind() != nixos::Kind::Nixos {
            return Vec::new();
        }
        let name = host.system.name().to_owned();
        let host_name = host.text(&["networking", "hostName"]).ok().flatten();
        let mut known = Known {
            name,
            host_name,
            facts: Vec::new(),
            shared: Vec::new(),
        };
        let mut cases = Vec::new();
        for (index, entry) in RULES.iter().enumerate() {
            known.facts.push(Vec::new());
            known.shared.push(Vec::new());
            if !applies(entry.rule.id) {
                continue;
            }
            let case = entry.rule.case().on(known.name.clone(), host.platform());
            cases.push(contained(host, case, |host, case| {
                let found = (entry.facts)(host).and_then(|facts| {
                    let shared = self.shared(index, &known, &facts);
                    known.shared[index] = pairs(&shared);
                    let found: Result<Vec<Found>, Stop> =
                        shared.iter().map(|shared| (entry.found)(host, shared)).collect();
                    known.facts[index].clone_from(&facts);
                    found
                });
                match found {
                    Ok(found) => judged(host, case, found),
                    Err(stop) => stopped(host, case, stop),
                }
            }));
        }
        self.remember(known);
        cases
    }

    /// Whether a host that was judged in another run has in common with the hosts of this one what it had there, so that its
    /// cases are still right.
    pub fn agrees(&self, known: &Known) -> bool {
        let now = known.facts.iter().enumerate();
        let now = now.map(|(index, facts)| pairs(&self.shared(index, known, facts)));
        now.eq(known.shared.iter().cloned())
    }

    /// Remembers a host, so that others are compared with it.
    pub fn remember(&mut self, known: Known) {
        if !self.hosts.iter().any(|other| other.name == known.name) {
            self.hosts.push(known);
        }
    }

    /// Returns how many hosts were judged or remembered.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether no host was judged or remembered yet.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Forgets all hosts but the first ones.
    pub fn truncate(&mut self, hosts: usize) {
        self.hosts.truncate(hosts);
    }

    /// Returns a host that was judged or remembered.
    pub fn host(&self, name: &str) -> Option<&Known> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// Returns which facts of a rule other hosts have too.
    fn shared<'s>(&'s self, index: usize, known: &Known, facts: &'s [Fact]) -> Vec<Shared<'s>> {
        let mut found = Vec::new();
        for fact in facts {
            let others = self.hosts.iter().filter(|other| !is_variant(other, known));
            // What one file says for several hosts is the same machine, or meant.
            let same = |other: &Fact| other.value == fact.value && (other.place.is_none() || other.place != fact.place);
            let has = |other: &&Known| other.facts.get(index).is_some_and(|facts| facts.iter().any(same));
            if let Some(other) = { others }.find(has) {
                found.push(Shared {
                    fact,
                    other: &other.name,
                });
            }
        }
        found
    }
}

/// Returns what hosts have in common as names.
fn pairs(shared: &[Shared<'_>]) -> Vec<(String, String)> {
    let pair = |shared: &Shared<'_>| (shared.fact.value.clone(), shared.other.to_owned());
    shared.iter().map(pair).collect()
}

/// Whether two configurations are of one machine.
fn is_variant(one: &Known, other: &Known) -> bool {
    one.name == other.name || (one.host_name.is_some() && one.host_name == other.host_name)
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check_fleet;

    const MAIL: &str =
        "{ networking.hostName = \"mail\"; fileSystems.\"/srv\".device = \"/dev/disk/by-id/virtio-data-0042\"; }";

    #[test]
    fn a_disk_of_two_hosts_is_told_on_the_second() {
        let same =
            "{ networking.hostName = \"web\"; fileSystems.\"/srv\".device = \"/dev/disk/by-id/virtio-data-0042\"; }";
        let told = "web: web.nix:1:32: `/dev/disk/by-id/virtio-data-0042` is also the disk of the host `mail`: the name belongs to one disk";
        check_fleet(&[("mail", MAIL), ("web", same)], &[told]);
    }

    #[test]
    fn disks_of_one_machine_and_names_that_many_disks_have_are_not_told() {
        // Two configurations of the machine that calls itself `mail`.
        check_fleet(&[("mail", MAIL), ("mail-minimal", MAIL)], &[]);
        let other =
            "{ networking.hostName = \"web\"; fileSystems.\"/srv\".device = \"/dev/disk/by-id/virtio-data-0043\"; }";
        check_fleet(&[("mail", MAIL), ("web", other)], &[]);
        let by_label = "{ fileSystems.\"/srv\".device = \"/dev/disk/by-label/srv\"; networking.hostName = \"a\"; }";
        let another = "{ fileSystems.\"/srv\".device = \"/dev/disk/by-label/srv\"; networking.hostName = \"b\"; }";
        check_fleet(&[("a", by_label), ("b", another)], &[]);
        let short = "{ fileSystems.\"/boot\".device = \"/dev/disk/by-uuid/12CE-A600\"; networking.hostName = \"a\"; }";
        let image = "{ fileSystems.\"/boot\".device = \"/dev/disk/by-uuid/12CE-A600\"; networking.hostName = \"b\"; }";
        check_fleet(&[("a", short), ("b", image)], &[]);
    }

    #[test]
    fn an_identity_of_two_hosts_is_told_on_the_second() {
        let mail = "{ networking = { hostName = \"mail\"; hostId = \"8425e349\"; }; }";
        let web = "{ networking = { hostName = \"web\"; hostId = \"8425e349\"; }; }";
        let told = "web: web.nix:1:36: `8425e349` is also the hostId of the host `mail`";
        check_fleet(&[("mail", mail), ("web", web)], &[told]);
        let other = "{ networking = { hostName = \"web\"; hostId = \"0b1f77ac\"; }; }";
        check_fleet(&[("mail", mail), ("web", other)], &[]);
    }
}
