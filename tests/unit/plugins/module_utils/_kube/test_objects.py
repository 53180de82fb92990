# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as they may be shown, and what keeps them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import lingering, without_secrets


def test_secrets_are_not_shown() -> None:
    shown = without_secrets({"kind": "Secret", "data": {"token": "abc"}, "stringData": {"p": "abc"}, "type": "Opaque"})
    assert "abc" not in str(shown)
    assert shown["data"].keys() == {"token"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"metadata": {}}, "still there"),
        (
            {"metadata": {"deletionTimestamp": "2026-11-25T05:00:00Z", "finalizers": ["example.com/hold"]}},
            "being deleted since 2026-11-25T05:00:00Z: held by the finalizers example.com/hold",
        ),
        (
            {
                "metadata": {"deletionTimestamp": "2026-11-25T05:00:00Z"},
                "status": {
                    "conditions": [
                        {"status": "False", "message": "fine"},
                        {"status": "True", "message": "Some content has finalizers: example.com/hold in 1 instances"},
                    ]
                },
            },
            "being deleted since 2026-11-25T05:00:00Z: Some content has finalizers: example.com/hold in 1 instances",
        ),
    ],
)
def test_what_keeps_an_object(found: dict[str, t.Any], said: str) -> None:
    assert lingering(found) == said
