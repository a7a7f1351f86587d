# Applications that only come as container images. Each runs without privileges,
# and is reached from the same host only.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.virtualisation.containers;

  application = types.submodule {
    options = {
      image = mkOption {
        # A name that can move is a program that nobody has tested.
        type = types.strMatching ".+[:@].+" // {
          description = "name of an image with its version";
        };
        example = "registry.example.org/wiki:4.2";
        description = "The image, with its version.";
      };
      ports = mkOption {
        type = types.attrsOf types.port;
        default = { };
        example = {
          "8081" = 80;
        };
        description = "Ports of this host, each with the port inside the container that it leads to.";
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "The application's settings. Everybody can read them, so secrets belong into `secrets`.";
      };
      secrets = mkOption {
        type = types.listOf types.path;
        default = [ ];
        description = "Files with more settings, which only root can read.";
      };
    };
  };
in
{
  options.fleet.virtualisation.containers = {
    enable = lib.mkEnableOption "applications in containers";
    applications = mkOption {
      type = types.attrsOf application;
      default = { };
      description = "The applications, by a name of your choice.";
    };
  };
  config = lib.mkIf cfg.enable {
    fleet.virtualisation.podman.enable = lib.mkDefault true;
    virtualisation.oci-containers = {
      backend = "podman";
      containers = lib.mapAttrs (_name: a: {
        inherit (a) image environment;
        environmentFiles = a.secrets;
        ports = lib.mapAttrsToList (outer: inner: "127.0.0.1:${outer}:${toString inner}") a.ports;
        extraOptions = [
          "--cap-drop=all"
          "--read-only"
          "--security-opt=no-new-privileges"
        ];
      }) cfg.applications;
    };
  };
}
