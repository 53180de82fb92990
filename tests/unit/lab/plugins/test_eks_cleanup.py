# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What eks_cleanup does to a cluster and to its data on AWS: against a real API server, alone with its etcd, and the
lab's AWS. Karpenter is played. Its types and those of snapshots are made with no more than this needs of them."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup import in_cluster
from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup.api import Api
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.client import Client
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_with_token
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.wait import Waiter
from labkit import settings

pytest.importorskip("ansible_collections.amazon.aws")
pytest.importorskip("kubernetes")
eks_cleanup = pytest.importorskip("ansible_collections.cloudburst.federation.plugins.modules.eks_cleanup")

# As the driver marks them when it is not told the cluster's name
DRIVER = {"ebs.csi.aws.com/cluster": "true", "CSIVolumeName": "orders"}
TYPES = {
    in_cluster.NODE_POOLS: "NodePool",
    in_cluster.NODE_CLAIMS: "NodeClaim",
    in_cluster.NODE_CLASSES: "EC2NodeClass",
    in_cluster.CONTENTS: "VolumeSnapshotContent",
}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TOKEN = "a-token"


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Client]:
    """A cluster without nodes or controllers, with the types of Karpenter and of snapshots."""
    programs = sorted((settings.CACHE / "bin").glob("bin-*/kube-apiserver"), key=lambda path: path.stat().st_mtime)
    if not programs:
        pytest.skip("the lab's programs are not built")
    directory = tmp_path_factory.mktemp("cluster")
    (directory / "tokens").write_text(f"{TOKEN},admin,1,system:masters\n")
    key = directory / "service-accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    store, peers, port = _port(), _port(), _port()
    commands: tuple[list[str | Path], ...] = (
        [
            *(programs[-1].with_name("etcd"), "--unsafe-no-fsync", f"--data-dir={directory / 'etcd'}"),
            *(f"--{kind}-client-urls=http://127.0.0.1:{store}" for kind in ("listen", "advertise")),
            f"--listen-peer-urls=http://127.0.0.1:{peers}",
        ],
        [
            *(programs[-1], f"--etcd-servers=http://127.0.0.1:{store}", "--bind-address=127.0.0.1"),
            *(f"--secure-port={port}", f"--cert-dir={directory}", f"--token-auth-file={directory / 'tokens'}"),
            *("--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/24"),
            *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
            "--service-account-issuer=https://localhost",
        ],
    )
    processes = []
    try:
        for number, command in enumerate(commands):
            log = (directory / f"{number}.log").open("w")
            processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        client = connect_with_token(f"https://127.0.0.1:{port}", b"", TOKEN, proxy="", label="vulcan", unverified=["*"])
        _until(lambda: _answer(client, ("/api/v1/namespaces/kube-system", DEFINITIONS)), 120)
        for type_, kind in TYPES.items():
            client.create(DEFINITIONS, _definition(type_, kind))
        _until(lambda: _answer(client, (type_.path() for type_ in TYPES)), 60)
        yield client
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _until(done: t.Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def _answer(client: Client, paths: t.Iterable[str]) -> bool:
    try:
        return all(client.get(path) is not None for path in paths)
    except Exception:  # of any kind, as long as it starts
        return False


def _definition(type_: in_cluster.Type, kind: str) -> dict[str, t.Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    approved = "https://github.com/kubernetes-csi/external-snapshotter/pull/139"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{type_.plural}.{type_.group}",
            "annotations": {"api-approved.kubernetes.io": approved},
        },
        "spec": {
            "group": type_.group,
            "scope": "Cluster",
            "names": {"kind": kind, "plural": type_.plural},
            "versions": [{"name": type_.version, "served": True, "storage": True, "schema": schema}],
        },
    }


def put(client: Client, type_: in_cluster.Type, kind: str, name: str, **fields: t.Any) -> None:
    """Make an object; `finalizer` is the one that it has."""
    finalizer = fields.pop("finalizer", None)
    annotations = fields.pop("annotations", {})
    meta = {"name": name, "annotations": annotations, "finalizers": [finalizer] if finalizer else []}
    version = f"{type_.group}/{type_.version}" if type_.group else type_.version
    client.create(type_.path(), {"apiVersion": version, "kind": kind, "metadata": meta, **fields})


def run(client: Client, aws: t.Any, state: str, *, check_mode: bool = False) -> dict[str, t.Any]:
    """What the module does, and its result."""
    params = {"name": "vulcan", "state": state, "volumes": "keep", "wait": True, "wait_timeout": 60}
    made = types.SimpleNamespace(
        module=types.SimpleNamespace(params=params),
        waiter=Waiter(timeout=60, sleep=0.2),
        slice_state={},
        result={},
        check_mode=check_mode,
    )
    eks_cleanup.ensure(made, client, Api({"ec2": aws.client("ec2")}))
    return dict(made.result)


def test_data_is_kept_and_marked(cluster: Client, aws: t.Any) -> None:
    ec2 = aws.client("ec2")

    def made(kind: str, tags: dict[str, str]) -> dict[str, t.Any]:
        return {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def disk(**more: str) -> str:
        specification = made("volume", {**DRIVER, **more})
        return str(
            ec2.create_volume(AvailabilityZone="eu-central-1a", Size=20, TagSpecifications=[specification])["VolumeId"]
        )

    plain, told, others = disk(), disk(KubernetesCluster="vulcan"), disk(KubernetesCluster="mars")
    snapshot = ec2.create_snapshot(VolumeId=plain, TagSpecifications=[made("snapshot", DRIVER)])["SnapshotId"]
    for number, each in enumerate((plain, told, others)):
        put(
            cluster,
            in_cluster.VOLUMES,
            "PersistentVolume",
            f"pvc-{number}",
            annotations={"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"},
            spec={
                "capacity": {"storage": "20Gi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Delete",
                "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": each},
            },
        )
    put(
        cluster,
        in_cluster.CONTENTS,
        "VolumeSnapshotContent",
        "snapcontent-1",
        spec={"driver": "ebs.csi.aws.com", "deletionPolicy": "Delete", "source": {"volumeHandle": plain}},
        status={"snapshotHandle": snapshot},
    )

    def policies() -> set[str]:
        volumes = [item["spec"]["persistentVolumeReclaimPolicy"] for item in cluster.list(in_cluster.VOLUMES.path())]
        return {*volumes, *(item["spec"]["deletionPolicy"] for item in cluster.list(in_cluster.CONTENTS.path()))}

    def marked() -> set[str]:
        filters = [{"Name": "tag:cloudburst:burst", "Values": ["vulcan"]}]
        volumes, snapshots = ec2.describe_volumes(Filters=filters), ec2.describe_snapshots(Filters=filters)
        return {
            *(row["VolumeId"] for row in volumes["Volumes"]),
            *(row["SnapshotId"] for row in snapshots["Snapshots"]),
        }

    foreseen = run(cluster, aws, "volumes_protected", check_mode=True)
    assert (policies(), marked()) == ({"Delete"}, set())
    done = run(cluster, aws, "volumes_protected")
    assert (policies(), marked()) == ({"Retain"}, {plain, snapshot})
    assert foreseen == done
    assert (done["changed"], done["marked"]) == (True, [plain, snapshot])
    assert (set(done["volumes"]), done["snapshots"]) == ({plain, told, others}, [snapshot])
    again = run(cluster, aws, "volumes_protected")
    assert (again["changed"], again["marked"]) == (False, [])


def test_the_classes_of_karpenter_go_after_its_nodes(cluster: Client, aws: t.Any) -> None:
    put(cluster, in_cluster.NODE_POOLS, "NodePool", "default")
    put(cluster, in_cluster.NODE_CLAIMS, "NodeClaim", "default-1", finalizer="karpenter.sh/termination")
    put(cluster, in_cluster.NODE_CLASSES, "EC2NodeClass", "default", finalizer="karpenter.k8s.aws/termination")
    order: list[str] = []

    def play() -> None:
        """A claim goes with its instance, and a class with its instance profile."""
        left = [in_cluster.NODE_CLAIMS, in_cluster.NODE_CLASSES]
        while left:
            for type_ in tuple(left):
                for item in cluster.list(type_.path()):
                    if item["metadata"].get("deletionTimestamp"):
                        order.append(f"{type_.plural} beside {len(cluster.list(in_cluster.NODE_CLAIMS.path()))} claims")
                        time.sleep(1)
                        cluster.patch(type_.path(item), {"metadata": {"finalizers": None}})
                        left.remove(type_)
            time.sleep(0.2)

    karpenter = threading.Thread(target=play, daemon=True)
    karpenter.start()
    result = run(cluster, aws, "drained")
    karpenter.join(timeout=30)
    assert order == ["nodeclaims beside 1 claims", "ec2nodeclasses beside 0 claims"]
    assert result["removed"] == ["nodepools default", "nodeclaims default-1", "ec2nodeclasses default"]
    assert result["stuck"] == []
    assert json.dumps([cluster.list(type_.path()) for type_ in TYPES if type_ != in_cluster.CONTENTS]) == "[[], [], []]"
