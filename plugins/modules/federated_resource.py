#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource
version_added: 1.0.0
short_description: Runs resources on the clusters of a KubeFed federation
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Takes plain Kubernetes resources and the names of clusters, makes KubeFed's federated resources of them, and waits
    until they have arrived in each cluster. Takes federated resources as they are too.
  - Takes clusters out of the placement again, of some resources or of all in a namespace, and waits until the
    resources are gone from there.
  - Any number of resources in one task, side by side.
  - Enables types that KubeFed does not propagate yet, federates a namespace with what is in it, divides replicas over
    clusters, and waits until pods run, where that is asked for.
  - What an autoscaler scales keeps the replicas that it has in each cluster. That is so for what a
    C(HorizontalPodAutoscaler) or a C(ScaledObject) of KEDA has as its target, wherever that is, in the same task,
    federated already, or in the namespace in a cluster. The federated resource gets C(retainReplicas), and the
    annotation C(cloudburst.federation/retain-replicas) by which the next task knows that it may take it away, when
    there is no autoscaler any more. It counts for all clusters of the resource; one without an autoscaler can be given
    replicas by an override. An autoscaler beside a C(ReplicaSchedulingPreference), or beside an override of
    C(/spec/replicas) in the same cluster, is rejected, as each would undo what the other does.
  - So does a Deployment, ReplicaSet or StatefulSet whose manifest has no C(replicas), as with C(kubectl apply).
  - Resources that a controller in each cluster writes itself are rejected, as KubeFed would write them back for ever.
    That is a C(ClusterRole) with an C(aggregationRule), a C(PersistentVolume), a C(PersistentVolumeClaim) without
    C(volumeName), a C(Job) with C(ttlSecondsAfterFinished), and what gets a C(caBundle) from cert-manager. Of what was
    federated before and is written again and again for another reason, a warning tells.
  - New and changed resources are shown to the host's API server first, by a dry run, and what it can't read or finds
    invalid is rejected before anything is federated.
  - What was in a cluster before it was federated is never deleted. It is looked up when a resource is placed on a
    cluster, and noted on the federated resource in the annotation C(cloudburst.federation/existed-in).
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
        in the host cluster when it is missing. Everything else must be in a namespace that is federated, already or
        in the same task.
      - With V(placed), the clusters in O(clusters) are added to the placement, of the resources in O(definition),
        O(src) or O(template), or else of everything that is federated in O(namespace), the C(FederatedNamespace)
        first. Nothing else of them is changed.
      - With V(withdrawn), the clusters in O(clusters) are taken out of the placement, of the same, the
        C(FederatedNamespace) last. Nothing else of them is changed, and what they place on other clusters is not
        touched. What a C(ReplicaSchedulingPreference) places can be withdrawn with its whole namespace alone. Its
        replicas are moved to the other clusters before.
      - When a cluster is withdrawn, a C(clusterSelector) is kept beside the names of the other clusters, which KubeFed
        goes by, and a C(ReplicaSchedulingPreference) remembers what it gave before.
      - With V(restored), both count again, for the clusters in O(clusters) that have left the federation since they
        were withdrawn. Clusters that are still members stay withdrawn; V(placed) places the resources there again.
      - With V(absent), the federated resources are removed, and what KubeFed has made for them in the clusters is
        too. What was there before stays, without KubeFed's label. So does all of a federated resource that this
        module has not made, since nobody knows then. The host's own namespace stays too.
      - V(withdrawn) and V(absent) handle a C(FederatedNamespace) last, and wait for all others before, also without
        O(wait). They refuse it while others in its namespace would be taken away with it.
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
      - The resources, as a dictionary, a list of them, or YAML with any number of documents.
      - Text, also in O(src) and O(template), is read as C(kubectl) reads it. Dates and times such as
        C(12:30:00) are text there, while Ansible makes a number of the latter in a playbook.
      - Labels, annotations, environment variables and the data of a ConfigMap or Secret must be text. A number or a
        boolean in their place is refused, since KubeFed removes all labels of an object when one of them is no text.
      - Plain resources of a type that KubeFed propagates, or federated ones. Lists are taken apart.
      - A C(ReplicaSchedulingPreference) divides the replicas of the C(FederatedDeployment) or C(FederatedReplicaSet)
        of the same name over the clusters, by weight, minimum and maximum. It is applied as it is, after that one.
      - Of a plain resource, what belongs to one object in one cluster is left out, as C(kubefedctl federate) does.
        That is its status, its metadata but for labels, and of a Service its cluster IP. Node ports are kept where they
        were written, and left out where they were read from a cluster. Its annotations become overrides for each
        cluster, but not those of a Deployment, DaemonSet or PersistentVolumeClaim, for which a warning is given.
      - Fields that a type does not have are warned of. The host's API server is asked, with a dry run.
      - What an earlier task has set and this one says no more is taken away, that is annotations, overrides, labels of
        a federated resource and of a Namespace, and fields such as C(retainReplicas). It is told apart from what others
        have set by the annotation C(cloudburst.federation/set), which lists what this module has set. A Namespace
        without labels and annotations, beside other resources, is there for them alone, and keeps all.
      - A Service can neither become headless nor have a cluster IP again, as Kubernetes and KubeFed keep it. That is
        refused, and so is another node port for a port with a C(protocol) other than TCP.
    type: raw
  src:
    description:
      - Path of a file with the resources, in YAML or JSON, or of a directory. All files C(*.yml), C(*.yaml) and
        C(*.json) in a directory are taken, in the order of their names.
      - On a host with a local connection, a relative path is looked up in C(files) of the role or the playbook.
    type: path
  template:
    description:
      - The template of a file with the resources, which is rendered on the controller. It is looked up in C(templates)
        of the role or the playbook.
      - A path, a dictionary, or a list of these. A dictionary has C(path), and may have C(newline_sequence),
        C(block_start_string), C(block_end_string), C(variable_start_string), C(variable_end_string), C(trim_blocks)
        and C(lstrip_blocks), as those of M(kubernetes.core.k8s).
    type: raw
  contents:
    description:
      - Federates O(namespace) with what it holds in the host cluster. What is federated in it already is left as it
        is, but for a placement that is given.
      - Taken are workloads, Services, ConfigMaps, Secrets, ServiceAccounts, Ingresses, HorizontalPodAutoscalers,
        PodDisruptionBudgets, NetworkPolicies, LimitRanges, Roles, RoleBindings, CronJobs, and all types that somebody
        has enabled, each only where KubeFed propagates the type, or O(enable_types) is set.
      - Not taken is what belongs to one cluster. That is what something else makes, such as pods, the tokens of
        service accounts, what each cluster makes by itself, Helm's own records, Jobs, ResourceQuotas and
        PersistentVolumeClaims. RV(left_out) has each with the reason, but for events, end points, leases and
        controller revisions.
      - Without O(placement) and O(cluster_selector), the placement is that of the C(FederatedNamespace), if there is
        one.
    type: bool
    default: false
  namespace:
    description:
      - The namespace of resources that name none.
      - With O(state=placed), O(state=withdrawn) or O(state=restored), and without any resources, the namespace in which
        everything is meant.
      - With O(contents), the namespace that is federated.
    type: str
  placement:
    description:
      - Names of the clusters to place the resources on. An empty list places them nowhere.
      - Either this or O(cluster_selector) is required for plain resources, and for federated ones without a
        placement.
      - Placement and replicas of a resource with a C(ReplicaSchedulingPreference) are left as that has made them.
    type: list
    elements: str
  cluster_selector:
    description:
      - Places the resources on the clusters with these labels, at any time. It has C(matchLabels), C(matchExpressions)
        or both. An empty one places them on all clusters.
      - The labels are those of the C(KubeFedCluster).
    type: dict
  overrides:
    description:
      - What differs in a cluster. Each key is the name of a cluster, and its value a list of dictionaries with
        C(path), C(op) and C(value), as JSON patch has them. C(op) is C(add), C(remove) or C(replace), which is the
        default.
      - Each is for all resources of the task but Namespaces, or for those of the C(kind) and the C(name) that it has.
      - What KubeFed would refuse is refused before anything is changed, and so is what does not fit the resource.
    type: dict
  creation_labels:
    description:
      - Labels of the federated resources that this task creates. What is federated already keeps the labels that it
        has, so that they tell who has federated it.
      - KubeFed does not put them on what it makes in the clusters.
    type: dict
    default: {}
  clusters:
    description:
      - Names of the clusters to place everything on, to withdraw, or to restore the placement without. Only those to
        place on have to be members.
    type: list
    elements: str
  orphan:
    description:
      - With O(state=absent), whether what is in the clusters stays there, without KubeFed's label, also where KubeFed
        has made it.
    type: bool
    default: false
  enable_types:
    description:
      - Whether to make KubeFed propagate types that it does not propagate yet, with the C(FederatedTypeConfig) and the
        C(CustomResourceDefinition) that C(kubefedctl enable) makes, and wait until it does.
      - Not done without being asked for, since it changes the federation for all who use it. A cluster that joins
        later and lacks the type makes KubeFed's controller end after five minutes, and it would end again and again.
        A type that a member lacks now is refused.
    type: bool
    default: false
  wait_for_pods:
    description:
      - Whether to wait also until the pods of each Deployment, StatefulSet, DaemonSet and ReplicaSet run in each
        cluster that it is placed on, as C(kubectl rollout status) sees it. KubeFed does not know. The clusters
        themselves are asked, with the credentials that KubeFed has for them.
      - The wait ends with the cluster's own message when they will not run, for the reasons C(ImagePullBackOff),
        C(ErrImagePull), C(InvalidImageName) or C(ProgressDeadlineExceeded), when a quota or an admission controller
        refuses them, after three ends of a container in C(CrashLoopBackOff), and after 30 seconds of
        C(CreateContainerConfigError).
      - Needs O(wait).
    type: bool
    default: false
  kubefed_namespace:
    description:
      - The namespace of KubeFed in the host cluster.
    type: str
    default: kube-federation-system
  wait_timeout:
    description:
      - Seconds to wait for. KubeFed takes a new member into account 20 seconds after it has become ready, and a lost
        one after a minute.
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

- name: Run what a template says in all clusters with a label, twice as often in the cloud, until its pods run
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

- name: Divide ten replicas, at least two of them and at most four at home
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

- name: Federate a namespace with what it holds
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: shop
    contents: true
    enable_types: true
    placement:
      - earth
      - vulcan
  register: shop

- name: Say what stays at home
  ansible.builtin.debug:
    var: shop.left_out

- name: Place everything in a namespace on one more cluster
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: shop
    state: placed
    clusters:
      - vulcan

- name: Take everything in a namespace from the cluster in the cloud
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: withdrawn
    clusters:
      - vulcan

- name: Make the selectors count again, once that cluster has left the federation
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: restored
    clusters:
      - vulcan

- name: Federate a service no more, and keep what was there before
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: absent
    definition:
      apiVersion: v1
      kind: Service
      metadata:
        name: fed-service

- name: Federate a service no more, and let it go on in each cluster
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
  description: What has become of each federated resource.
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
      description: Whether it was changed in the last part of the task.
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
        - Whether KubeFed reports that it is as it should be in each cluster. It does not know whether pods run.
      type: bool
      returned: always
      sample: true
    clusters:
      description: KubeFed's word for each cluster it knows the resource in, V(OK) where all is well.
      type: dict
      returned: always
      sample:
        earth: OK
        vulcan: OK
    existed_in:
      description: The clusters in which it was before it was federated, and where it will not be deleted.
      type: list
      elements: str
      returned: always
      sample:
        - earth
    left:
      description: What could not be removed from a cluster, and why.
      type: list
      elements: str
      returned: always
      sample: []
    pods:
      description: How far the pods of a workload are, in each cluster.
      type: dict
      returned: with O(wait_for_pods), for a workload
      sample:
        earth: 1 of 1 pods are available
        vulcan: 2 of 2 pods are available
    replicas:
      description: The replicas that each cluster is given.
      type: dict
      returned: for what a C(ReplicaSchedulingPreference) schedules
      sample:
        earth: 3
        vulcan: 7
taken:
  description: What of the namespace was not federated before.
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
  description: What of the namespace is not federated.
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
      sample: each cluster makes its own, with its own authority
"""


from ansible.module_utils.basic import missing_required_lib

from ..module_utils._kube.client import KUBERNETES_IMPORT_ERROR
from ..module_utils._kube.connect import connect_as, secrets_of
from ..module_utils._kube.diff import Changes
from ..module_utils._kubefed.api import DEFAULT_NAMESPACE
from ..module_utils._kubefed.operations.carry_out import Task, carry_out
from ..module_utils._kubefed.operations.context import open_federation
from ..module_utils._kubefed.resources.documents import secrets_in
from ..module_utils._kubefed.resources.reader import YAML_IMPORT_ERROR
from ..module_utils._kubefed.resources.request import STATES, Request, read_request
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
        for line in entry["left"]:
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
    module.no_log_values.update(secrets_of(module.params["kubeconfig"]))
    for library, failure in (("kubernetes", KUBERNETES_IMPORT_ERROR), ("PyYAML", YAML_IMPORT_ERROR)):
        if failure:
            module.fail_json(msg=missing_required_lib(library), exception=failure)
    run_module(module, call)


if __name__ == "__main__":
    main()
