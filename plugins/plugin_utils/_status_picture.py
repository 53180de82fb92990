# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is private to the collection: it may change in any release.

"""Where each part of a burst stands in its picture, and what is written there. Pure functions.

The picture is figure 1 of the README: the data centre on the left, AWS on the right, the tunnels between them. On a
narrow page they stand one above the other.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.cloudburst.federation.plugins.plugin_utils._status_facts import (
    ABSENT,
    BROKEN,
    OK,
    STATES,
    UNKNOWN,
    WORKING,
    Facts,
)

# Words and signs, as a colour alone does not reach everybody.
WORDS = {OK: "works", WORKING: "in progress", UNKNOWN: "unknown", ABSENT: "not there", BROKEN: "broken"}
SIGNS = {OK: "✓", WORKING: "…", UNKNOWN: "?", ABSENT: "○", BROKEN: "✕"}

LINE = 18
PADDING = 14
# Of a sans-serif font of 13 px, on average and somewhat more
CHARACTER = 7.2
# More of one kind are counted, not drawn
MOST_NODES = 8
MOST_APPLICATIONS = 12


@dataclasses.dataclass
class Box:
    """A part with a border, a title and lines of text, which may have boxes inside."""

    title: str
    state: str
    lines: list[str] = dataclasses.field(default_factory=list)
    inside: list[Box] = dataclasses.field(default_factory=list)
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0

    @property
    def spoken(self) -> str:
        """What a screen reader says of it."""
        return f"{self.title}: {'; '.join([WORDS[self.state], *self.lines])}"

    def fit(self, x: float, y: float, width: float) -> float:
        """Give it and all inside a place, one below the other, and return where it ends."""
        self.x, self.y, self.width = x, y, width
        below = y + PADDING + LINE * (1 + len(self.lines)) + PADDING / 2
        for box in self.inside:
            below = box.fit(x + PADDING, below, width - 2 * PADDING) + PADDING / 2
        self.height = below - y + PADDING / 2
        return below + PADDING / 2

    def shown(self, text: str, *, title: bool = False) -> str:
        """A text cut to the box's width."""
        room = int((self.width - 2 * PADDING - (28 if title else 0)) / CHARACTER)
        return text if len(text) <= room else text[: max(1, room - 1)] + "…"

    def all(self) -> t.Iterator[Box]:
        """It and all inside."""
        yield self
        for box in self.inside:
            yield from box.all()


@dataclasses.dataclass
class Link:
    """A line between two parts, with its text."""

    x1: float
    y1: float
    x2: float
    y2: float
    state: str
    text: str
    spoken: str
    text_x: float
    text_y: float


@dataclasses.dataclass
class Picture:
    """What a template draws."""

    width: float
    height: float
    boxes: list[Box]
    links: list[Link]


def picture(facts: Facts, *, narrow: bool = False) -> Picture:
    """The picture of a burst.

    :param narrow: one below the other, for a page of 400 pixels, in place of side by side.
    """
    home, far, applications = _data_centre(facts), _far_side(facts), _applications(facts)
    tunnels = _tunnels(facts)
    links = []
    if narrow:
        width = 400.0
        begin = home.fit(10, 10, width - 20)
        end = begin + PADDING + LINE * max(1, len(tunnels))
        beside = 30 + 16 * len(tunnels)
        for n, (state, text, spoken) in enumerate(tunnels):
            x = 30 + 16 * n
            links.append(Link(x, begin, x, end, state, text, spoken, beside, begin + LINE * (n + 1)))
        end = far.fit(10, end, width - 20)
    else:
        width = 1120.0
        end = max(home.fit(10, 10, 380), far.fit(width - 390, 10, 380), 10 + 60.0 * len(tunnels))
        home.height = far.height = end - 10
        for n, (state, text, spoken) in enumerate(tunnels):
            y = 60.0 + 60 * n
            links.append(Link(390, y, width - 390, y, state, text, spoken, 400, y - 8))
    below = [*([_customers(facts)] if facts["traffic"] else []), applications]
    for box in below:
        end = box.fit(10, end + 16, width - 20)
    return Picture(width, end + 10, [home, far, *below], links)


def summary(facts: Facts, drawn: Picture) -> str:
    """The whole in one sentence, for those who cannot see the picture."""
    parts = [box for top in drawn.boxes for box in top.all()]
    broken = [box.title for box in parts if box.state == BROKEN and not any(b.state == BROKEN for b in box.inside)]
    broken += [link.text.removeprefix(f"{SIGNS[BROKEN]} ") for link in drawn.links if link.state == BROKEN]
    said = f"Burst {facts['burst']}, as asked at {facts['asked']}: {WORDS[facts['state']]}."
    return f"{said} Broken: {'; '.join(broken)}." if broken else said


def worst(states: t.Iterable[str], default: str = ABSENT) -> str:
    """The worst of some states."""
    return max(states, key=STATES.index, default=default)


def _data_centre(facts: Facts) -> Box:
    hosts = sorted({tunnel["host"] for tunnel in facts["tunnels"]} | {route["host"] for route in facts["routes"]})
    inside = [_cluster(facts["clusters"][0])]
    for host in hosts:
        tunnels = [tunnel for tunnel in facts["tunnels"] if tunnel["host"] == host]
        routes = [route for route in facts["routes"] if route["host"] == host]
        up = sum(tunnel["state"] == OK for tunnel in tunnels)
        lines = [f"{up} of {len(tunnels)} tunnels up"] if tunnels else []
        lines += [f"route {route['to']}" for route in routes[:3]]
        inside.append(Box(host, worst([part["state"] for part in [*tunnels, *routes]], OK), lines))
    demand = facts["demand"]
    lines = [] if demand["requested_percent"] is None else [f"{demand['requested_percent']:g} % of its nodes requested"]
    if demand["waiting"]:
        lines.append(f"{demand['waiting']} pods waiting for room")
    if demand["action"] not in ("", "none"):
        lines.append(demand["says"])
    return Box("Data centre", worst(box.state for box in inside), lines, inside)


def _far_side(facts: Facts) -> Box:
    stack = facts["stack"]
    extension = _cluster(facts["clusters"][1])
    if not facts["region"]:
        return Box("Extension", extension.state, [], [extension])
    lines = [f"stack {stack['name']}: {stack['status'] or 'there is none'}"]
    if stack["parked"]:
        lines.append("parked: there are no nodes until the next burst_up")
    costs = facts["costs"]
    if costs["running"]:
        known = costs["hourly"] is not None
        lines.append(f"about {costs['hourly']:.2f} USD an hour, and traffic" if known else "its cost is not known")
        if costs["so_far"] is not None:
            lines.append(f"about {costs['so_far']:.2f} USD so far")
    if facts["lease"]["end"]:
        lines.append(f"lease to {facts['lease']['end']}")
    return Box(f"AWS {facts['region']}", worst([stack["state"], extension.state]), lines, [extension])


def _cluster(cluster: Facts) -> Box:
    nodes = [
        Box(node["name"], node["state"], [] if node["state"] == OK else [node["says"]]) for node in cluster["nodes"]
    ]
    lines = [cluster["says"]] if cluster["says"] else []
    if not cluster["answers"] and cluster["member"]:
        lines.append("its API server was not asked, or does not answer")
    if len(nodes) > MOST_NODES:
        nodes.sort(key=lambda node: -STATES.index(node.state))
        lines.append(f"{len(nodes)} nodes, of which {sum(node.state == OK for node in nodes)} are ready")
        nodes = nodes[:MOST_NODES]
    state = cluster["state"]
    if cluster["role"] == "host" and state == ABSENT and cluster["answers"]:
        state = OK  # the host of a federation need not be a member of it
    return Box(f"Cluster {cluster['name']}", worst([state, *(node.state for node in nodes)]), lines, nodes)


def _applications(facts: Facts) -> Box:
    listed = sorted(facts["applications"], key=lambda one: -STATES.index(one["state"]))
    inside = []
    for one in listed[:MOST_APPLICATIONS]:
        there = [f"{name} ({status})" if status else name for name, status in sorted(one["there"].items())]
        line = f"placed on {', '.join(one['placed']) or 'no cluster'}; there on {', '.join(there) or 'no cluster'}"
        name = "/".join(filter(None, (one["namespace"], one["name"])))
        inside.append(Box(f"{one['kind'].removeprefix('Federated')} {name}", one["state"], [line]))
    lines = [] if listed else ["nothing is federated"]
    if len(listed) > MOST_APPLICATIONS:
        lines.append(f"{len(listed)} in all; those that need a look come first")
    return Box("Applications", worst(one["state"] for one in listed), lines, inside)


def _customers(facts: Facts) -> Box:
    inside = []
    for one in facts["traffic"]:
        way = f"at the edge, on {one['host']}" if one["host"] else f"by {one['method']}"
        inside.append(Box(f"Service {one['namespace']}/{one['service']}", one["state"], [f"{one['says']}, {way}"]))
    return Box("Customers", worst(one["state"] for one in facts["traffic"]), [], inside)


def _tunnels(facts: Facts) -> list[tuple[str, str, str]]:
    """State, text and spoken text of each tunnel, both of its ends taken together."""
    if not facts["tunnels"] and not facts["tunnel_ends"]:
        return []
    ends = {end["address"]: end for end in facts["tunnel_ends"]}
    result = []
    for tunnel in facts["tunnels"]:
        end = ends.pop(tunnel["address"], None)
        state = worst([tunnel["state"], *([end["state"]] if end else [])])
        text = f"tunnel {tunnel['name']} to {tunnel['address']}" if tunnel["name"] else tunnel["says"]
        says = [tunnel["says"], *([f"AWS's end is {end['says']}"] if end else [])]
        result.append((state, f"{SIGNS[state]} {text}: {WORDS[state]}", "; ".join(says)))
    for address, end in ends.items():
        text = f"{SIGNS[BROKEN]} AWS's end {address} has no tunnel here"
        result.append((BROKEN, text, f"AWS's end {address} has no tunnel here, and is {end['says']}"))
    return result


__all__ = ("SIGNS", "WORDS", "Box", "Link", "Picture", "picture", "summary")
