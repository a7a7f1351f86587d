# Reaching other hosts by SSH: one connection serves all windows, keys are asked for
# once, and no host gets to use them.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.utilities.ssh;
in
{
  options.fleet.utilities.ssh = {
    enable = lib.mkEnableOption "the configuration of the SSH client" // {
      default = true;
    };
    hosts = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        web = "www.example.org";
      };
      description = "Short names of hosts, each with its address.";
    };
  };
  config = lib.mkIf cfg.enable {
    programs.ssh = {
      enable = true;
      enableDefaultConfig = false;
      settings = {
        "*" = {
          AddKeysToAgent = "1h";
          ControlMaster = "auto";
          ControlPath = "~/.ssh/control-%C";
          ControlPersist = "5m";
          ForwardAgent = false;
          HashKnownHosts = true;
        };
      }
      // lib.mapAttrs (_name: address: { HostName = address; }) cfg.hosts;
    };
    services.ssh-agent.enable = true;
  };
}
