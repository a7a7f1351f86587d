# The addresses and public keys of the hosts, which all hosts know. A host that is
# not here takes the address that it is given, and is found by nobody.
{
  server = {
    address = "192.0.2.10";
    vpnAddress = "198.51.100.10";
    vpnEndpoint = "fleet.example.org:51820";
    vpnKey = "XFD26zQqwzFgaJTdl3L8S2V0ZmeXV/LgtW/EQ3KuI1k=";
  };
  board.address = "192.0.2.20";
  nixos = {
    vpnAddress = "198.51.100.2";
    vpnKey = "Zj/osqWgLf3n0OnizrCt7AeZFTuQKurxemT/G8hhAzM=";
  };
  laptop = {
    vpnAddress = "198.51.100.3";
    vpnKey = "LiL2UIlw5A/2Ug8NM6w42E1RYVy+kN38hiGv90KDA2A=";
  };
}
