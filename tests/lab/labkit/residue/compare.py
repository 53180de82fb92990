# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different between two snapshots. Pure.

A snapshot is a mapping from where something is ("earth: deployments.apps shop/web") to what it is (any JSON).
"""

from __future__ import annotations

import json
import typing as t

Snapshot = t.Mapping[str, t.Any]

_SHOWN = 160  # characters of a value


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """A line for each thing that is gone (-), new (+) or changed (~, with the place inside it)."""
    lines = [f"- {where}" for where in sorted(set(before) - set(after))]
    lines += [f"+ {where}" for where in sorted(set(after) - set(before))]
    for where in sorted(set(before) & set(after)):
        lines += [f"~ {where}{change}" for change in _changes("", before[where], after[where])]
    return lines


def _changes(path: str, old: t.Any, new: t.Any) -> t.Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _changes(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new)):
            yield from _changes(f"{path}[{number}]", one, other)
    else:
        yield f" {path or '(all)'}: {_short(old)} -> {_short(new)}"


def _short(value: t.Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
