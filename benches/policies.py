#!/usr/bin/env python3
"""Writes policy files for measurements: policies.py COUNT FOLDER [--apart].

COUNT policies go into FOLDER/checks/generated.yaml, or each into a file of its own. They ask for options that every NixOS host has,
by every kind of assertion, and all of them hold on a host that changes little.
"""

import pathlib
import sys

HEAD = """  - id: generated-{n}
    title: Generated policy number {n}
    why: It is there to be measured.
    fix: Nothing is to be done.
"""

BODIES = [
    "    assert: {{ networking.hostName: {{ matches: '^[a-zA-Z0-9-]{{1,63}}$' }} }}\n",
    "    assert: {{ networking.firewall.enable: {{ in: [true, false] }} }}\n",
    "    assert: {{ boot.kernel.sysctl: {{ length: {{ at-least: 1 }} }} }}\n",
    "    assert: {{ users.users: {{ every: {{ where: {{ attributes: {{ isNormalUser: true }} }}, attributes: {{ isSystemUser: false }} }} }} }}\n",
    "    assert: {{ users.users.root.uid: {{ at-least: 0, at-most: {n} }} }}\n",
    "    assert: {{ systemd.services: {{ names: {{ not-matches: '^generated-{n}$' }} }} }}\n",
    "    assert: {{ environment.systemPackages: {{ not-contains: generated-{n} }} }}\n",
    "    assert: {{ fileSystems: {{ any: {{ attributes: {{ mountPoint: / }} }} }} }}\n",
    "    when: {{ services.openssh.enable: true }}\n    assert: {{ services.openssh.ports: {{ subset-of: [22, {n}] }} }}\n",
    "    options: {{ ports: networking.firewall.allowedTCPPorts, users: users.users }}\n"
    "    cel:\n"
    "      - ports.all(port, port > 0 && port < 65536)\n"
    "      - users.all(name, !users[name].isNormalUser || name.matches('^[a-z][a-z0-9-]*$'))\n",
]


def main() -> None:
    count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2]) / "checks"
    folder.mkdir(parents=True, exist_ok=True)
    policies = [HEAD.format(n=n) + BODIES[n % len(BODIES)].format(n=n) for n in range(count)]
    if "--apart" in sys.argv[3:]:
        for n, policy in enumerate(policies):
            (folder / f"generated-{n}.yaml").write_text("policies:\n" + policy)
    else:
        (folder / "generated.yaml").write_text("policies:\n" + "".join(policies))


main()
