//! What hosts decrypt with opens the dummies. Needs `age`, `perl` with `CryptX`, and `ssh-keygen`; and sops itself, where
//! `CFGCHECK_SOPS` names it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests run the programs that hosts decrypt with"
)]

use super::*;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder with the throw-away key in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a temporary folder can be made"));
        folder.write("key.age", &Identity::throw_away().file());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("it can be written");
        path
    }
}

/// Returns what a program writes for an input.
fn output(command: &mut Command, input: &[u8]) -> String {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("it is a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("it reads its input"));
        child.wait_with_output().expect("it ends")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("it is text")
}

#[test]
fn live_age_opens_what_is_encrypted() {
    let folder = Folder::new();
    let identity = Identity::throw_away();
    for length in [0, 1, 7, 64 << 10, (64 << 10) + 1, 200_000] {
        let plain: String = ('a'..='z').cycle().take(length).collect();
        let mut age = Command::new("age");
        age.arg("--decrypt").arg("--identity").arg(folder.path("key.age"));
        assert!(
            output(&mut age, identity.encrypt(plain.as_bytes()).as_bytes()) == plain,
            "{length}"
        );
    }
    let mut keygen = Command::new("age-keygen");
    keygen.arg("-y").arg(folder.path("key.age"));
    assert_eq!(output(&mut keygen, b"").trim(), identity.recipient());
}

/// Returns the plain text of a file of sops.
fn decrypted(folder: &Folder, format: Format, path: &Path) -> String {
    if let Some(sops) = std::env::var_os("CFGCHECK_SOPS") {
        let name = match format {
            Format::Yaml => "yaml",
            Format::Json => "json",
            Format::Dotenv => "dotenv",
            Format::Ini => "ini",
            Format::Binary => "binary",
        };
        let mut sops = Command::new(sops);
        sops.args(["decrypt", "--input-type", name, "--output-type", name])
            .arg(path);
        sops.env("SOPS_AGE_KEY_FILE", folder.path("key.age"));
        return output(&mut sops, b"");
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/keys/decrypt");
    output(Command::new(program).arg(folder.path("key.age")).arg(path), b"")
}

#[test]
fn live_sops_opens_dummies_of_all_forms() {
    let folder = Folder::new();
    let identity = Identity::throw_away();
    let map = |value: Value| value.as_object().expect("it is a map").clone();
    let rich = json!({
        "wireguard": { "key": "a b: c\n\"d\"" }, "list": ["x", { "deep": "y" }], "port": 8080, "share": 0.25, "on": true,
        "none": "", "yes": "key that is a word", "seen_unencrypted": "plain",
    });
    for (format, name) in [(Format::Yaml, "rich.yaml"), (Format::Json, "rich.json")] {
        let text = sops::encrypted(format, name, &map(rich.clone()), &identity);
        let plain = decrypted(&folder, format, &folder.write(name, &text));
        let found: Value = serde_yaml::from_str(&plain).expect("it is YAML");
        assert_eq!(found, rich, "{plain}\n{text}");
    }
    let data = map(json!({ "data": "any\ntext" }));
    let text = sops::encrypted(Format::Binary, "app.bin", &data, &identity);
    let plain = decrypted(&folder, Format::Binary, &folder.write("app.json", &text));
    let in_json =
        |text: &str| serde_json::from_str(text).is_ok_and(|found: Value| found == json!({ "data": "any\ntext" }));
    assert!(plain == "any\ntext" || in_json(&plain), "{plain}");
    // The stand-in of sops has no program that reads the other forms.
    if std::env::var_os("CFGCHECK_SOPS").is_none() {
        return;
    }
    let lines = map(json!({ "URL": "http://a?b=c", "NAME": "x y" }));
    let text = sops::encrypted(Format::Dotenv, "app.env", &lines, &identity);
    let plain = decrypted(&folder, Format::Dotenv, &folder.write("app.env", &text));
    assert_eq!(plain, "URL=http://a?b=c\nNAME=x y\n", "{text}");
    let sections = map(json!({ "DEFAULT": { "first": "1" }, "web site": { "name": "x y", "URL": "http://a?b=c" } }));
    let text = sops::encrypted(Format::Ini, "app.ini", &sections, &identity);
    let plain = decrypted(&folder, Format::Ini, &folder.write("app.ini", &text));
    let found: Vec<&str> = plain.split_whitespace().collect();
    assert_eq!(
        found.join(" "),
        "[DEFAULT] first = 1 [web site] name = x y URL = http://a?b=c",
        "{text}"
    );
}

#[test]
fn live_keys_of_ssh_are_taken_by_openssh() {
    let folder = Folder::new();
    let key = folder.write("key", &Use::SshKey.value(Seed::of("test", ["key"])));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    let mut keygen = Command::new("ssh-keygen");
    keygen.arg("-y").arg("-f").arg(&key);
    let public = output(&mut keygen, b"");
    assert!(
        public.starts_with("ssh-ed25519 ") && public.trim().ends_with("cfgcheck dummy"),
        "{public}"
    );
}
