# A web server: sites are folders, or applications behind it.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.services.web;

  site = types.submodule {
    options = {
      root = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = "/srv/www";
        description = "A folder to serve.";
      };
      port = mkOption {
        type = types.nullOr types.port;
        default = null;
        example = 8080;
        description = "The local port of an application to pass requests to.";
      };
      aliases = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Other names of the site.";
      };
      certificates = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = "/var/lib/certificates/example.org";
        description = "A folder with `cert.pem` and `key.pem`; with it the site is served encrypted only.";
      };
    };
  };
in
{
  options.fleet.services.web = {
    enable = lib.mkEnableOption "a web server";
    sites = mkOption {
      type = types.attrsOf site;
      default = { };
      description = "The sites, by their names.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = lib.mapAttrsToList (name: s: {
      assertion = (s.root == null) != (s.port == null);
      message = "fleet.services.web.sites.\"${name}\" needs either a `root` or a `port`";
    }) cfg.sites;

    networking.firewall.allowedTCPPorts = [
      80
      443
    ];
    services.nginx = {
      enable = true;
      recommendedGzipSettings = true;
      recommendedProxySettings = true;
      recommendedTlsSettings = true;
      virtualHosts = lib.mapAttrs (_name: s: {
        serverAliases = s.aliases;
        forceSSL = s.certificates != null;
        sslCertificate = lib.mkIf (s.certificates != null) "${s.certificates}/cert.pem";
        sslCertificateKey = lib.mkIf (s.certificates != null) "${s.certificates}/key.pem";
        locations."/" =
          if s.port != null then
            { proxyPass = "http://127.0.0.1:${toString s.port}"; }
          else
            { inherit (s) root; };
      }) cfg.sites;
    };
    # Its own module isolates it already; this takes from it what is left.
    fleet.security.isolation.services.nginx.capabilities = [
      "CAP_NET_BIND_SERVICE"
      "CAP_SYS_RESOURCE"
    ];
  };
}
