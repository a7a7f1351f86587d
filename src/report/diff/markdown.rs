//! The difference as a comment on a pull request: folded host by host, what many hosts share told once.
//!
//! A comment on GitHub has at most 65,536 characters. [`write`] shows as much of each kind of change as
//! fits, and says what it left out. The first line is a hidden mark by which a later run finds the
//! comment again. Text of the flake stands in `<code>` with all signs as entities, or in fenced
//! blocks, so that it neither makes marks of its own nor calls people.

use super::text::{counted, distance, failing, names, pin, state, summary, title};
use super::written::{self, Mark, Part, parts};
use super::{Diff, HostDiff, InputChange, Shared, Side, Status, shared};
use crate::markdown::escape;
use diag::clean;

/// The mark by which a later run finds the comment again.
pub const MARKER: &str = "<!-- cfgcheck: diff -->";

/// Most characters of the whole text: below GitHub's 65,536, with room for what a bot adds.
pub const MOST: usize = 60_000;

/// How many things of each kind are shown, tried from the first on until the text is short enough.
const TRIES: [usize; 6] = [400, 100, 40, 15, 5, 0];

/// Most characters of one error's drawing.
const MOST_ERROR: usize = 2_000;

/// Returns the difference as Markdown that ends with a line feed.
pub fn write(diff: &Diff) -> String {
    let groups = shared(diff);
    for most in TRIES {
        let text = page(diff, &groups, groups.len(), most);
        if text.chars().count() <= MOST {
            return text;
        }
    }
    let mut shown = groups.len();
    loop {
        shown /= 2;
        let text = page(diff, &groups, shown, 0);
        if shown == 0 || text.chars().count() <= MOST {
            return within(text);
        }
    }
}

/// Returns the text cut at the end of a line if inputs and names alone are too long.
fn within(text: String) -> String {
    let Some((end, _)) = text.char_indices().nth(MOST) else {
        return text;
    };
    let end = text[..end].rfind('\n').map_or(0, |at| at + 1);
    format!("{}\n… and more; the JSON form has it all\n", &text[..end])
}

fn page(diff: &Diff, groups: &[Shared<'_>], shown: usize, most: usize) -> String {
    let mut out = format!(
        "{MARKER}\n### Configuration diff: {} → {}\n\n{}\n",
        code(&state(&diff.base)),
        code(&state(&diff.head)),
        sentence(&summary(diff))
    );
    inputs(&mut out, diff);
    for group in &groups[..shown] {
        fold(&mut out, group, most);
    }
    if shown < groups.len() {
        let left = counted(groups.len() - shown, "further group");
        out.push_str(&format!("\n… and {left} of hosts; the JSON form has them all\n"));
    }
    failures(&mut out, diff);
    for (status, word) in [
        (Status::Added, "Added"),
        (Status::Removed, "Removed"),
        (Status::Unchanged, "Unchanged"),
    ] {
        let hosts: Vec<&HostDiff> = diff.hosts.iter().filter(|host| host.status == status).collect();
        if !hosts.is_empty() {
            out.push_str(&format!("\n{word}: {}\n", code(&names(&hosts))));
        }
    }
    for note in &diff.notes {
        out.push_str(&format!("\n> {}\n", code(note)));
    }
    out
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

fn inputs(out: &mut String, diff: &Diff) {
    if diff.inputs.is_empty() {
        return;
    }
    out.push_str("\n| Input | Before | After | Distance |\n| --- | --- | --- | --- |\n");
    for input in &diff.inputs {
        let side = |side: &Option<super::Pin>| side.as_ref().map_or_else(|| "none".to_owned(), |p| code(&pin(p)));
        out.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            code(&input.input),
            side(&input.before),
            side(&input.after),
            link(input)
        ));
    }
}

/// Returns how far an input moved, with a link to the commits if the forge has such a page.
fn link(input: &InputChange) -> String {
    let distance = match (&input.before, &input.after) {
        (None, _) => "added".to_owned(),
        (_, None) => "removed".to_owned(),
        _ => distance(input).unwrap_or_else(|| "unknown".into()),
    };
    let is_plain = |url: &str| {
        url.starts_with("https://") && url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/:%+".contains(c))
    };
    match input.compare.as_deref().filter(|url| is_plain(url)) {
        Some(url) => format!("[{distance}]({url})"),
        None => distance,
    }
}

fn fold(out: &mut String, group: &Shared<'_>, most: usize) {
    let parts = parts(&group.changes, most);
    let count = |part: &Part| match part.title.as_str() {
        title if title == written::REBOOT => title.to_owned(),
        title => format!("{title} {}", part.count),
    };
    let counts: Vec<String> = parts.iter().map(count).collect();
    let counts = match parts.is_empty() {
        true => "nothing that is compared differs".to_owned(),
        false => counts.join(" · "),
    };
    out.push_str(&format!(
        "\n<details><summary>{}: {counts}</summary>\n",
        code(&title(group))
    ));
    for part in &parts {
        out.push_str(&format!(
            "\n**{}**\n\n{}",
            sentence(&part.title).trim_end_matches('.'),
            block(part)
        ));
    }
    out.push_str("\n</details>\n");
}

/// Returns the lines of a part as a block that forges colour.
fn block(part: &Part) -> String {
    let mut text = String::new();
    for line in &part.lines {
        let sign = match line.mark {
            Mark::Added => '+',
            Mark::Removed => '-',
            Mark::Changed | Mark::Up | Mark::Down => '!',
            Mark::Plain => ' ',
        };
        let indent = "  ".repeat(line.depth);
        text.push_str(&format!("{sign} {indent}{}", line.text));
        if let Some(place) = &line.place {
            text.push_str(&format!("  ({place})"));
        }
        text.push('\n');
    }
    fenced("diff", &text)
}

/// Returns text in a fence that it cannot close.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn failures(out: &mut String, diff: &Diff) {
    for (failure, hosts) in diff.failures() {
        let side = match failure.side {
            Side::Base => &diff.base,
            Side::Head => &diff.head,
        };
        let finding = &failure.finding;
        let drawing = match finding.text.is_empty() {
            true => &finding.message,
            false => &finding.text,
        };
        let drawing: String = clean(drawing).chars().take(MOST_ERROR).collect();
        out.push_str(&format!(
            "\n<details open><summary>{} {} in {}</summary>\n\n{}\n</details>\n",
            code(&names(&hosts)),
            failing(&hosts),
            code(&state(side)),
            fenced("text", &drawing)
        ));
    }
}

/// Returns text as code on a line, which makes no marks and no links.
fn code(text: &str) -> String {
    escape::code(&diag::clean_line(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::sample::{any_diff, fleet};
    use crate::diff::{Change, Changes};
    use crate::sample::golden;
    use proptest::prelude::*;

    #[test]
    fn the_comment_is_pinned() {
        golden("diff.md", &write(&fleet()));
    }

    #[test]
    fn no_address_becomes_a_link() {
        let mut options = comrak::Options::default();
        options.extension.autolink = true;
        options.render.r#unsafe = true;
        for text in ["https://evil.example", "www.evil.example", "me@evil.example"] {
            let diff = Diff {
                notes: vec![text.into()],
                ..Diff::default()
            };
            let html = comrak::markdown_to_html(&write(&diff), &options);
            assert!(!html.contains("<a"), "{html}");
        }
    }

    #[test]
    fn a_huge_difference_still_fits_a_comment() {
        let mut diff = fleet();
        let option = |n: usize| Change::value(format!("services.x{n}.text"), None, Some("y".repeat(200)));
        let changes = Changes {
            options: (0..1_000).map(option).collect(),
            ..Changes::default()
        };
        for host in &mut diff.hosts {
            host.changes = changes.clone();
        }
        let text = write(&diff);
        assert!(text.chars().count() <= MOST, "{}", text.chars().count());
        assert!(text.contains("… and 900 more\n"), "{text}");
        // Many hosts that all differ in their own way.
        let host = diff.hosts[1].clone();
        diff.hosts = (0..1_000)
            .map(|n| {
                let mut host = host.clone();
                host.name = format!("host-{n}");
                host.changes.options = vec![Change::value(format!("x{n}"), None, Some("1".into()))];
                host
            })
            .collect();
        let text = write(&diff);
        assert!(text.chars().count() <= MOST, "{}", text.chars().count());
        assert!(text.contains("of hosts; the JSON form has them all"), "{text}");
    }

    #[test]
    fn a_text_of_the_flake_makes_no_marks() {
        let mut diff = Diff::default();
        diff.base.name = "`x` <img src=y> @all [a](b) |".into();
        let text = write(&diff);
        for bad in ["`", "<img", "@all", "](b)", " |"] {
            assert!(!text.contains(bad), "{bad}: {text}");
        }
        assert!(fenced("diff", "a ```` b").starts_with("`````diff\n"));
    }

    proptest! {
        #[test]
        fn folds_are_balanced_and_it_fits(diff in any_diff()) {
            let text = write(&diff);
            prop_assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
            prop_assert!(text.chars().count() <= MOST);
        }
    }
}
