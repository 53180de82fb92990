#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: burst_lease
short_description: Read a burst's lease and work out its next one
version_added: 1.0.0
description:
  - A burst on AWS has a lease. When it is over, the stack C(cloudburst-NAME-lease) removes the burst from AWS, even if
    nothing in the data centre works any more.
  - This module reads the lease from that stack, and returns what is left of it, what happened if it is over, and the
    lease that a run of the playbook C(burst_up) gives. It changes nothing; the role
    P(cloudburst.federation.eks_lease#role) does.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
options:
  name:
    description:
      - Name of the burst.
    type: str
    required: true
  lease:
    description:
      - How long a new lease is, in minutes, hours or days, such as V(90m), V(8h) or V(2d).
      - With V(off), there is no next lease.
    type: str
    default: "off"
  lease_max:
    description:
      - How long the burst may exist altogether, in the same form, counted from the creation of its stack. With V(off),
        leases can be extended without limit.
      - O(lease) must not be longer. A lease ends when this is up, and RV(next.last) says so.
    type: str
    default: "off"
  owner:
    description:
      - The owner of the burst's stack, as in O(cloudburst.federation.cloudformation_stack#module:owner). If the stack
        belongs to another owner, the module fails, so that nobody gives a lease to another data centre's burst.
    type: str
  take_over:
    description:
      - Another owner, from whom the stack is taken over if it belongs to them.
    type: str
seealso:
  - module: cloudburst.federation.eks_leftovers
"""

EXAMPLES = r"""
- name: Read what is left of a burst's lease
  cloudburst.federation.burst_lease:
    name: vulcan
    region: eu-central-1
  register: lease

- name: Show it
  ansible.builtin.debug:
    msg: "{{ lease.says }}"
"""

RETURN = r"""
state:
  description:
    - V(none) if there is no lease, V(running), V(near) in its last hour, or V(over).
  returned: success
  type: str
  sample: running
end:
  description: When the lease is over, in UTC. Empty if there is no lease.
  returned: success
  type: str
  sample: "2026-11-27T16:00:00Z"
left:
  description: Seconds until the end, negative after it. Empty if there is no lease.
  returned: success
  type: int
  sample: 25200
stack:
  description: Status of the lease's stack. Empty if there is none.
  returned: success
  type: str
  sample: CREATE_COMPLETE
run:
  description: What the stack did when the lease was over. Empty if it has done nothing yet.
  returned: success
  type: dict
  contains:
    status:
      description: Status of the execution.
      returned: success
      type: str
      sample: SUCCEEDED
    began:
      description: When it began, in UTC.
      returned: success
      type: str
      sample: "2026-11-27T16:00:02Z"
    ended:
      description: When it ended, in UTC. Empty if it has not.
      returned: success
      type: str
      sample: "2026-11-27T16:21:40Z"
    says:
      description: What it reported.
      returned: success
      type: str
      sample: The burst vulcan has ended in AWS.
says:
  description: All of it as one sentence.
  returned: success
  type: str
  sample: The lease ends at 2026-11-27T16:00:00Z, in 7 h.
next:
  description: The lease that a run of burst_up gives. Empty if O(lease=off).
  returned: success
  type: dict
  contains:
    given:
      description: When it is given, in UTC. Same as before if the present lease is kept.
      returned: success
      type: str
      sample: "2026-11-27T08:00:00Z"
    end:
      description: When it is over, in UTC.
      returned: success
      type: str
      sample: "2026-11-27T16:00:00Z"
    last:
      description: Whether O(lease_max) ends it, so that it cannot be extended any further.
      returned: success
      type: bool
      sample: false
    left:
      description: Seconds until then.
      returned: success
      type: int
      sample: 28800
    extends:
      description: Whether it is another one than the present lease.
      returned: success
      type: bool
      sample: true
    schedule:
      description: The times of which the lease's stack is made.
      returned: success
      type: dict
"""

import datetime
import time
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import AwsUnavailable, calling, patience
from ..module_utils._aws.stacks.api import StackApi
from ..module_utils._aws.stacks.ownership import check_owner
from ..module_utils._aws.state_machines import last_run
from ..module_utils._aws.tags import STACK_PREFIX
from ..module_utils._burst.lease import (
    Lease,
    Moment,
    in_words,
    is_last,
    moment_of,
    next_lease,
    schedule_of,
    seconds_of,
    stamp,
    state_of,
)
from ..module_utils._runtime.errors import InvalidOption
from ..module_utils._runtime.module import Result, run_reading

# Until AWS has answered, and between two questions.
SECONDS = 120
PAUSE = 2


def _duration(aws: AnsibleAWSModule, option: str) -> int | None:
    try:
        return seconds_of(aws.params[option])
    except ValueError as error:
        allowed = "it must be off, or a number of minutes, hours or days such as 90m, 8h or 2d"
        raise InvalidOption(f"{option}: {aws.params[option]!r} cannot be used; {allowed}") from error


def read(aws: AnsibleAWSModule) -> Result:
    """What the module returns, as soon as AWS answers."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return read_at(aws, datetime.datetime.now(datetime.UTC))
        except AwsUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


def read_at(aws: AnsibleAWSModule, now: Moment) -> Result:
    """What the module returns at a moment."""
    name = aws.params["name"]
    wanted, longest = _duration(aws, "lease"), _duration(aws, "lease_max")
    if wanted is not None and longest is not None and wanted > longest:
        raise InvalidOption(
            f"lease: {aws.params['lease']!r} cannot be used; it must be {aws.params['lease_max']} (lease_max) or less,"
            " or off"
        )
    config = patience(SECONDS)
    with calling("make clients for AWS"):
        stacks = StackApi(aws.client("cloudformation", config=config))
        machines = aws.client("stepfunctions", config=config)
    stack = stacks.find(f"{STACK_PREFIX}{name}-lease")
    big = stacks.find(f"{STACK_PREFIX}{name}")
    check_owner(big, aws.params)
    outputs = {row["OutputKey"]: row["OutputValue"] for row in (stack or {}).get("Outputs") or []}
    given, end = moment_of(outputs.get("Given", "")), moment_of(outputs.get("End", ""))
    held = Lease(given, end) if given and end else None
    over = end is not None and end <= now
    result: dict[str, t.Any] = {
        "state": state_of(now, end),
        "end": f"{stamp(end)}Z" if end else None,
        "left": int((end - now).total_seconds()) if end else None,
        "stack": stack["StackStatus"] if stack else None,
        "run": last_run(machines, outputs["Machine"], given) if given and over and "Machine" in outputs else None,
        "next": None,
    }
    result["says"] = says(now, end, result["run"])
    if wanted is not None:
        # A stack that is going counts no more: the next one is another.
        made = big["CreationTime"] if big and "DELETE" not in big["StackStatus"] else None
        lease = next_lease(now, wanted, longest, made, held)
        result["next"] = {
            "given": f"{stamp(lease.given)}Z",
            "end": f"{stamp(lease.end)}Z",
            "extends": lease != held,
            "last": is_last(lease, longest, made or now),
            "left": int((lease.end - now).total_seconds()),
            "schedule": schedule_of(lease),
        }
    return result


def says(now: Moment, end: Moment | None, run: t.Mapping[str, t.Any] | None) -> str:
    """The state of a lease, in one or two sentences."""
    if end is None:
        return "There is no lease: the burst lives until burst_down ends it."
    left = (end - now).total_seconds()
    if left > 0:
        return f"The lease ends at {stamp(end)}Z, in {in_words(left)}."
    over = f"The lease was over at {stamp(end)}Z, {in_words(left)} ago."
    if run is None:
        return f"{over} Nothing has ended the burst in AWS yet."
    if run["status"] == "RUNNING":
        return f"{over} AWS has been removing the burst since {run['began']}."
    said = run["says"] or "There was nothing to remove any more."
    return f"{over} {said} ({run['status']}, {run['ended']})"


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "lease": {"type": "str", "default": "off"},
            "lease_max": {"type": "str", "default": "off"},
            "owner": {"type": "str"},
            "take_over": {"type": "str"},
        },
        supports_check_mode=True,
    )
    run_reading(aws, read)


if __name__ == "__main__":
    main()
