# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vpn_tunnels
short_description: Extract the tunnels of an AWS Site-to-Site VPN connection
version_added: 1.0.0
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Reads the C(CustomerGatewayConfiguration) of an AWS Site-to-Site VPN connection and returns its tunnels. The values
    are validated and can be written to a configuration file as they are.
  - The document lists the weakest algorithms. They are replaced with those that AWS accepts and that should be used
    today.
  - A document is rejected if it has a document type declaration, more than 65536 characters, or a value that AWS would
    not send. So is one whose keys are in AWS Secrets Manager, since they are not in the document.
notes:
  - The result contains the pre-shared keys. Use C(no_log) on tasks that handle it.
options:
  _input:
    description: The XML text.
    type: str
    required: true
seealso:
  - module: amazon.aws.ec2_vpc_vpn_info
"""

EXAMPLES = r"""
- name: Read the connection
  amazon.aws.ec2_vpc_vpn_info:
    vpn_connection_ids: vpn-0123456789abcdef0
  register: connection
  no_log: true

- name: Show the addresses of AWS's tunnel endpoints
  ansible.builtin.debug:
    msg: >-
      {{ connection.vpn_connections[0].customer_gateway_configuration
         | cloudburst.federation.vpn_tunnels | map(attribute='remote_address') }}
"""

RETURN = r"""
_value:
  description: The tunnels, in the order of their outside addresses.
  type: list
  elements: dict
  contains:
    remote_address:
      description: Public address of AWS's tunnel endpoint.
      type: str
      sample: 198.51.100.20
    local_address:
      description: Public address of the customer gateway.
      type: str
      sample: 203.0.113.10
    inside_local:
      description: The customer gateway's address inside the tunnel. Its network has a 30-bit prefix.
      type: str
      sample: 169.254.10.2
    inside_remote:
      description: AWS's address inside the tunnel.
      type: str
      sample: 169.254.10.1
    psk:
      description: The pre-shared key. It is secret.
      type: str
      sample: VALUE_SPECIFIED_IN_NO_LOG_PARAMETER
    ike_lifetime:
      description: Lifetime of the IKE security association, in seconds.
      type: int
      sample: 28800
    ike_proposals:
      description: IKE proposals in strongSwan's notation, best first.
      type: list
      elements: str
      sample: [aes256gcm16-prfsha384-ecp384]
    esp_lifetime:
      description: Lifetime of the ESP security associations, in seconds.
      type: int
      sample: 3600
    esp_proposals:
      description: ESP proposals in strongSwan's notation, best first.
      type: list
      elements: str
      sample: [aes256gcm16-ecp384]
    tcp_mss:
      description: Maximum segment size for TCP that AWS recommends.
      type: int
      sample: 1379
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.cloudburst.federation.plugins.plugin_utils._customer_gateway import (
    CustomerGatewayError,
    Tunnel,
    tunnels,
)


def vpn_tunnels(document: t.Any) -> list[Tunnel]:
    """The filter; see DOCUMENTATION."""
    try:
        return tunnels(document)
    except CustomerGatewayError as exc:
        raise AnsibleFilterError(f"The VPN connection's CustomerGatewayConfiguration cannot be used: {exc}.") from None


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name → function."""
        return {"vpn_tunnels": vpn_tunnels}
