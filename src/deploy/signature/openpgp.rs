//! What `gpg` says, in its lines for programs (`DETAILS` in its documentation).

use super::keyring::Keys;
use super::{Standing, unclear};

/// What each of these lines begins with.
pub(super) const PREFIX: &str = "[GNUPG:] ";

/// The keys by which GitHub signs what is made on its pages, by their fingerprints: since 2024, and before.
const FORGE: [&str; 2] = [
    "968479A1AFF927E37D1A566BB5690EEEBB952194",
    "5DE3E0509C47EA3CF04A42D34AEE18F83AFDEB23",
];

/// Whether a key is the forge's own; it is named by its fingerprint or by the end of that.
fn is_forges(key: &str) -> bool {
    key.len() >= 16 && FORGE.iter().any(|forge| forge.ends_with(key))
}

/// Returns what a signature is worth.
pub(super) fn standing(code: i32, said: &str, keys: &Keys) -> Standing {
    let lines = said.lines().filter_map(|line| line.strip_prefix(PREFIX));
    let words: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
    let all = |name: &str| words.iter().filter(|words| words[0] == name).collect::<Vec<_>>();
    let key = |words: &[&str]| diag::clean_line(words.get(1).unwrap_or(&"")).into_owned();
    // A second signature beside the one that counts is one that nobody looks at.
    let verdicts = ["GOODSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG"];
    let verdicts: Vec<_> = words.iter().filter(|words| verdicts.contains(&words[0])).collect();
    let [verdict] = verdicts.as_slice() else {
        return unclear(code, said);
    };
    match verdict[0] {
        "BADSIG" => Standing::Bad,
        "EXPSIG" => Standing::Expired,
        "EXPKEYSIG" => Standing::ExpiredKey { key: key(verdict) },
        "REVKEYSIG" => Standing::RevokedKey { key: key(verdict) },
        "ERRSIG" if all("NO_PUBKEY").len() == 1 => match key(verdict) {
            key if is_forges(&key) => Standing::ForgeOnly { key },
            key => Standing::UnknownKey { key },
        },
        "GOODSIG" if code == 0 => {
            let [valid] = all("VALIDSIG")[..] else {
                return unclear(code, said);
            };
            // The last word is the key that others know; the first one may be that of a part of it.
            let primary = valid.last().copied().unwrap_or_default();
            if !keys.has_openpgp(primary) {
                return unclear(code, said);
            }
            Standing::Good {
                by: diag::clean_line(&verdict[2..].join(" ")).into_owned(),
                key: primary.to_owned(),
                forge: is_forges(primary),
            }
        }
        _ => unclear(code, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899AABBCCDDEEFF00112233";

    fn check(code: i32, said: &str, expected: &Standing) {
        let keys = Keys::of_fingerprints(&[KEY, FORGE[0]]);
        assert_eq!(&standing(code, said, &keys), expected, "{said}");
    }

    fn good(key: &str, forge: bool) -> Standing {
        Standing::Good {
            by: "Ann <a@example.org>".into(),
            key: key.into(),
            forge,
        }
    }

    #[test]
    fn each_answer_of_gpg_has_a_meaning() {
        let valid = |key: &str| {
            format!(
                "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 8899 Ann <a@example.org>\n[GNUPG:] VALIDSIG AA 2026-11-26 1 0 4 0 1 8 00 {key}\n"
            )
        };
        check(0, &valid(KEY), &good(KEY, false));
        check(0, &valid(FORGE[0]), &good(FORGE[0], true));
        let unclear = Standing::Unclear {
            said: "[GNUPG:] NEWSIG".into(),
        };
        // Git does not agree, or the key is none of the policy's.
        check(1, &valid(KEY), &unclear);
        check(0, &valid(FORGE[1]), &unclear);
        // Two signatures, and one without what it is of.
        check(0, &format!("{}{}", valid(KEY), valid(KEY)), &unclear);
        check(0, &format!("{}[GNUPG:] BADSIG 11 Bob\n", valid(KEY)), &unclear);
        check(0, "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 8899 Ann\n", &unclear);
        check(0, "[GNUPG:] NEWSIG\n", &unclear);
        check(1, "[GNUPG:] BADSIG 8899 Ann\n", &Standing::Bad);
        check(1, "[GNUPG:] EXPSIG 8899 Ann\n", &Standing::Expired);
        check(
            1,
            "[GNUPG:] EXPKEYSIG 8899 Ann\n",
            &Standing::ExpiredKey { key: "8899".into() },
        );
        check(
            1,
            "[GNUPG:] REVKEYSIG 8899 Ann\n",
            &Standing::RevokedKey { key: "8899".into() },
        );
        let missing = |key: &str| format!("[GNUPG:] ERRSIG {key} 1 8 00 1 9 -\n[GNUPG:] NO_PUBKEY {key}\n");
        check(
            1,
            &missing("0011223344556677"),
            &Standing::UnknownKey {
                key: "0011223344556677".into(),
            },
        );
        check(
            1,
            &missing("4AEE18F83AFDEB23"),
            &Standing::ForgeOnly {
                key: "4AEE18F83AFDEB23".into(),
            },
        );
        check(
            1,
            "[GNUPG:] ERRSIG 8899 1 8 00 1 4 -\n",
            &Standing::Unclear {
                said: "[GNUPG:] ERRSIG 8899 1 8 00 1 4 -".into(),
            },
        );
    }
}
