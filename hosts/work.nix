# Alice's home on the machine of her employer, who looks after the system and does
# not want private mail addresses in its commits.
{
  fleet = {
    development.git = {
      name = "Alice Example";
      email = "alice@work.example";
    };
    development.direnv.enable = true;
    shells.zsh.enable = true;
    shells.prompt.enable = true;
    utilities.tmux.enable = true;
  };
}
