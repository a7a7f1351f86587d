# Shows the file `inventory.json` (lib/inventory.nix) as a table.
{
  lib,
  writeShellApplication,
  jq,
}:
writeShellApplication {
  name = "fleet-inventory";
  runtimeInputs = [ jq ];
  text = ''
    if [ $# -ne 1 ]; then
      echo 'usage: fleet-inventory INVENTORY.json' >&2
      exit 2
    fi
    jq --raw-output '
      to_entries[]
      | [ .key, .value.platform, .value.release, (.value.kernel // "-"),
          (.value.openPorts | map(tostring) | join(" ")) ]
      | @tsv
    ' "$1"
  '';
  meta = {
    description = "Shows the hosts of the fleet as a table";
    license = lib.licenses.mit;
    mainProgram = "fleet-inventory";
    platforms = lib.platforms.linux;
  };
}
