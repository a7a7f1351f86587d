# Where packages come from besides nixpkgs: each source is an overlay, so that modules
# and hosts say `pkgs.…` for all of them.
{ inputs }:
let
  inherit (inputs.nixpkgs) lib;

  sources = {
    # The rolling branch, for the few things that must be new: `pkgs.unstable.…`.
    unstable = final: _prev: {
      unstable = import inputs.nixpkgs-unstable { inherit (final.stdenv.hostPlatform) system; };
    };

    # What users publish: `pkgs.nur.repos.<user>.…`. Nobody has looked at it before,
    # so each use has a reason beside it.
    nur = inputs.nur.overlays.default;

    # The fleet's own application: `pkgs.fleet-app`.
    app = inputs.fleet-app.overlays.default;

    # What is so small that it lives in this repository.
    local = final: _prev: import ./packages { inherit (final) callPackage; };
  };
in
sources // { default = lib.composeManyExtensions (lib.attrValues sources); }
