# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Earth's Ingress controller, and the firewall's rule that leads customers there (tests/lab/ingress).

A lab comes up without it.

    customers ── inet ── fw ──:8000── earth:30088, Traefik ── pods
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from labkit import build, commands, forwarding, registry
from labkit import settings as s
from labkit.build import images
from labkit.errors import LabError

PORT = 8000  # of the data centre's public address
_NODE_PORT = 30088
_OBJECTS = Path(__file__).with_suffix(".yml")
_TABLE = "ingress"
_IMAGE = s.STATE / "ingress-image"  # what was built, for those inside the sandbox


def make() -> None:
    """Build it, outside the sandbox."""
    if not s.STATE.exists():
        raise LabError(f"the lab {s.LAB_NAME!r} is not up; bring it up with: make lab")
    try:
        _IMAGE.write_text(str(build.ensure_traefik()))
    except build.BuildError as error:
        raise LabError(str(error)) from error


def up() -> None:
    """Bring it up, unless it is up already."""
    registry.push(images.TRAEFIK, Path(_IMAGE.read_text()))
    _kubectl("apply", "--filename", str(_OBJECTS))
    _kubectl("--namespace=ingress", "rollout", "status", "deployment/traefik", "--timeout=120s")
    forwarding.forward(_TABLE, {PORT: f"{s.EARTH}:{_NODE_PORT}"})


def down() -> None:
    """Remove all of it that exists."""
    forwarding.stop(_TABLE)
    _kubectl("delete", "--filename", str(_OBJECTS), "--ignore-not-found", "--timeout=120s")


def _kubectl(*words: str) -> None:
    done = subprocess.run(
        ["kubectl", "--context", s.HOST_CONTEXT, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"kubectl {words[0]}: {done.stderr.strip()}")


_COMMANDS: commands.Commands = {("build",): make, ("up",): up, ("down",): down}


if __name__ == "__main__":
    commands.main("ingress", _COMMANDS, sys.argv[1:])
