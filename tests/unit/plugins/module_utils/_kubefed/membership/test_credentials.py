# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a member's token is put on the host."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership import credentials, manifests


def test_a_first_token_is_put_there() -> None:
    assert credentials.needs_deposit(None, "t")
    # In check mode there may be none yet
    assert credentials.needs_deposit(None, "")


@pytest.mark.parametrize(("token", "needed"), [("t", True), ("other", True), ("", False)])
def test_our_own_secret_follows_the_token(token: str, *, needed: bool) -> None:
    secret = manifests.host_secret("vulcan-token", "ns", "t")
    assert credentials.needs_deposit(secret, token) is needed


@pytest.mark.parametrize(("token", "needed"), [("t", False), ("other", True), ("", False)])
def test_the_secret_of_kubefedctl_stays_while_its_token_does(token: str, *, needed: bool) -> None:
    secret = manifests.host_secret("vulcan-x2b4q", "ns", "t")
    del secret["metadata"]["annotations"]
    assert credentials.needs_deposit(secret, token) is needed


def test_a_cluster_refers_to_its_secret() -> None:
    assert credentials.secret_of({"spec": {"secretRef": {"name": "vulcan-token"}}}) == "vulcan-token"
    assert credentials.secret_of({"spec": {}}) is credentials.secret_of(None) is None
