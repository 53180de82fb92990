#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_group_plan
short_description: Calculate how many EKS nodes pods need, and what they cost
version_added: 1.0.0
description:
  - Packs pods into the cpu, memory and pod slots of EC2 instance types, as EKS sets up its nodes. What the node, its
    agents and CoreDNS need themselves is taken off.
  - The packing is first-fit decreasing. If it fills more than 90 percent, one more node is planned, since the scheduler
    packs less tightly.
  - It changes nothing.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
options:
  needs:
    description:
      - Pods, in the form of RV(cloudburst.federation.cluster_pressure#module:needs).
    type: list
    elements: dict
    default: []
    suboptions:
      cpu:
        description:
          - Cores that each of them requests.
        type: float
        default: 0
      memory_mib:
        description:
          - MiB of memory that each of them requests.
        type: int
        default: 0
      alone:
        description:
          - If set, no two of them run on the same node.
        type: str
        default: ""
      count:
        description:
          - How many of them there are.
        type: int
        default: 1
  instance_types:
    description:
      - The instance types that are allowed. Any of them may be used, so each node is counted as what all of them have.
    type: list
    elements: str
    required: true
  min_nodes:
    description:
      - How many nodes there are at least.
    type: int
    default: 1
  max_nodes:
    description:
      - How many nodes there are at most.
    type: int
    default: 10
  current_nodes:
    description:
      - How many nodes there are now. The plan never has fewer, since the pods on them would be moved for nothing.
    type: int
    default: 0
  max_hourly_cost:
    description:
      - The most US dollars per hour that the burst may cost. If the plan costs more, the module fails with the sum.
    type: float
  fixed:
    description:
      - What else is paid by the hour, as in RV(cloudburst.federation.eks_leftovers#module:running[].kind), and how
        many of each.
    type: dict
    default: {}
seealso:
  - module: cloudburst.federation.cluster_pressure
"""

EXAMPLES = r"""
- name: See what waits
  cloudburst.federation.cluster_pressure:
    name: vulcan
  register: demand

- name: Calculate the nodes for it
  cloudburst.federation.node_group_plan:
    region: eu-central-1
    instance_types: [m6i.large, m6a.large]
    needs: "{{ demand.needs }}"
    max_nodes: 6
    max_hourly_cost: 1.5
    fixed: {cluster: 1, natgateway: 1, elastic-ip: 1, vpn-connection: 1}
  register: plan
"""

RETURN = r"""
nodes:
  description: How many nodes to create.
  returned: success
  type: int
  sample: 2
instance_types:
  description: The instance types, the cheapest first.
  returned: success
  type: list
  elements: str
  sample: [m6a.large, m6i.large]
short:
  description: How many pods would still find no room, because they are too large or O(max_nodes) is too low.
  returned: success
  type: int
  sample: 0
too_large:
  description: How many of these not even an empty node would take.
  returned: success
  type: int
  sample: 0
missing:
  description: What the pods without room request.
  returned: success
  type: dict
  contains:
    cpu:
      description: Cores.
      returned: success
      type: float
      sample: 1.5
    memory_mib:
      description: MiB of memory.
      returned: success
      type: int
      sample: 3072
hourly_cost:
  description:
    - What the burst would cost at most in US dollars per hour, based on RV(prices). Empty if the price of an instance
      type is unknown.
  returned: success
  type: float
  sample: 0.397
prices:
  description:
    - The prices on which the cost is based, those of the region from AWS's price list if the credentials allow
      C(pricing:GetProducts) and AWS answers, and of a dated table otherwise.
  returned: success
  type: str
  sample: list prices of us-east-1 in June 2026
"""

import math

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import calling, patience
from ..module_utils._capacity.amounts import Amount
from ..module_utils._capacity.instances import check_cost, cost, kind_of, planned
from ..module_utils._capacity.packing import Load
from ..module_utils._costs.clients import prices_of
from ..module_utils._runtime.errors import InvalidOption
from ..module_utils._runtime.module import Result, run_reading

# Until AWS has answered.
SECONDS = 30


def plan(aws: AnsibleAWSModule) -> Result:
    """What the module returns."""
    params = aws.params
    limit = params["max_hourly_cost"]
    if limit is not None and not 0 < limit < math.inf:
        raise InvalidOption(f"max_hourly_cost is {limit}; it must be more than 0 (US dollars per hour).")
    if not params["instance_types"] or not 1 <= params["min_nodes"] <= params["max_nodes"]:
        raise InvalidOption(
            f"min_nodes is {params['min_nodes']} and max_nodes {params['max_nodes']}; 1 <= min_nodes <= max_nodes is"
            " allowed, and instance_types must name one type or more."
        )
    loads = [
        Load("", Amount(round(need["cpu"] * 1000), need["memory_mib"] * 2**20, 1), alone=need["alone"])
        for need in params["needs"]
        for _index in range(need["count"])
    ]
    with calling("ask EC2 for the instance types"):
        ec2 = aws.client("ec2", config=patience(SECONDS))
        described = ec2.describe_instance_types(InstanceTypes=params["instance_types"])["InstanceTypes"]
    by_name = {entry["InstanceType"]: kind_of(entry) for entry in described}
    kinds = [by_name[name] for name in params["instance_types"]]
    found = planned(loads, kinds, least=params["min_nodes"], most=params["max_nodes"], there=params["current_nodes"])
    prices = prices_of(aws)
    fixed = [(str(kind), int(number)) for kind, number in params["fixed"].items()]
    known = all(prices.instance(kind.name) is not None for kind in kinds)
    hourly = cost(found, fixed=fixed, prices=prices) if known or limit is not None else None
    if limit is not None and hourly is not None:
        check_cost(found, hourly, limit, prices)
    return {
        "nodes": found.nodes,
        "instance_types": [kind.name for kind in found.kinds],
        "short": found.short,
        "too_large": found.too_large,
        "missing": {"cpu": found.missing.cpu / 1000, "memory_mib": found.missing.memory // 2**20},
        "hourly_cost": hourly,
        "prices": prices.source,
    }


def main() -> None:
    """Run the module."""
    need = {
        "cpu": {"type": "float", "default": 0},
        "memory_mib": {"type": "int", "default": 0},
        "alone": {"type": "str", "default": ""},
        "count": {"type": "int", "default": 1},
    }
    aws = AnsibleAWSModule(
        argument_spec={
            "needs": {"type": "list", "elements": "dict", "default": [], "options": need},
            "instance_types": {"type": "list", "elements": "str", "required": True},
            "min_nodes": {"type": "int", "default": 1},
            "max_nodes": {"type": "int", "default": 10},
            "current_nodes": {"type": "int", "default": 0},
            "max_hourly_cost": {"type": "float"},
            "fixed": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_reading(aws, plan)


if __name__ == "__main__":
    main()
