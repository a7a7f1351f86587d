# What `<nix/fetchurl.nix>` is: a fixed-output derivation that Nix itself carries out by downloading
# a file. The attributes, their defaults and the order in which hashes are preferred decide the
# derivation's path, so they are those of Nix.
{
  url,
  name ? baseNameOf (toString url),
  # The hash, as SRI text or under the name of its algorithm.
  hash ? "",
  sha512 ? "",
  sha256 ? "",
  sha1 ? "",
  md5 ? "",
  outputHashAlgo ?
    if hash != "" then "" else if sha512 != "" then "sha512" else if sha1 != "" then "sha1" else if md5 != "" then "md5" else "sha256",
  outputHash ?
    if hash != "" then hash else if sha512 != "" then sha512 else if sha1 != "" then sha1 else if md5 != "" then md5 else sha256,
  executable ? false,
  unpack ? false,
  impure ? false,
  # Has had no meaning for long, but callers may still pass it.
  system ? "",
}:

derivation (
  (if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; })
  // {
    inherit name url executable unpack;
    urls = [ url ];
    system = "builtin";
    builder = "builtin:fetchurl";
    outputHashMode = if executable || unpack then "recursive" else "flat";
    # Neither has an effect, but both are part of the derivation.
    preferLocalBuild = true;
    impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
  }
)
