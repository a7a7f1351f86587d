# The local network: one fixed address for hosts that others must find.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.networking.lan;

  octet = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
  ipv4 = types.strMatching "${octet}(\\.${octet}){3}" // {
    description = "IPv4 address";
  };
in
{
  options.fleet.networking.lan = {
    enable = lib.mkEnableOption "a fixed address on the local network";
    interface = mkOption {
      type = types.str;
      example = "enp1s0";
      description = "The interface to the local network.";
    };
    address = mkOption {
      type = types.nullOr ipv4;
      default = config.fleet.networking.hosts.self.address;
      defaultText = lib.literalExpression "config.fleet.networking.hosts.self.address";
      example = "192.0.2.10";
      description = "The address of this host.";
    };
    prefixLength = mkOption {
      type = types.ints.between 8 30;
      default = 24;
      description = "How many bits of the address name the network.";
    };
    gateway = mkOption {
      type = ipv4;
      default = "192.0.2.1";
      description = "The way out of the network.";
    };
    nameservers = mkOption {
      type = types.listOf types.str;
      default = [
        "9.9.9.9"
        "2620:fe::fe"
      ];
      description = "Who resolves names.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.address != null;
        message = "fleet.networking.lan is enabled on ${config.networking.hostName}, which has no address in hosts/network.nix";
      }
      {
        assertion = cfg.address != cfg.gateway;
        message = "fleet.networking.lan: ${config.networking.hostName} has the address of its own gateway (${cfg.gateway})";
      }
    ];
    networking = {
      useNetworkd = true;
      useDHCP = false;
      interfaces.${cfg.interface}.ipv4.addresses = lib.optional (cfg.address != null) {
        inherit (cfg) address prefixLength;
      };
      defaultGateway = {
        address = cfg.gateway;
        inherit (cfg) interface;
      };
      inherit (cfg) nameservers;
    };
  };
}
