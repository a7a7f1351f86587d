# A script that tells how old the running system is and whether units failed.
{
  lib,
  writeShellApplication,
  coreutils,
  systemd,
}:
writeShellApplication {
  name = "fleet-status";
  runtimeInputs = [
    coreutils
    systemd
  ];
  text = ''
    printf '%s runs %s\n' "$(cat /etc/hostname)" "$(readlink /run/current-system)"
    printf 'built for %s\n' "$(cat /run/current-system/system)"
    systemctl --failed --no-legend || true
  '';
  meta = {
    description = "State of this machine of the fleet, on one screen";
    license = lib.licenses.mit;
    platforms = lib.platforms.linux;
  };
}
