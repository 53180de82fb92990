#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_leftovers
short_description: List or remove what the EKS cluster of a burst left on AWS
version_added: 1.0.0
description:
  - Kubernetes creates load balancers, security groups, network interfaces, nodes and volumes on AWS that are not part
    of any stack. They block the deletion of the stack, or continue to cost money afterwards. This module finds them by
    the tags that Kubernetes' controllers set, shows what each costs, and removes them.
  - It asks only AWS, so it also works when the cluster no longer answers or no longer exists.
  - Only resources with the tags of the burst's own cluster are removed. If they belong to a VPC, that VPC must carry
    the tag C(cloudburst:burst) with the burst's name. A cluster of this name without that tag belongs to somebody else,
    and resources with its tags are left alone, and so are resources that also carry tags of another cluster.
  - Log groups are named after the cluster but not tagged by it. A log group that was created during the lifetime of the
    burst's stack gets the tag C(cloudburst:burst) while the stack exists, and is removed once the cluster no longer
    exists.
  - GuardDuty's Runtime Monitoring creates an interface endpoint and a security group in each VPC with nodes, and never
    removes them. In the burst's VPC, they are removed once there are no more nodes. If the stack is being deleted, the
    module waits for that.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._aws
  - cloudburst.federation._wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return changed status prediction without modifying the target.
    details:
      - The prediction assumes that the stack is deleted in the meantime, so that it includes what can be removed only
        afterwards.
options:
  name:
    description:
      - Name of the burst, which is also the name of its cluster. Its stack is named C(cloudburst-) followed by this
        name.
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
      - With V(listed), leftovers are only reported.
      - With V(absent), they are removed.
    type: str
    choices: [absent, listed]
    default: listed
  volumes:
    description:
      - With V(keep), EBS volumes stay with their data, and are reported.
      - With V(remove), volumes that were created since the burst's stack was created are removed once the cluster no
        longer exists. While the stack exists, they get the tag C(cloudburst:data) with the value C(remove). Volumes
        left by an earlier cluster of this name stay and are reported.
      - The same applies to snapshots.
    type: str
    choices: [keep, remove]
    default: keep
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 900
seealso:
  - module: cloudburst.federation.eks_cleanup
  - module: cloudburst.federation.cloudformation_stack
"""

EXAMPLES = r"""
- name: Show what a burst left, and what it costs
  cloudburst.federation.eks_leftovers:
    name: vulcan
    region: eu-central-1
  register: left

- name: Remove it, but not the data
  cloudburst.federation.eks_leftovers:
    name: vulcan
    region: eu-central-1
    state: absent

- name: Remove the data too
  cloudburst.federation.eks_leftovers:
    name: vulcan
    region: eu-central-1
    state: absent
    volumes: remove
"""

RETURN = r"""
cluster:
  description: The cluster of this name.
  returned: success
  type: dict
  contains:
    status:
      description: Its status, empty if there is no cluster.
      returned: success
      type: str
      sample: ACTIVE
    own:
      description: Whether it belongs to the burst or does not exist.
      returned: success
      type: bool
      sample: true
leftovers:
  description:
    - What the burst has on AWS outside its stack, in the order of removal. With O(state=absent), what is left
      afterwards.
    - Once the stack is gone, this includes everything else that carries the burst's own tag.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      returned: success
      type: str
      sample: volume
    id:
      description: Its id or ARN.
      returned: success
      type: str
      sample: vol-0a1b2c3d4e5f60718
    name:
      description: Its name. For a volume, the claim that it was created for; for an endpoint, its service.
      returned: success
      type: str
      sample: shop/orders
    state:
      description: Its state as reported by AWS.
      returned: success
      type: str
      sample: available
    why:
      description: Why it belongs to the burst.
      returned: success
      type: str
      sample: tag kubernetes.io/cluster/vulcan=owned
    kept:
      description: The reason if it is not removed.
      returned: success
      type: str
      sample: it holds data, and volumes is keep
    gib:
      description: Its size in GiB. For a snapshot, the maximum that it can be.
      returned: success
      type: float
      sample: 20.0
    monthly_cost:
      description: Approximate cost in US dollars per month, based on RV(prices). Empty if unknown.
      returned: success
      type: float
      sample: 1.6
waits_for_nodes:
  description: Whether RV(leftovers) contains something of GuardDuty, which can be removed only once the nodes are gone.
  returned: success
  type: bool
  sample: false
removed:
  description: What was removed, or would be in check mode, in the same form as RV(leftovers).
  returned: when O(state=absent)
  type: list
  elements: dict
monthly_cost:
  description: The sum of the known costs of RV(leftovers).
  returned: success
  type: float
  sample: 1.6
running:
  description: The resources in the burst's stack that cost money by the hour.
  returned: when O(state=listed), not in check mode
  type: list
  elements: dict
  contains:
    kind:
      description: Its type, as in ARNs.
      returned: success
      type: str
      sample: natgateway
    what:
      description: Its type, in words.
      returned: success
      type: str
      sample: NAT gateway
    id:
      description: Its id.
      returned: success
      type: str
      sample: nat-0a1b2c3d4e5f60718
    hourly_cost:
      description: Approximate cost in US dollars per hour, based on RV(prices). Empty if unknown.
      returned: success
      type: float
      sample: 0.045
hourly_cost:
  description:
    - The current hourly cost of the burst, RV(running) and RV(leftovers) together, as far as it is known.
    - Traffic, requests and provisioned performance cost extra.
  returned: when O(state=listed), not in check mode
  type: float
  sample: 0.42
since:
  description: When the burst's stack was created. Empty if there is no stack.
  returned: when O(state=listed), not in check mode
  type: str
  sample: "2026-11-27T08:00:00Z"
cost_so_far:
  description: RV(hourly_cost) for the time since RV(since), in US dollars. Empty if there is no stack.
  returned: when O(state=listed), not in check mode
  type: float
  sample: 1.26
prices:
  description:
    - The prices on which the costs are based.
    - With O(state=listed), those of the region from AWS's price list if the credentials allow C(pricing:GetProducts)
      and AWS answers, and of a dated table otherwise.
  returned: success
  type: str
  sample: list prices of us-east-1 in June 2026
"""

import typing as t

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import calling, patience
from ..module_utils._aws.stacks.ownership import check_owner
from ..module_utils._aws.tags import BURST_TAG
from ..module_utils._cleanup.api import SERVICES, Api
from ..module_utils._cleanup.sweep import Sweep, summary
from ..module_utils._costs.clients import prices_of
from ..module_utils._costs.prices import Prices
from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.module import Run, run_module

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def ensure(run: Run, api: Api, prices: Prices) -> None:
    """List what is left, or remove it."""
    params = run.module.params
    name = params["name"]
    sweep = Sweep(run, api, name, prices, remove_volumes=params["volumes"] == "remove")
    own = sweep.look()
    check_owner(sweep.stack, params)
    if not own:
        warn(
            f"There is an EKS cluster {name} that is not this burst's: it does not carry the tag {BURST_TAG}={name}. "
            "What carries its tags is left alone.",
        )
        sweep.report([])
        if params["state"] == "absent":
            run.result["removed"] = []
        return
    if params["state"] == "listed":
        sweep.report_all()
    elif run.check_mode:
        sweep.predict()
    else:
        try:
            sweep.remove()
        finally:
            if sweep.unmarked:
                warn(
                    f"Not marked as the burst's, and so kept: {summary(list(sweep.unmarked))}. "
                    f"{next(iter(sweep.unmarked.values()))}",
                )
    if params["state"] == "absent":
        rows = run.result["removed"]
        lines = [f"Remove {row['kind'].replace('_', ' ')} {row['name']} ({row['why']})\n" for row in rows]
        run.result["diff"] = {"prepared": "".join(lines)}


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "owner": {"type": "str"},
            "take_over": {"type": "str"},
            "state": {"type": "str", "choices": ["absent", "listed"], "default": "listed"},
            "volumes": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
            **wait_spec(timeout=900),
        },
        supports_check_mode=True,
    )

    def call(run: Run) -> None:
        with calling("make clients for AWS"):
            config = patience(run.waiter.remaining)
            clients = {service: aws.client(service, config=config) for service in SERVICES}
        # While it removes things, nothing waits for a price.
        prices = prices_of(aws) if aws.params["state"] == "listed" else Prices()
        ensure(run, Api(clients), prices)

    # It has what run_module uses of an AnsibleModule, without being one.
    run_module(t.cast("AnsibleModule", aws), call)


if __name__ == "__main__":
    main()
