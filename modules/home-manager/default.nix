# All home-manager modules of the fleet, for homes on its hosts and elsewhere. They
# configure what is a person's own, and need no privileges. Each declares options
# under `fleet.<folder>.<file>`.
{
  imports = [
    ./applications
    ./development
    ./editors
    ./shells
    ./utilities
  ];
}
