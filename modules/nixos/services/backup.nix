# Copies of folders to another place, on a schedule.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.backup;

  job = types.submodule (
    { name, ... }:
    {
      options = {
        paths = mkOption {
          type = types.nonEmptyListOf types.path;
          example = [ "/var/lib" ];
          description = "What is copied.";
        };
        target = mkOption {
          type = types.either types.path (types.strMatching "[a-z0-9.-]+:/.*");
          default = "/var/backup/${name}";
          example = "server:/backup/laptop";
          description = "Where it is copied to: a folder here, or on another host.";
        };
        schedule = mkOption {
          type = types.str;
          default = "daily";
          example = "Sun 03:00";
          description = "When, in the words of systemd.time(7).";
        };
        keep = mkOption {
          type = types.ints.positive;
          default = 7;
          description = "How many copies are kept.";
        };
      };
    }
  );
in
{
  options.fleet.services.backup = {
    enable = lib.mkEnableOption "backups";
    jobs = mkOption {
      type = types.attrsOf job;
      default = { };
      description = "The folders to copy, by a name of your choice.";
    };
  };

  config = lib.mkIf cfg.enable {
    warnings = lib.optional (cfg.jobs == { }) "fleet.services.backup is enabled, but there are no jobs.";
    systemd.services = lib.mapAttrs' (
      name: j:
      lib.nameValuePair "backup-${name}" {
        description = "Backup of ${lib.concatStringsSep ", " j.paths}";
        startAt = j.schedule;
        path = [ pkgs.openssh ];
        script = ''
          target=${lib.escapeShellArg j.target}
          stamp="$(date --utc +%Y%m%dT%H%M%SZ)"
          tar cf - ${lib.escapeShellArgs j.paths} | put-backup "$target" "$stamp" ${toString j.keep}
        '';
        serviceConfig = {
          Type = "oneshot";
          Nice = 19;
          ProtectHome = "read-only";
          PrivateTmp = true;
        };
      }
    ) cfg.jobs;
  };
}
