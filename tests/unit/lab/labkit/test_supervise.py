# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a program that does not become ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit import settings, supervise
from labkit.errors import LabError


@pytest.mark.parametrize(("line", "hinted"), [("inotify_init: too many open files", True), ("node not found", False)])
def test_too_many_labs_are_told_from_other_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, hinted: bool
) -> None:
    monkeypatch.setattr(settings, "LOG", tmp_path)
    (tmp_path / "kubelet.log").write_text(f"{line}\n")
    with pytest.raises(LabError, match="node mars: not ready after 0 s") as failed:
        supervise.wait_until("node mars", lambda: False, timeout=0, programs=["kubelet"])
    assert ("fs.inotify.max_user_instances" in str(failed.value)) is hinted
