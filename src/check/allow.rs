//! Comments that allow a finding: `# cfgcheck: allow(rule) reason`.

use diag::Pos;
use report::Finding;

/// The comments of one file that can be understood.
#[derive(Default)]
pub(crate) struct Allows {
    allows: Vec<Allow>,
}

struct Allow {
    /// The line that it speaks of.
    line: u32,
    /// Whether it stands before all code, and so speaks of the whole file, too.
    heads: bool,
    rules: Vec<String>,
    reason: String,
}

impl Allows {
    /// Returns the comments in the text of a file.
    pub fn of(text: &[u8]) -> Allows {
        let first = next_code(text, 0);
        let allows = syntax::comments(text, Pos::NONE).into_iter().filter_map(|comment| {
            let allow = comment.allow.ok()?;
            let line = if comment.alone {
                next_code(text, comment.line)
            } else {
                comment.line
            };
            Some(Allow {
                line,
                heads: comment.alone && (comment.line < first || first == 0),
                rules: allow.rules,
                reason: allow.reason,
            })
        });
        Allows {
            allows: allows.collect(),
        }
    }

    /// Returns the reason for which a finding of this file is allowed, if it is.
    pub fn reason(&self, finding: &Finding) -> Option<&str> {
        let at = finding.location.as_ref()?;
        // A finding about a whole file is told at its first character.
        let whole = at.line == 1 && at.column == 1;
        let speaks =
            |allow: &&Allow| (allow.line == at.line || whole && allow.heads) && allow.rules.contains(&finding.rule);
        self.allows.iter().find(speaks).map(|allow| allow.reason.as_str())
    }
}

/// Returns the next line after this one that is neither blank nor a comment; this one at the end.
fn next_code(text: &[u8], line: u32) -> u32 {
    let lines = text.split(|&b| b == b'\n').enumerate().skip(line as usize);
    for (index, text) in lines {
        let text = text.trim_ascii();
        if !text.is_empty() && !text.starts_with(b"#") {
            return index as u32 + 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::Severity;

    #[test]
    fn a_comment_at_the_head_speaks_of_the_file() {
        let finding = Finding::new("a", Severity::Error, "").at("a.nix", 1, 1);
        let reason = |text: &[u8]| Allows::of(text).reason(&finding).map(str::to_owned);
        assert_eq!(
            reason(b"# About.\n\n# cfgcheck: allow(a) so\n{ }").as_deref(),
            Some("so")
        );
        assert_eq!(reason(b"# cfgcheck: allow(a) so").as_deref(), Some("so"));
        assert_eq!(reason(b"{\n  # cfgcheck: allow(a) so\n  x = 1;\n}"), None);
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_of_the_next_one_with_code() {
        let text = b"{
  # cfgcheck: allow(a-b) as it must be
  # and more about it

  x = 1;
  y = 2; # cfgcheck: allow(a-b, c) also here
}";
        let allows = Allows::of(text);
        let reason = |rule: &str, line| {
            let finding = Finding::new(rule, Severity::Error, "").at("a.nix", line, 3);
            allows.reason(&finding).map(str::to_owned)
        };
        assert_eq!(reason("a-b", 5).as_deref(), Some("as it must be"));
        assert_eq!(reason("c", 5), None);
        assert_eq!(reason("c", 6).as_deref(), Some("also here"));
        assert_eq!(reason("a-b", 2), None);
        assert_eq!(allows.reason(&Finding::new("c", Severity::Error, "")), None);
        assert_eq!(Allows::of(b"# cfgcheck: allow(c) x").allows[0].line, 1);
    }
}
