# A database server; each application gets a database and a user of its own name.
# It listens to programs on the same host only.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.database;
  inherit (config.fleet.services) backup;
in
{
  options.fleet.services.database = {
    enable = lib.mkEnableOption "a PostgreSQL database server";
    applications = mkOption {
      type = types.listOf (types.strMatching "[a-z_][a-z0-9_]*");
      default = [ ];
      example = [ "wiki" ];
      description = "Applications that have a database.";
    };
    memory = mkOption {
      type = types.strMatching "[0-9]+(MB|GB)";
      default = "256MB";
      description = "Memory for shared buffers.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.postgresql = {
      enable = true;
      enableTCPIP = false;
      ensureDatabases = cfg.applications;
      ensureUsers = map (name: {
        inherit name;
        ensureDBOwnership = true;
      }) cfg.applications;
      settings.shared_buffers = cfg.memory;
    };
    # The files of a database that runs are no backup of it, so its backup is preceded
    # by a dump.
    fleet.services.backup.jobs.database = lib.mkIf backup.enable {
      paths = [ "/var/lib/database-dump" ];
    };
    systemd.services.database-dump = lib.mkIf backup.enable {
      description = "Dump of all databases";
      after = [ "postgresql.service" ];
      before = [ "backup-database.service" ];
      requiredBy = [ "backup-database.service" ];
      path = [ config.services.postgresql.package ];
      script = ''
        pg_dumpall --clean --if-exists > "$STATE_DIRECTORY/all.sql.part"
        mv "$STATE_DIRECTORY/all.sql.part" "$STATE_DIRECTORY/all.sql"
      '';
      serviceConfig = {
        Type = "oneshot";
        User = "postgres";
        StateDirectory = "database-dump";
        StateDirectoryMode = "0700";
      };
    };
    fleet.security.isolation.services.database-dump = lib.mkIf backup.enable { network = false; };
  };
}
