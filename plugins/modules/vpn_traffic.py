#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_traffic
short_description: Wait until traffic passes through the VPN tunnels of a burst
version_added: 1.0.0
description:
  - Checks the tunnels that the role P(cloudburst.federation.site_to_site_vpn#role) set up on the firewall until traffic
    passes through them. While waiting, it shows the state of each tunnel and the last message of strongSwan.
  - It waits for both tunnels. After a minute, one tunnel through which traffic passes is enough.
  - It changes nothing.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._wait
options:
  script:
    description:
      - Path of the script that the role installed on the firewall.
    type: path
    required: true
  probe_host:
    description:
      - The name or address of a host that must answer through the tunnels. The default is the peer's addresses inside
        the tunnels.
    type: str
  probe_port:
    description:
      - The TCP port of O(probe_host).
    type: int
    default: 443
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Wait until the cluster's endpoint answers through the tunnels
  cloudburst.federation.vpn_traffic:
    script: /etc/swanctl/cloudburst-vulcan/tunnel
    probe_host: 1f2e3d.gr7.eu-central-1.eks.amazonaws.com
    wait_timeout: 600
"""

RETURN = r"""
passes:
  description: Whether traffic passes.
  returned: always
  type: bool
  sample: true
tunnels:
  description: The state of each tunnel, and whether the host answers.
  returned: always
  type: list
  elements: str
  sample:
    - tunnel 1 (198.51.100.10, ipsec0) is up, 840 bytes in, 840 bytes out
    - >-
      tunnel 2 (198.51.100.11) is down, its service is active, strongSwan last said: retransmit 2 of request with
      message ID 0
    - 10.11.0.5 port 443 answers
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._runtime.argspec import wait_spec
from ..module_utils._runtime.errors import TerminalState, WaitTimeout
from ..module_utils._runtime.module import Run, run_module
from ..module_utils._runtime.wait import PollResult

# AWS may be at work on one of the tunnels: so long the second one is waited for.
BOTH_SECONDS = 60
# The exit status of the script: both tunnels are up, only one is and traffic passes, or nothing passes.
WELL = 0
ONE_IS_ENOUGH = 3
NOTHING = 1


def call(run: Run) -> None:
    """Look at the tunnels, and with wait look again until traffic passes."""
    params = run.module.params

    def look() -> PollResult:
        command = [params["script"], "check", params["probe_host"] or "", str(params["probe_port"])]
        status, output, errors = run.module.run_command(command, handle_exceptions=False)
        if status not in (WELL, ONE_IS_ENOUGH, NOTHING):
            said = " ".join((errors or output).split())
            raise TerminalState(
                f"{params['script']} failed with {status}: {said or 'it says nothing'}. Run the role site_to_site_vpn "
                "again, which writes it again."
            )
        run.result["tunnels"] = output.splitlines()
        run.result["passes"] = status != NOTHING
        patient = run.waiter.elapsed < BOTH_SECONDS and run.waiter.remaining > 0
        return PollResult(status == WELL or (status == ONE_IS_ENOUGH and not patient), "; ".join(run.result["tunnels"]))

    try:
        if not params["wait"]:
            look()
            return
        run.waiter.until("traffic to pass through the tunnels", look)
    except OSError as error:
        raise TerminalState(
            f"{params['script']} cannot be run: {error.strerror}. Run the role site_to_site_vpn, which writes it."
        ) from error
    except WaitTimeout as error:
        last = str(error.details["last"])
        hint = (
            "A tunnel is up: look at the routes back and the rules at the other end (on AWS the VPN connection's "
            "static routes, the route propagation and the security groups), and at the cluster."
            if " is up, " in last
            else "No tunnel is up: check the path from this host to the peer, UDP ports 500 and 4500."
        )
        raise WaitTimeout(f"No traffic passes through the tunnels. {error.message}. {hint}") from error


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "script": {"type": "path", "required": True},
            "probe_host": {"type": "str"},
            "probe_port": {"type": "int", "default": 443},
            **wait_spec(timeout=300),
        },
        supports_check_mode=True,
    )
    run_module(module, call)


if __name__ == "__main__":
    main()
