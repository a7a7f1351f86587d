# For testing what one is allowed to test: networks, passwords, protocols.
import ../../../../lib/package-list.nix {
  name = "hack";
  purpose = "tools for testing the security of one's own networks";
  packages = pkgs: [
    pkgs.hashcat
    pkgs.john
    pkgs.nmap
    pkgs.socat
    pkgs.tcpdump
    pkgs.wireshark-cli
  ];
}
