//! The libraries that laws about the library are tested on.

use ::prop::expr::shown;
use ::prop::{Binding, Expr, Ground};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Ref, Val};
use nixos::Target;
use std::path::Path;

/// A library, and the names that cases on it may use.
pub struct Library {
    /// The names.
    pub ground: Ground,
}

/// Returns the library in a folder.
pub fn in_folder(ev: &mut Evaluator, folder: &Path) -> Eval<Library> {
    let nix = format!("import {}", Expr::Path(folder.display().to_string()).print(0));
    let value = ev.eval_text(Origin::String, nix.as_bytes(), b"/")?;
    let cell = ev.cell(value);
    if file_of(ev, cell)?.is_none() {
        let message = format!("'{}' has no `evalModules`", folder.display());
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let binding = Binding {
        name: "lib".into(),
        cell,
        nix,
    };
    Ok(Library {
        ground: Ground::new(ev, vec![binding])?,
    })
}

/// Returns the file that the `evalModules` of a host's library stands in, by which libraries are told apart, and the
/// names that cases may use: the flake, the host and its library; `None` if it has none.
///
/// `flake` is how the flake is written.
pub fn of_host(ev: &mut Evaluator, flake: Val, nix: &str, target: &Target) -> Eval<Option<(String, Vec<Binding>)>> {
    let flake = Binding {
        name: "flake".into(),
        cell: ev.cell(flake),
        nix: nix.to_owned(),
    };
    let host = Binding {
        name: "host".into(),
        cell: target.value,
        nix: format!("flake.{}.{}", target.kind.output(), shown(&target.name)),
    };
    for nix in ["host.lib", "host.pkgs.lib", "flake.inputs.nixpkgs.lib"] {
        if let Some((file, cell)) = at(ev, [&flake, &host], nix)? {
            let lib = Binding {
                name: "lib".into(),
                cell,
                nix: nix.into(),
            };
            return Ok(Some((file, vec![flake, host, lib])));
        }
    }
    Ok(None)
}

/// Returns the library that an expression of two names leads to; `None` if it leads to none.
fn at(ev: &mut Evaluator, names: [&Binding; 2], nix: &str) -> Eval<Option<(String, Ref)>> {
    let [first, second] = names;
    let text = format!("{}: {}: {nix}", first.name, second.name);
    let found = ev.contained(|ev| {
        let function = ev.eval_text(Origin::String, text.as_bytes(), b"/")?;
        let value = ev.call(function, &[first.cell, second.cell], Pos::NONE)?;
        let cell = ev.cell(value);
        Ok(file_of(ev, cell)?.map(|file| (file, cell)))
    });
    match found {
        Err(fail) if ev.error_kind() == ErrorKind::Limit => Err(fail),
        // What fails is no library; the next expression may be one.
        Err(_) => {
            ev.take_error();
            Ok(None)
        }
        found => found,
    }
}

/// Returns the file that the `evalModules` of a library stands in; `None` if it has none.
fn file_of(ev: &mut Evaluator, lib: Ref) -> Eval<Option<String>> {
    let lib = ev.force(lib, Pos::NONE)?;
    let name = ev.symbols.intern(b"evalModules");
    if !lib.is_attrs() {
        return Ok(None);
    }
    let Some(attr) = ev.mem.attr(lib, name) else {
        return Ok(None);
    };
    let place = ev.sources.locate(attr.pos);
    Ok(Some(
        place.map(|(file, _, _)| file.origin.display()).unwrap_or_default(),
    ))
}
