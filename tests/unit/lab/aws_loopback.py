# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's AWS on the loopback, with a fabric that makes nothing: for the Python of the lab's environment."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "lab"))

from labkit.aws import service
from labkit.fabric import model


class PretendedFabric:
    """Everything is there half a second after it was asked for."""

    def __init__(self) -> None:
        self.world = model.World()
        self._since: dict[tuple[str, ...], float] = {}

    def apply(self, world: model.World) -> None:
        """Remember `world`, and since when each thing of it is wanted."""
        self.world = world
        wanted = [(c.name,) for c in world.clusters] + [(g.cluster, g.name) for g in world.node_groups]
        self._since = {key: self._since.get(key, time.monotonic()) for key in wanted}

    def _state(self, *key: str) -> model.State:
        if key not in self._since:
            return "DELETED"
        return "ACTIVE" if time.monotonic() - self._since[key] > 0.5 else "CREATING"

    def cluster_status(self, name: str) -> model.ClusterStatus:
        """A cluster's state."""
        config = str(Path(os.environ["LAB_AWS_DIR"]) / "admin.conf")
        return model.ClusterStatus(self._state(name), "a certificate", ("10.11.0.20",), config)

    def nodegroup_status(self, cluster: str, name: str) -> model.NodeGroupStatus:
        """A node group's state."""
        return model.NodeGroupStatus(self._state(cluster, name))

    def tunnel_status(self, vpn_id: str) -> list[model.TunnelStatus]:
        """All tunnels are up."""
        tunnels = [tunnel for c in self.world.vpn_connections if c.id == vpn_id for tunnel in c.tunnels]
        return [model.TunnelStatus(tunnel.outside_address, True, 0.0, "", 1) for tunnel in tunnels]


if __name__ == "__main__":
    service.main(PretendedFabric, lambda cluster: [])
