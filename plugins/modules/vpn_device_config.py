#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_device_config
short_description: Write AWS's configuration of a VPN connection for a firewall's vendor
version_added: 1.0.0
description:
  - Gets the sample configuration that AWS has for a type of customer gateway device, and writes it to a file with mode
    C(0600). It contains the pre-shared keys, unless AWS keeps them in Secrets Manager.
  - The keys are neither returned nor shown in diff mode.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  diff_mode:
    support: none
    details:
      - The file contains keys.
options:
  vpn_connection_id:
    description:
      - ID of the VPN connection.
    type: str
    required: true
  device_type:
    description:
      - Type of the device, either its ID, or its name, which consists of vendor, platform and software, or a part of
        the name that no other type has. The error message lists the types.
    type: str
    required: true
  ike_version:
    description:
      - Version of IKE that the configuration is for.
    type: str
    choices: [ikev1, ikev2]
    default: ikev2
  dest:
    description:
      - Path of the file.
    type: path
    required: true
seealso:
  - module: amazon.aws.ec2_vpc_vpn_info
"""

EXAMPLES = r"""
- name: Write the configuration for a firewall from Palo Alto Networks
  cloudburst.federation.vpn_device_config:
    vpn_connection_id: vpn-0123456789abcdef0
    device_type: PANOS 7.0+
    dest: ~/burst-vpn.txt
    region: eu-central-1
"""

RETURN = r"""
device_type:
  description: Name of the type of the device.
  returned: success
  type: str
  sample: Palo Alto Networks PA Series PANOS 7.0+
dest:
  description: Path of the file.
  returned: success
  type: str
  sample: /root/burst-vpn.txt
"""

import os
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.devices import choose, configuration, device_types
from ..module_utils._aws.errors import patience
from ..module_utils._kube.kubeconfig.files import write
from ..module_utils._runtime.errors import FederationError
from ..module_utils._runtime.files import content

# Until AWS has answered.
SECONDS = 30
MODE = 0o600


def _is_there(path: str, text: str) -> bool:
    try:
        expected = text.encode()
        return content(path, len(expected)) == expected and os.stat(path).st_mode & 0o777 == MODE
    except OSError:
        return False


def write_config(aws: AnsibleAWSModule) -> dict[str, t.Any]:
    """What the module returns."""
    params = aws.params
    ec2 = aws.client("ec2", config=patience(SECONDS))
    types = device_types(ec2)
    device = choose(types, params["device_type"])
    text = configuration(ec2, params["vpn_connection_id"], device, params["ike_version"])
    changed = not _is_there(params["dest"], text)
    if changed and not aws.check_mode:
        write(params["dest"], text, MODE)
    return {"changed": changed, "device_type": types[device], "dest": os.path.abspath(params["dest"])}


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={
            "vpn_connection_id": {"type": "str", "required": True},
            "device_type": {"type": "str", "required": True},
            "ike_version": {"type": "str", "choices": ["ikev1", "ikev2"], "default": "ikev2"},
            "dest": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        result = write_config(aws)
    except FederationError as error:
        aws.fail_json(msg=error.message)
    aws.exit_json(**result)


if __name__ == "__main__":
    main()
