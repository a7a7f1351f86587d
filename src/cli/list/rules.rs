//! `cfgcheck list rules`: the rules of `check`, the laws of `prop`, and what `vm` finds.

use super::told;
use crate::machine::Machine;
use clap::Args;
use report::Stage;
use serde::Serialize;

/// Arguments of `cfgcheck list rules`.
#[derive(Args, Debug)]
pub struct RulesArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command and returns its exit code.
pub fn run(_machine: &Machine, args: &RulesArgs) -> u8 {
    told(&if args.json { json() } else { text() })
}

/// What is listed of a rule, or of a law.
#[derive(Serialize)]
struct Listed {
    id: String,
    stage: Stage,
    level: &'static str,
    title: String,
    why: String,
    fix: String,
}

/// Returns all rules, the laws behind them, and then what runs in machines find.
fn listed() -> impl Iterator<Item = Listed> {
    let rules = ::check::rules().map(|rule| Listed {
        id: rule.id.into(),
        stage: rule.stage,
        level: rule.level.name(),
        title: rule.title.into(),
        why: rule.why.into(),
        fix: rule.fix.into(),
    });
    let laws = crate::prop::laws().map(|law| Listed {
        id: law.id.into(),
        stage: Stage::Prop,
        level: law.severity.name(),
        title: law.title.into(),
        why: law.why.into(),
        fix: law.fix.into(),
    });
    let of_vm = ::vm::finding::rules().map(|rule| Listed {
        id: rule.id,
        stage: Stage::Vm,
        // How bad it is depends on what happened.
        level: "varies",
        title: rule.title,
        why: rule.why,
        fix: rule.fix,
    });
    rules.chain(laws).chain(of_vm)
}

fn text() -> String {
    let rules: Vec<Listed> = listed().collect();
    let widest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    let mut stage = None;
    for rule in rules {
        if stage != Some(rule.stage) {
            out.push_str(&format!("{}{}\n", if stage.is_some() { "\n" } else { "" }, rule.stage));
            stage = Some(rule.stage);
        }
        out.push_str(&format!("  {:<widest$}  {:<7}  {}\n", rule.id, rule.level, rule.title));
    }
    out
}

fn json() -> String {
    let rules: Vec<Listed> = listed().collect();
    serde_json::to_string_pretty(&rules).expect("rules are plain text") + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_is_listed() {
        let listed: serde_json::Value = serde_json::from_str(&super::json()).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), super::listed().count());
        for rule in super::listed() {
            assert!(super::text().contains(&format!("  {} ", rule.id)), "{}", rule.id);
        }
    }
}
