# Lists of packages, by what they are for.
{
  imports = [
    ./ai.nix
    ./base.nix
    ./cli.nix
    ./dev.nix
    ./hack.nix
    ./money.nix
  ];
}
