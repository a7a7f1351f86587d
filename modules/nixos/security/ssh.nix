# SSH with keys only.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.fleet.security.ssh;
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
        assertion = config.fleet.users == { } || lib.any (u: u.keys != [ ]) (lib.attrValues config.fleet.users);
        message = "fleet.security.ssh is enabled on ${config.networking.hostName}, but none of its users has a key";
      }
    ];
    services.openssh = {
      enable = true;
      ports = [ cfg.port ];
      openFirewall = cfg.onlyFrom == [ ];
      settings = {
        PasswordAuthentication = false;
        KbdInteractiveAuthentication = false;
        PermitRootLogin = mkDefault "no";
      };
    };
    networking.firewall.interfaces = lib.genAttrs cfg.onlyFrom (_: {
      allowedTCPPorts = [ cfg.port ];
    });
  };
}
