# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""Where the time of a run went."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import one_line

# The playbooks of which it is shown.
PLAYBOOKS = ("burst_up.yml", "burst_down.yml")
# Shorter plays are not worth a line, in seconds.
SHORT = 1.0


def report(began: t.Sequence[tuple[str, float]], end: float) -> list[str]:
    """Lines with how long each play took, in their order, and all of them together.

    :param began: plays, and when they began in seconds.
    :param end: when the last one ended.
    """
    if not began:
        return []
    ends = [moment for _play, moment in began[1:]] + [end]
    spent = [(play, finish - start) for (play, start), finish in zip(began, ends)]
    shown = [(play, seconds) for play, seconds in spent if seconds >= SHORT]
    whole = end - began[0][1]
    return [f"Where the time went, {duration(whole)} in all:"] + [
        f"{duration(seconds):>12}  {one_line(play)}" for play, seconds in shown
    ]


def duration(seconds: float) -> str:
    """A duration for people to read."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


__all__ = ("PLAYBOOKS", "SHORT", "duration", "report")
