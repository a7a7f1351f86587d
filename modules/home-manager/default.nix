# All home-manager modules of the fleet, for homes on its hosts and elsewhere.
{
  imports = [
    ./desktop.nix
    ./editor.nix
    ./git.nix
    ./shell.nix
  ];
}
