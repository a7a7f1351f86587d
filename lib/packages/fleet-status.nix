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
    if [ "$(readlink -f /run/booted-system/kernel)" != "$(readlink -f /run/current-system/kernel)" ]; then
      echo 'another kernel runs than the system has: restart the host'
    fi
    failed="$(systemctl --failed --no-legend --plain)"
    if [ -n "$failed" ]; then
      printf 'failed units:\n%s\n' "$failed"
      exit 1
    fi
    echo 'no failed units'
  '';
  meta = {
    description = "State of this machine of the fleet, on one screen";
    license = lib.licenses.mit;
    mainProgram = "fleet-status";
    platforms = lib.platforms.linux;
  };
}
