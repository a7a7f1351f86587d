//! The order in which hosts are deployed to.

use super::selector::Selector;
use std::fmt;

/// The order in which hosts are deployed to: a wave begins when the one before it has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waves(pub Vec<Wave>);

/// Hosts that are deployed to beside each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wave {
    /// Its number, from one; none for the canaries.
    pub number: Option<usize>,
    /// The names of its hosts; at least one.
    pub hosts: Vec<String>,
}

impl fmt::Display for Wave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            None => f.write_str("canary"),
            Some(number) => write!(f, "wave {number}"),
        }
    }
}

impl Wave {
    /// Whether its hosts are canaries.
    pub fn is_canary(&self) -> bool {
        self.number.is_none()
    }
}

impl Waves {
    /// Returns the waves of hosts, which are names with their tags: the canaries, then what each of `waves` means, then the rest.
    /// A host is in the first one that means it, and in the order of `hosts` there.
    pub fn of(hosts: &[(String, Vec<String>)], canary: &[Selector], waves: &[Vec<Selector>]) -> Waves {
        let mut left: Vec<&(String, Vec<String>)> = hosts.iter().collect();
        let mut take = |selectors: &[Selector]| {
            let (taken, rest) = left
                .iter()
                .copied()
                .partition::<Vec<_>, _>(|(name, tags)| selectors.iter().any(|selector| selector.fits(name, tags)));
            left = rest;
            taken.into_iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let mut found = vec![(true, take(canary))];
        found.extend(waves.iter().map(|wave| (false, take(wave))));
        found.push((false, left.iter().map(|(name, _)| name.clone()).collect()));
        let mut number = 0;
        let named = found.into_iter().filter(|(_, hosts)| !hosts.is_empty());
        Waves(
            named
                .map(|(is_canary, hosts)| {
                    number += usize::from(!is_canary);
                    Wave {
                        number: (!is_canary).then_some(number),
                        hosts,
                    }
                })
                .collect(),
        )
    }

    /// Returns the wave of a host.
    pub fn wave_of(&self, host: &str) -> Option<&Wave> {
        self.0.iter().find(|wave| wave.hosts.iter().any(|name| name == host))
    }

    /// Returns all hosts in their order.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|wave| wave.hosts.iter().map(String::as_str))
    }

    /// Returns the waves without some hosts.
    pub fn without(&self, is_left_out: impl Fn(&str) -> bool) -> Waves {
        let kept = self.0.iter().map(|wave| Wave {
            number: wave.number,
            hosts: wave.hosts.iter().filter(|host| !is_left_out(host)).cloned().collect(),
        });
        Waves(kept.filter(|wave| !wave.hosts.is_empty()).collect())
    }
}
