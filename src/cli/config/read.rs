//! Reads the settings and says what is wrong with them, with the exact place and the nearest right name.

use std::sync::Arc;

use diag::{Diagnostic, Origin, Pos, SourceMap, Span};

use super::Config;

/// Most bytes of a settings file (256 KiB).
const MOST_BYTES: usize = 256 << 10;

/// Deepest nesting of brackets. The YAML reader takes quadratic time for it: 40,000 take two seconds.
const MOST_OPEN: usize = 256;

/// Returns the settings that a file's bytes say, or what is wrong with them. The bytes are added to
/// the sources under the file's absolute path.
pub fn read(sources: &mut SourceMap, path: &[u8], bytes: &[u8]) -> Result<Config, Box<Diagnostic>> {
    let (_, base) = sources.add(Origin::File(path.into()), Arc::from(bytes));
    if bytes.len() > MOST_BYTES {
        let message = format!("the settings are larger than {MOST_BYTES} bytes");
        return Err(Box::new(
            Diagnostic::error(message)
                .rule("settings")
                .at(Span::new(base, base), ""),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = base.offset(error.valid_up_to() as u32);
        Box::new(
            Diagnostic::error("the settings are not UTF-8")
                .rule("settings")
                .at(Span::new(at, at.offset(1)), "here"),
        )
    })?;
    if let Some(at) = too_deep(bytes) {
        let at = base.offset(at as u32);
        let diagnostic = Diagnostic::error("the settings are nested too deeply").rule("settings");
        return Err(Box::new(diagnostic.at(Span::new(at, at.offset(1)), "")));
    }
    serde_yaml::from_str(text).map_err(|error| Box::new(explain(&error, base, text)))
}

/// Returns where more brackets are open than any settings need. Quoted ones count, too: none are usual.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let mut open = 0usize;
    bytes.iter().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MOST_OPEN
    })
}

fn explain(error: &serde_yaml::Error, base: Pos, text: &str) -> Diagnostic {
    let mut message = error.to_string();
    let mut span = Span::new(base, base);
    if let Some(location) = error.location() {
        let told = format!(" at line {} column {}", location.line(), location.column());
        message = message.replacen(&told, "", 1);
        span = word_at(base, text, location.line(), location.column());
    }
    let mut hint = None;
    if let Some((unknown, known)) = unknown_name(&message) {
        hint = nearest(&unknown, &known).map(|near| format!("did you mean `{near}`?"));
        hint = hint.or_else(|| Some(format!("known here are {}", listed(&known))));
        let what = if message.contains("unknown variant") {
            "unknown value"
        } else {
            "unknown key"
        };
        message = format!("{what} `{unknown}`");
    } else if message == "missing field `version`" {
        message = "the key `version` is missing".into();
        hint = Some("begin the file with `version: 1`".into());
    } else {
        message = message
            .replace("duplicate field", "duplicate key")
            .replace("missing field", "missing key");
    }
    let diagnostic = Diagnostic::error(message).rule("settings").at(span, "");
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// Returns the span of the word at a one-based line and column (in characters).
fn word_at(base: Pos, text: &str, line: usize, column: usize) -> Span {
    let lines = text.split_inclusive('\n');
    let start: usize = lines.clone().take(line.saturating_sub(1)).map(str::len).sum();
    let this = lines.clone().nth(line.saturating_sub(1)).unwrap_or_default();
    let before = this
        .chars()
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum::<usize>();
    let rest = this.get(before..).unwrap_or_default();
    let word = rest.find([' ', ':', ',', '\n', '\r', ']', '}']).unwrap_or(rest.len());
    let start = base.offset((start + before).min(text.len()) as u32);
    Span::new(start, start.offset(word as u32))
}

/// Returns the name and the possible names that serde's "unknown field" and "unknown variant" tell of.
fn unknown_name(message: &str) -> Option<(String, Vec<String>)> {
    let (_, rest) = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, known) = rest
        .split_once("`, expected ")
        .or_else(|| rest.split_once("`, there are no "))?;
    // Names are the odd parts between the back quotes.
    let known = known.split('`').skip(1).step_by(2).map(str::to_string).collect();
    Some((unknown.to_string(), known))
}

/// Returns the name that is likely meant: at most a third of its letters differ.
fn nearest<'a>(unknown: &str, known: &'a [String]) -> Option<&'a str> {
    // A name of a key is short; a longer one is no slip.
    if unknown.len() > 64 {
        return None;
    }
    let distance = |name: &&str| strsim::damerau_levenshtein(unknown, name);
    let near = known.iter().map(String::as_str).min_by_key(distance)?;
    (distance(&near) <= near.len().div_ceil(3)).then_some(near)
}

fn listed(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{Color, Deny, Format};
    use super::*;
    use proptest::prelude::*;

    fn good(text: &str) -> Config {
        let mut sources = SourceMap::new();
        read(&mut sources, b"/f/cfgcheck.yaml", text.as_bytes()).unwrap_or_else(|d| panic!("{text}: {}", d.message))
    }

    /// Checks what is said, where, and the hint.
    fn bad(text: impl AsRef<[u8]>, message: &str, place: &str, hint: &str) {
        let mut sources = SourceMap::new();
        let text = text.as_ref();
        let diagnostic = read(&mut sources, b"/f/cfgcheck.yaml", text).expect_err("the settings are wrong");
        let span = diagnostic.span();
        let found = sources
            .place(span, b"/f")
            .map(|p| format!("{}:{}-{}", p.line, p.column, p.end_column));
        let said = (
            diagnostic.message.as_str(),
            found.as_deref(),
            diagnostic.hints.join("; "),
        );
        assert_eq!(
            said,
            (message, Some(place), hint.to_string()),
            "{}",
            String::from_utf8_lossy(text)
        );
    }

    #[test]
    fn a_short_file_has_the_defaults() {
        assert_eq!(good("version: 1"), Config::default());
        assert!(Config::default().hosts.takes("any"));
    }

    #[test]
    fn every_setting_is_read() {
        let config = good(
            "version: 1\n\
             hosts: { include: ['web-*', db], exclude: [web-old] }\n\
             systems: [x86_64-linux]\n\
             platforms:\n  web-1: [aarch64-linux]\n  'web-*': [x86_64-linux, aarch64-linux]\n\
             outputs: [nixosConfigurations, checks]\n\
             exclude: [fixtures/fleets, 'hosts/*/old']\n\
             limits: { max-memory: 8GiB, max-time: 10min, max-call-depth: 500 }\n\
             output: { format: junit, color: never, deny: warning }\n",
        );
        let taken = ["web-1", "db", "web-old", "mail"].map(|host| config.hosts.takes(host));
        assert_eq!(taken, [true, true, false, false]);
        let platforms = |host| {
            config
                .platforms_of(host)
                .map(|all| all.iter().map(|s| s.as_str()).collect::<Vec<_>>())
        };
        assert_eq!(platforms("web-1"), Some(vec!["aarch64-linux"]));
        assert_eq!(platforms("web-2"), Some(vec!["x86_64-linux", "aarch64-linux"]));
        assert_eq!(platforms("db"), None);
        let left_out = ["fixtures/fleets/a/flake.nix", "hosts/web/old", "hosts/web"]
            .map(|path| config.exclude.iter().any(|e| e.covers(path)));
        assert_eq!(left_out, [true, true, false]);
        assert_eq!(config.limits.max_memory.map(|bytes| bytes.0), Some(8 << 30));
        assert_eq!(config.limits.max_time.map(|time| time.0.as_secs()), Some(600));
        assert_eq!(config.limits.max_call_depth.map(|depth| depth.get()), Some(500));
        assert_eq!(
            (config.output.format, config.output.color, config.output.deny),
            (Format::Junit, Color::Never, Deny::Warning)
        );
    }

    #[test]
    fn errors_have_a_place_and_a_hint() {
        bad(
            "version: 1\nplatfroms: {}\n",
            "unknown key `platfroms`",
            "2:1-10",
            "did you mean `platforms`?",
        );
        bad(
            "version: 1\nlimits:\n  max-memroy: 8GiB\n",
            "unknown key `max-memroy`",
            "3:3-13",
            "did you mean `max-memory`?",
        );
        bad(
            "version: 1\nhosts: { colour: 1 }\n",
            "unknown key `colour`",
            "2:10-16",
            "known here are `include`, `exclude`",
        );
        bad(
            "version: 1\noutput: { format: jnuit }\n",
            "unknown value `jnuit`",
            "2:19-24",
            "did you mean `junit`?",
        );
        bad(
            "version: 1\nexclude: [fixtures, ../other]\n",
            "exclude[1]: `../other` leads out of the flake's folder",
            "2:21-29",
            "",
        );
        bad(
            "version: 1\nexclude:\n  - /etc\n",
            "exclude[0]: `/etc` begins with `/`; paths are seen from the flake's folder",
            "3:5-9",
            "",
        );
        bad(
            "version: 1\nexclude: fixtures\n",
            "exclude: invalid type: string \"fixtures\", expected a sequence",
            "2:10-18",
            "",
        );
        bad(
            "version: 1\nexclud: [fixtures]\n",
            "unknown key `exclud`",
            "2:1-7",
            "did you mean `exclude`?",
        );
        bad(
            "hosts: {}\n",
            "the key `version` is missing",
            "1:1-6",
            "begin the file with `version: 1`",
        );
        bad(
            "",
            "the key `version` is missing",
            "1:1-1",
            "begin the file with `version: 1`",
        );
        bad(
            "version: 2\n",
            "version: this cfgcheck reads version 1 of its settings, and this is version 2",
            "1:10-11",
            "",
        );
        bad(
            "version: 1\nsystems: [linux]\n",
            "systems[0]: `linux` is no system; one looks like `x86_64-linux`",
            "2:11-16",
            "",
        );
        bad(
            "version: 1\nlimits: { max-memory: 8 GB }\n",
            "limits.max-memory: `8 GB` is no amount of memory; one looks like `512MiB` or `8GiB`",
            "2:23-24",
            "",
        );
        bad(
            "version: 1\nhosts: x\n",
            "hosts: invalid type: string \"x\", expected a map with `include` and `exclude`",
            "2:8-9",
            "",
        );
        bad(
            "- 1\n",
            "invalid type: sequence, expected a map of settings",
            "1:1-2",
            "",
        );
        bad(
            "version: 1\nsystems: [\n",
            "did not find expected node content, while parsing a flow node",
            "3:1-1",
            "",
        );
        bad(b"version: \xff1\n", "the settings are not UTF-8", "1:10-11", "");
    }

    #[test]
    fn the_same_key_twice_is_an_error() {
        for text in ["version: 1\nversion: 1\n", "version: 1\nplatforms: { a: [], a: [] }\n"] {
            let mut sources = SourceMap::new();
            let diagnostic = read(&mut sources, b"/f/cfgcheck.yaml", text.as_bytes()).unwrap_err();
            assert!(diagnostic.message.contains("duplicate key") || diagnostic.message.contains("there twice"));
        }
    }

    #[test]
    fn aliases_cannot_blow_up() {
        let mut text = String::from("version: 1\nhosts:\n  include:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..30 {
            let part = format!("*a{}, ", n - 1).repeat(9);
            text.push_str(&format!("  - &a{n} [{part}]\n"));
        }
        let mut sources = SourceMap::new();
        assert!(read(&mut sources, b"/f/cfgcheck.yaml", text.as_bytes()).is_err());
        let deep = format!("version: 1\nhosts: {}", "[".repeat(100_000));
        assert!(read(&mut sources, b"/f/cfgcheck.yaml", deep.as_bytes()).is_err());
        assert!(read(&mut sources, b"/f/cfgcheck.yaml", &vec![b' '; MOST_BYTES + 1]).is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "[a-z\\-:\\[\\]{}&*! \n#'\"é]{0,60}") {
            let mut sources = SourceMap::new();
            let settings = format!("version: 1\n{text}");
            for bytes in [&bytes, text.as_bytes(), settings.as_bytes()] {
                if let Err(diagnostic) = read(&mut sources, b"/f/cfgcheck.yaml", bytes) {
                    diag::render(&diagnostic, &sources, b"/f", diag::Style::default());
                }
            }
        }
    }
}
