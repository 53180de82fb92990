# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""A burst's facts as metrics, for the textfile collector of Prometheus' node_exporter. Pure functions."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.cloudburst.federation.plugins.plugin_utils._status_facts import OK, STATES, Facts

_Labels = t.Mapping[str, str]


def metrics(facts: Facts) -> str:
    """The facts in the text format of Prometheus.

    Names and escapes as https://prometheus.io/docs/instrumenting/exposition_formats/ has them.
    """
    burst = {"burst": facts["burst"]}
    asked = datetime.datetime.fromisoformat(facts["asked"].replace("Z", "+00:00")).timestamp()
    lines = [
        *_family(
            "state",
            "1 for the state that the burst has.",
            [({**burst, "state": state}, float(state == facts["state"])) for state in STATES],
        ),
        *_family("asked_timestamp_seconds", "When the systems were asked.", [(burst, asked)]),
        *_clusters(burst, facts["clusters"]),
        *_family(
            "tunnel_up",
            "1 while the firewall's tunnel is up.",
            [
                ({**burst, "host": one["host"], "tunnel": one["name"]}, float(one["state"] == OK))
                for one in facts["tunnels"]
                if one["name"]
            ],
        ),
        *_family(
            "applications",
            "Federated objects, by state.",
            [
                ({**burst, "state": state}, float(sum(one["state"] == state for one in facts["applications"])))
                for state in STATES
            ],
        ),
        *_shares(burst, facts["traffic"]),
        *_demand(burst, facts["demand"]),
        *_costs(burst, facts),
    ]
    return "".join(f"{line}\n" for line in lines)


def _clusters(burst: _Labels, clusters: t.Sequence[Facts]) -> list[str]:
    return [
        *_family(
            "cluster_ready",
            "1 while KubeFed reaches the cluster.",
            [({**burst, "cluster": cluster["name"]}, float(cluster["state"] == OK)) for cluster in clusters],
        ),
        *_family(
            "nodes",
            "Nodes of a cluster, by whether they are ready.",
            [
                (
                    {**burst, "cluster": cluster["name"], "ready": str(ready).lower()},
                    float(sum((node["state"] == OK) is ready for node in cluster["nodes"])),
                )
                for cluster in clusters
                if cluster["answers"]
                for ready in (True, False)
            ],
        ),
    ]


def _shares(burst: _Labels, traffic: t.Sequence[Facts]) -> list[str]:
    return _family(
        "traffic_share",
        "Part of a Service's customers that a cluster gets.",
        [
            (
                {**burst, **{key: one[key] for key in ("namespace", "service", "method", "host")}, "cluster": cluster},
                share,
            )
            for one in traffic
            for cluster, share in one["shares"].items()
        ],
    )


def _costs(burst: _Labels, facts: Facts) -> list[str]:
    lines: list[str] = []
    if facts["costs"]["hourly"] is not None:
        lines += _family(
            "cost_usd_per_hour",
            "What is paid by the hour, without traffic.",
            [(burst, float(facts["costs"]["hourly"]))],
        )
    if facts["lease"]["left"] is not None:
        lines += _family("lease_seconds", "What is left of the lease.", [(burst, float(facts["lease"]["left"]))])
    if facts["costs"]["so_far"] is not None:
        lines += _family(
            "cost_usd_so_far",
            "What has been paid since the stack was created, without traffic.",
            [(burst, float(facts["costs"]["so_far"]))],
        )
    return lines


def _demand(burst: _Labels, demand: Facts) -> list[str]:
    if not demand["action"]:
        return []
    share = demand["requested_percent"]
    actions = [({**burst, "action": name}, float(name == demand["action"])) for name in ("none", "up", "grow", "down")]
    return [
        *_family("demand", "1 for what is due.", actions),
        *_family(
            "pressure",
            "1 while the data centre has had too little room for long enough.",
            [(burst, float(bool(demand["pressure"])))],
        ),
        *_family(
            "waiting_pods", "Pods that wait for room and that a burst would help.", [(burst, float(demand["waiting"]))]
        ),
        *_family(
            "requested_ratio",
            "Part of the data centre's nodes that is requested.",
            [] if share is None else [(burst, share / 100)],
        ),
    ]


def _family(name: str, help_: str, samples: t.Sequence[tuple[_Labels, float]]) -> list[str]:
    if not samples:
        return []
    full = f"cloudburst_{name}"
    return [
        f"# HELP {full} {help_}",
        f"# TYPE {full} gauge",
        *(f"{full}{{{_labelled(labels)}}} {number:.12g}" for labels, number in samples),
    ]


def _labelled(labels: _Labels) -> str:
    escapes = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
    return ",".join(f'{key}="{value.translate(escapes)}"' for key, value in labels.items())


__all__ = ("metrics",)
