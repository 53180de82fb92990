# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from labkit.instance_types import TYPES, described, reserved


@pytest.mark.parametrize(
    ("name", "pods", "cpu"), [("m6i.large", 29, 1930), ("t3.medium", 17, 1930), ("c6i.4xlarge", 234, 15890)]
)
def test_what_eks_leaves_for_pods(name: str, pods: int, cpu: int) -> None:
    """The pods are those of eni-max-pods.txt in awslabs/amazon-eks-ami."""
    assert TYPES[name].pods == pods
    assert TYPES[name].allocatable[0] == cpu


def test_a_node_of_the_lab_has_no_more_than_its_type() -> None:
    """Of a machine with 4 cores and 24 GiB: 24576 - 18902 - 100 MiB are left, and 1930 of 4000."""
    cpu, memory = TYPES["m6i.large"].allocatable
    found = reserved("m6i.large", 4, 24576)
    assert found == {"cpu": f"{4000 - cpu}m", "memory": f"{24576 - 100 - memory}Mi"}
    assert reserved("m6i.4xlarge", 2, 4096) == {"cpu": "0m", "memory": "0Mi"}
    assert reserved("x9.large", 2, 4096) == {}


def test_a_type_is_described() -> None:
    assert "<sizeInMiB>8192</sizeInMiB>" in described("m6i.large")
    assert "arm64" in described("m7g.large")
