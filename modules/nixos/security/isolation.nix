# Services that see and may do no more than they need. Each is named here once, with
# what it does need; lib/isolation.nix says what is taken from all of them.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.security.isolation;
  isolate = import ../../../lib/isolation.nix { inherit lib; };

  service = types.submodule {
    options = {
      network = lib.mkEnableOption "the network for this service" // {
        default = true;
      };
      writable = mkOption {
        type = types.listOf types.path;
        default = [ ];
        description = "Folders that the service may write to, besides its own `StateDirectory` and the like. They must exist when it starts.";
      };
      homes = mkOption {
        type = types.enum [
          "hidden"
          "readable"
        ];
        default = "hidden";
        description = "What the service sees of people's homes.";
      };
      capabilities = mkOption {
        type = types.listOf (types.strMatching "CAP_[A-Z_]+");
        default = [ ];
        example = [ "CAP_NET_BIND_SERVICE" ];
        description = "Privileges of root that the service keeps.";
      };
      namespaces = lib.mkEnableOption "forbidding the service to make namespaces and to run machine code of its own making" // {
        default = true;
      };
    };
  };
in
{
  options.fleet.security.isolation = {
    enable = lib.mkEnableOption "isolation of services from each other and from the system" // {
      default = true;
    };
    services = mkOption {
      type = types.attrsOf service;
      default = { };
      example = {
        report.network = true;
      };
      description = "The services to isolate, by the names of their units.";
    };
  };

  config = lib.mkIf cfg.enable {
    # What a service's own module says about itself goes first.
    systemd.services = lib.mapAttrs (_name: service: {
      serviceConfig = lib.mapAttrs (_setting: mkDefault) (isolate service);
    }) cfg.services;
  };
}
