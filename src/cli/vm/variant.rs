//! The module that is laid over a host where its own disks cannot be made, and what decides whether they can.

use ::vm::disks::Layout;
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator};
use nixos::System;

/// The overriding module.
pub const MODULE: &str = include_str!("variant.nix");

/// Tells as JSON which disks a host wants.
const LAYOUT: &str = r#"host:
let
  inherit (host.config) fileSystems swapDevices;
  inherit (builtins) attrValues attrNames map toJSON;
in
toJSON {
  fileSystems = map (fs: { inherit (fs) mountPoint fsType options; device = fs.device or null; }) (attrValues fileSystems);
  swap = map (swap: swap.device) swapDevices;
  encrypted = attrNames (host.config.boot.initrd.luks.devices or { });
}"#;

/// Returns which disks a host wants.
pub fn layout(ev: &mut Evaluator, system: &System) -> Eval<Layout> {
    let function = ev.eval_text(Origin::String, LAYOUT.as_bytes(), b"/")?;
    let host = ev.cell(system.root());
    let told = ev.call(function, &[host], Pos::NONE)?;
    let told = told.as_string().map(|text| serde_json::from_slice(text));
    match told {
        Some(Ok(layout)) => Ok(layout),
        Some(Err(error)) => Err(ev.fail(ErrorKind::Type, format!("the host's disks are not understood: {error}"))),
        None => Err(ev.fail(ErrorKind::Type, "the host's disks are not understood")),
    }
}
