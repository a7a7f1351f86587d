//! A host evaluates nixpkgs more than once.

use super::reading::Host;
use super::{Found, Stop};
use crate::{Level, Rule};
use diag::{Origin, Pos};
use report::Stage;

/// The rule.
pub const RULE: Rule = Rule {
    id: "nixpkgs-instances",
    stage: Stage::Packages,
    level: Level::Warning,
    title: "A host has one set of packages of each nixpkgs",
    why: "`import nixpkgs { … }` in a module makes all packages a second time: evaluation takes the time and the memory \
          of another host, and what `nixpkgs.config` and `nixpkgs.overlays` say does not count there. Another release of \
          nixpkgs beside the host's own is not told, nor what `flake.nix` makes for the flake's own packages, nor packages for another architecture that nixpkgs makes by itself.",
    fix: "Put the change into `nixpkgs.overlays`, or take the package from `pkgs`.",
    wrong: "environment.systemPackages = [\n  (import inputs.nixpkgs { inherit system; overlays = [ fast ]; }).jq\n];",
    right: "nixpkgs.overlays = [ fast ];\nenvironment.systemPackages = [ pkgs.jq ];",
};

/// Ends of the paths of the files whose functions make nixpkgs's packages.
pub const MAKERS: &[&str] = &[IMPURE, TOP_LEVEL];
const IMPURE: &str = "/pkgs/top-level/impure.nix";
const TOP_LEVEL: &str = "/pkgs/top-level/default.nix";
/// The module that makes the packages of a host.
const MODULE: &str = "/nixos/modules/misc/nixpkgs.nix";

pub(super) fn run(host: &mut Host<'_>) -> Result<Vec<Found>, Stop> {
    let calls = host.calls;
    let mut own: Vec<(&[u8], Pos)> = Vec::new();
    let mut of_hosts: Vec<&[u8]> = Vec::new();
    for call in calls {
        let Some(tree) = tree(call.file) else { continue };
        let site = file_of(host, call.site);
        if host.owns(call.site) {
            // Packages of the flake itself are made where there is no host.
            if site.is_some_and(|site| site.ends_with(b"/flake.nix")) {
                continue;
            }
            if !own.contains(&(tree, call.site)) {
                own.push((tree, call.site));
            }
        } else if site.is_some_and(|site| site.ends_with(MODULE.as_bytes())) {
            of_hosts.push(tree);
        }
    }
    let mut found = Vec::new();
    // A set of packages that the flake makes and gives to the host is the host's own.
    for (_, site) in own.iter().filter(|(tree, _)| of_hosts.contains(tree)) {
        let place = nixos::diagnose::expression_at(host.ev, *site);
        let times = match own.iter().filter(|(tree, _)| of_hosts.contains(tree)).count() {
            1 => "twice".to_owned(),
            more => format!("{} times", more + 1),
        };
        let diagnostic = RULE
            .found(format!(
                "this host evaluates nixpkgs {times}, which takes time and memory {times} and ignores nixpkgs.config and nixpkgs.overlays"
            ))
            .at(place, "")
            .hint("put the change into `nixpkgs.overlays`");
        found.push(Found::new(diagnostic));
    }
    host.if_whole(found)
}

/// Returns the folder of the nixpkgs that a file makes packages of.
fn tree(file: &[u8]) -> Option<&[u8]> {
    MAKERS.iter().find_map(|end| file.strip_suffix(end.as_bytes()))
}

fn file_of(host: &Host<'_>, site: Pos) -> Option<Vec<u8>> {
    let (file, _) = host.ev.sources.lookup(site)?;
    match &host.ev.sources.file(file).origin {
        Origin::File(path) => Some(path.to_vec()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::host::fixture::check;

    #[test]
    fn a_second_set_of_packages_is_told_where_it_is_made() {
        let message = |times: &str| {
            format!(
                "this host evaluates nixpkgs {times}, which takes time and memory {times} and ignores nixpkgs.config and nixpkgs.overlays"
            )
        };
        let host = |name: &str, domain: &str| {
            format!("{{ pkgs, ... }}: {{ networking = {{ hostName = {name}; domain = {domain}; }}; }}")
        };
        let import = |name: &str| format!("(import /nixpkgs {{ name = \"{name}\"; }}).name");
        check(
            super::run,
            &host(&import("b"), "pkgs.name"),
            &[&format!("host.nix:1:45: {}", message("twice"))],
        );
        let both = host(&format!("{} + {}", import("b"), import("c")), "pkgs.name");
        check(
            super::run,
            &both,
            &[
                &format!("host.nix:1:45: {}", message("3 times")),
                &format!("host.nix:1:86: {}", message("3 times")),
            ],
        );
        // Those that nixpkgs makes of its own, and one set that is the flake's, are not told.
        check(super::run, &host("pkgs.musl.name", "pkgs.name"), &[]);
        check(super::run, &host(&import("b"), "\"x\""), &[]);
        check(super::run, &host("\"x\"", "pkgs.name"), &[]);
    }
}
