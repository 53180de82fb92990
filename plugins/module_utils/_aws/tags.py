# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""How what the role eks_stack makes on AWS is tagged and named. Must be kept in sync with roles/eks_stack."""

from __future__ import annotations

BURST_TAG = "cloudburst:burst"
STACK_PREFIX = "cloudburst-"

__all__ = ("BURST_TAG", "STACK_PREFIX")
