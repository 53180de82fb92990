# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS with something real behind it: what a cluster or a node group is, the fabric says."""

from __future__ import annotations

import base64
import ipaddress
import json
import logging
import os
import re
import secrets
import subprocess
import time
import typing as t
from pathlib import Path

from labkit.aws import seams
from labkit.aws.seams import Answer, AwsError

logger = logging.getLogger("lab.clusters")

VERSIONS = ("1.35",)  # what the lab has programs for
WEBHOOK = "/_ministack/eks-auth"


class Fabric(t.Protocol):
    """What this module asks of labkit.fabric.Fabric."""

    def cluster_status(self, name: str) -> t.Any:
        """A ClusterStatus."""

    def nodegroup_status(self, cluster: str, name: str) -> t.Any:
        """A NodeGroupStatus."""


class Clusters:
    """EKS's clusters and node groups. The methods without underscore replace MiniStack's functions."""

    def __init__(self, fabric: Fabric, hands: Hands, changed: t.Callable[[], None]) -> None:
        """`hands` reach into the clusters, `changed` is called whenever the fabric has something to do."""
        self.fabric = fabric
        self.hands = hands
        self.changed = changed

    def install(self) -> None:
        """Put the lab's functions in the place of MiniStack's."""
        for function in ("create_cluster", "delete_cluster", "create_nodegroup", "delete_nodegroup"):
            seams.replace_eks(function, _answering(getattr(self, function)))
        seams.replace_eks("describe_cluster", _answering(self.describe_cluster))
        seams.replace_eks("describe_nodegroup", _answering(self.describe_nodegroup))
        seams.replace_eks("handle_request_sync", self._updating(seams.eks_function("handle_request_sync")))
        # Access policies become RBAC by MiniStack's own hands; it only has to find the cluster.
        seams.replace_eks("get_docker", lambda: self.hands)

    # ---- clusters ----

    def create_cluster(self, body: dict[str, t.Any], creator_arn: str | None = None) -> Answer:
        """CreateCluster: checks, the record, the cluster security group, the creator's entry."""
        name, config = body.get("name", ""), body.get("resourcesVpcConfig", {})
        if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", name):
            raise _invalid(f"The cluster name '{name}' is invalid.")
        clusters = seams.eks("clusters")
        if name in clusters:
            raise AwsError("ResourceInUseException", f"Cluster already exists with name: {name}", "Eks", 409)
        version = str(body.get("version") or VERSIONS[-1])
        if version not in VERSIONS:
            raise _invalid(f"unsupported Kubernetes version {version}")
        vpc_id = _checked_vpc(config)
        service_cidr = (body.get("kubernetesNetworkConfig") or {}).get("serviceIpv4Cidr") or "10.100.0.0/16"
        _check_service_cidr(service_cidr, seams.store("vpcs")[vpc_id]["CidrBlock"])
        _check_role(str(body.get("roleArn", "")))
        identifier = secrets.token_hex(16).upper()
        access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True}
        cluster = {
            "name": name,
            "arn": seams.eks_function("cluster_arn")(name),
            "createdAt": int(time.time()),
            "version": version,
            "roleArn": body["roleArn"],
            "resourcesVpcConfig": {
                "subnetIds": list(config["subnetIds"]),
                "securityGroupIds": list(config.get("securityGroupIds", [])),
                "clusterSecurityGroupId": _cluster_security_group(name, vpc_id),
                "vpcId": vpc_id,
                "endpointPublicAccess": bool(config.get("endpointPublicAccess", True)),
                "endpointPrivateAccess": bool(config.get("endpointPrivateAccess", False)),
                "publicAccessCidrs": list(config.get("publicAccessCidrs") or ["0.0.0.0/0"])
                if config.get("endpointPublicAccess", True)
                else [],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": service_cidr, "ipFamily": "ipv4"},
            "logging": body.get("logging") or {"clusterLogging": []},
            "identity": {"oidc": {"issuer": f"https://oidc.eks.{seams.region()}.amazonaws.com/id/{identifier}"}},
            "status": "CREATING",
            "certificateAuthority": {"data": ""},
            "platformVersion": "eks.1",
            "tags": dict(body.get("tags") or {}),
            "encryptionConfig": body.get("encryptionConfig") or [],
            "accessConfig": {**access, **(body.get("accessConfig") or {})},
            "upgradePolicy": body.get("upgradePolicy") or {"supportType": "EXTENDED"},
            "deletionProtection": bool(body.get("deletionProtection", False)),
            "health": {"issues": []},
            "_endpoint": f"{identifier}.gr7.{seams.region()}.eks.amazonaws.com",
            "_creator_arn": creator_arn,
            "_auth_token": secrets.token_urlsafe(32),
            "_docker_id": None,
        }
        clusters[name] = cluster
        if cluster["tags"]:
            seams.eks("tags")[cluster["arn"]] = dict(cluster["tags"])
        seams.eks_function("bootstrap_creator_access_entry")(name, cluster, creator_arn)
        self.changed()
        return seams.eks_answer({"cluster": seams.eks_public(cluster)})

    def describe_cluster(self, name: str) -> Answer:
        """DescribeCluster. The real thing's state is looked up by the reconciler, not here."""
        cluster = _cluster(name)
        tags = dict(seams.eks("tags").get(cluster["arn"]) or {})
        return seams.eks_answer({"cluster": seams.eks_public({**cluster, "tags": tags})})

    def delete_cluster(self, name: str) -> Answer:
        """DeleteCluster: rejected while it has node groups, as on AWS; the record goes with the real cluster."""
        cluster = _cluster(name)
        groups = [g for g in seams.eks("nodegroups").values() if g["clusterName"] == name]
        if groups:
            raise AwsError("ResourceInUseException", "Cluster has nodegroups attached", "Eks", 409)
        if cluster["deletionProtection"]:
            raise AwsError("InvalidRequestException", "Cluster has deletion protection enabled", "Eks", 400)
        cluster["status"] = "DELETING"
        self.changed()
        return seams.eks_answer({"cluster": seams.eks_public(cluster)})

    def update_cluster_config(self, name: str, body: dict[str, t.Any]) -> Answer:
        """UpdateClusterConfig, which MiniStack lacks: only deletion protection."""
        cluster = _cluster(name)
        if set(body) - {"clientRequestToken"} != {"deletionProtection"}:
            raise _invalid("The lab updates deletionProtection alone")
        cluster["deletionProtection"] = bool(body["deletionProtection"])
        update = {"id": secrets.token_hex(16), "status": "Successful", "type": "DeletionProtectionUpdate"}
        return seams.eks_answer({"update": {**update, "params": [], "createdAt": int(time.time()), "errors": []}})

    def _updating(self, original: t.Callable[..., Answer]) -> t.Callable[..., Answer]:
        update = _answering(self.update_cluster_config)

        def handle(method: str, path: str, headers: t.Any, body: bytes, query: t.Any) -> Answer:
            found = re.fullmatch(r"/clusters/([^/]+)/update-config", path)
            if found and method == "POST":
                return update(found[1], json.loads(body or b"{}"))
            return original(method, path, headers, body, query)

        return handle

    # ---- node groups ----

    def create_nodegroup(self, cluster_name: str, body: dict[str, t.Any]) -> Answer:
        """CreateNodegroup: checks and the record."""
        cluster, name = _cluster(cluster_name), body.get("nodegroupName", "")
        if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}", name):
            raise _invalid(f"The nodegroup name '{name}' is invalid.")
        if cluster["status"] != "ACTIVE":
            raise AwsError("InvalidRequestException", f"Cluster '{cluster_name}' is not in ACTIVE status", "Eks", 400)
        groups, key = seams.eks("nodegroups"), f"{cluster_name}/{name}"
        if key in groups:
            raise AwsError(
                "ResourceInUseException",
                f"NodeGroup already exists with name {name} and cluster name {cluster_name}",
                "Eks",
                409,
            )
        subnets = _subnets(body.get("subnets", []), zones=1)
        if {subnet["VpcId"] for subnet in subnets} != {cluster["resourcesVpcConfig"]["vpcId"]}:
            raise _invalid("Subnets are not in the cluster's VPC")
        scaling = {"minSize": 1, "maxSize": 2, "desiredSize": 2, **(body.get("scalingConfig") or {})}
        scaling = {key: int(value) for key, value in scaling.items()}
        if not 0 <= scaling["minSize"] <= scaling["desiredSize"] <= scaling["maxSize"] or not scaling["maxSize"]:
            raise _invalid(
                f"Minimum capacity {scaling['minSize']}, desired {scaling['desiredSize']} and maximum "
                f"{scaling['maxSize']} don't go together"
            )
        _check_role(str(body.get("nodeRole", "")))
        template = body.get("launchTemplate")
        now = int(time.time())
        group = {
            "nodegroupName": name,
            "nodegroupArn": seams.eks_function("nodegroup_arn")(cluster_name, name),
            "clusterName": cluster_name,
            "version": str(body.get("version") or cluster["version"]),
            "releaseVersion": body.get("releaseVersion") or f"{cluster['version']}.4-20261101",
            "createdAt": now,
            "modifiedAt": now,
            "status": "CREATING",
            "capacityType": body.get("capacityType") or "ON_DEMAND",
            "scalingConfig": scaling,
            "instanceTypes": list(body.get("instanceTypes") or ["t3.medium"]),
            "subnets": list(body["subnets"]),
            "amiType": body.get("amiType") or "AL2023_x86_64_STANDARD",
            "nodeRole": body["nodeRole"],
            "labels": dict(body.get("labels") or {}),
            "taints": list(body.get("taints") or []),
            "health": {"issues": []},
            "updateConfig": body.get("updateConfig") or {"maxUnavailable": 1},
            "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{secrets.token_hex(4)}"}]},
            "tags": dict(body.get("tags") or {}),
            "_security_groups": _node_security_groups(cluster, template),
        }
        if template:
            group["launchTemplate"] = template
        else:
            group["diskSize"] = int(body.get("diskSize") or 20)
        groups[key] = group
        if group["tags"]:
            seams.eks("tags")[group["nodegroupArn"]] = dict(group["tags"])
        self.changed()
        return seams.eks_answer({"nodegroup": seams.eks_public(group)})

    def describe_nodegroup(self, cluster_name: str, name: str) -> Answer:
        """DescribeNodegroup."""
        return seams.eks_answer({"nodegroup": seams.eks_public(_nodegroup(cluster_name, name))})

    def delete_nodegroup(self, cluster_name: str, name: str) -> Answer:
        """DeleteNodegroup; the record is removed once the real nodes are."""
        group = _nodegroup(cluster_name, name)
        group["status"] = "DELETING"
        self.changed()
        return seams.eks_answer({"nodegroup": seams.eks_public(group)})

    # ---- what the reconciler calls ----

    def refresh(self) -> None:
        """Bring every record to what the real thing is; called again and again from one thread."""
        for group in seams.eks("nodegroups").values():
            if group["status"] in ("CREATING", "DELETING", "UPDATING"):
                self._refresh_nodegroup(group)
        for cluster in seams.eks("clusters").values():
            if cluster["status"] in ("CREATING", "DELETING"):
                self._refresh_cluster(cluster)

    def _refresh_cluster(self, cluster: dict[str, t.Any]) -> None:
        status = self.fabric.cluster_status(cluster["name"])
        if cluster["status"] == "DELETING":
            if status.state == "DELETED":
                self._forget_cluster(cluster)
            return
        if status.state == "FAILED":
            cluster["health"] = {"issues": [{"code": "InternalFailure", "message": status.message}]}
            cluster["status"] = "FAILED"
        elif status.state == "ACTIVE":
            cluster["_docker_id"] = cluster["name"]
            name, account, region = cluster["name"], seams.account(), seams.region()
            if not seams.eks_function("reconcile_access_policy_rbac")(name, account, region):
                return  # the cluster is up, its access policies not yet: next time
            cluster["certificateAuthority"]["data"] = base64.b64encode(status.certificate_authority.encode()).decode()
            cluster["endpoint"] = f"https://{cluster['_endpoint']}"
            cluster["status"] = "ACTIVE"

    def _forget_cluster(self, cluster: dict[str, t.Any]) -> None:
        name, vpc = cluster["name"], cluster["resourcesVpcConfig"]
        seams.eks_function("stop_access_policy_reconciler")(name, seams.account(), seams.region())
        for store in ("access_entries", "access_policies", "addons"):
            for key in list(seams.eks(store)):
                if re.split("[\0/]", key, maxsplit=1)[0] == name:
                    seams.eks(store).pop(key, None)
        seams.eks("clusters").pop(name, None)
        seams.eks("tags").pop(cluster["arn"], None)
        # EKS leaves its group behind when something else uses it; so does the lab.
        try:
            seams.ec2("DeleteSecurityGroup", GroupId=vpc["clusterSecurityGroupId"])
        except AwsError as error:
            logger.warning("the cluster security group of %s stays: %s", name, error)

    def _refresh_nodegroup(self, group: dict[str, t.Any]) -> None:
        status = self.fabric.nodegroup_status(group["clusterName"], group["nodegroupName"])
        if group["status"] == "DELETING":
            if status.state == "DELETED":
                _free_interfaces(group["clusterName"])
                seams.eks("nodegroups").pop(f"{group['clusterName']}/{group['nodegroupName']}", None)
                seams.eks("tags").pop(group["nodegroupArn"], None)
        elif status.state == "FAILED":
            message = status.message.removeprefix("NodeCreationFailure: ")
            issue = {"code": "NodeCreationFailure", "message": message, "resourceIds": []}
            group["health"] = {"issues": [issue]}
            group["status"] = "CREATE_FAILED"
        elif status.state == "ACTIVE":
            group["status"] = "ACTIVE"


class Hands:
    """What MiniStack's access policies reach into a cluster with: it believes that this is a Docker client."""

    def __init__(
        self, fabric: Fabric, directory: Path, kubectl: Path, enter: t.Callable[[str], t.Sequence[str]]
    ) -> None:
        """`directory` is for kubeconfig files, `kubectl` the program, `enter` says what has to stand before a command
        that is to reach the named cluster's own addresses."""
        self.containers = self
        self._fabric, self._directory, self._kubectl, self._enter = fabric, directory, kubectl, enter

    def list(self, **_filters: t.Any) -> t.Sequence[t.Any]:
        """No containers are MiniStack's to stop."""
        return []

    def get(self, name: str) -> _Hand:
        """The cluster of that name."""
        status = self._fabric.cluster_status(name)
        config = Path(status.admin_kubeconfig).read_text()
        # The end point's name means nothing in the control plane's own network.
        config = re.sub(r"(?m)^(\s*server:).*$", rf"\1 https://{status.addresses[0]}:443", config)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._directory / name
        file.touch(mode=0o600)
        file.write_text(config)
        environment = {
            **os.environ,
            "KUBECONFIG": str(file),
            "KUBECACHEDIR": str(self._directory / "cache" / name),
            "PATH": f"{self._kubectl.parent}:{os.environ.get('PATH', os.defpath)}",
        }
        return _Hand(self._enter(name), environment)


class _Hand:
    def __init__(self, before: t.Sequence[str], environment: dict[str, str]) -> None:
        self._before, self._environment = before, environment

    def start(self, command: t.Sequence[str]) -> subprocess.Popen[str]:
        """Start kubectl as the cluster's administrator, for what it says as long as it runs."""
        return subprocess.Popen([*self._before, *command], env=self._environment, stdout=subprocess.PIPE, text=True)

    def exec_run(self, command: t.Sequence[str]) -> tuple[int, bytes]:
        """Run kubectl as the cluster's administrator; exit status and output, as Docker's client has it."""
        result = subprocess.run(
            [*self._before, *command], env=self._environment, capture_output=True, timeout=60, check=False
        )
        return result.returncode, result.stdout if result.returncode == 0 else result.stdout + result.stderr


def _answering(function: t.Callable[..., Answer]) -> t.Callable[..., Answer]:
    def run(*args: t.Any, **kwargs: t.Any) -> Answer:
        try:
            return function(*args, **kwargs)
        except AwsError as error:
            return seams.eks_error(error)

    return run


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message, "Eks", 400)


def _cluster(name: str) -> dict[str, t.Any]:
    cluster: dict[str, t.Any] | None = seams.eks("clusters").get(name)
    if not cluster:
        raise AwsError("ResourceNotFoundException", f"No cluster found for name: {name}.", "Eks", 404)
    return cluster


def _nodegroup(cluster_name: str, name: str) -> dict[str, t.Any]:
    group: dict[str, t.Any] | None = seams.eks("nodegroups").get(f"{cluster_name}/{name}")
    if not group:
        raise AwsError("ResourceNotFoundException", f"No node group found for name: {name}.", "Eks", 404)
    return group


def _checked_vpc(config: t.Mapping[str, t.Any]) -> str:
    """The VPC of a new cluster; raises AwsError for a network configuration that EKS rejects."""
    vpc_id = str(_subnets(config.get("subnetIds", []), zones=2)[0]["VpcId"])
    for group_id in config.get("securityGroupIds", []):
        group = seams.store("security_groups").get(group_id)
        if not group or group["VpcId"] != vpc_id:
            raise _invalid(f"The security group '{group_id}' does not exist in VPC {vpc_id}")
    if not (config.get("endpointPublicAccess", True) or config.get("endpointPrivateAccess", False)):
        raise _invalid("Private and public endpoint access cannot be false at the same time")
    return vpc_id


def _subnets(ids: t.Sequence[str], zones: int) -> list[dict[str, t.Any]]:
    store = seams.store("subnets")
    missing = [subnet_id for subnet_id in ids if subnet_id not in store]
    if missing or not ids:
        raise _invalid(f"The subnet ID '{missing[0] if missing else ''}' does not exist")
    subnets = [store[subnet_id] for subnet_id in ids]
    if len({subnet["VpcId"] for subnet in subnets}) != 1:
        raise _invalid("Subnets specified must be in the same VPC")
    if len({subnet["AvailabilityZone"] for subnet in subnets}) < zones:
        raise _invalid("Subnets specified must be in at least two different AZs")
    return subnets


def _check_service_cidr(cidr: str, vpc_cidr: str) -> None:
    try:
        network_, vpc = ipaddress.IPv4Network(cidr), ipaddress.IPv4Network(vpc_cidr)
    except ValueError as error:
        raise _invalid(f"The service IPv4 CIDR {cidr} is invalid.") from error
    private = any(
        network_.subnet_of(ipaddress.IPv4Network(block)) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    )
    if not private or not 12 <= network_.prefixlen <= 24:
        raise _invalid(f"The service IPv4 CIDR {cidr} must be a private block between /24 and /12.")
    if network_.overlaps(vpc):
        raise _invalid(f"The service IPv4 CIDR {cidr} overlaps with VPC CIDR {vpc_cidr}")


def _check_role(arn: str) -> None:
    name = arn.rpartition("/")[2]
    role = seams.iam("roles").get(name)
    if not role or role["Arn"] != arn:
        raise _invalid(
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        )


def _cluster_security_group(name: str, vpc_id: str) -> str:
    """The group that EKS makes for a cluster: everything from its own members."""
    group_name = f"eks-cluster-sg-{name}-{secrets.randbelow(10**10)}"
    created = seams.ec2(
        "CreateSecurityGroup",
        GroupName=group_name,
        GroupDescription="EKS created security group applied to ENI that is attached to EKS Control Plane master "
        "nodes, as well as any managed workloads.",
        VpcId=vpc_id,
    )
    group_id = created.findtext("groupId", "")
    seams.ec2(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions__1__IpProtocol="-1",
        IpPermissions__1__Groups__1__GroupId=group_id,
    )
    tags = {f"kubernetes.io/cluster/{name}": "owned", "Name": group_name, "aws:eks:cluster-name": name}
    for key, value in tags.items():
        seams.ec2("CreateTags", ResourceId__1=group_id, Tag__1__Key=key, Tag__1__Value=value)
    return group_id


def _free_interfaces(cluster: str) -> None:
    """Leave the interfaces of nodes that have ended behind, as the VPC CNI does when it ends with them
    (https://github.com/aws/amazon-vpc-cni-k8s/issues/69)."""
    tags = seams.store("tags")
    for interface in seams.store("network_interfaces").values():
        marks = {tag["Key"]: tag["Value"] for tag in tags.get(interface["NetworkInterfaceId"], [])}
        if marks.get("cluster.k8s.amazonaws.com/name") == cluster and interface["Attachment"]:
            interface.update(Status="available", Attachment=None)


def _node_security_groups(cluster: dict[str, t.Any], template: dict[str, t.Any] | None) -> list[str]:
    """The launch template's groups, or else the cluster security group."""
    groups: list[str] = []
    if template:
        name = template.get("id") or template.get("name")
        templates = seams.store("launch_templates").values()
        found = next((e for e in templates if name in (e["LaunchTemplateId"], e["LaunchTemplateName"])), None)
        if not found:
            raise _invalid(f"Launch template {name} could not be found.")
        wanted = str(template.get("version") or found["DefaultVersionNumber"])
        wanted = str(found["LatestVersionNumber"]) if wanted == "$Latest" else wanted
        wanted = str(found["DefaultVersionNumber"]) if wanted == "$Default" else wanted
        data = next((v["LaunchTemplateData"] for v in found["Versions"] if str(v["VersionNumber"]) == wanted), None)
        if data is None:
            raise _invalid(f"Launch template version {wanted} does not exist.")
        groups = list(data.get("SecurityGroupIds") or [])
        for interface in data.get("NetworkInterfaces") or []:
            groups += interface.get("Groups") or []
    return groups or [cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]]
