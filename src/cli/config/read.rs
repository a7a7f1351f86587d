//! Reads the settings.

use diag::{Diagnostic, SourceMap};

use super::Config;

/// Returns the settings that a file's bytes say, or what is wrong with them. The bytes are added to
/// the sources under the file's absolute path.
pub fn read(sources: &mut SourceMap, path: &[u8], bytes: &[u8]) -> Result<Config, Box<Diagnostic>> {
    yaml::read(sources, path, bytes, "settings")
}

#[cfg(test)]
mod tests {
    use super::super::{Color, Deny, Kind, Seed};
    use super::*;
    use crate::outputs::Format;
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
             prop: { laws: [own, lib], hosts: ['web-*'], modules: [modules], cases: 7, max-time: 60s, seed: 3 }\n\
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
        let prop = &config.prop;
        assert_eq!(prop.laws, [Kind::Own, Kind::Lib]);
        assert!(prop.hosts[0].matches("web-1") && prop.modules[0].covers("modules/a.nix"));
        assert_eq!(
            (
                prop.cases.map(|cases| cases.get()),
                prop.max_time.map(|time| time.0.as_secs())
            ),
            (Some(7), Some(60))
        );
        assert_eq!(prop.seed, Some(Seed::Fixed(3)));
        assert_eq!(
            good("version: 1\nprop: { seed: random }\n").prop.seed,
            Some(Seed::Random)
        );
        assert_eq!(
            (config.output.format, config.output.color, config.output.deny),
            (Some(Format::Junit), Color::Never, Deny::Warning)
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
            "version: 1\nprop:\n  case: 10\n",
            "unknown key `case`",
            "3:3-7",
            "did you mean `cases`?",
        );
        bad(
            "version: 1\nprop:\n  laws: [own, togles]\n",
            "unknown value `togles`",
            "3:15-21",
            "did you mean `toggles`?",
        );
        bad(
            "version: 1\nvm:\n  budgets: { boot-tiem: 30s }\n",
            "unknown key `boot-tiem`",
            "3:14-23",
            "did you mean `boot-time`?",
        );
        bad(
            "version: 1\nvm:\n  mode: own-stage1\n",
            "unknown value `own-stage1`",
            "3:9-19",
            "did you mean `own-stage-1`?",
        );
        bad(
            "version: 1\nprop: { cases: 0 }\n",
            "prop.cases: invalid value: integer `0`, expected a nonzero u64",
            "2:16-17",
            "",
        );
        bad(
            "version: 1\nprop: { max-time: 60 }\n",
            "prop.max-time: `60` is no length of time; one looks like `90s`, `10min` or `1h`",
            "2:19-21",
            "",
        );
        bad(
            "version: 1\nprop: { seed: radnom }\n",
            "unknown value `radnom`",
            "2:15-21",
            "did you mean `random`?",
        );
        bad(
            "version: 1\nprop: { seed: -1 }\n",
            "prop.seed: write a number up to 18446744073709551615, or `random`",
            "2:15-17",
            "",
        );
        bad(
            "version: 1\nprop: { modules: [../other] }\n",
            "prop.modules[0]: `../other` leads out of the flake's folder",
            "2:19-27",
            "",
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
        assert!(read(&mut sources, b"/f/cfgcheck.yaml", &vec![b' '; yaml::MOST_BYTES + 1]).is_err());
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
