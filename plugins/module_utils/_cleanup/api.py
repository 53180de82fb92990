# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Calls to AWS about a burst as a whole, and what all kinds of leftovers need of them: pages, tags, deletion."""

from __future__ import annotations

import contextlib
import datetime
import typing as t

from .._aws.errors import AwsError, calling
from .._aws.stacks.api import StackApi
from .._aws.tags import BURST_TAG, STACK_PREFIX
from .ownership import DATA_TAG, REMOVE
from .things import Thing

SERVICES = ("cloudformation", "ec2", "eks", "elb", "elbv2", "logs", "resourcegroupstaggingapi")
# AWS goes on listing things by their tags for a while after they were deleted, so EC2 is asked as well: by which call,
# the list in its answer, and what names an entry of it.
_EC2_TYPES = {
    "customer-gateway": ("describe_customer_gateways", "CustomerGateways", "CustomerGatewayId"),
    "elastic-ip": ("describe_addresses", "Addresses", "AllocationId"),
    "internet-gateway": ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "launch-template": ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    "natgateway": ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "network-interface": ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "route-table": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "security-group": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "snapshot": ("describe_snapshots", "Snapshots", "SnapshotId"),
    "subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "volume": ("describe_volumes", "Volumes", "VolumeId"),
    "vpc": ("describe_vpcs", "Vpcs", "VpcId"),
    "vpc-endpoint": ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "vpn-connection": ("describe_vpn_connections", "VpnConnections", "VpnConnectionId"),
    "vpn-gateway": ("describe_vpn_gateways", "VpnGateways", "VpnGatewayId"),
}

Answer = dict[str, t.Any]


class Api:
    """AWS as seen through boto3 clients, by the names of SERVICES.

    Every method raises AwsError, CredentialsRejected or AwsUnavailable.
    """

    def __init__(self, clients: t.Mapping[str, t.Any]) -> None:
        self.clients = clients

    # ---- what there is

    def cluster(self, name: str) -> Answer | None:
        """The EKS cluster of this name; ``None`` only where AWS says that there is none."""
        try:
            with calling(f"describe the EKS cluster {name}"):
                return dict(self.clients["eks"].describe_cluster(name=name)["cluster"])
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise

    def is_in_extended_support(self, version: str) -> bool:
        """Whether the standard support of a version of Kubernetes has ended."""
        rows = self.pages("eks", "describe_cluster_versions", "clusterVersions", clusterVersions=[version])
        return any(row.get("versionStatus") == "EXTENDED_SUPPORT" for row in rows)

    def stack(self, name: str) -> Answer | None:
        """The stack of the burst of this name."""
        return StackApi(self.clients["cloudformation"]).find(f"{STACK_PREFIX}{name}")

    def stack_resources(self, stack_id: str) -> list[Answer]:
        """What a stack holds, as CloudFormation lists it."""
        return StackApi(self.clients["cloudformation"]).resources(stack_id)

    def vpcs(self, name: str) -> frozenset[str]:
        """Ids of the VPCs that carry the burst's own tag."""
        filters = [{"Name": f"tag:{BURST_TAG}", "Values": [name]}]
        return frozenset(str(vpc["VpcId"]) for vpc in self.pages("ec2", "describe_vpcs", "Vpcs", Filters=filters))

    def tagged(self, name: str) -> list[str]:
        """ARNs of everything in the region that carries the burst's own tag, without what is deleted already."""
        filters = [{"Key": BURST_TAG, "Values": [name]}]
        rows = self.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=filters)
        # The lease's stack goes last, and is looked after by itself.
        arns = [str(row["ResourceARN"]) for row in rows if f":{STACK_PREFIX}{name}-lease" not in row["ResourceARN"]]
        # The cluster and the stack have been asked for by their names.
        arns = [arn for arn in arns if arn.split(":")[2] not in ("cloudformation", "eks")]
        living = {kind: self._living(kind, name) for kind in {kind_of(arn) for arn in arns} & set(_EC2_TYPES)}
        # An instance that has ended is listed for an hour; those that live are among what is known.
        return sorted(
            arn
            for arn in arns
            if kind_of(arn) != "instance" and name_of(arn) in living.get(kind_of(arn), {name_of(arn)})
        )

    def _living(self, kind: str, name: str) -> set[str]:
        """Ids of the things of a type of EC2's that carry a burst's own tag."""
        operation, key, identifier = _EC2_TYPES[kind]
        rows = self.pages("ec2", operation, key, Filters=[{"Name": f"tag:{BURST_TAG}", "Values": [name]}])
        return {str(row[identifier]) for row in rows if row.get("State") not in ("deleted", "failed")}

    def pages(self, service: str, operation: str, key: str, **arguments: t.Any) -> list[t.Any]:
        """All rows of an answer, under its key, from all of its pages."""
        client = self.clients[service]
        with calling(f"{operation.replace('_', ' ')} ({service})"):
            if not client.can_paginate(operation):
                return list(getattr(client, operation)(**arguments).get(key) or [])
            pages = client.get_paginator(operation).paginate(**arguments)
            return [row for page in pages for row in page.get(key) or []]

    # ---- what is changed

    def delete(self, what: str, service: str, operation: str, arguments: Answer) -> None:
        """Begin to delete something. What is gone already is none to be deleted.

        :param what: kind and name, for messages.
        """
        with if_there(), calling(f"delete the {what}"):
            answer = getattr(self.clients[service], operation)(**arguments)
            # Of endpoints, EC2 tells so what it does not delete.
            for row in answer.get("Unsuccessful") or []:
                error = row.get("Error") or {}
                raise AwsError(f"{row.get('ResourceId')}: {error.get('Message')}", str(error.get("Code") or ""))

    def revoke(self, group_id: str, permissions: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Take rules that let something in away from a security group."""
        with calling(f"remove rules from the security group {group_id}"):
            self.clients["ec2"].revoke_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))

    def tag_data(self, thing: Thing, burst: str, *, remove: bool = False) -> None:
        """Mark a volume or snapshot as a burst's, and perhaps as one that goes with it."""
        tags = {BURST_TAG: burst, **({DATA_TAG: REMOVE} if remove else {})}
        with calling(f"tag the {thing.kind} {thing.id}"):
            self.clients["ec2"].create_tags(
                Resources=[thing.id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            )

    def tag_log_group(self, thing: Thing, burst: str) -> None:
        """Mark a log group as a burst's."""
        with calling(f"tag the log group {thing.name}"):
            self.clients["logs"].tag_resource(resourceArn=thing.id, tags={BURST_TAG: burst})


@contextlib.contextmanager
def if_there() -> t.Iterator[None]:
    """Take no notice of what has gone in between."""
    try:
        yield
    except AwsError as error:
        if not is_missing(error):
            raise


def seconds(time: t.Any) -> float:
    """A time as boto3 returns it in seconds since 1970; 0 where there is none."""
    return time.timestamp() if isinstance(time, datetime.datetime) else 0.0


def is_missing(error: AwsError) -> bool:
    """Whether AWS says that what it was asked about does not exist."""
    return error.code.endswith((".NotFound", "NotFoundException", "NotFound"))


def is_held(error: AwsError) -> bool:
    """Whether AWS rejects a deletion because of another resource, which may be deleted first."""
    return error.code in (
        *("DependencyViolation", "ResourceInUse", "ResourceInUseException", "VolumeInUse", "OperationAbortedException"),
        *("InvalidNetworkInterface.InUse", "InvalidParameterValue", "IncorrectState"),
    )


def log_arn(arn: str) -> str:
    """The ARN that tags go by: without what stands for the group's streams."""
    return arn.removesuffix(":*")


def kind_of(arn: str) -> str:
    """What a resource is, as its ARN has it: "natgateway", "stack", "cluster"."""
    return arn.split(":", 5)[5].replace(":", "/").partition("/")[0]


def name_of(arn: str) -> str:
    """Id or name of a resource, as its ARN has it."""
    return arn.split(":", 5)[5].replace(":", "/").partition("/")[2]


def tags_of(row: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The tags of what EC2 or ELB describes."""
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags") or row.get("TagSet") or []}


__all__ = (
    *("SERVICES", "Answer", "Api", "if_there", "is_held", "is_missing", "kind_of", "log_arn", "name_of", "seconds"),
    "tags_of",
)
