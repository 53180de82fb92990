# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Reads the options and documents of a federated_resource task, once. Pure except for reading files."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._kube.names import check_labels, check_name, texts
from ..._kube.objects import Object
from ..._runtime.errors import InvalidOption
from .documents import from_definition, from_path
from .overrides import Overrides, check_overrides
from .placement import check_selector
from .schedules import Schedule, is_schedule, read_schedule
from .validation import useless_problem

# The options for this state alone
_FOR_PRESENT = ("placement", "cluster_selector", "overrides", "creation_labels", "contents", "enable_types")
_FOR_CLUSTERS = ("placed", "withdrawn", "restored")
STATES = ("present", "absent", *_FOR_CLUSTERS)


@dataclass(frozen=True)
class Request:
    """A task's request.

    :ivar manifests: plain and federated resources, without schedules; ``None`` when no resources are given.
    :ivar schedules: the ReplicaSchedulingPreferences among them, for the states that write or remove them.
    :ivar placement: names of clusters, or ``None``.
    :ivar clusters: of the states that are about clusters.
    """

    state: str
    namespace: str | None
    manifests: list[Object] | None
    schedules: list[Schedule]
    placement: list[str] | None
    cluster_selector: Object | None
    overrides: Overrides
    creation_labels: dict[str, str]
    clusters: list[str]
    contents: bool
    enable_types: bool
    orphan: bool
    wait: bool
    wait_for_pods: bool


def read_request(params: dict[str, t.Any], warn: t.Callable[[str], object]) -> Request:
    """Read the options of a task, and the documents that they name.

    :param params: the module's. The definition is taken out of them when it cannot be read: it is not known then what
        of it is secret, and a result shows the options.
    :param warn: is called with what kubectl ignores without a warning.
    :raises InvalidOption: for what makes no sense, with option, value and what is allowed.
    """
    _check_options(params)
    try:
        found = _documents(params, warn)
    except InvalidOption:
        params["definition"] = None
        raise
    state, namespace = params["state"], params["namespace"]
    schedules = []
    if state in ("present", "absent"):
        schedules = [read_schedule(entry, namespace=namespace) for entry in found or [] if is_schedule(entry)]
    return Request(
        state=state,
        namespace=namespace,
        manifests=None if found is None else [entry for entry in found if not is_schedule(entry)],
        schedules=schedules,
        placement=params["placement"],
        cluster_selector=params["cluster_selector"],
        overrides=check_overrides(params["overrides"] or {}),
        creation_labels=texts(params["creation_labels"]),
        clusters=params["clusters"] or [],
        contents=params["contents"],
        enable_types=params["enable_types"],
        orphan=params["orphan"],
        wait=params["wait"],
        wait_for_pods=params["wait_for_pods"],
    )


def _documents(params: t.Mapping[str, t.Any], warn: t.Callable[[str], object]) -> list[Object] | None:
    """The resources given in definition or src; ``None`` without either."""
    if params["src"] is not None:
        found = from_path(params["src"], warn)
    elif params["definition"] is not None:
        found = from_definition(params["definition"], warn)
    else:
        return None
    # What is federated already may be removed
    useless = [text for text in map(useless_problem, found) if text] if params["state"] == "present" else []
    if useless:
        raise InvalidOption(" ".join(useless))
    return found


def _check_options(params: t.Mapping[str, t.Any]) -> None:
    """Reject invalid combinations of options before any change."""
    state = params["state"]
    check_name(params["kubefed_namespace"], "kubefed_namespace", limit=63)
    if params["namespace"] is not None:
        check_name(params["namespace"], "namespace", limit=63)
    for option in ("placement", "clusters", "overrides"):
        for name in params[option] or []:
            check_name(name, option)
    if params["template"] is not None:
        raise InvalidOption("template is rendered on the controller: it does not work in an ad hoc or async task.")
    if params["cluster_selector"] is not None:
        check_selector(params["cluster_selector"])
    check_overrides(params["overrides"] or {})
    check_labels(texts(params["creation_labels"]), "creation_labels")
    for option in _FOR_PRESENT:
        if state != "present" and params[option]:
            raise InvalidOption(f"state is {state}: {option} is for state present.")
    _check_what(params)
    if params["orphan"] and state != "absent":
        raise InvalidOption(f"state is {state}: orphan is for state absent.")
    if params["wait_for_pods"] and (not params["wait"] or state not in ("present", "placed")):
        raise InvalidOption("wait_for_pods is true: it needs wait, and state present or placed.")


def _check_what(params: t.Mapping[str, t.Any]) -> None:
    """Reject a task that does not name resources and clusters."""
    state = params["state"]
    given = params["definition"] is not None or params["src"] is not None
    if state in _FOR_CLUSTERS:
        if not params["clusters"]:
            raise InvalidOption(f"state is {state}: clusters must list at least one cluster.")
        if not given and not params["namespace"]:
            raise InvalidOption(
                f"state is {state}: set definition, src, template or namespace, to select the resources."
            )
    elif params["clusters"] is not None:
        raise InvalidOption(
            f"state is {state}: clusters is for states {', '.join(_FOR_CLUSTERS[:-1])} and {_FOR_CLUSTERS[-1]}; set"
            " placement instead."
        )
    elif params["contents"]:
        if not params["namespace"]:
            raise InvalidOption("contents is true: set namespace to the namespace to federate.")
    elif not given:
        raise InvalidOption(f"state is {state}: set definition, src or template.")


__all__ = ("STATES", "Request", "read_request")
