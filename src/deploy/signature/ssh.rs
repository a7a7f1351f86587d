//! What `ssh-keygen` says of signatures, and what lists of allowed signers say of keys.

use super::Standing;
use super::keyring::Keys;
use std::time::Duration;
use store::{HashAlgo, base64};

/// What is said of a signature that is by a signer of the list.
const GOOD: &str = "Good \"git\" signature for ";
/// What is said of one that is right, but by a key that the list does not have.
const STRANGE: &str = "Good \"git\" signature with ";

/// Returns what a signature is worth; `None` if this is no answer of `ssh-keygen`.
pub(super) fn standing(code: i32, said: &str, keys: &Keys) -> Option<Standing> {
    let mut lines = said.lines();
    let first = lines.next().unwrap_or_default();
    let key = first.rsplit(' ').next().filter(|key| key.starts_with("SHA256:"));
    if let (0, Some(rest), Some(key)) = (code, first.strip_prefix(GOOD), key) {
        // Names of signers have no spaces.
        let by = rest.split(" with ").next().unwrap_or_default();
        return keys.has_ssh(key).then(|| Standing::Good {
            by: diag::clean_line(by).into_owned(),
            key: key.to_owned(),
            forge: false,
        });
    }
    if let (Some(_), Some(key)) = (first.strip_prefix(STRANGE), key) {
        let key = diag::clean_line(key).into_owned();
        // One that counts now, and did not at the time of the commit, is no better.
        return Some(match keys.is_out_of_time(&key) || keys.has_ssh(&key) {
            true => Standing::ExpiredKey { key },
            false => Standing::UnknownKey { key },
        });
    }
    (code == 1 && said.contains("incorrect signature")).then_some(Standing::Bad)
}

/// A line of a list of allowed signers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Signer {
    /// The fingerprint of the key.
    pub(super) fingerprint: String,
    /// From when the key counts, since 1970-01-01 UTC.
    after: Option<Duration>,
    /// Until when.
    before: Option<Duration>,
}

impl Signer {
    /// Returns the signer of a line, or what is wrong with it.
    pub(super) fn read(line: &str) -> Result<Signer, &'static str> {
        if line.contains(['\n', '\r', '\0']) {
            return Err("a line has to be one line");
        }
        let words = words(line)?;
        let kind = |word: &&str| {
            ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"]
                .iter()
                .any(|kind| word.starts_with(kind))
        };
        let at = words.iter().position(kind).ok_or("it has no kind of key")?;
        let (options, key) = match (&words[..at], words.get(at + 1)) {
            ([_], Some(key)) => ("", *key),
            ([_, options], Some(key)) => (*options, *key),
            ([] | [_] | [_, _], None) => return Err("it has no key"),
            _ => return Err("it has to be: NAMES [OPTIONS] KIND KEY"),
        };
        let bytes = base64::decode(key.as_bytes()).map_err(|_| "the key is no Base64")?;
        // The key says its kind itself, after four bytes with the length of that.
        if bytes
            .get(4..)
            .is_none_or(|rest| !rest.starts_with(words[at].as_bytes()))
        {
            return Err("the key is of another kind than it says");
        }
        let digest = HashAlgo::Sha256.hash(&bytes);
        let mut fingerprint = String::from("SHA256:");
        base64::encode_into(digest.digest(), &mut fingerprint);
        let mut signer = Signer {
            fingerprint: fingerprint.trim_end_matches('=').to_owned(),
            after: None,
            before: None,
        };
        for option in split(options, ',')?.into_iter().filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = value.trim_matches('"');
            match name.to_ascii_lowercase().as_str() {
                "namespaces" if value.split(',').any(|name| matches!(name, "git" | "*")) => {}
                "namespaces" => return Err("its namespaces are not those of Git's signatures"),
                "valid-after" => signer.after = Some(moment(value)?),
                "valid-before" => signer.before = Some(moment(value)?),
                "cert-authority" => return Err("authorities that sign keys of others are not taken: name the keys"),
                _ => return Err("it has an option that is none"),
            }
        }
        Ok(signer)
    }

    /// Whether the key counts at a time.
    pub(super) fn counts_at(&self, now: Duration) -> bool {
        self.after.is_none_or(|after| after <= now) && self.before.is_none_or(|before| now < before)
    }
}

/// Returns the parts of a line, between which there are spaces that are not in quotes.
fn words(line: &str) -> Result<Vec<&str>, &'static str> {
    let words = split(line.trim(), ' ')?;
    Ok(words.into_iter().filter(|word| !word.is_empty()).collect())
}

fn split(text: &str, at: char) -> Result<Vec<&str>, &'static str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (index, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            // OpenSSH takes both between words.
            c if !quoted && (c == at || (at == ' ' && c == '\t')) => {
                parts.push(&text[start..index]);
                start = index + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    match quoted {
        true => Err("a quote is not closed"),
        false => Ok(parts),
    }
}

/// Returns the time of `YYYYMMDD[HHMM[SS]][Z]`. All of them are taken for UTC, and `ssh-keygen` is told so as well.
fn moment(text: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "a time has to be YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS";
    let digits = text.strip_suffix('Z').unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WRONG);
    }
    let number = |from: usize, to: usize| {
        digits
            .get(from..to)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let (hour, minute, second) = (number(8, 10), number(10, 12), number(12, 14));
    let sound = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !sound || year < 1970 {
        return Err(WRONG);
    }
    // Days since 1970 of the civil calendar, with years that begin in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Ok(Duration::from_secs(days * 86_400 + hour * 3_600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIGZpmuMOsWbnxSi5rhC6UexCtHgVeQy8b5WHMxtJlV8h";

    #[test]
    fn times_are_those_of_utc() {
        let check = |text, expected| assert_eq!(moment(text).map(|time| time.as_secs()).ok(), expected, "{text}");
        check("19700101", Some(0));
        check("20261126", Some(1_795_651_200));
        check("20261126Z", Some(1_795_651_200));
        check("202611261200", Some(1_795_694_400));
        check("20240229235959Z", Some(1_709_251_199));
        for text in [
            "",
            "2026",
            "20261301",
            "20260100",
            "2026112624",
            "202611262400",
            "19691231",
            "٢٠٢٦١١٢٦",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_line_names_a_key_and_its_time() {
        let read = |text: &str| Signer::read(&text.replace("KEY", &format!("ssh-ed25519 {KEY}")));
        let plain = read("ann@example.org KEY").expect("it is one");
        assert!(plain.fingerprint.starts_with("SHA256:") && plain.counts_at(Duration::MAX));
        let bounded = "\"ann, bob\"@x namespaces=\"git,file\",valid-after=\"20260101\",valid-before=20260201 KEY ann";
        let bounded = read(&bounded.replace(", bob", ",bob")).expect("it is one");
        let counts = |day| bounded.counts_at(moment(day).expect("it is a time"));
        assert_eq!(
            ["20251231", "20260101", "20260131", "20260201"].map(counts),
            [false, true, true, false]
        );
        for (text, expected) in [
            ("", "it has no kind of key"),
            ("ann", "it has no kind of key"),
            ("ann ssh-ed25519", "it has no key"),
            ("KEY", "it has to be: NAMES [OPTIONS] KIND KEY"),
            ("ann ssh-ed25519 ???", "the key is no Base64"),
            ("ann ssh-rsa AAAA", "the key is of another kind than it says"),
            (
                "ann cert-authority KEY",
                "authorities that sign keys of others are not taken: name the keys",
            ),
            (
                "ann valid-before=\"soon\" KEY",
                "a time has to be YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS",
            ),
            (
                "ann namespaces=\"file\" KEY",
                "its namespaces are not those of Git's signatures",
            ),
            ("ann verify-required KEY", "it has an option that is none"),
            ("ann a b KEY", "it has to be: NAMES [OPTIONS] KIND KEY"),
            ("\"ann KEY", "a quote is not closed"),
            ("ann KEY\nmallory KEY", "a line has to be one line"),
        ] {
            assert_eq!(read(text).expect_err(text), expected, "{text}");
        }
    }
}
