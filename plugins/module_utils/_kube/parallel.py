# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Makes the same call for several targets in parallel."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

Target = t.TypeVar("Target")
Outcome = t.TypeVar("Outcome")

PARALLEL = 8


def each(call: t.Callable[[Target], Outcome], targets: t.Sequence[Target]) -> list[Outcome]:
    """Call for each target, several at a time.

    :returns: the results in the order of the targets.
    :raises Exception: the first error of a call."""
    if len(targets) < 2:
        return [call(target) for target in targets]
    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(targets))) as pool:
        return list(pool.map(call, targets))


__all__ = ("PARALLEL", "each")
