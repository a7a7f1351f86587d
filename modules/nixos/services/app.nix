# The fleet's own application, from a flake of its own: package and service come
# from there, and what only the fleet knows is said here.
{ config, lib, ... }:
let
  inherit (config.fleet.security) secrets;
  inherit (lib) mkOption types;
  cfg = config.fleet.services.app;
in
{
  options.fleet.services.app = {
    enable = lib.mkEnableOption "the fleet's application";
    port = mkOption {
      type = types.port;
      default = 8080;
      description = "Where it listens, for the web server on the same host.";
    };
    site = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "app.example.org";
      description = "The name under which the web server shows it, or null.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.fleet-app = {
      enable = true;
      inherit (cfg) port;
      # Who wants to know how the host is must say this.
      tokenFile = lib.mkIf secrets.enable config.sops.secrets."fleet-app/token".path;
    };
    fleet.security.secrets.names = lib.mkIf secrets.enable [ "fleet-app/token" ];
    fleet.security.isolation.services.fleet-app = { };
    fleet.services.web.sites = lib.mkIf (cfg.site != null) {
      ${cfg.site} = { inherit (cfg) port; };
    };
  };
}
