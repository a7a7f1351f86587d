# What people use.
{
  imports = [
    ./desktop.nix
    ./development.nix
    ./games.nix
    ./packages
    ./shell.nix
    ./theme.nix
  ];
}
