# Resolving names: on every host that asks for it by systemd-resolved, encrypted;
# and one host may answer for the whole local network.
{ config, lib, ... }:
let
  inherit (lib)
    mkIf
    mkMerge
    mkOption
    types
    ;
  cfg = config.fleet.networking.dns;
  inherit (config.fleet.networking) hosts lan;
in
{
  options.fleet.networking.dns = {
    enable = lib.mkEnableOption "resolving names by systemd-resolved";
    upstream = mkOption {
      type = types.listOf types.str;
      default = [
        "9.9.9.9#dns.quad9.net"
        "2620:fe::fe#dns.quad9.net"
      ];
      description = "Who is asked, each with the name on its certificate.";
    };
    serve = lib.mkEnableOption "answering the local network's questions by dnsmasq";
  };

  config = mkMerge [
    (mkIf cfg.enable {
      services.resolved = {
        enable = true;
        settings.Resolve = {
          DNS = cfg.upstream;
          DNSOverTLS = "opportunistic";
          DNSSEC = "allow-downgrade";
          # Neighbours do not get to answer.
          LLMNR = false;
          MulticastDNS = false;
        };
      };
    })
    (mkIf cfg.serve {
      assertions = [
        {
          assertion = lan.enable;
          message = "fleet.networking.dns.serve needs a fixed address on the local network (fleet.networking.lan)";
        }
      ];
      services.dnsmasq = {
        enable = true;
        resolveLocalQueries = false;
        settings = {
          inherit (lan) interface;
          # The interface may come later than the service.
          bind-dynamic = true;
          domain-needed = true;
          bogus-priv = true;
          no-resolv = true;
          server = lan.nameservers;
          local = "/${hosts.domain}/";
          domain = hosts.domain;
          expand-hosts = true;
        };
      };
      networking.firewall.interfaces.${lan.interface} = {
        allowedTCPPorts = [ 53 ];
        allowedUDPPorts = [ 53 ];
      };
      systemd.services.dnsmasq.serviceConfig.StateDirectory = "dnsmasq";
      fleet.security.isolation.services.dnsmasq = {
        # It makes its folder its own before it gives up being root.
        capabilities = [
          "CAP_CHOWN"
          "CAP_DAC_OVERRIDE"
          "CAP_NET_ADMIN"
          "CAP_NET_BIND_SERVICE"
          "CAP_NET_RAW"
          "CAP_SETGID"
          "CAP_SETUID"
        ];
        namespaces = false;
      };
    })
  ];
}
