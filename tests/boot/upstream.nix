# Puts nixpkgs's own `switch-to-configuration` in the place of the stand-in's. The
# first argument is a path to the program. What it has to know about its system is
# in its environment, as in nixpkgs.
program:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) escapeShellArg;
  upstream = builtins.path {
    path = program;
    name = "switch-to-configuration-of-nixpkgs";
  };
  wrapper = pkgs.writeScript "switch-to-configuration" ''
    #!${pkgs.runtimeShell} -e
    export OUT=@out@
    export TOPLEVEL=@out@
    export DISTRO_ID=${escapeShellArg config.system.nixos.distroId}
    export INSTALL_BOOTLOADER=${escapeShellArg "${config.system.build.installBootLoader}"}
    export PRE_SWITCH_CHECK=${escapeShellArg config.system.preSwitchChecksScript}
    ${lib.optionalString (
      config.i18n.glibcLocales != null
    ) "export LOCALE_ARCHIVE=${config.i18n.glibcLocales}/lib/locale/locale-archive"}
    export SYSTEMD=${config.systemd.package}
    exec -a "$0" ${upstream} "$@"
  '';
in
{
  system.activatableSystemBuilderCommands = lib.mkAfter ''
    sed "s|@out@|$out|g" ${wrapper} > $out/bin/switch-to-configuration
  '';
}
