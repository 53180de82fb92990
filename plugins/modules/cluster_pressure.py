#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_pressure
version_added: 1.0.0
short_description: Tell whether a cluster is full, and whether a burst should begin, grow or end
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Reads which pods wait because no node has room for them, which C(HorizontalPodAutoscalers) want more pods than they
    may create, and how much of the nodes is requested. From that and from what runs in the burst it judges whether the
    burst should begin, grow or end.
  - It changes nothing. How long a pod has waited is known from the pod itself. What must be remembered from one look to
    the next is read from the C(ConfigMap) C(cloudburst-NAME-demand) in the namespace C(kube-system). RV(memory) is what
    should be written there afterwards, which the playbook C(cloudburst.federation.burst_watch) and the event source
    C(cloudburst.federation.cluster_pressure) do.
  - It works with every cluster, with or without KubeFed. No metrics server is needed.
  - Pods that a burst cannot help do not count, and RV(not_counted) says why. These are pods with volumes that stay in
    the data centre, pods whose node selector, affinity or tolerations exclude the burst's nodes, pods that need
    resources such as GPUs or more than O(node_allocatable), pods of a C(DaemonSet), and pods in namespaces that are not
    federated.
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._kube
options:
  name:
    description:
      - Name of the burst.
    type: str
    required: true
  kubefed_namespace:
    description:
      - The namespace of KubeFed.
    type: str
    default: kube-federation-system
  namespaces:
    description:
      - Namespaces whose pods will be placed on the burst's cluster. Those that a C(FederatedNamespace) places there, by
        name or by a cluster selector, count as well. If none is given and none is federated, all count except those of
        the system.
    type: list
    elements: str
    default: []
  node_labels:
    description:
      - Labels that the burst's nodes will have, in addition to C(kubernetes.io/os=linux) and
        C(kubernetes.io/arch=amd64). While the burst is up, the labels that its nodes share count as well.
    type: dict
    default: {}
  node_taints:
    description:
      - Taints that the burst's nodes will have, each with C(key), C(effect) and, if it has one, C(value).
    type: list
    elements: dict
    default: []
  node_allocatable:
    description:
      - What each of the burst's nodes will have for pods, as C(cpu), C(memory) or both, with quantities as Kubernetes
        writes them. Pods that request more do not count. If not set, the size of a pod does not matter.
    type: dict
    default: {}
  signals:
    description:
      - What a burst begins for.
      - V(pods) are pods that wait, V(autoscalers) are autoscalers that want more pods than they may create, and
        V(nodes) means that most of the nodes is requested.
    type: list
    elements: str
    choices: [pods, autoscalers, nodes]
    default: [pods, autoscalers]
  pending_seconds:
    description:
      - How many seconds a pod must have waited before it counts.
    type: int
    default: 120
  limited_seconds:
    description:
      - How many seconds an autoscaler must have wanted more pods before it counts.
    type: int
    default: 180
  full_percent:
    description:
      - How many percent of the nodes' cpu, memory or pods must be requested before the nodes count as full.
    type: float
    default: 90
  full_seconds:
    description:
      - How many seconds the nodes must have been full before that counts.
    type: int
    default: 600
  idle_margin_percent:
    description:
      - How many percent of each node in the data centre must stay free after everything from the burst has moved back.
    type: float
    default: 15
  idle_seconds:
    description:
      - How many seconds there must have been room for everything in the data centre before the burst ends.
    type: int
    default: 1800
  lifetime_seconds:
    description:
      - How many seconds a burst lasts at least.
    type: int
    default: 3600
  retry_seconds:
    description:
      - How many seconds must pass after an attempt to begin, grow or end the burst, whether it succeeded or failed,
        before the next one.
    type: int
    default: 900
  growing:
    description:
      - Whether a burst that is up should grow while there is still too little room.
    type: bool
    default: false
  node_max:
    description:
      - How many nodes the burst may have. Once it has them, it is not told to grow. V(0) means that this is unknown.
    type: int
    default: 0
seealso:
  - module: cloudburst.federation.burst_lock
  - module: cloudburst.federation.node_group_plan
"""

EXAMPLES = r"""
- name: See whether the data centre is full
  cloudburst.federation.cluster_pressure:
    context: kubernetes-admin@kubernetes
    name: vulcan
    namespaces: [shop]
  register: demand

- name: Show what should be done, and why
  ansible.builtin.debug:
    msg: "{{ demand.action }}: {{ demand.why }}"

- name: Be patient before a burst begins, and quick to end it
  cloudburst.federation.cluster_pressure:
    context: kubernetes-admin@kubernetes
    name: vulcan
    signals: [pods]
    pending_seconds: 600
    idle_seconds: 600
    idle_margin_percent: 25
"""

RETURN = r"""
action:
  description: What should be done, V(none), V(up), V(grow) or V(down).
  returned: success
  type: str
  sample: up
why:
  description: The reason, in one line.
  returned: success
  type: str
  sample: 7 pods waiting for cpu, up to 131 s
pressure:
  description: Whether there has been too little room for long enough.
  returned: success
  type: bool
  sample: true
idle:
  description: Whether the burst has been dispensable for long enough.
  returned: success
  type: bool
  sample: false
fits_at_home:
  description:
    - Whether everything that runs in the burst would find room in the data centre. Empty if it is unknown what runs
      there.
  returned: success
  type: bool
  sample: false
waiting:
  description: The pods that wait for room and that a burst can help.
  returned: success
  type: dict
  contains:
    pods:
      description: How many there are.
      type: int
      returned: always
      sample: 7
    longest:
      description: How many seconds the first of them has waited.
      type: int
      returned: always
      sample: 131
    lacking:
      description: How many of them lack which resource.
      type: dict
      returned: always
      sample: {cpu: 7}
    names:
      description: Their namespaces and names.
      type: list
      elements: str
      returned: always
      sample: [shop/web-5d8c7b9f6-2xkqj]
not_counted:
  description: The pods that wait for room and that a burst cannot help.
  returned: success
  type: list
  elements: dict
  contains:
    pod:
      description: Namespace and name.
      type: str
      returned: always
      sample: shop/orders-0
    why:
      description: Why a burst cannot help it.
      type: str
      returned: always
      sample: its volume data stays in the data centre
autoscalers:
  description: The autoscalers that want more pods than they may create.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Its namespace.
      type: str
      returned: always
      sample: shop
    name:
      description: Its name.
      type: str
      returned: always
      sample: web
    maximum:
      description: How many pods it may create.
      type: int
      returned: always
      sample: 10
    extra:
      description: How many more pods it would create, according to its metrics, at least one.
      type: int
      returned: always
      sample: 4
    seconds:
      description: For how many seconds.
      type: int
      returned: always
      sample: 200
    not_counted:
      description: Why a burst cannot help it, so that it does not count. Empty if it counts.
      type: str
      returned: always
      sample: ""
nodes:
  description: The nodes in the data centre that take pods of applications.
  returned: success
  type: dict
  contains:
    count:
      description: How many there are.
      type: int
      returned: always
      sample: 3
    allocatable:
      description: What they have for pods, as C(cpu) in cores, C(memory_mib) and C(pods).
      type: dict
      returned: always
      sample: {cpu: 12.0, memory_mib: 46080, pods: 330}
    requested:
      description: What is requested of that.
      type: dict
      returned: always
      sample: {cpu: 11.5, memory_mib: 20480, pods: 61}
    free:
      description: What is left of that.
      type: dict
      returned: always
      sample: {cpu: 0.5, memory_mib: 25600, pods: 269}
    requested_percent:
      description: How many percent are requested of whichever of the three is requested most.
      type: float
      returned: always
      sample: 95.8
burst:
  description: What there is of the burst.
  returned: success
  type: dict
  contains:
    member:
      description: Whether its cluster is in the federation.
      type: bool
      returned: always
      sample: true
    ready:
      description: Whether KubeFed reports it as Ready.
      type: bool
      returned: always
      sample: true
    under_way:
      description: Whether a playbook is working on the burst.
      type: bool
      returned: always
      sample: false
    pods:
      description: How many pods of applications run on it. Empty if unknown.
      type: int
      returned: always
      sample: 7
    nodes:
      description: How many nodes it has.
      type: int
      returned: always
      sample: 2
needs:
  description:
    - What the burst's nodes must hold, which is what waits, what autoscalers want to create and what runs there
      already. M(cloudburst.federation.node_group_plan) takes it.
  returned: success
  type: list
  elements: dict
  contains:
    cpu:
      description: Cores that each of these pods requests.
      type: float
      returned: always
      sample: 0.35
    memory_mib:
      description: MiB of memory that each of them requests.
      type: int
      returned: always
      sample: 512
    alone:
      description: What they have in common if no two of them may run on the same node, otherwise empty.
      type: str
      returned: always
      sample: ""
    count:
      description: How many of them there are.
      type: int
      returned: always
      sample: 7
memory:
  description: What should be written into the C(ConfigMap), as texts with times, empty for what has not happened.
  returned: success
  type: dict
  sample:
    full_since: ""
    idle_since: ""
    up_begun: "2026-11-27T10:00:00Z"
    up_ended: ""
    down_begun: ""
    down_ended: ""
    worked: ""
memory_version:
  description:
    - The C(resourceVersion) of the C(ConfigMap) as it was read, empty if there is none. Write RV(memory) with it, so
      that the API server rejects it if another watch has written since.
  returned: success
  type: str
  sample: "48213"
"""

from datetime import UTC, datetime

from ..module_utils._capacity.judgement import judge, summary
from ..module_utils._capacity.options import demand_spec, read_limits, read_question
from ..module_utils._capacity.reading import look
from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.module import run_reading
from ..module_utils._runtime.argspec import kube_spec
from ..module_utils._runtime.module import QuietModule, Result


def demand(module: QuietModule) -> Result:
    """What the module returns: one look."""
    question, limits = read_question(module.params), read_limits(module.params)
    now = datetime.now(UTC)
    found = look(connect_as(module.params, label="host cluster"), question, now)
    if found.unknown:
        module.warn(f"It is unknown what runs in the burst: {found.unknown}")
    version = ((found.found or {}).get("metadata") or {}).get("resourceVersion") or ""
    return {**summary(now, found.seen, judge(now, found.seen, found.memory, limits)), "memory_version": version}


def main() -> None:
    """Options in, one call, result out."""
    module = QuietModule(argument_spec={**kube_spec(), **demand_spec()}, supports_check_mode=True)
    run_reading(module, demand)


if __name__ == "__main__":
    main()
