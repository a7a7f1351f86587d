# All NixOS modules of the fleet. Importing them changes nothing but defaults:
# whatever they do is behind an option under `fleet`.
{
  imports = [
    ./base
    ./hardware
    ./networking
    ./programs
    ./security
    ./services
  ];
}
