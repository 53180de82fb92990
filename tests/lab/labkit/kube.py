# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kubernetes control plane and nodes from the real programs, for any network namespace.

All calls run inside the sandbox. `start` returns when the programs are started, `wait` when they are ready; `stop`
takes everything away again: processes and pods, mounts, control groups, CNI's state, files. All are idempotent.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import shutil
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from labkit import artifacts, cgroups, namespaces, pki, settings, supervise

ROOT = settings.STATE / "kube"
RUN = Path("/run/node")  # sockets; a unix socket's path must stay short


def service_address(service_cidr: str, number: int) -> str:
    """The address `number` of the service network: 1 is the API server's, 10 the DNS's."""
    return str(ipaddress.ip_network(service_cidr)[number])


def kubeconfig(server: str, ca: Path, certificate: Path, key: Path, *, cluster: str, user: str) -> str:
    """A kubeconfig file, laid out as kubeadm does, with the context <user>@<cluster> and everything embedded."""

    def data(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    return f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {data(ca)}
    server: {server}
  name: {cluster}
contexts:
- context:
    cluster: {cluster}
    user: {user}
  name: {user}@{cluster}
current-context: {user}@{cluster}
kind: Config
users:
- name: {user}
  user:
    client-certificate-data: {data(certificate)}
    client-key-data: {data(key)}
"""


@dataclass(frozen=True)
class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler in one network namespace."""

    name: str  # of the cluster: earth, vulcan; the directory <state>/kube/<name>
    netns: str
    address: str  # advertised; the namespace has it already
    service_cidr: str
    port: int = 6443
    host: str = ""  # name or address in kubeconfig files; default: address
    san_names: tuple[str, ...] = ()
    san_addresses: tuple[str, ...] = ()
    apiserver_args: tuple[str, ...] = ()  # come last, so they win
    authentication_webhook: Path | None = None  # kubeconfig file of a TokenReview webhook

    @property
    def directory(self) -> Path:
        """<state>/kube/<name>: pki/ca.crt, admin.conf (system:masters) and the rest."""
        return ROOT / self.name

    @property
    def pki(self) -> Path:
        """Directory of the cluster's keys and certificates."""
        return self.directory / "pki"

    @property
    def ca_certificate(self) -> Path:
        """The cluster's certificate authority (PEM); there after start()."""
        return self.pki / "ca.crt"

    @property
    def admin_kubeconfig(self) -> Path:
        """kubeconfig of kubernetes-admin (system:masters); there after start()."""
        return self.directory / "admin.conf"

    @property
    def server(self) -> str:
        """URL of the API server as others reach it."""
        return f"https://{self.host or self.address}:{self.port}"

    @property
    def programs(self) -> dict[str, str]:
        """Program → its name under supervisord."""
        programs = ("etcd", "apiserver", "controller-manager", "scheduler")
        return {program: f"{self.name}-{program}" for program in programs}

    def start(self) -> None:
        """Create missing keys and certificates, and start the programs."""
        directory, keys, binaries = self.directory, self.pki, artifacts.load().bin
        (directory / "etcd").mkdir(parents=True, exist_ok=True, mode=0o700)
        self._issue_certificates(keys)
        self._program("etcd", [binaries / "etcd", f"--data-dir={directory}/etcd", "--unsafe-no-fsync"])
        webhook = self.authentication_webhook
        self._program(
            "apiserver",
            [
                binaries / "kube-apiserver",
                "--etcd-servers=http://127.0.0.1:2379",
                f"--advertise-address={self.address}",
                f"--secure-port={self.port}",
                f"--service-cluster-ip-range={self.service_cidr}",
                f"--tls-cert-file={keys}/apiserver.crt",
                f"--tls-private-key-file={keys}/apiserver.key",
                f"--client-ca-file={keys}/ca.crt",
                f"--service-account-key-file={keys}/sa.pub",
                f"--service-account-signing-key-file={keys}/sa.key",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                "--allow-privileged",
                f"--kubelet-client-certificate={keys}/apiserver-kubelet-client.crt",
                f"--kubelet-client-key={keys}/apiserver-kubelet-client.key",
                "--kubelet-preferred-address-types=InternalIP",
                *([f"--authentication-token-webhook-config-file={webhook}"] if webhook else ()),
                *self.apiserver_args,
            ],
        )
        self._program(
            "controller-manager",
            [
                binaries / "kube-controller-manager",
                f"--kubeconfig={directory}/controller-manager.conf",
                f"--service-account-private-key-file={keys}/sa.key",
                f"--root-ca-file={keys}/ca.crt",
                "--use-service-account-credentials",
                "--leader-elect=false",
            ],
        )
        self._program(
            "scheduler",
            [binaries / "kube-scheduler", f"--kubeconfig={directory}/scheduler.conf", "--leader-elect=false"],
        )

    def _issue_certificates(self, keys: Path) -> None:
        pki.authority(keys, "kubernetes")
        pki.key_pair(keys, "sa")
        pki.issue(
            keys,
            "apiserver",
            "/CN=kube-apiserver",
            names=[
                *("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"),
                *("localhost", *self.san_names),
            ],
            addresses=["127.0.0.1", self.address, service_address(self.service_cidr, 1), *self.san_addresses],
        )
        pki.issue(keys, "apiserver-kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client")
        self.kubeconfig("admin", "/O=system:masters/CN=kubernetes-admin", "kubernetes-admin", server=self.server)
        for program in ("controller-manager", "scheduler"):
            self.kubeconfig(program, f"/CN=system:kube-{program}", f"system:kube-{program}")

    def _program(self, program: str, argv: t.Sequence[Path | str]) -> None:
        supervise.start(self.programs[program], [str(word) for word in argv], netns=self.netns, cwd=self.directory)

    def kubeconfig(self, name: str, subject: str, user: str, *, server: str = "") -> Path:
        """Issue a client certificate for `subject` and write <directory>/<name>.conf (0600) with it."""
        certificate, key = pki.issue(self.pki, name, subject)
        file = self.directory / f"{name}.conf"
        file.touch(mode=0o600)
        file.write_text(
            kubeconfig(
                server or f"https://{self.address}:{self.port}",
                self.ca_certificate,
                certificate,
                key,
                cluster="kubernetes",
                user=user,
            )
        )
        return file

    def ready(self) -> bool:
        """Whether the API server says so on /readyz."""
        return self.kubectl("get", "--raw", "/readyz", check=False) == "ok"

    def wait(self, timeout: float = 120) -> None:
        """Return when ready; raise LabError with the programs' last words after `timeout` seconds."""
        programs = [self.programs["etcd"], self.programs["apiserver"]]
        supervise.wait_until(f"control plane of {self.name}", self.ready, timeout=timeout, programs=programs)

    def kubectl(self, *args: str, stdin: str | None = None, check: bool = True) -> str:
        """Output of kubectl as administrator, from the control plane's own namespace ("" on failure without check)."""
        argv = [
            *(str(artifacts.load().bin / "kubectl"), f"--kubeconfig={self.directory}/admin.conf"),
            *(f"--server=https://{self.address}:{self.port}", f"--cache-dir={self.directory}/cache", *args),
        ]
        return namespaces.run(argv, netns=self.netns, stdin=stdin, check=check).stdout.strip()

    def install_dns(self, image: str = settings.COREDNS_IMAGE) -> None:
        """CoreDNS as a Deployment behind the service kube-dns at <service network>.10."""
        objects = dns_objects(service_address(self.service_cidr, 10), image)
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def dns_ready(self) -> bool:
        """Whether the cluster's own DNS has a pod that answers."""
        jsonpath = "jsonpath={.status.availableReplicas}"
        return self.kubectl("-n", "kube-system", "get", "deployment", "coredns", "-o", jsonpath, check=False) == "1"

    def stop(self) -> None:
        """End the programs and delete the cluster's directory. The nodes must be stopped before."""
        # from the top: an API server whose etcd is gone takes a minute to end
        for program in reversed(self.programs.values()):
            supervise.stop(program)
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass(frozen=True)
class Node:
    """containerd, kubelet and kube-proxy in one network namespace."""

    control_plane: ControlPlane
    name: str
    netns: str
    address: str
    cni: t.Mapping[str, t.Any]  # a CNI configuration list; see bridge_cni()
    cluster_cidr: str  # addresses of pods, for kube-proxy
    labels: t.Mapping[str, str] = field(default_factory=dict)
    provider_id: str = ""
    max_pods: int = 30
    kubelet_config: t.Mapping[str, t.Any] = field(default_factory=dict)  # merged over the lab's own

    @property
    def directory(self) -> Path:
        """<state>/kube/<cluster>.nodes/<name>; it outlives the control plane's."""
        return ROOT / f"{self.control_plane.name}.nodes" / self.name

    @property
    def run(self) -> Path:
        """Sockets and run-time state, gone with the sandbox."""
        return RUN / self.name

    @property
    def cgroup(self) -> str:
        """The node's control group: its programs in `system` below it, its pods in `kubepods`."""
        return f"node-{self.name}"

    @property
    def programs(self) -> dict[str, str]:
        """Program → its name under supervisord."""
        return {program: f"{self.name}-{program}" for program in ("containerd", "kubelet", "proxy")}

    def start(self) -> None:
        """Issue the node's certificates, start containerd, kubelet and kube-proxy, and load the pause image."""
        built, directory, plane = artifacts.load(), self.directory, self.control_plane
        for place in (directory / "cni", directory / "containerd", self.run):
            place.mkdir(parents=True, exist_ok=True)
        cgroups.make(self.cgroup)
        cgroups.make(f"{self.cgroup}/system")
        (directory / "cni" / "10-lab.conflist").write_text(json.dumps(self.cni))
        _registry_mirror(directory / "certs.d")
        (directory / "containerd.toml").write_text(self._containerd_configuration())
        self._program("containerd", ["containerd", "--config", directory / "containerd.toml"])

        (directory / "resolv.conf").write_text(f"nameserver {settings.DNS}\n")
        keys = self._certificates()
        kubelet = self._kubelet_configuration(keys, plane)
        (directory / "kubelet.json").write_text(json.dumps({**kubelet, **self.kubelet_config}, indent=1))
        (directory / "proxy.json").write_text(json.dumps(self._proxy_configuration(), indent=1))
        self._load_pause_image(built.images[settings.PAUSE_IMAGE])
        labels = ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        self._program(
            "kubelet",
            [
                built.bin / "kubelet",
                f"--config={directory}/kubelet.json",
                f"--kubeconfig={directory}/kubelet.conf",
                f"--root-dir={self.run}/kubelet",  # it makes sockets, too: a node's name may be long
                f"--hostname-override={self.name}",
                f"--node-ip={self.address}",
                *([f"--node-labels={labels}"] if labels else ()),
            ],
        )
        self._program("proxy", [built.bin / "kube-proxy", f"--config={directory}/proxy.json"])

    def _program(self, program: str, argv: t.Sequence[Path | str]) -> None:
        words = [str(word) for word in argv]
        supervise.start(
            self.programs[program], words, netns=self.netns, cwd=self.directory, cgroup=f"{self.cgroup}/system"
        )

    def _certificates(self) -> Path:
        """The kubelet's and kube-proxy's keys and kubeconfig files; returns the directory of the keys."""
        plane, keys = self.control_plane, self.directory / "pki"
        pki.issue(keys, "serving", f"/CN={self.name}", names=[self.name], addresses=[self.address], ca=plane.pki)
        for program, subject in (
            ("kubelet", f"/O=system:nodes/CN=system:node:{self.name}"),
            ("proxy", "/CN=system:kube-proxy"),
        ):
            certificate, key = pki.issue(keys, program, subject, ca=plane.pki)
            file = self.directory / f"{program}.conf"
            file.touch(mode=0o600)
            file.write_text(
                kubeconfig(plane.server, plane.ca_certificate, certificate, key, cluster="kubernetes", user=program)
            )
        return keys

    def _containerd_configuration(self) -> str:
        # restrict_oom_score_adj: a machine's root may lack CAP_SYS_RESOURCE. The pods' network namespaces belong into
        # the node's own state, and so does runc's, so that a node can be taken away beside others.
        return f"""version = 2
root = "{self.directory}/containerd"
state = "{self.run}/state"
[grpc]
  address = "{self.run}/containerd.sock"
[ttrpc]
  address = "{self.run}/containerd.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{settings.PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "{self.run}/runc"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{self.directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{self.directory}/certs.d"
"""

    def _kubelet_configuration(self, keys: Path, plane: ControlPlane) -> dict[str, t.Any]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(plane.ca_certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(keys / "serving.crt"),
            "tlsPrivateKeyFile": str(keys / "serving.key"),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": cgroups.path(self.cgroup),
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            # the rootfs' statistics need a file system of its own
            "localStorageCapacityIsolation": False,
            # the disk is the machine's, and so is what fills it
            "evictionHard": {"memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
            "containerRuntimeEndpoint": f"unix://{self.run}/containerd.sock",
            "clusterDNS": [service_address(plane.service_cidr, 10)],
            "clusterDomain": "cluster.local",
            "resolvConf": str(self.directory / "resolv.conf"),
            "podLogsDir": str(self.directory / "logs"),
            "maxPods": self.max_pods,
            **({"providerID": self.provider_id} if self.provider_id else {}),
        }

    def _proxy_configuration(self) -> dict[str, t.Any]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.directory / "proxy.conf")},
            "mode": "nftables",
            "clusterCIDR": self.cluster_cidr,
            "hostnameOverride": self.name,
            "conntrack": {"maxPerCore": 0},  # the machine's own setting, not to be changed from here
        }

    def _load_pause_image(self, archive: Path) -> None:
        """Bring in the one image that no pod can start without; all others come from the registry."""
        ctr = ["ctr", "--address", f"{self.run}/containerd.sock", "--namespace", "k8s.io", "images"]

        def answers() -> bool:
            return namespaces.run([*ctr, "list", "--quiet"], check=False).returncode == 0

        supervise.wait_until(
            f"containerd of {self.name}", answers, timeout=60, programs=[self.programs["containerd"]], every=0.1
        )
        namespaces.run([*ctr, "import", str(archive)])

    def ready(self) -> bool:
        """Whether the cluster has the node as Ready."""
        jsonpath = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
        return self.control_plane.kubectl("get", "node", self.name, "-o", jsonpath, check=False) == "True"

    def wait(self, timeout: float = 120) -> None:
        """Return when ready; raise LabError with the programs' last words after `timeout` seconds."""
        programs = [self.programs["kubelet"], self.programs["containerd"]]
        supervise.wait_until(f"node {self.name}", self.ready, timeout=timeout, programs=programs)

    def wait_for_dns(self, timeout: float = 120) -> None:
        """Return when the cluster's CoreDNS runs, whose image comes from the registry, by way of the firewall."""
        plane, programs = self.control_plane, [self.programs["kubelet"]]
        what = f"CoreDNS of {plane.name} (its image comes from the registry, through the firewall)"
        supervise.wait_until(what, plane.dns_ready, timeout=timeout, programs=programs, every=0.3)

    def cluster_health(self) -> dict[str, bool]:
        """Each part of a cluster that has this node alone, and whether it is healthy, by one question to it."""
        plane = self.control_plane
        wanted = (f"node/{self.name}", "deployment.apps/coredns")
        answer = plane.kubectl("-n", "kube-system", "get", *wanted, "-o", "json", "--request-timeout=5s", check=False)
        items = {item["kind"]: item["status"] for item in json.loads(answer or "{}").get("items", ())}
        conditions = {each["type"]: each["status"] for each in items.get("Node", {}).get("conditions", ())}
        return {
            f"{plane.name}'s control plane": bool(answer),
            f"{plane.name}'s node": conditions.get("Ready") == "True",
            f"{plane.name}'s CoreDNS": bool(items.get("Deployment", {}).get("availableReplicas")),
        }

    def stop(self) -> None:
        """End the node's programs and pods and remove every trace but its Node object and its namespace."""
        for program in ("kubelet", "proxy", "containerd"):
            supervise.stop(self.programs[program])
        cgroups.kill(self.cgroup)  # pods and their shims, which do not end with containerd
        unmount_below(self.directory, self.run)
        addresses = [plugin.get("ipam", {}).get("dataDir") for plugin in self.cni.get("plugins", ())]
        for place in (self.directory, self.run, *filter(None, addresses)):
            shutil.rmtree(place, ignore_errors=True)


def unmount_below(*directories: Path) -> None:
    """Unmount everything at and below `directories`, deepest first."""
    mounts = [line.split()[1].replace("\\040", " ") for line in Path("/proc/self/mounts").read_text().splitlines()]
    found = [mount for mount in mounts if any(Path(mount).is_relative_to(directory) for directory in directories)]
    if found:
        namespaces.run(["umount", "--lazy", *sorted(found, key=len, reverse=True)], check=False)


def _registry_mirror(directory: Path) -> None:
    """containerd's configuration of registries: every image comes from the lab's, those of ECR by its own address."""
    for name, address in (("_default", settings.REGISTRY), *((host, settings.ECR_ADDRESS) for host in settings.ECR)):
        url = f"http://{address}:{settings.REGISTRY_PORT}"
        (directory / name).mkdir(parents=True, exist_ok=True)
        (directory / name / "hosts.toml").write_text(
            f'server = "{url}"\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n'
        )


def bridge_cni(name: str, pods: str) -> dict[str, t.Any]:
    """CNI configuration list: bridge cni0 with host-local addresses from `pods`, no masquerading."""
    return {
        "cniVersion": "0.4.0",
        "name": name,
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": False,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": str(ROOT / f"{name}.addresses"),
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def masquerade_pods(netns: str, pods: str, interface: str) -> None:
    """Let pods reach public addresses with the node's address; private destinations keep the pod's own.

    What ip-masq-agent does by default in a data centre, and the VPC CNI on AWS."""
    namespaces.nft(
        netns,
        f"""table ip lab_pods
delete table ip lab_pods
table ip lab_pods {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "{interface}" ip saddr {pods} ip daddr != {{ {", ".join(settings.PRIVATE)} }} masquerade
  }}
}}
""",
    )


_COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
}
"""


def _dns_container(image: str) -> dict[str, t.Any]:
    def get(path: str, port: int) -> dict[str, t.Any]:
        return {"httpGet": {"path": path, "port": port}, "timeoutSeconds": 5}

    return {
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "livenessProbe": {**get("/health", 8080), "initialDelaySeconds": 60},
        "readinessProbe": {**get("/ready", 8181), "periodSeconds": 2},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }


def dns_objects(address: str, image: str) -> list[dict[str, t.Any]]:
    """Kubernetes objects of the cluster's DNS, with the names that kubeadm gives them, at service address `address`."""
    meta = {"name": "coredns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
    role = "system:coredns"

    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["endpoints", "services", "pods", "namespaces"],
                    "verbs": ["list", "watch"],
                },
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}],
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"Corefile": _COREFILE}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**meta, "name": "kube-dns"},
            "spec": {
                "clusterIP": address,
                "selector": {"k8s-app": "kube-dns"},
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                    {"name": "metrics", "port": 9153, "protocol": "TCP"},
                ],
            },
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
                "template": {
                    "metadata": {"labels": {"k8s-app": "kube-dns"}},
                    "spec": {
                        "serviceAccountName": "coredns",
                        "dnsPolicy": "Default",
                        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                        "containers": [_dns_container(image)],
                        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
                    },
                },
            },
        },
    ]
