# What hosts do for others, and what keeps them doing it.
{
  imports = [
    ./app.nix
    ./backup.nix
    ./database.nix
    ./logs.nix
    ./monitoring.nix
    ./time.nix
    ./web.nix
  ];
}
