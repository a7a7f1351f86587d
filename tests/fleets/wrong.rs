//! Wrong uses: each is told, and no host is asked anything.

use crate::fleet::Fleet;

#[test]
fn each_wrong_use_has_its_message() {
    let fleet = Fleet::of(&["db", "web-1"]);
    fleet.file("wrong.yaml", "canary: [web-1]\nat-onse: 2\n");
    fleet.file("unknown.yaml", "hosts:\n  db:\ncanary:\n  - web-9\n");
    fleet.file("no-systems.json", "{\"db\": \"/etc\"}");
    for (args, message) in [
        (
            &["--hosts", "bd", "--systems", "systems.json"][..],
            "error: `bd` fits no host; did you mean `db`?\n",
        ),
        (
            &["--hosts", "db,@edge", "--systems", "systems.json"],
            "error: `@edge` fits no host\n",
        ),
        (
            &["--hosts", "", "--systems", "systems.json"],
            "which hosts? `*` is all of them",
        ),
        (
            &["--hosts", "db", "--canary", "web-1", "--systems", "systems.json"],
            "error: the canary: `web-1` fits no host\n",
        ),
        (
            &["--hosts", "*", "--systems", "systems.json", "--fleet", "wrong.yaml"],
            "error[fleet]: unknown key `at-onse`\n --> wrong.yaml:2:1\n",
        ),
        (
            &["--hosts", "*", "--systems", "systems.json", "--fleet", "unknown.yaml"],
            "error[fleet]: `web-9` fits no host; did you mean `web-1`?\n --> unknown.yaml:4:5\n",
        ),
        (
            &["--hosts", "*", "--systems", "systems.json", "--fleet", "absent.yaml"],
            "absent.yaml",
        ),
        (
            &["--hosts", "*", "--systems", "no-systems.json"],
            "`/etc` is no path of the store",
        ),
        (&["--hosts", "*", "--systems", "absent.json"], "absent.json"),
        (
            &["--hosts", "*", "--systems", "systems.json", "--verdict", "wrong.yaml"],
            "error: wrong.yaml is no folder, in which each host has its verdict as HOST.json\n",
        ),
        (&["--hosts", "*", "--target", "web"], "cannot be used with"),
        (&["--hosts", "*", "--system", "/nix/store/x"], "cannot be used with"),
        (&["--hosts", "*", "--host", "web"], "cannot be used with"),
        (
            &["--hosts", "*", "--systems", "systems.json", "."],
            "cannot be used with",
        ),
        (&["--hosts", "*", "--all-or-nothing", "--boot"], "cannot be used with"),
        (&["--hosts", "*", "--at-once", "0"], "0 is not in 1..=1000"),
        (&["--canary", "web-1", ".#web-1"], "--hosts <HOSTS>"),
        (&["--keep-going", ".#web-1"], "--hosts <HOSTS>"),
    ] {
        let ran = fleet.run(&[&["switch", "--override", "test"], args].concat());
        ran.ended(2, &[message]);
    }
    assert_eq!(fleet.called(), Vec::<String>::new());
}
