# Machines and systems inside a host, and hosts that are inside another machine.
{
  imports = [
    ./containers.nix
    ./guest.nix
    ./libvirt.nix
    ./podman.nix
  ];
}
