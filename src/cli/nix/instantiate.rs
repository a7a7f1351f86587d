//! `nix-instantiate`: evaluates, parses, finds files, or prints the derivations of an expression.

use super::args::{self, Args, AutoArg, OutputKind};
use super::error_layout;
use crate::args::FlakeArgs;
use crate::machine::Machine;
use crate::stream::{self, say};
use diag::{Origin, Pos};
use eval::coerce::Coercion;
use eval::error::Eval;
use eval::{Evaluator, Settings, Val};
use flake::world::{Access, World};
use sys::Stream;

/// The exit code of every failure, as Nix's.
const FAILED: u8 = 1;

/// Runs the command and returns its exit code.
pub fn main(machine: &Machine, argv: Vec<String>) -> u8 {
    let args = match Args::parse(argv) {
        Ok(args) => args,
        Err(message) => {
            complain(
                machine,
                &format!("error: {message}\nTry 'nix-instantiate --help' for more information."),
            );
            return FAILED;
        }
    };
    if args.version {
        say(format!("nix-instantiate (Nix) {}\n", eval::NIX_VERSION).as_bytes());
        return 0;
    }
    if args.help {
        say(HELP.as_bytes());
        return 0;
    }
    let mut settings = Settings {
        current_system: Some(machine.system()),
        max_memory: Some(machine.max_memory(None)),
        home: machine.env.home().map(|h| h.into_os_string().into_encoded_bytes()),
        share: true,
        ..Settings::default()
    };
    let mut given = machine
        .env
        .text("NIX_CONFIG")
        .map(|c| args::read_config(&c))
        .unwrap_or_default();
    given.extend(args.settings.iter().cloned());
    let show_trace = match args::apply(&mut settings, &given) {
        Ok(show_trace) => show_trace,
        Err(message) => {
            complain(machine, &format!("error: {message}"));
            return FAILED;
        }
    };
    let mut path: Vec<String> = args.include.clone();
    path.extend(
        machine
            .env
            .text("NIX_PATH")
            .map(|p| args::split_nix_path(&p))
            .unwrap_or_default(),
    );
    settings.search_path = path.iter().map(|e| args::search_path_entry(e)).collect();
    let access = if settings.pure {
        Access::Mounted
    } else if restricted(&given) {
        let here = machine.current_dir();
        let folder = |(_, path): &(String, String)| eval::text::path::absolute(path.as_bytes(), &here);
        Access::Below(settings.search_path.iter().map(folder).collect())
    } else {
        Access::Everything
    };
    let terminal = machine.env.is_terminal(Stream::Err);
    let messages = Box::new(move |text: &[u8]| {
        stream::complain_bytes(&if terminal { text.to_vec() } else { without_colors(text) });
    });
    // Whoever runs Nix's own command trusts what it evaluates, as with Nix.
    let trusting = FlakeArgs {
        trust: true,
        ..FlakeArgs::default()
    };
    let flakes = crate::session::flakes(machine, &trusting, settings.pure, None, &mut Vec::new());
    let world = World::new(
        machine.fs.clone(),
        machine.env.clone(),
        machine.clock.clone(),
        access,
        messages,
    )
    .with_flakes(std::rc::Rc::new(flakes));
    let mut ev = Evaluator::new(settings, Box::new(world), machine.stack);
    match ev.contained(|ev| run(ev, &args, machine)) {
        Ok(()) => 0,
        Err(_) => {
            let error = ev.take_error();
            complain(machine, &error_layout::render(&error, &ev.sources, show_trace));
            FAILED
        }
    }
}

/// Writes a line to standard error: without control sequences unless that is a terminal, as Nix does.
fn complain(machine: &Machine, text: &str) {
    if machine.env.is_terminal(Stream::Err) {
        stream::complain_bytes(text.as_bytes());
    } else {
        stream::complain_bytes(&without_colors(text.as_bytes()));
    }
}

/// Returns a text without its `ESC [ … letter` sequences.
fn without_colors(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| b == 0x1b) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(sequence) = rest.strip_prefix(b"[") {
            let end = sequence
                .iter()
                .position(|b| (0x40..=0x7e).contains(b))
                .map_or(sequence.len(), |e| e + 1);
            rest = &sequence[end..];
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Whether Nix's `restrict-eval` is set: only what the search path names can be read.
fn restricted(given: &[(String, String)]) -> bool {
    let last = given.iter().rev().find(|(name, _)| name == "restrict-eval");
    last.is_some_and(|(_, value)| value == "true")
}

const HELP: &str = "\
Usage: nix-instantiate [--eval | --parse] [--strict] [--json | --xml | --raw]
                       [-E EXPR... | FILE... | -] [-A PATH] [-I PATH]
                       [--arg NAME EXPR] [--argstr NAME TEXT] [--find-file NAME...]

This is cfgcheck standing in for nix-instantiate: its own evaluator behind Nix's
command line. Nothing is written to a store.
";

fn run(ev: &mut Evaluator, args: &Args, machine: &Machine) -> Eval<()> {
    let here = machine.current_dir();
    let auto = auto_args(ev, args, machine, &here)?;
    if args.find_file {
        for name in &args.files {
            let path = ev.find_in_search_path(name)?;
            say(&[&path[..], b"\n"].concat());
        }
        return Ok(());
    }
    if args.stdin {
        let text = machine.stdin(ev)?;
        process(ev, args, auto, Source::Text(Origin::Stdin, text, here.clone()))?;
    }
    let default = ["./default.nix".to_owned()];
    let files: &[String] = if args.files.is_empty() && !args.expr && !args.stdin {
        &default
    } else {
        &args.files
    };
    for file in files {
        let source = if args.expr {
            Source::Text(Origin::String, file.clone().into_bytes(), here.clone())
        } else {
            let path = match file.strip_prefix('<').and_then(|f| f.strip_suffix('>')) {
                Some(name) => ev.find_in_search_path(name)?,
                None => eval::text::path::absolute(file.as_bytes(), &here),
            };
            Source::File(ev.resolve_import(&path)?)
        };
        process(ev, args, auto, source)?;
    }
    Ok(())
}

/// What is evaluated: a text with the folder of its relative paths, or a file.
enum Source {
    Text(Origin, Vec<u8>, Vec<u8>),
    File(Vec<u8>),
}

fn auto_args(ev: &mut Evaluator, args: &Args, machine: &Machine, here: &[u8]) -> Eval<Val> {
    let mut attrs = Vec::new();
    for (name, arg) in &args.auto_args {
        let symbol = ev.symbols.intern(name.as_bytes());
        let cell = match arg {
            AutoArg::Expr(text) => ev.suspended_text(Origin::String, text.as_bytes(), here)?,
            AutoArg::Text(text) => ev.string_cell(text.as_bytes()),
            AutoArg::File(path) => {
                let path = eval::text::path::absolute(path.as_bytes(), here);
                let content = ev.read_source(&path)?;
                ev.string_cell(&content)
            }
            AutoArg::Stdin => {
                let text = machine.stdin(ev)?;
                ev.string_cell(&text)
            }
        };
        attrs.push((symbol, Pos::NONE, cell));
    }
    Ok(ev.mem.attrs_from(attrs))
}

fn process(ev: &mut Evaluator, args: &Args, auto: Val, source: Source) -> Eval<()> {
    if args.parse_only {
        let printed = match &source {
            Source::Text(origin, text, folder) => ev.parse_and_print(origin.clone(), text, folder)?,
            Source::File(path) => {
                let text = ev.read_source(path)?;
                let folder = eval::text::path::dir_name(path).to_vec();
                ev.parse_and_print(Origin::File(path.as_slice().into()), &text, &folder)?
            }
        };
        say(&[&printed[..], b"\n"].concat());
        return Ok(());
    }
    let root = match source {
        Source::Text(origin, text, folder) => ev.eval_text(origin, &text, &folder)?,
        Source::File(path) => ev.eval_file_fresh(&path)?,
    };
    let everything = [String::new()];
    let paths = if args.attrs.is_empty() {
        &everything[..]
    } else {
        &args.attrs
    };
    for path in paths {
        let value = ev.walk_attr_path(path, auto, root)?;
        if args.eval_only {
            print_value(ev, args, auto, value)?;
        } else {
            for line in ev.derivations_of(value, auto)? {
                say(format!("{line}\n").as_bytes());
            }
        }
    }
    Ok(())
}

fn print_value(ev: &mut Evaluator, args: &Args, auto: Val, value: Val) -> Eval<()> {
    let value = if args.auto_args.is_empty() {
        value
    } else {
        ev.auto_call(auto, value)?
    };
    match args.output {
        OutputKind::Raw => {
            let context = "while generating the nix-instantiate output";
            let text = ev.coerce(value, Pos::NONE, context, Coercion::INTERPOLATE)?;
            say(text.as_string().unwrap_or_default());
        }
        OutputKind::Xml => {
            let (xml, _) = ev.to_xml(value, args.strict, args.location)?;
            say(&xml);
        }
        OutputKind::Json => {
            let (json, _) = ev.json_with(value, args.strict, true, Pos::NONE)?;
            say(&[&json[..], b"\n"].concat());
        }
        OutputKind::Plain => {
            if args.strict {
                let cell = ev.cell(value);
                ev.force_deep(cell)?;
            }
            let shown = ev.show_plain(value)?;
            say(&[&shown[..], b"\n"].concat());
        }
    }
    Ok(())
}
