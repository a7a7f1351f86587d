# The journal tells when a network interface goes up or down: on machines that travel,
# that is the first question when something does not work. The program is one that
# somebody publishes in the Nix User Repository; it is small enough to be read, and
# runs in a sandbox.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.networking.links;
in
{
  imports = [ inputs.nur.repos.uplink.nixosModules.link-watch ];

  options.fleet.networking.links = {
    enable = lib.mkEnableOption "telling when network interfaces go up or down";
    interval = mkOption {
      type = types.ints.positive;
      default = 5;
      description = "Seconds between two looks.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.link-watch = {
      enable = true;
      inherit (cfg) interval;
    };
  };
}
