#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: burst_cost
short_description: Estimate what a burst will cost by the hour
version_added: 1.0.0
description:
  - Reads a CloudFormation template and returns what each of its resources will cost by the hour. Nothing is created.
  - Prices are those of the region from AWS's price list if the credentials allow C(pricing:GetProducts) and AWS
    answers, and of a dated table otherwise. RV(prices) says which.
  - What a burst that exists costs is returned by M(cloudburst.federation.eks_leftovers).
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
options:
  template_body:
    description:
      - The template, in YAML or JSON.
    type: str
    required: true
seealso:
  - module: cloudburst.federation.eks_leftovers
"""

EXAMPLES = r"""
- name: Estimate what a stack will cost
  cloudburst.federation.burst_cost:
    template_body: "{{ lookup('ansible.builtin.file', 'stack.yml') }}"
    region: eu-central-1
  register: cost

- name: Show it
  ansible.builtin.debug:
    msg: "about {{ cost.hourly_cost }} USD an hour by {{ cost.prices }}"
"""

RETURN = r"""
running:
  description: The resources of the template that cost money by the hour.
  returned: success
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
      description: Its logical id.
      returned: success
      type: str
      sample: NatGateway
    hourly_cost:
      description: Approximate cost in US dollars per hour, based on RV(prices). Empty if unknown.
      returned: success
      type: float
      sample: 0.045
hourly_cost:
  description:
    - The sum of the known costs of RV(running).
    - Traffic, requests, and what applications request, such as load balancers and volumes, cost extra.
  returned: success
  type: float
  sample: 0.406
prices:
  description: The prices on which the costs are based.
  returned: success
  type: str
  sample: list prices of us-east-1 in June 2026
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.stacks.template import resources_of
from ..module_utils._cleanup.hourly_costs import planned
from ..module_utils._costs.clients import prices_of
from ..module_utils._runtime.module import Result, run_reading


def estimate(aws: AnsibleAWSModule) -> Result:
    """What the module returns."""
    resources = resources_of(aws.params["template_body"])
    prices = prices_of(aws)
    rows = planned(resources, prices)
    hour = round(sum(row["hourly_cost"] or 0.0 for row in rows), 3)
    return {"running": rows, "hourly_cost": hour, "prices": prices.source}


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(argument_spec={"template_body": {"type": "str", "required": True}}, supports_check_mode=True)
    run_reading(aws, estimate)


if __name__ == "__main__":
    main()
