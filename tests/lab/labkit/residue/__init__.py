# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a burst leaves behind: a snapshot of everything that it can touch, and the comparison of two.

Runs on the lab's management host with the tools' Python (tests/lab/residue).
"""
