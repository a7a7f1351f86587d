//! Which names stand for a secret: the last words of a name say what it holds.

/// Nouns that are a secret by themselves, singular.
const SECRETS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "psk",
    "apikey",
    "privkey",
    "requirepass",
];

/// What makes a key a secret one; a key without one of these may be public, or a key of a map.
const KEYS: [&str; 14] = [
    "api",
    "private",
    "secret",
    "access",
    "encryption",
    "signing",
    "shared",
    "preshared",
    "master",
    "auth",
    "license",
    "deploy",
    "host",
    "session",
];

/// Words before the noun that say it is something else: a program that asks, a load from a path.
const ASIDE: [&str; 4] = ["ask", "load", "import", "public"];

/// What may follow the noun without changing what is held.
const AFTER: [&str; 7] = ["value", "text", "string", "plain", "plaintext", "base64", "raw"];

/// Whether a value under this name is a secret: `password`, `DB_PASS`, `apiKey`, `wifi-psk`, but not
/// `passwordFile`, `PasswordAuthentication` or `publicKey`. Of an attribute path the last part counts.
pub fn secret_like(name: &str) -> bool {
    let last = name
        .trim_matches(['"', '\'', '`'])
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let words = words(last);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while words.len() > 1
        && words
            .last()
            .is_some_and(|word| AFTER.contains(word) || word.bytes().all(|b| b.is_ascii_digit()))
    {
        words.pop();
    }
    let Some((noun, before)) = words.split_last() else {
        return false;
    };
    let noun = noun.trim_end_matches(|c: char| c.is_ascii_digit());
    let singular = noun.strip_suffix('s').filter(|one| !one.ends_with('s')).unwrap_or(noun);
    let previous = before.last().copied().unwrap_or_default();
    if before.iter().any(|word| ASIDE.contains(word)) {
        return false;
    }
    match singular {
        // `pass` alone is a program; `smtp_pass` is not.
        "pass" | "pw" | "pwd" => !before.is_empty() || singular == "pwd" && noun == last.to_ascii_lowercase(),
        // A host key is a secret only where it says so.
        "key" if previous == "host" => before.contains(&"private"),
        "key" => KEYS.contains(&previous),
        _ => SECRETS.contains(&singular) || SECRETS.contains(&noun),
    }
}

/// Returns the words of a name in lower case: `sslPrivateKey`, `SSL_PRIVATE_KEY` and `ssl-private-key` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut fresh = true;
    let letters: Vec<char> = name.chars().collect();
    for (at, &c) in letters.iter().enumerate() {
        if !c.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let before = at.checked_sub(1).map(|i| letters[i]);
        let starts_hump = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                // The last capital of `APIKey` begins a word.
                || before.is_some_and(char::is_uppercase) && letters.get(at + 1).is_some_and(|n| n.is_lowercase()));
        if fresh || starts_hump {
            words.push(String::new());
            fresh = false;
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "password",
            "Password",
            "rootPassword",
            "initialPassword",
            "hashedPassword",
            "initialHashedPassword",
            "users.users.root.password",
            "services.x.\"api.token\"",
            "passwd",
            "passphrase",
            "wifi-psk",
            "psk",
            "secret",
            "clientSecret",
            "client_secret",
            "SECRETS",
            "token",
            "access-tokens",
            "authToken",
            "api-key",
            "apiKey",
            "API_KEY",
            "apikey",
            "APIKey",
            "privateKey",
            "sslPrivateKey",
            "presharedKey",
            "secretKey",
            "AWS_SECRET_ACCESS_KEY",
            "secret_key_base64",
            "passwordText",
            "password2",
            "credentials",
            "SetCredential",
            "smtp_pass",
            "DB_PASS",
            "requirePass",
            "hostPrivateKey",
            "encryptionKey",
        ] {
            assert!(secret_like(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_sound_like_it() {
        for name in [
            "",
            "passwordFile",
            "hashedPasswordFile",
            "password-file",
            "PASSWORD_FILE",
            "passwordPath",
            "PasswordAuthentication",
            "passwordCommand",
            "passwordHashAlgorithm",
            "publicKey",
            "public-keys",
            "authorizedKeys",
            "trusted-public-keys",
            "key",
            "keys",
            "hostKey",
            "hostKeys",
            "keyMap",
            "tokenEndpoint",
            "secretName",
            "secrets.path",
            "secret-in-store",
            "ssh-password-login",
            "LoadCredential",
            "LoadCredentialEncrypted",
            "askPassword",
            "accessKeyId",
            "pass",
            "bypass",
            "compass",
            "passwordless",
            "tokenizer",
            "password.enable",
        ] {
            assert!(!secret_like(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_panics(name in any::<String>()) {
            secret_like(&name);
        }
    }
}
