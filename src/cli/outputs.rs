//! The forms of a report, and writing them: to standard output and to files.

use crate::args::ColorArg;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use diag::Severity;
use report::Report;
use report::junit::Dialect;
use report::text::TextStyle;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use sys::{Mode, Stream};
use yaml::nearest;

/// The variable that is `true` on GitHub Actions.
const ON_GITHUB: &str = "GITHUB_ACTIONS";
/// The variable that names the file which GitHub shows on the page of the run.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// A form of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// cfgcheck's own format, which it also reads.
    Json,
    /// JUnit XML, for CI systems.
    Junit,
    /// JUnit XML that the schema of Jenkins' xunit plugin allows.
    Jenkins,
    /// The log of GitHub Actions: text, annotations, and the page of the run.
    Github,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// GitLab's code quality report.
    Gitlab,
    /// Markdown, for a comment on a pull request.
    Markdown,
    /// One page for a browser.
    Html,
}

impl Format {
    /// All forms.
    const ALL: [Format; 9] = [
        Format::Text,
        Format::Json,
        Format::Junit,
        Format::Jenkins,
        Format::Github,
        Format::Sarif,
        Format::Gitlab,
        Format::Markdown,
        Format::Html,
    ];

    /// Returns its name on the command line and in settings.
    fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Junit => "junit",
            Format::Jenkins => "jenkins",
            Format::Github => "github",
            Format::Sarif => "sarif",
            Format::Gitlab => "gitlab",
            Format::Markdown => "markdown",
            Format::Html => "html",
        }
    }

    /// Returns the form of a name, or what is wrong with it.
    fn named(name: &str) -> Result<Format, String> {
        let found = Format::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            let names = Format::ALL.map(Format::name);
            let hint = match nearest(name, names) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("there are {}", names.join(", ")),
            };
            format!("there is no report of kind '{name}'; {hint}")
        })
    }
}

/// Reads `KIND=PATH`.
pub fn output(text: &str) -> Result<(Format, PathBuf), String> {
    let (kind, path) = text
        .split_once('=')
        .ok_or("write it as KIND=PATH, for instance junit=report.xml")?;
    let kind = Format::named(kind)?;
    if path.is_empty() {
        return Err("the path is empty; `-` is standard output".into());
    }
    Ok((kind, path.into()))
}

/// What is to be written where.
pub struct Outputs<'a> {
    /// The machine that it is written on.
    pub machine: &'a Machine,
    /// The forms and paths that the command line names.
    pub asked: &'a [(Format, PathBuf)],
    /// The form of the settings on standard output.
    pub format: Option<Format>,
    /// When colours are used.
    pub color: ColorArg,
    /// The least bad findings that fail the run.
    pub deny: Severity,
}

impl Outputs<'_> {
    /// Writes all that is asked for, says what could not be written, and returns whether all could.
    pub fn write(&self, report: &Report) -> bool {
        let default = [(self.default(), "-".into())];
        let default = if self.is_asked_on_stdout() { &[][..] } else { &default };
        self.write_each(report, self.asked.iter().chain(default))
    }

    /// Writes only what is asked for by name, says what could not be written, and returns whether all could.
    pub fn write_asked(&self, report: &Report) -> bool {
        self.write_each(report, self.asked.iter())
    }

    /// Whether a form is asked for on standard output.
    pub fn is_asked_on_stdout(&self) -> bool {
        self.asked.iter().any(|(_, path)| is_stdout(path))
    }

    fn write_each<'f>(&self, report: &Report, outputs: impl Iterator<Item = &'f (Format, PathBuf)>) -> bool {
        let mut all = true;
        for (format, path) in outputs {
            // What cannot be written must not keep the other reports from being written.
            if let Err(error) = self.write_one(report, *format, path) {
                complain(&format!("error: {error}"));
                all = false;
            }
        }
        all
    }

    /// Returns the form on standard output if none is asked for.
    fn default(&self) -> Format {
        let usual = if self.is_on_github() {
            Format::Github
        } else {
            Format::Text
        };
        self.format.unwrap_or(usual)
    }

    /// Whether this runs on GitHub Actions.
    pub fn is_on_github(&self) -> bool {
        self.machine.env.text(ON_GITHUB).as_deref() == Some("true")
    }

    fn write_one(&self, report: &Report, format: Format, path: &Path) -> Result<(), String> {
        let text = self.form(report, format, path)?;
        if is_stdout(path) {
            write_out(text.as_bytes())
                .map_err(|error| format!("cannot write the report to standard output: {error}"))?;
        } else {
            self.machine
                .fs
                .write_atomic(path, text.as_bytes(), Mode::default())
                .map_err(|error| error.to_string())?;
        }
        if format == Format::Github && is_stdout(path) {
            self.add_summary(report)?;
        }
        Ok(())
    }

    fn form(&self, report: &Report, format: Format, path: &Path) -> Result<String, String> {
        let env = &self.machine.env;
        let color = is_stdout(path)
            && match self.color {
                ColorArg::Always => true,
                ColorArg::Never => false,
                ColorArg::Auto => env.is_terminal(Stream::Out) && env.text("NO_COLOR").is_none(),
            };
        let style = TextStyle {
            color,
            width: env.columns(Stream::Out).filter(|_| is_stdout(path)).unwrap_or(80),
            ..TextStyle::default()
        };
        Ok(match format {
            Format::Text => {
                let text = report::text::write(report, self.deny, style);
                // What the runner reads from a log as commands, it reads from a text, too.
                if is_stdout(path) && self.is_on_github() {
                    report::github::fenced(&text, &token()?)
                } else {
                    text
                }
            }
            Format::Json => report::json::write(report, self.deny),
            Format::Junit => junit(report, Dialect::Nextest)?,
            Format::Jenkins => junit(report, Dialect::Jenkins)?,
            Format::Github => report::github::write(report, self.deny, style, &token()?),
            Format::Sarif => report::sarif::write(report),
            Format::Gitlab => report::gitlab::write(report),
            Format::Html => report::html::write(report, self.deny),
            Format::Markdown => report::markdown::write_with_changes(report, self.deny, report::markdown::MOST_COMMENT),
        })
    }

    /// Adds the report to what GitHub shows on the page of the run, where there is such a page.
    fn add_summary(&self, report: &Report) -> Result<(), String> {
        let Some(path) = self.machine.env.text(SUMMARY).map(PathBuf::from) else {
            return Ok(());
        };
        let mut text = match self.machine.fs.read(&path) {
            Ok(text) => text,
            Err(error) if error.is_absent() => Vec::new(),
            Err(error) => return Err(error.to_string()),
        };
        text.extend(report::github::summary(report, self.deny, text.len()).as_bytes());
        self.machine
            .fs
            .write(&path, &text, Mode::default())
            .map_err(|error| error.to_string())
    }
}

fn junit(report: &Report, dialect: Dialect) -> Result<String, String> {
    report::junit::write(report, dialect).map_err(|error| error.to_string())
}

fn token() -> Result<String, String> {
    sys::random_token().map_err(|error| format!("there is no randomness: {error}"))
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use sys::{FixedEnv, Fs, ManualClock, MemoryFs};

    #[test]
    fn a_report_has_kind_and_path() {
        assert_eq!(output("junit=a.xml"), Ok((Format::Junit, "a.xml".into())));
        assert_eq!(output("sarif=-"), Ok((Format::Sarif, "-".into())));
        let check = |text: &str, expected: &str| assert_eq!(output(text).unwrap_err(), expected);
        check("junit", "write it as KIND=PATH, for instance junit=report.xml");
        check("text=", "the path is empty; `-` is standard output");
        check(
            "markdwon=x",
            "there is no report of kind 'markdwon'; did you mean 'markdown'?",
        );
        check(
            "pdf=x",
            "there is no report of kind 'pdf'; there are text, json, junit, jenkins, github, sarif, gitlab, markdown, html",
        );
    }

    fn machine(env: FixedEnv, fs: Arc<MemoryFs>) -> Machine {
        Machine {
            fs,
            env: Arc::new(env),
            clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            stack: 0,
        }
    }

    #[test]
    fn the_default_on_github_is_its_own_form() {
        let check = |value: &str, format: Option<Format>, expected: Format| {
            let machine = machine(FixedEnv::at("/").with(ON_GITHUB, value), Arc::default());
            let outputs = Outputs {
                machine: &machine,
                asked: &[],
                format,
                color: ColorArg::Never,
                deny: Severity::Error,
            };
            assert_eq!(outputs.default(), expected);
        };
        check("true", None, Format::Github);
        check("false", None, Format::Text);
        check("true", Some(Format::Text), Format::Text);
    }

    #[test]
    fn the_summary_is_added_to_what_the_step_has_already() {
        let fs = Arc::new(MemoryFs::new());
        fs.write(Path::new("/summary.md"), b"before\n", Mode::default())
            .expect("it can be written");
        let machine = machine(FixedEnv::at("/").with(SUMMARY, "/summary.md"), fs.clone());
        let outputs = Outputs {
            machine: &machine,
            asked: &[],
            format: None,
            color: ColorArg::Never,
            deny: Severity::Error,
        };
        outputs.add_summary(&Report::default()).expect("it can be written");
        let text = fs.read(Path::new("/summary.md")).expect("it is there");
        assert!(text.starts_with(b"before\n\n<!-- cfgcheck: report -->\n"), "{text:?}");
    }
}
