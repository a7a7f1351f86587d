//! A secret is in the store, which everybody on the host can read.

use super::reading::{Host, shown, text_of};
use super::{Found, Stop};
use crate::{Level, Rule};
use eval::{Ref, Val};
use report::Stage;
use report::redact::secret_like;

/// The rule.
pub const RULE: Rule = Rule {
    id: "secret-in-store",
    stage: Stage::Policy,
    level: Level::Error,
    title: "No secret is in the store",
    why: "All that a configuration says becomes files in the Nix store, which every user and every service on the host \
          can read, and which stay in old generations and in binary caches. The rule looks at environment variables, \
          texts of files in /etc and options that are a secret; the value itself is never shown.",
    fix: "Keep the secret in an encrypted file (sops-nix, agenix), and give the service the path of the decrypted one. \
          Change the secret: what was in a repository or a store is known.",
    wrong: "systemd.services.wiki.environment.DATABASE_PASSWORD = \"correct-horse\";",
    right: "systemd.services.wiki.serviceConfig.EnvironmentFile = config.sops.secrets.wiki.path;",
};

/// Values that say where a secret is, or that there is none.
const REFERENCES: [&str; 9] = ["/", "~", "$", "%", "@", "<", "!", "file:", "ext:"];
const NOTHING: [&str; 7] = ["", "true", "false", "yes", "no", "none", "null"];

const TO_SERVICE: &str = "give it by a file that only the service can read: `serviceConfig.EnvironmentFile = config.sops.secrets.NAME.path;`";
const TO_PROGRAM: &str =
    "let the program that needs it read a file: a variable of everybody's shell is known to everybody";
const TO_CONTAINER: &str = "give it by a file: `environmentFiles = [ config.sops.secrets.NAME.path ];`";
const TO_FILE: &str = "make the file of a template: `sops.templates`";

/// Sets of environment variables that are in one place: the option, and what to do instead.
const VARIABLES: [(&[&str], &str); 4] = [
    (&["environment", "variables"], TO_PROGRAM),
    (&["environment", "sessionVariables"], TO_PROGRAM),
    (&["home", "sessionVariables"], TO_PROGRAM),
    (&["systemd", "globalEnvironment"], TO_SERVICE),
];

/// Sets of services, each with environment variables.
const SERVICES: [(&[&str], &str); 3] = [
    (&["systemd", "services"], TO_SERVICE),
    (&["systemd", "user", "services"], TO_SERVICE),
    (&["virtualisation", "oci-containers", "containers"], TO_CONTAINER),
];

/// Options that are a secret: the set, the option in each of it, and what to do instead.
const SECRETS: [(&[&str], &str, &str); 5] = [
    (
        &["users", "users"],
        "password",
        "give a hash by a file: `hashedPasswordFile`",
    ),
    (
        &["networking", "wireless", "networks"],
        "psk",
        "write `pskRaw = \"ext:NAME\"`, and NAME into `networking.wireless.secretsFile`",
    ),
    (
        &["networking", "wireguard", "interfaces"],
        "privateKey",
        "give it by a file: `privateKeyFile`",
    ),
    (
        &["networking", "wg-quick", "interfaces"],
        "privateKey",
        "give it by a file: `privateKeyFile`",
    ),
    (&["services", "wpa_supplicant", "networks"], "psk", "give it by a file"),
];

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let mut found = Vec::new();
    for (set, hint) in VARIABLES {
        variables(host, set, hint, &mut found)?;
    }
    for (set, hint) in SERVICES {
        for (name, _) in own(host, set)? {
            variables(host, &[set, &[&name, "environment"]].concat(), hint, &mut found)?;
        }
    }
    for (set, option, hint) in SECRETS {
        for (name, cell) in own(host, set)? {
            if let Some(value) = host.used(cell, &[option])?.and_then(|value| secret(host, value)) {
                let path = [set, &[&name, option]].concat();
                found.extend(told(host, &path, option, &value, hint)?);
            }
        }
    }
    for (name, cell) in own(host, &["environment", "etc"])? {
        let Some(text) = host.used(cell, &["text"])?.and_then(text_of) else {
            continue;
        };
        if let Some((name_of_secret, value)) = assigned(&text) {
            let path = ["environment", "etc", &name, "text"];
            found.extend(told(host, &path, &name_of_secret, &value, TO_FILE)?);
        }
    }
    Ok(found)
}

/// Returns what the user's own files define of an option that is a set.
fn own(host: &mut Host<'_>, set: &[&str]) -> Result<Vec<(String, Ref)>, Stop> {
    let authors = host.authors(set)?;
    if !authors.values().any(|authors| authors.own) {
        return Ok(Vec::new());
    }
    let mut entries = host.entries(set)?;
    entries.retain(|(name, _)| authors.get(name).is_some_and(|authors| authors.own));
    Ok(entries)
}

fn variables(host: &mut Host<'_>, path: &[&str], hint: &str, found: &mut Vec<Found>) -> Result<(), Stop> {
    let variables = match host.value(path) {
        Ok(Some(variables)) => host.entries_of(variables),
        Ok(None) => return Ok(()),
        // Something that nothing uses.
        Err(Stop::Failed(_)) if host.evaluates() => return Ok(()),
        Err(stop) => return Err(stop),
    };
    for (name, cell) in variables {
        if !secret_like(&name) {
            continue;
        }
        if let Some(value) = host.used(cell, &[])?.and_then(|value| secret(host, value)) {
            found.extend(told(host, &[path, &[&name]].concat(), &name, &value, hint)?);
        }
    }
    Ok(())
}

/// Returns the text of a value that stands in the store as it is.
fn secret(host: &Host<'_>, value: Val) -> Option<String> {
    // With a context it is the path of something.
    let text = text_of(value).filter(|_| host.ev.contexts.sorted(value.context()).is_empty())?;
    is_literal(&text).then_some(text)
}

/// Whether a value is a secret, and not where one is.
fn is_literal(value: &str) -> bool {
    let value = value.trim();
    let is_nothing = NOTHING.iter().any(|nothing| value.eq_ignore_ascii_case(nothing));
    !is_nothing && !REFERENCES.iter().any(|start| value.starts_with(start)) && !value.contains(['$', '\n'])
}

/// Returns the first secret that a text of lines gives a name to, as `NAME=VALUE` or `name: value`.
fn assigned(text: &str) -> Option<(String, String)> {
    text.lines().find_map(|line| {
        let line = line.trim();
        if line.starts_with(['#', ';', '/']) {
            return None;
        }
        let (name, value) = line.split_once(['=', ':'])?;
        let name = name.trim().trim_start_matches("export ").trim_matches(['"', '\'']);
        let value = value.trim().trim_end_matches([',', ';']).trim_matches(['"', '\'']);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        let is_secret = is_name && secret_like(name) && is_literal(value) && !value.contains(char::is_whitespace);
        is_secret.then(|| (name.to_owned(), value.to_owned()))
    })
}

/// Returns the finding on a secret that the user's own files define.
fn told(host: &mut Host<'_>, path: &[&str], name: &str, value: &str, hint: &str) -> Result<Option<Found>, Stop> {
    host.secrets.push(value.to_owned());
    if !host.is_own(path)? {
        return Ok(None);
    }
    let place = host.place(path)?;
    let diagnostic = RULE
        .found(format!(
            "the value of `{name}` is in the store, which everybody on the host can read"
        ))
        .at(place, "")
        .hint(hint);
    Ok(Some(Found::new(diagnostic).option(shown(path)).hiding(value)))
}

#[cfg(test)]
mod tests {
    use super::{assigned, is_literal};
    use crate::host::fixture::check;

    #[test]
    fn secrets_in_the_store_are_told_without_their_value() {
        let told = |place: &str, name: &str| {
            format!("{place}: the value of `{name}` is in the store, which everybody on the host can read")
        };
        let check = |text: &str, found: &[&str]| check(super::run, text, found);
        let service = |value: &str| format!("{{ systemd.services.wiki.environment.DB_PASSWORD = {value}; }}");
        check(&service("\"hunter2\""), &[&told("host.nix:1:3", "DB_PASSWORD")]);
        check(&service("\"/run/secrets/db\""), &[]);
        check(&service("\"\""), &[]);
        check(&service("toString ./host.nix"), &[]);
        check(
            "{ systemd.services.wiki.environment.DB_PASSWORD_FILE = \"hunter2\"; }",
            &[],
        );
        check("{ systemd.services.wiki.environment.LOG = \"hunter2\"; }", &[]);
        check(
            "{ environment.variables.API_TOKEN = \"hunter2\"; }",
            &[&told("host.nix:1:3", "API_TOKEN")],
        );
        check(
            "{ users.users.a.password = \"hunter2\"; }",
            &[&told("host.nix:1:3", "password")],
        );
        check(
            "{ environment.etc.\"x.ini\".text = \"[db]\\npassword = hunter2\\n\"; }",
            &[&told("host.nix:1:3", "password")],
        );
        check("{ environment.etc.\"x.ini\".text = \"password = $PASSWORD\"; }", &[]);
        // What nixpkgs itself sets is not the user's.
        check("{ services.nginx.enable = true; }", &[]);
        check("{ }", &[]);
    }

    #[test]
    fn references_to_secrets_are_none() {
        for (value, literal) in [
            ("hunter2", true),
            ("correct horse", true),
            ("/run/secrets/x", false),
            ("$PASSWORD", false),
            ("${PASSWORD}", false),
            ("x${PASSWORD}", false),
            ("%d/password", false),
            ("<SOPS:abc:PLACEHOLDER>", false),
            ("file:/x", false),
            ("ext:home", false),
            ("False", false),
            ("  ", false),
        ] {
            assert_eq!(is_literal(value), literal, "{value}");
        }
    }

    #[test]
    fn lines_of_files_are_read() {
        let check = |text: &str, name: Option<&str>| {
            assert_eq!(assigned(text).map(|(name, _)| name).as_deref(), name, "{text}")
        };
        check("a = 1\nsmtp_password = hunter2", Some("smtp_password"));
        check("export API_KEY='abc'", Some("API_KEY"));
        check("  \"token\": \"abc\",", Some("token"));
        check("# password = hunter2", None);
        check("password =", None);
        check("password = ask the admin", None);
        check("the password: hunter2", None);
        check("PasswordAuthentication = no", None);
        check("password_file = /run/x", None);
    }
}
