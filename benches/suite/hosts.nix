# Forty ekaos hosts, twenty for each architecture, each with packages of its own: --arg corepkgs PATH
{ corepkgs }:
let
  host =
    system: number:
    let
      pkgs = import corepkgs { inherit system; };
      evaluate = import (corepkgs + "/ekaos/eval-config.nix") {
        inherit pkgs;
        inherit (pkgs) lib;
      };
      own.networking.hostName = pkgs.lib.mkForce "host-${toString number}";
    in
    (evaluate { modules = [ (corepkgs + "/ekaos/examples/minimal-system.nix") own ]; }).system.drvPath;
in
builtins.concatMap (system: builtins.genList (host system) 20) [
  "x86_64-linux"
  "aarch64-linux"
]
