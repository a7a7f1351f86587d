# Processors, sound, batteries, compressed memory.
{
  imports = [
    ./audio.nix
    ./battery.nix
    ./cpu.nix
    ./memory.nix
  ];
}
