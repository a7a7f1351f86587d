//! Units are read from whatever a machine says, and compared.

use super::*;
use proptest::prelude::*;

/// Returns units by lines such as `wiki.service active running`; a fourth word is the number of restarts, a fifth the
/// id of the start.
fn units(lines: &[&str]) -> Units {
    let mut text = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let exit = if word(2).starts_with("auto") || word(1) == "failed" {
            1
        } else {
            0
        };
        text.push_str(&format!(
            "NRestarts={}\nExecMainStatus={exit}\nId={}\nLoadState=loaded\nActiveState={}\nSubState={}\n\
             InvocationID={}\nWantedBy=multi-user.target\n\n",
            word(3),
            word(0),
            word(1),
            word(2),
            word(4)
        ));
    }
    Units::read(text.as_bytes())
}

fn told(troubles: &[Trouble]) -> Vec<String> {
    let word = |trouble: &Trouble| {
        let again = if trouble.restarting { " again" } else { "" };
        format!("{} {:?}{again}", trouble.unit, trouble.before)
    };
    troubles.iter().map(word).collect()
}

#[test]
fn a_unit_that_fails_anew_is_found() {
    let check = |old: &[&str], now: &[&str], expected: &[&str]| {
        let found = newly_failed(&units(old), &units(now));
        assert_eq!(told(&found), expected, "{old:?} {now:?}");
    };
    let failed = "wiki.service failed failed";
    let runs = "wiki.service active running";
    check(&[], &[failed], &["wiki.service Absent"]);
    check(&[runs], &[failed], &["wiki.service Active"]);
    check(&["wiki.service inactive dead"], &[failed], &["wiki.service Inactive"]);
    check(&[failed], &[failed], &[]);
    check(&[runs], &[runs], &[]);
    check(&[failed], &[runs], &[]);
    check(
        &[runs],
        &["wiki.service activating auto-restart"],
        &["wiki.service Active again"],
    );
    check(&["wiki.service activating auto-restart"], &[failed], &[]);
    check(
        &[runs],
        &["wiki.service active running 3"],
        &["wiki.service Active again"],
    );
    check(&[runs], &["wiki.service active running 2"], &[]);
    check(
        &["wiki.service active running 7"],
        &["wiki.service active running 2"],
        &[],
    );
}

#[test]
fn what_ran_before_has_to_run_again() {
    let check = |old: &[&str], now: &[&str], expected: &[&str]| {
        let found = not_back(&units(old), &units(now));
        assert_eq!(told(&found), expected, "{old:?} {now:?}");
    };
    check(
        &["a.service active running"],
        &["a.service failed failed"],
        &["a.service Active"],
    );
    check(
        &["a.service active running"],
        &["a.service inactive dead"],
        &["a.service Active"],
    );
    check(&["a.service active running"], &[], &["a.service Active"]);
    check(&["a.service active running"], &["a.service activating start"], &[]);
    check(&["a.service active exited"], &["a.service inactive dead"], &[]);
    check(
        &["a.service active exited"],
        &["a.service failed failed"],
        &["a.service Active"],
    );
    check(
        &["a.socket active listening"],
        &["a.socket inactive dead"],
        &["a.socket Active"],
    );
    check(
        &["session-1.scope active running", "dev-vda.device active plugged"],
        &[],
        &[],
    );
    check(&["a.service failed failed"], &["a.service failed failed"], &[]);
    check(
        &["a.service active running"],
        &["a.service activating auto-restart"],
        &["a.service Active again"],
    );
}

#[test]
fn services_with_another_start_were_started() {
    let old = units(&[
        "a.service active running 0 1",
        "b.service active running 0 1",
        "c.service inactive dead",
        "d.service active running 0 1",
    ]);
    let now = units(&[
        "a.service active running 0 2",
        "b.service active running 0 1",
        "c.service active running 0 5",
        "d.service inactive dead",
        "e.service failed failed 0 6",
        "f.socket active listening 0 7",
    ]);
    assert_eq!(started(&old, &now), ["a.service", "c.service", "e.service"]);
}

#[test]
fn starts_are_timed() {
    let text = "Id=a.service\nInactiveExitTimestampMonotonic=1000000\nActiveEnterTimestampMonotonic=3500000\n\n\
                Id=b.service\nInactiveExitTimestampMonotonic=0\nActiveEnterTimestampMonotonic=0\n\n\
                Id=c.service\nInactiveExitTimestampMonotonic=5\nActiveEnterTimestampMonotonic=2\n\n\
                Id=d.service\nInactiveExitTimestampMonotonic=1\nActiveEnterTimestampMonotonic=6000001\n";
    let slowest = Units::read(text.as_bytes());
    let expected = [
        ("d.service", Duration::from_secs(6)),
        ("a.service", Duration::from_millis(2500)),
    ];
    assert_eq!(slowest.slowest(5), expected);
    assert_eq!(slowest.slowest(1), expected[..1]);
}

#[test]
fn the_list_of_all_units_is_read_before_what_more_is_told_of_some() {
    let text = "dev-a\\x2db.device loaded active plugged /dev/a=b\n\
                wiki.service loaded activating auto-restart The wiki\n\
                gone.service not-found inactive dead gone.service\n\
                -- a\nshort loaded\n\n\
                Id=wiki.service\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\nExecMainStatus=1\n\
                NRestarts=3\nWantedBy=multi-user.target other.target\n";
    let units = Units::read(text.as_bytes());
    let told: Vec<_> = units
        .0
        .iter()
        .map(|(name, unit)| {
            format!(
                "{name} {} {:?} {} {}",
                unit.loaded, unit.state, unit.sub_state, unit.restarts
            )
        })
        .collect();
    let expected = [
        "dev-a\\x2db.device true Active plugged 0",
        "gone.service false Inactive dead 0",
        "wiki.service true Activating auto-restart 3",
    ];
    assert_eq!(told, expected);
    assert_eq!(units.failing().collect::<Vec<_>>(), ["wiki.service"]);
}

#[test]
fn names_that_no_unit_has_are_left_out() {
    let long = format!("Id={}\n\n", "a".repeat(256));
    for text in [
        "Id=\u{1b}[2J.service\n\n",
        "Id=\n\n",
        "ActiveState=failed\n\n",
        "Id=a b.service\n",
        &long,
    ] {
        assert_eq!(Units::read(text.as_bytes()), Units::default(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_answer_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..200),
                          text in "((Id|ActiveState|NRestarts|SubState|ExecMainStatus|InvocationID)=[a-z0-9.-]{0,12}\n|\n){0,20}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let units = Units::read(bytes);
            prop_assert!(newly_failed(&units, &units).is_empty());
            prop_assert!(started(&units, &units).is_empty());
            prop_assert!(units.table().lines().count() == units.0.len());
        }
    }
}
