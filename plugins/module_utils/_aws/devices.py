# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The configuration that AWS has for a firewall's vendor.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetVpnConnectionDeviceTypes.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetVpnConnectionDeviceSampleConfiguration.html
"""

from __future__ import annotations

import typing as t

from .._runtime.errors import InvalidOption
from .errors import calling

# As the operation GetVpnConnectionDeviceTypes allows, 200 to 1000
_PAGE = 1000


def device_types(ec2: t.Any) -> dict[str, str]:
    """All types of devices that AWS has a configuration for.

    :param ec2: a boto3 client of EC2.
    :returns: name, such as ``Cisco Systems, Inc. ASA 5500 Series ASA 9.7+ VTI``, by id.
    :raises AwsError: AWS does not tell.
    """
    found: dict[str, str] = {}
    pages = ec2.get_paginator("get_vpn_connection_device_types").paginate(PaginationConfig={"PageSize": _PAGE})
    with calling("ask AWS for the types of VPN devices"):
        for entry in (entry for page in pages for entry in page["VpnConnectionDeviceTypes"]):
            words = (entry.get(key, "") for key in ("Vendor", "Platform", "Software"))
            found[entry["VpnConnectionDeviceTypeId"]] = " ".join(word for word in words if word)
    return found


def choose(types: t.Mapping[str, str], wanted: str) -> str:
    """The id of a type of device.

    :param types: of :func:`device_types`.
    :param wanted: an id, or a part of a name, in which capital letters do not count.
    :raises InvalidOption: none or several types are meant; the message lists them.
    """
    if wanted in types:
        return wanted
    meant = {key: name for key, name in types.items() if wanted.lower() in name.lower()}
    exact = [key for key, name in meant.items() if name.lower() == wanted.lower()]
    if len(exact) == 1 or len(meant) == 1:
        return (exact or list(meant))[0]
    listed = "; ".join(f"{name} ({key})" for key, name in sorted((meant or types).items(), key=lambda pair: pair[1]))
    many = "several types of devices fit" if meant else "AWS has no such type of device"
    raise InvalidOption(
        f"device_type: {wanted!r} cannot be used; {many}. It must be the id or name of one of: {listed}."
    )


def configuration(ec2: t.Any, connection: str, device: str, ike: str) -> str:
    """The configuration for a device, which holds the pre-shared keys.

    :param ec2: a boto3 client of EC2.
    :param connection: id of the VPN connection.
    :param device: id of the type of device.
    :param ike: ``ikev1`` or ``ikev2``.
    :raises AwsError: AWS does not tell, as where there is no such connection.
    """
    with calling(f"get the configuration of {connection} for the device"):
        answer = ec2.get_vpn_connection_device_sample_configuration(
            VpnConnectionId=connection, VpnConnectionDeviceTypeId=device, InternetKeyExchangeVersion=ike
        )
    return str(answer["VpnConnectionDeviceSampleConfiguration"])


__all__ = ("choose", "configuration", "device_types")
