//! A host whose root turns against whoever tries it: it ends the agent, speaks in its place, and says what is not so.

use std::collections::BTreeSet;

use report::Outcome;

use crate::folder::copy;
use crate::place::{HOST, Place, cache};

const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "path:../../inputs/nixpkgs";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations.web = nixpkgs.lib.nixosSystem {
        modules = [
          ../base/machine.nix
          ./evil.nix
        ];
      };
    };
}
"#;

/// One service fails and says what steers a terminal; the other one waits for a word, ends the agent, and tells on its line
/// that all is well.
const EVIL: &str = r#"{
  systemd.services.liar = {
    wantedBy = [ "multi-user.target" ];
    script = ''
      printf 'all is well\033[2J\033]0;owned\a\r\n' | tee /dev/console >&2
      exit 1
    '';
  };
  systemd.services.evil = {
    wantedBy = [ "multi-user.target" ];
    script = ''
      ln -sfn ../../../../etc/passwd /run/loot
      until [ -e /run/now ]; do sleep 1; done
      for process in /proc/[0-9]*; do
        case "$(head -c 1 "$process/cmdline" | tr '\0' ' ')" in @) kill -KILL "''${process#/proc/}" ;; esac
      done
      # The end of a program with the code 0, whichever call it is of.
      while :; do
        for port in /dev/vport*p1; do
          printf 'cfg\001\001\000\000\000\005\000\000\000\003\000\000\000\000' >"$port" || sleep 1
        done
      done
    '';
  };
}
"#;

/// The last step would last for longer than any test.
const SCENARIO: &str = r#"description: a machine that turns against whoever tries it
hosts: [web]
steps:
- boot: base
- switch_to: head
- get: { path: /run/loot, name: loot.txt }
- run: { command: "touch /run/now; exec sleep 100000", within: 10h }
"#;

#[test]
fn live_a_machine_that_turns_against_us_ends_in_a_clear_word() {
    let place = Place::new();
    let folder = place.folder("evil");
    std::fs::create_dir_all(folder.join("vm-tests")).expect("a folder can be made");
    copy(&place.folder("bootable").join("flake.lock"), &folder.join("flake.lock"));
    for (name, text) in [
        ("flake.nix", FLAKE),
        ("evil.nix", EVIL),
        ("vm-tests/evil.yaml", SCENARIO),
    ] {
        std::fs::write(folder.join(name), text).expect("a file can be written");
    }
    let artifacts = tempfile::tempdir_in(cache()).expect("a folder can be made");
    let temporary = tempfile::tempdir().expect("a folder can be made");
    let mut run = place.vm(("bootable", HOST), "evil");
    run.env("TMPDIR", temporary.path())
        .arg("--artifacts")
        .arg(artifacts.path());
    let output = run.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();

    let report = report::json::read(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{told}"));
    let found: Vec<(&str, &str)> = report
        .findings()
        .map(|(_, finding)| (finding.rule.as_str(), finding.message.as_str()))
        .collect();
    let expected = [
        (
            "unit-failed",
            "after the switch liar.service has failed, which was not there before (switch-to-configuration exits 4)",
        ),
        (
            "vm-unjudged",
            "this could not be tried: the agent in the machine does not answer as it should: it has ended, or was killed",
        ),
    ];
    assert_eq!(found, expected, "{told}");
    let outcomes: Vec<&Outcome> = report.cases.iter().map(|case| &case.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Failed], "{told}");
    assert_eq!(output.status.code(), Some(1), "{told}");

    // Nothing of what it says steers a terminal, and nothing comes to lie elsewhere or stays.
    let steers = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!steers(&told), "{told:?}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(!steers(&stdout) && !stdout.contains("\\u001b"), "{stdout}");
    let names = |folder: &std::path::Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder can be listed");
        entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names(artifacts.path()), [HOST.to_owned()].into());
    let kept = artifacts.path().join(HOST).join("evil");
    let expected = [
        "console.log",
        "loot.txt",
        "measured-base.txt",
        "test-head.txt",
        "units-before.txt",
        "units-switch.txt",
    ];
    assert_eq!(names(&kept), expected.map(str::to_owned).into());
    let loot = std::fs::read_to_string(kept.join("loot.txt")).expect("it is kept");
    assert_ne!(loot, std::fs::read_to_string("/etc/passwd").expect("it can be read"));
    assert!(names(temporary.path()).is_empty());
    // Runs of other tests hold the locks of theirs.
    let runs = cache().join("cfgcheck/vm");
    let is_left = |name: &String| {
        let lock = std::fs::File::open(runs.join(name).join("lock"));
        name.starts_with("cfgcheck-run-") && lock.is_ok_and(|lock| lock.try_lock().is_ok())
    };
    assert_eq!(names(&runs).into_iter().find(is_left), None);
}
