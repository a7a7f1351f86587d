# A database server; each application gets a database and a user of its own name.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.database;
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
      ensureDatabases = cfg.applications;
      ensureUsers = map (name: {
        inherit name;
        ensureDBOwnership = true;
      }) cfg.applications;
      settings.shared_buffers = cfg.memory;
    };
    fleet.services.backup.jobs.database = lib.mkIf config.fleet.services.backup.enable {
      paths = [ config.services.postgresql.dataDir ];
    };
  };
}
