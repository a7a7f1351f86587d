//! Words of answers, held against what they may be.

use crate::address::Commit;
use crate::error::Error;
use crate::message::told;
use crate::request::Request;
use serde::{Deserialize, Deserializer};

/// Reads what may be null, but has to be there: without this, what is missing would be taken for null.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Returns that an answer is none that GitHub describes.
pub(super) fn broken(request: &Request, answered: impl Into<String>) -> Error {
    Error::Broken {
        about: request.about.clone(),
        answered: answered.into(),
    }
}

/// Returns a commit of an answer.
pub(super) fn commit(request: &Request, text: &str) -> Result<Commit, Error> {
    Commit::new(text).map_err(|error| broken(request, format!("answered with something else: {error}")))
}

/// Returns a time of an answer. In this form times sort as texts.
pub(super) fn moment(request: &Request, text: String) -> Result<String, Error> {
    let sound = text.len() == 20
        && text
            .bytes()
            .zip(*b"0000-00-00T00:00:00Z")
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == form,
            });
    match sound {
        true => Ok(text),
        false => Err(broken(request, format!("answered with '{}' for a time", told(&text)))),
    }
}

/// Returns a word such as `timed_out` or `MEMBER`.
pub(super) fn word(request: &Request, text: String) -> Result<String, Error> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !text.is_empty() && text.len() <= 40 && text.bytes().all(sound) {
        true => Ok(text),
        false => Err(broken(request, format!("answered with '{}' for a word", told(&text)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Repository;
    use crate::request;

    #[test]
    fn times_and_words_have_a_form() {
        let asked = request::check_run(&Repository::new("octo/fleet").expect("it is one"), 7);
        let time = |text: &str| moment(&asked, text.into()).is_ok();
        assert!(time("2026-11-26T12:00:00Z"));
        for wrong in [
            "",
            "2026-11-26",
            "2026-11-26T12:00:00+01",
            "2026-11-26T12:00:00.5Z",
            "x026-11-26T12:00:00Z",
        ] {
            assert!(!time(wrong), "{wrong}");
        }
        let is_word = |text: &str| word(&asked, text.into()).is_ok();
        assert!(is_word("timed_out") && is_word("MEMBER") && is_word(&"x".repeat(40)));
        for wrong in ["", "a b", "\u{1b}", "é", &"x".repeat(41)] {
            assert!(!is_word(wrong), "{wrong}");
        }
    }
}
