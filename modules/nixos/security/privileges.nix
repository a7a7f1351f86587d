# What users may do besides using their own account. Root has no password, so that
# there is always a person behind what root does; operators may do a few things
# without becoming root.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.security.privileges;
in
{
  options.fleet.security.privileges = {
    enable = lib.mkEnableOption "the fleet's rules on privileges" // {
      default = true;
    };
    operators = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "bob" ];
      description = "Users who may restart the services in `restartable` without being administrators.";
    };
    restartable = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "nginx" ];
      description = "Services that operators may restart.";
    };
    processes = mkOption {
      type = types.ints.positive;
      default = 8192;
      description = "How many processes a user may have at once.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = map (name: {
      assertion = config.fleet.base.users.people ? ${name};
      message = "fleet.security.privileges.operators has ‘${name}’, who is not one of the host's users";
    }) cfg.operators;

    users.users.root.hashedPassword = "!";
    security.pam.loginLimits = [
      {
        domain = "@users";
        type = "hard";
        item = "nproc";
        value = toString cfg.processes;
      }
      # A core dump of somebody's password store helps nobody.
      {
        domain = "*";
        type = "hard";
        item = "core";
        value = "0";
      }
    ];
    # By polkit and not by sudo: the operators' rule needs no program that runs as root.
    security.polkit = lib.mkIf (cfg.operators != [ ]) {
      enable = true;
      extraConfig = ''
        polkit.addRule(function (action, subject) {
          const operators = ${builtins.toJSON cfg.operators};
          const units = ${builtins.toJSON (map (name: "${name}.service") cfg.restartable)};
          if (action.id == "org.freedesktop.systemd1.manage-units"
              && action.lookup("verb") == "restart"
              && units.includes(action.lookup("unit"))
              && operators.includes(subject.user)) {
            return polkit.Result.YES;
          }
        });
      '';
    };
  };
}
