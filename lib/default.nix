# The functions that make hosts and homes out of folders. `flake.nix` says what
# there is; this file says what all of it has in common.
{ inputs }:
let
  inherit (inputs) nixpkgs home-manager disko;
  inherit (nixpkgs) lib;

  # What every module of a host or a home may ask for, also in `imports`.
  specialArgs = { inherit inputs; };
in
rec {
  # { name = settings; } to { name = NixOS configuration; }.
  mkHosts = lib.mapAttrs mkHost;

  # One host. The folder hosts/<name> says what it is; the settings, all of them
  # optional, are for what only the whole fleet can know:
  #   modules    more modules; they are the place for overrides (mkForce, mkVMOverride)
  #   homes      whether the users of the host get a home by home-manager
  #   hostName   the name on the network, when it is not that of the folder
  mkHost =
    name:
    {
      modules ? [ ],
      homes ? true,
      hostName ? name,
    }:
    nixpkgs.lib.nixosSystem {
      inherit specialArgs;
      modules = [
        ../modules/nixos
        (../hosts + "/${name}")
        disko.nixosModules.disko
        home-manager.nixosModules.home-manager
        {
          # Hosts may have another opinion about each of these.
          networking.hostName = lib.mkDefault hostName;
          nixpkgs.overlays = [ overlay ];
          system.configurationRevision = inputs.self.rev or null;
          fleet.homes.enable = lib.mkDefault homes;
        }
      ]
      ++ modules;
    };

  # { "user@place" = settings; } to { "user@place" = home; }.
  mkHomes = lib.mapAttrs mkHome;

  # One home on its own. The part before the `@` is the user's name.
  mkHome =
    name:
    {
      system,
      modules ? [ ],
      username ? builtins.head (lib.splitString "@" name),
    }:
    home-manager.lib.homeManagerConfiguration {
      pkgs = pkgsFor system;
      extraSpecialArgs = specialArgs;
      modules = [
        ../modules/home-manager
        {
          home = {
            inherit username;
            homeDirectory = lib.mkDefault "/home/${username}";
            stateVersion = lib.mkDefault "26.05";
          };
        }
      ]
      ++ modules;
    };

  # The packages of a system, with our own.
  pkgsFor =
    system:
    import nixpkgs {
      inherit system;
      overlays = [ overlay ];
    };

  # Our own packages, for every package set of the fleet.
  overlay = final: _prev: {
    fleet-status = final.callPackage ./packages/fleet-status.nix { };
  };

  # { name = toplevel; } of the hosts whose own platform is `system`.
  hostsOn =
    system: hosts:
    lib.mapAttrs (_name: host: host.config.system.build.toplevel) (
      lib.filterAttrs (_name: host: host.pkgs.stdenv.hostPlatform.system == system) hosts
    );

  # A JSON file with a line about each host, for people and for other tools.
  inventory =
    pkgs: hosts:
    pkgs.writeText "inventory.json" (
      builtins.toJSON (
        lib.mapAttrs (_name: host: {
          inherit (host.config.networking) hostName;
          inherit (host.config.system) stateVersion;
          platform = host.pkgs.stdenv.hostPlatform.system;
          kernel = if host.config.boot.isContainer then null else host.config.boot.kernelPackages.kernel.version;
          openPorts = host.config.networking.firewall.allowedTCPPorts;
        }) hosts
      )
    );
}
