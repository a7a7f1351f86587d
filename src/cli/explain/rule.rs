//! `cfgcheck explain rule RULE`: the documentation of a rule.

use super::wrapped;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use ::check::Rule;
use clap::Args;
use std::fmt::Write;

/// Arguments of `cfgcheck explain rule`.
#[derive(Args, Debug)]
pub struct RuleArgs {
    /// The rule's id, as reports name it.
    pub rule: String,
}

/// Runs the command and returns its exit code.
pub fn run(_machine: &Machine, args: &RuleArgs) -> u8 {
    let Some(rule) = ::check::rule(&args.rule) else {
        complain(&format!("error: there is no rule `{}`", args.rule));
        match ::check::nearest(&args.rule, ::check::rules().map(|rule| rule.id)) {
            Some(near) => complain(&format!("help: did you mean `{near}`?")),
            None => complain("help: `cfgcheck list rules` has them all"),
        }
        return exit::USAGE;
    };
    match write_out(text(rule).as_bytes()) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Returns the documentation of a rule as Markdown, which reads well on a terminal, too.
pub(crate) fn text(rule: &Rule) -> String {
    let mut out = format!("# {}: {}\n\n", rule.id, rule.title);
    let parts = [
        format!("stage {}, level {}", rule.stage, rule.level.name()),
        format!("## Why it matters\n\n{}", rule.why),
        format!("## Example\n\n{}", indented(rule.wrong)),
        format!("## Instead\n\n{}", indented(rule.right)),
        format!("## What to do\n\n{}", rule.fix),
        format!(
            "## When it is meant\n\nAccept one finding by a comment on its line or above it, `# cfgcheck: allow({0}) \
             reason`, or by a waiver in cfgcheck.yaml; turn the rule off there with `rules: {{ {0}: off }}`.",
            rule.id
        ),
    ];
    for part in parts {
        for line in part.lines() {
            // What is indented is code, and stays as it is.
            let lines = if line.starts_with("    ") {
                vec![line.to_owned()]
            } else {
                wrapped(line, WIDTH)
            };
            lines.iter().for_each(|line| out.push_str(&format!("{line}\n")));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    let _ = writeln!(out);
    out
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Columns that the text stays within.
const WIDTH: usize = 80;

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "the page of rules is read and, on request, written"
    )]

    use super::*;

    /// Returns the page with all rules: a table, and each rule as it is explained.
    fn page() -> String {
        let mut out = String::from(
            "# Rules\n\nThe rules that come with cfgcheck, as `cfgcheck explain rule` prints them. \
             [check.md](check.md#rules) tells how to set their levels and how to accept a finding.\n\n\
             | rule | stage | level | asks for |\n| --- | --- | --- | --- |\n",
        );
        for rule in ::check::rules() {
            let (id, title) = (rule.id, rule.title.replace('|', "\\|"));
            out.push_str(&format!(
                "| [`{id}`](#{id}) | {} | {} | {title} |\n",
                rule.stage,
                rule.level.name()
            ));
        }
        for rule in ::check::rules() {
            let text = text(rule);
            let (head, rest) = text.split_once('\n').expect("an explanation has a heading");
            let title = head.split_once(": ").map_or("", |(_, title)| title);
            let rest = rest.replace("\n## ", "\n### ");
            out.push_str(&format!("\n## {}\n\n{title}.\n{rest}", rule.id));
        }
        out
    }

    /// After a change of a rule's documentation, `UPDATE_GOLDEN=1 cargo test -p cfgcheck page_of_rules` writes the file anew.
    #[test]
    fn the_page_of_rules_is_that_of_the_rules() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, page()).expect("the page can be written");
        }
        let published = std::fs::read_to_string(&path).expect("the page is there; UPDATE_GOLDEN=1 writes it");
        assert!(
            published == page(),
            "docs/rules.md is not that of the rules; UPDATE_GOLDEN=1 writes it anew"
        );
    }

    #[test]
    fn every_rule_is_explained_within_80_columns() {
        for rule in ::check::rules() {
            let text = text(rule);
            assert!(text.starts_with(&format!("# {}: ", rule.id)), "{text}");
            for line in text.lines().skip(1).filter(|line| !line.starts_with("    ")) {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
            assert!(text.contains(rule.wrong.lines().next().unwrap()), "{text}");
        }
    }
}
