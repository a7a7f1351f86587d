//! Which host comes next, and when no other one does.

use super::{names, selectors};
use crate::fleet::{Fleet, Limits, Rollout, Waves};
use crate::{Ended, Reason};

/// Returns a rollout of the hosts a, b, c, d and e, of which a is the canary, and b and c are the first wave.
fn rollout(at_once: usize, max_failures: usize) -> Rollout {
    let hosts = Fleet::default().tagged(&names("a b c d e"));
    let waves = Waves::of(&hosts, &selectors("a"), &[selectors("b c")]);
    Rollout::new(waves, Limits { at_once, max_failures })
}

/// Carries a rollout out, with what is told of each host, and returns how each ended.
fn ended(mut rollout: Rollout, of: &[(&str, Ended)]) -> String {
    loop {
        let mut begun = Vec::new();
        while let Some(host) = rollout.begin() {
            begun.push(host);
        }
        if begun.is_empty() {
            break;
        }
        for host in begun {
            let ended = of
                .iter()
                .find(|(name, _)| *name == host)
                .map(|(_, ended)| ended.clone());
            rollout.end(&host, ended.unwrap_or(Ended::Deployed));
        }
    }
    assert!(!rollout.is_under_way());
    let all = rollout.ended();
    let words = all.iter().map(|(host, ended)| match ended {
        Ended::NotBegun(why) => format!("{host} not begun ({why})"),
        other => format!("{host} {}", other.word()),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_failure_stops_what_was_not_begun() {
    let back = || Ended::RolledBack("it is ill".into());
    for (at_once, max_failures, of, expected) in [
        (
            1,
            0,
            vec![],
            "a deployed, b deployed, c deployed, d deployed, e deployed",
        ),
        (
            5,
            9,
            vec![("a", back())],
            "a rolled back, b not begun (a was rolled back, and is the canary), c not begun (a was rolled back, and is the canary), \
             d not begun (a was rolled back, and is the canary), e not begun (a was rolled back, and is the canary)",
        ),
        (
            1,
            0,
            vec![("b", back())],
            "a deployed, b rolled back, c not begun (b was rolled back), d not begun (b was rolled back), \
             e not begun (b was rolled back)",
        ),
        // What is under way ends.
        (
            2,
            0,
            vec![("b", back())],
            "a deployed, b rolled back, c deployed, d not begun (b was rolled back), e not begun (b was rolled back)",
        ),
        (
            1,
            1,
            vec![("b", back()), ("d", Ended::Lost("cut".into()))],
            "a deployed, b rolled back, c deployed, d lost, e not begun (d was lost on the way, and no more than 1 may fail)",
        ),
        (
            1,
            9,
            vec![("b", Ended::RollbackFailed("it is gone".into()))],
            "a deployed, b rollback failed, c not begun (b could not be rolled back), d not begun (b could not be rolled back), \
             e not begun (b could not be rolled back)",
        ),
        (
            1,
            2,
            vec![("b", Ended::Refused(vec![Reason::new("no")])), ("c", back())],
            "a deployed, b refused, c rolled back, d deployed, e deployed",
        ),
        (
            2,
            0,
            vec![("a", Ended::There), ("b", Ended::RebootPending)],
            "a as before, b reboot pending, c deployed, d deployed, e deployed",
        ),
    ] {
        assert_eq!(ended(rollout(at_once, max_failures), &of), expected);
    }
}

#[test]
fn a_wave_waits_for_the_one_before() {
    let mut rollout = rollout(3, 0);
    assert_eq!(rollout.begin().as_deref(), Some("a"));
    assert_eq!(rollout.begin(), None);
    rollout.end("a", Ended::Deployed);
    assert_eq!((rollout.begin(), rollout.begin()), (Some("b".into()), Some("c".into())));
    rollout.end("b", Ended::Deployed);
    assert_eq!(rollout.begin(), None);
    rollout.end("c", Ended::Deployed);
    assert_eq!(rollout.begin().as_deref(), Some("d"));
    rollout.stop("it was interrupted");
    rollout.stop("again");
    assert_eq!(rollout.begin(), None);
    assert!(rollout.is_under_way());
    assert_eq!(rollout.ended()[4].1, Ended::NotBegun("it was interrupted".into()));
}
