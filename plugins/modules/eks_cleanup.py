#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cleanup
short_description: Have a burst's EKS cluster remove what it created on AWS
version_added: 1.0.0
description:
  - Removes the objects for which a cluster's controllers created something on AWS, while the controllers still run and
    can clean up. These are all Gateways, Ingresses and Services of type C(LoadBalancer), Karpenter's node pools, nodes
    and node classes and, if data may be removed, the claims with an EBS volume and the snapshots of such volumes.
  - In either state, volumes and snapshots that carry no cluster's tag on AWS get the tag C(cloudburst:burst) with the
    burst's name. The EBS driver does not set a tag with the cluster unless it is configured to, and once the cluster is
    gone, nobody could tell whose data it was.
  - It is meant for a cluster that is about to be deleted. All objects of these types are removed, whoever owns them.
  - It reaches the cluster with only the AWS credentials. No kubeconfig is needed.
  - It is not an error if the cluster does not answer or does not remove something in time. The module warns, and
    M(cloudburst.federation.eks_leftovers) removes what is left on AWS.
  - A cluster that does not carry the tag C(cloudburst:burst) with the burst's name belongs to somebody else and is not
    changed.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._aws
  - cloudburst.federation._wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
requirements:
  - kubernetes >= 24.2.0
options:
  name:
    description:
      - Name of the burst, which is also the name of its cluster.
    type: str
    required: true
  owner:
    description:
      - The owner of the burst's stack, as in M(cloudburst.federation.cloudformation_stack). If it is set, and the stack
        belongs to somebody else, nothing is changed and the task fails. An empty string stands for nobody.
    type: str
  take_over:
    description:
      - Another owner, from whom the stack is taken over if it belongs to them.
    type: str
  state:
    description:
      - With V(volumes_protected), EBS volumes and their snapshots are protected from being deleted with their claims,
        unless O(volumes=remove). Nothing is removed. Use it before the applications are withdrawn. A cluster with
        deletion protection is rejected.
      - With V(drained), all objects for which the cluster's controllers created something on AWS are removed.
    type: str
    choices: [volumes_protected, drained]
    default: drained
  volumes:
    description:
      - With V(keep), EBS volumes stay on AWS with their data. Their reclaim policy becomes C(Retain), and so does the
        deletion policy of snapshots.
      - With V(remove), they are removed after the pods that use them have been stopped. Their reclaim policy becomes
        C(Delete).
      - Volumes and snapshots that were not created for a claim always stay.
    type: str
    choices: [keep, remove]
    default: keep
  wait_timeout:
    description:
      - How many seconds to wait until the cluster has removed everything.
    type: int
    default: 300
seealso:
  - module: cloudburst.federation.eks_leftovers
"""

EXAMPLES = r"""
- name: Keep the data when applications are withdrawn
  cloudburst.federation.eks_cleanup:
    name: vulcan
    region: eu-central-1
    state: volumes_protected

- name: Remove the load balancers, but keep the data
  cloudburst.federation.eks_cleanup:
    name: vulcan
    region: eu-central-1
"""

RETURN = r"""
exists:
  description: Whether there is a cluster of this name, whoever it belongs to.
  returned: success
  type: bool
  sample: true
own:
  description: Whether it is the burst's, which its tag C(cloudburst:burst) shows. Any other is left alone.
  returned: success
  type: bool
  sample: true
reached:
  description: Whether the cluster could be reached.
  returned: success
  type: bool
  sample: true
reason:
  description: Why the cluster could not be reached.
  returned: when it could not be reached
  type: str
  sample: There is no EKS cluster vulcan.
removed:
  description: What was removed from the cluster, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["services shop/web"]
stuck:
  description: What was still there at the end of the timeout.
  returned: success
  type: list
  elements: str
  sample: []
volumes:
  description: Ids of the EBS volumes that the cluster created.
  returned: success
  type: list
  elements: str
  sample: ["vol-0a1b2c3d4e5f60718"]
snapshots:
  description: Ids of the EBS snapshots that the cluster created.
  returned: success
  type: list
  elements: str
  sample: []
marked:
  description: Ids of the volumes and snapshots that got the burst's tag, or would get it in check mode.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.eks import clusters, reach, tokens
from ..module_utils._aws.errors import AwsError, AwsUnavailable, CredentialsRejected, calling, patience
from ..module_utils._aws.stacks.advice import UNPROTECT_CLUSTER
from ..module_utils._aws.stacks.ownership import check_owner
from ..module_utils._aws.tags import BURST_TAG
from ..module_utils._cleanup.api import Api
from ..module_utils._cleanup.in_cluster import ClusterCleanup, disk, image
from ..module_utils._cleanup.kinds import data_by_id
from ..module_utils._cleanup.leftovers import is_unmarked
from ..module_utils._cleanup.ownership import is_own
from ..module_utils._cleanup.sweep import summary
from ..module_utils._kube.client import KUBERNETES_IMPORT_ERROR, Client
from ..module_utils._kube.connect import connect_with_token
from ..module_utils._kube.diff import Changes
from ..module_utils._kube.errors import ApiError, Unreachable
from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.errors import TerminalState
from ..module_utils._runtime.module import Run, run_module

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# In any other status its API is not there, not yet or no more:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html (status)
_ANSWERING = ("ACTIVE", "UPDATING")


def connected(aws: AnsibleAWSModule, run: Run, eks: t.Any) -> tuple[Client | None, str]:
    """A client of the burst's cluster, or why there is none."""
    name = aws.params["name"]
    cluster = Api({"eks": eks}).cluster(name)
    run.result["exists"] = cluster is not None
    run.result["own"] = cluster is not None and is_own(cluster, name)
    if cluster is None:
        return None, f"There is no EKS cluster {name}."
    if not run.result["own"]:
        return None, f"The EKS cluster {name} is not this burst's: it does not carry the tag {BURST_TAG}={name}."
    if cluster.get("deletionProtection") and aws.params["state"] == "volumes_protected":
        raise TerminalState(
            f"The EKS cluster {name} is protected from deletion. Disable the protection with: "
            f"{UNPROTECT_CLUSTER.format(cluster=name)}",
        )
    if cluster["status"] not in _ANSWERING:
        return None, f"The EKS cluster {name} is {cluster['status']}."
    credentials = clusters.caller_credentials(get_aws_connection_info(aws)[2])[0]
    token = tokens.sign(credentials, clusters.identifier(cluster), eks.meta.region_name)
    certificate = reach.certificate(cluster).encode()
    return connect_with_token(cluster["endpoint"], certificate, token, proxy="", label=name), ""


def mark(run: Run, cleanup: ClusterCleanup, api: Api) -> None:
    """Tag the cluster's data on AWS with the burst's name if no other tag shows whose it is."""
    name = run.module.params["name"]
    run.result["volumes"] = [str(disk(volume)) for volume in cleanup.volumes()]
    run.result["snapshots"] = [str(image(content)) for content in cleanup.snapshots()]
    marked: list[str] = run.slice_state.setdefault("marked", [])
    not_marked: dict[str, str] = {}
    try:
        for thing in data_by_id(api, run.result["volumes"], run.result["snapshots"]):
            if not is_unmarked(thing, name) or thing.id in marked:
                continue
            try:
                if not run.check_mode:
                    api.tag_data(thing, name)
            except (AwsUnavailable, CredentialsRejected):
                raise
            except AwsError as error:
                not_marked[thing.id] = error.message
                continue
            cleanup.changes.record(f"{thing.kind} {thing.id}", {BURST_TAG: None}, {BURST_TAG: name})
            marked.append(thing.id)
    finally:
        run.result["marked"] = list(marked)
    if not_marked:
        warn(
            f"Nothing on AWS tells later that this data was the burst's: {summary(list(not_marked))}. Note it down, or "
            f"allow what is missing. {next(iter(not_marked.values()))}",
        )


def ensure(run: Run, client: Client, api: Api) -> None:
    """Bring the cluster to the state that is asked for."""
    params = run.module.params
    changes = Changes()
    cleanup = ClusterCleanup(client, run.waiter, changes, run.slice_state, check_mode=run.check_mode)
    try:
        if params["volumes"] == "keep":
            cleanup.protect_volumes()
        mark(run, cleanup, api)
        if params["state"] == "drained":
            run.result["stuck"] = cleanup.drain(volumes=params["volumes"] == "remove", wait=params["wait"])
            if run.result["stuck"]:
                warn(
                    f"The cluster {client.label} has not removed within {params['wait_timeout']} s: "
                    f"{', '.join(run.result['stuck'])}. What it created on AWS for these is removed there.",
                )
    finally:
        run.result["removed"] = list(run.slice_state.get("removed") or [])
        run.result["changed"] = bool(changes)
        run.result["diff"] = changes.diff


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "owner": {"type": "str"},
            "take_over": {"type": "str"},
            "state": {"type": "str", "choices": ["volumes_protected", "drained"], "default": "drained"},
            "volumes": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
            **wait_spec(timeout=300),
        },
        supports_check_mode=True,
    )
    if KUBERNETES_IMPORT_ERROR:
        aws.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_IMPORT_ERROR)

    def call(run: Run) -> None:
        run.result.update(reached=False, removed=[], stuck=[], volumes=[], snapshots=[], marked=[])
        with calling("make clients for AWS"):
            config = patience(run.waiter.remaining)
            clients = {service: aws.client(service, config=config) for service in ("cloudformation", "ec2", "eks")}
        # The cluster is found by the burst's name alone, which another data centre's burst can have too.
        check_owner(Api(clients).stack(aws.params["name"]), aws.params)
        client, reason = connected(aws, run, clients["eks"])
        if client is not None:
            try:
                ensure(run, client, Api(clients))
                run.result["reached"] = True
            except (Unreachable, ApiError) as error:
                if isinstance(error, ApiError) and error.status not in (401, 403):
                    raise
                reason = error.message
                warn(f"{reason} What the cluster {aws.params['name']} created on AWS is removed there.")
        if reason:
            run.result["reason"] = reason

    # It has what run_module uses of an AnsibleModule, without being one.
    run_module(t.cast("AnsibleModule", aws), call)


if __name__ == "__main__":
    main()
