# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a stack's status and events lead to."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.stacks import events, follow, states
from ansible_collections.cloudburst.federation.plugins.module_utils._aws.stacks.states import Kind, Step

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/cloudburst-vulcan/1"
NESTED_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/cloudburst-vulcan-Net/2"
STATUSES = [
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_COMPLETE",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS",
    "IMPORT_COMPLETE",
]


def event(
    name: str,
    status: str,
    reason: str = "",
    *,
    token: str | None = None,
    kind: str = "AWS::EC2::Thing",
    stack_id: str = STACK_ID,
    physical: str | None = None,
) -> dict[str, t.Any]:
    own = name == "stack"
    made: dict[str, t.Any] = {
        "EventId": f"{name}-{status}",
        "StackId": stack_id,
        "LogicalResourceId": "cloudburst-vulcan" if own else name,
        "PhysicalResourceId": stack_id if own else (physical if physical is not None else f"id-{name}"),
        "ResourceType": events.NESTED_STACK if own else kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
    return {**made, "ClientRequestToken": token} if token else made


ROLLED_BACK = [
    event("stack", "CREATE_IN_PROGRESS", "User Initiated"),
    event("Vpc", "CREATE_COMPLETE"),
    event("Nat", "CREATE_FAILED", "Resource creation cancelled"),
    event("Cluster", "CREATE_FAILED", "Unsupported Kubernetes minor version.", physical=""),
    event("Vpn", "CREATE_FAILED", "Quota exceeded"),
    event("stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Cluster, Vpn]."),
    event("stack", "ROLLBACK_COMPLETE"),
]


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_leads_somewhere(status: str) -> None:
    assert states.step_to_present(status) in Step
    assert states.step_to_absent(status) in Step
    assert states.in_progress(status) == (status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS")


@pytest.mark.parametrize(
    ("status", "present", "absent"),
    [
        (None, Step.CREATE, Step.NOTHING),
        ("CREATE_COMPLETE", Step.UPDATE, Step.DELETE),
        ("UPDATE_ROLLBACK_COMPLETE", Step.UPDATE, Step.DELETE),
        ("CREATE_IN_PROGRESS", Step.ADOPT, Step.DELETE),
        ("UPDATE_IN_PROGRESS", Step.ADOPT, Step.ADOPT),
        ("DELETE_IN_PROGRESS", Step.ADOPT, Step.ADOPT),
        ("ROLLBACK_COMPLETE", Step.DELETE, Step.DELETE),
        ("DELETE_FAILED", Step.DELETE, Step.DELETE),
        ("REVIEW_IN_PROGRESS", Step.DELETE, Step.DELETE),
    ],
)
def test_next_step(status: str | None, present: Step, absent: Step) -> None:
    assert states.step_to_present(status) is present
    assert states.step_to_absent(status) is absent


@pytest.mark.parametrize("status", STATUSES)
def test_only_delete_complete_ends_a_delete_well(status: str) -> None:
    assert states.succeeded(Kind.DELETE, status) == (status == "DELETE_COMPLETE")


def test_first_failure_is_neither_consequence_nor_summary() -> None:
    cause = events.first_failure(ROLLED_BACK)
    assert cause is not None
    assert events.described(cause) == "Cluster (AWS::EC2::Thing): Unsupported Kubernetes minor version"


def test_first_failure_falls_back_to_the_stacks_own_reason() -> None:
    reason = "Parameters: [X] do not exist"
    told = [event("stack", "CREATE_IN_PROGRESS"), event("stack", "ROLLBACK_IN_PROGRESS", reason)]
    cause = events.first_failure(told)
    assert cause is not None
    assert events.described(cause) == reason
    assert events.first_failure([event("Vpc", "CREATE_COMPLETE")]) is None


def test_events_of_an_operation_by_token_and_by_its_beginning() -> None:
    earlier = [event("stack", "CREATE_IN_PROGRESS"), event("Vpc", "CREATE_FAILED"), event("stack", "CREATE_COMPLETE")]
    now = [event("stack", "UPDATE_IN_PROGRESS", token="t2"), event("Vpc", "UPDATE_COMPLETE", token="t2")]
    newest_first = [*earlier, *now][::-1]
    assert events.of_operation(newest_first, "t2") == now
    assert events.of_operation(newest_first) == now
    assert events.of_operation(earlier[::-1], "t2") == []


def test_a_resource_deleted_at_last_does_not_block() -> None:
    told = [
        event("Vpc", "DELETE_FAILED", "has dependencies"),
        event("Nat", "DELETE_FAILED", "busy"),
        event("Nat", "DELETE_COMPLETE"),
        event("stack", "DELETE_FAILED", "The following resource(s) failed to delete: [Vpc]."),
    ]
    assert [failed["LogicalResourceId"] for failed in events.failures_to_delete(told)] == ["Vpc"]


def test_news_since_the_last_look() -> None:
    told = [event("Vpc", "CREATE_IN_PROGRESS"), event("Vpc", "CREATE_COMPLETE"), event("Nat", "CREATE_IN_PROGRESS")]
    assert events.progress(told, "Vpc-CREATE_COMPLETE") == "Nat CREATE_IN_PROGRESS"
    assert events.progress(told, None, limit=1) == "1 more, Nat CREATE_IN_PROGRESS"
    assert events.progress(told, None) == "Vpc CREATE_COMPLETE, Nat CREATE_IN_PROGRESS"
    assert events.progress(told, "Nat-CREATE_IN_PROGRESS") == "no news of Nat"
    assert events.progress([], None) == "no news"


def test_resources_that_are_created_while_the_stack_is_not() -> None:
    told = [
        event("stack", "CREATE_IN_PROGRESS"),
        event("Vpn", "CREATE_IN_PROGRESS"),
        event("Vpn", "CREATE_COMPLETE"),
        event("Route", "CREATE_IN_PROGRESS"),
    ]
    assert events.all_created(told, ["Vpn"])
    assert not events.all_created(told, ["Vpn", "Route"])
    assert not events.all_created(told, ["Vpn", "NotBegunYet"])
    assert not events.all_created([*told, event("Vpn", "DELETE_IN_PROGRESS")], ["Vpn"])
    assert not events.all_created([event("stack", "CREATE_COMPLETE")], ["cloudburst-vulcan"])


class Pages:
    """The events of each stack by its id."""

    def __init__(self, pages: dict[str, list[dict[str, t.Any]]]) -> None:
        self.pages = pages

    def events(self, stack_id: str, token: str | None = None) -> list[dict[str, t.Any]]:
        return self.pages[stack_id][::-1]


def test_failure_names_the_cause_in_a_nested_stack() -> None:
    outer = [
        event("stack", "CREATE_IN_PROGRESS"),
        event("Net", "CREATE_FAILED", "Embedded stack was not created", kind=events.NESTED_STACK, physical=NESTED_ID),
    ]
    inner = [
        event("stack", "CREATE_IN_PROGRESS", stack_id=NESTED_ID),
        event("Subnet", "CREATE_FAILED", "The CIDR conflicts", stack_id=NESTED_ID),
    ]
    api = t.cast(t.Any, Pages({NESTED_ID: inner}))
    error = follow.failure(api, Kind.CREATE, {"StackName": "s", "StackStatus": "ROLLBACK_COMPLETE"}, outer)
    assert error is not None
    assert "Subnet (AWS::EC2::Thing id-Subnet): The CIDR conflicts." in error.message


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_FAILED", "ROLLBACK_COMPLETE"])
def test_a_delete_that_falls_back_is_a_failure(status: str) -> None:
    told = [event("stack", "DELETE_IN_PROGRESS"), event("Vpc", "DELETE_FAILED", "in use")]
    api = t.cast(t.Any, Pages({}))
    error = follow.failure(api, Kind.DELETE, {"StackName": "s", "StackStatus": status}, told)
    assert error is not None
    assert status in error.message
    assert "Vpc (AWS::EC2::Thing id-Vpc): in use" in error.message
    assert error.details["blocking"] == [
        {"resource": "Vpc", "type": "AWS::EC2::Thing", "id": "id-Vpc", "reason": "in use"},
    ]
    assert follow.failure(api, Kind.DELETE, {"StackName": "s", "StackStatus": "DELETE_COMPLETE"}, told) is None


def same(**changed: t.Any) -> bool:
    given: dict[str, t.Any] = {
        "stack": {
            "Parameters": [{"ParameterKey": "Zones", "ParameterValue": "a,b"}],
            "Tags": [{"Key": "k", "Value": "v"}],
        },
        "current": "Resources: {}\n",
        "body": "Resources: {}",
        "parameters": {"Zones": "a,b"},
        "declared": {"Zones": {"ParameterKey": "Zones"}},
        "tags": {"k": "v"},
        **changed,
    }
    return states.same_inputs(**given)


def test_same_inputs() -> None:
    assert same()
    assert same(tags=None)
    assert same(parameters={}, declared={"Zones": {"DefaultValue": "a,b"}})
    assert not same(body="Resources: {A: {}}")
    assert not same(tags={"k": "w"})
    assert not same(parameters={"Zones": "a"})
    # What cannot be known is asked of AWS.
    assert not same(declared={"Zones": {"NoEcho": True}})
    assert not same(body="Transform: x", current="Transform: x")
    assert not same(stack={"Parameters": [{"ParameterKey": "Zones", "ParameterValue": "a,b", "ResolvedValue": "c"}]})


def test_parameter_text() -> None:
    assert states.parameter_text(["a", True, 2]) == "a,true,2"
    assert states.parameter_text(False) == "false"


def test_changes_show_names_of_properties_and_no_values() -> None:
    change = {
        "Type": "Resource",
        "ResourceChange": {
            "Action": "Modify",
            "LogicalResourceId": "Nodes",
            "ResourceType": "AWS::EKS::Nodegroup",
            "Replacement": "Conditional",
            "Details": [{"Target": {"Attribute": "Properties", "Name": "ScalingConfig", "AfterValue": "secret"}}],
        },
    }
    text = states.describe_changes([change])
    assert text == "Modify Nodes (AWS::EKS::Nodegroup): ScalingConfig [may be replaced]\n"


def test_summary_is_json() -> None:
    assert json.loads(json.dumps(events.summary(ROLLED_BACK[0])))["status"] == "CREATE_IN_PROGRESS"


def test_names_of_changes_has_each_resource_once_and_no_hooks() -> None:
    def resource(name: str) -> dict[str, t.Any]:
        return {"Type": "Resource", "ResourceChange": {"Action": "Modify", "LogicalResourceId": name}}

    changes = [resource("NodeGroup"), resource("NatGateway"), resource("NodeGroup"), {"Type": "Resource"}]
    assert states.names_of_changes(changes) == ["NatGateway", "NodeGroup"]
