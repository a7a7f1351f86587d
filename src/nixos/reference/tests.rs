//! Which options are listed, and as whose.

use super::*;
use crate::fixture::with_host;

const OWN: &str = r#"{ lib, ... }:
let
  inherit (lib) mkOption types;
  submodule = types.submodule { options.uid = mkOption { type = types.int; description = "Number."; }; };
in
{
  options.own.users = mkOption { type = types.attrsOf submodule; default = { }; description = "All."; };
  options.own.one = mkOption { type = submodule; default = { }; };
  options.own.hidden = mkOption { type = types.int; internal = true; };
  options.own.broken = throw "no";
}
"#;

const LIBRARY: &str = "{ lib, ... }: { options.other.enable = lib.mkEnableOption \"it\"; }\n";

fn listed(all: bool) -> Vec<String> {
    let files = [("own.nix", OWN), ("library/default.nix", LIBRARY)];
    with_host(&files, "./own.nix ./library", move |ev, system, view| {
        let inputs = [&[(b"/fleet/library".to_vec(), "library".to_owned())], view.inputs].concat();
        let view = Viewpoint {
            inputs: &inputs,
            ..*view
        };
        let mut reference = Reference::default();
        if reference.add(ev, system, &view, all).is_err() {
            panic!("{}", ev.take_error().message);
        }
        let (entries, hosts) = reference.entries();
        assert_eq!(hosts, [(Kind::Nixos, "web".to_owned())]);
        let line = |entry: &ReferenceEntry| {
            let place = entry.option.places.first().cloned().unwrap_or_default();
            let hidden = if entry.option.hidden { " hidden" } else { "" };
            format!(
                "{} {place} {}{hidden}",
                entry.option.path,
                if entry.own { "own" } else { "other" }
            )
        };
        entries.iter().map(line).collect()
    })
}

#[test]
fn own_options_are_listed_with_those_inside_their_types() {
    assert_eq!(
        listed(false),
        [
            "own.hidden own.nix:9:3 own hidden",
            "own.one own.nix:8:3 own",
            "own.one.uid own.nix:4:33 own",
            "own.users own.nix:7:3 own",
            "own.users.<name>.uid own.nix:4:33 own",
        ]
    );
}

#[test]
fn all_options_are_listed_on_request() {
    let all = listed(true);
    assert!(
        all.iter()
            .any(|line| line.starts_with("other.enable") && line.ends_with(" other")),
        "{all:?}"
    );
    assert_eq!(all.len(), 6);
}
