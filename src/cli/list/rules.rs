//! `cfgcheck list rules`.

use super::told;
use crate::machine::Machine;
use clap::Args;

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

fn text() -> String {
    let rules: Vec<_> = ::check::rules().collect();
    let widest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    let mut stage = None;
    for rule in rules {
        if stage != Some(rule.stage) {
            out.push_str(&format!("{}{}\n", if stage.is_some() { "\n" } else { "" }, rule.stage));
            stage = Some(rule.stage);
        }
        out.push_str(&format!(
            "  {:<widest$}  {:<7}  {}\n",
            rule.id,
            rule.level.name(),
            rule.title
        ));
    }
    out
}

fn json() -> String {
    let rules = ::check::rules().map(|rule| {
        serde_json::json!({
            "id": rule.id,
            "stage": rule.stage,
            "level": rule.level,
            "title": rule.title,
            "why": rule.why,
            "fix": rule.fix,
        })
    });
    let rules: Vec<_> = rules.collect();
    serde_json::to_string_pretty(&rules).expect("rules are plain text") + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_is_listed() {
        let listed: serde_json::Value = serde_json::from_str(&super::json()).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), ::check::rules().count());
        for rule in ::check::rules() {
            assert!(super::text().contains(&format!("  {} ", rule.id)), "{}", rule.id);
        }
    }
}
