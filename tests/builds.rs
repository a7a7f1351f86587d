//! `cfgcheck build` and `--ifd vm` with a small flake: in a real machine (`live_`), or with what a real Nix has built (`oracle_`).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make flakes and run the program"
)]

use std::path::{Path, PathBuf};

/// A package that can be built, one that cannot, and one whose evaluation needs something built.
const FLAKE: &str = r#"{
  outputs = { self }:
    let
      drv = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" script ];
      };
      word = drv "word" "read w < ${./word}; echo \"\\\"$w\\\"\" > $out";
    in
    {
      packages.x86_64-linux.good = drv "good" "read w < ${word}; echo $w > $out";
      checks.x86_64-linux.broken = drv "broken" "echo it is broken >&2; exit 3";
      imported = import "${word}";
    };
}"#;

/// A folder on the disk of the build, whose caches outlive a test: the packages of the machine are fetched once.
fn home() -> PathBuf {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_cfgcheck"));
    let folder = built.parent().expect("programs lie in a folder").join("home-of-builds");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn flake(folder: &Path) {
    std::fs::write(folder.join("flake.nix"), FLAKE).expect("a file can be written");
    std::fs::write(folder.join("word"), "a word\n").expect("a file can be written");
}

#[test]
fn live_what_a_flake_offers_is_built() {
    let place = tempfile::tempdir().expect("a folder can be made");
    flake(place.path());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.args([
        "build",
        "--export",
        "built.nar",
        "--out-paths",
        "built.txt",
        "--output",
        "json=report.json",
        "path:.",
    ]);
    command
        .current_dir(place.path())
        .env("XDG_CACHE_HOME", home())
        .env_remove("NIX_PATH");
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let report = std::fs::read_to_string(place.path().join("report.json")).expect("there is a report");
    for expected in [
        "packages.x86_64-linux.good is built",
        "-broken.drv' fails: failed with exit code 3",
        "it is broken",
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    // What failed has none.
    let paths = std::fs::read_to_string(place.path().join("built.txt")).expect("the paths are written");
    assert!(
        paths
            .lines()
            .any(|path| path.starts_with("/nix/store/") && path.ends_with("-good")),
        "{paths}"
    );
    assert!(!paths.contains("broken"), "{paths}");
    let exported = std::fs::read(place.path().join("built.nar")).expect("it is exported");
    let exported = String::from_utf8_lossy(&exported);
    assert!(
        exported.contains("\"a word\"") && exported.contains("-good"),
        "{exported}"
    );

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.args(["eval", "--ifd", "vm", "path:.#imported"]);
    command.current_dir(place.path()).env("XDG_CACHE_HOME", home());
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim(), "\"a word\"", "{}", String::from_utf8_lossy(&output.stderr));
}

/// A package and what it is made of.
const CACHED: &str = r#"{
  outputs = { self }:
    let
      drv = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" script ];
      };
    in
    {
      packages.x86_64-linux.cached = drv "cached" "echo made of ${drv "below" "echo below > $out"} > $out";
    };
}"#;

/// Serves the files of a folder over HTTP, for ever.
fn serve(folder: PathBuf) -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            let (status, body) = match std::fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            // Who has gone does not want it.
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    port
}

#[test]
fn oracle_what_a_substituter_has_is_not_built() {
    let oracle = testkit::Oracle::named();
    let shared = oracle.share();
    let at = |name: &str| format!("{}/{name}", shared.inside());
    let run = |command: &mut std::process::Command| {
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    std::fs::create_dir(shared.outside().join("flake")).expect("a folder can be made");
    std::fs::write(shared.outside().join("flake/flake.nix"), CACHED).expect("a file can be written");
    run(oracle
        .command("nix-store")
        .args(["--generate-binary-cache-key", "test-1", &at("secret"), &at("public")]));
    let built = run(oracle.nix("build").args([
        "--no-link",
        "--print-out-paths",
        &format!("path:{}#cached", at("flake")),
    ]));
    let to = format!("file://{}?secret-key={}", at("cache"), at("secret"));
    run(oracle.nix("copy").args(["--to", &to, &built]));
    let public = std::fs::read_to_string(shared.outside().join("public")).expect("a key");
    let port = serve(shared.outside().join("cache"));
    let url = format!("http://127.0.0.1:{port}");
    let home = tempfile::tempdir().expect("a folder can be made");
    let cfgcheck = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        command
            .args(["build", "--verbose", "--substituter", &url])
            .args(more)
            .arg("path:.");
        command
            .current_dir(shared.outside().join("flake"))
            .env("XDG_CACHE_HOME", home.path())
            .env_remove("NIX_PATH");
        let output = command.output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = cfgcheck(&["--plan"]);
    assert_eq!(code, Some(0), "{said}");
    for expected in [
        "0 store paths to fetch",
        "2 derivations to build",
        "which no trusted key has signed",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    assert!(!said.contains("checked"), "a plan is no report: {said}");
    let trusting = ["--trusted-public-key", public.trim()];
    let (code, said) = cfgcheck(&["--plan", trusting[0], trusting[1]]);
    assert_eq!(code, Some(0), "{said}");
    for expected in [
        "2 store paths to fetch",
        &format!("  {built} "),
        "0 derivations to build",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    // No machine is needed for it.
    let (code, said) = cfgcheck(&[trusting[0], trusting[1], "--export", "built.nar"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("fetching ") && !said.contains("in the build VM"),
        "{said}"
    );
    let exported = std::fs::read(shared.outside().join("flake/built.nar")).expect("it is exported");
    assert!(String::from_utf8_lossy(&exported).contains("made of /nix/store/"));
}
