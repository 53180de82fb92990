# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What is special about each kind of object: the table of all rules. Pure functions.

A rule for a kind is an entry of this table, and nowhere else is a kind told apart by its name. Kinds without an entry
have no special rules: they are federated as they are, and taken from a namespace only once their type is enabled.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._kube import workloads
from .._kube.objects import SERVICE_ACCOUNT_TOKEN, Object
from . import services

NAMESPACE = ("", "Namespace")
VOLUME_CLAIM = ("", "PersistentVolumeClaim")

# Groups whose types are Kubernetes's own: what a field of theirs takes is known
BUILT_IN_GROUPS = ("", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io")

# What becomes of a kind when a namespace is federated with what it holds:
# it is taken
TAKEN = "taken"
# it is taken only where its type is enabled: then somebody wants it to be
WHEN_ENABLED = "when enabled"
# it stays, for a reason, also where its type is enabled
STAYS = "stays"
# a cluster keeps it for itself: not even named as left out
BOOKKEEPING = "bookkeeping"
# it is in no namespace
CLUSTER_SCOPED = "cluster-scoped"


class DataRules(t.NamedTuple):
    """What a kind with ``data`` takes there.

    :ivar secret: whether its values must not be shown, and are base64.
    """

    secret: bool


class AutoscalerRules(t.NamedTuple):
    """How an autoscaler is read.

    :ivar version: of its API, and ``plural`` in it.
    :ivar target_version: the apiVersion of a target that names none.
    :ivar target_kind: likewise.
    """

    version: str
    plural: str
    target_version: str
    target_kind: str


def _no_reason(_object: Object) -> str:
    return ""


def _not_written(_name: str, _body: Object) -> str:
    return ""


def _strip_nothing(_body: Object, _manifest: Object) -> list[str]:
    return []


def _no_difference(_spec: Object) -> list[str]:
    return []


@dataclass(frozen=True)
class KindRules:
    """The rules for one kind.

    :ivar from_namespace: what becomes of it when a namespace is federated with what it holds.
    :ivar stays_because: why it stays there, for :data:`STAYS`.
    :ivar plural: in its API, where a rule needs it.
    :ivar versions: group and version of the same objects, the preferred one first: two controllers would fight over
        them (equivalents in pkg/kubefedctl/enable/deprecatedapis.go).
    :ivar object_stays: why one object of it is not taken from a namespace, or an empty string.
    :ivar differs: what will differ between clusters though an object is taken, as keys of the warnings of
        resources/selection.py; of its spec.
    :ivar useless_elsewhere: why an object is of no use in another cluster, or an empty string; of its body.
    :ivar strip: takes out of the body of a template what belongs to one object, in place, and returns what somebody may
        miss; of the body and the manifest.
    :ivar cluster_writes: who in a cluster would undo what KubeFed writes, and what to do instead, or an empty string;
        of name and body.
    :ivar openshift_writes: what OpenShift would undo of it beyond that, and what to do instead, or an empty string; of
        name and body.
    :ivar made_by: who in a cluster makes an object that is there, so that KubeFed must not take it over, or an empty
        string; of its metadata.
    :ivar update_obstacle: why an object in a cluster would stay as it is, though another is wanted; of both.
    :ivar annotated_by_controller: its controller annotates it. An override replaces all annotations, so KubeFed and the
        controller would never agree.
    :ivar schedulable: a ReplicaSchedulingPreference can divide its replicas (pkg/schedulingtypes of KubeFed v0.10.0).
    :ivar scaled: an autoscaler may set its replicas, and the API server makes one of none.
    :ivar retains_replicas: KubeFed's chart brings its federated type with retainReplicas
        (charts/kubefed/crds/crds.yaml). What else has the field is read from its CustomResourceDefinition.
    :ivar autoscaler: how it is read, where it is an autoscaler.
    :ivar workload: how the rollout of its pods is read, where they are waited for.
    :ivar pod_template_path: where a manifest has the template of its pods, if it has one.
    :ivar data: what its data may be.
    :ivar text_maps: fields of its spec that are mappings from text to text.
    :ivar object_lists: fields of its spec that are lists of mappings.
    """

    group: str
    kind: str
    from_namespace: str
    stays_because: str = ""
    plural: str = ""
    versions: tuple[str, ...] = ()
    object_stays: t.Callable[[Object], str] = _no_reason
    differs: t.Callable[[Object], list[str]] = _no_difference
    useless_elsewhere: t.Callable[[Object], str] = _no_reason
    strip: t.Callable[[Object, Object], list[str]] = _strip_nothing
    cluster_writes: t.Callable[[str, Object], str] = _not_written
    openshift_writes: t.Callable[[str, Object], str] = _not_written
    made_by: t.Callable[[Object], str] = _no_reason
    update_obstacle: t.Callable[[Object, Object], str] | None = None
    annotated_by_controller: bool = False
    schedulable: bool = False
    scaled: bool = False
    retains_replicas: bool = False
    autoscaler: AutoscalerRules | None = None
    workload: workloads.Workload | None = None
    pod_template_path: tuple[str, ...] = ("spec", "template")
    data: DataRules | None = None
    text_maps: tuple[str, ...] = ()
    object_lists: tuple[str, ...] = ()

    @property
    def holds_secrets(self) -> bool:
        """Whether the values of its data must not be shown."""
        return self.data is not None and self.data.secret

    def pod_template(self, manifest: t.Mapping[str, t.Any]) -> Object:
        """The template of the pods that a manifest's object makes; a Pod is its own. Empty if there is none."""
        found: t.Any = manifest
        for field in self.pod_template_path:
            found = found.get(field) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}


# -- Endpoints


def _endpoints_made_by(metadata: Object) -> str:
    # pkg/controller/endpoint/endpoints_controller.go; the label is there since Kubernetes 1.33
    by_label = (metadata.get("labels") or {}).get("endpoints.kubernetes.io/managed-by") == "endpoint-controller"
    by_annotation = "endpoints.kubernetes.io/last-change-trigger-time" in (metadata.get("annotations") or {})
    return f"Service {metadata.get('name')}" if by_label or by_annotation else ""


# -- ConfigMaps, Secrets and ServiceAccounts

_LEADER = "control-plane.alpha.kubernetes.io/leader"
# https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ has the first; Istio and OpenShift
# publish theirs in each namespace likewise
_PUBLISHED = ("kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt")
# https://cert-manager.io/docs/reference/annotations/
_CERTIFICATE = "cert-manager.io/certificate-name"
# OpenShift gives each ServiceAccount a Secret with a token for its registry, and names it in imagePullSecrets: the
# first since 4.16, the second before (pkg/internalregistry and pkg/serviceaccounts in openshift-controller-manager)
_REGISTRY_TOKEN = ("openshift.io/internal-registry-auth-token.service-account", "openshift.io/token-secret.name")
_PULL_SECRET = "-dockercfg-"


def _config_map_stays(found: Object) -> str:
    if _LEADER in (found["metadata"].get("annotations") or {}):
        return "it is a lock of programs in this cluster"
    return ""


def _config_map_written(name: str, _body: Object) -> str:
    return "each cluster creates its own, with its own certificate authority" if name in _PUBLISHED else ""


def _secret_made_by(metadata: Object) -> str:
    return "cert-manager" if _CERTIFICATE in (metadata.get("annotations") or {}) else ""


def _secret_stays(found: Object) -> str:
    if _CERTIFICATE in (found["metadata"].get("annotations") or {}):
        return (
            "cert-manager renews it here, which KubeFed would undo, so that it would be issued again and again: give"
            " the Certificate to the other clusters, or place a copy of the Secret only on them"
        )
    type_ = str(found.get("type") or "")
    if type_ == SERVICE_ACCOUNT_TOKEN:
        return "a service account's token is useful only in the cluster that created it"
    if type_.startswith("helm.sh/release"):
        return "Helm records there what it installed in this cluster"
    if type_ == "bootstrap.kubernetes.io/token":
        return "it lets nodes join this cluster"
    if any(key in (found["metadata"].get("annotations") or {}) for key in _REGISTRY_TOKEN):
        return "OpenShift gives a service account of this cluster access to its registry with it"
    return ""


def _secret_useless(body: Object) -> str:
    if body.get("type") != SERVICE_ACCOUNT_TOKEN:
        return ""
    return (
        "is the token of a service account, which is useful only in the cluster that created it: leave it out, and "
        "create"
        " it in each cluster that needs one."
    )


def _account_stays(found: Object) -> str:
    name = found["metadata"]["name"]
    # The others OpenShift creates in each namespace; elsewhere they may be anybody's
    by_openshift = name in ("builder", "deployer") and _has_pull_secret(found)
    return "each cluster creates its own" if name == "default" or by_openshift else ""


def _has_pull_secret(body: Object) -> bool:
    """Whether OpenShift's own pull secret is named in a ServiceAccount."""
    return any(_PULL_SECRET in str(_mapping(entry).get("name")) for entry in _sequence(body.get("imagePullSecrets")))


def _account_on_openshift(_name: str, body: Object) -> str:
    # KubeFed retains `secrets` alone (retainServiceAccountFields), and OpenShift makes another Secret for each that has
    # none: https://github.com/karmada-io/karmada/issues/3370 and OCPBUGS-36833
    if _has_pull_secret(body):
        return ""
    return (
        "OpenShift adds a pull secret to it, KubeFed would remove that each time, and OpenShift would create Secrets"
        " endlessly: create it there with oc, and leave that cluster out of its placement, or give it an override of"
        " /imagePullSecrets there with what the ServiceAccount has"
    )


def _strip_account(body: Object, _manifest: Object) -> list[str]:
    body.pop("secrets", None)
    return []


# -- Services and Namespaces


def _strip_service(body: Object, manifest: Object) -> list[str]:
    metadata = manifest.get("metadata") or {}
    return services.own_fields(body, exported=bool(metadata.get("uid") or metadata.get("resourceVersion")))


def _service_differs(spec: Object) -> list[str]:
    if spec.get("type") == "ExternalName":
        return []
    ports = ["ports"] if spec.get("type") in ("NodePort", "LoadBalancer") else []
    return ["services" if spec.get("selector") else "bare", *ports]


def _strip_namespace(body: Object, _manifest: Object) -> list[str]:
    spec = body.get("spec")
    if isinstance(spec, dict):
        spec.pop("finalizers", None)
        if not spec:
            del body["spec"]
    return []


# -- Jobs, roles, volumes


def _job_written(_name: str, body: Object) -> str:
    if _spec_of(body).get("ttlSecondsAfterFinished") is None:
        return ""
    # https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
    return (
        "with ttlSecondsAfterFinished, each cluster deletes it when it has finished, and KubeFed creates it again, "
        "so that it would run endlessly: remove that field"
    )


def _role_written(_name: str, body: Object) -> str:
    if not body.get("aggregationRule"):
        return ""
    # https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
    return (
        "with its aggregationRule, each cluster writes its rules itself: federate the ClusterRoles that it is"
        " aggregated from, and apply this one in each cluster without the federation"
    )


def _claim_written(_name: str, body: Object) -> str:
    if _spec_of(body).get("volumeName"):
        return ""
    return (
        "the cluster binds it to a volume, and then rejects KubeFed's updates: set spec.volumeName if the volume is "
        "known, let the volumeClaimTemplates of a StatefulSet create it, or apply it in each cluster"
        " without the federation"
    )


def _volume_written(_name: str, _body: Object) -> str:
    # https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
    return "the cluster binds it to a claim, and KubeFed would remove that again"


def _node_written(_name: str, _body: Object) -> str:
    return "its kubelet writes it"


def _lease_written(_name: str, _body: Object) -> str:
    return "its holder renews it every few seconds"


# -- What is called by the API server


def _without_ca(client: t.Any) -> bool:
    """Whether a service in the cluster is to be called whose certificate nobody could verify."""
    return bool(_mapping(client).get("service")) and not client.get("caBundle")


_CA_IS_WRITTEN = (
    "it calls a service and has no caBundle, so something in each cluster writes one into it, which KubeFed would "
    "remove: set caBundle, or apply it in each cluster without the federation"
)


def _webhooks_written(_name: str, body: Object) -> str:
    # istiod, vault-k8s and the certgen Job of ingress-nginx do so, without an annotation that would tell
    hooks = _sequence(body.get("webhooks"))
    return _CA_IS_WRITTEN if any(_without_ca(_mapping(hook).get("clientConfig")) for hook in hooks) else ""


def _api_service_written(_name: str, body: Object) -> str:
    spec = _spec_of(body)
    return _CA_IS_WRITTEN if _without_ca(spec) and not spec.get("insecureSkipTLSVerify") else ""


def _definition_written(_name: str, body: Object) -> str:
    webhook = _mapping(_mapping(_spec_of(body).get("conversion")).get("webhook"))
    return _CA_IS_WRITTEN if _without_ca(webhook.get("clientConfig")) else ""


def _spec_of(body: Object) -> Object:
    return _mapping(body.get("spec"))


def _mapping(value: t.Any) -> Object:
    return value if isinstance(value, dict) else {}


def _sequence(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


# -- KEDA


def _label_scaled_object(body: Object, manifest: Object) -> list[str]:
    # KEDA's operator labels it so (ensureScaledObjectLabel in controllers/keda/scaledobject_controller.go), and
    # KubeFed gives an object the template's labels alone
    labels = body.setdefault("metadata", {}).setdefault("labels", {})
    labels.setdefault("scaledobject.keda.sh/name", manifest["metadata"]["name"])
    return []


_RULES = (
    KindRules(
        "",
        "ConfigMap",
        TAKEN,
        object_stays=_config_map_stays,
        cluster_writes=_config_map_written,
        data=DataRules(secret=False),
    ),
    KindRules("", "Endpoints", BOOKKEEPING, made_by=_endpoints_made_by),
    KindRules("", "Event", BOOKKEEPING),
    KindRules("", "LimitRange", TAKEN),
    KindRules("", "Namespace", CLUSTER_SCOPED, strip=_strip_namespace),
    KindRules("", "Node", CLUSTER_SCOPED, cluster_writes=_node_written),
    KindRules("", "PersistentVolume", CLUSTER_SCOPED, cluster_writes=_volume_written),
    KindRules(
        "",
        "PersistentVolumeClaim",
        STAYS,
        "its volume, with the data, is in one cluster",
        cluster_writes=_claim_written,
        annotated_by_controller=True,
    ),
    KindRules(
        "",
        "Pod",
        STAYS,
        "a pod belongs to one cluster: federate the workload that creates it",
        pod_template_path=(),
    ),
    KindRules("", "ReplicationController", STAYS, "turn it into a Deployment"),
    KindRules("", "ResourceQuota", STAYS, "resource quotas are specific to each cluster"),
    KindRules(
        "",
        "Secret",
        TAKEN,
        object_stays=_secret_stays,
        made_by=_secret_made_by,
        useless_elsewhere=_secret_useless,
        data=DataRules(secret=True),
    ),
    KindRules(
        "",
        "Service",
        TAKEN,
        differs=_service_differs,
        strip=_strip_service,
        update_obstacle=services.obstacle,
        text_maps=("selector",),
        object_lists=("ports",),
    ),
    KindRules(
        "",
        "ServiceAccount",
        TAKEN,
        object_stays=_account_stays,
        strip=_strip_account,
        openshift_writes=_account_on_openshift,
    ),
    KindRules(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        CLUSTER_SCOPED,
        cluster_writes=_webhooks_written,
    ),
    KindRules(
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        CLUSTER_SCOPED,
        cluster_writes=_webhooks_written,
    ),
    KindRules("apiextensions.k8s.io", "CustomResourceDefinition", CLUSTER_SCOPED, cluster_writes=_definition_written),
    KindRules("apiregistration.k8s.io", "APIService", CLUSTER_SCOPED, cluster_writes=_api_service_written),
    KindRules("apps", "ControllerRevision", BOOKKEEPING),
    KindRules(
        "apps",
        "DaemonSet",
        TAKEN,
        plural="daemonsets",
        versions=("apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"),
        annotated_by_controller=True,
        workload=workloads.DAEMON_SET,
    ),
    KindRules(
        "apps",
        "Deployment",
        TAKEN,
        plural="deployments",
        versions=("apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"),
        annotated_by_controller=True,
        schedulable=True,
        scaled=True,
        retains_replicas=True,
        workload=workloads.DEPLOYMENT,
    ),
    KindRules(
        "apps",
        "ReplicaSet",
        TAKEN,
        plural="replicasets",
        versions=("apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"),
        schedulable=True,
        scaled=True,
        retains_replicas=True,
        workload=workloads.REPLICA_SET,
    ),
    KindRules(
        "apps",
        "StatefulSet",
        TAKEN,
        plural="statefulsets",
        versions=("apps/v1", "apps/v1beta1", "apps/v1beta2"),
        scaled=True,
        workload=workloads.STATEFUL_SET,
    ),
    KindRules(
        "autoscaling",
        "HorizontalPodAutoscaler",
        TAKEN,
        autoscaler=AutoscalerRules("v1", "horizontalpodautoscalers", target_version="v1", target_kind="Deployment"),
    ),
    KindRules("batch", "CronJob", TAKEN, pod_template_path=("spec", "jobTemplate", "spec", "template")),
    KindRules(
        "batch",
        "Job",
        STAYS,
        # Nor could KubeFed take over the one that is there: the API server gives a Job a selector, for good
        "it runs once, in this cluster: to run it in other clusters too, list it in definition",
        cluster_writes=_job_written,
    ),
    KindRules("coordination.k8s.io", "Lease", BOOKKEEPING, cluster_writes=_lease_written),
    KindRules("discovery.k8s.io", "EndpointSlice", BOOKKEEPING),
    KindRules("events.k8s.io", "Event", BOOKKEEPING),
    # KEDA makes a HorizontalPodAutoscaler for each, but for those that are paused:
    # https://keda.sh/docs/latest/reference/scaledobject-spec
    KindRules(
        "keda.sh",
        "ScaledObject",
        WHEN_ENABLED,
        strip=_label_scaled_object,
        autoscaler=AutoscalerRules("v1alpha1", "scaledobjects", target_version="apps/v1", target_kind="Deployment"),
    ),
    KindRules(
        "networking.k8s.io",
        "Ingress",
        TAKEN,
        plural="ingresses",
        versions=("networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"),
    ),
    KindRules(
        "networking.k8s.io",
        "NetworkPolicy",
        TAKEN,
        plural="networkpolicies",
        versions=("networking.k8s.io/v1", "extensions/v1beta1"),
    ),
    KindRules("policy", "PodDisruptionBudget", TAKEN),
    KindRules(
        "policy",
        "PodSecurityPolicy",
        CLUSTER_SCOPED,
        plural="podsecuritypolicies",
        versions=("policy/v1beta1", "extensions/v1beta1"),
    ),
    KindRules("rbac.authorization.k8s.io", "ClusterRole", CLUSTER_SCOPED, cluster_writes=_role_written),
    KindRules("rbac.authorization.k8s.io", "ClusterRoleBinding", CLUSTER_SCOPED),
    KindRules("rbac.authorization.k8s.io", "Role", TAKEN),
    KindRules("rbac.authorization.k8s.io", "RoleBinding", TAKEN),
)

ALL = {(rules.group, rules.kind): rules for rules in _RULES}
_BUILT_IN_BY_NAME = {rules.kind: rules for rules in _RULES if rules.group in BUILT_IN_GROUPS}
_EQUIVALENT = {rules.plural: rules.versions for rules in _RULES if rules.versions}


class HasKind(t.Protocol):
    """Something with a group and a kind, such as a federated type."""

    @property
    def group(self) -> str:
        """API group, empty for the core one."""

    @property
    def kind(self) -> str:
        """Kind in that group."""


def rules_for(group: str, kind: str) -> KindRules:
    """The rules for a kind; without an entry there are none."""
    return ALL.get((group, kind)) or KindRules(group, kind, WHEN_ENABLED)


def rules_of_manifest(manifest: t.Mapping[str, t.Any]) -> KindRules:
    """The rules for the kind of a manifest."""
    return rules_for(str(manifest.get("apiVersion") or "").rpartition("/")[0], str(manifest.get("kind") or ""))


def rules_of(type_: HasKind) -> KindRules:
    """The rules for the kind of a type."""
    return rules_for(type_.group, type_.kind)


def built_in(kind: str) -> KindRules | None:
    """The rules for one of Kubernetes's own kinds, where its group is not told, as in a federated resource."""
    return _BUILT_IN_BY_NAME.get(kind)


def federated_name(kind: str) -> str:
    """The kind that a federated kind is for, such as ``Secret`` for ``FederatedSecret``; empty for any other."""
    return kind[len("Federated") :] if kind.startswith("Federated") else ""


def autoscalers() -> list[KindRules]:
    """The kinds that scale others."""
    return [rules for rules in _RULES if rules.autoscaler is not None]


def schedulable() -> list[str]:
    """The federated kinds that a ReplicaSchedulingPreference can schedule."""
    return [f"Federated{rules.kind}" for rules in _RULES if rules.schedulable]


def workload_types() -> set[str]:
    """The types whose pods are waited for or counted, each as its FederatedTypeConfig is named."""
    return {f"{rules.plural}.{rules.group}" for rules in _RULES if rules.workload is not None}


def equivalent_versions(plural: str) -> tuple[str, ...]:
    """Groups and versions that serve the same objects under this plural, the preferred one first."""
    return _EQUIVALENT.get(plural, ())


__all__ = (
    "ALL",
    "BOOKKEEPING",
    "BUILT_IN_GROUPS",
    "CLUSTER_SCOPED",
    "NAMESPACE",
    "STAYS",
    "TAKEN",
    "VOLUME_CLAIM",
    "WHEN_ENABLED",
    "AutoscalerRules",
    "DataRules",
    "KindRules",
    "autoscalers",
    "built_in",
    "equivalent_versions",
    "federated_name",
    "rules_for",
    "rules_of",
    "rules_of_manifest",
    "schedulable",
    "workload_types",
)
