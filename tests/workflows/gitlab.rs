//! The template for GitLab.

use crate::GITLAB;
use crate::document;
use crate::get::{archive, hash};
use crate::server::{Reply, Server};
use crate::stage::Stage;

/// How the program is called.
pub const ARGUMENTS: [&str; 9] = [
    "ci",
    "--cache",
    ".cfgcheck/results",
    "--output",
    "text=-",
    "--output",
    "junit=cfgcheck.xml",
    "--output",
    "gitlab=gl-code-quality-report.json",
];

/// Returns a server with a release, whose archive has a hash.
fn release(sum: impl Fn(&[u8]) -> String) -> Server {
    let name = format!("/v0.1.0/cfgcheck-{}-unknown-linux-musl.tar.xz", std::env::consts::ARCH);
    let archive = archive(&format!("{}-unknown-linux-musl", std::env::consts::ARCH), "0.1.0");
    let sum = format!(
        "{} *{}\n",
        sum(&archive),
        name.rsplit('/').next().expect("it has a name")
    );
    let found = |bytes: Vec<u8>| -> Reply { ("200 OK", String::new(), bytes) };
    Server::with(
        [
            (format!("{name}.sha256"), found(sum.into_bytes())),
            (name, found(archive)),
        ]
        .into(),
    )
}

#[test]
pub fn a_release_checks_the_flake() {
    let server = release(hash);
    let mut stage = Stage::new();
    stage.stand_in("apt-get", "");
    stage
        .env("CFGCHECK_RELEASES", &server.address)
        .env("CFGCHECK_VERSION", "v0.1.0");
    stage.run(GITLAB, "cfgcheck").passed();
    let calls = stage.calls();
    assert_eq!(calls[0], ["apt-get", "update", "-q"]);
    assert_eq!(calls[1][..3], ["apt-get", "install", "-y"]);
    assert!(stage.work().join(".cfgcheck/bin/cfgcheck").is_file());
    let called = std::fs::read_to_string(stage.work().join("called")).expect("the program was called");
    assert_eq!(called.lines().collect::<Vec<_>>(), ARGUMENTS);
}

/// The reports and the cache that the job keeps are those that are written.
#[test]
fn what_is_written_is_kept() {
    let job = &document::read(GITLAB)["cfgcheck"];
    let script = document::script(GITLAB, "cfgcheck").run;
    let reports = &job["artifacts"]["reports"];
    for (kind, path) in [("junit", &reports["junit"]), ("gitlab", &reports["codequality"])] {
        let output = format!("--output {kind}={}", document::scalar(path));
        assert!(script.contains(&output), "{output}");
    }
    let cache = document::scalar(&job["cache"]["paths"][0]);
    assert!(script.contains(&format!("--cache {cache} ")), "{cache}");
    assert_eq!(job["artifacts"]["when"], "always");
    assert_eq!(job["cache"]["when"], "always");
}

#[test]
fn another_archive_than_promised_is_not_run() {
    let server = release(|_| "0".repeat(64));
    let mut stage = Stage::new();
    stage.stand_in("apt-get", "");
    stage
        .env("CFGCHECK_RELEASES", &server.address)
        .env("CFGCHECK_VERSION", "v0.1.0");
    let done = stage.run(GITLAB, "cfgcheck");
    assert_ne!(done.code, 0);
    assert!(!stage.work().join(".cfgcheck/bin/cfgcheck").is_file(), "{}", done.said);
    stage.env("CFGCHECK_VERSION", "v9.9.9");
    assert_ne!(stage.run(GITLAB, "cfgcheck").code, 0);
}
