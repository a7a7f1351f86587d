//! What a server says, made fit to be told: on one line, cut, and without what it quotes of us.

use diag::clean_line;

/// Most characters of one message.
const MOST: usize = 300;

/// Returns a text of a server on one line, cut with an ellipsis.
pub(crate) fn told(text: &str) -> String {
    let text = clean_line(text.trim());
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line() {
        assert_eq!(told(" Only\n\u{1b}[31m65535\u{202e} "), "Only ␛[31m65535\\u{202e}");
        assert_eq!(told(&"é".repeat(301)), format!("{}…", "é".repeat(300)));
    }
}
