# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception that the lab raises for what a user can understand and mend."""

from __future__ import annotations


class LabError(Exception):
    """A part of the lab did not start, stop or answer; the text says which and where to look."""
