# What a host is for. A role only moves defaults, so a host may differ in anything.
{ config, lib, ... }:
let
  inherit (lib)
    mkDefault
    mkIf
    mkMerge
    mkOption
    types
    ;
  cfg = config.fleet.base.role;
  role = name: cfg.name == name;
  hasScreen = role "desktop" || role "laptop";
  # A default of the role that is stronger than that of the option.
  usually = mkDefault true;
in
{
  options.fleet.base.role = {
    enable = lib.mkEnableOption "the defaults that go with the host's role" // {
      default = true;
    };
    name = mkOption {
      type = types.enum [
        "desktop"
        "laptop"
        "server"
        "board"
        "container"
      ];
      default = "server";
      description = "What the host is for.";
    };
  };

  config = mkIf cfg.enable (mkMerge [
    (mkIf hasScreen {
      fleet.hardware = {
        audio.enable = usually;
        firmware.updates = usually;
        graphics.enable = usually;
        printing.enable = usually;
      };
      fleet.networking = {
        dns.enable = usually;
        wireless.enable = usually;
      };
      fleet.programs = {
        desktop.enable = usually;
        packages.cli.enable = usually;
        theme.enable = usually;
      };
    })
    (mkIf (role "laptop") {
      fleet.hardware = {
        battery.enable = usually;
        bluetooth.enable = usually;
      };
      # It is carried into networks that nobody of us looks after.
      fleet.security.hardening.level = mkDefault "strict";
    })
    (mkIf (role "server" || role "board") {
      fleet.security = {
        ssh.enable = usually;
        sudo.passwordless = usually;
      };
      fleet.services.monitoring.enable = usually;
    })
    (mkIf (role "server") {
      # It can be reached from everywhere.
      fleet.security = {
        bans.enable = usually;
        hardening.level = mkDefault "strict";
      };
    })
    (mkIf (role "board") {
      fleet.base.boot = {
        loader = mkDefault "extlinux";
        generations = mkDefault 3;
      };
      fleet.base.nix.keepDays = mkDefault 7;
    })
    (mkIf (role "container") {
      # Its kernel, its time and its name server are those of the machine around it.
      fleet.security.hardening.enable = mkDefault false;
      fleet.security.ssh.enable = usually;
      fleet.programs.packages.base.enable = mkDefault false;
      fleet.services.time.enable = mkDefault false;
      fleet.base.nix.collectGarbage = mkDefault false;
    })
  ]);
}
