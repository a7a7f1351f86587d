# Who may become root.
{ config, lib, ... }:
let
  cfg = config.fleet.security.sudo;
in
{
  options.fleet.security.sudo.passwordless = lib.mkEnableOption "administration without a password, for hosts that are only reached by SSH keys";
  config = {
    security.sudo = {
      execWheelOnly = true;
      wheelNeedsPassword = !cfg.passwordless;
    };
    warnings = lib.optional (
      cfg.passwordless && config.fleet.programs.desktop.enable
    ) "fleet.security.sudo.passwordless is set on a desktop: any program of an administrator can become root.";
  };
}
