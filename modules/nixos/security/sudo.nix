# Who may become root: administrators, who are in the group `wheel`, and nobody else.
{ config, lib, ... }:
let
  cfg = config.fleet.security.sudo;
in
{
  options.fleet.security.sudo = {
    enable = lib.mkEnableOption "sudo, for administrators only" // {
      default = true;
    };
    passwordless = lib.mkEnableOption "administration without a password, for hosts that are only reached by SSH keys";
  };
  config = lib.mkIf cfg.enable {
    security.sudo = {
      enable = true;
      # Others cannot even start it, so they cannot use its mistakes either.
      execWheelOnly = true;
      # cfgcheck: allow(sudo-passwordless) hosts that are reached by SSH keys only, whose administrators need no password
      wheelNeedsPassword = !cfg.passwordless;
    };
    warnings =
      lib.optional (cfg.passwordless && config.fleet.programs.desktop.enable)
        "fleet.security.sudo.passwordless is set on a desktop: any program of an administrator can become root.";
  };
}
