# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the checkout importable as ansible_collections.cloudburst.federation, wherever it was cloned to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

CHECKOUT = Path(__file__).resolve().parents[2]


def _find_checkout() -> None:
    """Have Ansible find collections for this process, and the checkout before all others."""
    root = Path(tempfile.mkdtemp(prefix="cloudburst-collections-"))
    place = root / "ansible_collections" / "cloudburst"
    place.mkdir(parents=True)
    (place / "federation").symlink_to(CHECKOUT)
    init_plugin_loader([str(root)])


_find_checkout()
