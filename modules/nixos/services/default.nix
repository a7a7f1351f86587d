# What hosts do for others.
{
  imports = [
    ./backup.nix
    ./database.nix
    ./web.nix
  ];
}
