# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of a node group, with the instance types of the lab's EC2."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t

import pytest

from labkit.instance_types import TYPES

pytest.importorskip("botocore")
pytest.importorskip("ansible_collections.amazon.aws")

from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.instances import kind_of
from ansible_collections.cloudburst.federation.plugins.modules import node_group_plan

Plan = t.Callable[..., dict[str, t.Any]]
NEED = {"cpu": 0.29, "memory_mib": 10}


@pytest.fixture
def plan(aws: t.Any, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Runs the module."""
    keys = aws.keys["admin"]

    def run(**options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "region": "eu-central-1",
            "endpoint_url": f"https://127.0.0.1:{aws.port}",
            "aws_ca_bundle": str(aws.directory / "ca.crt"),
            "access_key": keys["aws_access_key_id"],
            "secret_key": keys["aws_secret_access_key"],
            "instance_types": ["m6i.large"],
            **options,
        }
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        out = io.StringIO()
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
            node_group_plan.main()
        return t.cast("dict[str, t.Any]", json.loads(out.getvalue().splitlines()[-1]))

    return run


def test_seven_pods_need_two_nodes_and_fifteen_three(plan: Plan) -> None:
    """Six of them find room on each node, and CoreDNS takes 200m of the first."""
    assert plan(needs=[{**NEED, "count": 7}])["nodes"] == 2
    assert plan(needs=[{**NEED, "count": 15}], current_nodes=2)["nodes"] == 3
    at_most = plan(needs=[{**NEED, "count": 15}], max_nodes=2)
    assert (at_most["nodes"], at_most["short"], at_most["too_large"]) == (2, 3, 0)
    assert at_most["missing"] == {"cpu": 0.87, "memory_mib": 30}
    too_large = plan(needs=[{"cpu": 16}, NEED], max_nodes=2)
    assert (too_large["nodes"], too_large["short"], too_large["too_large"]) == (1, 1, 1)
    assert too_large["missing"] == {"cpu": 16.0, "memory_mib": 0}


def test_the_cheapest_of_several_types_is_first_and_the_smallest_is_counted(plan: Plan) -> None:
    assert plan(instance_types=["m6i.xlarge", "m6i.large"])["instance_types"] == ["m6i.large", "m6i.xlarge"]
    both = plan(instance_types=["m6i.xlarge", "m6i.large"], needs=[{**NEED, "count": 7}])
    assert both["nodes"] == plan(needs=[{**NEED, "count": 7}])["nodes"]


@pytest.mark.parametrize("limit", [0, -1, "nan", "inf"])
def test_a_limit_that_is_none_is_rejected(plan: Plan, limit: t.Any) -> None:
    """Nothing costs more than nan."""
    assert "it must be more than 0" in plan(max_hourly_cost=limit)["msg"]


def test_the_pods_of_a_node_are_those_of_its_type(plan: Plan) -> None:
    """With 27 beside aws-node and kube-proxy; and a node more above 90 percent."""
    tiny = {"cpu": 0.001, "memory_mib": 1}
    assert plan(needs=[{**tiny, "count": 22}])["nodes"] == 1
    assert plan(needs=[{**tiny, "count": 23}])["nodes"] == 2


def test_more_than_is_allowed_is_rejected_with_the_sum(plan: Plan) -> None:
    fixed = {"cluster": 1}
    found = plan(needs=[{**NEED, "count": 15}], max_hourly_cost=0.3945, fixed=fixed)
    assert "0.3946 USD per hour with 3 nodes" in found["msg"]
    assert plan(needs=[{**NEED, "count": 15}], max_hourly_cost=0.3946, fixed=fixed)["hourly_cost"] == 0.3946


def test_a_type_that_is_none_is_named(plan: Plan) -> None:
    assert "x9.large" in plan(instance_types=["m6i.large", "x9.large"])["msg"]


def test_no_node_of_the_lab_has_less_than_is_counted_on(aws: t.Any) -> None:
    described = aws.client("ec2").describe_instance_types()["InstanceTypes"]
    assert {entry["InstanceType"] for entry in described} == set(TYPES)
    for entry in described:
        kind = TYPES[entry["InstanceType"]]
        free = kind_of(entry).free
        assert free.cpu <= kind.allocatable[0]
        assert free.memory <= kind.allocatable[1] * 2**20
        assert free.pods <= kind.pods
