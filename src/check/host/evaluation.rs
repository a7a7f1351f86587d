//! Which rule an error of a configuration's evaluation breaks: the case of the evaluation tells what is
//! wrong, and each kind of it has a name to set its level by, to waive it and to look it up.

use super::{import_from_derivation, option_removed, root_file_system_missing};
use crate::{Level, Rule};
use eval::{ErrorKind, EvalError};
use report::Stage;

/// The rule that assertions hold.
pub const ASSERTION: Rule = Rule {
    id: "assertion",
    stage: Stage::Eval,
    level: Level::Error,
    title: "The assertions of the modules hold",
    why: "Modules assert what they need of each other, such as a certificate for a web server. NixOS does not evaluate \
          a host on which an assertion does not hold.",
    fix: "Do what the message says. The finding points at the definition that it is about, or at the assertion where \
          it is one of your own.",
    wrong: "assertions = [\n  {\n    assertion = config.services.wiki.enable -> config.services.postgresql.enable;\n    \
            message = \"the wiki needs a database\";\n  }\n];\nservices.wiki.enable = true;",
    right: "services.wiki.enable = true;\nservices.postgresql.enable = true;",
};

/// Returns the rule that an assertion that does not hold is told by, the option that it is about if it
/// says so, and what to do about it.
pub fn assertion_rule(message: &str) -> (&'static Rule, Option<&str>, Option<&'static str>) {
    if let Some(option) = option_removed::removed(message) {
        return (&option_removed::RULE, Some(option), None);
    }
    if root_file_system_missing::is_about_root(message) {
        let hint = Some(root_file_system_missing::HINT);
        return (&root_file_system_missing::RULE, Some("fileSystems"), hint);
    }
    (&ASSERTION, None, None)
}

/// Returns the name by which an error of an evaluation is told.
pub fn error_rule(error: &EvalError) -> &'static str {
    match error.kind {
        ErrorKind::ImportFromDerivation => import_from_derivation::RULE.id,
        _ => "eval",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_assertions_have_rules() {
        let error = |kind| EvalError::new(kind, "m");
        assert_eq!(
            error_rule(&error(ErrorKind::ImportFromDerivation)),
            "import-from-derivation"
        );
        assert_eq!(error_rule(&error(ErrorKind::Thrown)), "eval");
        let removed = "The option definition `a.b' in `f' no longer has any effect; please remove it.";
        assert_eq!(assertion_rule(removed).0.id, "option-removed");
        let root = "The ‘fileSystems’ option does not specify your root file system.";
        assert_eq!(assertion_rule(root).0.id, "root-file-system-missing");
        assert_eq!(assertion_rule("a is b").0.id, "assertion");
    }
}
