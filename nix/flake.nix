# cfgcheck itself, as a package of Nix. The flake at the root of this repository is another one: the model fleet.
#
#   nix run github:cfgcheck/cfgcheck?dir=nix -- check
#   nix develop ./nix
#
# docs/release.md tells how a fleet has it among its inputs.
{
  description = "Tells, before a merge, whether a NixOS fleet still evaluates, merges, builds and activates";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAllSystems = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      packages = forAllSystems (pkgs: rec {
        default = cfgcheck;
        cfgcheck = pkgs.callPackage ./package.nix { };
        # With the agent for guests of the other processor as well, whose compiler has to be built first.
        cfgcheck-both-agents = cfgcheck.override {
          agents = {
            x86_64 = pkgs.pkgsCross.gnu64.callPackage ./agent.nix { };
            aarch64 = pkgs.pkgsCross.aarch64-multiplatform.callPackage ./agent.nix { };
          };
        };
      });

      # For hosts that are deployed to (docs/switch.md).
      nixosModules = rec {
        default = cfgcheck;
        cfgcheck = ./module.nix;
      };

      overlays.default = final: _prev: { cfgcheck = final.callPackage ./package.nix { }; };

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          name = "cfgcheck";
          packages = [
            pkgs.cargo
            pkgs.cargo-nextest
            pkgs.clippy
            pkgs.rustc
            pkgs.rustfmt
            # What tests and `cfgcheck vm` call.
            pkgs.e2fsprogs
            pkgs.git
            pkgs.groff
            pkgs.python3
            pkgs.qemu
            pkgs.strace
          ];
        };
      });
    };
}
