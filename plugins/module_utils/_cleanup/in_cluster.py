# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Has a cluster let go of what it has made in AWS, by its own controllers, while they live."""

from __future__ import annotations

import contextlib
import typing as t

from .._kube.client import Client
from .._kube.diff import Changes
from .._kube.errors import ApiError
from .._kube.objects import Object
from .._kube.paths import resource_path
from .._runtime.errors import WaitTimeout
from .._runtime.wait import PollResult, Waiter

# The drivers of EBS, and how each is named in a volume: of its own, that of EKS Auto Mode, and the one that was part of
# Kubernetes (https://github.com/kubernetes-sigs/aws-ebs-csi-driver,
# https://docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html,
# https://kubernetes.io/docs/concepts/storage/volumes/#awselasticblockstore).
_DRIVERS = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")
# Who has made a volume for a claim. One without it was brought by somebody, and so was its disk in AWS.
_PROVISIONER = "pv.kubernetes.io/provisioned-by"
_POLICY = "persistentVolumeReclaimPolicy"
_SNAPSHOT_POLICY = "deletionPolicy"


class Type(t.NamedTuple):
    """A type of objects."""

    group: str
    version: str
    plural: str

    def path(self, item: Object | None = None) -> str:
        """Where all of them are, or one."""
        meta = item["metadata"] if item else {}
        return resource_path(
            self.group, self.version, self.plural, namespace=meta.get("namespace"), name=meta.get("name")
        )


Source = tuple[Type, t.Callable[[], list[Object]]]

# What controllers make load balancers for.
SERVICES = Type("", "v1", "services")
INGRESSES = Type("networking.k8s.io", "v1", "ingresses")
GATEWAYS = Type("gateway.networking.k8s.io", "v1", "gateways")
# What Karpenter makes instances for. A claim stays until its instance is gone, and a class until no claim names it and
# its instance profile is gone, which holds a role (aws/karpenter-provider-aws, pkg/controllers/nodeclass/controller.go,
# finalize).
NODE_POOLS = Type("karpenter.sh", "v1", "nodepools")
NODE_CLAIMS = Type("karpenter.sh", "v1", "nodeclaims")
NODE_CLASSES = Type("karpenter.k8s.aws", "v1", "ec2nodeclasses")
CLAIMS = Type("", "v1", "persistentvolumeclaims")
VOLUMES = Type("", "v1", "persistentvolumes")
SNAPSHOTS = Type("snapshot.storage.k8s.io", "v1", "volumesnapshots")
CONTENTS = Type("snapshot.storage.k8s.io", "v1", "volumesnapshotcontents")
PODS = Type("", "v1", "pods")
_OWNERS = {
    "Deployment": Type("apps", "v1", "deployments"),
    "StatefulSet": Type("apps", "v1", "statefulsets"),
    "ReplicaSet": Type("apps", "v1", "replicasets"),
    "DaemonSet": Type("apps", "v1", "daemonsets"),
    "ReplicationController": Type("", "v1", "replicationcontrollers"),
    "Job": Type("batch", "v1", "jobs"),
    "CronJob": Type("batch", "v1", "cronjobs"),
}


def disk(volume: Object) -> str | None:
    """The id of the EBS volume that was made for a claim; ``None`` for a volume of another kind, and for one that
    somebody has brought: that one is not the cluster's."""
    if ((volume["metadata"].get("annotations") or {}).get(_PROVISIONER)) not in _DRIVERS:
        return None
    spec = volume["spec"]
    handle = (spec.get("csi") or {}).get("volumeHandle") or (spec.get("awsElasticBlockStore") or {}).get("volumeID")
    # The older form is aws://eu-central-1a/vol-0a1b2c3d
    return str(handle).rpartition("/")[2] if handle else None


def image(content: Object) -> str | None:
    """The id of the EBS snapshot that was made for a VolumeSnapshot; ``None`` for one of another kind, one that is not
    made yet, and one that somebody has brought, which names a snapshot as its source instead of a volume
    (kubernetes-csi/external-snapshotter, client/apis/volumesnapshot/v1/types.go)."""
    spec = content.get("spec") or {}
    if spec.get("driver") not in _DRIVERS or not (spec.get("source") or {}).get("volumeHandle"):
        return None
    return (content.get("status") or {}).get("snapshotHandle") or None


def is_balanced(service: Object) -> bool:
    """Whether a service is one that a load balancer is made for."""
    return (service.get("spec") or {}).get("type") == "LoadBalancer"


def claims_of(pod: Object) -> set[tuple[str, str]]:
    """Namespace and name of the claims that a pod uses.

    That of a generic ephemeral volume is named after the pod and the volume:
    https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming
    """
    namespace, name = pod["metadata"]["namespace"], pod["metadata"].get("name")
    volumes = (pod.get("spec") or {}).get("volumes") or []
    given = {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if volume.get("persistentVolumeClaim")}
    own = {f"{name}-{volume['name']}" for volume in volumes if volume.get("ephemeral")}
    return {(namespace, claim) for claim in given | own}


def owner(item: Object) -> tuple[str, str] | None:
    """Kind and name of the controller that would make an object anew."""
    for reference in item["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return str(reference["kind"]), str(reference["name"])
    return None


def topmost(pod: Object, find: t.Callable[[Type, str], Object | None]) -> tuple[Type, Object]:
    """Who has to be stopped so that a pod stays stopped: the controller that is its owner, or the owner of that one.

    Kubernetes does not check that owners make no circle (https://kubernetes.io/docs/concepts/architecture/garbage-collection/):
    the last one that was not met before is taken then.

    :param find: the object of a type and name in the pod's namespace; ``None`` where there is none.
    """
    type_, item = PODS, pod
    met: set[tuple[str, str]] = set()
    while (above := owner(item)) is not None and above[0] in _OWNERS and above not in met:
        met.add(above)
        found = find(_OWNERS[above[0]], above[1])
        if found is None:
            break
        type_, item = _OWNERS[above[0]], found
    return type_, item


def label(type_: Type, item: Object) -> str:
    """An object as a message names it."""
    meta = item["metadata"]
    return f"{type_.plural} " + "/".join(part for part in (meta.get("namespace"), meta["name"]) if part)


class ClusterCleanup:
    """One cluster.

    :param waiter: for how long to wait for its controllers.
    """

    def __init__(
        self, client: Client, waiter: Waiter, changes: Changes, slice_state: Object, *, check_mode: bool
    ) -> None:
        self.client = client
        self.waiter = waiter
        self.changes = changes
        self.check_mode = check_mode
        self._slice_state = slice_state

    # ---- volumes

    def volumes(self) -> list[Object]:
        """The persistent volumes whose disks were made for claims of this cluster."""
        return [volume for volume in self.client.list(VOLUMES.path()) if disk(volume)]

    def snapshots(self) -> list[Object]:
        """The snapshots' contents whose snapshots in AWS were made for this cluster."""
        return [content for content in self.client.list(CONTENTS.path()) if image(content)]

    def protect_volumes(self) -> None:
        """Let no disk go with its claim, and no snapshot with its object."""
        for volume in self.volumes():
            self._set_policy(VOLUMES, volume, _POLICY, "Retain")
        for content in self.snapshots():
            self._set_policy(CONTENTS, content, _SNAPSHOT_POLICY, "Retain")

    def _set_policy(self, type_: Type, item: Object, field: str, policy: str) -> None:
        before = item["spec"].get(field)
        if before == policy:
            return
        self._record(type_, item, {field: before}, {field: policy})
        if not self.check_mode:
            self._quietly(lambda: self.client.patch(type_.path(item), {"spec": {field: policy}}))

    def drain(self, *, volumes: bool, wait: bool) -> list[str]:
        """Remove what AWS has made something for, and wait until the cluster's controllers have let go of it.

        Karpenter's pools go last, for controllers may run on their nodes, and its classes after the nodes.

        :param volumes: whether claims with a disk go too, with the disk, and snapshots.
        :returns: what is still there when the time is over.
        """
        sources = self._balanced()
        for type_, find in sources:
            for item in find():
                self._delete(type_, item)
        if volumes:
            self._remove_snapshots()
            self._remove_claims()
            sources += [(VOLUMES, self.volumes), (CONTENTS, self.snapshots)]
        left = self._left_of("load balancers and volumes", sources, wait=wait)
        left += self._remove_all((NODE_POOLS, NODE_CLAIMS), "the nodes that Karpenter created", wait=wait)
        return left + self._remove_all((NODE_CLASSES,), "the instance profiles that Karpenter created", wait=wait)

    def _remove_all(self, types: t.Sequence[Type], what: str, *, wait: bool) -> list[str]:
        """Remove all objects of some types; what is still there when the time is over."""
        sources = [self._all_of(type_) for type_ in types]
        for type_, find in sources:
            for item in find():
                self._delete(type_, item)
        return self._left_of(what, sources, wait=wait)

    def _balanced(self) -> list[Source]:
        return [
            self._all_of(GATEWAYS),
            self._all_of(INGRESSES),
            (SERVICES, lambda: [item for item in self.client.list(SERVICES.path()) if is_balanced(item)]),
        ]

    def _all_of(self, type_: Type) -> Source:
        return type_, lambda: self.client.list(type_.path())

    def _remove_snapshots(self) -> None:
        """Remove all snapshots. Their contents, and what is in AWS, go with them by the controllers' hands."""
        for content in self.snapshots():
            self._set_policy(CONTENTS, content, _SNAPSHOT_POLICY, "Delete")
            reference = content["spec"].get("volumeSnapshotRef") or {}
            path = resource_path(*SNAPSHOTS, namespace=reference.get("namespace"), name=reference.get("name"))
            found = self.client.get(path) if reference.get("name") else None
            self._delete(*((CONTENTS, content) if found is None else (SNAPSHOTS, found)))

    def _remove_claims(self) -> None:
        """Remove all claims that have a disk.

        Who uses one is stopped before, for Kubernetes does not let go of a claim that is in use
        (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection).
        """
        volumes = self.volumes()
        for volume in volumes:
            self._set_policy(VOLUMES, volume, _POLICY, "Delete")
        references = [volume["spec"].get("claimRef") for volume in volumes]
        bound = {(reference["namespace"], reference["name"]) for reference in references if reference}
        if not bound:
            return
        for pod in self.client.list(PODS.path()):
            if claims_of(pod) & bound:
                self._stop(pod)
        for claim in self.client.list(CLAIMS.path()):
            if (claim["metadata"]["namespace"], claim["metadata"]["name"]) in bound:
                self._delete(CLAIMS, claim)

    def _stop(self, pod: Object) -> None:
        """Stop a pod, and who would start it anew."""
        namespace = pod["metadata"]["namespace"]
        type_, item = topmost(
            pod, lambda type_, name: self.client.get(resource_path(*type_, namespace=namespace, name=name))
        )
        before = (item.get("spec") or {}).get("replicas")
        if before is None:
            self._delete(type_, item)
        elif before != 0:
            self._record(type_, item, {"replicas": before}, {"replicas": 0})
            if not self.check_mode:
                self._quietly(lambda: self.client.patch(type_.path(item), {"spec": {"replicas": 0}}))

    # ----

    def _left_of(self, what: str, sources: t.Sequence[Source], *, wait: bool) -> list[str]:
        """What is left of the sources when the wait for it is over."""
        if self.check_mode or not wait:
            return []
        found: list[str] = []

        def poll() -> PollResult:
            found[:] = [label(type_, item) for type_, find in sources for item in find()]
            return PollResult(not found, f"{len(found)} left: {', '.join(found[:4])}")

        with contextlib.suppress(WaitTimeout):
            self.waiter.until(f"{self.client.label} to let go of {what}", poll)
        return found

    def _delete(self, type_: Type, item: Object) -> None:
        meta = item["metadata"]
        if meta.get("deletionTimestamp"):
            return
        self._record(type_, item, {"kind": type_.plural, "name": meta["name"]}, None)
        if not self.check_mode:
            self._quietly(lambda: self.client.delete(type_.path(item), uid=meta.get("uid")))

    def _record(self, type_: Type, item: Object, before: Object, after: Object | None) -> None:
        name = label(type_, item)
        self.changes.record(name, before, after)
        done = self._slice_state.setdefault("removed", [])
        if after is None and name not in done:
            done.append(name)

    @staticmethod
    def _quietly(call: t.Callable[[], t.Any]) -> None:
        """What has gone, or become another one, in between is none of ours any more."""
        try:
            call()
        except ApiError as error:
            if error.status not in (404, 409):
                raise


__all__ = ("ClusterCleanup", "Type", "claims_of", "disk", "image", "is_balanced", "label", "owner", "topmost")
