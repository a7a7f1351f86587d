//! Homes on a machine that answers by script.

use super::*;
use crate::generation::Stage2;
use crate::guest::Down;
use std::collections::VecDeque;

const BASE: &str = "/nix/store/00000000000000000000000000000001-home-manager-generation";
const HEAD: &str = "/nix/store/00000000000000000000000000000002-home-manager-generation";

/// A machine: the answers to each activation in their order, to each question for failed units, and for links.
#[derive(Default)]
struct Scripted {
    activations: VecDeque<(i32, &'static str)>,
    failed: VecDeque<&'static str>,
    links: VecDeque<&'static str>,
    asked: Vec<String>,
}

fn ended(code: i32, output: &str) -> Ended {
    Ended {
        code,
        output: output.into(),
        truncated: false,
    }
}

impl Guest for Scripted {
    fn start(&mut self, start: &Start, _: Duration) -> Result<Generation, GuestError> {
        match start {
            Start::Generation(generation) => Ok(generation.clone()),
            Start::Default => Err(GuestError::Off {
                why: "not asked for".into(),
            }),
        }
    }

    fn stop(&mut self, _: Down, _: Duration) -> Result<(), GuestError> {
        Ok(())
    }

    fn run(&mut self, call: &Call, limit: Duration, _: &mut dyn FnMut(&[u8])) -> Result<Ended, GuestError> {
        let script = call.argv[2].as_str();
        let is_user = call.user.as_deref() == Some("alice");
        Ok(match script {
            PREPARE if !is_user => ended(0, ""),
            ACTIVATE if is_user => {
                self.asked.push(call.argv[4].clone());
                match self.activations.pop_front().unwrap_or((0, "")) {
                    (-1, _) => {
                        return Err(GuestError::TimedOut {
                            what: "it".into(),
                            limit,
                        });
                    }
                    (code, output) => ended(code, output),
                }
            }
            FAILED if is_user => ended(0, self.failed.pop_front().unwrap_or_default()),
            LINKS if is_user => ended(0, self.links.pop_front().unwrap_or_default()),
            _ if is_user => ended(0, "/home/alice\n"),
            _ => ended(1, ""),
        })
    }

    fn read(&mut self, _: &str, _: u64) -> Result<Vec<u8>, GuestError> {
        Ok(Vec::new())
    }

    fn write(&mut self, _: &str, _: &[u8], _: bool) -> Result<(), GuestError> {
        Ok(())
    }

    fn listens(&mut self, _: u16) -> Result<bool, GuestError> {
        Ok(false)
    }

    fn reaches(&mut self, _: &str) -> Result<bool, GuestError> {
        Ok(false)
    }

    fn console(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn screenshot(&mut self) -> Result<Vec<u8>, GuestError> {
        Ok(Vec::new())
    }

    fn plug(&mut self, _: bool) -> Result<(), GuestError> {
        Ok(())
    }

    fn pause(&mut self, _: Duration) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// Returns what is told of a home on a machine, and the homes that were activated.
fn told(mut guest: Scripted) -> (Vec<String>, Outcome, Vec<String>) {
    let path = |text: &str| StorePath::parse(text).expect("a store path");
    let machine = Generation {
        toplevel: path("/nix/store/00000000000000000000000000000003-nixos"),
        kernel: "kernel".into(),
        initrd: "initrd".into(),
        modules: None,
        parameters: String::new(),
        init: "init".into(),
        stage2: Stage2::Init,
        specialisations: Vec::new(),
    };
    let (base, head) = (path(BASE), path(HEAD));
    let settings = Settings::default();
    let played = play(
        &HomePlay {
            user: "alice",
            machine: &machine,
            base: &base,
            head: &head,
            settings: &settings,
        },
        &mut guest,
        &mut |_| {},
    );
    let found = played.found.iter().map(|found| {
        let hint = found.hint.as_deref().unwrap_or("-");
        format!("{}: {} ({:?}; {hint})", found.rule, found.message, found.blame)
    });
    let properties = played.properties.iter().map(|(name, value)| format!("{name}={value}"));
    (found.chain(properties).collect(), played.outcome, guest.asked)
}

#[test]
fn a_home_goes_there_and_back() {
    let base = ".bashrc\t/nix/store/x-home-manager-files/.bashrc\n";
    let guest = Scripted {
        links: VecDeque::from([
            base,
            ".bashrc\t/nix/store/y-home-manager-files/.bashrc\n.vimrc\t/nix/store/y-home-manager-files/.vimrc\n",
            base,
        ]),
        ..Scripted::default()
    };
    let (found, outcome, asked) = told(guest);
    assert_eq!(
        (outcome, &found[..]),
        (Outcome::Passed, &["files=with .vimrc".to_owned()][..])
    );
    assert_eq!(asked, [BASE, HEAD, BASE]);
}

#[test]
fn what_goes_wrong_is_told_with_its_block() {
    let failed = "Activating writeBoundary\nActivating notes\n\u{1b}[31mmkdir: cannot create /srv/notes\n";
    let clobbered = "Activating checkLinkTargets\nExisting file '/home/alice/.vimrc' would be clobbered\n";
    for (activations, expected, outcome) in [
        (
            vec![(0, ""), (1, failed)],
            "home-activation-failed: its activation ends with 1 in `notes` (HomeBlock(\"notes\"); it says: ␛[31mmkdir: cannot create /srv/notes)",
            Outcome::Failed,
        ),
        (
            vec![(0, ""), (1, clobbered)],
            "home-activation-failed: its activation finds files in the way of the home's links: /home/alice/.vimrc (HomeFile(\".vimrc\"); it says: Existing file '/home/alice/.vimrc' would be clobbered)",
            Outcome::Failed,
        ),
        (
            vec![(0, ""), (-1, "")],
            "home-activation-failed: the activation does not end within 120 s (Host; -)",
            Outcome::Failed,
        ),
        (
            vec![(0, ""), (0, ""), (2, "Activating notes\n")],
            "home-rollback-failed: going back ends with 2 in `notes` (HomeBlock(\"notes\"); it says: Activating notes)",
            Outcome::Failed,
        ),
        (
            vec![(3, "")],
            "vm-unjudged: this could not be tried: what the user has today: its activation ends with 3 before it begins (Host; -)",
            Outcome::Errored,
        ),
    ] {
        let guest = Scripted {
            activations: activations.into(),
            ..Scripted::default()
        };
        let (found, ended, _) = told(guest);
        assert_eq!((found, ended), (vec![expected.to_owned()], outcome));
    }
}

#[test]
fn a_failed_home_is_left_again() {
    let guest = Scripted {
        activations: VecDeque::from([(0, ""), (1, "Activating notes\n"), (0, "")]),
        links: VecDeque::from(["a\tb\n", ""]),
        ..Scripted::default()
    };
    let (found, _, asked) = told(guest);
    assert_eq!(asked, [BASE, HEAD, BASE]);
    assert_eq!(
        found[1],
        "home-rollback-failed: after going back, the home is not what it was: without a (Host; -)"
    );
}

#[test]
fn units_that_failed_before_are_not_blamed_on_the_change() {
    let guest = Scripted {
        failed: VecDeque::from([
            "old.service loaded failed failed Old\n",
            "old.service x\nnew.service x\n",
        ]),
        ..Scripted::default()
    };
    let (found, outcome, _) = told(guest);
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(
        found,
        ["home-unit-failed: the user's new.service fails, which did not before (HomeUnit(\"new.service\"); -)"]
    );
}

#[test]
fn files_that_are_moved_away_are_told() {
    let said = "Existing file '/home/alice/.vimrc' is in the way, and will be moved to '/home/alice/.vimrc.old'\n";
    let guest = Scripted {
        activations: VecDeque::from([(0, ""), (0, said)]),
        ..Scripted::default()
    };
    let (found, _, _) = told(guest);
    assert_eq!(found, ["moved-away-activate-head=/home/alice/.vimrc"]);
}
