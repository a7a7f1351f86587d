# Who is who in the fleet: one table of hosts, the same everywhere, from which each
# host knows the others by name and finds its own addresses by its own name.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.networking.hosts;
  named = lib.filterAttrs (_name: host: host.address != null) cfg.table;

  host = types.submodule {
    options = {
      address = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "192.0.2.10";
        description = "The address on the local network, for hosts that keep one.";
      };
      vpnAddress = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "198.51.100.10";
        description = "The address in the fleet's private network.";
      };
      vpnKey = mkOption {
        type = types.nullOr (types.strMatching "[A-Za-z0-9+/]{43}=");
        default = null;
        description = "The public WireGuard key.";
      };
      vpnEndpoint = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "fleet.example.org:51820";
        description = "Where the private network is entered, at hosts that can be reached from everywhere.";
      };
      sshKey = mkOption {
        type = types.nullOr (types.strMatching "ssh-ed25519 .+");
        default = null;
        description = "The public key by which SSH knows the host.";
      };
    };
  };
in
{
  options.fleet.networking.hosts = {
    enable = lib.mkEnableOption "knowing the other hosts by name" // {
      default = true;
    };
    domain = mkOption {
      type = types.str;
      default = "home.arpa";
      description = "The domain of the fleet.";
    };
    table = mkOption {
      type = types.attrsOf host;
      default = { };
      description = "The hosts of the fleet by their names; `hosts/network.nix` lists them.";
    };
    self = mkOption {
      type = host;
      default = cfg.table.${config.networking.hostName} or { };
      defaultText = lib.literalExpression "config.fleet.networking.hosts.table.\${config.networking.hostName} or { }";
      description = "What the table says about this host itself.";
    };
  };

  config = lib.mkIf cfg.enable {
    networking.domain = lib.mkDefault cfg.domain;
    networking.hosts = lib.mapAttrs' (
      name: h:
      lib.nameValuePair h.address [
        "${name}.${cfg.domain}"
        name
      ]
    ) (removeAttrs named [ config.networking.hostName ]);
    # Nobody is asked whether a host's key is the right one.
    programs.ssh.knownHosts = lib.mapAttrs (name: h: {
      hostNames = [
        name
        "${name}.${cfg.domain}"
      ]
      ++ lib.filter (address: address != null) [
        h.address
        h.vpnAddress
      ];
      publicKey = h.sshKey;
    }) (lib.filterAttrs (_name: h: h.sshKey != null) cfg.table);
  };
}
