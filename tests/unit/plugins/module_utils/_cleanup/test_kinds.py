# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of kinds: each entry has all of its parts, and what it calls is what AWS has."""

from __future__ import annotations

import functools
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.api import (
    SERVICES,
    Api,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.kinds import (
    KIND_OF,
    KINDS,
    Kind,
    rules_from,
    sign,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.sweep import things_of
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.things import Burst, Thing
from ansible_collections.cloudburst.federation.plugins.module_utils._costs.prices import Prices

BURST = Burst("vulcan", vpcs=frozenset({"vpc-1"}), cluster=True, since=1000.0)
OWN = {"kubernetes.io/cluster/vulcan": "owned"}
# By what a thing of a kind is the burst's, where the cluster's own tag does not say so.
SIGNED = {
    "node_group": ({}, "nodes"),
    "vpc_endpoint": ({"GuardDutyManaged": "true"}, "com.amazonaws.eu-central-1.guardduty-data"),
    "log_group": ({"cloudburst:burst": "vulcan"}, "/aws/eks/vulcan/cluster"),
}
# What each call that lists answers with: one of the burst's.
TAGS = [{"Key": key, "Value": value} for key, value in OWN.items()]
ELB_TAGS = {"TagDescriptions": [{"ResourceArn": "arn", "LoadBalancerName": "arn", "Tags": TAGS}]}
ANSWERS: dict[tuple[str, str], dict[str, t.Any]] = {
    ("elbv2", "describe_load_balancers"): {
        "LoadBalancers": [{"LoadBalancerArn": "arn", "LoadBalancerName": "lb", "VpcId": "vpc-1"}]
    },
    ("elbv2", "describe_target_groups"): {
        "TargetGroups": [{"TargetGroupArn": "arn", "TargetGroupName": "tg", "VpcId": "vpc-1"}]
    },
    ("elbv2", "describe_tags"): ELB_TAGS,
    ("elb", "describe_load_balancers"): {"LoadBalancerDescriptions": [{"LoadBalancerName": "arn", "VPCId": "vpc-1"}]},
    ("elb", "describe_tags"): ELB_TAGS,
    ("eks", "list_nodegroups"): {"nodegroups": ["by-hand"]},
    ("eks", "describe_nodegroup"): {"nodegroup": {"nodegroupName": "by-hand"}},
    ("ec2", "describe_instances"): {
        "Reservations": [
            {"Instances": [{"InstanceId": "i-1", "VpcId": "vpc-1", "State": {"Name": "running"}, "Tags": TAGS}]}
        ]
    },
    ("ec2", "describe_network_interfaces"): {
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "TagSet": TAGS}]
    },
    ("ec2", "describe_vpc_endpoints"): {
        "VpcEndpoints": [
            {
                "VpcEndpointId": "vpce-1",
                "VpcId": "vpc-1",
                "ServiceName": SIGNED["vpc_endpoint"][1],
                "Tags": [{"Key": "GuardDutyManaged", "Value": "true"}],
            }
        ]
    },
    ("ec2", "describe_security_groups"): {"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1", "Tags": TAGS}]},
    ("ec2", "describe_volumes"): {"Volumes": [{"VolumeId": "vol-1", "State": "available", "Size": 1, "Tags": TAGS}]},
    ("ec2", "describe_snapshots"): {"Snapshots": [{"SnapshotId": "snap-1", "Tags": TAGS}]},
    ("logs", "describe_log_groups"): {
        "logGroups": [{"arn": "arn:aws:logs:x:1:log-group:a:*", "logGroupName": SIGNED["log_group"][1]}]
    },
    ("logs", "list_tags_for_resource"): {"tags": {"cloudburst:burst": "vulcan"}},
}


class Client:
    """Answers from the table, and rejects arguments that AWS does not know."""

    def __init__(self, service: str, asked: set[str]) -> None:
        self._service = service
        self._asked = asked

    def can_paginate(self, _operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> t.Callable[..., dict[str, t.Any]]:
        def call(**arguments: t.Any) -> dict[str, t.Any]:
            check_call(self._service, operation, arguments)
            self._asked.add(operation)
            return ANSWERS[self._service, operation]

        return call


@functools.cache
def model_of(service: str) -> t.Any:
    return pytest.importorskip("botocore.session").get_session().get_service_model(service)


def check_call(service: str, operation: str, arguments: dict[str, t.Any]) -> None:
    """See that AWS has the operation, and that it takes these arguments."""
    xform = pytest.importorskip("botocore").xform_name
    model = model_of(service)
    (name,) = [each for each in model.operation_names if xform(each) == operation]
    shape = model.operation_model(name).input_shape
    report = pytest.importorskip("botocore.validate").ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
    assert set(arguments) <= set(shape.members)


def own(kind: Kind) -> Thing:
    """A thing of a kind, which the burst's cluster has made."""
    tags, name = SIGNED.get(kind.name, (OWN, kind.name))
    return Thing(kind.name, id="vulcan/a", name=name, tags=tags, vpc="vpc-1" if kind.in_vpc else "", type="gp3")


def test_names_are_unique() -> None:
    assert len(KIND_OF) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_has_all_of_its_parts(kind: Kind) -> None:
    thing = own(kind)
    assert kind.name == kind.name.lower()
    assert sign(thing, BURST)
    other = Burst("vulcan-2", vpcs=frozenset({"vpc-2"}), cluster=True)
    assert kind.name == "node_group" or sign(thing, other) is None  # a node group is listed by its cluster
    service, operation, arguments = kind.delete(thing)
    assert service in SERVICES
    check_call(service, operation, arguments)
    if kind.name != "instance":  # whose price is that of its type
        assert isinstance(kind.monthly(thing, Prices()), float)
    for says in (kind.goes_by_itself(thing, BURST), kind.not_yet(thing, BURST)):
        assert isinstance(says, bool)
    assert isinstance(kind.kept(thing, BURST), str)
    running = kind.running(thing, Prices())
    assert running is None or running.what


def test_each_kind_is_listed() -> None:
    asked: set[str] = set()
    things = things_of(Api({service: Client(service, asked) for service in SERVICES}), BURST)
    assert {thing.kind for thing in things} == set(KIND_OF)
    assert all(sign(thing, BURST) for thing in things)
    assert asked == {operation for _service, operation in ANSWERS}


def test_without_a_vpc_nothing_in_one_is_asked_for() -> None:
    asked: set[str] = set()
    things = things_of(Api({service: Client(service, asked) for service in SERVICES}), Burst("vulcan"))
    assert {thing.kind for thing in things} == {"volume", "snapshot", "log_group"}
    assert not any(KIND_OF[thing.kind].in_vpc for thing in things)


def test_a_rule_is_taken_back_in_the_form_in_which_it_was_given() -> None:
    row = {
        "GroupId": "sg-nodes",
        "IpPermissions": [
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "UserIdGroupPairs": [{"GroupId": "sg-lb", "UserId": "1", "Description": "x"}, {"GroupId": "sg-other"}],
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
            },
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-lb"}]},
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-other"}]},
        ],
    }
    assert rules_from(row, "sg-lb") == [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": "sg-lb"}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-lb"}]},
    ]
