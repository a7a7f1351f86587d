//! What holds of all fleets, whatever their hosts, waves and failures.

use crate::fleet::{Fleet, Limits, Rollout, Selector, Waves};
use crate::{Ended, Reason};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn a_selector() -> impl Strategy<Value = Selector> {
    prop_oneof![
        "[ab]-[0-3]",
        Just("a-*".to_owned()),
        Just("*-1".to_owned()),
        Just("?-?".to_owned())
    ]
    .prop_map(|text| text.parse().expect("it is a selector"))
}

fn some_selectors() -> impl Strategy<Value = Vec<Selector>> {
    proptest::collection::vec(a_selector(), 0..3)
}

fn an_end() -> impl Strategy<Value = Ended> {
    prop_oneof![
        6 => Just(Ended::Deployed),
        1 => Just(Ended::There),
        1 => Just(Ended::RebootPending),
        1 => Just(Ended::RolledBack("ill".into())),
        1 => Just(Ended::RollbackFailed("gone".into())),
        1 => Just(Ended::Lost("cut".into())),
        1 => Just(Ended::Refused(vec![Reason::new("no")])),
    ]
}

proptest! {
    #[test]
    fn each_host_is_in_one_wave_and_canaries_are_first(
        hosts in proptest::collection::btree_set("[ab]-[0-3]", 0..8),
        canary in some_selectors(),
        waves in proptest::collection::vec(some_selectors(), 0..4),
    ) {
        let hosts: Vec<String> = hosts.into_iter().collect();
        let found = Waves::of(&Fleet::default().tagged(&hosts), &canary, &waves);
        let mut all: Vec<&str> = found.hosts().collect();
        all.sort_unstable();
        prop_assert_eq!(all, hosts.iter().map(String::as_str).collect::<Vec<_>>());
        for (at, wave) in found.0.iter().enumerate() {
            prop_assert!(!wave.hosts.is_empty());
            prop_assert_eq!(wave.is_canary(), at == 0 && canary.iter().any(|selector| selector.fits::<&str>(&wave.hosts[0], &[])));
        }
        let numbers: Vec<usize> = found.0.iter().filter_map(|wave| wave.number).collect();
        prop_assert_eq!(&numbers, &(1..=numbers.len()).collect::<Vec<_>>());
    }

    /// Whatever ends in whatever order: never more than the limit at the same time, no wave before the one before it has ended,
    /// and after too many failures, or one of a canary, nothing is begun.
    #[test]
    fn no_limit_is_broken(
        count in 1usize..9,
        canaries in 0usize..3,
        first in 0usize..5,
        at_once in 1usize..5,
        max_failures in 0usize..3,
        ends in proptest::collection::vec((an_end(), any::<proptest::sample::Index>()), 9),
    ) {
        let hosts: Vec<String> = (0..count).map(|number| format!("h{number}")).collect();
        let exact = |from: usize, to: usize| -> Vec<Selector> {
            (from..to).map(|number| format!("h{number}").parse().expect("it is a selector")).collect()
        };
        let waves = Waves::of(&Fleet::default().tagged(&hosts), &exact(0, canaries), &[exact(canaries, canaries + first)]);
        let mut rollout = Rollout::new(waves.clone(), Limits { at_once, max_failures });
        let mut under_way: Vec<String> = Vec::new();
        let mut done: BTreeSet<String> = BTreeSet::new();
        let (mut failures, mut must_stop) = (0, false);
        let mut ends = ends.into_iter();
        loop {
            while let Some(host) = rollout.begin() {
                prop_assert!(!must_stop, "{} was begun after a stop", host);
                prop_assert!(!done.contains(&host) && !under_way.contains(&host));
                let before = waves.0.iter().take_while(|wave| !wave.hosts.contains(&host));
                for wave in before {
                    prop_assert!(wave.hosts.iter().all(|name| done.contains(name)));
                }
                under_way.push(host);
                prop_assert!(under_way.len() <= at_once);
            }
            if under_way.is_empty() {
                break;
            }
            let (ended, which) = ends.next().expect("there is one for each host");
            let host = under_way.swap_remove(which.index(under_way.len()));
            failures += usize::from(ended.is_failure());
            let is_canary = waves.wave_of(&host).is_some_and(|wave| wave.is_canary());
            must_stop |= ended.is_failure() && is_canary;
            must_stop |= failures > max_failures || matches!(ended, Ended::RollbackFailed(_));
            done.insert(host.clone());
            rollout.end(&host, ended);
        }
        prop_assert_eq!(must_stop, rollout.why_stopped().is_some());
        let all = rollout.ended();
        prop_assert_eq!(all.len(), count);
        for (host, ended) in all {
            prop_assert_eq!(matches!(ended, Ended::NotBegun(_)), !done.contains(&host));
        }
        prop_assert!(must_stop || done.len() == count);
    }
}
