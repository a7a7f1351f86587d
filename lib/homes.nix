# Homes on machines that somebody else looks after: home-manager without NixOS, with
# the same modules and packages as on the fleet's own hosts.
{ inputs, overlays }:
let
  inherit (inputs.nixpkgs) lib;

  # The packages of a system, with the fleet's overlays.
  pkgsFor =
    system:
    import inputs.nixpkgs {
      inherit system;
      overlays = [ overlays.default ];
    };

  # One home. The part of its name before the `@` is the user's name.
  mkHome =
    name:
    {
      system,
      modules ? [ ],
      username ? lib.head (lib.splitString "@" name),
    }:
    inputs.home-manager.lib.homeManagerConfiguration {
      pkgs = pkgsFor system;
      extraSpecialArgs = { inherit inputs; };
      modules = [
        ../modules/home-manager
        {
          home = {
            inherit username;
            homeDirectory = lib.mkDefault "/home/${username}";
            stateVersion = lib.mkDefault "26.05";
          };
        }
      ]
      ++ modules;
    };
in
{
  inherit pkgsFor;

  # { "user@place" = settings; } to { "user@place" = home; }.
  mkHomes = lib.mapAttrs mkHome;
}
