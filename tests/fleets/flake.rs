//! Fleets of a flake: hosts are built in one go and copied, and what is asked of them.

use crate::fleet::{Fleet, system};
use deploy::verdict::{Envelope, Results, SecretKey, Verdict};
use std::time::Duration;
use testkit::git;

/// A flake of three hosts and a home, of which one does not evaluate.
const FLAKE: &str = r#"{
  outputs = _:
    let
      host = name: {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        options = { };
        config.system.build.toplevel = derivation {
          name = "nixos-system-${name}";
          system = "x86_64-linux";
          builder = "/bin/sh";
        };
      };
    in
    {
      nixosConfigurations = {
        web-1 = host "web-1";
        web-2 = host "web-2";
        unwilling = host "unwilling";
        broken = throw "it is broken";
      };
      homeConfigurations.web-1 = throw "nobody asks for a home";
    };
}
"#;

fn fleet() -> Fleet {
    let fleet = Fleet::of(&["web-1", "web-2", "unwilling", "broken"]);
    fleet.file("flake.nix", FLAKE);
    fleet
}

fn switch(fleet: &Fleet, hosts: &str, more: &[&str]) -> crate::fleet::Ran {
    let args = ["switch", "path:.", "--offline", "--override", "test", "--hosts", hosts];
    fleet.run(&[&args[..], more].concat())
}

#[test]
fn hosts_of_a_flake_are_built_and_copied_before_any_is_changed() {
    let fleet = fleet();
    fleet.file("deploy.yaml", "canary: [web-2]\nhosts:\n  web-1: { tags: [edge] }\n");
    switch(&fleet, "@edge,web-2", &[]).ended(
        0,
        &["building web-1, web-2\n", "web-1: copying\n", "2 hosts: 2 deployed\n"],
    );
    let mut copies = fleet.copies();
    copies.sort();
    assert_eq!(copies.len(), 2, "{copies:?}");
    for (copy, host) in copies.iter().zip(["web-1", "web-2"]) {
        assert!(
            copy.contains(&format!(" --to ssh-ng://root@{host} /nix/store/")),
            "{copy}"
        );
        assert!(copy.ends_with(&format!("-nixos-system-{host}")), "{copy}");
    }
    assert_eq!(fleet.told("start"), ["web-2", "web-1"]);
    let called = fleet.called();
    let first = called
        .iter()
        .position(|call| call.contains(" engine start"))
        .expect("it is called");
    let last = called
        .iter()
        .rposition(|call| call.contains(" engine plan") || call.starts_with("nix "));
    assert!(last < Some(first), "{called:?}");
}

#[test]
fn a_plan_tells_what_changes_in_the_configuration() {
    let fleet = fleet();
    let work = fleet.work();
    git(&work, &["init", "-q", "-b", "main"]);
    git(&work, &["add", "flake.nix"]);
    git(&work, &["commit", "-qm", "first"]);
    let first = git(&work, &["rev-parse", "HEAD"]);
    let plan = [
        "switch",
        ".#web-1",
        "--target",
        "root@web-1",
        "--offline",
        "--override",
        "test",
        "--dry-run",
    ];
    let unknown = "what changes in the configuration is not told: which commit runs is not known\n";
    fleet.run(&plan).ended(0, &["  restarts  nginx.service\n", unknown]);

    fleet.runs("web-1", &first);
    let heading = format!("what changes in the configuration of web-1, since {first:.10}\n");
    fleet.run(&plan).ended(
        0,
        &["  restarts  nginx.service\n", &heading, "compared 1 host: 1 unchanged"],
    );
    fleet.file("flake.nix", &FLAKE.replace("/bin/sh", "/bin/bash"));
    fleet.run(&plan).ended(0, &[&heading, "compared 1 host: 1 changed"]);
    // Nothing that is only for people to read keeps them from the plan.
    fleet.runs("web-1", &"3".repeat(40));
    fleet
        .run(&plan)
        .ended(0, &["  restarts  nginx.service\n", "is not in the repository\n"]);
    assert_eq!(fleet.told("start"), Vec::<String>::new());
}

#[test]
fn a_host_that_does_not_evaluate_keeps_all_as_they_are() {
    let fleet = fleet();
    let ran = switch(&fleet, "web-1,broken", &["--output", "json=deploy.json"]);
    ran.ended(
        1,
        &[
            "broken: error: ",
            "it is broken",
            "web-1: not begun: broken was not built, and no host is changed then\n",
        ],
    );
    assert_eq!(fleet.copies(), Vec::<String>::new());
    let json = fleet.text("deploy.json");
    assert!(json.contains("\"errored\"") && json.contains("it is broken"), "{json}");
    switch(&fleet, "web-1,broken", &["--keep-going"]).ended(1, &["2 hosts: 1 not built, 1 deployed"]);
    assert_eq!(fleet.told("start"), ["web-1"]);
}

#[test]
fn a_copy_that_fails_keeps_all_as_they_are() {
    let fleet = fleet();
    switch(&fleet, "web-1,unwilling", &[]).ended(
        3,
        &[
            "cannot be copied to root@unwilling: error: cannot open connection",
            "web-1: not begun: ",
        ],
    );
    assert_eq!(fleet.told("start"), Vec::<String>::new());
}

#[test]
fn hosts_are_those_of_the_flake() {
    let fleet = fleet();
    switch(&fleet, "web-3", &[]).ended(2, &["error: `web-3` fits no host; did you mean `web-1`?\n"]);
    fleet.file("deploy.yaml", "hosts:\n  web-9:\n    tags: [edge]\n");
    switch(&fleet, "web-1", &[]).ended(
        2,
        &[
            "error[fleet]: `web-9` is no host of the flake",
            "deploy.yaml:2:3",
            "did you mean `web-1`?",
        ],
    );
    assert_eq!(fleet.called(), Vec::<String>::new());
}

#[test]
fn without_a_policy_nothing_is_deployed() {
    let fleet = fleet();
    let args = ["switch", "path:.", "--offline", "--hosts", "web-*"];
    fleet.run(&args).ended(
        6,
        &[
            "web-1: refused: no policy is enrolled on root@web-1\n",
            "web-2: refused: no policy is enrolled on root@web-2\n",
            "2 hosts: 2 refused\n",
        ],
    );
    assert!(fleet.told("plan").is_empty() && fleet.told("start").is_empty());
    assert_eq!(fleet.copies(), Vec::<String>::new());
}

/// Returns a fleet whose flake is a commit, and whose policies ask for a verdict of this key; and the commit.
fn fleet_with_policies(key: &SecretKey) -> (Fleet, String) {
    let fleet = fleet();
    let work = fleet.work();
    git(&work, &["init", "--quiet", "-b", "main"]);
    git(&work, &["add", "flake.nix"]);
    git(&work, &["commit", "--quiet", "-m", "first"]);
    git(&work, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let policy = format!(
        "repository: git+https://git.example.org/fleet\nbranch: main\nrequire: {{ verdict: {{ keys: ['{}'] }} }}\n",
        key.public()
    );
    for host in ["web-1", "web-2"] {
        fleet.answers(host, "policy", &serde_json::to_string(&policy).expect("it is JSON"));
    }
    std::fs::create_dir(work.join("verdicts")).expect("a folder can be made");
    let commit = git(&work, &["rev-parse", "HEAD"]);
    (fleet, commit)
}

/// Writes the verdict of a host.
fn sign(fleet: &Fleet, key: &SecretKey, commit: &str, host: &str) {
    let path = |name: &str| store::StorePath::parse(system(name).as_bytes()).expect("a store path");
    let verdict = Verdict {
        repository: "git+https://git.example.org/fleet".into(),
        commit: commit.to_owned(),
        tree: "2".repeat(40),
        lock: None,
        host: host.to_owned(),
        system: "x86_64-linux".into(),
        drv: path("web.drv"),
        out: path("web"),
        closure: [(path("web"), store::HashAlgo::Sha256.hash("web"))].into(),
        results: Results::of(report::Tool::default(), std::iter::empty()),
        made: Duration::from_secs(1),
        expires: Duration::from_secs(2),
    };
    let mut envelope = Envelope::of(&verdict);
    envelope.sign(key);
    fleet.file(&format!("verdicts/{host}.json"), &envelope.to_text());
}

#[test]
fn each_host_gets_the_verdict_of_its_name() {
    let key = SecretKey::generate("fleet-1").expect("there is randomness");
    let (fleet, commit) = fleet_with_policies(&key);
    sign(&fleet, &key, &commit, "web-1");
    let args = ["switch", ".", "--offline", "--hosts", "web-*", "--verdict", "verdicts"];
    // One is missing, and then one is none.
    let missing = "web-2: refused: the policy asks for a signed verdict\n";
    fleet.run(&args).ended(
        6,
        &[
            missing,
            "web-1: not begun: web-2 refused, and no host is changed then\n",
        ],
    );
    fleet.file("verdicts/web-2.json", "{}");
    fleet
        .run(&args)
        .ended(6, &["web-2: refused: the verdict verdicts/web-2.json cannot be read: "]);
    assert!(fleet.told("plan").is_empty() && fleet.told("start").is_empty());

    sign(&fleet, &key, &commit, "web-2");
    // What lies in the folder by now is not what was approved.
    fleet.file("flake.nix", &FLAKE.replace("nixos-system-", "unapproved-"));
    fleet.file("deploy.yaml", "canary: [web-2]\n");
    fleet.run(&args).ended(0, &["2 hosts: 2 deployed\n"]);
    let copies = fleet.copies();
    assert!(
        copies.len() == 2 && copies.iter().all(|copy| copy.contains("-nixos-system-")),
        "{copies:?}"
    );
    for host in ["web-1", "web-2"] {
        let order = std::fs::read_to_string(fleet.order(host)).expect("it was ordered");
        let order: serde_json::Value = serde_json::from_str(&order).expect("it is JSON");
        assert_eq!(order["origin"]["commit"], *commit);
        let verdict = order["approval"]["verdict"].as_str().expect("there is one");
        assert!(verdict.contains(&format!("\\\"host\\\":\\\"{host}\\\"")), "{verdict}");
    }
}

#[test]
fn a_table_tells_what_hosts_run() {
    let fleet = fleet();
    fleet.answers("web-2", "order-0", "");
    fleet.is_away("unwilling");
    let ran = fleet.run(&["status", "path:.", "--offline", "--hosts", "web-*,unwilling"]);
    ran.ended(3, &["unwilling: root@unwilling cannot be reached: "]);
    let lines: Vec<String> = ran
        .out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        lines[..3],
        [
            "host commit last ago runs",
            "unwilling out of reach",
            "web-1 nixos-system-old"
        ]
    );
    assert!(
        lines[3].starts_with("web-2 3f2a91c0d2 deployed ") && lines[3].ends_with(" days nixos-system-new"),
        "{lines:?}"
    );
    let ran = fleet.run(&["status", "path:.", "--offline", "--hosts", "web-2", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.ended(0, &[]).out).expect("it is JSON");
    assert_eq!(json["web-2"]["now"]["name"], "web-2", "{json:#}");
}

#[test]
fn several_hosts_go_back_if_all_of_them_can() {
    let fleet = fleet();
    for host in ["web-1", "web-2"] {
        fleet.answers(host, "order-0", "");
    }
    let rollback = |more: &[&str]| fleet.run(&[&["rollback", "path:.", "--offline", "--hosts"], more].concat());
    // Nothing was deployed on the third one.
    let ran = rollback(&["web-*,unwilling"]);
    ran.ended(
        6,
        &[
            "unwilling: refused: what this host runs was not deployed by cfgcheck",
            "no host goes back, as not all of them could\n",
        ],
    );
    assert!(fleet.told("start").is_empty());
    let ran = rollback(&["web-*", "--dry-run"]);
    let planned = &ran.ended(0, &[]).out;
    assert!(planned.contains("web-1") && planned.contains("web-2"), "{planned}");
    assert!(fleet.told("start").is_empty());
    let ran = rollback(&["web-*"]);
    let lines: Vec<String> = ran
        .ended(0, &[])
        .out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(lines, ["host outcome", "web-1 went back", "web-2 went back"]);
    let mut begun = fleet.told("start");
    begun.sort();
    assert_eq!(begun, ["web-1", "web-2"]);
    let order = std::fs::read_to_string(fleet.path("fleet/web-1/order-1")).expect("it was ordered");
    assert!(order.contains("back to what ran before the last deployment"), "{order}");

    fleet.is_away("web-2");
    rollback(&["web-*"]).ended(3, &["web-2: error: ", "no host goes back, as not all of them could\n"]);
    rollback(&["web-9"]).ended(2, &["web-9"]);
    rollback(&["web-1", "--home"]).ended(2, &["homes are deployed one by one"]);
}
