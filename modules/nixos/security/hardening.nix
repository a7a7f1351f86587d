# Protection that costs little: stricter kernel settings and fewer drivers.
{ config, lib, ... }:
let
  inherit (lib)
    mkDefault
    mkIf
    mkMerge
    mkOption
    types
    ;
  cfg = config.fleet.security.hardening;
in
{
  options.fleet.security.hardening = {
    enable = lib.mkEnableOption "stricter settings of the kernel" // {
      default = true;
    };
    level = mkOption {
      type = types.enum [
        "usual"
        "strict"
      ];
      default = "usual";
      description = "How much is given up for safety: `usual` is hardly noticed, `strict` also forbids loading rare drivers, replacing the kernel, and looking into other processes.";
    };
  };
  config = mkIf cfg.enable (mkMerge [
    {
      boot.kernel.sysctl = {
        "kernel.kptr_restrict" = 2;
        "kernel.dmesg_restrict" = true;
        "kernel.unprivileged_bpf_disabled" = 1;
        "net.core.bpf_jit_harden" = 2;
        "net.ipv4.conf.all.accept_redirects" = false;
        "net.ipv4.conf.all.send_redirects" = false;
        "net.ipv6.conf.all.accept_redirects" = false;
      };
      # Nothing runs from where everybody may write.
      boot.tmp.cleanOnBoot = mkDefault true;
    }
    (mkIf (cfg.level == "strict") {
      security.protectKernelImage = true;
      boot.kernel.sysctl."kernel.yama.ptrace_scope" = 2;
      boot.blacklistedKernelModules = [
        "cramfs"
        "dccp"
        "sctp"
        "udf"
      ];
      networking.firewall.allowPing = mkDefault false;
    })
  ]);
}
