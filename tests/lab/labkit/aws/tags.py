# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of EC2, ELB, EKS and Logs for IAM's conditions and the tagging API, which MiniStack does not know there."""

from __future__ import annotations

import typing as t

from labkit.aws import balancers, seams

Tagged = tuple[str, list[dict[str, str]]]

# EC2's store → the type as in ARNs, and whether a record still exists.
_EC2_TYPES = {
    "vpcs": "vpc",
    "subnets": "subnet",
    "route_tables": "route-table",
    "security_groups": "security-group",
    "internet_gateways": "internet-gateway",
    "nat_gateways": "natgateway",
    "addresses": "elastic-ip",
    "network_interfaces": "network-interface",
    "volumes": "volume",
    "snapshots": "snapshot",
    "instances": "instance",
    "vpn_gateways": "vpn-gateway",
    "customer_gateways": "customer-gateway",
    "vpn_connections": "vpn-connection",
    "launch_templates": "launch-template",
    "vpc_endpoints": "vpc-endpoint",
}


def install() -> None:
    """Make the tags known, and what a request for a classic load balancer or a node group is about."""
    seams.add_tag_collector("ec2", _ec2)
    seams.add_tag_collector("elasticloadbalancing", _elb)
    seams.add_tag_collector("eks", _eks)
    seams.add_tag_collector("logs", _logs)
    seams.wrap_resource_arn(_resource_arn)


def _ec2() -> t.Iterator[Tagged]:
    tags = seams.store("tags")
    for store, kind in _EC2_TYPES.items():
        # Deleted resources are still listed, as on AWS.
        for resource_id in list(seams.store(store)):
            if tags.get(resource_id):
                yield _ec2_arn(kind, resource_id), tags[resource_id]


def _ec2_arn(kind: str, resource_id: str) -> str:
    """EC2's snapshots have no account in their ARN (Service Authorization Reference, Amazon EC2, resource types)."""
    account = "" if kind == "snapshot" else seams.account()
    return f"arn:aws:ec2:{seams.region()}:{account}:{kind}/{resource_id}"


def _elb() -> t.Iterator[Tagged]:
    yield from ((arn, tags) for arn, tags in list(seams.elb_store("tags").items()) if tags)
    base = f"arn:aws:elasticloadbalancing:{seams.region()}:{seams.account()}:loadbalancer"
    for lb in balancers.classic():
        yield f"{base}/{lb['LoadBalancerName']}", lb["Tags"]


def _eks() -> t.Iterator[Tagged]:
    for arn, tags in list(seams.eks("tags").items()):
        yield arn, [{"Key": key, "Value": value} for key, value in tags.items()]


def _logs() -> t.Iterator[Tagged]:
    for name, group in list(seams.log_groups().items()):
        tags = [{"Key": key, "Value": value} for key, value in (group.get("tags") or {}).items()]
        yield f"arn:aws:logs:{seams.region()}:{seams.account()}:log-group:{name}", tags


def _resource_arn(original: t.Callable[..., str], service: str, method: str, path: str, *args: t.Any) -> str:
    query: dict[str, t.Any] = args[2]
    words = path.strip("/").split("/")
    if service == "eks" and len(words) == 4 and words[2] == "node-groups":
        group = seams.eks("nodegroups").get(f"{words[1]}/{words[3]}")
        return group["nodegroupArn"] if group else f"arn:aws:eks:{args[3]}:{args[4]}:nodegroup/{words[1]}/{words[3]}/*"
    if service == "ec2" and _one(query, "SnapshotId"):
        return _ec2_arn("snapshot", _one(query, "SnapshotId"))
    if service == "ec2" and _one(query, "Action") == "CreateTags":
        # The first of several resources represents all.
        resource_id = _one(query, "ResourceId.1")
        kind = next((kind for store, kind in _EC2_TYPES.items() if resource_id in seams.store(store)), "*")
        return _ec2_arn(kind, resource_id)
    name = _one(query, "LoadBalancerName")
    if service == "elasticloadbalancing" and name:
        return f"arn:aws:elasticloadbalancing:{args[3]}:{args[4]}:loadbalancer/{name}"
    return original(service, method, path, *args)


def _one(query: dict[str, t.Any], name: str) -> str:
    value = query.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value or "")
