# All NixOS modules of the fleet. Each declares options under `fleet.<folder>.<file>`
# and does nothing until its `enable` is set, by a host or by the host's role.
{
  imports = [
    ./base
    ./hardware
    ./networking
    ./programs
    ./security
    ./services
    ./virtualisation
  ];
}
