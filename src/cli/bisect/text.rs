//! What an update does, as a person reads it.

use super::update::{Broken, Moved, Update};
use diag::{clean, clean_line};
use report::diff::text::pin;

const RED: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const STRONG: &str = "1";

/// Returns the text, which ends with a line feed.
pub fn write(update: &Update, color: bool, width: usize) -> String {
    let ink = |code: &str, text: &str| match color {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let mut out = format!("cfgcheck bisect {} → flake.lock\n", clean_line(&update.base));
    for moved in &update.inputs {
        out.push_str(&format!("\n{}{}\n", ink(STRONG, &clean_line(&moved.input)), way(moved)));
        let lists = [
            (RED, "breaks", &moved.breaks),
            (GREEN, "mends", &moved.mends),
            (YELLOW, "changes", &moved.changes),
        ];
        for (code, word, names) in lists.into_iter().filter(|(_, _, names)| !names.is_empty()) {
            let begin = format!("  {:<9}", word);
            let mut lines = folded(names, width.max(40).saturating_sub(11)).into_iter();
            out.push_str(&format!("{}{}\n", ink(code, &begin), lines.next().unwrap_or_default()));
            lines.for_each(|line| out.push_str(&format!("{:11}{line}\n", "")));
        }
        if moved.breaks.is_empty() && moved.mends.is_empty() && moved.changes.is_empty() {
            out.push_str("  changes nothing\n");
        }
    }
    for broken in &update.broken {
        out.push_str(&format!("\n{}\n", ink(RED, &sentence(broken))));
        for finding in &broken.findings {
            match finding.text.trim_end() {
                drawing if !drawing.is_empty() => out.push_str(&format!("{}\n", clean(drawing))),
                _ => out.push_str(&format!("error: {}\n", clean(&finding.message))),
            }
        }
    }
    out.push_str(&format!("\n{}\n", end(update)));
    out
}

/// Returns from where to where an input moved.
fn way(moved: &Moved) -> String {
    match (&moved.before, &moved.after) {
        (Some(before), Some(after)) => format!("  {} → {}", pin(before), pin(after)),
        (None, Some(after)) => format!("  new: {}", pin(after)),
        (Some(before), None) => format!("  gone: {}", pin(before)),
        (None, None) => String::new(),
    }
}

fn sentence(broken: &Broken) -> String {
    let name = clean_line(&broken.name);
    match broken.by.as_slice() {
        [] => format!("{name} does not evaluate"),
        [one] => format!("{name} is broken by {}", clean_line(one)),
        several => format!("{name} is broken by {} together", listed(several)),
    }
}

/// Returns what it comes to.
fn end(update: &Update) -> String {
    let counted = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    let mut parts = vec![format!(
        "{} of the lock moved, {} broken of {}",
        counted(update.inputs.len(), "input"),
        update.broken.len(),
        counted(update.hosts, "host")
    )];
    if !update.broken_before.is_empty() {
        parts.push(format!(
            "{} did not evaluate before either",
            listed(&update.broken_before)
        ));
    }
    match &update.without {
        Some(without) => parts.push(format!("without {}, nothing is broken", listed(without))),
        None if update.breaks() => parts.push("no part of the update breaks nothing".to_owned()),
        None => {}
    }
    parts.join("\n")
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| clean_line(name).into_owned()).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// Returns names in lines of at most so many characters, as far as they fit.
fn folded(names: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let comma = if index + 1 < names.len() { "," } else { "" };
        let word = format!("{}{comma}", clean_line(name));
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::Severity;
    use report::Finding;
    use report::diff::Pin;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn at(rev: &str, date: &str) -> Option<Pin> {
        Some(Pin {
            reference: "github:o/r".into(),
            rev: Some(rev.repeat(40)),
            date: Some(date.into()),
        })
    }

    #[test]
    fn the_text_says_what_each_input_does_and_what_can_be_taken() {
        let update = Update {
            base: "HEAD".into(),
            inputs: vec![
                Moved {
                    input: "nixpkgs".into(),
                    before: at("a", "2026-10-01"),
                    after: at("b", "2026-11-20"),
                    breaks: names(&["web"]),
                    changes: names(&["mail-one", "mail-two", "mail-three", "mail-four", "mail-five"]),
                    mends: names(&["old"]),
                },
                Moved {
                    input: "unused\u{1b}[2J".into(),
                    after: at("c", "2026-11-20"),
                    ..Moved::default()
                },
            ],
            broken: vec![Broken {
                name: "web".into(),
                by: names(&["home", "nixpkgs"]),
                findings: vec![Finding::new("eval", Severity::Error, "it is not there")],
            }],
            broken_before: names(&["old"]),
            hosts: 7,
            without: Some(names(&["nixpkgs"])),
        };
        let expected = "\
cfgcheck bisect HEAD → flake.lock

nixpkgs  aaaaaaa (2026-10-01) → bbbbbbb (2026-11-20)
  breaks   web
  mends    old
  changes  mail-one, mail-two,
           mail-three, mail-four,
           mail-five

unused␛[2J  new: ccccccc (2026-11-20)
  changes nothing

web is broken by home and nixpkgs together
error: it is not there

2 inputs of the lock moved, 1 broken of 7 hosts
old did not evaluate before either
without nixpkgs, nothing is broken
";
        assert_eq!(write(&update, false, 30), expected);
        assert!(write(&update, true, 80).contains("\u{1b}[1;31m  breaks   \u{1b}[0mweb"));
    }
}
