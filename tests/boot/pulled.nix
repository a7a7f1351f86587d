# The fleet of a repository from which the server takes its systems: in the server's place
# stands that system of the boot test which the file `deployed` names, with the program in
# the folder `program`. Both are commits of the test's own.
{ inputs, configurations }:
configurations
// {
  server =
    (import ./. {
      flake = {
        inherit inputs;
        nixosConfigurations = configurations;
      };
      host = "server";
      system = "x86_64-linux";
      cfgcheck = ../../program;
    }).systems.${inputs.nixpkgs.lib.fileContents ./deployed};
}
