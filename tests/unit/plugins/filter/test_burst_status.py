# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that show a burst."""

from __future__ import annotations

import json
import typing as t
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.filter.burst_status import burst_status
from ansible_collections.cloudburst.federation.plugins.plugin_utils._status_picture import MOST_NODES

TEMPLATES = Path(__file__).resolve().parents[4] / "playbooks" / "templates"
HOSTILE = "</text><script>alert(1)</script>\" onload='x' \x1b[31m ]]> &amp; \u0001{{ 7 * 7 }}"
SVG = "{http://www.w3.org/2000/svg}"

Answers = dict[str, t.Any]


def node(name: str, ready: str = "True") -> Answers:
    condition = {"type": "Ready", "status": ready, "message": "Kubelet stopped posting node status."}
    return {"metadata": {"name": name}, "status": {"conditions": [condition]}}


def member(name: str, ready: bool = True) -> Answers:
    said = {"type": "Ready", "status": "True", "reason": "ClusterReady", "message": "/healthz responded with ok"}
    gone = {"type": "Offline", "status": "True", "reason": "ClusterNotReachable", "message": "not reachable"}
    return {"metadata": {"name": name}, "status": {"conditions": [said if ready else gone]}}


def federated(name: str, placed: list[str], there: dict[str, str]) -> Answers:
    return {
        "kind": "FederatedDeployment",
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"placement": {"clusters": [{"name": cluster} for cluster in placed]}},
        "status": {"clusters": [{"name": cluster, "status": status} for cluster, status in there.items()]},
    }


def answers(**other: t.Any) -> Answers:
    both = {"earth": "", "vulcan": ""}
    return {
        "name": "vulcan",
        "region": "eu-central-1",
        "host_name": "earth",
        "asked": "2026-11-27T08:00:00Z",
        "stacks": {"cloudburst-vulcan": "CREATE_COMPLETE"},
        "tunnel_ends": [{"outside_ip_address": "203.0.113.20", "status": "UP", "status_message": ""}],
        "costs": {"running": [{"what": "EKS cluster", "hourly_cost": 0.1}], "hourly_cost": 0.1, "prices": "a list"},
        "members": {"resources": [member("earth"), member("vulcan")]},
        "host_nodes": {"resources": [node("earth-1")]},
        "extension_nodes": {"resources": [node("ip-10-11-0-4")]},
        "federated": [{"resources": [federated("web", ["earth", "vulcan"], both)]}],
        "tunnels": {"fw": ["tunnel 1 (203.0.113.20, vpn-vulcan-1) is up, 300139 bytes in, 89293 bytes out"]},
        "routes": {"earth-1": ["10.11.0.0/16 via 10.10.0.1"]},
        **other,
    }


def template(name: str) -> str:
    return (TEMPLATES / f"burst_status.{name}.j2").read_text()


def document(form: str, given: Answers, refresh: int = 0) -> str:
    return burst_status(given, form, template("svg"), template("html"), refresh)


def spoken(given: Answers) -> dict[str, str]:
    """What a screen reader says of each part, by its title, and the border that each has."""
    root = ET.fromstring(document("svg", given))
    found = {}
    for group in root.iter(f"{SVG}g"):
        shape = group.find(f"{SVG}rect")
        shape = group.find(f"{SVG}line") if shape is None else shape
        assert shape is not None
        found[group.attrib["aria-label"].partition(":")[0]] = shape.attrib["class"]
    return found


def test_a_healthy_burst() -> None:
    facts = json.loads(document("json", answers()))
    assert facts["state"] == "ok"
    assert set(spoken(answers()).values()) == {"ok"}


@pytest.mark.parametrize(
    ("broken", "part", "state"),
    [
        ({"stacks": {"x": "ROLLBACK_IN_PROGRESS"}}, "AWS eu-central-1", "broken"),
        ({"stacks": {"x": "DELETE_FAILED"}}, "AWS eu-central-1", "broken"),
        ({"stacks": {"x": "CREATE_IN_PROGRESS"}}, "AWS eu-central-1", "working"),
        ({"stacks": {}}, "AWS eu-central-1", "absent"),
        ({"tunnels": {"fw": ["tunnel 1 (203.0.113.20) is down, its service is active"]}}, "fw", "broken"),
        ({"tunnels": {"fw": ["none of AWS's addresses inside the tunnels answers"]}}, "fw", "broken"),
        ({"members": {"resources": [member("earth"), member("vulcan", False)]}}, "Cluster vulcan", "broken"),
        ({"members": {"resources": [member("earth")]}, "extension_nodes": {}}, "Cluster vulcan", "absent"),
        ({"members": {"resources": [{"metadata": {"name": "vulcan"}}]}}, "Cluster vulcan", "unknown"),
        ({"extension_nodes": {"resources": [node("ip-10-11-0-4", "Unknown")]}}, "ip-10-11-0-4", "broken"),
        ({"federated": [{"resources": [federated("web", ["vulcan"], {})]}]}, "Deployment shop/web", "working"),
        (
            {"federated": [{"resources": [federated("web", ["vulcan"], {"vulcan": "CreationFailed"})]}]},
            "Deployment shop/web",
            "broken",
        ),
    ],
)
def test_a_broken_part_is_drawn_broken(broken: Answers, part: str, state: str) -> None:
    assert spoken(answers(**broken))[part] == state
    if state == "broken":
        assert json.loads(document("json", answers(**broken)))["state"] == "broken"


def test_a_parked_burst_is_named() -> None:
    given = answers(parked=True, extension_nodes={"resources": []})
    facts = json.loads(document("json", given))
    assert facts["stack"]["parked"] is True
    assert facts["state"] == "ok"
    assert "parked" in document("svg", given)
    assert "parked" not in document("svg", answers())


def slice_of(cluster: str, *ready: bool) -> Answers:
    managed = "traffic.cloudburst.federation" if cluster == "vulcan" else "endpointslice-controller.k8s.io"
    return {
        "metadata": {"labels": {"endpointslice.kubernetes.io/managed-by": managed}},
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": one}} for one in ready],
    }


def server(name: str, weight: int, up: bool = True) -> Answers:
    return {"name": name, "burst": name != "earth", "weight": weight, "up": up}


@pytest.mark.parametrize(
    ("found", "shares", "says", "state"),
    [
        ({"servers": [server("earth", 10), server("v", 5)]}, [0.667, 0.333], "67% earth, 33% vulcan", "ok"),
        ({"servers": [server("earth", 10), server("v", 5, False)]}, [1, 0], "100% earth, 0% vulcan", "broken"),
        ({"servers": [server("earth", 10)]}, [1, 0], "100% earth, 0% vulcan", "absent"),
        ({"servers": [server("earth", 10, False)]}, [], "nobody serves it", "broken"),
        ({"servers": None}, [], "not known", "unknown"),
        (
            {"slices": [slice_of("earth", True), slice_of("vulcan", True, True, False)]},
            [0.333, 0.667],
            "33% earth, 67% vulcan",
            "ok",
        ),
    ],
)
def test_the_shares_of_customers(found: Answers, shares: list[float], says: str, state: str) -> None:
    given = answers(traffic=[{"service": "web", "namespace": "shop", "method": "edge", "host": "lb", **found}])
    facts = json.loads(document("json", given))
    (one,) = facts["traffic"]
    assert (list(one["shares"].values()), one["says"], one["state"]) == (shares, says, state)
    assert spoken(given)["Service shop/web"] == state
    assert facts["state"] == ("broken" if state == "broken" else "ok")
    labels = 'burst="vulcan",namespace="shop",service="web",method="edge",host="lb",cluster="vulcan"'
    wanted = [f"cloudburst_traffic_share{{{labels}}} {shares[1]:.12g}"] if shares else []
    lines = document("metrics", given).splitlines()
    assert [line for line in lines if line.startswith("cloudburst_traffic_share") and 'vulcan"}' in line] == wanted


def test_a_tunnel_that_is_down_at_aws_alone() -> None:
    given = answers(tunnel_ends=[{"outside_ip_address": "203.0.113.20", "status": "DOWN", "status_message": "IPSEC"}])
    facts = json.loads(document("json", given))
    assert facts["tunnels"][0]["state"] == "ok"
    assert facts["tunnel_ends"][0]["state"] == "broken"
    line = ET.fromstring(document("svg", given)).find(f".//{SVG}line")
    assert line is not None
    assert line.attrib["class"] == "broken"


def test_nothing_is_there() -> None:
    nothing = {"name": "vulcan", "region": "eu-central-1", "host_name": "earth", "asked": "2026-11-27T08:00:00Z"}
    assert json.loads(document("json", nothing))["state"] == "absent"
    assert spoken(nothing)["AWS eu-central-1"] == "absent"


def test_another_site_is_not_called_aws() -> None:
    assert "Extension" in spoken(answers(region="", stacks={}))


@pytest.mark.parametrize("place", ["name", "node", "application", "member", "stack", "tunnel"])
def test_a_hostile_name_stays_text(place: str) -> None:
    given = answers()
    if place == "name":
        given["name"] = HOSTILE
    elif place == "node":
        given["host_nodes"] = {"resources": [node(HOSTILE, "False")]}
    elif place == "application":
        given["federated"] = [{"resources": [federated(HOSTILE, [HOSTILE], {HOSTILE: HOSTILE})]}]
    elif place == "member":
        given["members"]["resources"][1]["status"]["conditions"][0]["message"] = HOSTILE
    elif place == "stack":
        given["stacks"] = {HOSTILE: HOSTILE}
    else:
        given["tunnels"] = {HOSTILE: [HOSTILE]}
    root = ET.fromstring(document("svg", given))
    assert not root.findall(f".//{SVG}script")
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    page = document("html", given)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "{{ 7 * 7 }}" in page
    HTMLParser().feed(page)


def test_the_page_has_both_forms_and_loads_nothing() -> None:
    page = document("html", answers())
    assert 'class="burst wide"' in page
    assert 'class="burst narrow"' in page
    assert "http-equiv" not in page
    assert not [word for word in ("src=", "href=", "url(", "@import") if word in page]


def test_an_open_page_loads_itself_again() -> None:
    assert '<meta http-equiv="refresh" content="10">' in document("html", answers(), refresh=10)


def test_many_nodes_are_counted_and_those_not_ready_shown() -> None:
    nodes = [*(node(f"n{number}") for number in range(20)), node("last", "False")]
    found = spoken(answers(host_nodes={"resources": nodes}))
    assert found["last"] == "broken"
    assert sum(name.startswith("n") for name in found) == MOST_NODES - 1


def test_metrics() -> None:
    lines = document("metrics", answers(name='a"b\\c')).splitlines()
    assert 'cloudburst_state{burst="a\\"b\\\\c",state="ok"} 0' in lines
    assert 'cloudburst_tunnel_up{burst="a\\"b\\\\c",host="fw",tunnel="1"} 1' in lines
    assert 'cloudburst_asked_timestamp_seconds{burst="a\\"b\\\\c"} 1795766400' in lines
    assert 'cloudburst_nodes{burst="a\\"b\\\\c",cluster="earth",ready="true"} 1' in lines
    assert not [line for line in lines if line.startswith("#") and line.split()[1] not in ("HELP", "TYPE")]


def test_what_it_has_cost_so_far() -> None:
    given = answers(costs={**answers()["costs"], "cost_so_far": 1.5, "since": "2026-11-27T08:00:00Z"})
    facts = json.loads(document("json", given))
    assert facts["costs"]["so_far"] == 1.5
    assert facts["costs"]["since"] == "2026-11-27T08:00:00Z"
    assert 'cloudburst_cost_usd_so_far{burst="vulcan"} 1.5' in document("metrics", given).splitlines()
    assert "about 1.50 USD so far" in document("svg", given)
    assert "About 1.50 USD since 2026-11-27T08:00:00Z. By a list." in document("html", given)
    assert "so_far" not in document("metrics", answers())
    assert "so far" not in document("html", answers())


def demand(**other: t.Any) -> Answers:
    return {
        "action": "up",
        "why": "2 pods waiting for cpu, up to 131 s",
        "pressure": True,
        "idle": False,
        "fits_at_home": True,
        "waiting": {"pods": 2, "longest": 131},
        "not_counted": [{"pod": "shop/db-0", "why": f"its volume {HOSTILE} stays in the data centre"}],
        "nodes": {"count": 3, "requested_percent": 95.8},
        **other,
    }


def test_what_the_load_asks_for() -> None:
    given = answers(demand=demand())
    facts = json.loads(document("json", given))
    says = "2 pods waiting for cpu, up to 131 s; a burst is due"
    assert {key: facts["demand"][key] for key in ("action", "says", "waiting", "requested_percent", "state")} == {
        **{"action": "up", "says": says, "waiting": 2},
        **{"requested_percent": 95.8, "state": "working"},
    }
    assert facts["demand"]["not_counted"][0]["pod"] == "shop/db-0"
    # Something is to be done, but nothing is broken
    assert facts["state"] == json.loads(document("json", answers()))["state"]
    lines = document("metrics", given).splitlines()
    assert 'cloudburst_demand{burst="vulcan",action="up"} 1' in lines
    assert 'cloudburst_demand{burst="vulcan",action="none"} 0' in lines
    assert 'cloudburst_waiting_pods{burst="vulcan"} 2' in lines
    assert 'cloudburst_requested_ratio{burst="vulcan"} 0.958' in lines
    assert 'cloudburst_pressure{burst="vulcan"} 1' in lines
    for form in ("svg", "html"):
        drawn = document(form, given)
        assert "95.8 % of its nodes requested; 2 pods waiting for room; 2 pods waiting for cpu" in drawn


def test_without_pressure_the_picture_says_only_how_full_the_data_centre_is() -> None:
    calm = demand(action="none", why="the data centre has room", pressure=False, waiting={"pods": 0}, not_counted=[])
    drawn = document("svg", answers(demand=calm))
    assert "95.8 % of its nodes requested" in drawn
    assert "waiting" not in drawn
    assert "has room" not in drawn
    assert json.loads(document("json", answers(demand=calm)))["demand"]["state"] == "ok"


def test_who_may_not_ask_what_the_load_asks_for_learns_why() -> None:
    given = answers(demand={"changed": False, "msg": "403: nodes is forbidden\nfor weak"})
    facts = json.loads(document("json", given))
    assert (facts["demand"]["says"], facts["demand"]["state"]) == (
        "not known; 403: nodes is forbidden for weak",
        "unknown",
    )
    assert "requested" not in document("svg", given)
    assert "cloudburst_demand" not in document("metrics", given)
    assert "cloudburst_demand" not in document("metrics", answers())


def test_an_unknown_document_is_rejected() -> None:
    with pytest.raises(Exception, match="document is 'pdf'; it must be one of json, metrics, svg, html"):
        burst_status(answers(), "pdf")
