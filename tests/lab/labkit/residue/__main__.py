# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command tests/lab/residue."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

from labkit import edge, mars, namespaces, settings
from labkit.residue import aws, compare, hosts, kubernetes
from labkit.residue.load import Load

INVENTORY = settings.LAB_DIR / "inventory"
_ALL = INVENTORY / "group_vars" / "all"
PLAYBOOKS = settings.REPOSITORY / "playbooks"


def take() -> dict[str, t.Any]:
    """Everything that a burst can touch, by where it is."""
    parts: dict[str, t.Mapping[str, t.Any]] = {
        "earth": kubernetes.objects(["kubectl", "--context", settings.HOST_CONTEXT]),
        "AWS": aws.account("admin"),
        "host fw": hosts.host(settings.NS_FW),
        "host earth": hosts.host(settings.NS_EARTH),
        "kubeconfig": {"text": Path(os.environ["KUBECONFIG"]).read_text()},
    }
    if edge.is_there():
        parts |= {"host edge": hosts.host(settings.NS_EDGE)}
    if mars.is_there():
        # From its own site: between bursts no other way need lead there.
        way = namespaces.within(settings.NS_MARS)
        kubectl = [*way, "kubectl", f"--kubeconfig={mars.MARS.admin_kubeconfig}"]
        parts |= {"mars": kubernetes.objects(kubectl), "host mars-fw": hosts.host(settings.NS_MARS_FW, way)}
    return {f"{part}: {where}": what for part, found in parts.items() for where, what in found.items()}


def take_to(file: Path) -> int:
    """Remember what there is."""
    now = take()
    file.write_text(json.dumps(now, indent=1, sort_keys=True, default=str))
    print(f"{len(now)} things are remembered")
    return 0


def compare_to(file: Path) -> int:
    """Print what is different from what is remembered; 1 if anything is."""
    # Through JSON, as the other one was.
    now = json.loads(json.dumps(take(), default=str))
    left = compare.differences(json.loads(file.read_text()), now)
    print("\n".join(left) if left else f"nothing is different: {len(now)} things were looked at")
    return 1 if left else 0


def run(file: Path) -> int:
    """A burst up and down around the user's own applications, under load; 1 if anything is different, or failed.

    Customers are sent to both clusters meanwhile, at the edge and by endpoints.
    """
    edge.up()
    for playbook in ("residue/data_centre.yml", "traffic/shop.yml"):
        _play(settings.LAB_DIR / "labkit" / playbook)
    take_to(file)
    with Load(_addresses()) as load:
        _play(PLAYBOOKS / "burst_up.yml", f"--extra-vars={json.dumps(_traffic())}")
        _play(PLAYBOOKS / "burst_down.yml", f"--extra-vars={json.dumps(_traffic())}")
    status = compare_to(file)
    print(f"{load.asked} requests to the user's applications meanwhile, {len(load.failures)} failed")
    print("\n".join(load.failures[:20]))
    return 1 if status or load.failures else 0


def _traffic() -> dict[str, t.Any]:
    """The lab's applications and the shop, with customers in both clusters."""
    burst, shop = (yaml.safe_load((_ALL / name).read_text()) for name in ("burst.yml", "traffic.yml"))
    own = burst["burst_apps"]
    shared = {"service": "fed-service", "namespace": own[0]["namespace"], "method": "endpoints"}
    return {"burst_apps": own + shop["lab_shop"], "burst_traffic": [*shop["lab_shop_traffic"]["edge"], shared]}


def _play(playbook: Path, *words: str) -> None:
    subprocess.run(["ansible-playbook", "-i", str(INVENTORY), *words, str(playbook)], check=True)


def _addresses() -> list[str]:
    """Where the user's own services answer on earth's node."""
    template = "{range .items[*]}{.spec.ports[0].nodePort}{' '}{end}"
    words = ["get", "services", "--all-namespaces", "--field-selector", "metadata.name=fed-service", "-o"]
    done = subprocess.run(
        ["kubectl", "--context", settings.HOST_CONTEXT, *words, f"jsonpath={template}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [f"http://{settings.EARTH}:{port}/get" for port in done.stdout.split()]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="residue", description="What a burst leaves behind")
    parser.add_argument("command", choices=("take", "compare", "run"))
    parser.add_argument("file", type=Path, help="the snapshot to write, or to compare with what there is now")
    arguments = parser.parse_args()
    try:
        return {"take": take_to, "compare": compare_to, "run": run}[arguments.command](arguments.file)
    except subprocess.CalledProcessError as error:
        print(f"residue: {' '.join(map(str, error.cmd))} ended with {error.returncode}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
