//! What a fleet's file says, and each mistake with its place.

use super::{fleet, line, names};
use crate::fleet::{Waves, systems};
use diag::SourceMap;

#[test]
fn a_host_has_what_holds_of_all_and_what_it_says_itself() {
    let text = "\
defaults:
  target: deploy@{host}.example.org
  sudo: true
  remote-program: /run/current-system/sw/bin/cfgcheck
  reach: [vpn.example.org:443]
  patience: 2
  health: { units: [sshd.service], grace: 5 }
hosts:
  web-1:
    tags: [edge]
    health: { units: [nginx.service], http: ['http://localhost/'], tcp: ['localhost:80'], command: [nginx -t], grace: 30 }
  db:
    target: root@10.0.0.7
    sudo: false
    reach: [backup:22, backup:80]
    patience: 5
    remote-program: cfgcheck
  mail:
";
    let fleet = fleet(text).expect("it is a fleet");
    let web = fleet.host("web-1").expect("it is a host");
    assert_eq!((web.target.as_str(), web.sudo), ("deploy@web-1.example.org", true));
    assert_eq!(web.program.as_deref(), Some("/run/current-system/sw/bin/cfgcheck"));
    let units: Vec<&str> = web.health.units.iter().map(AsRef::as_ref).collect();
    assert_eq!(
        (units, web.health.grace),
        (vec!["sshd.service", "nginx.service"], Some(30))
    );
    assert_eq!((web.reach, web.patience), (names("vpn.example.org:443"), Some(2)));
    assert_eq!(web.tags, ["edge"]);
    let db = fleet.host("db").expect("it is a host");
    assert_eq!((db.target.as_str(), db.sudo), ("root@10.0.0.7", false));
    assert_eq!((db.reach, db.patience), (names("backup:22 backup:80"), Some(5)));
    assert_eq!((db.program.as_deref(), db.health.grace), (Some("cfgcheck"), Some(5)));
    for name in ["mail", "web-3"] {
        let other = fleet.host(name).expect("it is a host");
        assert_eq!(other.target, format!("deploy@{name}.example.org"));
    }
    let nothing = super::fleet("# nobody says anything\n").expect("it says nothing");
    assert_eq!(nothing.host("db").map(|host| host.target), Ok("root@db".into()));
    let odd = nothing.host("a b").expect_err("it is nowhere");
    assert_eq!(
        odd,
        "the host `a b` needs a `target` in the fleet's file: `root@a b` is no place that SSH leads to, such as \
         `root@web.example.org`"
    );
}

#[test]
fn canaries_and_waves_are_read() {
    let text = "canary: [web-1]\nwaves:\n  - ['web-*']\n  - ['@slow', db]\nat-once: 3\nmax-failures: 1\nhosts: { mail: { tags: [slow] } }\n";
    let fleet = fleet(text).expect("it is a fleet");
    assert_eq!((fleet.at_once, fleet.max_failures), (Some(3), Some(1)));
    let hosts = fleet.tagged(&names("db mail web-1 web-2 web-3"));
    assert_eq!(
        line(&Waves::of(&hosts, &fleet.canary, &fleet.waves)),
        "canary: web-1, wave 1: web-2 web-3, wave 2: db mail"
    );
}

#[test]
fn each_mistake_is_told_at_its_place() {
    for (text, told) in [
        ("canery: [db]\n", "1:1 unknown key `canery`; did you mean `canary`?"),
        (
            "hosts:\n  web-9: {}\n",
            "2:3 `web-9` is no host of the flake; did you mean `web-1`?",
        ),
        (
            "hosts:\n  db: {}\n  db: {}\n",
            "3:3 hosts: the host `db` is there twice",
        ),
        (
            "hosts:\n  db: { tag: [x] }\n",
            "2:9 unknown key `tag`; did you mean `tags`?",
        ),
        (
            "hosts:\n  db: { tags: ['@x'] }\n",
            "2:16 hosts.db.tags[0]: `@x` is no tag: it is of letters, digits, `-`, `_` and `.`, and `@` stands only where it is used",
        ),
        (
            "hosts:\n  db: { target: -oProxyCommand=x }\n",
            "2:17 hosts.db.target: `-oProxyCommand=x` is no place that SSH leads to, such as `root@web.example.org`",
        ),
        (
            "hosts:\n  db: { target: 'db?remote-program=x' }\n",
            "2:17 hosts.db.target: `db?remote-program=x` is no place that SSH leads to, such as `root@web.example.org`",
        ),
        (
            "defaults: { target: root@db }\n",
            "1:21 defaults.target: a target for all hosts has `{host}` where their names go",
        ),
        (
            "defaults: { reach: ['db'] }\n",
            "1:21 defaults.reach[0]: `db` is no HOST:PORT",
        ),
        (
            "defaults: { health: { tcp: ['db:99999'] } }\n",
            "1:29 defaults.health.tcp[0]: `db:99999` is no HOST:PORT",
        ),
        (
            "defaults: { health: { units: [''] } }\n",
            "1:31 defaults.health.units[0]: this is to be a line that is not empty",
        ),
        (
            "defaults: { patience: 0 }\n",
            "1:23 defaults.patience: this is a number from 1 to 1000",
        ),
        ("at-once: 0\n", "1:10 at-once: this is a number from 1 to 1000"),
        ("canary: [web-1, '@edge']\n", "1:1 `@edge` fits no host"),
        (
            "waves:\n  - [web-1]\n  - [dbb]\n",
            "3:5 `dbb` fits no host; did you mean `db`?",
        ),
        (
            "waves:\n  - [web-1]\n  - []\n",
            "3:5 a wave without a host; hosts that are in no wave come last by themselves",
        ),
        (
            "canary: ['@']\n",
            "1:10 canary[0]: which hosts? `*` is all of them, and `@NAME` those with a tag",
        ),
    ] {
        assert_eq!(fleet(text).expect_err("something is wrong"), told, "{text}");
    }
}

#[test]
fn systems_are_paths_by_their_hosts() {
    let read = |text: &str| systems(&mut SourceMap::new(), b"systems.json", text.as_bytes());
    let path = "/nix/store/0c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-nixos-system-web";
    let found = read(&format!("{{\"web\": \"{path}\"}}")).expect("they are paths");
    assert_eq!(found.get("web").map(String::as_str), Some(path));
    for (text, told) in [
        ("{\"web\": \"/etc\"}", "`/etc` is no path of the store"),
        ("[]", "invalid type: sequence, expected a map"),
    ] {
        assert_eq!(read(text).expect_err("it is wrong").message, told);
    }
}
