//! What is no verdict, whoever has signed it.

use super::*;

/// Returns an envelope whose payload is changed as JSON, signed all the same.
fn signed_payload(change: impl Fn(&mut Value)) -> String {
    let mut payload: Value = serde_json::from_str(&read::payload(&verdict())).expect("it is JSON");
    change(&mut payload);
    let envelope = json!({
        "format": 1,
        "payload-type": envelope::TYPE,
        "payload": payload.to_string(),
        "signatures": [],
    });
    let mut envelope: Envelope = serde_json::from_value(envelope).expect("it is an envelope");
    envelope.sign(&key("fleet-1", 7));
    envelope.to_text()
}

#[test]
fn what_is_no_verdict_is_refused_even_if_it_is_signed() {
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let told = refusals(&signed_payload(change), &wanted(), NOW);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with(&format!("the verdict cannot be read: {expected}")),
            "{told:?}"
        );
    };
    let set = |name: &'static str, value: Value| move |payload: &mut Value| payload[name] = value.clone();
    check(
        &set("format", json!(2)),
        "it has format version 2, and this cfgcheck reads version 1",
    );
    check(&set("more", json!(1)), "unknown field `more`");
    check(
        &|p| drop(p.as_object_mut().and_then(|p| p.remove("lock"))),
        "missing field `lock`",
    );
    check(
        &set("repository", json!("")),
        "its field `repository` is not a short text of one line",
    );
    check(
        &set("host", json!("a\nb")),
        "its field `host` is not a short text of one line",
    );
    check(
        &set("host", json!("a".repeat(513))),
        "its field `host` is not a short text of one line",
    );
    check(
        &set("commit", json!("main")),
        "its field `commit` is not 40 or 64 hexadecimal digits",
    );
    check(
        &set("tree", json!("A".repeat(40))),
        "its field `tree` is not 40 or 64 hexadecimal digits",
    );
    check(
        &set("lock", json!("sha1-AAAA")),
        "its field `lock` is not a hash such as",
    );
    check(
        &set("drv", json!(path("x").to_path())),
        "its field `drv` is not the path of a derivation",
    );
    for out in [
        "/etc/passwd",
        "",
        "/nix/store/../etc",
        "/nix/store//g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x",
        "x",
    ] {
        check(&set("out", json!(out)), &format!("'{out}' is no store path"));
    }
    check(&set("out", json!(format!("/nix/store/{DIGEST}.x"))), "'/nix/store/");
    check(
        &set("expires-at", json!(NOW.as_secs())),
        "it holds from 1795000000 until 1795000000, and that is not",
    );
    check(
        &set("expires-at", json!(u64::MAX)),
        "it holds from 1795000000 until 18446744073709551615",
    );
    check(&set("made-at", json!(-1)), "invalid value: integer `-1`");
    let one = json!({ "path": path("bash").to_path(), "nar-hash": hash("b").to_text(store::HashFormat::Sri, true) });
    check(
        &set("closure", json!([one, one])),
        &format!("'{}' is in its closure twice", path("bash")),
    );
    check(
        &set("closure", json!([{ "path": "/x", "nar-hash": "" }])),
        "'/x' is no store path",
    );
    let bad = json!({ "path": path("bash").to_path(), "nar-hash": "sha256-AAAA" });
    check(&set("closure", json!([bad])), "its field `nar-hash` is not a hash");
    check(&|p| p["closure"][0]["size"] = json!(1), "unknown field `size`");
    check(
        &|p| p["results"]["stages"][0]["cases"]["failed"] = json!(-1),
        "invalid value: integer `-1`",
    );
    check(
        &|p| p["results"]["stages"][0]["stage"] = json!("x"),
        "unknown variant `x`",
    );
    check(
        &|p| p["results"]["stages"][1]["stage"] = json!("eval"),
        "the stage `eval` is in its results twice",
    );
    let many: Vec<Value> = (0..=MOST_PATHS)
        .map(|number| json!({ "path": path(&number.to_string()).to_path(), "nar-hash": "" }))
        .collect();
    check(&set("closure", json!(many)), "it has more than 50000 paths");
    // A key that is there twice in one object would have two meanings.
    let doubled = read::payload(&verdict()).replacen("\"host\":", "\"host\":\"db\",\"host\":", 1);
    assert!(
        read::verdict(&doubled)
            .unwrap_err()
            .to_string()
            .starts_with("duplicate field `host`")
    );
}

#[test]
fn what_is_no_envelope_is_refused() {
    let check = |text: String, expected: &str| {
        let told = refusals(&text, &wanted(), NOW);
        assert!(
            told[0].starts_with(&format!("the verdict cannot be read: {expected}")),
            "{told:?}"
        );
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut envelope: Value = serde_json::from_str(&signed(&verdict())).expect("it is JSON");
        change(&mut envelope);
        envelope.to_string()
    };
    check(String::new(), "EOF while parsing");
    check("{}".into(), "missing field `format`");
    check(changed(&|e| e["format"] = json!(2)), "it has format version 2");
    check(
        changed(&|e| e["payload-type"] = json!("text/plain")),
        "its payload is `text/plain` and no verdict",
    );
    check(changed(&|e| e["more"] = json!(1)), "unknown field `more`");
    check(
        changed(&|e| e["signatures"][0]["key"] = json!("a b")),
        "its field `signatures` is not a key's name",
    );
    check(
        changed(&|e| e["signatures"][0]["signature"] = json!("A".repeat(200))),
        "its field `signatures` is not",
    );
    let many = |count: usize| move |e: &mut Value| e["signatures"] = json!(vec![e["signatures"][0].clone(); count]);
    check(changed(&many(2)), "it is signed twice in the name of `fleet-1`");
    check(changed(&many(17)), "it has more than 16 signatures");
    check(" ".repeat(envelope::MOST_BYTES + 1), "it is larger than 16777216 bytes");
    check(signed(&verdict()) + "x", "trailing characters");
}
