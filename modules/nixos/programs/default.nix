# What people use.
{
  imports = [
    ./cli.nix
    ./desktop.nix
    ./development.nix
    ./games.nix
  ];
}
