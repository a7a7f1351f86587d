//! Tries the examples of policies: no flake is needed.

use diag::{Diagnostic, Span};
use report::{Case, Finding, Outcome, Stage};

use super::hosts::Host;
use super::judge::{Judged, Options};
use super::{Demand, Example, Expected, Kind, OptionPath, Policies, Policy, Tree};

/// The values of an example.
struct Values<'e>(&'e Tree);

impl Options for Values<'_> {
    fn value(&mut self, path: &OptionPath, _: &Demand) -> Tree {
        match self.0.at(path.names()) {
            Tree::Missing(_) => Tree::Missing("the example has no value for it".into()),
            value => value,
        }
    }

    fn place(&mut self, _: &[String]) -> Option<Span> {
        None
    }

    fn evaluates(&self) -> bool {
        true
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        Finding::new("policies", diagnostic.severity, &diagnostic.message)
    }
}

impl Policies {
    /// Returns a case for each example of each policy.
    pub fn examples(&self) -> Vec<Case> {
        let all = self.all.iter().flat_map(|policy| {
            let one = |(i, example): (usize, &Example)| self.example(policy, i + 1, example);
            policy.examples.iter().enumerate().map(one).collect::<Vec<_>>()
        });
        all.collect()
    }

    fn example(&self, policy: &Policy, number: usize, example: &Example) -> Case {
        let name = format!("{} example {number}", policy.name());
        let case = Case::new(Stage::Policy, name, Outcome::Passed).rule(&policy.id);
        let host = Host {
            name: example.host.name.clone(),
            system: example.host.system.clone(),
            kind: policy.hosts.kinds.first().copied().unwrap_or(Kind::Nixos),
            tags: example.host.tags.clone(),
        };
        let judged = self.judge(policy, &host, &mut Values(&example.values));
        let (found, what) = match &judged {
            Judged::Skipped(why) => (Some(Expected::Skip), format!("it is skipped: {why}")),
            Judged::Found(all) => match all.iter().find(|one| one.unknown) {
                Some(one) => (None, format!("it cannot be judged: {}", one.message)),
                None => match all.first() {
                    Some(one) => (Some(Expected::Fail), format!("it fails: {}", one.message)),
                    None => (Some(Expected::Pass), "it passes".to_string()),
                },
            },
        };
        if found == Some(example.expected) {
            return case;
        }
        let wanted = match example.expected {
            Expected::Pass => "pass",
            Expected::Fail => "fail",
            Expected::Skip => "be skipped",
        };
        let message = format!(
            "example {number} of the policy `{}` should {wanted}, but {what}",
            policy.id
        );
        let diagnostic = Diagnostic::error(message)
            .rule(&policy.id)
            .at(policy.text.span(&example.way), "");
        let diagnostic = diagnostic.hint("change the example, or what the policy asks for");
        let finding = self.finding(&diagnostic);
        let outcome = if found.is_none() {
            Outcome::Errored
        } else {
            Outcome::Failed
        };
        Case { outcome, ..case }.finding(finding)
    }
}
