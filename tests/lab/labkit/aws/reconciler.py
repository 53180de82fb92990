# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two threads between AWS's state and what is real: one carries every change to the fabric, one brings back how it is.

Neither ever ends: an error is logged, and the same thing tried again.
"""

from __future__ import annotations

import logging
import threading
import time
import typing as t

from labkit.aws import seams, world
from labkit.fabric import model

logger = logging.getLogger("lab.reconciler")

EC2_STORES = (
    "vpcs",
    "subnets",
    "route_tables",
    "security_groups",
    "internet_gateways",
    "nat_gateways",
    "addresses",
    "vpn_gateways",
    "vpn_connections",
    "vpc_endpoints",
)
LOOK = 0.5  # seconds between two looks at the state
RETRY = (1.0, 2.0, 5.0, 10.0)  # seconds before the same world is tried again


class Fabric(t.Protocol):
    """What the reconciler asks of labkit.fabric.Fabric."""

    def apply(self, world: model.World) -> None:
        """Make the real things what `world` says."""

    def tunnel_status(self, vpn_id: str) -> t.Sequence[model.TunnelStatus]:
        """The tunnels of a connection."""


class Reconciler:
    """Carries changes out and states back, for one account and region."""

    def __init__(
        self,
        fabric: Fabric,
        refresh: t.Callable[[], None],
        webhook: t.Callable[[world.Record], str],
        scope: tuple[str, str],
    ) -> None:
        """`refresh` looks after clusters and node groups; `scope` is account and region."""
        self.fabric = fabric
        self.refresh = refresh
        self.webhook = webhook
        self.scope = scope
        self._changed = threading.Event()
        self._carried: model.World | None = None  # what the fabric was last told, with or without success

    def changed(self) -> None:
        """There may be something to carry out."""
        self._changed.set()

    def start(self) -> None:
        """Run both threads."""
        for target in (self._carry_out, self._bring_back):
            threading.Thread(target=target, daemon=True, name=f"lab-{target.__name__.strip('_')}").start()

    def current(self) -> model.World:
        """The world as the records have it now."""
        records: dict[str, t.Any] = {name: seams.store(name).values() for name in EC2_STORES}
        records |= {name: seams.eks(name).values() for name in ("clusters", "nodegroups")}
        return world.build(records, self.webhook)

    def _carry_out(self) -> None:
        seams.enter(*self.scope)
        applied: model.World | None = None
        failures = 0
        while True:
            self._changed.wait(LOOK)
            self._changed.clear()
            try:
                wanted = self.current()
                if wanted == applied:
                    continue
                try:
                    self.fabric.apply(wanted)
                finally:
                    self._carried = wanted
                applied, failures = wanted, 0
            except Exception:
                logger.exception("the fabric could not be brought to AWS's state; it is tried again")
                time.sleep(RETRY[min(failures, len(RETRY) - 1)])
                failures += 1

    def _bring_back(self) -> None:
        seams.enter(*self.scope)
        while True:
            time.sleep(LOOK)
            try:
                if self.current() == self._carried:  # else the real ones have not got their desired state yet
                    self.refresh()
                for connection in seams.store("vpn_connections").values():
                    if connection["State"] != "deleted":
                        self._telemetry(connection)
            except Exception:
                logger.exception("the state of the real things could not be read; it is tried again")
                time.sleep(RETRY[1])

    def _telemetry(self, connection: dict[str, t.Any]) -> None:
        tunnels = self.fabric.tunnel_status(connection["VpnConnectionId"])
        statuses = {tunnel.outside_address: tunnel for tunnel in tunnels}
        for end in connection["Telemetry"]:
            status = statuses.get(end["OutsideIpAddress"])
            if status:
                end.update(
                    Status="UP" if status.up else "DOWN",
                    LastStatusChange=status.last_change,
                    StatusMessage=status.message,
                    AcceptedRouteCount=status.accepted_routes,
                )
