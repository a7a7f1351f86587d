# The agent that joins the guests of one processor: a static program, as nothing of a guest may be relied on.
{
  lib,
  callPackage,
  rustPlatform,
  stdenv,
}:
rustPlatform.buildRustPackage {
  pname = "cfgcheck-agent";
  inherit ((lib.importTOML ../Cargo.toml).workspace.package) version;
  src = callPackage ./source.nix { };
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = [
    "--package"
    "cfgcheck-agent"
  ];
  # The profile of the workspace that makes it small.
  buildType = "agent";
  buildInputs = lib.optional stdenv.hostPlatform.isGnu stdenv.cc.libc.static;
  env.RUSTFLAGS = "-C target-feature=+crt-static";
  # Its tests are those of the whole program.
  doCheck = false;
  meta = {
    description = "Guest agent of cfgcheck's virtual machines";
    license = with lib.licenses; [
      mit
      asl20
    ];
    platforms = lib.platforms.linux;
  };
}
