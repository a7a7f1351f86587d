//! Secrets in what differs: never told, whatever holds them.

use report::Secrets;
use report::diff::{Change, Changes, ValueChange};
use report::redact::{MASK, secret_like};

/// Takes secrets out of changes: values of what has the name of a secret, and all that looks like one
/// or is known to `secrets`.
pub(super) fn mask(changes: &mut Changes, secrets: &Secrets) {
    let settings = changes.units.iter_mut().flat_map(|unit| unit.settings.iter_mut());
    let accounts = changes
        .accounts
        .iter_mut()
        .flat_map(|account| account.settings.iter_mut());
    let facts = changes.facts.iter_mut().map(|fact| &mut fact.change);
    let all = changes.options.iter_mut().chain(settings).chain(accounts).chain(facts);
    for change in all.chain(changes.reboot.iter_mut()) {
        mask_change(change, secrets);
    }
    for text in &mut changes.unknown {
        *text = secrets.text(text).into_owned();
    }
}

fn mask_change(change: &mut Change, secrets: &Secrets) {
    let hide = |text: &mut String| *text = assignments(&secrets.text(text));
    let is_file = |text: &Option<String>| {
        let shown = text.as_deref().map(|text| text.trim_matches('"'));
        shown.is_none_or(|text| text.starts_with('/') || matches!(text, "null" | "true" | "false"))
    };
    match &mut change.value {
        // The name of a file that holds a secret is none, nor is whether there is one.
        ValueChange::Value { before, after } if secret_like(&change.name) && !(is_file(before) && is_file(after)) => {
            change.value = ValueChange::Secret;
        }
        ValueChange::Elements { .. } if secret_like(&change.name) => change.value = ValueChange::Secret,
        ValueChange::Value { before, after } => before.iter_mut().chain(after).for_each(hide),
        ValueChange::Elements { removed, added } => removed.iter_mut().chain(added).for_each(hide),
        ValueChange::Secret | ValueChange::Rebuilt => {}
    }
}

/// Returns a text in which words like `DB_PASSWORD=value`, as variables of units are, have no value.
fn assignments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) {
        let end = word.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        match end.split_once('=') {
            Some((name, value)) if secret_like(name) && !value.is_empty() && !value.starts_with('/') => {
                out.push_str(&format!("{name}={MASK}{}", &word[end.len()..]));
            }
            _ => out.push_str(word),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(change: Change, secrets: &Secrets) -> Change {
        let mut changes = Changes {
            options: vec![change],
            ..Changes::default()
        };
        mask(&mut changes, secrets);
        changes.options.remove(0)
    }

    #[test]
    fn values_of_secrets_are_not_told() {
        let secrets = Secrets::new();
        let value =
            |name: &str, before: &str, after: &str| Change::value(name, Some(before.into()), Some(after.into()));
        for name in ["services.x.password", "a.apiToken", "a.\"wifi-psk\""] {
            assert_eq!(
                masked(value(name, "\"old-one\"", "\"new-one\""), &secrets),
                Change::secret(name)
            );
        }
        let list = Change::elements("a.tokens", vec!["\"abc\"".into()], Vec::new());
        assert_eq!(masked(list, &secrets), Change::secret("a.tokens"));
        // Where a secret lies, and whether there is one, is none.
        for change in [
            value("a.password", "\"/run/secrets/a\"", "\"/run/secrets/b\""),
            value("a.enable", "false", "true"),
            value("a.token", "null", "\"/run/x\""),
        ] {
            assert_eq!(masked(change.clone(), &secrets), change);
        }
    }

    #[test]
    fn texts_that_hold_a_known_secret_are_masked() {
        let mut secrets = Secrets::new();
        secrets.learn("correct-horse-battery");
        let change = Change::value("a.text", None, Some("x = correct-horse-battery".into()));
        let told = format!("{:?}", masked(change, &secrets));
        assert!(!told.contains("horse"), "{told}");
        let change = Change::elements(
            "a.environment",
            Vec::new(),
            vec!["\"DB_PASSWORD=hunter2hunter2\"".into()],
        );
        let told = format!("{:?}", masked(change, &secrets));
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn variables_of_units_lose_their_secrets_only() {
        let masked = |value: &str| format!("\"A=b\" \"DB_PASSWORD={value}\" TOKEN_FILE=/run/x");
        assert_eq!(assignments(&masked("abc")), masked(MASK));
        assert_eq!(
            assignments("--flag=1 PASSWORD=/run/x é\n x"),
            "--flag=1 PASSWORD=/run/x é\n x"
        );
    }
}
