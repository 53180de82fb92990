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
  - cloudburst.federation contributors (@cloudburst-federation)
description:
  - Takes plain Kubernetes resources and the names of clusters, makes KubeFed's federated resources of them, and waits
    until they have arrived in each cluster. Takes federated resources as they are too.
  - Takes clusters out of the placement again, of some resources or of all in a namespace, and waits until the
    resources are gone from there.
  - Any number of resources in one task.
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
      - With V(withdrawn), the clusters in O(clusters) are taken out of the placement, of the resources in
        O(definition) or O(src), or else of everything that is federated in O(namespace), the C(FederatedNamespace)
        last. Nothing else of them is changed, and what they place on other clusters is not touched.
      - With V(absent), the federated resources are removed, and what KubeFed has made for them in the clusters is
        too. What was there before stays, without KubeFed's label. So does all of a federated resource that this
        module has not made, since nobody knows then. The host's own namespace stays too.
      - V(withdrawn) and V(absent) handle a C(FederatedNamespace) last, and wait for all others before, also without
        O(wait). They refuse it while others in its namespace would be taken away with it.
    type: str
    choices:
      - present
      - absent
      - withdrawn
    default: present
  definition:
    description:
      - The resources, as a dictionary, a list of them, or YAML with any number of documents.
      - Plain resources of a type that KubeFed propagates, or federated ones. Lists are taken apart.
      - Of a plain resource, what belongs to one object in one cluster is left out, as C(kubefedctl federate) does.
        That is its status, its metadata but for labels, and of a Service its cluster IP and node ports. Its
        annotations become overrides for each cluster, but not those of a Deployment, DaemonSet or
        PersistentVolumeClaim, for which a warning is given.
    type: raw
  src:
    description:
      - Path of a YAML file with the resources.
    type: path
  namespace:
    description:
      - The namespace of resources that name none.
      - With O(state=withdrawn) and neither O(definition) nor O(src), the namespace to withdraw everything in.
    type: str
  placement:
    description:
      - Names of the clusters to place the resources on. Required for plain resources, and for federated ones without
        a placement. An empty list places them nowhere.
      - Placement and replicas of a resource with a C(ReplicaSchedulingPreference) are left as that has made them.
    type: list
    elements: str
  clusters:
    description:
      - Names of the clusters to withdraw. They need not be joined any more.
    type: list
    elements: str
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

- name: Take everything in a namespace from the cluster in the cloud
  cloudburst.federation.federated_resource:
    context: kubernetes-admin@kubernetes
    namespace: fedtestns
    state: withdrawn
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
"""

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ..module_utils._argspec import kube_spec, wait_spec
from ..module_utils._errors import FederationError, InvalidOption
from ..module_utils._kube.client import KUBERNETES_IMPORT_ERROR, connect_as, secrets_of
from ..module_utils._kube.objects import Changes
from ..module_utils._kubefed.federate import Wanted, flatten, wanted
from ..module_utils._kubefed.manifests import DEFAULT_NAMESPACE, check_name
from ..module_utils._kubefed.resources import Resources
from ..module_utils._module import Run, run_module

YAML_IMPORT_ERROR: str | None = None
try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR = traceback.format_exc()


def documents(params: dict[str, t.Any]) -> list[t.Any] | None:
    """The documents given in definition or src; V(None) without either."""
    if params["src"] is not None:
        try:
            with open(params["src"], encoding="utf-8") as file:
                return _loaded(file.read(), f"src {params['src']}")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidOption(f"src {params['src']} can't be read: {error}") from error
    definition = params["definition"]
    if definition is None:
        return None
    if isinstance(definition, str):
        return _loaded(definition, "definition")
    return definition if isinstance(definition, list) else [definition]


def _loaded(text: str, where: str) -> list[t.Any]:
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise InvalidOption(f"{where} is no YAML: {' '.join(str(error).split())}") from error


def secrets_in(found: t.Iterable[t.Any]) -> set[str]:
    """The values of Secrets among documents, plain or federated, so that they can be kept out of the result."""
    values: set[str] = set()
    for document in found:
        if isinstance(document, list):
            values |= secrets_in(document)
        elif isinstance(document, dict):
            values |= secrets_in(document.get("items") or [])
            body = document
            if document.get("kind") == "FederatedSecret":
                body = (document.get("spec") or {}).get("template") or {}
            elif document.get("kind") != "Secret":
                continue
            for field in ("data", "stringData"):
                values.update(str(value) for value in (body.get(field) or {}).values() if value)
    return values


def check_options(params: dict[str, t.Any]) -> None:
    """Refuse what makes no sense before anything is touched."""
    check_name(params["kubefed_namespace"], "kubefed_namespace", limit=63)
    if params["namespace"] is not None:
        check_name(params["namespace"], "namespace", limit=63)
    for option in ("placement", "clusters"):
        for name in params[option] or []:
            check_name(name, option)
    given = params["definition"] is not None or params["src"] is not None
    if params["state"] == "withdrawn":
        if not params["clusters"]:
            raise InvalidOption("state is withdrawn: clusters must name one cluster or more.")
        if not given and not params["namespace"]:
            raise InvalidOption("state is withdrawn: set definition, src or namespace, to say what to withdraw.")
    elif not given:
        raise InvalidOption(f"state is {params['state']}: set definition or src.")
    elif params["clusters"] is not None:
        raise InvalidOption(f"state is {params['state']}: clusters is for state withdrawn; set placement instead.")
    if params["state"] != "present" and params["placement"] is not None:
        raise InvalidOption(f"state is {params['state']}: placement is for state present.")


def call(run: Run) -> None:
    """Any number of federated resources."""
    params = run.module.params
    check_options(params)
    found = documents(params)
    run.module.no_log_values.update(secrets_in(found or []))
    manifests = None if found is None else flatten(found)
    host = connect_as(params, label="host cluster")
    changes = Changes()
    run.result["resources"] = []
    try:
        resources = Resources(
            host,
            params["kubefed_namespace"],
            waiter=run.waiter,
            check_mode=run.check_mode,
            changes=changes,
            warn=run.module.warn,
        )
    except FederationError as error:
        if run.check_mode and error.details.get("kubefed_installed") is False:
            # An earlier task of the same play may be the one that installs it
            run.module.warn(f"Predicted without KubeFed: {error.message}")
            run.result["changed"] = params["state"] == "present" and bool(manifests)
            return
        if params["state"] != "present" and error.details.get("kubefed_installed") is False:
            return
        raise
    try:
        run.result["resources"] = apply(resources, params, manifests)
    finally:
        run.result["changed"] = bool(changes)
        if run.module._diff:
            run.result["diff"] = changes.diff
    for entry in run.result["resources"]:
        for line in entry["left"]:
            run.module.warn(f"Not removed: {line}")


def apply(resources: Resources, params: dict[str, t.Any], manifests: list[dict[str, t.Any]] | None) -> list[t.Any]:
    """What the state asks for."""
    wants: list[Wanted] | None = None
    if manifests is not None:
        wants = [
            wanted(manifest, resources.types, namespace=params["namespace"], placement=params["placement"])
            for manifest in manifests
        ]
    if params["state"] == "present":
        return resources.present(wants or [], wait=params["wait"])
    items = resources.items(wants, params["namespace"] or "")
    if params["state"] == "withdrawn":
        return resources.withdraw(items, set(params["clusters"]), wait=params["wait"])
    return resources.absent(items, wait=params["wait"])


def main() -> None:
    """Options in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            **kube_spec(),
            **wait_spec(timeout=300),
            "state": {"type": "str", "choices": ["present", "absent", "withdrawn"], "default": "present"},
            "definition": {"type": "raw"},
            "src": {"type": "path"},
            "namespace": {"type": "str"},
            "placement": {"type": "list", "elements": "str"},
            "clusters": {"type": "list", "elements": "str"},
            "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
        },
        mutually_exclusive=[("definition", "src")],
        supports_check_mode=True,
    )
    module.no_log_values.update(secrets_of(module.params["kubeconfig"]))
    for library, failure in (("kubernetes", KUBERNETES_IMPORT_ERROR), ("PyYAML", YAML_IMPORT_ERROR)):
        if failure:
            module.fail_json(msg=missing_required_lib(library), exception=failure)
    run_module(module, call)


if __name__ == "__main__":
    main()
