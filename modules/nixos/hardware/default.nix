# What a machine is made of. Hosts state facts here (in their
# hardware-configuration.nix), and these modules draw the conclusions.
{
  imports = [
    ./audio.nix
    ./battery.nix
    ./bluetooth.nix
    ./cpu.nix
    ./firmware.nix
    ./graphics.nix
    ./memory.nix
    ./printing.nix
    ./storage.nix
  ];
}
