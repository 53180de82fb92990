# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""One run at a time for a burst: a Lease in the data centre's cluster, kept by a process that lives with the run.

A Lease is how Kubernetes' own components agree on who works. As they do, whoever finds one held compares no clocks,
but looks whether it is renewed: https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import time
import typing as t

from .._kube.client import Client
from .._kube.errors import ApiError
from .._kube.objects import Object
from .._kube.paths import resource_path
from .._runtime.errors import FederationError, TerminalState, one_line
from .._runtime.wait import PollResult, Waiter
from .state import now

NAMESPACE = "kube-system"
RENEWED_EVERY = 2.0  # seconds
LEASE_SECONDS = 15  # a run that is silent for longer is taken for dead
_POLL_SECONDS = 0.5  # between two checks whether the run lives


def path(burst: str | None = None) -> str:
    """API path of a burst's Lease, or of all Leases."""
    name = None if burst is None else f"cloudburst-{burst}"
    return resource_path("coordination.k8s.io", "v1", "leases", namespace=NAMESPACE, name=name)


def microtime(moment: datetime.datetime) -> str:
    """A time as Kubernetes writes its MicroTime.

    :param moment: in UTC.
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lease_of(found: Object | None, burst: str, holder: str, now: datetime.datetime) -> Object:
    """The Lease as a new holder writes it, over what is there."""
    lease = copy.deepcopy(found) or {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": f"cloudburst-{burst}", "namespace": NAMESPACE},
    }
    lease["spec"] = {
        "holderIdentity": holder,
        "leaseDurationSeconds": LEASE_SECONDS,
        "acquireTime": microtime(now),
        "renewTime": microtime(now),
        "leaseTransitions": int((lease.get("spec") or {}).get("leaseTransitions") or 0) + 1,
    }
    return lease


def is_held(found: Object | None, lease: Object) -> bool:
    """Whether the Lease is still held as it was taken: neither deleted, nor held by others, nor taken again."""
    spec = (found or {}).get("spec") or {}
    return all(spec.get(key) == lease["spec"][key] for key in ("holderIdentity", "leaseTransitions"))


class Lock:
    """The right to work on a burst.

    :param client: the data centre's cluster.
    :param burst: name of the burst.
    :param holder: who works, for people to read, and different for each run.
    :param clock: UTC.
    :param pause: sleeps for a number of seconds.
    """

    def __init__(
        self,
        client: Client,
        burst: str,
        holder: str,
        *,
        clock: t.Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
        pause: t.Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._burst = burst
        self._holder = holder
        self._clock = clock
        self._pause = pause

    def find_free(self, waiter: Waiter, slice_state: dict[str, t.Any]) -> Object | None:
        """Wait until the burst is free: a run that was killed did not release it.

        :param slice_state: what is to survive between two slices of the wait.
        :returns: the Lease that is there all the same, or ``None``.
        :raises TerminalState: when another run is at work.
        """
        found: Object | None = None

        def poll() -> PollResult:
            nonlocal found
            found = self._client.get(path(self._burst))
            spec = (found or {}).get("spec") or {}
            holder = spec.get("holderIdentity")
            if not holder or holder == self._holder:
                return PollResult(True)
            seen = slice_state.setdefault(
                "seen", {"holder": holder, "renewed": spec.get("renewTime"), "elapsed": waiter.elapsed}
            )
            since = _moment(spec.get("acquireTime"))
            if (seen["holder"], seen["renewed"]) != (holder, spec.get("renewTime")):
                raise TerminalState(
                    f"The burst {self._burst} is in use by {holder}, since {since}. Wait until that run"
                    f" has ended, or stop it there: the burst is released at most {LEASE_SECONDS} s later."
                )
            silent = waiter.elapsed - seen["elapsed"]
            lasts = float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)
            return PollResult(
                silent >= lasts, f"held by {holder} since {since}, silent for {silent:.0f} of {lasts:.0f} s"
            )

        waiter.until(f"the burst {self._burst} to be free", poll, sleep=1.0)
        return found

    def take(self, found: Object | None) -> Object | None:
        """Take the burst.

        :param found: what :meth:`find_free` has returned.
        :returns: the Lease; ``None`` when another run was quicker.
        """
        wanted = lease_of(found, self._burst, self._holder, self._clock())
        try:
            if found is None:
                return self._client.create(path(), wanted)
            return self._client.request("PUT", path(self._burst), body=wanted)
        except ApiError as error:
            if error.status in (404, 409):
                return None
            raise

    def keep(self, lease: Object, lives: t.Callable[[], bool], renewed: t.Callable[[float], None]) -> str:
        """Renew the Lease as long as the run lives and holds the burst; then release it.

        :param lease: as :meth:`take` has returned it.
        :param renewed: called with the time, by the clock of .state, whenever it has been renewed.
        :returns: why the run has the burst no longer; empty when it has ended, or has taken the burst anew.
        """
        looked = last = now()
        while lives():
            # After a sleep of the machine it looks at once
            if now() - looked >= RENEWED_EVERY:
                looked = now()
                # The API server may be away for a while
                with contextlib.suppress(FederationError):
                    found = self._client.get(path(self._burst))
                    if found is None or not is_held(found, lease):
                        return "" if self._is_taken_anew(found) else self._lost(found, now() - last)
                    if self._renew(found):
                        last = looked
                        renewed(last)
            self._pause(_POLL_SECONDS)
        with contextlib.suppress(FederationError):
            found = self._client.get(path(self._burst))
            if found is not None and is_held(found, lease):
                self._client.delete(path(self._burst), uid=found["metadata"]["uid"])
        return ""

    def _is_taken_anew(self, found: Object | None) -> bool:
        """Whether a later task of the same run has taken the burst, and keeps it."""
        return ((found or {}).get("spec") or {}).get("holderIdentity") == self._holder

    def _lost(self, found: Object | None, silent: float) -> str:
        spec = (found or {}).get("spec") or {}
        holder = spec.get("holderIdentity")
        who = (
            f"{holder} has held it since {_moment(spec.get('acquireTime'))}"
            if holder
            else "another run held it and has ended, or somebody deleted the Lease"
        )
        return one_line(
            f"This run has lost the burst {self._burst}: it was silent for {silent:.0f} s, and {who}. It stops here, "
            "so that no two runs work on it; its changes are kept. Run it again when the other run has ended."
        )

    def _renew(self, found: Object) -> bool:
        """Whether it could be renewed; if not, the next check shows why."""
        found["spec"]["renewTime"] = microtime(self._clock())
        try:
            self._client.request("PUT", path(self._burst), body=found)
        except ApiError as error:
            if error.status != 409:
                raise
            return False
        return True


def _moment(time_: t.Any) -> str:
    """A MicroTime for people to read."""
    return f"{str(time_).partition('.')[0].replace('T', ' ')} UTC" if time_ else "an unknown time"


__all__ = ("LEASE_SECONDS", "NAMESPACE", "RENEWED_EVERY", "Lock", "is_held", "lease_of", "microtime", "path")
