# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cloudformation_stack on AWS's bad days, against the lab's AWS: what becomes of it and what the user reads.

The module runs slice by slice, as its action plugin runs it, with one look at the stack in each.
"""

from __future__ import annotations

import contextlib
import io
import json
import selectors
import socket
import threading
import time
import typing as t

import pytest

pytest.importorskip("botocore")
pytest.importorskip("ansible_collections.amazon.aws")

from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.module import PROGRESS_VARIABLE
from ansible_collections.cloudburst.federation.plugins.modules import cloudformation_stack, eks_kubeconfig
from ansible_collections.cloudburst.federation.plugins.plugin_utils._progress import line, merge

REGION = "eu-central-1"
SLOW = "AWS::EC2::VPNConnection"
SMALL: dict[str, t.Any] = {
    "Gateway": {"Type": "AWS::EC2::VPNGateway", "Properties": {"Type": "ipsec.1"}},
    "Firewall": {
        "Type": "AWS::EC2::CustomerGateway",
        "Properties": {"Type": "ipsec.1", "BgpAsn": 65000, "IpAddress": "203.0.113.10"},
    },
    "Vpn": {
        "Type": SLOW,
        "Properties": {
            "Type": "ipsec.1",
            "CustomerGatewayId": {"Ref": "Firewall"},
            "VpnGatewayId": {"Ref": "Gateway"},
            "StaticRoutesOnly": True,
        },
    },
}
VPC: dict[str, t.Any] = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.11.0.0/16"}}}


def cluster(**properties: t.Any) -> dict[str, t.Any]:
    """The resources of a cluster, with further properties of it."""

    def subnet(zone: str, network: str) -> dict[str, t.Any]:
        return {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": network, "AvailabilityZone": f"{REGION}{zone}"},
        }

    statement = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        **VPC,
        "SubnetA": subnet("a", "10.11.0.0/20"),
        "SubnetB": subnet("b", "10.11.16.0/20"),
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
        },
        "Cluster": {
            "Type": "AWS::EKS::Cluster",
            "Properties": {
                "Name": "vulcan",
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "ResourcesVpcConfig": {"SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]},
                "KubernetesNetworkConfig": {"ServiceIpv4Cidr": "10.5.0.0/24"},
                **properties,
            },
        },
    }


class Lab:
    """The lab's AWS, and tasks of the module on it."""

    def __init__(self, aws: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self.cloudformation = aws.client("cloudformation")
        self._monkeypatch = monkeypatch

    def faults(self, *faults: dict[str, t.Any]) -> None:
        """What AWS does wrong from now on."""
        (self.aws.directory / "faults.json").write_text(json.dumps(faults))

    def durations(self, **types: t.Any) -> None:
        """How long AWS takes: nothing, but for these types."""
        given = {"profile": "instant", "types": {SLOW: types}} if types else {"profile": "instant"}
        (self.aws.directory / "durations.json").write_text(json.dumps(given))

    def status(self, name: str) -> str:
        """A stack's status by its name or id."""
        return str(self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    def task(self, name: str, resources: dict[str, t.Any] | None = None, **options: t.Any) -> Task:
        """A task that makes a stack, or, without resources, deletes it."""
        body = {"state": "absent"} if resources is None else {"template_body": json.dumps({"Resources": resources})}
        return Task(
            self._monkeypatch,
            cloudformation_stack.main,
            {
                "name": name,
                **self._access(),
                "capabilities": ["CAPABILITY_IAM"],
                "wait_sleep": 1,
                "wait_timeout": 60,
                **body,
                **options,
            },
        )

    def look(self, name: str) -> dict[str, t.Any]:
        """What the role eks_stack asks for to see whether the cluster is there."""
        options = {"name": name, **self._access(), "kubeconfig": "/dev/null", "_ansible_check_mode": True}
        return Task(self._monkeypatch, eks_kubeconfig.main, options).run()

    def _access(self) -> dict[str, str]:
        keys = self.aws.keys["admin"]
        return {
            "region": REGION,
            "endpoint_url": f"https://127.0.0.1:{self.aws.port}",
            "aws_ca_bundle": str(self.aws.directory / "ca.crt"),
            "access_key": keys["aws_access_key_id"],
            "secret_key": keys["aws_secret_access_key"],
        }

    def session(self, seconds: int) -> dict[str, str]:
        """Credentials that expire."""
        from botocore.config import Config

        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam = self.aws.client("iam")
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            iam.create_role(RoleName="operator", AssumeRolePolicyDocument=document)
            document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
            iam.put_role_policy(RoleName="operator", PolicyName="all", PolicyDocument=document)
        # AWS's own least are 15 minutes, which botocore checks and the lab does not.
        sts = self.aws.client("sts", config=Config(parameter_validation=False))
        role = "arn:aws:iam::000000000000:role/operator"
        given = sts.assume_role(RoleArn=role, RoleSessionName="lab", DurationSeconds=seconds)["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "session_token": given["SessionToken"],
        }


class Task:
    """One task, run by slices."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, main: t.Callable[[], None], options: dict[str, t.Any]) -> None:
        self._main = main
        self.options = options
        self.shown: list[str] = []
        self.warned: list[str] = []
        self.result: dict[str, t.Any] = {}
        self._monkeypatch = monkeypatch
        self._progress: dict[str, t.Any] = {"slice": 0, "waited": 0.0, "slice_state": {}}
        self._began = time.monotonic()

    def slice(self) -> bool:
        """Run one slice; whether the task is over."""
        answer = self._module()
        pending = answer.pop("pending", None)
        self.result = merge(self.result, answer)
        if not pending or answer.get("failed"):
            return True
        waited = time.monotonic() - self._began
        self.shown.append(line(pending, waited))
        self._progress = {
            "slice": 0,
            "waited": waited,
            "slice_state": json.loads(next(iter(pending["next"])))["slice_state"],
        }
        return False

    def run(self) -> dict[str, t.Any]:
        """Run all slices; the result."""
        while not self.slice():
            time.sleep(0.1)
        return self.result

    def until(self, text: str) -> None:
        """Run slices until one has shown this."""
        while not self.shown or text not in self.shown[-1]:
            assert not self.slice(), self.result
            time.sleep(0.1)

    def _module(self) -> dict[str, t.Any]:
        monkeypatch = self._monkeypatch
        monkeypatch.setenv(PROGRESS_VARIABLE, json.dumps(self._progress))
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": self.options}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # In this process Ansible takes itself for the controller, which shows a warning at once
        monkeypatch.setattr(cloudformation_stack, "warn", self.warned.append)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            self._main()
        answer: dict[str, t.Any] = json.loads(output.getvalue())
        return answer


@pytest.fixture
def lab(aws: t.Any, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Lab]:
    """The lab's AWS, cleared of stacks and faults afterwards."""
    lab = Lab(aws, monkeypatch)
    lab.durations()
    yield lab
    lab.faults()
    lab.durations()
    for stack in lab.cloudformation.describe_stacks()["Stacks"]:
        if stack.get("EnableTerminationProtection"):
            lab.cloudformation.update_termination_protection(
                StackName=stack["StackId"], EnableTerminationProtection=False
            )
        aws.delete(stack["StackId"])
        aws.end(stack["StackId"])


class Line:
    """A TCP line to the lab's AWS, which can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener: socket.socket | None = None
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._held: list[socket.socket] | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Let connections through."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._slice_state, args=(self._listener,), daemon=True).start()

    def hold(self) -> None:
        """Take new connections, and carry nothing of what comes in on them."""
        self._held = []

    def cut(self) -> None:
        """Close all connections and reject new ones."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for end in [*self._pairs, *(self._held or [])]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _slice_state(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                near, _address = listener.accept()
                threading.Thread(target=self._pump, args=(near,), daemon=True).start()

    def _pump(self, near: socket.socket) -> None:
        if self._held is not None:
            self._held.append(near)
            return
        far = socket.create_connection(("127.0.0.1", self._target))
        self._pairs.update({near: far, far: near})
        with contextlib.suppress(OSError), near, far, selectors.DefaultSelector() as ends:
            ends.register(near, selectors.EVENT_READ)
            ends.register(far, selectors.EVENT_READ)
            while True:
                for key, _mask in ends.select():
                    end = t.cast(socket.socket, key.fileobj)
                    data = end.recv(65536)
                    if not data:
                        return
                    self._pairs[end].sendall(data)


# ---- a part of the stack ----


def test_a_wait_for_some_resources_ends_before_the_stack_does(lab: Lab) -> None:
    lab.durations(create=12)
    first = lab.task("partly", SMALL, wait_for=["Gateway", "Firewall"]).run()
    assert first["stack"]["status"] == "CREATE_IN_PROGRESS"
    done = {event["resource"] for event in first["events"] if event["status"] == "CREATE_COMPLETE"}
    assert {"Gateway", "Firewall"} <= done
    assert "Vpn" not in done
    # Taken up by a run that did not begin the stack
    again = lab.task("partly", SMALL, wait_for=["Firewall"]).run()
    assert (again["stack"]["status"], again["changed"]) == ("CREATE_IN_PROGRESS", False)
    assert lab.task("partly", SMALL).run()["stack"]["status"] == "CREATE_COMPLETE"
    assert not lab.task("partly", SMALL, wait_for=["Vpn"]).run()["changed"]


def test_a_wait_for_some_resources_fails_with_the_stack(lab: Lab) -> None:
    outside = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.12.0.0/20"}
    broken = {"Never": {"Type": "AWS::EC2::Subnet", "Properties": outside}}
    resources = {**SMALL, **VPC, **broken, "Vpn": {**SMALL["Vpn"], "DependsOn": "Never"}}
    task = lab.task("failing", resources, wait_for=["Vpn"])
    result = task.run()
    assert result["failed"]
    assert "The stack failing could not be created (ROLLBACK_COMPLETE): Never" in result["msg"]


def test_who_waits_for_what_another_task_has_started_creates_nothing_anew(lab: Lab) -> None:
    lab.durations(create=6)
    started = {"started": True, "template_body": None}
    missing = lab.task("begun", SMALL, **started).run()
    assert "There is no stack begun, which an earlier task has started" in missing["msg"]
    assert lab.task("begun", SMALL, wait=False).run()["changed"]
    assert lab.task("begun", SMALL, wait=False, **started).run()["stack"]["status"] == "CREATE_IN_PROGRESS"
    result = lab.task("begun", SMALL, **started).run()
    assert (result["stack"]["status"], result["changed"]) == ("CREATE_COMPLETE", False)
    assert set(SMALL) <= set(result["stack"]["resources"])


def test_a_rollback_ends_the_wait_for_what_another_task_has_started(lab: Lab) -> None:
    outside = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.12.0.0/20"}
    # The connection is there first, and its deletion takes its time
    broken = {"Type": "AWS::EC2::Subnet", "DependsOn": "Vpn", "Properties": outside}
    resources = {**SMALL, **VPC, "Never": broken}
    lab.durations(create=1, delete=20)
    assert lab.task("undone", resources, wait=False).run()["changed"]
    started = {"started": True, "template_body": None}
    result = lab.task("undone", resources, **started).run()
    assert "The stack undone could not be created (ROLLBACK_IN_PROGRESS): Never" in result["msg"]
    lab.aws.end(result["stack"]["id"])
    assert "(ROLLBACK_COMPLETE): Never" in lab.task("undone", resources, wait=False, **started).run()["msg"]
    assert lab.status("undone") == "ROLLBACK_COMPLETE"


def test_an_update_is_waited_for_to_its_end(lab: Lab) -> None:
    """It may replace a resource that is there already."""
    assert lab.task("updated", SMALL).run()["changed"]
    lab.durations(create=3)
    moved = {**SMALL["Firewall"]["Properties"], "IpAddress": "203.0.113.11"}
    changed = {**SMALL, "Firewall": {**SMALL["Firewall"], "Properties": moved}}
    result = lab.task("updated", changed, wait_for=["Vpn"]).run()
    assert result["stack"]["status"] == "UPDATE_COMPLETE"


# ---- credentials, throttling, the network ----


@pytest.mark.parametrize("deleting", [True, False])
def test_credentials_that_expire_in_mid_wait_are_no_end_of_the_stack(lab: Lab, deleting: bool) -> None:
    lab.durations(create=0 if deleting else 20, delete=8)
    if deleting:
        assert lab.task("expiring", SMALL).run()["stack"]["status"] == "CREATE_COMPLETE"
    task = lab.task("expiring", None if deleting else SMALL, **lab.session(4))
    result = task.run()
    assert result["failed"]
    assert "AWS does not accept the credentials: The security token included in the request is expired" in result["msg"]
    assert "Renew them and run this again. The operation on the stack expiring continues on AWS" in result["msg"]
    status = "DELETE_IN_PROGRESS" if deleting else "CREATE_IN_PROGRESS"
    assert (result["stack"]["status"], lab.status(result["stack"]["id"])) == (status, status)


def test_a_key_that_is_taken_away_in_mid_wait(lab: Lab) -> None:
    lab.durations(create=20)
    iam = lab.aws.client("iam")
    iam.create_user(UserName="leaver")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="leaver", PolicyName="all", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    task = lab.task("leaver", SMALL, access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    task.until("Vpn CREATE_IN_PROGRESS")
    iam.delete_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"])
    result = task.run()
    assert result["failed"]
    assert "AWS does not accept the credentials" in result["msg"]
    lab.durations()


@pytest.mark.parametrize("code", ["Throttling", "ServiceUnavailable", "InternalFailure"])
def test_throttling_and_faults_of_aws_are_waited_out(lab: Lab, code: str) -> None:
    lab.durations(create=6)
    task = lab.task("throttled", SMALL)
    task.until("CREATE_IN_PROGRESS")
    # More often than botocore tries by itself
    lab.faults({"call": "DescribeStacks", "code": code, "times": 4})
    result = task.run()
    assert result["stack"]["status"] == "CREATE_COMPLETE"
    assert [shown for shown in task.shown if "no answer at the moment: Failed to describe the stack" in shown]


def test_throttling_at_the_very_end_of_a_wait(lab: Lab) -> None:
    """The next step's first call, which is outside of the wait for the earlier one."""
    lab.durations(create=8)
    lab.cloudformation.create_stack(
        StackName="late", TemplateBody=json.dumps({"Resources": {**SMALL, "Never": VPC["Vpc"] | {"Properties": {}}}})
    )
    task = lab.task("late", SMALL)
    task.until("CREATE_IN_PROGRESS")
    lab.faults({"call": "ValidateTemplate", "code": "Throttling", "times": 4})
    result = task.run()
    assert result["stack"]["status"].endswith("_COMPLETE")
    assert [shown for shown in task.shown if "waiting for an answer" in shown], task.shown


def test_throttling_before_anything_is_done_says_what_to_do(lab: Lab) -> None:
    lab.faults({"call": "ValidateTemplate", "code": "Throttling"})
    result = lab.task("rejected", SMALL).run()
    assert result["msg"] == "Failed to validate the template: Rate exceeded. Run this again when it can be reached."


def test_a_line_that_is_cut_in_mid_wait(lab: Lab) -> None:
    lab.durations(create=3)
    cable = Line(lab.aws.port)
    task = lab.task("cut", SMALL, endpoint_url=f"https://127.0.0.1:{cable.port}")
    task.until("CREATE_IN_PROGRESS")
    cable.cut()
    task.until("no answer at the moment: Failed to describe the stack")
    assert lab.status("cut") in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    cable.mend()
    result = task.run()
    cable.cut()
    assert result["stack"]["status"] == "CREATE_COMPLETE"


def test_a_line_that_stays_cut_ends_with_the_deadline(lab: Lab) -> None:
    lab.durations(create=10)
    cable = Line(lab.aws.port)
    task = lab.task("cut", SMALL, endpoint_url=f"https://127.0.0.1:{cable.port}", wait_timeout=8)
    task.until("CREATE_IN_PROGRESS")
    cable.cut()
    result = task.run()
    assert result["failed"]
    assert "s waiting for the stack cut to be created. Last state: no answer at the moment:" in result["msg"]
    assert "AWS continues on its own; run this again to keep waiting" in result["msg"]
    lab.durations()


def test_a_line_that_carries_nothing_more_ends_with_the_deadline(lab: Lab) -> None:
    lab.durations(create=20)
    cable = Line(lab.aws.port)
    # The user's own settings go over those of the module
    options: dict[str, t.Any] = {"aws_config": {"connect_timeout": 1, "read_timeout": 1}, "wait_timeout": 12}
    task = lab.task("dead", SMALL, endpoint_url=f"https://127.0.0.1:{cable.port}", **options)
    task.until("CREATE_IN_PROGRESS")
    began = time.monotonic()
    cable.hold()
    result = task.run()
    cable.cut()
    assert time.monotonic() - began < 30
    assert result["failed"]
    assert "no answer at the moment: Failed to describe the stack" in task.shown[-1]
    assert "s waiting for the stack dead to be created. Last state: no answer at the moment:" in result["msg"]
    lab.durations()


def test_nobody_answers_at_all(lab: Lab) -> None:
    result = lab.task("nowhere", SMALL, endpoint_url="https://127.0.0.1:9").run()
    assert result["failed"]
    assert "Could not connect to the endpoint URL" in result["msg"]
    assert result["msg"].endswith("Run this again when it can be reached.")


# ---- what is under way already ----


def test_events_are_shown_as_they_come(lab: Lab) -> None:
    lab.durations(create=6)
    task = lab.task("shown", SMALL)
    task.run()
    told = "\n".join(task.shown)
    assert told.index("Vpn CREATE_IN_PROGRESS") < told.index("no news of Vpn")
    assert all("waiting for the stack shown to be created since" in shown for shown in task.shown)


def test_an_interrupted_create_is_adopted_and_waited_for(lab: Lab) -> None:
    lab.durations(create=10)
    first = lab.task("interrupted", SMALL)
    first.until("CREATE_IN_PROGRESS")
    second = lab.task("interrupted", SMALL)
    result = second.run()
    assert result["stack"]["status"] == "CREATE_COMPLETE"
    assert not result["changed"]
    assert "waiting for the stack interrupted to be created" in second.shown[0]
    first.run()


def test_an_interrupted_create_is_deleted(lab: Lab) -> None:
    lab.durations(create=20)
    lab.task("interrupted", SMALL).until("CREATE_IN_PROGRESS")
    result = lab.task("interrupted").run()
    assert (result["stack"]["status"], result["changed"]) == ("DELETE_COMPLETE", True)


@pytest.mark.parametrize("absent", [True, False])
def test_an_update_that_is_under_way_is_waited_for(lab: Lab, absent: bool) -> None:
    lab.task("updated", VPC).run()
    lab.durations(create=10)
    template = json.dumps({"Resources": {**VPC, **SMALL}})
    lab.cloudformation.update_stack(StackName="updated", TemplateBody=template)
    task = lab.task("updated", None if absent else {**VPC, **SMALL})
    result = task.run()
    assert "UPDATE_IN_PROGRESS" in task.shown[0]
    assert result["stack"]["status"] == ("DELETE_COMPLETE" if absent else "UPDATE_COMPLETE")
    assert result["changed"] == absent


def test_a_delete_that_is_under_way_is_waited_for(lab: Lab) -> None:
    lab.durations(delete=12)
    first_id = lab.task("deleted", SMALL).run()["stack"]["id"]
    lab.aws.delete(first_id)
    gone = lab.task("deleted").run()
    assert (gone["stack"]["id"], gone["stack"]["status"]) == (first_id, "DELETE_COMPLETE")
    second_id = lab.task("deleted", SMALL).run()["stack"]["id"]
    lab.aws.delete(second_id)
    again = lab.task("deleted", SMALL).run()
    assert again["stack"]["status"] == "CREATE_COMPLETE"
    assert again["stack"]["id"] != second_id


def test_a_stack_that_is_gone_already(lab: Lab) -> None:
    result = lab.task("never").run()
    assert (result["changed"], result["stack"]["status"]) == (False, None)


def test_a_cluster_that_somebody_deleted(lab: Lab) -> None:
    lab.task("robbed", cluster()).run()
    assert not lab.look("vulcan").get("failed")
    eks = lab.aws.client("eks")
    eks.delete_cluster(name="vulcan")
    while eks.list_clusters()["clusters"]:
        time.sleep(0.1)
    # To CloudFormation all is well
    again = lab.task("robbed", cluster()).run()
    assert (again["changed"], again["stack"]["status"]) == (False, "CREATE_COMPLETE")
    assert lab.look("vulcan")["msg"].startswith("There is no EKS cluster vulcan in eu-central-1")
    assert lab.task("robbed").run()["stack"]["status"] == "DELETE_COMPLETE"


# ---- create and delete that fail ----


def test_a_create_that_rolls_back_names_its_cause_and_the_next_run_clears_up(lab: Lab) -> None:
    wrong = lab.task("wrong", cluster(Version="1.12")).run()
    assert wrong["failed"]
    assert "The stack wrong could not be created (ROLLBACK_COMPLETE): Cluster (AWS::EKS::Cluster" in wrong["msg"]
    assert "unsupported Kubernetes version 1.12" in wrong["msg"]
    assert "run this again: its remains are removed, and it is created again" in wrong["msg"]
    assert lab.status("wrong") == "ROLLBACK_COMPLETE"
    task = lab.task("wrong", cluster())
    right = task.run()
    assert right["stack"]["status"] == "CREATE_COMPLETE"
    assert task.warned == ["The stack wrong is ROLLBACK_COMPLETE, a leftover: it is removed and created anew."]
    assert wrong["stack"]["id"] != right["stack"]["id"]


def test_a_quota_that_is_used_up(lab: Lab) -> None:
    ec2 = lab.aws.client("ec2")
    made: list[str] = []
    try:
        while True:
            made.append(ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"])
    except ec2.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "VpcLimitExceeded"
    try:
        result = lab.task("many", VPC).run()
    finally:
        for vpc_id in made:
            ec2.delete_vpc(VpcId=vpc_id)
    assert "Vpc (AWS::EC2::VPC" in result["msg"]
    assert "The maximum number of VPCs has been reached." in result["msg"]
    assert "A quota of the account is used up: release what is not needed, or request an increase" in result["msg"]
    assert lab.task("many", VPC).run()["stack"]["status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (cluster(KubernetesNetworkConfig={"ServiceIpv4Cidr": "10.11.32.0/24"}), "overlaps with VPC CIDR 10.11.0.0/16"),
        (
            {**VPC, **{name: cluster()["SubnetA"] for name in ("SubnetA", "SubnetB")}},
            "conflicts with another subnet",
        ),
    ],
)
def test_an_address_range_that_is_taken(lab: Lab, resources: dict[str, t.Any], reason: str) -> None:
    result = lab.task("taken", resources).run()
    assert reason in result["msg"]
    assert "The address range is in use or does not fit there: choose another one." in result["msg"]


def test_a_right_that_the_caller_lacks(lab: Lab) -> None:
    keys = lab.aws.keys["cloudburst"]
    result = lab.task(
        "denied", SMALL, access_key=keys["aws_access_key_id"], secret_key=keys["aws_secret_access_key"]
    ).run()
    assert "is not authorized to perform: ec2:CreateVpnGateway" in result["msg"]
    assert "give it the IAM policies that come with the role eks_stack" in result["msg"]


def test_a_right_that_is_denied_explicitly(lab: Lab) -> None:
    keys = lab.aws.keys["cloudburst"]
    table = {**VPC, "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}}}
    result = lab.task(
        "forbidden", table, access_key=keys["aws_access_key_id"], secret_key=keys["aws_secret_access_key"]
    ).run()
    assert "is not authorized to perform: ec2:CreateRouteTable" in result["msg"]
    assert "no other policy can allow it" in result["msg"]


def test_termination_protection(lab: Lab) -> None:
    lab.task("protected", VPC).run()
    lab.cloudformation.update_termination_protection(StackName="protected", EnableTerminationProtection=True)
    result = lab.task("protected").run()
    assert "aws cloudformation update-termination-protection --no-enable-termination-protection" in result["msg"]
    assert (result["changed"], lab.status("protected")) == (False, "CREATE_COMPLETE")


def test_deletion_protection(lab: Lab) -> None:
    lab.task("protected", cluster(DeletionProtection=True)).run()
    result = lab.task("protected").run()
    assert "could not be deleted (DELETE_FAILED): Cluster (AWS::EKS::Cluster vulcan)" in result["msg"]
    assert "aws eks update-cluster-config --no-deletion-protection --name vulcan" in result["msg"]
    assert result["blocking"][0]["id"] == "vulcan"
    lab.aws.client("eks").update_cluster_config(name="vulcan", deletionProtection=False)
    assert lab.task("protected").run()["stack"]["status"] == "DELETE_COMPLETE"


def test_a_delete_that_falls_back(lab: Lab) -> None:
    resources = {"Resources": VPC, "Outputs": {"Id": {"Value": {"Ref": "Vpc"}, "Export": {"Name": "the-vpc"}}}}
    table = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Fn::ImportValue": "the-vpc"}}}
    importing = {"Resources": {"Table": table}}
    lab.task("exporting", VPC, template_body=json.dumps(resources)).run()
    user = lab.task("importing", VPC, template_body=json.dumps(importing))
    assert user.run()["stack"]["status"] == "CREATE_COMPLETE"
    result = lab.task("exporting").run()
    assert result["failed"]
    assert "was not deleted: it returned to CREATE_COMPLETE: Export the-vpc cannot be deleted" in result["msg"]
    assert "as it is in use by importing. Delete the stacks that import it first. Then run this again." in result["msg"]
    assert lab.task("importing").run()["stack"]["status"] == "DELETE_COMPLETE"
    assert lab.task("exporting").run()["stack"]["status"] == "DELETE_COMPLETE"


def test_a_stack_that_somebody_else_deletes_while_it_is_made(lab: Lab) -> None:
    lab.durations(create=20)
    task = lab.task("robbed", SMALL)
    task.until("CREATE_IN_PROGRESS")
    lab.cloudformation.delete_stack(StackName="robbed")
    result = task.run()
    assert result["msg"].startswith("The stack robbed was deleted by somebody else before it was created.")


# ---- whose stack it is ----

EARTH, MARS = "5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b", "9f3e0c55-1d24-4a1c-8a10-3b7a6f0c2d11"


def tags_of(lab: Lab, name: str) -> dict[str, str]:
    """A stack's tags."""
    (stack,) = lab.cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {tag["Key"]: tag["Value"] for tag in stack["Tags"]}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("resources", [None, {**VPC, **SMALL}])
@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (None, "was not created for the burst vulcan: it has no tag cloudburst:burst. It is left alone."),
        ({"cloudburst:burst": "mars"}, "was not created for the burst vulcan: its tag cloudburst:burst is 'mars'."),
        ({"cloudburst:burst": "vulcan", "cloudburst:owner": MARS}, f"belongs to {MARS} (tag cloudburst:owner"),
    ],
)
def test_somebody_elses_stack_is_neither_updated_nor_deleted(
    lab: Lab, tags: dict[str, str] | None, reason: str, resources: dict[str, t.Any] | None, check: bool
) -> None:
    lab.aws.end(lab.aws.create(VPC, name="cloudburst-vulcan", tags=tags))
    options: dict[str, t.Any] = {"burst": "vulcan", "owner": EARTH, "_ansible_check_mode": check}
    result = lab.task("cloudburst-vulcan", resources, **options).run()
    assert result["failed"]
    assert f"The stack cloudburst-vulcan {reason}" in result["msg"]
    assert (result["changed"], lab.status("cloudburst-vulcan")) == (False, "CREATE_COMPLETE")
    assert tags_of(lab, "cloudburst-vulcan") == (tags or {})


def test_somebody_elses_operation_is_not_taken_up(lab: Lab) -> None:
    lab.durations(create=20)
    lab.aws.create(SMALL, name="cloudburst-vulcan", tags={"cloudburst:burst": "vulcan", "cloudburst:owner": MARS})
    for resources in (SMALL, None):
        result = lab.task("cloudburst-vulcan", resources, burst="vulcan", owner=EARTH).run()
        assert f"belongs to {MARS}" in result["msg"]
    assert lab.status("cloudburst-vulcan") == "CREATE_IN_PROGRESS"


def test_a_stack_is_marked_and_is_ones_own_from_then_on(lab: Lab) -> None:
    marked = {"cloudburst:burst": "vulcan", "cloudburst:owner": EARTH}
    options: dict[str, t.Any] = {"burst": "vulcan", "owner": EARTH}
    assert lab.task("cloudburst-vulcan", VPC, **options).run()["changed"]
    assert tags_of(lab, "cloudburst-vulcan") == marked
    assert not lab.task("cloudburst-vulcan", VPC, **options).run()["changed"]
    result = lab.task("cloudburst-vulcan", VPC, burst="vulcan").run()
    assert "and this run names no owner" in result["msg"]
    taken = lab.task("cloudburst-vulcan", VPC, burst="vulcan", owner=MARS, take_over=EARTH).run()
    assert (taken["changed"], tags_of(lab, "cloudburst-vulcan")["cloudburst:owner"]) == (True, MARS)
    assert f"belongs to {MARS}" in lab.task("cloudburst-vulcan", **options).run()["msg"]
    gone = lab.task("cloudburst-vulcan", burst="vulcan", owner=MARS).run()
    assert gone["stack"]["status"] == "DELETE_COMPLETE"


def test_a_stack_of_an_earlier_version_is_marked_by_its_burst_and_deleted_by_it(lab: Lab) -> None:
    options: dict[str, t.Any] = {"burst": "vulcan", "owner": EARTH}
    lab.aws.end(lab.aws.create(VPC, name="cloudburst-vulcan", tags={"cloudburst:burst": "vulcan", "team": "a"}))
    result = lab.task("cloudburst-vulcan", VPC, **options).run()
    assert (result["changed"], result["stack"]["status"]) == (True, "UPDATE_COMPLETE")
    assert tags_of(lab, "cloudburst-vulcan") == {"cloudburst:burst": "vulcan", "team": "a", "cloudburst:owner": EARTH}
    assert lab.task("cloudburst-vulcan", **options).run()["stack"]["status"] == "DELETE_COMPLETE"
    lab.aws.end(lab.aws.create(VPC, name="cloudburst-vulcan", tags={"cloudburst:burst": "vulcan"}))
    assert lab.task("cloudburst-vulcan", **options).run()["stack"]["status"] == "DELETE_COMPLETE"
