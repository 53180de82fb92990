# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Waits until KubeFed reports a member as Ready, ignoring conditions from before the last change."""

from __future__ import annotations

import typing as t

from ..._kube.objects import Object
from ..._runtime.errors import TerminalState, WaitTimeout
from ..._runtime.wait import PollResult
from ..conditions import is_ready, last_probe, last_transition, readiness
from ..controller import controller_outage
from .diagnosis import advice, is_permanent
from .session import Session

# Keys of what survives from one slice to the next: the last probe and transition before the change, and the probe that
# first named a reason which waiting does not remove
_PROBE, _TRANSITION, _PERMANENT = "probe", "transition", "permanent"


def note_change(session: Session, before: Object | None, after: Object) -> None:
    """Remember from which probe on KubeFed's conditions apply to a member, if it was changed.

    :param before: the KubeFedCluster as it was; ``None`` where there was none.
    :param after: as it is now.
    """
    if not session.changes or before is None or _PROBE in session.slice_state:
        return
    session.slice_state[_PROBE] = last_probe(after)
    if _client_of(after) != _client_of(before):
        session.slice_state[_TRANSITION] = last_transition(after)


def _client_of(cluster: Object) -> tuple[Object, ...]:
    """What KubeFed creates its client for a cluster from; it creates a new one when that changes."""
    metadata = cluster["metadata"]
    return cluster["spec"], metadata.get("labels") or {}, metadata.get("annotations") or {}


def wait_ready(session: Session) -> Object:
    """Wait until KubeFed reports the member as Ready.

    :returns: the KubeFedCluster.
    :raises TerminalState: it was removed, or KubeFed reports, twice, a reason that does not go away by itself.
    :raises WaitTimeout: with what to check.
    """
    name = session.request.name
    found: Object = {}

    def poll() -> PollResult:
        cluster = session.host.get("KubeFedCluster", name)
        if cluster is None:
            raise TerminalState(f"KubeFedCluster {name} was removed while waiting for it to be Ready.")
        found.clear()
        found.update(cluster)
        return _verdict(session, cluster)

    try:
        session.waiter.until(f"cluster {name} to be Ready", poll, sleep=1)
    except WaitTimeout as error:
        hint = advice(session, found, outdated=_predates_change(found, session.slice_state))
        raise WaitTimeout(f"{error.message}. {hint}", **error.details) from error
    return found


def _verdict(session: Session, cluster: Object) -> PollResult:
    outage = controller_outage(session.host_client, session.request.namespace)
    if outage:
        return PollResult(False, outage)
    if _predates_change(cluster, session.slice_state):
        return PollResult(False, "KubeFed's controller has not processed it since it was changed")
    if not is_permanent(cluster):
        session.slice_state.pop(_PERMANENT, None)
    # Said twice, it was not said by a client that KubeFed had made before the change
    elif session.slice_state.setdefault(_PERMANENT, last_probe(cluster)) != last_probe(cluster):
        hint = advice(session, cluster, outdated=False)
        raise TerminalState(f"KubeFed cannot use {session.request.name}: {readiness(cluster)}. {hint}")
    return PollResult(is_ready(cluster), readiness(cluster))


def _predates_change(cluster: Object, noted: t.Mapping[str, t.Any]) -> bool:
    """Whether KubeFed's conditions of a cluster are from before it was changed."""
    return any(
        noted.get(key) and noted[key] == now
        for key, now in ((_PROBE, last_probe(cluster)), (_TRANSITION, last_transition(cluster)))
    )


__all__ = ("note_change", "wait_ready")
