//! `allow-malformed`: a comment addressed to cfgcheck that does nothing.

use super::{Answer, Entry, Judged};
use crate::{Level, Rule};
use report::Stage;
use yaml::nearest;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "allow-malformed",
    stage: Stage::Source,
    level: Level::Error,
    title: "A comment that allows something names a rule and gives a reason",
    why: "A comment with a slip allows nothing, and the finding that it was for stays or comes back. One without a \
          reason leaves the next reader guessing whether it may go.",
    fix: "Write `# cfgcheck: allow(rule) reason` on the line, or alone above it; `cfgcheck list rules` has the names.",
    wrong: "networking.firewall.enable = false; # cfgcheck: allow(firewall-disabeld)",
    right: "networking.firewall.enable = false; # cfgcheck: allow(firewall-disabled) behind the company's own",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let ids = judged.request.ids;
    let mut found = Vec::new();
    for (_, file, _) in judged.nix() {
        for comment in syntax::comments(&file.text, file.base) {
            let allow = match &comment.allow {
                Ok(allow) => allow,
                Err(error) => {
                    let hint = "write `# cfgcheck: allow(rule) reason`";
                    found.push(RULE.found(error.to_string()).at(comment.span, "").hint(hint).into());
                    continue;
                }
            };
            for rule in allow.rules.iter().filter(|rule| !ids.contains(&rule.as_str())) {
                let diagnostic = RULE.found(format!("there is no rule `{rule}`")).at(comment.span, "");
                let hint = match nearest(rule, ids.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`cfgcheck list rules` has the names".into(),
                };
                found.push(diagnostic.hint(hint).into());
            }
            if allow.reason.is_empty() {
                let diagnostic = RULE.found("the comment gives no reason").at(comment.span, "");
                found.push(
                    diagnostic
                        .hint("say after the parenthesis why it is allowed here")
                        .into(),
                );
            }
        }
    }
    Answer::Judged(found)
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    #[test]
    fn comments_that_do_nothing_are_told() {
        check(
            "allow-malformed",
            &[(
                "a.nix",
                "{\n  a = 1; # cfgcheck: allow(module-orphan) kept for later\n  b = 2; # cfgcheck: allow(module-orpan) x\n  \
                 c = 3; # cfgcheck: allow(module-orphan)\n  d = 4; # cfgcheck: alow(module-orphan) x\n  \
                 e = \"# cfgcheck: alow\";\n}",
            )],
            &[
                "a.nix:3:10 there is no rule `module-orpan`",
                "a.nix:4:10 the comment gives no reason",
                "a.nix:5:10 expected `allow(rule)` after `cfgcheck:`",
            ],
        );
    }
}
