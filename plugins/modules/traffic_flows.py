#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_flows
short_description: Wait until no connections to some addresses pass through a host
version_added: 1.0.0
description:
  - Reads the established TCP connections that a Linux host tracks, and waits until none of them leads to one of the
    targets, after all translation of addresses.
  - Run it on a firewall that all of these connections pass through, or on all nodes of a cluster.
  - The kernel is asked directly, so C(conntrack) need not be installed.
  - It changes nothing.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._wait
options:
  targets:
    description:
      - Addresses with TCP ports, such as V(10.11.1.34:80) or V([2001:db8::1]:80).
    type: list
    elements: str
    required: true
  wait_timeout:
    description:
      - How many seconds to wait. Connections that are still established then do not fail the task, since a client can
        keep one for as long as it likes. RV(established) tells how many there are.
    type: int
    default: 300
notes:
  - It must run as root. A kernel that does not track connections, or does not tell, is warned of and not waited for.
seealso:
  - module: cloudburst.federation.traffic_endpoints
"""

EXAMPLES = r"""
- name: Wait until nobody uses the pods in the cloud any more
  cloudburst.federation.traffic_flows:
    targets: ["10.11.1.34:80", "10.11.2.17:80"]
    wait_timeout: 60
"""

RETURN = r"""
established:
  description: How many connections to each target are established. Targets without any are left out.
  returned: success
  type: dict
  sample:
    10.11.1.34:80: 2
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.errors import InvalidOption, TerminalState, WaitTimeout
from ..module_utils._runtime.module import Run, run_module
from ..module_utils._runtime.wait import PollResult
from ..module_utils._traffic import flows


def call(run: Run) -> None:
    """Count, and with wait count again until there are none."""
    params = run.module.params
    targets = {flows.parse_target(text): text for text in params["targets"]}
    if None in targets:
        raise InvalidOption(
            f"targets has {targets[None]!r}; an address with a TCP port is wanted, such as 10.11.1.34:80."
        )

    def look() -> PollResult:
        found: dict[str, int] = {}
        for target in flows.all_established() if targets else ():
            if target in targets:
                found[targets[target]] = found.get(targets[target], 0) + 1
        run.result["established"] = found
        return PollResult(not found, ", ".join(f"{count} to {text}" for text, count in sorted(found.items())))

    run.result["established"] = {}
    try:
        if params["wait"]:
            run.waiter.until("connections to end", look)
        else:
            look()
    except TerminalState as error:
        # A burst has to end on such a host, too
        run.warn(f"Connections are not waited for. {error.message}")
    except WaitTimeout as error:
        run.warn(f"After {params['wait_timeout']} s there are still connections: {error.details['last']}.")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "targets": {"type": "list", "elements": "str", "required": True},
            **wait_spec(timeout=300),
        },
        supports_check_mode=True,
    )
    run_module(module, call)


if __name__ == "__main__":
    main()
