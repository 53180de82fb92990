# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The calls to AWS that list and delete what a cluster leaves, with all of their pages."""

from __future__ import annotations

import contextlib
import datetime
import typing as t

from .._aws.errors import AwsError, calling
from .._aws.stacks.api import StackApi
from .ownership import BURST_TAG, DATA_TAG, REMOVE, STACK_PREFIX, Thing

SERVICES = ("cloudformation", "ec2", "eks", "elb", "elbv2", "logs", "resourcegroupstaggingapi")
# ELB takes the tags of so many resources in one call.
_TAGS_AT_ONCE = 20
# EC2 takes so many values of a filter.
_VALUES_AT_ONCE = 200
_LIVING = ["pending", "running", "stopping", "stopped"]
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

    Every method raises AwsError, CredentialsRefused or AwsUnavailable.
    """

    def __init__(self, clients: t.Mapping[str, t.Any]) -> None:
        self._clients = clients

    # ---- what there is

    def cluster(self, name: str) -> Answer | None:
        """The EKS cluster of this name; ``None`` only where AWS says that there is none."""
        try:
            with calling(f"describe the EKS cluster {name}"):
                return dict(self._clients["eks"].describe_cluster(name=name)["cluster"])
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise

    def stack(self, name: str) -> Answer | None:
        """The stack of the burst of this name."""
        return StackApi(self._clients["cloudformation"]).find(f"{STACK_PREFIX}{name}")

    def stack_resources(self, stack_id: str) -> list[Answer]:
        """What a stack holds, as CloudFormation lists it."""
        return StackApi(self._clients["cloudformation"]).resources(stack_id)

    def vpcs(self, name: str) -> frozenset[str]:
        """Ids of the VPCs that carry the burst's own tag."""
        filters = [{"Name": f"tag:{BURST_TAG}", "Values": [name]}]
        return frozenset(str(vpc["VpcId"]) for vpc in self._pages("ec2", "describe_vpcs", "Vpcs", Filters=filters))

    def things(self, name: str, vpcs: frozenset[str], *, cluster: bool) -> list[Thing]:
        """All that may be a burst's, with its tags: who it belongs to is not decided here."""
        found = self.data(name) + self.log_groups(name)
        if vpcs:
            found += self._balancers(vpcs) + self._classic_balancers(vpcs) + self._target_groups(vpcs)
            found += self._instances(vpcs) + self._interfaces(vpcs) + self._endpoints(vpcs)
            found += self._security_groups(vpcs)
        if cluster:
            found += self._node_groups(name)
        return found

    def interfaces(self, vpcs: frozenset[str]) -> list[Thing]:
        """The network interfaces of VPCs."""
        return self._interfaces(vpcs) if vpcs else []

    def log_groups(self, name: str) -> list[Thing]:
        """The log groups with the names of a cluster's own, and perhaps more."""
        groups = [
            group
            for prefix in (f"/aws/eks/{name}/", f"/aws/containerinsights/{name}/")
            for group in self._pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
        ]
        found = []
        for group in groups:
            answer: Answer = {}
            with _if_there(), calling(f"read the tags of the log group {group['logGroupName']}"):
                answer = self._clients["logs"].list_tags_for_resource(resourceArn=log_arn(group["arn"]))
            found.append(
                Thing(
                    kind="log_group",
                    id=log_arn(group["arn"]),
                    name=group["logGroupName"],
                    tags=dict(answer.get("tags") or {}),
                    gib=round(int(group.get("storedBytes") or 0) / 2**30, 3),
                    created=int(group.get("creationTime") or 0) / 1000,
                )
            )
        return found

    def tagged(self, name: str) -> list[str]:
        """ARNs of everything in the region that carries the burst's own tag, without what is deleted already."""
        filters = [{"Key": BURST_TAG, "Values": [name]}]
        rows = self._pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=filters)
        arns = [str(row["ResourceARN"]) for row in rows]
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
        rows = self._pages("ec2", operation, key, Filters=[{"Name": f"tag:{BURST_TAG}", "Values": [name]}])
        return {str(row[identifier]) for row in rows if row.get("State") not in ("deleted", "failed")}

    def data(self, name: str) -> list[Thing]:
        """The volumes and snapshots that may be those of a cluster of this name."""
        keys = [f"kubernetes.io/cluster/{name}", "KubernetesCluster", "ebs.csi.aws.com/cluster-name", BURST_TAG]
        return self._volumes("tag-key", keys) + self._snapshots("tag-key", keys)

    def data_by_id(self, volumes: t.Sequence[str], snapshots: t.Sequence[str]) -> list[Thing]:
        """Those volumes and snapshots of the account that there are."""
        found: list[Thing] = []
        for start in range(0, max(len(volumes), len(snapshots)), _VALUES_AT_ONCE):
            some = slice(start, start + _VALUES_AT_ONCE)
            found += self._volumes("volume-id", volumes[some]) if volumes[some] else []
            found += self._snapshots("snapshot-id", snapshots[some]) if snapshots[some] else []
        return found

    def attached(self, instances: t.Sequence[str]) -> list[Thing]:
        """The volumes that the EBS driver has made and that instances have attached."""
        made = {"Name": "tag:ebs.csi.aws.com/cluster", "Values": ["true"]}
        return [
            thing
            for start in range(0, len(instances), _VALUES_AT_ONCE)
            for thing in self._volumes("attachment.instance-id", instances[start : start + _VALUES_AT_ONCE], made)
        ]

    def _volumes(self, filter_: str, values: t.Sequence[str], *more: Answer) -> list[Thing]:
        filters = [{"Name": filter_, "Values": list(values)}, *more]
        rows = self._pages("ec2", "describe_volumes", "Volumes", Filters=filters)
        return [
            Thing(
                kind="volume",
                id=row["VolumeId"],
                name=_claim(_tags(row)) or row["VolumeId"],
                tags=_tags(row),
                state=row["State"],
                gib=float(row["Size"]),
                type=str(row.get("VolumeType") or ""),
                with_instance=any(each.get("DeleteOnTermination") for each in row.get("Attachments") or []),
                created=seconds(row.get("CreateTime")),
            )
            for row in rows
        ]

    def _snapshots(self, filter_: str, values: t.Sequence[str]) -> list[Thing]:
        filters = [{"Name": filter_, "Values": list(values)}]
        # Else those of all the world that may be used are listed.
        rows = self._pages("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=filters)
        return [
            Thing(
                kind="snapshot",
                id=row["SnapshotId"],
                name=_tags(row).get("CSIVolumeSnapshotName") or row["SnapshotId"],
                tags=_tags(row),
                state=str(row.get("State") or ""),
                gib=float(row.get("VolumeSize") or 0),
                created=seconds(row.get("StartTime")),
            )
            for row in rows
        ]

    def _balancers(self, vpcs: frozenset[str]) -> list[Thing]:
        rows = self._pages("elbv2", "describe_load_balancers", "LoadBalancers")
        rows = [row for row in rows if row.get("VpcId") in vpcs]
        tags = self._elb_tags("elbv2", "ResourceArns", [row["LoadBalancerArn"] for row in rows])
        return [
            Thing(
                kind="load_balancer",
                id=row["LoadBalancerArn"],
                name=row["LoadBalancerName"],
                tags=tags.get(row["LoadBalancerArn"], {}),
                vpc=row["VpcId"],
                state=str((row.get("State") or {}).get("Code") or ""),
                groups=tuple(row.get("SecurityGroups") or ()),
                type=str(row.get("Type") or ""),
                addresses=_public(row, row.get("AvailabilityZones")),
            )
            for row in rows
        ]

    def _classic_balancers(self, vpcs: frozenset[str]) -> list[Thing]:
        rows = self._pages("elb", "describe_load_balancers", "LoadBalancerDescriptions")
        rows = [row for row in rows if row.get("VPCId") in vpcs]
        tags = self._elb_tags("elb", "LoadBalancerNames", [row["LoadBalancerName"] for row in rows])
        return [
            Thing(
                kind="classic_load_balancer",
                id=row["LoadBalancerName"],
                name=row["LoadBalancerName"],
                tags=tags.get(row["LoadBalancerName"], {}),
                vpc=row["VPCId"],
                groups=tuple(row.get("SecurityGroups") or ()),
                addresses=_public(row, row.get("Subnets")),
            )
            for row in rows
        ]

    def _target_groups(self, vpcs: frozenset[str]) -> list[Thing]:
        rows = self._pages("elbv2", "describe_target_groups", "TargetGroups")
        rows = [row for row in rows if row.get("VpcId") in vpcs]
        tags = self._elb_tags("elbv2", "ResourceArns", [row["TargetGroupArn"] for row in rows])
        return [
            Thing(
                kind="target_group",
                id=row["TargetGroupArn"],
                name=row["TargetGroupName"],
                tags=tags.get(row["TargetGroupArn"], {}),
                vpc=row["VpcId"],
            )
            for row in rows
        ]

    def _elb_tags(self, service: str, parameter: str, ids: t.Sequence[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(ids), _TAGS_AT_ONCE):
            some = list(ids[start : start + _TAGS_AT_ONCE])
            try:
                with calling("read the tags of load balancers"):
                    rows = self._clients[service].describe_tags(**{parameter: some})["TagDescriptions"]
            except AwsError as error:
                if not is_missing(error):
                    raise
                # One that has gone since it was listed spoils the answer for all.
                for each in some if len(some) > 1 else ():
                    found |= self._elb_tags(service, parameter, [each])
                continue
            found |= {row.get("ResourceArn") or row["LoadBalancerName"]: _tags(row) for row in rows}
        return found

    def _node_groups(self, cluster: str) -> list[Thing]:
        found, names = [], []
        with _if_there():
            names = self._pages("eks", "list_nodegroups", "nodegroups", clusterName=cluster)
        for name in names:
            row: Answer = {}
            with _if_there(), calling(f"describe the node group {name}"):
                row = self._clients["eks"].describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
            if not row:
                continue
            found.append(
                Thing(
                    kind="node_group",
                    id=f"{cluster}/{name}",
                    name=name,
                    tags=dict(row.get("tags") or {}),
                    state=str(row.get("status") or ""),
                    type=str((row.get("instanceTypes") or [""])[0]),
                    count=int((row.get("scalingConfig") or {}).get("desiredSize") or 0),
                )
            )
        return found

    def _instances(self, vpcs: frozenset[str]) -> list[Thing]:
        filters = [{"Name": "vpc-id", "Values": sorted(vpcs)}, {"Name": "instance-state-name", "Values": _LIVING}]
        reservations = self._pages("ec2", "describe_instances", "Reservations", Filters=filters)
        return [
            Thing(
                kind="instance",
                id=row["InstanceId"],
                name=_tags(row).get("Name") or row["InstanceId"],
                tags=_tags(row),
                vpc=str(row.get("VpcId") or ""),
                state=row["State"]["Name"],
                type=str(row.get("InstanceType") or ""),
                addresses=1 if row.get("PublicIpAddress") else 0,
            )
            for reservation in reservations
            for row in reservation["Instances"]
        ]

    def _interfaces(self, vpcs: frozenset[str]) -> list[Thing]:
        filters = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
        rows = self._pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=filters)
        return [
            Thing(
                kind="network_interface",
                id=row["NetworkInterfaceId"],
                name=str(row.get("Description") or row["NetworkInterfaceId"]),
                tags=_tags(row),
                vpc=str(row.get("VpcId") or ""),
                state=str(row.get("Status") or ""),
                groups=tuple(group["GroupId"] for group in row.get("Groups") or ()),
                description=str(row.get("Description") or ""),
            )
            for row in rows
        ]

    def _endpoints(self, vpcs: frozenset[str]) -> list[Thing]:
        filters = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
        rows = self._pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
        return [
            Thing(
                kind="vpc_endpoint",
                id=row["VpcEndpointId"],
                name=str(row.get("ServiceName") or row["VpcEndpointId"]),
                tags=_tags(row),
                vpc=str(row.get("VpcId") or ""),
                state=str(row.get("State") or ""),
                type=str(row.get("VpcEndpointType") or ""),
                count=len(row.get("SubnetIds") or []),
            )
            for row in rows
            if str(row.get("State") or "").lower() != "deleted"
        ]

    def _security_groups(self, vpcs: frozenset[str]) -> list[Thing]:
        return [security_group(row) for row in self.group_rows(vpcs)]

    def group_rows(self, vpcs: frozenset[str]) -> list[Answer]:
        """The security groups of VPCs as EC2 describes them."""
        filters = [{"Name": "vpc-id", "Values": sorted(vpcs)}]
        return list(self._pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters))

    def _pages(self, service: str, operation: str, key: str, **arguments: t.Any) -> list[t.Any]:
        client = self._clients[service]
        with calling(f"{operation.replace('_', ' ')} ({service})"):
            if not client.can_paginate(operation):
                return list(getattr(client, operation)(**arguments).get(key) or [])
            pages = client.get_paginator(operation).paginate(**arguments)
            return [row for page in pages for row in page.get(key) or []]

    # ---- what is changed

    def delete(self, thing: Thing) -> None:
        """Begin to delete a thing. One that is gone already is none to be deleted."""
        cluster, _slash, group = thing.id.partition("/")
        calls: dict[str, tuple[str, str, Answer]] = {
            "load_balancer": ("elbv2", "delete_load_balancer", {"LoadBalancerArn": thing.id}),
            "classic_load_balancer": ("elb", "delete_load_balancer", {"LoadBalancerName": thing.id}),
            "target_group": ("elbv2", "delete_target_group", {"TargetGroupArn": thing.id}),
            "node_group": ("eks", "delete_nodegroup", {"clusterName": cluster, "nodegroupName": group}),
            "instance": ("ec2", "terminate_instances", {"InstanceIds": [thing.id]}),
            "network_interface": ("ec2", "delete_network_interface", {"NetworkInterfaceId": thing.id}),
            "vpc_endpoint": ("ec2", "delete_vpc_endpoints", {"VpcEndpointIds": [thing.id]}),
            "security_group": ("ec2", "delete_security_group", {"GroupId": thing.id}),
            "volume": ("ec2", "delete_volume", {"VolumeId": thing.id}),
            "snapshot": ("ec2", "delete_snapshot", {"SnapshotId": thing.id}),
            "log_group": ("logs", "delete_log_group", {"logGroupName": thing.name}),
        }
        service, operation, arguments = calls[thing.kind]
        with _if_there(), calling(f"delete the {thing.kind.replace('_', ' ')} {thing.name}"):
            answer = getattr(self._clients[service], operation)(**arguments)
            # Of end points, EC2 tells so what it does not delete.
            for row in answer.get("Unsuccessful") or []:
                error = row.get("Error") or {}
                raise AwsError(f"{thing.id}: {error.get('Message')}", str(error.get("Code") or ""))

    def revoke(self, group_id: str, permissions: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Take rules that let something in away from a security group."""
        with calling(f"take rules away from the security group {group_id}"):
            self._clients["ec2"].revoke_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))

    def tag_data(self, thing: Thing, burst: str, *, remove: bool = False) -> None:
        """Mark a volume or snapshot as a burst's, and perhaps as one that goes with it."""
        tags = {BURST_TAG: burst, **({DATA_TAG: REMOVE} if remove else {})}
        with calling(f"tag the {thing.kind} {thing.id}"):
            self._clients["ec2"].create_tags(
                Resources=[thing.id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            )

    def tag_log_group(self, thing: Thing, burst: str) -> None:
        """Mark a log group as a burst's."""
        with calling(f"tag the log group {thing.name}"):
            self._clients["logs"].tag_resource(resourceArn=thing.id, tags={BURST_TAG: burst})


@contextlib.contextmanager
def _if_there() -> t.Iterator[None]:
    """Take no notice of what has gone in between."""
    try:
        yield
    except AwsError as error:
        if not is_missing(error):
            raise


def security_group(row: Answer) -> Thing:
    """A security group as EC2 describes it."""
    return Thing(
        kind="security_group",
        id=row["GroupId"],
        name=str(row.get("GroupName") or row["GroupId"]),
        tags=_tags(row),
        vpc=str(row.get("VpcId") or ""),
    )


def seconds(time: t.Any) -> float:
    """A time as boto3 returns it in seconds since 1970; 0 where there is none."""
    return time.timestamp() if isinstance(time, datetime.datetime) else 0.0


def _public(row: Answer, places: t.Sequence[t.Any] | None) -> int:
    """The public addresses of a load balancer: one in each zone, if it is on the internet."""
    return len(places or []) if row.get("Scheme") == "internet-facing" else 0


def is_missing(error: AwsError) -> bool:
    """Whether AWS says that what it was asked about does not exist."""
    return error.code.endswith((".NotFound", "NotFoundException", "NotFound"))


def is_held(error: AwsError) -> bool:
    """Whether AWS refuses to delete something because of something else, which may go."""
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


def _tags(row: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags") or row.get("TagSet") or []}


def _claim(tags: t.Mapping[str, str]) -> str:
    """The persistent volume claim that a volume was made for, as the EBS driver notes it."""
    parts = (tags.get("kubernetes.io/created-for/pvc/namespace"), tags.get("kubernetes.io/created-for/pvc/name"))
    return "/".join(part for part in parts if part)


__all__ = ("SERVICES", "Api", "is_held", "is_missing", "kind_of", "log_arn", "name_of", "seconds", "security_group")
