//! A host asks for a secret that its file does not have.

use super::reading::{Host, lossy, shown, text_of};
use super::{Found, Stop};
use crate::source::secret_keys;
use crate::{Level, Rule};
use eval::{Ref, Val};
use report::Stage;
use std::collections::BTreeMap;
use yaml::nearest;

/// The rule.
pub const RULE: Rule = Rule {
    id: "secret-key-absent",
    stage: Stage::Policy,
    level: Level::Error,
    title: "The secrets that a host asks for are in their files",
    why: "sops-nix looks for the key when the host is switched. If it is not there, the switch fails, and with it all \
          secrets of the host. The names in an encrypted file can be read without any key.",
    fix: "Correct the name, or add the secret: `sops FILE`.",
    wrong: "sops.secrets.\"database/wiki/passwort\" = { };",
    right: "sops.secrets.\"database/wiki/password\" = { };",
};

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let mut files = Files::default();
    let mut found = Vec::new();
    secrets(host, &["sops", "secrets"], &mut files, &mut found)?;
    for (user, _) in host.entries(&["home-manager", "users"])? {
        secrets(
            host,
            &["home-manager", "users", &user, "sops", "secrets"],
            &mut files,
            &mut found,
        )?;
    }
    Ok(found)
}

/// The names that files have, by path; `None` for a file that cannot be looked into, which another rule tells.
type Files = BTreeMap<Vec<u8>, Option<Vec<String>>>;

fn secrets(host: &mut Host<'_>, set: &[&str], files: &mut Files, found: &mut Vec<Found>) -> Result<(), Stop> {
    for (name, cell) in host.entries(set)? {
        let Some((file, key)) = asked(host, cell)? else {
            continue;
        };
        if !files.contains_key(&file) {
            let names = names_in(host, &file)?;
            files.insert(file.clone(), names);
        }
        let Some(Some(names)) = files.get(&file) else { continue };
        // A name may lead to a set of secrets, which is then the secret.
        let inside = format!("{key}/");
        if names.iter().any(|name| *name == key || name.starts_with(&inside)) {
            continue;
        }
        let near = nearest(&key, names.iter().map(String::as_str)).map(str::to_owned);
        let path = [set, &[&name, "key"]].concat();
        let place = host.place(&path)?;
        let shown_file = host.view.shorten(&lossy(&file)).into_owned();
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add it: `sops {shown_file}`"),
        };
        let diagnostic = RULE
            .found(format!("{shown_file} has no `{key}`"))
            .at(place, "")
            .hint(hint);
        found.push(Found::new(diagnostic).option(shown(&path)));
    }
    Ok(())
}

/// Returns the file of a secret and its name there; `None` if it is the whole file, or of a form whose
/// files have no names.
fn asked(host: &mut Host<'_>, secret: Ref) -> Result<Option<(Vec<u8>, String)>, Stop> {
    let format = host.used(secret, &["format"])?.and_then(text_of);
    if format.is_some_and(|format| !["yaml", "json"].contains(&format.as_str())) {
        return Ok(None);
    }
    let Some(key) = host
        .used(secret, &["key"])?
        .and_then(text_of)
        .filter(|key| !key.is_empty())
    else {
        return Ok(None);
    };
    let file = host.used(secret, &["sopsFile"])?.and_then(file_of);
    Ok(file.map(|file| (file, key)))
}

fn file_of(value: Val) -> Option<Vec<u8>> {
    value.as_path().or(value.as_string()).map(<[u8]>::to_vec)
}

/// Returns the names in a file of secrets.
fn names_in(host: &mut Host<'_>, file: &[u8]) -> Result<Option<Vec<String>>, Stop> {
    match host.attempt(|ev| ev.read_source(file)) {
        Ok(text) => Ok(secret_keys(file, &text).ok()),
        Err(Stop::Failed(_)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn names_that_a_file_lacks_are_told() {
        let told = |name: &str, key: &str| format!("host.nix:{name}: secrets.yaml has no `{key}`");
        let with = |text: &str| format!("{{ sops.secrets = {{ {text} }}; }}");
        let check = |text: &str, found: &[&str]| check(super::run, text, found);
        check(&with("\"db/passwort\" = { };"), &[&told("1:20", "db/passwort")]);
        check(&with("\"db/password\" = { };"), &[]);
        check(&with("db = { };"), &[]);
        check(&with("x.key = \"db/password\";"), &[]);
        check(&with("x.key = \"db/user\";"), &[&told("1:20", "db/user")]);
        check(&with("x.key = \"\";"), &[]);
        check(&with("x.format = \"binary\";"), &[]);
        check(&with("x.sopsFile = ./nowhere.yaml;"), &[]);
        check("{ }", &[]);
    }
}
