# Remote access, privileges and secrets, and protection of and from services.
{
  imports = [
    ./audit.nix
    ./bans.nix
    ./hardening.nix
    ./isolation.nix
    ./privileges.nix
    ./secrets.nix
    ./ssh.nix
    ./sudo.nix
  ];
}
