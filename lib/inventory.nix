# A JSON file with what everybody asks about a host, for people and for other tools.
{ lib }:
pkgs: hosts:
pkgs.writeText "inventory.json" (
  builtins.toJSON (
    lib.mapAttrs (_name: host: {
      inherit (host.config.networking) hostName domain;
      inherit (host.config.system.nixos) release;
      inherit (host.config.system) stateVersion;
      role = host.config.fleet.base.role.name;
      platform = host.pkgs.stdenv.hostPlatform.system;
      kernel = if host.config.boot.isContainer then null else host.config.boot.kernelPackages.kernel.version;
      openPorts = host.config.networking.firewall.allowedTCPPorts;
      users = lib.attrNames host.config.fleet.base.users.people;
    }) hosts
  )
)
