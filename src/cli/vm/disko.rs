//! The disko scripts of a host, by which its disks are made.

use super::pair::{Drv, drv_of};
use super::secrets::attribute;
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator};
use nixos::System;
use serde::Deserialize;

/// Tells which scripts there are.
const SCRIPTS: &str = include_str!("disko.nix");

/// The scripts of a host.
pub struct Scripts {
    /// Makes file systems.
    pub format: Drv,
    /// Mounts them.
    pub mount: Drv,
    /// The disks, and where they are mounted.
    pub told: Told,
}

/// What the scripts are for.
#[derive(Deserialize)]
pub struct Told {
    /// Where they mount.
    pub folder: String,
    /// The devices of the disks, in their order.
    pub devices: Vec<String>,
}

impl Scripts {
    /// Returns the scripts of a host, which has to have a layout.
    pub fn of(ev: &mut Evaluator, host: &System) -> Eval<Scripts> {
        let function = ev.eval_text(Origin::String, SCRIPTS.as_bytes(), b"/")?;
        let root = ev.cell(host.root());
        let set = ev.call(function, &[root], Pos::NONE)?;
        let told = attribute(ev, set, "told")?;
        let told: Option<Result<Told, _>> = told.as_string().map(serde_json::from_slice);
        let told = match told {
            Some(Ok(told)) => told,
            Some(Err(error)) => {
                let message = format!("the host's disko layout is not understood: {error}");
                return Err(ev.fail(ErrorKind::Type, message));
            }
            None => return Err(ev.fail(ErrorKind::Type, "the host's disko layout is not understood")),
        };
        if told.devices.is_empty() {
            return Err(ev.fail(ErrorKind::Eval, "the host has no disks in `disko.devices`"));
        }
        let mut script = |name: &str| {
            let path = attribute(ev, set, name)?;
            let path = String::from_utf8_lossy(path.as_string().unwrap_or_default()).into_owned();
            drv_of(ev, &path)
        };
        Ok(Scripts {
            format: script("format")?,
            mount: script("mount")?,
            told,
        })
    }
}
