# Makes a NixOS module of a list of packages: `fleet.programs.packages.<name>` with an
# `enable`, with packages that a host wants besides, and with those it does not want.
{
  # The name of the list.
  name,
  # What the packages are for, as the end of "Whether to enable …".
  purpose,
  # From the package set to the list.
  packages,
  # Whether hosts have them unless they say otherwise.
  default ? false,
}:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.programs.packages.${name};
  all = packages pkgs;
  unknown = lib.subtractLists (map lib.getName all) cfg.exclude;
in
{
  options.fleet.programs.packages.${name} = {
    enable = lib.mkEnableOption purpose // {
      inherit default;
    };
    extraPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.hello ]";
      description = "Packages besides those of the list.";
    };
    exclude = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "htop" ];
      description = "Names of packages of the list that are left out.";
    };
  };
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = unknown == [ ];
        message = "fleet.programs.packages.${name}.exclude names what is not in the list: ${toString unknown}";
      }
    ];
    environment.systemPackages =
      lib.filter (package: !lib.elem (lib.getName package) cfg.exclude) all ++ cfg.extraPackages;
  };
}
