# Goes back to the system before the running one, or to one that is named. Unlike
# `nixos-rebuild --rollback` it goes by what runs, not by the newest number.
{
  lib,
  writeShellApplication,
  coreutils,
  nix,
}:
writeShellApplication {
  name = "fleet-rollback";
  runtimeInputs = [
    coreutils
    nix
  ];
  text = ''
    profile=/nix/var/nix/profiles/system
    if [ $# -gt 1 ]; then
      echo 'usage: fleet-rollback [GENERATION]' >&2
      exit 2
    fi
    running="$(readlink -f /run/current-system)"
    generation="''${1:-}"
    if [ -z "$generation" ]; then
      # The newest generation that is another system than the running one.
      for link in $(printf '%s\n' "$profile"-*-link | sort --version-sort --reverse); do
        if [ "$(readlink -f "$link")" != "$running" ]; then
          generation="''${link#"$profile"-}"
          generation="''${generation%-link}"
          break
        fi
      done
    fi
    target="$profile-$generation-link"
    if [ -z "$generation" ] || [ ! -e "$target/bin/switch-to-configuration" ]; then
      echo "fleet-rollback: there is no system ''${generation:-before this one}" >&2
      exit 1
    fi
    nix-env --profile "$profile" --switch-generation "$generation"
    exec "$target/bin/switch-to-configuration" switch
  '';
  meta = {
    description = "Goes back to an earlier system of this host";
    license = lib.licenses.mit;
    mainProgram = "fleet-rollback";
    platforms = lib.platforms.linux;
  };
}
