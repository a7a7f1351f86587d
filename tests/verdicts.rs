//! `cfgcheck verdict`: a key is made, a commit is checked and signed, and what was signed is verified, tampered with and refused.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write the files of small flakes, run git, and change what was signed"
)]

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{Program, TWO_HOSTS, git, said};

const BASH: &str = "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-bash";
const REPOSITORY: &str = "github:acme/fleet";

/// What a run came to.
struct Ran {
    code: Option<i32>,
    said: String,
}

impl Ran {
    /// Checks how the run ended, and that it said something.
    fn ends(self, code: i32, expected: &str) -> String {
        assert_eq!(self.code, Some(code), "{}", self.said);
        assert!(self.said.contains(expected), "{expected}\nis not in\n{}", self.said);
        self.said
    }
}

/// A repository with a flake, a key, and a store that has what its hosts are built to.
struct Fleet {
    program: Program,
    folder: tempfile::TempDir,
    public: String,
    commit: String,
}

impl Fleet {
    fn new() -> Fleet {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
        let flake = folder.path().join("flake");
        std::fs::create_dir_all(flake.join("hosts")).expect("a folder can be made");
        std::fs::write(flake.join("flake.nix"), TWO_HOSTS).expect("it can be written");
        for host in ["mail", "web"] {
            std::fs::write(flake.join(format!("hosts/{host}.nix")), "\"Europe/Berlin\"\n").expect("it can be written");
        }
        git(&flake, &["init", "-q", "-b", "main"]);
        git(&flake, &["add", "."]);
        git(&flake, &["commit", "-qm", "first"]);
        let public = said(&program.run(folder.path(), &["verdict", "keygen", "fleet-1"]));
        let mut fleet = Fleet {
            program,
            folder,
            public: public.trim().to_owned(),
            commit: git(&flake, &["rev-parse", "HEAD"]),
        };
        fleet.build();
        fleet
    }

    fn flake(&self) -> PathBuf {
        self.folder.path().join("flake")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("it can be written");
    }

    /// Returns what a host is built to.
    fn out(&self, host: &str) -> String {
        let what = format!(".#nixosConfigurations.{host}.config.system.build.toplevel.outPath");
        said(&self.program.run(&self.flake(), &["eval", "--raw", &what]))
            .trim()
            .to_owned()
    }

    /// Puts what the hosts are built to into a store, and lists it as Nix does.
    fn build(&mut self) {
        let mut listed = serde_json::Map::new();
        listed.insert(BASH.into(), json!({ "references": [BASH] }));
        self.write(&format!("store{BASH}/bin/bash"), "bash");
        for host in ["mail", "web"] {
            let out = self.out(host);
            self.write(&format!("store{out}/init"), &format!("the init of {host}"));
            listed.insert(out, json!({ "references": [BASH] }));
        }
        self.write("closure.json", &Value::Object(listed).to_string());
    }

    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        // The tests themselves may run in a job.
        for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .args(args)
            .envs(variables.iter().copied());
        let output = self.program.at_home(&mut command).output().expect("the program runs");
        Ran {
            code: output.status.code(),
            said: [output.stdout, output.stderr]
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .concat(),
        }
    }

    fn sign_with(&self, more: &[&str], variables: &[(&str, &str)]) -> Ran {
        let args = [
            "verdict",
            "sign",
            "./flake",
            "--key",
            "fleet-1.key",
            "--closure",
            "closure.json",
            "--store-root",
            "store",
        ];
        self.run(&[&args[..], more].concat(), variables)
    }

    fn sign(&self, more: &[&str]) -> Ran {
        self.sign_with(&[&["--repository", REPOSITORY], more].concat(), &[])
    }

    fn verify_with(&self, more: &[&str]) -> Ran {
        self.run(&[&["verdict", "verify", "verdicts/web.json"], more].concat(), &[])
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let (key, commit) = (self.public.as_str(), self.commit.as_str());
        let args = [
            "--key",
            key,
            "--repository",
            REPOSITORY,
            "--commit",
            commit,
            "--host",
            "web",
        ];
        self.verify_with(&[&args[..], more].concat())
    }

    /// Changes the payload of the verdict.
    fn tamper(&self, change: impl Fn(&mut Value)) {
        let path = self.folder.path().join("verdicts/web.json");
        let text = std::fs::read_to_string(&path).expect("there is a verdict");
        let mut envelope: Value = serde_json::from_str(&text).expect("it is JSON");
        let payload = envelope["payload"].as_str().expect("it has a payload");
        let mut payload: Value = serde_json::from_str(payload).expect("it is JSON");
        change(&mut payload);
        envelope["payload"] = json!(payload.to_string());
        std::fs::write(&path, envelope.to_string()).expect("it can be written");
    }
}

#[test]
fn a_commit_is_signed_and_verified() {
    let fleet = Fleet::new();
    let signed = fleet.sign(&[]).ends(0, "signed with fleet-1, until 20");
    assert!(signed.contains("verdicts/mail.json: mail at "), "{signed}");
    let (out, mail) = (fleet.out("web"), fleet.out("mail"));
    fleet.verify(&[]).ends(
        0,
        &format!("it holds: web at {}, {out} (2 paths), until ", fleet.commit),
    );
    let tree = git(&fleet.flake(), &["rev-parse", "HEAD^{tree}"]);
    let all = [
        "--tree",
        &tree,
        "--system",
        "x86_64-linux",
        "--out-path",
        &out,
        "--stage",
        "policy",
        "--store-root",
        "store",
    ];
    fleet.verify(&all).ends(0, "(2 paths, as they are in the store)");
    fleet
        .verify(&["--out-path", &mail])
        .ends(6, &format!("refused: the verdict is of {out} and not of {mail}"));
    fleet
        .verify(&["--stage", "vm"])
        .ends(6, "refused: the stage `vm` is demanded, and it did not run");
    fleet.verify(&["--stage", "vmm"]).ends(2, "unknown variant `vmm`");
    let shown = fleet
        .run(&["verdict", "show", "verdicts/web.json", "--closure"], &[])
        .ends(0, "nothing of this is verified");
    for expected in [
        &fleet.commit,
        &tree,
        &out,
        "host        web (x86_64-linux)",
        "/nix/store/g1w7",
        "flake.lock  none",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }

    // By a policy.
    let policy = format!(
        "repository: {REPOSITORY}\nbranch: main\nrequire:\n  verdict:\n    keys: [\"{}\"]\n    stages: [policy]\n",
        fleet.public
    );
    fleet.write("policy.yaml", &policy);
    let by_policy = ["--policy", "policy.yaml", "--commit", &fleet.commit, "--host", "web"];
    fleet.verify_with(&by_policy).ends(0, "it holds: web");
    fleet.write("policy.yaml", &policy.replace("[policy]", "[vm]"));
    fleet
        .verify_with(&by_policy)
        .ends(6, "refused: the stage `vm` is demanded");
    fleet.write("policy.yaml", &policy.replace("verdict:", "verdct:"));
    let told = fleet.verify_with(&by_policy).ends(2, "did you mean `verdict`?");
    assert!(told.contains("policy.yaml:4:3"), "{told}");
    // A secret key in the place of the public one is told, and not repeated.
    let secret = std::fs::read_to_string(fleet.folder.path().join("fleet-1.key")).expect("there is a key");
    fleet.write("policy.yaml", &policy.replace(&fleet.public, secret.trim()));
    let told = fleet
        .verify_with(&by_policy)
        .ends(2, "`fleet-1` is a secret key, and the public one belongs here");
    let digits = secret.trim().strip_prefix("fleet-1:").expect("it has a name");
    assert!(!told.contains(digits) && told.contains("policy.yaml:5:12"), "{told}");

    // What is in the store is not what was judged.
    fleet.write(&format!("store{out}/init"), "another init");
    fleet.write(&format!("store{BASH}/bin/evil"), "");
    let told = fleet
        .verify(&["--store-root", "store"])
        .ends(6, "-web has the hash sha256-");
    assert!(told.contains("-bash has the hash sha256-"), "{told}");
    fleet.verify(&["--store-root", "elsewhere"]).ends(6, "-web is missing");
    let more = format!("{out}\n{BASH}\n{mail}\n");
    fleet.write("more.txt", &more);
    fleet
        .verify(&["--store-root", "store", "--closure", "more.txt"])
        .ends(6, "-mail is not in the verdict");
}

#[test]
fn what_was_changed_after_it_was_signed_is_forged() {
    let fleet = Fleet::new();
    let hash = "sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM=";
    let fields: [(&str, Value); 13] = [
        ("/repository", json!("github:evil/fleet")),
        ("/commit", json!("1".repeat(40))),
        ("/tree", json!("1".repeat(40))),
        ("/lock", json!(hash)),
        ("/host", json!("mail")),
        ("/system", json!("aarch64-linux")),
        ("/drv", json!(format!("{BASH}.drv"))),
        ("/out", json!(BASH)),
        ("/made-at", json!(1_700_000_000)),
        ("/expires-at", json!(1_700_000_001)),
        ("/results/warnings", json!(99)),
        ("/closure/0/path", json!(format!("{BASH}-2"))),
        ("/closure/0/nar-hash", json!(hash)),
    ];
    fleet.sign(&["--host", "web"]).ends(0, "signed with fleet-1");
    let path = fleet.folder.path().join("verdicts/web.json");
    let whole = std::fs::read(&path).expect("there is a verdict");
    for (field, value) in fields {
        std::fs::write(&path, &whole).expect("it can be written");
        fleet.tamper(|payload| {
            *payload.pointer_mut(field).unwrap_or_else(|| panic!("there is {field}")) = value.clone()
        });
        let told = fleet.verify(&[]).ends(6, "refused: the ");
        // A life that is none is no verdict, before any key is asked.
        let expected = match field {
            "/made-at" => "and that is not between one second and 90 days",
            "/expires-at" => "the verdict cannot be read: it holds from ",
            _ => "the signature in the name of `fleet-1` is forged, or the verdict was changed",
        };
        assert!(told.contains(expected), "{field}: {told}");
    }
    std::fs::write(&path, &whole).expect("it can be written");
    fleet.verify(&[]).ends(0, "it holds: web");
    // Another key of the same name.
    fleet
        .run(&["verdict", "keygen", "fleet-1", "--to", "other.key"], &[])
        .ends(0, "fleet-1:");
    fleet
        .run(
            &[
                "verdict",
                "sign",
                "./flake",
                "--key",
                "other.key",
                "--closure",
                "closure.json",
                "--store-root",
                "store",
                "--repository",
                REPOSITORY,
            ],
            &[],
        )
        .ends(0, "signed with fleet-1");
    fleet
        .verify(&[])
        .ends(6, "refused: the signature in the name of `fleet-1` is forged");
    fleet.run(&["verdict", "keygen", "fleet-2"], &[]).ends(0, "fleet-2:");
    std::fs::rename(
        fleet.folder.path().join("fleet-2.key"),
        fleet.folder.path().join("fleet-1.key"),
    )
    .expect("moved");
    fleet.sign(&[]).ends(0, "signed with fleet-2");
    fleet.verify(&[]).ends(
        6,
        "refused: the verdict is signed with the unknown key `fleet-2`; known here is `fleet-1`",
    );
}

#[test]
fn only_a_whole_and_clean_commit_is_signed() {
    let fleet = Fleet::new();
    let flake = fleet.flake();
    fleet.write("flake/hosts/web.nix", "\"Europe/Paris\"\n");
    fleet.sign(&[]).ends(6, "refused: a file is not as the commit");
    git(&flake, &["checkout", "-q", "hosts/web.nix"]);
    // Settings that only the disk has, and a change that Git was told to overlook.
    fleet.write("flake/cfgcheck.yaml", "version: 1\n");
    let told = fleet.sign(&[]).ends(6, "refused: a file is not as the commit");
    assert!(told.contains("'cfgcheck.yaml'"), "{told}");
    git(&flake, &["add", "."]);
    git(&flake, &["commit", "-qm", "settings"]);
    git(&flake, &["update-index", "--assume-unchanged", "cfgcheck.yaml"]);
    fleet.write("flake/cfgcheck.yaml", "version: 1\nrules: {}\n");
    fleet.sign(&[]).ends(6, "'cfgcheck.yaml'");
    git(&flake, &["update-index", "--no-assume-unchanged", "cfgcheck.yaml"]);
    git(&flake, &["checkout", "-q", "."]);
    // A file beside the flake that nothing reads.
    fleet.write("flake/notes", "");
    fleet.sign(&["--host", "web"]).ends(0, "signed with fleet-1");

    // What fails is not signed, and what does not is.
    fleet.write("flake/hosts/web.nix", "throw \"no\"\n");
    git(&flake, &["commit", "-qam", "broken"]);
    std::fs::remove_dir_all(fleet.folder.path().join("verdicts")).expect("it can be deleted");
    let told = fleet.sign(&[]);
    assert_eq!(told.code, Some(1), "{}", told.said);
    assert!(!fleet.folder.path().join("verdicts/web.json").exists(), "{}", told.said);
    let told = fleet.sign(&["--host", "mail"]).ends(0, "verdicts/mail.json: mail at ");
    assert!(!told.contains("web.json"), "{told}");
    fleet.sign(&["--host", "wob"]).ends(2, "did you mean `web`?");

    let elsewhere = [
        "verdict",
        "sign",
        "path:./flake",
        "--key",
        "fleet-1.key",
        "--closure",
        "closure.json",
    ];
    let of = [&elsewhere[..], &["--repository", REPOSITORY]].concat();
    fleet
        .run(&of, &[])
        .ends(6, "refused: 'path:./flake' is no flake in a Git repository");
    let mut named = of.clone();
    let main = format!("git+file://{}?ref=main", flake.display());
    named[2] = &main;
    fleet
        .run(&named, &[])
        .ends(6, "names a branch, a commit or a part of a flake");
}

#[test]
fn what_signing_needs_is_told_before_the_work() {
    let fleet = Fleet::new();
    let key = fleet.folder.path().join("fleet-1.key");
    let mode = std::fs::metadata(&key).expect("there is a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fleet
        .run(&["verdict", "keygen", "fleet-1"], &[])
        .ends(3, "cannot create 'fleet-1.key'");
    fleet
        .run(&["verdict", "keygen", "a b"], &[])
        .ends(2, "a key's name has letters");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).expect("its mode can be changed");
    fleet.sign(&[]).ends(2, "may be read or written by others (mode 0640)");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("its mode can be changed");
    fleet
        .sign_with(&[], &[])
        .ends(2, "name the repository as the policy does");
    fleet
        .sign_with(&["--repository", "acme/fleet"], &[])
        .ends(2, "`acme/fleet` is no repository");
    fleet.sign(&["--valid-for", "91d"]).ends(2, "90 days at most");
    // Closures that are not whole, or not there.
    let (web, mail) = (fleet.out("web"), fleet.out("mail"));
    fleet.write(
        "closure.json",
        &json!({ web.as_str(): { "references": [BASH] } }).to_string(),
    );
    fleet.sign(&["--host", "web"]).ends(
        2,
        "it does not have /nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-bash, which",
    );
    fleet
        .sign(&["--host", "mail"])
        .ends(2, "build this very commit, and list that");
    fleet.write("closure.json", &format!("{web}\n{mail}\n"));
    fleet.sign(&[]).ends(2, "has to tell which path refers to which");
    fleet.sign(&["--host", "web"]).ends(0, "verdicts/web.json: web at ");
    fleet.write("closure.json", &format!("{web}\n{BASH}-2\n"));
    fleet
        .sign(&["--host", "web"])
        .ends(3, "bash-2 is not in the store at 'store/nix/store'");
    // In a job.
    fleet.write("closure.json", &format!("{web}\n{BASH}\n"));
    let job = |event: &str, is_protected: &str, commit: &str| {
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/fleet"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_REF_PROTECTED", is_protected),
            ("GITHUB_SHA", commit),
        ];
        fleet.sign_with(&["--host", "web"], &variables)
    };
    job("pull_request", "true", &fleet.commit).ends(6, "refused: this job runs for `pull_request`");
    job("push", "false", &fleet.commit).ends(6, "refused: the branch of this job is not protected");
    job("push", "true", "1234").ends(6, "refused: this job runs for the commit 1234");
    job("push", "true", &fleet.commit).ends(0, "signed with fleet-1");
    fleet.verify(&[]).ends(0, "it holds: web");
}

#[test]
fn verdicts_are_pushed_beside_their_commit() {
    let fleet = Fleet::new();
    fleet.sign(&[]).ends(0, "verdicts/web.json");
    let away = fleet.folder.path().join("away.git");
    std::fs::create_dir(&away).expect("a folder can be made");
    git(&away, &["init", "-q", "--bare"]);
    git(&fleet.flake(), &["remote", "add", "origin", "../away.git"]);
    let push = |more: &[&str]| fleet.run(&[&["verdict", "push", "--repository", "flake"], more].concat(), &[]);
    let name = format!("refs/cfgcheck/verdicts/{}", fleet.commit);
    push(&["verdicts/mail.json"]).ends(0, &format!("{name} has verdicts of 1 host\n"));
    // Those of others stay, as each host may have a job of its own.
    push(&["verdicts/web.json"]).ends(0, &format!("{name} has verdicts of 2 hosts\n"));
    assert_eq!(git(&away, &["ls-tree", "--name-only", &name]), "mail.json\nweb.json");
    let web = git(&away, &["cat-file", "blob", &format!("{name}:web.json")]);
    let written = std::fs::read_to_string(fleet.folder.path().join("verdicts/web.json")).expect("there is one");
    assert_eq!(web, written.trim_end());
    // Once more, all of the folder, to an address.
    push(&["--remote", "../away.git"]).ends(0, "has verdicts of 2 hosts");
    // What is none, and what is of two commits.
    std::fs::write(fleet.folder.path().join("closure2.json"), "{}").expect("it can be written");
    push(&["closure2.json"]).ends(2, "'closure2.json' is no verdict to be pushed: ");
    fleet.tamper(|payload| payload["commit"] = json!("3".repeat(40)));
    push(&[]).ends(
        2,
        "is no verdict to be pushed: it is of commit 3333333333, and others are of ",
    );
    fleet.tamper(|payload| payload["host"] = json!("../web"));
    push(&["verdicts/web.json"]).ends(2, "is no verdict to be pushed: ");
    push(&["absent"]).ends(2, "absent");
    std::fs::create_dir(fleet.folder.path().join("none")).expect("a folder can be made");
    push(&["none"]).ends(2, "there are no verdicts: `cfgcheck verdict sign` writes them");
    push(&["--remote", "nowhere", "verdicts/mail.json"]).ends(3, "error: git ls-remote: ");
}

#[test]
fn a_lock_is_the_commits() {
    let fleet = Fleet::new();
    let flake = fleet.flake();
    let text = TWO_HOSTS.replacen(
        '{',
        "{\n  inputs.other = { url = \"path:./other\"; flake = false; };",
        1,
    );
    fleet.write("flake/flake.nix", &text);
    fleet.write("flake/other/x", "");
    git(&flake, &["add", "."]);
    git(&flake, &["commit", "-qm", "an input without a lock"]);
    fleet
        .sign(&[])
        .ends(6, "refused: flake.lock is not in step with flake.nix");
    let lock = json!({
        "nodes": {
            "other": {
                "flake": false,
                "locked": { "path": "./other", "type": "path" },
                "original": { "path": "./other", "type": "path" },
                "parent": [],
            },
            "root": { "inputs": { "other": "other" } },
        },
        "root": "root",
        "version": 7,
    });
    fleet.write("flake/flake.lock", &lock.to_string());
    git(&flake, &["add", "."]);
    git(&flake, &["commit", "-qm", "its lock"]);
    fleet.sign(&["--host", "web"]).ends(0, "signed with fleet-1");
    let shown = fleet
        .run(&["verdict", "show", "verdicts/web.json"], &[])
        .ends(0, "flake.lock  sha256-");
    let hash = store_hash(&flake.join("flake.lock"));
    assert!(shown.contains(&hash), "{hash}: {shown}");
}

/// A host whose system needs something else that is built.
const BUILT: &str = r#"{
  outputs =
    _:
    let
      drv = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" script ];
      };
    in
    {
      nixosConfigurations.web = rec {
        option = value: { _type = "option"; inherit value; files = [ ]; declarations = [ ]; };
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        options.time.zone = option config.time.zone;
        config.time.zone = "Europe/Berlin";
        config.system.build.toplevel = drv "web" "echo ${drv "below" "echo below > $out"} > $out";
      };
    };
}
"#;

#[test]
fn oracle_what_nix_has_built_is_signed_with_the_hashes_that_nix_has() {
    let oracle = testkit::Oracle::named();
    let shared = oracle.share();
    let flake = shared.outside().join("flake");
    std::fs::create_dir(&flake).expect("a folder can be made");
    std::fs::write(flake.join("flake.nix"), BUILT).expect("it can be written");
    git(&flake, &["init", "-q", "-b", "main"]);
    git(&flake, &["add", "."]);
    git(&flake, &["commit", "-qm", "first"]);
    let attribute = "nixosConfigurations.web.config.system.build.toplevel";
    let built = format!("path:{}/flake#{attribute}", shared.inside());
    let mut build = oracle.nix("build");
    let built = said(
        &build
            .args(["--no-link", "--print-out-paths", &built])
            .output()
            .expect("Nix runs"),
    );
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let run = |args: &[&str]| said(&program.run(shared.outside(), args));
    run(&["verdict", "keygen", "fleet-1"]);
    let root = oracle.root().to_str().expect("the path is text");
    for format in ["1", "2"] {
        let mut list = oracle.nix("path-info");
        list.args(["--recursive", "--json", "--json-format", format, built.trim()]);
        let listed = said(&list.output().expect("Nix runs"));
        std::fs::write(shared.outside().join("closure.json"), &listed).expect("it can be written");
        let to = format!("verdicts-{format}");
        let told = run(&[
            "verdict",
            "sign",
            "./flake",
            "--key",
            "fleet-1.key",
            "--closure",
            "closure.json",
            "--store-root",
            root,
            "--repository",
            REPOSITORY,
            "--to",
            &to,
        ]);
        assert!(told.contains(&format!("{}, 2 paths;", built.trim())), "{told}");
        let shown = run(&["verdict", "show", &format!("{to}/web.json"), "--closure"]);
        let listed: Value = serde_json::from_str(&listed).expect("it is JSON");
        let objects = listed
            .get("info")
            .unwrap_or(&listed)
            .as_object()
            .expect("it has objects");
        assert_eq!(objects.len(), 2);
        for (path, object) in objects {
            let name = path.rsplit('/').next().expect("it has a name");
            let hash = object["narHash"].as_str().expect("it has a hash");
            assert!(
                shown.contains(&format!("/nix/store/{name} {hash}\n")),
                "{name} {hash}: {shown}"
            );
        }
    }
}

/// Returns the SHA-256 of a file as Nix writes it.
fn store_hash(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("it is there");
    store::HashAlgo::Sha256
        .hash(bytes)
        .to_text(store::HashFormat::Sri, true)
}
