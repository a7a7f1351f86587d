//! What rules on inputs look at: both files read, each input with what the settings say about it.

use bumpalo::Bump;
use diag::{Origin, Pos, SourceMap, Span};
use flake::FlakeRef;
use flake::flake_nix::{FlakeInput, FlakeNix, Origin as FlakeOrigin};
use flake::lock::{Edge, Entry, Lock, LockError, LockErrorKind, Node, NodeId, Outline};
use syntax::{ParseOptions, Symbols};

use super::{Files, Request, reference};
use crate::Day;
use crate::settings::{Class, MaxAge};

/// The folder under which the files are in the source map; places are shown below it.
pub(super) const ROOT: &[u8] = b"/flake";

/// Days that an input may be old, unless the settings say otherwise: a release branch or a rolling one
/// gets security fixes every week.
const DAYS_OF_MOVING: u32 = 30;
/// The same for the newest commit of a project, which may have had nothing to change for long.
const DAYS_OF_LATEST: u32 = 365;

/// The longest lock that is judged, in bytes: 2 MiB. That of a large fleet takes some 200 KB.
const LONGEST_LOCK: usize = 2 << 20;
/// Inputs of inputs, at most, as where a flake is locked.
const MOST_NAMES: usize = 100;

/// Why the files cannot be judged.
pub(super) enum Problem {
    /// There is no `flake.nix`.
    NoFlake,
    /// `flake.nix` is no Nix; the rule `syntax` tells it.
    Syntax(Box<diag::Diagnostic>),
    /// `flake.nix` cannot be read as data.
    Flake(Box<diag::Diagnostic>),
    /// `flake.lock` cannot be read.
    Lock(Box<LockError>),
}

/// A lock file with its text.
pub(super) struct LockFile {
    pub lock: Lock,
    outline: Outline,
    base: Pos,
}

/// Both files and the settings.
pub(super) struct View<'v> {
    pub sources: SourceMap,
    pub flake: FlakeNix,
    pub lock: Option<LockFile>,
    pub problem: Option<Problem>,
    pub request: &'v Request<'v>,
    pub files: &'v Files,
    pub inputs: Vec<Input>,
    lock_base: Pos,
}

/// An input that `flake.nix` names and that does not follow another one.
pub(super) struct Input {
    pub name: String,
    pub declared: FlakeInput,
    /// What it refers to; for one without an address, the flake of its name.
    pub reference: FlakeRef,
    /// Its node, if the lock has one that was made for this reference.
    pub node: Option<NodeId>,
    /// The class that the settings name.
    pub said: Option<Class>,
    /// The class: the one that the settings name, or what the reference looks like; none for a folder.
    pub class: Option<Class>,
    /// How old it may get.
    pub max_age: MaxAge,
}

impl<'v> View<'v> {
    /// Reads the files.
    pub(super) fn of(files: &'v Files, request: &'v Request<'v>) -> View<'v> {
        let mut view = View {
            sources: SourceMap::new(),
            flake: FlakeNix::default(),
            lock: None,
            problem: None,
            request,
            files,
            inputs: Vec::new(),
            lock_base: Pos::NONE,
        };
        match view.read_flake() {
            Ok(flake) => view.flake = flake,
            Err(problem) => view.problem = Some(problem),
        }
        if let Err(error) = view.read_lock() {
            view.problem.get_or_insert(Problem::Lock(Box::new(error)));
        }
        view.inputs = view.read_inputs();
        view
    }

    fn add(&mut self, name: &str, text: std::sync::Arc<[u8]>) -> Pos {
        let folder = match self.files.dir.as_bytes() {
            b"" => ROOT.to_vec(),
            dir => flake::tree::join(ROOT, dir),
        };
        let path = flake::tree::join(&folder, name.as_bytes());
        self.sources.add(Origin::File(path.into()), text).1
    }

    fn read_flake(&mut self) -> Result<FlakeNix, Problem> {
        let text = self.files.flake_nix.clone().ok_or(Problem::NoFlake)?;
        let base = self.add("flake.nix", text.clone());
        let (arena, mut symbols) = (Bump::new(), Symbols::new());
        let folder = format!("/{}", self.files.dir);
        let options = ParseOptions {
            pure: true,
            pipe_operators: true,
            ..ParseOptions::new(folder.as_bytes())
        };
        let parsed = syntax::parse(&text, base, &mut symbols, &arena, &options);
        if let Some(error) = parsed.errors.first() {
            let diagnostic = diag::Diagnostic::error(error.message.clone()).at(error.span, "");
            return Err(Problem::Syntax(Box::new(diagnostic)));
        }
        let origin = FlakeOrigin {
            symbols: &symbols,
            flake: "this flake",
            file: "flake.nix",
            folder: &folder,
            input_path: &[],
        };
        FlakeNix::read(parsed.root, &origin).map_err(|error| {
            let end = error.pos.offset(1);
            let diagnostic = diag::Diagnostic::error(error.kind.to_string()).at(Span::new(error.pos, end), "");
            Problem::Flake(Box::new(diagnostic))
        })
    }

    fn read_lock(&mut self) -> Result<(), LockError> {
        let Some(text) = self.files.flake_lock.clone() else {
            return Ok(());
        };
        let base = self.add("flake.lock", text.clone());
        self.lock_base = base;
        let too_large = |what| LockError {
            kind: LockErrorKind::TooLarge {
                path: "flake.lock".into(),
                what,
            },
            file: "flake.lock".into(),
            place: None,
        };
        if text.len() > LONGEST_LOCK {
            return Err(too_large("more than 2 MiB"));
        }
        let lock = Lock::parse(&text, "flake.lock")?;
        if lock.longest_path() > MOST_NAMES {
            return Err(too_large("inputs of inputs that are nested too deeply"));
        }
        lock.check()?;
        if let Some(outline) = Outline::of(&text) {
            self.lock = Some(LockFile { lock, outline, base });
        }
        Ok(())
    }

    fn read_inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (name, declared) in &self.flake.inputs {
            let reference = match &declared.reference {
                _ if declared.follows.is_some() => continue,
                Some(reference) => reference.clone(),
                // Names of inputs that cannot be names of flakes are told by `lock-malformed`.
                None => match FlakeRef::indirect(name) {
                    Ok(reference) => reference,
                    Err(_) => continue,
                },
            };
            let policy = self.request.inputs.of(name);
            let class = policy.class.or_else(|| reference::class(&reference));
            let days = |days| policy.max_age.unwrap_or(MaxAge::Days(days));
            let max_age = match class {
                Some(Class::Stable | Class::Rolling) => days(DAYS_OF_MOVING),
                Some(Class::Latest) if !reference::is_finished(&reference) => days(DAYS_OF_LATEST),
                _ => policy.max_age.unwrap_or(MaxAge::Any),
            };
            inputs.push(Input {
                name: name.clone(),
                declared: declared.clone(),
                node: self.node_of(name, &reference),
                reference,
                said: policy.class,
                class,
                max_age,
            });
        }
        inputs
    }

    /// Returns the node of a direct input, if it was made for this reference.
    fn node_of(&self, name: &str, reference: &FlakeRef) -> Option<NodeId> {
        let lock = &self.lock.as_ref()?.lock;
        let Edge::Node(id) = lock.node(NodeId::ROOT).inputs.get(name)? else {
            return None;
        };
        let entry = lock.node(*id).entry.as_ref()?;
        (entry.original.canonical() == reference.canonical()).then_some(*id)
    }

    /// Returns the inputs whose entries in the lock are in step, each with its node and entry.
    pub(super) fn locked(&self) -> impl Iterator<Item = (&Input, &Node, &Entry)> {
        self.inputs.iter().filter_map(|input| {
            let node = self.lock.as_ref()?.lock.node(input.node?);
            Some((input, node, node.entry.as_ref()?))
        })
    }

    /// Returns the direct input of this name.
    pub(super) fn input(&self, name: &str) -> Option<&Input> {
        // They come in the order of their names.
        let found = self.inputs.binary_search_by(|input| input.name.as_str().cmp(name));
        found.ok().map(|at| &self.inputs[at])
    }

    /// Returns where `inputs` stands in `flake.nix`.
    pub(super) fn inputs_span(&self) -> Span {
        let pos = self.flake.inputs_pos;
        Span::new(pos, pos.offset("inputs".len() as u32))
    }

    /// Returns where an input of `flake.nix` stands: the names to the left of its `=`.
    pub(super) fn span(&self, declared: &FlakeInput) -> Span {
        let text = self.sources.lookup(declared.pos).and_then(|(id, offset)| {
            let text = &self.sources.file(id).text;
            text.get(offset as usize..)
        });
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-'\"".contains(byte);
        let length = text.unwrap_or_default().iter().take_while(|byte| is_name(byte)).count();
        Span::new(declared.pos, declared.pos.offset(u32::try_from(length).unwrap_or(0)))
    }

    /// Returns where a member of the lock file stands.
    pub(super) fn member(&self, path: &[&str]) -> Option<Span> {
        let file = self.lock.as_ref()?;
        let range = file.outline.member(path)?;
        let at = |offset: usize| file.base.offset(u32::try_from(offset).unwrap_or(0));
        Some(Span::new(at(range.start), at(range.end)))
    }

    /// Returns where an attribute of a node stands in the lock file: in `part` (`locked` or `original`), else that
    /// part, else the node.
    pub(super) fn attr(&self, node: &Node, part: &str, attr: &str) -> Span {
        let within = self.member(&["nodes", &node.key, part, attr]);
        let part = || self.member(&["nodes", &node.key, part]);
        within.or_else(part).unwrap_or_else(|| self.node(node))
    }

    /// Returns where a node stands in the lock file.
    pub(super) fn node(&self, node: &Node) -> Span {
        self.member(&["nodes", &node.key]).unwrap_or_default()
    }

    /// Returns the span of a one-based line and column, in bytes, of the lock file.
    pub(super) fn lock_place(&self, (line, column): (u32, u32)) -> Span {
        let text = self.files.flake_lock.as_deref().unwrap_or_default();
        let starts = text
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        let start = std::iter::once(0).chain(starts).nth(line.saturating_sub(1) as usize);
        let offset = start.unwrap_or(0) + column.saturating_sub(1) as usize;
        let offset = u32::try_from(offset.min(text.len())).unwrap_or(0);
        let from = self.lock_base.offset(offset);
        let end = (offset + 1).min(text.len() as u32);
        Span::new(from, self.lock_base.offset(end))
    }

    /// Returns the days since an entry's tree last changed; negative for a tree of the future, and none if its
    /// date is not known. The first day of 1970 is what archives without dates have.
    pub(super) fn age(&self, entry: &Entry) -> Option<i64> {
        let seconds = entry.locked.input.last_modified().ok()??;
        let day = Day::of(std::time::Duration::from_secs(seconds));
        (seconds > 86_400).then(|| day.days_until(self.request.today))
    }
}

/// Returns a path of inputs as `flake.nix` sets it: `a.inputs.b`.
pub(super) fn setting(path: &[String]) -> String {
    path.join(".inputs.")
}
