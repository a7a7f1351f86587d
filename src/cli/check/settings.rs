//! What lies beside the flake for cfgcheck: the settings and the baseline.

use crate::config::{self, Config};
use crate::exit;
use crate::machine::Machine;
use crate::session::Asked;
use crate::stream::{complain, complain_styled};
use ::check::baseline::{self, Baseline, BaselineError};
use ::check::policy::{self, Policies};
use diag::{Diagnostic, FileId, Origin, SourceMap, Span, Style};
use report::Secrets;
use std::path::{Path, PathBuf};
use yaml::Entry;

/// Rules that are not rules of the room `check`: what evaluation itself says.
pub const OF_EVALUATION: [&str; 3] = ["base", "eval", "lock"];

/// The settings with their text, which findings about waivers point into.
#[derive(Default)]
pub struct Settings {
    /// What they say.
    pub config: Config,
    /// Their text, if there is a file.
    pub sources: SourceMap,
    /// The folder that their path is told from.
    pub root: Vec<u8>,
}

impl Settings {
    /// Returns where a waiver is written, by its number.
    pub fn waiver(&self, number: usize) -> Span {
        self.entry("waivers", Entry::Item(number))
    }

    fn entry(&self, key: &str, entry: Entry<'_>) -> Span {
        if self.sources.is_empty() {
            return Span::default();
        }
        let file = self.sources.file(FileId(0));
        yaml::entry(&String::from_utf8_lossy(&file.text), file.base, key, entry)
    }

    /// Returns what is wrong with the names of rules in them; `known` are all that there are.
    pub fn unknown_rules(&self, known: &[&str]) -> Vec<Diagnostic> {
        let is_known = |rule: &str| known.contains(&rule) || OF_EVALUATION.contains(&rule);
        let wrong = |rule: &str, span: Span| {
            let all = known.iter().chain(&OF_EVALUATION).copied();
            let hint = match yaml::nearest(rule, all) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`cfgcheck list rules` has them all".to_owned(),
            };
            Diagnostic::error(format!("there is no rule `{rule}`"))
                .rule("settings")
                .at(span, "")
                .hint(hint)
        };
        let levels = self.config.rules.keys().filter(|rule| !is_known(rule));
        let levels = levels.map(|rule| wrong(rule, self.entry("rules", Entry::Key(rule))));
        let waivers = self
            .config
            .waivers
            .iter()
            .enumerate()
            .filter(|(_, waiver)| !is_known(&waiver.rule));
        let waivers = waivers.map(|(number, waiver)| wrong(&waiver.rule, self.waiver(number)));
        levels.chain(waivers).collect()
    }
}

/// Where settings are looked for, and how mistakes in them are told.
pub struct Place<'p> {
    /// The machine.
    pub machine: &'p Machine,
    /// The flake.
    pub asked: &'p Asked,
    /// Whether the flake may lead out of its folder.
    pub trust: bool,
    /// Whether mistakes are told in colours.
    pub color: bool,
}

impl Place<'_> {
    /// Returns the folder of the flake, if it is on the disk.
    pub fn folder(&self) -> Option<PathBuf> {
        self.asked
            .root
            .as_ref()
            .map(|root| root.join(&self.asked.reference.dir))
    }

    /// Returns the settings: of this file, or of the flake's folder, or the defaults; an error has been
    /// told, and is the exit code.
    pub fn settings(&self, file: Option<&Path>) -> Result<Settings, u8> {
        let path = match (file, self.folder()) {
            (Some(path), _) => path.to_owned(),
            (None, Some(folder)) => folder.join("cfgcheck.yaml"),
            (None, None) => return Ok(Settings::default()),
        };
        let Some(bytes) = self.read(&path, file.is_some())? else {
            return Ok(Settings::default());
        };
        let root = path
            .parent()
            .map(|p| p.as_os_str().as_encoded_bytes().to_vec())
            .unwrap_or_default();
        let mut sources = SourceMap::new();
        match config::read(&mut sources, path.as_os_str().as_encoded_bytes(), &bytes) {
            Ok(config) => Ok(Settings { config, sources, root }),
            Err(diagnostic) => Err(self.wrong(&[*diagnostic], &sources, &root)),
        }
    }

    /// Returns the baseline beside the flake, an empty one if there is none; an error has been told,
    /// and is the exit code.
    pub fn baseline(&self) -> Result<Baseline, u8> {
        let Some(path) = self.folder().map(|folder| folder.join(baseline::FILE)) else {
            return Ok(Baseline::default());
        };
        let Some(bytes) = self.read(&path, false)? else {
            return Ok(Baseline::default());
        };
        Baseline::parse(&bytes).map_err(|error| {
            let mut sources = SourceMap::new();
            let (_, base) = sources.add(
                Origin::File(path.as_os_str().as_encoded_bytes().into()),
                bytes.as_slice().into(),
            );
            let (line, column) = match &error {
                BaselineError::Shape(error) => (error.line(), error.column()),
                BaselineError::TooLarge | BaselineError::Version(_) => (1, 1),
            };
            let before: usize = bytes
                .split_inclusive(|&b| b == b'\n')
                .take(line.saturating_sub(1))
                .map(<[u8]>::len)
                .sum();
            let at = (before + column.saturating_sub(1)).min(bytes.len());
            let at = base.offset(u32::try_from(at).unwrap_or(0));
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let diagnostic = Diagnostic::error(message)
                .rule("baseline")
                .at(Span::new(at, at), "")
                .hint("`cfgcheck baseline write` writes it anew");
            let root = path
                .parent()
                .map(|p| p.as_os_str().as_encoded_bytes().to_vec())
                .unwrap_or_default();
            self.wrong(&[diagnostic], &sources, &root)
        })
    }

    /// Returns the policies of the flake's folder; mistakes have been told, and are the exit code.
    pub fn policies(&self) -> Result<Policies, u8> {
        let folder = self.folder().unwrap_or_default();
        let files = match &self.asked.root {
            Some(_) => policy::find(self.machine.fs.as_ref(), &folder, self.trust),
            None => Ok(Vec::new()),
        };
        let files = files.map_err(|error| {
            complain(&format!("error: {error}"));
            exit::USAGE
        })?;
        let taken = |id: &str| ::check::rule(id).is_some() || OF_EVALUATION.contains(&id);
        // Paths are told as those of the flake's other files: from the top of its tree.
        let root = self.asked.root.as_deref().unwrap_or(&folder);
        let root = root.as_os_str().as_encoded_bytes();
        Policies::read(&files, root, &taken)
            .map_err(|mistakes| self.wrong(&mistakes.diagnostics, &mistakes.sources, root))
    }

    /// Returns the bytes of a file; `None` if it is absent and nobody asked for it.
    pub fn read(&self, path: &Path, asked_for: bool) -> Result<Option<Vec<u8>>, u8> {
        if !asked_for && !self.trust && self.leads_out(path) {
            complain(&format!(
                "error: '{}' is a link that leads out of the flake; --trust allows it for a flake that you trust",
                path.display()
            ));
            return Err(exit::USAGE);
        }
        match self.machine.fs.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_absent() && !asked_for => Ok(None),
            Err(error) => {
                complain(&format!("error: {error}"));
                Err(exit::USAGE)
            }
        }
    }

    /// Whether a file of the flake under test lies elsewhere: messages quote it, and what a flake
    /// may not read must not be shown either.
    fn leads_out(&self, path: &Path) -> bool {
        let Some(root) = &self.asked.root else { return false };
        let fs = &self.machine.fs;
        match (fs.canonicalize(root), fs.canonicalize(path)) {
            (Ok(root), Ok(real)) => !real.starts_with(root),
            // What is absent leads nowhere; what cannot be told is told when it is read.
            _ => false,
        }
    }

    /// Tells mistakes, and returns the exit code.
    pub fn wrong(&self, mistakes: &[Diagnostic], sources: &SourceMap, root: &[u8]) -> u8 {
        let style = Style {
            color: self.color,
            ..Style::default()
        };
        for mistake in mistakes {
            let drawn = diag::render(mistake, sources, root, style);
            complain_styled(Secrets::new().drawing(drawn.trim_end()).as_ref());
        }
        exit::USAGE
    }
}
