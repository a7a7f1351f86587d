# Sound by PipeWire, for everything that expects ALSA or PulseAudio.
{ config, lib, ... }:
let
  cfg = config.fleet.hardware.audio;
in
{
  options.fleet.hardware.audio = {
    enable = lib.mkEnableOption "sound";
    lowLatency = lib.mkEnableOption "real-time priority for sound, for making music";
  };
  config = lib.mkIf cfg.enable {
    services.pipewire = {
      enable = true;
      alsa.enable = true;
      pulse.enable = true;
    };
    security.rtkit.enable = cfg.lowLatency;
  };
}
