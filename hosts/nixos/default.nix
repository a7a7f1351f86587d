# The desktop: two people, games, music, software development, accounts, and models
# that need its graphics card. It is always on, so it collects everybody's measurements.
{ lib, pkgs, ... }:
let
  people = import ../users.nix;
in
{
  imports = [
    ./hardware-configuration.nix
    ./disks.nix
  ];

  system.stateVersion = "26.05";

  fleet = {
    base = {
      role.name = "desktop";
      nix.accessTokens = true;
      boot.latestKernel = true;
      users.people = {
        bob = people.bob // {
          shell = "fish";
          home.modules = [
            {
              fleet = {
                editors.vim.indent = 4;
                shells.fish.enable = true;
              };
            }
          ];
        };
        alice = people.alice // {
          shell = "zsh";
          home.modules = [
            {
              fleet = {
                applications.desktop.nightLight = true;
                development.direnv.enable = true;
                editors.neovim.enable = true;
                shells.prompt.enable = true;
                shells.zsh.enable = true;
                utilities.bat.enable = true;
                utilities.fzf.enable = true;
                utilities.secrets = {
                  enable = true;
                  names = [ "git/token" ];
                };
                utilities.tmux.enable = true;
              };
            }
          ];
        };
      };
    };
    hardware = {
      audio.lowLatency = true;
      storage.watch = true;
    };
    networking.vpn.enable = true;
    programs = {
      development = {
        enable = true;
        containers = true;
      };
      games.enable = true;
      packages = {
        ai.enable = true;
        cli.extraPackages = [ pkgs.hello ];
        money.enable = true;
      };
    };
    security = {
      privileges = {
        operators = [ "bob" ];
        restartable = [ "cups" ];
      };
      secrets.enable = true;
    };
    services = {
      backup = {
        enable = true;
        jobs.homes.paths = [ "/home" ];
      };
      monitoring.enable = true;
    };
    virtualisation = {
      containers = {
        enable = true;
        applications.wiki = {
          image = "registry.example.org/wiki:4.2";
          ports."8081" = 80;
        };
      };
      libvirt = {
        enable = true;
        users = [ "alice" ];
      };
    };
  };

  # An entry in the boot menu for when the newest kernel does not work.
  specialisation.safe.configuration = {
    fleet.base.boot.latestKernel = lib.mkForce false;
    system.nixos.tags = [ "safe" ];
  };
}
