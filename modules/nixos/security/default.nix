# Remote access, and protection from it.
{
  imports = [
    ./hardening.nix
    ./ssh.nix
    ./sudo.nix
  ];
}
