# The people of the fleet; each host takes from here whom it needs.
{
  alice = {
    description = "Alice Example";
    uid = 1000;
    email = "alice@example.org";
    admin = true;
    keys = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlAlA alice@laptop" ];
  };
  bob = {
    description = "Bob Example";
    uid = 1001;
    email = "bob@example.org";
  };
}
