# Names, addresses, and networks without wires.
{
  imports = [
    ./lan.nix
    ./wireless.nix
  ];
}
