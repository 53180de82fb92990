# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""What a run does with the bursts that are kept for it: goes on only while it has them, and lets go at its end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t

from ansible import constants as C

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.state import holds, now

# As client-go's leader election: whoever could not renew for 10 s does no more, and after 15 s another one may take it
# (https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderElectionConfig: RenewDeadline, LeaseDuration)
_DOUBTFUL = 10.0  # seconds since it was renewed
_PATIENCE = 300.0  # seconds until a cluster that does not answer ends the run
_SHOWN_EVERY = 15.0
_LOOK = 0.2  # seconds between two looks
_LET_GO = 5.0  # seconds for the cluster to hear of it


def folder() -> str:
    """The run's temporary directory."""
    return str(t.cast("t.Any", C).DEFAULT_LOCAL_TMP)


def why_to_stop(show: t.Callable[[str, float], None]) -> str | None:
    """Why this run must not continue; ``None`` if it may. It waits while that is unknown.

    :param show: called now and then while it waits, with what is waited for and the seconds since.
    """
    began = time.monotonic()
    shown = began
    while True:
        states = holds(folder())
        for state in states:
            if state.lost:
                return state.lost
        doubtful = [state for state in states if now() - state.renewed > _DOUBTFUL]
        if not doubtful:
            return None
        burst, silent = doubtful[0].burst, now() - doubtful[0].renewed
        hold = f"this run's hold on the burst {burst}"
        if not _lives(doubtful[0].keeper):
            return (
                f"The process that keeps {hold} has been gone for {silent:.0f} s, so another run may have taken it."
                " Changes made so far are kept; run this again."
            )
        waited = time.monotonic() - began
        if waited > _PATIENCE:
            return (
                f"The data centre's cluster has not renewed {hold} for {silent:.0f} s, so another run may have taken"
                " it. Changes made so far are kept; run this again when the cluster answers."
            )
        if time.monotonic() - shown >= _SHOWN_EVERY:
            shown = time.monotonic()
            show(f"the data centre's cluster to renew {hold}", waited)
        time.sleep(_LOOK)


def let_go(patience: float = _LET_GO) -> None:
    """Release all bursts and wait until they are released, in case this process is the last one to end.

    :param patience: seconds after which it is left to the Lease's own end.
    """
    states = [state for state in holds(folder()) if not state.lost]
    for state in states:
        with contextlib.suppress(OSError):
            os.kill(state.keeper, signal.SIGTERM)
    began = time.monotonic()
    keepers = {state.keeper for state in states}
    while keepers & {state.keeper for state in holds(folder())} and time.monotonic() - began < patience:
        time.sleep(0.02)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
