//! `cfgcheck list rules`: the rules of `check`, and the laws of `prop`.

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
    id: &'static str,
    stage: Stage,
    level: &'static str,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
}

/// Returns all rules, and the laws behind them.
fn listed() -> impl Iterator<Item = Listed> {
    let rules = ::check::rules().map(|rule| Listed {
        id: rule.id,
        stage: rule.stage,
        level: rule.level.name(),
        title: rule.title,
        why: rule.why,
        fix: rule.fix,
    });
    rules.chain(crate::prop::laws().map(|law| Listed {
        id: law.id,
        stage: Stage::Prop,
        level: law.severity.name(),
        title: law.title,
        why: law.why,
        fix: law.fix,
    }))
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
