//! What is to be published, and under which name.

use diag::Severity;

/// The end of a check run's name whose report came out of an artifact.
///
/// A neutral check run satisfies a rule that requires it, so its name must be none that a rule asks for. The
/// name that a workflow sets cannot end like this ([`Name::new`]), so no check that a branch was ever asked to
/// require is of this name, unless somebody chooses one that says `not verified`.
pub const UNVERIFIED: &str = " · not verified";

/// Most bytes of a name, with room for [`UNVERIFIED`]. GitHub cuts the names of check runs in its pages far below that.
const MOST_NAME: usize = 100;

/// A name that cannot be one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty or only spaces.
    #[error("the name of the check is empty")]
    Empty,
    /// It is longer than 100 bytes.
    #[error("the name of the check is longer than {MOST_NAME} bytes")]
    Long,
    /// It has line feeds, controls or signs of HTML's comments.
    #[error("the name of the check has line feeds, control characters, `<` or `>`")]
    Characters,
    /// It ends as those do that nobody has verified.
    #[error("the name of the check ends in `not verified`, which cfgcheck itself says of reports from forks")]
    Unverified,
}

/// The name of a check run, by which a comment is found again, too; `cfgcheck` if nothing else is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name(String);

impl Name {
    /// Returns the name; two of one repository with different names do not disturb each other.
    pub fn new(text: &str) -> Result<Name, NameError> {
        let text = text.trim();
        let unsound = |c: char| c.is_control() || matches!(c, '<' | '>');
        if text.is_empty() {
            Err(NameError::Empty)
        } else if text.len() > MOST_NAME {
            Err(NameError::Long)
        } else if text.contains(unsound) || diag::clean_line(text) != text {
            Err(NameError::Characters)
        } else if text.ends_with(UNVERIFIED.trim_start_matches([' ', '·'])) {
            Err(NameError::Unverified)
        } else {
            Ok(Name(text.into()))
        }
    }

    /// Returns the name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Name {
    fn default() -> Name {
        Name("cfgcheck".into())
    }
}

/// What is to be published of a report.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name of the check run.
    pub name: Name,
    /// Whether there is to be a check run.
    pub check: bool,
    /// Whether there is to be a comment on the pull request.
    pub comment: bool,
    /// Whether the check run says `neutral` whatever was found, so that it fails nothing.
    pub neutral: bool,
    /// The least bad findings that make the verdict a failure.
    pub deny: Severity,
    /// The account that comments; asked of GitHub where it is not known. Tokens of GitHub's apps cannot ask: theirs
    /// are taken for those of `github-actions[bot]`, so an app of one's own says `NAME[bot]` here.
    pub author: Option<String>,
}

impl Default for Wanted {
    /// Returns nothing to be published, under the name `cfgcheck`.
    fn default() -> Wanted {
        Wanted {
            name: Name::default(),
            check: false,
            comment: false,
            neutral: false,
            deny: Severity::Error,
            author: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_workflow_is_that_of_an_unverified_report() {
        let check = |text: &str, expected| assert_eq!(Name::new(text).err(), expected, "{text}");
        check(" fleet ", None);
        check("cfgcheck (nightly) / é", None);
        check("", Some(NameError::Empty));
        check("\n", Some(NameError::Empty));
        check(&"x".repeat(101), Some(NameError::Long));
        check("a\nb", Some(NameError::Characters));
        check("a --> b", Some(NameError::Characters));
        check("a\u{202e}b", Some(NameError::Characters));
        check("cfgcheck · not verified", Some(NameError::Unverified));
        check("cfgcheck not verified ", Some(NameError::Unverified));
        assert!(Name::new(&format!("cfgcheck{UNVERIFIED}")).is_err());
    }
}
