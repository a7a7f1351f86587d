# How the modules of an evaluation are loaded once more, one by one, with the arguments that they
# were loaded with. `configuration` is what `evalModules` returned, `around` what this file returned
# for the evaluation that a submodule is part of, or `{ }`.
configuration: around:
let
  own = builtins.mapAttrs (_name: option: option.value) (configuration.options._module or { });
  arguments = own.args or { };
  # The type of an evaluation has its modules, also those that were added later.
  type = configuration.type or arguments.moduleType;
  specialArgs = own.specialArgs or type.functor.payload.specialArgs or { };
  # The library has no place where every evaluation keeps it; a module is always given it.
  asked = configuration.extendModules {
    modules = [
      (
        { lib, ... }:
        {
          _module.args.cfgcheckLib = lib;
          _module.check = {
            _type = "override";
            priority = 0;
            content = false;
          };
        }
      )
    ];
  };
  known = {
    lib =
      configuration.lib or around.lib or arguments.pkgs.lib or asked.options._module.args.value.cfgcheckLib;
    config = configuration.config // {
      _module = own;
    };
    inherit (configuration) options;
    inherit specialArgs;
    _class = configuration.class or null;
    _prefix = [ ];
  }
  // specialArgs;
  # Arguments that a function does not name it does not get, as they may be expensive.
  call =
    function:
    let
      names =
        if builtins.isFunction function then
          builtins.functionArgs function
        else
          function.__functionArgs or (builtins.functionArgs (function.__functor function));
    in
    function (known // builtins.mapAttrs (name: _: known.${name} or arguments.${name}) names);
  applied = module: if builtins.isFunction module || module ? __functor then call module else module;
in
{
  inherit (known) lib;
  roots = type.getSubModules;
  load =
    module:
    if builtins.isPath module || builtins.isString module then
      applied (import module)
    else
      applied module;
  # What a list of disabled modules may hold, as the key of the module that is meant.
  disabledKey =
    module:
    if builtins.isString module && builtins.substring 0 1 module != "/" then
      "${toString (specialArgs.modulesPath or "")}/${module}"
    else
      toString module.key or module;
}
