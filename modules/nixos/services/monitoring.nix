# Measurements of every host (load, memory, disks, failed units), and one host that
# collects them. Hosts show theirs to the fleet's private network only.
#
# The host named `collector` asks all others that the fleet's table of hosts knows.
{ config, lib, ... }:
let
  inherit (lib)
    mkIf
    mkMerge
    mkOption
    types
    ;
  cfg = config.fleet.services.monitoring;
  inherit (config.fleet.networking) hosts;
  isCollector = config.networking.hostName == cfg.collector;
  # Where a host is asked: in the private network if it is in it.
  addressOf = host: if host.vpnAddress != null then host.vpnAddress else host.address;
  asked = lib.filterAttrs (_name: host: addressOf host != null) hosts.table;
in
{
  options.fleet.services.monitoring = {
    enable = lib.mkEnableOption "measurements of this host";
    collector = mkOption {
      type = types.str;
      default = "nixos";
      description = "The name of the host that collects everybody's measurements.";
    };
    port = mkOption {
      type = types.port;
      default = 9100;
      description = "Where a host shows its measurements.";
    };
    keep = mkOption {
      type = types.strMatching "[0-9]+[dwy]";
      default = "90d";
      description = "How long the collector keeps them.";
    };
  };

  config = mkIf cfg.enable (mkMerge [
    {
      services.prometheus.exporters.node = {
        enable = true;
        inherit (cfg) port;
        enabledCollectors = [ "systemd" ];
      };
      fleet.networking.firewall.fromFleet = [ cfg.port ];
    }
    (mkIf isCollector {
      services.prometheus = {
        enable = true;
        listenAddress = "127.0.0.1";
        retentionTime = cfg.keep;
        globalConfig.scrape_interval = "1m";
        scrapeConfigs = [
          {
            job_name = "hosts";
            static_configs = lib.mapAttrsToList (name: host: {
              targets = [ "${addressOf host}:${toString cfg.port}" ];
              labels.host = name;
            }) asked;
          }
        ];
      };
    })
  ]);
}
