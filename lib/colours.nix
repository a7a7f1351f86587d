# The fleet's own sixteen colours: a quiet dark scheme in the order that Base16 gives
# them, from the background (00) over the text (05) to the accents (08 and up).
{
  base00 = "14181c";
  base01 = "1e242a";
  base02 = "2b333b";
  base03 = "56626e";
  base04 = "98a4b0";
  base05 = "d0d7de";
  base06 = "e4e9ee";
  base07 = "f6f8fa";
  base08 = "e0707a";
  base09 = "e39a63";
  base0A = "dcc374";
  base0B = "8fc28a";
  base0C = "74bfb8";
  base0D = "76a9e0";
  base0E = "b494dd";
  base0F = "b0805f";
}
