# The homes of a host's users, by home-manager. Users are the system's business;
# what they like is said in their home modules, which never need root.
{
  config,
  lib,
  inputs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.base.homes;
  users = config.fleet.base.users.people;
  withHome = lib.filterAttrs (_name: user: user.home.enable) users;
in
{
  options.fleet.base.homes = {
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
        fleet.development.git = {
          email = lib.mkIf (user.email != null) user.email;
          name = lib.mkDefault user.description;
        };
      }) withHome;
    };
  };
}
