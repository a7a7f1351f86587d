//! A machine that brings itself to what is approved, from a repository that it reaches by SSH alone.

use crate::builder::Builder;
use crate::host::Host;
use crate::machine::Network;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use testkit::{Shared, git, git_in, said};

/// The repository, as the policy names it.
const REPOSITORY: &str = "git+ssh://root@10.0.2.100/fleet.git";

/// What is judged of the fleet before it is signed: what its machines under test are made with, is meant.
const SETTINGS: &str = "version: 1
hosts: { include: [server] }
exclude: [src, tests, fuzz, benches, fixtures, secrets]
rules:
  boot-file-system-missing: off
  secret-in-repository: off
  secret-readable-by-published-key: off
  user-without-password: off
";

/// Whoever keeps the fleet: a repository that the oracle sees, keys for commits and verdicts, and an SSH server for one
/// connection at a time that gives away nothing but the repository.
struct Keeper {
    builder: Builder,
    shared: Shared,
    folder: TempDir,
    /// The key of verdicts.
    public: String,
}

impl Keeper {
    fn new() -> Keeper {
        let builder = Builder::with_cfgcheck("server", "x86_64-linux");
        let shared = builder.share();
        let mut keeper = Keeper {
            public: String::new(),
            builder,
            shared,
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        let fleet = keeper.fleet();
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(keeper.builder.bring("a")).arg(&fleet);
        said(&copy.output().expect("cp runs"));
        std::fs::remove_dir_all(fleet.join("checks")).expect("there are policies");
        std::fs::write(fleet.join("cfgcheck.yaml"), SETTINGS).expect("files can be written");
        std::fs::create_dir(fleet.join("program")).expect("folders can be made");
        std::fs::copy(keeper.builder.program(), fleet.join("program/cfgcheck")).expect("files can be copied");
        let flake = std::fs::read_to_string(fleet.join("flake.nix")).expect("there is a flake");
        let hosts = "nixosConfigurations = fleet.mkHosts hosts;";
        assert!(flake.contains(hosts), "the flake has its hosts there");
        let pulled = "nixosConfigurations = import ./tests/boot/pulled.nix {
        inherit inputs;
        configurations = fleet.mkHosts hosts;
      };";
        std::fs::write(fleet.join("flake.nix"), flake.replace(hosts, pulled)).expect("files can be written");
        for name in ["signer", "host", "deploy"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(keeper.at(name));
            assert!(keygen.status().expect("ssh-keygen runs").success());
        }
        git(&fleet, &["init", "-q", "-b", "main"]);
        for (name, value) in [
            ("gpg.format", "ssh".to_owned()),
            ("user.signingKey", keeper.at("signer").display().to_string()),
            ("commit.gpgSign", "true".to_owned()),
        ] {
            git(&fleet, &["config", name, &value]);
        }
        let away = keeper.at("fleet.git");
        git(
            keeper.folder.path(),
            &["init", "-q", "--bare", "-b", "main", "fleet.git"],
        );
        git(&fleet, &["remote", "add", "origin", away.to_str().expect("it is text")]);
        let public = keeper.cfgcheck(&["verdict", "keygen", "fleet-1"]);
        public.trim().clone_into(&mut keeper.public);
        keeper
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.at(name)).expect("it is there");
        text.trim().to_owned()
    }

    fn fleet(&self) -> PathBuf {
        self.shared.outside().join("fleet")
    }

    fn cfgcheck(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
            command.env_remove(name);
        }
        let output = command
            .args(args)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .output()
            .expect("cfgcheck runs");
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        said(&output)
    }

    /// Commits a system of the boot test as the server's, builds it, and returns its path.
    fn commit(&self, system: &str) -> String {
        let fleet = self.fleet();
        std::fs::write(fleet.join("tests/boot/deployed"), format!("{system}\n")).expect("files can be written");
        git(&fleet, &["add", "--force", "."]);
        said(
            &git_in(&fleet, &["commit", "-q", "--allow-empty", "-m", system])
                .output()
                .expect("git runs"),
        );
        let url = format!("git+file://{}/fleet?rev={}", self.shared.inside(), self.head());
        self.builder.build_flake(&url, "server")
    }

    fn head(&self) -> String {
        git(&self.fleet(), &["rev-parse", "HEAD"])
    }

    fn push(&self) {
        git(&self.fleet(), &["push", "-q", "origin", "main"]);
    }

    /// Signs what was built of the commit that is checked out, and pushes that.
    fn sign(&self, system: &str) {
        let listed = self.builder.listed(system);
        std::fs::write(self.at("closure.json"), listed).expect("files can be written");
        let (fleet, root) = (self.fleet(), self.builder.root());
        let text = |path: &Path| path.to_str().expect("it is text").to_owned();
        let (fleet, root) = (text(&fleet), text(root));
        let sign = [
            "verdict",
            "sign",
            &fleet,
            "--key",
            "fleet-1.key",
            "--closure",
            "closure.json",
        ];
        let of = ["--store-root", &root, "--repository", REPOSITORY, "--host", "server"];
        self.cfgcheck(&[&sign[..], &of].concat());
        self.cfgcheck(&["verdict", "push", "--repository", &fleet]);
    }

    /// Returns the command that serves one connection: an SSH server whose one key may fetch the repository.
    fn server(&self) -> String {
        std::fs::create_dir_all("/run/sshd").expect("sshd has its folder");
        let upload = format!("git-upload-pack {}", self.at("fleet.git").display());
        let authorized = format!("restrict,command=\"{upload}\" {}\n", self.text("deploy.pub"));
        std::fs::write(self.at("authorized"), authorized).expect("files can be written");
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nUsePAM no\nPasswordAuthentication no\nStrictModes no\n\
             PermitRootLogin forced-commands-only\n",
            self.at("host").display(),
            self.at("authorized").display()
        );
        std::fs::write(self.at("sshd_config"), config).expect("files can be written");
        let script = format!(
            "#!/bin/sh\nexec /usr/sbin/sshd -i -f {} 2>>{}\n",
            self.at("sshd_config").display(),
            self.at("sshd.log").display()
        );
        std::fs::write(self.at("serve"), script).expect("files can be written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.at("serve"), executable).expect("it can be made executable");
        self.at("serve").display().to_string()
    }

    /// Returns what the machine's root does first: it takes the key for the repository, and the policy.
    fn enrolment(&self) -> String {
        let host = self.text("host.pub");
        let policy = format!(
            "repository: {REPOSITORY}\nbranch: main\nrequire:\n  verdict: {{ keys: [\"{}\"] }}\n  signatures:\n    ssh:\n      \
             - a@example.org {}\n",
            self.public,
            self.text("signer.pub")
        );
        format!(
            "mkdir -p -m 700 ~/.ssh; echo '10.0.2.100 {host}' >~/.ssh/known_hosts\n\
             (umask 077; echo '{}' >~/.ssh/id_ed25519)\n\
             cat >~/policy.yaml <<'END'\n{policy}END\n\
             cfgcheck switch --enroll ~/policy.yaml 2>&1",
            self.text("deploy")
        )
    }
}

/// Asserts how a command ended, and what it said.
fn ends(host: &mut Host, command: &str, code: i32, expected: &[&str]) {
    let (ended, output) = host.machine().run(&format!("{command} 2>&1"));
    let journal = if ended == code { String::new() } else { host.journal() };
    assert_eq!(ended, code, "{command}\n{output}\n{journal}");
    for expected in expected {
        assert!(output.contains(expected), "{expected}\nis not in\n{output}");
    }
}

#[test]
fn live_a_machine_takes_what_is_approved() {
    pulls(false);
}

#[test]
fn machine_a_machine_takes_nothing_else() {
    pulls(true);
}

/// Has a machine take what is approved, and then refuse or undo all else where that is asked for.
fn pulls(all_else: bool) {
    assert!(Path::new("/usr/sbin/sshd").exists(), "OpenSSH's server is installed");
    let keeper = Keeper::new();
    let a = keeper.commit("a");
    keeper.push();
    let first = keeper.head();
    let b = keeper.commit("b");
    let second = keeper.head();
    let mut systems = vec![("a", a), ("b", b.clone())];
    let later = all_else.then(|| {
        ["isolated", "a"].map(|name| {
            let system = keeper.commit(name);
            (system, keeper.head())
        })
    });
    for (name, (system, _)) in ["isolated", "mended"].into_iter().zip(later.iter().flatten()) {
        systems.push((name, system.clone()));
    }
    let network = Network {
        server: Some(keeper.server()),
        ..Network::default()
    };
    let mut host = Host::of_systems(&keeper.builder, systems, network);
    let fleet = keeper.fleet();

    // What an installer would have told the machine's Nix.
    host.machine().succeed("nix-store --load-db </nix/registration");

    ends(&mut host, "cfgcheck pull", 6, &["no policy is enrolled"]);
    host.machine().succeed(&keeper.enrolment());
    let none = format!("refused: refs/cfgcheck/verdicts/{first} has no verdict of server");
    ends(&mut host, "cfgcheck pull", 6, &[&none]);

    // Evaluated in the machine: what it comes to is what was built and signed elsewhere.
    git(&fleet, &["checkout", "-q", &second]);
    keeper.sign(&b);
    git(&fleet, &["push", "-q", "origin", &format!("{second}:main")]);
    ends(
        &mut host,
        "cfgcheck pull --from-caches --dry-run",
        0,
        &["  restarts  test-changed.service\n"],
    );
    host.is_as_before();
    ends(
        &mut host,
        "cfgcheck pull",
        0,
        &["is approved", "deployed: the new system runs"],
    );
    host.old = "b";
    host.is_as_before();
    ends(&mut host, "cfgcheck pull", 0, &["nothing new: main is at "]);
    let approval = format!("{second} of ssh://root@10.0.2.100/fleet.git");
    ends(&mut host, "cfgcheck status", 0, &[&approval, "with a signed verdict"]);

    if let Some([isolated, mended]) = later {
        refuses_all_else(&mut host, &keeper, &first, isolated, mended);
    }
    host.power_off();
}

/// Has a machine that runs the second commit refuse what is not approved, undo the commit `isolated`, and take what mends it.
fn refuses_all_else(
    host: &mut Host,
    keeper: &Keeper,
    first: &str,
    (isolated, third): (String, String),
    (mended, fourth): (String, String),
) {
    let fleet = keeper.fleet();
    // A commit with which the machine would be lost: nobody could mend it from elsewhere.
    git(&fleet, &["checkout", "-q", &third]);
    keeper.sign(&isolated);
    git(&fleet, &["push", "-q", "origin", &format!("{third}:main")]);
    let pull = "cfgcheck pull --from-caches --confirm-time 10";
    ends(host, pull, 4, &["port 10.0.2.100:22 is out of reach"]);
    host.is_as_before();
    ends(
        host,
        pull,
        4,
        &[&format!("commit {third:.10} failed at "), "is not tried again"],
    );
    ends(host, "cfgcheck status", 4, &[&format!("  failed    {third}")]);

    // One that somebody has pushed who may not sign commits, with a verdict and all.
    git(&fleet, &["config", "commit.gpgSign", "false"]);
    let unsigned = keeper.commit("a");
    keeper.sign(&unsigned);
    git(&fleet, &["push", "-q", "origin", "HEAD:main"]);
    ends(host, pull, 4, &["is not signed"]);
    host.is_as_before();

    // What the branch no longer has is not left behind without a word.
    git(&fleet, &["config", "commit.gpgSign", "true"]);
    git(&fleet, &["reset", "-q", "--hard", first]);
    let other = keeper.commit("a");
    keeper.sign(&other);
    git(&fleet, &["push", "-q", "--force", "origin", "HEAD:main"]);
    ends(host, pull, 6, &["does not descend from"]);

    // Mended by a commit behind the one that failed, and taken by the service.
    git(&fleet, &["checkout", "-q", &fourth]);
    keeper.sign(&mended);
    git(&fleet, &["push", "-q", "--force", "origin", "HEAD:main"]);
    host.machine().succeed("systemctl is-active cfgcheck-pull.timer");
    let (code, output) = host.machine().run("systemctl start cfgcheck-pull.service");
    assert_eq!(code, 0, "{output}\n{}", host.journal());
    host.old = "mended";
    host.is_as_before();
}
