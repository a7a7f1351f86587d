//! `cfgcheck explain rule RULE`: the documentation of a rule, or of a policy of the flake here.

use super::wrapped;
use crate::check::settings::Place;
use crate::exit;
use crate::machine::Machine;
use crate::session;
use crate::stream::{complain, write_out};
use ::check::Rule;
use ::check::policy::{Document, Policies};
use ::prop::laws::known;
use ::prop::{Law, Scope};
use clap::Args;
use std::fmt::Write;

/// Arguments of `cfgcheck explain rule`.
#[derive(Args, Debug)]
pub struct RuleArgs {
    /// The rule's id, as reports name it.
    pub rule: String,
    /// The flake whose policies are known, too.
    #[arg(long, default_value = ".")]
    pub flake: String,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &RuleArgs) -> u8 {
    let text = match (::check::rule(&args.rule), crate::prop::law(&args.rule)) {
        (Some(rule), _) => text(rule),
        (None, Some(law)) => text_of_law(law),
        (None, None) if ::vm::finding::ids().any(|id| id == args.rule) => text_of_vm(&args.rule),
        (None, None) => {
            let policies = match policies_of(machine, &args.flake) {
                Ok(policies) => policies,
                Err(code) => return code,
            };
            match policies.document(&args.rule) {
                Some(document) => text_of_policy(&document, &policies.source(document.id).unwrap_or_default()),
                None => return unknown(&args.rule, &policies),
            }
        }
    };
    match write_out(text.as_bytes()) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Returns the policies of a flake; none where there is no flake.
fn policies_of(machine: &Machine, flake: &str) -> Result<Policies, u8> {
    let Ok(asked) = session::asked(machine, flake) else {
        return Ok(Policies::default());
    };
    let place = Place {
        machine,
        asked: &asked,
        trust: false,
        color: false,
    };
    place.policies()
}

fn unknown(rule: &str, policies: &Policies) -> u8 {
    complain(&format!("error: there is no rule `{rule}`"));
    match yaml::nearest(
        rule,
        crate::check::rule_ids().chain(policies.documents().map(|document| document.id)),
    ) {
        Some(near) => complain(&format!("help: did you mean `{near}`?")),
        None => complain("help: `cfgcheck list rules` has them all"),
    }
    exit::USAGE
}

/// Returns the documentation of a policy.
fn text_of_policy(policy: &Document<'_>, source: &str) -> String {
    let parts = [
        format!("a policy, level {}", policy.level.name()),
        format!("## Why it matters\n\n{}", policy.why),
        format!("## What to do\n\n{}", policy.fix),
        format!("## The policy\n\n{}", indented(source)),
    ];
    document(policy.id, policy.title, &parts)
}

/// Returns the documentation of a rule of `cfgcheck vm`; empty if there is none of this id.
fn text_of_vm(id: &str) -> String {
    let Some(rule) = ::vm::finding::rules().find(|rule| rule.id == id) else {
        return String::new();
    };
    let parts = [
        "found by `cfgcheck vm`".to_owned(),
        format!("## Why it matters\n\n{}", rule.why),
        format!("## What to do\n\n{}", rule.fix),
        meant(id),
    ];
    document(id, &rule.title, &parts)
}

/// Returns the documentation of a law.
fn text_of_law(law: &Law) -> String {
    let mut parts = vec![
        format!("a law of `cfgcheck prop`, level {}", law.severity.name()),
        format!("## Why it matters\n\n{}", law.why),
        format!("## What to do\n\n{}", law.fix),
    ];
    for known in known::all().iter().filter(|known| known.law == law.id) {
        let (id, title, why) = (known.id, known.title, known.why);
        parts.push(format!("## Known: {id}\n\n{title}.\n\n{why}"));
    }
    if law.scope != Scope::Lib {
        parts.push(meant(law.id));
    }
    document(law.id, law.title, &parts)
}

/// Returns how a finding is accepted.
fn meant(id: &str) -> String {
    format!(
        "## When it is meant\n\nAccept one finding by a comment on its line or above it, `# cfgcheck: allow({id}) \
         reason`, or by a waiver in cfgcheck.yaml; turn the rule off there with `rules: {{ {id}: off }}`."
    )
}

/// Returns the documentation of a rule as Markdown, which reads well on a terminal, too.
pub(crate) fn text(rule: &Rule) -> String {
    let parts = [
        format!("stage {}, level {}", rule.stage, rule.level.name()),
        format!("## Why it matters\n\n{}", rule.why),
        format!("## Example\n\n{}", indented(rule.wrong)),
        format!("## Instead\n\n{}", indented(rule.right)),
        format!("## What to do\n\n{}", rule.fix),
        meant(rule.id),
    ];
    document(rule.id, rule.title, &parts)
}

/// Returns a title with paragraphs below it, broken between words.
fn document(id: &str, title: &str, parts: &[String]) -> String {
    let mut out = format!("# {id}: {title}\n\n");
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

    /// Returns the page with all laws: those about a user's options and hosts, then those about the library.
    fn page_of_laws() -> String {
        let mut out = String::from(
            "# Laws\n\nThe laws that [`cfgcheck prop`](prop.md) tries with generated modules, as `cfgcheck explain rule` \
             prints them.\n",
        );
        let of_lib = |law: &&Law| law.scope == Scope::Lib;
        let parts: [(&str, Vec<&Law>); 2] = [
            (
                "About a flake's own options and hosts",
                crate::prop::laws().filter(|law| !of_lib(law)).collect(),
            ),
            (
                "About the library, with `--laws lib`",
                crate::prop::laws().filter(of_lib).collect(),
            ),
        ];
        for (title, laws) in &parts {
            out.push_str(&format!("\n{title}:\n\n| law | what must hold |\n| --- | --- |\n"));
            for law in laws {
                out.push_str(&format!(
                    "| [`{0}`](#{0}) | {1} |\n",
                    law.id,
                    law.title.replace('|', "\\|")
                ));
            }
        }
        for law in parts.iter().flat_map(|(_, laws)| laws) {
            let text = text_of_law(law);
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
            let rest = rest.replace("\n## ", "\n### ");
            out.push_str(&format!("\n## {}\n\n{}.\n{rest}", law.id, law.title));
        }
        out
    }

    /// After a change of a law's documentation, `UPDATE_GOLDEN=1 cargo test -p cfgcheck page_of_laws` writes the file anew.
    #[test]
    fn the_page_of_laws_is_that_of_the_laws() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/laws.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, page_of_laws()).expect("the page can be written");
        }
        let published = std::fs::read_to_string(&path).expect("the page is there; UPDATE_GOLDEN=1 writes it");
        assert!(
            published == page_of_laws(),
            "docs/laws.md is not that of the laws; UPDATE_GOLDEN=1 writes it anew"
        );
    }

    #[test]
    fn each_law_has_a_name_of_its_own_that_is_no_rule() {
        let mut seen = std::collections::BTreeSet::new();
        for law in crate::prop::laws() {
            assert!(seen.insert(law.id), "`{}` is there twice", law.id);
            assert!(::check::rule(law.id).is_none(), "`{}` is a rule, too", law.id);
        }
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
