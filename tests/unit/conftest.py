# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the checkout importable as ansible_collections.cloudburst.federation, wherever it was cloned to."""

from __future__ import annotations

import importlib
import sys
import tempfile
import types
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def _link_checkout() -> None:
    """Put a directory with a link to the checkout in front of where ansible_collections is looked for."""
    try:
        package: types.ModuleType = importlib.import_module("ansible_collections")
    except ModuleNotFoundError:  # ansible-core alone ships no collections
        package = types.ModuleType("ansible_collections")
        package.__path__ = []
        sys.modules["ansible_collections"] = package
    root = Path(tempfile.mkdtemp(prefix="cloudburst-collections-"))
    (root / "cloudburst").mkdir()
    (root / "cloudburst" / "federation").symlink_to(CHECKOUT)
    package.__path__ = [str(root), *package.__path__]


_link_checkout()
