# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS does for a cluster in AWS: it creates load balancers for Services, and deletes disks of deleted claims.

Names, tags, finalizer and order are those of cloud-provider-aws (pkg/providers/v1) and Kubernetes' own service
controller (k8s.io/cloud-provider/controllers/service), and for disks those of the EBS driver's external-provisioner.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import threading
import time
import typing as t

from labkit.aws import balancers, seams
from labkit.aws.clusters import Hands
from labkit.aws.seams import AwsError

logger = logging.getLogger("lab.cloud-controller")

Object = dict[str, t.Any]

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
_ANNOTATION = "service.beta.kubernetes.io/aws-load-balancer-"
_LOOK = 1.0  # seconds between two looks at which clusters there are
_AGAIN = 2.0  # seconds before something that failed is tried again


class CloudController:
    """The controllers of all clusters of one account and region."""

    def __init__(self, hands: Hands, scope: tuple[str, str]) -> None:
        """`hands` reach into the clusters; `scope` is account and region."""
        self._hands = hands
        self._scope = scope
        self._watches: dict[str, list[_Watch]] = {}

    def start(self) -> None:
        """Look after every cluster from now on."""
        threading.Thread(target=self._look, daemon=True, name="lab-cloud-controller").start()

    def _look(self) -> None:
        seams.enter(*self._scope)
        while True:
            time.sleep(_LOOK)
            active = {c["name"] for c in seams.eks("clusters").values() if c["status"] == "ACTIVE"}
            for name in active - set(self._watches):
                controller = _Controller(name, self._hands)
                self._watches[name] = [
                    _Watch(self._hands, self._scope, name, "services", controller.service),
                    _Watch(self._hands, self._scope, name, "persistentvolumes", controller.volume),
                ]
            for name in set(self._watches) - active:
                for watch in self._watches.pop(name):
                    watch.end()


class _Watch:
    """Hands every object of a type to a function, now and whenever it changes; after an error all of them again."""

    def __init__(
        self, hands: Hands, scope: tuple[str, str], cluster: str, plural: str, handle: t.Callable[[Object], None]
    ) -> None:
        self._hands, self._scope, self._cluster = hands, scope, cluster
        self._plural, self._handle = plural, handle
        self._ended = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        threading.Thread(target=self._run, daemon=True, name=f"lab-watch-{cluster}-{plural}").start()

    def end(self) -> None:
        """Watch no more."""
        self._ended.set()
        if self._process:
            self._process.kill()

    def _run(self) -> None:
        seams.enter(*self._scope)
        while not self._ended.is_set():
            try:
                self._follow()
            except Exception:
                logger.exception("%s of %s: they are looked at anew", self._plural, self._cluster)
            if self._process:
                self._process.kill()
                self._process.wait()
            self._ended.wait(_AGAIN)

    def _follow(self) -> None:
        words = ["get", self._plural, "--all-namespaces", "--watch", "--output-watch-events", "--output=json"]
        self._process = self._hands.get(self._cluster).start(["kubectl", *words])
        assert self._process.stdout
        # One event a line.
        for line in self._process.stdout:
            event = json.loads(line)
            if event.get("type") in ("ADDED", "MODIFIED"):
                self._handle(event["object"])


class _Controller:
    def __init__(self, cluster: str, hands: Hands) -> None:
        self._cluster, self._hands = cluster, hands
        self._tags = {f"kubernetes.io/cluster/{cluster}": "owned"}

    # ---- services

    def service(self, service: Object) -> None:
        """Bring a service's load balancer to what the service says."""
        meta = service["metadata"]
        wanted = service["spec"].get("type") == "LoadBalancer" and not meta.get("deletionTimestamp")
        guarded = FINALIZER in (meta.get("finalizers") or [])
        name = load_balancer_name(meta["uid"])
        if wanted and not (guarded and service.get("status", {}).get("loadBalancer", {}).get("ingress")):
            if not guarded:
                self._finalizers(service, [*(meta.get("finalizers") or []), FINALIZER])
            host = self._ensure(service, name)
            status = json.dumps({"status": {"loadBalancer": {"ingress": [{"hostname": host}]}}})
            self._patch(service, "--subresource=status", "--type=merge", f"--patch={status}")
        elif guarded and not wanted:
            self._remove(name)
            self._finalizers(service, [each for each in meta["finalizers"] if each != FINALIZER])

    def _ensure(self, service: Object, name: str) -> str:
        made = [lb for lb in (*seams.elb_store("lbs").values(), *balancers.classic()) if lb["LoadBalancerName"] == name]
        if made:
            return str(made[0]["DNSName"])
        meta = service["metadata"]
        annotations = meta.get("annotations") or {}
        internal = annotations.get(f"{_ANNOTATION}internal", "") not in ("", "false")
        subnets = self._subnets(internal=internal)
        full_name = f"{meta['namespace']}/{meta['name']}"
        tags = {**self._tags, "kubernetes.io/service-name": full_name}
        scheme = "internal" if internal else None
        if annotations.get(f"{_ANNOTATION}type") == "nlb":
            return self._network_balancer(service, name, subnets, tags, scheme)
        group = self._group(f"k8s-elb-{name}", f"Security group for Kubernetes ELB {name} ({full_name})")
        for port in service["spec"]["ports"]:
            self._allow(group, "tcp", port["port"], CidrIp="0.0.0.0/0")
        self._allow(self._cluster_group(), "-1", None, GroupId=group)
        listeners = {
            f"Listeners.member.{number}.{key}": value
            for number, port in enumerate(service["spec"]["ports"], 1)
            for key, value in {
                "Protocol": "tcp",
                "LoadBalancerPort": port["port"],
                "InstancePort": port.get("nodePort"),
            }.items()
        }
        answer = seams.elb(
            "CreateLoadBalancer",
            Version="2012-06-01",
            LoadBalancerName=name,
            Scheme=scheme,
            SecurityGroups__member__1=group,
            **{f"Subnets.member.{number}": subnet for number, subnet in enumerate(subnets, 1)},
            **listeners,
            **_members(tags),
        )
        return answer.findtext(".//DNSName", "")

    def _network_balancer(
        self, service: Object, name: str, subnets: t.Sequence[str], tags: dict[str, str], scheme: str | None
    ) -> str:
        made = seams.elb(
            "CreateLoadBalancer",
            Version="2015-12-01",
            Name=name,
            Type="network",
            Scheme=scheme,
            **{f"Subnets.member.{number}": subnet for number, subnet in enumerate(subnets, 1)},
            **_members(tags),
        )
        arn = made.findtext(".//LoadBalancerArn", "")
        vpc_id = seams.store("subnets")[subnets[0]]["VpcId"]
        for port in service["spec"]["ports"]:
            digest = hashlib.sha256(f"{service['metadata']['uid']}{port['port']}".encode()).hexdigest()[:10]
            target = seams.elb(
                "CreateTargetGroup",
                Name=f"k8s-{service['metadata']['namespace'][:8]}-{service['metadata']['name'][:8]}-{digest}",
                Protocol="TCP",
                Port=port.get("nodePort") or port["port"],
                VpcId=vpc_id,
                **_members(tags),
            )
            seams.elb(
                "CreateListener",
                LoadBalancerArn=arn,
                Protocol="TCP",
                Port=port["port"],
                DefaultActions__member__1__Type="forward",
                DefaultActions__member__1__TargetGroupArn=target.findtext(".//TargetGroupArn", ""),
            )
        return made.findtext(".//DNSName", "")

    def _remove(self, name: str) -> None:
        for lb in list(seams.elb_store("lbs").values()):
            if lb["LoadBalancerName"] == name:
                arn = lb["LoadBalancerArn"]
                targets = [g["TargetGroupArn"] for g in seams.elb_store("tgs").values() if arn in g["LoadBalancerArns"]]
                seams.elb("DeleteLoadBalancer", LoadBalancerArn=arn)
                for target in targets:
                    seams.elb("DeleteTargetGroup", TargetGroupArn=target)
        seams.elb("DeleteLoadBalancer", Version="2012-06-01", LoadBalancerName=name)
        for group in list(seams.store("security_groups").values()):
            if group["GroupName"] == f"k8s-elb-{name}":
                self._allow(self._cluster_group(), "-1", None, revoke=True, GroupId=group["GroupId"])
                # Its interfaces outlive a load balancer: the first tries are rejected, and everything is done again.
                seams.ec2("DeleteSecurityGroup", GroupId=group["GroupId"])

    def _subnets(self, *, internal: bool) -> list[str]:
        vpc_id = seams.eks("clusters")[self._cluster]["resourcesVpcConfig"]["vpcId"]
        tags = seams.store("tags")
        subnets = [{**s, "Tags": tags.get(s["SubnetId"], [])} for s in seams.store("subnets").values()]
        found = balancer_subnets(
            self._cluster,
            [subnet for subnet in subnets if subnet["VpcId"] == vpc_id],
            [table for table in seams.store("route_tables").values() if table["VpcId"] == vpc_id],
            internal=internal,
        )
        if not found:
            raise AwsError("NoSubnets", "could not find any suitable subnets for creating the ELB", "ELB")
        return found

    def _cluster_group(self) -> str:
        return str(seams.eks("clusters")[self._cluster]["resourcesVpcConfig"]["clusterSecurityGroupId"])

    def _group(self, name: str, description: str) -> str:
        vpc_id = seams.eks("clusters")[self._cluster]["resourcesVpcConfig"]["vpcId"]
        for group in seams.store("security_groups").values():
            if group["GroupName"] == name and group["VpcId"] == vpc_id:
                return str(group["GroupId"])
        made = seams.ec2("CreateSecurityGroup", GroupName=name, GroupDescription=description, VpcId=vpc_id)
        group_id = made.findtext("groupId", "")
        (key, value), *_rest = self._tags.items()
        seams.ec2("CreateTags", ResourceId__1=group_id, Tag__1__Key=key, Tag__1__Value=value)
        return group_id

    @staticmethod
    def _allow(
        group: str, protocol: str, port: int | None, *, revoke: bool = False, CidrIp: str = "", GroupId: str = ""
    ) -> None:
        prefix = "IpPermissions.1"
        source = {f"{prefix}.IpRanges.1.CidrIp": CidrIp or None, f"{prefix}.Groups.1.GroupId": GroupId or None}
        ports = {f"{prefix}.FromPort": port, f"{prefix}.ToPort": port}
        action = "RevokeSecurityGroupIngress" if revoke else "AuthorizeSecurityGroupIngress"
        try:
            seams.ec2(action, **{"GroupId": group, f"{prefix}.IpProtocol": protocol, **ports, **source})
        except AwsError as error:
            if error.code not in ("InvalidPermission.Duplicate", "InvalidPermission.NotFound"):
                raise

    # ---- volumes

    def volume(self, volume: Object) -> None:
        """Delete the disk of a volume that has lost its claim and is not to be kept, and the volume."""
        meta, spec = volume["metadata"], volume["spec"]
        made = (meta.get("annotations") or {}).get("pv.kubernetes.io/provisioned-by") == "ebs.csi.aws.com"
        released = (volume.get("status") or {}).get("phase") == "Released"
        if not (made and released and spec.get("persistentVolumeReclaimPolicy") == "Delete"):
            return
        try:
            seams.ec2("DeleteVolume", VolumeId=spec["csi"]["volumeHandle"])
        except AwsError as error:
            if error.code != "InvalidVolume.NotFound":
                raise
        if not meta.get("deletionTimestamp"):
            self._kubectl("delete", "persistentvolume", meta["name"], "--wait=false")

    # ---- kubectl

    def _finalizers(self, service: Object, finalizers: list[str]) -> None:
        self._patch(service, "--type=merge", f"--patch={json.dumps({'metadata': {'finalizers': finalizers}})}")

    def _patch(self, service: Object, *words: str) -> None:
        meta = service["metadata"]
        self._kubectl("patch", "service", f"--namespace={meta['namespace']}", meta["name"], *words)

    def _kubectl(self, *words: str) -> None:
        status, output = self._hands.get(self._cluster).exec_run(["kubectl", *words])
        if status and b"NotFound" not in output:
            raise RuntimeError(f"kubectl {' '.join(words)}: {output.decode(errors='replace')}")


def balancer_subnets(
    cluster: str, subnets: t.Sequence[Object], tables: t.Sequence[Object], *, internal: bool
) -> list[str]:
    """The subnets of a load balancer, one for each zone (cloud-provider-aws, pkg/providers/v1/aws.go, findELBSubnets).

    `subnets` and `tables` are those of the cluster's VPC, as EC2 describes them. A subnet with the tag of other
    clusters alone is left out (findSubnets); for a balancer that faces the internet so is a subnet without a route to
    an internet gateway. The tags of roles only decide between subnets of one zone.
    """
    prefix, own = "kubernetes.io/cluster/", f"kubernetes.io/cluster/{cluster}"
    role = f"kubernetes.io/role/{'internal-elb' if internal else 'elb'}"
    by_zone: dict[str, tuple[bool, bool, str]] = {}
    for subnet in sorted(subnets, key=lambda each: str(each["SubnetId"]), reverse=True):
        keys = {tag["Key"] for tag in subnet.get("Tags") or []}
        if own not in keys and any(key.startswith(prefix) for key in keys):
            continue
        if not internal and not _is_public(subnet["SubnetId"], tables):
            continue
        zone = subnet["AvailabilityZone"]
        rank = (role in keys, own in keys, str(subnet["SubnetId"]))
        if zone not in by_zone or rank[:2] >= by_zone[zone][:2]:
            by_zone[zone] = rank
    return [by_zone[zone][2] for zone in sorted(by_zone)]


def _is_public(subnet_id: str, tables: t.Sequence[Object]) -> bool:
    """Whether a subnet's route table, its own or else the VPC's main one, has an internet gateway (isSubnetPublic)."""

    def of(*, main: bool) -> list[Object]:
        return [
            table
            for table in tables
            for each in table.get("Associations") or []
            if (each.get("Main") if main else each.get("SubnetId") == subnet_id)
        ]

    table = (of(main=False) or of(main=True))[0]
    return any(str(route.get("GatewayId") or "").startswith("igw") for route in table.get("Routes") or [])


def load_balancer_name(uid: str) -> str:
    """The name of a service's load balancer (k8s.io/cloud-provider, DefaultLoadBalancerName)."""
    return f"a{uid.replace('-', '')}"[:32]


def _members(tags: t.Mapping[str, str]) -> dict[str, str]:
    return {
        f"Tags.member.{number}.{part}": text
        for number, tag in enumerate(tags.items(), 1)
        for part, text in zip(("Key", "Value"), tag)
    }
