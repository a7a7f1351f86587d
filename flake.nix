# The fleet: every machine, every home, and what is needed to work on them.
#
# This flake is both an example to copy from and the configuration that cfgcheck
# tests itself on. Its inputs are small stand-ins with the interfaces of the real
# projects, so that everything here evaluates offline; the comment beside each has
# the address that real machines use, and how far it moves by itself:
#
#   stable    a release branch: fixes only, until the release is a year old
#   rolling   the newest state that passed its tests; anything may change
#   latest    the newest commit of a project without releases that suit NixOS
#   pinned    one commit, and it moves only when somebody writes another one here
#
# docs/fleet.md tells how it is laid out, and how to update, test, switch and go back.
{
  description = "A fleet of NixOS machines";

  inputs = {
    # Stable: what hosts are made of.
    # github:NixOS/nixpkgs/nixos-26.05
    nixpkgs.url = "path:./fixtures/inputs/nixpkgs";

    # Rolling: for the few packages that must be new, as `pkgs.unstable`.
    # github:NixOS/nixpkgs/nixos-unstable
    nixpkgs-unstable.url = "path:./fixtures/inputs/nixpkgs-unstable";

    # Stable: homes. Its release goes with that of nixpkgs.
    # github:nix-community/home-manager/release-26.05
    home-manager = {
      url = "path:./fixtures/inputs/home-manager";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Latest: how disks are divided.
    # github:nix-community/disko
    disko = {
      url = "path:./fixtures/inputs/disko";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Pinned: the window manager, which changes its configuration often.
    # github:hyprwm/Hyprland/6ffae9c5aa0381bf4b65f898fdfae6ac332ab057
    hyprland = {
      url = "path:./fixtures/inputs/hyprland";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Latest: colours and fonts for everything.
    # github:nix-community/stylix
    stylix = {
      url = "path:./fixtures/inputs/stylix";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Latest: secrets.
    # github:Mic92/sops-nix
    sops-nix = {
      url = "path:./fixtures/inputs/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Latest: packages that users publish, as `pkgs.nur.repos`.
    # github:nix-community/NUR
    nur = {
      url = "path:./fixtures/inputs/nur";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # Latest: an application of our own, from its own repository.
    # github:example/fleet-app
    fleet-app = {
      url = "path:./fixtures/inputs/fleet-app";
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

      # One line adds a host: its name is that of its folder in ./hosts, and the line
      # may say more (see mkHost in ./lib).
      hosts = {
        nixos = { };
        laptop = { };
        server.systems = both;
        board = { };
        container.systems = both;
      };

      both = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      # An attribute for each system, made with the packages of that system.
      forAllSystems = f: lib.genAttrs both (system: f (fleet.pkgsFor system));
    in
    {
      nixosConfigurations = fleet.mkHosts hosts;

      # Homes on machines that somebody else looks after.
      homeConfigurations = fleet.mkHomes {
        "alice@work" = {
          system = "x86_64-linux";
          modules = [ ./hosts/work.nix ];
        };
      };

      nixosModules = {
        default = ./modules/nixos;
        base = ./modules/nixos/base;
        hardware = ./modules/nixos/hardware;
        services = ./modules/nixos/services;
        virtualisation = ./modules/nixos/virtualisation;
        networking = ./modules/nixos/networking;
        security = ./modules/nixos/security;
        programs = ./modules/nixos/programs;
      };

      homeModules = {
        default = ./modules/home-manager;
        applications = ./modules/home-manager/applications;
        development = ./modules/home-manager/development;
        shells = ./modules/home-manager/shells;
        editors = ./modules/home-manager/editors;
        utilities = ./modules/home-manager/utilities;
      };

      inherit (fleet) overlays;

      # For fleets that are made like this one.
      lib = fleet;

      packages = forAllSystems (pkgs: {
        default = pkgs.fleet-status;
        inherit (pkgs) fleet-inventory fleet-rollback fleet-status;
      });

      # Each host is a check on each of its platforms: it evaluates and can be built.
      checks = forAllSystems (
        pkgs:
        fleet.toplevelsOn pkgs.stdenv.hostPlatform.system hosts self.nixosConfigurations
        // {
          inventory = fleet.inventory pkgs self.nixosConfigurations;
          layout = fleet.checkLayout pkgs {
            nixos = self.nixosConfigurations.container.options;
            home-manager = self.homeConfigurations."alice@work".options;
          };
        }
      );

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShellNoCC {
          name = "fleet";
          packages = [
            pkgs.age
            pkgs.git
            pkgs.jq
            pkgs.nixfmt
            pkgs.fleet-inventory
            pkgs.fleet-status
          ];
          shellHook = ''
            echo "The hosts: ${lib.concatStringsSep ", " (lib.attrNames hosts)}"
          '';
        };
      });

      formatter = forAllSystems (pkgs: pkgs.nixfmt);
    };
}
