# The fleet: every machine, every home, and what is needed to work on them.
#
# This flake is both an example to copy from and the configuration that cfgcheck
# tests itself on. Its inputs are small stand-ins with the interfaces of the real
# projects, so that everything here evaluates offline; to use it for real
# machines, replace the three addresses below. See docs/fleet.md.
{
  description = "A small fleet of NixOS machines";

  inputs = {
    nixpkgs.url = "path:./fixtures/inputs/nixpkgs";
    home-manager = {
      url = "path:./fixtures/inputs/home-manager";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    disko = {
      url = "path:./fixtures/inputs/disko";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      ...
    }@inputs:
    let
      inherit (nixpkgs) lib;
      fleet = import ./lib { inherit inputs; };
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      # An attribute for each system, made with the packages of that system.
      forAllSystems = f: lib.genAttrs systems (system: f (fleet.pkgsFor system));
    in
    {
      # One line adds a host: its name is that of its folder in ./hosts.
      nixosConfigurations = fleet.mkHosts {
        nixos = { };
        laptop = { };
        server = { };
        board = { };
        container.homes = false;
      };

      # Homes on machines that somebody else looks after.
      homeConfigurations = fleet.mkHomes {
        "alice@work" = {
          system = "x86_64-linux";
          modules = [ { fleet.git.email = lib.mkForce "alice@work.example"; } ];
        };
      };

      nixosModules = {
        default = ./modules/nixos;
        base = ./modules/nixos/base;
        hardware = ./modules/nixos/hardware;
        services = ./modules/nixos/services;
        networking = ./modules/nixos/networking;
        security = ./modules/nixos/security;
        programs = ./modules/nixos/programs;
      };
      homeModules.default = ./modules/home-manager;

      overlays.default = fleet.overlay;

      packages = forAllSystems (pkgs: {
        default = pkgs.fleet-status;
        inherit (pkgs) fleet-status;
      });

      # Each host is a check on its own platform: it evaluates and can be built.
      checks = forAllSystems (
        pkgs:
        fleet.hostsOn pkgs.stdenv.hostPlatform.system self.nixosConfigurations
        // {
          inventory = fleet.inventory pkgs self.nixosConfigurations;
        }
      );

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShellNoCC {
          name = "fleet";
          packages = [
            pkgs.git
            pkgs.jq
            pkgs.nixfmt
            pkgs.fleet-status
          ];
          shellHook = ''
            echo "The hosts: ${lib.concatStringsSep ", " (lib.attrNames self.nixosConfigurations)}"
          '';
        };
      });

      formatter = forAllSystems (pkgs: pkgs.nixfmt);
    };
}
