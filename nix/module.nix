# cfgcheck on a host that it deploys to: the program, and what ends a deployment that a
# power loss has left in the middle. Stands alone: a flake that is no part of this fleet
# imports it as `nixosModules.cfgcheck`.
{ config, lib, ... }:
let
  inherit (lib) mkEnableOption mkIf mkOption types;
  cfg = config.services.cfgcheck;
in
{
  options.services.cfgcheck = {
    enable = mkEnableOption "deployments by cfgcheck";
    package = mkOption {
      type = types.package;
      description = "The package of cfgcheck.";
    };
    policy = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = ''
        The policy that counts once a deployment of this system has come to its end under
        the one of before. The first one is enrolled by root: `cfgcheck switch --enroll`.
      '';
    };
  };

  config = mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    environment.etc."cfgcheck/policy.yaml" = mkIf (cfg.policy != null) { source = cfg.policy; };

    systemd.services.cfgcheck-resume = {
      description = "End a deployment that was left in the middle";
      wantedBy = [ "multi-user.target" ];
      # What it starts compares the machine's units with those of before, so that they have to be there.
      after = [ "multi-user.target" ];
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${cfg.package}/bin/cfgcheck engine resume";
      };
      # A switch is no boot.
      restartIfChanged = false;
      unitConfig.DefaultDependencies = false;
    };
  };
}
