//! Deployments of a home on the server, as its user: each ends on the new home, or where it began.

use crate::host::Host;

/// Bob's home, which is no part of the system.
struct Bob<'h> {
    host: &'h mut Host,
}

/// What is durable of its deployments.
const STATE: &str = "~/.local/state/cfgcheck/switch.json";

/// What a home has of the test's: nothing, or all that says a word.
type Word = Option<&'static str>;

impl Bob<'_> {
    /// Runs commands as bob, as a session has it.
    fn run(&mut self, commands: &str) -> (i32, String) {
        let commands = commands.replace('\'', r"'\''");
        self.host.machine().run(&format!(
            "cd /home/bob && setpriv --reuid bob --regid users --clear-groups env -i USER=bob HOME=/home/bob \
             PATH=/run/current-system/sw/bin XDG_RUNTIME_DIR=/run/user/$(id -u bob) bash -c '{commands}' 2>&1"
        ))
    }

    fn command(&self, name: &str, more: &str) -> String {
        let path = self.host.path(name);
        format!("cfgcheck switch --home --system {path} --override test --grace 1 {more}")
    }

    /// Deploys a home, which has to end with this code and say this.
    fn deploys(&mut self, name: &str, more: &str, code: i32, said: &str) {
        let command = self.command(name, more);
        let (ended, output) = self.run(&command);
        assert_eq!(ended, code, "{name}\n{output}\n{}", self.journal());
        assert!(output.contains(said), "{said} is not in:\n{output}");
    }

    /// Has a home be deployed, and returns as soon as it is examined, which takes some seconds.
    fn is_examining(&mut self, name: &str) {
        let switch = self.command(name, "--healthy-command \"sleep 5\"");
        self.run(&format!(
            "rm -f /tmp/test-*; ({switch}; echo $? >/tmp/test-code) >/tmp/test-said 2>&1 & \
             until grep -q examining {STATE} || [ -e /tmp/test-code ]; do sleep 0.1; done"
        ));
    }

    fn journal(&mut self) -> String {
        self.host
            .machine()
            .run("journalctl -b -n 80 --no-pager _UID=$(id -u bob)")
            .1
    }

    /// Asserts what bob has: the generation with its profile, the files, the programs and the services.
    fn has(&mut self, generation: &str, word: Word) {
        let state = "~/.local/state";
        let (code, seen) = self.run(&format!(
            "readlink -e {state}/home-manager/gcroots/current-home; readlink -e {state}/nix/profiles/home-manager; \
             cat .test-word; ls .config/test; ~/.nix-profile/bin/test-word; \
             systemctl --user list-units --plain --no-legend --state=active,failed 'test-*' 'cfgcheck-rollback*' \
             | cut -d' ' -f1"
        ));
        let expected = match word {
            Some(word) => {
                let path = self.host.path(generation);
                format!("{path}\n{path}\n{word}\nonly-{word}\n{word}\ntest-home.service\ntest-only-{word}.service\n")
            }
            None => String::new(),
        };
        // What is not there is told by each program in its own words; one service is of all users.
        let lines = seen.lines();
        let lines = lines.filter(|line| !line.contains("No such file") && *line != "test-user.service");
        let seen: String = lines.map(|line| format!("{line}\n")).collect();
        assert_eq!(seen, expected, "{code}\n{}", self.journal());
    }
}

/// All that can become of a home while the machine stays up.
fn is_done_or_undone(host: &mut Host) {
    let mut bob = Bob { host };
    bob.deploys("home-a", "", 6, "the service manager of bob does not run");
    bob.host.machine().succeed(
        "nix-store --load-db </nix/registration && loginctl enable-linger bob && systemctl start user@$(id -u bob)",
    );
    bob.deploys("home-failing", "--health-time 5", 4, "test-failing.service has failed");
    bob.has("", None);
    bob.deploys("home-a", "", 0, "deployed: the new home is there, and is well");
    bob.has("home-a", Some("old"));
    bob.deploys("home-failing", "--health-time 5", 4, "test-failing.service has failed");
    bob.has("home-a", Some("old"));
    bob.is_examining("home-b");
    let (code, said) = bob.run(
        "systemctl --user kill --kill-whom=main --signal=KILL cfgcheck-switch.service; \
         until [ -e /tmp/test-code ]; do sleep 0.2; done; cat /tmp/test-said; exit $(cat /tmp/test-code)",
    );
    assert_eq!(code, 4, "{said}\n{}", bob.journal());
    assert!(said.contains("the engine ended while it was examining"), "{said}");
    bob.has("home-a", Some("old"));
    bob.deploys("home-b", "", 0, "deployed: the new home is there, and is well");
    bob.has("home-b", Some("new"));
    let (code, said) = bob.run("cfgcheck rollback --home && cfgcheck status --home");
    assert_eq!(code, 0, "{said}\n{}", bob.journal());
    assert!(said.contains("bob on server\n  runs      /nix/store/"), "{said}");
    bob.has("home-a", Some("old"));
}

/// That, and then a power loss in the middle of it.
#[test]
fn machine_a_home_is_done_or_undone() {
    let mut host = Host::new(&["a", "b", "home-a", "home-b", "home-failing"]);
    is_done_or_undone(&mut host);
    let mut bob = Bob { host: &mut host };
    bob.is_examining("home-b");
    bob.host.loses_power();
    // The user's service manager sees to it, as soon as it is up.
    let (code, why) = bob.run(&format!(
        "for ((tries = 0; tries < 300; tries++)); do \
         if grep -q \"outcome.*{{\" {STATE}; then break; fi; sleep 1; done; grep why {STATE}"
    ));
    assert_eq!(code, 0, "{why}\n{}", bob.journal());
    assert!(why.contains("the machine went down while it was examining"), "{why}");
    bob.has("home-a", Some("old"));

    // A home that is part of the system comes and goes with it.
    host.is_deployed("b");
    host.is_taken_back_to("a");
    host.power_off();
}
