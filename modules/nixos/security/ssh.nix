# SSH with keys only: nobody comes in by a password, and root not at all.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.security.ssh;
  inherit (config.fleet.base.users) people;
in
{
  options.fleet.security.ssh = {
    enable = lib.mkEnableOption "remote access by SSH";
    port = mkOption {
      type = types.port;
      default = 22;
      description = "The port that is open for SSH.";
    };
    onlyFrom = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "wg0" ];
      description = "Interfaces on which SSH is reachable; an empty list means all.";
    };
  };
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = people == { } || lib.any (user: user.keys != [ ]) (lib.attrValues people);
        message = "fleet.security.ssh is enabled on ${config.networking.hostName}, but none of its users has a key";
      }
    ];
    services.openssh = {
      enable = true;
      ports = [ cfg.port ];
      openFirewall = cfg.onlyFrom == [ ];
      # By this key the host is known to others, and reads its secrets.
      hostKeys = [
        {
          path = "/etc/ssh/ssh_host_ed25519_key";
          type = "ed25519";
        }
      ];
      settings = {
        PasswordAuthentication = false;
        KbdInteractiveAuthentication = false;
        PermitRootLogin = mkDefault "no";
        X11Forwarding = false;
        AllowGroups = [ "users" ];
      };
    };
    networking.firewall.interfaces = lib.genAttrs cfg.onlyFrom (_: {
      allowedTCPPorts = [ cfg.port ];
    });
  };
}
