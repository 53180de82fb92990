# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The options of the module cluster_pressure, which its event source has too."""

from __future__ import annotations

import sys
import typing as t

from .._kube.names import check_name
from .._kubefed.api import DEFAULT_NAMESPACE
from .._runtime.argspec import ArgumentSpec
from .._runtime.errors import InvalidOption
from .amounts import Amount, amount
from .judgement import SIGNALS, Limits
from .reading import Question

_DEFAULTS = Limits()
_SECONDS = ("pending", "limited", "full", "idle", "lifetime", "retry")
_PERCENT = ("full_percent", "idle_margin_percent")
_ALLOCATABLE = ("cpu", "memory")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def demand_spec() -> ArgumentSpec:
    """What is asked and from when on something counts. Must be kept in sync with the documentation of both."""
    return {
        "name": {"type": "str", "required": True},
        "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
        "namespaces": {"type": "list", "elements": "str", "default": []},
        "node_labels": {"type": "dict", "default": {}},
        "node_taints": {"type": "list", "elements": "dict", "default": []},
        "node_allocatable": {"type": "dict", "default": {}},
        "signals": {"type": "list", "elements": "str", "choices": list(SIGNALS), "default": list(_DEFAULTS.signals)},
        **{f"{name}_seconds": {"type": "int", "default": getattr(_DEFAULTS, name)} for name in _SECONDS},
        "full_percent": {"type": "float", "default": _DEFAULTS.full_percent},
        "idle_margin_percent": {"type": "float", "default": 15},
        "growing": {"type": "bool", "default": False},
        "node_max": {"type": "int", "default": 0},
    }


def read_question(params: t.Mapping[str, t.Any]) -> Question:
    """What is asked.

    :raises InvalidOption: for a value that makes no sense.
    """
    check_name(params["name"], "name", limit=63, dots=False)
    check_name(params["kubefed_namespace"], "kubefed_namespace", limit=63)
    for name in params["namespaces"]:
        check_name(name, "namespaces", limit=63)
    for taint in params["node_taints"]:
        if not taint.get("key") or taint.get("effect") not in _EFFECTS:
            raise InvalidOption(
                f"node_taints has {taint!r}; each needs a key, and as effect one of {', '.join(_EFFECTS)}."
            )
    return Question(
        burst=params["name"],
        kubefed_namespace=params["kubefed_namespace"],
        namespaces=params["namespaces"],
        labels={str(key): str(value) for key, value in params["node_labels"].items()},
        taints=params["node_taints"],
        node=_node(params["node_allocatable"]),
        margin_percent=params["idle_margin_percent"],
    )


def _node(allocatable: t.Mapping[str, t.Any]) -> Amount | None:
    """What a node of the burst has for pods; what is not given counts as enough for any."""
    if not allocatable:
        return None
    unknown = sorted(set(allocatable) - set(_ALLOCATABLE))
    if unknown:
        raise InvalidOption(f"node_allocatable has {unknown[0]!r}; {' and '.join(_ALLOCATABLE)} are allowed.")
    try:
        node = amount(allocatable, pods=1)
    except ValueError as error:
        raise InvalidOption(f"node_allocatable: {error}; allowed are quantities such as 1900m and 6Gi.") from None
    return Amount(*(value if value > 0 else sys.maxsize for value in node))


def read_limits(params: t.Mapping[str, t.Any]) -> Limits:
    """From when on something counts.

    :raises InvalidOption: for a value that makes no sense.
    """
    for name in _SECONDS:
        if params[f"{name}_seconds"] < 0:
            raise InvalidOption(f"{name}_seconds is {params[f'{name}_seconds']}; it must be 0 or more.")
    for name in _PERCENT:
        if not 0 <= params[name] <= 100:
            raise InvalidOption(f"{name} is {params[name]}; it must be a number from 0 to 100.")
    if params["node_max"] < 0:
        raise InvalidOption(f"node_max is {params['node_max']}; it must be 0 (no maximum) or more.")
    return Limits(
        signals=params["signals"],
        full_percent=params["full_percent"],
        grows=params["growing"],
        node_max=params["node_max"],
        **{name: params[f"{name}_seconds"] for name in _SECONDS},
    )


__all__ = ("demand_spec", "read_limits", "read_question")
