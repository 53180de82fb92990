# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Names and manifests of the keeper's objects in both clusters. Pure functions."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

from .._kube.objects import SERVICE_ACCOUNT_TOKEN, Object
from .._kube.paths import resource_path
from . import keeper

SHIFTED = "shifted"
DRAINED = "drained"

APP_LABEL = "app.kubernetes.io/name"
APP = "cloudburst-traffic"
# On the pods: of what they are made, so that they are made anew when it changes
CONTENT_ANNOTATION = "cloudburst.federation/content"
REPLICAS = 2

_PROGRAM_DIRECTORY = "/keeper"
_MEMBER_DIRECTORY = "/member"

# Kind → API group, version and plural; all are namespaced
KINDS = {
    "ConfigMap": ("", "v1", "configmaps"),
    "Deployment": ("apps", "v1", "deployments"),
    "EndpointSlice": ("discovery.k8s.io", "v1", "endpointslices"),
    "Lease": ("coordination.k8s.io", "v1", "leases"),
    "NetworkPolicy": ("networking.k8s.io", "v1", "networkpolicies"),
    "Pod": ("", "v1", "pods"),
    "Role": ("rbac.authorization.k8s.io", "v1", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io", "v1", "rolebindings"),
    "Secret": ("", "v1", "secrets"),
    "Service": ("", "v1", "services"),
    "ServiceAccount": ("", "v1", "serviceaccounts"),
}


def path(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    """API path of an object, of all of a kind in a namespace, or of all in the cluster."""
    group, version, plural = KINDS[kind]
    return resource_path(group, version, plural, namespace=namespace, name=name)


def name_of(burst: str) -> str:
    """The name of all objects of a burst's keeper. Each burst has its own keeper."""
    return f"{APP}-{burst}"


def program_name(burst: str) -> str:
    """The name of the ConfigMap with the program."""
    return f"{name_of(burst)}-program"


def configuration(burst: str, state: str, services: t.Sequence[Object], zones: t.Sequence[str]) -> Object:
    """The keeper's configuration.

    :param state: :data:`SHIFTED` or :data:`DRAINED`.
    :param services: each with ``namespace``, ``service``, ``ports``, the names of those that are shared, and
        ``requests``, those of the readiness probes by the port's name.
    :param zones: of the host's nodes.
    """
    return {"burst": burst, "state": state, "services": list(services), "zones": sorted(zones)}


def read_configuration(config_map: Object | None) -> Object:
    """The configuration in a ConfigMap; empty where there is none."""
    text = ((config_map or {}).get("data") or {}).get("config.json") or "{}"
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def configuration_manifest(burst: str, namespace: str, content: Object) -> Object:
    """The ConfigMap that the keeper reads every second."""
    text = json.dumps(content, indent=1, sort_keys=True)
    return {**_manifest("ConfigMap", name_of(burst), namespace, burst), "data": {"config.json": text}}


def member_access(cluster: Object) -> Object:
    """How the keeper reaches the member: as KubeFed's own pods do.

    :param cluster: the KubeFedCluster.
    """
    spec = cluster["spec"]
    ca = base64.b64decode(spec.get("caBundle") or "").decode(errors="replace")
    return {
        "server": spec["apiEndpoint"],
        "ca": ca,
        "proxy": spec.get("proxyURL") or "",
        "unverified": sorted(spec.get("disabledTLSValidations") or []),
    }


def member_manifests(burst: str, namespace: str, namespaces: t.Iterable[str]) -> list[Object]:
    """The manifests for the member in the order of creation: an account that may only read the Services' slices.

    Its token does not expire, as nobody could renew it for as long as the burst lasts. It is deleted with the account
    when the burst ends, and with the cluster.

    :param namespace: KubeFed's.
    :param namespaces: those of the Services.
    """
    name = name_of(burst)
    token = _manifest("Secret", name, namespace, burst)
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": name}
    rules = [
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]},
    ]
    return [
        {**_manifest("ServiceAccount", name, namespace, burst), "automountServiceAccountToken": False},
        {**token, "type": SERVICE_ACCOUNT_TOKEN},
        *(each for inside in sorted(set(namespaces)) for each in _role(burst, inside, namespace, rules)),
    ]


# What the keeper may do in the namespaces of the Services
_SLICE_RULES: list[Object] = [
    {
        "apiGroups": ["discovery.k8s.io"],
        "resources": ["endpointslices"],
        "verbs": ["get", "list", "create", "patch", "delete"],
    },
    # OpenShift's RestrictedEndpointsAdmission asks for it (knative/serving#16465)
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices/restricted"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]},
]


def _own_rules(name: str) -> list[Object]:
    """What the keeper may do in its own namespace."""
    return [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [name], "verbs": ["get"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [name],
            "verbs": ["get", "update"],
        },
    ]


def host_manifests(
    burst: str,
    namespace: str,
    namespaces: t.Iterable[str],
    *,
    image: str,
    program: str,
    access: Object,
    token: str,
    user: int | None,
) -> list[Object]:
    """The manifests for the host in the order of creation, without the configuration.

    :param image: of the keeper's pods, with a ``python3``.
    :param program: text of the keeper.
    :param access: of :func:`member_access`.
    :param token: for the member.
    :param user: user id that the pods run as; ``None`` if the cluster chooses it, as OpenShift does.
    """
    name = name_of(burst)
    secret = {"member.json": json.dumps(access, sort_keys=True), "token": token}
    inside = set(namespaces)
    roles = [
        each
        for each_namespace in sorted(inside | {namespace})
        for each in _role(
            burst,
            each_namespace,
            namespace,
            (_own_rules(name) if each_namespace == namespace else [])
            + (_SLICE_RULES if each_namespace in inside else []),
        )
    ]
    # The token is read anew for each request, all else when the program starts
    content = _digest(program, secret["member.json"])
    return [
        {**_manifest("ServiceAccount", name, namespace, burst), "automountServiceAccountToken": False},
        *roles,
        {**_manifest("ConfigMap", program_name(burst), namespace, burst), "data": {"keeper.py": program}},
        {
            **_manifest("Secret", name, namespace, burst),
            "type": "Opaque",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()},
        },
        _deployment(burst, namespace, image=image, content=content, user=user),
    ]


def _deployment(burst: str, namespace: str, *, image: str, content: str, user: int | None) -> Object:
    """Two pods that the "restricted" Pod Security Standard admits; the one without the Lease stands by.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    name = name_of(burst)
    labels = _labels(burst)
    pod_security: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if user is not None:
        pod_security.update({"runAsUser": user, "runAsGroup": user, "fsGroup": user})
    pod = {
        "serviceAccountName": name,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "priorityClassName": "system-cluster-critical",
        "terminationGracePeriodSeconds": 10,
        "securityContext": pod_security,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels},
            }
        ],
        "containers": [_container(namespace, name, image)],
        "volumes": [
            {"name": "program", "configMap": {"name": program_name(burst)}},
            {"name": "member", "secret": {"secretName": name, "defaultMode": 0o440}},
        ],
    }
    return {
        **_manifest("Deployment", name, namespace, burst),
        "spec": {
            "replicas": REPLICAS,
            # Nobody else looks after the slices while one is replaced
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {CONTENT_ANNOTATION: content}},
                "spec": pod,
            },
        },
    }


def _container(namespace: str, name: str, image: str) -> Object:
    return {
        "name": "keeper",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-B", f"{_PROGRAM_DIRECTORY}/keeper.py"],
        "env": [
            {"name": "CLOUDBURST_NAMESPACE", "value": namespace},
            {"name": "CLOUDBURST_NAME", "value": name},
            {"name": "CLOUDBURST_MEMBER", "value": _MEMBER_DIRECTORY},
            {
                "name": "CLOUDBURST_POD",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
            },
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "program", "mountPath": _PROGRAM_DIRECTORY, "readOnly": True},
            {"name": "member", "mountPath": _MEMBER_DIRECTORY, "readOnly": True},
        ],
    }


def host_leftovers(burst: str, namespace: str) -> list[tuple[str, str, str]]:
    """Kind, namespace and name of the objects to delete from the host, except roles, in this order: writers first."""
    name = name_of(burst)
    return [
        ("Deployment", namespace, name),
        ("ConfigMap", namespace, name),
        ("ConfigMap", namespace, program_name(burst)),
        ("Secret", namespace, name),
        ("ServiceAccount", namespace, name),
        ("Lease", namespace, name),
    ]


def member_leftovers(burst: str, namespace: str) -> list[tuple[str, str, str]]:
    """Kind, namespace and name of what goes from the member, roles apart, in this order."""
    name = name_of(burst)
    return [("Secret", namespace, name), ("ServiceAccount", namespace, name)]


def slice_selector(burst: str) -> str:
    """The label selector for the slices that the keeper writes."""
    return f"{keeper.MANAGED_BY_LABEL}={keeper.MANAGED_BY},{keeper.BURST_LABEL}={burst}"


def role_selector(burst: str) -> str:
    """The label selector for roles and their bindings."""
    return f"{APP_LABEL}={APP},{keeper.BURST_LABEL}={burst}"


def _labels(burst: str) -> dict[str, str]:
    return {APP_LABEL: APP, keeper.BURST_LABEL: burst}


def _manifest(kind: str, name: str, namespace: str, burst: str) -> Object:
    group, version, _plural = KINDS[kind]
    return {
        "apiVersion": f"{group}/{version}" if group else version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": _labels(burst)},
    }


def _role(burst: str, namespace: str, account_namespace: str, rules: list[Object]) -> list[Object]:
    name = name_of(burst)
    return [
        {**_manifest("Role", name, namespace, burst), "rules": rules},
        {
            **_manifest("RoleBinding", name, namespace, burst),
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": account_namespace}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        },
    ]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


__all__ = (
    "APP",
    "DRAINED",
    "SHIFTED",
    "configuration",
    "configuration_manifest",
    "host_leftovers",
    "host_manifests",
    "member_access",
    "member_leftovers",
    "member_manifests",
    "name_of",
    "path",
    "program_name",
    "read_configuration",
    "role_selector",
    "slice_selector",
)
