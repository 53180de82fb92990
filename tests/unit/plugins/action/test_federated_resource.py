# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook gives as data is sent as kubectl would read it."""

from __future__ import annotations

import datetime

import yaml

from ansible_collections.cloudburst.federation.plugins.action import federated_resource


def test_times_are_text_as_they_were_written() -> None:
    given = yaml.safe_load("a: {b: [2026-01-31T10:11:12Z, 5]}\nc: 2026-01-31\nd: {e: x}")
    found = federated_resource._as_written(given)
    assert found["a"] == {"b": ["2026-01-31T10:11:12Z", 5]}
    # Ansible makes text of a date as it was
    assert found["c"] == datetime.date(2026, 1, 31)
    assert found["d"] is given["d"]
