# Small programs that one uses without noticing.
{
  imports = [
    ./bat.nix
    ./fzf.nix
    ./gpg.nix
    ./notes.nix
    ./secrets.nix
    ./ssh.nix
    ./tmux.nix
  ];
}
