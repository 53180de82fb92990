# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole data centre loses its power, and gets it back: `python3 -m labkit.outage begin|end`.

`python3 -m labkit.outage paid FILE` lists what is paid for in AWS and is none of what labkit.aws_leftovers put there as
others', by its FILE; it ends with 1 if there is anything. As the data centre has no line during an outage, it is called
in the network of the "internet" (nsenter --net=/run/netns/inet).

The management host itself is where the scenario runs, and stays. It reaches nobody.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from labkit import cgroups, machines, namespaces, settings, supervise
from labkit.errors import LabError
from labkit.lifecycle import EARTH, EARTH_NODE
from labkit.residue import aws

# From the top: an API server whose etcd is gone takes a minute to end.
_PROGRAMS = (*reversed(EARTH_NODE.programs.values()), *reversed(EARTH.programs.values()))
_MACHINES = tuple(machine.program for machine in machines.MACHINES)
_PLUGS = ("lan0", "wan0")  # of the firewall

# What is paid for by the hour or by its size, as labkit.residue.aws names it.
_PAID = (
    *("ec2 NatGateways", "ec2 Addresses", "ec2 VpnConnections", "ec2 VpcEndpoints", "ec2 Volumes", "ec2 Snapshots"),
    *("eks clusters", "elbv2 LoadBalancers", "elb LoadBalancerDescriptions"),
)


def begin() -> int:
    """Switch everything off at once."""
    for program in (*_PROGRAMS, *_MACHINES):
        supervise.halt(program)
    for group in (EARTH_NODE.cgroup, *_MACHINES):
        cgroups.kill(group)
    for plug in _PLUGS:
        namespaces.ip(settings.NS_FW, f"link set {plug} down")
    return 0


def end() -> int:
    """Switch on what is off, and return when the machines answer and the node is ready."""
    for group in (EARTH_NODE.cgroup, f"{EARTH_NODE.cgroup}/system", *_MACHINES):
        cgroups.make(group)
    there = supervise.running()
    for program in (*_MACHINES, *reversed(_PROGRAMS)):
        if program not in there:
            supervise.restart(program)
    for machine in machines.MACHINES:
        machine.wait()
    EARTH.wait()
    EARTH_NODE.wait()
    EARTH_NODE.wait_for_dns()
    return 0


def paid(file: Path) -> int:
    """Print what is paid for and may be the burst's; 1 if anything is."""
    import boto3

    others = json.loads(file.read_text())["alike"]
    rows = [name for name in aws.account("admin") if name.startswith(_PAID) and name.split(" ")[-1] not in others]
    instances = boto3.Session(profile_name="admin").client("ec2").describe_instances()["Reservations"]
    rows += [
        f"ec2 Instances {instance['InstanceId']}"
        for reservation in instances
        for instance in reservation["Instances"]
        if instance["State"]["Name"] != "terminated"
    ]
    print("\n".join(rows) or "nothing is paid for")
    return 1 if rows else 0


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="outage", description="The data centre without power")
    parser.add_argument("command", choices=("begin", "end", "paid"))
    parser.add_argument("file", type=Path, nargs="?", help="with paid: what labkit.aws_leftovers has remembered")
    arguments = parser.parse_args()
    try:
        if arguments.command == "paid":
            return paid(arguments.file)
        return begin() if arguments.command == "begin" else end()
    except LabError as error:
        print(f"outage: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
