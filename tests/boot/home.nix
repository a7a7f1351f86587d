# A home for the boot test: files and a service that say a word, and one of each that
# only a home with that word has.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.test) word;
  says = pkgs.writeShellScript "test-home" ''
    echo ${word} > "$XDG_RUNTIME_DIR/$1"
    exec ${pkgs.coreutils}/bin/sleep infinity
  '';
  service = name: {
    Unit.Description = "Says ${word}";
    Service.ExecStart = "${says} ${name}";
    Install.WantedBy = [ "default.target" ];
  };
in
{
  options.test.word = lib.mkOption {
    type = lib.types.str;
    default = "old";
    description = "What all of it says.";
  };
  config = {
    home = {
      username = "bob";
      homeDirectory = "/home/bob";
      stateVersion = "26.05";
      packages = [ (pkgs.writeShellScriptBin "test-word" "echo ${word}") ];
      file.".test-word".text = "${word}\n";
    };
    xdg.configFile."test/only-${word}".text = "here\n";
    systemd.user.services = {
      test-home = service "test-home";
      "test-only-${word}" = service "test-only-${word}";
    };
  };
}
