# The homes of a host's users, by home-manager.
{
  config,
  lib,
  inputs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.homes;
  withHome = lib.filterAttrs (_name: user: user.home.enable) config.fleet.users;
in
{
  options.fleet.homes = {
    enable = lib.mkEnableOption "homes for the users of this host" // {
      default = true;
    };
    modules = mkOption {
      type = types.listOf types.deferredModule;
      default = [ ];
      description = "Modules for every home on this host.";
    };
  };

  config = lib.mkIf cfg.enable {
    home-manager = {
      useGlobalPkgs = true;
      useUserPackages = true;
      backupFileExtension = "before-home-manager";
      extraSpecialArgs = { inherit inputs; };
      sharedModules = [ ../../home-manager ] ++ cfg.modules;
      users = lib.mapAttrs (_name: user: {
        imports = user.home.modules;
        home.stateVersion = lib.mkDefault config.system.stateVersion;
        fleet.git.email = lib.mkIf (user.email != null) user.email;
        fleet.git.name = lib.mkDefault user.description;
      }) withHome;
    };
  };
}
