//! The evaluator: its state, how it is made, and the small services that everything else uses.

use crate::builtins::Builtin;
use crate::code::{CodeRef, Lambda};
use crate::context::Contexts;
use crate::error::{ErrorKind, Eval, EvalError, SharedError};
use crate::heap::{Ref, Val, Words};
use crate::imports::Imports;
use crate::io::EvalIo;
use crate::lower::{BaseScope, Bound};
use crate::memory::Memory;
use crate::names::Names;
use crate::observed::{NotedBuild, NotedCall};
use crate::trial::Limits;
use diag::{FileId, Origin, Pos, SourceMap};
use rustc_hash::FxHashSet;
use std::sync::Arc;
use syntax::{Symbol, Symbols};

/// Bytes of the arena in which trees of texts are made; it may become sixteen times as large before it is thrown away.
const TREE_ARENA: usize = 1 << 20;

/// How to evaluate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What `builtins.currentSystem` is; `None` makes it absent, as in pure evaluation.
    pub current_system: Option<String>,
    /// Whether evaluation is pure (`--pure-eval`): no environment, time or system.
    pub pure: bool,
    /// The deepest nesting of calls; Nix's `max-call-depth`, 10,000.
    pub max_call_depth: u32,
    /// The most memory in bytes that evaluation may use.
    pub max_memory: Option<u64>,
    /// The longest time in milliseconds that evaluation may take.
    pub max_millis: Option<u64>,
    /// Whether the pipe operators are accepted.
    pub pipe_operators: bool,
    /// Whether `fetchTree`, `getFlake` and their kin exist.
    pub flakes: bool,
    /// Whether content-addressed derivations are accepted.
    pub ca_derivations: bool,
    /// Whether impure derivations are accepted.
    pub impure_derivations: bool,
    /// Whether derivations may be outputs of derivations, and `outputOf` exists.
    pub dynamic_derivations: bool,
    /// Whether `fetchTree` exists without `flakes`.
    pub fetch_tree: bool,
    /// What to say of literals that Nix has lints for.
    pub lints: Lints,
    /// Whether `fetchClosure` exists.
    pub fetch_closure: bool,
    /// Whether `fromTOML` accepts dates and times.
    pub parse_toml_timestamps: bool,
    /// Whether files may be read that only building a derivation makes.
    pub allow_import_from_derivation: bool,
    /// The look-up path: prefix and path or address of each entry.
    pub search_path: Vec<(String, String)>,
    /// The home folder for `~/` paths.
    pub home: Option<Vec<u8>>,
    /// Whether `builtins.trace` output of `traceVerbose` is wanted.
    pub trace_verbose: bool,
    /// Whether `builtins.warn` aborts evaluation.
    pub abort_on_warn: bool,
    /// Ends of the paths of files, such as `/pkgs/top-level/default.nix`, whose functions' calls are
    /// kept in [`Evaluator::calls`].
    pub note_calls: &'static [&'static str],
    /// Whether what `trace` and `warn` say is kept in [`Evaluator::messages`] instead of printed.
    pub keep_messages: bool,
    /// Whether a file's function that is called again with the same data has the value of the first call.
    pub share: bool,
    /// The most memory in bytes that may stay in use so that trials share package sets ([`Evaluator::trial_sharing`]): the functions
    /// of files whose calls are noted. `None` shares none.
    pub keep: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            current_system: None,
            pure: false,
            max_call_depth: 10_000,
            max_memory: None,
            max_millis: None,
            pipe_operators: false,
            flakes: false,
            ca_derivations: false,
            impure_derivations: false,
            dynamic_derivations: false,
            fetch_tree: false,
            lints: Lints::default(),
            fetch_closure: false,
            parse_toml_timestamps: false,
            allow_import_from_derivation: true,
            search_path: Vec::new(),
            home: None,
            trace_verbose: false,
            abort_on_warn: false,
            note_calls: &[],
            keep_messages: false,
            share: false,
            keep: None,
        }
    }
}

/// The lints of Nix's parser.
#[derive(Clone, Copy, Debug)]
pub struct Lints {
    /// `lint-url-literals`.
    pub url_literals: syntax::Lint,
    /// `lint-absolute-path-literals`.
    pub absolute_paths: syntax::Lint,
    /// `lint-short-path-literals`.
    pub short_paths: syntax::Lint,
}

impl Default for Lints {
    fn default() -> Self {
        use syntax::Lint::Ignore;
        Lints {
            url_literals: Ignore,
            absolute_paths: Ignore,
            short_paths: Ignore,
        }
    }
}

/// A call that is under way in tail position.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub lambda: &'static Lambda,
    pub pos: Pos,
}

/// What was counted, for `--stats` and the benchmarks.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    /// Thunks made.
    pub thunks: u64,
    /// Calls of functions.
    pub calls: u64,
    /// Calls of builtins.
    pub builtin_calls: u64,
}

/// An evaluator of the Nix language.
pub struct Evaluator {
    /// Values and what belongs to them.
    pub mem: Memory,
    /// Interned names.
    pub symbols: Symbols,
    /// The names that evaluation itself uses.
    pub names: Names,
    /// All source texts read.
    pub sources: SourceMap,
    /// How to evaluate.
    pub settings: Settings,
    /// The world.
    pub io: Box<dyn EvalIo>,
    /// Derivations and files that this evaluation made.
    pub store: store::VirtualStore,
    /// String contexts.
    pub contexts: Contexts,
    /// The builtins by index.
    pub(crate) builtins: Vec<Builtin>,
    /// Global names.
    pub(crate) base: BaseScope,
    /// What binds names where a file is compiled.
    pub(crate) bound: Bound,
    /// Where the tree of a text is made that is compiled.
    pub(crate) tree_arena: Option<bumpalo::Bump>,
    /// The cell of `builtins`.
    pub builtins_cell: Ref,
    /// State that builtins keep between calls.
    pub(crate) caches: crate::builtins::Caches,
    pub(crate) error: Option<SharedError>,
    pub(crate) failed: Vec<SharedError>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) scratch: Vec<Val>,
    pub(crate) depth: u32,
    pub(crate) fuel: u32,
    pub(crate) stack_limit: usize,
    pub(crate) deadline: Option<u64>,
    /// Steps that are left beyond `fuel`, where they are limited.
    pub(crate) steps: Option<u64>,
    /// The limits of the trial under way, as messages tell them.
    pub(crate) limits: Limits,
    /// Whether memory ran out, or evaluation broke off otherwise.
    pub(crate) exhausted: bool,
    pub(crate) imports: Imports,
    /// The numbers of the trials under way, the outermost first.
    pub(crate) trials: Vec<u64>,
    /// How many trials there were.
    pub(crate) trial_count: u64,
    /// The files that the last trial was the first to import.
    pub(crate) trial_imports: Vec<Vec<u8>>,
    /// What was counted.
    pub stats: Stats,
    /// What `trace` and `warn` said, if it is kept.
    pub messages: Vec<Message>,
    /// The calls of the files whose calls are noted, in order.
    pub calls: Vec<NotedCall>,
    /// The builds that evaluation needed, in order.
    pub builds: Vec<NotedBuild>,
    /// Where the noted call that begins comes from.
    pub(crate) noted_site: Option<Pos>,
    /// The texts of files that were read, in order.
    pub(crate) texts: Vec<FileId>,
    pub(crate) known_texts: FxHashSet<FileId>,
    /// Whether a limit of this run or this machine was met.
    pub(crate) limited: bool,
    /// Calls that are shared.
    pub(crate) sharing: crate::shared::Sharing,
    /// What stays of trials.
    pub(crate) kept: crate::kept::Kept,
    /// The flake under test.
    pub(crate) own: crate::own::Own,
}

/// Something that `trace` or `warn` said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The line as Nix prints it, `trace: …` or `evaluation warning: …`.
    pub text: Vec<u8>,
    /// The calls under way, innermost first, as far as they are worth looking at.
    pub sites: Vec<Pos>,
}

/// Calls kept with a message.
const MESSAGE_SITES: usize = 256;

/// Native stack that must be left when something recurses.
const STACK_RESERVE: usize = 256 << 10;

impl Evaluator {
    /// Returns an evaluator for the current thread, of whose stack about `stack` bytes are free.
    pub fn new(settings: Settings, io: Box<dyn EvalIo>, stack: usize) -> Evaluator {
        let mut symbols = Symbols::new();
        let names = Names::new(&mut symbols);
        let here = 0u8;
        let stack_limit = (std::ptr::from_ref(&here) as usize).saturating_sub(stack.saturating_sub(STACK_RESERVE));
        let mut mem = Memory::new();
        if let Some(limit) = settings.max_memory {
            mem.heap.set_limit(limit);
        }
        let builtins_cell = mem.heap.alloc(Val::NULL);
        let mut ev = Evaluator {
            mem,
            symbols,
            names,
            sources: SourceMap::new(),
            settings,
            io,
            store: store::VirtualStore::new(),
            contexts: Contexts::new(),
            builtins: Vec::new(),
            base: BaseScope::default(),
            bound: Bound::default(),
            tree_arena: None,
            builtins_cell,
            caches: crate::builtins::Caches::default(),
            error: None,
            failed: Vec::new(),
            frames: Vec::with_capacity(1024),
            scratch: Vec::with_capacity(1024),
            depth: 0,
            fuel: FUEL,
            stack_limit,
            deadline: None,
            steps: None,
            limits: Limits::default(),
            exhausted: false,
            imports: Imports::default(),
            trials: Vec::new(),
            trial_count: 0,
            trial_imports: Vec::new(),
            stats: Stats::default(),
            messages: Vec::new(),
            calls: Vec::new(),
            builds: Vec::new(),
            noted_site: None,
            texts: Vec::new(),
            known_texts: FxHashSet::default(),
            limited: false,
            sharing: crate::shared::Sharing::default(),
            kept: crate::kept::Kept::default(),
            own: crate::own::Own::default(),
        };
        crate::builtins::install(&mut ev);
        ev.restart_clock();
        ev
    }

    /// Starts the time limit anew, for instance for the next host.
    pub fn restart_clock(&mut self) {
        self.deadline = self
            .settings
            .max_millis
            .map(|ms| self.io.elapsed_millis().saturating_add(ms));
    }

    /// Sets the memory limit: bytes in use beyond what is in use now; `None` lifts it.
    pub fn limit_memory(&mut self, more: Option<u64>) {
        let limit = more.map_or(u64::MAX, |m| self.mem.heap.used().saturating_add(m));
        self.mem.heap.set_limit(limit);
    }

    /// Tells what evaluation says: a line that is printed, or kept with the calls under way.
    pub(crate) fn say(&mut self, text: &[u8]) {
        self.speaks();
        if self.settings.keep_messages {
            let sites = self.sites();
            self.messages.push(Message {
                text: text.to_vec(),
                sites,
            });
        } else {
            self.io.message(text);
        }
    }

    /// Returns the places of the calls under way, innermost first, as far as they are worth looking at.
    pub(crate) fn sites(&self) -> Vec<Pos> {
        let places = self.frames.iter().rev().map(|f| f.pos).filter(|p| p.is_some());
        places.take(MESSAGE_SITES).collect()
    }

    /// Forgets what was under way when a panic was caught.
    pub(crate) fn recover(&mut self) {
        // Regions that were open did not end.
        self.mem.heap.pin();
        self.frames.clear();
        self.scratch.clear();
        self.depth = 0;
        self.error = None;
    }

    // ---- cells

    /// Returns a new cell.
    #[inline(always)]
    pub fn cell(&mut self, value: Val) -> Ref {
        self.mem.heap.alloc(value)
    }

    /// Returns what a cell holds now, evaluated or not.
    #[inline(always)]
    pub fn peek(&self, cell: Ref) -> Val {
        self.mem.heap.get(cell)
    }

    /// Returns the elements of a list; empty if this is no list.
    #[inline(always)]
    pub fn elements(&self, list: Val) -> &'static [Ref] {
        match list.as_list() {
            Some((_, 0)) | None => &[],
            Some((words, len)) => self.mem.heap.slice(words, len),
        }
    }

    /// Returns a new cell with a string without context.
    pub fn string_cell(&mut self, content: &[u8]) -> Ref {
        let value = self.mem.string(content);
        self.cell(value)
    }

    /// Returns a string without context whose content is the name's; always the same bytes.
    pub fn symbol_string(&mut self, symbol: Symbol) -> Val {
        let index = symbol.0 as usize;
        let strings = &mut self.caches.symbol_strings;
        if strings.len() <= index {
            strings.resize(self.symbols.len().max(index + 1), Ref::NONE);
        }
        let known = self.caches.symbol_strings[index];
        if known.is_some() {
            return self.peek(known);
        }
        let value = self.mem.constant_string(self.symbols.bytes(symbol));
        let cell = self.mem.heap.alloc_constant(value);
        self.caches.symbol_strings[index] = cell;
        value
    }

    /// Returns the cell of [`Evaluator::symbol_string`].
    pub fn symbol_cell(&mut self, symbol: Symbol) -> Ref {
        self.symbol_string(symbol);
        self.caches.symbol_strings[symbol.0 as usize]
    }

    /// Returns the names of a set in the order of their bytes, with their attributes.
    pub fn sorted_entries(&mut self, set: Val) -> Vec<(Symbol, crate::attrs::Attr)> {
        let entries = self.mem.entries(set);
        let order = entries.shape.lexical(&self.symbols, self.mem.arena);
        order
            .iter()
            .map(|&i| {
                let i = i as usize;
                let attr = crate::attrs::Attr {
                    value: entries.values[i],
                    pos: entries.shape.position(i),
                };
                (entries.shape.keys[i], attr)
            })
            .collect()
    }

    // ---- source

    /// Returns a position as messages show it: `path:line:column`.
    pub fn show_pos(&self, pos: Pos) -> String {
        match self.sources.locate(pos) {
            Some((file, line, column)) => format!("{}:{line}:{column}", file.origin.display()),
            None => "«none»:0".into(),
        }
    }

    /// Parses and resolves a text; `base_path` is the folder of its relative paths, `scope` the
    /// names of an extra environment around it.
    pub fn compile(
        &mut self,
        origin: Origin,
        text: Arc<[u8]>,
        base_path: &[u8],
        scope: Option<&[Symbol]>,
    ) -> Eval<CodeRef> {
        self.source_room(&text)?;
        let (id, base) = self.sources.add(origin.clone(), text.clone());
        if matches!(origin, Origin::File(_)) {
            self.reads(id);
        }
        // One arena for all trees, one after the other: new memory for each would cost more than what is done in it.
        let mut arena = self
            .tree_arena
            .take()
            .unwrap_or_else(|| bumpalo::Bump::with_capacity(TREE_ARENA));
        let code = self.compile_in(&arena, &origin, &text, (base, base_path), scope);
        if arena.allocated_bytes() <= 16 * TREE_ARENA {
            arena.reset();
            self.tree_arena = Some(arena);
        }
        code
    }

    /// Returns the code of a text whose tree is made in an arena.
    fn compile_in(
        &mut self,
        arena: &bumpalo::Bump,
        origin: &Origin,
        text: &[u8],
        (base, base_path): (Pos, &[u8]),
        scope: Option<&[Symbol]>,
    ) -> Eval<CodeRef> {
        let options = parse_options(&self.settings, base_path);
        let parsed = syntax::parse(text, base, &mut self.symbols, arena, &options);
        self.report_syntax(&parsed)?;
        let lowered = crate::lower::lower(
            &mut self.mem,
            &self.symbols,
            &self.base,
            &mut self.bound,
            parsed.root,
            scope,
            self.stack_limit,
        );
        match lowered {
            Ok(code) => {
                let code = self.with_sharing(origin, code);
                Ok(self.with_notes(origin, code))
            }
            Err(error) => Err(self.raise(error)),
        }
    }

    /// Prints the warnings of a parsed text, and raises its first error.
    fn report_syntax(&mut self, parsed: &syntax::Parsed<'_>) -> Eval<()> {
        for warning in &parsed.warnings {
            let text = self.render_syntax_warning(warning);
            self.io.message(text.as_bytes());
        }
        let Some(error) = parsed.errors.first() else {
            return Ok(());
        };
        let message = self.syntax_message(error);
        let mut raised = EvalError::new(ErrorKind::Parse, message).at(error.pos);
        raised.hint = error.hint.clone();
        Err(self.raise(raised))
    }

    /// Returns a text as `nix-instantiate --parse` prints it, once its variables are resolved.
    pub fn parse_and_print(&mut self, origin: Origin, text: &[u8], base_path: &[u8]) -> Eval<Vec<u8>> {
        self.compile(origin, text.into(), base_path, None)?;
        // The text is known to be right now; this time only the tree is wanted.
        let arena = bumpalo::Bump::new();
        let options = parse_options(&self.settings, base_path);
        let parsed = syntax::parse(text, Pos::NONE, &mut self.symbols, &arena, &options);
        Ok(syntax::print(parsed.root, &self.symbols))
    }

    /// Returns a cell whose value is that of a text in the global scope, once it is needed.
    pub fn suspended_text(&mut self, origin: Origin, text: &[u8], base_path: &[u8]) -> Eval<Ref> {
        let code = self.compile(origin, text.into(), base_path, None)?;
        Ok(self.cell(Val::thunk(code, Words::EMPTY)))
    }

    /// Evaluates a text in the global scope.
    pub fn eval_text(&mut self, origin: Origin, text: &[u8], base_path: &[u8]) -> Eval<Val> {
        let code = self.compile(origin, text.into(), base_path, None)?;
        self.eval(code, Words::EMPTY)
    }
}

/// Calls between two looks at the limits.
pub(crate) const FUEL: u32 = 2048;

fn parse_options<'o>(settings: &'o Settings, base_path: &'o [u8]) -> syntax::ParseOptions<'o> {
    syntax::ParseOptions {
        home: settings.home.as_deref(),
        pure: settings.pure,
        pipe_operators: settings.pipe_operators,
        url_literals: settings.lints.url_literals,
        absolute_paths: settings.lints.absolute_paths,
        short_paths: settings.lints.short_paths,
        ..syntax::ParseOptions::new(base_path)
    }
}
