# Names and addresses, who may connect, and networks without wires.
{
  imports = [
    ./dns.nix
    ./firewall.nix
    ./hosts.nix
    ./lan.nix
    ./links.nix
    ./vpn.nix
    ./wireless.nix
  ];
}
