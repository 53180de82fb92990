# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from labkit.overflow import plan


@pytest.mark.parametrize("free", [550, 999, 1595, 1930, 8000])
def test_the_data_centre_takes_five_and_not_six(free: int) -> None:
    cpu = plan.request(free)
    assert plan.AT_HOME * cpu <= free < (plan.AT_HOME + 1) * cpu


def test_cpu_is_read_as_kubernetes_writes_it() -> None:
    assert [plan.thousandths(text) for text in ("1930m", "2", "0.5")] == [1930, 2000, 500]


def test_what_did_not_happen_in_its_turn_is_missing() -> None:
    seen = [{"name": name} for name in plan.EVENTS]
    assert plan.missing(seen) == []
    assert plan.missing(seen[:-1]) == ["down_ends"]
    assert plan.missing([seen[1], seen[0], *seen[2:]]) == ["pressure", "up_begins"]


def test_all_pods_request_what_they_are_to() -> None:
    deployment, service = plan.application(290)
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "290m"
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
