//! What each rule of a run in a machine asks for.

use report::RuleDoc;

/// The rules: id, what it asks for, why, and what to do.
const RULES: [[&str; 4]; 37] = [
    [
        "activation-failed",
        "The activation succeeds",
        "A script of the activation that fails leaves the machine half configured; the switch goes on all the same.",
        "Let the script succeed also when there is nothing to do: it runs at each boot and at each switch.",
    ],
    [
        "activation-timed-out",
        "The activation ends",
        "A script that waits for something holds the lock of the switch, and the boot.",
        "Wait in a unit, with an end: `serviceConfig.TimeoutStartSec`.",
    ],
    [
        "boot-default-wrong",
        "The boot loader starts the generation that was made the default",
        "A machine that starts something else after a power loss runs what nobody has tested.",
        "Look at what installs the boot loader, and at its settings.",
    ],
    [
        "boot-failed",
        "The machine boots",
        "A machine that does not come back has to be mended by hand.",
        "Look at the console and the journal that are kept of the run.",
    ],
    [
        "boot-loader-failed",
        "The boot loader can be installed",
        "Without it the machine starts the older generation at the next boot.",
        "Look at what the installer says.",
    ],
    [
        "boot-partition-full",
        "The boot partition has room for another generation",
        "A full partition keeps the boot loader as it was, or leaves it half written.",
        "Make the partition larger, or keep fewer generations.",
    ],
    [
        "boot-slow",
        "The boot takes no longer than its budget",
        "Each second of the boot is one in which the machine does nothing.",
        "Look at the slowest units, which are kept of the run.",
    ],
    [
        "boot-timed-out",
        "The boot ends",
        "A unit that others wait for and that never becomes ready keeps everybody out.",
        "Give the unit an end (`TimeoutStartSec`), or start it without making others wait.",
    ],
    [
        "closure-exceeded",
        "A host takes no more in the store than its budget",
        "Disks get full, and each switch copies what is new.",
        "Look at what has come with `cfgcheck diff`.",
    ],
    [
        "disko-failed",
        "The scripts of disko make the host's disks",
        "A machine whose disks cannot be made anew cannot be installed again after its disk has died.",
        "Look at what the script says; sizes have to fit disks of 30 GiB here.",
    ],
    [
        "fstab-changed",
        "A switch leaves file systems mounted",
        "A switch unmounts what is gone or has another device, under the programs that use it.",
        "Move the data first, and stop what uses it.",
    ],
    [
        "home-activation-failed",
        "The activation of a home succeeds",
        "A home that is activated in part has links to two generations, and the rest of what it was.",
        "Let the block succeed also when there is nothing to do, and move away the files that are in the way.",
    ],
    [
        "home-rollback-failed",
        "A home can be gone back to",
        "Who goes back does so in trouble, and has nothing else left.",
        "Let blocks of the activation leave nothing that the older home does not understand.",
    ],
    [
        "home-unit-failed",
        "No unit of the user fails that did not fail before",
        "It is what the change of the home breaks.",
        "Look at its journal: `journalctl --user --unit NAME`.",
    ],
    [
        "kernel-panicked",
        "The kernel runs",
        "A machine whose kernel panics has to be mended by hand.",
        "Boot into it in a virtual machine before it is made the default.",
    ],
    [
        "machine-hangs",
        "The machine answers",
        "What hangs cannot be rolled back.",
        "Look at the console and the journal that are kept of the run.",
    ],
    [
        "machine-off",
        "The machine stays on",
        "A change that turns a machine off needs somebody to turn it on.",
        "Look at the console that is kept of the run.",
    ],
    [
        "memory-exceeded",
        "A booted machine uses no more memory than its budget",
        "What the system takes, its work lacks.",
        "Look at the units that have come.",
    ],
    [
        "network-lost",
        "The machine can be reached after a switch and after a boot",
        "A switch that nobody can confirm is rolled back, if anybody is there to do so.",
        "Compare the address with that of the gateway.",
    ],
    [
        "pre-switch-check-failed",
        "The checks before the switch succeed",
        "They say that the machine is not ready for the change.",
        "Do what the check asks for.",
    ],
    [
        "reboot-needed",
        "A change that counts after a reboot only is one that a reboot is planned for",
        "Until then, what runs is not what was switched to.",
        "Plan a reboot.",
    ],
    [
        "restarts-exceeded",
        "A switch restarts no more units than its budget",
        "Each restart is an interruption for somebody.",
        "Set `restartIfChanged = false` for what may wait for the next boot.",
    ],
    [
        "rollback-failed",
        "A rollback brings back what ran before",
        "Who rolls back does so in trouble, and has nothing else left.",
        "Keep data readable for the older release until nobody goes back to it.",
    ],
    [
        "screenshot-missing",
        "A picture that a scenario asks for can be taken",
        "Without it there is nothing to look at.",
        "Run with a screen.",
    ],
    [
        "shutdown-timed-out",
        "The machine goes down when it is told to",
        "A reboot that hangs leaves the machine where nobody can reach it.",
        "Give the units that it waits for an end: `TimeoutStopSec`.",
    ],
    [
        "step-failed",
        "What a scenario expects is so",
        "Somebody wrote it down because it matters.",
        "Mend the change, or the scenario.",
    ],
    [
        "step-flaky",
        "What a scenario expects is so at once",
        "What succeeds at times only fails when it is needed.",
        "Wait for what it needs, with `wait_for_unit` or `wait_for_port`.",
    ],
    [
        "switch-failed",
        "A switch succeeds",
        "A switch that fails leaves the machine between two generations.",
        "Look at what it says, which is kept of the run.",
    ],
    [
        "switch-inhibited",
        "A switch is not inhibited",
        "The change must not be made in a running system.",
        "Make it the default and reboot: `nixos-rebuild boot`.",
    ],
    [
        "switch-interrupted",
        "A switch runs to its end",
        "One that is killed in the middle leaves a machine of which nobody knows what it runs.",
        "Let nothing that the switch starts or stops end it.",
    ],
    [
        "switch-leftovers",
        "A rollback finds nothing of an interrupted switch",
        "What it was about to start or restart is written down, and the next switch does it, also one that goes back.",
        "Remove `/run/nixos/start-list`, `restart-list` and `reload-list` before going back.",
    ],
    [
        "switch-locked",
        "No other switch runs",
        "Two switches at once would leave neither generation.",
        "Wait until the other one has ended.",
    ],
    [
        "switch-timed-out",
        "A switch ends",
        "A unit that a switch waits for holds its lock, and the next switch cannot begin.",
        "Give the unit an end (`TimeoutStartSec`).",
    ],
    [
        "unit-failed",
        "No unit fails that did not fail before",
        "It is what the change breaks.",
        "Look at its journal, which is kept of the run.",
    ],
    [
        "unit-interrupted",
        "A switch leaves running what is to keep running",
        "`cfgcheck.yaml` says that its interruption is dear.",
        "`restartIfChanged = false` leaves it as it is until the next boot.",
    ],
    [
        "unit-slow",
        "A unit takes no longer to start than its budget",
        "Others wait for it at each boot.",
        "Look at what it does before it is ready.",
    ],
    [
        "vm-unjudged",
        "What is to be tried can be tried",
        "What could not be judged is no pass.",
        "Mend what runs today, or the machine that this runs on.",
    ],
];

/// Returns the ids of the rules of a run in a machine, in their order.
pub fn ids() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|[id, ..]| *id)
}

/// Returns what the rules of a run in a machine ask for.
pub fn rules() -> impl Iterator<Item = RuleDoc> {
    RULES.iter().map(|[id, title, why, fix]| RuleDoc {
        id: (*id).to_owned(),
        title: (*title).to_owned(),
        why: (*why).to_owned(),
        fix: (*fix).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_once() {
        let ids: Vec<String> = rules().map(|rule| rule.id).collect();
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(ids, sorted);
    }
}
