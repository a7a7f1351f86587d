# One set of colours and fonts for everything that has a screen, by Stylix.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.fleet.programs.theme;
in
{
  options.fleet.programs.theme = {
    enable = lib.mkEnableOption "the fleet's colours and fonts";
    polarity = mkOption {
      type = types.enum [
        "dark"
        "light"
      ];
      default = "dark";
      description = "Whether text is lighter or darker than what is behind it.";
    };
    colours = mkOption {
      type = types.attrsOf (types.strMatching "[0-9a-f]{6}");
      default = import ../../../lib/colours.nix;
      defaultText = lib.literalExpression "import ./lib/colours.nix";
      description = "The sixteen colours `base00` to `base0F`, as Base16 has them.";
    };
    fontSize = mkOption {
      type = types.ints.between 6 32;
      default = 11;
      description = "The size of text in points.";
    };
  };
  config = lib.mkIf cfg.enable {
    stylix = {
      enable = true;
      inherit (cfg) polarity;
      base16Scheme = cfg.colours;
      fonts = {
        monospace = {
          package = pkgs.dejavu_fonts;
          name = "DejaVu Sans Mono";
        };
        sizes.terminal = cfg.fontSize;
      };
    };
  };
}
