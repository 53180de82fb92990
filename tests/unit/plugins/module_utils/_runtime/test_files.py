# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a user names: nothing is waited for, and no more is read than fits."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.files import content


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert content(str(path), 4) == b"1234"
    with pytest.raises(OSError, match="it has 4 bytes, more than 3"):
        content(str(path), 3)


def test_a_sparse_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(OSError, match=f"it has {3 << 30} bytes, more than 4"):
        content(str(path), 4)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name, why in (("fifo", "it is a FIFO"), ("socket", "No such device"), (".", "it is a directory")):
            with pytest.raises(OSError, match=why):
                content(str(tmp_path / name), 4)
    with pytest.raises(OSError, match="it is a device, not a regular file"):
        content("/dev/zero", 4)
    with pytest.raises(FileNotFoundError):
        content(str(tmp_path / "missing"), 4)
