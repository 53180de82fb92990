# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List prices."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup import prices


@pytest.mark.parametrize(
    ("type_", "price"),
    [
        *[("m6i.large", 0.096), ("m6i.xlarge", 0.192), ("m6i.8xlarge", 1.536), ("t3.medium", 0.0416)],
        *[("t3.nano", None), ("m6i.metal", None), ("x9.large", None), ("", None), ("m6i", None)],
    ],
)
def test_what_instances_cost(type_: str, price: float | None) -> None:
    assert prices.instance(type_) == price
