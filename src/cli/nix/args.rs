//! The arguments of `nix-instantiate`, and the settings that come with them and from `NIX_CONFIG`.

use eval::Settings;

/// What to print of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OutputKind {
    /// As a Nix expression.
    #[default]
    Plain,
    /// As the string that it is.
    Raw,
    /// As XML.
    Xml,
    /// As JSON.
    Json,
}

/// Where the value of an automatic argument comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AutoArg {
    /// `--arg`: an expression.
    Expr(String),
    /// `--argstr`: a string.
    Text(String),
    /// `--arg-from-file`: a file's content.
    File(String),
    /// `--arg-from-stdin`.
    Stdin,
}

/// A command line.
#[derive(Default, Debug)]
pub struct Args {
    /// Files, or with `expr` expressions.
    pub files: Vec<String>,
    /// Whether to read standard input.
    pub stdin: bool,
    /// Whether `files` are expressions.
    pub expr: bool,
    /// Whether to evaluate rather than to instantiate.
    pub eval_only: bool,
    /// Whether to print the parsed expression.
    pub parse_only: bool,
    /// Whether to look files up in the search path.
    pub find_file: bool,
    /// Whether to evaluate everything inside.
    pub strict: bool,
    /// Whether XML tells places.
    pub location: bool,
    /// How to print.
    pub output: OutputKind,
    /// Attribute paths to select.
    pub attrs: Vec<String>,
    /// Automatic arguments.
    pub auto_args: Vec<(String, AutoArg)>,
    /// `-I` entries.
    pub include: Vec<String>,
    /// Whether `--version` is asked for.
    pub version: bool,
    /// Whether `--help` is asked for.
    pub help: bool,
    /// Settings by name, in the order given.
    pub settings: Vec<(String, String)>,
}

/// Settings that take no value on the command line: `--name` is true, `--no-name` false.
const SWITCHES: &[&str] = &[
    "show-trace",
    "pure-eval",
    "restrict-eval",
    "impure",
    "trace-verbose",
    "abort-on-warn",
    "allow-import-from-derivation",
    "warn-short-path-literals",
    "debugger",
    "keep-going",
    "keep-failed",
    "fallback",
    "show-stats",
    "offline",
];

impl Args {
    /// Returns the parsed arguments, or what is wrong with them.
    pub fn parse(argv: impl IntoIterator<Item = String>) -> Result<Args, String> {
        let mut args = Args {
            location: true,
            ..Args::default()
        };
        let mut argv = argv.into_iter();
        while let Some(arg) = argv.next() {
            let mut value = || {
                argv.next()
                    .ok_or_else(|| format!("flag '{arg}' requires 1 argument(s)"))
            };
            match arg.as_str() {
                "-" => args.stdin = true,
                "--expr" | "-E" => args.expr = true,
                "--eval" | "--eval-only" => args.eval_only = true,
                "--parse" | "--parse-only" => {
                    args.parse_only = true;
                    args.eval_only = true;
                }
                "--find-file" => args.find_file = true,
                "--attr" | "-A" => args.attrs.push(value()?),
                "--add-root" => {
                    value()?;
                }
                "--raw" => args.output = OutputKind::Raw,
                "--xml" => args.output = OutputKind::Xml,
                "--json" => args.output = OutputKind::Json,
                "--no-location" => args.location = false,
                "--strict" => args.strict = true,
                "--version" => args.version = true,
                "--help" => args.help = true,
                "--read-write-mode" | "--indirect" | "--dry-run" | "--quiet" | "--verbose" | "-v" | "-vv" | "-Q"
                | "--no-build-output" | "--repair" => {}
                "--arg" => {
                    let name = value()?;
                    let text = value()?;
                    args.auto_args.push((name, AutoArg::Expr(text)));
                }
                "--argstr" => {
                    let name = value()?;
                    let text = value()?;
                    args.auto_args.push((name, AutoArg::Text(text)));
                }
                "--arg-from-file" => {
                    let name = value()?;
                    let path = value()?;
                    args.auto_args.push((name, AutoArg::File(path)));
                }
                "--arg-from-stdin" => args.auto_args.push((value()?, AutoArg::Stdin)),
                "-I" | "--include" => args.include.push(value()?),
                "--option" => {
                    let name = value()?;
                    let text = value()?;
                    args.settings.push((name, text));
                }
                "--store" | "--eval-store" | "--log-format" | "-j" | "--max-jobs" | "--cores" => {
                    value()?;
                }
                flag if flag.starts_with("--") => {
                    let name = &flag[2..];
                    if SWITCHES.contains(&name) {
                        args.settings.push((name.into(), "true".into()));
                    } else if let Some(off) = name.strip_prefix("no-").filter(|n| SWITCHES.contains(n)) {
                        args.settings.push((off.into(), "false".into()));
                    } else if is_setting(name) {
                        let text = value()?;
                        args.settings.push((name.into(), text));
                    } else {
                        return Err(format!("unrecognised flag '{flag}'"));
                    }
                }
                flag if flag.starts_with('-') && flag.len() > 1 => {
                    return Err(format!("unrecognised flag '{flag}'"));
                }
                _ => args.files.push(arg),
            }
        }
        Ok(args)
    }
}

fn is_setting(name: &str) -> bool {
    matches!(
        name,
        "experimental-features"
            | "extra-experimental-features"
            | "max-call-depth"
            | "eval-system"
            | "system"
            | "nix-path"
            | "extra-nix-path"
            | "lint-url-literals"
            | "lint-absolute-path-literals"
            | "lint-short-path-literals"
            | "timeout"
            | "max-silent-time"
            | "substituters"
            | "sandbox"
            | "builders"
            | "eval-cores"
    )
}

/// Returns the settings in a `NIX_CONFIG` text: lines `name = value`, comments with `#`.
pub fn read_config(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or(""))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Applies settings, in order; returns whether the whole trace is wanted.
pub fn apply(settings: &mut Settings, given: &[(String, String)]) -> Result<bool, String> {
    let mut show_trace = false;
    for (name, value) in given {
        let yes = matches!(value.as_str(), "true" | "yes" | "1");
        match name.as_str() {
            "experimental-features" | "extra-experimental-features" => {
                for feature in value.split_whitespace() {
                    match feature {
                        "flakes" => settings.flakes = true,
                        "pipe-operators" => settings.pipe_operators = true,
                        "ca-derivations" => settings.ca_derivations = true,
                        "impure-derivations" => settings.impure_derivations = true,
                        "dynamic-derivations" => settings.dynamic_derivations = true,
                        "fetch-closure" => settings.fetch_closure = true,
                        "fetch-tree" => settings.fetch_tree = true,
                        "parse-toml-timestamps" => settings.parse_toml_timestamps = true,
                        _ => {}
                    }
                }
            }
            "show-trace" => show_trace = yes,
            "pure-eval" => settings.pure = yes,
            "impure" => settings.pure = !yes,
            "trace-verbose" => settings.trace_verbose = yes,
            "abort-on-warn" => settings.abort_on_warn = yes,
            "allow-import-from-derivation" => settings.allow_import_from_derivation = yes,
            "max-call-depth" => {
                settings.max_call_depth = value
                    .parse()
                    .map_err(|_| format!("setting '{name}' has invalid value '{value}'"))?;
            }
            // Ours, to compare with evaluation as Nix does it.
            "share-calls" => settings.share = yes,
            "eval-system" | "system" => settings.current_system = Some(value.clone()),
            "lint-url-literals" => settings.lints.url_literals = lint(name, value)?,
            "lint-absolute-path-literals" => settings.lints.absolute_paths = lint(name, value)?,
            "lint-short-path-literals" => settings.lints.short_paths = lint(name, value)?,
            "warn-short-path-literals" if yes => settings.lints.short_paths = syntax::Lint::Warn,
            _ => {}
        }
    }
    Ok(show_trace)
}

fn lint(name: &str, value: &str) -> Result<syntax::Lint, String> {
    match value {
        "ignore" => Ok(syntax::Lint::Ignore),
        "warn" => Ok(syntax::Lint::Warn),
        "fatal" => Ok(syntax::Lint::Fatal),
        _ => Err(format!("setting '{name}' has invalid value '{value}'")),
    }
}

/// Returns an entry of the search path: prefix and path.
pub fn search_path_entry(text: &str) -> (String, String) {
    match text.split_once('=') {
        Some((prefix, path)) => (prefix.into(), path.into()),
        None => (String::new(), text.into()),
    }
}

/// Splits `NIX_PATH` at its colons, but for those of addresses (`https://…`), as Nix does.
pub fn split_nix_path(text: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let value_at = rest
            .find('=')
            .filter(|&e| rest.find(':').is_none_or(|c| e < c))
            .map_or(0, |e| e + 1);
        let value = &rest[value_at..];
        let end = if is_address(value) {
            let after_scheme = value.find(':').map_or(0, |c| c + 1);
            value[after_scheme..]
                .find(':')
                .map_or(value.len(), |c| c + after_scheme)
        } else {
            value.find(':').unwrap_or(value.len())
        };
        entries.push(rest[..value_at + end].to_owned());
        rest = rest[value_at + end..].strip_prefix(':').unwrap_or("");
    }
    entries.retain(|e| !e.is_empty());
    entries
}

fn is_address(text: &str) -> bool {
    if text.starts_with("channel:") || text.starts_with("flake:") {
        return true;
    }
    ["http", "https", "file", "channel", "git", "s3", "ssh"]
        .iter()
        .any(|s| text.strip_prefix(s).is_some_and(|rest| rest.starts_with("://")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nix_path_is_split_at_colons_but_not_in_addresses() {
        for (text, entries) in [
            ("", &[][..]),
            ("a:b=c", &["a", "b=c"]),
            (
                "n=https://x.example/a.tar.gz:m=/y",
                &["n=https://x.example/a.tar.gz", "m=/y"],
            ),
            ("channel:nixos-26.05:/x", &["channel:nixos-26.05", "/x"]),
            ("flake:nixpkgs:a=b", &["flake:nixpkgs", "a=b"]),
        ] {
            assert_eq!(split_nix_path(text), entries, "{text}");
        }
    }

    #[test]
    fn a_configuration_is_lines_of_settings() {
        let config = "extra-experimental-features = nix-command flakes # both\nshow-trace = true\n\nno setting\n";
        let mut settings = Settings::default();
        assert_eq!(apply(&mut settings, &read_config(config)), Ok(true));
        assert!(settings.flakes);
    }
}
