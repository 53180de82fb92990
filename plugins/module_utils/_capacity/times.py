# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Times as Kubernetes writes them. Pure functions."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime


def parsed(text: t.Any) -> datetime | None:
    """A time of an object in UTC; ``None`` where there is none."""
    try:
        found = datetime.fromisoformat(str(text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def written(moment: datetime | None) -> str:
    """A time with seconds, as in metadata; an empty text for ``None``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def seconds(since: datetime | None, now: datetime) -> int:
    """How many seconds it is since then; 0 for ``None`` and for what lies ahead, as clocks differ a little."""
    return max(0, int((now - since).total_seconds())) if since else 0


__all__ = ("parsed", "seconds", "written")
