# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which account a join uses, and what of it is told."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership import join
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.model import Membership
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def request(host_name: str | None) -> Membership:
    return Membership(name="vulcan", namespace="ns", host_name=host_name, default_host_name=host_name or "earth")


@pytest.mark.parametrize(
    ("host_name", "in_use", "account"),
    [
        (None, [], "vulcan-earth"),
        (None, ["vulcan-another", "vulcan-earth"], "vulcan-earth"),
        # Joined under another name before, by kubefedctl for one: that one is kept
        (None, ["vulcan-other", "vulcan-more"], "vulcan-more"),
        ("mars", ["vulcan-other"], "vulcan-mars"),
    ],
)
def test_the_account_is_the_one_asked_for_else_the_one_in_use(
    host_name: str | None, in_use: list[str], account: str
) -> None:
    assert join.choose_account(request(host_name), in_use) == account


def namespace(uid: str) -> dict[str, t.Any]:
    return {"metadata": {"name": "ns", "uid": uid}}


def test_the_host_cluster_does_not_join_under_another_name() -> None:
    """What is withdrawn from that member would go from the host."""
    with pytest.raises(InvalidOption, match=r"name is 'vulcan', but .* is the host cluster itself, earth"):
        join.check_is_another(request("earth"), namespace("1"), namespace("1"))


@pytest.mark.parametrize(
    ("on_host", "in_member"), [(namespace("1"), namespace("2")), (None, None), (namespace("1"), None)]
)
def test_any_other_cluster_joins(on_host: dict[str, t.Any] | None, in_member: dict[str, t.Any] | None) -> None:
    join.check_is_another(request("earth"), on_host, in_member)


def test_the_result_of_a_member_that_kubefed_has_not_looked_at() -> None:
    plan = join.JoinPlan("Cluster", None, "vulcan-token", None, "vulcan-earth", None, (), ())
    told: dict[str, t.Any] = join.as_result(request(None), plan, {"spec": {"apiEndpoint": "https://10.11.0.10"}})
    assert told == {
        "name": "vulcan",
        "endpoint": "https://10.11.0.10",
        "ready": False,
        "conditions": [],
        "kubernetes_version": "",
        "secret": "vulcan-token",
        "service_account": "vulcan-earth",
        "scope": "Cluster",
    }
