# The fleet's private network, by WireGuard: each host has a tunnel to those that
# can be reached from everywhere. Keys stand in hosts/network.nix, their private
# halves in the host's secrets.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.networking.vpn;
  inherit (config.fleet.networking) hosts;

  members = lib.filterAttrs (_name: host: host.vpnKey != null && host.vpnAddress != null) hosts.table;
  isEntrance = host: host.vpnEndpoint != null;
  others = removeAttrs members [ config.networking.hostName ];
  # Behind an entrance is the whole network; otherwise only entrances are called.
  peers =
    if isEntrance hosts.self then others else lib.filterAttrs (_name: isEntrance) others;
in
{
  options.fleet.networking.vpn = {
    enable = lib.mkEnableOption "the fleet's private network";
    interface = mkOption {
      type = types.strMatching "[a-z][a-z0-9-]{0,14}";
      default = "wg0";
      description = "What the interface is called.";
    };
    network = mkOption {
      type = types.str;
      default = "198.51.100.0/24";
      description = "The addresses of the private network.";
    };
    port = mkOption {
      type = types.port;
      default = 51820;
      description = "The port on which an entrance listens.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = members ? ${config.networking.hostName};
        message = "fleet.networking.vpn is enabled on ${config.networking.hostName}, which has no key and address in hosts/network.nix";
      }
      {
        assertion = config.fleet.security.secrets.enable;
        message = "fleet.networking.vpn needs the host's secrets (fleet.security.secrets.enable)";
      }
    ];
    fleet.security.secrets.names = [ "wireguard/key" ];
    # Where networkd makes the tunnel, it reads the key itself.
    sops.secrets."wireguard/key".owner = lib.mkIf config.networking.useNetworkd "systemd-network";
    networking.wireguard.interfaces.${cfg.interface} = {
      ips = lib.optional (hosts.self.vpnAddress != null) "${hosts.self.vpnAddress}/24";
      listenPort = lib.mkIf (isEntrance hosts.self) cfg.port;
      privateKeyFile = config.sops.secrets."wireguard/key".path;
      peers = lib.mapAttrsToList (name: host: {
        inherit name;
        publicKey = host.vpnKey;
        endpoint = host.vpnEndpoint;
        allowedIPs = if isEntrance host then [ cfg.network ] else [ "${host.vpnAddress}/32" ];
        # Keeps the way open through other people's routers.
        persistentKeepalive = if isEntrance host then 25 else null;
      }) peers;
    };
    networking.firewall.allowedUDPPorts = lib.optional (isEntrance hosts.self) cfg.port;
  };
}
