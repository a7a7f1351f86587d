//! `cfgcheck eval`: the value of a file, an expression, or an attribute of a flake.

use crate::args::{EvalArgs, Sharing};
use crate::exit;
use crate::machine::Machine;
use crate::nix;
use crate::session::{self, Session, Setup};
use crate::stream::{complain, say};
use diag::{Origin, Pos};
use eval::coerce::Coercion;
use eval::error::Eval;
use eval::show::NIX_EVAL;
use eval::{ErrorKind, Evaluator, Val};
use sys::Stream;

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &EvalArgs) -> u8 {
    let asks_stdin = args.file.as_deref() == Some("-");
    if args.sharing == Sharing::Verify && asks_stdin {
        return exit::wrong_usage(&"what comes on the standard input cannot be evaluated twice");
    }
    let mut out = Vec::new();
    let code = evaluate(machine, args, args.sharing != Sharing::Off, &mut out);
    say(&out);
    if args.sharing == Sharing::Verify && matches!(code, exit::CLEAN | exit::FINDINGS) {
        let mut apart = Vec::new();
        let other = evaluate(machine, args, false, &mut apart);
        if (code, out) != (other, apart) {
            complain(
                "error: evaluation without sharing gives something else; this is a bug of cfgcheck, please report it",
            );
            return exit::OUR_BUG;
        }
        complain("note: evaluation without sharing gives the same");
    }
    code
}

/// Evaluates what is asked for, with or without sharing; puts what is to be printed into `out`, and returns the exit code.
fn evaluate(machine: &Machine, args: &EvalArgs, share: bool, out: &mut Vec<u8>) -> u8 {
    // As in Nix, only flakes are evaluated purely unless one says so.
    let is_flake = args.file.is_none() && args.expr.is_none() && args.find_file.is_none();
    let asked = match is_flake.then(|| session::asked(machine, args.installable.as_deref().unwrap_or("."))) {
        Some(Ok(asked)) => Some(asked),
        Some(Err(error)) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
        None => None,
    };
    let mut search_path: Vec<(String, String)> = args.include.iter().map(|e| nix::search_path_entry(e)).collect();
    if let Some(path) = machine.env.text("NIX_PATH") {
        search_path.extend(nix::split_nix_path(&path).iter().map(|e| nix::search_path_entry(e)));
    }
    let setup = Setup {
        flakes: &args.flakes,
        limits: &args.limits,
        pure: is_flake && !args.impure,
        root: asked.as_ref().and_then(|a| a.root.as_deref()),
        search_path,
        keep_messages: false,
        keep: None,
    };
    let mut session = Session::new(machine, &setup);
    session.ev.settings.share = share;
    let root = match asked {
        None => session.ev.contained(|ev| plain(machine, ev, args, out)),
        Some(asked) => {
            let flags = match session.lock_flags(machine, &args.flakes) {
                Ok(flags) => flags,
                Err(error) => {
                    complain(&format!("error: {error}"));
                    return exit::USAGE;
                }
            };
            match session.lock(&asked.reference, &flags) {
                Ok(number) => {
                    let flakes = session.flakes.clone();
                    session.ev.contained(|ev| {
                        let flake = flakes.call(ev, number)?;
                        fragment(ev, flake, &asked.fragment).map(Some)
                    })
                }
                Err(error) if error.is_of_the_machine() => {
                    complain(&format!("error: {}", error.message(&session.ev.sources)));
                    return exit::CANNOT_START;
                }
                Err(error) => Err(flake::flakes::raise(&mut session.ev, &error)),
            }
        }
    };
    let result = root.and_then(|root| match root {
        Some(root) => session.ev.contained(|ev| print(machine, ev, args, root, out)),
        None => Ok(()),
    });
    match result {
        Ok(()) => exit::CLEAN,
        Err(_) if sys::interrupted() => exit::INTERRUPTED,
        Err(_) => {
            let error = session.ev.take_error();
            complain(&nix::render_error(&error, &session.ev.sources, args.flakes.show_trace));
            exit::FINDINGS
        }
    }
}

/// Evaluates a file or an expression; `None` if all was printed already.
fn plain(machine: &Machine, ev: &mut Evaluator, args: &EvalArgs, out: &mut Vec<u8>) -> Eval<Option<Val>> {
    let here = machine.current_dir();
    if let Some(name) = &args.find_file {
        let path = ev.find_in_search_path(name)?;
        out.extend([&path[..], b"\n"].concat());
        return Ok(None);
    }
    let (origin, text, folder) = match (&args.expr, &args.file) {
        (Some(text), _) => (Origin::String, text.clone().into_bytes(), here.clone()),
        (None, Some(file)) if file == "-" => (Origin::Stdin, machine.stdin(ev)?, here.clone()),
        (None, file) => {
            let file = file.as_deref().unwrap_or(".");
            let path = eval::text::path::absolute(file.as_bytes(), &here);
            let path = ev.resolve_import(&path)?;
            let text = ev.read_source(&path)?;
            let folder = eval::text::path::dir_name(&path).to_vec();
            (Origin::File(path.into()), text.to_vec(), folder)
        }
    };
    if args.parse {
        let printed = ev.parse_and_print(origin, &text, &folder)?;
        out.extend([&printed[..], b"\n"].concat());
        return Ok(None);
    }
    let value = ev.eval_text(origin, &text, &folder)?;
    let auto = auto_args(ev, args, &here)?;
    let value = match &args.installable {
        Some(path) => ev.walk_attr_path(path, auto, value)?,
        None => value,
    };
    Ok(Some(value))
}

fn auto_args(ev: &mut Evaluator, args: &EvalArgs, here: &[u8]) -> Eval<Val> {
    let mut attrs = Vec::new();
    for pair in args.arg.chunks_exact(2) {
        let name = ev.symbols.intern(pair[0].as_bytes());
        attrs.push((
            name,
            Pos::NONE,
            ev.suspended_text(Origin::String, pair[1].as_bytes(), here)?,
        ));
    }
    for pair in args.argstr.chunks_exact(2) {
        let name = ev.symbols.intern(pair[0].as_bytes());
        attrs.push((name, Pos::NONE, ev.string_cell(pair[1].as_bytes())));
    }
    Ok(ev.mem.attrs_from(attrs))
}

/// Returns the attribute of a flake that a fragment names: as written, or below the outputs that
/// Nix looks into.
fn fragment(ev: &mut Evaluator, flake: Val, fragment: &str) -> Eval<Val> {
    let empty = ev.mem.empty_attrs();
    if fragment.is_empty() {
        return Ok(flake);
    }
    let system = std::env::consts::ARCH;
    let os = if std::env::consts::OS == "macos" {
        "darwin"
    } else {
        std::env::consts::OS
    };
    let tries = [
        fragment.to_owned(),
        format!("packages.{system}-{os}.{fragment}"),
        format!("legacyPackages.{system}-{os}.{fragment}"),
    ];
    for path in &tries {
        if ev.has_attr_path(path, flake)? {
            return ev.walk_attr_path(path, empty, flake);
        }
    }
    let names: Vec<String> = tries.iter().map(|t| format!("'{t}'")).collect();
    Err(ev.fail(
        ErrorKind::Eval,
        format!("flake does not provide attribute {}", names.join(", ")),
    ))
}

fn print(machine: &Machine, ev: &mut Evaluator, args: &EvalArgs, root: Val, out: &mut Vec<u8>) -> Eval<()> {
    let here = machine.current_dir();
    let auto = auto_args(ev, args, &here)?;
    let whole = [String::new()];
    let paths = if args.attr.is_empty() { &whole[..] } else { &args.attr };
    for path in paths {
        let mut value = ev.walk_attr_path(path, auto, root)?;
        if !args.arg.is_empty() || !args.argstr.is_empty() {
            value = ev.auto_call(auto, value)?;
        }
        if let Some(function) = &args.apply {
            let function = ev.eval_text(Origin::String, function.as_bytes(), &here)?;
            let argument = ev.cell(value);
            value = ev.call(function, &[argument], Pos::NONE)?;
        }
        if args.strict {
            let cell = ev.cell(value);
            ev.force_deep(cell)?;
        }
        if args.raw {
            let context = "while generating the eval command output";
            let text = ev.coerce(value, Pos::NONE, context, Coercion::INTERPOLATE)?;
            out.extend_from_slice(text.as_string().unwrap_or_default());
        } else if args.json {
            let (json, _) = ev.to_json(value, false, Pos::NONE)?;
            out.extend([&json[..], b"\n"].concat());
        } else if args.xml {
            let (xml, _) = ev.to_xml(value, true, true)?;
            out.extend(xml);
        } else {
            let shown = [&ev.show_with(value, NIX_EVAL)?[..], b"\n"].concat();
            if machine.env.is_terminal(Stream::Out) {
                out.extend_from_slice(diag::clean(&String::from_utf8_lossy(&shown)).as_bytes());
            } else {
                out.extend(shown);
            }
        }
    }
    Ok(())
}
