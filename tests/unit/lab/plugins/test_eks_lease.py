# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease of a burst ends it in the lab's AWS, by the rights that its stack gives it, and spares what only looks
like the burst's: what eks_leftovers would have removed is gone, and nothing else."""

from __future__ import annotations

import datetime
import json
import time
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("botocore.exceptions")

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.state_machines import last_run
from ansible_collections.cloudburst.federation.plugins.module_utils._burst.lease import Lease, schedule_of, stamp
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup import ownership
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.kinds import KINDS
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.things import Thing
from ansible_collections.cloudburst.federation.tests.unit.lab.plugins.test_eks_leftovers import (
    DRIVER,
    OWN,
    STACK,
    World,
    put_look_alikes,
    put_own,
    remove,
    world,
)
from ansible_collections.cloudburst.federation.tests.unit.lab.plugins.test_eks_stack_absent import EARTH, MARS
from ansible_collections.cloudburst.federation.tests.unit.lab.plugins.test_eks_stack_absent import Role as Run
from ansible_collections.cloudburst.federation.tests.unit.roles import ROLES, Role
from labkit.aws import identity

__all__ = ("world",)

REGION = "eu-central-1"


def render(end: datetime.datetime, volumes: str = "keep") -> str:
    """The template of a lease that ends then."""
    lease = Lease(end - datetime.timedelta(hours=8), end)
    following = {
        "given": f"{stamp(lease.given)}Z",
        "end": f"{stamp(lease.end)}Z",
        "schedule": schedule_of(lease),
    }
    return Role("eks_lease").render(
        "lease.yml.j2",
        role_path=str(ROLES / "eks_lease"),
        eks_lease_name="vulcan",
        eks_lease_region=REGION,
        eks_lease_volumes=volumes,
        eks_lease_mail="",
        eks_lease_policy_arns=[],
        eks_lease_owner=EARTH,
        eks_lease_take_over="",
        __eks_lease_next=following,
    )


def in_seconds(seconds: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)


class Given:
    """The lease's stack."""

    def __init__(self, aws: t.Any) -> None:
        self.aws = aws
        self.cloudformation = aws.client("cloudformation")
        self.began = datetime.datetime.now(datetime.UTC)

    def give(self, end: datetime.datetime, volumes: str = "keep") -> None:
        """Make the stack, or update it."""
        given = {
            "StackName": "cloudburst-vulcan-lease",
            "TemplateBody": render(end, volumes),
            "Capabilities": ["CAPABILITY_IAM"],
        }
        names = {stack["StackName"] for stack in self.cloudformation.describe_stacks()["Stacks"]}
        if given["StackName"] in names:
            self.cloudformation.update_stack(**given)
        else:
            self.cloudformation.create_stack(**given, Tags=[{"Key": "cloudburst:burst", "Value": "vulcan"}])
        status, events = self.aws.end(given["StackName"])
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), events

    def outputs(self) -> dict[str, str]:
        (stack,) = self.cloudformation.describe_stacks(StackName="cloudburst-vulcan-lease")["Stacks"]
        return {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}

    def runs(self) -> list[dict[str, t.Any]]:
        machine = self.outputs()["Machine"]
        rows = self.aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        return [row for row in rows if row["startDate"] >= self.began]

    def until_it_has_run(self, timeout: float = 150) -> dict[str, t.Any]:
        """Wait for the first execution's end, and return it with its output."""
        deadline = time.monotonic() + timeout
        while True:
            runs = self.runs()
            if runs and runs[-1]["status"] != "RUNNING":
                return dict(self.aws.client("stepfunctions").describe_execution(executionArn=runs[-1]["executionArn"]))
            assert time.monotonic() < deadline, (runs, self.history())
            time.sleep(0.3)

    def history(self) -> list[t.Any]:
        """What the last execution has come to."""
        runs = self.runs()
        if not runs:
            return []
        client = self.aws.client("stepfunctions")
        arn = runs[0]["executionArn"]
        events = client.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=15)["events"]
        return [client.describe_execution(executionArn=arn), *events]

    def take_away(self) -> None:
        self.cloudformation.delete_stack(StackName="cloudburst-vulcan-lease")
        names = {stack["StackName"]: stack["StackId"] for stack in self.cloudformation.describe_stacks()["Stacks"]}
        if "cloudburst-vulcan-lease" in names:
            self.aws.end(names["cloudburst-vulcan-lease"])


@pytest.fixture
def lease(aws: t.Any) -> t.Iterator[Given]:
    """A burst's lease."""
    made = Given(aws)
    yield made
    made.take_away()


def stack_of(world: World) -> str:
    (stack,) = world.clients["cloudformation"].describe_stacks(StackName=world.stack_id)["Stacks"]
    return str(stack["StackStatus"])


def test_it_ends_all_of_the_burst_and_nothing_else(world: World, lease: Given) -> None:
    alike = put_look_alikes(world)
    own = put_own(world)
    data = {own["volume"], own["snapshot"], own["marked"]}
    lease.give(in_seconds(1))
    # What looks alike and lives in the burst's VPC holds the VPC: it is seen to live on, then it goes.
    deadline = time.monotonic() + 150
    while set(own.values()) & world.alive() - data - {own["log"], own["insights"]}:
        assert time.monotonic() < deadline, (set(own.values()) & world.alive(), lease.history())
        time.sleep(0.3)
    assert alike <= world.alive()
    kept = {thing for thing in alike if thing.startswith(("vol-", "snap-", "/aws/"))}
    elsewhere = set()
    for thing in alike - kept:
        remove(world, thing)
        elsewhere.add(thing)
    run = lease.until_it_has_run()
    assert run["status"] == "SUCCEEDED", run
    assert stack_of(world) == "DELETE_COMPLETE"
    assert {*own.values()} & world.alive() == data
    assert kept <= world.alive()
    output = json.loads(run["output"])
    assert {row["Id"] for row in output["Kept"]} == data
    assert "The burst vulcan has ended in AWS." in output["Says"]


def test_backups_of_the_account_stay(world: World, lease: Given) -> None:
    """They have a copy of the volume's tags, also of ours that say that it goes."""
    own = {**OWN, **DRIVER, "cloudburst:burst": "vulcan", "cloudburst:data": "remove"}
    volume = world.volume(own)
    tags = ("aws:backup:source-resource", "aws:dlm:lifecycle-policy-id")
    backups = {world.snapshot(volume, {**own, tag: "x"}) for tag in tags}
    lease.give(in_seconds(1), volumes="remove")
    assert lease.until_it_has_run()["status"] == "SUCCEEDED"
    assert volume not in world.alive()
    assert backups <= world.alive()


def test_what_goes_with_it_is_marked_while_the_stack_is_there(world: World, lease: Given) -> None:
    """With volumes remove: data that was made in the time of the burst goes with it, and nothing earlier."""
    time.sleep(1.1)  # the lab's EC2 has whole seconds: a volume of the stack's own second would be older than the stack
    own = world.volume({**OWN, **DRIVER})
    other = world.volume({**OWN, **DRIVER, "cloudburst:burst": "mars"})
    lease.give(in_seconds(1), "remove")
    run = lease.until_it_has_run()
    assert run["status"] == "SUCCEEDED", run
    assert stack_of(world) == "DELETE_COMPLETE"
    assert {own, other} & world.alive() == {other}
    # What burst_status says of it
    said = last_run(lease.aws.client("stepfunctions"), lease.outputs()["Machine"], lease.began)
    assert said is not None
    assert said["status"] == "SUCCEEDED"
    assert f"volume {own}" in said["says"]


def test_a_longer_lease_ends_nothing(aws: t.Any, lease: Given) -> None:
    """The schedule follows an update of the stack, and the stack that is not due stays."""
    vpc = {"Vpc": STACK["Vpc"]}
    made = aws.create(vpc, name="cloudburst-vulcan", tags={"cloudburst:burst": "vulcan", "cloudburst:owner": EARTH})
    assert aws.end(made)[0] == "CREATE_COMPLETE"
    try:
        lease.give(in_seconds(3600))
        lease.give(in_seconds(7200))
        time.sleep(2)
        assert lease.runs() == []
        lease.give(in_seconds(0))
        assert lease.until_it_has_run()["status"] == "SUCCEEDED"
        assert aws.end(made)[0] == "DELETE_COMPLETE"
    finally:
        aws.delete(made)
        aws.end(made)


@pytest.mark.parametrize(
    "tags", [{}, {"cloudburst:burst": "mars"}, {"cloudburst:burst": "vulcan", "cloudburst:owner": MARS}]
)
def test_somebody_elses_stack_stays_when_the_lease_ends(aws: t.Any, lease: Given, tags: dict[str, str]) -> None:
    """The burst went without its lease, and since then there has been another stack of its name."""
    made = aws.create({"Vpc": STACK["Vpc"]}, name="cloudburst-vulcan", tags=tags)
    assert aws.end(made)[0] == "CREATE_COMPLETE"
    try:
        lease.give(in_seconds(0), volumes="remove")
        run = lease.until_it_has_run()
        assert run["status"] == "SUCCEEDED", run
        assert aws.end(made)[0] == "CREATE_COMPLETE"
        assert "is not this burst's" in json.loads(run["output"])["Says"]
    finally:
        aws.delete(made)
        aws.end(made)


def test_without_its_rights_it_ends_nothing(aws: t.Any, lease: Given) -> None:
    """The lab looks at the rights of the machine's role, as AWS does."""
    lease.give(in_seconds(3600))
    (role,) = [row["RoleName"] for row in aws.client("iam").list_roles()["Roles"] if "lease-EndRole" in row["RoleName"]]
    aws.client("iam").delete_role_policy(RoleName=role, PolicyName="end")
    aws.client("stepfunctions").start_execution(stateMachineArn=lease.outputs()["Machine"])
    run = lease.until_it_has_run()
    assert run["status"] == "FAILED"
    assert "not authorized to perform: cloudformation:DescribeStacks" in run["cause"]


def test_it_is_the_burst_that_the_rules_of_home_know() -> None:
    """Each tag and each kind that decides at home stands in the machine too."""
    machine = (ROLES / "eks_lease" / "files" / "machine.yml").read_text()
    for word in (
        *ownership._NAMING_TAGS,
        ownership._CLUSTER_PREFIX,
        ownership._CNI_INSTANCE_TAG,
        *ownership._GROUP_TAGS,
    ):
        assert word in machine, word
    for kind in KINDS:
        assert f"'{kind.name}'" in machine, kind.name
        _service, operation, _arguments = kind.delete(Thing(kind.name, "a/b", "name"))
        action = "".join(part.capitalize() if number else part for number, part in enumerate(operation.split("_")))
        assert f":{action}\n" in machine, action


@pytest.fixture
def operator(aws: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Somebody with the policies of the documentation, and what the role is given with them."""
    iam = aws.client("iam")
    iam.create_user(UserName="lease-operator")
    arns = []
    for file in sorted((ROLES / "eks_stack" / "files").glob("iam-policy*.json")):
        document = json.dumps(identity.policy(file, "vulcan", "000000000000", REGION))
        made = iam.create_policy(PolicyName=f"cloudburst-vulcan-{file.stem}", PolicyDocument=document)
        arns.append(made["Policy"]["Arn"])
        iam.attach_user_policy(UserName="lease-operator", PolicyArn=arns[-1])
    key = iam.create_access_key(UserName="lease-operator")["AccessKey"]
    yield {
        "keys": {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]},
        "eks_lease_policy_arns": arns,
        **{"name": "eks_lease", "eks_lease_name": "vulcan", "eks_lease_region": REGION, "eks_lease_owner": EARTH},
        **{"eks_lease_wait_sleep": 1, "burst_name": "vulcan", "burst_region": REGION},
    }


def test_the_operator_gives_extends_and_takes_away(
    aws: t.Any, lease: Given, operator: dict[str, t.Any], tmp_path: Path
) -> None:
    role = Run(aws, tmp_path)
    try:
        status, output = role.run("--check", **operator)
        assert status == 0, output
        # Without the policies for its roles, what lacks is said, and what has failed is no hindrance to the next run.
        status, output = role.run(**{**operator, "eks_lease_policy_arns": []})
        assert status != 0
        assert "List the ARNs of the four IAM policies in burst_lease_policy_arns" in " ".join(output.split()), output
        status, output = role.run(**operator)
        assert status == 0, output
        assert "ends by itself at" in output
        first = lease.outputs()["End"]
        status, output = role.run(**operator)
        assert status == 0, output
        assert "changed=0" in output, output
        status, output = role.run(**operator, eks_lease_duration="2d")
        assert status == 0, output
        assert "changed=1" in output
        assert first < lease.outputs()["End"]
        # With the operator's own policies, the machine may do its work.
        aws.client("stepfunctions").start_execution(stateMachineArn=lease.outputs()["Machine"])
        assert lease.until_it_has_run()["status"] == "SUCCEEDED"
        status, output = role.run(**operator, eks_lease_duration="off")
        assert status == 0, output
        names = {each["StackName"] for each in aws.client("cloudformation").describe_stacks()["Stacks"]}
        assert "cloudburst-vulcan-lease" not in names
    finally:
        aws.delete("cloudburst-vulcan")
        aws.end(next(event["StackId"] for event in role.events))


def test_no_lease_is_given_to_another_data_centres_burst(aws: t.Any, tmp_path: Path) -> None:
    """Its end would delete that burst's stack."""
    role = Run(aws, tmp_path)
    mars: dict[str, t.Any] = {"eks_lease_name": "vulcan", "eks_lease_region": REGION, "eks_lease_owner": "mars"}
    try:
        status, output = role.run(name="eks_lease", burst_name="vulcan", burst_region=REGION, **mars)
        assert status != 0
        assert f"belongs to {EARTH}" in " ".join(output.split()), output
        names = {each["StackName"] for each in aws.client("cloudformation").describe_stacks()["Stacks"]}
        assert "cloudburst-vulcan-lease" not in names
    finally:
        aws.delete("cloudburst-vulcan")
        aws.end(next(event["StackId"] for event in role.events))
