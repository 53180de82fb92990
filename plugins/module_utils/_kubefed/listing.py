# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Shortens lists in messages. Pure functions."""

from __future__ import annotations

import typing as t


def shortened(entries: t.Sequence[str], limit: int = 10, separator: str = ", ") -> str:
    """The first entries, and the number of the others."""
    more = f" (and {len(entries) - limit:,} more)" if len(entries) > limit else ""
    return separator.join(entries[:limit]) + more


__all__ = ("shortened",)
