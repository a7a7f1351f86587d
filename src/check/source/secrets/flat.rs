//! Dotenv and INI files, as sops writes them.

use super::document::{Document, Leaf};

/// Returns the document of a dotenv file: a line is a comment or `NAME=value`. The metadata of sops is in names that
/// begin with `sops_`.
pub(super) fn dotenv(text: &str) -> Document {
    let mut document = Document::default();
    for (start, line) in lines(text) {
        let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let path = match name.strip_prefix("sops_") {
            Some(inner) => [vec!["sops".to_owned()], unflatten(inner)].concat(),
            None => vec![name.to_owned()],
        };
        add(&mut document, path, start, name, value);
    }
    document
}

/// Returns the document of an INI file. The metadata of sops is in the section `sops`.
pub(super) fn ini(text: &str) -> Document {
    let mut document = Document::default();
    let mut section = String::new();
    for (start, line) in lines(text) {
        let inner = line.trim();
        if inner.is_empty() || inner.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
            document.top.push((section.clone(), start..start + line.len()));
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let own = name.trim();
        let keys = if section == "sops" {
            unflatten(own)
        } else {
            vec![own.to_owned()]
        };
        let above = if section.is_empty() {
            Vec::new()
        } else {
            vec![section.clone()]
        };
        let indent = name.len() - name.trim_start().len();
        add(
            &mut document,
            [above, keys].concat(),
            start + indent,
            &name[indent..],
            value,
        );
    }
    document
}

fn add(document: &mut Document, path: Vec<String>, start: usize, name: &str, value: &str) {
    let known = |key: &String| document.top.iter().any(|(own, _)| own == key);
    let key = start..start + name.trim_end().len();
    if let Some(first) = path.first().filter(|first| !known(first)) {
        document.top.push((first.clone(), key.clone()));
    }
    let from = start + name.len() + 1 + (value.len() - value.trim_start().len());
    let value = value.trim();
    let text = unquoted(value).replace("\\n", "\n");
    document.leaves.push(Leaf {
        path,
        key,
        value: from..from + value.len(),
        empty: text.is_empty(),
        text,
        alias: None,
    });
}

fn unquoted(value: &str) -> &str {
    ['"', '`', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

/// Returns the keys that `age__list_0__map_recipient` stands for.
fn unflatten(name: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for part in name.split("__") {
        let inner = part.strip_prefix("list_").or_else(|| part.strip_prefix("map_"));
        keys.push(inner.unwrap_or(part).to_owned());
    }
    keys
}

/// Returns the lines of a text with the byte at which each starts.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

#[cfg(test)]
mod tests {
    use super::super::document::Form;
    use super::*;

    fn check(form: Form, text: &str, expected: &[(&str, &str, &str)]) {
        let document = Document::read(form, text.as_bytes()).unwrap();
        let found: Vec<_> = document
            .leaves
            .iter()
            .map(|leaf| (leaf.shown(), &text[leaf.key.clone()], &text[leaf.value.clone()]))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(path, key, value)| (path.to_string(), *key, *value))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn flat_forms_have_the_same_paths() {
        check(
            Form::Dotenv,
            "# note\nA=ENC[x]\nsops_mac=ENC[y]\nsops_age__list_0__map_recipient=age1a\n",
            &[
                ("A", "A", "ENC[x]"),
                ("sops/mac", "sops_mac", "ENC[y]"),
                ("sops/age/0/recipient", "sops_age__list_0__map_recipient", "age1a"),
            ],
        );
        check(
            Form::Ini,
            "; note\n[db]\n  user = ENC[x]\n\n[sops]\nmac=ENC[y]\npgp__list_1__map_fp = AB\n",
            &[
                ("db/user", "user", "ENC[x]"),
                ("sops/mac", "mac", "ENC[y]"),
                ("sops/pgp/1/fp", "pgp__list_1__map_fp", "AB"),
            ],
        );
    }
}
