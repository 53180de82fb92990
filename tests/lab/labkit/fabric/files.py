# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files atomically, as others read them at any time."""

from __future__ import annotations

from pathlib import Path


def write(file: Path, content: str) -> None:
    """Replaces a file in one step, if its content changes."""
    if file.exists() and file.read_text() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_text(content)
    new.replace(file)
