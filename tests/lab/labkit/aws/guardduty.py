# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GuardDuty's Runtime Monitoring with automated agents, as an organisation turns it on for all of its accounts.

`<state>/aws/organisation.json` says whether it is on, and is read again at each look: {"guardduty": true}. In each VPC
with nodes it makes an interface end point and a group for it, makes them anew as long as there are nodes, and never
takes them away: https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-eks.html. What they are
called, hashicorp/terraform-provider-aws#46953 has.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import typing as t
from pathlib import Path

from labkit.aws import network, seams
from labkit.aws.seams import Answer, AwsError

logger = logging.getLogger("lab.guardduty")

TAG = {"Key": "GuardDutyManaged", "Value": "true"}
# Seconds for which an end point and its interfaces outlive the call that deletes it. On AWS it is minutes.
LINGER = 2.0
_LOOK = 0.5


def install() -> None:
    """Let the end points that have interfaces go as slowly as on AWS."""
    seams.replace_ec2_action("DeleteVpcEndpoints", _delete_endpoints)


class GuardDuty:
    """What looks after the VPCs of one account and region."""

    def __init__(self, file: Path, scope: tuple[str, str]) -> None:
        self._file = file
        self._scope = scope

    def start(self) -> None:
        """Look after every VPC from now on."""
        threading.Thread(target=self._run, daemon=True, name="lab-guardduty").start()

    def _run(self) -> None:
        seams.enter(*self._scope)
        while True:
            time.sleep(_LOOK)
            try:
                if self._is_on():
                    for group in list(seams.eks("nodegroups").values()):
                        if group["status"] == "ACTIVE":
                            _guard(group["subnets"])
            except Exception:
                logger.exception("a VPC could not be guarded; it is tried again")

    def _is_on(self) -> bool:
        try:
            return json.loads(self._file.read_text()).get("guardduty") is True
        except (OSError, ValueError, AttributeError):
            return False


def _guard(subnets: t.Sequence[str]) -> None:
    """Make the end point and its group in the VPC of these subnets, if they are not there."""
    vpc = str(seams.store("subnets")[subnets[0]]["VpcId"])
    service = f"com.amazonaws.{seams.region()}.guardduty-data"
    if any((e["VpcId"], e["ServiceName"]) == (vpc, service) for e in seams.store("vpc_endpoints").values()):
        return
    group = _group(vpc)
    made = seams.ec2(
        "CreateVpcEndpoint",
        VpcId=vpc,
        VpcEndpointType="Interface",
        ServiceName=service,
        **{f"SubnetId.{number}": subnet for number, subnet in enumerate(subnets, 1)},
    )
    endpoint_id = made.findtext("vpcEndpoint/vpcEndpointId", "")
    _tag(endpoint_id)
    interfaces = [_interface(endpoint_id, subnet, group) for subnet in subnets]
    seams.store("vpc_endpoints")[endpoint_id]["NetworkInterfaceIds"] = interfaces


def _group(vpc: str) -> str:
    name = f"GuardDutyManagedSecurityGroup-{vpc}"
    for group in seams.store("security_groups").values():
        if (group["VpcId"], group["GroupName"]) == (vpc, name):
            return str(group["GroupId"])
    made = seams.ec2("CreateSecurityGroup", GroupName=name, GroupDescription="Associated with VPC-endpoint", VpcId=vpc)
    group_id = made.findtext("groupId", "")
    _tag(group_id)
    return group_id


def _interface(endpoint_id: str, subnet: str, group: str) -> str:
    made = seams.ec2(
        "CreateNetworkInterface",
        SubnetId=subnet,
        Description=f"VPC Endpoint Interface {endpoint_id}",
        **{"SecurityGroupId.1": group},
    )
    interface_id = made.findtext("networkInterface/networkInterfaceId", "")
    attachment = {"AttachmentId": f"ela-attach-{network.hexadecimal()}", "DeviceIndex": 1, "Status": "attached"}
    attachment["AttachTime"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    seams.store("network_interfaces")[interface_id].update(Status="in-use", Attachment=attachment)
    return interface_id


def _tag(resource_id: str) -> None:
    seams.ec2("CreateTags", **{"ResourceId.1": resource_id, "Tag.1.Key": TAG["Key"], "Tag.1.Value": TAG["Value"]})


def _delete_endpoints(original: seams.Action) -> seams.Action:
    def run(query: dict[str, t.Any]) -> Answer:
        endpoints = seams.store("vpc_endpoints")
        ids = seams.ec2_list(query, "VpcEndpointId")
        missing = [endpoint_id for endpoint_id in ids if endpoint_id not in endpoints]
        if missing:
            message = f"The Vpc Endpoint Id '{missing[0]}' does not exist"
            return seams.ec2_error(AwsError("InvalidVpcEndpointId.NotFound", message))
        slow = [endpoint_id for endpoint_id in ids if endpoints[endpoint_id].get("NetworkInterfaceIds")]
        for endpoint_id in slow:
            endpoints[endpoint_id]["State"] = "deleting"
            _remove_later(endpoint_id)
        rest = [endpoint_id for endpoint_id in ids if endpoint_id not in slow]
        return original({f"VpcEndpointId.{number}": [each] for number, each in enumerate(rest, 1)})

    return run


def _remove_later(endpoint_id: str) -> None:
    scope = (seams.account(), seams.region())

    def remove() -> None:
        seams.enter(*scope)
        endpoint = seams.store("vpc_endpoints").pop(endpoint_id, None) or {}
        for interface in endpoint.get("NetworkInterfaceIds", []):
            seams.store("network_interfaces").pop(interface, None)
        seams.store("tags").pop(endpoint_id, None)

    timer = threading.Timer(LINGER, remove)
    timer.daemon = True
    timer.start()
