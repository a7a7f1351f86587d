# Documents: books, articles, invoices.
{ config, lib, ... }:
let
  cfg = config.fleet.applications.reader;
in
{
  options.fleet.applications.reader = {
    enable = lib.mkEnableOption "a reader of documents";
    paper = lib.mkEnableOption "black on white, also where the theme is dark";
  };
  config = lib.mkIf cfg.enable {
    programs.zathura = {
      enable = true;
      options = {
        adjust-open = "width";
        recolor = !cfg.paper;
        selection-clipboard = "clipboard";
      };
    };
  };
}
