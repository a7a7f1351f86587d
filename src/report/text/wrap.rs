//! Text within columns.

use unicode_width::UnicodeWidthStr;

/// Returns the columns that a text takes on a terminal.
pub fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Returns the text cut to `most` columns, the last one an ellipsis if something is missing.
pub fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_string();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if columns(&out) >= most {
            out.pop();
            break;
        }
    }
    out.push('…');
    out
}

/// Returns the text in lines of at most `width` columns, broken at spaces; longer words stay whole.
/// Line feeds in the text are kept.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.trim_end().split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_spaces() {
        let check = |text: &str, width: usize, expected: &[&str]| assert_eq!(wrap(text, width), expected, "{text:?}");
        check("one two three", 7, &["one two", "three"]);
        check("one\ntwo three", 80, &["one", "two three"]);
        check("averylongword a", 5, &["averylongword", "a"]);
        check("漢字 漢字", 8, &["漢字", "漢字"]);
        check("", 8, &[""]);
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in "\\PC{0,30}", most in 1usize..20) {
            prop_assert!(columns(&cut(&text, most)) <= most);
        }
    }
}
