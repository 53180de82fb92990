#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_leftovers
short_description: List or remove what the EKS cluster of a burst has left in AWS
version_added: 1.0.0
description:
  - Kubernetes makes load balancers, security groups, network interfaces, nodes and volumes in AWS that no stack knows
    of. They are in the way when the stack is deleted, or go on being paid for afterwards. This module finds them by
    the tags that Kubernetes' controllers put on them, says what each costs, and removes them.
  - It asks AWS alone. It works as well when the cluster does not answer any more, or is gone.
  - Nothing is removed that does not carry the tags of the burst's own cluster. What lives in a VPC has to be in one
    that carries the tag C(cloudburst:burst) with the burst's name. A cluster of this name that does not carry that tag
    is somebody else's, and what carries its tags is left alone, as is what carries tags of another cluster as well.
  - Log groups are named after the cluster and not tagged by it. One that was made in the time of the burst's stack is
    given the tag C(cloudburst:burst) while there is a stack, and is removed once there is no cluster any more.
  - GuardDuty's Runtime Monitoring makes an interface end point and a security group in each VPC with nodes, and never
    takes them away. In the burst's VPC they are removed when there are no nodes any more. With a stack that is being
    deleted, that is waited for.
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
    description: Can run in C(check_mode) and tells what would be removed without removing it.
    details:
      - It is taken for granted that the stack is deleted meanwhile, so that what can go only after it is told too.
options:
  name:
    description:
      - Name of the burst, which is that of its cluster. Its stack is C(cloudburst-) and this name.
    type: str
    required: true
  state:
    description:
      - With V(listed), what is left is only told.
      - With V(absent), it is removed.
    type: str
    choices: [absent, listed]
    default: listed
  volumes:
    description:
      - With V(keep), volumes of EBS stay, with the data that they hold, and are told.
      - With V(remove), they are removed once there is no cluster any more, if they were made since the burst's stack
        was. As long as there is a stack, those are given the tag C(cloudburst:data) with the value C(remove). What an
        earlier cluster of this name has left stays and is told.
      - The same goes for snapshots.
    type: str
    choices: [keep, remove]
    default: keep
  wait_timeout:
    description:
      - How many seconds to wait at most.
    type: int
    default: 900
seealso:
  - module: cloudburst.federation.eks_cleanup
  - module: cloudburst.federation.cloudformation_stack
"""

EXAMPLES = r"""
- name: Show what a burst has left, and what it costs
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
      description: Its status, empty where there is none.
      returned: success
      type: str
      sample: ACTIVE
    own:
      description: Whether it is the burst's, or there is none.
      returned: success
      type: bool
      sample: true
leftovers:
  description:
    - What is there of the burst's beside its stack, the first to go first. With O(state=absent), what is left
      afterwards.
    - Once the stack is gone, also everything else that carries the burst's own tag.
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
      description: Its name. For a volume, the claim that it was made for; for an end point, its service.
      returned: success
      type: str
      sample: shop/orders
    state:
      description: Its state as AWS says it.
      returned: success
      type: str
      sample: available
    why:
      description: By what it is the burst's.
      returned: success
      type: str
      sample: tag kubernetes.io/cluster/vulcan=owned
    kept:
      description: Why it is not removed, if it is not.
      returned: success
      type: str
      sample: it holds data, and volumes is keep
    gib:
      description: GiB that it stores. For a snapshot, the most that it can be.
      returned: success
      type: float
      sample: 20.0
    monthly_cost:
      description: US dollars a month, about, by RV(prices). Empty where it is not known.
      returned: success
      type: float
      sample: 1.6
waits_for_nodes:
  description: Whether something of RV(leftovers) is GuardDuty's, which can go only when the nodes are gone.
  returned: success
  type: bool
  sample: false
removed:
  description: What was removed, or in check mode would be. In the form of RV(leftovers).
  returned: when O(state=absent)
  type: list
  elements: dict
monthly_cost:
  description: The sum of what is known of the costs of RV(leftovers).
  returned: success
  type: float
  sample: 1.6
running:
  description: What there is of the burst's stack and is paid by the hour.
  returned: when O(state=listed), not in check mode
  type: list
  elements: dict
  contains:
    kind:
      description: What it is, as ARNs name it.
      returned: success
      type: str
      sample: natgateway
    what:
      description: What it is, in words.
      returned: success
      type: str
      sample: NAT gateway
    id:
      description: Its id.
      returned: success
      type: str
      sample: nat-0a1b2c3d4e5f60718
    hourly_cost:
      description: US dollars an hour, about, by RV(prices). Empty where it is not known.
      returned: success
      type: float
      sample: 0.045
hourly_cost:
  description:
    - What the burst costs an hour as it is now, of RV(running) and RV(leftovers) together, as far as it is known.
    - Traffic, requests and provisioned performance come on top.
  returned: when O(state=listed), not in check mode
  type: float
  sample: 0.42
prices:
  description: Which prices the costs go by.
  returned: success
  type: str
  sample: list prices of us-east-1 in June 2026
"""

import typing as t

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import calling, patience
from ..module_utils._cleanup.api import SERVICES, Api
from ..module_utils._cleanup.ownership import BURST_TAG
from ..module_utils._cleanup.sweep import Sweep, summary
from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.module import Run, run_module

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def ensure(run: Run, api: Api) -> None:
    """List what is left, or remove it."""
    params = run.module.params
    name = params["name"]
    sweep = Sweep(run, api, name, remove_volumes=params["volumes"] == "remove")
    if not sweep.look():
        warn(
            f"There is an EKS cluster {name} that is not this burst's: it does not carry the tag {BURST_TAG}={name}. "
            "What carries its tags is left alone.",
        )
        sweep.report([])
        if params["state"] == "absent":
            run.result["removed"] = []
        return
    if params["state"] == "listed":
        sweep.tell()
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
        ensure(run, Api(clients))

    # It has what run_module uses of an AnsibleModule, without being one.
    run_module(t.cast("AnsibleModule", aws), call)


if __name__ == "__main__":
    main()
