//! Markdown of ours, cut to a size: never inside a block of code, a fold, or a row of a table.
//!
//! It knows the marks that the room `report` makes, not all of Markdown: fences of back quotes at the start of a
//! line, folds (`<details>`), and tables.

/// What is open at a point of a text.
#[derive(Default)]
struct Open {
    /// Back quotes of the fence that is open; 0 for none.
    fence: usize,
    /// Folds that are open.
    folds: usize,
    /// Whether the last line was the row below the head of a table, or one after it.
    rows: bool,
}

impl Open {
    /// Takes the next line, without its end.
    fn line(&mut self, line: &str) {
        let quotes = line.len() - line.trim_start_matches('`').len();
        if self.fence > 0 {
            if quotes >= self.fence && line.trim_start_matches('`').trim().is_empty() {
                self.fence = 0;
            }
            return;
        }
        if quotes >= 3 {
            self.fence = quotes;
            return;
        }
        self.folds += line.matches("<details").count();
        self.folds = self.folds.saturating_sub(line.matches("</details>").count());
        self.rows = line.starts_with("| --- |") || (self.rows && line.starts_with('|'));
    }

    /// Whether the text may end here, if this line follows.
    fn may_end(&self, next: &str) -> bool {
        self.fence == 0 && self.folds == 0 && (next.trim().is_empty() || (self.rows && next.starts_with('|')))
    }
}

/// Returns Markdown of at most `most` bytes: the text itself if it fits, else as many whole blocks as fit, and
/// a line that says how much is left out and where `all` of it is. Nothing if not even that line fits.
pub(crate) fn cut(text: &str, most: usize, all: &str) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let note = |left: usize| format!("\n_Here {left} more lines are left out: {all}._\n");
    // The count is never longer than that of all lines.
    let Some(room) = most.checked_sub(note(text.lines().count()).len() + 1) else {
        return String::new();
    };
    let mut open = Open::default();
    let (mut at, mut end) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        if at > room {
            break;
        }
        open.line(line.trim_end_matches('\n'));
        if open.may_end(text[at..].lines().next().unwrap_or_default()) {
            end = at;
        }
    }
    let kept = text[..end].trim_end();
    let start = if kept.is_empty() { "" } else { "\n" };
    format!("{kept}{start}{}", note(text[end..].trim_end().lines().count()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: &str = "the whole is elsewhere";

    #[test]
    fn a_cut_stands_between_blocks() {
        let text = "head\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n\n<details><summary>x</summary>\n\n```text\n\
                    ``\n\nlong\n```\n\n</details>\n\nend\n";
        let check = |room: usize, expected: &str, left: usize| {
            let note = format!("\n_Here {left} more lines are left out: {ALL}._\n");
            // Two digits are reckoned with.
            let most = room + 1 + note.len() + usize::from(left < 10);
            assert_eq!(cut(text, most, ALL), format!("{expected}{note}"), "{room}");
        };
        assert_eq!(cut(text, text.len(), ALL), text);
        check(4, "", 18);
        check(6, "head\n", 17);
        check(16, "head\n", 17);
        check(29, "head\n", 17);
        check(30, "head\n\n| a | b |\n| --- | --- |\n", 14);
        check(45, "head\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n", 13);
        // Up to the end of the fold, all of it is left out.
        for room in 51..text.len() - 80 {
            let out = cut(text, room + 62, ALL);
            assert!(
                !out.contains("<details>") || out.contains("</details>"),
                "{room}: {out}"
            );
        }
        assert_eq!(cut(text, 10, ALL), "");
    }

    fn block() -> impl Strategy<Value = String> {
        let line = "[ -_a-~é漢🙂]{0,30}";
        prop_oneof![
            line.prop_map(|line| format!("{}\n", line.replace("<details>", "").trim_start_matches('`'))),
            (3usize..6, proptest::collection::vec(line, 0..6)).prop_map(|(quotes, lines)| {
                let fence = "`".repeat(quotes);
                let lines: Vec<String> = lines.iter().map(|line| format!("-{line}\n")).collect();
                format!("{fence}text\n{}{fence}\n", lines.concat())
            }),
            proptest::collection::vec("[a-z]{0,9}", 1..6).prop_map(|cells| {
                let rows: Vec<String> = cells.iter().map(|cell| format!("| {cell} | 漢 |\n")).collect();
                format!("| a | b |\n| --- | --- |\n{}", rows.concat())
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_cut_never_exceeds_its_size_and_leaves_nothing_open(
            blocks in proptest::collection::vec((block(), any::<bool>()), 0..12),
            most in 0usize..700,
        ) {
            let blocks = blocks.iter().map(|(block, fold)| match fold {
                true => format!("\n<details><summary>x</summary>\n\n{block}\n</details>\n"),
                false => format!("\n{block}"),
            });
            let text = blocks.collect::<String>();
            let out = cut(&text, most, ALL);
            prop_assert!(out.len() <= most);
            let mut open = Open::default();
            for line in out.lines() {
                open.line(line);
            }
            prop_assert!(open.fence == 0 && open.folds == 0, "{}\n===\n{}", text, out);
            prop_assert!(out.is_empty() || out == text || out.contains(ALL));
        }

        #[test]
        fn any_text_is_cut_without_a_panic(text in any::<String>(), most in 0usize..200) {
            prop_assert!(cut(&text, most, ALL).len() <= most);
        }
    }
}
