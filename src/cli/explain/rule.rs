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
    use super::*;

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
