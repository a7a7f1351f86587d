# Language and speech models that run on the machine itself. This field moves fast, so
# these come from the rolling branch.
import ../../../../lib/package-list.nix {
  name = "ai";
  purpose = "programs that run language and speech models";
  packages = pkgs: [
    pkgs.unstable.llama-cpp
    pkgs.unstable.whisper-cpp
  ];
}
