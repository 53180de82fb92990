# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's instance types: their size, and what EKS leaves of it for pods. Pure.

vCPUs and memory are those of https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html, co.html and mo.html;
interfaces and their addresses are those of instance-info.jsonl in awslabs/amazon-eks-ami (nodeadm/internal/kubelet),
which AWS writes from ec2:DescribeInstanceTypes.
"""

from __future__ import annotations

import typing as t

# size → vCPUs, interfaces, IPv4 addresses of each
_SIZES = {
    "large": (2, 3, 10),
    "xlarge": (4, 4, 15),
    "2xlarge": (8, 4, 15),
    "4xlarge": (16, 8, 30),
}
# class → MiB for each vCPU
_MEMORY = {"m": 4096, "c": 2048, "r": 8192}
_FAMILIES = ("5", "5a", "6i", "6a", "6g", "7i", "7g")
# What the kernel does not get of the memory that EC2 names: an m6i.large has about 7.5 of its 8 GiB
_MEMORY_FOR_THE_KERNEL = 0.95
_EVICTION_MIB = 100


class InstanceType(t.NamedTuple):
    """What EC2 says of a type; memory in MiB."""

    cpus: int
    memory: int
    interfaces: int
    addresses: int

    @property
    def pods(self) -> int:
        """The most pods: calculateStandardMaxPods() in nodeadm/internal/kubelet/eni_max_pods.go."""
        return self.interfaces * (self.addresses - 1) + 2

    @property
    def allocatable(self) -> tuple[int, int]:
        """Thousandths of a core and MiB that EKS leaves for pods.

        getCPUMillicoresToReserve() and getMemoryMebibytesToReserve() in nodeadm/internal/kubelet/config.go."""
        shares = [600, 100, 50, 50][: self.cpus] + [25] * max(0, self.cpus - 4)
        memory = int(self.memory * _MEMORY_FOR_THE_KERNEL) - 255 - 11 * self.pods - _EVICTION_MIB
        return self.cpus * 1000 - sum(shares) // 10, memory


TYPES = {
    "t3.medium": InstanceType(2, 4096, 3, 6),
    "t3.large": InstanceType(2, 8192, 3, 12),
    **{
        f"{letter}{family}.{size}": InstanceType(cpus, cpus * memory, interfaces, addresses)
        for letter, memory in _MEMORY.items()
        for family in _FAMILIES
        for size, (cpus, interfaces, addresses) in _SIZES.items()
    },
}


def reserved(name: str, cpus: int, memory: int) -> dict[str, str]:
    """What a kubelet of the lab keeps from pods so that its node has no more for them than one of a type.

    :param cpus: of this machine, whose size the kubelet takes for the node's.
    :param memory: of this machine, in MiB.
    """
    kind = TYPES.get(name)
    if kind is None:
        return {}
    cpu, mebibytes = kind.allocatable
    # A machine that is smaller than the type has what it has
    found = {"cpu": max(0, cpus * 1000 - cpu), "memory": max(0, memory - mebibytes - _EVICTION_MIB)}
    return {"cpu": f"{found['cpu']}m", "memory": f"{found['memory']}Mi"}


def described(name: str) -> str:
    """A type as an item of EC2's answer to DescribeInstanceTypes, as far as anybody here asks."""
    kind = TYPES[name]
    return (
        f"<item><instanceType>{name}</instanceType><currentGeneration>true</currentGeneration>"
        f"<bareMetal>false</bareMetal><hypervisor>nitro</hypervisor>"
        "<supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>"
        f"<processorInfo><supportedArchitectures><item>{'arm64' if _is_arm(name) else 'x86_64'}</item>"
        "</supportedArchitectures></processorInfo>"
        f"<vCpuInfo><defaultVCpus>{kind.cpus}</defaultVCpus></vCpuInfo>"
        f"<memoryInfo><sizeInMiB>{kind.memory}</sizeInMiB></memoryInfo>"
        f"<networkInfo><maximumNetworkInterfaces>{kind.interfaces}</maximumNetworkInterfaces>"
        f"<ipv4AddressesPerInterface>{kind.addresses}</ipv4AddressesPerInterface></networkInfo></item>"
    )


def _is_arm(name: str) -> bool:
    return name.partition(".")[0].endswith("g")
