# Copies of folders to another place, on a schedule. Unchanged files are links into
# the copy before, so each copy is whole and takes little room.
#
# The host named `collector` keeps everybody's copies and makes room for them;
# every other host sends its own there.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.backup;
  self = config.networking.hostName;
  isCollector = self == cfg.collector;

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
          default =
            lib.optionalString (!isCollector) "${cfg.collector}:" + "${cfg.storage}/${self}/${name}";
          defaultText = lib.literalMD "the host's folder at the collector";
          example = "server:/backup/laptop";
          description = "Where it is copied to: a folder here, or on another host.";
        };
        schedule = mkOption {
          type = types.str;
          default = "daily";
          example = "Sun 03:00";
          description = "When, in the words of {manpage}`systemd.time(7)`.";
        };
        keep = mkOption {
          type = types.ints.positive;
          default = 7;
          description = "How many copies are kept.";
        };
      };
    }
  );

  # One job as a script. `at` runs a command where the copies are.
  script =
    j:
    let
      remote = lib.match "([a-z0-9.-]+):(/.*)" (toString j.target);
      folder = if remote == null then toString j.target else lib.elemAt remote 1;
    in
    ''
      stamp="$(date --utc +%Y%m%dT%H%M%SZ)"
      folder=${lib.escapeShellArg folder}
      ${
        if remote == null then
          ''
            at() { eval "$1"; }
            to="$folder"
          ''
        else
          ''
            at() { ssh -o BatchMode=yes ${lib.escapeShellArg (lib.head remote)} "$1"; }
            to=${lib.escapeShellArg (lib.head remote)}:"$folder"
          ''
      }
      at "mkdir -p '$folder'"
      rsync --archive --hard-links --relative --delete --link-dest="../latest" \
        ${lib.escapeShellArgs j.paths} "$to/$stamp.part/"
      at "cd '$folder' && mv '$stamp.part' '$stamp' && ln -sfn '$stamp' latest"
      at "cd '$folder' && ls -d 2* | sort -r | tail -n +${toString (j.keep + 1)} | xargs -r rm -rf"
    '';
in
{
  options.fleet.services.backup = {
    enable = lib.mkEnableOption "backups of this host";
    collector = mkOption {
      type = types.str;
      default = "server";
      description = "The name of the host that keeps the copies.";
    };
    storage = mkOption {
      type = types.path;
      default = "/srv/backup";
      description = "The folder at the collector.";
    };
    jobs = mkOption {
      type = types.attrsOf job;
      default = { };
      description = "The folders to copy, by a name of your choice.";
    };
  };

  config = lib.mkIf cfg.enable {
    warnings =
      lib.optional (cfg.jobs == { } && !isCollector)
        "fleet.services.backup is enabled on ${self}, but there are no jobs.";
    systemd.tmpfiles.rules = lib.optional isCollector "d ${cfg.storage} 0750 root wheel -";
    systemd.services = lib.mapAttrs' (
      name: j:
      lib.nameValuePair "backup-${name}" {
        description = "Backup of ${lib.concatStringsSep ", " j.paths}";
        startAt = j.schedule;
        after = [ "network-online.target" ];
        wants = [ "network-online.target" ];
        path = [
          pkgs.openssh
          pkgs.rsync
        ];
        script = script j;
        serviceConfig = {
          Type = "oneshot";
          Nice = 19;
        };
      }
    ) cfg.jobs;
    # It reads everything, and writes to one place.
    fleet.security.isolation.services = lib.mapAttrs' (
      name: _job:
      lib.nameValuePair "backup-${name}" {
        homes = "readable";
        writable = lib.optional isCollector cfg.storage;
        capabilities = [
          "CAP_DAC_READ_SEARCH"
        ]
        ++ lib.optionals isCollector [
          "CAP_CHOWN"
          "CAP_DAC_OVERRIDE"
          "CAP_FOWNER"
        ];
      }
    ) cfg.jobs;
  };
}
