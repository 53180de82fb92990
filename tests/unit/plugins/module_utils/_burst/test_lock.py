# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lease that a run of the playbooks holds; the Molecule scenario lock has the rest."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst import lock

NOW = datetime.datetime(2026, 11, 25, 4, 44, 10, 1234, tzinfo=datetime.UTC)
HOLDER = "deploy@management, process 4711/129831"


def lease(**spec: t.Any) -> dict[str, t.Any]:
    return {"metadata": {"name": "cloudburst-vulcan", "resourceVersion": "7"}, "spec": spec}


def test_it_is_written_as_kubernetes_writes_its_own() -> None:
    taken = lock.lease_of(None, "vulcan", HOLDER, NOW)
    assert (taken["metadata"]["namespace"], taken["metadata"]["name"]) == ("kube-system", "cloudburst-vulcan")
    assert taken["spec"] == {
        "holderIdentity": HOLDER,
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-11-25T04:44:10.001234Z",
        "renewTime": "2026-11-25T04:44:10.001234Z",
        "leaseTransitions": 1,
    }


def test_it_is_taken_over_as_it_was_read_so_that_two_can_not_both_take_it() -> None:
    found = lease(holderIdentity="another", leaseTransitions=3)
    taken = lock.lease_of(found, "vulcan", HOLDER, NOW)
    assert taken["metadata"]["resourceVersion"] == "7"
    assert taken["spec"]["leaseTransitions"] == 4
    assert found["spec"]["holderIdentity"] == "another"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lease(holderIdentity=HOLDER, leaseTransitions=1, renewTime="later"), True),
        (lease(holderIdentity="another", leaseTransitions=1), False),
        (lease(holderIdentity=HOLDER, leaseTransitions=2), False),
        ({"metadata": {}}, False),
        (None, False),
    ],
)
def test_it_is_mine_until_somebody_else_or_i_myself_take_it_again(
    found: dict[str, t.Any] | None, expected: bool
) -> None:
    taken = lock.lease_of(None, "vulcan", HOLDER, NOW)
    assert lock.is_held(found, taken) is expected
