# How hosts are made out of folders. `flake.nix` says which hosts there are, their
# folders say what they are, and this file says what all of them have in common.
# Homes, overlays and reports about the fleet are in the files beside it.
{ inputs }:
let
  inherit (inputs.nixpkgs) lib;

  overlays = import ./overlays.nix { inherit inputs; };
  homes = import ./homes.nix { inherit inputs overlays; };
  inventory = import ./inventory.nix { inherit lib; };

  # What every module of a host or a home may ask for, also in `imports`.
  specialArgs = { inherit inputs; };

  # The modules of other flakes, on each host. They do nothing until they are enabled.
  foreignModules = [
    inputs.disko.nixosModules.disko
    inputs.fleet-app.nixosModules.default
    inputs.home-manager.nixosModules.home-manager
    inputs.hyprland.nixosModules.default
    inputs.sops-nix.nixosModules.sops
    inputs.stylix.nixosModules.stylix
  ];

  # One host. The folder hosts/<name> says what it is; the settings, all of them
  # optional, are for what only the whole fleet can know:
  #   system     the architecture, when it is not that of the hardware configuration
  #   systems    the architectures, for hosts that must work on several; the first is
  #              the host's own, and each other one is a check (see `toplevelsOn`)
  #   modules    more modules; they are the place for overrides (mkForce, mkVMOverride)
  #   hostName   the name on the network, when it is not that of the folder
  mkHost =
    name:
    {
      systems ? [ ],
      system ? if systems == [ ] then null else lib.head systems,
      modules ? [ ],
      hostName ? name,
    }:
    lib.nixosSystem {
      inherit specialArgs;
      modules =
        foreignModules
        ++ [
          ../modules/nixos
          (../hosts + "/${name}")
          {
            # Hosts may have another opinion about each of these.
            networking.hostName = lib.mkDefault hostName;
            nixpkgs.overlays = [ overlays.default ];
            system.configurationRevision = inputs.self.rev or null;
            fleet.networking.hosts.table = import ../hosts/network.nix;
          }
        ]
        ++ lib.optional (system != null) { nixpkgs.hostPlatform = system; }
        ++ modules;
    };

  layoutFaults = import ./layout.nix { inherit lib; };

  # The same host on another architecture.
  on =
    system: host:
    host.extendModules {
      modules = [ { nixpkgs.hostPlatform = lib.mkForce system; } ];
    };

  platformOf = host: host.pkgs.stdenv.hostPlatform.system;
in
{
  inherit (homes) mkHomes pkgsFor;
  inherit inventory overlays;
  isolate = import ./isolation.nix { inherit lib; };
  packageList = import ./package-list.nix;

  # A check that fails when a folder of ../modules is not laid out as lib/layout.nix says.
  checkLayout =
    pkgs: kinds:
    let
      faults = lib.concatLists (
        lib.mapAttrsToList (
          kind: options:
          layoutFaults {
            folder = ../modules + "/${kind}";
            inherit options;
          }
        ) kinds
      );
    in
    if faults == [ ] then
      pkgs.writeText "layout" "The modules are laid out as lib/layout.nix says.\n"
    else
      throw "modules:\n  ${lib.concatStringsSep "\n  " faults}";

  # { name = settings; } to { name = NixOS configuration; }.
  mkHosts = lib.mapAttrs mkHost;

  # { name = toplevel; } of the hosts that are for `system`: those whose own it is, and
  # those whose settings have it among their `systems`.
  toplevelsOn =
    system: settings: hosts:
    lib.mapAttrs (_name: host: host.config.system.build.toplevel) (
      lib.concatMapAttrs (
        name: host:
        if platformOf host == system then
          { ${name} = host; }
        else if lib.elem system (settings.${name}.systems or [ ]) then
          { ${name} = on system host; }
        else
          { }
      ) hosts
    );
}
