# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A burst that comes by itself: earth is filled until pods wait, and nobody types a command.

Runs on the lab's management host with the tools' Python (tests/lab/overflow).
"""
