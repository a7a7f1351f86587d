use super::*;
use report::{Case, Event, Outcome, Recorder, Sink, Stage};

/// A file of a host, with three values that tell nothing and one that is plain.
const FILE: &str = "wireguard:
    key: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]
users:
    alice: ENC[AES256_GCM,data:BB==,iv:AA==,tag:AA==,type:str]
token: ENC[AES256_GCM,data:CC==,iv:AA==,tag:AA==,type:str]
seen_unencrypted: here
sops:
    mac: ENC[AES256_GCM,data:DD==,iv:AA==,tag:AA==,type:str]
";

fn want(name: &str) -> Want {
    Want {
        home: None,
        name: name.into(),
        kind: Kind::Sops,
        format: Format::Yaml,
        key: name.into(),
        file: "/nix/store/0c5n9rs4l2mpvyl9zajqkgmqllfv0zka-source/secrets/web.yaml".into(),
        path: format!("/run/secrets/{name}"),
        needed_for_users: false,
    }
}

fn made(wants: &[Want], source: &Source) -> Dummies {
    dummies(wants, &BTreeMap::new(), |_| source.clone())
}

/// The plain tree of which the dummy of some wants is made.
fn tree(wants: &[Want], uses: &[(&str, Use)], text: &str) -> Value {
    let uses = uses.iter().map(|(path, what)| ((*path).to_owned(), *what)).collect();
    let wants: Vec<&Want> = wants.iter().collect();
    let tree = sops::read(wants[0].format, text).expect("it is encrypted");
    let mut value = |path: &[String], cipher: &str| value_of(&wants, &uses, "name", path, cipher);
    sops::filled(&tree, &mut value).into()
}

#[test]
fn a_dummy_has_the_keys_of_its_file() {
    let plain = tree(&[want("token")], &[], FILE);
    let text = |path: &str| {
        plain
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{path}: {plain}"))
    };
    assert_eq!(text("/wireguard/key").len(), 44);
    assert!(text("/users/alice").starts_with("dummy-"));
    assert!(text("/token").starts_with("dummy-"));
    assert_eq!(text("/seen_unencrypted"), "here");
    assert_eq!(plain.get("sops"), None);
}

#[test]
fn values_are_for_those_who_read_them() {
    let mut alice = want("users/alice");
    alice.needed_for_users = true;
    let uses = [
        ("/run/secrets/token", Use::Environment),
        ("/run/secrets/other", Use::SshKey),
    ];
    let plain = tree(&[alice, want("token")], &uses, FILE);
    assert!(
        plain["users"]["alice"]
            .as_str()
            .is_some_and(|text| text.starts_with("$6$")),
        "{plain}"
    );
    assert!(
        plain["token"]
            .as_str()
            .is_some_and(|text| text.starts_with("CFGCHECK_DUMMY=")),
        "{plain}"
    );
}

#[test]
fn a_dummy_changes_with_the_secret_and_with_nothing_else() {
    let same = made(&[want("token")], &Source::Text(FILE.into()));
    let mut other = want("token");
    other.file = other.file.replace("0c5n", "1d6m");
    for (what, changed, text) in [
        ("another run", want("token"), FILE.to_owned()),
        ("another commit", other, FILE.to_owned()),
        ("other recipients", want("token"), FILE.replace("DD==", "EE==")),
    ] {
        assert_eq!(made(&[changed], &Source::Text(text)), same, "{what}");
    }
    let changed = made(&[want("token")], &Source::Text(FILE.replace("CC==", "EE==")));
    assert_ne!(changed.files[0].text, same.files[0].text);
}

#[test]
fn what_is_not_to_be_seen_is_made_up() {
    let file = |source| {
        let dummies = made(&[want("a/b"), want("a/c"), want("a/b/d"), want("")], &source);
        assert_eq!(dummies.files[0].name, "dummy-web.yaml");
        sops::read(Format::Yaml, &dummies.files[0].text).expect("it is encrypted")
    };
    let tree = file(Source::Elsewhere);
    let names = |value: &Value| {
        value
            .as_object()
            .map(|map| map.keys().cloned().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(names(&tree.clone().into()).as_deref(), Some("a dummy"));
    assert_eq!(names(&tree["a"]).as_deref(), Some("b c"));
    assert_eq!(file(Source::Text("- not a map".into())), tree);
}

#[test]
fn mistakes_of_the_host_stay() {
    for (source, why) in [
        (Source::Missing, "its file is not there"),
        (
            Source::Text("token: plain\n".into()),
            "its file is not encrypted by sops",
        ),
    ] {
        let dummies = made(&[want("token")], &source);
        assert!(dummies.files.is_empty());
        assert_eq!(
            dummies.secrets[0].dummy.map_err(|why| why.to_string()),
            Err(why.to_owned())
        );
    }
    // What is not in the file is not in the dummy.
    let dummies = made(&[want("mail")], &Source::Text(FILE.into()));
    let tree = sops::read(Format::Yaml, &dummies.files[0].text).expect("it is encrypted");
    assert_eq!(tree.get("mail"), None);
}

#[test]
fn files_of_age_are_one_value() {
    let agenix = |name: &str, hash: &str| {
        let secret = Want {
            kind: Kind::Agenix,
            format: Format::Binary,
            key: String::new(),
            file: format!("/nix/store/0c5n9rs4l2mpvyl9zajqkgmqllfv0zka-{name}"),
            ..want(name)
        };
        made(&[secret], &Source::Hash(hash.into())).files.remove(0)
    };
    let dummy = agenix("wg.age", "1");
    assert_eq!(dummy.name, "dummy-wg.age");
    assert!(dummy.text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
    assert_eq!(agenix("wg.age", "1"), dummy);
    assert_ne!(agenix("wg.age", "2"), dummy);
}

#[test]
fn names_of_dummies_are_fit_for_a_store() {
    let hash = "0c5n9rs4l2mpvyl9zajqkgmqllfv0zka";
    for (file, name) in [
        (format!("/nix/store/{hash}-source/secrets/web.yaml"), "dummy-web.yaml"),
        (format!("/nix/store/{hash}-web.yaml"), "dummy-web.yaml"),
        ("/etc/a b'c.age".into(), "dummy-abc.age"),
        ("/etc/é/ß".into(), "dummy-secret"),
        (String::new(), "dummy-secret"),
        (format!("/nix/store/{}", "é".repeat(20)), "dummy-secret"),
    ] {
        assert_eq!(store_name(&file), name, "{file}");
    }
    assert!(store_name(&"a".repeat(300)).len() < 200);
}

#[test]
fn the_report_names_all_secrets_once() {
    let mut of_alice = want("token");
    of_alice.home = Some("alice".into());
    let base = made(&[want("token")], &Source::Text(FILE.into()));
    let head = made(
        &[want("token"), of_alice, want("wireguard/key")],
        &Source::Text(FILE.into()),
    );
    let gone = made(&[want("gone")], &Source::Missing);
    assert_eq!(told([&Dummies::default()]), [""; 0]);
    assert_eq!(
        told([&base, &base]),
        ["under a throw-away key, 1 secret is a generated dummy: token (sops)"]
    );
    assert_eq!(
        told([&base, &head, &gone]),
        [
            "under a throw-away key, 3 secrets are generated dummies: token (sops), token of alice (sops), wireguard/key (sops)",
            "left as it is, since its file is not there: gone (sops)",
        ]
    );
}

#[test]
fn the_report_does_not_mask_what_is_said_of_dummies() {
    let all = told([&made(
        &[want("token"), want("users/alice/password")],
        &Source::Text(FILE.into()),
    )])
    .join("; ");
    let mut recorder = Recorder::new();
    let case = Case::new(Stage::Vm, "rollback", Outcome::Passed).property(PROPERTY, &all);
    recorder.take(&Event::CaseFinished(case));
    let report = recorder.finish();
    assert_eq!(report.cases[0].properties.get(PROPERTY), Some(&all));
}
