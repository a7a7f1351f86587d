# Certificates of the web server, which a host gets from elsewhere: made by the
# guest itself, before the server asks for them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.services) nginx;
  encrypted = lib.filter (h: h.forceSSL || h.addSSL || h.onlySSL) (lib.attrValues nginx.virtualHosts);
in
{
  systemd.services.test-certificates = lib.mkIf (nginx.enable && encrypted != [ ]) {
    description = "Certificates for the boot test";
    requiredBy = [ "nginx.service" ];
    before = [ "nginx.service" ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    };
    path = [ pkgs.openssl ];
    environment.OPENSSL_CONF = "${pkgs.openssl}/etc/ssl/openssl.cnf";
    script = lib.concatMapStrings (h: ''
      if [ ! -e ${h.sslCertificate} ]; then
        mkdir -p "$(dirname ${h.sslCertificate})" "$(dirname ${h.sslCertificateKey})"
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 \
          -subj "/CN=${h.serverName}" -keyout ${h.sslCertificateKey} -out ${h.sslCertificate}
        chown ${nginx.user} ${h.sslCertificateKey}
      fi
    '') encrypted;
  };
}
