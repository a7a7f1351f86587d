//! The fleet's secrets: `.sops.yaml`, the encrypted files, and the throw-away keys that open them.
//!
//! What can be seen without a key is tested everywhere. The `live_` tests decrypt, with the program
//! that hosts decrypt with; they need `age` and `libcryptx-perl`, by Debian's names.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests read the repository and run programs"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Returns a path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Reads a file of YAML; JSON is YAML, too.
fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the names in a folder, in order.
fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(repository(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.expect("it can be read").file_name();
        name.to_str().expect("names are text").to_owned()
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

/// Returns the texts of a list.
fn texts(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().expect("it is a list").iter();
    items
        .map(|item| item.as_str().expect("it is a text").to_owned())
        .collect()
}

/// Returns for each encrypted file those whom its creation rule names.
fn rules() -> BTreeMap<String, BTreeSet<String>> {
    let config = yaml(".sops.yaml");
    let rules = config["creation_rules"].as_array().expect("there are rules");
    let file_of = |rule: &Value| {
        let pattern = rule["path_regex"].as_str().expect("a rule has a path");
        let path = pattern.strip_prefix('^').and_then(|path| path.strip_suffix('$'));
        path.expect("a rule is about one file").replace("\\.", ".")
    };
    let rule = |rule: &Value| (file_of(rule), texts(&rule["key_groups"][0]["age"]));
    rules.iter().map(rule).collect()
}

/// Returns the names of the keys in `fixtures/keys`, by what they are called in `.sops.yaml`.
fn keys() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(repository(".sops.yaml")).expect(".sops.yaml is there");
    let anchor = |line: &str| {
        let (name, recipient) = line.trim().strip_prefix("- &")?.split_once(' ')?;
        Some((name.to_owned(), recipient.to_owned()))
    };
    text.lines().filter_map(anchor).collect()
}

/// Calls `judge` with each scalar of a tree and where it is.
fn each_scalar(tree: &Value, path: &str, judge: &mut dyn FnMut(&str, &Value)) {
    match tree {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| each_scalar(value, &format!("{path}/{key}"), judge)),
        Value::Array(list) => list.iter().for_each(|value| each_scalar(value, path, judge)),
        scalar => judge(path, scalar),
    }
}

#[test]
fn every_file_is_encrypted_for_those_whom_its_rule_names() {
    let rules = rules();
    let files: BTreeSet<_> = names("secrets")
        .into_iter()
        .map(|name| format!("secrets/{name}"))
        .collect();
    assert_eq!(files, rules.keys().cloned().collect());
    for (file, expected) in rules {
        let sops = &yaml(&file)["sops"];
        let entries = sops["age"].as_array().expect("there are recipients");
        let found: BTreeSet<_> = entries
            .iter()
            .map(|entry| entry["recipient"].as_str().expect("a text").to_owned())
            .collect();
        assert_eq!(found, expected, "{file}");
        for entry in entries {
            let armor = entry["enc"].as_str().expect("the key is a text");
            assert!(armor.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"), "{file}");
            assert!(armor.ends_with("-----END AGE ENCRYPTED FILE-----\n"), "{file}");
        }
        for name in ["lastmodified", "mac", "version"] {
            assert!(sops[name].is_string(), "{file}: {name}");
        }
    }
}

#[test]
fn nothing_is_in_plain_text_but_what_is_named_so() {
    let mut encrypted = 0;
    for name in names("secrets") {
        let mut tree = yaml(&format!("secrets/{name}"));
        tree.as_object_mut().expect("it is a map").remove("sops");
        each_scalar(&tree, &name, &mut |path, value| {
            if path.ends_with("_unencrypted") {
                return;
            }
            let text = value.as_str().unwrap_or_else(|| panic!("{path} is no text"));
            assert!(
                text.starts_with("ENC[AES256_GCM,data:") && text.ends_with(']'),
                "{path} is in plain text"
            );
            encrypted += 1;
        });
    }
    assert_eq!(encrypted, 27, "the number of secrets in all files");
}

#[test]
fn each_name_in_the_rules_has_its_key_here_and_says_what_it_is() {
    let called: BTreeSet<_> = keys().into_keys().collect();
    let files: BTreeSet<_> = names("fixtures/keys")
        .iter()
        .filter_map(|name| name.strip_suffix(".age"))
        .map(str::to_owned)
        .collect();
    assert_eq!(called, files);
    for name in called {
        let text = std::fs::read_to_string(repository(&format!("fixtures/keys/{name}.age"))).expect("the key is there");
        assert!(
            text.starts_with(&format!("# Throw-away test key of `{name}'")),
            "{name}"
        );
        let recipient = &keys()[&name];
        assert!(
            text.contains(&format!("# public key: {recipient}\n")),
            "{name} is another key than in .sops.yaml"
        );
    }
}

/// Decrypts a file with the key of somebody.
fn decrypt(who: &str, file: &Path) -> Output {
    let mut command = Command::new(repository("fixtures/keys/decrypt"));
    command.arg(repository(&format!("fixtures/keys/{who}.age"))).arg(file);
    command.output().expect("fixtures/keys/decrypt can be run")
}

#[test]
fn live_each_file_opens_for_its_recipients_and_for_nobody_else() {
    let keys = keys();
    for (file, recipients) in rules() {
        let mut plain = BTreeSet::new();
        for (who, recipient) in &keys {
            let output = decrypt(who, &repository(&file));
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.success(),
                recipients.contains(recipient),
                "{file} with the key of {who}: {errors}"
            );
            if output.status.success() {
                plain.insert(String::from_utf8(output.stdout).expect("it is text"));
            } else {
                assert!(
                    errors.contains("no identity matched any of the recipients"),
                    "{file}: {errors}"
                );
            }
        }
        assert_eq!(plain.len(), 1, "{file} is the same for all who can read it");
        let plain: Value = serde_yaml::from_str(plain.first().expect("somebody can read it")).expect("it is YAML");
        each_scalar(&plain, &file, &mut |path, value| {
            assert!(!value.to_string().contains("ENC["), "{path} is still encrypted");
        });
    }
}

#[test]
fn live_a_file_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("changed.yaml");
    let original = std::fs::read_to_string(repository("secrets/laptop.yaml")).expect("it is there");
    let changes: &[(&str, &str, &str)] = &[
        ("another value", "data:", "data:AAAA"),
        ("another place", "    identity: ", "    login: "),
        ("another time", "lastmodified: \"20", "lastmodified: \"19"),
        ("nothing", "", ""),
    ];
    for (what, from, to) in changes {
        let changed = original.replacen(from, to, 1);
        assert_eq!(changed == original, from.is_empty(), "{what}");
        std::fs::write(&path, changed).expect("it can be written");
        let output = decrypt("laptop", &path);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), from.is_empty(), "{what}: {errors}");
        assert_eq!(
            errors.contains("it was changed, moved, or written with another key"),
            !from.is_empty(),
            "{what}: {errors}"
        );
    }
    // A value that is left out is seen by the MAC alone.
    let shorter: String = original
        .lines()
        .filter(|line| !line.contains("identity: ENC"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&path, shorter).expect("it can be written");
    let output = decrypt("laptop", &path);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("the MAC does not fit the values"));
}

/// A host in a temporary folder, on which secrets are installed as for a user: without root.
struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn new() -> Host {
        Host {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// Returns a path on the host.
    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Returns the text of a file on the host.
    fn read(&self, path: &str) -> String {
        let path = self.path(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Runs the program that installs secrets; each of them is a name and a key of a file.
    fn install(&self, key: &str, secrets: &[(&str, &str, &str)], option: &str) -> Output {
        let secret = |(name, file, key): &(&str, &str, &str)| {
            serde_json::json!({
                "name": name, "key": key, "path": self.path("links").join(name), "mode": "0400",
                "sopsFile": repository(file), "format": if file.ends_with("json") { "json" } else { "yaml" },
            })
        };
        let placeholders: BTreeMap<_, _> = secrets.iter().map(|(name, ..)| (*name, format!("<{name}>"))).collect();
        let manifest = serde_json::json!({
            "secrets": secrets.iter().map(secret).collect::<Vec<_>>(),
            "templates": [{
                "name": "app.env", "path": self.path("app.env"), "mode": "0440",
                "content": "KEY=<session>\nSAME=<session>\n", "file": "/dev/null",
            }],
            "placeholderBySecretName": placeholders,
            "secretsMountPoint": "%r/secrets.d", "symlinkPath": self.path("secrets"), "keepGenerations": 1,
            "ageKeyFile": repository(&format!("fixtures/keys/{key}.age")), "ageSshKeyPaths": [],
            "gnupgHome": null, "sshKeyPaths": [], "useTmpfs": false, "userMode": true,
            "logging": { "keyImport": true, "secretChanges": true },
        });
        std::fs::write(self.path("manifest.json"), manifest.to_string()).expect("it can be written");
        let program = repository("fixtures/inputs/sops-nix/pkgs/sops-install-secrets");
        let mut command = Command::new("perl");
        command
            .arg("-I")
            .arg(program.join("lib"))
            .arg(program.join("sops-install-secrets.pl"));
        command.args(["-ignore-passwd", option]).arg(self.path("manifest.json"));
        command
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env_remove("NIXOS_ACTION");
        command.output().expect("perl can be run")
    }
}

const SESSION: (&str, &str, &str) = ("session", "secrets/wiki.json", "session_key");
const PASSWORD: (&str, &str, &str) = ("wiki/database", "secrets/server.yaml", "database/wiki/password");

#[test]
fn live_secrets_are_installed_as_the_manifest_says() {
    let host = Host::new();
    let output = host.install("server", &[SESSION, PASSWORD], "-check-mode=off");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let plain = |file: &str, key: &str| {
        let mut command = Command::new(repository("fixtures/keys/decrypt"));
        command.arg(repository("fixtures/keys/admin.age")).args([file, key]);
        let output = command
            .current_dir(repository(""))
            .output()
            .expect("decrypt can be run");
        String::from_utf8(output.stdout).expect("it is text")
    };
    let session = plain(SESSION.1, SESSION.2);
    assert!(session.len() > 20);
    assert_eq!(host.read("secrets/session"), session);
    assert_eq!(host.read("links/session"), session);
    assert_eq!(host.read("secrets/wiki/database"), plain(PASSWORD.1, PASSWORD.2));
    assert_eq!(host.read("app.env"), format!("KEY={session}\nSAME={session}\n"));
    let mode = |path: &str| {
        let permissions = std::fs::metadata(host.path(path)).expect("it is there").permissions();
        std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o7777
    };
    assert_eq!(
        [
            mode("secrets/session"),
            mode("app.env"),
            mode("secrets"),
            mode("secrets/wiki")
        ],
        [0o400, 0o440, 0o751, 0o751]
    );

    // The next generation takes the place of this one, which goes; no key is left behind.
    let output = host.install("server", &[SESSION], "-check-mode=off");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!host.path("secrets/wiki/database").exists());
    let left = std::fs::read_dir(host.path("run/secrets.d")).expect("it is there");
    let left: Vec<_> = left.map(|entry| entry.expect("it can be read").file_name()).collect();
    assert_eq!(left, ["2"]);
}

#[test]
fn live_what_cannot_be_installed_changes_nothing() {
    let host = Host::new();
    let refused = |key: &str, secrets: &[(&str, &str, &str)], option: &str| {
        let output = host.install(key, secrets, option);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stderr).expect("it is text")
    };
    let missing = ("session", "secrets/wiki.json", "mail/user");
    let said = refused("server", &[missing], "-check-mode=sopsfile");
    assert!(
        said.contains("secret session in ") && said.contains("the key 'mail/user' cannot be found"),
        "{said}"
    );
    let number = ("session", "secrets/wiki.json", "mail");
    let said = refused("server", &[number], "-check-mode=sopsfile");
    assert!(said.contains("the value of key 'mail' is not a string"), "{said}");

    // All is well before a switch; only the host's key decides at the switch.
    let output = host.install("laptop", &[SESSION], "-check-mode=sopsfile");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!host.path("run").exists());
    let said = refused("laptop", &[SESSION], "-check-mode=off");
    assert!(said.contains("no identity matched any of the recipients"), "{said}");
    assert!(!host.path("secrets").exists());
}
