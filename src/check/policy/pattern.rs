//! Regular expressions of policies: bounded, and with the place of a mistake.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// Most bytes of a compiled expression: 256 KiB.
const MOST_SIZE: usize = 256 << 10;

/// Deepest nesting.
const MOST_NESTING: u32 = 32;

/// What is wrong with a regular expression, and the bytes of it that are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
}

/// Returns the expression that a text is.
pub fn compile(text: &str) -> Result<Regex, Mistake> {
    let built = RegexBuilder::new(text)
        .size_limit(MOST_SIZE)
        .dfa_size_limit(MOST_SIZE)
        .nest_limit(MOST_NESTING)
        .build();
    built.map_err(|error| {
        if let regex::Error::CompiledTooBig(_) = error {
            return Mistake {
                at: 0..text.len(),
                message: "the regular expression is too large".into(),
            };
        }
        // The error of `regex` is text for a terminal; that of its parser has a place.
        let parsed = regex_syntax::ParserBuilder::new()
            .nest_limit(MOST_NESTING)
            .build()
            .parse(text);
        let (span, what) = match parsed {
            Err(regex_syntax::Error::Parse(error)) => (*error.span(), error.kind().to_string()),
            Err(regex_syntax::Error::Translate(error)) => (*error.span(), error.kind().to_string()),
            _ => {
                return Mistake {
                    at: 0..text.len(),
                    message: "the regular expression is wrong".into(),
                };
            }
        };
        Mistake {
            at: span.start.offset..span.end.offset,
            message: format!("the regular expression is wrong here: {what}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mistakes_have_a_place() {
        let check = |text: &str, at: Range<usize>, message: &str| {
            let mistake = compile(text).expect_err(text);
            assert_eq!((mistake.at, mistake.message.as_str()), (at, message));
        };
        assert!(compile("^[a-z]+$").is_ok_and(|regex| regex.is_match("abc")));
        check(
            "ab[c",
            2..3,
            "the regular expression is wrong here: unclosed character class",
        );
        check(
            "a{2,1}",
            1..6,
            "the regular expression is wrong here: invalid repetition count range, the start must be <= the end",
        );
        check(
            r"\p{Nope}",
            0..8,
            "the regular expression is wrong here: Unicode property not found",
        );
        check("(a{1000}){1000}", 0..15, "the regular expression is too large");
        let deep = "(".repeat(40) + &")".repeat(40);
        let message = compile(&deep).unwrap_err().message;
        assert!(message.contains("nested"), "{message}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-c()\\[\\]{}|*+?^$\\\\1-9pé]{0,12}") {
            if let Err(mistake) = compile(&text) {
                prop_assert!(text.get(mistake.at).is_some());
            }
        }
    }
}
