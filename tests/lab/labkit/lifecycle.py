# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the lab's parts in the order of their dependencies, and checks their health.

Runs inside the sandbox: `python3 -m labkit.lifecycle up|verify|status`.
"""

from __future__ import annotations

import concurrent.futures
import os
import socket
import sys
import time
import typing as t

from labkit import artifacts, aws, dns, edge, kube, machines, mars, mgmt, network, pki, registry, settings, supervise
from labkit.build.progress import Progress
from labkit.errors import LabError
from labkit.steps import Step, run

HEAL = 20.0  # seconds that parts which died get to come back by themselves

EARTH = kube.ControlPlane(
    name="earth", netns=settings.NS_EARTH, address=settings.EARTH, service_cidr=settings.EARTH_SERVICES
)
EARTH_NODE = kube.Node(
    control_plane=EARTH,
    name="earth",
    netns=settings.NS_EARTH,
    address=settings.EARTH,
    cni=kube.bridge_cni("earth", settings.EARTH_PODS),
    cluster_cidr=settings.EARTH_PODS,
    max_pods=110,
)


def _keys() -> None:
    mgmt.create()
    pki.authority(settings.CA_CERTIFICATE.parent, "Cloudburst lab")
    machines.make_keys(machines.MACHINES)


def _earth() -> None:
    EARTH.start()
    mgmt.take_kubeconfig(EARTH)


def _node() -> None:
    kube.masquerade_pods(settings.NS_EARTH, settings.EARTH_PODS, "eth0")
    EARTH_NODE.start()
    EARTH_NODE.wait()


def steps() -> list[Step]:
    """All parts of the lab in their order of dependency."""
    return [
        Step("networks", network.create),
        Step("keys", _keys),
        Step("name server", dns.start, ("networks",)),
        Step("earth's programs", _earth, ("networks", "keys")),
        Step("firewall fw", machines.FW.boot, ("networks", "keys")),
        Step("registry with its images", registry.start, ("networks",)),
        Step("host of earth", machines.EARTH.boot, ("networks", "keys")),
        Step("earth's control plane", EARTH.wait, ("earth's programs",)),
        Step("earth's node", _node, ("earth's programs",)),
        Step("earth's objects for CoreDNS", EARTH.install_dns, ("earth's control plane",)),
        Step(
            "earth's CoreDNS",
            EARTH_NODE.wait_for_dns,
            ("earth's node", "earth's objects for CoreDNS", "registry with its images", "firewall fw", "name server"),
        ),
        Step("AWS", _aws, ("networks", "keys", "name server")),
    ]


def _aws() -> None:
    built = artifacts.load()
    aws.start(built.venv_lab / "bin" / "python", built.bin)
    mgmt.take_credentials(aws.CREDENTIALS)
    aws.wait()


def _port(address: str, number: int) -> t.Callable[[], bool]:
    def check() -> bool:
        try:
            with socket.create_connection((address, number), timeout=2):
                return True
        except OSError:
            return False

    return check


def checks() -> dict[str, t.Callable[[], bool]]:
    """The health checks of the parts."""
    return {
        "firewall fw (SSH)": machines.FW.ready,
        "host of earth (SSH)": machines.EARTH.ready,
        **({"edge (SSH)": edge.MACHINE.ready} if edge.is_there() else {}),
        "name server": _port(settings.DNS, 53),  # through fw, as everybody asks it
        "registry with its images": registry.ready,
        "AWS": _port(settings.AWS_API, 443),
    }


def health() -> dict[str, bool]:
    """Each part, and whether it is healthy; programs that do not run are parts too."""
    nodes = [EARTH_NODE, *([mars.NODE] if mars.is_there() else ())]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = [pool.submit(node.cluster_health) for node in nodes]
        futures = {name: pool.submit(check) for name, check in checks().items()}
        found = {name: future.result() for name, future in futures.items()}
        for answer in asked:
            found |= answer.result()
    broken = {f"program {name} ({state})" for name, state in supervise.states().items() if state != "RUNNING"}
    return {**found, **dict.fromkeys(sorted(broken), False)}


def up() -> int:
    """Bring all parts up."""
    todo = steps()
    with Progress(len(todo), verb="started") as report:
        run(todo, report)
    return 0


def verify() -> int:
    """Check the health of all parts, and give those that died some seconds to restart; 1 if they do not."""
    end = time.monotonic() + HEAL
    told = False
    while ill := [name for name, healthy in health().items() if not healthy]:
        if time.monotonic() > end:
            return 1
        if not told:
            print(f"not well: {', '.join(ill)}; waiting up to {HEAL:.0f} s for it to come back", file=sys.stderr)
            told = True
        time.sleep(0.5)
    return 0


def status() -> int:
    """Print parts and programs with their health; 1 if one is unhealthy."""
    found = health()
    for name, healthy in found.items():
        print(f"{'ok  ' if healthy else 'ILL '} {name}")
    print(f"programs: {' '.join(supervise.running())}")
    return 0 if all(found.values()) else 1


def main(command: str) -> int:
    """Returns the exit status."""
    try:
        return {"up": up, "verify": verify, "status": status}[command]()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    code = main(sys.argv[1])
    sys.stdout.flush()
    os._exit(code)  # steps that still wait for something after another one failed are not waited for
