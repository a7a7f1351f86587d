# Services for the boot test, one for each way in which a switch treats a unit
# that has changed.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.test;
  # Says a word in /run and waits.
  saying = word: settings: {
    wantedBy = [ "multi-user.target" ];
    script = ''
      echo ${word} > "/run/$1"
      exec sleep infinity
    '';
    scriptArgs = "%N";
  }
  // settings;
in
{
  options.test = {
    word = mkOption {
      type = types.str;
      default = "old";
      description = "What the services that change say.";
    };
    removed.enable = lib.mkEnableOption "the service that goes" // {
      default = true;
    };
    added.enable = lib.mkEnableOption "the service that comes";
  };
  config = {
    # Compared at a switch; another value asks for a reboot.
    system.switch.inhibitors.test = lib.mkDefault "1";

    systemd.services = {
      test-constant = saying "always" { };
      # Stopped before the activation and started after it.
      test-changed = saying cfg.word { };
      # Restarted at once.
      test-restarted = saying cfg.word { stopIfChanged = false; };
      # Left alone until the next boot.
      test-kept = saying cfg.word { restartIfChanged = false; };
      # Told to read its configuration again.
      test-reloaded = saying "always" {
        reloadTriggers = [ cfg.word ];
        reload = ''
          echo reloaded > /run/test-reloaded
        '';
      };
      test-removed = lib.mkIf cfg.removed.enable (saying "always" { });
      test-added = lib.mkIf cfg.added.enable (saying "always" { });
    };

    # Of each user who is there.
    systemd.user.services.test-user = {
      wantedBy = [ "default.target" ];
      script = ''
        echo ${cfg.word} > "$XDG_RUNTIME_DIR/test-user"
        exec sleep infinity
      '';
    };
  };
}
