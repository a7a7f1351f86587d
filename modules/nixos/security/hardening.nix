# Protection that costs little: stricter kernel settings and fewer drivers.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkIf mkMerge mkOption types;
  cfg = config.fleet.security.hardening;
in
{
  options.fleet.security.hardening = {
    level = mkOption {
      type = types.enum [
        "none"
        "usual"
        "strict"
      ];
      default = "usual";
      description = "How much is given up for safety: `usual` is hardly noticed, `strict` also forbids loading rare drivers and looking into other processes.";
    };
  };
  config = mkMerge [
    (mkIf (cfg.level != "none") {
      boot.kernel.sysctl = {
        "kernel.kptr_restrict" = 2;
        "kernel.dmesg_restrict" = true;
        "net.ipv4.conf.all.accept_redirects" = false;
        "net.ipv6.conf.all.accept_redirects" = false;
      };
    })
    (mkIf (cfg.level == "strict") {
      boot.kernel.sysctl."kernel.yama.ptrace_scope" = 2;
      boot.blacklistedKernelModules = [
        "cramfs"
        "dccp"
        "sctp"
        "udf"
      ];
      networking.firewall.allowPing = mkDefault false;
    })
  ];
}
