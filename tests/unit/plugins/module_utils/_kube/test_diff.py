# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an object lacks of what is wanted, and the record of changes."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.diff import Changes, differences


@pytest.mark.parametrize(
    ("existing", "wanted", "patch"),
    [
        ({"kind": "A", "metadata": {"uid": "1"}}, {"kind": "A", "metadata": {"name": "x"}}, {}),
        ({"metadata": {"labels": {"a": "1", "b": "2"}}}, {"metadata": {"labels": {"a": "1"}}}, {}),
        (
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"a": "3"}}},
            {"metadata": {"labels": {"a": "3"}}},
        ),
        ({"metadata": {}}, {"metadata": {"annotations": {"a": "3"}}}, {"metadata": {"annotations": {"a": "3"}}}),
        ({"rules": [1, 2]}, {"rules": [1]}, {"rules": [1]}),
        ({"spec": {"a": 1, "proxyURL": "x"}}, {"spec": {"a": 2}}, {"spec": {"a": 2, "proxyURL": None}}),
        ({"spec": {"a": 1, "proxyURL": ""}}, {"spec": {"a": 1}}, {}),
        ({"data": {"token": "1", "other": "2"}}, {"data": {"token": "1"}}, {}),
        ({"data": {"token": "1", "other": "2"}}, {"data": {"token": "3"}}, {"data": {"token": "3"}}),
        ({}, {"automountServiceAccountToken": False}, {"automountServiceAccountToken": False}),
    ],
)
def test_differences(existing: dict[str, t.Any], wanted: dict[str, t.Any], patch: dict[str, t.Any]) -> None:
    assert differences(existing, wanted) == patch


def test_changes() -> None:
    changes = Changes()
    assert not changes
    changes.record("host: Secret a", None, {"x": 1})
    changes.record("host: Secret b", {"x": 1}, None)
    assert changes
    assert changes.diff == {"before": {"host: Secret b": {"x": 1}}, "after": {"host: Secret a": {"x": 1}}}
