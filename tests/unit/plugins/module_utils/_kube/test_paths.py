# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of resources."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.paths import resource_path


def test_paths() -> None:
    assert resource_path("", "v1", "namespaces", name="a") == "/api/v1/namespaces/a"
    assert resource_path("apps", "v1", "deployments", namespace="n") == "/apis/apps/v1/namespaces/n/deployments"
    assert resource_path("x", "v1", "ys", name="a:b/../c") == "/apis/x/v1/ys/a:b%2F..%2Fc"
