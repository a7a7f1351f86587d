# The systemd settings that isolate a service, as a function of what the service
# needs: `isolation.nix { inherit lib; } { network = false; }` is a `serviceConfig`.
# systemd.exec(5) explains each; `systemd-analyze security` shows what is left.
{ lib }:
{
  # Whether the service may reach the network.
  network ? true,
  # Folders outside its own that it may write to.
  writable ? [ ],
  # Whether homes are "hidden" or "readable".
  homes ? "hidden",
  # Privileges of root that it keeps.
  capabilities ? [ ],
  # Whether it may neither make namespaces nor machine code.
  namespaces ? true,
}:
{
  # No way to get more privileges than these.
  NoNewPrivileges = true;
  CapabilityBoundingSet = if capabilities == [ ] then "" else capabilities;
  RestrictSUIDSGID = true;

  # The system can be read, and not changed.
  ProtectSystem = "strict";
  ProtectHome = if homes == "readable" then "read-only" else true;
  PrivateTmp = true;
  UMask = "0077";

  # The kernel, its clock and its logs are not a service's business.
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  LockPersonality = true;
  RestrictRealtime = true;
  SystemCallArchitectures = "native";

  # Other processes and devices are not there.
  PrivateDevices = true;
  ProtectProc = "invisible";

  RestrictAddressFamilies = [
    "AF_UNIX"
  ]
  ++ lib.optionals network [
    "AF_INET"
    "AF_INET6"
    "AF_NETLINK"
  ];
}
// lib.optionalAttrs (writable != [ ]) { ReadWritePaths = writable; }
// lib.optionalAttrs (!network) { PrivateNetwork = true; }
// lib.optionalAttrs namespaces {
  MemoryDenyWriteExecute = true;
  RestrictNamespaces = true;
}
