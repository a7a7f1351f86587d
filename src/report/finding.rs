//! One thing that was found, with the place a person has to go to.

use std::fmt;

use diag::{Diagnostic, Severity, SourceMap, Style};
use serde::{Deserialize, Serialize};

/// A place in a file. Lines and columns count from one, columns count characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Location {
    /// The path: below the flake's folder where it lies there, else absolute.
    pub file: String,
    /// The line; 1 if the whole file is meant.
    pub line: u32,
    /// The column; 1 if the whole line is meant.
    pub column: u32,
}

/// A place in a text that is known already.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Position {
    /// The line, from one.
    pub line: u32,
    /// The column in characters, from one.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl From<diag::Place> for Location {
    fn from(place: diag::Place) -> Location {
        Location {
            file: place.file,
            line: place.line,
            column: place.column,
        }
    }
}

/// One thing that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The rule that found it, such as `secret-in-store`, or `eval` for errors of the language.
    pub rule: String,
    /// How bad it is.
    #[serde(with = "crate::json::severity")]
    #[cfg_attr(test, schemars(with = "crate::json::schema::SeverityName"))]
    pub severity: Severity,
    /// What is wrong, in a line or a few.
    pub message: String,
    /// The option it is about, such as `services.openssh.enable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// Where to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One past the last character of what is meant, in the same file; none if only the start is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Position>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The diagnostic as drawn without colours: message, source lines, marks, notes; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// A complete Nix file that shows it, with how to evaluate it in its first lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<String>,
}

impl Finding {
    /// Returns a finding without a place.
    pub fn new(rule: impl Into<String>, severity: Severity, message: impl Into<String>) -> Finding {
        Finding {
            rule: rule.into(),
            severity,
            message: message.into(),
            option: None,
            location: None,
            end: None,
            hint: None,
            text: String::new(),
            counterexample: None,
        }
    }

    /// Returns the finding that a diagnostic is: its message, first place and hints, and its drawing.
    ///
    /// `root` is the folder that paths are shown below. A diagnostic without a rule is one of `eval`.
    pub fn from_diagnostic(diagnostic: &Diagnostic, sources: &SourceMap, root: &[u8]) -> Finding {
        let rule = diagnostic.rule.as_deref().unwrap_or("eval");
        let hint = (!diagnostic.hints.is_empty()).then(|| diagnostic.hints.join("\n"));
        let place = sources.place(diagnostic.span(), root);
        let end = place.as_ref().map(|place| Position {
            line: place.end_line,
            column: place.end_column,
        });
        let location = place.map(Location::from);
        Finding {
            // An empty span has no end of its own.
            end: end.filter(|end| {
                location
                    .as_ref()
                    .is_some_and(|at| (at.line, at.column) < (end.line, end.column))
            }),
            location,
            hint,
            text: diag::render(diagnostic, sources, root, Style::default()),
            ..Finding::new(rule, diagnostic.severity, diagnostic.message.clone())
        }
    }

    /// Sets the option it is about.
    pub fn option(mut self, path: impl Into<String>) -> Finding {
        self.option = Some(path.into());
        self
    }

    /// Sets the place; its end is not known.
    pub fn at(mut self, file: impl Into<String>, line: u32, column: u32) -> Finding {
        self.location = Some(Location {
            file: file.into(),
            line,
            column,
        });
        self.end = None;
        self
    }

    /// Sets what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::{Origin, Span};

    #[test]
    fn a_diagnostic_becomes_a_finding_with_its_place_and_drawing() {
        let mut sources = SourceMap::new();
        let (_, base) = sources.add(
            Origin::File(b"/f/a.nix".as_slice().into()),
            b"{ x = ture; }".as_slice().into(),
        );
        let span = Span::new(base.offset(6), base.offset(10));
        let diagnostic = Diagnostic::error("undefined variable 'ture'")
            .at(span, "")
            .hint("did you mean `true`?");
        let finding = Finding::from_diagnostic(&diagnostic, &sources, b"/f");
        assert_eq!(finding.location.as_ref().unwrap().to_string(), "a.nix:1:7");
        assert_eq!(finding.end, Some(Position { line: 1, column: 11 }));
        assert_eq!(
            (finding.rule.as_str(), finding.hint.as_deref()),
            ("eval", Some("did you mean `true`?"))
        );
        assert!(finding.text.contains("1 | { x = ture; }\n"), "{}", finding.text);
    }
}
