# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""What the systems have answered about a burst, as one document of facts. Pure functions."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import one_line
from ansible_collections.cloudburst.federation.plugins.module_utils._traffic.keeper import MANAGED_BY, MANAGED_BY_LABEL

Facts = dict[str, t.Any]

# The state of each part. The worst one that a part has is the state of the whole.
OK, WORKING, UNKNOWN, ABSENT, BROKEN = "ok", "working", "unknown", "absent", "broken"
STATES = (OK, ABSENT, UNKNOWN, WORKING, BROKEN)

_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
# A status of CloudFormation that ends a rollback, or says that one is under way or has failed
_FAILING = ("ROLLBACK", "FAILED")
# As `check` in roles/site_to_site_vpn/templates/tunnel.sh.j2 writes it
_TUNNEL = re.compile(r"tunnel (\S+) \(([^,)]+)[^)]*\) is (up|down)\b")


def facts(answers: t.Mapping[str, t.Any]) -> Facts:
    """One document of what the systems have answered.

    :param answers: the keys that the filter's documentation names, each as the module has returned it.
    :returns: plain data: ``burst``, ``asked``, ``region`` and ``state`` of the whole, and the parts ``stack``,
        ``clusters``, ``tunnels``, ``tunnel_ends``, ``routes``, ``applications``, ``traffic``, ``costs``, ``lease`` and
        ``demand``, each with its ``state``.
    """
    name, host_name = str(answers["name"]), str(answers.get("host_name") or "")
    parts: Facts = {
        "stack": stack(answers.get("stacks") or {}, f"cloudburst-{name}", bool(answers.get("parked"))),
        "clusters": clusters(answers, name),
        "tunnels": [tunnel(host, line) for host, lines in sorted(_of(answers, "tunnels").items()) for line in lines],
        "tunnel_ends": [tunnel_end(end) for end in answers.get("tunnel_ends") or []],
        "routes": [
            {"host": host, "to": one_line(line), "state": OK}
            for host, lines in sorted(_of(answers, "routes").items())
            for line in lines
        ],
        "applications": [
            application(item) for result in answers.get("federated") or [] for item in result.get("resources") or []
        ],
        "traffic": [traffic(found, name, host_name) for found in answers.get("traffic") or []],
        "costs": costs(answers.get("costs") or {}),
        "lease": lease(answers.get("lease") or {}),
        "demand": demand(answers.get("demand") or {}),
    }
    asked, region = str(answers["asked"]), str(answers.get("region") or "")
    return {"burst": name, "asked": asked, "region": region, "state": overall(parts), **parts}


def overall(parts: t.Mapping[str, t.Any]) -> str:
    """The state of a burst: that of its worst part, where it is there at all."""
    extension = parts["clusters"][-1]
    if parts["stack"]["state"] == ABSENT and extension["state"] == ABSENT and not parts["tunnels"]:
        return ABSENT
    members = [node for cluster in parts["clusters"] for node in cluster["nodes"]]
    listed = [*parts["clusters"], *members, *parts["tunnels"], *parts["tunnel_ends"], *parts["applications"]]
    listed += [part for part in parts["traffic"] if part["state"] == BROKEN]
    return max((part["state"] for part in [parts["stack"], *listed]), key=STATES.index)


def stack(stacks: t.Mapping[str, str], name: str, parked: bool) -> Facts:
    """The burst's stack, by the status that CloudFormation gives it.

    :param parked: whether it has no nodes at present.
    """
    if not stacks:
        return {"name": name, "status": "", "parked": False, "state": ABSENT}
    name, status = next(iter(stacks.items()))
    going = BROKEN if any(word in status for word in _FAILING) else WORKING
    state = OK if status in _SETTLED else going
    return {"name": name, "status": status, "parked": parked, "state": state}


def clusters(answers: t.Mapping[str, t.Any], name: str) -> list[Facts]:
    """The host cluster and the extension, with their nodes."""
    members = {item["metadata"]["name"]: item for item in (answers.get("members") or {}).get("resources") or []}
    host = str(answers.get("host_name") or "")
    return [
        {**member(host or "host cluster", members.get(host)), "role": "host", **nodes(answers, "host_nodes")},
        {**member(name, members.get(name)), "role": "extension", **nodes(answers, "extension_nodes")},
    ]


def member(name: str, found: t.Mapping[str, t.Any] | None) -> Facts:
    """A cluster, and what KubeFed says of it."""
    if found is None:
        return {"name": name, "member": False, "says": "no member of the federation", "state": ABSENT}
    conditions = (found.get("status") or {}).get("conditions") or []
    ready = [condition for condition in conditions if condition.get("type") == "Ready"]
    said = next(iter(ready or conditions), None)
    if said is None:
        return {"name": name, "member": True, "says": "KubeFed has not looked yet", "state": UNKNOWN}
    fine = bool(ready) and ready[0].get("status") == "True"
    text = one_line(": ".join(filter(None, (str(said.get("reason") or ""), str(said.get("message") or "")))))
    return {"name": name, "member": True, "says": text, "state": OK if fine else BROKEN}


def nodes(answers: t.Mapping[str, t.Any], key: str) -> Facts:
    """The nodes of a cluster; whether it has answered at all is ``answers``."""
    answer = answers.get(key) or {}
    listed = []
    for item in answer.get("resources") or []:
        conditions = (item.get("status") or {}).get("conditions") or []
        found = [condition for condition in conditions if condition.get("type") == "Ready"]
        ready = found[0] if found else {}
        state = {"True": OK, "False": BROKEN}.get(str(ready.get("status")), BROKEN if conditions else UNKNOWN)
        says = "Ready" if state == OK else one_line(str(ready.get("message") or ready.get("reason") or "not ready"))
        listed.append({"name": item["metadata"]["name"], "says": says, "state": state})
    return {"nodes": listed, "answers": not answer.get("failed") and "resources" in answer}


def tunnel(host: str, text: str) -> Facts:
    """A tunnel of the firewall, from a line of the role site_to_site_vpn's status.

    A line that is about no tunnel says that nothing passes through them.
    """
    line = one_line(text)
    found = _TUNNEL.match(line)
    name, address, word = found.groups() if found else ("", "", "")
    return {"host": host, "name": name, "address": address, "says": line, "state": OK if word == "up" else BROKEN}


def tunnel_end(end: t.Mapping[str, t.Any]) -> Facts:
    """AWS's end of a tunnel, from its telemetry."""
    said = filter(None, (str(end.get("status") or ""), str(end.get("status_message") or "")))
    state = OK if end.get("status") == "UP" else BROKEN
    return {"address": str(end.get("outside_ip_address") or ""), "says": one_line(" ".join(said)), "state": state}


def application(item: t.Mapping[str, t.Any]) -> Facts:
    """A federated object: where it is to be, and where KubeFed says that it is."""
    placed = [str(cluster["name"]) for cluster in (_of(item, "spec", "placement").get("clusters") or [])]
    clusters_ = _of(item, "status").get("clusters") or []
    there = {str(cluster["name"]): str(cluster.get("status") or "") for cluster in clusters_}
    arrived = OK if set(placed) <= set(there) else WORKING
    state = BROKEN if any(there.values()) else arrived
    metadata = item["metadata"]
    return {
        "kind": str(item["kind"]),
        "namespace": str(metadata.get("namespace") or ""),
        "name": str(metadata["name"]),
        "placed": placed,
        "there": there,
        "state": state,
    }


def traffic(found: t.Mapping[str, t.Any], name: str, host_name: str) -> Facts:
    """Which share of a Service's customers each cluster gets.

    :param found: ``service``, ``namespace`` and ``method``, and what is known of it: ``servers`` of a ``host`` at the
        edge, or ``slices``. Each is ``None`` where nobody has answered.
    """
    endpoints = [
        (
            ((item["metadata"].get("labels") or {}).get(MANAGED_BY_LABEL) == MANAGED_BY),
            1,
            (endpoint.get("conditions") or {}).get("ready") is not False,
        )
        for item in found.get("slices") or []
        for endpoint in item.get("endpoints") or []
    ]
    servers = [(one["burst"], one["weight"], one["up"]) for one in found.get("servers") or []]
    listed = endpoints + servers
    total = sum(weight for _extension, weight, up in listed if up)
    far = sum(weight for extension, weight, up in listed if up and extension)
    there = [up for extension, _weight, up in listed if extension]
    facts_: Facts = {
        **{key: str(found.get(key) or "") for key in ("service", "namespace", "method", "host")},
        "shares": {host_name: round(1 - far / total, 3), name: round(far / total, 3)} if total else {},
    }
    if found.get("servers") is None and found.get("slices") is None:
        return {**facts_, "says": "not known", "state": UNKNOWN}
    if not total:
        return {**facts_, "says": "nobody serves it", "state": BROKEN}
    says = f"{1 - far / total:.0%} {host_name}, {far / total:.0%} {name}"
    unused = BROKEN if there else ABSENT
    return {**facts_, "says": says, "state": OK if far else unused}


def costs(answer: t.Mapping[str, t.Any]) -> Facts:
    """What is paid for, from the answer of eks_leftovers. In USD; ``None`` where it is not known."""
    running = [{"what": str(row["what"]), "hourly": row["hourly_cost"]} for row in answer.get("running") or []]
    return {
        "running": running,
        "hourly": answer.get("hourly_cost"),
        "so_far": answer.get("cost_so_far"),
        "since": str(answer.get("since") or ""),
        "prices": str(answer.get("prices") or ""),
        "state": OK if running else ABSENT,
    }


def lease(answer: t.Mapping[str, t.Any]) -> Facts:
    """What is left of the burst's lease, from the answer of burst_lease. ``left``: seconds, negative after the end."""
    states = {"running": OK, "near": WORKING, "over": BROKEN}
    return {
        "end": str(answer.get("end") or ""),
        "left": answer.get("left"),
        "says": one_line(str(answer.get("says") or "")),
        "state": states.get(str(answer.get("state")), ABSENT),
    }


def demand(answer: t.Mapping[str, t.Any]) -> Facts:
    """What the load asks for, from the answer of cluster_pressure; nothing of it where that one was not asked.

    :returns: among others ``action``, as the module has it, and ``says``, what is due and why.
    """
    failed = bool(answer) and "action" not in answer
    due = {"up": "a burst is due", "grow": "the burst is due to grow", "down": "the burst is due to end"}
    said = [answer.get("why"), due.get(str(answer.get("action")))] if not failed else ["not known", answer.get("msg")]
    nodes_ = _of(answer, "nodes")
    asked = WORKING if answer.get("pressure") else OK
    return {
        "action": str(answer.get("action") or ""),
        "says": one_line("; ".join(str(text) for text in said if text)),
        "pressure": answer.get("pressure"),
        "idle": answer.get("idle"),
        "fits_at_home": answer.get("fits_at_home"),
        "waiting": _of(answer, "waiting").get("pods"),
        "not_counted": [
            {"pod": one_line(str(row["pod"])), "why": one_line(str(row["why"]))}
            for row in answer.get("not_counted") or []
        ],
        "requested_percent": nodes_.get("requested_percent") if nodes_.get("count") else None,
        "state": UNKNOWN if failed or not answer else asked,
    }


def _of(value: t.Mapping[str, t.Any], *keys: str) -> dict[str, t.Any]:
    found: t.Any = value
    for key in keys:
        found = found.get(key) or {}
    return t.cast("dict[str, t.Any]", found)


__all__ = ("ABSENT", "BROKEN", "OK", "STATES", "UNKNOWN", "WORKING", "Facts", "facts")
