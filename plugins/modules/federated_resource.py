#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource
version_added: 1.0.0
short_description: Run resources on the clusters of a KubeFed federation
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Takes plain Kubernetes resources and the names of clusters, turns them into KubeFed's federated resources, and waits
    until they have been propagated to each cluster. Also accepts federated resources as they are.
  - Withdraws clusters from the placement of individual resources or of everything in a namespace, and waits until the
    resources are gone from these clusters.
  - Handles any number of resources in one task, in parallel.
  - On request, enables types that KubeFed does not propagate yet, federates a namespace with its contents, divides
    replicas between clusters, and waits until pods run.
  - Workloads that are scaled by an autoscaler keep their number of replicas in each cluster. This applies to the target
    of a C(HorizontalPodAutoscaler) or of a KEDA C(ScaledObject), whether the autoscaler is in the same task, already
    federated, or in the namespace in a cluster. The federated resource gets C(retainReplicas), and the annotation
    C(cloudburst.federation/retain-replicas), which tells the next task that it may remove the field when there is no
    longer an autoscaler. The field applies to all clusters of the resource; in a cluster without an autoscaler, an
    override can set the replicas. An autoscaler together with a C(ReplicaSchedulingPreference), or with an override of
    C(/spec/replicas) in the same cluster, is rejected, since each would undo what the other does.
  - A Deployment, ReplicaSet or StatefulSet without C(replicas) in its manifest also keeps its number of replicas, as
    with C(kubectl apply).
  - Resources that a controller in each cluster writes itself are rejected, since KubeFed would revert them endlessly.
    These are a C(ClusterRole) with an C(aggregationRule), a C(PersistentVolume), a C(PersistentVolumeClaim) without
    C(volumeName), a C(Job) with C(ttlSecondsAfterFinished), anything that gets a C(caBundle) from cert-manager, or that
    calls a service without a C(caBundle), and on OpenShift a C(ServiceAccount) that does not name its pull secret. The
    module warns of existing federated resources that are written again and again for any other reason.
  - New and changed resources are first sent to the host's API server in a dry run. Anything it cannot read or finds
    invalid is rejected before anything is federated.
  - Objects that existed in a cluster before they were federated are never deleted. The module checks this when a
    resource is placed on a cluster, and records it on the federated resource in the annotation
    C(cloudburst.federation/existed-in).
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._kube
  - cloudburst.federation._wait
options:
  state:
    description:
      - With V(present), the resources are federated. A C(Namespace) becomes a C(FederatedNamespace), and is created
        in the host cluster if it is missing. Everything else must be in a namespace that is federated already or by
        the same task.
      - With V(placed), the clusters in O(clusters) are added to the placement of the resources in O(definition),
        O(src) or O(template), or else of everything that is federated in O(namespace), the C(FederatedNamespace)
        first. Nothing else about them is changed.
      - With V(withdrawn), the clusters in O(clusters) are removed from the placement of the same resources, the
        C(FederatedNamespace) last. Nothing else about them is changed, and the objects in other clusters stay as they
        are. Resources that a C(ReplicaSchedulingPreference) places can be withdrawn only with their whole namespace.
        Their replicas are moved to the other clusters first.
      - When a cluster is withdrawn, a C(clusterSelector) is kept next to the names of the remaining clusters, which
        take precedence in KubeFed, and a C(ReplicaSchedulingPreference) remembers its previous settings.
      - With V(restored), both take effect again, for those clusters in O(clusters) that have left the federation since
        they were withdrawn. Clusters that are still members stay withdrawn; V(placed) places the resources there again.
      - With V(absent), the federated resources are removed, together with the objects that KubeFed created for them in
        the clusters. Objects that existed before stay, without KubeFed's label. So do all objects of a federated
        resource that this module did not create, since it is unknown what existed before. The host's own namespace
        stays too.
      - V(withdrawn) and V(absent) handle a C(FederatedNamespace) last, and wait for all other resources first, even
        without O(wait). They reject it if this would also remove other resources in its namespace.
    type: str
    choices:
      - present
      - absent
      - placed
      - withdrawn
      - restored
    default: present
  definition:
    description:
      - The resources, as a dictionary, a list of dictionaries, or YAML with any number of documents.
      - YAML given as text, also in O(src) and O(template), is parsed the way C(kubectl) does. Dates and times such as
        C(12:30:00) are strings there, while Ansible turns the latter into a number in a playbook.
      - Labels, annotations, environment variables and the data of a ConfigMap or Secret must be strings. A number or
        a boolean is rejected, since KubeFed removes all labels of an object if one of them is not a string.
      - Either plain resources of a type that KubeFed propagates, or federated ones. Lists are split into their items.
      - A C(ReplicaSchedulingPreference) divides the replicas of the C(FederatedDeployment) or C(FederatedReplicaSet)
        of the same name between the clusters, by weight, minimum and maximum. It is applied unchanged, after that
        resource.
      - Parts of a plain resource that are specific to one object in one cluster are left out, as by
        C(kubefedctl federate). These are its status, its metadata except labels, and the cluster IP of a Service. Node
        ports are kept if they were written by hand, and left out if they were read from a cluster. Annotations become
        overrides for each cluster, except those of a Deployment, DaemonSet or PersistentVolumeClaim, for which the
        module warns.
      - The module warns of fields that the type does not have, as reported by the host's API server in a dry run.
      - Whatever an earlier task set and this one no longer lists is removed. This applies to annotations, overrides,
        labels of a federated resource and of a Namespace, and fields such as C(retainReplicas). The annotation
        C(cloudburst.federation/set) records what this module set, so that the settings of others are kept. A Namespace
        without labels and annotations, next to other resources, only makes sure that the namespace exists, and loses
        nothing.
      - A Service can neither become headless nor get a cluster IP again, since neither Kubernetes nor KubeFed changes
        this. Such a change is rejected, and so is a different node port for a port with a C(protocol) other than TCP.
    type: raw
  src:
    description:
      - Path of a file with the resources, in YAML or JSON, or of a directory. In a directory, all files C(*.yml),
        C(*.yaml) and C(*.json) are read in the order of their names.
      - On a host with a local connection, a relative path is looked up in C(files) of the role or the playbook.
    type: path
  template:
    description:
      - A template of a file with the resources, rendered on the controller. It is looked up in C(templates) of the
        role or the playbook.
      - A path, a dictionary, or a list of these. A dictionary has C(path), and may have C(newline_sequence),
        C(block_start_string), C(block_end_string), C(variable_start_string), C(variable_end_string), C(trim_blocks)
        and C(lstrip_blocks), as in M(kubernetes.core.k8s).
    type: raw
  contents:
    description:
      - Federates O(namespace) with everything suitable in it in the host cluster. Resources in it that are already
        federated stay as they are, except that a placement that is given applies to them too.
      - This includes workloads, Services, ConfigMaps, Secrets, ServiceAccounts, Ingresses, HorizontalPodAutoscalers,
        PodDisruptionBudgets, NetworkPolicies, LimitRanges, Roles, RoleBindings, CronJobs, and all types that somebody
        has enabled, each only if KubeFed propagates the type or O(enable_types) is set.
      - It excludes whatever is specific to one cluster. That is everything that is created by something else, such as
        pods and the tokens of service accounts, what each cluster creates on its own, Helm's own records, Jobs,
        ResourceQuotas and PersistentVolumeClaims. RV(left_out) lists each with the reason, except events, Endpoints,
        leases and controller revisions.
      - Without O(placement) and O(cluster_selector), the placement of the C(FederatedNamespace) is used, if there is
        one.
    type: bool
    default: false
  namespace:
    description:
      - The namespace of resources that do not specify one.
      - With O(state=placed), O(state=withdrawn) or O(state=restored) and without any resources, the task applies to
        everything that is federated in this namespace.
      - With O(contents), the namespace to federate.
    type: str
  placement:
    description:
      - Names of the clusters to place the resources on. An empty list places them nowhere.
      - Either this or O(cluster_selector) is required for plain resources, and for federated ones without a
        placement.
      - The placement and replicas of a resource with a C(ReplicaSchedulingPreference) are left to that preference.
    type: list
    elements: str
  cluster_selector:
    description:
      - Places the resources on all clusters with these labels, including those that join later. It has
        C(matchLabels), C(matchExpressions) or both. An empty selector places them on all clusters.
      - The labels are those of the C(KubeFedCluster).
    type: dict
  overrides:
    description:
      - Differences in individual clusters. Each key is the name of a cluster, and its value a list of dictionaries
        with C(path), C(op) and C(value), as in JSON patch. C(op) is C(add), C(remove) or C(replace) (the default).
      - Each override applies to all resources of the task except Namespaces, or only to those with its C(kind) and
        C(name) if it has these.
      - Overrides that KubeFed would reject, or that do not fit the resource, are rejected before any change.
    type: dict
  creation_labels:
    description:
      - Labels for the federated resources that this task creates. Existing federated resources keep their labels, so
        that these show who federated them.
      - KubeFed does not set them on the objects that it creates in the clusters.
    type: dict
    default: {}
  clusters:
    description:
      - Names of the clusters to place everything on, to withdraw, or to restore the placement without. Only clusters to
        place on must be members.
    type: list
    elements: str
  orphan:
    description:
      - With O(state=absent), whether all objects stay in the clusters, without KubeFed's label, even those that KubeFed
        created.
    type: bool
    default: false
  enable_types:
    description:
      - Whether to enable types that KubeFed does not propagate yet, with the same C(FederatedTypeConfig) and
        C(CustomResourceDefinition) that C(kubefedctl enable) creates, and wait until KubeFed propagates them.
      - This is off by default, since it changes the federation for everybody who uses it. If a cluster that lacks the
        type joins later, KubeFed's controller exits after five minutes, and again each time it is restarted. A type
        that a current member lacks is rejected.
    type: bool
    default: false
  wait_for_pods:
    description:
      - Whether to also wait until the pods of each Deployment, StatefulSet, DaemonSet and ReplicaSet run in each
        cluster that it is placed on, by the same criteria as C(kubectl rollout status). KubeFed does not know this, so
        the module asks the clusters themselves, with KubeFed's credentials for them.
      - The wait ends early with the cluster's own message if the pods will not run, which is the case with the reasons
        C(ImagePullBackOff), C(ErrImagePull), C(InvalidImageName) or C(ProgressDeadlineExceeded), if a quota or an
        admission controller rejects them, after a container in C(CrashLoopBackOff) has exited three times, and after
        30 seconds of C(CreateContainerConfigError).
      - Requires O(wait).
    type: bool
    default: false
  kubefed_namespace:
    description:
      - The namespace of KubeFed in the host cluster.
    type: str
    default: kube-federation-system
  wait_timeout:
    description:
      - How many seconds to wait. KubeFed takes a new member into account 20 seconds after it becomes ready, and
        notices a lost one after a minute.
    type: int
    default: 300
seealso:
  - module: cloudburst.federation.kubefed_join
  - module: kubernetes.core.k8s
"""

EXAMPLES = r"""
- name: Run a web service on both clusters
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    placement:
      - earth
      - vulcan
    definition:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: fedtestns
      - apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: fedhttp
        spec:
          replicas: 1
          selector:
            matchLabels:
              app: httpbin
          template:
            metadata:
              labels:
                app: httpbin
            spec:
              containers:
                - name: httpbin
                  image: docker.io/kennethreitz/httpbin
                  ports:
                    - containerPort: 80
      - apiVersion: v1
        kind: Service
        metadata:
          name: fed-service
        spec:
          type: NodePort
          selector:
            app: httpbin
          ports:
            - name: http
              port: 80

- name: Apply federated resources as they are
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    src: listings.yml

- name: Render a template, place it by label with twice the replicas in the cloud, and wait until its pods run
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    cluster_selector:
      matchLabels:
        shop: open
    template: web.yml.j2
    overrides:
      vulcan:
        - path: /spec/replicas
          value: 2
          kind: Deployment
    enable_types: true
    wait_for_pods: true

- name: Divide ten replicas, two to four of them in the data centre
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    definition:
      apiVersion: scheduling.kubefed.io/v1alpha1
      kind: ReplicaSchedulingPreference
      metadata:
        name: fedhttp
        namespace: fedtestns
      spec:
        targetKind: FederatedDeployment
        totalReplicas: 10
        rebalance: true
        clusters:
          earth:
            weight: 1
            minReplicas: 2
            maxReplicas: 4
          vulcan:
            weight: 3

- name: Federate a namespace with its contents
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: shop
    contents: true
    enable_types: true
    placement:
      - earth
      - vulcan
  register: shop

- name: Show what is not federated
  ansible.builtin.debug:
    var: shop.left_out

- name: Place everything in a namespace on one more cluster
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: shop
    state: placed
    clusters:
      - vulcan

- name: Withdraw everything in a namespace from the cluster in the cloud
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: withdrawn
    clusters:
      - vulcan

- name: Restore selectors and preferences once that cluster has left the federation
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: restored
    clusters:
      - vulcan

- name: Stop federating a service, and keep it where it existed before
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: absent
    definition:
      apiVersion: v1
      kind: Service
      metadata:
        name: fed-service

- name: Stop federating a service, and keep it in each cluster
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: absent
    orphan: true
    definition:
      apiVersion: v1
      kind: Service
      metadata:
        name: fed-service
"""

RETURN = r"""
resources:
  description: The state of each federated resource.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the federated resource.
      type: str
      returned: always
      sample: FederatedDeployment
    namespace:
      description: Its namespace.
      type: str
      returned: always
      sample: fedtestns
    name:
      description: Its name.
      type: str
      returned: always
      sample: fedhttp
    changed:
      description: Whether the last step of the task changed it.
      type: bool
      returned: always
      sample: true
    placement:
      description: The clusters that it is placed on.
      type: list
      elements: str
      returned: always
      sample:
        - earth
        - vulcan
    propagated:
      description:
        - Whether KubeFed reports that it is up to date in each cluster. KubeFed does not know whether pods run.
      type: bool
      returned: always
      sample: true
    clusters:
      description: KubeFed's status for each cluster in which it manages the resource, V(OK) if there is no problem.
      type: dict
      returned: always
      sample:
        earth: OK
        vulcan: OK
    existed_in:
      description: The clusters in which it existed before it was federated, and where it will not be deleted.
      type: list
      elements: str
      returned: always
      sample:
        - earth
    not_removed:
      description: What could not be removed from a cluster, and why.
      type: list
      elements: str
      returned: always
      sample: []
    pods:
      description: The progress of a workload's pods in each cluster.
      type: dict
      returned: with O(wait_for_pods), for a workload
      sample:
        earth: 1 of 1 pods are available
        vulcan: 2 of 2 pods are available
    replicas:
      description: The replicas assigned to each cluster.
      type: dict
      returned: for resources that a C(ReplicaSchedulingPreference) schedules
      sample:
        earth: 3
        vulcan: 7
taken:
  description: Objects of the namespace that were not federated before.
  returned: with O(contents)
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      returned: always
      sample: Deployment
    name:
      description: Its name.
      type: str
      returned: always
      sample: web
left_out:
  description: Objects of the namespace that are not federated.
  returned: with O(contents)
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      returned: always
      sample: ConfigMap
    name:
      description: Its name.
      type: str
      returned: always
      sample: kube-root-ca.crt
    reason:
      description: Why it is not federated.
      type: str
      returned: always
      sample: each cluster creates its own, with its own certificate authority
"""


from ansible.module_utils.basic import missing_required_lib

from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.diff import Changes
from ..module_utils._kube.module import prepare
from ..module_utils._kubefed.api import DEFAULT_NAMESPACE
from ..module_utils._kubefed.operations.carry_out import Task, carry_out
from ..module_utils._kubefed.operations.context import open_federation
from ..module_utils._kubefed.resources.documents import secrets_in
from ..module_utils._kubefed.resources.request import STATES, Request, read_request
from ..module_utils._kubefed.resources.yaml_reader import YAML_IMPORT_ERROR
from ..module_utils._runtime.argspec import kube_spec, wait_spec
from ..module_utils._runtime.errors import FederationError
from ..module_utils._runtime.module import QuietModule, Run, run_module


def call(run: Run) -> None:
    """Any number of federated resources."""
    params = run.module.params
    request = read_request(params, run.module.warn)
    run.module.no_log_values.update(secrets_in(request.manifests or [], request.overrides))
    host = connect_as(params, label="host cluster")
    changes = Changes()
    run.result["resources"] = []
    try:
        context = open_federation(
            host,
            params["kubefed_namespace"],
            waiter=run.waiter,
            check_mode=run.check_mode,
            changes=changes,
            warn=run.warn,
            slice_state=run.slice_state,
        )
    except FederationError as error:
        if error.details.get("kubefed_installed") is not False or not is_done_without_kubefed(run, request, error):
            raise
        return
    task = Task(run.result, run.slice_state, run.module.no_log_values.update)
    try:
        run.result["resources"] = carry_out(context, request, task)
    finally:
        run.result["changed"] = bool(changes)
        if run.module._diff:
            run.result["diff"] = changes.diff
    for entry in run.result["resources"]:
        for line in entry["not_removed"]:
            run.warn(f"Not removed: {line}")


def is_done_without_kubefed(run: Run, request: Request, error: FederationError) -> bool:
    """Whether there is nothing to do where KubeFed is not installed, or no more than to predict."""
    if run.check_mode:
        # An earlier task of the same play may be the one that installs it
        run.warn(f"Predicted without KubeFed: {error.message}")
        given = bool(request.manifests or request.schedules or request.contents)
        run.result["changed"] = request.state == "present" and given
        return True
    return request.state in ("absent", "withdrawn", "restored")


def main() -> None:
    """Options in, one call, result out."""
    module = QuietModule(
        argument_spec={
            **kube_spec(),
            **wait_spec(timeout=300),
            "state": {"type": "str", "choices": list(STATES), "default": "present"},
            "definition": {"type": "raw"},
            "src": {"type": "path"},
            "template": {"type": "raw"},
            "contents": {"type": "bool", "default": False},
            "namespace": {"type": "str"},
            "placement": {"type": "list", "elements": "str"},
            "cluster_selector": {"type": "dict"},
            "overrides": {"type": "dict"},
            "creation_labels": {"type": "dict", "default": {}},
            "clusters": {"type": "list", "elements": "str"},
            "orphan": {"type": "bool", "default": False},
            "enable_types": {"type": "bool", "default": False},
            "wait_for_pods": {"type": "bool", "default": False},
            "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
        },
        mutually_exclusive=[
            ("definition", "src", "template"),
            ("placement", "cluster_selector"),
            ("contents", "definition"),
            ("contents", "src"),
            ("contents", "template"),
        ],
        supports_check_mode=True,
    )
    prepare(module)
    if YAML_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_IMPORT_ERROR)
    run_module(module, call)


if __name__ == "__main__":
    main()
