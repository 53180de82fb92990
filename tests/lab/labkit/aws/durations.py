# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a stack operation takes for each type of resource.

`<state>/aws/durations.json` says so, and is read again for every resource, so a change counts at once:

    {"profile": "quick", "types": {"AWS::EC2::VPNConnection": {"create": 60, "delete": 20}}, "scale": 1}

`profile` is `instant`, `quick` (the default: events come one by one, yet nobody waits long) or `aws` (about what AWS
takes), multiplied by `scale`; `types` wins over it, in seconds, and may name an `update` too. Real things (control
plane, nodes) take the time they need in any profile; a duration is a lower bound.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

DEFAULT = "quick"

# Seconds for create and for delete. "*" is every type not named.
PROFILES: dict[str, dict[str, tuple[float, float]]] = {
    "instant": {"*": (0, 0)},
    "quick": {
        "*": (0.4, 0.2),
        "AWS::EC2::VPC": (1, 0.5),
        "AWS::EC2::InternetGateway": (1, 0.5),
        "AWS::EC2::NatGateway": (2, 1),
        "AWS::EC2::VPCGatewayAttachment": (1, 0.5),
        "AWS::EC2::VPNGateway": (1, 0.5),
        "AWS::EC2::VPNConnection": (3, 1),
        "AWS::EKS::Cluster": (1, 1),
        "AWS::EKS::Nodegroup": (1, 1),
    },
    "aws": {
        "*": (3, 2),
        "AWS::EC2::EIP": (16, 12),
        "AWS::EC2::InternetGateway": (16, 2),
        "AWS::EC2::LaunchTemplate": (6, 2),
        "AWS::EC2::NatGateway": (105, 60),
        "AWS::EC2::RouteTable": (12, 2),
        "AWS::EC2::SecurityGroup": (6, 2),
        "AWS::EC2::VPC": (13, 2),
        "AWS::EC2::VPCEndpoint": (70, 90),
        "AWS::EC2::VPCGatewayAttachment": (18, 20),
        "AWS::EC2::VPNConnection": (240, 60),
        "AWS::EC2::VPNGateway": (20, 15),
        "AWS::EKS::AccessEntry": (6, 6),
        "AWS::EKS::Addon": (60, 30),
        "AWS::EKS::Cluster": (540, 150),
        "AWS::EKS::Nodegroup": (150, 330),
        "AWS::IAM::Role": (17, 3),
    },
}


# Where an update does not take as long as a creation. For a new size, a node group starts nodes and nothing else; a new
# group also gets an Auto Scaling group and a launch template of its own.
UPDATES: dict[str, dict[str, float]] = {"aws": {"AWS::EKS::Nodegroup": 90}}


def usual(resource_type: str, operation: t.Literal["create", "delete"], profile: str = "aws") -> float:
    """Seconds that `operation` takes in a profile, by default as on AWS."""
    return PROFILES[profile].get(resource_type, PROFILES[profile]["*"])[operation == "delete"]


class Timeline:
    """When each resource of a stack operation would have begun, were all worked on at once, as AWS does.

    MiniStack works on one after the other. What would have begun earlier than MiniStack comes to it has that much
    less to wait for, so the whole takes as long as the longest way through it.
    """

    def __init__(self, began: float, needed: t.Mapping[str, t.Collection[str]]) -> None:
        """:param needed: of each resource, those that must have ended before it begins."""
        self._began = began
        self._needed = needed
        self._ends: dict[str, float] = {}

    def begin(self, logical_id: str) -> float:
        """When this resource would have begun."""
        ends = (self._ends[name] for name in self._needed.get(logical_id, ()) if name in self._ends)
        return max(ends, default=self._began)

    def end(self, logical_id: str, seconds: float) -> float:
        """Note that this resource takes so long, and return when it would end."""
        self._ends[logical_id] = self.begin(logical_id) + seconds
        return self._ends[logical_id]


def reverse(needed: t.Mapping[str, t.Collection[str]]) -> dict[str, set[str]]:
    """The same dependencies the other way around, for a deletion."""
    return {name: {other for other, needs in needed.items() if name in needs} for name in needed}


class Durations:
    """The durations of one lab. A file that cannot be read counts as none, so that a typo breaks no stack."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def seconds(self, resource_type: str, operation: t.Literal["create", "update", "delete"]) -> float:
        """How long `operation` takes at least; an update counts as a creation where nothing else is said of it."""
        settings = self._read()
        step: t.Literal["create", "delete"] = "delete" if operation == "delete" else "create"
        named = settings.get("types", {}).get(resource_type, {})
        own = named.get(operation, named.get(step))
        if isinstance(own, (int, float)):
            return max(0.0, float(own))
        profile = settings.get("profile", DEFAULT)
        profile = profile if profile in PROFILES else DEFAULT
        scale = settings.get("scale", 1)
        seconds = usual(resource_type, step, profile)
        if operation == "update":
            seconds = UPDATES.get(profile, {}).get(resource_type, seconds)
        return seconds * (scale if isinstance(scale, (int, float)) and scale >= 0 else 1)

    def _read(self) -> dict[str, t.Any]:
        try:
            settings = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}
        return settings if isinstance(settings, dict) else {}
