use super::*;
use std::collections::BTreeMap;

/// The plain texts of a file's values by their paths, once each has been opened with the file's key, and once the code
/// over all of them has been checked.
fn opened(key: &[u8; 32], tree: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut all = String::new();
    for (name, value) in tree.iter().filter(|(name, _)| *name != "sops") {
        open(key, value, &format!("{name}:"), &mut found, &mut all);
    }
    let sops = &tree["sops"];
    let modified = sops["lastmodified"].as_str().expect("a time");
    let (code, _) = unsealed(key, sops["mac"].as_str().expect("a code"), modified);
    let expected: String = Sha512::digest(all).iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(code, expected);
    found
}

fn open(key: &[u8; 32], value: &Value, place: &str, found: &mut BTreeMap<String, String>, all: &mut String) {
    let text = match value {
        Value::Object(map) => {
            return map
                .iter()
                .for_each(|(name, value)| open(key, value, &format!("{place}{name}:"), found, all));
        }
        Value::Array(list) => return list.iter().for_each(|value| open(key, value, place, found, all)),
        Value::Null => return,
        Value::String(text) if text.starts_with(SEALED) => {
            let (plain, kind) = unsealed(key, text, place);
            all.push_str(&plain);
            found
                .entry(place.to_owned())
                .or_default()
                .push_str(&format!("{kind} {plain};"));
            return;
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    all.push_str(&text);
    found.insert(place.to_owned(), format!("plain {text}"));
}

fn unsealed<'t>(key: &[u8; 32], text: &'t str, place: &str) -> (String, &'t str) {
    let inner = text
        .strip_prefix(SEALED)
        .and_then(|rest| rest.strip_suffix(']'))
        .expect("it is sealed");
    let mut parts = inner
        .split(',')
        .map(|part| part.split_once(':').expect("a part has a name").1);
    let mut bytes = || STANDARD.decode(parts.next().expect("a part")).expect("it is base64");
    let (data, nonce, tag) = (bytes(), bytes(), bytes());
    let sealed = [data, tag].concat();
    let payload = Payload {
        msg: &sealed,
        aad: place.as_bytes(),
    };
    let nonce: [u8; 32] = nonce.try_into().expect("32 bytes");
    let plain = Cipher::new(&Array(*key))
        .decrypt(&Array(nonce), payload)
        .expect("it opens in its place");
    (
        String::from_utf8(plain).expect("it is text"),
        parts.next().expect("a type"),
    )
}

/// The key of a file, which is told by its name and what is in it.
fn key(name: &str, tree: &Map<String, Value>) -> [u8; 32] {
    let text = Value::from(tree.clone()).to_string();
    Seed::of("sops data key", [name.as_bytes(), text.as_bytes()]).bytes()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().expect("it is a map").clone()
}

/// What files can have, in the forms that are trees.
fn rich() -> Map<String, Value> {
    map(json!({
        "a": { "b c": "text: with \"quotes\"\nand lines\u{1}", "yes": "", "list": ["x", { "deep": ["y", null] }, []] },
        "port": 8080, "share": 0.25, "on": true, "off": false, "nothing": {},
        "0": "zero", "seen_unencrypted": { "all": ["plain", 1] },
    }))
}

#[test]
fn trees_come_back_from_their_text() {
    let identity = Identity::throw_away();
    for format in [Format::Yaml, Format::Json, Format::Binary] {
        let tree = if format == Format::Binary {
            map(json!({ "data": "all\nof it" }))
        } else {
            rich()
        };
        let text = encrypted(format, "name", &tree, &identity);
        assert_eq!(text, encrypted(format, "name", &tree, &identity), "{format:?}");
        let found = opened(
            &key("name", &tree),
            &form::read(format, &text).expect("it is of its form"),
        );
        let told: Vec<String> = found.iter().map(|(place, value)| format!("{place} {value}")).collect();
        let expected: &[&str] = if format == Format::Binary {
            &["data: str all\nof it;"]
        } else {
            &[
                "0: str zero;",
                "a:b c: str text: with \"quotes\"\nand lines\u{1};",
                "a:list: str x;",
                "a:list:deep: str y;",
                "a:yes: plain ",
                "off: bool False;",
                "on: bool True;",
                "port: int 8080;",
                "seen_unencrypted:all: plain 1",
                "share: float 0.25;",
            ]
        };
        assert_eq!(told, expected, "{format:?}\n{text}");
    }
}

#[test]
fn flat_forms_have_the_metadata_in_joined_names() {
    let identity = Identity::throw_away();
    let lines = map(json!({ "URL": "http://a?b=c", "TWO": "a\nb" }));
    let text = encrypted(Format::Dotenv, "name", &lines, &identity);
    let names: Vec<&str> = text
        .lines()
        .map(|line| line.split_once('=').expect("a value").0)
        .collect();
    let expected = [
        "URL",
        "TWO",
        "sops_age__list_0__map_recipient",
        "sops_age__list_0__map_enc",
        "sops_lastmodified",
        "sops_mac",
        "sops_unencrypted_suffix",
        "sops_version",
    ];
    assert_eq!(names, expected);
    let found = opened(
        &key("name", &lines),
        &form::read(Format::Dotenv, &text).expect("it is of its form"),
    );
    assert_eq!(found["URL:"], "str http://a?b=c;");
    let sections = map(json!({ "DEFAULT": { "a": "1" }, "web site": { "b": "2" } }));
    let text = encrypted(Format::Ini, "name", &sections, &identity);
    assert!(text.starts_with("[DEFAULT]\na = ENC["), "{text}");
    assert!(text.contains("[sops]\nage__list_0__map_recipient = age1"), "{text}");
    let found = opened(
        &key("name", &sections),
        &form::read(Format::Ini, &text).expect("it is of its form"),
    );
    assert_eq!(found["web site:b:"], "str 2;");
}

#[test]
fn what_is_sealed_is_filled_and_what_is_plain_stays() {
    let sealed = |kind: &str| format!("{SEALED}data:AA==,iv:AA==,tag:AA==,type:{kind}]");
    let tree = map(json!({
        "a": { "b": sealed("str"), "list": [sealed("str"), { "c": sealed("bytes") }] },
        "n": sealed("int"), "f": sealed("float"), "t": sealed("bool"),
        "plain": "text", "empty": "", "none": null, "seven": 7,
    }));
    let mut calls = Vec::new();
    let filled = filled(&tree, &mut |path, cipher| {
        calls.push(path.join("/"));
        assert!(cipher.starts_with(SEALED));
        format!("for {}", path.join("/"))
    });
    let expected = json!({
        "a": { "b": "for a/b", "list": ["for a/list/0", { "c": "for a/list/1/c" }] },
        "n": 1, "f": 1.5, "t": true,
        "plain": "text", "empty": "", "none": null, "seven": 7,
    });
    assert_eq!(Value::from(filled), expected);
    assert_eq!(calls, ["a/b", "a/list/0", "a/list/1/c"]);
}

#[test]
fn files_are_read_in_all_forms_or_not_at_all() {
    let tree = |text: &str| Ok(map(serde_json::from_str(text).expect("it is JSON")));
    for (format, text, expected) in [
        (Format::Yaml, "a:\n  b: c # d\nsops: {}\n", tree(r#"{"a":{"b":"c"}}"#)),
        (Format::Yaml, "a: b\n", Err(Unread::NotEncrypted)),
        (Format::Yaml, "- a\n", Err(Unread::NotUnderstood)),
        (Format::Yaml, "a: [\n", Err(Unread::NotUnderstood)),
        (Format::Yaml, "", Err(Unread::NotEncrypted)),
        (Format::Json, r#"{"a": 1, "sops": {}}"#, tree(r#"{"a":1}"#)),
        (Format::Json, r#"{"a": 1"#, Err(Unread::NotUnderstood)),
        (Format::Binary, r#"{"data": "x", "sops": {}}"#, tree(r#"{"data":"x"}"#)),
        (
            Format::Dotenv,
            "# c\nA=b=c\n\nB=x\\ny\nsops_mac=d\n",
            tree(r#"{"A":"b=c","B":"x\ny"}"#),
        ),
        (Format::Dotenv, "A=b\n", Err(Unread::NotEncrypted)),
        (Format::Dotenv, "A\n", Err(Unread::NotUnderstood)),
        (
            Format::Ini,
            "; c\nx = 1\n[web]\na=b\nc : d\n[sops]\nmac = e\n",
            tree(r#"{"DEFAULT":{"x":"1"},"web":{"a":"b","c":"d"}}"#),
        ),
        (Format::Ini, "[web]\na = b\n", Err(Unread::NotEncrypted)),
        (Format::Ini, "[web\n", Err(Unread::NotUnderstood)),
    ] {
        assert_eq!(read(format, text), expected, "{format:?} {text:?}");
    }
}
