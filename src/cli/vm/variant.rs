//! The module that is laid over a host where its own disks cannot be made, and what decides whether they can.

use ::vm::disks::Layout;
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator};
use nixos::System;

/// The overriding module, a function of the file systems that are kept, as JSON, and of whether stage 1 is to find the disks
/// without our help.
const MODULE: &str = include_str!("variant.nix");

/// Returns the overriding module for a host that wants these disks; `alone` if no agent is there to load what disks need.
pub fn module(layout: &Layout, alone: bool) -> Result<String, serde_json::Error> {
    let kept: Vec<_> = layout.in_memory().collect();
    // A JSON text in a JSON text is one that Nix reads as a string, but for what begins an expression in it.
    let kept = serde_json::to_string(&serde_json::to_string(&kept)?)?.replace("${", "\\${");
    Ok(format!("({MODULE}) {kept} {alone}"))
}

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
  nixosInit = host.config.system.nixos-init.enable or false;
  bootDevices =
    let
      grub = host.config.boot.loader.grub or { };
    in
    if grub.enable or false && !(host.config.boot.isContainer or false) then
      builtins.filter (device: device != "nodev") (grub.devices or [ ])
    else
      [ ];
}"#;

/// Returns which disks a host wants.
pub fn layout(ev: &mut Evaluator, system: &System) -> Eval<Layout> {
    let function = ev.eval_text(Origin::String, LAYOUT.as_bytes(), b"/")?;
    let host = ev.cell(system.root());
    let told = ev.call(function, &[host], Pos::NONE)?;
    let told = told.as_string().map(serde_json::from_slice);
    match told {
        Some(Ok(layout)) => Ok(layout),
        Some(Err(error)) => Err(ev.fail(ErrorKind::Type, format!("the host's disks are not understood: {error}"))),
        None => Err(ev.fail(ErrorKind::Type, "the host's disks are not understood")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::vm::disks::FileSystem;

    #[test]
    fn what_lies_in_memory_is_kept_and_nothing_of_it_is_evaluated() {
        let layout = Layout {
            file_systems: vec![FileSystem {
                mount_point: "/srv/${x}\"".into(),
                device: Some("tmpfs".into()),
                fs_type: "tmpfs".into(),
                options: vec!["size=1M".into()],
            }],
            ..Layout::default()
        };
        let module = module(&layout, false).expect("texts are JSON");
        let kept = module.rsplit_once(") ").expect("the module is applied").1;
        assert_eq!(
            kept,
            r#""[{\"mountPoint\":\"/srv/\${x}\\\"\",\"device\":\"tmpfs\",\"fsType\":\"tmpfs\",\"options\":[\"size=1M\"]}]" false"#
        );
    }
}
