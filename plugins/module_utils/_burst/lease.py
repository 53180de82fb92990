# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""How long a burst may live: its lease, and when that ends. Pure.

A burst has a lease and a longest life, as Hive's claims have (ClusterPool.spec.claimLifetime, default and maximum).
"""

from __future__ import annotations

import datetime
import re
import typing as t

OFF = "off"
_UNITS = {"m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhd])")
# Minutes before the end at which somebody is told, and "near" begins.
WARNINGS = (60, 15)
# Less than this part of a lease is not worth an update: who runs burst_up twice in a row changes nothing.
_WORTH = 0.1
# For so long after the lease's end, the deletion is begun again each hour: the second chance.
AGAIN_FROM, AGAIN_FOR = 3600, 48 * 3600

Moment = datetime.datetime


class Lease(t.NamedTuple):
    """A lease that has been given.

    :ivar given: when.
    :ivar end: when it is over.
    """

    given: Moment
    end: Moment


def seconds_of(duration: str) -> int | None:
    """Seconds of a duration such as ``8h``; ``None`` for ``off``.

    :raises ValueError: it is neither.
    """
    if duration == OFF:
        return None
    found = _DURATION.fullmatch(duration)
    if not found:
        raise ValueError(duration)
    return int(found[1]) * _UNITS[found[2]]


def next_lease(now: Moment, wanted: int, longest: int | None, made: Moment | None, held: Lease | None) -> Lease:
    """The lease that a run of burst_up gives.

    :param wanted: seconds of a lease.
    :param longest: seconds that the burst may live, counted from when its stack was made; ``None`` for ever.
    :param made: when that was; ``None`` where there is no stack yet.
    :param held: the lease that there is; it is kept where a new one would hardly be longer.
    """
    now = now.replace(microsecond=0)
    end = now + datetime.timedelta(seconds=wanted)
    if longest is not None:
        end = min(end, (made or now) + datetime.timedelta(seconds=longest))
    end = end.replace(microsecond=0)
    if held is not None:
        gained = (end - held.end).total_seconds()
        # Also a shorter one, where the variable has been made smaller
        if abs(gained) < _WORTH * wanted or (gained < 0 and held.end <= now):
            return held
    return Lease(now, end)


def is_last(lease: Lease, longest: int | None, made: Moment) -> bool:
    """Whether a lease ends only because the burst may live no longer.

    :param longest: seconds that the burst may live; ``None`` for ever.
    :param made: from when on that counts.
    """
    return longest is not None and lease.end >= made.replace(microsecond=0) + datetime.timedelta(seconds=longest)


def state_of(now: Moment, end: Moment | None) -> str:
    """``none``, ``running``, ``near`` (a warning has gone out) or ``over``."""
    if end is None:
        return "none"
    left = (end - now).total_seconds()
    if left <= 0:
        return "over"
    return "near" if left <= WARNINGS[0] * 60 else "running"


def schedule_of(lease: Lease) -> dict[str, t.Any]:
    """The moments that a lease's stack is made of, in the form of EventBridge Scheduler, in UTC.

    Warnings whose time had passed when the lease was given are left out.
    """
    again = lease.end + datetime.timedelta(seconds=AGAIN_FROM)
    warnings = [
        {"minutes": minutes, "at": stamp(lease.end - datetime.timedelta(minutes=minutes))}
        for minutes in WARNINGS
        if lease.end - datetime.timedelta(minutes=minutes) > lease.given
    ]
    return {
        "end": stamp(lease.end),
        "again_from": stamp(again),
        "again_until": stamp(again + datetime.timedelta(seconds=AGAIN_FOR)),
        "warnings": warnings,
    }


def stamp(moment: Moment) -> str:
    """A moment in UTC as ``at()`` takes it: without a zone."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%S}"


def moment_of(text: str) -> Moment | None:
    """The moment of a text as :func:`stamp` writes it, with or without ``Z``; ``None`` where there is none."""
    try:
        found = datetime.datetime.strptime(text.rstrip("Z"), "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None
    return found.replace(tzinfo=datetime.UTC)


def in_words(seconds: float) -> str:
    """A duration for people: ``2 h 5 min``."""
    minutes = int(abs(seconds) // 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(filter(None, parts)) or "less than a minute"


__all__ = (
    *("AGAIN_FOR", "AGAIN_FROM", "OFF", "WARNINGS", "Lease"),
    *("in_words", "is_last", "moment_of", "next_lease", "schedule_of", "seconds_of", "stamp", "state_of"),
)
