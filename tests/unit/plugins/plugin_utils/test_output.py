# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.plugin_utils._output import tell


@pytest.mark.parametrize(
    ("callback", "place"),
    [
        ("default", "out"),
        ("community.general.yaml", "out"),
        ("awx_display", "out"),
        ("json", "err"),
        ("ansible.posix.json", "err"),
        ("ansible.posix.jsonl", "err"),
    ],
)
def test_a_document_on_standard_output_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], callback: str, place: str
) -> None:
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", callback)
    tell("waiting for the stack")
    said = capsys.readouterr()
    assert "waiting for the stack" in getattr(said, place)
    assert "waiting" not in (said.err if place == "out" else said.out)
