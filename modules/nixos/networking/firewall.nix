# The firewall is on everywhere, and closed. Services open their own ports, where
# they are enabled; what is opened here besides is said in the host's own file.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.networking.firewall;
in
{
  options.fleet.networking.firewall = {
    enable = lib.mkEnableOption "the fleet's firewall" // {
      default = true;
    };
    tcp = mkOption {
      type = types.listOf types.port;
      default = [ ];
      description = "TCP ports that are open to everybody, besides those of services.";
    };
    udp = mkOption {
      type = types.listOf types.port;
      default = [ ];
      description = "UDP ports that are open to everybody, besides those of services.";
    };
    fromFleet = mkOption {
      type = types.listOf types.port;
      default = [ ];
      example = [ 9100 ];
      description = "TCP ports that are open to the fleet's private network only.";
    };
  };
  config = lib.mkIf cfg.enable {
    networking.firewall = {
      enable = true;
      allowedTCPPorts = cfg.tcp;
      allowedUDPPorts = cfg.udp;
      interfaces = lib.mkIf (cfg.fromFleet != [ ] && config.fleet.networking.vpn.enable) {
        ${config.fleet.networking.vpn.interface}.allowedTCPPorts = cfg.fromFleet;
      };
      # A log of every refused packet on the Internet is a log of nothing.
      logRefusedConnections = mkDefault false;
    };
  };
}
