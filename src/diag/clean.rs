//! Makes text from elsewhere harmless to print.
//!
//! Messages quote the code under test, which may hold terminal escape sequences or characters that
//! reorder what is shown. Nothing of that may reach a terminal or a report raw.

use std::borrow::Cow;

/// Whether a character steers a terminal or the direction of text instead of showing something.
///
/// These are C0 and C1 controls, DEL, line and paragraph separators, and the bidirectional controls
/// of Unicode's UAX #9 ("Trojan Source").
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cleaned(text: &str, kept: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| steers(c) && !kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if kept(c) || !steers(c) => out.push(c),
            '\t' => out.push_str("    "),
            '\n' => out.push(' '),
            // Unicode has a picture of each C0 control at the same distance from U+2400.
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Returns the text with all steering characters made visible, except line feeds.
///
/// C0 controls become their pictures (`␛`), tabs four spaces, the others `\u{…}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    cleaned(text, |c| c == '\n')
}

/// Returns the text as [`clean`] does and on one line: line feeds become spaces.
pub fn clean_line(text: &str) -> Cow<'_, str> {
    cleaned(text, |_| false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steering_characters_become_visible() {
        let check = |text: &str, expected: &str| assert_eq!(clean(text), expected, "{text:?}");
        check("plain é 漢", "plain é 漢");
        check("\u{1b}[2J", "␛[2J");
        check("a\tb\nc\r", "a    b\nc␍");
        check("\u{7f}\u{9b}x\u{202e}y", "␡\\u{9b}x\\u{202e}y");
        assert_eq!(clean_line("a\nb"), "a b");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>()) {
            prop_assert!(!clean_line(&text).chars().any(steers));
            prop_assert!(!clean(&text).chars().any(|c| steers(c) && c != '\n'));
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once), once.as_str());
        }
    }
}
