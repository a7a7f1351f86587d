# cfgcheck on a host that it deploys to: the program, what ends a deployment that a power
# loss has left in the middle, and the timer by which a host brings itself to what is
# approved. Stands alone: a flake that is no part of this fleet imports it as
# `nixosModules.cfgcheck`.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib)
    mkEnableOption
    mkIf
    mkOption
    optional
    types
    ;
  cfg = config.services.cfgcheck;
  inherit (cfg) pull;
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

    pull = {
      enable = mkEnableOption "a timer that brings the host to the newest commit that its policy approves";
      from = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "ssh://git@git.example.org/fleet";
        description = "Where the repository is fetched from, if not from where the policy says.";
      };
      dir = mkOption {
        type = types.str;
        default = "";
        example = "nix";
        description = "The folder of the flake in the repository.";
      };
      host = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The host's name in its flake, if it is not that of the machine.";
      };
      fromCaches = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether the system that the signed verdict names is taken from the caches of the
          host's Nix, in place of evaluating and building it here.
        '';
      };
      startAt = mkOption {
        type = types.str;
        default = "*:0/5";
        description = "When it looks for something new, as systemd.time(7) has it.";
      };
      randomizedDelaySec = mkOption {
        type = types.str;
        default = "60s";
        description = "By how much that is put off at random, so that hosts do not come all at once.";
      };
      environmentFile = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "/run/secrets/cfgcheck";
        description = "A file with variables such as GITHUB_TOKEN, which only root may read.";
      };
      arguments = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [
          "--healthy-http"
          "http://localhost/"
        ];
        description = "More arguments of `cfgcheck pull`.";
      };
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

    systemd.services.cfgcheck-pull = mkIf pull.enable {
      description = "Bring this host to the newest commit that is approved";
      startAt = pull.startAt;
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      path = [
        config.nix.package
        pkgs.git
        pkgs.openssh
      ];
      environment.HOME = "/root";
      serviceConfig = {
        Type = "oneshot";
        ExecStart = utils.escapeSystemdExecArgs (
          [
            "${cfg.package}/bin/cfgcheck"
            "pull"
          ]
          ++ lib.optionals (pull.from != null) [
            "--from"
            pull.from
          ]
          ++ lib.optionals (pull.dir != "") [
            "--dir"
            pull.dir
          ]
          ++ lib.optionals (pull.host != null) [
            "--host"
            pull.host
          ]
          ++ optional pull.fromCaches "--from-caches"
          ++ pull.arguments
        );
        EnvironmentFile = optional (pull.environmentFile != null) pull.environmentFile;
        # What is not approved yet, and a reboot that is still to come, are no failures.
        SuccessExitStatus = "6 7";
      };
      # The deployment that it waits for may change it.
      restartIfChanged = false;
    };
    systemd.timers.cfgcheck-pull = mkIf pull.enable {
      timerConfig.RandomizedDelaySec = pull.randomizedDelaySec;
    };

    # What the service of this name is to the machine, for the homes of its users.
    systemd.user.services.cfgcheck-resume = {
      description = "End the deployment of a home that was left in the middle";
      wantedBy = [ "default.target" ];
      after = [ "default.target" ];
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${cfg.package}/bin/cfgcheck engine --home resume";
      };
      restartIfChanged = false;
      unitConfig.DefaultDependencies = false;
    };
  };
}
