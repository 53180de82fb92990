# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's VPC fabric: turns the resources of the simulated AWS into networks and clusters."""

from __future__ import annotations

from .core import Fabric, FabricError

__all__ = ["Fabric", "FabricError"]
