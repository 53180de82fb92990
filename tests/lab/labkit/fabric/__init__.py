# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's VPC fabric: what the AWS side's stack holds, the lab's network and clusters do."""

from __future__ import annotations

from .core import Fabric, FabricError

__all__ = ["Fabric", "FabricError"]
