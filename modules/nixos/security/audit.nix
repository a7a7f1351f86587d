# A record of what matters: changes of accounts, of the configuration in the store's
# profiles, and of what runs as root.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.security.audit;
in
{
  options.fleet.security.audit = {
    enable = lib.mkEnableOption "recording what administrators and programs with privileges do";
    watch = mkOption {
      type = types.listOf types.path;
      default = [
        "/etc/shadow"
        "/nix/var/nix/profiles"
      ];
      description = "Files and folders whose changes are recorded.";
    };
    commands = lib.mkEnableOption "recording every program that is run as root by a person" // {
      default = true;
    };
  };
  config = lib.mkIf cfg.enable {
    security.auditd.enable = true;
    security.audit = {
      enable = true;
      rules =
        map (path: "-w ${path} -p wa -k changed") cfg.watch
        ++ lib.optional cfg.commands "-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=unset -k as-root";
    };
  };
}
