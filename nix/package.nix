# The program, its completions and its manual.
{
  lib,
  callPackage,
  installShellFiles,
  rustPlatform,
  stdenv,
  # The agents for guests, by processors. A guest without one gets a shell.
  agents ? {
    ${stdenv.hostPlatform.parsed.cpu.name} = callPackage ./agent.nix { };
  },
}:
rustPlatform.buildRustPackage {
  pname = "cfgcheck";
  inherit ((lib.importTOML ../Cargo.toml).workspace.package) version;
  src = callPackage ./source.nix { };
  cargoLock.lockFile = ../Cargo.lock;
  buildFeatures = lib.optional (agents ? x86_64 && agents ? aarch64) "both-agents";

  # Read by src/vm/agents/compile.rs, instead of building them once more.
  env = lib.mapAttrs' (processor: agent: {
    name = "CFGCHECK_AGENT_${lib.toUpper processor}";
    value = "${agent}/bin/cfgcheck-agent";
  }) agents;

  nativeBuildInputs = [ installShellFiles ];
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    $out/bin/cfgcheck man man
    installManPage man/*.1
    installShellCompletion --cmd cfgcheck \
      --bash <($out/bin/cfgcheck completions bash) \
      --fish <($out/bin/cfgcheck completions fish) \
      --zsh <($out/bin/cfgcheck completions zsh)
  '';

  # The tests want the model fleet, Git repositories of their own, and a Nix to compare with; `tests/run` runs them, and each
  # release has passed them.
  doCheck = false;
  doInstallCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  installCheckPhase = ''
    runHook preInstallCheck
    [ "$($out/bin/cfgcheck eval --expr '1 + 2')" = 3 ]
    runHook postInstallCheck
  '';

  meta = {
    description = "Tells, before a merge, whether a NixOS fleet still evaluates, merges, builds and activates";
    homepage = "https://github.com/cfgcheck/cfgcheck";
    changelog = "https://github.com/cfgcheck/cfgcheck/blob/main/CHANGELOG.md";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "cfgcheck";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
